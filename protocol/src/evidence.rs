//! What the daemon found on a document, for the login server's eyes only.
//!
//! Apart from the files and signatures of the chip, nothing in it is believed: the link and the transcript are
//! statistics, the access protocol is advice.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::encoding::Octets;
use crate::jwe::Sealable;

/// Largest file of a document that fits evidence, in octets. All files together must fit the seal
/// ([`crate::jwe::MAX_PLAINTEXT`]).
pub const MAX_FILE: usize = 28 * 1024;

/// A file of the document, byte for byte as the chip gave it.
pub type File = Octets<MAX_FILE>;

/// The evidence of one document for one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// EF.CardAccess (Doc 9303-11 4.2), where the chip has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_access: Option<File>,
    /// EF.SOD (Doc 9303-10 4.6.2), or EF.SOD of ISO/IEC 18013-3 on a licence.
    pub sod: File,
    /// DG14: Chip Authentication keys of both kinds of application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg14: Option<File>,
    /// DG15: Active Authentication key of a travel document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg15: Option<File>,
    /// DG13: Active Authentication key of a driving licence (ISO/IEC 18013-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg13: Option<File>,
    /// DG1, or DG12 of a licence: only from a chip without Chip Authentication, and only if the request allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_file: Option<File>,
    /// Active Authentication over the bound challenge (see [`crate::bindings`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_authentication: Option<ActiveAuthentication>,
    /// What the link carries, for the size and form of the server's commands.
    pub link: Link,
    /// How the reading went.
    pub transcript: Transcript,
    /// `bac`, `pace-gm`, …: advice, never proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_protocol: Option<AccessProtocol>,
}

/// Answer of the chip to INTERNAL AUTHENTICATE (Doc 9303-11 6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ActiveAuthentication {
    /// The signature as the chip gave it.
    pub signature: Octets<1024>,
}

/// How the terminal got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessProtocol {
    /// Basic Access Control (Doc 9303-11 4.3).
    Bac,
    /// Basic Access Protection of a driving licence (ISO/IEC 18013-3).
    Bap,
    /// PACE with Generic Mapping (Doc 9303-11 4.4).
    PaceGm,
    /// PACE with Integrated Mapping.
    PaceIm,
    /// PACE with Chip Authentication Mapping.
    PaceCam,
}

/// What the link between reader and chip carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Link {
    /// Whether reading by short file identifier worked on this chip.
    pub sfi: bool,
    /// Longest command APDU in octets.
    pub max_command: u32,
    /// Longest response APDU in octets, status word included.
    pub max_response: u32,
}

/// Numbers about the reading, without a trace of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Transcript {
    /// Command APDUs sent.
    pub apdus: u32,
    /// Octets in both directions.
    pub bytes: u64,
    /// Milliseconds from the document on the reader to this message.
    pub ms: u64,
    /// Model of the reader, without serial number.
    pub reader: String,
    /// Times the document had to be started anew.
    pub retries: u32,
}

impl Sealable for Evidence {
    const TYP: &'static str = "rda-evidence+jwe";
    /// Most documents fit one block; the length then tells nothing.
    const BLOCK: usize = 8 * 1024;
}

/// SHA-256 of a sealed message as it travels: what a Chip Authentication command names as the evidence it answers.
#[must_use]
pub fn sealed_hash(sealed: &str) -> [u8; 32] {
    Sha256::digest(sealed.as_bytes()).into()
}
