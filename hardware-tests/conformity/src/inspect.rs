//! The inspection procedure: opens a document, reads all of it, and has everything judged. The terminal and the verifier of
//! `icao` do the work; what is here is their order (TR-03105-5.1, chapter on the procedure; Doc 9303-11, 5 and 6).

use std::collections::BTreeSet;
use std::fmt;

use icao::access_key::AccessKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::{Com, DataGroup, Dg15, FileId};
use icao::mrz::Mrz;
use icao::pki::csca_store::CscaStore;
use icao::pki::policy::Policy;
use icao::pki::{DocumentKind, UnixTime};
use icao::terminal::{self, AccessProtocol, Error, Terminal};
use icao::tolerance::{Tolerance, Tolerances};
use icao::transport::Transport;
use icao::verifier::{SecurityFiles, Verifier};
use rand_core::CryptoRng;

/// What the terminal knows of the document and of its issuer.
pub struct Known<'a> {
    /// Kind of the document.
    pub kind: DocumentKind,
    /// Its issuing state.
    pub state: &'a str,
    /// The machine readable zone as printed, where the terminal has seen it.
    pub printed: Option<&'a Mrz>,
    /// Trust anchors and revocation lists.
    pub store: &'a CscaStore,
    /// Certificates of document signers.
    pub signers: &'a [Vec<u8>],
    /// The time.
    pub time: UnixTime,
}

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Selecting the application, BAC or PACE.
    Opening,
    /// Reading a file.
    Reading(FileId),
    /// EF.SOD is one.
    SecurityObject,
    /// Passive Authentication.
    PassiveAuthentication,
    /// DG14 and DG15, which prove the chip, are what EF.SOD lists, and in order.
    SecurityFiles,
    /// Another file is what EF.SOD lists, and in order.
    File(FileId),
    /// Chip Authentication.
    ChipAuthentication,
    /// Active Authentication.
    ActiveAuthentication,
    /// The files alone, without the chip.
    Saved,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => f.write_str("opening"),
            Self::Reading(file) => write!(f, "reading {}", name(*file)),
            Self::SecurityObject => f.write_str("EF.SOD"),
            Self::PassiveAuthentication => f.write_str("Passive Authentication"),
            Self::SecurityFiles => f.write_str("security files"),
            Self::File(file) => f.write_str(&name(*file)),
            Self::ChipAuthentication => f.write_str("Chip Authentication"),
            Self::ActiveAuthentication => f.write_str("Active Authentication"),
            Self::Saved => f.write_str("files"),
        }
    }
}

/// EF.ATR/INFO of the master file.
const EF_ATR_INFO: FileId = FileId {
    fid: 0x2F01,
    sfi: 0x01,
};
/// Not the address: EF.CardSecurity has the one of EF.SOD in another directory.
const EF_CARD_SECURITY: FileId = FileId { fid: 0, sfi: 0x1D };

fn name(file: FileId) -> String {
    match file {
        EF_CARD_SECURITY => "EF.CardSecurity".to_owned(),
        EF_ATR_INFO => "EF.ATR/INFO".to_owned(),
        file => file.to_string(),
    }
}

/// How an inspection ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The step that failed and why; `None` if the inspection was successful.
    pub failure: Option<(Step, String)>,
    /// Deviations that were met and tolerated.
    pub tolerated: Tolerances,
}

impl Verdict {
    /// Whether the inspection was successful.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some((step, reason)) => write!(f, "fail: {step}: {reason}"),
            None if self.tolerated.is_empty() => f.write_str("pass"),
            None => {
                let names: Vec<_> = self.tolerated.as_slice().iter().map(|t| t.name()).collect();
                write!(f, "pass, with {}", names.join(", "))
            }
        }
    }
}

/// Inspects the document behind `link`.
pub fn inspect(
    link: &mut dyn Transport,
    rng: &mut dyn CryptoRng,
    keys: &[AccessKey],
    known: &Known<'_>,
    policy: &Policy,
) -> Verdict {
    let mut events = |_| ();
    let mut inspection = Inspection {
        terminal: Terminal::new(link, rng, terminal::Policy::default(), &mut events),
        known,
        policy,
        tolerated: Tolerances::new(),
    };
    let failure = inspection.run(keys).err();
    Verdict {
        failure,
        tolerated: inspection.tolerated,
    }
}

