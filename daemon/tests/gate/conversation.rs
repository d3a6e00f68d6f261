//! Whole conversations with a worker that plays its part, and with pages that do not.

use std::sync::mpsc;
use std::time::Duration;

use protocol::encoding::encode;
use protocol::error::Code;
use protocol::evidence::sealed_hash;
use protocol::messages::{DaemonMessage, State, Step};
use rda::session::{AcceptedRequest, FromWorker, Inbox, Outbox, ToWorker};
use serde_json::{Value, json};

use crate::support::*;

const SEALED: &str = "sealed.evidence";

fn state(step: Step) -> FromWorker {
    FromWorker::State(State {
        state: step,
        progress: 10,
        reader: None,
        hint: None,
    })
}

/// Sends evidence, answers one command, and returns at the end of the login.
fn read_and_confirm(_: AcceptedRequest, from_page: Inbox, to_page: Outbox) {
    to_page.send(state(Step::Reading)).unwrap();
    to_page.send(FromWorker::Evidence(SEALED.into())).unwrap();
    while let Ok(ToWorker::ChipAuthentication(_)) = from_page.receive() {
        to_page
            .send(FromWorker::ChipAuthenticationResult("sealed.result".into()))
            .unwrap();
    }
}

fn command_claims(id: u8) -> Value {
    json!({
        "iss": "login.example",
        "aud": ORIGIN,
        "jti": encode(&[id; 32]),
        "iat": NOW,
        "exp": NOW + 60,
        "evidence": encode(&sealed_hash(SEALED)),
        "public_key": encode(&[4; 65]),
        "oid": "0.4.0.127.0.7.2.2.3.2.4",
        "commands": [encode(&[0x0c, 0xb0])],
    })
}

fn command_message(claims: &Value, seed: u8) -> String {
    let command = sign(&header("rda-chip-authentication+jwt"), claims, &key(seed));
    json!({"type": "chip_authentication", "command": command}).to_string()
}

fn finish(outcome: &str) -> String {
    json!({"type": "finish", "outcome": outcome}).to_string()
}

/// Starts a login and takes its messages up to the evidence.
fn up_to_evidence(daemon: &TestDaemon, id: u8) -> (Page, String) {
    let mut page = daemon.page();
    page.start(&request(id));
    let session = page.accepted();
    assert!(matches!(page.receive(), DaemonMessage::State(_)));
    assert_eq!(
        page.receive(),
        DaemonMessage::Evidence {
            sealed: SEALED.into()
        }
    );
    (page, session)
}

#[test]
fn a_login_with_chip_authentication() {
    let daemon = TestDaemon::new(read_and_confirm);
    let (mut page, _) = up_to_evidence(&daemon, 1);
    let command = command_message(&command_claims(1), 1);
    page.send(&command);
    let result = DaemonMessage::ChipAuthenticationResult {
        sealed: "sealed.result".into(),
    };
    assert_eq!(page.receive(), result);
    page.send(&command);
    page.send(&finish("accepted"));
    assert_eq!(page.receive(), DaemonMessage::Finished);
    assert_eq!(page.closed(), (1000, "finished".into()));
    // And the next one.
    up_to_evidence(&daemon, 2);
    assert_eq!(daemon.runs(), 2);
}

#[test]
fn a_login_without_chip_authentication_and_a_refused_one() {
    let daemon = TestDaemon::new(read_and_confirm);
    for (id, outcome) in [(1, "accepted"), (2, "refused")] {
        let (mut page, _) = up_to_evidence(&daemon, id);
        page.send(&finish(outcome));
        assert_eq!(page.receive(), DaemonMessage::Finished);
        assert_eq!(page.closed(), (1000, "finished".into()));
    }
}

#[test]
fn what_the_worker_gets_is_the_verified_request() {
    let (sender, requests) = mpsc::channel();
    let daemon = TestDaemon::new(move |request, from_page: Inbox, _| {
        sender.send(request).unwrap();
        let _ = from_page.receive();
    });
    let mut page = daemon.page();
    let message = json!({
        "type": "start",
        "request": request(1),
        "access": {"can": "123456"},
        "language": "nl",
        "ignored": [1, 2, 3],
    });
    page.send(&message.to_string());
    page.accepted();
    let accepted = requests.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(accepted.request.claims().aud.as_str(), ORIGIN);
    assert_eq!(accepted.server.id().as_str(), "login.example");
    assert!(accepted.typed_access.is_some());
    assert_eq!(accepted.language.unwrap().as_str(), "nl");
    assert!(accepted.deadline > std::time::Instant::now());
}

