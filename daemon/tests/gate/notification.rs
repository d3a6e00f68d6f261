//! The notification, by the daemon's own process inside its sandbox, on a message bus of the test's own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use icao::simulator::Profile;
use protocol::messages::{DaemonMessage, Step};
use rda::notification::message::{Call, Header, Incoming, Kind, Value};
use serde_json::json;
use tempfile::TempDir;

use crate::support::*;

/// A child that ends with the test.
pub(crate) struct Killed(Child);

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
pub(crate) struct Desktop(UnixStream);

pub(crate) struct Message {
    read: Incoming,
    serial: u32,
    octets: Vec<u8>,
}

impl Desktop {
    /// The desktop's own program.
    pub(crate) fn on(bus: &Path) -> Self {
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
    pub(crate) fn called(&mut self, member: &str) -> Message {
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
    pub(crate) fn number(&mut self, call: &Message, number: u32) {
        let caller = call.read.sender.clone().unwrap();
        self.send(
            2,
            &[(6, "s", &caller)],
            Some(call.serial),
            ("u", &number.to_le_bytes()),
        );
    }

    /// The citizen presses the button.
    pub(crate) fn press(&mut self, number: u32, action: &str) {
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
pub(crate) fn start_bus(folder: &Path) -> Option<(Killed, PathBuf, String)> {
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
