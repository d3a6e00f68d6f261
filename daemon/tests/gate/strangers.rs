//! Strangers: one answer, octet for octet, and no worker.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::json;

use crate::support::*;

/// Skipped on a developer's machine, a failure in continuous integration.
fn not_tested(what: &str, needs: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} needs {needs}");
    let _ = writeln!(std::io::stderr(), "\nNOT TESTED: {what}. It needs {needs}");
}

fn refused_at_the_upgrade(daemon: &TestDaemon, name: &str, octets: &[u8]) {
    let answer = daemon.exchange(octets);
    assert_eq!(String::from_utf8_lossy(&answer), REFUSAL, "{name}");
    assert_eq!(daemon.runs(), 0, "{name}");
}

#[test]
fn the_good_upgrade_passes_over_both_addresses() {
    let daemon = TestDaemon::new(idle);
    for &address in &daemon.addresses {
        Page::open(address, ORIGIN);
        Page::open(address, TEST_ORIGIN);
    }
    assert_eq!(daemon.runs(), 0);
}

#[test]
fn hosts_other_than_the_literal_address_and_port() {
    let daemon = TestDaemon::new(idle);
    let port = daemon.v4().port();
    for host in [
        "localhost:PORT",
        "LOCALHOST:PORT",
        "login.example:PORT",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:1",
        "127.0.0.1:0PORT",
        "127.0.0.1:+PORT",
        "127.0.0.1:PORT0",
        "127.0.0.1.:PORT",
        "127.0.0.2:PORT",
        "127.1:PORT",
        "127.0.1:PORT",
        "0.0.0.0:PORT",
        "2130706433:PORT",
        "0x7f000001:PORT",
        "0x7f.0.0.1:PORT",
        "0177.0.0.1:PORT",
        "017700000001:PORT",
        "127.0.0.1.evil.example:PORT",
        "127.attacker.example:PORT",
        "127.0.0.1.nip.io:PORT",
        "evil.example#127.0.0.1:PORT",
        "user@127.0.0.1:PORT",
        "127.0.0.1:PORT, evil.example",
        "127.0.0.1:PORT evil.example",
        "http://127.0.0.1:PORT",
        "[::1]:PORT",
        "[0:0:0:0:0:0:0:1]:PORT",
        "[::ffff:127.0.0.1]:PORT",
        "::1:PORT",
        "",
    ] {
        let host = host.replace("PORT", &port.to_string());
        refused_at_the_upgrade(&daemon, &host, head(&host, ORIGIN).as_bytes());
    }
    let good = head(&daemon.v4().to_string(), ORIGIN);
    let host = format!("Host: {}\r\n", daemon.v4());
    for (name, changed) in [
        ("no Host", good.replace(&host, "")),
        ("two Hosts", good.replace(&host, &format!("{host}{host}"))),
        (
            "another Host after it",
            good.replace(&host, &format!("{host}Host: evil.example\r\n")),
        ),
        (
            "forwarded Host",
            good.replace(
                &host,
                &format!(
                    "X-Forwarded-Host: {}\r\nHost: evil.example\r\n",
                    daemon.v4()
                ),
            ),
        ),
        (
            "absolute target",
            good.replace("GET / ", &format!("GET http://{}/ ", daemon.v4())),
        ),
    ] {
        assert_ne!(changed, good, "{name}");
        refused_at_the_upgrade(&daemon, name, changed.as_bytes());
    }
}

#[test]
fn hosts_over_the_second_address() {
    let daemon = TestDaemon::new(idle);
    let Some(&v6) = daemon.addresses.iter().find(|address| address.is_ipv6()) else {
        not_tested("hosts over ::1", "an IPv6 loopback address");
        return;
    };
    for host in [
        format!("127.0.0.1:{}", v6.port()),
        format!("[0:0:0:0:0:0:0:1]:{}", v6.port()),
        format!("[::ffff:127.0.0.1]:{}", v6.port()),
        format!("ip6-localhost:{}", v6.port()),
        format!("[::1%lo]:{}", v6.port()),
    ] {
        let mut stream = connect(v6);
        stream.write_all(head(&host, ORIGIN).as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&read_all(stream)),
            REFUSAL,
            "{host}"
        );
    }
    assert_eq!(daemon.runs(), 0);
}

