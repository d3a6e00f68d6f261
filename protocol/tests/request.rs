//! Requests and commands under attack: each test changes one thing in a good one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use protocol::chip_authentication::{self, Command, CommandRefusal, Conversation};
use protocol::encoding::encode;
use protocol::error::Code;
use protocol::jwk::PublicJwk;
use protocol::jws::KeyId;
use protocol::request::{Claims, DaemonVersion, Presented, Reason, Refusal, Request};
use protocol::trust::TrustedServer;
use serde_json::{Value, json};

const NOW: u64 = 1_795_305_600;
const ORIGIN: &str = "https://login.example";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn jwk(seed: u8) -> Value {
    serde_json::to_value(PublicJwk::from(key(seed).verifying_key())).unwrap()
}

fn server() -> TrustedServer {
    serde_json::from_value(json!({
        "id": "login.example",
        "name": {"en": "Example"},
        "origins": [ORIGIN, "https://login2.example"],
        "keys": [
            {"kid": "now", "jwk": jwk(1)},
            {"kid": "old", "not_after": NOW - 1, "jwk": jwk(2)},
            {"kid": "new", "not_before": NOW + 1, "jwk": jwk(3)},
        ],
    }))
    .unwrap()
}

fn claims() -> Value {
    json!({
        "ver": 1,
        "iss": "login.example",
        "aud": ORIGIN,
        "jti": encode(&[9; 32]),
        "iat": NOW,
        "exp": NOW + 300,
        "service": {"en": "Service"},
        "document": "passport",
        "enc": jwk(4),
    })
}

fn compact(header: &str, payload: &str, key: &SigningKey) -> String {
    let input = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let signature: p256::ecdsa::Signature = key.sign(input.as_bytes());
    format!("{input}.{}", encode(&signature.to_bytes()))
}

const HEADER: &str = r#"{"alg":"ES256","typ":"rda-request+jwt","kid":"now"}"#;

fn verify_at(request: &str, origin: &str, now: u64) -> Result<Request, Refusal> {
    let server = server();
    let presented = Presented {
        origin,
        now,
        version: DaemonVersion::parse("0.1.0").unwrap(),
    };
    Request::verify(request, &presented, |iss| {
        (iss == "login.example").then_some(&server)
    })
    .map(|(request, _)| request)
}

fn verify(request: &str) -> Result<Request, Refusal> {
    verify_at(request, ORIGIN, NOW)
}

fn verify_claims(change: impl FnOnce(&mut Value)) -> Result<Request, Refusal> {
    let mut claims = claims();
    change(&mut claims);
    verify(&compact(HEADER, &claims.to_string(), &key(1)))
}

fn refused(reason: Reason) -> Option<Refusal> {
    Some(Refusal::NotAuthentic(reason))
}

#[test]
fn a_good_request_passes() {
    let request = verify_claims(|_| {}).unwrap();
    assert_eq!(request.claims().aud.as_str(), ORIGIN);
    assert!(!request.allows_identity_file());
}

#[test]
fn headers_other_than_exactly_ours() {
    let payload = claims().to_string();
    for header in [
        r#"{"alg":"none","typ":"rda-request+jwt","kid":"now"}"#,
        r#"{"alg":"HS256","typ":"rda-request+jwt","kid":"now"}"#,
        r#"{"alg":"ES384","typ":"rda-request+jwt","kid":"now"}"#,
        r#"{"alg":"es256","typ":"rda-request+jwt","kid":"now"}"#,
        r#"{"alg":"ES256","typ":"JWT","kid":"now"}"#,
        r#"{"alg":"ES256","typ":"rda-chip-authentication+jwt","kid":"now"}"#,
        r#"{"alg":"ES256","kid":"now"}"#,
        r#"{"alg":"ES256","typ":"rda-request+jwt"}"#,
        r#"{"alg":"ES256","typ":"rda-request+jwt","kid":""}"#,
        r#"{"alg":"ES256","typ":"rda-request+jwt","kid":"../x"}"#,
        r#"{"alg":"ES256","typ":"rda-request+jwt","kid":"now","jwk":{}}"#,
        r#"{"alg":"ES256","typ":"rda-request+jwt","kid":"now","crit":[]}"#,
        r#"{"alg":"none","alg":"ES256","typ":"rda-request+jwt","kid":"now"}"#,
    ] {
        let request = compact(header, &payload, &key(1));
        assert_eq!(
            verify(&request).err(),
            refused(Reason::Malformed),
            "{header}"
        );
    }
}

