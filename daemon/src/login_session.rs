//! A login, from the wait for a document to the server's decision, on a thread that may block.
//!
//! ```text
//! wait ▸ open ▸ EF.SOD, DG14, DG15 ▸ Active Authentication ▸ evidence, sealed            ──▶ server
//!      ◀── the server's key and protected commands, signed and checked
//! Chip Authentication with t·P ▸ the commands ▸ the chip's answers, sealed               ──▶ server
//! ```
//!
//! What the server asks for is held against what was read here: protocol and key against DG14, DG14 against EF.SOD,
//! the commands against a closed list. The identity file is read by the server alone where the chip can do Chip
//! Authentication; the daemon reads it only from a chip that cannot, and only if the request says so.

mod codes;
mod files;
mod progress;

use std::time::Instant;

use icao::access_key::{AccessKey, PaceKey};
use icao::crypto::key_agreement::PublicKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::security_info::Mapping;
use icao::lds::sod::Sod;
use icao::lds::{DataGroup, Dg14, Dg15, FileId};
use icao::mrz::AccessFields;
use icao::terminal::{AccessProtocol, Error, Policy, Terminal};
use icao::transport::{Limits, Transport, TransportError};
use protocol::bindings::Binding;
use protocol::chip_authentication::{ChipAuthenticationResult, Command, StatusWord};
use protocol::encoding::Octets;
use protocol::error::Code;
use protocol::evidence::{self, ActiveAuthentication, Evidence, Link, Transcript};
use protocol::jwe::{self, SealError, Sealable};
use protocol::messages::{Hint, Step, TypedAccess};
use protocol::read_commands::{ReadCommands, SfiReading};
use protocol::request::{Access, Document};
use rand_core::UnwrapErr;

use crate::reader::{Cancel, DocumentLink, DocumentSource, Notify};
use crate::session::{AcceptedRequest, FromWorker, Gone, Inbox, Outbox, ToWorker, Worker};
use files::Files;
use progress::Progress;

/// Most commands and bytes spent on one placement of a document: about four times what the longest files of a login cost a
/// chip that takes 64 bytes at a time.
const MOST_APDUS: u32 = 1024;
const MOST_BYTES: u64 = 512 * 1024;

/// Longest name of a reader model in evidence, in characters.
const LONGEST_READER_MODEL: usize = 64;

/// Opens the place where documents are laid, for one login.
pub type OpenSource = Box<dyn Fn(Cancel, Notify) -> Box<dyn DocumentSource> + Send + Sync>;

/// Drives documents through logins.
pub struct LoginWorker {
    open_source: OpenSource,
}

impl LoginWorker {
    /// A worker over documents from `open_source`, which is asked anew for every login: between logins nothing is held.
    #[must_use]
    pub fn new(open_source: OpenSource) -> Self {
        Self { open_source }
    }
}

impl Worker for LoginWorker {
    fn run(&self, request: AcceptedRequest, from_page: Inbox, to_page: Outbox) {
        let cancel = Cancel::new();
        announce(&request);
        let progress = Progress::new(to_page.clone());
        let source = (self.open_source)(cancel.clone(), progress.notices());
        let login = Login {
            request,
            from_page,
            to_page,
            cancel,
            progress,
        };
        let end = login.run(source);
        login.from_page.clear_interrupt();
        match end {
            Ok(()) | Err(Stop::Cancelled) => {}
            Err(Stop::Failed(code)) => login.fail(code),
            Err(Stop::Refused(_)) => login.fail(Code::AccessDataWrong),
        }
    }
}

/// Why a login stops.
enum Stop {
    /// The page, or its time, is over.
    Cancelled,
    /// It failed, and the page is told.
    Failed(Code),
    /// The document refused this many access keys and others are left: tried when it was taken away and laid again.
    Refused(usize),
}

