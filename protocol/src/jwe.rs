//! Sealing: compact JWE with ECDH-ES and A256GCM (RFC 7516 7.1, RFC 7518 4.6 and 5.3).
//!
//! The recipient is the key `enc` of one request, and `apv` is that request's hash: what was sealed for one request
//! opens for no other. The header is exactly `alg`, `enc`, `typ`, `epk`, `apv`. The plaintext is JSON, padded with
//! trailing spaces to a multiple of the payload's block, so that the length on the wire does not tell which files
//! a document has.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use p256::SecretKey;
use p256::elliptic_curve::Generate;
use rand_core::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding::{self, FixedOctets};
use crate::json;
use crate::jwk::PublicJwk;
use crate::request::RequestHash;

/// Longest compact JWE that is looked at, in characters; it fits one frame of the socket with its message around it.
pub const MAX_LENGTH: usize = 60 * 1024;

/// Longest plaintext, padding included, in octets.
pub const MAX_PLAINTEXT: usize = 40 * 1024;

/// A message that travels sealed.
pub trait Sealable: Serialize + DeserializeOwned {
    /// `typ` of the header: one kind of sealed message is never taken for another.
    const TYP: &'static str;
    /// The plaintext is padded to a multiple of this many octets.
    const BLOCK: usize;
}

/// Why a message could not be sealed or opened. Which step of opening failed is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More content than fits one message.
    #[error("too much to seal")]
    TooLong,
    /// Not a compact JWE, or a header other than agreed.
    #[error("sealed message malformed")]
    Format,
    /// Sealed for another request or another key, or altered.
    #[error("seal does not open")]
    Broken,
    /// The seal opened, but what it held is not the message expected.
    #[error("sealed content malformed")]
    Content,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    typ: String,
    epk: PublicJwk,
    apv: FixedOctets<32>,
}

const ALG: &str = "ECDH-ES";
const ENC: &str = "A256GCM";

/// Seals a message to the key of a request.
///
/// # Errors
/// [`SealError::TooLong`] when the padded JSON exceeds [`MAX_PLAINTEXT`].
pub fn seal<T: Sealable>(
    message: &T,
    recipient: &PublicJwk,
    request: &RequestHash,
    rng: &mut dyn CryptoRng,
) -> Result<String, SealError> {
    let plaintext = padded::<T>(message)?;
    let ephemeral = SecretKey::generate_from_rng(rng);
    let header = Header {
        alg: ALG.into(),
        enc: ENC.into(),
        typ: T::TYP.into(),
        epk: PublicJwk::from(ephemeral.public_key()),
        apv: FixedOctets::new(*request.as_bytes()),
    };
    let header = json::to_string(&header).map_err(|_| SealError::Format)?;
    let protected = encoding::encode(header.as_bytes());

    let shared = ephemeral.diffie_hellman(recipient.public_key());
    let key = concat_kdf(shared.raw_secret_bytes(), ENC, &[], request.as_bytes(), 256);
    let mut nonce = [0u8; 12];
    rng.fill_bytes(&mut nonce);
    let sealed = cipher(&key)
        .encrypt(
            &Nonce::from(nonce),
            Payload {
                msg: &plaintext,
                aad: protected.as_bytes(),
            },
        )
        .map_err(|_| SealError::TooLong)?;
    let (ciphertext, tag) = sealed.split_at(sealed.len().saturating_sub(16));
    // Direct key agreement: the encrypted key between the first two dots is empty (RFC 7516 5.1 step 6).
    Ok(format!(
        "{protected}..{}.{}.{}",
        encoding::encode(&nonce),
        encoding::encode(ciphertext),
        encoding::encode(tag)
    ))
}

