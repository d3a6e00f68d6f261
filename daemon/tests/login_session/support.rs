//! The other side of a login: page and login server in one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use icao::active_authentication::ActiveAuthentication;
use icao::chip_authentication::remote::RemoteChipAuthentication;
use icao::crypto::signature::VerifyingKey;
use icao::lds::{DataGroup, Dg14, Dg15, FileId};
use icao::simulator::{Form, Profile, SimulatedLink};
use p256::ecdsa::SigningKey;
use protocol::bindings::Binding;
use protocol::chip_authentication::{self, ChipAuthenticationResult, Command, Conversation};
use protocol::encoding::encode;
use protocol::error::Code;
use protocol::evidence::{Evidence, sealed_hash};
use protocol::jwe;
use protocol::jwk::PublicJwk;
use protocol::jws::KeyId;
use protocol::messages::{Hint, Outcome, Step};
use protocol::request::Request;
use protocol::trust::TrustedServer;
use rda::session::{AcceptedRequest, FromWorker, Handle, ToWorker, Worker, channel};
use serde_json::{Value, json};

use super::cards::Cards;
use super::command;

pub(super) const NOW: u64 = 1_795_305_600;
pub(super) const ORIGIN: &str = "https://login.example";

pub(super) fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[1; 32]).unwrap()
}

/// The server's key of one request, to which evidence is sealed.
pub(super) fn sealing_key() -> p256::SecretKey {
    p256::SecretKey::from_slice(&[4; 32]).unwrap()
}

pub(super) fn kid() -> KeyId {
    KeyId::try_from("k".to_owned()).unwrap()
}

pub(super) fn server() -> TrustedServer {
    serde_json::from_value(json!({
        "id": "login.example",
        "name": {"en": "Specimen"},
        "origins": [ORIGIN],
        "keys": [{"kid": "k", "jwk": PublicJwk::from(signing_key().verifying_key())}],
    }))
    .unwrap()
}

pub(super) fn claims(profile: Profile) -> Value {
    json!({
        "ver": 1,
        "iss": "login.example",
        "aud": ORIGIN,
        "jti": encode(&[9; 32]),
        "iat": NOW,
        "exp": NOW + 300,
        "service": {"en": "Specimen service"},
        "document": match profile.form() {
            Form::IdentityCard => "identity-card",
            Form::DrivingLicence => "driving-licence",
            _ => "passport",
        },
        "enc": PublicJwk::from(sealing_key().public_key()),
        "access": [{"mrz_digest": encode(&profile.holder().mrz_digest(profile.form()))}],
        "read": ["identity_file"],
    })
}

/// A login under way; the test is the page.
pub(super) struct Login {
    pub(super) handle: Handle,
    pub(super) worker: Option<std::thread::JoinHandle<()>>,
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) request: Request,
    pub(super) states: Vec<(Step, Option<Hint>)>,
    pub(super) cards: Arc<Cards>,
}

impl Login {
    pub(super) fn start(claims: Value, cards: Vec<SimulatedLink>) -> Self {
        Self::start_with(claims, Cards::new(cards, None))
    }

    /// As [`Login::start`], with cards that may be held.
    pub(super) fn start_with(claims: Value, cards: Arc<Cards>) -> Self {
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
        let worker = cards.worker();
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
            cards,
        }
    }

    /// The next message that is no state.
    pub(super) fn next(&mut self) -> Option<FromWorker> {
        loop {
            match self.runtime.block_on(self.handle.receive()) {
                Some(FromWorker::State(state)) => self.states.push((state.state, state.hint)),
                other => return other,
            }
        }
    }

    pub(super) fn error(&mut self) -> Code {
        match self.next() {
            Some(FromWorker::Error(code)) => code,
            _ => panic!("no error"),
        }
    }

    pub(super) fn evidence(&mut self) -> (Evidence, String) {
        match self.next() {
            Some(FromWorker::Evidence(sealed)) => (
                jwe::open(&sealed, &sealing_key(), self.request.hash()).unwrap(),
                sealed,
            ),
            _ => panic!("no evidence"),
        }
    }

    pub(super) fn result(&mut self) -> ChipAuthenticationResult {
        match self.next() {
            Some(FromWorker::ChipAuthenticationResult(sealed)) => {
                jwe::open(&sealed, &sealing_key(), self.request.hash()).unwrap()
            }
            _ => panic!("no result"),
        }
    }

    pub(super) fn binding(&self) -> Binding<'_> {
        Binding {
            origin: &self.request.claims().aud,
            request: self.request.hash(),
        }
    }

    /// Checks Active Authentication as the server does.
    pub(super) fn check_signature(&self, evidence: &Evidence, profile: Profile) -> bool {
        let dg15 = Dg15::parse(
            evidence
                .dg15
                .as_ref()
                .or(evidence.dg13.as_ref())
                .unwrap()
                .as_slice(),
        )
        .unwrap();
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
    pub(super) fn command(
        &self,
        evidence: &Evidence,
        sealed: &str,
        file: FileId,
        change: impl FnOnce(&mut chip_authentication::Claims),
    ) -> (RemoteChipAuthentication, ToWorker) {
        let (remote, mut claims) = command::answer(&self.request, evidence, sealed, file);
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

    pub(super) fn finish(mut self) -> Vec<(Step, Option<Hint>)> {
        self.handle
            .send(ToWorker::Finish(Outcome::Accepted))
            .unwrap();
        assert!(self.next().is_none(), "nothing follows");
        self.worker.take().unwrap().join().unwrap();
        self.states
    }
}

pub(super) fn lay(profile: Profile) -> SimulatedLink {
    SimulatedLink::new(profile.chip(b"chip").unwrap())
}

pub(super) const DG1: FileId = FileId::data_group(DataGroup::DG1);

pub(super) fn answers(result: &ChipAuthenticationResult) -> Vec<Vec<u8>> {
    result
        .responses
        .iter()
        .zip(&result.status_words)
        .map(|(data, status)| [data.as_slice(), &status.0.to_be_bytes()].concat())
        .collect()
}
