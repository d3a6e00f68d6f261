//! One verification: steps 2 to 9 in their order.

use icao::chip_authentication::remote::{ReadPlan, RemoteChipAuthentication, RemoteError};
use icao::crypto::cipher::CipherSuite;
use icao::crypto::key_agreement::SecretKey;
use icao::lds::Application;
use icao::passive_authentication::{CheckOutcome, Failure};
use icao::pki::{Certificate, IssuingState, UnixTime};
use icao::verifier::{Reason, SecurityFiles, Verifier, identity_file_len, identity_group};
use protocol::bindings::Binding;
use protocol::chip_authentication::{ChipAuthenticationResult, DottedOid, StatusWord};
use protocol::encoding::Octets;
use protocol::error::Code;
use protocol::evidence::{Evidence, File, Link};
use protocol::jwe;
use protocol::request::{Document, Request};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::identity::NotSignedFor;
use super::{Command, Course, Pending, Refusal, Report, Rules, anchor_kind, identity};
use crate::date::Date;
use crate::rda::Issued;
use crate::register::{Register, RegisterError, RegisteredDocument};

/// One verification, from the evidence on.
pub(super) struct Trial<'a> {
    pub(super) rules: &'a Rules,
    pub(super) register: &'a dyn Register,
    pub(super) request: &'a Request,
    pub(super) candidates: &'a [RegisteredDocument],
    pub(super) now: u64,
    pub(super) course: Course,
    pub(super) verifier: Option<Verifier>,
    pub(super) state: Option<IssuingState>,
    pub(super) sod: Option<[u8; 32]>,
}

