//! ISO/IEC 9796-2 digital signature scheme 1, the RSA signature of Active Authentication (Doc 9303-11 6.1.2.2): part of the
//! message, M1, is recovered from the signature itself; the rest, M2, is known to the verifier. Public data, variable time.

use super::hash::HashAlgorithm;
use super::signature::RsaPublicKey;

/// Why a signature was not accepted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Iso9796Error {
    /// The modulus is not a whole number of octets long, which leaves no place for the header.
    #[error("the length of the modulus is not a multiple of 8 bits")]
    ModulusLength,
    /// The signature is not as long as the modulus, or not below it.
    #[error("the signature does not belong to a modulus of this size")]
    SignatureLength,
    /// What the signature opens to, or its complement, does not end in one of the trailers.
    #[error("the signature does not open to a message representative")]
    Trailer,
    /// The trailer names a hash algorithm (ISO/IEC 10118-3 identifier) that documents do not use.
    #[error("the trailer names an unknown hash algorithm {0:02X}")]
    UnknownHash(u8),
    /// Header or padding are not those of scheme 1, or there is no room for the hash.
    #[error("the message representative is malformed")]
    Representative,
    /// The signature claims to contain the whole message, so that it says nothing about M2.
    #[error("the signature does not cover the challenge")]
    FullRecovery,
    /// The hash in the signature is not that of M1 || M2.
    #[error("the signature does not verify")]
    Invalid,
}

/// How the signature names its hash algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trailer {
    /// One octet `BC`: the hash is known to both sides (option 1).
    Implicit,
    /// Two octets, the identifier of the hash and `CC` (option 2).
    Explicit,
}

/// What a verified signature contained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The recoverable part of the message; for Active Authentication random octets of the chip's.
    pub m1: Vec<u8>,
    /// The hash algorithm.
    pub hash: HashAlgorithm,
    /// How the algorithm was named.
    pub trailer: Trailer,
}

/// Opens `signature`, as long as the modulus, and checks its hash over M1 || `m2`. `implicit` is the hash for the trailer
/// `BC`, SHA-1 by Doc 9303-11 6.1.2.2. Both forms of a signature, S and n - S, are accepted as the standard says.
///
/// # Errors
/// See [`Iso9796Error`]. A signature with full recovery is accepted only for an empty `m2`.
pub fn recover(
    key: &RsaPublicKey,
    implicit: HashAlgorithm,
    signature: &[u8],
    m2: &[u8],
) -> Result<Recovered, Iso9796Error> {
    if !key.bits().is_multiple_of(8) {
        return Err(Iso9796Error::ModulusLength);
    }
    let opened = key.raise(signature).ok_or(Iso9796Error::SignatureLength)?;
    // The modulus is odd, so at most one of the two is 12 modulo 16, as every representative is.
    let representative = if ends_in_c(&opened) {
        opened
    } else {
        subtract(&key.modulus(), &opened)
    };
    check(&representative, implicit, m2)
}

/// Takes a message representative apart: header, M1, hash, trailer.
fn check(
    representative: &[u8],
    implicit: HashAlgorithm,
    m2: &[u8],
) -> Result<Recovered, Iso9796Error> {
    let (rest, hash, trailer) = match representative {
        [rest @ .., 0xBC] => (rest, implicit, Trailer::Implicit),
        [rest @ .., id, 0xCC] => {
            let hash = hash_of_identifier(*id).ok_or(Iso9796Error::UnknownHash(*id))?;
            (rest, hash, Trailer::Explicit)
        }
        _ => return Err(Iso9796Error::Trailer),
    };
    let malformed = Iso9796Error::Representative;
    let split = rest.len().checked_sub(hash.output_len()).ok_or(malformed)?;
    let (front, digest) = rest.split_at(split);
    let (partial, m1) = split_header(front).ok_or(malformed)?;
    if !partial && !m2.is_empty() {
        return Err(Iso9796Error::FullRecovery);
    }
    if hash.digest_parts(&[m1, m2]) != digest {
        return Err(Iso9796Error::Invalid);
    }
    Ok(Recovered {
        m1: m1.to_vec(),
        hash,
        trailer,
    })
}

