//! Short texts that come from outside and are shown to people or written to a log.

use serde::{Deserialize, Serialize};

/// Most languages in which one name is given.
pub const MAX_LANGUAGES: usize = 16;

/// A name to show: 1 to 60 characters, none of which is a control character, a line or paragraph separator, or
/// changes the direction of writing. Such a text can neither forge a line of a log nor reorder what stands around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(#[schemars(length(min = 1, max = 60))] String);

/// A language: 2 to 16 characters out of `A-Z a-z 0-9 -`, starting with a letter (RFC 5646 in form).
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageTag(#[schemars(regex(pattern = "^[A-Za-z][A-Za-z0-9-]{1,15}$"))] String);

/// The text may not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a text to show")]
pub struct NotShowable;

impl DisplayName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LanguageTag {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = NotShowable;
    fn try_from(text: String) -> Result<Self, NotShowable> {
        let hidden = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{feff}')
        };
        let length = text.chars().take(61).count();
        if (1..=60).contains(&length) && !text.chars().any(hidden) && !text.trim().is_empty() {
            Ok(Self(text))
        } else {
            Err(NotShowable)
        }
    }
}

impl TryFrom<String> for LanguageTag {
    type Error = NotShowable;
    fn try_from(text: String) -> Result<Self, NotShowable> {
        if (2..=16).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        {
            Ok(Self(text))
        } else {
            Err(NotShowable)
        }
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

impl From<LanguageTag> for String {
    fn from(tag: LanguageTag) -> Self {
        tag.0
    }
}
