//! Which error the page is told.

use icao::terminal::{Error, Step};
use icao::transport::TransportError;
use protocol::error::Code;

use crate::doctor;
use crate::reader::ReaderError;

/// The code of a failure of the terminal.
pub(super) fn of_terminal(error: &Error) -> Code {
    match error {
        Error::Link(error) => of_link(error),
        Error::NotADocument(_) => Code::NotADocument,
        Error::WrongAccessKey { .. } | Error::NoUsableKey => Code::AccessDataWrong,
        Error::PaceOnly(_) | Error::PaceNotSupported => Code::PaceOnly,
        Error::Blocked(_) => Code::AccessBlocked,
        Error::Slow => Code::AccessSlow,
        Error::Bac(_) | Error::Pace(_) => Code::AccessFailed,
        Error::Exhausted => Code::DocumentUnreadable,
        Error::DocumentSwapped => Code::DocumentSwapped,
        Error::Status {
            step: Step::ActiveAuthentication,
            ..
        } => Code::ActiveAuthenticationFailed,
        Error::Status { .. } | Error::FileNotFound(_) | Error::FileProtected(_) => {
            Code::FileUnreadable
        }
        Error::FileTooLong(_) | Error::FileTruncated(_) | Error::FileMalformed { .. } => {
            Code::FileMalformed
        }
        Error::ChipAuthentication(_) | Error::NotGenuine => Code::ChipAuthenticationFailed,
        Error::KeyAgreement(_) => Code::ChipAuthenticationMismatch,
        Error::SecureMessaging(_) | Error::Apdu(_) => Code::SecureMessagingFailed,
        _ => Code::Internal,
    }
}

fn of_link(error: &TransportError) -> Code {
    match error {
        TransportError::CardRemoved | TransportError::CardReset => Code::DocumentLost,
        TransportError::Cancelled => Code::Cancelled,
        TransportError::Timeout => Code::DocumentUnreadable,
        TransportError::Sharing => Code::DocumentInUse,
        TransportError::Service => Code::ReaderLost,
        _ => Code::ReaderFailed,
    }
}

/// The code of a failure of readers and service.
pub(super) fn of_reader(error: ReaderError) -> Code {
    match error {
        ReaderError::NoService | ReaderError::AccessDenied => doctor::service_code(error),
        ReaderError::Service(::pcsc::Error::ServiceStopped) => doctor::service_code(error),
        ReaderError::Hidden(code) => code,
        ReaderError::UnknownReader => Code::ReaderAbsent,
        ReaderError::Cancelled => Code::Cancelled,
        ReaderError::Service(_) => Code::ReaderFailed,
    }
}
