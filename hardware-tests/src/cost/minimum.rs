//! The least that a login with a given chip can cost: computed from the chip's files and the standards, without the
//! terminal. Every object that the standards make mandatory is counted, and nothing else; the terminal's own habits
//! (looking for EF.ATR/INFO, trying longer answers) are not.

use super::{Conversation, Exchange, Work};
use anyhow::{Context as _, Result, anyhow};
use icao::chip_authentication::strongest;
use icao::crypto::cipher::CipherSuite;
use icao::crypto::key_agreement::Group;
use icao::crypto::signature::VerifyingKey;
use icao::lds::security_info::{Mapping, PaceInfo};
use icao::lds::{CardAccess, Dg14, Dg15};
use icao::simulator::Chip;

/// Bytes of the header of a command.
const HEADER: usize = 4;
/// Data object 99, the status word, and data object 8E, the cryptographic checksum.
const STATUS_OBJECT: usize = 4;
const CHECKSUM_OBJECT: usize = 10;
const STATUS_WORD: usize = 2;
/// Nonce of the terminal in Active Authentication.
const RND_IFD: usize = 8;
/// Nonce of PACE: one block of 128 bits.
const PACE_NONCE: usize = 16;
/// Authentication token of PACE.
const TOKEN: usize = 8;

/// Identifiers of the elementary files of a login.
const CARD_ACCESS: u16 = 0x011C;
const SOD: u16 = 0x011D;
const DG1: u16 = 0x0101;
const DG14: u16 = 0x010E;
const DG15: u16 = 0x010F;

/// How long APDUs may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// One byte of length.
    Short,
    /// Responses of up to this many bytes in all.
    Extended(usize),
}

/// What a login needs of a chip, in the fewest APDUs: access, EF.SOD, DG14 and DG15, Active and Chip Authentication, DG1.
///
/// # Errors
/// If the chip lacks a file, or one cannot be parsed.
pub fn of(chip: &Chip, lengths: Lengths) -> Result<Conversation> {
    let files = Files(chip);
    let dg14 = files
        .content(DG14)
        .map(|file| Dg14::parse(&file))
        .transpose()?;
    let dg15 = files
        .content(DG15)
        .map(|file| Dg15::parse(&file))
        .transpose()?;
    let mut all = Vec::new();

    let suite = match files.content(CARD_ACCESS) {
        Some(content) => {
            all.push(plain(None, Some(content.len()), Work::Bytes));
            let info = best(&CardAccess::parse(&content)?)?;
            pace(&mut all, &info)?;
            info.protocol.suite
        }
        None => {
            all.push(plain(Some(EMRTD.len()), None, Work::Bytes));
            // GET CHALLENGE, EXTERNAL AUTHENTICATE (Doc 9303-11, 4.3).
            all.push(plain(None, Some(8), Work::Bytes));
            all.push(plain(Some(40), Some(40), Work::Bytes));
            CipherSuite::TripleDes
        }
    };
    let mut sm = SecureMessaging { suite, lengths };
    if files.content(CARD_ACCESS).is_some() {
        all.push(sm.exchange(EMRTD.len(), None, Work::Bytes));
    }
    for fid in [SOD, DG14, DG15] {
        if let Some(content) = files.content(fid) {
            sm.read(&mut all, content.len());
        } else if fid == SOD {
            return Err(anyhow!("the chip has no EF.SOD"));
        }
    }
    let dg1 = files.content(DG1).context("the chip has no DG1")?.len();
    let options = dg14
        .as_ref()
        .map(|dg14| dg14.security_infos().chip_authentication_options())
        .unwrap_or_default();
    let chip_authentication = strongest(&options);
    if chip_authentication.is_none() {
        sm.read(&mut all, dg1);
    }
    let signature = match &dg15 {
        Some(dg15) => signature_len(dg15)?,
        None => None,
    };
    if let Some(signature) = signature {
        all.push(sm.exchange(RND_IFD, Some(signature), Work::OneKeyOperation));
    }
    if let Some((option, key)) = chip_authentication {
        let public = key.group().public_key_len();
        let reference = option.key.key_id.map_or(0, |id| 2 + id.to_bytes().len());
        match option.protocol.suite {
            // MSE:Set KAT (Doc 9303-11, 6.2.4.1).
            CipherSuite::TripleDes => {
                all.push(sm.exchange(object(public) + reference, None, Work::OneKeyOperation));
            }
            // MSE:Set AT and GENERAL AUTHENTICATE (6.2.4.2). The object identifier has ten bytes.
            _ => {
                all.push(sm.exchange(object(10) + reference, None, Work::Bytes));
                all.push(sm.exchange(
                    object(object(public)),
                    Some(object(0)),
                    Work::OneKeyOperation,
                ));
            }
        }
        sm.suite = option.protocol.suite;
        sm.read(&mut all, dg1);
    }
    Ok(Conversation {
        exchanges: all,
        ..Conversation::default()
    })
}

/// Bytes of a signature of Active Authentication by the key in DG15; `None` where the standard has none for such a key.
///
/// # Errors
/// If the key cannot be parsed.
pub fn signature_len(dg15: &Dg15) -> Result<Option<usize>> {
    Ok(match dg15.verifying_key()? {
        VerifyingKey::Rsa(key) => Some(key.modulus_len()),
        VerifyingKey::Ec(key) => Some(2 * key.curve().order_len()),
        VerifyingKey::Dsa(_) => None,
    })
}

const EMRTD: [u8; 7] = icao::terminal::EMRTD_APPLICATION;

struct Files<'a>(&'a Chip);

