//! A whole installation in a folder of its own: a login server with specimen accounts, register and trust anchors, and
//! the daemon that trusts it. Everything listens on loopback, on ports that were free.

use crate::process::Process;
use anyhow::{Context as _, Result, anyhow};
use icao::pki::DocumentKind;
use icao::simulator::{self, Profile};
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Password of every specimen account.
pub const PASSWORD: &str = "specimen";

/// The programs to run.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `rda`, built with the feature `simulator`.
    pub daemon: PathBuf,
    /// `rda-login`.
    pub login: PathBuf,
}

impl Programs {
    /// Those built beside this one.
    ///
    /// # Errors
    /// If one is not built.
    pub fn find() -> Result<Self> {
        Ok(Self {
            daemon: crate::need::program("rda")?,
            login: crate::need::program("rda-login")?,
        })
    }
}

/// What the daemon reads.
#[derive(Debug, Clone)]
pub enum Link {
    /// A chip simulated in the daemon itself.
    Simulated(Profile),
    /// The readers of the pcscd that listens on this socket.
    Pcscd(PathBuf),
}

/// A running login server, and what a daemon needs to trust it.
pub struct Site {
    programs: Programs,
    folder: tempfile::TempDir,
    origin: String,
    daemon_port: u16,
    server: Process,
}

impl Site {
    /// Starts a login server that knows the holders of all profiles.
    ///
    /// # Errors
    /// If a file cannot be written or the server does not start.
    pub fn start(programs: Programs) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rda-site-").tempdir()?;
        let path = folder.path();
        let [login_port, daemon_port] = free_ports()?;
        let origin = format!("http://127.0.0.1:{login_port}");

        let anchors = trust_anchors(path)?;
        fs::write(
            path.join("login.toml"),
            configuration(login_port, daemon_port, &anchors),
        )?;
        let hash = output(Command::new(&programs.login).arg("hash-password"), PASSWORD)?;
        fs::write(path.join("accounts.toml"), accounts(hash.trim()))?;
        fs::write(path.join("register.toml"), register())?;
        output(
            Command::new(&programs.login)
                .args(["keys", "new"])
                .arg(path.join("keys.toml")),
            "",
        )?;
        let trust = output(
            Command::new(&programs.login)
                .args(["trust-file", "--config"])
                .arg(path.join("login.toml")),
            "",
        )?;
        fs::create_dir_all(path.join("trust/servers.d"))?;
        fs::write(path.join("trust/servers.d/demo.toml"), trust)?;

        let mut command = Command::new(&programs.login);
        command
            .args(["serve", "--config"])
            .arg(path.join("login.toml"));
        let mut server = Process::start("rda-login", &command)?;
        server.line(PATIENCE, |line| {
            line.starts_with("listening on").then_some(())
        })?;
        Ok(Self {
            programs,
            folder,
            origin,
            daemon_port,
            server,
        })
    }

    /// Starts the daemon on the port that the login server's pages look for.
    ///
    /// # Errors
    /// If it does not start.
    pub fn daemon(&self, link: &Link) -> Result<Process> {
        let mut command = Command::new(&self.programs.daemon);
        command
            .arg("daemon")
            .arg("--port")
            .arg(self.daemon_port.to_string())
            .arg("--trust")
            .arg(self.folder.path().join("trust/servers.d"))
            // Where it keeps its record of used requests.
            .env("XDG_RUNTIME_DIR", self.folder.path());
        match link {
            Link::Simulated(profile) => command.args(["--simulate", profile.name()]),
            Link::Pcscd(socket) => command.env("PCSCLITE_CSOCK_NAME", socket),
        };
        let mut daemon = Process::start("rda daemon", &command)?;
        daemon.line(PATIENCE, |line| line.contains("listening on").then_some(()))?;
        Ok(daemon)
    }

    /// The origin of the login pages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The port on which the pages look for the daemon.
    pub fn daemon_port(&self) -> u16 {
        self.daemon_port
    }

    /// The folder of this installation.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the login server has written.
    pub fn server_said(&mut self) -> String {
        self.server.said()
    }
}

/// The name by which the messages and the register know a kind of document.
pub fn kind_name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::TravelDocument => "passport",
        DocumentKind::IdentityCard => "identity-card",
        DocumentKind::DrivingLicence => "driving-licence",
    }
}

/// The last four characters of the document number.
pub fn last_four(profile: Profile) -> &'static str {
    let number = profile.holder().document_number;
    number
        .get(number.len().saturating_sub(4)..)
        .unwrap_or(number)
}

/// Writes the CSCA certificates of the simulated issuer and gives what the configuration says of them.
fn trust_anchors(folder: &Path) -> Result<String> {
    let mut kinds = Vec::new();
    for (index, csca) in simulator::csca_certificates()?.iter().enumerate() {
        let (kind, state) = (kind_name(csca.kind), csca.issuing_state);
        let place = folder.join("csca").join(format!("{kind}-{state}"));
        fs::create_dir_all(&place)?;
        fs::write(place.join(format!("{index}.der")), &csca.der)?;
        if !kinds.contains(&(kind, state)) {
            kinds.push((kind, state));
        }
    }
    Ok(kinds
        .iter()
        .map(|(kind, state)| {
            format!("[[csca]]\nkind = \"{kind}\"\nissuing_state = \"{state}\"\nfolder = \"csca/{kind}-{state}\"\n")
        })
        .collect())
}

fn configuration(login_port: u16, daemon_port: u16, anchors: &str) -> String {
    format!(
        r#"id = "demo"
service = {{ nl = "Demonstratie", en = "Demonstration" }}
test = true
listen = "127.0.0.1:{login_port}"
origin = "http://127.0.0.1:{login_port}"
daemon_ports = [{daemon_port}]
keys = "keys.toml"
accounts = "accounts.toml"
register = "register.toml"
audit = "audit.jsonl"
{anchors}"#
    )
}

/// One account for each profile, so that a clone is tried against the entry of the person it imitates.
fn accounts(hash: &str) -> String {
    Profile::ALL
        .iter()
        .map(|profile| {
            let (user, bsn) = (profile.name(), profile.holder().bsn);
            format!("[[account]]\nuser = \"{user}\"\npassword = \"{hash}\"\nbsn = \"{bsn}\"\n")
        })
        .collect()
}

/// The genuine document of each holder.
fn register() -> String {
    let mut text = "specimen = true\n".to_owned();
    for profile in Profile::ALL {
        if matches!(profile, Profile::Clone | Profile::Tampered) {
            continue;
        }
        let holder = profile.holder();
        let line = match profile.kind() {
            DocumentKind::DrivingLicence => {
                format!(
                    "licence_line = \"{}\"\n",
                    holder.mrz_information(profile.form())
                )
            }
            _ => String::new(),
        };
        text.push_str(&format!(
            "[[person]]\nbsn = \"{}\"\nbirth = \"19{}\"\n[[person.document]]\nkind = \"{}\"\nissuing_state = \"NLD\"\nnumber = \"{}\"\nexpiry = \"20{}\"\n{line}",
            holder.bsn,
            dashed(holder.date_of_birth),
            kind_name(profile.kind()),
            holder.document_number,
            dashed(holder.date_of_expiry),
        ));
    }
    text
}

/// YYMMDD as YY-MM-DD.
fn dashed(date: &str) -> String {
    let pair = |at| date.get(at..at + 2).unwrap_or_default();
    [pair(0), pair(2), pair(4)].join("-")
}

/// Runs a program to its end and gives its standard output.
fn output(command: &mut Command, input: &str) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(anyhow!(
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // Held together, so that they differ.
    let listeners = (0..N)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
