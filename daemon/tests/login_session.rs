//! A login from the worker's side of the socket: the test is page and login server, the chip is simulated.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use icao::active_authentication::ActiveAuthentication;
use icao::chip_authentication::remote::{ReadPlan, RemoteChipAuthentication};
use icao::chip_authentication::strongest;
use icao::crypto::key_agreement::SecretKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::sod::{HashMatch, Sod};
use icao::lds::{DataGroup, Dg14, Dg15, FileId};
use icao::simulator::{Fault, Form, Profile, SeededRandom, SimulatedLink};
use icao::transport::{Limits, Transport, TransportError};
use p256::ecdsa::SigningKey;
use protocol::bindings::Binding;
use protocol::chip_authentication::{self, ChipAuthenticationResult, Command, Conversation};
use protocol::encoding::{Octets, encode};
use protocol::error::Code;
use protocol::evidence::{Evidence, sealed_hash};
use protocol::jwe;
use protocol::jwk::PublicJwk;
use protocol::jws::KeyId;
use protocol::messages::{Hint, Outcome, Step};
use protocol::request::Request;
use protocol::trust::TrustedServer;
use rda::login_session::LoginWorker;
use rda::reader::{Cancel, DocumentLink, DocumentSource, Notice, Notify, ReaderError};
use rda::session::{AcceptedRequest, FromWorker, Handle, ToWorker, Worker, channel};
use serde_json::{Value, json};

const NOW: u64 = 1_795_305_600;
const ORIGIN: &str = "https://login.example";

fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[1; 32]).unwrap()
}

/// The server's key of one request, to which evidence is sealed.
fn sealing_key() -> p256::SecretKey {
    p256::SecretKey::from_slice(&[4; 32]).unwrap()
}

fn kid() -> KeyId {
    KeyId::try_from("k".to_owned()).unwrap()
}

fn server() -> TrustedServer {
    serde_json::from_value(json!({
        "id": "login.example",
        "name": {"en": "Specimen"},
        "origins": [ORIGIN],
        "keys": [{"kid": "k", "jwk": PublicJwk::from(signing_key().verifying_key())}],
    }))
    .unwrap()
}

fn claims(profile: Profile) -> Value {
    json!({
        "ver": 1,
        "iss": "login.example",
        "aud": ORIGIN,
        "jti": encode(&[9; 32]),
        "iat": NOW,
        "exp": NOW + 300,
        "service": {"en": "Specimen service"},
        "document": if profile.form() == Form::IdentityCard { "identity-card" } else { "passport" },
        "enc": PublicJwk::from(sealing_key().public_key()),
        "access": [{"mrz_digest": encode(&profile.holder().mrz_digest(profile.form()))}],
        "read": ["identity_file"],
    })
}

/// Cards that are laid on the reader one after the other; behind the last the wait is for good.
struct Cards {
    cards: Arc<Mutex<Vec<SimulatedLink>>>,
    cancel: Cancel,
    notify: Notify,
    sent: Arc<AtomicUsize>,
    pause: Option<Pause>,
}

/// Before the answer to this command the card waits twice for the test.
type Pause = (usize, Arc<Barrier>);

struct Card {
    link: SimulatedLink,
    pause: Option<Pause>,
    sent: Arc<AtomicUsize>,
}

impl DocumentSource for Cards {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let reader = "Reader 00 00".to_owned();
        let Some(link) = self.cards.lock().unwrap().pop() else {
            (self.notify)(Notice::NoDocument { reader });
            self.cancel.wait();
            return Err(ReaderError::Cancelled);
        };
        (self.notify)(Notice::Connected { reader });
        let sent = Arc::clone(&self.sent);
        let pause = self.pause.clone();
        Ok(Box::new(Card { link, pause, sent }))
    }
}

impl Transport for Card {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let sent = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some((at, barrier)) = &self.pause
            && sent == *at
        {
            barrier.wait();
            barrier.wait();
        }
        self.link.transmit(command)
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.link.reset()
    }
    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

