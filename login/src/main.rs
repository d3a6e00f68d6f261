//! `rda-login`: the verifying login server.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::task::Poll;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use rda_login::keys::Keys;
use rda_login::request::Issuer;
use rda_login::trust::TrustCommand;
use rda_login::{Config, Server};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use zeroize::Zeroizing;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory when it is freed. Types that hold secrets or data of a chip wipe themselves; this is for the copies on the
/// way to them, in buffers of HTTP, of forms and of JSON, which belong to libraries.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

/// The login server of Remote Document Authentication.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// Made once, from the command line.
#[allow(clippy::large_enum_variant)]
#[derive(Subcommand)]
enum Command {
    /// Serve the login pages.
    Serve {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Check the configuration and every file that it names, and end.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Print the trust file that makes daemons take requests of this server.
    TrustFile {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Trust anchors: CSCA certificates, master lists and revocation lists.
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
    /// The server's secrets.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Write manual pages and completions of shells into a folder, for packages.
    #[command(hide = true)]
    Manual {
        /// The folder.
        folder: PathBuf,
    },
    /// Read a password from standard input and print its hash for the file of accounts.
    HashPassword,
    /// Count the events of the audit log by day, action and network, with addresses cut short and nobody named.
    Statistics {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make new secrets in a file that does not exist yet.
    New {
        /// The file.
        file: PathBuf,
    },
    /// First step of a change of keys: add a key that is published and does not sign yet. Then give out the trust file.
    Next {
        /// The file.
        file: PathBuf,
    },
    /// Second step, once daemons have the new trust file: the next key signs, from the server's next start.
    Rotate {
        /// The file.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    rda_login::accelerator::install();
    let said = std::env::var("RDA_LOG").ok();
    let wanted: Option<Targets> = said.and_then(|said| said.parse().ok());
    tracing_subscriber::registry()
        .with(wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal()),
        )
        .init();
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rda-login: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Trust { command } => return command.run(),
        Command::Serve { config } => serve(&config),
        Command::Check { config } => Ok(Server::check(Config::open(&config)?)?),
        Command::TrustFile { config } => trust_file(&config),
        Command::Keys {
            command: KeysCommand::New { file },
        } => Keys::create(&file).with_context(|| format!("{}", file.display())),
        Command::Keys {
            command: KeysCommand::Next { file },
        } => Keys::add_next(&file).with_context(|| format!("{}", file.display())),
        Command::Keys {
            command: KeysCommand::Rotate { file },
        } => Keys::rotate(&file).with_context(|| format!("{}", file.display())),
        Command::Manual { folder } => manual(&folder),
        Command::HashPassword => hash_password(),
        Command::Statistics { config } => {
            let path = Config::open(&config)?.audit;
            let log = std::fs::File::open(&path).with_context(|| format!("{}", path.display()))?;
            let log = std::io::BufReader::new(log);
            Ok(rda_login::statistics::write(
                log,
                &mut std::io::stdout().lock(),
            )?)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

#[tokio::main(flavor = "current_thread")]
async fn serve(path: &std::path::Path) -> anyhow::Result<()> {
    let config = Config::open(path)?;
    // The socket that systemd holds while the server restarts, if it does.
    let server = match listenfd::ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => Server::with_listener(listener, config).await?,
        None => Server::bind(config).await?,
    };
    let shutdown = shutdown();
    // Standard output, each alone on its line: whoever starts the server reads the addresses here.
    println!("listening on {}", server.origin());
    if let Some(address) = server.operations_addr() {
        println!("operations on {address}");
    }
    std::io::stdout().flush()?;
    server.run(shutdown).await?;
    Ok(())
}

/// Ready when this process is asked to end, from this call on. Where no handler can be set, the default action of the signal ends the
/// program.
fn shutdown() -> impl Future<Output = ()> + Send + 'static {
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

fn trust_file(path: &std::path::Path) -> anyhow::Result<()> {
    let config = Config::open(path)?;
    let issuer = Issuer::new(&config, config.listen.port())?;
    let trust = issuer.trust_file(&Keys::open(&config.keys)?)?;
    print!("{}", toml::to_string(&trust)?);
    Ok(())
}

fn manual(folder: &std::path::Path) -> anyhow::Result<()> {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Arguments::command(), "rda-login", folder)?;
    }
    clap_mangen::generate_to(Arguments::command().name("rda-login"), folder)?;
    Ok(())
}

fn hash_password() -> anyhow::Result<()> {
    let mut password = Zeroizing::new(String::new());
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut password)
        .context("the password")?;
    println!(
        "{}",
        rda_login::password::hash(password.trim_end_matches(['\r', '\n']))?
    );
    Ok(())
}
