//! What a login leaves behind: in the daemon's memory, in files, in logs, on the socket, and in the system calls that the
//! daemon makes. The document has Chip Authentication, so nothing of its holder may be anywhere but in the chip and at the
//! login server.

use anyhow::{Context as _, Result, bail};
use hardware_tests::desk::{self, Desk};
use hardware_tests::need::{self, Need};
use hardware_tests::page::{Page, Socket, Typed};
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::process::Process;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::access_key::AccessKey;
use icao::crypto::cipher::CipherSuite;
use icao::mrz::AccessFields;
use icao::simulator::Profile;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PROFILE: Profile = Profile::NlPassport2024;

const STRACE: Need = Need {
    file: "/usr/bin/strace",
    packages: "strace",
};

/// What must be nowhere: the words of the document and its holder.
fn marks() -> Vec<(&'static str, Vec<u8>)> {
    let holder = PROFILE.holder();
    let mrz = holder.mrz_information(PROFILE.form());
    let field = |name: &str, value: &str| format!("\"{name}\":\"{value}\"").into_bytes();
    vec![
        ("surname", holder.surname.into()),
        ("given names", holder.given_names.into()),
        (NUMBER, holder.document_number.into()),
        // As the page's message has them: six digits by themselves are found anywhere.
        (BIRTH, field("date_of_birth", holder.date_of_birth)),
        (EXPIRY, field("date_of_expiry", holder.date_of_expiry)),
        (BSN, holder.bsn.into()),
        ("MRZ information", mrz.as_bytes().to_vec()),
    ]
}

const CLAIM: &str = "digest as the claims have it";
const CLAIM_IN_REQUEST: &str = "digest as the text of the request has it";

/// What opens the chip, and must have been wiped: the digest, as octets and as the claims of the request spell it, and what BAC
/// and PACE derive from it (Doc 9303-11, 4.3.3 and 4.4.4.1).
fn access_secrets() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let holder = PROFILE.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    )?;
    let key = AccessKey::Mrz(fields);
    let digest = key.mrz_digest().context("no digest")?;
    Ok(vec![
        ("digest of the access data", digest.to_vec()),
        (CLAIM, protocol::encoding::encode(&*digest).into_bytes()),
        (
            "key of PACE",
            key.pace_password().key(CipherSuite::Aes256).to_vec(),
        ),
        ("seed of BAC", key.bac_seed().context("no seed")?.to_vec()),
    ])
}

/// The keys of so many secure channels, as the chip wrote them down: those that PACE agreed with the daemon, and those that
/// Chip Authentication agreed with the login server, which the daemon never had.
fn keys_of_channels(file: &Path, channels: usize) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut keys = Vec::new();
    for line in fs::read_to_string(file)?.lines() {
        for (name, key) in ["KSEnc", "KSMAC"].into_iter().zip(line.split(' ')) {
            keys.push((name, hex::decode(key)?));
        }
    }
    assert_eq!(keys.len(), 2 * channels, "the chip wrote down others");
    Ok(keys)
}

/// The digest as it stands in the text of the request in the first message of a login, where the request has it: base64url of
/// base64url, without the characters at its ends that its neighbours have a part in.
fn claim_in_request(message: &str) -> Result<Option<Vec<u8>>> {
    let message: Value = serde_json::from_str(message)?;
    let request = message["request"].as_str().context("no request")?;
    let claims = request.split('.').nth(1).context("no claims")?;
    let plain = protocol::encoding::decode(claims)?;
    let secrets = access_secrets()?;
    let (_, digest) = secrets
        .iter()
        .find(|(name, _)| *name == CLAIM)
        .context(CLAIM)?;
    let at = plain
        .windows(digest.len())
        .position(|window| window == digest);
    Ok(at.map(|at| {
        let (from, to) = (at.div_ceil(3) * 4, (at + digest.len()) / 3 * 4);
        claims.as_bytes()[from..to].to_vec()
    }))
}

/// What is typed to open the document.
fn typed_fields() -> Value {
    let holder = PROFILE.holder();
    json!({
        "document_number": holder.document_number,
        "date_of_birth": holder.date_of_birth,
        "date_of_expiry": holder.date_of_expiry,
    })
}

/// What the login server and the page know when a login begins.
#[derive(Clone, Copy, PartialEq)]
enum Opening {
    /// The login server releases the digest.
    Released,
    /// It releases nothing: the page sends what is typed.
    Typed,
}

