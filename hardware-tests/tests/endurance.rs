//! What a daemon costs that waits, that idles, and that has served many.

use anyhow::{Context as _, Result};
use hardware_tests::fault::{FaultyChip, Plan};
use hardware_tests::ifd::Reader;
use hardware_tests::need;
use hardware_tests::page::{Event, Page, Typed, Verdict};
use hardware_tests::pcscd::Pcscd;
use hardware_tests::site::{self, Link, PASSWORD, Programs, Site};
use hardware_tests::usage;
use icao::simulator::Profile;
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PROFILE: Profile = Profile::PaceP256;
const SUBSTANTIAL: u8 = 25;

fn is_long() -> bool {
    std::env::var_os("RDA_LONG").is_some()
}

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Holdings {
    memory_kib: u64,
    threads: u64,
    descriptors: usize,
}

impl Holdings {
    fn of(process: u32) -> Result<Self> {
        Ok(Self {
            memory_kib: usage::figure(process, "VmRSS")?,
            threads: usage::figure(process, "Threads")?,
            descriptors: fs::read_dir(format!("/proc/{process}/fd"))?.count(),
        })
    }
}

/// What the citizen types where the server releases nothing; it does so a few times an hour only.
fn typed() -> Typed {
    let holder = PROFILE.holder();
    Typed {
        access: Some(json!({
            "document_number": holder.document_number,
            "date_of_birth": holder.date_of_birth,
            "date_of_expiry": holder.date_of_expiry,
        })),
        ..Typed::default()
    }
}

/// Many logins in a row, 20 or 200: after the first few the daemon holds no more memory, threads and descriptors than
/// before, and between logins no connection to the card service.
#[test]
fn many_logins_leave_nothing_behind() -> Result<()> {
    if !need::all("many logins in a row", &[&need::PCSCD])? {
        return Ok(());
    }
    let logins = if is_long() { 200 } else { 20 };
    const WARM: usize = 5;
    let reader = Reader::new("Specimen Contactless Reader")?;
    let site = Site::with_crowd(&Programs::find()?, PROFILE, 41)?;
    let pcscd = Pcscd::with_readers(&[&reader])?;
    let daemon = site.daemon(&Link::Pcscd(pcscd.socket()))?;
    // The connection by which it was asked whether it is there yet.
    eventually(|| Ok(pcscd.contexts()? == 0))?;
    assert_eq!(pcscd.contexts()?, 0, "no context waits for the first login");
    let idle = Holdings::of(daemon.id())?;
    reader.lay(FaultyChip::new(PROFILE, Plan::NONE)?);

    let mut warm = None;
    for number in 1..=logins {
        // Each account tries five times.
        let user = format!("{}-{}", PROFILE.name(), number / 5);
        let page = Page::log_in(site.origin(), &user, PASSWORD)?;
        let ending = page.check(site::kind_name(PROFILE.kind()), &typed(), &mut |_| {})?;
        assert_eq!(
            ending.verdict,
            Verdict::Raised(SUBSTANTIAL),
            "login {number}: {ending:?}"
        );
        if number == WARM {
            warm = Some(settled(daemon.id(), &idle)?);
        }
    }
    let warm = warm.context("too few logins")?;
    let end = settled(daemon.id(), &idle)?;
    println!("before {idle:?}, after {WARM} logins {warm:?}, after {logins} {end:?}");
    assert_eq!(end.threads, warm.threads);
    assert_eq!(end.descriptors, warm.descriptors);
    assert!(
        end.memory_kib < warm.memory_kib + 2048,
        "{warm:?} {end:?}: allocators keep a little, not this"
    );
    assert_eq!(
        end.descriptors, idle.descriptors,
        "each context is a socket, and idle there is none"
    );
    // pcscd closes its end when it comes to that.
    eventually(|| Ok(pcscd.contexts()? == 0))?;
    assert_eq!(pcscd.contexts()?, 0, "no context while idle");
    Ok(())
}

/// What a daemon holds when its worker has ended and its page's socket is closed, which may be a moment after the page has its
/// verdict: it has as many threads and descriptors then as before the first login.
fn settled(process: u32, idle: &Holdings) -> Result<Holdings> {
    eventually(|| {
        let now = Holdings::of(process)?;
        Ok((now.threads, now.descriptors) == (idle.threads, idle.descriptors))
    })?;
    Holdings::of(process)
}

/// Lets others run until it is so. What never becomes so is told by the comparison that follows.
fn eventually(mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so()? && Instant::now() < patience {
        std::thread::yield_now();
    }
    Ok(())
}

/// While it waits for a document the daemon does nothing at all, as strace sees: no call of the system returns and none
/// begins. (libpcsclite wakes once a minute by itself, which a longer look shows.)
#[test]
fn waiting_for_a_document_wakes_nobody() -> Result<()> {
    const STRACE: need::Need = need::Need {
        file: "/usr/bin/strace",
        packages: "strace",
    };
    if !need::all("a wait without wake-ups", &[&need::PCSCD, &STRACE])? {
        return Ok(());
    }
    // To see that nothing happens takes time: this is how much is looked at, not a wait for something.
    let look = Duration::from_secs(if is_long() { 190 } else { 6 });
    // Until the daemon has written what it says and lies down.
    let margin = Duration::from_secs(1);

    let reader = Reader::new("Specimen Contactless Reader")?;
    let site = Site::with_crowd(&Programs::find()?, PROFILE, 41)?;
    let pcscd = Pcscd::with_readers(&[&reader])?;
    let trace = site.folder().join("strace");
    let trace_name = trace.to_string_lossy().into_owned();
    let under = [
        "strace",
        "-f",
        "-ttt",
        "-o",
        &trace_name,
        "setpriv",
        "--pdeathsig",
        "KILL",
        "--",
    ];
    let _daemon = site.daemon_under(&under, &Link::Pcscd(pcscd.socket()))?;
    let user = format!("{}-0", PROFILE.name());
    let page = Page::log_in(site.origin(), &user, PASSWORD)?;
    let mut seen = None;
    let ending = page.check(site::kind_name(PROFILE.kind()), &typed(), &mut |event| {
        let Event::State(state, ..) = event else {
            return;
        };
        if state == "waiting_for_document" && seen.is_none() {
            let begin = now();
            std::thread::sleep(look + margin);
            seen = Some((begin + margin.as_secs_f64(), now()));
            if let Ok(document) = FaultyChip::new(PROFILE, Plan::NONE) {
                reader.lay(document);
            }
        }
    })?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    let (begin, end) = seen.context("there was no wait for a document")?;

    let trace = fs::read_to_string(trace)?;
    let calls: Vec<&str> = trace
        .lines()
        .filter(|line| {
            let time = line.split_whitespace().nth(1);
            let time = time.and_then(|time| time.parse::<f64>().ok());
            time.is_some_and(|time| (begin..end).contains(&time))
        })
        .collect();
    // Calls that belong to one wake-up lie within the same second.
    let mut wakes: Vec<&str> = calls
        .iter()
        .filter_map(|line| line.split_whitespace().nth(1)?.split('.').next())
        .collect();
    wakes.dedup();
    let minutes = look.as_secs() / 60;
    println!(
        "{} s of waiting: {} wake-ups, {} calls of the system",
        look.as_secs(),
        wakes.len(),
        calls.len()
    );
    assert!(
        wakes.len() as u64 <= minutes,
        "libpcsclite wakes once a minute, and nobody else:\n{}",
        calls.join("\n")
    );
    Ok(())
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
