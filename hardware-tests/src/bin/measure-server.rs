//! What the login server bears, and how long a citizen waits for it: `cargo xtask bench --only server`.
//!
//! The server is a process of its own; what it takes of a core is read from the kernel, so that pages, daemon and chip, which
//! run on the same machine, do not count.

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use hardware_tests::desk::Desk;
use hardware_tests::page::{Event, Page, Typed, Verdict};
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use hardware_tests::usage;
use icao::simulator::Profile;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Measures the login server.
#[derive(Parser)]
struct Arguments {
    /// One line of JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Sessions that wait with a request under way.
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
    /// Logins that are measured.
    #[arg(long, default_value_t = 200)]
    logins: usize,
}

const PROFILE: Profile = Profile::NlPassport2024;
/// Network latencies there and back, milliseconds.
const LATENCIES: [u64; 4] = [0, 10, 50, 150];
/// Logins for each latency; the median is told.
const REPEATED: usize = 5;
/// Passwords with the cost that accounts have.
const PASSWORDS: usize = 10;
/// Logins of one account: a server gives it a few requests an hour.
const PER_ACCOUNT: usize = 4;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let crowd = (arguments.waiting + arguments.logins + LATENCIES.len() * REPEATED) / PER_ACCOUNT;
    let site = Site::with_crowd(&Programs::find()?, PROFILE, crowd + 1)?;
    let server = site.server_id();
    let _desk = Desk::simulated(&site, PROFILE)?;
    let mut users = (0..).map(|number| format!("{}-{}", PROFILE.name(), number / PER_ACCOUNT));
    let mut user = || users.next().unwrap_or_default();

    let password = {
        let begun = usage::processor(server)?;
        for _ in 0..PASSWORDS {
            Page::log_in(site.origin(), PROFILE.name(), PASSWORD)?;
        }
        (usage::processor(server)? - begun) / u32::try_from(PASSWORDS)?
    };
    let mut latencies = Vec::new();
    for latency in LATENCIES {
        latencies.push(wait(&site, Duration::from_millis(latency), &mut user)?);
    }
    let idle = usage::figure(server, "VmRSS")?;
    let mut waiting = Vec::with_capacity(arguments.waiting);
    for _ in 0..arguments.waiting {
        let page = Page::log_in(site.origin(), &user(), PASSWORD)?;
        page.request(site::kind_name(PROFILE.kind()), &typed())?;
        waiting.push(page);
    }
    let full = usage::figure(server, "VmRSS")?;
    let logins = logins(&site, server, arguments.logins, &mut user)?;
    let found = json!({
        "profile": PROFILE.name(),
        "password_ms": milliseconds(password),
        "latency": latencies,
        "waiting": {
            "sessions": waiting.len(),
            "kib_before": idle,
            "kib_after": full,
            "bytes_each": (full.saturating_sub(idle) * 1024).checked_div(waiting.len() as u64),
        },
        "logins": logins,
    });
    if arguments.json {
        println!("{found}");
    } else {
        print(&found);
    }
    Ok(())
}

/// The holder's data as typed on the page: nothing is released to a crowd.
fn typed() -> Typed {
    let holder = PROFILE.holder();
    Typed {
        last_four: None,
        access: Some(json!({
            "document_number": holder.document_number,
            "date_of_birth": holder.date_of_birth,
            "date_of_expiry": holder.date_of_expiry,
        })),
    }
}

/// One login from the citizen's click to the verdict; what the server took for each of its answers.
fn log_in(page: &Page, answers: &mut Vec<Duration>) -> Result<(Duration, usize)> {
    let begun = Instant::now();
    let kind = site::kind_name(PROFILE.kind());
    let ending = page.check(kind, &typed(), &mut |event| {
        if let Event::RoundTrip(_, took) = event {
            answers.push(*took);
        }
    })?;
    match ending.verdict {
        Verdict::Raised(_) => Ok((begun.elapsed(), ending.round_trips)),
        other => bail!("{other:?}"),
    }
}

/// Logins over a network that takes so long.
fn wait(site: &Site, latency: Duration, user: &mut dyn FnMut() -> String) -> Result<Value> {
    let mut times = Vec::new();
    let mut trips = 0;
    for _ in 0..REPEATED {
        let page = Page::log_in(site.origin(), &user(), PASSWORD)?.with_latency(latency);
        let (time, round_trips) = log_in(&page, &mut Vec::new())?;
        times.push(time);
        trips = round_trips;
    }
    Ok(json!({
        "latency_ms": milliseconds(latency),
        "round_trips": trips,
        "login_ms": milliseconds(share(&mut times, 50)?),
    }))
}

/// Logins one after the other, beside the sessions that wait.
fn logins(
    site: &Site,
    server: u32,
    count: usize,
    user: &mut dyn FnMut() -> String,
) -> Result<Value> {
    let mut pages = Vec::new();
    for _ in 0..count {
        pages.push(Page::log_in(site.origin(), &user(), PASSWORD)?);
    }
    let mut answers = Vec::new();
    let begun = usage::processor(server)?;
    for page in &pages {
        log_in(page, &mut answers)?;
    }
    let each = (usage::processor(server)? - begun) / u32::try_from(count)?;
    Ok(json!({
        "logins": count,
        "processor_ms": milliseconds(each),
        "per_second_and_core": 1.0 / each.as_secs_f64(),
        "answer_p50_ms": milliseconds(share(&mut answers, 50)?),
        "answer_p99_ms": milliseconds(share(&mut answers, 99)?),
    }))
}

/// The time within which so many per cent were done.
fn share(times: &mut [Duration], per_cent: usize) -> Result<Duration> {
    times.sort_unstable();
    let place = (times.len() * per_cent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().context("nothing was measured")
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn print(found: &Value) {
    println!("{}, chip without air time", found["profile"]);
    for row in found["latency"].as_array().into_iter().flatten() {
        println!(
            "network {:>5} ms: {} round trips, {:>6} ms from click to verdict",
            row["latency_ms"], row["round_trips"], row["login_ms"]
        );
    }
    println!("password: {} ms of a core", found["password_ms"]);
    let waiting = &found["waiting"];
    println!(
        "{} sessions wait: {} KiB resident, {} before, {} bytes each",
        waiting["sessions"], waiting["kib_after"], waiting["kib_before"], waiting["bytes_each"]
    );
    let logins = &found["logins"];
    println!(
        "{} logins beside them: {} ms of a core each, {:.0} per second and core; its answers p50 {} ms, p99 {} ms",
        logins["logins"],
        logins["processor_ms"],
        logins["per_second_and_core"].as_f64().unwrap_or(f64::NAN),
        logins["answer_p50_ms"],
        logins["answer_p99_ms"],
    );
}
