//! A login server and its page without the network between them: it signs requests and judges evidence with the very
//! code of `rda-login`, and talks to a worker of the daemon directly. One login takes milliseconds, so that every command
//! of it can go wrong once.

use crate::page::Verdict;
use crate::site;
use anyhow::{Context as _, Result, anyhow, bail};
use icao::pki::csca_store::CscaStore;
use icao::pki::policy::Policy;
use icao::pki::{DocumentKind, IssuingState};
use icao::simulator::{self, Profile};
use protocol::chip_authentication::{Command, Conversation};
use protocol::error::Code;
use protocol::evidence::sealed_hash;
use protocol::messages::{Hint, Outcome, Step};
use protocol::request::Document;
use protocol::trust::TrustedServer;
use rand_core::UnwrapErr;
use rda::session::{self, AcceptedRequest, FromWorker, ToWorker, Worker};
use rda_login::keys::Keys;
use rda_login::rda::CommandSent;
use rda_login::register::{Bsn, FileRegister, Register as _};
use rda_login::request::Issuer;
use rda_login::verification::{self, Progress, Report, Rules};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A time at which the specimens' documents are valid.
const NOW: u64 = 1_795_305_600;
const ORIGIN: &str = "https://login.example";
/// Level Substantieel.
const SUBSTANTIAL: u8 = 25;

/// The login server.
pub struct Office {
    issuer: Issuer,
    server: TrustedServer,
    keys: Keys,
    rules: Rules,
    register: FileRegister,
    /// Holds keys and register.
    _folder: tempfile::TempDir,
}

/// How a login ended.
#[derive(Debug)]
pub struct Ending {
    /// By whom and how it was decided.
    pub verdict: Verdict,
    /// What the page was shown, in order.
    pub states: Vec<(Step, Option<Hint>)>,
    /// What the verification took, without that of the daemon and the chip.
    pub judged: Duration,
}

