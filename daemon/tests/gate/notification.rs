//! The notification, by the daemon's own process inside its sandbox, on a message bus of the test's own; and in this process,
//! where the chip can be held.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use icao::lds::{DataGroup, FileId};
use icao::simulator::{Profile, SimulatedLink};
use icao::transport::{Limits, Transport, TransportError};
use protocol::encoding::encode;
use protocol::error::Code;
use protocol::evidence::Evidence;
use protocol::jwe;
use protocol::jws::KeyId;
use protocol::messages::{DaemonMessage, Step};
use protocol::request::Request;
use rda::login_session::LoginWorker;
use rda::notification::message::{Call, Header, Incoming, Kind, Value};
use rda::reader::{Cancel, DocumentLink, DocumentSource, ReaderError};
use rda::session::Worker;
use serde_json::json;
use tempfile::TempDir;

use crate::command;
use crate::support::*;

/// A child that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Killed {
    fn first_line(&mut self) -> (String, BufReader<std::process::ChildStdout>) {
        let mut stdout = BufReader::new(self.0.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        (line.trim().to_owned(), stdout)
    }
}

/// A program on the bus that shows notifications, as far as a test needs it: what it gets it keeps as it came.
struct Desktop(UnixStream);

struct Message {
    read: Incoming,
    serial: u32,
    octets: Vec<u8>,
}

impl Desktop {
    /// The desktop's own program.
    fn on(bus: &Path) -> Self {
        let mut desktop = Self::on_without_name(bus);
        let name = Call::to_bus("RequestName")
            .with(Value::Text("org.freedesktop.Notifications".into()))
            .with(Value::Number(0));
        desktop.0.write_all(&name.to_bytes(2).unwrap()).unwrap();
        while desktop.receive().read.reply_to != Some(2) {}
        desktop
    }

    /// Any program of this user.
    fn on_without_name(bus: &Path) -> Self {
        let mut stream = UnixStream::connect(bus).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // 30 is the digit 0: root. Any other user's number goes in the same way.
        let user = rustix::process::getuid().as_raw().to_string();
        let user: String = user.bytes().map(|digit| format!("{digit:02x}")).collect();
        write!(stream, "\0AUTH EXTERNAL {user}\r\n").unwrap();
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet).unwrap();
            line.extend(octet);
        }
        assert!(line.starts_with(b"OK "));
        stream.write_all(b"BEGIN\r\n").unwrap();
        let hello = Call::to_bus("Hello").to_bytes(1).unwrap();
        stream.write_all(&hello).unwrap();
        let mut desktop = Self(stream);
        while desktop.receive().read.reply_to != Some(1) {}
        desktop
    }

    fn receive(&mut self) -> Message {
        let mut start = [0; Header::FIXED];
        self.0.read_exact(&mut start).unwrap();
        let header = Header::parse(&start).unwrap();
        let mut rest = vec![0; header.rest()];
        self.0.read_exact(&mut rest).unwrap();
        Message {
            read: header.complete(&rest).unwrap(),
            serial: u32::from_le_bytes(start[8..12].try_into().unwrap()),
            octets: rest,
        }
    }

    /// The next call of this method.
    fn called(&mut self, member: &str) -> Message {
        loop {
            let message = self.receive();
            if message.read.kind == Kind::Call && message.read.member.as_deref() == Some(member) {
                return message;
            }
        }
    }

    fn send(
        &mut self,
        kind: u8,
        fields: &[(u8, &str, &str)],
        reply_to: Option<u32>,
        body: (&str, &[u8]),
    ) {
        let align =
            |octets: &mut Vec<u8>, to: usize| octets.resize(octets.len().next_multiple_of(to), 0);
        let mut header = Vec::new();
        for (code, kind, text) in fields {
            align(&mut header, 8);
            header.extend([*code, 1, kind.as_bytes()[0], 0]);
            header.extend((text.len() as u32).to_le_bytes());
            header.extend(text.as_bytes());
            header.push(0);
        }
        if let Some(serial) = reply_to {
            align(&mut header, 8);
            header.extend(*b"\x05\x01u\0");
            header.extend(serial.to_le_bytes());
        }
        align(&mut header, 8);
        header.extend([8, 1, b'g', 0, body.0.len() as u8]);
        header.extend(body.0.as_bytes());
        header.push(0);
        let mut message = vec![b'l', kind, 1, 1];
        message.extend((body.1.len() as u32).to_le_bytes());
        message.extend(7u32.to_le_bytes());
        message.extend((header.len() as u32).to_le_bytes());
        message.extend(header);
        align(&mut message, 8);
        message.extend(body.1);
        self.0.write_all(&message).unwrap();
    }

    /// Gives the notification its number.
    fn number(&mut self, call: &Message, number: u32) {
        let caller = call.read.sender.clone().unwrap();
        self.send(
            2,
            &[(6, "s", &caller)],
            Some(call.serial),
            ("u", &number.to_le_bytes()),
        );
    }

    /// The citizen presses the button.
    fn press(&mut self, number: u32, action: &str) {
        let mut body = number.to_le_bytes().to_vec();
        body.extend((action.len() as u32).to_le_bytes());
        body.extend(action.as_bytes());
        body.push(0);
        let fields = [
            (1, "o", "/org/freedesktop/Notifications"),
            (2, "s", "org.freedesktop.Notifications"),
            (3, "s", "ActionInvoked"),
        ];
        self.send(4, &fields, None, ("us", &body));
    }
}

