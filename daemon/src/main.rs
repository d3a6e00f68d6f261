//! `rda`: the program on the citizen's desk.

use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use icao::access_key::AccessKey;
use icao::lds::Application;
use icao::pki::UnixTime;
use icao::terminal::Event;
use protocol::request::DaemonVersion;
#[cfg(target_os = "linux")]
use rda::doctor::command::DoctorArguments;
use rda::files::make_folder;
use rda::gate::{Gate, system_clock};
use rda::inspect::{self, InspectArguments};
use rda::login_session::{self, LoginWorker};
use rda::read::{self, AccessInput, Trust};
use rda::reader::pcsc::{self, CardPresence};
use rda::reader::recording::{Comparison, Recorder, Replayer, Tape};
use rda::reader::{Cancel, Culprit, DocumentSource, Learned, Notice, Notify};
use rda::replay::UsedRequests;
use rda::server::Server;
use rda::trust::TrustFolders;
use rda::verify::{self, VerifyArguments};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use zeroize::Zeroizing;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory when it is freed. Types that hold secrets wipe themselves; this is for the copies on the way to them, in
/// buffers of the socket and of JSON, which belong to libraries.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

/// Where the system's administrator puts the trust files of login servers.
const SYSTEM_TRUST: &str = if cfg!(windows) {
    r"C:\Program Files\rda\servers.d"
} else if cfg!(target_os = "macos") {
    "/Library/Application Support/rda/servers.d"
} else {
    "/etc/rda/servers.d"
};

/// Access data are at most three lines.
const LONGEST_ACCESS_FILE: u64 = 4096;

/// A recording of the longest conversation has some hundred bytes for each of its steps.
const LONGEST_RECORDING: u64 = 32 * 1024 * 1024;

/// How long a daemon that systemd started stays without a login.
const QUIET: Duration = Duration::from_secs(300);

/// Remote Document Authentication: lets a login server see that the document on your reader is genuine and yours.
#[derive(Parser)]
#[command(name = "rda", version)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Wait for login pages on this computer, and do what their servers ask for.
    Daemon(DaemonArguments),
    /// List the readers and what lies on them.
    Readers,
    /// Say why no login works on this computer, and what mends it.
    ///
    /// Ends with status 0 if logins can work, 2 if something stands in their way.
    #[cfg(target_os = "linux")]
    Doctor(DoctorArguments),
    /// Enter the daemon's sandbox, print what the kernel gave, and end.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Sandbox,
    /// Write manual pages and completions of shells into a folder, for packages.
    #[command(hide = true)]
    Manual {
        /// The folder.
        folder: PathBuf,
    },
    /// Read a document and check it on this computer.
    ///
    /// Asks for document number, birth date and date of expiry, without showing them. Ends with status 0 if no check
    /// failed, 2 if one did (with --trust also if no certificate given vouches for the document), 1 if the document could
    /// not be read.
    Read(ReadArguments),
    /// List, add and remove the login servers that may ask for your document.
    Trust(rda::trust_command::Arguments),
    /// Judge the saved files of a document on this computer, and name each check.
    ///
    /// Ends with status 0 if every check passed and a certificate given vouches for the signer, 2 if not, 1 if nothing
    /// could be said.
    Verify(VerifyArguments),
    /// Show what is in a file of a document, a certificate, a revocation list or a master list.
    Inspect(InspectArguments),
}

#[derive(Args)]
struct DaemonArguments {
    /// Listen on this port only; 0 stands for any.
    #[arg(long)]
    port: Option<u16>,
    /// Leave after this many seconds without a login; 300 where systemd hands over the sockets, otherwise never.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle_exit: Option<Duration>,
    /// Folder of trust files (ID.toml), in place of the system's and the user's.
    #[arg(long, value_name = "DIR")]
    trust: Option<PathBuf>,
    /// Use this reader only.
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Read no document that lay on the reader before the login began: it has to be laid anew.
    #[arg(long)]
    lay_anew: bool,
    #[command(flatten)]
    simulate: Simulate,
    /// Try what the sandbox is there to refuse, print the outcomes, and end: OWN, FOREIGN, PORT, SOCKET.
    #[cfg(all(target_os = "linux", feature = "simulator"))]
    #[arg(long, num_args = 4, hide = true)]
    sandbox_trial: Option<Vec<PathBuf>>,
}

