//! The two bindings: a chip's proof says for which origin and which request it was made.
//!
//! An honest daemon derives the challenge of Active Authentication, and the factor by which it multiplies the server's
//! ephemeral key in Chip Authentication, from the origin that the browser showed it, the request, and the document's
//! own files. The login server derives both again from the request it stored. A site that passes a genuine request on
//! from its own pages gets proofs that hold for its own origin only.
//!
//! With `R` the compact JWS up to its second dot, `A` = u16(length of aud) ‖ aud, all integers big-endian:
//!
//! - RND.IFD = SHA-256("RDA-AA-v1" ‖ 00 ‖ A ‖ SHA-256(R) ‖ SHA-256(EF.SOD)), first 8 octets
//! - t = OS2I(SHA-256("RDA-CA-v1" ‖ 00 ‖ A ‖ SHA-256(R) ‖ SHA-256(EF.SOD) ‖ SHA-256(EF.DG14) ‖ u16(len P) ‖ P)) mod n
//!
//! Every part is of fixed length or carries its length, and the two labels differ, so no two different inputs are
//! hashed as the same octets.

use crypto_bigint::{BoxedUint, NonZero};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::origin::Origin;
use crate::request::RequestHash;

/// Place and request that a proof is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The browser origin: for the daemon the one in the `Origin` header, for the server the stored `aud`.
    pub origin: &'a Origin,
    /// Hash of the request.
    pub request: &'a RequestHash,
}

/// A tweak could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// t is zero modulo the order. No honest input is known to do this.
    #[error("the tweak is zero")]
    ZeroTweak,
    /// The group order is zero.
    #[error("the group order is zero")]
    Order,
    /// A part is longer than its length field can say.
    #[error("a part of the binding is too long")]
    TooLong,
}

impl Binding<'_> {
    /// RND.IFD, the challenge for Active Authentication (Doc 9303-11 6.1): 8 octets.
    ///
    /// `sod` is EF.SOD as the chip gave it.
    ///
    /// # Errors
    /// [`BindingError::TooLong`]; an [`Origin`] never is.
    pub fn rnd_ifd(&self, sod: &[u8]) -> Result<[u8; 8], BindingError> {
        let hash: [u8; 32] = self.start("RDA-AA-v1", sod)?.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Ok([a, b, c, d, e, f, g, h])
    }

    /// t, the factor on the server's ephemeral public key P: 32 octets, big-endian, 0 < t.
    ///
    /// `sod` and `dg14` are the files as the chip gave them, `public_key` the octets of P as they go to a chip,
    /// `order` the order n of the group (for Diffie-Hellman without a known subgroup order: absent; P^t needs none).
    ///
    /// # Errors
    /// [`BindingError`].
    pub fn chip_authentication_tweak(
        &self,
        sod: &[u8],
        dg14: &[u8],
        public_key: &[u8],
        order: Option<&[u8]>,
    ) -> Result<Zeroizing<[u8; 32]>, BindingError> {
        let mut hash = self.start("RDA-CA-v1", sod)?;
        hash.update(Sha256::digest(dg14));
        hash.update(length(public_key)?);
        hash.update(public_key);
        let digest: [u8; 32] = hash.finalize().into();
        let tweak = match order {
            Some(order) => reduce(&digest, order)?,
            None => Zeroizing::new(digest),
        };
        if tweak.iter().all(|&octet| octet == 0) {
            return Err(BindingError::ZeroTweak);
        }
        Ok(tweak)
    }

    fn start(&self, label: &str, sod: &[u8]) -> Result<Sha256, BindingError> {
        let origin = self.origin.as_str().as_bytes();
        let mut hash = Sha256::new();
        hash.update(label);
        hash.update([0]);
        hash.update(length(origin)?);
        hash.update(origin);
        hash.update(self.request.as_bytes());
        hash.update(Sha256::digest(sod));
        Ok(hash)
    }
}

fn length(part: &[u8]) -> Result<[u8; 2], BindingError> {
    u16::try_from(part.len())
        .map(u16::to_be_bytes)
        .map_err(|_| BindingError::TooLong)
}

/// digest mod order, 32 octets.
fn reduce(digest: &[u8; 32], order: &[u8]) -> Result<Zeroizing<[u8; 32]>, BindingError> {
    let order: Vec<u8> = order
        .iter()
        .copied()
        .skip_while(|&octet| octet == 0)
        .collect();
    if order.len() > 32 {
        return Ok(Zeroizing::new(*digest));
    }
    let bits = 256;
    let number =
        |octets: &[u8]| BoxedUint::from_be_slice(octets, bits).map_err(|_| BindingError::Order);
    let order = Option::from(NonZero::new(number(&order)?)).ok_or(BindingError::Order)?;
    let remainder = number(digest)?.rem(&order).to_be_bytes();
    <[u8; 32]>::try_from(remainder.as_ref())
        .map(Zeroizing::new)
        .map_err(|_| BindingError::Order)
}