/// Whether recovery is partial, and M1. In nibbles the front is 4 or 6 (bit 3 of the octet says that there is an M2), any
/// number of B, one A, then M1.
fn split_header(front: &[u8]) -> Option<(bool, &[u8])> {
    let (first, rest) = front.split_first()?;
    let partial = match first >> 4 {
        0x4 => false,
        0x6 => true,
        _ => return None,
    };
    let m1 = match first & 0x0F {
        0xA => rest,
        0xB => {
            let padding = rest.iter().take_while(|octet| **octet == 0xBB).count();
            match rest.split_at(padding).1 {
                [0xBA, m1 @ ..] => m1,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((partial, m1))
}

/// The dedicated hash functions by their identifiers in ISO/IEC 10118-3.
fn hash_of_identifier(id: u8) -> Option<HashAlgorithm> {
    match id {
        0x33 => Some(HashAlgorithm::Sha1),
        0x34 => Some(HashAlgorithm::Sha256),
        0x35 => Some(HashAlgorithm::Sha512),
        0x36 => Some(HashAlgorithm::Sha384),
        0x38 => Some(HashAlgorithm::Sha224),
        _ => None,
    }
}

fn ends_in_c(number: &[u8]) -> bool {
    number.last().is_some_and(|octet| octet & 0x0F == 0x0C)
}

/// left - right of equally long numbers, left being the greater.
fn subtract(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut difference = left.to_vec();
    let mut borrow = false;
    for (octet, subtrahend) in difference.iter_mut().zip(right).rev() {
        let (partial, first) = octet.overflowing_sub(*subtrahend);
        let (result, second) = partial.overflowing_sub(u8::from(borrow));
        *octet = result;
        borrow = first | second;
    }
    difference
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use openssl::bn::BigNum;
    use openssl::pkey::Private;
    use openssl::rsa::{Padding, Rsa};

    use super::*;

    const CHALLENGE: [u8; 8] = [0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6];

    /// Doc 9303-11 appendix F, which prints no modulus: the representative alone.
    #[test]
    fn representative_of_appendix_f() {
        let m1 = hex::decode("9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C5524CF23A5303CD6C98599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD4E7292E2DCDA3024B47DA8").unwrap();
        let hash = hex::decode("C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127").unwrap();
        let representative = [&[0x6A], &m1[..], &hash, &[0xBC]].concat();
        assert_eq!(representative.len(), 128);
        let recovered = check(&representative, HashAlgorithm::Sha1, &CHALLENGE).unwrap();
        assert_eq!(
            recovered,
            Recovered {
                m1,
                hash: HashAlgorithm::Sha1,
                trailer: Trailer::Implicit
            }
        );
        assert_eq!(
            check(&representative, HashAlgorithm::Sha1, &[0; 8]),
            Err(Iso9796Error::Invalid)
        );
    }

    fn public(key: &Rsa<Private>) -> RsaPublicKey {
        RsaPublicKey::new(&key.n().to_vec(), &key.e().to_vec()).unwrap()
    }

    /// A representative as long as the modulus: header octets, random M1 in what is left, hash, trailer.
    fn represent(
        len: usize,
        header: &[u8],
        hash: HashAlgorithm,
        trailer: &[u8],
        m2: &[u8],
    ) -> Vec<u8> {
        let mut m1 = vec![0; len - header.len() - hash.output_len() - trailer.len()];
        openssl::rand::rand_bytes(&mut m1).unwrap();
        let digest = hash.digest_parts(&[&m1, m2]);
        [header, &m1, &digest, trailer].concat()
    }

    /// Both forms of the signature of a representative.
    fn sign(key: &Rsa<Private>, representative: &[u8]) -> [Vec<u8>; 2] {
        let mut signature = vec![0; representative.len()];
        key.private_encrypt(representative, &mut signature, Padding::NONE)
            .unwrap();
        let mut other = BigNum::new().unwrap();
        other
            .checked_sub(key.n(), &BigNum::from_slice(&signature).unwrap())
            .unwrap();
        let other = other.to_vec_padded(representative.len() as i32).unwrap();
        [signature, other]
    }

    #[test]
    fn signatures_with_every_trailer_in_both_forms() {
        use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        let trailers: [(HashAlgorithm, &[u8]); 7] = [
            (Sha1, &[0xBC]),
            (Sha256, &[0xBC]),
            (Sha1, &[0x33, 0xCC]),
            (Sha256, &[0x34, 0xCC]),
            (Sha512, &[0x35, 0xCC]),
            (Sha384, &[0x36, 0xCC]),
            (Sha224, &[0x38, 0xCC]),
        ];
        for (bits, e) in [(1024, 3), (1280, 65537), (2048, 65537)] {
            let key = Rsa::generate_with_e(bits, &BigNum::from_u32(e).unwrap()).unwrap();
            let (public, len) = (public(&key), key.size() as usize);
            for (hash, trailer) in trailers {
                for header in [&[0x6A][..], &[0x6B, 0xBA], &[0x6B, 0xBB, 0xBB, 0xBA]] {
                    let representative = represent(len, header, hash, trailer, &CHALLENGE);
                    for signature in sign(&key, &representative) {
                        let recovered = recover(&public, hash, &signature, &CHALLENGE).unwrap();
                        assert_eq!(recovered.hash, hash);
                        assert_eq!(recovered.trailer == Trailer::Implicit, trailer.len() == 1);
                        assert_eq!(
                            recovered.m1,
                            representative[header.len()..len - hash.output_len() - trailer.len()]
                        );
                        assert_eq!(
                            recover(&public, hash, &signature, &[0; 8]),
                            Err(Iso9796Error::Invalid)
                        );
                        assert_eq!(
                            recover(&public, hash, &signature[1..], &CHALLENGE),
                            Err(Iso9796Error::SignatureLength)
                        );
                        assert!(recover(&public, hash, &vec![0xFF; len], &CHALLENGE).is_err());
                    }
                }
            }
            let wrong = [
                (
                    &[0x6A][..],
                    &[0x37, 0xCC][..],
                    Iso9796Error::UnknownHash(0x37),
                ),
                (&[0x6A], &[0xAC], Iso9796Error::Trailer),
                (&[0x4A], &[0xBC], Iso9796Error::FullRecovery),
                (&[0x2A], &[0xBC], Iso9796Error::Representative),
                (&[0x00, 0x6A], &[0xBC], Iso9796Error::Representative),
                (&[0x6B, 0xAA], &[0xBC], Iso9796Error::Representative),
                (&[0x6B, 0xBB, 0xB0], &[0xBC], Iso9796Error::Representative),
                (&[0x60], &[0xBC], Iso9796Error::Representative),
            ];
            for (header, trailer, error) in wrong {
                let representative = represent(len, header, Sha1, trailer, &CHALLENGE);
                for signature in sign(&key, &representative) {
                    assert_eq!(recover(&public, Sha1, &signature, &CHALLENGE), Err(error));
                }
            }
            // Full recovery, M1 being the whole message.
            let whole = represent(len, &[0x4B, 0xBB, 0xBA], Sha256, &[0x34, 0xCC], &[]);
            for signature in sign(&key, &whole) {
                assert_eq!(
                    recover(&public, Sha1, &signature, &[]).unwrap().hash,
                    Sha256
                );
                assert_eq!(
                    recover(&public, Sha1, &signature, &CHALLENGE),
                    Err(Iso9796Error::FullRecovery)
                );
            }
            let other = Rsa::generate(bits).unwrap();
            let [signature, _] = sign(&other, &represent(len, &[0x6A], Sha1, &[0xBC], &CHALLENGE));
            assert!(recover(&public, Sha1, &signature, &CHALLENGE).is_err());
        }
    }

    #[test]
    fn degenerate_representatives_and_moduli() {
        for bad in [&[][..], &[0xBC], &[0xCC], &[0x33, 0xCC], &[0x6A, 0xBC]] {
            assert!(check(bad, HashAlgorithm::Sha1, &CHALLENGE).is_err());
        }
        let key = Rsa::generate(1028).unwrap();
        assert_eq!(
            recover(&public(&key), HashAlgorithm::Sha1, &[0; 129], &CHALLENGE),
            Err(Iso9796Error::ModulusLength)
        );
        // Nothing is the root of itself but 0, 1 and n - 1, none of which ends well.
        let key = Rsa::generate(1024).unwrap();
        let mut last = BigNum::new().unwrap();
        last.checked_sub(key.n(), &BigNum::from_u32(1).unwrap())
            .unwrap();
        for trivial in [BigNum::new().unwrap(), BigNum::from_u32(1).unwrap(), last] {
            let signature = trivial.to_vec_padded(128).unwrap();
            assert!(recover(&public(&key), HashAlgorithm::Sha1, &signature, &CHALLENGE).is_err());
        }
        let n = key.n().to_vec_padded(128).unwrap();
        assert_eq!(
            recover(&public(&key), HashAlgorithm::Sha1, &n, &CHALLENGE),
            Err(Iso9796Error::SignatureLength)
        );
    }
}
