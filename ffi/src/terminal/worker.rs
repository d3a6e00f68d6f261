//! The terminal on a thread of its own.
//!
//! [`icao::terminal::Terminal`] holds its policy (order, block length, retry) in plain blocking code over a
//! [`Transport`]. A thread turns that into steps without a second copy of the policy as a state machine: the transport
//! hands each command to the host and waits for the answer. It also gives keys, randomness and channel a place to live for
//! the whole conversation. The host's callbacks never run here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use getrandom::SysRng;
use icao::access_key::AccessKey;
use icao::crypto::key_agreement::PublicKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::sod::HashMatch;
use icao::lds::{Application, DataGroup, Dg14, Dg15, Sod};
use icao::pki::DocumentKind;
use icao::terminal::{Event, Policy, Terminal};
use icao::transport::{Limits, Transport, TransportError};
use icao::verifier::authentication_key_group;
use protocol::read_commands::{ReadCommands, SfiReading};
use protocol::request::Document;
use rand_core::UnwrapErr;
use zeroize::Zeroizing;

use super::exchange::{ChipCommand, File, RdaAccess, RdaConversation};
use crate::apdu_list::RdaApduList;
use crate::binding::Binding;
use crate::boundary::Outcome;
use crate::bytes::RdaBytes;
use crate::code::RdaCode;
use crate::failure::Failure;

/// What a terminal begins with.
pub(super) struct Setup {
    pub(super) keys: Vec<AccessKey>,
    pub(super) kind: DocumentKind,
    pub(super) policy: Policy,
    pub(super) limits: Limits,
    pub(super) cancelled: Arc<AtomicBool>,
}

/// Where the challenge of Active Authentication comes from.
pub(crate) enum Challenge {
    Given([u8; 8]),
    /// It follows from the binding and EF.SOD.
    Bound,
}

/// One operation.
pub(crate) enum Job {
    Open,
    Read(File),
    ActiveAuthentication(Challenge),
    ChipAuthentication(ChipCommand),
    #[cfg(test)]
    Panic,
}

impl Job {
    pub(super) fn read(file: u32) -> Result<Self, Failure> {
        File::from_number(file).map(Self::Read)
    }
}

/// What an operation brought.
pub(crate) enum Output {
    Nothing,
    Bytes(Zeroizing<Vec<u8>>),
    List(Vec<Vec<u8>>),
}

