//! Active Authentication, the chip's part (Doc 9303-11, 6.1): signing RND.IFD with a key that never leaves the chip.

use crypto_bigint::BoxedUint;
use rsa::RsaPrivateKey;
use rsa::traits::PublicKeyParts;

use super::ecdsa;
use super::public_key_info::CurveForm;
use super::random::{RandomSource, SeededRandom};
use crate::apdu::StatusWord;
use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;

/// Trailer of the message representative in ISO/IEC 9796-2, digital signature scheme 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trailer {
    /// BC: the hash is understood (SHA-1 in Doc 9303).
    Implicit,
    /// xx CC: the first byte names the hash (33 SHA-1, 34 SHA-256, 35 SHA-512, 36 SHA-384, 38 SHA-224).
    Explicit,
    /// These two bytes, whatever the hash: no trailer of any standard.
    Other([u8; 2]),
}

/// The private key of Active Authentication.
#[derive(Clone)]
#[non_exhaustive]
pub enum ActiveAuthenticationKey {
    /// RSA, answering with an ISO/IEC 9796-2 signature as long as the modulus.
    Rsa {
        /// The key pair.
        key: Box<RsaPrivateKey>,
        /// Hash over M1 ‖ RND.IFD.
        hash: HashAlgorithm,
        /// How the hash is named.
        trailer: Trailer,
    },
    /// ECDSA, answering with r ‖ s, each as long as the order.
    Ecdsa {
        /// Curve of the key.
        curve: NamedCurve,
        /// Private key, big-endian.
        key: Vec<u8>,
        /// Hash over RND.IFD.
        hash: HashAlgorithm,
        /// How EF.DG15 writes the curve; spelled out, as a rule.
        form: CurveForm,
    },
}

/// How the response is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureForm {
    /// S of RSA; r ‖ s of ECDSA, each as long as the order (TR-03111, 5.2.1).
    Plain,
    /// The smaller of S and n − S, as signatures of ISO/IEC 9796-2 modulo their sign are.
    SmallerOfBoth,
    /// ECDSA: SEQUENCE of two INTEGERs.
    Der,
    /// ECDSA: r ‖ s, each one byte longer than the order.
    Padded,
}

impl ActiveAuthenticationKey {
    /// The answer to INTERNAL AUTHENTICATE with `challenge`.
    ///
    /// # Errors
    /// 6F00 if the key is too short for its hash or is no key of its curve.
    pub(super) fn sign(
        &self,
        challenge: &[u8],
        random: &mut dyn RandomSource,
        form: SignatureForm,
    ) -> Result<Vec<u8>, StatusWord> {
        match self {
            Self::Rsa { key, hash, trailer } => {
                let smaller = form == SignatureForm::SmallerOfBoth;
                sign_rsa(key, *hash, *trailer, smaller, challenge, random)
            }
            Self::Ecdsa {
                curve, key, hash, ..
            } => {
                let digest = hash.digest(challenge);
                let (r, s) = ecdsa::sign(*curve, key, &digest).ok_or(StatusWord::UNKNOWN)?;
                Ok(match form {
                    SignatureForm::Plain | SignatureForm::SmallerOfBoth => [r, s].concat(),
                    SignatureForm::Der => ecdsa::to_der(&r, &s),
                    SignatureForm::Padded => [&[0], &r[..], &[0], &s].concat(),
                })
            }
        }
    }
}

/// ISO/IEC 9796-2, digital signature scheme 1, with partial recovery: F = 6A ‖ M1 ‖ hash(M1 ‖ M2) ‖ trailer.
fn sign_rsa(
    key: &RsaPrivateKey,
    hash: HashAlgorithm,
    trailer: Trailer,
    smaller_of_both: bool,
    challenge: &[u8],
    random: &mut dyn RandomSource,
) -> Result<Vec<u8>, StatusWord> {
    let trailer: &[u8] = match (&trailer, hash) {
        (Trailer::Implicit, _) => &[0xBC],
        (Trailer::Explicit, HashAlgorithm::Sha1) => &[0x33, 0xCC],
        (Trailer::Explicit, HashAlgorithm::Sha256) => &[0x34, 0xCC],
        (Trailer::Explicit, HashAlgorithm::Sha512) => &[0x35, 0xCC],
        (Trailer::Explicit, HashAlgorithm::Sha384) => &[0x36, 0xCC],
        (Trailer::Explicit, HashAlgorithm::Sha224) => &[0x38, 0xCC],
        (Trailer::Other(bytes), _) => bytes,
    };
    let len = key.size();
    let m1_len = len
        .checked_sub(1 + hash.output_len() + trailer.len())
        .ok_or(StatusWord::UNKNOWN)?;
    let mut m1 = vec![0; m1_len];
    random.nonce(&mut m1);
    let digest = hash.digest_parts(&[&m1, challenge]);
    let representative = [&[0x6A], &m1[..], &digest, trailer].concat();

    let n = key.n().as_ref();
    let f = BoxedUint::from_be_slice(&representative, n.bits_precision())
        .map_err(|_| StatusWord::UNKNOWN)?;
    let s = rsa::hazmat::rsa_decrypt(None::<&mut SeededRandom>, key, &f)
        .map_err(|_| StatusWord::UNKNOWN)?;
    let s = if smaller_of_both {
        let other = n.wrapping_sub(&s);
        if other < s { other } else { s }
    } else {
        s
    };
    let bytes = s.to_be_bytes();
    Ok(bytes[bytes.len().saturating_sub(len)..].to_vec())
}
