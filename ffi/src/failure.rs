//! Why a function did not do what it was asked to, and how a handle tells it.

use core::ffi::c_char;
use core::fmt;
use std::ffi::CString;

use icao::passive_authentication::{CheckOutcome, Failure as SignatureFailure};
use icao::pki::PkiError;
use icao::pki::csca_store::NotVouchedFor;
use icao::pki::master_list::MasterListError;
use icao::terminal::{Error, Step};
use icao::transport::TransportError;
use icao::verifier::Reason;

use crate::code::RdaCode;

/// The last error of a handle.
#[derive(Debug)]
#[repr(C)]
pub struct RdaError {
    /// What the last function returned that failed; RDA_CODE_OK if none has.
    pub code: RdaCode,
    /// Status word of the chip (SW1 and SW2) where one is the reason, else 0.
    pub status_word: u16,
    /// After RDA_CODE_ACCESS_DATA_WRONG: access keys that could open this document and were not tried yet.
    pub keys_left: u32,
    /// Key of a sentence for the person at the reader. Never freed.
    pub text_key: *const c_char,
    /// English words for the log of a developer. They name steps, files and status words, and nothing of a person. They
    /// belong to the handle, and change with its next error.
    pub message: *const c_char,
}

/// A failure on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: RdaCode,
    message: String,
    status_word: u16,
    pub(crate) keys_tried: u32,
    keys_left: u32,
}

impl Failure {
    pub(crate) fn new(code: RdaCode, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            status_word: 0,
            keys_tried: 0,
            keys_left: 0,
        }
    }

    pub(crate) fn argument(message: impl fmt::Display) -> Self {
        Self::new(RdaCode::Argument, message)
    }

    pub(crate) fn state(message: impl fmt::Display) -> Self {
        Self::new(RdaCode::WrongState, message)
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            RdaCode::Internal,
            "a fault of this library: free the handle, and report what led here",
        )
    }
}

/// The last error as its handle keeps it: the structure points into the text.
pub(crate) struct LastError {
    shown: RdaError,
    message: CString,
}

// SAFETY: the pointers in it lead to its own text and to constants, neither of which is bound to a thread.
unsafe impl Send for LastError {}

impl LastError {
    pub(crate) fn none() -> Self {
        Self::from_parts(RdaCode::Ok, 0, 0, CString::default())
    }

    pub(crate) fn of(failure: Failure) -> Self {
        // Messages are this library's own words; a zero byte in one would be a mistake, not a danger.
        let message = CString::new(failure.message).unwrap_or_default();
        Self::from_parts(
            failure.code,
            failure.status_word,
            failure.keys_left,
            message,
        )
    }

    fn from_parts(code: RdaCode, status_word: u16, keys_left: u32, message: CString) -> Self {
        Self {
            shown: RdaError {
                code,
                status_word,
                keys_left,
                text_key: code.text_key().as_ptr(),
                message: message.as_ptr(),
            },
            message,
        }
    }

    pub(crate) fn shown(&self) -> &RdaError {
        debug_assert_eq!(self.shown.message, self.message.as_ptr());
        &self.shown
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::Link(link) => of_link(link),
            Error::NotADocument(_) => RdaCode::NotADocument,
            Error::WrongAccessKey { .. } => RdaCode::AccessDataWrong,
            Error::NoUsableKey => RdaCode::AccessDataMissing,
            Error::PaceOnly(_) | Error::PaceNotSupported => RdaCode::PaceOnly,
            Error::Blocked(_) => RdaCode::AccessBlocked,
            Error::Slow => RdaCode::AccessSlow,
            Error::Bac(_) | Error::Pace(_) => RdaCode::AccessFailed,
            Error::Exhausted => RdaCode::DocumentUnreadable,
            Error::DocumentSwapped => RdaCode::DocumentSwapped,
            Error::Status {
                step: Step::ActiveAuthentication,
                ..
            } => RdaCode::ActiveAuthenticationFailed,
            Error::FileNotFound(_) => RdaCode::FileNotFound,
            Error::Status { .. } | Error::FileProtected(_) => RdaCode::FileUnreadable,
            Error::FileTooLong(_) | Error::FileTruncated(_) | Error::FileMalformed { .. } => {
                RdaCode::FileMalformed
            }
            Error::ChipAuthentication(_) | Error::NotGenuine => RdaCode::ChipAuthenticationFailed,
            Error::KeyAgreement(_) => RdaCode::ChipAuthenticationMismatch,
            Error::SecureMessaging(_) | Error::Apdu(_) => RdaCode::SecureMessagingFailed,
            Error::NotOpened => RdaCode::WrongState,
            _ => RdaCode::Internal,
        };
        let mut failure = Self::new(code, &error);
        match error {
            Error::WrongAccessKey { tries, left } => {
                failure.keys_tried = tries;
                failure.keys_left = u32::try_from(left).unwrap_or(u32::MAX);
            }
            Error::NotADocument(status)
            | Error::PaceOnly(status)
            | Error::Blocked(status)
            | Error::Status { status, .. } => failure.status_word = status.0,
            _ => {}
        }
        failure
    }
}

fn of_link(error: &TransportError) -> RdaCode {
    match error {
        TransportError::CardRemoved | TransportError::CardReset => RdaCode::DocumentLost,
        TransportError::Cancelled => RdaCode::Cancelled,
        TransportError::Timeout => RdaCode::DocumentUnreadable,
        TransportError::Sharing => RdaCode::DocumentInUse,
        TransportError::Service => RdaCode::ReaderLost,
        _ => RdaCode::ReaderFailed,
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        let code = match reason {
            Reason::Absent(_) | Reason::NoSignature => RdaCode::EvidenceIncomplete,
            Reason::Hash(_) => RdaCode::DocumentAltered,
            Reason::ActiveAuthentication(_)
            | Reason::AuthenticationKey
            | Reason::ChipAuthentication(_) => RdaCode::ChipNotGenuine,
            _ => RdaCode::EvidenceMalformed,
        };
        Self::new(code, reason)
    }
}

impl From<CheckOutcome<SignatureFailure>> for Failure {
    fn from(outcome: CheckOutcome<SignatureFailure>) -> Self {
        let code = match outcome {
            CheckOutcome::Failed(SignatureFailure::Revoked(_)) => RdaCode::SignerRevoked,
            CheckOutcome::PassedUntrusted
            | CheckOutcome::Failed(
                SignatureFailure::NoIssuer(_) | SignatureFailure::IssuingState,
            ) => RdaCode::IssuerUnknown,
            _ => RdaCode::SignatureWrong,
        };
        Self::new(code, format_args!("Passive Authentication {outcome}"))
    }
}

impl From<PkiError> for Failure {
    fn from(error: PkiError) -> Self {
        Self::new(RdaCode::CertificateMalformed, error)
    }
}

impl From<NotVouchedFor> for Failure {
    fn from(error: NotVouchedFor) -> Self {
        let code = match error {
            NotVouchedFor::Malformed(_) => RdaCode::CertificateMalformed,
            _ => RdaCode::NotVouchedFor,
        };
        Self::new(code, error)
    }
}

impl From<MasterListError> for Failure {
    fn from(error: MasterListError) -> Self {
        let code = match error {
            MasterListError::Pki(_) | MasterListError::ContentType => RdaCode::CertificateMalformed,
            _ => RdaCode::NotVouchedFor,
        };
        Self::new(code, error)
    }
}