impl Files<'_> {
    fn content(&self, fid: u16) -> Option<Vec<u8>> {
        let system = self.0.file_system();
        system
            .applications
            .iter()
            .chain([&system.master_file])
            .flat_map(|directory| &directory.files)
            .find(|file| file.fid == fid)
            .map(|file| file.content.clone())
    }
}

/// The variant with the longest key.
fn best(card_access: &CardAccess) -> Result<PaceInfo> {
    card_access
        .security_infos()
        .pace()
        .max_by_key(|info| info.protocol.suite.key_len())
        .copied()
        .context("EF.CardAccess offers no PACE")
}

/// MSE:Set AT and four times GENERAL AUTHENTICATE (Doc 9303-11, 4.4.4).
fn pace(all: &mut Vec<Exchange>, info: &PaceInfo) -> Result<()> {
    let public = info
        .parameter_id
        .and_then(|id| u8::try_from(id).ok())
        .and_then(Group::from_parameter_id)
        .context("PACE over parameters of the chip's own")?
        .public_key_len();
    // Object identifier, password, domain parameters.
    all.push(plain(
        Some(object(10) + object(1) + object(1)),
        None,
        Work::Bytes,
    ));
    let exchange = |command: usize, response: usize, work| {
        plain(Some(object(command)), Some(object(response)), work)
    };
    all.push(exchange(0, object(PACE_NONCE), Work::Bytes));
    all.push(match info.protocol.mapping {
        Mapping::Integrated => exchange(object(PACE_NONCE), object(0), Work::Bytes),
        Mapping::Generic | Mapping::ChipAuthentication => {
            exchange(object(public), object(public), Work::TwoKeyOperations)
        }
    });
    all.push(exchange(
        object(public),
        object(public),
        Work::OneKeyOperation,
    ));
    all.push(exchange(object(TOKEN), object(TOKEN), Work::Bytes));
    Ok(())
}

/// Bytes of a data object with a tag of one byte.
const fn object(value: usize) -> usize {
    let length = match value {
        0..=127 => 1,
        128..=255 => 2,
        _ => 3,
    };
    1 + length + value
}

/// An exchange in clear, of short length.
fn plain(data: Option<usize>, expected: Option<usize>, work: Work) -> Exchange {
    Exchange {
        command: HEADER + data.map_or(0, |data| 1 + data) + usize::from(expected.is_some()),
        response: expected.unwrap_or(0) + STATUS_WORD,
        work,
    }
}

/// Lengths under secure messaging (Doc 9303-11, 9.8).
struct SecureMessaging {
    suite: CipherSuite,
    lengths: Lengths,
}

impl SecureMessaging {
    fn padded(&self, data: usize) -> usize {
        let block = self.suite.block_len();
        (data / block + 1) * block
    }

    /// Bytes of a protected response.
    fn response(&self, data: usize) -> usize {
        let cryptogram = match data {
            0 => 0,
            data => object(1 + self.padded(data)),
        };
        cryptogram + STATUS_OBJECT + CHECKSUM_OBJECT + STATUS_WORD
    }

    /// Most bytes of a file in one response.
    fn holds(&self) -> usize {
        let longest = match self.lengths {
            Lengths::Short => 256 + STATUS_WORD,
            Lengths::Extended(longest) => longest,
        };
        (1..longest)
            .rev()
            .find(|data| self.response(*data) <= longest)
            .unwrap_or(1)
    }

    fn exchange(&self, data: usize, expected: Option<usize>, work: Work) -> Exchange {
        let response = self.response(expected.unwrap_or(0));
        let extended_answer = response - STATUS_WORD > 256;
        let cryptogram = match data {
            0 => 0,
            data => object(1 + self.padded(data)),
        };
        let length_object = match expected {
            None => 0,
            Some(expected) if expected > 256 => object(2),
            Some(_) => object(1),
        };
        let body = cryptogram + length_object + CHECKSUM_OBJECT;
        let (lc, le) = if body > 255 || extended_answer {
            (3, 2)
        } else {
            (1, 1)
        };
        Exchange {
            command: HEADER + lc + body + le,
            response,
            work,
        }
    }

    /// READ BINARY by short identifier, and on from there.
    fn read(&self, all: &mut Vec<Exchange>, length: usize) {
        let holds = self.holds();
        let mut left = length;
        while left > 0 {
            let piece = left.min(holds);
            all.push(self.exchange(0, Some(piece), Work::Bytes));
            left -= piece;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use icao::simulator::Profile;

    #[test]
    fn lengths_of_secure_messaging_are_those_of_the_worked_example() {
        // Doc 9303-11, appendix D.4: SELECT EF.COM, READ BINARY of four bytes, of eighteen.
        let sm = SecureMessaging {
            suite: CipherSuite::TripleDes,
            lengths: Lengths::Short,
        };
        let bytes = |exchange: Exchange| (exchange.command, exchange.response);
        assert_eq!(bytes(sm.exchange(2, None, Work::Bytes)), (27, 16));
        assert_eq!(bytes(sm.exchange(0, Some(4), Work::Bytes)), (19, 27));
        assert_eq!(bytes(sm.exchange(0, Some(18), Work::Bytes)), (19, 43));
        assert_eq!(sm.holds(), 231);
    }

    #[test]
    fn a_whole_login_of_long_apdus_takes_fourteen() -> Result<()> {
        let chip = Profile::NlId2014.chip(b"cost")?;
        let minimum = of(&chip, Lengths::Extended(chip.limits().max_response))?;
        assert_eq!(minimum.apdus(), 14);
        let short = of(&chip, Lengths::Short)?;
        assert!(short.apdus() > minimum.apdus() && short.bytes() > minimum.bytes());
        Ok(())
    }
}
