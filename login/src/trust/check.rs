//! `rda-login trust check`: judges document signers' certificates, as many as there are, in bounded memory.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::bail;
use clap::Args;
use icao::crypto::signature::VerifyingKey;
use icao::passive_authentication::{CheckOutcome, Failure, verify_signer};
use icao::pki::encoding::Malformed;
use icao::pki::{
    Anchors, Certificate, CscaStore, DocumentKind, Fingerprint, IssuingState, PkiError, Policy,
    UnixTime,
};
use serde::Serialize;

use super::Kind;
use super::source::{Found, Source};
use super::store::TrustStore;

/// So many certificates are in memory at a time.
const BLOCK: usize = 2048;

/// What to judge, and by what.
#[derive(Args)]
pub struct CheckArguments {
    /// CSCA certificates that are trusted for the state their subject names: PEM, DER, LDIF or master lists; files or
    /// folders.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    csca: Vec<PathBuf>,
    /// Revocation lists; each counts if one of the CSCA certificates signed it.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    crl: Vec<PathBuf>,
    /// The trust store, in place of or beside --csca.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// The certificates to judge: PEM, one or more DER objects, LDIF; a file or a folder.
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    signers: Vec<PathBuf>,
    /// Judge validity at this time: 2031-07-01, 2031-07-01T12:00:00Z, seconds since 1970, or `issue` for the day each
    /// certificate itself begins. Otherwise: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The documents they sign.
    #[arg(long, value_enum, default_value_t = Kind::Passport)]
    kind: Kind,
    /// Tolerate no deviation from Doc 9303.
    #[arg(long)]
    strict: bool,
    /// One line of JSON for each certificate, then one with a summary.
    #[arg(long)]
    json: bool,
}

/// When a certificate has to be valid.
enum Moment {
    Fixed(UnixTime),
    OwnBeginning,
}

/// What to judge by.
struct Judge {
    store: CscaStore,
    kind: DocumentKind,
    policy: Policy,
    moment: Moment,
}

/// The judgement of one certificate.
#[derive(Serialize)]
struct Judgement {
    /// SHA-256 of the certificate, or of what is none.
    sha256: String,
    /// `passed`, `failed`, `untrusted` (nothing given vouches for it) or `malformed`.
    verdict: &'static str,
    /// Name of the first failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// SHA-256 of the certificate whose key verifies it.
    issuer: Option<String>,
    /// The state whose anchors were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    chain: &'static str,
    validity: &'static str,
    usage: &'static str,
    revocation: &'static str,
    tolerances: Vec<&'static str>,
    file: String,
    index: usize,
}

/// The sums.
#[derive(Default, Serialize)]
struct Summary {
    signers: usize,
    passed: usize,
    failed: usize,
    untrusted: usize,
    malformed: usize,
    /// Certificates that a given CSCA of their state issued, whatever else is to be said of them.
    chained: usize,
    /// First failures by name.
    reasons: BTreeMap<&'static str, usize>,
    tolerances: BTreeMap<&'static str, usize>,
    anchors: usize,
    revocation_lists: usize,
    /// What was given to judge by and could not be used.
    refused: Vec<String>,
    /// Files that held no certificate.
    empty_files: usize,
    /// What lies in folders and could not be read.
    unreadable: Vec<String>,
    at: String,
    policy: &'static str,
    threads: usize,
    seconds: f64,
}

pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<()> {
    let begin = Instant::now();
    let moment = match arguments.at.as_deref() {
        None => Moment::Fixed(now()?),
        Some("issue") => Moment::OwnBeginning,
        Some(text) => Moment::Fixed(parse_time(text)?),
    };
    let kind = arguments.kind.into();
    let mut refused = Vec::new();
    let store = store(arguments, kind, &mut refused)?;
    let mut summary = Summary {
        anchors: store.iter().count(),
        revocation_lists: store.iter_revocation_lists().count(),
        refused,
        at: match moment {
            Moment::Fixed(time) => time.to_string(),
            Moment::OwnBeginning => "issue".to_owned(),
        },
        policy: if arguments.strict { "strict" } else { "field" },
        threads: std::thread::available_parallelism().map_or(1, NonZero::get),
        ..Summary::default()
    };
    let judge = Judge {
        store,
        kind,
        policy: if arguments.strict {
            Policy::strict()
        } else {
            Policy::field()
        },
        moment,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = judge_all(arguments, &judge, &mut summary, &mut out).and_then(|()| {
        summary.seconds = begin.elapsed().as_secs_f64();
        summary.write(arguments.json, &mut out)
    });
    match outcome {
        // Whoever read has seen enough.
        Err(error) if broken_pipe(&error) => Ok(()),
        Ok(()) if summary.signers == 0 => {
            bail!("no certificate to judge in what --signers names");
        }
        other => other,
    }
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// What to judge by; what cannot be used is told and left out.
fn store(
    arguments: &CheckArguments,
    kind: DocumentKind,
    refused: &mut Vec<String>,
) -> anyhow::Result<CscaStore> {
    let mut anchors = Anchors::new(&[kind]);
    let mut tell = |text: String| {
        eprintln!("rda-login: {text}");
        refused.push(text);
    };
    if let Some(path) = &arguments.store {
        TrustStore::open(path)?.add_to(&mut anchors)?;
    }
    for paths in [&arguments.csca, &arguments.crl] {
        let mut source = Source::new(paths)?;
        for found in source.by_ref() {
            if let Err(error) = found.parsed(|object| anchors.add(object)) {
                tell(format!("{}: {error}", found.place()));
            }
        }
        source
            .unreadable
            .iter()
            .for_each(|error| tell(error.to_string()));
    }
    let (store, lists) = anchors.into_store();
    for (list, error) in lists {
        tell(format!("revocation list of {}: {error}", list.issuer()));
    }
    if store.iter().next().is_none() {
        bail!("no CSCA certificate to judge by: give --csca or --store");
    }
    Ok(store)
}

/// Reads block by block, judges each block on all cores, and writes in the order of reading.
fn judge_all(
    arguments: &CheckArguments,
    judge: &Judge,
    summary: &mut Summary,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut source = Source::new(&arguments.signers)?;
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.clear();
        block.extend(source.by_ref().take(BLOCK));
        if block.is_empty() {
            break;
        }
        for judgement in judge.block(&block, summary.threads) {
            summary.count(&judgement);
            if arguments.json {
                serde_json::to_writer(&mut *out, &judgement).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            } else {
                judgement.write(out)?;
            }
        }
    }
    summary.empty_files = source.empty.len();
    for error in &source.unreadable {
        eprintln!("rda-login: {error}");
        summary.unreadable.push(error.to_string());
    }
    Ok(())
}

impl Judge {
    fn block(&self, block: &[Found], threads: usize) -> Vec<Judgement> {
        let next = AtomicUsize::new(0);
        let judged = Mutex::new(Vec::with_capacity(block.len()));
        let judge_some = || {
            let mut own = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(found) = block.get(place) else { break };
                own.push((place, self.judge(found)));
            }
            let mut judged = judged.lock().unwrap_or_else(PoisonError::into_inner);
            judged.extend(own);
        };
        std::thread::scope(|scope| {
            for _ in 0..threads.min(block.len()) {
                scope.spawn(judge_some);
            }
        });
        let mut judged = judged.into_inner().unwrap_or_else(PoisonError::into_inner);
        judged.sort_by_key(|(place, _)| *place);
        judged.into_iter().map(|(_, judgement)| judgement).collect()
    }

    /// The state that is asked for its anchors: the one the certificate names as its issuer's. Where it names none, the
    /// anchors that name none either, or else those of the state it is itself of.
    fn state(&self, certificate: &Certificate) -> IssuingState {
        let unstated = || {
            let anchors = self.store.anchors(self.kind, IssuingState::UNSTATED);
            let own = certificate.subject().country();
            own.filter(|_| anchors.is_empty())
        };
        let named = certificate.issuer().country().or_else(unstated);
        named.unwrap_or(IssuingState::UNSTATED)
    }

    fn judge(&self, found: &Found) -> Judgement {
        let certificate = match found.parsed(Certificate::parse) {
            Ok(certificate) => certificate,
            Err(error) => return Judgement::malformed(found, error),
        };
        let time = match self.moment {
            Moment::Fixed(time) => time,
            Moment::OwnBeginning => certificate.not_before(),
        };
        let state = self.state(&certificate);
        let verdict = verify_signer(
            &certificate,
            None,
            &self.store,
            self.kind,
            state.as_str(),
            time,
            &self.policy,
        );
        let key = VerifyingKey::from_spki(certificate.public_key_info())
            .map_err(|_| Failure::PublicKey)
            .map(drop);
        let outcome = match CheckOutcome::from(key) {
            CheckOutcome::Passed => verdict.outcome(),
            failed => failed,
        };
        let failure = match outcome {
            CheckOutcome::Failed(failure) => Some(failure),
            CheckOutcome::PassedUntrusted => match verdict.chain {
                CheckOutcome::Failed(failure) => Some(failure),
                _ => None,
            },
            _ => None,
        };
        Judgement {
            sha256: certificate.fingerprint().to_string(),
            verdict: match outcome {
                CheckOutcome::Passed => "passed",
                CheckOutcome::PassedUntrusted => "untrusted",
                _ => "failed",
            },
            reason: failure.map(|failure| failure.name()),
            detail: failure.map(|failure| failure.to_string()),
            issuer: verdict.csca.map(|csca| csca.to_string()),
            state: Some(state.to_string()),
            chain: verdict.chain.name(),
            validity: verdict.validity.name(),
            usage: verdict.usage.name(),
            revocation: verdict.revocation.name(),
            tolerances: verdict
                .tolerances
                .as_slice()
                .iter()
                .map(|tolerance| tolerance.name())
                .collect(),
            file: found.path.display().to_string(),
            index: found.index,
        }
    }
}

