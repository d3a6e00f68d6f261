//! `rda verify`: judges the saved files of a document on this computer, and names each check.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use icao::lds::Application;
use icao::passive_authentication::CheckOutcome;
use icao::pki::{DocumentKind, Fingerprint, Policy, UnixTime};
use icao::verifier::files::{DocumentFiles, FileName, FilesVerdict, StateSource, judge};
use serde::Serialize;

use crate::gate::system_clock;
use crate::inspect::say;
use crate::read::{parse_time, trust_anchors};

/// Longest file taken, in bytes: ISO/IEC 7816-4 addresses fewer.
const LONGEST_FILE: u64 = 1 << 20;

/// What to judge, and by what.
#[derive(Args)]
pub struct VerifyArguments {
    /// Folder with the files of one document: EF_SOD.bin, DG1.bin and so on, also as other programs name them.
    #[arg(long, value_name = "DIR")]
    files: PathBuf,
    /// CSCA certificates, revocation lists and master lists to trust, PEM, DER or LDIF: files, or folders of such.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    trust: Vec<PathBuf>,
    /// Check validity at this time: 2031-07-01, 2031-07-01T12:00:00Z, or seconds since 1970. Otherwise: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The document, where DG1 does not say it.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The issuing state, in place of the one in DG1.
    #[arg(long, value_name = "CODE")]
    state: Option<String>,
    /// Tolerate no deviation from Doc 9303.
    #[arg(long, conflicts_with = "inspection")]
    strict: bool,
    /// Tolerate what the test plan of inspection systems does (BSI TR-03105 part 5.1): two deviations that RFCs allow.
    #[arg(long)]
    inspection: bool,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// Kinds of documents that files can be of.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Passport,
    IdentityCard,
    DrivingLicence,
}

impl From<Kind> for DocumentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Passport => Self::TravelDocument,
            Kind::IdentityCard => Self::IdentityCard,
            Kind::DrivingLicence => Self::DrivingLicence,
        }
    }
}

/// What was found, without the content of the document.
#[derive(Serialize)]
struct Report {
    /// `passed`, `failed` or `untrusted` (all holds, but nothing given vouches for the signer).
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    kind: &'static str,
    state: String,
    /// `given`, `dg1` or `signer`.
    state_from: &'static str,
    policy: &'static str,
    at: String,
    /// SHA-256 of the document signer's certificate.
    signer: Option<String>,
    /// SHA-256 of the certificate of the CSCA that issued it.
    csca: Option<String>,
    checks: Vec<Check>,
    tolerances: Vec<&'static str>,
    #[serde(rename = "files")]
    found: Vec<File>,
    /// Files whose names are none of a document's, or that say again what another says.
    ignored: Vec<String>,
    /// What was given to trust and could not be used.
    refused: Vec<String>,
}