/// A bus of the test's own, its socket, and its address as programs are told; `None` where there is none to start.
fn start_bus(folder: &Path) -> Option<(Killed, PathBuf, String)> {
    if !Path::new("/usr/bin/dbus-daemon").exists() {
        assert!(std::env::var_os("CI").is_none(), "dbus-daemon is missing");
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT TESTED: notifications. It needs: apt-get install dbus-daemon"
        );
        return None;
    }
    let bus = folder.join("bus");
    let mut bus_daemon = Killed(
        Command::new("/usr/bin/dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address=unix:path={}", bus.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let (address, _) = bus_daemon.first_line();
    Some((bus_daemon, bus, address))
}

struct Scene {
    _bus: Killed,
    _daemon: Killed,
    _said: BufReader<std::process::ChildStdout>,
    desktop: Desktop,
    port: u16,
    bus: PathBuf,
    folder: TempDir,
}

impl Scene {
    fn page(&self) -> Page {
        Page::open(([127, 0, 0, 1], self.port).into(), ORIGIN)
    }

    /// The daemon's log so far. A line of what has led to a message is there when the message comes.
    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprint!("{}", self.log());
        }
    }
}

/// A bus, a desktop on it, and a daemon with a document; `None` where there is no bus to start.
fn scene() -> Option<Scene> {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let (bus_daemon, bus, address) = start_bus(path)?;
    write_trust(
        &path.join("servers.d"),
        &trust_file("login.example", 1, &[ORIGIN], false),
    );
    std::fs::create_dir(path.join("work")).unwrap();
    let desktop = Desktop::on(&bus);
    let mut daemon = Killed(
        Command::new(env!("CARGO_BIN_EXE_rda"))
            .args([
                "daemon",
                "--port",
                "0",
                "--simulate",
                "nl-passport-2024",
                "--trust",
            ])
            .arg(path.join("servers.d"))
            .env("XDG_RUNTIME_DIR", path)
            .env("HOME", path)
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .env("RDA_LOG", "info")
            .env("NO_COLOR", "1")
            .current_dir(path.join("work"))
            .stdout(Stdio::piped())
            .stderr(File::create(path.join("log")).unwrap())
            .spawn()
            .unwrap(),
    );
    let (line, said) = daemon.first_line();
    let port = line.rsplit_once(':').unwrap().1.parse().unwrap();
    Some(Scene {
        _bus: bus_daemon,
        _daemon: daemon,
        _said: said,
        desktop,
        port,
        bus,
        folder,
    })
}

/// The page's first message: a service of these names asks for the document.
fn start_for(id: u8, names: &serde_json::Value, language: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let mut claims = claims(id);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 300);
    claims["service"] = names.clone();
    let request = sign(&header("rda-request+jwt"), &claims, &key(1));
    let holder = Profile::NlPassport2024.holder();
    json!({"type": "start", "request": request, "language": language, "access": {
        "document_number": holder.document_number,
        "date_of_birth": holder.date_of_birth,
        "date_of_expiry": holder.date_of_expiry,
    }})
    .to_string()
}

fn begin(scene: &Scene, language: &str) -> Page {
    let names = json!({"en": "Specimen <b>service</b> & sons", "nl": "Voorbeelddienst"});
    let mut page = scene.page();
    page.send(&start_for(1, &names, language));
    page.accepted();
    page
}

fn until_evidence(page: &mut Page) {
    while !matches!(page.receive(), DaemonMessage::Evidence { .. }) {}
}

