//! What the errors of PC/SC mean here.

use icao::transport::TransportError;
use pcsc::Error;

/// Errors after which the context is of no use any more.
pub(super) fn is_stale(error: Error) -> bool {
    matches!(
        error,
        Error::NoService
            | Error::ServiceStopped
            | Error::InvalidHandle
            | Error::Shutdown
            | Error::CommError
            | Error::ReaderUnavailable
            | Error::UnknownReader
    )
}

/// Errors that the placement of the card explains.
pub(super) fn is_card_trouble(error: Error) -> bool {
    matches!(
        error,
        Error::NoSmartcard
            | Error::UnresponsiveCard
            | Error::UnpoweredCard
            | Error::RemovedCard
            | Error::ResetCard
            | Error::ProtoMismatch
            | Error::NotReady
            | Error::InvalidAtr
            | Error::CommDataLost
            | Error::NotTransacted
            | Error::UnsupportedCard
    )
}

pub(super) fn transport_error(error: Error) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard | Error::UnpoweredCard => {
            TransportError::CardRemoved
        }
        Error::ResetCard => TransportError::CardReset,
        Error::Timeout | Error::UnresponsiveCard => TransportError::Timeout,
        Error::SharingViolation => TransportError::Sharing,
        Error::InsufficientBuffer => TransportError::TooLong,
        Error::NotTransacted | Error::CommDataLost => TransportError::CardReset,
        Error::NoService
        | Error::ServiceStopped
        | Error::InvalidHandle
        | Error::Shutdown
        | Error::CommError
        | Error::UnknownReader
        | Error::ReaderUnavailable
        // What libpcsclite says when pcscd closes the connection, which it does by dying too.
        | Error::SecurityViolation => TransportError::Service,
        error => TransportError::Other(error.to_string()),
    }
}

/// What readers and drivers say to APDUs that are longer than they carry, and some also to a card that left meanwhile.
pub(super) fn may_be_about_length(error: Error) -> bool {
    matches!(
        error,
        Error::NotTransacted
            | Error::InvalidValue
            | Error::InvalidParameter
            | Error::InsufficientBuffer
            | Error::CommDataLost
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The service of Windows stops with its last reader, that of Linux dies or is updated, and a reader is pulled out:
    /// after each the context is made anew.
    #[test]
    fn a_context_is_given_up_after_what_makes_it_useless() {
        for error in [
            Error::NoService,
            Error::ServiceStopped,
            Error::InvalidHandle,
            Error::UnknownReader,
            Error::ReaderUnavailable,
        ] {
            assert!(is_stale(error), "{error:?}");
            assert_eq!(transport_error(error), TransportError::Service, "{error:?}");
        }
        // A death that looks like a refusal is told apart by whoever asks once more.
        let refusal = Error::SecurityViolation;
        assert_eq!(transport_error(refusal), TransportError::Service);
        assert!(!is_stale(refusal));
        for error in [Error::SharingViolation, Error::RemovedCard, Error::Timeout] {
            assert!(!is_stale(error), "{error:?}");
        }
    }
}
