//! The attacks on the daemon, one test for each row of docs/threat-model.md.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use protocol::encoding::encode;
use protocol::jwk::PublicJwk;
use protocol::messages::DaemonMessage;
use protocol::request::DaemonVersion;
use rda::gate::{Gate, system_clock};
use rda::replay::UsedRequests;
use rda::server::{BindError, Server};
use rda::session::{AcceptedRequest, Inbox};
use rda::trust::TrustFolders;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::*;

/// The one answer, octet for octet, and no worker.
#[track_caller]
fn stranger(host: &str, origin: &str) {
    let daemon = TestDaemon::new(idle);
    let host = host.replace("PORT", &daemon.v4().port().to_string());
    // With the best request there is, stolen.
    let answer = daemon.insist(&head(&host, origin), &request(1));
    assert_eq!(String::from_utf8_lossy(&answer), REFUSAL);
    assert_eq!(daemon.runs(), 0);
    // It was not looked at, and is as good as before.
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
}

const HERE: &str = "127.0.0.1:PORT";

#[test]
fn cross_site_websocket_hijack() {
    stranger(HERE, "https://evil.example");
}

#[test]
fn dns_rebinding_by_a_host_name() {
    stranger(
        "rebound.evil.example:PORT",
        "http://rebound.evil.example:PORT",
    );
    stranger("localhost:PORT", ORIGIN);
}

#[test]
fn dns_rebinding_by_a_name_that_begins_like_an_address() {
    stranger("127.attacker.example:PORT", ORIGIN);
    stranger("127.0.0.1.attacker.example:PORT", ORIGIN);
}

#[test]
fn loopback_written_as_a_decimal_number() {
    stranger("2130706433:PORT", ORIGIN);
}

#[test]
fn loopback_written_in_octal_or_hexadecimal() {
    stranger("0177.0.0.1:PORT", ORIGIN);
    stranger("0x7f.0.0.1:PORT", ORIGIN);
}

#[test]
fn loopback_written_as_an_ipv6_address() {
    stranger("[::ffff:127.0.0.1]:PORT", ORIGIN);
    stranger("[::1]:PORT", ORIGIN);
}

#[test]
fn origin_null() {
    stranger(HERE, "null");
}

#[test]
fn origin_missing() {
    let daemon = TestDaemon::new(idle);
    let whole = head(&daemon.v4().to_string(), ORIGIN);
    let without = whole.replace(&format!("Origin: {ORIGIN}\r\n"), "");
    assert_ne!(whole, without);
    assert_eq!(daemon.exchange(without.as_bytes()), REFUSAL.as_bytes());
    assert_eq!(daemon.runs(), 0);
}

#[test]
fn origin_that_begins_with_a_trusted_one() {
    stranger(HERE, "https://login.example.evil.example");
    stranger(HERE, "https://login.example@evil.example");
}

#[test]
fn origin_that_ends_with_a_trusted_one() {
    stranger(HERE, "https://evil-login.example");
    stranger(HERE, "https://evil.login.example");
}

#[test]
fn origin_with_http_for_https() {
    stranger(HERE, "http://login.example");
}

#[test]
fn origin_with_another_port() {
    stranger(HERE, "https://login.example:8443");
}

/// What the daemon says to this request from the good origin.
fn answer_to(request: &str) -> (String, u16) {
    let daemon = TestDaemon::new(idle);
    let mut page = daemon.page();
    page.start(request);
    let answer = page.failed();
    assert_eq!(daemon.runs(), 0);
    answer
}

#[track_caller]
fn not_authentic(request: &str) {
    assert_eq!(answer_to(request), ("request_refused".into(), 4401));
}

fn typ() -> Value {
    header("rda-request+jwt")
}

#[test]
fn request_replayed() {
    let daemon = TestDaemon::new(idle);
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    page.cancel();
    let mut again = daemon.page();
    again.start(&request(1));
    assert_eq!(again.failed(), ("request_used".into(), 4410));
    assert_eq!(daemon.runs(), 1);
}

#[test]
fn request_expired() {
    let mut claims = claims(1);
    (claims["iat"], claims["exp"]) = (json!(NOW - 300), json!(NOW));
    let expired = sign(&typ(), &claims, &key(1));
    assert_eq!(answer_to(&expired), ("request_expired".into(), 4401));
}

#[test]
fn request_from_the_future() {
    let mut claims = claims(1);
    (claims["iat"], claims["exp"]) = (json!(NOW + 61), json!(NOW + 361));
    let future = sign(&typ(), &claims, &key(1));
    assert_eq!(answer_to(&future), ("clock_wrong".into(), 4401));
}

