//! Assurance levels. Names and order are data (`levels.toml`), so that a domain with other names changes no code.

use serde::{Deserialize, Serialize};

use crate::language::Localized;

/// The code of an assurance level; a higher code is a higher assurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(pub u8);

/// What a citizen did to reach a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// User name and password.
    Password,
    /// A document whose chip proved itself to this server.
    Document,
}

/// A row of the table of levels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Orders the levels.
    pub code: Level,
    /// The name shown to citizens.
    pub name: Localized,
    /// Which means lift a session to this level.
    pub reached_by: Vec<Means>,
}

/// Why a table of levels was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum LevelError {
    /// Not the expected TOML.
    #[error("the table of levels does not parse: {0}")]
    Syntax(String),
    /// A code occurs twice.
    #[error("level {0} is defined twice")]
    Duplicate(u8),
    /// A means must lift to exactly one level.
    #[error("exactly one level must be reached by {0:?}")]
    Means(Means),
    /// The document must lift above the password.
    #[error("the level of a document must be above the level of a password")]
    Order,
}

/// The levels of the domain.
#[derive(Clone, Debug)]
pub struct Levels {
    definitions: Vec<Definition>,
    password: Level,
    document: Level,
}

impl Levels {
    /// The table that comes with the program: Basis 10, Midden 20, Substantieel 25, Hoog 30.
    ///
    /// # Errors
    /// As [`Levels::parse`].
    pub fn builtin() -> Result<Self, LevelError> {
        Self::parse(include_str!("../levels.toml"))
    }

    /// Parses and checks a table.
    ///
    /// # Errors
    /// Bad syntax, a code twice, or a means that lifts to no level or to several.
    pub fn parse(text: &str) -> Result<Self, LevelError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            level: Vec<Definition>,
        }
        let file: File =
            toml::from_str(text).map_err(|e| LevelError::Syntax(e.message().to_owned()))?;
        let mut definitions = file.level;
        definitions.sort_by_key(|d| d.code);
        for pair in definitions.windows(2) {
            if let [a, b] = pair
                && a.code == b.code
            {
                return Err(LevelError::Duplicate(a.code.0));
            }
        }
        let reached_by = |means: Means| {
            let mut rows = definitions.iter().filter(|d| d.reached_by.contains(&means));
            match (rows.next(), rows.next()) {
                (Some(row), None) => Ok(row.code),
                _ => Err(LevelError::Means(means)),
            }
        };
        let (password, document) = (reached_by(Means::Password)?, reached_by(Means::Document)?);
        if document <= password {
            return Err(LevelError::Order);
        }
        Ok(Self {
            definitions,
            password,
            document,
        })
    }

    /// The level a means lifts to.
    pub fn of(&self, means: Means) -> Level {
        match means {
            Means::Password => self.password,
            Means::Document => self.document,
        }
    }

    /// The names of a level.
    pub fn name(&self, level: Level) -> Option<&Localized> {
        self.definitions
            .iter()
            .find(|d| d.code == level)
            .map(|d| &d.name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_builtin_table_is_sound() {
        let levels = Levels::builtin().unwrap();
        assert_eq!(levels.of(Means::Password), Level(10));
        assert_eq!(levels.of(Means::Document), Level(25));
        assert_eq!(levels.name(Level(25)).unwrap().nl, "Substantieel");
        assert!(levels.name(Level(99)).is_none());
    }

    #[test]
    fn bad_tables_are_refused() {
        let row = |code: u8, by: &str| {
            format!("[[level]]\ncode={code}\nname={{nl=\"a\",en=\"b\"}}\nreached_by=[{by}]\n")
        };
        let table = |rows: &[String]| Levels::parse(&rows.concat());
        assert!(matches!(
            table(&[row(1, "\"password\"")]),
            Err(LevelError::Means(Means::Document))
        ));
        assert!(matches!(
            table(&[row(1, "\"password\""), row(1, "\"document\"")]),
            Err(LevelError::Duplicate(1))
        ));
        assert!(matches!(
            table(&[row(1, "\"document\""), row(2, "\"password\"")]),
            Err(LevelError::Order)
        ));
        assert!(matches!(
            table(&[row(1, "\"magic\"")]),
            Err(LevelError::Syntax(_))
        ));
    }
}