impl From<Code> for Stop {
    fn from(code: Code) -> Self {
        Self::Failed(code)
    }
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        // The words of these errors name steps, files and status words, no data.
        tracing::info!(%error, "the chip could not be read");
        match error {
            Error::WrongAccessKey { tries, left } if left > 0 => {
                Self::Refused(usize::try_from(tries).unwrap_or(usize::MAX))
            }
            error => Self::Failed(codes::of_terminal(&error)),
        }
    }
}

struct Login {
    request: AcceptedRequest,
    from_page: Inbox,
    to_page: Outbox,
    cancel: Cancel,
    progress: Progress,
}

impl Login {
    fn fail(&self, code: Code) {
        tracing::info!(code = code.symbol(), "login failed");
        let _gone = self.to_page.send(FromWorker::Error(code));
    }

    fn run(&self, mut source: Box<dyn DocumentSource>) -> Result<(), Stop> {
        if self.request.request.claims().document == Document::DrivingLicence {
            return Err(Code::DocumentKindWrong.into());
        }
        let keys = self.access_keys()?;
        self.interruptible()?;
        self.progress.enter(Step::WaitingForReader);
        let mut refused = 0usize;
        loop {
            let mut link = source
                .next_document()
                .map_err(|error| self.stop_of_wait(codes::of_reader(error)))?;
            let started = Instant::now();
            match self.with_document(&mut *link, &keys, refused, started) {
                // Some other card: the document is still to come.
                Err(Stop::Failed(Code::NotADocument)) => {
                    self.progress.hint(Hint::OtherDocument);
                    link.dismiss();
                }
                // A chip slows down or blocks after wrong keys; the citizen's hand limits the pace of further ones.
                Err(Stop::Refused(tries)) => {
                    refused = refused.saturating_add(tries);
                    self.progress.hint(Hint::LayAgain);
                    link.dismiss();
                    continue;
                }
                // A wait that was cancelled looks like a lost document from inside.
                Err(Stop::Failed(code)) => return Err(self.stop_of_wait(code)),
                other => return other,
            }
            self.progress.enter(Step::WaitingForDocument);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled() || self.from_page.is_cancelled()
    }

    fn stop_of_wait(&self, code: Code) -> Stop {
        if self.is_cancelled() {
            Stop::Cancelled
        } else {
            Stop::Failed(code)
        }
    }

    /// From here on, a message of the page ends waits for readers and documents: it can only be a cancellation.
    fn interruptible(&self) -> Result<(), Stop> {
        let cancel = self.cancel.clone();
        self.from_page.set_interrupt(move || {
            let cancel = cancel.clone();
            // Ending a wait may take a moment, which the socket's thread has not got.
            std::thread::spawn(move || cancel.cancel());
        });
        if self.from_page.is_cancelled() {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, Stop> {
        let released = self.request.request.claims().access.iter();
        let mut keys = released.map(access_key).collect::<Result<Vec<_>, _>>()?;
        if let Some(typed) = &self.request.typed_access {
            keys.push(typed_key(typed)?);
        }
        if keys.is_empty() {
            Err(Code::AccessDataMissing.into())
        } else {
            Ok(keys)
        }
    }

    fn with_document(
        &self,
        link: &mut dyn DocumentLink,
        keys: &[AccessKey],
        refused: usize,
        started: Instant,
    ) -> Result<(), Stop> {
        let reader = reader_model(link.reader_name());
        let mut link = Cancellable { link, login: self };
        let mut policy = Policy::default();
        policy.most_apdus = MOST_APDUS;
        policy.most_bytes = MOST_BYTES;
        let mut rng = UnwrapErr(getrandom::SysRng);
        let mut on_event = |event| self.progress.event(event);
        let mut terminal = Terminal::new(&mut link, &mut rng, policy, &mut on_event);

        self.progress.enter(Step::Opening);
        let access = terminal.open_after(keys, refused)?;
        self.progress.enter(Step::Reading);
        let document = Files::read(&mut terminal)?;
        let offers_chip_authentication = document
            .dg14
            .as_ref()
            .is_some_and(|dg14| files::chip_key(dg14).is_some());
        if !offers_chip_authentication && document.dg15.is_none() {
            return Err(Code::NoChipProof.into());
        }
        let identity_file = match offers_chip_authentication {
            true => None,
            false if self.request.request.allows_identity_file() => {
                Some(terminal.read(FileId::data_group(DataGroup::DG1))?)
            }
            false => return Err(Code::IdentityFileNotAllowed.into()),
        };
        self.progress.enter(Step::Proving);
        let signature = match &document.dg15 {
            Some(dg15) => Some(self.active_authentication(&mut terminal, &document.sod, dg15)?),
            None => None,
        };
        let evidence = self.evidence(
            &terminal,
            &document,
            access,
            identity_file,
            signature,
            reader,
            started,
        )?;
        let sealed = self.seal(&evidence)?;
        self.progress.enter(Step::WaitingForServer);
        self.from_page.clear_interrupt();
        self.to_page.send(FromWorker::Evidence(sealed))?;
        let Some(dg14) = document
            .dg14
            .as_ref()
            .filter(|_| offers_chip_authentication)
        else {
            return self.finish();
        };
        let command = match self.from_page.receive()? {
            ToWorker::ChipAuthentication(command) => command,
            ToWorker::Finish(_) => {
                self.progress.enter(Step::Done);
                return Ok(());
            }
            ToWorker::Cancel => return Err(Stop::Cancelled),
        };
        self.interruptible()?;
        self.progress.enter(Step::Confirming);
        let result = self.chip_authentication(&mut terminal, &document, dg14, &command)?;
        self.from_page.clear_interrupt();
        let sealed = self.seal(&result)?;
        self.to_page
            .send(FromWorker::ChipAuthenticationResult(sealed))?;
        self.finish()
    }

    /// Waits for the server's decision.
    fn finish(&self) -> Result<(), Stop> {
        match self.from_page.receive()? {
            ToWorker::Finish(_) => {
                self.progress.enter(Step::Done);
                Ok(())
            }
            ToWorker::Cancel => Err(Stop::Cancelled),
            ToWorker::ChipAuthentication(_) => Err(Code::MessageUnexpected.into()),
        }
    }

    fn binding(&self) -> Binding<'_> {
        Binding {
            origin: &self.request.request.claims().aud,
            request: self.request.request.hash(),
        }
    }

    /// Lets the chip sign the challenge that is bound to this origin, request and document.
    fn active_authentication(
        &self,
        terminal: &mut Terminal<'_>,
        sod: &Sod,
        dg15: &Dg15,
    ) -> Result<Vec<u8>, Stop> {
        let rnd_ifd = self
            .binding()
            .rnd_ifd(sod.raw())
            .map_err(|_| Code::Internal)?;
        let length = match VerifyingKey::from_spki(dg15.public_key_info()) {
            Ok(VerifyingKey::Rsa(key)) => key.modulus_len(),
            // A signature over a curve always fits a short answer.
            _ => 1,
        };
        Ok(terminal.active_authentication(&rnd_ifd, length)?)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one message, each from another step"
    )]
    fn evidence(
        &self,
        terminal: &Terminal<'_>,
        document: &Files,
        access: AccessProtocol,
        identity_file: Option<Vec<u8>>,
        signature: Option<Vec<u8>>,
        reader: String,
        started: Instant,
    ) -> Result<Evidence, Stop> {
        let transcript = terminal.transcript();
        let limits = terminal.limits();
        let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Ok(Evidence {
            card_access: document
                .card_access
                .as_ref()
                .map(|file| file_of(file.raw()))
                .transpose()?,
            sod: file_of(document.sod.raw())?,
            dg14: document
                .dg14
                .as_ref()
                .map(|file| file_of(file.raw()))
                .transpose()?,
            dg15: document
                .dg15
                .as_ref()
                .map(|file| file_of(file.raw()))
                .transpose()?,
            dg13: None,
            identity_file: identity_file.map(|file| file_of(&file)).transpose()?,
            active_authentication: signature
                .map(|signature| {
                    Octets::new(signature).map(|signature| ActiveAuthentication { signature })
                })
                .transpose()
                .map_err(|_| Code::ActiveAuthenticationFailed)?,
            link: Link {
                sfi: !terminal.refuses_short_identifiers(),
                max_command: size(limits.max_command),
                max_response: size(limits.max_response),
            },
            transcript: Transcript {
                apdus: transcript.apdus,
                bytes: transcript.bytes_sent + transcript.bytes_received,
                ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                reader,
                retries: transcript.resumes,
            },
            access_protocol: Some(match access {
                AccessProtocol::Bac => evidence::AccessProtocol::Bac,
                AccessProtocol::Pace(info) => match info.protocol.mapping {
                    Mapping::Generic => evidence::AccessProtocol::PaceGm,
                    Mapping::Integrated => evidence::AccessProtocol::PaceIm,
                    Mapping::ChipAuthentication => evidence::AccessProtocol::PaceCam,
                },
            }),
        })
    }

    /// Checks the server's command against the document, and carries it out.
    fn chip_authentication(
        &self,
        terminal: &mut Terminal<'_>,
        document: &Files,
        dg14: &Dg14,
        command: &Command,
    ) -> Result<ChipAuthenticationResult, Stop> {
        let claims = command.claims();
        let (protocol, key_id, chip_key) = document.agreed_key(dg14, command)?;
        let sfi_reading = if terminal.refuses_short_identifiers() {
            SfiReading::Fails
        } else {
            SfiReading::Works
        };
        let commands: Vec<Vec<u8>> = claims
            .commands
            .iter()
            .map(|command| command.as_slice().to_vec())
            .collect();
        let commands = ReadCommands::new(
            commands,
            self.request.request.claims().document,
            sfi_reading,
        )
        .map_err(|error| {
            tracing::warn!(%error, "the server's commands are refused");
            Code::CommandForbidden
        })?;

        let group = chip_key.group();
        let public_key = PublicKey::from_bytes(group, claims.public_key.as_slice())
            .map_err(|_| Code::ChipAuthenticationMismatch)?;
        let tweak = self
            .binding()
            .chip_authentication_tweak(document.sod.raw(), dg14.raw(), public_key.as_bytes())
            .map_err(|_| Code::ChipAuthenticationMismatch)?;
        let public_key = public_key
            .tweak(&tweak)
            .map_err(|_| Code::ChipAuthenticationMismatch)?;

        let answers = terminal.remote_chip_authentication(
            protocol,
            key_id,
            &public_key,
            commands.as_slice(),
        )?;
        let status_words = answers
            .iter()
            .map(|answer| StatusWord(answer.status.0))
            .collect();
        let responses = answers
            .into_iter()
            .map(|answer| Octets::new(answer.data))
            .collect::<Result<_, _>>();
        Ok(ChipAuthenticationResult {
            status_words,
            responses: responses.map_err(|_| Code::ChipAuthenticationFailed)?,
        })
    }

    fn seal<T: Sealable>(&self, message: &T) -> Result<String, Stop> {
        let request = &self.request.request;
        jwe::seal(
            message,
            &request.claims().enc,
            request.hash(),
            &mut UnwrapErr(getrandom::SysRng),
        )
        .map_err(|error| match error {
            SealError::TooLong => Code::EvidenceTooLarge.into(),
            _ => Code::Internal.into(),
        })
    }
}

/// A link over which nothing is sent any more once the login was cancelled or its time is over.
struct Cancellable<'a> {
    link: &'a mut dyn DocumentLink,
    login: &'a Login,
}

