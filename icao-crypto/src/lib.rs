//! The cryptography of Doc 9303-11 and Doc 9303-10/-12: symmetric primitives of secure messaging, key derivation, key
//! agreement over elliptic curves and Diffie-Hellman groups, and the signatures found on documents.
//!
//! Randomness is injected as `&mut dyn` [`rand_core::CryptoRng`], which is object safe and infallible in this
//! generation; a caller with a fallible source (the operating system's) wraps it in [`rand_core::UnwrapErr`] or seeds a
//! generator from it.

pub mod cipher;
pub mod curve;
pub mod hash;
pub mod iso9796;
pub mod kdf;
pub mod key_agreement;
pub mod public_key_info;
pub mod signature;
mod weierstrass;