impl DocumentLink for Card {
    fn reader_name(&self) -> &str {
        "Reader 00 00"
    }
    fn dismiss(&mut self) {}
}

/// A login under way; the test is the page.
struct Login {
    handle: Handle,
    worker: Option<std::thread::JoinHandle<()>>,
    runtime: tokio::runtime::Runtime,
    request: Request,
    states: Vec<(Step, Option<Hint>)>,
    sent: Arc<AtomicUsize>,
}

impl Login {
    fn start(claims: Value, cards: Vec<SimulatedLink>) -> Self {
        Self::start_with(claims, cards, None)
    }

    fn start_with(claims: Value, mut cards: Vec<SimulatedLink>, pause: Option<Pause>) -> Self {
        cards.reverse();
        let claims = serde_json::from_value(claims).unwrap();
        let (_, request) = Request::issue(claims, &kid(), &signing_key()).unwrap();
        let accepted = AcceptedRequest {
            request: request.clone(),
            server: server(),
            typed_access: None,
            language: None,
            deadline: Instant::now() + Duration::from_secs(300),
        };
        let (handle, inbox, outbox) = channel();
        let cards = Arc::new(Mutex::new(cards));
        let sent = Arc::new(AtomicUsize::new(0));
        let worker = LoginWorker::new(Box::new({
            let sent = Arc::clone(&sent);
            move |cancel, notify| {
                let (cards, sent) = (Arc::clone(&cards), Arc::clone(&sent));
                let pause = pause.clone();
                Box::new(Cards {
                    cards,
                    cancel,
                    notify,
                    sent,
                    pause,
                })
            }
        }));
        let worker = std::thread::spawn(move || worker.run(accepted, inbox, outbox));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        Self {
            handle,
            worker: Some(worker),
            runtime,
            request,
            states: Vec::new(),
            sent,
        }
    }

    /// The next message that is no state.
    fn next(&mut self) -> Option<FromWorker> {
        loop {
            match self.runtime.block_on(self.handle.receive()) {
                Some(FromWorker::State(state)) => self.states.push((state.state, state.hint)),
                other => return other,
            }
        }
    }

    fn error(&mut self) -> Code {
        match self.next() {
            Some(FromWorker::Error(code)) => code,
            _ => panic!("no error"),
        }
    }

    fn evidence(&mut self) -> (Evidence, String) {
        match self.next() {
            Some(FromWorker::Evidence(sealed)) => (
                jwe::open(&sealed, &sealing_key(), self.request.hash()).unwrap(),
                sealed,
            ),
            _ => panic!("no evidence"),
        }
    }

    fn result(&mut self) -> ChipAuthenticationResult {
        match self.next() {
            Some(FromWorker::ChipAuthenticationResult(sealed)) => {
                jwe::open(&sealed, &sealing_key(), self.request.hash()).unwrap()
            }
            _ => panic!("no result"),
        }
    }