impl Cancellable<'_> {
    fn check(&self) -> Result<(), TransportError> {
        if self.login.is_cancelled() {
            Err(TransportError::Cancelled)
        } else {
            Ok(())
        }
    }
}

impl Transport for Cancellable<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.check()?;
        self.link.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.check()?;
        self.link.reset()
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

/// Says in this program's own log, which no page can paint over, who asks for what. Nothing of it is the citizen's.
fn announce(request: &AcceptedRequest) {
    let claims = request.request.claims();
    let wanted = request.language.as_ref();
    let name = wanted
        .and_then(|language| claims.service.get(language))
        .or_else(|| claims.service.values().next());
    // A display name holds no control characters.
    let service = name.map_or("", |name| name.as_str());
    let files = match request.request.allows_identity_file() {
        true => "EF.SOD, DG14, DG15, identity file",
        false => "EF.SOD, DG14, DG15",
    };
    tracing::info!(service, origin = %claims.aud, files, "login accepted");
}

fn file_of(bytes: &[u8]) -> Result<evidence::File, Stop> {
    Octets::new(bytes.to_vec()).map_err(|_| Code::EvidenceTooLarge.into())
}

fn access_key(access: &Access) -> Result<AccessKey, Stop> {
    Ok(match access {
        Access::MrzDigest(digest) => AccessKey::MrzDigest(*digest.as_array()),
        Access::PaceKey(key) => AccessKey::PaceKey(PaceKey {
            sha1_16: *key.sha1_16.as_array(),
            sha256_32: *key.sha256_32.as_array(),
        }),
        Access::Can(can) => AccessKey::can(can.as_str()).map_err(|_| Code::AccessDataWrong)?,
    })
}