#[test]
fn keys_other_than_the_named_one() {
    let payload = claims().to_string();
    let header = |kid: &str| HEADER.replace("now", kid);
    for (kid, seed, reason) in [
        ("now", 2, Reason::Signature),
        ("now", 4, Reason::Signature),
        ("old", 2, Reason::UnknownKey),
        ("new", 3, Reason::UnknownKey),
        ("none", 1, Reason::UnknownKey),
    ] {
        let request = compact(&header(kid), &payload, &key(seed));
        assert_eq!(verify(&request).err(), refused(reason), "{kid} {seed}");
    }
    // The decoy under unknown names is the base point; its private key is 1, which anybody knows.
    let mut one = [0; 32];
    one[31] = 1;
    let request = compact(
        &header("none"),
        &payload,
        &SigningKey::from_slice(&one).unwrap(),
    );
    assert_eq!(verify(&request).err(), refused(Reason::UnknownKey));
    let unknown = payload.replace("\"iss\":\"login.example\"", "\"iss\":\"other.example\"");
    let request = compact(HEADER, &unknown, &SigningKey::from_slice(&one).unwrap());
    assert_eq!(verify(&request).err(), refused(Reason::UnknownServer));
}

#[test]
fn altered_text_and_signature() {
    let good = compact(HEADER, &claims().to_string(), &key(1));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let other = compact(
        HEADER,
        &claims().to_string().replace("passport", "identity-card"),
        &key(1),
    );
    let (other_input, _) = other.rsplit_once('.').unwrap();
    assert_eq!(
        verify(&format!("{other_input}.{signature}")).err(),
        refused(Reason::Signature)
    );
    for malformed in [
        String::new(),
        ".".into(),
        "..".into(),
        input.to_owned(),
        format!("{input}."),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{input}.{}", &signature[..80]),
        format!("{input}.{signature}AA"),
        format!("{input}.{}", encode(&[0; 64])),
        good.replace('.', ".."),
        format!(" {good}"),
        format!("{good}\n"),
        "A".repeat(1_000_000),
    ] {
        assert_eq!(
            verify(&malformed).err(),
            refused(Reason::Malformed),
            "{:.40}",
            malformed
        );
    }
}

/// Either of the two ECDSA signatures (r, s) and (r, n − s) is valid; both are the same request.
#[test]
fn the_hash_does_not_depend_on_the_signature() {
    let good = compact(HEADER, &claims().to_string(), &key(1));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let signature =
        p256::ecdsa::Signature::from_slice(&protocol::encoding::decode(signature).unwrap())
            .unwrap();
    let flipped = p256::ecdsa::Signature::from_scalars(
        signature.r().to_bytes(),
        (-*signature.s()).to_bytes(),
    )
    .unwrap();
    let other = format!("{input}.{}", encode(&flipped.to_bytes()));
    assert_ne!(good, other);
    assert_eq!(
        verify(&good).unwrap().hash(),
        verify(&other).unwrap().hash()
    );
}

#[test]
fn other_places() {
    let good = compact(HEADER, &claims().to_string(), &key(1));
    for (origin, reason) in [
        ("https://login2.example", Reason::Audience),
        ("https://evil.example", Reason::Origin),
        ("https://login.example.", Reason::Origin),
        ("https://login.example:443", Reason::Origin),
        ("http://login.example", Reason::Origin),
        ("null", Reason::Origin),
        ("", Reason::Origin),
    ] {
        assert_eq!(
            verify_at(&good, origin, NOW).err(),
            refused(reason),
            "{origin}"
        );
    }
    let elsewhere = verify_claims(|claims| claims["aud"] = json!("https://evil.example"));
    assert_eq!(elsewhere.err(), refused(Reason::Audience));
}

#[test]
fn other_times() {
    let good = compact(HEADER, &claims().to_string(), &key(1));
    let at = |now| verify_at(&good, ORIGIN, now).err();
    assert_eq!(at(NOW - 60), None);
    // One second earlier the server's clock is too far ahead; the key "now" has no beginning.
    assert_eq!(at(NOW - 61), Some(Refusal::ClockWrong));
    assert_eq!(at(NOW + 299), None);
    assert_eq!(at(NOW + 300), Some(Refusal::Expired));
    assert_eq!(at(0), Some(Refusal::ClockWrong));
    assert_eq!(at(u64::MAX), Some(Refusal::Expired));
}