    fn binding(&self) -> Binding<'_> {
        Binding {
            origin: &self.request.claims().aud,
            request: self.request.hash(),
        }
    }

    /// Checks Active Authentication as the server does.
    fn check_signature(&self, evidence: &Evidence, profile: Profile) -> bool {
        let dg15 = Dg15::parse(evidence.dg15.as_ref().unwrap().as_slice()).unwrap();
        let key = VerifyingKey::from_spki(dg15.public_key_info()).unwrap();
        let dg14 = evidence
            .dg14
            .as_ref()
            .map(|file| Dg14::parse(file.as_slice()).unwrap());
        let info = dg14
            .as_ref()
            .and_then(|dg14| dg14.security_infos().active_authentication());
        let rnd_ifd = self.binding().rnd_ifd(evidence.sod.as_slice()).unwrap();
        let signature = evidence.active_authentication.as_ref().unwrap();
        ActiveAuthentication {
            key: &key,
            info,
            kind: profile.kind(),
        }
        .verify(&rnd_ifd, signature.signature.as_slice())
        .is_ok()
    }

    /// Makes the server's command; `change` may spoil it before it is signed.
    fn command(
        &self,
        evidence: &Evidence,
        sealed: &str,
        file: FileId,
        change: impl FnOnce(&mut chip_authentication::Claims),
    ) -> (RemoteChipAuthentication, ToWorker) {
        let dg14 = Dg14::parse(evidence.dg14.as_ref().unwrap().as_slice()).unwrap();
        let options = dg14.security_infos().chip_authentication_options();
        let (option, chip_key) = strongest(&options).unwrap();
        let ephemeral = SecretKey::generate(chip_key.group(), &mut SeededRandom::new(b"server"));
        let public_key = ephemeral.public_key().unwrap();
        let tweak = self
            .binding()
            .chip_authentication_tweak(evidence.sod.as_slice(), dg14.raw(), public_key.as_bytes())
            .unwrap();
        let plan = ReadPlan::for_link(
            file,
            evidence.link.sfi,
            95,
            option.protocol.suite,
            evidence.link.max_response as usize,
        );
        let remote = RemoteChipAuthentication::new(
            option.protocol,
            &ephemeral.multiply(&tweak).unwrap(),
            &chip_key,
            &plan,
        )
        .unwrap();
        let mut claims = chip_authentication::Claims {
            iss: self.request.claims().iss.clone(),
            aud: self.request.claims().aud.clone(),
            jti: self.request.claims().jti.clone(),
            iat: NOW,
            exp: NOW + 60,
            evidence: protocol::encoding::FixedOctets::new(sealed_hash(sealed)),
            public_key: Octets::new(public_key.as_bytes().to_vec()).unwrap(),
            oid: option.protocol.oid().to_string().try_into().unwrap(),
            key_id: option.key.key_id.map(|id| id.0),
            commands: remote
                .commands()
                .iter()
                .map(|command| Octets::new(command.clone()).unwrap())
                .collect(),
        };
        change(&mut claims);
        let signed = claims.sign(&kid(), &signing_key()).unwrap();
        let conversation = Conversation {
            server: &server(),
            request: &self.request,
            evidence: sealed_hash(sealed),
            now: NOW,
            elapsed: 0,
        };
        let command = Command::verify(&signed, &conversation).unwrap();
        (remote, ToWorker::ChipAuthentication(Box::new(command)))
    }

    fn finish(mut self) -> Vec<(Step, Option<Hint>)> {
        self.handle
            .send(ToWorker::Finish(Outcome::Accepted))
            .unwrap();
        assert!(self.next().is_none(), "nothing follows");
        self.worker.take().unwrap().join().unwrap();
        self.states
    }
}

fn lay(profile: Profile) -> SimulatedLink {
    SimulatedLink::new(profile.chip(b"chip").unwrap())
}

const DG1: FileId = FileId::data_group(DataGroup::DG1);

fn answers(result: &ChipAuthenticationResult) -> Vec<Vec<u8>> {
    result
        .responses
        .iter()
        .zip(&result.status_words)
        .map(|(data, status)| [data.as_slice(), &status.0.to_be_bytes()].concat())
        .collect()
}

#[test]
fn genuine_documents_prove_themselves_to_the_server() {
    for profile in [
        Profile::NlId2014,
        Profile::NlPassport2024,
        Profile::PaceP256,
    ] {
        let mut login = Login::start(claims(profile), vec![lay(profile)]);
        let (evidence, sealed) = login.evidence();
        assert!(
            evidence.identity_file.is_none(),
            "the server reads it itself"
        );
        assert!(
            login.check_signature(&evidence, profile),
            "{}",
            profile.name()
        );
        let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
        login.handle.send(command).unwrap();
        let result = login.result();
        let dg1 = remote.file(&answers(&result)).unwrap();
        let sod = Sod::parse(evidence.sod.as_slice()).unwrap();
        assert_eq!(
            sod.security_object().verify(DataGroup::DG1, &dg1),
            HashMatch::Equal
        );
        let mut steps: Vec<Step> = login.finish().into_iter().map(|(step, _)| step).collect();
        steps.dedup();
        assert_eq!(
            steps,
            [
                Step::WaitingForReader,
                Step::Opening,
                Step::Reading,
                Step::Proving,
                Step::WaitingForServer,
                Step::Confirming,
                Step::Done
            ]
        );
    }
}