fn typed_key(typed: &TypedAccess) -> Result<AccessKey, Stop> {
    match typed {
        TypedAccess::Mrz(mrz) => AccessFields::new(
            mrz.document_number(),
            mrz.date_of_birth(),
            mrz.date_of_expiry(),
        )
        .map(AccessKey::Mrz)
        .map_err(|_| Code::AccessDataWrong.into()),
        TypedAccess::Can { can } => {
            AccessKey::can(can.as_str()).map_err(|_| Code::AccessDataWrong.into())
        }
    }
}

/// The model in a reader's name, without the serial number in parentheses and the numbers of device and slot that PC/SC
/// puts behind it.
fn reader_model(name: &str) -> String {
    let mut depth = 0usize;
    let outside: String = name
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect();
    let mut words: Vec<&str> = outside.split_whitespace().collect();
    let is_number =
        |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    for _ in 0..2 {
        if words.last().is_some_and(is_number) {
            words.pop();
        }
    }
    words.join(" ").chars().take(LONGEST_READER_MODEL).collect()
}

/// A worker over the readers of this computer.
#[must_use]
pub fn over_pcsc(reader: Option<String>) -> LoginWorker {
    LoginWorker::new(Box::new(move |cancel, notify| {
        Box::new(crate::reader::pcsc::PcscReaders::new(
            reader.clone(),
            cancel,
            notify,
        ))
    }))
}

/// A worker over a simulated document.
#[cfg(feature = "simulator")]
#[must_use]
pub fn over_simulator(profile: icao::simulator::Profile) -> LoginWorker {
    LoginWorker::new(Box::new(move |cancel, notify| {
        Box::new(crate::reader::simulated::SimulatedReader::new(
            profile, cancel, notify,
        ))
    }))
}

#[cfg(test)]
mod tests {
    use super::reader_model;

    #[test]
    fn a_reader_model_has_no_serial_number() {
        for (name, model) in [
            (
                "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] (RR123-4567) 01 00",
                "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC]",
            ),
            ("Virtual PCD 00 00", "Virtual PCD"),
            (
                "Identiv uTrust 3700 F CL Reader 0",
                "Identiv uTrust 3700 F CL Reader 0",
            ),
            ("Broken (name", "Broken"),
            ("", ""),
        ] {
            assert_eq!(reader_model(name), model);
        }
    }
}
