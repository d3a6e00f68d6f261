//! How long the one answer takes, by what is wrong: the figures of docs/threat-model.md.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::*;

/// Exchanges of each kind.
const EACH: usize = 4_000;
/// How far the middle of one kind may lie from the middle of all. What is measured is the answer of a daemon that was built
/// without optimisation, from beside it and over its own socket: nobody who asks is nearer.
const APART: Duration = Duration::from_micros(40);

/// What a stranger says; all of one length, for longer texts take longer to read.
fn upgrades(authority: &str) -> Vec<(&'static str, String)> {
    let good = head(authority, ORIGIN);
    let origin = |origin: &str| good.replace(ORIGIN, origin);
    let kinds = vec![
        ("foreign origin", origin("https://logim.example")),
        ("the same again", origin("https://logim.example")),
        ("another first letter", origin("xttps://login.example")),
        ("another last letter", origin("https://login.examplf")),
        (
            "foreign host",
            good.replace(authority, &authority.replace("127.0.0.1", "127.0.0.2")),
        ),
        (
            "both foreign",
            origin("https://logim.example")
                .replace(authority, &authority.replace("127.0.0.1", "127.0.0.2")),
        ),
        ("another subprotocol", good.replace("rda.v1", "rda.v2")),
        (
            "another version",
            good.replace("Version: 13", "Version: 12"),
        ),
        ("another method", good.replace("GET /", "PUT /")),
    ];
    for (name, octets) in &kinds {
        assert_eq!(octets.len(), good.len(), "{name}");
        assert_ne!(*octets, good, "{name}");
    }
    kinds
}

/// From the last octet said to the first one heard.
fn answer_time(daemon: &TestDaemon, octets: &[u8]) -> Duration {
    let mut stream = daemon.connect();
    let (most, last) = octets.split_at(octets.len() - 1);
    stream.write_all(most).unwrap();
    let began = Instant::now();
    stream.write_all(last).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let time = began.elapsed();
    let _ = stream.shutdown(std::net::Shutdown::Write);
    read_all(stream);
    time
}

/// The same for a request after a good upgrade.
fn refusal_time(daemon: &TestDaemon, frame: &[u8]) -> Duration {
    let mut stream = daemon.connect();
    let head = head(&daemon.v4().to_string(), ORIGIN);
    stream.write_all(head.as_bytes()).unwrap();
    read_acceptance(&mut stream);
    let began = Instant::now();
    stream.write_all(frame).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let time = began.elapsed();
    let _ = stream.shutdown(std::net::Shutdown::Write);
    read_all(stream);
    time
}

/// One of each kind in turn, so that what slows the computer down slows all of them.
fn middles(
    kinds: &[(&'static str, Vec<u8>)],
    each: usize,
    time: impl Fn(&[u8]) -> Duration,
) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(each); kinds.len()];
    for _ in 0..each {
        for ((_, octets), times) in kinds.iter().zip(&mut times) {
            times.push(time(octets));
        }
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let middles: Vec<_> = times.iter_mut().map(middle).collect();
    for (((name, _), times), middle) in kinds.iter().zip(&times).zip(&middles) {
        let micros = |time: Duration| time.as_nanos() as f64 / 1_000.0;
        let (low, high) = (times[times.len() / 4], times[times.len() * 3 / 4]);
        println!(
            "{name}: {:.1} microseconds, half of all between {:.1} and {:.1}",
            micros(*middle),
            micros(low),
            micros(high)
        );
    }
    middles
}

#[test]
fn the_one_answer_takes_the_same_time_whatever_is_wrong() {
    if std::env::var_os("RDA_LONG").is_none() {
        println!("long: the time of the one answer runs under cargo xtask test --long");
        return;
    }
    let daemon = TestDaemon::new(idle);
    let kinds: Vec<_> = upgrades(&daemon.v4().to_string())
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    let middles = middles(&kinds, EACH, |octets| answer_time(&daemon, octets));
    let mut sorted = middles.clone();
    sorted.sort_unstable();
    let all = sorted[sorted.len() / 2];
    for ((name, _), middle) in kinds.iter().zip(middles) {
        assert!(
            middle.abs_diff(all) <= APART,
            "{name}: {middle:?}, all: {all:?}"
        );
    }
    assert_eq!(daemon.runs(), 0);
}

/// Who has passed `Host` and `Origin` is a page of a trusted origin. What its time tells it, the figures say: whether a
/// signature was looked at, and so whether the server it names is known on this computer.
#[test]
fn what_the_time_of_a_refused_request_tells() {
    if std::env::var_os("RDA_LONG").is_none() {
        println!("long: the time of a refused request runs under cargo xtask test --long");
        return;
    }
    let daemon = TestDaemon::new(idle);
    let typ = header("rda-request+jwt");
    let with = |field: &str, value: &str| {
        let mut claims = claims(1);
        claims[field] = json!(value);
        sign(&typ, &claims, &key(2))
    };
    let kinds: Vec<_> = [
        ("wrong key", sign(&typ, &claims(1), &key(2))),
        ("unknown server", with("iss", "lagin.example")),
        ("another audience", with("aud", SECOND_ORIGIN)),
        ("no JWS", "x".repeat(sign(&typ, &claims(1), &key(2)).len())),
    ]
    .into_iter()
    .map(|(name, request)| (name, text_frame(&start(&request))))
    .collect();
    let middles = middles(&kinds, EACH / 4, |frame| refusal_time(&daemon, frame));
    // A signature costs what it costs; nothing costs more than one.
    let most = middles.iter().max().unwrap();
    assert!(*most < Duration::from_millis(50), "{most:?}");
    assert_eq!(daemon.runs(), 0);
}
