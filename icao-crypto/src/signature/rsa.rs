//! RSA signatures: PKCS #1 v1.5 and PSS (RFC 8017), and the raw operation for ISO/IEC 9796-2.

use core::fmt;

use ::rsa::hazmat::rsa_encrypt;
use ::rsa::pkcs1v15::Pkcs1v15Sign;
use ::rsa::traits::PublicKeyParts;
use crypto_bigint::{BoxedUint, Integer};

use super::{SignatureError, SignatureTolerance};
use crate::curve::significant;
use crate::hash::HashAlgorithm;

/// Accepted lengths of the modulus in bits.
const MODULUS_BITS: core::ops::RangeInclusive<u32> = 1024..=8192;
/// Longest accepted public exponent. Issuers choose 3, 65537 and random 16-bit ones; the bound keeps a hostile key from
/// buying seconds of arithmetic.
const MAX_EXPONENT_BITS: u32 = 256;

/// An RSA public key with an odd modulus of 1024 to 8192 bits and an odd exponent of at least 3 and at most 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicKey(::rsa::RsaPublicKey);

impl RsaPublicKey {
    /// A key from modulus and public exponent, unsigned big-endian. `None` if they are out of bounds.
    pub fn new(n: &[u8], e: &[u8]) -> Option<Self> {
        let (n, e) = (significant(n), significant(e));
        if n.len() > *MODULUS_BITS.end() as usize / 8 || e.len() > MAX_EXPONENT_BITS as usize / 8 {
            return None;
        }
        let (n, e) = (
            BoxedUint::from_be_slice_vartime(n),
            BoxedUint::from_be_slice_vartime(e),
        );
        let odd = |number: &BoxedUint| bool::from(number.is_odd());
        let valid = MODULUS_BITS.contains(&n.bits())
            && odd(&n)
            && odd(&e)
            && e > BoxedUint::from(1u8)
            && e < n;
        // The constructor without checks, because the checked one refuses exponents above 33 bits.
        valid.then(|| Self(::rsa::RsaPublicKey::new_unchecked(n, e)))
    }

    /// Length of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.0.n().bits() as usize
    }

    /// Length of the modulus and of every signature in octets.
    pub fn modulus_len(&self) -> usize {
        self.0.size()
    }

    /// The modulus, big-endian without leading zeros.
    pub fn modulus(&self) -> Vec<u8> {
        self.0.n_bytes().into_vec()
    }

    /// The verification primitive RSAVP1: signature^e mod n as long as the modulus, or `None` if the signature has another
    /// length or is not below n.
    pub(crate) fn raise(&self, signature: &[u8]) -> Option<Vec<u8>> {
        if signature.len() != self.modulus_len() {
            return None;
        }
        let number = BoxedUint::from_be_slice(signature, self.0.n_bits_precision()).ok()?;
        if number >= *self.0.n().as_ref() {
            return None;
        }
        let octets = rsa_encrypt(&self.0, &number).ok()?.to_be_bytes();
        octets
            .get(octets.len().checked_sub(self.modulus_len())?..)
            .map(<[u8]>::to_vec)
    }

    /// Compares the whole encoded message, so that nothing can hide behind the hash (RFC 8017 8.2.2). The DigestInfo may
    /// lack its NULL, which RFC 8017 9.2 lets verifiers accept.
    pub(super) fn verify_pkcs1v15(
        &self,
        hash: HashAlgorithm,
        prehash: &[u8],
        signature: &[u8],
    ) -> Result<Option<SignatureTolerance>, SignatureError> {
        let without_null = Some(SignatureTolerance::DigestInfoWithoutNull);
        [(&[0x05, 0x00][..], None), (&[], without_null)]
            .into_iter()
            .find(|(parameters, _)| {
                let padding = Pkcs1v15Sign {
                    hash_len: Some(hash.output_len()),
                    prefix: digest_info_prefix(hash, parameters).into(),
                };
                self.0.verify(padding, prehash, signature).is_ok()
            })
            .map(|(_, tolerance)| tolerance)
            .ok_or(SignatureError::Invalid)
    }

    /// EMSA-PSS-VERIFY (RFC 8017 9.1.2). Written here because the crate ties the hash of the mask to that of the message.
    pub(super) fn verify_pss(
        &self,
        hash: HashAlgorithm,
        mgf_hash: HashAlgorithm,
        salt_len: usize,
        prehash: &[u8],
        signature: &[u8],
    ) -> Result<Option<SignatureTolerance>, SignatureError> {
        let recompute = || {
            let bits = self.bits() - 1;
            let len = bits.div_ceil(8);
            let raised = self.raise(signature)?;
            // The encoded message is one octet shorter than the modulus when that has 8k + 1 bits.
            let (surplus, encoded) = raised.split_at_checked(raised.len().checked_sub(len)?)?;
            let (0xBC, masked) = encoded.split_last()? else {
                return None;
            };
            let (masked_db, h) =
                masked.split_at_checked(masked.len().checked_sub(hash.output_len())?)?;
            let mask = mgf1(mgf_hash, h, masked_db.len());
            let mut db: Vec<u8> = mask.iter().zip(masked_db).map(|(m, o)| m ^ o).collect();
            let unused = 8 * len - bits;
            let leading_bits = masked_db.first()? & !(0xFF >> unused);
            *db.first_mut()? &= 0xFF >> unused;
            let (padding, salt) = db.split_at_checked(db.len().checked_sub(salt_len)?)?;
            let (1, zeros) = padding.split_last()? else {
                return None;
            };
            let zero = surplus
                .iter()
                .chain([&leading_bits])
                .chain(zeros)
                .all(|octet| *octet == 0);
            Some(zero && hash.digest_parts(&[&[0; 8], prehash, salt]) == h)
        };
        match recompute() {
            Some(true) => Ok(None),
            Some(false) | None => Err(SignatureError::Invalid),
        }
    }
}

/// A chip's key identifies the document: only the size is shown.
impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({} bits)", self.bits())
    }
}

/// What comes before the hash in the DigestInfo (RFC 8017 9.2), with the octets of the algorithm's parameters. Every length
/// is below 128.
fn digest_info_prefix(hash: HashAlgorithm, parameters: &[u8]) -> Vec<u8> {
    let oid = hash.oid();
    let [oid_len, parameters_len, hash_len] =
        [oid.as_bytes().len(), parameters.len(), hash.output_len()].map(|len| len as u8);
    let algorithm_len = 2 + oid_len + parameters_len;
    let head = [
        0x30,
        4 + algorithm_len + hash_len,
        0x30,
        algorithm_len,
        0x06,
        oid_len,
    ];
    [&head[..], oid.as_bytes(), parameters, &[0x04, hash_len]].concat()
}

/// MGF1 (RFC 8017 B.2.1).
fn mgf1(hash: HashAlgorithm, seed: &[u8], len: usize) -> Vec<u8> {
    (0u32..)
        .flat_map(|counter| hash.digest_parts(&[seed, &counter.to_be_bytes()]))
        .take(len)
        .collect()
}