impl Opening {
    fn site(self) -> Result<Site> {
        match self {
            Self::Released => Site::start(Programs::find()?),
            Self::Typed => Site::with_crowd(&Programs::find()?, PROFILE, 1),
        }
    }

    fn user(self) -> String {
        match self {
            Self::Released => PROFILE.name().to_owned(),
            Self::Typed => format!("{}-0", PROFILE.name()),
        }
    }

    /// What goes over the socket by design: the digest in the request that the page hands over, or what it typed.
    fn is_by_design(self, mark: &str, place: &str) -> bool {
        match self {
            Self::Released => {
                (mark == CLAIM && place == SIGNED_MESSAGE)
                    || (mark == CLAIM_IN_REQUEST && place == MESSAGE)
            }
            Self::Typed => [NUMBER, BIRTH, EXPIRY].contains(&mark) && place == MESSAGE,
        }
    }
}

/// How a login goes.
#[derive(Clone, Copy, PartialEq)]
enum Course {
    /// To the verdict.
    Whole,
    /// The citizen cancels when the document has been read.
    Cancelled,
}

/// Plays the page until the daemon has closed the socket; gives every message that went over it, both ways.
fn log_in(site: &Site, opening: Opening, course: Course) -> Result<Vec<String>> {
    let page = Page::log_in(site.origin(), &opening.user(), PASSWORD)?;
    let (last_four, access) = match opening {
        Opening::Released => (Some(site::last_four(PROFILE).to_owned()), None),
        Opening::Typed => (None, Some(typed_fields())),
    };
    let typed = Typed { last_four, access };
    let request = page.request(site::kind_name(PROFILE.kind()), &typed)?;
    let mut socket = Socket::connect(site.daemon_port(), site.origin())?;
    let mut messages = Vec::new();
    let say = |socket: &mut Socket, messages: &mut Vec<String>, message: Value| {
        messages.push(message.to_string());
        socket.send(&message)
    };
    let start = json!({
        "type": "start", "request": request, "access": typed.access, "language": "en",
    });
    say(&mut socket, &mut messages, start)?;
    loop {
        let message = socket.receive()?;
        messages.push(message.to_string());
        let call = match message["type"].as_str() {
            Some("evidence") if course == Course::Cancelled => {
                say(&mut socket, &mut messages, json!({ "type": "cancel" }))?;
                break;
            }
            Some("evidence") => "evidence",
            Some("chip_authentication_result") => "chip-authentication-result",
            Some("error") => bail!("{message}"),
            Some("finished") => break,
            _ => continue,
        };
        let answer = page.call(call, &json!({ "sealed": message["sealed"] }))?;
        let next = match answer["chip_authentication"].as_str() {
            Some(command) => json!({ "type": "chip_authentication", "command": command }),
            None => {
                assert_eq!(answer["outcome"], "accepted", "{answer}");
                json!({ "type": "finish", "outcome": "accepted" })
            }
        };
        say(&mut socket, &mut messages, next)?;
    }
    socket.until_closed();
    // One thread of the daemon serves all sockets: when it has taken the next one, the last one's memory is free.
    Socket::connect(site.daemon_port(), site.origin())?;
    Ok(messages)
}

const NUMBER: &str = "document number";
const BIRTH: &str = "date of birth";
const EXPIRY: &str = "date of expiry";
const BSN: &str = "BSN";

const MESSAGE: &str = "a message on the socket";
const SIGNED_MESSAGE: &str = "a signed message on the socket";
const MEMORY: &str = "the daemon's memory";
const SERVER_MEMORY: &str = "the login server's memory";

/// Everything in the memory of a process that can be read, each part with where it is. With the search goes the proof that it
/// finds what is there: some words that this process knows.
fn memory(whose: &str, process: u32, known: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let mut parts = Vec::new();
    for line in maps.lines() {
        let mut columns = line.split_whitespace();
        let (range, rights) = columns.next().zip(columns.next()).context("maps")?;
        // What is not written to is the program itself.
        if !rights.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let (from, to) = range.split_once('-').context("maps")?;
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        let mut part = vec![0; usize::try_from(to - from)?];
        if memory.read_exact_at(&mut part, from).is_ok() {
            let kind = line.split_whitespace().nth(5).unwrap_or("no file");
            parts.push((format!("{whose}: {range} ({kind})"), part));
        }
    }
    let found = parts.iter().any(|(_, part)| holds(part, known.as_bytes()));
    assert!(found, "{whose} was not read");
    Ok(parts)
}

fn holds(place: &[u8], mark: &[u8]) -> bool {
    place.windows(mark.len()).any(|window| window == mark)
}

