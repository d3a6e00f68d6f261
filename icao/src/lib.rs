//! Electronic machine readable travel documents (ICAO Doc 9303, LDS1) and driving licences (ISO/IEC 18013):
//! what the terminal, the verifying server and a simulated chip need, from one code base.
//!
//! This crate does no input or output, has no clock and no random source of its own: the link to the chip is a
//! [`transport::Transport`], time is passed in, and randomness is injected.

pub mod access_key;
pub mod active_authentication;
pub mod apdu;
pub mod bac;
pub mod chip_authentication;
#[cfg(test)]
#[allow(clippy::panic)]
mod corpus;
pub mod driving_licence;
pub mod lds;
pub mod mrz;
pub mod pace;
pub mod passive_authentication;
pub mod pki;
pub mod secure_messaging;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod stack;
pub mod terminal;
pub mod tlv;
pub mod tolerance;
pub mod transport;
pub mod verifier;

/// The cryptography, a crate of its own because its curves take longest to build and change least.
#[doc(inline)]
pub use icao_crypto as crypto;
