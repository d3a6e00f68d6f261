//! Secure messaging as the chip sees it: commands are opened, responses are sealed (Doc 9303-11, 9.8).

use zeroize::Zeroizing;

use super::quirks::MessagingFault;
use crate::apdu::{Command, StatusWord};
use crate::crypto::cipher::{CipherError, CipherSuite};
use crate::crypto::kdf::{self, derive_key};
use crate::tlv;

/// Padded cryptogram, with its padding indicator 01.
const CRYPTOGRAM: u32 = 0x87;
/// Cryptogram of a command with odd INS, without padding indicator.
const CRYPTOGRAM_ODD: u32 = 0x85;
/// Protected Le.
const EXPECTED_LENGTH: u32 = 0x97;
/// Processing status.
const STATUS: u32 = 0x99;
/// Cryptographic checksum.
const CHECKSUM: u32 = 0x8E;
/// Bytes of a response that are no cryptogram: DO 99 (4) and DO 8E (10).
const STATUS_AND_CHECKSUM_LEN: usize = 14;

/// In which order the data objects of a response come (fact 39: some chips differ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectOrder {
    /// 87, 99, 8E, as Doc 9303-11, 9.8.4 has it.
    Standard,
    /// 99, 87, 8E.
    StatusFirst,
}

/// The chip's end of one secure channel.
pub(super) struct SecureMessaging {
    suite: CipherSuite,
    enc: Zeroizing<Vec<u8>>,
    mac: Zeroizing<Vec<u8>>,
    /// Send sequence counter, one block.
    counter: Vec<u8>,
}

impl SecureMessaging {
    /// A channel whose keys follow from the secret `k` (Doc 9303-11, 9.7.1). `counter` is the send sequence counter of
    /// BAC (RND.IC ‖ RND.IFD, 4 bytes of each); PACE and Chip Authentication start at zero.
    pub(super) fn from_secret(suite: CipherSuite, k: &[u8], counter: Option<[u8; 8]>) -> Self {
        Self {
            suite,
            enc: derive_key(k, kdf::ENC, suite),
            mac: derive_key(k, kdf::MAC, suite),
            counter: counter.map_or_else(|| vec![0; suite.block_len()], Vec::from),
        }
    }

    /// Key of encryption: Chip Authentication Mapping seals its data with it.
    pub(super) fn encryption_key(&self) -> &[u8] {
        &self.enc
    }

    /// Key of message authentication: PACE makes its tokens with it.
    pub(super) fn authentication_key(&self) -> &[u8] {
        &self.mac
    }

    /// Most plain bytes that a protected response of `wire` bytes (without SW1-SW2) holds.
    pub(super) fn max_data(&self, wire: usize) -> usize {
        let block = self.suite.block_len();
        // Tag, length field and padding indicator of DO 87; the length field grows with the cryptogram.
        let overhead = match wire.saturating_sub(STATUS_AND_CHECKSUM_LEN + 3) {
            0..=0x7F => 3,
            _ if wire.saturating_sub(STATUS_AND_CHECKSUM_LEN + 4) <= 0xFF => 4,
            _ => 5,
        };
        let cryptogram = wire.saturating_sub(STATUS_AND_CHECKSUM_LEN + overhead) / block * block;
        cryptogram.saturating_sub(1)
    }

