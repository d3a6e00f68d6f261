//! DSA signatures of simulated issuers (FIPS 186-4, 4.6). Their keys are worthless and public: nothing here is constant time.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use der::asn1::{OctetStringRef, UintRef};
use der::{Decode, Sequence};
use spki::AlgorithmIdentifierRef;

use super::IssuerError;
use crate::crypto::hash::HashAlgorithm;
use crate::simulator::ecdsa::{fixed, significant, to_der, unsigned_integer};
use crate::simulator::public_key_info::{bit_string, oid, sequence};

const DSA: const_oid::ObjectIdentifier =
    const_oid::ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");

/// A DSA key pair; big-endian numbers.
#[derive(Clone)]
pub(super) struct DsaKey {
    p: Vec<u8>,
    q: Vec<u8>,
    g: Vec<u8>,
    x: Vec<u8>,
}

/// PrivateKeyInfo (RFC 5208, 5).
#[derive(Sequence)]
struct PrivateKeyInfo<'a> {
    version: u8,
    algorithm: AlgorithmIdentifierRef<'a>,
    private_key: &'a OctetStringRef,
}

/// Dss-Parms (RFC 3279, 2.3.2).
#[derive(Sequence)]
struct Domain<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

impl DsaKey {
    /// The key in a PKCS#8 file.
    pub(super) fn from_pem(pem: &str) -> Result<Self, IssuerError> {
        let (_, document) = der::Document::from_pem(pem)?;
        let info = PrivateKeyInfo::from_der(document.as_bytes())?;
        let domain: Domain<'_> = info
            .algorithm
            .parameters
            .ok_or(IssuerError::Key)?
            .decode_as()?;
        let x = UintRef::from_der(info.private_key.as_bytes())?;
        let [p, q, g, x] = [domain.p, domain.q, domain.g, x].map(|n| n.as_bytes().to_vec());
        Ok(Self { p, q, g, x })
    }

    /// SubjectPublicKeyInfo, DER.
    pub(super) fn public_key_info(&self) -> Option<Vec<u8>> {
        let y = self.power(&self.x)?.to_be_bytes();
        let domain = [&self.p, &self.q, &self.g].map(|number| unsigned_integer(number));
        let algorithm = sequence(&[oid(DSA), sequence(&domain)]);
        Some(sequence(&[algorithm, bit_string(&unsigned_integer(&y))]))
    }

    /// Signs a digest; the secret number follows from key and digest.
    pub(super) fn sign(&self, digest: &[u8]) -> Option<Vec<u8>> {
        let len = self.q.len();
        let precision = u32::try_from(len * 8).ok()?.next_multiple_of(64);
        let number = |bytes: &[u8]| BoxedUint::from_be_slice(significant(bytes), precision).ok();
        let q = number(&self.q)?;
        let odd: Odd<BoxedUint> = Odd::new(q.clone()).into_option()?;
        let q: NonZero<BoxedUint> = NonZero::new(q).into_option()?;
        let z = number(digest.get(..len.min(digest.len()))?)?.rem(&q);
        let seed = HashAlgorithm::Sha512.digest_parts(&[&self.x, digest]);
        let k = number(seed.get(..len.min(seed.len()))?)?.rem(&q);
        let power = self.power(&k.to_be_bytes())?;
        // p is longer than q: the remainder is taken in the room of p.
        let wide = BoxedUint::from_be_slice(significant(&self.q), power.bits_precision()).ok()?;
        let wide: NonZero<BoxedUint> = NonZero::new(wide).into_option()?;
        let r = number(&power.rem(&wide).to_be_bytes())?;
        let inverse: BoxedUint = k.invert_odd_mod(&odd).into_option()?;
        let x = number(&self.x)?;
        let s = r.mul_mod(&x, &q).add_mod(&z, &q).mul_mod(&inverse, &q);
        (!bool::from(r.is_zero()) && !bool::from(s.is_zero()))
            .then(|| to_der(&fixed(&r, len), &fixed(&s, len)))
    }

    /// g to the power of `exponent`, modulo p.
    fn power(&self, exponent: &[u8]) -> Option<BoxedUint> {
        let precision = u32::try_from(self.p.len() * 8).ok()?.next_multiple_of(64);
        let number = |bytes: &[u8]| BoxedUint::from_be_slice(significant(bytes), precision).ok();
        let p = BoxedMontyParams::new_vartime(Odd::new(number(&self.p)?).into_option()?);
        let exponent = number(exponent)?;
        Some(
            BoxedMontyForm::new(number(&self.g)?, &p)
                .pow(&exponent)
                .retrieve(),
        )
    }
}
