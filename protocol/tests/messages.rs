//! Messages, sealed contents, trust files, commands for the chip, codes and texts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use getrandom::SysRng;
use p256::SecretKey;
use protocol::chip_authentication::{ChipAuthenticationResult, StatusWord};
use protocol::encoding::Octets;
use protocol::error::{CloseCode, Code, Layer};
use protocol::evidence::{Evidence, Link, Transcript};
use protocol::json::JsonError;
use protocol::jwe::{self, SealError, Sealable};
use protocol::jwk::PublicJwk;
use protocol::messages::{DaemonMessage, PageMessage, TypedAccess};
use protocol::read_commands::{ForbiddenCommand, ReadCommands, SfiReading};
use protocol::request::{Document, RequestHash};
use protocol::trust::TrustedServer;
use rand_core::UnwrapErr;

#[test]
fn page_messages() {
    for good in [
        r#"{"type":"start","request":"x"}"#,
        r#"{"request":"x","type":"start","language":"nl","future":1}"#,
        r#"{"type":"start","request":"x","access":{"can":"123456"}}"#,
        r#"{"type":"start","request":"x","access":{"can":"A234567890"}}"#,
        r#"{"type":"start","request":"x","access":{"document_number":"SPECI2014","date_of_birth":"65<<<<","date_of_expiry":"240309"}}"#,
        r#"{"type":"resume","session":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        r#"{"type":"chip_authentication","command":"x"}"#,
        r#"{"type":"finish","outcome":"refused"}"#,
        r#"{"type":"cancel"}"#,
    ] {
        assert!(PageMessage::parse(good).is_ok(), "{good}");
    }
    for (bad, error) in [
        ("", JsonError::Syntax),
        ("{", JsonError::Syntax),
        (r#"{"type":"cancel"} x"#, JsonError::Syntax),
        (
            r#"{"type":"cancel","type":"cancel"}"#,
            JsonError::DuplicateName,
        ),
        (
            r#"{"type":"start","request":"x","x":{"a":1,"a":1}}"#,
            JsonError::DuplicateName,
        ),
        ("[]", JsonError::Shape),
        ("null", JsonError::Shape),
        (r#"{"type":"transmit","apdu":"00a4"}"#, JsonError::Shape),
        (r#"{"type":"Cancel"}"#, JsonError::Shape),
        (r#"{"type":["cancel"]}"#, JsonError::Shape),
        (r#"{"type":"start"}"#, JsonError::Shape),
        (r#"{"type":"start","request":1}"#, JsonError::Shape),
        (
            r#"{"type":"start","request":"x","language":"nl\nGET"}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{"can":"1234567"}}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{"can":"12345A"}}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{"can":"a234567890"}}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{}}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{"document_number":"a b","date_of_birth":"650310","date_of_expiry":"240309"}}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{"licence_line":"D1NLD19999920140ABCDEFGHIJKLM"}}"#,
            JsonError::Shape,
        ),
        (
            r#"{"type":"start","request":"x","access":{"licence_line":"D1NLD19999920140abcdefghijklm6"}}"#,
            JsonError::Shape,
        ),
        (r#"{"type":"resume","session":"AAAA"}"#, JsonError::Shape),
        (r#"{"type":"finish","outcome":"ok"}"#, JsonError::Shape),
    ] {
        assert_eq!(PageMessage::parse(bad).err(), Some(error), "{bad}");
    }
}

#[test]
fn what_the_citizen_typed_is_never_shown() {
    let text = r#"{"type":"start","request":"x","access":{"document_number":"SPECI2014","date_of_birth":"650310","date_of_expiry":"240309"}}"#;
    let message = PageMessage::parse(text).unwrap();
    let PageMessage::Start { access, .. } = &message else {
        unreachable!("a start message was read");
    };
    assert!(matches!(access, Some(TypedAccess::Mrz(mrz)) if mrz.document_number() == "SPECI2014"));
    assert_eq!(format!("{message:?} {access:?}"), "Start Some(Mrz)");
    let text = r#"{"type":"start","request":"x","access":{"licence_line":"D1NLD19999920140ABCDEFGHIJKLM6"}}"#;
    let message = PageMessage::parse(text).unwrap();
    let PageMessage::Start { access, .. } = &message else {
        unreachable!("a start message was read");
    };
    assert!(matches!(
        access,
        Some(TypedAccess::LicenceLine { licence_line }) if licence_line.as_str().ends_with("KLM6")
    ));
    assert_eq!(format!("{message:?} {access:?}"), "Start Some(LicenceLine)");
}

#[test]
fn daemon_messages_begin_with_their_type() {
    let error = DaemonMessage::error(Code::DocumentLost);
    let text = error.to_json().unwrap();
    assert_eq!(
        text,
        r#"{"type":"error","layer":"link","code":"document_lost","retryable":true,"who":"citizen","text":"error-document-lost"}"#
    );
    assert_eq!(serde_json::from_str::<DaemonMessage>(&text).unwrap(), error);
    assert_eq!(
        DaemonMessage::Finished.to_json().unwrap(),
        r#"{"type":"finished"}"#
    );
}

// ---- sealing ----

fn evidence(sod: usize) -> Evidence {
    Evidence {
        card_access: None,
        sod: Octets::new(vec![0x77; sod]).unwrap(),
        dg14: None,
        dg15: None,
        dg13: None,
        identity_file: None,
        active_authentication: None,
        link: Link {
            sfi: true,
            max_command: 261,
            max_response: 258,
        },
        transcript: Transcript {
            apdus: 1,
            bytes: 2,
            ms: 3,
            reader: "Specimen reader".into(),
            retries: 0,
        },
        access_protocol: None,
    }
}

#[test]
fn seals_open_once_made_and_hide_the_length() {
    let mut rng = UnwrapErr(SysRng);
    let key = SecretKey::from_slice(&[3; 32]).unwrap();
    let recipient = PublicJwk::from(key.public_key());
    let request = RequestHash::from_bytes([1; 32]);
    let mut seal =
        |evidence: &Evidence| jwe::seal(evidence, &recipient, &request, &mut rng).unwrap();
    let (short, long) = (seal(&evidence(10)), seal(&evidence(5000)));
    assert_eq!(short.len(), long.len());
    assert_ne!(seal(&evidence(10)), short, "fresh key and nonce");
    assert_eq!(
        jwe::open::<Evidence>(&long, &key, &request).unwrap(),
        evidence(5000)
    );

    // Every character counts, in each of the parts.
    let good = short;
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        let bad = String::from_utf8(bad).unwrap();
        assert!(
            jwe::open::<Evidence>(&bad, &key, &request).is_err(),
            "octet {at}"
        );
    }
}

#[test]
fn seals_of_other_forms_do_not_open() {
    let mut rng = UnwrapErr(SysRng);
    let key = SecretKey::from_slice(&[3; 32]).unwrap();
    let request = RequestHash::from_bytes([1; 32]);
    let good = jwe::seal(
        &evidence(10),
        &PublicJwk::from(key.public_key()),
        &request,
        &mut rng,
    )
    .unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let header = String::from_utf8(protocol::encoding::decode(parts[0]).unwrap()).unwrap();
    let with_header = |from: &str, to: &str| {
        let changed = header.replacen(from, to, 1);
        assert_ne!(changed, header);
        let encoded = protocol::encoding::encode(changed.as_bytes());
        format!("{encoded}..{}.{}.{}", parts[2], parts[3], parts[4])
    };
    for bad in [
        String::new(),
        parts[..4].join("."),
        format!("{good}."),
        format!("{}.AAAA.{}.{}.{}", parts[0], parts[2], parts[3], parts[4]),
        format!(
            "{}..{}.{}.{}",
            parts[0],
            parts[2],
            parts[3],
            &parts[4][..20]
        ),
        with_header("ECDH-ES", "ECDH-ES+A256KW"),
        with_header("ECDH-ES", "dir"),
        with_header("A256GCM", "A128GCM"),
        with_header("rda-evidence", "rda-chip-authentication-result"),
        with_header("{", r#"{"zip":"DEF","#),
        with_header("{", r#"{"crit":["exp"],"#),
        with_header("{", r#"{"alg":"ECDH-ES","#),
        with_header("P-256", "P-384"),
        "A".repeat(jwe::MAX_LENGTH + 1),
    ] {
        assert_eq!(
            jwe::open::<Evidence>(&bad, &key, &request).err(),
            Some(SealError::Format),
            "{bad:.60}"
        );
    }
}

#[test]
fn too_much_is_not_sealed() {
    let mut rng = UnwrapErr(SysRng);
    let recipient = PublicJwk::from(SecretKey::from_slice(&[3; 32]).unwrap().public_key());
    let request = RequestHash::from_bytes([1; 32]);
    let mut large = evidence(20_000);
    large.dg14 = Some(Octets::new(vec![0; 9_000]).unwrap());
    let sealed = jwe::seal(&large, &recipient, &request, &mut rng).unwrap();
    assert!(sealed.len() <= jwe::MAX_LENGTH);
    let message = DaemonMessage::Evidence { sealed }.to_json().unwrap();
    assert!(message.len() <= protocol::MAX_FRAME);
    large.dg15 = Some(Octets::new(vec![0; 9_000]).unwrap());
    let refused = jwe::seal(&large, &recipient, &request, &mut rng);
    assert_eq!(refused.err(), Some(SealError::TooLong));
}

#[test]
fn results_keep_status_words() {
    let result = ChipAuthenticationResult {
        status_words: vec![StatusWord(0x9000), StatusWord(0x6a82)],
        responses: vec![Octets::new(vec![1]).unwrap(), Octets::default()],
    };
    let text = serde_json::to_string(&result).unwrap();
    assert_eq!(
        text,
        r#"{"status_words":["9000","6a82"],"responses":["AQ",""]}"#
    );
    for bad in ["900", "90000", "+900", "9G00", "6A82"] {
        assert!(
            serde_json::from_value::<StatusWord>(bad.into()).is_err(),
            "{bad}"
        );
    }
    const { assert!(ChipAuthenticationResult::BLOCK <= jwe::MAX_PLAINTEXT) }
}

// ---- what may reach a chip ----

/// READ BINARY with DO 97 and DO 8E, short form.
fn read(p1: u8, p2: u8, le: u8) -> Vec<u8> {
    let mut command = vec![0x0c, 0xb0, p1, p2, 13, 0x97, 1, le, 0x8e, 8];
    command.extend([0xaa; 8]);
    command.push(0);
    command
}

/// The same with two octets of Le and extended length.
fn read_extended(p1: u8, p2: u8, le: u16) -> Vec<u8> {
    let mut command = vec![0x0c, 0xb0, p1, p2, 0, 0, 14, 0x97, 2];
    command.extend(le.to_be_bytes());
    command.extend([0x8e, 8]);
    command.extend([0xaa; 8]);
    command.extend([0, 0]);
    command
}

fn select(block: usize) -> Vec<u8> {
    let mut command = vec![0x0c, 0xa4, 0x02, 0x0c, 0, 0x87, block as u8 + 1, 1];
    command.extend(vec![0xbb; block]);
    command.extend([0x8e, 8]);
    command.extend([0xaa; 8]);
    command.push(0);
    command[4] = (command.len() - 6) as u8;
    command
}

fn check(commands: &[Vec<u8>], document: Document, sfi: SfiReading) -> Option<ForbiddenCommand> {
    ReadCommands::new(commands.to_vec(), document, sfi).err()
}

#[test]
fn reads_of_the_identity_file_pass() {
    use Document::{DrivingLicence, IdentityCard, Passport};
    use SfiReading::{Fails, Works};
    assert_eq!(check(&[read(0x81, 0, 95)], Passport, Works), None);
    assert_eq!(
        check(
            &[read(0x81, 0, 4), read(0, 4, 0), read(1, 4, 1)],
            IdentityCard,
            Works
        ),
        None
    );
    assert_eq!(
        check(
            &[read_extended(0x8c, 0, 256), read_extended(1, 0, 256)],
            DrivingLicence,
            Works
        ),
        None
    );
    assert_eq!(
        check(&[read(0x81, 0, 4)], Passport, Fails),
        None,
        "the server may still use SFI"
    );
    for block in [8, 16] {
        assert_eq!(
            check(
                &[select(block), read(0, 0, 4), read(0, 4, 0)],
                Passport,
                Fails
            ),
            None
        );
    }
}

#[test]
fn nothing_else_passes() {
    use Document::{DrivingLicence, Passport};
    use ForbiddenCommand::{Count, File, Form, Length, Offset, Select};
    use SfiReading::{Fails, Works};
    let one = |command: Vec<u8>| check(&[command], Passport, Works);
    for dg in (2..=0x1f).filter(|&sfi| sfi != 1) {
        assert_eq!(one(read(0x80 | dg, 0, 4)), Some(File(0)), "SFI {dg:02x}");
    }
    assert_eq!(one(read(0x80, 0, 4)), Some(File(0)));
    assert_eq!(
        check(&[read(0x81, 0, 4)], DrivingLicence, Works),
        Some(File(0))
    );
    assert_eq!(one(read(0xa1, 0, 4)), Some(Form(0)), "bits 6 and 7 of P1");
    assert_eq!(
        one(read(0, 0, 4)),
        Some(File(0)),
        "whatever file is selected"
    );
    assert_eq!(one(read(0x81, 1, 4)), Some(Offset(0)));
    assert_eq!(one(read_extended(0x81, 0, 513)), Some(Length(0)));
    assert_eq!(one(read_extended(0x81, 0, 0)), Some(Length(0)));
    let together = [read_extended(0x81, 0, 512), read(2, 0, 1)];
    assert_eq!(check(&together, Passport, Works), Some(Length(1)));
    let hidden = [select(8), read_extended(0, 0, 512), read(2, 0, 1)];
    assert_eq!(check(&hidden, Passport, Fails), Some(Length(2)));
    assert_eq!(check(&[], Passport, Works), Some(Count));
    assert_eq!(check(&[select(8)], Passport, Fails), Some(Count));
    let five: Vec<_> = [
        read(0x81, 0, 1),
        read(0, 1, 1),
        read(0, 2, 1),
        read(0, 3, 1),
        read(0, 4, 1),
    ]
    .into();
    assert_eq!(check(&five, Passport, Works), Some(Count));
    assert_eq!(
        check(&[read(0x81, 0, 4), read(0, 5, 4)], Passport, Works),
        Some(Offset(1))
    );
    assert_eq!(
        check(&[read(0x81, 0, 4), read(0, 0, 4)], Passport, Works),
        Some(Offset(1))
    );
    assert_eq!(
        check(&[read(0x81, 0, 4), read(0x81, 4, 4)], Passport, Works),
        Some(File(1))
    );
    assert_eq!(
        check(&[read(0x81, 0, 4), read(0x82, 0, 4)], Passport, Works),
        Some(File(1))
    );
    assert_eq!(
        check(&[select(8), read(0, 0, 4)], Passport, Works),
        Some(Select)
    );
    assert_eq!(
        check(&[select(8), read(0x81, 0, 4)], Passport, Fails),
        Some(File(1))
    );
    assert_eq!(
        check(&[select(8), select(8), read(0, 0, 4)], Passport, Fails),
        Some(Form(1))
    );
    assert_eq!(
        check(&[read(0x81, 0, 4), select(8)], Passport, Fails),
        Some(Form(1))
    );
}

#[test]
fn commands_of_other_forms() {
    let good = read(0x81, 0, 4);
    let mut others: Vec<Vec<u8>> = vec![
        vec![],
        vec![0x0c],
        vec![0x00, 0xb0, 0x81, 0x00, 0x04],
        good[..good.len() - 1].to_vec(),
        [good.as_slice(), &[0]].concat(),
        read(0x81, 0, 4)
            .iter()
            .map(|&octet| if octet == 0x8e { 0x87 } else { octet })
            .collect(),
    ];
    // Any other class or instruction: UPDATE BINARY, READ BINARY B1, GET DATA, MSE, GENERAL AUTHENTICATE, ERASE …
    for ins in (0..=255).filter(|&ins| ins != 0xb0) {
        let mut command = good.clone();
        command[1] = ins;
        others.push(command);
    }
    for cla in (0..=255).filter(|&cla| cla != 0x0c) {
        let mut command = good.clone();
        command[0] = cla;
        others.push(command);
    }
    // A data field of any length other than the two.
    for lc in (0..=40).filter(|&lc| lc != 13) {
        let mut command = vec![0x0c, 0xb0, 0x81, 0, lc];
        command.extend(vec![0x85; lc.into()]);
        command.push(0);
        others.push(command);
    }
    for command in others {
        let checked = check(
            std::slice::from_ref(&command),
            Document::Passport,
            SfiReading::Works,
        );
        assert_eq!(checked, Some(ForbiddenCommand::Form(0)), "{command:02x?}");
    }
}

// ---- trust files ----

fn trust_file(change: (&str, &str)) -> Result<TrustedServer, toml::de::Error> {
    let text = r#"
id = "login.example"
origins = ["https://login.example"]
test = false
[name]
en = "Example"
[[keys]]
kid = "2026-11"
not_before = 1
not_after = 2
jwk = { kty = "EC", crv = "P-256", x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }
"#;
    let changed = text.replace(change.0, change.1);
    assert!(change.0 == change.1 || changed != text, "{change:?}");
    toml::from_str(&changed)
}

#[test]
fn trust_files_obey_their_rules() {
    let server = trust_file(("", "")).unwrap();
    assert!(server.lists_origin("https://login.example"));
    assert!(!server.lists_origin("https://login.example/"));
    assert_eq!(
        toml::from_str::<TrustedServer>(&toml::to_string(&server).unwrap()).unwrap(),
        server
    );
    for change in [
        ("\"login.example\"", "\"../login\""),
        ("\"login.example\"", "\"Login\""),
        ("\"login.example\"", "\".login\""),
        ("\"login.example\"", "\"\""),
        ("[\"https://login.example\"]", "[]"),
        ("https://login.example", "https://login.example/"),
        ("https://login.example", "https://*.example"),
        ("https://login.example", "http://127.0.0.1:8080"),
        ("https://login.example", "null"),
        ("test = false", "test = false\nextra = 1"),
        ("en = \"Example\"", ""),
        ("not_after = 2", "not_after = 0"),
        ("kid = \"2026-11\"", "kid = \"\""),
        ("crv = \"P-256\"", "crv = \"P-384\""),
        ("f83O", "f83P"),
    ] {
        assert!(trust_file(change).is_err(), "{change:?}");
    }
    let test = trust_file((
        "https://login.example\"]\ntest = false",
        "http://127.0.0.1:8080\"]\ntest = true",
    ));
    assert!(test.unwrap().is_test());
    let foreign = trust_file((
        "https://login.example\"]\ntest = false",
        "http://login.example\"]\ntest = true",
    ));
    assert!(foreign.is_err(), "http leaves this computer");
}

// ---- codes and texts ----

#[test]
fn codes_are_told_apart() {
    let symbols: BTreeSet<_> = Code::ALL.iter().map(|code| code.symbol()).collect();
    assert_eq!(symbols.len(), Code::ALL.len());
    for &code in Code::ALL {
        // A close reason has at most 123 octets (RFC 6455 5.5).
        assert!(code.symbol().len() <= 123);
        assert_eq!(Code::from_text_key(&code.text_key()).unwrap(), code);
        assert_eq!(serde_json::to_value(code).unwrap(), code.symbol());
        // Only the gate's own reasons have close codes of their own.
        if code.layer() != Layer::Gate {
            assert_eq!(code.close_code(), CloseCode::Normal, "{code}");
        }
    }
    for (code, close) in [
        (Code::MessageMalformed, 4400),
        (Code::RequestRefused, 4401),
        (Code::StartTimedOut, 4408),
        (Code::Busy, 4409),
        (Code::RequestUsed, 4410),
        (Code::Internal, 4499),
    ] {
        assert_eq!(code.close_code() as u16, close);
    }
}

/// Every code has a title, a sentence and an action in both languages, and no text is left over.
#[test]
fn every_code_has_its_texts() {
    for (language, file) in [
        ("nl", include_str!("../text/nl.ftl")),
        ("en", include_str!("../text/en.ftl")),
    ] {
        let mut entries = Vec::new();
        for line in file
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (key, text) = line
                .split_once(" = ")
                .unwrap_or_else(|| panic!("{language}: {line}"));
            assert!(!text.trim().is_empty(), "{language}: {line}");
            entries.push(key);
        }
        let expected: Vec<_> = Code::ALL
            .iter()
            .flat_map(|code| [code.text_key(), "    .title".into(), "    .action".into()])
            .collect();
        assert_eq!(entries, expected, "{language}");
    }
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    for (path, schema) in [
        (
            concat!(env!("CARGO_MANIFEST_DIR"), "/schema/rda.v1.schema.json"),
            protocol::schema::document(),
        ),
        // Beside the page SDK: what a page sends and hears.
        (
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../login/sdk/messages.schema.json"
            ),
            protocol::schema::messages(),
        ),
    ] {
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap();
        assert!(
            published == generated,
            "run the test with UPDATE_SCHEMA=1 and look at what changed in {path}"
        );
    }
}
