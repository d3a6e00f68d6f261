//! The demonstration: a login server and a daemon with a simulated chip, on this machine only.

use anyhow::{Result, bail};
use clap::Parser;
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::page::{Ending, Event, Page, Typed, Verdict};
use hardware_tests::panel::Panel;
use hardware_tests::pcscd;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;
use std::process::ExitCode;

/// Starts login server and daemon with a simulated chip and prints where to log in.
#[derive(Parser)]
struct Arguments {
    /// Log in without a browser and print how the login server judges: every document, or the one named.
    #[arg(long)]
    headless: bool,

    /// The document to simulate.
    #[arg(long, value_parser = profile)]
    profile: Option<Profile>,

    /// Lay the chip on a virtual reader of a pcscd of our own instead of simulating it in the daemon.
    #[arg(long)]
    pcscd: bool,
}

/// Level Substantieel.
const SUBSTANTIAL: u8 = 25;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if arguments.pcscd && !need::all("the demonstration over pcscd", &pcscd::NEEDS)? {
        bail!("the packages above are missing");
    }
    let site = Site::start(Programs::find()?)?;
    if !arguments.headless {
        return serve(&site, arguments);
    }
    match arguments.profile {
        Some(profile) => {
            let ending = headless(&site, profile, arguments.pcscd)?;
            match ending.verdict {
                Verdict::Raised(level) if level >= SUBSTANTIAL => Ok(()),
                verdict => bail!("{}: {verdict:?}", profile.name()),
            }
        }
        None => all(&site, arguments.pcscd),
    }
}

/// How long one exchange with the chip takes where a person looks on, in milliseconds: as over the air.
const LATENCY: u32 = 30;

/// Runs until the terminal's interrupt key, and leaves nothing behind.
fn serve(site: &Site, arguments: &Arguments) -> Result<()> {
    let profile = arguments.profile.unwrap_or(Profile::NlPassport2024);
    let mut desk = if arguments.pcscd {
        Desk::with_reader(site)?
    } else {
        let mut desk = Desk::by_hand(site)?;
        desk.set_latency(LATENCY)?;
        desk
    };
    desk.lay(profile)?;
    // On this thread: what the desk starts ends with it.
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?
        .block_on(async {
            let panel = Panel::bind(desk, Some(profile), site.origin()).await?;
            println!("\n    {}/\n", site.origin());
            println!("user name {}, password {PASSWORD}", profile.name());
            println!(
                "last four characters of the document number: {}",
                site::last_four(profile)
            );
            println!("On the simulated reader lies {}.", profile.name());
            println!(
                "The desk, to lay, lift and slide documents: {}/",
                panel.origin()
            );
            println!("The interrupt key ends it all.");
            panel
                .run(async { drop(tokio::signal::ctrl_c().await) })
                .await
        })
}

/// What must come of each document: those that must log in, and those that the server must refuse.
const EXPECTED: [(Profile, bool); 8] = [
    (Profile::NlPassport2011, true),
    (Profile::NlId2014, true),
    (Profile::NlPassport2024, true),
    (Profile::PaceP256, true),
    (Profile::NlLicence2014, true),
    (Profile::NlLicence2020, true),
    (Profile::Clone, false),
    (Profile::Tampered, false),
];

fn all(site: &Site, over_pcscd: bool) -> Result<()> {
    let mut wrong = 0;
    for (profile, genuine) in EXPECTED {
        let ending = headless(site, profile, over_pcscd)?;
        let right = match &ending.verdict {
            Verdict::Raised(level) => genuine && *level >= SUBSTANTIAL,
            Verdict::Refused(_) => !genuine,
            Verdict::Stopped(_) => false,
        };
        if !right {
            wrong += 1;
        }
        println!("   {}\n", if right { "as it must be" } else { "WRONG" });
    }
    println!("{} passed, {wrong} failed", EXPECTED.len() - wrong);
    if wrong > 0 {
        bail!("{wrong} documents were not judged as they must be");
    }
    Ok(())
}

fn headless(site: &Site, profile: Profile, over_pcscd: bool) -> Result<Ending> {
    println!("== {}", profile.name());
    let _desk = desk(site, profile, over_pcscd)?;
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    println!("   password: accepted");
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    let ending = page.check(site::kind_name(profile.kind()), &typed, &mut tell)?;
    for step in &ending.steps {
        println!("   server: {}", plain(step));
    }
    println!(
        "   {} after {} round trip{} to the server",
        match &ending.verdict {
            Verdict::Raised(level) => format!("level {level}"),
            Verdict::Refused(reason) => format!("refused by the server: {reason}"),
            Verdict::Stopped(code) => format!("stopped by the daemon: {code}"),
        },
        ending.round_trips,
        if ending.round_trips == 1 { "" } else { "s" },
    );
    Ok(ending)
}

fn tell(event: &Event) {
    match event {
        Event::Accepted => println!("   daemon: request accepted"),
        Event::State(state, progress, None) => println!("   daemon: {state} {progress} %"),
        Event::State(state, _, Some(hint)) => println!("   daemon: {state}: {hint}"),
        Event::RoundTrip(bytes, _) => println!("   page:   {bytes} sealed bytes to the server"),
        Event::ChipAuthentication => {
            println!("   page:   the server's command for the chip to the daemon")
        }
    }
}

/// A step of the verdict on one line: its number, what was checked, what came of it, and more where there is more.
fn plain(step: &serde_json::Value) -> String {
    let text = |name: &str| match &step[name] {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let detail = text("detail");
    let detail = if detail.is_empty() {
        detail
    } else {
        format!(" ({detail})")
    };
    format!(
        "{:>2} {}: {}{detail}",
        text("step"),
        text("check"),
        text("outcome")
    )
}

/// A daemon with this document before it.
fn desk(site: &Site, profile: Profile, over_pcscd: bool) -> Result<Desk> {
    if !over_pcscd {
        return Desk::simulated(site, profile);
    }
    let mut desk = Desk::with_reader(site)?;
    desk.lay(profile)?;
    Ok(desk)
}

fn profile(name: &str) -> Result<Profile, String> {
    Profile::from_name(name).ok_or_else(|| {
        let names = Profile::ALL.map(Profile::name).join(", ");
        format!("one of {names}")
    })
}