#[test]
fn a_clone_proves_nothing() {
    let profile = Profile::Clone;
    let mut login = Login::start(claims(profile), vec![lay(profile)]);
    let (evidence, sealed) = login.evidence();
    assert!(!login.check_signature(&evidence, profile));
    let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
    login.handle.send(command).unwrap();
    assert!(remote.file(&answers(&login.result())).is_err());
}

#[test]
fn without_chip_authentication_the_identity_file_is_read_only_if_the_request_says_so() {
    let profile = Profile::NlPassport2011;
    let mut login = Login::start(claims(profile), vec![lay(profile)]);
    let (evidence, _) = login.evidence();
    let sod = Sod::parse(evidence.sod.as_slice()).unwrap();
    let dg1 = evidence.identity_file.as_ref().unwrap().as_slice();
    assert_eq!(
        sod.security_object().verify(DataGroup::DG1, dg1),
        HashMatch::Equal
    );
    assert!(login.check_signature(&evidence, profile));
    login.finish();

    let mut unwilling = claims(profile);
    unwilling["read"] = json!([]);
    assert_eq!(
        Login::start(unwilling, vec![lay(profile)]).error(),
        Code::IdentityFileNotAllowed
    );
}

#[test]
fn commands_that_do_not_belong_to_the_document_never_reach_it() {
    let profile = Profile::NlPassport2024;
    let dg2 = FileId::data_group(DataGroup::DG2);
    type Change = fn(&mut chip_authentication::Claims);
    let cases: [(&str, FileId, Change, Code); 6] = [
        ("another file", dg2, |_| {}, Code::CommandForbidden),
        (
            "a command in clear",
            DG1,
            |claims| {
                claims.commands = vec![Octets::new(vec![0x00, 0xB0, 0x81, 0x00, 0x00]).unwrap()]
            },
            Code::CommandForbidden,
        ),
        (
            "something else than reading",
            DG1,
            |claims| {
                let mut command = claims.commands[0].as_slice().to_vec();
                command[1] = 0xD6;
                claims.commands = vec![Octets::new(command).unwrap()];
            },
            Code::CommandForbidden,
        ),
        (
            "another protocol",
            DG1,
            |claims| claims.oid = "0.4.0.127.0.7.2.2.3.2.2".to_owned().try_into().unwrap(),
            Code::ChipAuthenticationMismatch,
        ),
        (
            "another key of the chip",
            DG1,
            |claims| claims.key_id = Some(7),
            Code::ChipAuthenticationMismatch,
        ),
        (
            "a point off the curve",
            DG1,
            |claims| {
                let mut point = claims.public_key.as_slice().to_vec();
                *point.last_mut().unwrap() ^= 1;
                claims.public_key = Octets::new(point).unwrap();
            },
            Code::ChipAuthenticationMismatch,
        ),
    ];
    for (name, file, change, code) in cases {
        let mut login = Login::start(claims(profile), vec![lay(profile)]);
        let (evidence, sealed) = login.evidence();
        let (_, command) = login.command(&evidence, &sealed, file, change);
        let before = login.sent.load(Ordering::SeqCst);
        login.handle.send(command).unwrap();
        assert_eq!(login.error(), code, "{name}");
        assert_eq!(login.sent.load(Ordering::SeqCst), before, "{name}");
    }
}

