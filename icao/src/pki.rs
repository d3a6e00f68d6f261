//! The certificates behind the documents (Doc 9303-12): Country Signing Certification Authorities, document signers,
//! revocation lists and master lists.
//!
//! Parsers here are views over received bytes. They read what real states have issued, name each deviation as a
//! [`Tolerance`](crate::tolerance::Tolerance), and leave the judgement to a policy.

pub mod certificate;
pub mod crl;
pub mod csca_store;
pub mod encoding;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod fixtures;
mod issuing_state;
pub mod master_list;
mod name;
mod object;
pub mod policy;
pub mod signature;
pub mod signed_data;
mod time;

use thiserror::Error;

pub use certificate::{Certificate, Fingerprint};
pub use crl::RevocationList;
pub use csca_store::CscaStore;
pub use issuing_state::IssuingState;
pub use master_list::MasterList;
pub use name::{Name, NameMatch};
pub use object::{Anchors, PkiObject};
pub use policy::Policy;
pub use signed_data::SignedData;
pub use time::UnixTime;

use crate::tlv::TlvError;

/// Why bytes are not the certificate, list or signed object they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PkiError {
    /// The data objects are malformed, or a required one is absent.
    #[error("{0}")]
    Tlv(#[from] TlvError),
    /// Longer than this crate parses.
    #[error("object is too long")]
    TooLong,
    /// A time that is none.
    #[error("malformed time")]
    Time,
    /// Not one to three letters.
    #[error("issuing state is not one to three letters")]
    IssuingState,
    /// A CMS object of another type than SignedData.
    #[error("not a CMS SignedData")]
    ContentInfo,
    /// A version of SignedData other than 1 and 3.
    #[error("unknown version of SignedData")]
    SignedDataVersion,
    /// No signer, or several.
    #[error("not exactly one signer")]
    SignerCount,
    /// Signed attributes without content type or message digest, or with one of them twice.
    #[error("signed attributes do not hold content type and message digest once each")]
    Attributes,
    /// A PEM part without end, or one that is not base64.
    #[error("malformed PEM")]
    Pem,
    /// An extension marked critical whose content is malformed.
    #[error("critical extension is malformed")]
    Extension,
    /// A master list or other object of the directory, but not what is wanted here.
    #[error("not a certificate, revocation list or master list")]
    Object,
    /// A public key that is malformed or of an unsupported kind.
    #[error("public key is malformed or of an unsupported kind")]
    PublicKey,
}

/// The kind of a document, as the register knows it. A trust anchor of one kind never vouches for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// Passport or another travel document in booklet form.
    TravelDocument,
    /// Identity card.
    IdentityCard,
    /// Driving licence (ISO/IEC 18013).
    DrivingLicence,
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod differential_tests;
#[cfg(test)]
mod path_vectors;
#[cfg(test)]
mod tests;