#[test]
fn request_signed_by_nobody() {
    let header = json!({"alg": "none", "typ": "rda-request+jwt", "kid": "k"});
    let unsigned = sign(&header, &claims(1), &key(1));
    not_authentic(&unsigned);
    not_authentic(&(unsigned.rsplit_once('.').unwrap().0.to_owned() + "."));
}

/// HMAC-SHA-256 (RFC 2104) for keys of up to 64 octets.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message);
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner.finalize());
    outer.finalize().into()
}

/// The public key is in every trust file: whoever took it for a secret could be fooled by anybody.
#[test]
fn request_signed_with_the_public_key_as_a_secret() {
    let jwk = PublicJwk::from(key(1).verifying_key());
    let point = key(1).verifying_key().to_sec1_point(true);
    for secret in [point.as_bytes(), &jwk.thumbprint()] {
        let header = json!({"alg": "HS256", "typ": "rda-request+jwt", "kid": "k"});
        let input = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims(1).to_string().as_bytes())
        );
        let mac = hmac(secret, input.as_bytes());
        not_authentic(&format!("{input}.{}", encode(&mac)));
    }
}

#[test]
fn request_signed_on_another_curve() {
    for (algorithm, length) in [("ES384", 96), ("ES512", 132), ("ES256K", 64), ("EdDSA", 64)] {
        let header = json!({"alg": algorithm, "typ": "rda-request+jwt", "kid": "k"});
        let signed = sign(&header, &claims(1), &key(1));
        not_authentic(&signed);
        let (input, _) = signed.rsplit_once('.').unwrap();
        not_authentic(&format!("{input}.{}", encode(&vec![1; length])));
    }
}

#[test]
fn request_under_another_key_name() {
    let header = json!({"alg": "ES256", "typ": "rda-request+jwt", "kid": "other"});
    not_authentic(&sign(&header, &claims(1), &key(1)));
}

/// A header that brings its own key, or says where to fetch one.
#[test]
fn request_that_brings_its_own_key() {
    for (name, value) in [
        ("jwk", json!(PublicJwk::from(key(9).verifying_key()))),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain")),
        ("crit", json!(["exp"])),
    ] {
        let mut header = typ();
        header[name] = value;
        not_authentic(&sign(&header, &claims(1), &key(9)));
        not_authentic(&sign(&header, &claims(1), &key(1)));
    }
}

/// A retired key, and one that is not in use yet.
#[test]
fn request_under_a_key_out_of_its_time() {
    for (name, time) in [("not_after", NOW - 1), ("not_before", NOW + 1)] {
        let daemon = TestDaemon::new(idle);
        let mut file = trust_file("login.example", 1, &[ORIGIN], false);
        file["keys"][0][name] = json!(time);
        write_trust(&daemon.folder.path().join("system"), &file);
        let mut page = daemon.page();
        page.start(&request(1));
        assert_eq!(page.failed(), ("request_refused".into(), 4401), "{name}");
        daemon.set_clock(time);
        let mut page = daemon.page();
        page.start(&sign(&typ(), &claims(1), &key(1)));
        page.accepted();
    }
}

#[test]
fn request_for_another_origin() {
    let mut claims = claims(1);
    claims["aud"] = json!(SECOND_ORIGIN);
    not_authentic(&sign(&typ(), &claims, &key(1)));
}

/// A second server that this computer trusts for its own origin signs what the first one asked for, with the first one's
/// key for the evidence.
#[test]
fn second_trusted_server_with_the_first_one_s_request() {
    let mut relayed = claims(1);
    relayed["iss"] = json!("test.example");
    // On the first one's page: its trust file lists the origin, and no key of the second.
    not_authentic(&sign(&typ(), &relayed, &key(5)));
    // On its own page the request says so, and so does every proof that a chip makes for it.
    let daemon = TestDaemon::new(idle);
    let mut page = daemon.page_of(TEST_ORIGIN);
    page.start(&request(1));
    assert_eq!(page.failed(), ("request_refused".into(), 4401));
    assert_eq!(daemon.runs(), 0);
}

