//! The citizen refuses while a document is read: the login runs in this process, where the chip can be held.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use icao::lds::{DataGroup, FileId};
use icao::simulator::{Profile, SimulatedLink};
use protocol::encoding::encode;
use protocol::error::Code;
use protocol::evidence::Evidence;
use protocol::jwe;
use protocol::jws::KeyId;
use protocol::messages::{DaemonMessage, Step};
use protocol::request::Request;
use rda::session::Worker;
use serde_json::json;
use tempfile::TempDir;

use crate::cards::{Cards, IsMeant, Moment};
use crate::command;
use crate::notification::{Desktop, start_bus};
use crate::support::*;

/// Runs this test once more in a process of its own, with a bus of its own in the environment, where a daemon looks for it; there
/// it gives the bus. What is in the environment holds for all tests of a process.
fn in_a_process_with_a_bus(test: &str) -> Option<PathBuf> {
    const BUS: &str = "RDA_TEST_BUS";
    if let Some(bus) = std::env::var_os(BUS) {
        return Some(bus.into());
    }
    let folder = TempDir::new().unwrap();
    let (_bus, bus, address) = start_bus(folder.path())?;
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(BUS, bus)
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    None
}

/// A login in this process, with a chip that can be held, and its notification.
struct Reading<'d> {
    daemon: TestDaemon,
    page: Page,
    session: String,
    request: String,
    desktop: &'d mut Desktop,
    cards: Arc<Cards>,
    returned: mpsc::Receiver<()>,
}

impl<'d> Reading<'d> {
    const NUMBER: u32 = 42;

    fn begin(desktop: &'d mut Desktop, moment: Moment) -> Self {
        let profile = Profile::PaceP256;
        let card = SimulatedLink::new(profile.chip(b"chip").unwrap());
        let cards = Cards::new(vec![card], Some(moment));
        let worker = cards.worker();
        let (end, returned) = mpsc::channel();
        let daemon = TestDaemon::with_notifications(move |request, from_page, to_page| {
            worker.run(request, from_page, to_page);
            // Nobody listens any more where a test has seen enough.
            let _ = end.send(());
        });
        let mut claims = claims(1);
        let digest = profile.holder().mrz_digest(profile.form());
        claims["access"] = json!([{"mrz_digest": encode(&digest)}]);
        let request = sign(&header("rda-request+jwt"), &claims, &key(1));
        let mut page = daemon.page();
        page.start(&request);
        let session = page.accepted();
        let shown = desktop.called("Notify");
        desktop.number(&shown, Self::NUMBER);
        Self {
            daemon,
            page,
            session,
            request,
            desktop,
            cards,
            returned,
        }
    }

    /// The chip is held while the server thinks. Also the evidence, and how many commands the chip had.
    fn until_the_server_thinks(desktop: &'d mut Desktop) -> (Self, String, usize) {
        let mut reading = Self::begin(desktop, Moment::KeptAlive(1));
        let sealed = reading.evidence();
        reading.cards.wait_until_held();
        let sent = reading.cards.sent();
        (reading, sealed, sent)
    }

