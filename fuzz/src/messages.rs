//! What the fuzz targets of messages and sockets do with bytes: plain functions, replayed with the small corpora by an
//! ordinary test of `rda`. None may panic, whatever the bytes are, unless a property is broken.

use std::io::{self, Cursor, Read, Write};

use p256::SecretKey;
use protocol::chip_authentication::{ChipAuthenticationResult, TYP as COMMAND};
use protocol::evidence::Evidence;
use protocol::jws::Unverified;
use protocol::messages::{DaemonMessage, PageMessage};
use protocol::request::{Claims, RequestHash, TYP as REQUEST};
use protocol::{MAX_FRAME, json, jwe};
use rda::gate::upgrade::Upgrade;
use rda::notification::message;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

/// What a target does.
pub type Target = fn(&[u8]);

/// Every target under the name of its program and its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("jws", jws),
    ("jwe", jwe),
    ("page_messages", page_messages),
    ("evidence", evidence),
    ("upgrade", upgrade),
    ("frames", frames),
    ("bus_messages", bus_messages),
];

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Compact signed messages: what parses has the header that was asked for; the payload is JSON of a known form or none.
pub fn jws(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    for typ in [REQUEST, COMMAND] {
        if let Ok(signed) = Unverified::parse(text, typ) {
            assert!(!signed.kid().as_str().is_empty());
            if let Ok(claims) = json::from_slice::<Claims>(signed.unverified_payload()) {
                assert!(claims.access.len() <= 4);
            }
        }
    }
}

/// Compact sealed messages: nothing that was not sealed to this key and request opens.
pub fn jwe(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(key) = SecretKey::from_slice(&[3; 32]) else {
        return;
    };
    let request = RequestHash::from_bytes([1; 32]);
    if jwe::open::<Evidence>(text, &key, &request).is_ok() {
        assert!(text.len() <= MAX_FRAME);
    }
    drop(jwe::open::<ChipAuthenticationResult>(text, &key, &request));
}

/// Messages of the page: what is taken says the same when it is written again.
pub fn page_messages(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(message) = PageMessage::parse(text) {
        let again = serde_json::to_string(&message).expect("a message can be written");
        assert!(PageMessage::parse(&again).expect("and read again") == message);
    }
    drop(json::from_slice::<DaemonMessage>(bytes));
}

/// What a daemon seals, as the login server takes it apart once the seal is open.
pub fn evidence(bytes: &[u8]) {
    if let Ok(evidence) = json::from_slice::<Evidence>(bytes) {
        let again = serde_json::to_vec(&evidence).expect("evidence can be written");
        assert!(json::from_slice::<Evidence>(&again).is_ok());
    }
    drop(json::from_slice::<ChipAuthenticationResult>(bytes));
}

/// The request that opens a WebSocket: one Host and one Origin, or nothing.
pub fn upgrade(bytes: &[u8]) {
    if let Some(upgrade) = Upgrade::parse(bytes) {
        assert!(!upgrade.host.contains(['\r', '\n']) && !upgrade.origin.contains(['\r', '\n']));
        assert!(upgrade.acceptance().ends_with("\r\n\r\n"));
    }
}

/// A socket whose other end says these bytes and listens to nothing.
struct Said<'a>(Cursor<&'a [u8]>);

impl Read for Said<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Said<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Frames after the upgrade, under the daemon's limits: no message is longer than one may be.
pub fn frames(bytes: &[u8]) {
    let said = Said(Cursor::new(bytes));
    let limits = rda::server::frame_limits();
    let mut socket = WebSocket::from_raw_socket(said, Role::Server, Some(limits));
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            assert!(text.len() <= MAX_FRAME);
            page_messages(text.as_bytes());
        }
    }
}

/// Messages of the desktop's bus.
pub fn bus_messages(bytes: &[u8]) {
    if let Ok(message) = message::parse(bytes) {
        assert!(message.text.is_none() || message.number.is_some());
    }
}
