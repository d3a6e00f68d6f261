//! Which passwords and protocols open a chip.

use super::bac::DocumentKeys;
use super::pace::{PaceVariant, Password};

/// What a terminal has been let in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    None,
    /// BAC, or BAP of a driving licence.
    Basic,
    Pace,
}

/// The access control of a chip.
#[derive(Default)]
pub(super) struct AccessControl {
    pub(super) open: bool,
    pub(super) bac: Option<DocumentKeys>,
    pub(super) pace: Vec<PaceVariant>,
    pub(super) passwords: Vec<Password>,
}

impl AccessControl {
    /// Password reference of the MRZ (Doc 9303-11, 4.4.4.1).
    pub(super) const MRZ: u8 = 1;
    /// Password reference of the card access number.
    pub(super) const CAN: u8 = 2;

    /// Whether the files lie open.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn bac(&self) -> Option<&DocumentKeys> {
        self.bac.as_ref()
    }

    /// The variant that MSE:Set AT chooses. Without a parameter id it is the first of the protocol.
    pub(super) fn pace_variant(
        &self,
        protocol: &[u8],
        parameter_id: Option<u8>,
    ) -> Option<&PaceVariant> {
        self.pace.iter().find(|variant| {
            variant.protocol().as_bytes() == protocol
                && parameter_id.is_none_or(|id| id == variant.parameter_id())
        })
    }

    pub(super) fn password(&self, reference: u8) -> Option<&Password> {
        self.passwords
            .iter()
            .find(|password| password.reference == reference)
    }
}