fn contains(message: &Message, text: &str) -> bool {
    message
        .octets
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn the_citizen_sees_who_asks_and_can_refuse() {
    let Some(mut scene) = scene() else { return };
    let mut page = begin(&scene, "nl");
    let shown = scene.desktop.called("Notify");
    for text in [
        "Voorbeelddienst",
        ORIGIN,
        "EF.SOD, DG14, DG15",
        "DG1",
        "Weigeren",
        "refuse",
    ] {
        assert!(contains(&shown, text), "{text}");
    }
    scene.desktop.number(&shown, 42);
    until_evidence(&mut page);
    // A button of another notification, another action, and another program's word count nothing.
    scene.desktop.press(41, "refuse");
    scene.desktop.press(42, "default");
    Desktop::on_without_name(&scene.bus).press(42, "refuse");
    scene.desktop.press(42, "refuse");
    loop {
        match page.receive() {
            DaemonMessage::State(state) => assert_eq!(state.state, Step::WaitingForServer),
            DaemonMessage::Error(error) => {
                assert_eq!(error.code.symbol(), "refused_by_citizen");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(page.closed(), (1000, "refused_by_citizen".into()));
}

#[test]
fn a_login_that_ends_takes_its_notification_back() {
    let Some(mut scene) = scene() else { return };
    let mut page = begin(&scene, "en");
    let shown = scene.desktop.called("Notify");
    assert!(contains(&shown, "Specimen ‹b›service‹/b› + sons") && contains(&shown, "Refuse"));
    until_evidence(&mut page);
    page.send(r#"{"type":"finish","outcome":"accepted"}"#);
    // The desktop is slow, and gives the number when the login is over.
    while !matches!(page.receive(), DaemonMessage::Finished) {}
    scene.desktop.number(&shown, 7);
    let closed = scene.desktop.called("CloseNotification");
    assert!(closed.octets.ends_with(&7u32.to_le_bytes()));
}

/// What a server calls its service is shown and logged word for word, less the three letters of markup, and is nothing else
/// anywhere; and what would begin a line of its own comes no further than the gate.
#[test]
fn words_of_a_hostile_server_stay_words() {
    let Some(mut scene) = scene() else { return };
    for (id, name) in (1..).zip(HOSTILE_NAMES) {
        let before = scene.log().lines().count();
        let mut page = scene.page();
        page.send(&start_for(id, &json!({ "en": name }), "en"));
        page.accepted();
        let shown = scene.desktop.called("Notify");
        scene.desktop.number(&shown, id.into());
        let plain = name.replace('&', "+").replace('<', "‹").replace('>', "›");
        let first_lines = format!("{plain}\n{ORIGIN}\nThis is read:");
        assert!(contains(&shown, &first_lines), "{name}");
        assert!(plain == name || !contains(&shown, name), "{name}");
        until_evidence(&mut page);
        page.send(r#"{"type":"finish","outcome":"accepted"}"#);
        while !matches!(page.receive(), DaemonMessage::Finished) {}
        scene.desktop.called("CloseNotification");
        let log = scene.log();
        let said: Vec<&str> = log.lines().skip(before).collect();
        let [accepted, opened] = said[..] else {
            panic!("{name}: {said:#?}");
        };
        // In quotes, with those of the name escaped: it is one value, and the origin the page's.
        let who = format!("login accepted service={name:?} origin={ORIGIN} ");
        assert!(accepted.contains(&who), "{accepted}");
        assert!(opened.contains("the chip is open"), "{opened}");
    }
    for control in HOSTILE_CONTROLS {
        let before = scene.log().lines().count();
        let mut page = scene.page();
        page.send(&start_for(100, &json!({ "en": control }), "en"));
        assert_eq!(page.failed().0, "request_invalid", "{control:?}");
        let log = scene.log();
        let said: Vec<&str> = log.lines().skip(before).collect();
        assert!(
            matches!(said[..], [line] if line.contains("request refused")),
            "{control:?}: {said:#?}"
        );
    }
    assert!(!scene.log().contains('\u{1b}'), "{}", scene.log());
    nothing_is_pwned(scene.folder.path());
}

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

/// When the chip is held.
#[derive(Clone, Copy)]
enum Moment {
    /// When it has the first command like this, and has not answered yet.
    Command(fn(&[u8]) -> bool),
    /// While the server thinks about the evidence.
    ServerThinks,
}

/// A document whose chip waits twice at the barrier: to be seen there, and to be let go.
struct Card {
    link: SimulatedLink,
    sent: Arc<AtomicUsize>,
    moment: Moment,
    barrier: Option<Arc<Barrier>>,
}

impl Card {
    fn hold(&mut self) {
        if let Some(barrier) = self.barrier.take() {
            barrier.wait();
            barrier.wait();
        }
    }
}

impl Transport for Card {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        if let Moment::Command(is_meant) = self.moment
            && is_meant(command)
        {
            self.hold();
        }
        self.link.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.link.reset()
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

impl DocumentLink for Card {
    fn reader_name(&self) -> &str {
        "Reader 00 00"
    }

    fn dismiss(&mut self) {}

    fn keep_alive(&mut self) {
        if matches!(self.moment, Moment::ServerThinks) {
            self.hold();
        }
    }
}

/// A reader on which one document lies.
struct OneCard {
    card: Option<Card>,
    cancel: Cancel,
}

impl DocumentSource for OneCard {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        match self.card.take() {
            Some(card) => Ok(Box::new(card)),
            None => {
                self.cancel.wait();
                Err(ReaderError::Cancelled)
            }
        }
    }
}

/// A login in this process, with a chip that can be held, and its notification.
struct Reading<'d> {
    daemon: TestDaemon,
    page: Page,
    session: String,
    request: String,
    desktop: &'d mut Desktop,
    barrier: Arc<Barrier>,
    sent: Arc<AtomicUsize>,
    returned: mpsc::Receiver<()>,
}

impl<'d> Reading<'d> {
    const NUMBER: u32 = 42;

    fn begin(desktop: &'d mut Desktop, moment: Moment) -> Self {
        let profile = Profile::PaceP256;
        let (barrier, sent) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
        let worker = LoginWorker::new(Box::new({
            let (barrier, sent) = (Arc::clone(&barrier), Arc::clone(&sent));
            move |cancel, _| {
                let card = Card {
                    link: SimulatedLink::new(profile.chip(b"chip").unwrap()),
                    sent: Arc::clone(&sent),
                    moment,
                    barrier: Some(Arc::clone(&barrier)),
                };
                Box::new(OneCard {
                    card: Some(card),
                    cancel,
                })
            }
        }))
        .with_keep_alive(Duration::from_millis(1));
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
            barrier,
            sent,
            returned,
        }
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

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    /// Lets the chip go, and waits until the login has left it.
    fn let_go(&self) {
        self.barrier.wait();
        self.returned
            .recv_timeout(Duration::from_secs(60))
            .expect("the login leaves the chip");
    }
}

/// While the document is opened, and while it is read: the command that the chip has is the last, and no evidence leaves.
#[test]
fn a_refusal_ends_the_reading() {
    let Some(bus) = in_a_process_with_a_bus("notification::a_refusal_ends_the_reading") else {
        return;
    };
    let mut desktop = Desktop::on(&bus);
    type IsMeant = fn(&[u8]) -> bool;
    let moments: [(Step, IsMeant); 2] = [
        // PACE, and the first file under secure messaging.
        (Step::Opening, |command| matches!(command, [0x10, 0x86, ..])),
        (Step::Reading, |command| matches!(command, [0x0C, 0xB0, ..])),
    ];
    for (step, is_meant) in moments {
        let mut reading = Reading::begin(&mut desktop, Moment::Command(is_meant));
        reading.until(step);
        reading.barrier.wait();
        let sent = reading.sent();
        reading.refuse();
        reading.let_go();
        assert_eq!(reading.sent(), sent, "{step:?}");
    }
}

/// After the evidence has left, a refusal still keeps the server's command from the chip, also from a page that comes back.
#[test]
fn a_refusal_after_the_evidence_keeps_the_command_from_the_chip() {
    const THIS: &str = "notification::a_refusal_after_the_evidence_keeps_the_command_from_the_chip";
    let Some(bus) = in_a_process_with_a_bus(THIS) else {
        return;
    };
    let mut desktop = Desktop::on(&bus);

    // A command like this is one that the chip obeys.
    let mut reading = Reading::begin(&mut desktop, Moment::ServerThinks);
    let sealed = reading.evidence();
    reading.barrier.wait();
    let sent = reading.sent();
    let command = reading.command(&sealed);
    reading.page.send(&command);
    reading.barrier.wait();
    loop {
        match reading.page.receive() {
            DaemonMessage::State(_) => {}
            DaemonMessage::ChipAuthenticationResult { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(reading.sent() > sent);
    drop(reading);

    let mut reading = Reading::begin(&mut desktop, Moment::ServerThinks);
    let sealed = reading.evidence();
    // Held here, the login is not over yet when the page comes back.
    reading.barrier.wait();
    let sent = reading.sent();
    reading.refuse();
    let mut again = reading.daemon.page();
    again.send(&json!({"type": "resume", "session": reading.session}).to_string());
    assert_eq!(again.accepted(), reading.session);
    again.send(&reading.command(&sealed));
    // The answer to a ping comes after what was said before it was heard.
    again.send_ping();
    while let Some(message) = again.receive_any() {
        let known = matches!(
            message,
            DaemonMessage::State(_) | DaemonMessage::Evidence { .. }
        );
        assert!(known, "{message:?}");
    }
    reading.let_go();
    assert_eq!(reading.sent(), sent);
    loop {
        match again.receive() {
            DaemonMessage::State(_) | DaemonMessage::Evidence { .. } => {}
            DaemonMessage::Error(error) => {
                assert_eq!(error.code, Code::ConnectionLost);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}
