//! The cookies of the server: names, attributes, and strict reading.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use base64ct::{Base64UrlUnpadded, Encoding};

/// A cookie of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session id.
    Session,
    /// Binds the login form to the browser that fetched it.
    Form,
    /// Recognises a browser in which an account has succeeded before.
    Browser,
    /// The chosen language. Not secret.
    Language,
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "rda-session",
            Self::Form => "rda-form",
            Self::Browser => "rda-browser",
            Self::Language => "rda-language",
        }
    }

    /// Seconds that browsers keep it; `None`: until they close.
    fn max_age(self) -> Option<u32> {
        match self {
            Self::Session | Self::Form => None,
            Self::Browser | Self::Language => Some(365 * 86_400),
        }
    }
}

/// Writes and reads cookies; behind TLS their names carry `__Host-`, so that no other host or path can plant one.
#[derive(Clone, Copy, Debug)]
pub struct Jar {
    secure: bool,
}

impl Jar {
    /// `secure`: whether the browser reaches the server over TLS.
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    fn name(self, cookie: Cookie) -> String {
        format!(
            "{}{}",
            if self.secure { "__Host-" } else { "" },
            cookie.name()
        )
    }

    /// The value of Set-Cookie that sets a cookie; `value` must be base64url or a language tag.
    pub fn set(self, cookie: Cookie, value: &str) -> String {
        let age = cookie
            .max_age()
            .map(|age| format!("; Max-Age={age}"))
            .unwrap_or_default();
        self.attributes(cookie, value, &age)
    }

    /// The value of Set-Cookie that removes a cookie.
    pub fn clear(self, cookie: Cookie) -> String {
        self.attributes(cookie, "", "; Max-Age=0")
    }

    fn attributes(self, cookie: Cookie, value: &str, age: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}",
            self.name(cookie)
        )
    }

    /// The value of a cookie. A name that comes twice is ambiguous, which an attacker on a sibling host may have
    /// caused, and counts as none.
    pub fn get(self, headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
        let name = self.name(cookie);
        let mut values = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(n, _)| *n == name)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// The bytes of a cookie that holds exactly `N` of them in base64url.
    pub fn bytes<const N: usize>(self, headers: &HeaderMap, cookie: Cookie) -> Option<[u8; N]> {
        let value = self.get(headers, cookie)?;
        let mut bytes = [0; N];
        let decoded = Base64UrlUnpadded::decode(value, &mut bytes).ok()?;
        (decoded.len() == N).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, value.parse().unwrap())])
    }

    #[test]
    fn attributes() {
        assert_eq!(
            Jar::new(true).set(Cookie::Session, "abc"),
            "__Host-rda-session=abc; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(
            Jar::new(false).clear(Cookie::Session),
            "rda-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }

    #[test]
    fn reading_is_strict() {
        let jar = Jar::new(true);
        assert_eq!(
            jar.get(&headers("a=b; __Host-rda-session=x"), Cookie::Session),
            Some("x")
        );
        for bad in [
            "rda-session=x",
            "__Host-rda-session=x; __Host-rda-session=y",
            "__Host-rda-session",
            "",
        ] {
            assert_eq!(jar.get(&headers(bad), Cookie::Session), None, "{bad}");
        }
        assert_eq!(
            jar.bytes::<2>(&headers("__Host-rda-session=AQI"), Cookie::Session),
            Some([1, 2])
        );
        for bad in ["AQ", "AQID", "AQI=", "A!I", ""] {
            let bad = format!("__Host-rda-session={bad}");
            assert_eq!(
                jar.bytes::<2>(&headers(&bad), Cookie::Session),
                None,
                "{bad}"
            );
        }
    }
}
