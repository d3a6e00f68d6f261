//! Measures whole logins over a real pcscd: APDUs, bytes and modelled time in the field, against the least that the same
//! chip and the standards allow; the foreign readers read the same files of the same chips in the same run.

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser;
use hardware_tests::cost::Conversation;
use hardware_tests::cost::air::Air;
use hardware_tests::cost::minimum::{self, Lengths};
use hardware_tests::desk::{self, Desk};
use hardware_tests::need;
use hardware_tests::page::{Page, Typed, Verdict};
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::access_key::AccessKey;
use icao::lds::sod::Sod;
use icao::lds::{DataGroup, Dg15, FileId};
use icao::mrz::AccessFields;
use icao::simulator::{Profile, SimulatedLink};
use icao::terminal::{Policy, Terminal};
use icao::transport::{Limits, Transport, TransportError};
use rand_core::UnwrapErr;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{ExitCode, Stdio};

/// Measures what a login costs at the chip.
#[derive(Parser)]
struct Arguments {
    /// One line of JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// One document and one foreign reader only: to see that the measurement works.
    #[arg(long)]
    smoke: bool,
}

/// The documents of the logins.
const DOCUMENTS: [Profile; 4] = [
    Profile::NlPassport2011,
    Profile::NlId2014,
    Profile::NlPassport2024,
    Profile::PaceP256,
];

/// What both we and a foreign reader open in the same way: `emrtd` knows BAC only, neither knows brainpoolP320r1.
/// The data groups are those that such a login reads; `emrtd` knows no Active Authentication and is spared it.
const SHARED: [Shared; 3] = [
    Shared {
        reader: "read-with-dmrtd",
        profile: Profile::NlPassport2011,
        access: "bac",
        groups: &[15, 1],
        active_authentication: true,
    },
    Shared {
        reader: "read-with-emrtd",
        profile: Profile::NlPassport2011,
        access: "bac",
        groups: &[15, 1],
        active_authentication: false,
    },
    Shared {
        reader: "read-with-dmrtd",
        profile: Profile::PaceP256,
        access: "pace-mrz",
        groups: &[14, 15, 1],
        active_authentication: true,
    },
];

/// What a foreign reader does.
#[derive(Clone, Copy)]
struct Shared {
    reader: &'static str,
    profile: Profile,
    access: &'static str,
    groups: &'static [u8],
    active_authentication: bool,
}

/// Bit rates of ISO/IEC 14443-2, kbit/s.
const BIT_RATES: [u32; 4] = [106, 212, 424, 848];

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure-contact: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if !need::all("logins over pcscd", &pcscd::NEEDS)? {
        bail!("the packages above are missing");
    }
    let site = Site::start(Programs::find()?)?;
    let (documents, shared) = if arguments.smoke {
        (DOCUMENTS.get(1..2), SHARED.get(..1))
    } else {
        (DOCUMENTS.get(..), SHARED.get(..))
    };
    let mut logins = Vec::new();
    let mut peers = Vec::new();
    for profile in documents.unwrap_or_default() {
        logins.push(login(&site, *profile)?);
    }
    for shared in shared.unwrap_or_default() {
        if let Some(pair) = peer(shared)? {
            peers.push(pair);
        }
    }
    let found = json!({ "logins": logins, "peers": peers });
    if arguments.json {
        println!("{found}");
    } else {
        print(&logins, &peers);
    }
    Ok(())
}

/// One whole login, with the log of the chip.
fn login(site: &Site, profile: Profile) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("chip.log");
    let mut desk = Desk::with_reader(site)?;
    let reader = desk.pcscd().context("a desk without a reader")?.slot(0);
    let _chip = desk::lay(profile, reader, Some(&log))?;
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    let ending = page.check(site::kind_name(profile.kind()), &typed, &mut |_| {})?;
    let Verdict::Raised(level) = ending.verdict else {
        bail!("{}: {:?}", profile.name(), ending.verdict);
    };
    let ours = Conversation::from_log(&std::fs::read_to_string(&log)?)?;

    let chip = profile.chip(b"measure")?;
    let limits = chip.limits();
    let lengths = match limits.max_response {
        0..=258 => Lengths::Short,
        longest => Lengths::Extended(longest),
    };
    let least = minimum::of(&chip, lengths)?;
    Ok(json!({
        "profile": profile.name(),
        "level": level,
        "round_trips": ending.round_trips,
        "longest_response": limits.max_response,
        "apdus": ours.apdus(),
        "least_apdus": least.apdus(),
        "bytes": ours.bytes(),
        "least_bytes": least.bytes(),
        "air_ms": times(&ours),
        "least_air_ms": times(&least),
    }))
}

