//! Arbitrary input never panics, and what is taken is what was meant.
#![allow(clippy::unwrap_used)]

use p256::SecretKey;
use proptest::prelude::*;
use protocol::chip_authentication::ChipAuthenticationResult;
use protocol::encoding::{decode, encode};
use protocol::evidence::Evidence;
use protocol::jws::Unverified;
use protocol::messages::{DaemonMessage, PageMessage};
use protocol::origin::Origin;
use protocol::read_commands::{MAX_READ, MAX_READS, ReadCommands, SfiReading};
use protocol::request::{Document, RequestHash, TYP};
use protocol::trust::TrustedServer;
use protocol::{json, jwe};

/// Three to six parts of base64url, or of whatever else.
fn dotted() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(|octets| encode(&octets)),
        Just(encode(
            br#"{"alg":"ES256","typ":"rda-request+jwt","kid":"k"}"#
        )),
        ".{0,20}",
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.join("."))
}

fn command() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        // READ BINARY with one octet of Le: the parameters vary.
        (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(p1, p2, le)| {
            let mut command = vec![0x0c, 0xb0, p1, p2, 13, 0x97, 1, le, 0x8e, 8];
            command.extend([0; 9]);
            command
        }),
    ]
}

proptest! {
    #[test]
    fn base64url_has_one_spelling(text in "[A-Za-z0-9_=+/-]{0,12}") {
        if let Ok(octets) = decode(&text) {
            prop_assert_eq!(encode(&octets), text);
        }
    }

    #[test]
    fn messages(text in ".{0,200}") {
        let _ = PageMessage::parse(&text);
        let _ = json::from_slice::<DaemonMessage>(text.as_bytes());
        let _ = toml::from_str::<TrustedServer>(&text);
    }

    #[test]
    fn json_shaped_messages(value in "\\{(\"(type|request|access|can|session)\":(\"(start|cancel|x)\"|[0-9]|\\{\\}|null),?){0,5}\\}") {
        if let Ok(message) = PageMessage::parse(&value) {
            let text = serde_json::to_string(&message).unwrap();
            prop_assert!(PageMessage::parse(&text).unwrap() == message);
        }
    }

    #[test]
    fn signed_and_sealed(text in dotted()) {
        if let Ok(jws) = Unverified::parse(&text, TYP) {
            prop_assert_eq!(jws.kid().as_str(), "k");
        }
        let key = SecretKey::from_slice(&[3; 32]).unwrap();
        let request = RequestHash::from_bytes([1; 32]);
        prop_assert!(jwe::open::<Evidence>(&text, &key, &request).is_err());
        prop_assert!(jwe::open::<ChipAuthenticationResult>(&text, &key, &request).is_err());
    }

    /// An origin that is taken is what `scheme://host[:port]` means, and its own spelling.
    #[test]
    fn origins(text in "(https?|ftp)://[a-z0-9.:\\[\\]@/-]{0,20}") {
        if let Ok(origin) = Origin::parse(&text) {
            prop_assert_eq!(origin.as_str(), text.as_str());
            prop_assert!(!text[8..].contains(['/', '@']));
        }
    }

    /// Whatever is taken reads the identity file from its beginning, without a gap.
    #[test]
    fn commands(commands in proptest::collection::vec(command(), 0..6)) {
        if let Ok(taken) = ReadCommands::new(commands.clone(), Document::Passport, SfiReading::Works) {
            prop_assert_eq!(taken.as_slice(), commands.as_slice());
            prop_assert!((1..=MAX_READS).contains(&commands.len()));
            let mut expected = 0;
            for (index, command) in commands.iter().enumerate() {
                prop_assert_eq!(&command[..2], &[0x0c, 0xb0]);
                if index == 0 {
                    prop_assert_eq!(&command[2..4], &[0x81, 0]);
                } else {
                    prop_assert_eq!(u32::from(u16::from_be_bytes([command[2], command[3]])), expected);
                }
                let length = if command[7] == 0 { 256 } else { u32::from(command[7]) };
                expected += length;
                prop_assert!(expected <= MAX_READ);
            }
        }
    }
}
