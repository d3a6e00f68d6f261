//! Measures the daemon on a citizen's computer: its size, its memory, and how long a page waits for the first word of a daemon
//! that was not running. Beside it AusweisApp2 where it is installed, by the same definition: from the start of the program to
//! its first answer over its WebSocket. Times by the clock are lengthened by whatever else the computer does; what the starts take
//! of a core is told beside them.
//!
//! The daemon is started as systemd does it, with a connection waiting at its socket; its first word is `accepted`, after the
//! gate has let the page in and checked a signed request. Memory in a login is the most that a whole login with a document on
//! a virtual reader needed; of the other program, which has no document here, it is not known.

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use hardware_tests::desk;
use hardware_tests::need;
use hardware_tests::page::{Event, Page, Socket, Typed, Verdict};
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::site::{self, Link, PASSWORD, Programs, Site};
use hardware_tests::usage;
use icao::simulator::Profile;
use p256::ecdsa::SigningKey;
use protocol::jwk::PublicJwk;
use protocol::jws;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tungstenite::client::IntoClientRequest as _;

/// Starts that are measured; the median is told.
const STARTS: usize = 50;
/// Logins in a row.
const LOGINS: usize = 200;
/// How long the wait for a document is looked at.
const LOOK: Duration = Duration::from_secs(30);
/// Fewer for a program that takes seconds.
const FOREIGN_STARTS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(30);
const ORIGIN: &str = "https://login.example";
const AUSWEISAPP: &str = "/usr/bin/AusweisApp2";
/// Its port, which it takes for itself alone.
const AUSWEISAPP_PORT: u16 = 24727;

/// Measures start and memory of the daemon.
#[derive(Parser)]
struct Arguments {
    /// One line of JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// The daemon, as it is shipped; otherwise the one built beside this program, which has simulated documents in it.
    #[arg(long, value_name = "PROGRAM")]
    daemon: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure-desktop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let desk = Desk::new(match &arguments.daemon {
        Some(program) => program.clone(),
        None => need::program("rda")?,
    })?;
    let begun = usage::processor_of_children()?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(desk.start()?);
    }
    let processor = usage::processor_of_children()? - begun;
    let ours = summary(
        &starts,
        processor,
        size(&desk.program)?,
        desk.idle_memory()?,
        logins(&desk.program)?,
    );
    let found = json!({ "rda": ours, "ausweisapp2": ausweisapp()? });
    if arguments.json {
        println!("{found}");
        return Ok(());
    }
    println!(
        "program       size, KiB  starts  start to first answer, ms (median, worst; mean, ms of a core)  memory idle, KiB  most in a login, KiB"
    );
    for name in ["rda", "ausweisapp2"] {
        let row = &found[name];
        if row.is_null() {
            println!("{name:13} not installed here (Debian: apt-get install ausweisapp2)");
            continue;
        }
        println!(
            "{name:13} {:>9}  {:>6}  {:>24} {:>16} {:>15}  {:>16}  {:>20}",
            row["size_kib"].to_string(),
            row["starts"].to_string(),
            row["median_ms"].to_string(),
            row["worst_ms"].to_string(),
            row["processor_ms"].to_string(),
            row["idle_kib"].to_string(),
            row["logins"]["most_in_one_kib"].to_string(),
        );
    }
    let logins = &found["rda"]["logins"];
    if !logins.is_null() {
        println!(
            "after {} logins {} KiB; in {} s of waiting for a document {} wake-ups",
            logins["logins"], logins["after_kib"], logins["waited_s"], logins["wakes"]
        );
    }
    Ok(())
}

fn size(program: &Path) -> Result<u64> {
    let length = std::fs::metadata(program).with_context(|| program.display().to_string())?;
    Ok(length.len().div_ceil(1024))
}

/// `processor` is what all starts took of a core.
fn summary(starts: &[Duration], processor: Duration, size: u64, idle: u64, logins: Value) -> Value {
    let mut times: Vec<f64> = starts
        .iter()
        .map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0)
        .collect();
    times.sort_by(f64::total_cmp);
    json!({
        "size_kib": size,
        "starts": starts.len(),
        "median_ms": times.get(times.len() / 2),
        "worst_ms": times.last(),
        "processor_ms": (processor.as_secs_f64() * 10_000.0 / starts.len() as f64).round() / 10.0,
        "idle_kib": idle,
        "logins": logins,
    })
}

/// A daemon's folders, and a login server that is no more than a key.
struct Desk {
    folder: tempfile::TempDir,
    key: SigningKey,
    program: PathBuf,
}

