//! EF.CardSecurity (Doc 9303-10 3.11.4): the SecurityInfos behind Chip Authentication Mapping, signed by a document signer.

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use super::security_info::SecurityInfos;
use super::{LdsError, MAX_FILE_LEN};
use crate::pki::{PkiError, SignedData};
use crate::tolerance::Tolerances;

/// id-SecurityObject (TR-03110-3 A.1.2.5).
const SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");

/// Why bytes are no EF.CardSecurity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CardSecurityError {
    /// The signed object is malformed.
    #[error("signed object: {0}")]
    SignedData(#[from] PkiError),
    /// The signed content is malformed.
    #[error("{0}")]
    SecurityInfos(#[from] LdsError),
    /// The signed content is of another type than SecurityInfos.
    #[error("content type is not the one of SecurityInfos")]
    ContentType,
}

/// EF.CardSecurity, parsed and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSecurity {
    raw: Vec<u8>,
    signed_data: SignedData,
    security_infos: SecurityInfos,
    tolerances: Tolerances,
}

impl CardSecurity {
    /// Reads the content of EF.CardSecurity: SignedData without a tag around it.
    ///
    /// # Errors
    /// [`CardSecurityError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CardSecurityError> {
        if bytes.len() > MAX_FILE_LEN {
            return Err(LdsError::TooLong.into());
        }
        let signed_data = SignedData::parse(bytes)?;
        if signed_data.content_type() != SECURITY_OBJECT {
            return Err(CardSecurityError::ContentType);
        }
        let security_infos = SecurityInfos::parse(signed_data.content())?;
        let mut tolerances = signed_data.tolerances().clone();
        tolerances.extend(security_infos.tolerances());
        Ok(Self {
            raw: bytes.to_vec(),
            signed_data,
            security_infos,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The signed object, for [`verify_signed_data`](crate::passive_authentication::verify_signed_data).
    #[must_use]
    pub fn signed_data(&self) -> &SignedData {
        &self.signed_data
    }

    /// What the chip supports. It means something once the signature has been verified.
    #[must_use]
    pub fn security_infos(&self) -> &SecurityInfos {
        &self.security_infos
    }

    /// Deviations met while parsing.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
