//! Key derivation (Doc 9303-11 9.7.1).

use digest::Digest;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::cipher::CipherSuite;

/// Counter of an encryption key (KDF_Enc).
pub const ENC: u32 = 1;
/// Counter of an authentication key (KDF_MAC).
pub const MAC: u32 = 2;
/// Counter of a key made from a password (KDF_pi).
pub const PI: u32 = 3;

/// Derives the key of `suite` from the shared secret or password encoding `k`: the hash of `k || counter`, SHA-1 for keys
/// of 16 octets and SHA-256 for longer ones, cut to the key length. Keys of triple DES get odd parity (Doc 9303-11
/// 9.7.1.1 makes that optional; the published examples have it). Constant time in `k`.
pub fn derive_key(k: &[u8], counter: u32, suite: CipherSuite) -> Zeroizing<Vec<u8>> {
    fn run<D: Digest>(k: &[u8], counter: u32, len: usize) -> Zeroizing<Vec<u8>> {
        let mut hash = D::new()
            .chain_update(k)
            .chain_update(counter.to_be_bytes())
            .finalize();
        let key = Zeroizing::new(hash.iter().copied().take(len).collect::<Vec<u8>>());
        hash.as_mut_slice().zeroize();
        key
    }
    let len = suite.key_len();
    match suite {
        CipherSuite::TripleDes => {
            let mut key = run::<Sha1>(k, counter, len);
            for octet in key.iter_mut() {
                let parity = (*octet >> 1).count_ones() & 1;
                *octet = (*octet & 0xFE) | (parity ^ 1) as u8;
            }
            key
        }
        CipherSuite::Aes128 => run::<Sha1>(k, counter, len),
        CipherSuite::Aes192 | CipherSuite::Aes256 => run::<Sha256>(k, counter, len),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use CipherSuite::{Aes128, Aes192, Aes256, TripleDes};

    /// Doc 9303-11 appendices D.2 and G.1; the longer keys are SHA-256 of the same input.
    #[test]
    fn published_keys() {
        let d = "239AB9CB282DAF66231DC5A4DF6BFBAE";
        let g = "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD";
        let rows = [
            (d, ENC, TripleDes, "AB94FDECF2674FDFB9B391F85D7F76F2"),
            (d, MAC, TripleDes, "7962D9ECE03D1ACD4C76089DCE131543"),
            (
                "0036D272F5C350ACAC50C3F572D23600",
                ENC,
                TripleDes,
                "979EC13B1CBFE9DCD01AB0FED307EAE5",
            ),
            (
                "0036D272F5C350ACAC50C3F572D23600",
                MAC,
                TripleDes,
                "F1CB1F1FB5ADF208806B89DC579DC1F8",
            ),
            (g, PI, TripleDes, "89DFD0B36725EC1F624C1989312949DC"),
            (g, ENC, Aes128, "3CC5F8872F8B1471B47EEFDDFFC43F46"),
            (g, MAC, Aes128, "BD651C6B2FA9B4704553332007771E84"),
            (g, PI, Aes128, "89DED1B26624EC1E634C1989302849DD"),
            (
                g,
                ENC,
                Aes192,
                "11504483F04A10A66A8FCD6D348C75A961809C54EDAA2117",
            ),
            (
                g,
                PI,
                Aes192,
                "D79A23C126202AC9051FEBFBC0E8A03B1C6645D85752B4B7",
            ),
            (
                g,
                MAC,
                Aes256,
                "1F35D576CE54BA775A391F9749E388C48215B7D544D62D96470ABA7B19F051A3",
            ),
            (
                g,
                PI,
                Aes256,
                "D79A23C126202AC9051FEBFBC0E8A03B1C6645D85752B4B71408FA229AB6D56B",
            ),
            (
                "313233343536",
                PI,
                Aes128,
                "591468CDA83D65219CCCB8560233600F",
            ),
            (
                "313233343536",
                PI,
                Aes256,
                "8DF3278FB32026E66277357FCD6C826DBEB3DE32088B2531757D753940185923",
            ),
        ];
        for (k, counter, suite, expected) in rows {
            let key = derive_key(&hex::decode(k).unwrap(), counter, suite);
            assert_eq!(hex::encode_upper(&*key), expected, "{suite:?} {counter}");
        }
    }
}