/// All files below a folder but those that the login server has its knowledge from.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.is_file() && !["register.toml", "accounts.toml"].contains(&&*name) {
            found.push((name, fs::read(&path)?));
        }
    }
    Ok(())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

#[test]
fn nothing_of_the_holder_is_in_memory_files_logs_or_messages() -> Result<()> {
    nothing_is_left_of_a_document("the search for personal data", Opening::Released)
}

#[test]
fn nothing_that_was_typed_is_in_memory_files_or_logs() -> Result<()> {
    nothing_is_left_of_a_document("the search for typed data", Opening::Typed)
}

fn nothing_is_left_of_a_document(what: &str, opening: Opening) -> Result<()> {
    if !need::all(what, &pcscd::NEEDS)? {
        return Ok(());
    }
    let site = opening.site()?;
    let mut desk = Desk::with_reader(&site)?;
    let reader = desk.pcscd().context("no pcscd")?.slot(0);
    let folder = tempfile::tempdir()?;
    let session_keys = folder.path().join("session-keys");
    let _chip = desk::lay_named(PROFILE.name(), reader, &[("--session-keys", &session_keys)])?;
    let mut messages = log_in(&site, opening, Course::Whole)?;
    let claim = claim_in_request(&messages[0])?;
    assert_eq!(claim.is_some(), opening == Opening::Released);
    // More, so that what the first left in freed memory has had its chance to be overwritten or found.
    messages.extend(log_in(&site, opening, Course::Cancelled)?);
    messages.extend(log_in(&site, opening, Course::Whole)?);
    // The cancelled one did not come to Chip Authentication.
    let channels = 5;

    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    for message in &messages {
        places.push((MESSAGE.into(), message.clone().into()));
        // What is signed is in base64url, which hides nothing.
        for part in message.split(['.', '"']) {
            if let Ok(plain) = protocol::encoding::decode(part) {
                places.push((SIGNED_MESSAGE.into(), plain));
            }
        }
    }
    files(site.folder(), &mut places)?;
    let log = desk.daemon().said();
    // Who asks for what is there, in words of the daemon's own.
    assert!(
        log.contains("login accepted") && log.contains(site.origin()),
        "{log}"
    );
    places.push(("the daemon's log".into(), log.into()));
    if is_root() {
        places.extend(memory(MEMORY, desk.daemon().id(), site.origin())?);
    } else {
        not_searched(MEMORY);
    }
    let mut wanted = marks();
    wanted.extend(access_secrets()?);
    wanted.extend(keys_of_channels(&session_keys, channels)?);
    wanted.extend(claim.map(|claim| (CLAIM_IN_REQUEST, claim)));
    let found = search(&wanted, &places, |name, place| {
        opening.is_by_design(name, place)
    });
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

#[test]
fn nothing_of_the_chip_is_in_the_memory_of_the_login_server() -> Result<()> {
    if !need::all("the search of the login server's memory", &pcscd::NEEDS)? {
        return Ok(());
    }
    if !is_root() {
        not_searched(SERVER_MEMORY);
        return Ok(());
    }
    let site = Opening::Released.site()?;
    let mut desk = Desk::with_reader(&site)?;
    let reader = desk.pcscd().context("no pcscd")?.slot(0);
    let folder = tempfile::tempdir()?;
    let session_keys = folder.path().join("session-keys");
    let _chip = desk::lay_named(PROFILE.name(), reader, &[("--session-keys", &session_keys)])?;
    log_in(&site, Opening::Released, Course::Whole)?;
    log_in(&site, Opening::Released, Course::Whole)?;
    let places = memory(SERVER_MEMORY, site.server_id(), site.origin())?;
    let mut wanted = marks();
    // The register has the number, and the session has the BSN.
    wanted.retain(|(name, _)| ![NUMBER, BSN].contains(name));
    wanted.extend(access_secrets()?);
    wanted.extend(keys_of_channels(&session_keys, 4)?);
    wanted.push(("password", PASSWORD.into()));
    let found = search(&wanted, &places, |_, _| false);
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

type Named<Name> = Vec<(Name, Vec<u8>)>;

/// Where the marks are, but for those that may be there.
fn search(
    wanted: &Named<&str>,
    places: &Named<String>,
    may_be: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, mark) in wanted {
        for (place, bytes) in places.iter().filter(|(place, _)| !may_be(name, place)) {
            if let Some(at) = bytes.windows(mark.len()).position(|window| window == mark) {
                found.push(format!("{name} in {place} at {at:#x}"));
            }
        }
    }
    found
}

fn not_searched(memory: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "the search of memory needs root"
    );
    println!("NOT TESTED: {memory}. It needs root");
}