#[derive(Args)]
struct ReadArguments {
    /// Use this reader only.
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Read a driving licence; its access data are the line of 30 characters, or the card access number.
    #[arg(long)]
    licence: bool,
    /// Ask for the card access number in place of the three fields.
    #[arg(long, conflicts_with = "access_file")]
    can: bool,
    /// Take the access data from a file, `-` for standard input: JSON, the lines of a machine readable zone, the three
    /// fields on a line each, the line of a driving licence, or a card access number.
    #[arg(long, value_name = "FILE")]
    access_file: Option<PathBuf>,
    /// CSCA certificates to trust, PEM or DER: files, or folders of such. Can be given more than once.
    #[arg(long, value_name = "PATH")]
    trust: Vec<PathBuf>,
    /// Check validity at this time: 2031-07-01, 2031-07-01T12:00:00Z, or seconds since 1970. Otherwise: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Write the files of the document to this folder: EF_SOD.bin, DG1.bin and so on, readable by you alone.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
    /// Write a recording of the conversation with the chip to this file: headers, lengths, status words and failures, and
    /// no contents. For those who have to find out why a document or a reader does not work.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Repeat the failures of a recording, and tell where the conversation takes another course. Ends with status 2 if it does.
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    replay: Option<PathBuf>,
    #[command(flatten)]
    simulate: Simulate,
}

/// For trials without reader and document.
#[derive(Args)]
struct Simulate {
    /// Use a simulated document in place of readers (test builds only). A daemon also takes `desk`: documents then come and
    /// go by lines on standard input, `lay PROFILE`, `lift`, `slide`, `latency MILLISECONDS`.
    #[arg(long, value_name = "PROFILE")]
    simulate: Option<String>,
}

impl Simulate {
    #[cfg(feature = "simulator")]
    fn profile(&self) -> Result<Option<icao::simulator::Profile>> {
        use icao::simulator::Profile;
        let Some(name) = &self.simulate else {
            return Ok(None);
        };
        let profile = Profile::from_name(name).ok_or_else(|| {
            let names: Vec<_> = Profile::ALL.iter().map(|profile| profile.name()).collect();
            anyhow::anyhow!("no profile {name:?}; there are {}", names.join(", "))
        })?;
        Ok(Some(profile))
    }

