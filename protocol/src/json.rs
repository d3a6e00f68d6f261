//! Strict JSON (RFC 8259): a name may occur once in an object, at every depth, and errors quote nothing of the text.
//!
//! RFC 8259 4 leaves the meaning of repeated names open; two readers of one signed text must never disagree, so
//! repetition is an error here (as RFC 7515 4 allows and RFC 7519 4 recommends).

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Why a JSON text was not taken. It carries nothing of the text, which may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not UTF-8, or nested too deeply, or something follows the value.
    #[error("not JSON")]
    Syntax,
    /// A name occurs twice in one object.
    #[error("a name occurs twice in one JSON object")]
    DuplicateName,
    /// JSON, but not the message expected: unknown type, missing field, wrong kind of value.
    #[error("JSON of another shape than expected")]
    Shape,
}

/// Reads one JSON value.
///
/// # Errors
/// [`JsonError`]; see there.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    UniqueNames
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| match error.classify() {
            serde_json::error::Category::Data => JsonError::DuplicateName,
            _ => JsonError::Syntax,
        })?;
    serde_json::from_slice(text).map_err(|_| JsonError::Shape)
}

/// Writes one JSON value without white space.
///
/// # Errors
/// [`JsonError::Shape`] for a value that JSON cannot hold.
pub fn to_string<T: serde::Serialize>(value: &T) -> Result<String, JsonError> {
    serde_json::to_string(value).map_err(|_| JsonError::Shape)
}

/// Walks a whole value and fails on the first repeated name.
struct UniqueNames;

impl<'de> DeserializeSeed<'de> for UniqueNames {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueNames {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(UniqueNames)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(serde::de::Error::custom("repeated name"));
            }
            members.next_value_seed(UniqueNames)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_fail_at_any_depth_and_in_any_spelling() {
        type Any = serde::de::IgnoredAny;
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"y":{"b":null,"b":null}}]}"#,
        ] {
            assert_eq!(
                from_slice::<Any>(bad.as_bytes()).err(),
                Some(JsonError::DuplicateName),
                "{bad}"
            );
        }
        assert!(from_slice::<Any>(br#"{"a":{"a":1},"b":[{"a":1},{"a":2.5}]}"#).is_ok());
    }

    #[test]
    fn syntax_and_shape() {
        assert_eq!(from_slice::<u8>(b"1 2").err(), Some(JsonError::Syntax));
        assert_eq!(from_slice::<u8>(b"\"\xff\"").err(), Some(JsonError::Syntax));
        assert_eq!(from_slice::<u8>(b"256").err(), Some(JsonError::Shape));
        let deep = [b'['; 100_000];
        assert_eq!(from_slice::<u8>(&deep).err(), Some(JsonError::Syntax));
    }
}