impl Output {
    pub(super) fn is_bytes(&self) -> bool {
        matches!(self, Self::Bytes(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    pub(super) fn bytes(self) -> Result<RdaBytes, Failure> {
        match self {
            Self::Bytes(bytes) => Ok(RdaBytes::copy(&bytes)),
            _ => Err(Failure::internal()),
        }
    }

    pub(super) fn list(self) -> Result<RdaApduList, Failure> {
        match self {
            Self::List(list) => Ok(RdaApduList::new(list)),
            _ => Err(Failure::internal()),
        }
    }
}

/// From the thread to the host.
pub(super) enum Message {
    Progress(Event),
    Transmit(Zeroizing<Vec<u8>>),
    Reset,
    Done(Box<Result<Output, Failure>>, Box<RdaConversation>),
}

/// From the host to the thread.
pub(super) enum Reply {
    Response(Result<Vec<u8>, TransportError>),
    Reset(Result<(), TransportError>),
}

/// A job with the binding that holds for it.
type Order = Box<(Job, Option<Binding>)>;

/// The host's end. Dropping it ends the thread and waits for it: at most for a computation.
pub(super) struct Worker {
    ends: Option<(Sender<Order>, Sender<Reply>)>,
    messages: Receiver<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(setup: Setup) -> Result<Self, Failure> {
        let (to_jobs, jobs) = channel();
        let (to_replies, replies) = channel();
        let (to_messages, messages) = channel();
        let thread = Builder::new()
            .name("rda-terminal".to_owned())
            .spawn(move || converse(&setup, &jobs, replies, &to_messages))
            .map_err(|error| {
                Failure::new(
                    RdaCode::Internal,
                    format_args!("no thread: {}", error.kind()),
                )
            })?;
        Ok(Self {
            ends: Some((to_jobs, to_replies)),
            messages,
            thread: Some(thread),
        })
    }

    pub(super) fn start_job(&self, job: Job, binding: Option<Binding>) -> Outcome {
        let sent = self
            .ends
            .as_ref()
            .map(|(jobs, _)| jobs.send(Box::new((job, binding))));
        alive(sent.is_some_and(|sent| sent.is_ok()))
    }

    pub(super) fn reply(&self, reply: Reply) -> Outcome {
        let sent = self.ends.as_ref().map(|(_, replies)| replies.send(reply));
        alive(sent.is_some_and(|sent| sent.is_ok()))
    }

    /// The next message; `None` if the thread is gone, which only a panic brings about.
    pub(super) fn message(&self) -> Option<Message> {
        self.messages.recv().ok()
    }
}

fn alive(sent: bool) -> Outcome {
    if sent {
        Ok(())
    } else {
        Err(Failure::internal())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ends = None;
        if let Some(thread) = self.thread.take() {
            // An error is a panic, which has been told to the host.
            let _ = thread.join();
        }
    }
}

/// The link to the chip, by way of the host.
struct HostLink<'a> {
    messages: &'a Sender<Message>,
    replies: Receiver<Reply>,
    limits: Limits,
    cancelled: &'a AtomicBool,
}

impl HostLink<'_> {
    fn ask(&self, message: Message) -> Result<Reply, TransportError> {
        self.go_on()?;
        // A host that has freed its handle answers no more.
        self.messages
            .send(message)
            .map_err(|_| TransportError::Cancelled)?;
        let reply = self.replies.recv().map_err(|_| TransportError::Cancelled)?;
        // Whatever became of the exchange during which the host has cancelled.
        self.go_on()?;
        Ok(reply)
    }

    fn go_on(&self) -> Result<(), TransportError> {
        match self.cancelled.load(Ordering::Acquire) {
            true => Err(TransportError::Cancelled),
            false => Ok(()),
        }
    }
}

impl Transport for HostLink<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        match self.ask(Message::Transmit(Zeroizing::new(command.to_vec())))? {
            Reply::Response(response) => response,
            Reply::Reset(_) => Err(TransportError::Cancelled),
        }
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        match self.ask(Message::Reset)? {
            Reply::Reset(result) => result,
            Reply::Response(_) => Err(TransportError::Cancelled),
        }
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}

/// The thread, from the first job to the end of the handle.
fn converse(
    setup: &Setup,
    jobs: &Receiver<Order>,
    replies: Receiver<Reply>,
    messages: &Sender<Message>,
) {
    let mut link = HostLink {
        messages,
        replies,
        limits: setup.limits,
        cancelled: &setup.cancelled,
    };
    let mut rng = UnwrapErr(SysRng);
    let mut on_event = |event| {
        // A host that is gone is noticed with the next command.
        let _ = messages.send(Message::Progress(event));
    };
    let mut refused = 0;
    let mut next = jobs.recv().ok();
    while next.is_some() {
        let mut conversation = Conversation {
            terminal: Terminal::new(&mut link, &mut rng, setup.policy, &mut on_event)
                .for_application(Application::of(setup.kind)),
            keys: &setup.keys,
            kind: setup.kind,
            refused,
            access: RdaAccess::None,
            files: Files::default(),
        };
        while let Some(order) = next.take() {
            let (job, binding) = *order;
            // A chip that refused its keys was laid again: this is another terminal's conversation, with tries of its own.
            if matches!(job, Job::Open) && conversation.refused > refused {
                next = Some(Box::new((job, binding)));
                break;
            }
            let result = conversation.perform(job, binding.as_ref());
            let done = Message::Done(Box::new(result), Box::new(conversation.told()));
            if messages.send(done).is_err() {
                return;
            }
            next = jobs.recv().ok();
        }
        refused = conversation.refused;
    }
}

