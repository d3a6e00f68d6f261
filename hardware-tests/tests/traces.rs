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
    vec![
        ("surname", holder.surname.into()),
        ("given names", holder.given_names.into()),
        ("document number", holder.document_number.into()),
        ("BSN", holder.bsn.into()),
        ("MRZ information", mrz.as_bytes().to_vec()),
    ]
}

const CLAIM: &str = "digest as the claims have it";

/// What opens the chip, and must have been wiped: the digest, as octets and as the claims of the request spell it, and what BAC
/// and PACE derive from it (Doc 9303-11, 4.3.3 and 4.4.4.1). The text of the request spells it once more in base64url: that
/// may lie in freed memory.
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

/// The keys of all secure channels of two logins, as the chip wrote them down: those that PACE agreed with the daemon, and
/// those that Chip Authentication agreed with the login server, which the daemon never had.
fn keys_of_channels(file: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut keys = Vec::new();
    for line in fs::read_to_string(file)?.lines() {
        for (name, key) in ["KSEnc", "KSMAC"].into_iter().zip(line.split(' ')) {
            keys.push((name, hex::decode(key)?));
        }
    }
    // Two channels in each login, with two keys each.
    assert_eq!(keys.len(), 8, "the chip wrote down other channels");
    Ok(keys)
}

/// Plays the page to the verdict; gives every message that went over the daemon's socket, both ways.
fn log_in(site: &Site) -> Result<Vec<String>> {
    let page = Page::log_in(site.origin(), PROFILE.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(PROFILE).to_owned()),
        ..Typed::default()
    };
    let request = page.request(site::kind_name(PROFILE.kind()), &typed)?;
    let mut socket = Socket::connect(site.daemon_port(), site.origin())?;
    let mut messages = Vec::new();
    let say = |socket: &mut Socket, messages: &mut Vec<String>, message: Value| {
        messages.push(message.to_string());
        socket.send(&message)
    };
    let start = json!({ "type": "start", "request": request, "language": "en" });
    say(&mut socket, &mut messages, start)?;
    loop {
        let message = socket.receive()?;
        messages.push(message.to_string());
        let call = match message["type"].as_str() {
            Some("evidence") => "evidence",
            Some("chip_authentication_result") => "chip-authentication-result",
            Some("error") => bail!("{message}"),
            Some("finished") => return Ok(messages),
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
}

const MEMORY: &str = "the daemon's memory";

/// Everything in the memory of a process that can be read, each part with where it is.
fn memory(process: u32) -> Result<Vec<(String, Vec<u8>)>> {
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
            parts.push((format!("{MEMORY}: {range} ({kind})"), part));
        }
    }
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
    if !need::all("the search for personal data", &pcscd::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::with_reader(&site)?;
    let reader = desk.pcscd().context("no pcscd")?.slot(0);
    let folder = tempfile::tempdir()?;
    let session_keys = folder.path().join("session-keys");
    let _chip = desk::lay_named(PROFILE.name(), reader, &[("--session-keys", &session_keys)])?;
    let mut messages = log_in(&site)?;
    // A second one, so that what the first left in freed memory has had its chance to be overwritten or found.
    messages.extend(log_in(&site)?);

    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    for message in &messages {
        places.push(("a message on the socket".into(), message.clone().into()));
        // What is signed is in base64url, which hides nothing.
        for part in message.split(['.', '"']) {
            if let Ok(plain) = protocol::encoding::decode(part) {
                places.push(("a signed message on the socket".into(), plain));
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
        places.extend(memory(desk.daemon().id())?);
        // The search finds what is there: the daemon knows the origin.
        let known = site.origin().as_bytes();
        assert!(
            places
                .iter()
                .any(|(place, bytes)| place.starts_with(MEMORY) && holds(bytes, known)),
            "the memory was not read"
        );
    } else {
        assert!(
            std::env::var_os("CI").is_none(),
            "the search of memory needs root"
        );
        println!("NOT TESTED: the daemon's memory. It needs root");
    }
    let mut found = Vec::new();
    let keys = keys_of_channels(&session_keys)?;
    for (name, mark) in marks().into_iter().chain(access_secrets()?).chain(keys) {
        for (place, bytes) in &places {
            // By design: the request carries it to the daemon.
            let expected = name == CLAIM && place == "a signed message on the socket";
            let at = bytes.windows(mark.len()).position(|window| window == mark);
            if let Some(at) = at.filter(|_| !expected) {
                found.push(format!(
                    "{name} in {place} at {at:#x} of {:#x}",
                    bytes.len()
                ));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
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
    log_in(&site)?;
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