/// Whatever a server that is trusted writes into its request, it is text of a known form or refused: nothing of it becomes a
/// path, a line of the log, or a command. What becomes of a name that is shown, `notification.rs` looks at.
#[test]
fn hostile_text_in_every_claim() {
    let (sender, names) = mpsc::channel();
    let daemon = TestDaemon::new(move |request: AcceptedRequest, from_page: Inbox, _| {
        let names = request.request.claims().service.values();
        let names: Vec<String> = names.map(|name| name.as_str().to_owned()).collect();
        sender.send(names).unwrap();
        let _ = from_page.receive();
    });
    let folder = daemon.folder.path();
    let before = files_below(folder);
    for hostile in HOSTILE_NAMES.into_iter().chain(HOSTILE_CONTROLS) {
        for claim in [
            "iss",
            "aud",
            "jti",
            "ver",
            "min_version",
            "iat",
            "exp",
            "document",
            "enc",
            "access",
            "read",
            "must",
            "service",
        ] {
            for value in [
                json!(hostile),
                json!([hostile]),
                json!({ hostile: hostile }),
            ] {
                let mut claims = claims(7);
                claims[claim] = value;
                let mut page = daemon.page();
                page.start(&sign(&typ(), &claims, &key(1)));
                let (code, _) = page.failed();
                assert!(
                    ["request_refused", "request_invalid", "claim_unknown"].contains(&&*code),
                    "{claim} {hostile:?}: {code}"
                );
            }
        }
    }
    assert_eq!(daemon.runs(), 0);
    // A name to show is text of any kind, but never with what moves a cursor or begins a line.
    for control in HOSTILE_CONTROLS {
        let mut page = daemon.page();
        page.start(&named(7, control));
        assert_eq!(page.failed().0, "request_invalid", "{control:?}");
    }
    assert_eq!(daemon.runs(), 0);
    for (id, name) in (10..).zip(HOSTILE_NAMES) {
        let mut page = daemon.page();
        page.start(&named(id, name));
        page.accepted();
        let taken = names.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(taken, [name], "word for word");
        page.cancel();
    }
    assert_eq!(daemon.runs(), HOSTILE_NAMES.len());
    let record = folder.join("runtime");
    let new: Vec<_> = files_below(folder)
        .into_iter()
        .filter(|path| !before.contains(path) && !path.starts_with(&record))
        .collect();
    assert!(new.is_empty(), "{new:?}");
    nothing_is_pwned(folder);
}

/// A good request for a service of this name.
fn named(id: u8, name: &str) -> String {
    let mut claims = claims(id);
    claims["service"] = json!({ "en": name });
    sign(&typ(), &claims, &key(1))
}

/// A second tab of the same service hears that a login is under way, and disturbs nothing.
#[test]
fn second_tab() {
    let daemon = TestDaemon::new(idle);
    let mut first = daemon.page();
    first.start(&request(1));
    first.accepted();
    let mut second = daemon.page();
    second.start(&request(2));
    assert_eq!(second.failed(), ("busy".into(), 4409));
    first.cancel();
    // The request of the second tab was not used up.
    let mut second = daemon.page();
    second.start(&request(2));
    second.accepted();
}

/// The name of the session, stolen by another origin that this computer trusts.
#[test]
fn session_taken_over_from_another_origin() {
    let daemon = TestDaemon::new(idle);
    let mut page = daemon.page();
    page.start(&request(1));
    let session = page.accepted();
    drop(page);
    let mut thief = daemon.page_of(SECOND_ORIGIN);
    thief.send(&json!({"type": "resume", "session": session}).to_string());
    assert_eq!(thief.failed(), ("session_unknown".into(), 4401));
}

/// One octet at a time, without end: the time for the request is one for all of it.
#[test]
fn slow_loris() {
    let daemon = TestDaemon::new(idle);
    let mut stream = daemon.connect();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    let octets = head(&daemon.v4().to_string(), ORIGIN);
    for octet in octets.bytes().cycle() {
        // The answer is awaited between the octets, which is what makes them slow.
        let _ = stream.write_all(&[octet]);
        match stream.read_to_end(&mut answer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            _ => break,
        }
        assert!(began.elapsed() < Duration::from_secs(30), "still open");
    }
    assert_eq!(String::from_utf8_lossy(&answer), REFUSAL);
    assert_eq!(daemon.runs(), 0);
}

/// A page logs in; how long it took.
fn comes_through(daemon: &TestDaemon, id: u8) -> Duration {
    let began = Instant::now();
    let mut page = daemon.page();
    page.start(&request(id));
    page.accepted();
    page.cancel();
    began.elapsed()
}

