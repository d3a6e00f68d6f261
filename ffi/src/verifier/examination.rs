//! One verification: the state behind a handle.

use std::ffi::CString;

use getrandom::SysRng;
use icao::chip_authentication::remote::{ReadPlan, RemoteChipAuthentication, RemoteError};
use icao::crypto::key_agreement::SecretKey;
use icao::driving_licence::Dg12;
use icao::lds::{Application, Dg1};
use icao::passive_authentication::CheckOutcome;
use icao::pki::{CscaStore, DocumentKind, Policy, UnixTime};
use icao::transport::Limits;
use icao::verifier::{Reason, SecurityFiles, Verifier, identity_file_len, identity_group};
use rand_core::{Rng, UnwrapErr};
use zeroize::Zeroizing;

use super::verdict::{RdaVerdict, json};
use crate::apdu_list::RdaApduList;
use crate::binding::Binding;
use crate::boundary::Outcome;
use crate::code::RdaCode;
use crate::failure::Failure;

/// What the chip had to sign.
enum Challenge {
    NotMade,
    Made([u8; 8]),
    /// It follows from the binding and EF.SOD.
    Bound(Binding),
}

/// What was asked of the chip; a host looks at it through pointers.
pub(super) struct Asked {
    pub(super) public_key: Vec<u8>,
    pub(super) protocol: CString,
    pub(super) key_id: Option<u64>,
    pub(super) commands: Box<RdaApduList>,
    chip: RemoteChipAuthentication,
}

/// What EF.SOD begins.
struct Document {
    verifier: Verifier,
    sod: Zeroizing<Vec<u8>>,
    dg14: Zeroizing<Vec<u8>>,
    files_hold: bool,
}

/// One verification.
pub(super) struct Examination {
    kind: DocumentKind,
    policy: Policy,
    challenge: Challenge,
    document: Option<Document>,
    asked: Option<Asked>,
    identity: Option<Zeroizing<Vec<u8>>>,
}

impl Examination {
    pub(super) fn new(kind: DocumentKind, policy: Policy) -> Self {
        Self {
            kind,
            policy,
            challenge: Challenge::NotMade,
            document: None,
            asked: None,
            identity: None,
        }
    }

    pub(super) fn make_challenge(&mut self) -> Result<[u8; 8], Failure> {
        let mut challenge = [0; 8];
        UnwrapErr(SysRng).fill_bytes(&mut challenge);
        self.set_challenge(challenge)?;
        Ok(challenge)
    }

    pub(super) fn set_challenge(&mut self, challenge: [u8; 8]) -> Outcome {
        self.challenge_is_open()?;
        self.challenge = Challenge::Made(challenge);
        Ok(())
    }

    pub(super) fn bind(&mut self, origin: &str, request: &[u8]) -> Outcome {
        self.challenge_is_open()?;
        self.challenge = Challenge::Bound(Binding::new(origin, request)?);
        Ok(())
    }

    fn challenge_is_open(&self) -> Outcome {
        match self.challenge {
            Challenge::NotMade => Ok(()),
            _ => Err(Failure::state("there is a challenge or a binding already")),
        }
    }

    pub(super) fn signature(
        &mut self,
        store: &CscaStore,
        state: &str,
        time: UnixTime,
        sod: &[u8],
    ) -> Outcome {
        if self.document.is_some() {
            return Err(Failure::state("EF.SOD has been looked at"));
        }
        let mut verifier = Verifier::new(self.kind, self.policy.clone(), sod)
            .map_err(|error| Failure::new(RdaCode::EvidenceMalformed, error))?;
        let outcome = verifier.passive_authentication(store, state, time);
        self.document = Some(Document {
            verifier,
            sod: Zeroizing::new(sod.to_vec()),
            dg14: Zeroizing::default(),
            files_hold: false,
        });
        match outcome {
            CheckOutcome::Passed => Ok(()),
            outcome => Err(outcome.into()),
        }
    }

    fn document(&mut self) -> Result<&mut Document, Failure> {
        self.document
            .as_mut()
            .ok_or_else(|| Failure::state("EF.SOD has not been looked at"))
    }

    fn verified_files(&mut self) -> Result<&mut Document, Failure> {
        let document = self.document()?;
        if document.files_hold {
            Ok(document)
        } else {
            Err(Failure::state("the files have not been verified"))
        }
    }

    pub(super) fn files(&mut self, files: &SecurityFiles<'_>) -> Outcome {
        let document = self.document()?;
        if document.files_hold {
            return Err(Failure::state("the files have been verified"));
        }
        document.verifier.security_files(files)?;
        document.dg14 = Zeroizing::new(files.dg14.unwrap_or_default().to_vec());
        document.files_hold = true;
        Ok(())
    }

    pub(super) fn active_authentication(&mut self, signature: Option<&[u8]>) -> Outcome {
        let document = self
            .document
            .as_mut()
            .filter(|document| document.files_hold)
            .ok_or_else(|| Failure::state("the files have not been verified"))?;
        // What was signed, or found wanting, is not signed again.
        if !matches!(
            document.verifier.verdict().active_authentication,
            CheckOutcome::NotPerformed | CheckOutcome::NotSupported
        ) {
            return Err(Failure::state("Active Authentication has been looked at"));
        }
        let challenge = match &self.challenge {
            Challenge::Made(challenge) => *challenge,
            Challenge::Bound(binding) => binding.challenge(&document.sod)?,
            Challenge::NotMade => {
                return Err(Failure::state("there is no challenge, and no binding"));
            }
        };
        match document
            .verifier
            .active_authentication(&challenge, signature)
        {
            CheckOutcome::Failed(reason) => Err(reason.into()),
            _ => Ok(()),
        }
    }

