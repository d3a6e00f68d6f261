//! The ciphers and message authentication codes of secure messaging, PACE and BAC (Doc 9303-11 9.8; ISO/IEC 7816-4).

use ::cipher::block_padding::NoPadding;
use ::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
};
use aes::{Aes128, Aes192, Aes256};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Why a symmetric operation was refused. Nothing in it depends on secret values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The key has not [`CipherSuite::key_len`] octets.
    #[error("the key does not have the length the cipher needs")]
    KeyLength,
    /// The initialisation vector has not [`CipherSuite::block_len`] octets.
    #[error("the initialisation vector is not one block long")]
    IvLength,
    /// The input is not a whole number of blocks.
    #[error("the input is not a whole number of blocks")]
    NotWholeBlocks,
    /// The data does not end in `80 00*` within its last block.
    #[error("the padding is not that of ISO/IEC 7816-4")]
    Padding,
    /// The message authentication code differs.
    #[error("the message authentication code does not match")]
    Mac,
}

/// A block cipher in CBC mode with its message authentication code, as secure messaging pairs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CipherSuite {
    /// Two-key triple DES with the retail MAC (Doc 9303-11 9.8.6).
    TripleDes,
    /// AES-128 with CMAC (Doc 9303-11 9.8.7).
    Aes128,
    /// AES-192 with CMAC.
    Aes192,
    /// AES-256 with CMAC.
    Aes256,
}

impl CipherSuite {
    /// Every suite.
    pub const ALL: [Self; 4] = [Self::TripleDes, Self::Aes128, Self::Aes192, Self::Aes256];

