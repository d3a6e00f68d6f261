//! Web origins in the one spelling that a browser puts in its `Origin` header (RFC 6454 6.2, WHATWG HTML).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A browser origin: `https://host[:port]`, or `http://` for a loopback host. Lower case, without default port, path
/// or trailing slash, so that comparing two of them is comparing bytes.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(
    #[schemars(regex(pattern = r"^https?://[a-z0-9.\[\]:-]{1,260}$"))]
    String,
);

/// The text is no origin, or not in the spelling of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a browser origin in its one spelling")]
pub struct NotAnOrigin;

impl Origin {
    /// Takes the spelling of a browser and no other.
    ///
    /// # Errors
    /// [`NotAnOrigin`]: other scheme, upper case, default port, path, user name, a number that is not the canonical
    /// IPv4 address, or `http` for a host that is not loopback.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let (secure, authority) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(NotAnOrigin);
        };
        let (host, port) = split_port(authority)?;
        if let Some(port) = port {
            let number: u16 = port.parse().map_err(|_| NotAnOrigin)?;
            let default = if secure { 443 } else { 80 };
            if number == 0 || number == default || port != number.to_string() {
                return Err(NotAnOrigin);
            }
        }
        let loopback = is_loopback(host)?;
        if secure || loopback {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnOrigin)
        }
    }

    /// The text as in the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the page came without TLS; only a loopback host can.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http://")
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), NotAnOrigin> {
    let end_of_host = if authority.starts_with('[') {
        authority.find(']').ok_or(NotAnOrigin)? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at_checked(end_of_host).ok_or(NotAnOrigin)?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(NotAnOrigin),
    }
}

/// Checks the host and says whether it is this computer.
fn is_loopback(host: &str) -> Result<bool, NotAnOrigin> {
    if let Some(literal) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address: Ipv6Addr = literal.parse().map_err(|_| NotAnOrigin)?;
        return if address.to_string() == literal {
            Ok(address.is_loopback())
        } else {
            Err(NotAnOrigin)
        };
    }
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    if host.len() > 253 || !host.split('.').all(label_ok) {
        return Err(NotAnOrigin);
    }
    // A browser reads a host whose last label is a number as an IPv4 address in any of its old spellings
    // (decimal, octal, hexadecimal, shortened) and writes the canonical one: only that one can be in a header.
    let last = host.rsplit('.').next().unwrap_or(host);
    let numeric = last.bytes().all(|c| c.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|h| h.bytes().all(|c| c.is_ascii_hexdigit()));
    if numeric {
        let address: Ipv4Addr = host.parse().map_err(|_| NotAnOrigin)?;
        return Ok(address.is_loopback());
    }
    Ok(host == "localhost")
}

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;
    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        Self::parse(&text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for good in [
            "https://login.example",
            "https://login.example:8443",
            "https://xn--bcher-kva.example",
            "https://192.0.2.1",
            "https://[2001:db8::1]:444",
            "http://127.0.0.1:8080",
            "http://[::1]",
            "http://localhost:3000",
        ] {
            assert!(Origin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "null",
            "https://",
            "https://login.example/",
            "https://login.example:443",
            "https://login.example:0443",
            "https://login.example:+8443",
            "https://login.example:0",
            "https://login.example:65536",
            "https://login.example:",
            "https://Login.example",
            "HTTPS://login.example",
            "https://login.example.",
            "https://.login.example",
            "https://user@login.example",
            "https://login.example#x",
            "https://login_x.example",
            "https://-x.example",
            "https://bücher.example",
            "https://2130706433",
            "https://0x7f.1",
            "https://0x7f000001",
            "https://0177.0.0.1",
            "https://127.1",
            "https://[::0001]",
            "https://[::1]x",
            "http://login.example",
            "http://127.attacker.example",
            "http://localhost.attacker.example",
            "http://127.0.0.1:80",
            "ws://127.0.0.1",
            "file://",
            "chrome-extension://abcdefgh",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