/// More sockets than there are places, each with an octet at a time, and a new one for each that was displaced: a page comes
/// through between all of them.
#[test]
fn slow_loris_on_many_sockets() {
    let daemon = TestDaemon::new(idle);
    let dial = || (daemon.connect(), 0);
    let octets = head(&daemon.v4().to_string(), ORIGIN).into_bytes();
    let mut drips: Vec<_> = std::iter::repeat_with(dial).take(200).collect();
    let (mut longest, mut displaced) = (Duration::ZERO, 0);
    for round in 1..=20 {
        for drip in &mut drips {
            let (stream, said) = drip;
            stream.set_nonblocking(true).unwrap();
            // Whoever was told off has the answer lying there.
            let told = stream.peek(&mut [0]).is_ok();
            stream.set_nonblocking(false).unwrap();
            if told || stream.write_all(&octets[*said..=*said]).is_err() {
                displaced += 1;
                *drip = dial();
            } else {
                *said += 1;
            }
        }
        longest = longest.max(comes_through(&daemon, round));
    }
    assert_eq!(daemon.runs(), 20);
    assert!(displaced > 1_000, "{displaced}");
    println!(
        "a page among 200 sockets that drip: at most {} ms",
        longest.as_millis()
    );
}

/// Raises the limit on open files where it is too low.
fn may_open(files: u64) -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= files);
    // Only the administrator may raise the second of the two.
    let maximum = limit.maximum.map(|maximum| maximum.max(files));
    enough(limit.current)
        || setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(files),
                maximum,
            },
        )
        .is_ok()
}

/// Ten thousand sockets of programs that say nothing, all of them open at once: a page comes through among them, and the
/// daemon holds no more than its places.
#[test]
fn ten_thousand_connections() {
    const ALL: usize = 10_000;
    // Some more, for the daemon and for the tests beside this one: they are threads of the same process.
    if !may_open(ALL as u64 + 2_000) {
        assert!(std::env::var_os("CI").is_none(), "too few open files");
        println!("NOT TESTED: ten thousand connections. They need a limit of 12,000 open files");
        return;
    }
    let daemon = TestDaemon::new(idle);
    let address = daemon.v4();
    let mut crowd = Vec::with_capacity(ALL);
    let mut longest = Duration::ZERO;
    for id in 1..=4 {
        crowd.extend((0..ALL / 4).map(|_| TcpStream::connect(address).unwrap()));
        longest = longest.max(comes_through(&daemon, id));
    }
    assert_eq!(daemon.runs(), 4);
    println!(
        "a page among {} silent sockets: at most {} ms",
        crowd.len(),
        longest.as_millis()
    );
    // All but those that have a place heard what every stranger hears.
    let (mut waiting, mut told) = (0, 0);
    for mut stream in crowd {
        stream.set_nonblocking(true).unwrap();
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Ok(_) => {
                assert_eq!(String::from_utf8_lossy(&answer), REFUSAL);
                told += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                waiting += 1;
            }
        }
    }
    assert!(waiting <= 64 && told >= ALL - 64, "{waiting} {told}");
}

/// Who sits on the port before the daemon comes is named, and the daemon does not share the port with him: not on one
/// address of two either, for a page may dial the other.
#[test]
fn squatter_on_the_port() {
    let bind = |port| {
        let folder = tempfile::TempDir::new().unwrap();
        let gate = Gate::new(
            TrustFolders::new(None, None),
            UsedRequests::new(folder.path().join("used")),
            DaemonVersion::parse("0.1.0").unwrap(),
            system_clock(),
        );
        struct Nobody;
        impl rda::session::Worker for Nobody {
            fn run(
                &self,
                _: rda::session::AcceptedRequest,
                _: rda::session::Inbox,
                _: rda::session::Outbox,
            ) {
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(async { Server::bind(&[port], gate, std::sync::Arc::new(Nobody)).map(drop) })
    };
    let squatter = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = squatter.local_addr().unwrap().port();
    let refused = bind(port).unwrap_err();
    assert!(matches!(&refused, BindError::PortsInUse(ports) if *ports == [port]));
    assert!(refused.to_string().contains(&port.to_string()), "{refused}");
    let Ok(squatter) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        assert!(std::env::var_os("CI").is_none(), "no IPv6 here");
        println!("NOT TESTED: a squatter on ::1. It needs: an IPv6 loopback address");
        return;
    };
    let port = squatter.local_addr().unwrap().port();
    assert!(matches!(bind(port), Err(BindError::PortsInUse(_))));
}

/// A page that goes on talking after the daemon accepted it is held to a number of messages.
#[test]
fn flood_of_messages() {
    let daemon = TestDaemon::new(idle);
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    for _ in 0..128 {
        page.send_ping();
    }
    loop {
        match page.receive_any() {
            Some(DaemonMessage::Error(error)) => {
                assert_eq!(error.code.symbol(), "too_many_messages");
                break;
            }
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
}
