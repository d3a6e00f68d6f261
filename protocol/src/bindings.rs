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

use sha2::{Digest, Sha256};

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

/// A part is longer than its length field can say: more than 65535 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the binding is too long")]
pub struct TooLong;

impl Binding<'_> {
    /// RND.IFD, the challenge for Active Authentication (Doc 9303-11 6.1): 8 octets.
    ///
    /// `sod` is EF.SOD as the chip gave it.
    ///
    /// # Errors
    /// [`TooLong`]; an [`Origin`] never is.
    pub fn rnd_ifd(&self, sod: &[u8]) -> Result<[u8; 8], TooLong> {
        let hash: [u8; 32] = self.start("RDA-AA-v1", sod)?.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Ok([a, b, c, d, e, f, g, h])
    }

    /// The integer of which t is the remainder modulo the group order: 32 octets, big-endian.
    ///
    /// `icao::crypto::key_agreement` reduces it where it is used, refuses t = 0, and multiplies P (daemon,
    /// `PublicKey::tweak`) or d (server, `SecretKey::multiply`).
    ///
    /// `sod` and `dg14` are the files as the chip gave them, `public_key` the octets of P as they go to a chip.
    ///
    /// # Errors
    /// [`TooLong`]; a key of 65536 octets is none.
    pub fn chip_authentication_tweak(
        &self,
        sod: &[u8],
        dg14: &[u8],
        public_key: &[u8],
    ) -> Result<[u8; 32], TooLong> {
        let mut hash = self.start("RDA-CA-v1", sod)?;
        hash.update(Sha256::digest(dg14));
        hash.update(length(public_key)?);
        hash.update(public_key);
        Ok(hash.finalize().into())
    }

    fn start(&self, label: &str, sod: &[u8]) -> Result<Sha256, TooLong> {
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

fn length(part: &[u8]) -> Result<[u8; 2], TooLong> {
    u16::try_from(part.len())
        .map(u16::to_be_bytes)
        .map_err(|_| TooLong)
}
