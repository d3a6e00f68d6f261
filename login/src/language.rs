//! The languages of the pages.

use serde::{Deserialize, Serialize};

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::Nl, Self::En];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Nl => "nl",
            Self::En => "en",
        }
    }

    /// Reads a tag such as `en` or `nl-NL`; `None` for a language the pages do not have.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next()?;
        Self::ALL
            .into_iter()
            .find(|l| primary.eq_ignore_ascii_case(l.tag()))
    }

    /// The best language for an `Accept-Language` header (RFC 9110 12.5.4): the first known one with the highest weight.
    pub fn negotiate(header: &str) -> Self {
        let mut best = (0u16, Self::default());
        for entry in header.split(',').take(20) {
            let (tag, weight) = match entry.split_once(";q=") {
                Some((tag, q)) => (
                    tag,
                    q.trim()
                        .parse::<f32>()
                        .ok()
                        .filter(|q| (0.0..=1.0).contains(q)),
                ),
                None => (entry, Some(1.0)),
            };
            let weight = weight.map_or(0, |q| (q * 1000.0) as u16);
            if let Some(language) = Self::from_tag(tag)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A short text in each language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    /// Dutch.
    pub nl: String,
    /// English.
    pub en: String,
}

impl Localized {
    /// The text in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Nl => &self.nl,
            Language::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation_takes_the_heaviest_known_language() {
        assert_eq!(Language::negotiate("en-GB,en;q=0.9,nl;q=0.8"), Language::En);
        assert_eq!(Language::negotiate("fr,nl;q=0.4,en;q=0.3"), Language::Nl);
        assert_eq!(Language::negotiate("fr, de;q=0.9"), Language::Nl);
        assert_eq!(Language::negotiate("en;q=abc"), Language::Nl);
        assert_eq!(Language::negotiate("en;q=7, nl;q=0.1"), Language::Nl);
        assert_eq!(Language::negotiate(""), Language::Nl);
    }
}
