//! What a page is told of a smart-card service that does not answer, where the system has no files that would say more.

use protocol::error::Code;

use crate::reader::ReaderError;

/// The code for a page when the service cannot be used.
#[must_use]
pub fn service_code(_: ReaderError) -> Code {
    Code::ServiceStopped
}

/// The code of a reader that is attached and does not show. Here nothing tells: the wait for one goes on.
#[must_use]
pub fn missing_reader_code() -> Option<Code> {
    None
}
