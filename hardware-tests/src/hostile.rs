//! A chip that answers out of malice: well-formed up to one place, under secure messaging with a MAC that holds, and wrong
//! there.
//!
//! For each step of a login the right answer is taken, and one thing in it is changed by a small grammar, seeded, so that
//! every run makes the same answers.

mod grammar;

use crate::fault::Plan;
use crate::fault::in_process::Desk;
use crate::office::Office;
use crate::page::Verdict;
use anyhow::{Result, bail};
use grammar::{Dice, Object};
use icao::apdu::{Command, Response, StatusWord};
use icao::lds::CardAccess;
use icao::lds::security_info::SecurityInfo;
use icao::simulator::{Chip, Profile};
use icao::tlv;
use protocol::error::{Code, Layer};
use rda::login_session::LoginWorker;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A step of a login in which the chip answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The content of EF.CardAccess, which nobody signs.
    CardAccess,
    /// SELECT of the application.
    Select,
    /// GET CHALLENGE of BAC.
    Challenge,
    /// EXTERNAL AUTHENTICATE of BAC.
    BasicAccess,
    /// MSE:Set AT of PACE.
    PaceSetAt,
    /// The encrypted nonce of PACE.
    PaceNonce,
    /// The mapping of PACE.
    PaceMapping,
    /// The key agreement of PACE.
    PaceAgreement,
    /// The tokens of PACE.
    PaceToken,
    /// The content of EF.SOD.
    Sod,
    /// The content of DG14.
    Dg14,
    /// The content of DG15.
    Dg15,
    /// INTERNAL AUTHENTICATE.
    ActiveAuthentication,
    /// MSE:Set AT of Chip Authentication.
    ChipSetAt,
    /// GENERAL AUTHENTICATE of Chip Authentication.
    ChipAuthentication,
    /// DG1, which the server reads through its own channel.
    Dg1,
}

impl Step {
    /// All steps, in the order of a login.
    pub const ALL: [Self; 16] = [
        Self::CardAccess,
        Self::Select,
        Self::Challenge,
        Self::BasicAccess,
        Self::PaceSetAt,
        Self::PaceNonce,
        Self::PaceMapping,
        Self::PaceAgreement,
        Self::PaceToken,
        Self::Sod,
        Self::Dg14,
        Self::Dg15,
        Self::ActiveAuthentication,
        Self::ChipSetAt,
        Self::ChipAuthentication,
        Self::Dg1,
    ];

    /// A document whose login has this step.
    const fn profile(self) -> Profile {
        match self {
            Self::Challenge | Self::BasicAccess => Profile::NlPassport2011,
            _ => Profile::PaceP256,
        }
    }

    /// The file whose content is meant, if it is one.
    const fn file(self) -> Option<u16> {
        match self {
            Self::CardAccess => Some(0x011C),
            Self::Sod => Some(0x011D),
            Self::Dg14 => Some(0x010E),
            Self::Dg15 => Some(0x010F),
            Self::Dg1 => Some(0x0101),
            _ => None,
        }
    }

    /// Whether an answer to this command belongs to this step.
    fn is_meant(self, command: &Command, protected: bool) -> bool {
        let step = |tag| {
            let data = tlv::Tlv::only(&command.data).ok();
            data.is_some_and(|data| match tag {
                None => data.value.is_empty(),
                Some(tag) => data
                    .children()
                    .map_while(Result::ok)
                    .any(|object| object.tag == tag),
            })
        };
        match (self, command.ins) {
            (Self::Select, 0xA4) => command.p1 == 0x04,
            (Self::Challenge, 0x84) | (Self::BasicAccess, 0x82) => true,
            (Self::PaceSetAt, 0x22) => !protected,
            (Self::PaceNonce, 0x86) => !protected && step(None),
            (Self::PaceMapping, 0x86) => !protected && step(Some(0x81)),
            (Self::PaceAgreement, 0x86) => !protected && step(Some(0x83)),
            (Self::PaceToken, 0x86) => !protected && step(Some(0x85)),
            (Self::ActiveAuthentication, 0x88) => true,
            (Self::ChipSetAt, 0x22) | (Self::ChipAuthentication, 0x86) => protected,
            _ => false,
        }
    }