#[derive(Serialize)]
struct Check {
    name: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct File {
    name: String,
    file: String,
    length: usize,
    sha256: String,
}

/// Judges the files. `true` if every check passed and a certificate given vouches for the signer.
///
/// # Errors
/// If the files cannot be read, or are none that could be signed.
pub fn run(arguments: &VerifyArguments) -> Result<bool> {
    let mut found = Vec::new();
    let mut ignored = Vec::new();
    let files = read_folder(&arguments.files, &mut found, &mut ignored)?;
    let kind = arguments.kind.map_or_else(|| files.kind(), Into::into);
    let (store, refused) = trust_anchors(&arguments.trust, Application::of(kind))?;
    let time = match &arguments.at {
        Some(time) => parse_time(time)?,
        None => UnixTime(i64::try_from(system_clock()())?),
    };
    let (policy, policy_name) = match (arguments.strict, arguments.inspection) {
        (true, _) => (Policy::strict(), "strict"),
        (false, true) => (Policy::inspection(), "inspection"),
        (false, false) => (Policy::field(), "field"),
    };
    let state = arguments.state.as_deref();
    let verdict = judge(&files, kind, state, &store, time, &policy)
        .with_context(|| arguments.files.display().to_string())?;
    let report = Report {
        found,
        ignored,
        refused,
        ..Report::new(&verdict, policy_name, time)
    };
    if arguments.json {
        say(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        say(&report.to_string())?;
    }
    Ok(report.verdict == "passed")
}

/// The files of a folder that are a document's, by their names.
fn read_folder(
    folder: &Path,
    found: &mut Vec<File>,
    ignored: &mut Vec<String>,
) -> Result<DocumentFiles> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    entries.sort();
    let mut files = DocumentFiles::default();
    for path in entries {
        let shown = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some(name) = FileName::parse(&shown).filter(|_| path.is_file()) else {
            ignored.push(shown);
            continue;
        };
        let mut content = Vec::new();
        fs::File::open(&path)
            .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut content))
            .with_context(|| path.display().to_string())?;
        if u64::try_from(content.len())? > LONGEST_FILE {
            bail!("{}: too long for a file of a document", path.display());
        }
        let file = File {
            name: name.to_string(),
            file: shown,
            length: content.len(),
            sha256: Fingerprint::of(&content).to_string(),
        };
        match found.iter().find(|other: &&File| other.name == file.name) {
            Some(other) if other.sha256 == file.sha256 => ignored.push(file.file),
            Some(other) => bail!("{}: {} has another {name}", path.display(), other.file),
            None => {
                files.insert(name, content);
                found.push(file);
            }
        }
    }
    Ok(files)
}

impl Report {
    fn new(verdict: &FilesVerdict, policy: &'static str, time: UnixTime) -> Self {
        let reason_of = |outcome: &CheckOutcome<String>| match outcome {
            CheckOutcome::Failed(reason) => Some(reason.clone()),
            _ => None,
        };
        let outcome = verdict.outcome();
        let passive = verdict.passive_authentication.as_ref();
        Self {
            verdict: match outcome {
                CheckOutcome::Passed => "passed",
                CheckOutcome::PassedUntrusted => "untrusted",
                _ => "failed",
            },
            reason: reason_of(&outcome),
            kind: match verdict.kind {
                DocumentKind::TravelDocument => "passport",
                DocumentKind::IdentityCard => "identity-card",
                DocumentKind::DrivingLicence => "driving-licence",
            },
            state: verdict.state.clone(),
            state_from: match verdict.state_source {
                StateSource::Given => "given",
                StateSource::Dg1 => "dg1",
                StateSource::Signer => "signer",
            },
            policy,
            at: time.to_string(),
            signer: passive.and_then(|passive| Some(passive.signer?.to_string())),
            csca: passive.and_then(|passive| Some(passive.csca?.to_string())),
            checks: verdict
                .checks
                .iter()
                .map(|check| Check {
                    name: check.name.clone(),
                    outcome: check.outcome.name(),
                    reason: reason_of(&check.outcome),
                })
                .collect(),
            tolerances: verdict
                .tolerances
                .as_slice()
                .iter()
                .map(|tolerance| tolerance.name())
                .collect(),
            found: Vec::new(),
            ignored: Vec::new(),
            refused: Vec::new(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            write!(f, "{:<28} {}", check.name, check.outcome.replace('_', " "))?;
            match &check.reason {
                Some(reason) => writeln!(f, ": {reason}")?,
                None => writeln!(f)?,
            }
        }
        for tolerance in &self.tolerances {
            writeln!(f, "deviation                    {tolerance}")?;
        }
        for refused in &self.refused {
            writeln!(f, "not used                     {refused}")?;
        }
        for (what, sha256) in [("signer", &self.signer), ("csca", &self.csca)] {
            if let Some(sha256) = sha256 {
                writeln!(f, "{what:<28} {sha256}")?;
            }
        }
        write!(
            f,
            "{} of {} by the {} policy at {}: {}",
            self.kind, self.state, self.policy, self.at, self.verdict
        )?;
        match &self.reason {
            Some(reason) => writeln!(f, " ({reason})"),
            None => writeln!(f),
        }
    }
}