/// Files that the proofs need, as read.
#[derive(Default)]
struct Files {
    sod: Option<Zeroizing<Vec<u8>>>,
    dg14: Option<Zeroizing<Vec<u8>>>,
    /// DG15, or DG13 of a licence, which has the same form.
    authentication_key: Option<Zeroizing<Vec<u8>>>,
}

impl Files {
    fn keep(&mut self, file: File, kind: DocumentKind, content: &[u8]) {
        let place = match file {
            File::Sod => &mut self.sod,
            File::Group(DataGroup::DG14) => &mut self.dg14,
            File::Group(group) if group == authentication_key_group(kind) => {
                &mut self.authentication_key
            }
            _ => return,
        };
        *place = Some(Zeroizing::new(content.to_vec()));
    }

    fn needed<'f>(file: &'f Option<Zeroizing<Vec<u8>>>, name: &str) -> Result<&'f [u8], Failure> {
        file.as_ref()
            .map(|file| file.as_slice())
            .ok_or_else(|| Failure::state(format_args!("{name} has not been read")))
    }
}

struct Conversation<'a> {
    terminal: Terminal<'a>,
    keys: &'a [AccessKey],
    kind: DocumentKind,
    /// Keys that the chip refused when it was opened before.
    refused: usize,
    access: RdaAccess,
    files: Files,
}