    /// Layer and codes with which such an answer may be refused, by daemon or login server.
    fn refusals(self) -> &'static [Code] {
        use Code as C;
        match self {
            Self::CardAccess => &[C::PaceOnly, C::AccessFailed, C::AccessDataWrong],
            // A card that does not know the application is none, and is set aside until the citizen gives up.
            Self::Select => &[
                C::Cancelled,
                C::PaceOnly,
                C::SecureMessagingFailed,
                C::DocumentLost,
                C::DocumentSwapped,
            ],
            Self::Challenge | Self::BasicAccess => &[
                C::AccessFailed,
                C::AccessDataWrong,
                C::PaceOnly,
                C::AccessBlocked,
            ],
            Self::PaceSetAt
            | Self::PaceNonce
            | Self::PaceMapping
            | Self::PaceAgreement
            | Self::PaceToken => &[C::AccessFailed, C::AccessDataWrong, C::AccessBlocked],
            Self::Sod => &[
                C::FileMalformed,
                C::FileUnreadable,
                C::EvidenceTooLarge,
                C::NoChipProof,
                C::EvidenceMalformed,
                C::EvidenceIncomplete,
                C::DocumentAltered,
                C::IssuerUnknown,
                C::SignatureWrong,
                C::SignerRevoked,
                C::DocumentMismatch,
                C::IdentityFileNotAllowed,
                C::FilesInconsistent,
            ],
            Self::Dg14 | Self::Dg15 => &[
                C::FileMalformed,
                C::FileUnreadable,
                C::EvidenceTooLarge,
                C::NoChipProof,
                C::EvidenceMalformed,
                C::EvidenceIncomplete,
                C::DocumentAltered,
                C::FilesInconsistent,
                C::ActiveAuthenticationFailed,
                C::IdentityFileNotAllowed,
            ],
            Self::ActiveAuthentication => &[
                C::ActiveAuthenticationFailed,
                C::ChipNotGenuine,
                C::DocumentLost,
                C::SecureMessagingFailed,
                C::EvidenceTooLarge,
            ],
            Self::ChipSetAt | Self::ChipAuthentication => &[
                C::ChipAuthenticationFailed,
                C::DocumentLost,
                C::SecureMessagingFailed,
                C::ChipNotGenuine,
            ],
            Self::Dg1 => &[
                C::DocumentAltered,
                C::ChipNotGenuine,
                C::DocumentMismatch,
                C::EvidenceMalformed,
                C::FileUnreadable,
            ],
        }
    }

    /// What of an answer counts: while each of these is still in it, and the status word good, a login may go well, because
    /// what was changed means nothing. `None` if all of it counts.
    fn essence(self, answer: &[u8]) -> Option<Vec<Vec<u8>>> {
        let objects = Object::all(answer)?;
        let along = |path: &[u32]| -> Vec<Vec<u8>> {
            let found = Object::along(&objects, path);
            found.into_iter().map(Object::encode).collect()
        };
        match self {
            // Data with the answer to these commands have no meaning.
            Self::Select | Self::PaceSetAt | Self::ChipSetAt | Self::ChipAuthentication => {
                Some(Vec::new())
            }
            // The first object of its kind counts; a second one says nothing.
            Self::PaceNonce => Some(along(&[0x7C, 0x80])),
            Self::PaceMapping => Some(along(&[0x7C, 0x82])),
            Self::PaceAgreement => Some(along(&[0x7C, 0x84])),
            Self::PaceToken => Some(along(&[0x7C, 0x86])),
            // Not all of a signed message is signed (RFC 5652, 5.4): further certificates, say, or the list of digests.
            Self::Sod => {
                const SIGNED_DATA: [u32; 4] = [0x77, 0x30, 0xA0, 0x30];
                let signed = |path: &[u32]| along(&[&SIGNED_DATA, path].concat());
                let parts = [
                    signed(&[0x30, 0xA0, 0x04]),
                    // Of the signer's certificate its three fields: what follows them within its length is noted and ignored.
                    signed(&[0xA0, 0x30, 0x30]),
                    signed(&[0xA0, 0x30, 0x03]),
                    signed(&[0x31, 0x30, 0xA0]),
                    signed(&[0x31, 0x30, 0x04]),
                ];
                Some(parts.concat())
            }
            Self::CardAccess
            | Self::Challenge
            | Self::BasicAccess
            | Self::Dg14
            | Self::Dg15
            | Self::ActiveAuthentication
            | Self::Dg1 => None,
        }
    }
}