#[test]
fn origins_other_than_a_listed_one() {
    let daemon = TestDaemon::new(idle);
    let host = daemon.v4().to_string();
    for origin in [
        "null",
        "",
        "https://evil.example",
        "http://login.example",
        "https://login.example.evil.example",
        "https://evil-login.example",
        "https://evil.login.example",
        "https://login.exampl",
        "https://login.examplee",
        "https://login.example.",
        "https://login.example/",
        "https://login.example:443",
        "https://login.example:444",
        "https://login.example@evil.example",
        "https://evil.example/https://login.example",
        "https://login.example, https://evil.example",
        "https://login.example https://evil.example",
        "https://login.example;https://evil.example",
        "https://LOGIN.example",
        "HTTPS://login.example",
        "wss://login.example",
        "//login.example",
        "login.example",
        "*",
        "https://*",
        "https://xn--lgin-jua.example",
        "https://log\u{0456}n.example",
        "file://",
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "http://127.0.0.1",
        "http://127.0.0.1:8081",
        "http://localhost:8080",
        "https://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        refused_at_the_upgrade(&daemon, origin, head(&host, origin).as_bytes());
    }
    let own = format!("http://{host}");
    refused_at_the_upgrade(
        &daemon,
        "Origin equal to Host",
        head(&host, &own).as_bytes(),
    );
    let good = head(&host, ORIGIN);
    let origin = format!("Origin: {ORIGIN}\r\n");
    for (name, changed) in [
        ("no Origin", good.replace(&origin, "")),
        (
            "two Origins",
            good.replace(&origin, &format!("{origin}{origin}")),
        ),
        (
            "another Origin after it",
            good.replace(
                &origin,
                &format!("{origin}Origin: https://evil.example\r\n"),
            ),
        ),
        (
            "another name",
            good.replace("Origin:", "Sec-WebSocket-Origin:"),
        ),
        ("a folded line", good.replace("Origin: ", "Origin:\r\n ")),
    ] {
        assert_ne!(changed, good, "{name}");
        refused_at_the_upgrade(&daemon, name, changed.as_bytes());
    }
}

#[test]
fn what_is_no_upgrade_to_our_subprotocol() {
    let daemon = TestDaemon::new(idle);
    let good = head(&daemon.v4().to_string(), ORIGIN);
    for (from, to) in [
        ("GET /", "POST /"),
        ("GET /", "CONNECT /"),
        ("GET / ", "GET /status "),
        ("GET / ", "GET /?x "),
        ("HTTP/1.1", "HTTP/1.0"),
        ("HTTP/1.1", "HTTP/2.0"),
        ("Upgrade: websocket\r\n", ""),
        ("Connection: Upgrade\r\n", ""),
        ("rda.v1", "rda.v2"),
        ("Sec-WebSocket-Protocol: rda.v1\r\n", ""),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 7"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
        ("dGhlIHNhbXBsZSBub25jZQ==", "x"),
        ("\r\n\r\n", "\r\n\r\nearly"),
        ("\r\n\r\n", "\r\n"),
        ("Host:", "Host :"),
        ("Host:", "\0Host:"),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good);
        refused_at_the_upgrade(&daemon, to, changed.as_bytes());
    }
    let mut tls = vec![0x16, 0x03, 0x01, 0x02, 0x00];
    tls.extend([0x5a; 512]);
    let many_fields = good.replace("\r\n\r\n", &("\r\nX: y".repeat(100) + "\r\n\r\n"));
    let long_field = good.replace("\r\n\r\n", &format!("\r\nX: {}\r\n\r\n", "y".repeat(9000)));
    for (name, octets) in [
        ("nothing", &b""[..]),
        ("an empty line", b"\r\n\r\n"),
        ("TLS", &tls),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("zeros", &[0; 3000]),
        ("many fields", many_fields.as_bytes()),
        ("a long field", long_field.as_bytes()),
        (
            "a plain request",
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        ),
    ] {
        refused_at_the_upgrade(&daemon, name, octets);
    }
}