impl Judgement {
    fn malformed(found: &Found, error: PkiError) -> Self {
        let (Ok(bytes) | Err(Malformed { part: bytes, .. })) = &found.object;
        let none = CheckOutcome::<Failure>::NotPerformed.name();
        Self {
            sha256: Fingerprint::of(bytes).to_string(),
            verdict: "malformed",
            reason: Some("malformed"),
            detail: Some(error.to_string()),
            issuer: None,
            state: None,
            chain: none,
            validity: none,
            usage: none,
            revocation: none,
            tolerances: Vec::new(),
            file: found.path.display().to_string(),
            index: found.index,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{} {}", self.sha256, self.verdict)?;
        if let Some(detail) = &self.detail {
            write!(out, " ({detail})")?;
        }
        if let Some(issuer) = &self.issuer {
            write!(out, " issuer {issuer}")?;
        }
        if !self.tolerances.is_empty() {
            write!(out, " [{}]", self.tolerances.join(" "))?;
        }
        writeln!(out)
    }
}

impl Summary {
    fn count(&mut self, judgement: &Judgement) {
        self.signers += 1;
        match judgement.verdict {
            "passed" => self.passed += 1,
            "untrusted" => self.untrusted += 1,
            "malformed" => self.malformed += 1,
            _ => self.failed += 1,
        }
        self.chained += usize::from(judgement.issuer.is_some());
        if let Some(reason) = judgement.reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
        for tolerance in &judgement.tolerances {
            *self.tolerances.entry(tolerance).or_default() += 1;
        }
    }

    fn write(&self, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            summary: &'a Summary,
        }
        if json {
            serde_json::to_writer(&mut *out, &Line { summary: self }).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            writeln!(
                out,
                "{} certificates at {} by the {} policy: {} passed, {} failed, {} untrusted, {} malformed; {} issued by a given CSCA",
                self.signers,
                self.at,
                self.policy,
                self.passed,
                self.failed,
                self.untrusted,
                self.malformed,
                self.chained
            )?;
            for (name, count) in &self.reasons {
                writeln!(out, "  {name:<28} {count}")?;
            }
            for (name, count) in &self.tolerances {
                writeln!(out, "  tolerated {name:<28} {count}")?;
            }
            writeln!(
                out,
                "{} anchors, {} revocation lists, {} refused; {:.2} s on {} cores",
                self.anchors,
                self.revocation_lists,
                self.refused.len(),
                self.seconds,
                self.threads
            )?;
        }
        out.flush()?;
        Ok(())
    }
}

/// The time of this computer.
pub(super) fn now() -> anyhow::Result<UnixTime> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(UnixTime(i64::try_from(now.as_secs())?))
}

pub(super) fn parse_time(text: &str) -> anyhow::Result<UnixTime> {
    text.parse().map_err(|_| {
        anyhow::anyhow!("no time: write 2031-07-01, 2031-07-01T12:00:00Z, or seconds since 1970")
    })
}
