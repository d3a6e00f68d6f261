//! A whole contactless document chip in memory, written from the standards: Doc 9303-10 and -11, ISO/IEC 7816-4,
//! TR-03110-3 and ISO/IEC 18013-3.
//!
//! It shares [`apdu`](crate::apdu), [`tlv`](crate::tlv) and [`crypto`](crate::crypto) with the terminal and nothing of the
//! protocols: secure messaging, BAC, PACE, Chip Authentication and Active Authentication are written a second time here, as
//! the chip sees them, so that a mistake on one side meets a refusal on the other and does not cancel out. The published
//! worked examples hold both sides to the standards.
//!
//! ```
//! use icao::simulator::{Chip, Mapping, PaceVariant, Profile, Quirk};
//! use icao::crypto::cipher::CipherSuite;
//!
//! // A ready-made document …
//! let mut chip = Profile::NlPassport2011.chip(b"seed of all that is random")?;
//! assert_eq!(chip.process(&[0x00, 0x84, 0x00, 0x00, 0x08]), [0x69, 0x85]);
//!
//! // … and one of one's own, which answers SELECT of the master file as some do.
//! let pace = PaceVariant::new(Mapping::Generic, CipherSuite::Aes128, 13).unwrap();
//! let mut chip = Chip::passport()
//!     .pace(pace)
//!     .quirk(Quirk::MasterFileRefused(0x6982))
//!     .build()?;
//! assert_eq!(chip.process(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00]), [0x69, 0x82]);
//! # Ok::<(), icao::simulator::IssuerError>(())
//! ```
//!
//! Holders are invented, keys are public and worthless, and certificates say so. Release packages are built without this
//! module.

mod access;
mod active_authentication;
mod bac;
mod chip;
mod chip_authentication;
mod ecdsa;
mod file_system;
mod files;
mod holder;
mod integrated_mapping;
mod issuer;
mod link;
mod pace;
mod personalisation;
mod profile;
mod public_key_info;
pub mod quirks;
mod random;
mod secure_messaging;

pub use active_authentication::{ActiveAuthenticationKey, Trailer};
pub use chip::{Chip, ResponseHook};
pub use chip_authentication::ChipAuthenticationKey;
pub use file_system::{Directory, ElementaryFile, FileSystem, ReadAccess};
pub use holder::{Form, Holder};
pub use issuer::{
    Csca, DocumentSigner, IssuerError, IssuerKey, SecurityObject, SigningAlgorithm, Subject,
};
pub use link::{Fault, FaultHook, SimulatedLink};
pub use pace::{Mapping, PaceVariant};
pub use personalisation::{ChipBuilder, LicencePassword};
pub use profile::{CscaCertificate, Profile, csca_certificates};
pub use public_key_info::CurveForm;
pub use quirks::{MessagingFault, Quirk};
pub use random::{RandomSource, ScriptedRandom, SeededRandom};