/// A stranger's own request does not change the answer at the upgrade: neither good, expired, used nor future ones
/// are looked at, or used up.
#[test]
fn a_foreign_page_learns_nothing_with_any_request() {
    let daemon = TestDaemon::new(idle);
    let host = daemon.v4().to_string();
    let head = head(&host, "https://evil.example");
    let mut page = daemon.page();
    page.start(&request(2));
    page.accepted();
    page.cancel();
    for name in ["fresh", "expired", "future"] {
        let answer = daemon.insist(&head, &dated(name, 1));
        assert_eq!(String::from_utf8_lossy(&answer), REFUSAL, "{name}");
    }
    let answer = daemon.insist(&head, &request(2));
    assert_eq!(String::from_utf8_lossy(&answer), REFUSAL, "used");
    assert_eq!(daemon.runs(), 1);
}

fn dated(name: &str, id: u8) -> String {
    sign(&header("rda-request+jwt"), &dated_claims(name, id), &key(1))
}

fn dated_claims(name: &str, id: u8) -> serde_json::Value {
    let mut claims = claims(id);
    let shift: i64 = match name {
        "expired" => -300,
        "future" => 61,
        _ => 0,
    };
    for time in ["iat", "exp"] {
        let moved = claims[time].as_i64().unwrap() + shift;
        claims[time] = json!(moved);
    }
    claims
}

/// Everything that the daemon says to this request from the good origin.
fn answer_to(daemon: &TestDaemon, request: &str) -> Vec<u8> {
    let mut stream = daemon.connect();
    let mut octets = head(&daemon.v4().to_string(), ORIGIN).into_bytes();
    stream.write_all(&octets).unwrap();
    let mut answer = read_acceptance(&mut stream);
    octets = text_frame(&start(request));
    stream.write_all(&octets).unwrap();
    // Taking leave at once spares the wait for a close frame in return.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut rest).unwrap();
    answer.extend(rest);
    answer
}

