//! Why a terminal could not do what it was asked to.

use crate::apdu::{ApduError, StatusWord};
use crate::bac::BacError;
use crate::chip_authentication::ChipAuthenticationError;
use crate::crypto::key_agreement::KeyAgreementError;
use crate::lds::FileId;
use crate::pace::PaceError;
use crate::secure_messaging::SecureMessagingError;
use crate::tlv::TlvError;
use crate::transport::TransportError;

/// The command that a chip refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// READ BINARY.
    ReadBinary,
    /// INTERNAL AUTHENTICATE of Active Authentication.
    ActiveAuthentication,
}

/// Why a terminal could not do what it was asked to. Names steps, files and status words, never data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The link gave no response.
    #[error("link to the chip: {0}")]
    Link(TransportError),
    /// The card has no travel document application.
    #[error("the card is no travel document: {0}")]
    NotADocument(StatusWord),
    /// The chip refused every access key that was tried.
    #[error("the chip refused the access data ({tries} tried)")]
    WrongAccessKey {
        /// How many keys were tried on the chip.
        tries: u32,
        /// How many keys that could open this document were not tried, because the policy allows no more tries.
        left: usize,
    },
    /// No key of the kind that this document opens with was given (a card access number needs PACE).
    #[error("none of the access data given can open this document")]
    NoUsableKey,
    /// The document opens by PACE only, and its EF.CardAccess could not be read.
    #[error("the document opens by PACE only: {0}")]
    PaceOnly(StatusWord),
    /// The document offers PACE, in no variant that this terminal knows.
    #[error("the document offers PACE only in variants that are not supported")]
    PaceNotSupported,
    /// The chip has blocked the access data, or suspended them after wrong attempts.
    #[error("the chip has blocked or suspended this access data: {0}")]
    Blocked(StatusWord),
    /// The chip took too long to answer an attempt to open it: some wait longer after each wrong attempt.
    #[error("the chip is slow to answer, as after wrong access data")]
    Slow,
    /// The conversation took more commands or bytes than the policy spends on one chip.
    #[error("the chip needs more commands or bytes than are spent on one conversation")]
    Exhausted,
    /// Another document lies on the reader than before the link was lost.
    #[error("another document was laid on the reader")]
    DocumentSwapped,
    /// The chip answered a step with a status word that ends it.
    #[error("{step:?}: {status}")]
    Status {
        /// The step.
        step: Step,
        /// What the chip answered.
        status: StatusWord,
    },
    /// The chip has no such file.
    #[error("{0} not found")]
    FileNotFound(FileId),
    /// The chip does not let this file be read.
    #[error("{0} may not be read")]
    FileProtected(FileId),
    /// The file says it is longer than the policy reads.
    #[error("{0} is too long")]
    FileTooLong(FileId),
    /// The file ends before its data object does.
    #[error("{0} is cut short")]
    FileTruncated(FileId),
    /// The file does not begin with a data object.
    #[error("{file} is malformed: {reason}")]
    FileMalformed {
        /// The file.
        file: FileId,
        /// What is wrong with its first bytes.
        reason: TlvError,
    },
    /// Basic Access Control failed.
    #[error("Basic Access Control: {0}")]
    Bac(BacError),
    /// PACE failed for another reason than the password.
    #[error(transparent)]
    Pace(PaceError),
    /// The chip refused Chip Authentication.
    #[error(transparent)]
    ChipAuthentication(ChipAuthenticationError),
    /// The chip's key, or the one handed to it, is of no use.
    #[error(transparent)]
    KeyAgreement(#[from] KeyAgreementError),
    /// The chip agreed to Chip Authentication and does not hold the private key: it is a copy.
    #[error("the chip does not hold the private key of its Chip Authentication")]
    NotGenuine,
    /// Secure messaging ended.
    #[error("secure messaging: {0}")]
    SecureMessaging(#[from] SecureMessagingError),
    /// Bytes that are no APDU.
    #[error(transparent)]
    Apdu(#[from] ApduError),
    /// Something was asked that needs an opened chip, before it was opened.
    #[error("the chip has not been opened")]
    NotOpened,
}

impl Error {
    /// Whether resetting the chip and opening it again may help: the link or the keys were lost, not refused.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Link(error) => *error != TransportError::Cancelled,
            Self::SecureMessaging(_) | Self::Apdu(ApduError::NoStatus) => true,
            Self::Status { status, .. } => Self::lost_keys(*status),
            _ => false,
        }
    }

    /// Status words with which chips say that the keys of secure messaging are gone.
    pub(super) fn lost_keys(status: StatusWord) -> bool {
        matches!(
            status,
            StatusWord::SM_OBJECTS_MISSING
                | StatusWord::SM_OBJECTS_INCORRECT
                | StatusWord::SECURE_MESSAGING_NOT_SUPPORTED
        )
    }
}