/// Opens a message that was sealed for this request.
///
/// # Errors
/// [`SealError`]; nothing of the content is told.
pub fn open<T: Sealable>(
    compact: &str,
    recipient: &SecretKey,
    request: &RequestHash,
) -> Result<T, SealError> {
    if compact.len() > MAX_LENGTH {
        return Err(SealError::Format);
    }
    let mut parts = compact.split('.');
    let mut part = || parts.next().ok_or(SealError::Format);
    let (protected, encrypted_key, nonce, ciphertext, tag) =
        (part()?, part()?, part()?, part()?, part()?);
    if parts.next().is_some() || !encrypted_key.is_empty() {
        return Err(SealError::Format);
    }
    let octets = |text| encoding::decode(text).map_err(|_| SealError::Format);
    let header: Header = json::from_slice(&octets(protected)?).map_err(|_| SealError::Format)?;
    if header.alg != ALG || header.enc != ENC || header.typ != T::TYP {
        return Err(SealError::Format);
    }
    let nonce = <[u8; 12]>::try_from(octets(nonce)?.as_slice()).map_err(|_| SealError::Format)?;
    let mut sealed = octets(ciphertext)?;
    let tag = octets(tag)?;
    if tag.len() != 16 {
        return Err(SealError::Format);
    }
    sealed.extend_from_slice(&tag);

    let shared = recipient.diffie_hellman(header.epk.public_key());
    let key = concat_kdf(shared.raw_secret_bytes(), ENC, &[], request.as_bytes(), 256);
    let plaintext = Zeroizing::new(
        cipher(&key)
            .decrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: &sealed,
                    aad: protected.as_bytes(),
                },
            )
            .map_err(|_| SealError::Broken)?,
    );
    if !bool::from(header.apv.as_array().ct_eq(request.as_bytes())) {
        return Err(SealError::Broken);
    }
    json::from_slice(&plaintext).map_err(|_| SealError::Content)
}

/// The message as JSON with trailing spaces up to a whole number of blocks; white space may follow a JSON value
/// (RFC 8259 2), so that the reader needs no rule to take the padding off.
fn padded<T: Sealable>(message: &T) -> Result<Zeroizing<Vec<u8>>, SealError> {
    // Reserved at once: growing would leave copies of personal data behind in freed memory.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(MAX_PLAINTEXT));
    serde_json::to_writer(Bounded(&mut plaintext), message).map_err(|_| SealError::TooLong)?;
    let length = plaintext.len().next_multiple_of(T::BLOCK);
    if length > MAX_PLAINTEXT {
        return Err(SealError::TooLong);
    }
    plaintext.resize(length, b' ');
    Ok(plaintext)
}

/// Writes into a vector without ever making it grow.
struct Bounded<'a>(&'a mut Vec<u8>);

impl std::io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.len() > self.0.capacity() - self.0.len() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(**key))
}

/// Concat KDF with SHA-256 (NIST SP 800-56A 5.8.1) as RFC 7518 4.6.2 uses it, one round. For a key shorter than
/// 256 bits the caller takes the first `key_bits`.
fn concat_kdf(
    shared_secret: &[u8],
    algorithm: &str,
    party_u: &[u8],
    party_v: &[u8],
    key_bits: u32,
) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(1u32.to_be_bytes());
    hash.update(shared_secret);
    for field in [algorithm.as_bytes(), party_u, party_v] {
        // All three are names or hashes of a few octets.
        hash.update((field.len() as u32).to_be_bytes());
        hash.update(field);
    }
    hash.update(key_bits.to_be_bytes());
    Zeroizing::new(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 7518 Appendix C: Z, then the first 128 bits for A128GCM between Alice and Bob.
    #[test]
    fn rfc_7518_appendix_c() {
        let alice = SecretKey::from_slice(
            &encoding::decode("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo").unwrap(),
        )
        .unwrap();
        let bob: PublicJwk = serde_json::from_str(
            r#"{"kty":"EC","crv":"P-256",
                "x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
                "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"}"#,
        )
        .unwrap();
        let shared = alice.diffie_hellman(bob.public_key());
        assert_eq!(
            shared.raw_secret_bytes().as_slice(),
            [
                158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
                110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196
            ]
        );
        let key = concat_kdf(shared.raw_secret_bytes(), "A128GCM", b"Alice", b"Bob", 128);
        assert_eq!(encoding::encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
    }
}