#[test]
fn authentic_requests_that_break_a_rule() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 26] = [
        ("life", |c| c["exp"] = json!(NOW + 301)),
        ("no life", |c| c["exp"] = json!(NOW)),
        ("backwards", |c| c["exp"] = json!(NOW - 1)),
        ("huge", |c| c["exp"] = json!(u64::MAX)),
        ("negative", |c| c["iat"] = json!(-1)),
        ("fraction", |c| c["iat"] = json!(1.5)),
        ("version", |c| c["ver"] = json!(2)),
        ("short jti", |c| c["jti"] = json!(encode(&[9; 31]))),
        ("long jti", |c| c["jti"] = json!(encode(&[9; 33]))),
        ("no jti", |c| c["jti"] = Value::Null),
        ("document", |c| c["document"] = json!("visa")),
        ("several audiences", |c| c["aud"] = json!([ORIGIN])),
        ("no service", |c| c["service"] = json!({})),
        ("long service", |c| {
            c["service"]["en"] = json!("x".repeat(61))
        }),
        ("service with line", |c| c["service"]["en"] = json!("a\nb")),
        ("service backwards", |c| {
            c["service"]["en"] = json!("a\u{202e}b")
        }),
        ("empty service", |c| c["service"]["en"] = json!(" ")),
        ("language", |c| c["service"] = json!({"<b>": "x"})),
        ("enc off the curve", |c| {
            c["enc"]["x"] = json!(encode(&[1; 32]))
        }),
        ("enc of another curve", |c| c["enc"]["crv"] = json!("P-384")),
        ("enc private", |c| c["enc"]["d"] = json!(encode(&[1; 32]))),
        ("five access entries", |c| {
            c["access"] = json!(vec![json!({"can": "123456"}); 5])
        }),
        ("unknown access", |c| {
            c["access"] = json!([{"pace_server": {}}])
        }),
        ("short digest", |c| {
            c["access"] = json!([{"mrz_digest": encode(&[1; 19])}])
        }),
        ("letters in the CAN", |c| {
            c["access"] = json!([{"can": "12345a"}])
        }),
        ("unknown read", |c| c["read"] = json!(["portrait"])),
    ];
    for (name, change) in changes {
        assert_eq!(
            verify_claims(change).err(),
            Some(Refusal::Invalid),
            "{name}"
        );
    }
}

#[test]
fn demands_on_the_daemon() {
    let must = |names: Value| verify_claims(|c| c["must"] = names).err();
    assert_eq!(must(json!(["access", "aud"])), None);
    assert_eq!(must(json!(["portrait"])), Some(Refusal::ClaimUnknown));
    let oldest = |version: &str| verify_claims(|c| c["min_version"] = json!(version)).err();
    assert_eq!(oldest("0.1.0"), None);
    assert_eq!(oldest("0.1.1"), Some(Refusal::DaemonTooOld));
    assert_eq!(oldest("0.10.0"), Some(Refusal::DaemonTooOld));
    assert_eq!(oldest("0.1"), Some(Refusal::Invalid));
    // Unknown claims are ignored, also when they look like commands.
    assert_eq!(verify_claims(|c| c["x"] = json!("$(reboot)")).err(), None);
}

#[test]
fn a_name_twice() {
    let payload = claims()
        .to_string()
        .replacen('{', &format!("{{\"aud\":\"{ORIGIN}\","), 1);
    let request = compact(HEADER, &payload, &key(1));
    assert_eq!(verify(&request).err(), refused(Reason::Malformed));
}

#[test]
fn one_code_for_all_that_is_not_authentic() {
    for reason in [
        Reason::Malformed,
        Reason::UnknownServer,
        Reason::UnknownKey,
        Reason::Signature,
        Reason::Origin,
        Reason::Audience,
    ] {
        assert_eq!(Refusal::NotAuthentic(reason).code(), Code::RequestRefused);
    }
}