/// The ways of PACE that EF.CardAccess offers, those not understood too.
fn pace_offers(card_access: &[u8]) -> Vec<SecurityInfo> {
    let list = CardAccess::parse(card_access).ok();
    list.iter()
        .flat_map(|list| list.security_infos().pace_offers().cloned())
        .collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes
        .windows(part.len().max(1))
        .any(|window| window == part)
}

/// What one step came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Malformed answers that were refused.
    pub refused: usize,
    /// Of those, well-formed up to the place that was changed.
    pub well_formed: usize,
    /// How they were refused, by layer and code.
    pub refusals: BTreeMap<(String, &'static str), usize>,
    /// Changes of what means nothing, with which the login went well.
    pub harmless: usize,
    /// Whatever else.
    pub wrong: Vec<String>,
}

/// One change of an answer.
struct Change {
    before: Vec<u8>,
    after: Vec<u8>,
    status: StatusWord,
    well_formed: bool,
}

impl Change {
    /// Where it begins, and what stands there before and after.
    fn in_words(&self) -> String {
        let pairs = self.before.iter().zip(&self.after);
        let at = pairs.take_while(|(before, after)| before == after).count();
        let shown = |bytes: &[u8]| hex::encode(&bytes[at..bytes.len().min(at + 24)]);
        format!(
            "at byte {at} of {}: {} became {} of {}",
            self.before.len(),
            shown(&self.before),
            shown(&self.after),
            self.after.len()
        )
    }

    /// Whether it concerns nothing that counts.
    fn is_harmless(&self, step: Step) -> bool {
        // An unsigned list that offers no PACE, not even one that nobody understands, is worth what a missing one is, and the
        // document is opened by BAC; what is offered beside PACE nobody asks for.
        if step == Step::CardAccess {
            let (before, after) = (pace_offers(&self.before), pace_offers(&self.after));
            return after.is_empty() || before.iter().all(|offer| after.contains(offer));
        }
        // TR-03110-3 B.11.1: how many tries the password has left, which is a warning and no refusal.
        let warning = step == Step::PaceSetAt && self.status.0 & 0xFFF0 == 0x63C0;
        let essence = match self.before.is_empty() {
            true => Some(Vec::new()),
            false => step.essence(&self.before),
        };
        (self.status.is_ok() || warning)
            && essence.is_some_and(|parts| parts.iter().all(|part| contains(&self.after, part)))
    }
}

/// The changes that a chip has made so far.
type Changes = Arc<Mutex<Vec<Change>>>;

