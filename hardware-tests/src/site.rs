//! A whole installation in a folder of its own: a login server with specimen accounts, register and trust anchors, and
//! the daemon that trusts it. Everything listens on loopback, on ports that were free.

use crate::process::{self, Process};
use anyhow::{Context as _, Result, anyhow};
use argon2::PasswordHasher as _;
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
pub const PASSWORD: &str = "specimen-1";

/// Account of a person with two kinds of document; the passport is that of [`Profile::NlPassport2024`].
pub const SEVERAL: &str = "several";

/// Accounts of persons whose only document may not be used, with what the register holds against it and the code with which
/// the login server refuses it.
pub const OBJECTIONS: [(&str, &str, &str); 6] = [
    ("expired", "", "document_expired"),
    ("withheld", "indication = \"I\"", "document_withheld"),
    ("invalidated", "indication = \"R\"", "document_invalidated"),
    ("missing", "indication = \"V\"", "document_missing"),
    (
        "investigated",
        "under_investigation = true",
        "document_under_investigation",
    ),
    ("nothing", "", "document_unknown"),
];

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
    /// A simulated reader in the daemon itself, on which documents are laid and lifted by lines on its standard input.
    ByHand,
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

/// Lays files into a site's folder, and gives what its configuration says of them.
type Prepare<'a> = dyn Fn(&Path) -> Result<String> + 'a;

impl Site {
    /// Starts a login server that knows the holders of all profiles.
    ///
    /// # Errors
    /// If a file cannot be written or the server does not start.
    pub fn start(programs: Programs) -> Result<Self> {
        Self::retried(&programs, &[], &|_| Ok(String::new()))
    }

    /// As [`Site::start`]; `prepare` lays further files into its folder and gives what its configuration says of them.
    ///
    /// # Errors
    /// As [`Site::start`], or if `prepare` fails.
    pub fn start_with(
        programs: &Programs,
        prepare: impl Fn(&Path) -> Result<String>,
    ) -> Result<Self> {
        Self::retried(programs, &[], &prepare)
    }