    /// Length in octets of the keys of this suite, for encryption and for authentication alike.
    pub const fn key_len(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Block length in octets; also the length of the send sequence counter (Doc 9303-11 9.8.2).
    pub const fn block_len(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    /// Encrypts whole blocks in CBC mode without padding.
    ///
    /// # Errors
    /// Refuses wrong key or IV lengths and input that is not a whole number of blocks.
    pub fn cbc_encrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, CipherError> {
        fn run<C: BlockCipherEncrypt + KeyInit>(
            key: &[u8],
            iv: &[u8],
            data: &[u8],
        ) -> Result<Vec<u8>, CipherError> {
            Ok(cbc::Encryptor::<C>::new_from_slices(key, iv)
                .map_err(|_| CipherError::KeyLength)?
                .encrypt_padded_vec::<NoPadding>(data))
        }
        self.check_lengths(key, iv, data)?;
        match self {
            Self::TripleDes => run::<TdesEde2>(key, iv, data),
            Self::Aes128 => run::<Aes128>(key, iv, data),
            Self::Aes192 => run::<Aes192>(key, iv, data),
            Self::Aes256 => run::<Aes256>(key, iv, data),
        }
    }

    /// Decrypts whole blocks in CBC mode without removing padding.
    ///
    /// # Errors
    /// Refuses wrong key or IV lengths and input that is not a whole number of blocks.
    pub fn cbc_decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, CipherError> {
        fn run<C: BlockCipherDecrypt + KeyInit>(
            key: &[u8],
            iv: &[u8],
            data: &[u8],
        ) -> Result<Vec<u8>, CipherError> {
            cbc::Decryptor::<C>::new_from_slices(key, iv)
                .map_err(|_| CipherError::KeyLength)?
                .decrypt_padded_vec::<NoPadding>(data)
                .map_err(|_| CipherError::NotWholeBlocks)
        }
        self.check_lengths(key, iv, data)?;
        match self {
            Self::TripleDes => run::<TdesEde2>(key, iv, data),
            Self::Aes128 => run::<Aes128>(key, iv, data),
            Self::Aes192 => run::<Aes192>(key, iv, data),
            Self::Aes256 => run::<Aes256>(key, iv, data),
        }
    }

    /// Encrypts one block without chaining, as the IV of AES secure messaging (Doc 9303-11 9.8.7.1) and of
    /// Chip Authentication Mapping (9303-11 4.4.3.5.2) are made.
    ///
    /// # Errors
    /// Refuses wrong key lengths and anything but one block.
    pub fn encrypt_block(self, key: &[u8], block: &[u8]) -> Result<Vec<u8>, CipherError> {
        if block.len() != self.block_len() {
            return Err(CipherError::NotWholeBlocks);
        }
        let zero_iv = [0u8; 16];
        self.cbc_encrypt(key, &zero_iv[..self.block_len()], block)
    }

    /// The 8-octet message authentication code of secure messaging and BAC over data that is already padded with
    /// [`pad`](Self::pad): the retail MAC (ISO/IEC 9797-1 algorithm 3, DES) or CMAC (SP 800-38B) cut to 8 octets.
    ///
    /// # Errors
    /// Refuses wrong key lengths and, for triple DES, input that is empty or not a whole number of blocks.
    pub fn mac(self, key: &[u8], data: &[u8]) -> Result<[u8; 8], CipherError> {
        if key.len() != self.key_len() {
            return Err(CipherError::KeyLength);
        }
        match self {
            Self::TripleDes => retail_mac(key, data),
            Self::Aes128 => cmac8::<Aes128>(key, data),
            Self::Aes192 => cmac8::<Aes192>(key, data),
            Self::Aes256 => cmac8::<Aes256>(key, data),
        }
    }

    /// The 8-octet authentication token of PACE (Doc 9303-11 4.4.3.4): triple DES pads inside the code (ISO/IEC 9797-1
    /// padding method 2), CMAC takes the data as it is.
    ///
    /// # Errors
    /// Refuses wrong key lengths.
    pub fn authentication_token(self, key: &[u8], data: &[u8]) -> Result<[u8; 8], CipherError> {
        match self {
            Self::TripleDes => self.mac(key, &self.pad(data)),
            _ => self.mac(key, data),
        }
    }

    /// Compares the code of already padded `data` with `expected` in constant time.
    ///
    /// # Errors
    /// [`CipherError::Mac`] when they differ, otherwise as [`mac`](Self::mac).
    pub fn verify_mac(self, key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), CipherError> {
        if bool::from(self.mac(key, data)?.as_slice().ct_eq(expected)) {
            Ok(())
        } else {
            Err(CipherError::Mac)
        }
    }

    /// Appends `80 00*` up to a whole number of blocks (ISO/IEC 7816-4; ISO/IEC 9797-1 padding method 2).
    pub fn pad(self, data: &[u8]) -> Vec<u8> {
        let len = (data.len() / self.block_len() + 1) * self.block_len();
        let mut padded = Vec::with_capacity(len);
        padded.extend_from_slice(data);
        padded.push(0x80);
        padded.resize(len, 0);
        padded
    }

    /// The data before the `80 00*` padding. Call it only on data whose authenticity is proven.
    ///
    /// # Errors
    /// Refuses data that is not a whole number of blocks or has no such padding in its last block.
    pub fn unpad(self, data: &[u8]) -> Result<&[u8], CipherError> {
        if data.is_empty() || !data.len().is_multiple_of(self.block_len()) {
            return Err(CipherError::NotWholeBlocks);
        }
        let end = data
            .iter()
            .rposition(|octet| *octet != 0)
            .filter(|end| data.len() - end <= self.block_len())
            .ok_or(CipherError::Padding)?;
        match data.split_at(end) {
            (content, [0x80, ..]) => Ok(content),
            _ => Err(CipherError::Padding),
        }
    }

    fn check_lengths(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<(), CipherError> {
        if key.len() != self.key_len() {
            Err(CipherError::KeyLength)
        } else if iv.len() != self.block_len() {
            Err(CipherError::IvLength)
        } else if !data.len().is_multiple_of(self.block_len()) {
            Err(CipherError::NotWholeBlocks)
        } else {
            Ok(())
        }
    }
}

/// ISO/IEC 9797-1 MAC algorithm 3: DES-CBC under the first half of the key, the last block then taken through
/// decryption under the second half and encryption under the first.
fn retail_mac(key: &[u8], data: &[u8]) -> Result<[u8; 8], CipherError> {
    let (first, second) = key.split_at(key.len() / 2);
    let first = Des::new_from_slice(first).map_err(|_| CipherError::KeyLength)?;
    let second = Des::new_from_slice(second).map_err(|_| CipherError::KeyLength)?;
    let (blocks, []) = data.as_chunks::<8>() else {
        return Err(CipherError::NotWholeBlocks);
    };
    if blocks.is_empty() {
        return Err(CipherError::NotWholeBlocks);
    }
    let mut state = Zeroizing::new([0u8; 8]);
    for block in blocks {
        for (s, b) in state.iter_mut().zip(block) {
            *s ^= b;
        }
        first.encrypt_block((&mut *state).into());
    }
    second.decrypt_block((&mut *state).into());
    first.encrypt_block((&mut *state).into());
    Ok(*state)
}

fn cmac8<C>(key: &[u8], data: &[u8]) -> Result<[u8; 8], CipherError>
where
    Cmac<C>: Mac + KeyInit,
    C: cmac::block_api::CmacCipher,
{
    let mut mac = <Cmac<C> as KeyInit>::new_from_slice(key).map_err(|_| CipherError::KeyLength)?;
    mac.update(data);
    let full = mac.finalize().into_bytes();
    let mut code = [0u8; 8];
    code.copy_from_slice(&full[..8]);
    Ok(code)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn h(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    /// Doc 9303-11 appendix D.3 and D.4: the terminal's cryptogram, and the first protected command.
    #[test]
    fn triple_des_follows_appendix_d() {
        let suite = CipherSuite::TripleDes;
        let enc = h("AB94FDECF2674FDFB9B391F85D7F76F2");
        let mac = h("7962D9ECE03D1ACD4C76089DCE131543");
        let s = h("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B");
        let e = h("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2");
        assert_eq!(suite.cbc_encrypt(&enc, &[0; 8], &s).unwrap(), e);
        assert_eq!(suite.cbc_decrypt(&enc, &[0; 8], &e).unwrap(), s);
        let m = suite.mac(&mac, &suite.pad(&e)).unwrap();
        assert_eq!(m.to_vec(), h("5F1448EEA8AD90A7"));
        assert_eq!(suite.authentication_token(&mac, &e).unwrap(), m);

        let enc = h("979EC13B1CBFE9DCD01AB0FED307EAE5");
        let mac = h("F1CB1F1FB5ADF208806B89DC579DC1F8");
        let file = suite
            .cbc_encrypt(&enc, &[0; 8], &suite.pad(&h("011E")))
            .unwrap();
        assert_eq!(file, h("6375432908C044F6"));
        let mut n = h("887022120C06C2270CA4020C80000000");
        n.extend(h("8709016375432908C044F6"));
        let padded = suite.pad(&n);
        suite
            .verify_mac(&mac, &padded, &h("BF8B92D635FF24F8"))
            .unwrap();
        for wrong in ["BF8B92D635FF24F9", "BF8B92D635FF24", ""] {
            assert_eq!(
                suite.verify_mac(&mac, &padded, &h(wrong)),
                Err(CipherError::Mac)
            );
        }
    }

    /// SP 800-38A F.2 (CBC) and SP 800-38B D (CMAC of the 40-octet message), cut to 8 octets; and the token of
    /// Doc 9303-11 appendix G.1.
    #[test]
    fn aes_follows_nist_and_appendix_g() {
        let plain =
            h("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411");
        let iv = h("000102030405060708090a0b0c0d0e0f");
        let rows = [
            (
                CipherSuite::Aes128,
                "2b7e151628aed2a6abf7158809cf4f3c",
                "7649abac8119b246cee98e9b12e9197d",
                "dfa66747de9ae630",
            ),
            (
                CipherSuite::Aes192,
                "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
                "4f021db243bc633d7178183a9fa071e8",
                "8a1de5be2eb31aad",
            ),
            (
                CipherSuite::Aes256,
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
                "aaf3d8f1de5640c2",
            ),
        ];
        for (suite, key, first, code) in rows {
            let key = h(key);
            let out = suite.cbc_encrypt(&key, &iv, &plain[..32]).unwrap();
            assert_eq!(out[..16], h(first));
            assert_eq!(suite.cbc_decrypt(&key, &iv, &out).unwrap(), plain[..32]);
            assert_eq!(suite.mac(&key, &plain).unwrap().to_vec(), h(code));
            assert_eq!(
                suite.authentication_token(&key, &plain).unwrap().to_vec(),
                h(code)
            );
            assert_eq!(
                suite.encrypt_block(&key, &plain[..16]).unwrap(),
                suite.cbc_encrypt(&key, &[0; 16], &plain[..16]).unwrap()
            );
        }
        let token_input = h(
            "7F494F060A04007F000702020402028641049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094",
        );
        assert_eq!(
            CipherSuite::Aes128
                .authentication_token(&h("FE251C7858B356B24514B3BD5F4297D1"), &token_input)
                .unwrap()
                .to_vec(),
            h("C2B0BD78D94BA866")
        );
    }

    #[test]
    fn padding_round_trip_and_refusals() {
        for suite in CipherSuite::ALL {
            let block = suite.block_len();
            for len in 0..=2 * block {
                let data = vec![0u8; len];
                let padded = suite.pad(&data);
                assert!(
                    padded.len() > len && padded.len() - len <= block && padded.len() % block == 0
                );
                assert_eq!(suite.unpad(&padded).unwrap(), data);
            }
            let mut early = vec![0u8; 2 * block];
            early[block - 1] = 0x80;
            assert_eq!(suite.unpad(&early), Err(CipherError::Padding));
            assert_eq!(suite.unpad(&vec![0; block]), Err(CipherError::Padding));
            assert_eq!(suite.unpad(&vec![1; block]), Err(CipherError::Padding));
            assert_eq!(suite.unpad(&[]), Err(CipherError::NotWholeBlocks));
            assert_eq!(suite.unpad(&[0x80]), Err(CipherError::NotWholeBlocks));

            let key = vec![1u8; suite.key_len()];
            let iv = vec![0u8; block];
            assert_eq!(
                suite.cbc_encrypt(&key[1..], &iv, &iv),
                Err(CipherError::KeyLength)
            );
            assert_eq!(
                suite.cbc_decrypt(&key, &iv[1..], &iv),
                Err(CipherError::IvLength)
            );
            assert_eq!(
                suite.cbc_decrypt(&key, &iv, &iv[1..]),
                Err(CipherError::NotWholeBlocks)
            );
            assert_eq!(suite.mac(&key[1..], &iv), Err(CipherError::KeyLength));
            assert_eq!(
                suite.encrypt_block(&key, &[]),
                Err(CipherError::NotWholeBlocks)
            );
        }
        assert_eq!(
            CipherSuite::TripleDes.mac(&[0; 16], &[]),
            Err(CipherError::NotWholeBlocks)
        );
        assert_eq!(
            CipherSuite::TripleDes.mac(&[0; 16], &[0; 9]),
            Err(CipherError::NotWholeBlocks)
        );
    }
}