    /// Checks and opens a command.
    ///
    /// # Errors
    /// 6987 if a data object is missing, 6988 if one is wrong; the channel must then be given up.
    pub(super) fn open(&mut self, command: &Command) -> Result<Command, StatusWord> {
        self.step();
        let mut checksum = None;
        let mut cryptogram = None;
        let mut ne = None;
        let mut authenticated = Vec::new();
        for object in tlv::Reader::new(&command.data) {
            let object = object.map_err(|_| StatusWord::SM_OBJECTS_INCORRECT)?;
            if checksum.is_some() {
                return Err(StatusWord::SM_OBJECTS_INCORRECT);
            }
            match object.tag {
                CHECKSUM => {
                    checksum = Some(object.value);
                    continue;
                }
                CRYPTOGRAM | CRYPTOGRAM_ODD if cryptogram.is_none() => {
                    let value = match (object.tag, object.value.split_first()) {
                        (CRYPTOGRAM, Some((1, value))) => value,
                        (CRYPTOGRAM_ODD, _) => object.value,
                        _ => return Err(StatusWord::SM_OBJECTS_INCORRECT),
                    };
                    cryptogram = Some(value);
                }
                EXPECTED_LENGTH if ne.is_none() => {
                    ne = Some(match *object.value {
                        [0] => 256,
                        [le] => u32::from(le),
                        [0, 0] => 65_536,
                        [high, low] => u32::from(u16::from_be_bytes([high, low])),
                        _ => return Err(StatusWord::SM_OBJECTS_INCORRECT),
                    });
                }
                _ => return Err(StatusWord::SM_OBJECTS_INCORRECT),
            }
            authenticated.extend_from_slice(object.raw);
        }
        let checksum = checksum.ok_or(StatusWord::SM_OBJECTS_MISSING)?;
        let header = [command.cla, command.ins, command.p1, command.p2];
        let mut input = self.counter.clone();
        input.extend(self.suite.pad(&header));
        input.extend_from_slice(&authenticated);
        let authentic = |input: &[u8]| self.suite.verify_mac(&self.mac, input, checksum).is_ok();
        // Without data objects ISO/IEC 7816-4 lets the padded header be all there is; some terminals pad once more.
        let unpadded = authenticated.is_empty() && authentic(&input);
        if !unpadded && !authentic(&self.suite.pad(&input)) {
            return Err(StatusWord::SM_OBJECTS_INCORRECT);
        }

        let data = match cryptogram {
            None => Vec::new(),
            Some(cryptogram) => self
                .decrypt(cryptogram)
                .map_err(|_| StatusWord::SM_OBJECTS_INCORRECT)?,
        };
        let mut plain =
            Command::new(command.cla & !0x0C, command.ins, command.p1, command.p2).with_data(data);
        plain.le = ne;
        Ok(plain)
    }

    /// Seals a response: data objects and SW1-SW2.
    ///
    /// # Errors
    /// None in practice; the lengths that the ciphers check are fixed here.
    pub(super) fn seal(
        &mut self,
        ins: u8,
        data: &[u8],
        status: StatusWord,
        order: ObjectOrder,
        fault: Option<MessagingFault>,
    ) -> Result<Vec<u8>, CipherError> {
        self.step();
        let cryptogram = if data.is_empty() || fault == Some(MessagingFault::WithoutCryptogram) {
            Vec::new()
        } else {
            let mut sealed =
                self.suite
                    .cbc_encrypt(&self.enc, &self.iv()?, &self.suite.pad(data))?;
            if let (Some(MessagingFault::CryptogramAltered), Some(byte)) =
                (fault, sealed.last_mut())
            {
                *byte ^= 1;
            }
            if ins & 1 == 1 {
                tlv::encode(CRYPTOGRAM_ODD, &sealed)
            } else {
                tlv::encode(CRYPTOGRAM, &[&[1], &sealed[..]].concat())
            }
        };
        let processing = if fault == Some(MessagingFault::WithoutStatus) {
            Vec::new()
        } else {
            tlv::encode(STATUS, &status.0.to_be_bytes())
        };
        let mut response = match order {
            ObjectOrder::Standard => [cryptogram, processing],
            ObjectOrder::StatusFirst => [processing, cryptogram],
        }
        .concat();
        let input = [&self.counter[..], &response].concat();
        let mut mac = self.suite.mac(&self.mac, &self.suite.pad(&input))?;
        if fault == Some(MessagingFault::ChecksumAltered) {
            mac[7] ^= 1;
        }
        if fault != Some(MessagingFault::WithoutChecksum) {
            response.extend(tlv::encode(CHECKSUM, &mac));
        }
        response.extend(status.0.to_be_bytes());
        Ok(response)
    }

    fn decrypt(&self, cryptogram: &[u8]) -> Result<Vec<u8>, CipherError> {
        let padded = self.suite.cbc_decrypt(&self.enc, &self.iv()?, cryptogram)?;
        Ok(self.suite.unpad(&padded)?.to_vec())
    }

    /// Zero for 3DES, the encrypted counter for AES (Doc 9303-11, 9.8.6.1 and 9.8.7.1).
    fn iv(&self) -> Result<Vec<u8>, CipherError> {
        match self.suite {
            CipherSuite::TripleDes => Ok(vec![0; self.suite.block_len()]),
            _ => self.suite.encrypt_block(&self.enc, &self.counter),
        }
    }

    fn step(&mut self) {
        for byte in self.counter.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}