    /// As [`Site::start`], with so many accounts more of the holder of one profile, called by its name and a number, whose
    /// passwords cost next to nothing to check. A login server lets one account try a few times an hour only; and it releases no
    /// access data here: they are typed.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn with_crowd(programs: &Programs, profile: Profile, count: usize) -> Result<Self> {
        let crowd = (0..count).map(|number| (format!("{}-{number}", profile.name()), profile));
        Self::retried(programs, &crowd.collect::<Vec<_>>(), &|_| Ok(String::new()))
    }

    fn retried(
        programs: &Programs,
        crowd: &[(String, Profile)],
        prepare: &Prepare<'_>,
    ) -> Result<Self> {
        // A connection of some other program may get the port in the moment in which it changes hands.
        let mut last = anyhow!("no ports");
        for _ in 0..5 {
            match Self::try_start(programs.clone(), crowd, prepare) {
                Ok(site) => return Ok(site),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn try_start(
        programs: Programs,
        crowd: &[(String, Profile)],
        prepare: &Prepare<'_>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rda-site-").tempdir()?;
        let path = folder.path();
        // Nobody else gets the ports before those for whom they are: they are given up when those start.
        let (login_place, daemon_place) = (place()?, place()?);
        let login_port = login_place.local_addr()?.port();
        let daemon_port = daemon_place.local_addr()?.port();
        let origin = format!("http://127.0.0.1:{login_port}");

        let anchors = trust_anchors(path)?;
        fs::write(
            path.join("login.toml"),
            // Before the tables of the anchors.
            if crowd.is_empty() {
                ""
            } else {
                "access_release = \"typed\"\n"
            }
            .to_owned()
                + &configuration(login_port, daemon_port, &anchors)
                + &prepare(path)?,
        )?;
        let hash = output(Command::new(&programs.login).arg("hash-password"), PASSWORD)?;
        fs::write(path.join("accounts.toml"), accounts(hash.trim(), crowd)?)?;
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
        drop(login_place);
        let mut server = Process::start("rda-login", &command)?;
        server.line(PATIENCE, |line| {
            line.starts_with("listening on").then_some(())
        })?;
        // Not kept any longer: where no daemon is started, nothing may listen there.
        drop(daemon_place);
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
        self.daemon_under(&[], link)
    }

    /// As [`Site::daemon`], started by another program: its name and arguments come before those of the daemon.
    ///
    /// # Errors
    /// If it does not start.
    pub fn daemon_under(&self, other: &[&str], link: &Link) -> Result<Process> {
        let mut command = self.daemon_command(link);
        command.arg("--port").arg(self.daemon_port.to_string());
        if let [program, arguments @ ..] = other {
            command = process::under(program, arguments, &command);
        }
        let mut daemon = Process::start_obedient("rda daemon", &command)?;
        daemon.line(PATIENCE, |line| line.contains("listening on").then_some(()))?;
        Ok(daemon)
    }

    /// What starts the daemon, with no word of its port.
    pub fn daemon_command(&self, link: &Link) -> Command {
        let mut command = Command::new(&self.programs.daemon);
        command
            .arg("daemon")
            .arg("--trust")
            .arg(self.folder.path().join("trust/servers.d"))
            // Where it keeps its record of used requests, and what it learns about readers.
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("XDG_STATE_HOME", self.state());
        match link {
            Link::Simulated(profile) => command.args(["--simulate", profile.name()]),
            Link::ByHand => command.args(["--simulate", "desk"]),
            Link::Pcscd(socket) => command.env("PCSCLITE_CSOCK_NAME", socket),
        };
        command
    }

    /// The folder in which the daemon keeps what it learns.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The process of the login server.
    pub fn server_id(&self) -> u32 {
        self.server.id()
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

/// One account for each profile, so that a clone is tried against the entry of the person it imitates, and those of persons
/// without a simulated document.
fn accounts(hash: &str, crowd: &[(String, Profile)]) -> Result<String> {
    let account = |user: &str, bsn: &str, hash: &str| {
        format!("[[account]]\nuser = \"{user}\"\npassword = \"{hash}\"\nbsn = \"{bsn}\"\n")
    };
    let mut text = String::new();
    for profile in Profile::ALL {
        text += &account(profile.name(), profile.holder().bsn, hash);
    }
    let others = std::iter::once(SEVERAL).chain(OBJECTIONS.iter().map(|(user, ..)| *user));
    for (user, bsn) in others.zip(test_bsns()) {
        text += &account(user, &bsn, hash);
    }
    if !crowd.is_empty() {
        let cheap = cheap_hash()?;
        for (user, profile) in crowd {
            text += &account(user, profile.holder().bsn, &cheap);
        }
    }
    Ok(text)
}

/// The hash of the password that costs the least that argon2 knows: no account that matters has such a one.
fn cheap_hash() -> Result<String> {
    let least = argon2::Params::new(argon2::Params::MIN_M_COST, 1, 1, None)
        .map_err(|error| anyhow!("argon2: {error}"))?;
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, least)
        .hash_password(PASSWORD.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| anyhow!("argon2: {error}"))
}

/// Citizen service numbers of the test range that pass the 11-test, beyond those of the profiles.
fn test_bsns() -> impl Iterator<Item = String> {
    (999_990_100u32..)
        .map(|number| number.to_string())
        .filter(|digits| {
            let weighted: i64 = digits
                .bytes()
                .zip([9i64, 8, 7, 6, 5, 4, 3, 2, -1])
                .map(|(digit, weight)| i64::from(digit - b'0') * weight)
                .sum();
            weighted % 11 == 0
        })
}

/// The persons without a simulated document of their own.
fn further_persons() -> String {
    let mut bsns = test_bsns();
    let mut person = |birth: &str, documents: &str| {
        let bsn = bsns.next().unwrap_or_default();
        format!("[[person]]\nbsn = \"{bsn}\"\nbirth = \"{birth}\"\n{documents}")
    };
    let document = |kind: &str, number: &str, expiry: &str, more: &str| {
        format!(
            "[[person.document]]\nkind = \"{kind}\"\nissuing_state = \"NLD\"\nnumber = \"{number}\"\nexpiry = \"{expiry}\"\n{more}\n"
        )
    };
    let holder = Profile::NlPassport2024.holder();
    let mut text = person(
        &format!("19{}", dashed(holder.date_of_birth)),
        &[
            document(
                "passport",
                holder.document_number,
                &format!("20{}", dashed(holder.date_of_expiry)),
                "",
            ),
            document("identity-card", "SPECI9999", "2036-03-15", ""),
        ]
        .concat(),
    );
    for (user, objection, _) in OBJECTIONS {
        let expiry = if user == "expired" {
            "2020-01-01"
        } else {
            "2036-01-01"
        };
        let documents = match user {
            "nothing" => String::new(),
            _ => document("passport", "SPECI0000", expiry, objection),
        };
        text += &person("1980-01-01", &documents);
    }
    text
}

/// The genuine document of each holder.
pub(crate) fn register() -> String {
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
    text + &further_persons()
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

/// A port that nobody else gets while this is held, and no connection afterwards: those get higher ones by themselves.
fn place() -> Result<TcpListener> {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 20_000;
    let mut last = anyhow!("no random port");
    for _ in 0..100 {
        let mut random = [0; 2];
        getrandom::fill(&mut random).map_err(|error| anyhow!("no randomness: {error}"))?;
        let port = FIRST + u16::from_be_bytes(random) % COUNT;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}