/// System calls of a daemon by thread, as strace writes them.
fn traced(site: &Site, pcscd: &Pcscd, folder: &Path) -> Result<Process> {
    let mut command = Command::new("/usr/bin/strace");
    command
        .args([
            "-ff",
            "-e",
            "trace=%file,%network,landlock_restrict_self,execve",
        ])
        .arg("-o")
        .arg(folder.join("calls"))
        // It would outlive a strace that is killed.
        .args(["setpriv", "--pdeathsig", "KILL", "--"])
        .arg(need::program("rda")?)
        .args([
            "daemon",
            "--port",
            &site.daemon_port().to_string(),
            "--trust",
        ])
        .arg(site.folder().join("trust/servers.d"))
        .env("XDG_RUNTIME_DIR", site.folder())
        .env("HOME", folder)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .env("PCSCLITE_CSOCK_NAME", pcscd.socket());
    let mut daemon = Process::start("rda daemon under strace", &command)?;
    daemon.line(Duration::from_secs(60), |line| {
        line.contains("listening on").then_some(())
    })?;
    Ok(daemon)
}

/// What the daemon has learned of readers: their longest APDU (tests of `rda::reader` say what else is not in it).
const LEARNED: &str = "/rda/readers";

#[test]
fn a_login_writes_no_file_and_calls_nobody() -> Result<()> {
    let needs: Vec<&Need> = pcscd::NEEDS.iter().copied().chain([&STRACE]).collect();
    if !need::all("system calls of a login", &needs)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let pcscd = Pcscd::start()?;
    let folder = tempfile::tempdir()?;
    let mut daemon = traced(&site, &pcscd, folder.path())?;
    let _chip = desk::lay(PROFILE, pcscd.slot(0), None)?;
    log_in(&site, Opening::Released, Course::Whole)?;
    drop(daemon.said());
    drop(daemon);

    let mut calls = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        let path = entry?.path();
        if path.is_file() {
            let text = fs::read_to_string(path)?;
            // Before it enters the sandbox the daemon finds its folders and the card library.
            let after = text
                .split_once("landlock_restrict_self")
                .map_or(text.as_str(), |(_, after)| after);
            calls.extend(after.lines().map(str::to_owned));
        }
    }
    let record = site.folder().join("rda/used").display().to_string();
    let learned = folder.path().join(".local/state/rda");
    let socket = pcscd.socket().display().to_string();
    let (mut written, mut connected) = (0, 0);
    // Nor does it try to. (To the kernel it speaks of the page's socket.)
    let tried = calls.iter().find(|call| {
        let outward = ["connect(", "sendto(", "sendmsg(", "bind("];
        call.starts_with("socket(AF_INET")
            || (outward.iter().any(|name| call.starts_with(name))
                && call.contains("sa_family=AF_INET"))
    });
    assert_eq!(tried, None);
    for call in calls.iter().filter(|call| !call.contains(" = -1 ")) {
        let name = call.split('(').next().unwrap_or_default();
        let changes = match name {
            "open" | "openat" | "openat2" | "creat" => ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"]
                .iter()
                .any(|flag| call.contains(flag)),
            "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" | "mkdir" | "mkdirat"
            | "link" | "linkat" | "symlink" | "symlinkat" | "truncate" | "chmod" | "fchmodat"
            | "chown" | "fchownat" | "mknod" | "mknodat" | "execve" => true,
            "connect" => {
                assert!(call.contains("AF_UNIX") && call.contains(&socket), "{call}");
                connected += 1;
                false
            }
            "socket" | "socketpair" => {
                assert!(call.contains("AF_UNIX"), "{call}");
                false
            }
            "bind" | "listen" => bail!("{call}"),
            _ => false,
        };
        if changes {
            assert!(call.contains(&record) || call.contains(LEARNED), "{call}");
            written += 1;
        }
    }
    // What it learned is about the reader.
    let mut kept = Vec::new();
    files(&learned, &mut kept)?;
    for (name, bytes) in kept {
        for (datum, mark) in marks().into_iter().chain(access_secrets()?) {
            assert!(!holds(&bytes, &mark), "{datum} in {name}");
        }
    }
    assert!(
        written > 0 && connected > 0,
        "{written} changes, {connected} connections"
    );
    Ok(())
}