#[test]
fn a_failure_of_the_document_reaches_the_page() {
    let daemon = TestDaemon::new(|_, _, to_page| {
        to_page
            .send(FromWorker::Error(Code::AccessDataWrong))
            .unwrap();
    });
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    assert_eq!(page.failed(), ("access_data_wrong".into(), 1000));
}

/// So where a panic unwinds, as in these tests. The program for desktops ends, and the socket that systemd holds starts another
/// for the next page.
#[test]
fn a_worker_that_fails_leaves_the_daemon_alive() {
    let daemon = TestDaemon::new(|request, _, _| {
        assert_ne!(
            request.request.claims().jti.as_array()[0],
            1,
            "the worker of the first login fails"
        );
    });
    for id in [1, 2] {
        let mut page = daemon.page();
        page.start(&request(id));
        page.accepted();
        assert_eq!(page.failed(), ("internal".into(), 4499));
    }
}

#[test]
fn cancelling_reaches_the_worker() {
    let (sender, ends) = mpsc::channel();
    let daemon = TestDaemon::new(move |_, from_page: Inbox, _| {
        let (woken, wakes) = mpsc::channel();
        from_page.set_interrupt(move || {
            let _ = woken.send(());
        });
        if !from_page.is_cancelled() {
            wakes.recv().unwrap();
        }
        assert!(from_page.is_cancelled());
        sender
            .send(matches!(from_page.receive(), Ok(ToWorker::Cancel)))
            .unwrap();
    });
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    page.send(r#"{"type":"cancel"}"#);
    assert_eq!(page.receive(), DaemonMessage::Finished);
    assert_eq!(page.closed(), (1000, "cancelled".into()));
    assert!(ends.recv().unwrap());
}

#[test]
fn one_login_at_a_time() {
    let daemon = TestDaemon::new(idle);
    let mut first = daemon.page();
    first.start(&request(1));
    first.accepted();
    let mut second = daemon.page();
    second.start(&request(2));
    assert_eq!(second.failed(), ("busy".into(), 4409));
    // Being told `busy` has not used the request up.
    first.cancel();
    let mut second = daemon.page();
    second.start(&request(2));
    second.accepted();
    second.cancel();
    assert_eq!(daemon.runs(), 2);
}

#[test]
fn a_page_comes_back() {
    let daemon = TestDaemon::new(read_and_confirm);
    let (page, session) = up_to_evidence(&daemon, 1);
    drop(page);
    let resume = json!({"type": "resume", "session": session}).to_string();
    let mut page = daemon.page();
    page.send(&resume);
    assert_eq!(page.accepted(), session);
    assert!(matches!(page.receive(), DaemonMessage::State(_)));
    assert_eq!(
        page.receive(),
        DaemonMessage::Evidence {
            sealed: SEALED.into()
        }
    );
    page.send(&command_message(&command_claims(1), 1));
    assert!(matches!(
        page.receive(),
        DaemonMessage::ChipAuthenticationResult { .. }
    ));
    // Coming back on a second socket ends the first.
    let mut other = daemon.page();
    other.send(&resume);
    assert_eq!(other.accepted(), session);
    assert_eq!(page.failed(), ("connection_lost".into(), 1000));
    assert!(matches!(other.receive(), DaemonMessage::State(_)));
    assert!(matches!(
        other.receive(),
        DaemonMessage::ChipAuthenticationResult { .. }
    ));
    other.send(&finish("accepted"));
    assert_eq!(other.receive(), DaemonMessage::Finished);
    assert_eq!(daemon.runs(), 1);
    // Over is over.
    let mut late = daemon.page();
    late.send(&resume);
    assert_eq!(late.failed(), ("session_unknown".into(), 4401));
}

#[test]
fn a_page_does_not_come_back_for_ever() {
    let daemon = TestDaemon::new(read_and_confirm);
    let (page, session) = up_to_evidence(&daemon, 1);
    drop(page);
    let resume = json!({"type": "resume", "session": session}).to_string();
    for _ in 0..16 {
        let mut page = daemon.page();
        page.send(&resume);
        page.accepted();
    }
    let mut page = daemon.page();
    page.send(&resume);
    assert_eq!(page.failed(), ("too_many_messages".into(), 4400));
}

#[test]
fn nobody_else_comes_back() {
    let daemon = TestDaemon::new(read_and_confirm);
    let (_page, session) = up_to_evidence(&daemon, 1);
    let resume = |session: &str| json!({"type": "resume", "session": session}).to_string();
    for (origin, session) in [
        (SECOND_ORIGIN, session.as_str()),
        (TEST_ORIGIN, session.as_str()),
        (ORIGIN, &encode(&[0; 32])),
    ] {
        let mut page = daemon.page_of(origin);
        page.send(&resume(session));
        assert_eq!(page.failed(), ("session_unknown".into(), 4401));
    }
}

#[test]
fn an_abandoned_login_gives_way() {
    let (sender, ends) = mpsc::channel();
    let daemon = TestDaemon::new(move |_, from_page: Inbox, _| {
        sender
            .send(matches!(from_page.receive(), Ok(ToWorker::Cancel)))
            .unwrap();
    });
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    drop(page);
    // The daemon sees the end of the first socket when it sees it: until then it says `busy`, which uses nothing up.
    loop {
        let mut page = daemon.page();
        page.start(&request(2));
        match page.receive() {
            DaemonMessage::Accepted { .. } => {
                page.cancel();
                break;
            }
            DaemonMessage::Error(error) => assert_eq!(error.code, Code::Busy),
            other => panic!("{other:?}"),
        }
    }
    assert!(ends.recv().unwrap());
    assert_eq!(daemon.runs(), 2);
}

/// The time of the request ends the login, also while nobody says anything.
#[test]
fn the_request_s_time_ends_the_login() {
    let daemon = TestDaemon::new(idle);
    daemon.set_clock(NOW + 299);
    let mut page = daemon.page();
    page.start(&request(1));
    assert!(matches!(
        page.receive(),
        DaemonMessage::Accepted {
            expires_in: 0..=1,
            ..
        }
    ));
    assert_eq!(page.failed(), ("session_timed_out".into(), 4408));
}

#[test]
fn commands_that_are_not_of_this_login() {
    type Change = fn(&mut Value);
    let changes: [(&str, u8, Change); 8] = [
        ("another key", 2, |_| {}),
        ("key of another trusted server", 5, |_| {}),
        ("another request", 1, |c| {
            c["jti"] = json!(encode(&[99; 32]))
        }),
        ("another origin", 1, |c| c["aud"] = json!(SECOND_ORIGIN)),
        ("another server", 1, |c| c["iss"] = json!("test.example")),
        ("other evidence", 1, |c| {
            c["evidence"] = json!(encode(&[0; 32]))
        }),
        ("a long life", 1, |c| c["exp"] = json!(NOW + 61)),
        ("before the request", 1, |c| c["iat"] = json!(NOW - 1)),
    ];
    let (sender, commands) = mpsc::channel();
    let daemon = TestDaemon::new(move |_, from_page: Inbox, to_page: Outbox| {
        to_page.send(state(Step::Reading)).unwrap();
        to_page.send(FromWorker::Evidence(SEALED.into())).unwrap();
        sender
            .send(matches!(from_page.receive(), Ok(ToWorker::Cancel)))
            .unwrap();
    });
    for (id, (name, seed, change)) in (1..).zip(changes) {
        let (mut page, _) = up_to_evidence(&daemon, id);
        let mut claims = command_claims(id);
        change(&mut claims);
        page.send(&command_message(&claims, seed));
        assert_eq!(page.failed(), ("command_refused".into(), 4401), "{name}");
        assert!(
            commands.recv().unwrap(),
            "{name}: the worker hears of the end only"
        );
    }
}

/// A second trusted server makes a good request of its own, for its own page, and gives it the first one's key for the
/// evidence (`claims` have no other). So the first one can open what the chip says, and answers: nobody, in that login.
#[test]
fn commands_of_the_first_server_in_a_login_of_the_second() {
    type Change = fn(&mut Value);
    let for_its_page: Change = |claims| claims["aud"] = json!(TEST_ORIGIN);
    let of_its_own: Change = |claims| {
        claims["iss"] = json!("test.example");
        claims["aud"] = json!(TEST_ORIGIN);
    };
    let daemon = TestDaemon::new(read_and_confirm);
    let commands: [(&str, u8, Change, bool); 6] = [
        ("the first one's", 1, |_| {}, false),
        ("the first one's for this page", 1, for_its_page, false),
        ("its words, signed by the second", 5, |_| {}, false),
        ("its name, signed by the second", 5, for_its_page, false),
        (
            "the second one's words, signed by the first",
            1,
            of_its_own,
            false,
        ),
        // The others are refused for what they are, and not for what is around them.
        ("the second one's", 5, of_its_own, true),
    ];
    for (id, (name, seed, change, is_taken)) in (1..).zip(commands) {
        let mut relayed = claims(id);
        of_its_own(&mut relayed);
        let mut page = daemon.page_of(TEST_ORIGIN);
        page.start(&sign(&header("rda-request+jwt"), &relayed, &key(5)));
        page.accepted();
        assert!(matches!(page.receive(), DaemonMessage::State(_)));
        assert!(matches!(page.receive(), DaemonMessage::Evidence { .. }));
        let mut command = command_claims(id);
        change(&mut command);
        page.send(&command_message(&command, seed));
        if is_taken {
            let answer = page.receive();
            assert!(
                matches!(answer, DaemonMessage::ChipAuthenticationResult { .. }),
                "{name}: {answer:?}"
            );
        } else {
            assert_eq!(page.failed(), ("command_refused".into(), 4401), "{name}");
        }
    }
}

#[test]
fn messages_out_of_turn() {
    let daemon = TestDaemon::new(idle);
    let good = command_message(&command_claims(1), 1);
    for first in [
        &*finish("accepted"),
        &finish("refused"),
        &good,
        r#"{"type":"cancel"}"#,
    ] {
        let mut page = daemon.page();
        page.send(first);
        assert_eq!(
            page.failed(),
            ("message_unexpected".into(), 4400),
            "{first}"
        );
    }
    assert_eq!(daemon.runs(), 0);
    let unexpected = [
        start(&request(50)),
        json!({"type": "resume", "session": encode(&[0; 32])}).to_string(),
        good,
        finish("accepted"),
    ];
    for (id, message) in (1..).zip(unexpected) {
        let mut page = daemon.page();
        page.start(&request(id));
        page.accepted();
        page.send(&message);
        assert_eq!(
            page.failed(),
            ("message_unexpected".into(), 4400),
            "{message}"
        );
    }
}

#[test]
fn a_second_command_is_out_of_turn() {
    let daemon = TestDaemon::new(read_and_confirm);
    let (mut page, _) = up_to_evidence(&daemon, 1);
    page.send(&command_message(&command_claims(1), 1));
    assert!(matches!(
        page.receive(),
        DaemonMessage::ChipAuthenticationResult { .. }
    ));
    let mut other = command_claims(1);
    other["key_id"] = json!(1);
    page.send(&command_message(&other, 1));
    assert_eq!(page.failed(), ("message_unexpected".into(), 4400));
}

#[test]
fn messages_that_are_none() {
    let daemon = TestDaemon::new(idle);
    for bad in [
        "",
        "{}",
        "[]",
        "start",
        r#"{"type":"transmit","apdu":"00A4040C"}"#,
        r#"{"type":"start","type":"cancel"}"#,
        r#"{"type":"start","request":"x","request":"y"}"#,
        r#"{"type":"start"}"#,
        r#"{"type":"start","request":{"x":1}}"#,
        r#"{"type":"start","request":"x","access":{"can":"12345"}}"#,
        "\u{0}",
    ] {
        let mut page = daemon.page();
        page.send(bad);
        assert_eq!(page.failed(), ("message_malformed".into(), 4400), "{bad}");
    }
    assert_eq!(daemon.runs(), 0);
}