/// Tries malformed answers in one step until `count` were refused.
///
/// # Errors
/// If a chip cannot be made, the step does not occur in the login at all, or nearly nothing is refused.
pub fn try_step(office: &Office, step: Step, count: usize) -> Result<Tally> {
    let profile = step.profile();
    let mut tally = Tally::default();
    for number in 0.. {
        if tally.refused >= count {
            break;
        }
        if number >= 10 * count {
            bail!("{step:?}: {} of {number} were refused", tally.refused);
        }
        let dice = Dice::new(&format!("{step:?} {number}"));
        let (chip, changes) = match step.file() {
            Some(fid) => with_file(profile.chip(b"hostile")?, fid, dice),
            None => with_answer(profile.chip(b"hostile")?, step, dice),
        };
        let desk = Desk::of(chip, Plan::NONE);
        let ending = office.log_in(profile, &LoginWorker::new(desk.source()));
        let changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
        if changes.is_empty() {
            bail!("{step:?}: the chip was never asked");
        }
        let what = format!("{step:?} {number}");
        match ending.map(|ending| ending.verdict) {
            // A terminal may ask once more, in other words: the last answer counts.
            Ok(Verdict::Raised(_))
                if changes
                    .last()
                    .is_some_and(|change| change.is_harmless(step)) =>
            {
                tally.harmless += 1;
            }
            Ok(Verdict::Raised(level)) => {
                let change = changes.last().map(Change::in_words).unwrap_or_default();
                tally.wrong.push(format!("{what}: level {level}; {change}"));
            }
            Ok(Verdict::Stopped(symbol) | Verdict::Refused(symbol)) => {
                let code = Code::ALL.iter().find(|code| code.symbol() == symbol);
                match code {
                    Some(code) if step.refusals().contains(code) => {
                        tally.refused += 1;
                        tally.well_formed +=
                            usize::from(changes.iter().any(|change| change.well_formed));
                        let layer = layer_name(code.layer());
                        *tally.refusals.entry((layer, code.symbol())).or_default() += 1;
                    }
                    _ => tally.wrong.push(format!("{what}: {symbol}")),
                }
            }
            Err(error) => tally.wrong.push(format!("{what}: {error:#}")),
        }
        if desk.open_links() != 0 {
            tally.wrong.push(format!("{what}: a link stayed open"));
        }
    }
    Ok(tally)
}

fn layer_name(layer: Layer) -> String {
    format!("{layer:?}").to_lowercase()
}

fn note(changes: &Changes, change: Change) {
    let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
    changes.push(change);
}

/// The chip with another content of one of its files.
fn with_file(chip: Chip, fid: u16, mut dice: Dice) -> (Chip, Changes) {
    let changes = Changes::default();
    let mut system = chip.file_system().clone();
    let directories = system
        .applications
        .iter_mut()
        .chain([&mut system.master_file]);
    for file in directories.flat_map(|directory| &mut directory.files) {
        let of_application = fid != 0x011C || file.content.first() == Some(&0x31);
        if file.fid == fid && of_application {
            let before = file.content.clone();
            let well_formed = dice.change(&mut file.content);
            let change = Change {
                before,
                after: file.content.clone(),
                status: StatusWord::OK,
                well_formed,
            };
            note(&changes, change);
        }
    }
    (chip.with_file_system(system), changes)
}

/// The chip with other answers in one step.
fn with_answer(chip: Chip, step: Step, mut dice: Dice) -> (Chip, Changes) {
    let changes = Changes::default();
    let noted = Arc::clone(&changes);
    let chip = chip.with_hook(move |command, protected, response: &mut Response| {
        if !step.is_meant(command, protected) || !response.status.is_ok() {
            return;
        }
        let before = response.data.clone();
        let well_formed = match response.data.is_empty() {
            // Nothing but a status word: another, or data where none belong.
            true if dice.below(4) > 0 => {
                response.status = dice.status();
                true
            }
            true => {
                response.data = dice.bytes(1, 64);
                true
            }
            false if dice.below(8) == 0 => {
                response.data.clear();
                response.status = dice.status();
                true
            }
            false => dice.change(&mut response.data),
        };
        let change = Change {
            before,
            after: response.data.clone(),
            status: response.status,
            well_formed,
        };
        note(&noted, change);
    });
    (chip, changes)
}
