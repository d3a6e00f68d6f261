//! Basic Access Control and Basic Access Protection configuration 1, the chip's part (Doc 9303-11, 4.3;
//! ISO/IEC 18013-3, annex B): both are one handshake over different seeds.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::secure_messaging::SecureMessaging;
use crate::apdu::StatusWord;
use crate::crypto::cipher::{CipherError, CipherSuite};
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::kdf::{self, derive_key};

const SUITE: CipherSuite = CipherSuite::TripleDes;

/// The document basic access keys.
#[derive(Clone)]
pub(super) struct DocumentKeys {
    enc: Zeroizing<Vec<u8>>,
    mac: Zeroizing<Vec<u8>>,
}

impl DocumentKeys {
    /// Keys from the MRZ information of a travel document (Doc 9303-11, 9.7.2), or from the inner 28 characters of the
    /// machine readable line of a driving licence.
    pub(super) fn from_mrz(information: &[u8]) -> Self {
        let digest = Zeroizing::new(HashAlgorithm::Sha1.digest(information));
        let seed = &digest[..16];
        Self {
            enc: derive_key(seed, kdf::ENC, SUITE),
            mac: derive_key(seed, kdf::MAC, SUITE),
        }
    }

    /// Answers EXTERNAL AUTHENTICATE: checks E.IFD ‖ M.IFD against the challenge given out, returns E.IC ‖ M.IC and the
    /// channel that both sides now share.
    ///
    /// # Errors
    /// `wrong` if the terminal does not know the keys or answers another challenge, 6700 for another length.
    pub(super) fn authenticate(
        &self,
        rnd_ic: [u8; 8],
        k_ic: [u8; 16],
        data: &[u8],
        wrong: StatusWord,
    ) -> Result<(Vec<u8>, SecureMessaging), StatusWord> {
        let (cryptogram, checksum) = data
            .split_at_checked(32)
            .filter(|(_, checksum)| checksum.len() == 8)
            .ok_or(StatusWord::WRONG_LENGTH)?;
        SUITE
            .verify_mac(&self.mac, &SUITE.pad(cryptogram), checksum)
            .map_err(|_| wrong)?;
        let plain = Zeroizing::new(
            SUITE
                .cbc_decrypt(&self.enc, &[0; 8], cryptogram)
                .map_err(|_| wrong)?,
        );
        let (rnd_ifd, rest) = plain.split_first_chunk::<8>().ok_or(wrong)?;
        let (echo, k_ifd) = rest.split_first_chunk::<8>().ok_or(wrong)?;
        if !bool::from(echo.ct_eq(&rnd_ic)) {
            return Err(wrong);
        }
        let answer = self
            .answer(&rnd_ic, rnd_ifd, &k_ic)
            .map_err(|_| StatusWord::UNKNOWN)?;
        let seed: Zeroizing<Vec<u8>> =
            Zeroizing::new(k_ifd.iter().zip(k_ic).map(|(ifd, ic)| ifd ^ ic).collect());
        let mut counter = [0; 8];
        counter[..4].copy_from_slice(&rnd_ic[4..]);
        counter[4..].copy_from_slice(&rnd_ifd[4..]);
        Ok((
            answer,
            SecureMessaging::from_secret(SUITE, &seed, Some(counter)),
        ))
    }

    fn answer(&self, rnd_ic: &[u8], rnd_ifd: &[u8], k_ic: &[u8]) -> Result<Vec<u8>, CipherError> {
        let plain = Zeroizing::new([rnd_ic, rnd_ifd, k_ic].concat());
        let mut answer = SUITE.cbc_encrypt(&self.enc, &[0; 8], &plain)?;
        let checksum = SUITE.mac(&self.mac, &SUITE.pad(&answer))?;
        answer.extend(checksum);
        Ok(answer)
    }
}
