//! `rda`: the program on the citizen's desk.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Parser, Subcommand};
use protocol::request::DaemonVersion;
use rda::gate::{Gate, system_clock};
use rda::login_session::{self, LoginWorker};
use rda::reader::pcsc::{self, CardPresence};
use rda::replay::UsedRequests;
use rda::server::Server;
use rda::trust::TrustFolders;

/// Where the system's administrator puts the trust files of login servers.
const SYSTEM_TRUST: &str = "/etc/rda/servers.d";

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
}

#[derive(Args)]
struct DaemonArguments {
    /// Listen on this port only; 0 stands for any.
    #[arg(long)]
    port: Option<u16>,
    /// Folder of trust files (ID.toml), in place of the system's and the user's.
    #[arg(long, value_name = "DIR")]
    trust: Option<PathBuf>,
    /// Use this reader only.
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    #[command(flatten)]
    simulate: Simulate,
}

/// For trials without reader and document.
#[derive(Args)]
struct Simulate {
    /// Use a simulated document in place of readers (test builds only).
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
            anyhow!("no profile {name:?}; there are {}", names.join(", "))
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
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("RDA_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .init();
    let outcome = match Command::parse().verb {
        Verb::Daemon(arguments) => daemon(&arguments).map(|()| ExitCode::SUCCESS),
        Verb::Readers => readers().map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("rda: {error:#}");
        ExitCode::FAILURE
    })
}

fn worker(arguments: &DaemonArguments) -> Result<LoginWorker> {
    #[cfg(feature = "simulator")]
    if let Some(profile) = arguments.simulate.profile()? {
        return Ok(login_session::over_simulator(profile));
    }
    #[cfg(not(feature = "simulator"))]
    arguments.simulate.refuse()?;
    Ok(login_session::over_pcsc(arguments.reader.clone()))
}

fn daemon(arguments: &DaemonArguments) -> Result<()> {
    let worker = Arc::new(worker(arguments)?);
    let folders =
        directories::ProjectDirs::from("", "", "rda").context("this user has no home folder")?;
    let trust = match &arguments.trust {
        Some(folder) => TrustFolders::new(Some(folder.clone()), None),
        None => TrustFolders::new(
            Some(SYSTEM_TRUST.into()),
            Some(folders.config_dir().join("servers.d")),
        ),
    };
    // Used requests are worth keeping for five minutes: the runtime folder, which ends with the session, where there is one.
    let runtime = folders.runtime_dir().unwrap_or_else(|| folders.cache_dir());
    let used = UsedRequests::new(runtime.join("used"));
    let version = DaemonVersion::parse(env!("CARGO_PKG_VERSION"))?;
    let gate = Gate::new(trust, used, version, system_clock());

    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let server = listen(arguments.port, gate, worker)?;
            for address in server.local_addrs() {
                println!("listening on {address}");
            }
            server.run(stopped()).await;
            Ok(())
        })
}

/// Takes the sockets that systemd hands over, or opens its own.
fn listen(port: Option<u16>, gate: Gate, worker: Arc<LoginWorker>) -> Result<Server> {
    let mut inherited = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..inherited.len() {
        listeners.extend(inherited.take_tcp_listener(index)?);
    }
    if listeners.is_empty() {
        let ports = port.map_or_else(|| protocol::PORTS.to_vec(), |port| vec![port]);
        Ok(Server::bind(&ports, gate, worker)?)
    } else {
        Ok(Server::from_listeners(listeners, gate, worker)?.with_idle_exit(QUIET))
    }
}

/// Returns when this process is asked to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _interrupted = tokio::signal::ctrl_c().await;
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
        println!("{}: {card}", reader.name);
    }
    Ok(())
}
