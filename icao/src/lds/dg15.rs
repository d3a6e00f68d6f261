//! DG15 (Doc 9303-10 4.7.15): the public key of Active Authentication. DG13 of a driving licence has the same content
//! under the same tag (ISO/IEC 18013-3 8.2).

use super::{DataGroup, LdsError, file_object};
use crate::crypto::signature::VerifyingKey;
use crate::tlv::Tlv;
use crate::tlv::asn1::SEQUENCE;
use crate::tolerance::{Tolerance, Tolerances};

/// DG15, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg15 {
    raw: Vec<u8>,
    public_key_info: Vec<u8>,
    tolerances: Tolerances,
}

impl Dg15 {
    /// Reads the content of EF.DG15.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a data object 6F with a SubjectPublicKeyInfo inside.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, DataGroup::DG15.tag(), &mut tolerances)?;
        let (public_key_info, rest) = Tlv::split(file.value)?;
        if !rest.is_empty() {
            tolerances.record(Tolerance::TrailingBytes);
        }
        public_key_info.expect(SEQUENCE)?;
        Ok(Self {
            raw: bytes.to_vec(),
            public_key_info: public_key_info.raw.to_vec(),
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The SubjectPublicKeyInfo (RFC 5280 4.1.2.7) as in the file.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// The key, ready to verify with.
    ///
    /// # Errors
    /// [`LdsError::PublicKey`] if it is malformed or of a kind that signs nothing.
    pub fn verifying_key(&self) -> Result<VerifyingKey, LdsError> {
        VerifyingKey::from_spki(&self.public_key_info).map_err(|_| LdsError::PublicKey)
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