    #[cfg(not(feature = "simulator"))]
    fn refuse(&self) -> Result<()> {
        if self.simulate.is_some() {
            bail!(
                "this build has no simulated documents (they are in test builds only: cargo feature `simulator`)"
            );
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let said = std::env::var("RDA_LOG").ok();
    let wanted: Option<Targets> = said.and_then(|said| said.parse().ok());
    tracing_subscriber::registry()
        .with(wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();
    let outcome = match Command::parse().verb {
        Verb::Daemon(arguments) => daemon(&arguments).map(|()| ExitCode::SUCCESS),
        Verb::Readers => readers().map(|()| ExitCode::SUCCESS),
        #[cfg(target_os = "linux")]
        Verb::Doctor(arguments) => doctor(&arguments),
        #[cfg(target_os = "linux")]
        Verb::Sandbox => sandbox().map(|()| ExitCode::SUCCESS),
        Verb::Manual { folder } => manual(&folder).map(|()| ExitCode::SUCCESS),
        Verb::Read(arguments) => read(&arguments),
        Verb::Trust(arguments) => trust(&arguments).map(|()| ExitCode::SUCCESS),
        Verb::Verify(arguments) => verify::run(&arguments).map(|passed| match passed {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(CHECK_FAILED),
        }),
        Verb::Inspect(arguments) => inspect::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        tell(format_args!("rda: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Writes to standard output. Whoever reads it may have had enough (`rda read | head`): that is no failure of ours.
fn print(text: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_fmt(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Tells the person at the terminal, if there is one.
fn tell(line: std::fmt::Arguments<'_>) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}

/// A check that was made and failed.
const CHECK_FAILED: u8 = 2;

fn read(arguments: &ReadArguments) -> Result<ExitCode> {
    let application = match arguments.licence {
        true => Application::DrivingLicence,
        false => Application::TravelDocument,
    };
    let (anchors, refused) = read::trust_anchors(&arguments.trust, application)?;
    for refused in refused {
        tell(format_args!("not used: {refused}"));
    }
    let trust = Trust {
        anchors,
        time: match &arguments.at {
            Some(time) => read::parse_time(time)?,
            None => UnixTime(i64::try_from(system_clock()())?),
        },
    };
    let (mut source, taping) = Taping::begin(source(arguments)?, arguments)?;
    let keys = access_keys(arguments)?;
    let mut told = None;
    let mut progress = |event| {
        // One line for each file, not one for each piece of it.
        let step = match event {
            Event::Reading { file, .. } => format!("reading {file}"),
            Event::Opening(_) => "opening".to_owned(),
            Event::ActiveAuthentication => "Active Authentication".to_owned(),
            Event::ChipAuthentication => "Chip Authentication".to_owned(),
            Event::Interrupted => "the document moved; starting again".to_owned(),
            _ => return,
        };
        if told.as_ref() != Some(&step) {
            tell(format_args!("{step}"));
            told = Some(step);
        }
    };
    let reading = read::read(&mut *source, application, &keys, &trust, &mut progress);
    // A reading that failed is what recordings are for.
    let as_recorded = taping.end()?;
    let reading = reading?;
    if let Some(folder) = &arguments.out {
        reading.write_to(folder)?;
    }
    if arguments.json {
        print(format_args!(
            "{}\n",
            serde_json::to_string_pretty(&reading.summary())?
        ))?;
    } else {
        print(format_args!("{}", reading.summary()))?;
    }
    let untrusted = !arguments.trust.is_empty() && !reading.checks.passive_authentication.passed();
    Ok(if reading.checks.failed() || untrusted || !as_recorded {
        ExitCode::from(CHECK_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

/// What becomes of the conversation besides the reading.
enum Taping {
    None,
    Record(PathBuf, Tape),
    Replay(Comparison),
}

impl Taping {
    /// Puts itself between the terminal and the documents of `source`, where that was asked for.
    fn begin(
        source: Box<dyn DocumentSource>,
        arguments: &ReadArguments,
    ) -> Result<(Box<dyn DocumentSource>, Self)> {
        if let Some(path) = &arguments.record {
            let (recorder, tape) = Recorder::new(source)?;
            return Ok((Box::new(recorder), Self::Record(path.clone(), tape)));
        }
        let Some(path) = &arguments.replay else {
            return Ok((source, Self::None));
        };
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(LONGEST_RECORDING).read_to_string(&mut text))
            .with_context(|| path.display().to_string())?;
        let recording = serde_json::from_str(&text).context("this is no recording")?;
        let (replayer, comparison) = Replayer::new(source, recording);
        Ok((Box::new(replayer), Self::Replay(comparison)))
    }

    /// `false` if a conversation was to be as recorded, and was not.
    fn end(&self) -> Result<bool> {
        match self {
            Self::None => Ok(true),
            Self::Record(path, tape) => {
                let text = serde_json::to_string_pretty(&tape.recording())?;
                std::fs::write(path, text).with_context(|| path.display().to_string())?;
                Ok(true)
            }
            Self::Replay(comparison) => {
                let (steps, difference) = comparison.outcome();
                tell(format_args!("{steps} steps as recorded"));
                if let Some(difference) = &difference {
                    tell(format_args!("{difference}"));
                }
                Ok(difference.is_none())
            }
        }
    }
}

fn source(arguments: &ReadArguments) -> Result<Box<dyn DocumentSource>> {
    let notify: Notify = Arc::new(|notice| match notice {
        Notice::NoReader => tell(format_args!("attach a reader")),
        Notice::NoDocument { reader } => tell(format_args!("lay the document on {reader}")),
        Notice::NotReadable { reader } => tell(format_args!(
            "nothing on {reader} answers: shift the document"
        )),
        Notice::InUse { reader, by } => {
            let by = by.unwrap_or(Culprit::Other);
            tell(format_args!("{by} holds what lies on {reader}"));
        }
        Notice::SeveralDocuments => {
            tell(format_args!("leave one document, and take the others away"));
        }
        _ => {}
    });
    let cancel = Cancel::new();
    #[cfg(feature = "simulator")]
    if let Some(profile) = arguments.simulate.profile()? {
        return Ok(Box::new(
            rda::reader::simulated::SimulatedReader::with_document(profile, cancel, notify),
        ));
    }
    #[cfg(not(feature = "simulator"))]
    arguments.simulate.refuse()?;
    Ok(Box::new(pcsc::PcscReaders::new(
        arguments.reader.clone(),
        cancel,
        notify,
        learned(),
    )))
}

/// What was learned about readers, kept in the user's folder for such things.
fn learned() -> Arc<Mutex<Learned>> {
    let folders = directories::ProjectDirs::from("", "", "rda");
    let learned = folders.map_or_else(Learned::default, |folders| {
        Learned::open(reader_memory(&folders).join("readers.json"))
    });
    Arc::new(Mutex::new(learned))
}

/// The folder of what was learned about readers.
fn reader_memory(folders: &directories::ProjectDirs) -> PathBuf {
    let folder = folders.state_dir().unwrap_or(folders.data_local_dir());
    folder.to_owned()
}

/// Asks on the terminal, without echo, or takes what a file says. Never from the command line, which others can see.
fn access_keys(arguments: &ReadArguments) -> Result<Vec<AccessKey>> {
    if let Some(path) = &arguments.access_file {
        let mut text = Zeroizing::new(String::new());
        if path.as_os_str() == "-" {
            std::io::stdin()
                .take(LONGEST_ACCESS_FILE)
                .read_to_string(&mut text)
                .context("standard input")?;
        } else {
            let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
            file.take(LONGEST_ACCESS_FILE)
                .read_to_string(&mut text)
                .with_context(|| path.display().to_string())?;
        }
        if arguments.licence && text.trim().len() == 30 {
            return Ok(AccessInput::from_licence(&text)?);
        }
        return Ok(AccessInput::parse(&text)?);
    }
    let ask = |prompt: &str| -> Result<Zeroizing<String>> {
        let answer = rpassword::prompt_password(prompt);
        answer
            .map(Zeroizing::new)
            .context("cannot ask for access data here; use --access-file")
    };
    if arguments.can {
        return Ok(vec![AccessInput::from_can(&ask("Card access number: ")?)?]);
    }
    if arguments.licence {
        return Ok(AccessInput::from_licence(&ask("Line of 30 characters: ")?)?);
    }
    let number = ask("Document number: ")?;
    let birth = ask("Birth date (YYMMDD): ")?;
    let expiry = ask("Date of expiry (YYMMDD): ")?;
    Ok(vec![AccessInput::from_fields(&number, &birth, &expiry)?])
}

fn worker(arguments: &DaemonArguments) -> Result<LoginWorker> {
    #[cfg(feature = "simulator")]
    if arguments.simulate.simulate.as_deref() == Some("desk") {
        return Ok(login_session::over_desk(desk_by_hand()));
    }
    #[cfg(feature = "simulator")]
    if let Some(profile) = arguments.simulate.profile()? {
        return Ok(login_session::over_simulator(profile));
    }
    #[cfg(not(feature = "simulator"))]
    arguments.simulate.refuse()?;
    Ok(login_session::over_pcsc(
        arguments.reader.clone(),
        arguments.lay_anew,
        learned(),
    ))
}

/// A desk that obeys the lines of standard input.
#[cfg(feature = "simulator")]
fn desk_by_hand() -> rda::reader::simulated::Desk {
    let desk = rda::reader::simulated::Desk::default();
    let hand = desk.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if let Err(error) = hand.obey(&line) {
                tracing::warn!("{error}");
            }
        }
    });
    desk
}

fn own_folders() -> Result<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "rda").context("this user has no home folder")
}

/// The folder of the user's trust files.
fn user_trust(folders: &directories::ProjectDirs) -> PathBuf {
    folders.config_dir().join("servers.d")
}

fn trust(arguments: &rda::trust_command::Arguments) -> Result<()> {
    let folders = rda::trust_command::Folders {
        system: SYSTEM_TRUST.into(),
        user: user_trust(&own_folders()?),
    };
    rda::trust_command::run(
        arguments,
        &folders,
        system_clock()(),
        &mut std::io::stdin().lock(),
        &mut std::io::stdout(),
    )
}

fn daemon(arguments: &DaemonArguments) -> Result<()> {
    let worker = Arc::new(worker(arguments)?);
    let folders = own_folders()?;
    let (system, user) = match &arguments.trust {
        Some(folder) => (folder.clone(), None),
        None => (SYSTEM_TRUST.into(), Some(user_trust(&folders))),
    };
    // Used requests are worth keeping for five minutes: the runtime folder, which ends with the session, where there is one.
    let runtime = folders.runtime_dir().unwrap_or_else(|| folders.cache_dir());
    let used = runtime.join("used");
    // Made now, because the sandbox knows only what is there when it is entered.
    for folder in user.iter().chain([&used]) {
        make_folder(folder).with_context(|| folder.display().to_string())?;
    }
    let memory = reader_memory(&folders);
    make_folder(&memory).with_context(|| memory.display().to_string())?;
    let read = [system.clone()].into_iter().chain(user.clone()).collect();
    let write = vec![used.clone(), memory];
    let version = DaemonVersion::parse(env!("CARGO_PKG_VERSION"))?;
    let trust = TrustFolders::new(Some(system), user);
    let gate = Gate::new(trust, UsedRequests::new(used), version, system_clock());
    // Not because it is needed yet: from a library loaded now, nothing has to be found on the disk later.
    if !rda::pcsc_loader::is_installed() {
        tracing::warn!("no smart-card library here yet: libpcsclite.so.1");
    }

    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(icao::stack::SIZE)
        // One that is kept in case of more work wakes up ten seconds later, to find that there is none.
        .thread_keep_alive(Duration::ZERO)
        .build()?
        .block_on(async {
            let server = listen(arguments, gate, worker)?.with_notifications();
            confine(read, write);
            #[cfg(all(target_os = "linux", feature = "simulator"))]
            if let Some(trial) = &arguments.sandbox_trial {
                return sandbox_trial(trial);
            }
            let stopped = stopped();
            for address in server.local_addrs() {
                // Whoever started the daemon may have stopped listening to it.
                let _ = writeln!(std::io::stdout(), "listening on {address}");
            }
            server.run(stopped).await;
            Ok(())
        })
}

/// Gives up all but these folders, and what else the daemon does not need.
#[cfg(target_os = "linux")]
fn confine(read: Vec<PathBuf>, write: Vec<PathBuf>) {
    let status = rda::sandbox::enter(&rda::sandbox::Needs { read, write });
    tracing::info!(%status, "sandbox");
}

#[cfg(target_os = "linux")]
fn sandbox() -> Result<()> {
    let status = rda::sandbox::enter(&rda::sandbox::Needs::default());
    Ok(serde_json::to_writer(std::io::stdout(), &status)?)
}

#[cfg(not(target_os = "linux"))]
fn confine(_: Vec<PathBuf>, _: Vec<PathBuf>) {
    tracing::warn!("no sandbox: not on this system");
}

#[cfg(all(target_os = "linux", feature = "simulator"))]
fn sandbox_trial(arguments: &[PathBuf]) -> Result<()> {
    let [own, foreign, port, bus] = arguments else {
        bail!("--sandbox-trial takes four values");
    };
    let port = port.to_string_lossy().parse()?;
    for (name, outcome) in rda::sandbox::trial::run(own, foreign, port, bus) {
        match outcome {
            Ok(()) => println!("{name}: done"),
            Err(error) => println!("{name}: {error}"),
        }
    }
    Ok(())
}

/// Takes the sockets that systemd hands over, or opens its own.
fn listen(arguments: &DaemonArguments, gate: Gate, worker: Arc<LoginWorker>) -> Result<Server> {
    let mut inherited = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..inherited.len() {
        listeners.extend(inherited.take_tcp_listener(index)?);
    }
    let (server, quiet) = if listeners.is_empty() {
        let ports = arguments
            .port
            .map_or_else(|| protocol::PORTS.to_vec(), |port| vec![port]);
        (Server::bind(&ports, gate, worker)?, None)
    } else {
        let server = Server::from_listeners(listeners, gate, worker)?;
        (server, Some(QUIET))
    };
    Ok(match arguments.idle_exit.or(quiet) {
        Some(quiet) => server.with_idle_exit(quiet),
        None => server,
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn manual(folder: &std::path::Path) -> Result<()> {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Command::command(), "rda", folder)?;
    }
    clap_mangen::generate_to(Command::command(), folder)?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn doctor(arguments: &DoctorArguments) -> Result<ExitCode> {
    let well = rda::doctor::command::run(arguments, SYSTEM_TRUST.as_ref())?;
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(CHECK_FAILED)
    })
}

/// Ready when this process is asked to end, from this call on. Where no handler can be set, the default action of the signal ends the
/// program.
fn stopped() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::terminate(), SignalKind::interrupt()].map(signal)
    };
    #[cfg(windows)]
    let signals = [tokio::signal::windows::ctrl_c()];
    let mut signals: Vec<_> = signals.into_iter().flatten().collect();
    std::future::poll_fn(move |context| {
        let told = signals
            .iter_mut()
            .any(|signal| signal.poll_recv(context).is_ready());
        if told { Poll::Ready(()) } else { Poll::Pending }
    })
}

fn readers() -> Result<()> {
    let readers = pcsc::readers()?;
    if readers.is_empty() {
        bail!("no reader is attached");
    }
    for reader in readers {
        let card = match reader.card {
            CardPresence::Absent => "no card",
            CardPresence::Present => "a card",
            CardPresence::NotReadable => "a card that gives no answer",
            CardPresence::InUse => "a card that another program holds",
        };
        print(format_args!("{}: {card}\n", reader.name))?;
    }
    Ok(())
}