/// A foreign reader opens the chip, reads what a login reads, and lets it sign if it can; our terminal does the same, without
/// Chip Authentication, which the foreign readers do not know.
fn peer(shared: &Shared) -> Result<Option<Value>> {
    let &Shared {
        reader,
        profile,
        access,
        groups,
        active_authentication,
    } = shared;
    let Some(program) = need::peer(reader)? else {
        return Ok(None);
    };
    let pcscd = Pcscd::start()?;
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("chip.log");
    let chip = desk::lay(profile, pcscd.slot(0), Some(&log))?;
    let holder = profile.holder();
    let job = json!({
        "access": access,
        "document_number": holder.document_number,
        "date_of_birth": holder.date_of_birth,
        "date_of_expiry": holder.date_of_expiry,
        "csca": [],
        "groups": groups,
    });
    let mut child = pcscd
        .client(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("standard input")?
        .write_all(job.to_string().as_bytes())?;
    let output = child.wait_with_output()?;
    let found: Value = serde_json::from_slice(&output.stdout)?;
    if !found["error"].is_null() {
        return Err(anyhow!("{}: {found}", profile.name()));
    }
    drop(chip);
    let theirs = Conversation::from_log(&std::fs::read_to_string(&log)?)?;
    let ours = same_steps(profile, active_authentication)?;
    Ok(Some(json!({
        "profile": profile.name(),
        "reader": found["reader"],
        "access": access,
        "apdus": theirs.apdus(),
        "our_apdus": ours.apdus(),
        "bytes": theirs.bytes(),
        "our_bytes": ours.bytes(),
        "air_ms": times(&theirs),
        "our_air_ms": times(&ours),
    })))
}

/// The steps that a foreign reader can do too, by our terminal.
fn same_steps(profile: Profile, active_authentication: bool) -> Result<Conversation> {
    let mut tap = Tap {
        link: SimulatedLink::new(profile.chip(b"measure")?),
        conversation: Conversation::default(),
    };
    let holder = profile.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    )?;
    let keys = [AccessKey::Mrz(fields)];
    let mut rng = UnwrapErr(getrandom::SysRng);
    let mut on_event = |_| {};
    let mut terminal = Terminal::new(&mut tap, &mut rng, Policy::default(), &mut on_event);
    terminal.open(&keys)?;
    let sod = Sod::parse(&terminal.read(FileId::EF_SOD)?)?;
    let listed = |group| sod.security_object().hashes.contains_key(&group);
    let mut signature_len = None;
    for group in [DataGroup::DG14, DataGroup::DG15, DataGroup::DG1] {
        if !listed(group) {
            continue;
        }
        let file = terminal.read(FileId::data_group(group))?;
        if group == DataGroup::DG15 && active_authentication {
            signature_len = minimum::signature_len(&Dg15::parse(&file)?)?;
        }
    }
    if let Some(len) = signature_len {
        terminal.active_authentication(&[0x5A; 8], len)?;
    }
    Ok(tap.conversation)
}

/// Counts what passes.
struct Tap {
    link: SimulatedLink,
    conversation: Conversation,
}

impl Transport for Tap {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let response = self.link.transmit(command)?;
        let mut header = [0; 4];
        for (to, from) in header.iter_mut().zip(command) {
            *to = *from;
        }
        self.conversation
            .push(header, command.len(), response.len());
        Ok(response)
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.link.reset()
    }
    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

fn times(conversation: &Conversation) -> Value {
    BIT_RATES
        .iter()
        .map(|rate| {
            let time = Air::at(*rate).time(conversation).as_secs_f64() * 1000.0;
            (rate.to_string(), json!((time * 10.0).round() / 10.0))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn print(logins: &[Value], peers: &[Value]) {
    println!(
        "{:<18} {:>5} {:>6} {:>6} {:>7} {:>6} {:>7} {:>8} {:>8} {:>6}",
        "login with",
        "trips",
        "APDUs",
        "least",
        "bytes",
        "least",
        "ratio",
        "ms@106",
        "least",
        "ratio"
    );
    for login in logins {
        let (bytes, least) = (&login["bytes"], &login["least_bytes"]);
        let (air, least_air) = (&login["air_ms"]["106"], &login["least_air_ms"]["106"]);
        println!(
            "{:<18} {:>5} {:>6} {:>6} {:>7} {:>6} {:>7.3} {:>8.1} {:>8.1} {:>6.3}",
            login["profile"].as_str().unwrap_or_default(),
            login["round_trips"],
            login["apdus"],
            login["least_apdus"],
            bytes,
            least,
            ratio(bytes, least),
            number(air),
            number(least_air),
            ratio(air, least_air),
        );
    }
    println!("\nthe same files read by others");
    for peer in peers {
        println!(
            "{:<18} {:<14} {:<9} {:>4} APDUs (we {:>2}) {:>6} bytes (we {:>5}) {:>8.1} ms at 106 kbit/s (we {:.1})",
            peer["profile"].as_str().unwrap_or_default(),
            peer["reader"].as_str().unwrap_or_default(),
            peer["access"].as_str().unwrap_or_default(),
            peer["apdus"],
            peer["our_apdus"],
            peer["bytes"],
            peer["our_bytes"],
            number(&peer["air_ms"]["106"]),
            number(&peer["our_air_ms"]["106"]),
        );
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn ratio(value: &Value, least: &Value) -> f64 {
    number(value) / number(least)
}