impl Office {
    /// A login server that knows the holders of all profiles.
    ///
    /// # Errors
    /// If its folder cannot be made.
    pub fn open() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rda-office-").tempdir()?;
        let register = folder.path().join("register.toml");
        std::fs::write(&register, site::register())?;
        let keys = folder.path().join("keys.toml");
        Keys::create(&keys)?;
        let keys = Keys::open(&keys)?;
        let mut csca = CscaStore::new();
        for anchor in simulator::csca_certificates()? {
            csca.add(
                anchor.kind,
                IssuingState::parse(anchor.issuing_state)?,
                &anchor.der,
            )?;
        }
        let name = |text: &str| text.to_owned().try_into();
        let issuer = Issuer {
            id: "office".to_owned().try_into()?,
            origin: ORIGIN.to_owned().try_into()?,
            service: BTreeMap::from([("en".to_owned().try_into()?, name("Specimen office")?)]),
            accept_without_chip_authentication: true,
            test: true,
        };
        Ok(Self {
            server: issuer.trust_file(&keys)?,
            issuer,
            keys,
            rules: Rules {
                csca,
                policy: Policy::field(),
            },
            register: FileRegister::open(&register)?,
            _folder: folder,
        })
    }

    /// One trust anchor more: a certificate in DER.
    ///
    /// # Errors
    /// If it is no CSCA certificate.
    pub fn trust(&mut self, kind: DocumentKind, state: IssuingState, der: &[u8]) -> Result<()> {
        self.rules.csca.add(kind, state, der)?;
        Ok(())
    }

    /// Takes one login of the holder of `profile` from the request to the verdict, with `worker` in the daemon's place.
    ///
    /// # Errors
    /// If the worker breaks the protocol, or panics.
    pub fn log_in(&self, profile: Profile, worker: &dyn Worker) -> Result<Ending> {
        self.log_in_before(profile, worker, &mut |_, _| ControlFlow::Continue(()))
    }

    /// As [`Office::log_in`], before a citizen who sees each state and may give up.
    ///
    /// # Errors
    /// As [`Office::log_in`].
    pub fn log_in_before(
        &self,
        profile: Profile,
        worker: &dyn Worker,
        citizen: &mut dyn FnMut(Step, Option<Hint>) -> ControlFlow<()>,
    ) -> Result<Ending> {
        let document: Document = serde_json::from_value(site::kind_name(profile.kind()).into())?;
        let bsn = Bsn::parse(profile.holder().bsn).context("the specimen's BSN")?;
        let mut candidates = self.register.documents(&bsn)?;
        candidates.retain(|candidate| candidate.kind == document);
        let (_, issued) = self
            .issuer
            .issue(&self.keys, document, candidates, true, NOW)?;
        let accepted = AcceptedRequest {
            request: issued.request.clone(),
            server: self.server.clone(),
            typed_access: None,
            language: None,
            deadline: Instant::now() + Duration::from_secs(300),
        };
        let (mut handle, inbox, outbox) = session::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        std::thread::scope(|scope| {
            // No more room than the daemon gives it, although the chip is on it too.
            let thread = std::thread::Builder::new()
                .stack_size(icao::stack::SIZE)
                .spawn_scoped(scope, move || worker.run(accepted, inbox, outbox))?;
            let mut states = Vec::new();
            let mut judged = Duration::ZERO;
            let mut given_up = false;
            let mut next = |handle: &mut session::Handle| loop {
                match runtime.block_on(handle.receive()) {
                    Some(FromWorker::State(state)) => {
                        states.push((state.state, state.hint));
                        if !given_up && citizen(state.state, state.hint).is_break() {
                            given_up = true;
                            let _ = handle.send(ToWorker::Cancel);
                        }
                    }
                    // A worker that was cancelled need not say so.
                    None if std::mem::take(&mut given_up) => {
                        return Some(FromWorker::Error(Code::Cancelled));
                    }
                    other => {
                        given_up = false;
                        return other;
                    }
                }
            };
            let report = (|| {
                let sealed = match next(&mut handle) {
                    Some(FromWorker::Evidence(sealed)) => sealed,
                    other => return stopped(other),
                };
                let mut rng = UnwrapErr(getrandom::SysRng);
                let begun = Instant::now();
                let progress = self
                    .rules
                    .evidence(&self.register, &issued, &sealed, NOW, &mut rng);
                judged += begun.elapsed();
                let (command, pending) = match progress {
                    Progress::Decided(report) => return Ok(verdict(&report)),
                    Progress::Command(command, pending) => (command, pending),
                };
                let command = self.command(&issued, &command, sealed_hash(&sealed))?;
                handle.send(ToWorker::ChipAuthentication(Box::new(command)))?;
                let sealed = match next(&mut handle) {
                    Some(FromWorker::ChipAuthenticationResult(sealed)) => sealed,
                    other => return stopped(other),
                };
                let sent = CommandSent {
                    issued,
                    pending,
                    at: NOW,
                };
                let begun = Instant::now();
                let report = self.rules.result(&self.register, sent, &sealed, NOW);
                judged += begun.elapsed();
                Ok(verdict(&report))
            })();
            let outcome = match &report {
                Ok(Verdict::Raised(_)) => Outcome::Accepted,
                _ => Outcome::Refused,
            };
            // A worker that has given up takes no verdict.
            let _ = handle.send(ToWorker::Finish(outcome));
            let after = next(&mut handle);
            drop(handle);
            thread
                .join()
                .map_err(|_| anyhow!("the daemon's worker panicked"))?;
            let verdict = report?;
            if after.is_some() {
                bail!("the worker spoke after the verdict: {after:?}");
            }
            Ok(Ending {
                verdict,
                states,
                judged,
            })
        })
    }

    fn command(
        &self,
        issued: &rda_login::rda::Issued,
        command: &verification::Command,
        evidence: [u8; 32],
    ) -> Result<Command> {
        let asked = issued.request.claims();
        let signed = self
            .issuer
            .command(&self.keys, asked, command, evidence, NOW)?;
        let conversation = Conversation {
            server: &self.server,
            request: &issued.request,
            evidence,
            now: NOW,
            elapsed: 0,
        };
        Ok(Command::verify(&signed, &conversation)?)
    }
}

fn stopped(message: Option<FromWorker>) -> Result<Verdict> {
    match message {
        Some(FromWorker::Error(code)) => Ok(Verdict::Stopped(code.symbol().to_owned())),
        other => Err(anyhow!("the worker said out of turn: {other:?}")),
    }
}

fn verdict(report: &Report) -> Verdict {
    match report.outcome {
        Ok(()) => Verdict::Raised(SUBSTANTIAL),
        Err(refusal) => Verdict::Refused(refusal.code.symbol().to_owned()),
    }
}
