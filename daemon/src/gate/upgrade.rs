//! The HTTP request that opens a WebSocket (RFC 6455 4.2.1), read by the gate itself.
//!
//! A WebSocket library answers each mistake in its own words. The gate has one answer for everybody who is not let in,
//! so it reads the request, decides, and only then hands the socket over.

use std::io;

use protocol::SUBPROTOCOL;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Longest request head in bytes. Browsers send about 600.
const MAX_HEAD: usize = 8 * 1024;
/// Most header fields.
const MAX_FIELDS: usize = 64;

/// The one answer to a stranger.
pub(crate) const REFUSAL: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// What a request for our subprotocol says about where it comes from. The texts are unchecked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// The `Host` field.
    pub host: String,
    /// The `Origin` field.
    pub origin: String,
    key: String,
}

impl Upgrade {
    /// Reads a head to its empty line and takes it apart; `None` for anything but one complete, correct request for
    /// our subprotocol with nothing behind it.
    ///
    /// # Errors
    /// Those of the socket.
    pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<Self>> {
        let mut head = Vec::with_capacity(1024);
        while !head.ends_with(b"\r\n\r\n") {
            let mut chunk = [0u8; 1024];
            let length = stream.read(&mut chunk).await?;
            let Some(read) = chunk.get(..length).filter(|read| !read.is_empty()) else {
                return Ok(None);
            };
            if head.len() + read.len() > MAX_HEAD {
                return Ok(None);
            }
            head.extend_from_slice(read);
        }
        Ok(Self::parse(&head))
    }

    /// Takes a whole head apart, its empty line included; `None` as in [`Upgrade::read`].
    #[must_use]
    pub fn parse(head: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(head) {
            Ok(httparse::Status::Complete(length)) if length == head.len() => {}
            _ => return None,
        }
        if request.method != Some("GET") || request.path != Some("/") || request.version != Some(1)
        {
            return None;
        }
        let values = |name: &str| {
            request
                .headers
                .iter()
                .filter(|field| field.name.eq_ignore_ascii_case(name))
                .map(|field| std::str::from_utf8(field.value).ok())
                .collect::<Option<Vec<_>>>()
        };
        // A field that decides must occur once: two readers could take two different ones.
        let one = |name: &str| match values(name)?.as_slice() {
            [value] => Some(*value),
            _ => None,
        };
        let lists = |name: &str, token: &str| {
            values(name)?
                .iter()
                .flat_map(|value| value.split(','))
                .any(|item| item.trim().eq_ignore_ascii_case(token))
                .then_some(())
        };
        lists("Upgrade", "websocket")?;
        lists("Connection", "upgrade")?;
        lists("Sec-WebSocket-Protocol", SUBPROTOCOL)?;
        let key = one("Sec-WebSocket-Key")?;
        let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/=".contains(&c);
        if one("Sec-WebSocket-Version")? != "13" || key.len() != 24 || !key.bytes().all(is_base64) {
            return None;
        }
        Some(Self {
            host: one("Host")?.to_owned(),
            origin: one("Origin")?.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The answer that opens the WebSocket.
    #[must_use]
    pub fn acceptance(&self) -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n",
            derive_accept_key(self.key.as_bytes())
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1:9303\r\nOrigin: https://login.example\r\n\
        Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: rda.v1\r\n\r\n";

    #[test]
    fn accept_value_of_rfc_6455_section_1_3() {
        let upgrade = Upgrade::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(upgrade.origin, "https://login.example");
        assert!(
            upgrade
                .acceptance()
                .contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
        );
    }

    #[test]
    fn one_of_each_and_nothing_else() {
        for (from, to) in [
            ("GET", "POST"),
            ("GET / ", "GET /x "),
            ("GET / ", "GET http://127.0.0.1:9303/ "),
            ("HTTP/1.1", "HTTP/1.0"),
            ("Host: 127.0.0.1:9303\r\n", ""),
            ("Host:", "Host: evil.example\r\nHost:"),
            ("Origin: https://login.example\r\n", ""),
            ("Origin:", "Origin: https://evil.example\r\nOrigin:"),
            ("Upgrade: websocket", "Upgrade: h2c"),
            ("keep-alive, Upgrade", "keep-alive"),
            ("Version: 13", "Version: 8"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "short"),
            ("rda.v1", "rda.v2"),
            ("\r\n\r\n", "\r\n\r\nmore"),
            ("Host:", "Host :"),
        ] {
            let head = GOOD.replacen(from, to, 1);
            assert_ne!(head, GOOD);
            assert_eq!(Upgrade::parse(head.as_bytes()), None, "{to:?}");
        }
    }
}