#[test]
fn a_tear_while_the_server_confirms_needs_no_further_round_trip() {
    let profile = Profile::NlPassport2024;
    let mut login = Login::start(claims(profile), vec![lay(profile)]);
    let (evidence, sealed) = login.evidence();
    let before_server = login.sent.load(Ordering::SeqCst);
    let (_, command) = login.command(&evidence, &sealed, DG1, |_| {});
    login.handle.send(command).unwrap();
    login.result();
    let whole = login.sent.load(Ordering::SeqCst);

    for at in before_server..whole {
        let link = lay(profile).with_faults(move |number, _| {
            if number == at {
                Fault::Tear
            } else {
                Fault::None
            }
        });
        let mut login = Login::start(claims(profile), vec![link]);
        let (evidence, sealed) = login.evidence();
        let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
        login.handle.send(command).unwrap();
        assert!(
            remote.file(&answers(&login.result())).is_ok(),
            "torn at {at}"
        );
        let states = login.finish();
        assert!(
            states.contains(&(Step::Paused, Some(Hint::DocumentMoved))),
            "torn at {at}"
        );
    }
}

#[test]
fn failures_have_the_codes_of_the_taxonomy() {
    let profile = Profile::NlPassport2024;
    let mut wrong = claims(profile);
    wrong["access"] = json!([{"mrz_digest": encode(&[5; 20])}]);
    assert_eq!(
        Login::start(wrong, vec![lay(profile)]).error(),
        Code::AccessDataWrong
    );

    let mut none = claims(profile);
    none["access"] = json!([]);
    assert_eq!(
        Login::start(none, vec![lay(profile)]).error(),
        Code::AccessDataMissing
    );

    let torn = lay(profile).with_faults(
        |number, _| {
            if number > 8 { Fault::Tear } else { Fault::None }
        },
    );
    assert_eq!(
        Login::start(claims(profile), vec![torn]).error(),
        Code::DocumentLost
    );
}

#[test]
fn another_card_is_set_aside_and_the_wait_goes_on() {
    let profile = Profile::PaceP256;
    let cards = vec![lay(Profile::NlLicence2014), lay(profile)];
    let mut login = Login::start(claims(profile), cards);
    login.evidence();
    assert!(
        login
            .states
            .contains(&(Step::Paused, Some(Hint::OtherDocument)))
    );
}

#[test]
fn a_cancellation_ends_the_wait_at_once() {
    let mut login = Login::start(claims(Profile::PaceP256), Vec::new());
    while !login
        .states
        .iter()
        .any(|(step, _)| *step == Step::WaitingForDocument)
    {
        match login.runtime.block_on(login.handle.receive()) {
            Some(FromWorker::State(state)) => login.states.push((state.state, state.hint)),
            other => panic!("{other:?}"),
        }
    }
    login.handle.send(ToWorker::Cancel).unwrap();
    assert!(
        login.next().is_none(),
        "a cancelled login says nothing more"
    );
    login.worker.take().unwrap().join().unwrap();
}

#[test]
fn a_cancellation_ends_the_talk_with_the_chip() {
    let profile = Profile::PaceP256;
    let barrier = Arc::new(Barrier::new(2));
    let pause = Some((6, Arc::clone(&barrier)));
    let mut login = Login::start_with(claims(profile), vec![lay(profile)], pause);
    barrier.wait();
    login.handle.send(ToWorker::Cancel).unwrap();
    barrier.wait();
    assert!(
        login.next().is_none(),
        "a cancelled login says nothing more"
    );
    login.worker.take().unwrap().join().unwrap();
    assert_eq!(login.sent.load(Ordering::SeqCst), 6);
}

#[test]
fn further_access_data_are_tried_when_the_document_is_laid_again() {
    for profile in [Profile::PaceP256, Profile::NlPassport2011] {
        let mut several = claims(profile);
        let right = several["access"][0].clone();
        let wrong = |filler: u8| json!({"mrz_digest": encode(&[filler; 20])});
        several["access"] = json!([wrong(5), wrong(6), wrong(7), right]);
        let mut login = Login::start(several, vec![lay(profile), lay(profile)]);
        login.evidence();
        assert!(login.states.contains(&(Step::Paused, Some(Hint::LayAgain))));
        assert!(
            login
                .states
                .iter()
                .all(|(step, _)| *step != Step::WaitingForDocument)
        );
    }
}
