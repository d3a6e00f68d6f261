//! The link to a chip: one command APDU out, one response APDU in.

/// A link to one chip. Implemented over PC/SC, over the simulated chip, over the C interface.
///
/// Implementations carry bytes and nothing else: no GET RESPONSE, no retry, no logging of data.
pub trait Transport {
    /// Sends a whole command APDU and returns the whole response APDU, data and SW1-SW2.
    ///
    /// # Errors
    /// A [`TransportError`] when no response came. Status words are no errors at this level.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Cuts and restores power to the chip: no application, file or key survives.
    ///
    /// # Errors
    /// A [`TransportError`] when the chip did not come back.
    fn reset(&mut self) -> Result<(), TransportError>;

    /// What the link carries at most.
    fn limits(&self) -> Limits;
}

/// Lengths of whole APDUs, headers and status words included, that a link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the longest command APDU.
    pub max_command: usize,
    /// Bytes of the longest response APDU.
    pub max_response: usize,
}

impl Limits {
    /// Short APDUs only: 261 bytes out, 258 bytes in.
    pub const SHORT: Self = Self {
        max_command: 261,
        max_response: 258,
    };
    /// Extended APDUs in full: 65,544 bytes out, 65,538 bytes in.
    pub const EXTENDED: Self = Self {
        max_command: 65_544,
        max_response: 65_538,
    };
}

/// Why a link gave no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The document left the field of the reader.
    #[error("the document was taken away")]
    CardRemoved,
    /// The chip was reset by another program or by a short loss of the field: all keys are gone.
    #[error("the chip was reset")]
    CardReset,
    /// The chip did not answer in time.
    #[error("the chip did not answer in time")]
    Timeout,
    /// Another program holds the chip.
    #[error("another program holds the chip")]
    Sharing,
    /// The command or the response is longer than the link carries.
    #[error("longer than the link carries")]
    TooLong,
    /// The smart-card service stopped or the reader was unplugged.
    #[error("the smart-card service or the reader is gone")]
    Service,
    /// The program that drives the link wants no more of this chip.
    #[error("cancelled")]
    Cancelled,
    /// Anything else, in words that name no data of the chip.
    #[error("link failed: {0}")]
    Other(String),
}
