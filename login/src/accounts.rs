//! Accounts: who has which password, and which person that is. Read once at start from a TOML file.

use std::collections::HashMap;

use argon2::password_hash::phc::PasswordHash;
use serde::Deserialize;

use crate::register::Bsn;

/// A user name as typed, brought to one form: trimmed, lower case, 1 to 64 printable characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

/// A user name is a personal datum, often the citizen's own name.
impl std::fmt::Debug for UserName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserName(..)")
    }
}

impl UserName {
    /// `None` where the text cannot be a user name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_lowercase()))
    }

    /// The name in its one form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account.
#[derive(Clone)]
pub struct Account {
    /// PHC string of argon2id.
    pub password: String,
    /// The person behind the account.
    pub bsn: Bsn,
}

/// Why the file of accounts was not accepted. The text never holds a value of the file.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// Not the expected TOML.
    #[error("the file of accounts does not parse: {0}")]
    Syntax(String),
    /// A field does not hold what it should.
    #[error("account {number} of the file: {field}")]
    Field {
        /// Counted from 1.
        number: usize,
        /// What is wrong.
        field: &'static str,
    },
}

/// All accounts.
#[derive(Default)]
pub struct Accounts(HashMap<UserName, Account>);

impl Accounts {
    /// Parses and checks the file.
    ///
    /// # Errors
    /// Bad syntax, a user name twice, a hash that is not argon2id, a BSN that fails the 11-test.
    pub fn parse(text: &str) -> Result<Self, AccountsError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            account: Vec<Row>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Row {
            user: String,
            password: String,
            bsn: String,
        }
        let file: File =
            toml::from_str(text).map_err(|e| AccountsError::Syntax(e.message().to_owned()))?;
        let mut accounts = HashMap::new();
        for (index, row) in file.account.into_iter().enumerate() {
            let fail = |field| AccountsError::Field {
                number: index + 1,
                field,
            };
            let user = UserName::parse(&row.user).ok_or_else(|| fail("not a user name"))?;
            let hash =
                PasswordHash::new(&row.password).map_err(|_| fail("not a PHC password hash"))?;
            if hash.algorithm.as_str() != "argon2id" {
                return Err(fail("the password hash is not argon2id"));
            }
            let bsn = Bsn::parse(&row.bsn).ok_or_else(|| fail("not a BSN"))?;
            if accounts
                .insert(
                    user,
                    Account {
                        password: row.password,
                        bsn,
                    },
                )
                .is_some()
            {
                return Err(fail("the user name is taken"));
            }
        }
        Ok(Self(accounts))
    }

    /// The account of a user.
    pub fn get(&self, user: &UserName) -> Option<&Account> {
        self.0.get(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$pnXGwHkG0pJyPZNxiDBlQQ";

    fn file(user: &str, hash: &str, bsn: &str) -> String {
        format!("[[account]]\nuser=\"{user}\"\npassword=\"{hash}\"\nbsn=\"{bsn}\"\n")
    }

    #[test]
    fn names_have_one_form() {
        assert_eq!(
            UserName::parse("  Anna.Voorbeeld "),
            UserName::parse("anna.voorbeeld")
        );
        for bad in ["", "   ", "a\nb", &"x".repeat(65)] {
            assert_eq!(UserName::parse(bad), None);
        }
    }

    #[test]
    fn debug_shows_no_name() {
        let shown = format!("{:?}", UserName::parse("anna.voorbeeld"));
        assert_eq!(shown, "Some(UserName(..))");
    }

    #[test]
    fn bad_files_are_refused() {
        assert!(Accounts::parse(&file("anna", HASH, "999990019")).is_ok());
        assert!(Accounts::parse(&file("anna", HASH, "999990018")).is_err());
        assert!(Accounts::parse(&file("anna", "secret", "999990019")).is_err());
        assert!(
            Accounts::parse(&file(
                "anna",
                &HASH.replace("argon2id", "argon2d"),
                "999990019"
            ))
            .is_err()
        );
        let twice = file("anna", HASH, "999990019") + &file("Anna", HASH, "999990019");
        assert!(Accounts::parse(&twice).is_err());
    }
}