impl Conversation<'_> {
    fn perform(&mut self, job: Job, binding: Option<&Binding>) -> Result<Output, Failure> {
        match job {
            Job::Open => self.open(),
            Job::Read(file) => self.read(file),
            Job::ActiveAuthentication(challenge) => self.active_authentication(&challenge, binding),
            Job::ChipAuthentication(command) => self.chip_authentication(&command, binding),
            #[cfg(test)]
            #[expect(clippy::panic, reason = "what a test of the boundary asks for")]
            Job::Panic => panic!("asked for by a test"),
        }
    }

    fn open(&mut self) -> Result<Output, Failure> {
        if self.access != RdaAccess::None {
            return Err(Failure::state("the chip is open"));
        }
        match self.terminal.open_after(self.keys, self.refused) {
            Ok(protocol) => {
                self.access = protocol.into();
                Ok(Output::Nothing)
            }
            Err(error) => {
                let failure = Failure::from(error);
                self.refused = self
                    .refused
                    .saturating_add(usize::try_from(failure.keys_tried).unwrap_or(usize::MAX));
                Err(failure)
            }
        }
    }

    fn opened(&self) -> Outcome {
        match self.access {
            RdaAccess::None => Err(Failure::state("the chip has not been opened")),
            _ => Ok(()),
        }
    }

    fn read(&mut self, file: File) -> Result<Output, Failure> {
        self.opened()?;
        let content = match file.place(self.terminal.application()) {
            None => {
                let found = self.terminal.card_access()?;
                let found = found.ok_or_else(|| {
                    Failure::new(RdaCode::FileNotFound, "EF.CardAccess not found")
                })?;
                Zeroizing::new(found.raw().to_vec())
            }
            Some(place) => {
                let content = self.terminal.read(place)?;
                self.files.keep(file, self.kind, &content);
                content
            }
        };
        Ok(Output::Bytes(content))
    }

    fn active_authentication(
        &mut self,
        challenge: &Challenge,
        binding: Option<&Binding>,
    ) -> Result<Output, Failure> {
        let sod = Files::needed(&self.files.sod, "EF.SOD")?;
        let key = "the key of Active Authentication";
        let file = Files::needed(&self.files.authentication_key, key)?;
        let challenge = match (challenge, binding) {
            (Challenge::Given(challenge), _) => *challenge,
            (Challenge::Bound, Some(binding)) => binding.challenge(sod)?,
            (Challenge::Bound, None) => {
                return Err(Failure::state("neither a challenge nor a binding"));
            }
        };
        let file = Dg15::parse(file).map_err(|error| {
            Failure::new(RdaCode::FileMalformed, format_args!("{key}: {error}"))
        })?;
        let length = match file.verifying_key() {
            Ok(VerifyingKey::Rsa(key)) => key.modulus_len(),
            // A signature over a curve always fits a short answer.
            _ => 1,
        };
        let signature = self.terminal.active_authentication(&challenge, length)?;
        Ok(Output::Bytes(Zeroizing::new(signature)))
    }

    fn chip_authentication(
        &mut self,
        command: &ChipCommand,
        binding: Option<&Binding>,
    ) -> Result<Output, Failure> {
        let mismatch = |error: &dyn core::fmt::Display| {
            Failure::new(RdaCode::ChipAuthenticationMismatch, error)
        };
        let sod = Files::needed(&self.files.sod, "EF.SOD")?;
        let dg14 = Files::needed(&self.files.dg14, "DG14")?;
        let malformed =
            |error: &dyn core::fmt::Display| Failure::new(RdaCode::FileMalformed, error);
        let object = Sod::parse(sod).map_err(|error| malformed(&error))?;
        match object.security_object().verify(DataGroup::DG14, dg14) {
            HashMatch::Equal | HashMatch::EqualWithoutPadding => {}
            HashMatch::Different | HashMatch::NotListed => {
                return Err(Failure::new(
                    RdaCode::FilesInconsistent,
                    "DG14 is not as EF.SOD lists it",
                ));
            }
        }
        let infos = Dg14::parse(dg14).map_err(|error| malformed(&error))?;
        let option = infos
            .security_infos()
            .chip_authentication_options()
            .into_iter()
            .find(|option| {
                option.protocol.oid().to_string() == command.protocol
                    && option.key.key_id.map(|id| id.0) == command.key_id
            })
            .ok_or_else(|| mismatch(&"DG14 offers no such protocol and key"))?;
        let chip_key = option.key.public_key().map_err(|error| mismatch(&error))?;

        let sfi_reading = if self.terminal.refuses_short_identifiers() {
            SfiReading::Fails
        } else {
            SfiReading::Works
        };
        let document = match self.kind {
            DocumentKind::TravelDocument => Document::Passport,
            DocumentKind::IdentityCard => Document::IdentityCard,
            DocumentKind::DrivingLicence => Document::DrivingLicence,
        };
        let commands = ReadCommands::new(command.commands.clone(), document, sfi_reading)
            .map_err(|error| Failure::new(RdaCode::CommandForbidden, error))?;
        let mut public_key = PublicKey::from_bytes(chip_key.group(), &command.public_key)
            .map_err(|error| mismatch(&error))?;
        if let Some(binding) = binding {
            let tweak = binding.tweak(sod, dg14, public_key.as_bytes())?;
            public_key = public_key.tweak(&tweak).map_err(|error| mismatch(&error))?;
        }
        let answers = self.terminal.remote_chip_authentication(
            option.protocol,
            option.key.key_id,
            &public_key,
            commands.as_slice(),
        )?;
        let whole = |answer: icao::apdu::Response| {
            [answer.data.as_slice(), &answer.status.0.to_be_bytes()].concat()
        };
        Ok(Output::List(answers.into_iter().map(whole).collect()))
    }

    fn told(&self) -> RdaConversation {
        let transcript = self.terminal.transcript();
        let limits = self.terminal.limits();
        RdaConversation {
            access: self.access,
            short_identifiers: u32::from(!self.terminal.refuses_short_identifiers()),
            max_command: limits.max_command,
            max_response: limits.max_response,
            apdus: transcript.apdus,
            resumes: transcript.resumes,
            bytes_sent: transcript.bytes_sent,
            bytes_received: transcript.bytes_received,
        }
    }
}