    pub(super) fn prepare(&mut self, by_sfi: bool, max_response: usize) -> Result<&Asked, Failure> {
        if self.asked.is_some() {
            return Err(Failure::state("Chip Authentication has been prepared"));
        }
        let kind = self.kind;
        let binding = match &self.challenge {
            Challenge::Bound(binding) => Some(binding.clone()),
            Challenge::Made(_) | Challenge::NotMade => None,
        };
        let document = self.verified_files()?;
        let (option, chip_key) = document.verifier.chip_authentication_key().ok_or_else(|| {
            Failure::new(
                RdaCode::NoChipProof,
                "no key of Chip Authentication in DG14",
            )
        })?;
        let unusable =
            |error: &dyn core::fmt::Display| Failure::new(RdaCode::EvidenceMalformed, error);

        let mut ephemeral = SecretKey::generate(chip_key.group(), &mut UnwrapErr(SysRng));
        let public_key = ephemeral.public_key().map_err(|error| unusable(&error))?;
        if let Some(binding) = binding {
            // The terminal hands the chip t·P; whoever knows d·t shares the chip's keys, and that is this verifier alone.
            let tweak = binding.tweak(&document.sod, &document.dg14, public_key.as_bytes())?;
            ephemeral = ephemeral
                .multiply(&tweak)
                .map_err(|error| unusable(&error))?;
        }
        let max_response = match max_response {
            0 => Limits::SHORT.max_response,
            given => given,
        };
        let plan = ReadPlan::for_link(
            Application::of(kind).data_group(identity_group(kind)),
            by_sfi,
            identity_file_len(kind),
            option.protocol.suite,
            max_response,
        );
        let chip = RemoteChipAuthentication::new(option.protocol, &ephemeral, &chip_key, &plan)
            .map_err(|error| match error {
                RemoteError::Plan => Failure::argument(error),
                error => unusable(&error),
            })?;
        let protocol = CString::new(option.protocol.oid().to_string()).unwrap_or_default();
        let key_id = option.key.key_id.map(|id| id.0);
        Ok(self.asked.insert(Asked {
            public_key: public_key.as_bytes().to_vec(),
            protocol,
            key_id,
            commands: Box::new(RdaApduList::new(chip.commands().to_vec())),
            chip,
        }))
    }

    pub(super) fn chip_authentication(&mut self, answers: &[Vec<u8>]) -> Outcome {
        let (Some(asked), Some(document)) = (&self.asked, &mut self.document) else {
            return Err(Failure::state("Chip Authentication has not been prepared"));
        };
        if document.verifier.verdict().chip_authentication != CheckOutcome::NotPerformed {
            return Err(Failure::state("Chip Authentication has been looked at"));
        }
        let read = asked.chip.file(answers);
        let result = read.as_ref().map(|_| ()).map_err(|error| *error);
        document.verifier.chip_authentication(result);
        let file = read.map_err(|error| {
            let code = match error {
                RemoteError::Status { .. } | RemoteError::Length { .. } | RemoteError::File(_) => {
                    RdaCode::FileUnreadable
                }
                _ => RdaCode::ChipNotGenuine,
            };
            Failure::new(code, Reason::ChipAuthentication(error))
        })?;
        document.verifier.identity_file(&file)?;
        self.identity = Some(file);
        Ok(())
    }

    pub(super) fn identity_file(&mut self, file: &[u8]) -> Outcome {
        let document = self.verified_files()?;
        if document.verifier.chip_authentication_key().is_some() {
            return Err(Failure::state(
                "the document has Chip Authentication, which brings this file",
            ));
        }
        document.verifier.identity_file(file)?;
        self.identity = Some(Zeroizing::new(file.to_vec()));
        Ok(())
    }

    /// Whether everything holds that is needed to believe the document, the identity file included.
    fn is_genuine(&self) -> bool {
        self.identity.is_some()
            && self.document.as_ref().is_some_and(|document| {
                document.files_hold && document.verifier.verdict().is_genuine()
            })
    }

    pub(super) fn verdict(&self) -> RdaVerdict {
        let verdict = self
            .document
            .as_ref()
            .map(|document| document.verifier.verdict());
        RdaVerdict::of(verdict, self.is_genuine())
    }

    pub(super) fn verdict_json(&self) -> String {
        let verdict = self
            .document
            .as_ref()
            .map(|document| document.verifier.verdict());
        json(verdict, self.is_genuine())
    }

    pub(super) fn identity(&self) -> Result<&[u8], Failure> {
        self.identity
            .as_ref()
            .filter(|_| self.is_genuine())
            .map(|file| file.as_slice())
            .ok_or_else(|| Failure::state("the document is not genuine, or not yet"))
    }

    pub(super) fn mrz(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if self.kind == DocumentKind::DrivingLicence {
            return Err(Failure::state("a driving licence has no such zone"));
        }
        let dg1 = Dg1::parse(self.identity()?)
            .map_err(|error| Failure::new(RdaCode::EvidenceMalformed, error))?;
        Ok(Zeroizing::new(dg1.mrz().text().as_bytes().to_vec()))
    }

    pub(super) fn licence_line(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if self.kind != DocumentKind::DrivingLicence {
            return Err(Failure::state("only a driving licence has such a line"));
        }
        let dg12 = Dg12::parse(self.identity()?)
            .map_err(|error| Failure::new(RdaCode::EvidenceMalformed, error))?;
        Ok(Zeroizing::new(dg12.line().as_str().as_bytes().to_vec()))
    }
}