    /// The page hears of this step.
    fn until(&mut self, step: Step) {
        loop {
            match self.page.receive() {
                DaemonMessage::State(state) if state.state == step => return,
                DaemonMessage::State(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn evidence(&mut self) -> String {
        loop {
            match self.page.receive() {
                DaemonMessage::Evidence { sealed } => return sealed,
                DaemonMessage::State(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// What the server answers to its evidence: a message that the chip obeys.
    fn command(&self, sealed: &str) -> String {
        let request = Request::reload(&self.request, key(1).verifying_key()).unwrap();
        let secret = p256::SecretKey::from_slice(&[4; 32]).unwrap();
        let evidence: Evidence = jwe::open(sealed, &secret, request.hash()).unwrap();
        let dg1 = FileId::data_group(DataGroup::DG1);
        let (_, claims) = command::answer(&request, &evidence, sealed, dg1);
        let kid = KeyId::try_from("k".to_owned()).unwrap();
        let command = claims.sign(&kid, &key(1)).unwrap();
        json!({"type": "chip_authentication", "command": command}).to_string()
    }

    /// The citizen presses the button: the page hears nothing more than that, and how far the login was.
    fn refuse(&mut self) {
        self.desktop.press(Self::NUMBER, "refuse");
        loop {
            match self.page.receive() {
                DaemonMessage::State(_) => {}
                DaemonMessage::Error(error) => {
                    assert_eq!(error.code, Code::RefusedByCitizen);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(self.page.closed(), (1000, "refused_by_citizen".into()));
    }

    /// Lets the chip go, and waits until the login has left it.
    fn let_go(&self) {
        self.cards.let_go();
        self.returned
            .recv_timeout(Duration::from_secs(60))
            .expect("the login leaves the chip");
    }
}

/// While the document is opened, and while it is read: the command that the chip has is the last, and no evidence leaves.
#[test]
fn a_refusal_ends_the_reading() {
    let Some(bus) = in_a_process_with_a_bus("refusal::a_refusal_ends_the_reading") else {
        return;
    };
    let mut desktop = Desktop::on(&bus);
    let moments: [(Step, IsMeant); 2] = [
        // PACE, and the first file under secure messaging.
        (Step::Opening, |_, command| {
            matches!(command, [0x10, 0x86, ..])
        }),
        (Step::Reading, |_, command| {
            matches!(command, [0x0C, 0xB0, ..])
        }),
    ];
    for (step, is_meant) in moments {
        let mut reading = Reading::begin(&mut desktop, Moment::Command(is_meant));
        reading.until(step);
        reading.cards.wait_until_held();
        let sent = reading.cards.sent();
        reading.refuse();
        reading.let_go();
        assert_eq!(reading.cards.sent(), sent, "{step:?}");
    }
}

/// After the evidence has left, a refusal still keeps the server's command from the chip, also one that is here already; and a page
/// that comes back brings none.
#[test]
fn a_refusal_after_the_evidence_keeps_the_command_from_the_chip() {
    const THIS: &str = "refusal::a_refusal_after_the_evidence_keeps_the_command_from_the_chip";
    let Some(bus) = in_a_process_with_a_bus(THIS) else {
        return;
    };
    let mut desktop = Desktop::on(&bus);

    // A command like this is one that the chip obeys.
    let (mut reading, sealed, sent) = Reading::until_the_server_thinks(&mut desktop);
    let command = reading.command(&sealed);
    reading.page.send(&command);
    reading.cards.let_go();
    loop {
        match reading.page.receive() {
            DaemonMessage::State(_) => {}
            DaemonMessage::ChipAuthenticationResult { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(reading.cards.sent() > sent);
    drop(reading);

    // It waits for the chip when the citizen refuses.
    let (mut reading, sealed, sent) = Reading::until_the_server_thinks(&mut desktop);
    let command = reading.command(&sealed);
    reading.page.send(&command);
    // The answer to a ping comes after what was said before it was heard.
    reading.page.send_ping();
    while let Some(message) = reading.page.receive_any() {
        assert!(matches!(message, DaemonMessage::State(_)), "{message:?}");
    }
    reading.refuse();
    reading.let_go();
    assert_eq!(reading.cards.sent(), sent);
    drop(reading);

    // The chip is held, so that the login is not over yet when the page comes back.
    let (mut reading, sealed, sent) = Reading::until_the_server_thinks(&mut desktop);
    reading.refuse();
    // A page that comes back is sent away with the same word.
    let mut again = reading.daemon.page();
    again.send(&json!({"type": "resume", "session": reading.session}).to_string());
    again.send(&reading.command(&sealed));
    match again.receive() {
        DaemonMessage::Error(error) => assert_eq!(error.code, Code::RefusedByCitizen),
        other => panic!("{other:?}"),
    }
    assert_eq!(again.closed(), (1000, "refused_by_citizen".into()));
    reading.let_go();
    assert_eq!(reading.cards.sent(), sent);
}
