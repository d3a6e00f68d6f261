//! The public key of a ChipAuthenticationPublicKeyInfo (Doc 9303-11, 9.2.6).

use crate::crypto::key_agreement::{Group, PublicKey};
use crate::crypto::public_key_info::PublicKeyInfoError;
use crate::lds::security_info::{Agreement, ChipAuthenticationPublicKeyInfo};

/// Why a key of a chip cannot be used for Chip Authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipKeyError {
    /// The key itself or its domain parameters.
    #[error(transparent)]
    PublicKeyInfo(#[from] PublicKeyInfoError),
    /// A curve where the object identifier says Diffie-Hellman, or the other way round.
    #[error("public key is of another kind than its object identifier says")]
    KindMismatch,
}

impl ChipAuthenticationPublicKeyInfo {
    /// The public key, valid in its group.
    ///
    /// # Errors
    /// [`ChipKeyError`] for a key that Chip Authentication cannot be done with.
    pub fn public_key(&self) -> Result<PublicKey, ChipKeyError> {
        let key = PublicKey::from_spki(&self.public_key_info)?;
        match (key.group(), self.agreement) {
            (Group::Curve(_), Agreement::Ecdh) | (Group::Dh(_), Agreement::Dh) => Ok(key),
            _ => Err(ChipKeyError::KindMismatch),
        }
    }
}