impl Trial<'_> {
    /// Steps 2 to 6, and to the end where the chip has no Chip Authentication.
    pub(super) fn evidence(
        &mut self,
        issued: &Issued,
        sealed: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<(Command, RemoteChipAuthentication)>, Refusal> {
        let evidence = self.step_2_seal(issued, sealed)?;
        let mut verifier = self.step_3_signature(&evidence)?;
        let outcome = self
            .step_4_files(&mut verifier, &evidence)
            .and_then(|()| self.step_5_active_authentication(&mut verifier, &evidence))
            .and_then(|()| self.step_6_command(&verifier, &evidence, rng));
        let command = match outcome {
            Ok(None) => {
                let identity = evidence
                    .identity_file
                    .as_ref()
                    .map(|file| Zeroizing::new(file.as_slice().to_vec()));
                let allowed = identity.filter(|_| self.request.allows_identity_file());
                self.step_7_to_9(&mut verifier, allowed).map(|()| None)
            }
            other => other,
        };
        self.verifier = Some(verifier);
        command
    }

    /// Step 6, second half, and the rest.
    pub(super) fn chip_authentication(
        &mut self,
        issued: &Issued,
        chip: &RemoteChipAuthentication,
        sealed: &str,
    ) -> Result<(), Refusal> {
        const SEAL: &str = "answers sealed to this request";
        const CHIP: &str = "Chip Authentication";
        let result: ChipAuthenticationResult =
            jwe::open(sealed, &issued.enc, issued.request.hash())
                .map_err(|error| self.course.failed(6, SEAL, error, Code::EvidenceMalformed))?;
        self.course.passed(6, SEAL);
        let answers = answers(&result).ok_or_else(|| {
            self.course
                .failed(6, CHIP, "uneven answers", Code::EvidenceMalformed)
        })?;
        let Some(mut verifier) = self.verifier.take() else {
            return Err(self
                .course
                .failed(6, CHIP, "no evidence", Code::ServerFailed));
        };
        let read = chip.file(&answers);
        verifier.chip_authentication(read.as_ref().map(|_| ()).map_err(|error| *error));
        let outcome = match read {
            Ok(file) => {
                self.course.passed(6, CHIP);
                self.step_7_to_9(&mut verifier, Some(file))
            }
            Err(error) => Err(self
                .course
                .failed(6, CHIP, error, chip_authentication_code(&error))),
        };
        self.verifier = Some(verifier);
        outcome
    }

    fn step_2_seal(&mut self, issued: &Issued, sealed: &str) -> Result<Evidence, Refusal> {
        const CHECK: &str = "evidence sealed to this request";
        let evidence = jwe::open(sealed, &issued.enc, issued.request.hash())
            .map_err(|error| self.course.failed(2, CHECK, error, Code::EvidenceMalformed))?;
        self.course.passed(2, CHECK);
        Ok(evidence)
    }

    fn step_3_signature(&mut self, evidence: &Evidence) -> Result<Verifier, Refusal> {
        const PARSE: &str = "EF.SOD";
        const CHECK: &str = "Passive Authentication";
        let sod = evidence.sod.as_slice();
        self.sod = Some(Sha256::digest(sod).into());
        let kind = anchor_kind(self.request.claims().document);
        let mut verifier = Verifier::new(kind, self.rules.policy.clone(), sod)
            .map_err(|error| self.course.failed(3, PARSE, error, Code::EvidenceMalformed))?;
        // A person's documents of one kind may be of several states; the anchors of each are tried on their own.
        let mut states: Vec<IssuingState> = self
            .candidates
            .iter()
            .map(|document| document.issuing_state)
            .collect();
        states.sort_unstable();
        states.dedup();
        let time = UnixTime(i64::try_from(self.now).unwrap_or(i64::MAX));
        let mut last = CheckOutcome::NotPerformed;
        for state in states {
            last = verifier.passive_authentication(&self.rules.csca, state.as_str(), time);
            if last.passed() {
                self.state = Some(state);
                self.course.passed(3, CHECK);
                return Ok(verifier);
            }
        }
        let code = match last {
            CheckOutcome::Failed(Failure::Revoked(_)) => Code::SignerRevoked,
            CheckOutcome::PassedUntrusted
            | CheckOutcome::Failed(Failure::NoIssuer(_) | Failure::IssuingState) => {
                Code::IssuerUnknown
            }
            _ => Code::SignatureWrong,
        };
        let refusal = self.course.failed(3, CHECK, last, code);
        self.verifier = Some(verifier);
        Err(refusal)
    }

    fn step_4_files(
        &mut self,
        verifier: &mut Verifier,
        evidence: &Evidence,
    ) -> Result<(), Refusal> {
        const CHECK: &str = "files as listed in EF.SOD";
        let (key, foreign) = match self.request.claims().document {
            Document::Passport | Document::IdentityCard => (&evidence.dg15, &evidence.dg13),
            Document::DrivingLicence => (&evidence.dg13, &evidence.dg15),
        };
        if foreign.is_some() {
            return Err(self.course.failed(
                4,
                CHECK,
                "a file of another application",
                Code::EvidenceMalformed,
            ));
        }
        let files = SecurityFiles {
            card_access: evidence.card_access.as_ref().map(File::as_slice),
            dg14: evidence.dg14.as_ref().map(File::as_slice),
            authentication_key: key.as_ref().map(File::as_slice),
        };
        verifier.security_files(&files).map_err(|reason| {
            let code = match reason {
                Reason::Absent(_) => Code::EvidenceIncomplete,
                Reason::Hash(_) => Code::DocumentAltered,
                _ => Code::EvidenceMalformed,
            };
            self.course.failed(4, CHECK, reason, code)
        })?;
        self.course.passed(4, CHECK);
        self.course
            .noted(4, "EF.CardAccess as DG14", verifier.verdict().card_access);
        Ok(())
    }

    fn step_5_active_authentication(
        &mut self,
        verifier: &mut Verifier,
        evidence: &Evidence,
    ) -> Result<(), Refusal> {
        const CHECK: &str = "Active Authentication";
        let claims = self.request.claims();
        let binding = Binding {
            origin: &claims.aud,
            request: self.request.hash(),
        };
        let challenge = binding
            .rnd_ifd(evidence.sod.as_slice())
            .map_err(|error| self.course.failed(5, CHECK, error, Code::ServerFailed))?;
        let signature = evidence
            .active_authentication
            .as_ref()
            .map(|proof| proof.signature.as_slice());
        match verifier.active_authentication(&challenge, signature) {
            CheckOutcome::Failed(reason) => {
                let code = match reason {
                    Reason::NoSignature => Code::EvidenceIncomplete,
                    _ => Code::ChipNotGenuine,
                };
                Err(self.course.failed(5, CHECK, reason, code))
            }
            outcome => {
                self.course.noted(5, CHECK, outcome);
                Ok(())
            }
        }
    }

    /// The command, where DG14 offers Chip Authentication; `None` where Active Authentication has to do.
    fn step_6_command(
        &mut self,
        verifier: &Verifier,
        evidence: &Evidence,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<(Command, RemoteChipAuthentication)>, Refusal> {
        const CHECK: &str = "Chip Authentication";
        let Some((option, chip_key)) = verifier.chip_authentication_key() else {
            self.course
                .noted(6, CHECK, verifier.verdict().chip_authentication);
            return if verifier.verdict().is_genuine() {
                Ok(None)
            } else {
                Err(self.course.failed(
                    6,
                    "a proof by the chip",
                    "the chip has none",
                    Code::NoChipProof,
                ))
            };
        };
        let mut fail =
            |detail: &dyn std::fmt::Display, code| self.course.failed(6, CHECK, detail, code);
        let dg14 = evidence
            .dg14
            .as_ref()
            .map(File::as_slice)
            .unwrap_or_default();
        let ephemeral = SecretKey::generate(chip_key.group(), rng);
        let public = ephemeral
            .public_key()
            .map_err(|error| fail(&error, Code::ServerFailed))?;
        let claims = self.request.claims();
        let tweak = Binding {
            origin: &claims.aud,
            request: self.request.hash(),
        }
        .chip_authentication_tweak(evidence.sod.as_slice(), dg14, public.as_bytes())
        .map_err(|error| fail(&error, Code::ServerFailed))?;
        // The daemon hands the chip P' = t·P; whoever knows d·t shares the chip's keys, and that is this server alone.
        let bound = ephemeral
            .multiply(tweak.as_slice())
            .map_err(|error| fail(&error, Code::ServerFailed))?;
        let plan = read_plan(claims.document, &evidence.link, option.protocol.suite);
        let chip = RemoteChipAuthentication::new(option.protocol, &bound, &chip_key, &plan)
            .map_err(|error| fail(&error, Code::EvidenceMalformed))?;
        let command = Command {
            public_key: public.as_bytes().to_vec(),
            oid: DottedOid::try_from(option.protocol.oid().to_string())
                .map_err(|error| fail(&error, Code::ServerFailed))?,
            key_id: option.key.key_id.map(|id| id.0),
            commands: chip.commands().to_vec(),
        };
        Ok(Some((command, chip)))
    }

    fn step_7_to_9(
        &mut self,
        verifier: &mut Verifier,
        identity: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<(), Refusal> {
        const FILE: &str = "identity file as signed";
        const ISSUER: &str = "signer and CSCA of the issuing state, for this kind";
        const MATCH: &str = "document as in the register";
        const REGISTER: &str = "register asked again";
        let file = identity.ok_or_else(|| {
            self.course
                .failed(7, FILE, "no identity file", Code::EvidenceIncomplete)
        })?;
        verifier
            .identity_file(&file)
            .map_err(|reason| self.course.failed(7, FILE, reason, Code::DocumentAltered))?;
        self.course.passed(7, FILE);
        if !verifier.verdict().is_genuine() {
            return Err(self.course.failed(
                7,
                "all checks of the chip",
                "not all passed",
                Code::ChipNotGenuine,
            ));
        }

        self.signed_for_the_document(verifier).map_err(|reason| {
            self.course
                .failed(8, ISSUER, reason, Code::DocumentMismatch)
        })?;
        self.course.passed(8, ISSUER);
        let of_state = self
            .candidates
            .iter()
            .filter(|document| Some(document.issuing_state) == self.state);
        let document = identity::matching(self.request.claims().document, &file, of_state)
            .map_err(|mismatch| self.course.failed(8, MATCH, mismatch, mismatch.into()))?;
        self.course.passed(8, MATCH);

        let registered =
            self.register
                .documents(&document.bsn)
                .map_err(|error: RegisterError| {
                    self.course
                        .failed(9, REGISTER, error, Code::RegisterUnreachable)
                })?;
        let today = Date::at(self.now);
        match registered
            .iter()
            .find(|entry| entry.same_document(document))
        {
            None => Err(self
                .course
                .failed(9, REGISTER, "no longer there", Code::DocumentUnknown)),
            Some(entry) => match entry.standing(today) {
                Err(objection) => Err(self.course.failed(9, REGISTER, objection, objection.into())),
                Ok(()) => {
                    self.course.passed(9, REGISTER);
                    Ok(())
                }
            },
        }
    }

    fn signed_for_the_document(&self, verifier: &Verifier) -> Result<(), NotSignedFor> {
        let passive = verifier.verdict().passive_authentication.as_ref();
        let (Some(state), Some(passive)) = (self.state, passive) else {
            return Err(NotSignedFor::Country);
        };
        let signer = verifier
            .sod()
            .signed_data()
            .certificates()
            .iter()
            .filter_map(|der| Certificate::parse(der).ok())
            .find(|certificate| Some(certificate.fingerprint()) == passive.signer);
        let csca = passive
            .csca
            .and_then(|fingerprint| self.rules.csca.find(fingerprint));
        let countries = [
            signer.and_then(|signer| signer.subject().country()),
            csca.and_then(|(_, _, anchor)| anchor.certificate().subject().country()),
        ];
        let kind = self.request.claims().document;
        identity::signed_for(kind, state, countries, &passive.document_types)
    }

    pub(super) fn suspend(
        self,
        chip: RemoteChipAuthentication,
    ) -> Result<Box<Pending>, Box<Report>> {
        match (self.verifier, self.state, self.sod) {
            (Some(verifier), Some(state), Some(sod)) => Ok(Box::new(Pending {
                course: self.course,
                verifier,
                state,
                sod,
                chip,
            })),
            _ => Err(Box::new(Report::refused(
                6,
                "Chip Authentication",
                "no evidence",
                Code::ServerFailed,
            ))),
        }
    }

    pub(super) fn report(self, outcome: Result<(), Refusal>) -> Report {
        let verdict = self.verifier.as_ref().map(Verifier::verdict);
        let signer = verdict
            .and_then(|verdict| verdict.passive_authentication.as_ref())
            .and_then(|passive| passive.signer.as_ref())
            .map(ToString::to_string);
        let deviations = verdict.map(|verdict| {
            verdict
                .tolerances
                .as_slice()
                .iter()
                .map(|tolerance| tolerance.name().to_owned())
                .collect()
        });
        Report {
            outcome,
            steps: self.course.0,
            signer,
            deviations: deviations.unwrap_or_default(),
            document: self.sod,
        }
    }
}

/// The commands that read the identity file.
fn read_plan(document: Document, link: &Link, suite: CipherSuite) -> ReadPlan {
    let kind = anchor_kind(document);
    let file = Application::of(kind).data_group(identity_group(kind));
    let max_response = usize::try_from(link.max_response).unwrap_or(usize::MAX);
    ReadPlan::for_link(file, link.sfi, identity_file_len(kind), suite, max_response)
}

/// Whole response APDUs: data, SW1, SW2.
fn answers(result: &ChipAuthenticationResult) -> Option<Vec<Vec<u8>>> {
    let answer = |(data, status): (&Octets<1024>, &StatusWord)| {
        [data.as_slice(), &status.0.to_be_bytes()].concat()
    };
    (result.responses.len() == result.status_words.len()).then(|| {
        result
            .responses
            .iter()
            .zip(&result.status_words)
            .map(answer)
            .collect()
    })
}

fn chip_authentication_code(error: &RemoteError) -> Code {
    match error {
        // The chip proved itself, but did not give the file.
        RemoteError::Status { .. } | RemoteError::Length { .. } | RemoteError::File(_) => {
            Code::FileUnreadable
        }
        _ => Code::ChipNotGenuine,
    }
}