#[test]
fn debug_shows_no_access_data() {
    let request = verify_claims(|c| {
        c["access"] = json!([{"mrz_digest": encode(&[0xab; 20])}, {"can": "271828"}]);
    })
    .unwrap();
    let text = format!("{request:?}");
    for secret in ["271828", "171, 171", "abab", &encode(&[0xab; 20])[..8]] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

// ---- the server's second message ----

fn command_claims() -> Value {
    json!({
        "iss": "login.example",
        "aud": ORIGIN,
        "jti": encode(&[9; 32]),
        "iat": NOW + 10,
        "exp": NOW + 70,
        "evidence": encode(&[5; 32]),
        "public_key": encode(&[4; 65]),
        "oid": "0.4.0.127.0.7.2.2.3.2.4",
        "commands": [encode(&[0x0c, 0xb0])],
    })
}

fn verify_command_at(command: &str, now: u64, elapsed: u64) -> Result<Command, CommandRefusal> {
    let request = verify_claims(|_| {}).unwrap();
    Command::verify(
        command,
        &Conversation {
            server: &server(),
            request: &request,
            evidence: [5; 32],
            now,
            elapsed,
        },
    )
}

const COMMAND_HEADER: &str = r#"{"alg":"ES256","typ":"rda-chip-authentication+jwt","kid":"now"}"#;

fn verify_command(change: impl FnOnce(&mut Value)) -> Option<CommandRefusal> {
    let mut claims = command_claims();
    change(&mut claims);
    verify_command_at(
        &compact(COMMAND_HEADER, &claims.to_string(), &key(1)),
        NOW + 12,
        12,
    )
    .err()
}

#[test]
fn commands_belong_to_one_conversation() {
    use CommandRefusal::{Elsewhere, Invalid, Time};
    assert_eq!(verify_command(|_| {}), None);
    assert_eq!(
        verify_command(|c| c["jti"] = json!(encode(&[8; 32]))),
        Some(Elsewhere)
    );
    assert_eq!(
        verify_command(|c| c["aud"] = json!("https://login2.example")),
        Some(Elsewhere)
    );
    assert_eq!(
        verify_command(|c| c["iss"] = json!("other.example")),
        Some(Elsewhere)
    );
    assert_eq!(
        verify_command(|c| c["evidence"] = json!(encode(&[6; 32]))),
        Some(Elsewhere)
    );
    assert_eq!(verify_command(|c| c["exp"] = json!(NOW + 71)), Some(Time));
    assert_eq!(verify_command(|c| c["iat"] = json!(NOW - 1)), Some(Time));
    assert_eq!(verify_command(|c| c["commands"] = json!([])), Some(Invalid));
    assert_eq!(
        verify_command(|c| c["commands"] = json!(vec!["AA"; 6])),
        Some(Invalid)
    );
    assert_eq!(
        verify_command(|c| c["commands"] = json!([encode(&[0; 65])])),
        Some(Invalid)
    );
    assert_eq!(
        verify_command(|c| c["public_key"] = json!("")),
        Some(Invalid)
    );
    assert_eq!(
        verify_command(|c| c["oid"] = json!("0.4.0.127.")),
        Some(Invalid)
    );
    assert_eq!(verify_command(|c| c["oid"] = json!("1.02")), Some(Invalid));
    let from_the_future = |c: &mut Value| {
        c["iat"] = json!(NOW + 73);
        c["exp"] = json!(NOW + 80);
    };
    assert_eq!(verify_command(from_the_future), Some(Time));
}

#[test]
fn commands_have_their_own_type_and_the_request_s_server() {
    let payload = command_claims().to_string();
    for (header, seed) in [
        (HEADER, 1),
        (COMMAND_HEADER, 2),
        (&*COMMAND_HEADER.replace("now", "old"), 2),
    ] {
        let command = compact(header, &payload, &key(seed));
        assert_eq!(
            verify_command_at(&command, NOW + 12, 12).err(),
            Some(CommandRefusal::NotAuthentic),
            "{header}"
        );
    }
    // And a command is no request.
    let command = compact(COMMAND_HEADER, &payload, &key(1));
    assert_eq!(verify(&command).err(), refused(Reason::Malformed));
}

#[test]
fn a_daemon_whose_clock_is_ahead_still_takes_the_command_in_time() {
    let command = compact(COMMAND_HEADER, &command_claims().to_string(), &key(1));
    // 200 seconds ahead: the request passed, so the command must.
    assert!(verify_command_at(&command, NOW + 212, 12).is_ok());
    assert_eq!(
        verify_command_at(&command, NOW + 270, 70).err(),
        Some(CommandRefusal::Time)
    );
}

#[test]
fn issuing_keeps_the_rules() {
    let kid = KeyId::try_from("now".to_owned()).unwrap();
    let good: Claims = serde_json::from_value(claims()).unwrap();
    let (compact, issued) = Request::issue(good.clone(), &kid, &key(1)).unwrap();
    assert_eq!(verify(&compact).unwrap().hash(), issued.hash());
    assert!(Request::reload(&compact, key(2).verifying_key()).is_err());
    let mut long = good;
    long.exp += 1;
    assert!(Request::issue(long, &kid, &key(1)).is_err());
    let command: chip_authentication::Claims = serde_json::from_value(command_claims()).unwrap();
    let signed = command.sign(&kid, &key(1)).unwrap();
    assert_eq!(
        verify_command_at(&signed, NOW + 12, 12).unwrap().claims(),
        &command
    );
    let mut long = command;
    long.exp += 1;
    assert!(long.sign(&kid, &key(1)).is_err());
}
