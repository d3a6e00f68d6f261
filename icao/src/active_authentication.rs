//! Active Authentication (Doc 9303-11, 6.1): the chip signs the terminal's challenge RND.IFD with a private key that never
//! leaves it. The public key is in DG15, in DG13 of a driving licence.
//!
//! - RSA: digital signature scheme 1 of ISO/IEC 9796-2 with partial recovery. The chip adds random octets M1 to the
//!   challenge; the trailer names the hash.
//! - ECDSA: r ‖ s, each as long as the order of the curve. DG14 names the hash.
//!
//! A signature proves something only about a key that Passive Authentication has proven.

use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::iso9796::{self, Iso9796Error};
use crate::crypto::signature::{
    self, SignatureError, SignatureScheme, SignatureTolerance, VerifyingKey,
};
use crate::lds::security_info::ActiveAuthenticationInfo;
use crate::pki::DocumentKind;
use crate::tolerance::{Tolerance, Tolerances};

/// Length of RND.IFD in bytes.
pub const CHALLENGE_LEN: usize = 8;

/// Why a chip's signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActiveAuthenticationError {
    /// A key for another algorithm than RSA or ECDSA.
    #[error("key is not one for Active Authentication")]
    Key,
    /// ActiveAuthenticationInfo names an algorithm that is none of ECDSA with SHA-1 or SHA-2.
    #[error("signature algorithm in DG14 is not one for Active Authentication")]
    SignatureAlgorithm,
    /// The RSA signature.
    #[error(transparent)]
    Rsa(#[from] Iso9796Error),
    /// The ECDSA signature.
    #[error(transparent)]
    Ecdsa(#[from] SignatureError),
    /// The signature is right, but deviates from the standard, which is not tolerated here.
    #[error("deviation not tolerated: {0}")]
    Deviation(Tolerance),
}

/// What a document says about its Active Authentication.
#[derive(Clone, Copy, Debug)]
pub struct ActiveAuthentication<'a> {
    /// The key of DG15, or of DG13 of a driving licence.
    pub key: &'a VerifyingKey,
    /// ActiveAuthenticationInfo of DG14, which Doc 9303-11, 9.2.3 requires with an ECDSA key.
    pub info: Option<&'a ActiveAuthenticationInfo>,
    /// Kind of the document, which decides what the trailer BC of an RSA signature means.
    pub kind: DocumentKind,
}

impl ActiveAuthentication<'_> {
    /// Checks the chip's answer to INTERNAL AUTHENTICATE with `rnd_ifd`, accepting nothing but the standard.
    ///
    /// # Errors
    /// [`ActiveAuthenticationError`].
    pub fn verify(
        &self,
        rnd_ifd: &[u8; CHALLENGE_LEN],
        signature: &[u8],
    ) -> Result<(), ActiveAuthenticationError> {
        let met = self.verify_tolerant(rnd_ifd, signature)?;
        match met.as_slice().first() {
            None => Ok(()),
            Some(deviation) => Err(ActiveAuthenticationError::Deviation(*deviation)),
        }
    }

    /// Checks the same, reads past the deviations that real documents have, and returns them for a policy to judge: a hash
    /// that DG14 does not name, DER or uneven integers in place of r ‖ s.
    ///
    /// # Errors
    /// [`ActiveAuthenticationError`].
    pub fn verify_tolerant(
        &self,
        rnd_ifd: &[u8; CHALLENGE_LEN],
        signature: &[u8],
    ) -> Result<Tolerances, ActiveAuthenticationError> {
        let mut met = Tolerances::new();
        match self.key {
            VerifyingKey::Rsa(key) => {
                iso9796::recover(key, self.implicit_hash(), signature, rnd_ifd)?;
            }
            VerifyingKey::Ec(key) => {
                let hash = match self.info {
                    Some(info) => info
                        .hash()
                        .ok_or(ActiveAuthenticationError::SignatureAlgorithm)?,
                    None => {
                        met.record(Tolerance::ActiveAuthenticationHashInferred);
                        usual_hash(key.curve())
                    }
                };
                let scheme = SignatureScheme::EcdsaPlain(hash);
                if let Some(deviation) = signature::verify(self.key, &scheme, rnd_ifd, signature)? {
                    met.record(encoding(deviation));
                }
            }
            VerifyingKey::Dsa(_) => return Err(ActiveAuthenticationError::Key),
        }
        Ok(met)
    }

    /// The hash of the trailer BC: SHA-1 in Doc 9303-11, 6.1.2.2; the Dutch driving licence means SHA-256.
    const fn implicit_hash(&self) -> HashAlgorithm {
        match self.kind {
            DocumentKind::TravelDocument | DocumentKind::IdentityCard => HashAlgorithm::Sha1,
            DocumentKind::DrivingLicence => HashAlgorithm::Sha256,
        }
    }
}

/// The hash that chips use where no ActiveAuthenticationInfo says it: SHA-256, or the longest that a shorter order holds.
const fn usual_hash(curve: NamedCurve) -> HashAlgorithm {
    match curve.order_bits() {
        ..=223 => HashAlgorithm::Sha1,
        224..=255 => HashAlgorithm::Sha224,
        _ => HashAlgorithm::Sha256,
    }
}

/// The name of an encoding deviation here. It is not the name that the same deviation has in a certificate: a policy that
/// puts up with what issuers once signed need not put up with what a chip signs now.
const fn encoding(deviation: SignatureTolerance) -> Tolerance {
    match deviation {
        SignatureTolerance::DerForPlain
        | SignatureTolerance::PaddedInteger
        | SignatureTolerance::NegativeInteger => Tolerance::ActiveAuthenticationDer,
        _ => Tolerance::ActiveAuthenticationUnevenLength,
    }
}