impl Desk {
    fn new(program: PathBuf) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = SigningKey::from_slice(&[7; 32])?;
        let trust = json!({
            "id": "login.example",
            "name": { "en": "Specimen" },
            "origins": [ORIGIN],
            "keys": [{ "kid": "k", "jwk": PublicJwk::from(key.verifying_key()) }],
        });
        let servers = folder.path().join("servers.d");
        std::fs::create_dir(&servers)?;
        std::fs::write(servers.join("login.example.toml"), trust_toml(&trust)?)?;
        Ok(Self {
            folder,
            key,
            program,
        })
    }

    /// A daemon with this socket, as systemd starts it.
    fn daemon(&self, listener: &TcpListener) -> Result<Running> {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"",
                "sh",
            ])
            .arg(&self.program)
            .args(["daemon", "--trust"])
            .arg(self.folder.path().join("servers.d"))
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("RDA_LOG", "error")
            .stdin(Stdio::from(OwnedFd::from(listener.try_clone()?)))
            .stdout(Stdio::null());
        Ok(Running(command.spawn()?))
    }

    fn request(&self) -> Result<String> {
        let now = now()?;
        let mut jti = [0; 32];
        getrandom::fill(&mut jti).context("no random bytes")?;
        let claims = json!({
            "ver": 1,
            "iss": "login.example",
            "aud": ORIGIN,
            "jti": protocol::encoding::encode(&jti),
            "iat": now,
            "exp": now + 300,
            "service": { "en": "Specimen service" },
            "document": "identity-card",
            "enc": PublicJwk::from(self.key.verifying_key()),
            "access": [{ "mrz_digest": protocol::encoding::encode(&[1; 20]) }],
        });
        let kid = jws::KeyId::try_from("k".to_owned()).context("kid")?;
        Ok(jws::sign(protocol::request::TYP, &kid, &claims, &self.key)?)
    }

    fn start(&self) -> Result<Duration> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let request = self.request()?;
        let page = std::thread::spawn(move || -> Result<(Socket, Value)> {
            let mut socket = Socket::connect(port, ORIGIN)?;
            socket.send(&json!({ "type": "start", "request": request, "language": "en" }))?;
            let first = socket.receive()?;
            Ok((socket, first))
        });
        let began = Instant::now();
        let daemon = self.daemon(&listener)?;
        let Ok(answer) = page.join() else {
            bail!("the page fell over");
        };
        let took = began.elapsed();
        let (_socket, first) = answer?;
        if first["type"] != "accepted" {
            bail!("the first word of the daemon is {first}");
        }
        drop(daemon);
        Ok(took)
    }

    /// After the start, before any page.
    fn idle_memory(&self) -> Result<u64> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let daemon = self.daemon(&listener)?;
        // A stranger is answered once the daemon is ready.
        let mut stream = TcpStream::connect(listener.local_addr()?)?;
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n")?;
        std::io::Read::read_to_end(&mut stream, &mut Vec::new())?;
        usage::figure(daemon.0.id(), "VmRSS")
    }
}

/// What the daemon takes in logins with a document on a virtual reader: the most memory in the first, what is resident after
/// many, both in KiB, and how often one of its threads wakes up while it waits for a document. `null` where there is no pcscd.
fn logins(daemon: &Path) -> Result<Value> {
    const PROFILE: Profile = Profile::NlId2014;
    // An account may try five times an hour.
    let users = |number: usize| format!("{}-{}", PROFILE.name(), number / 5);
    if !need::all("memory in logins", &pcscd::NEEDS)? {
        return Ok(Value::Null);
    }
    let programs = Programs {
        daemon: daemon.to_owned(),
        ..Programs::find()?
    };
    let site = Site::with_crowd(&programs, PROFILE, LOGINS / 5 + 1)?;
    let pcscd = Pcscd::start()?;
    let daemon = site.daemon(&Link::Pcscd(pcscd.socket()))?;
    let chip = desk::lay(PROFILE, pcscd.slot(0), None)?;
    let holder = PROFILE.holder();
    let typed = Typed {
        access: Some(json!({
            "document_number": holder.document_number,
            "date_of_birth": holder.date_of_birth,
            "date_of_expiry": holder.date_of_expiry,
        })),
        ..Typed::default()
    };
    let log_in = |number: usize, on_event: &mut dyn FnMut(&Event)| -> Result<()> {
        let page = Page::log_in(site.origin(), &users(number), PASSWORD)?;
        let ending = page.check(site::kind_name(PROFILE.kind()), &typed, on_event)?;
        if !matches!(ending.verdict, Verdict::Raised(_)) {
            bail!("the login ended with {:?}", ending.verdict);
        }
        Ok(())
    };
    log_in(0, &mut |_| {})?;
    let most = usage::figure(daemon.id(), "VmHWM")?;
    for number in 1..LOGINS {
        log_in(number, &mut |_| {})?;
    }
    let after = usage::figure(daemon.id(), "VmRSS")?;

    drop(chip);
    let (mut woken, mut laid) = (None, None);
    log_in(LOGINS, &mut |event| {
        if !is_waiting(event) || laid.is_some() {
            return;
        }
        // It has said so, and lies down.
        std::thread::sleep(Duration::from_secs(1));
        let before = wakes(daemon.id());
        std::thread::sleep(LOOK);
        let after = wakes(daemon.id());
        woken = before
            .ok()
            .zip(after.ok())
            .map(|(before, after)| after.saturating_sub(before));
        laid = desk::lay(PROFILE, pcscd.slot(0), None).ok();
    })?;
    Ok(json!({
        "most_in_one_kib": most,
        "logins": LOGINS,
        "after_kib": after,
        "waited_s": LOOK.as_secs(),
        "wakes": woken.context("there was no wait for a document")?,
    }))
}