type Failure = (Step, String);

/// Data groups, each with its content if the chip has it.
type Groups = Vec<(DataGroup, Option<Vec<u8>>)>;

/// What makes an error the failure of a step.
fn at<E: fmt::Display>(step: Step) -> impl FnOnce(E) -> Failure {
    move |error| (step, error.to_string())
}

struct Inspection<'a, 'k> {
    terminal: Terminal<'a>,
    known: &'k Known<'k>,
    policy: &'k Policy,
    tolerated: Tolerances,
}

impl<'a> Inspection<'a, '_> {
    fn run(&mut self, keys: &'a [AccessKey]) -> Result<(), Failure> {
        let access = self.open(keys)?;
        let sod = self
            .terminal
            .read(FileId::EF_SOD)
            .map_err(at(Step::Reading(FileId::EF_SOD)))?;
        let mut verifier = Verifier::new(self.known.kind, self.policy.clone(), &sod)
            .map_err(at(Step::SecurityObject))?;
        verifier.known_signers(self.known.signers);
        let outcome = self.judge(&mut verifier, access);
        self.tolerated.extend(&verifier.verdict().tolerances);
        outcome
    }

    /// Opens the chip; `None` for one without access control.
    fn open(&mut self, keys: &'a [AccessKey]) -> Result<Option<AccessProtocol>, Failure> {
        match self.terminal.open(keys) {
            Ok(protocol) => Ok(Some(protocol)),
            // Neither BAC nor PACE: an old document may lie open.
            Err(Error::PaceOnly(_)) if self.terminal.read(FileId::EF_SOD).is_ok() => Ok(None),
            Err(error) => Err(at(Step::Opening)(error)),
        }
    }

    fn judge(
        &mut self,
        verifier: &mut Verifier,
        access: Option<AccessProtocol>,
    ) -> Result<(), Failure> {
        let com = self.optional(FileId::EF_COM)?;
        let groups = self.groups(verifier, com.as_deref())?;
        let content = |group: DataGroup| {
            groups
                .iter()
                .find(|(other, _)| *other == group)
                .and_then(|(_, content)| content.as_deref())
        };

        let outcome =
            verifier.passive_authentication(self.known.store, self.known.state, self.known.time);
        if !outcome.passed() {
            return Err((Step::PassiveAuthentication, outcome.to_string()));
        }
        verifier
            .com(com.as_deref())
            .map_err(at(Step::File(FileId::EF_COM)))?;
        let card_access = self
            .terminal
            .card_access()
            .map_err(at(Step::Reading(FileId::EF_CARD_ACCESS)))?
            .map(|file| file.raw().to_vec());
        let files = SecurityFiles {
            card_access: card_access.as_deref(),
            dg14: content(DataGroup::DG14),
            authentication_key: content(DataGroup::DG15),
        };
        verifier
            .security_files(&files)
            .map_err(at(Step::SecurityFiles))?;
        verifier
            .card_access_agrees()
            .map_err(at(Step::File(FileId::EF_CARD_ACCESS)))?;
        self.card_security(verifier, access, card_access.as_deref())?;
        if let Some(file) = self.terminal.atr_info() {
            verifier
                .atr_info(file)
                .map_err(at(Step::File(EF_ATR_INFO)))?;
        }
        for (group, file) in &groups {
            self.group(verifier, *group, file.as_deref())?;
        }
        self.chip_authentication(verifier)?;
        self.active_authentication(verifier, content(DataGroup::DG15))
    }

    /// The data groups that EF.SOD or EF.COM lists, as far as a terminal without Terminal Authentication may read them.
    fn groups(&mut self, verifier: &mut Verifier, com: Option<&[u8]>) -> Result<Groups, Failure> {
        let mut listed: BTreeSet<DataGroup> = verifier
            .sod()
            .security_object()
            .hashes
            .keys()
            .copied()
            .collect();
        if let Some(Ok(com)) = com.map(Com::parse) {
            listed.extend(com.data_groups());
        }
        // DG3 and DG4 are for terminals that authenticate themselves.
        listed.retain(|group| !matches!(group.number(), 3 | 4));
        let proves = [DataGroup::DG1, DataGroup::DG14, DataGroup::DG15];
        let mut groups = Vec::new();
        for group in listed {
            let file = FileId::data_group(group);
            let content = match self.terminal.read(file) {
                Ok(content) => Some(content.to_vec()),
                Err(Error::FileNotFound(_) | Error::Status { .. }) if !proves.contains(&group) => {
                    None
                }
                Err(error @ (Error::FileTruncated(_) | Error::FileMalformed { .. }))
                    if !proves.contains(&group) =>
                {
                    verifier
                        .deviates(Tolerance::DataGroupMalformed)
                        .map_err(|_| at(Step::Reading(file))(error))?;
                    continue;
                }
                Err(error) => return Err(at(Step::Reading(file))(error)),
            };
            groups.push((group, content));
        }
        Ok(groups)
    }

    fn group(
        &mut self,
        verifier: &mut Verifier,
        group: DataGroup,
        file: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let step = Step::File(FileId::data_group(group));
        // DG14 and DG15 have been looked at.
        if matches!(group, DataGroup::DG14 | DataGroup::DG15) {
            return Ok(());
        }
        verifier.further_group(group, file).map_err(at(step))?;
        match (group, file) {
            (DataGroup::DG1, Some(file)) => verifier
                .machine_readable_zone(file, self.known.printed)
                .map_err(at(step)),
            (DataGroup::DG2, Some(file)) => verifier.face(file).map_err(at(step)),
            _ => Ok(()),
        }
    }

    fn card_security(
        &mut self,
        verifier: &mut Verifier,
        access: Option<AccessProtocol>,
        card_access: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let Some(AccessProtocol::Pace(_)) = access else {
            return Ok(());
        };
        let file = self
            .terminal
            .card_security()
            .map_err(at(Step::Reading(EF_CARD_SECURITY)))?;
        verifier
            .card_security(
                file.as_deref(),
                card_access,
                self.terminal.chip_authentication_mapping(),
                self.known.store,
                self.known.state,
                self.known.time,
            )
            .map_err(at(Step::File(EF_CARD_SECURITY)))
    }

    fn chip_authentication(&mut self, verifier: &mut Verifier) -> Result<(), Failure> {
        let Some((option, key)) = verifier.chip_authentication_key() else {
            return Ok(());
        };
        self.terminal
            .chip_authentication(&option, &key)
            .map_err(at(Step::ChipAuthentication))?;
        verifier.chip_authentication(Ok(()));
        Ok(())
    }

    fn active_authentication(
        &mut self,
        verifier: &mut Verifier,
        dg15: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let step = Step::ActiveAuthentication;
        let Some(dg15) = dg15 else {
            return Ok(());
        };
        let dg15 = Dg15::parse(dg15).map_err(at(step))?;
        let len = match dg15.verifying_key().map_err(at(step))? {
            VerifyingKey::Rsa(key) => key.modulus_len(),
            _ => 1,
        };
        // Any challenge does: the chip under test is no adversary who could have waited for it.
        let challenge = *b"RND.IFD.";
        let signature = self
            .terminal
            .active_authentication(&challenge, len)
            .map_err(at(step))?;
        let outcome = verifier.active_authentication(&challenge, Some(&signature));
        if outcome.failed() {
            return Err((step, outcome.to_string()));
        }
        Ok(())
    }

    /// A file that need not be there; one that is malformed is shown as far as it goes.
    fn optional(&mut self, file: FileId) -> Result<Option<Vec<u8>>, Failure> {
        match self.terminal.read(file) {
            Ok(content) => Ok(Some(content.to_vec())),
            Err(Error::FileNotFound(_) | Error::Status { .. }) => Ok(None),
            Err(Error::FileTruncated(_) | Error::FileMalformed { .. }) => Ok(Some(Vec::new())),
            Err(error) => Err(at(Step::Reading(file))(error)),
        }
    }
}