/// Requests that no trusted server made for this page, whatever is in them, get the same octets: also while the
/// same request has been used, and while another login is under way.
#[test]
fn requests_that_are_not_authentic() {
    let daemon = TestDaemon::new(idle);
    let typ = header("rda-request+jwt");
    let variants = |claims: &serde_json::Value| {
        let mut other_audience = claims.clone();
        other_audience["aud"] = json!(SECOND_ORIGIN);
        let mut evil_audience = claims.clone();
        evil_audience["aud"] = json!("https://evil.example");
        let mut other_server = claims.clone();
        other_server["iss"] = json!("test.example");
        let mut unknown_server = claims.clone();
        unknown_server["iss"] = json!("evil.example");
        let mut path_server = claims.clone();
        path_server["iss"] = json!("../user/test.example");
        let good = sign(&typ, claims, &key(1));
        let mut cut = good.clone();
        cut.truncate(good.len() - 2);
        let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
        let with = |field: &str, value: &str| {
            let mut header = typ.clone();
            header[field] = json!(value);
            sign(&header, claims, &key(1))
        };
        vec![
            ("wrong key", sign(&typ, claims, &key(2))),
            ("key of another trusted server", sign(&typ, claims, &key(5))),
            ("other audience", sign(&typ, &other_audience, &key(1))),
            ("evil audience", sign(&typ, &evil_audience, &key(1))),
            (
                "another trusted server for this origin",
                sign(&typ, &other_server, &key(5)),
            ),
            ("unknown server", sign(&typ, &unknown_server, &key(2))),
            ("server as a path", sign(&typ, &path_server, &key(5))),
            ("alg none", with("alg", "none")),
            ("alg HS256", with("alg", "HS256")),
            ("unknown kid", with("kid", "other")),
            (
                "typ of the other message",
                with("typ", "rda-chip-authentication+jwt"),
            ),
            ("no signature", unsigned),
            ("short signature", cut),
            ("no JWS", "x".into()),
            ("nothing", String::new()),
        ]
    };
    let mut answers = Vec::new();
    let mut all = |daemon: &TestDaemon, when: &str| {
        for name in ["fresh", "expired", "future"] {
            for (what, request) in variants(&dated_claims(name, 1)) {
                answers.push((
                    format!("{what}, {name}, {when}"),
                    answer_to(daemon, &request),
                ));
            }
        }
    };
    all(&daemon, "never used");
    assert_eq!(daemon.runs(), 0);
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    all(&daemon, "used, and a login under way");
    page.cancel();
    assert_eq!(daemon.runs(), 1);
    let (_, first) = &answers[0];
    let text = String::from_utf8_lossy(first);
    assert!(
        text.contains(r#""code":"request_refused""#) && text.ends_with("request_refused"),
        "{text}"
    );
    for (name, answer) in &answers {
        assert!(
            answer == first,
            "{name}: {}",
            String::from_utf8_lossy(answer)
        );
    }
}

/// Who comes with a signature of the server for his own origin is no stranger: he hears what is wrong, for it is the
/// citizen who has to put it right. No worker starts.
#[test]
fn authentic_requests_out_of_time() {
    let daemon = TestDaemon::new(idle);
    for (name, code) in [("expired", "request_expired"), ("future", "clock_wrong")] {
        let mut page = daemon.page();
        page.start(&dated(name, 1));
        assert_eq!(page.failed(), (code.into(), 4401));
    }
    assert_eq!(daemon.runs(), 0);
}

#[test]
fn a_used_request_is_used_also_after_a_restart() {
    let daemon = TestDaemon::new(|_, _, _| {});
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    // This worker returns at once, which is an error of its own.
    assert_eq!(page.failed(), ("internal".into(), 4499));
    let again = |daemon: &TestDaemon| {
        let mut page = daemon.page();
        page.start(&request(1));
        page.failed()
    };
    assert_eq!(again(&daemon), ("request_used".into(), 4410));
    let folder = std::sync::Arc::clone(&daemon.folder);
    drop(daemon);
    let daemon = TestDaemon::in_folder(folder, idle);
    assert_eq!(again(&daemon), ("request_used".into(), 4410));
    // The same request with new claims around its jti is the same request.
    let mut claims = claims(1);
    claims["document"] = json!("identity-card");
    let mut page = daemon.page();
    page.start(&sign(&header("rda-request+jwt"), &claims, &key(1)));
    assert_eq!(page.failed(), ("request_used".into(), 4410));
    assert_eq!(daemon.runs(), 0);
}

/// Trust that is withdrawn counts at once, and so does trust that is given.
#[test]
fn trust_is_read_anew() {
    let daemon = TestDaemon::new(idle);
    let host = daemon.v4().to_string();
    let origin = "https://new.example";
    refused_at_the_upgrade(&daemon, "before", head(&host, origin).as_bytes());
    let user = daemon.folder.path().join("user");
    write_trust(&user, &trust_file("new.example", 6, &[origin], false));
    daemon.page_of(origin);
    std::fs::remove_file(user.join("new.example.toml")).unwrap();
    refused_at_the_upgrade(&daemon, "after", head(&host, origin).as_bytes());
}

/// A program of another user of this computer is a stranger, whatever it says.
#[test]
fn another_user_of_this_computer() {
    let daemon = TestDaemon::new(idle);
    if std::fs::metadata("/proc/self")
        .map(|m| std::os::unix::fs::MetadataExt::uid(&m))
        .unwrap()
        != 0
    {
        not_tested("another user of this computer", "root, to become one");
        return;
    }
    // The shell's own sockets keep this test free of files that the other user would have to read.
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{}; printf '%s' \"$HEAD\" >&3; cat <&3",
        daemon.v4().port()
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("HEAD", head(&daemon.v4().to_string(), ORIGIN))
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        REFUSAL,
        "{output:?}"
    );
    assert_eq!(daemon.runs(), 0);
    // The same words from this user pass.
    daemon.page();
}