fn is_waiting(event: &Event) -> bool {
    matches!(event, Event::State(state, ..) if ["waiting_for_document", "paused"].contains(&state.as_str()))
}

/// How often the threads of a process went to sleep and were woken again (proc(5): voluntary_ctxt_switches).
fn wakes(process: u32) -> Result<u64> {
    let mut sum = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let status = std::fs::read_to_string(thread?.path().join("status"))?;
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += count
            .context("no count of switches")?
            .trim()
            .parse::<u64>()?;
    }
    Ok(sum)
}

/// A child that does not outlive the measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The other client, if it is there; `null` if not.
fn ausweisapp() -> Result<Value> {
    if !Path::new(AUSWEISAPP).exists() {
        return Ok(Value::Null);
    }
    if TcpStream::connect((Ipv4Addr::LOCALHOST, AUSWEISAPP_PORT)).is_ok() {
        bail!("something listens on port {AUSWEISAPP_PORT}, which {AUSWEISAPP} needs");
    }
    let folder = tempfile::tempdir()?;
    let begun = usage::processor_of_children()?;
    let (mut starts, mut idle) = (Vec::new(), 0);
    for _ in 0..FOREIGN_STARTS {
        let began = Instant::now();
        let mut command = Command::new(AUSWEISAPP);
        command
            .args(["--ui", "websocket", "--no-logfile"])
            .env("QT_QPA_PLATFORM", "offscreen")
            .env("HOME", folder.path())
            .env("XDG_RUNTIME_DIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let program = Running(command.spawn()?);
        let took = loop {
            if began.elapsed() > PATIENCE {
                bail!("{AUSWEISAPP} does not answer");
            }
            if first_answer().is_ok() {
                break began.elapsed();
            }
            // Nothing tells when it listens, so it is asked again: at most this much is added to its time.
            std::thread::sleep(Duration::from_millis(2));
        };
        starts.push(took);
        idle = usage::figure(program.0.id(), "VmRSS")?;
    }
    let processor = usage::processor_of_children()? - begun;
    Ok(summary(
        &starts,
        processor,
        size(Path::new(AUSWEISAPP))?,
        idle,
        Value::Null,
    ))
}

/// Asks for its version over its WebSocket.
fn first_answer() -> Result<()> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, AUSWEISAPP_PORT))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("ws://localhost:{AUSWEISAPP_PORT}/eID-Kernel").into_client_request()?;
    let (mut socket, _) =
        tungstenite::client(request, stream).map_err(|error| anyhow::anyhow!("{error}"))?;
    socket.send(tungstenite::Message::text(r#"{"cmd":"GET_INFO"}"#))?;
    loop {
        if let tungstenite::Message::Text(_) = socket.read()? {
            return Ok(());
        }
    }
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// JSON of strings, arrays and objects is TOML of inline values.
fn trust_toml(file: &Value) -> Result<String> {
    let key = &file["keys"][0];
    let jwk = key["jwk"].as_object().context("jwk")?;
    let jwk: Vec<String> = jwk
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    Ok(format!(
        "id = {}\norigins = {}\nname = {{ en = {} }}\nkeys = [{{ kid = {}, jwk = {{ {} }} }}]\n",
        file["id"],
        file["origins"],
        file["name"]["en"],
        key["kid"],
        jwk.join(", ")
    ))
}
