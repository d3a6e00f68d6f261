//! Secure messaging of Doc 9303-11, 9.8 (ISO/IEC 7816-4, 10): 3DES and AES-128, -192, -256.
//!
//! ```text
//! plain command  ──protect──▶  0C | header | 87 or 85 cryptogram | 97 Ne | 8E MAC  ──▶ chip
//! plain response ◀─unprotect─           87 or 85 cryptogram | 99 status | 8E MAC   ◀── chip
//! ```
//!
//! [`SecureMessaging`] is strict about order: one response for each command, and after the first failure it does nothing
//! any more. An answer without MAC is never taken for the chip's, whatever its status word.

use core::fmt;

use zeroize::Zeroizing;

use crate::apdu::{self, Command, MAX_EXTENDED_NE, MAX_SHORT_NE, Response, StatusWord};
use crate::crypto::cipher::{CipherError, CipherSuite};
use crate::crypto::kdf;
use crate::tlv::{self, TlvError};

/// Class bits of secure messaging with an authenticated header (ISO/IEC 7816-4, 5.4.1).
const CLASS: u8 = 0x0C;
/// Padding-content indicator: padded according to ISO/IEC 7816-4.
const PADDED: u8 = 0x01;

/// Why secure messaging stopped. After any of these the channel is dead and its keys are useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureMessagingError {
    /// An earlier failure killed this channel.
    #[error("secure messaging has ended")]
    Poisoned,
    /// `protect` and `unprotect` were not called in turns, as after a command that got no response.
    #[error("secure messaging called out of turn")]
    OutOfTurn,
    /// The chip answered outside secure messaging: it has dropped the keys.
    #[error("the chip answered without secure messaging: {0}")]
    Bare(StatusWord),
    /// The answer is not made of the data objects that Doc 9303-11, 9.8.4 allows.
    #[error("protected answer is malformed: {0}")]
    Malformed(#[from] TlvError),
    /// A data object of the answer is missing, repeated, of wrong length or at a wrong place.
    #[error("protected answer has wrong data object {0:02X}")]
    DataObject(u32),
    /// The MAC of the answer is wrong.
    #[error("the chip's message authentication code is wrong")]
    Mac,
    /// The status word outside differs from the authenticated one.
    #[error("status word {outer} differs from the authenticated {inner}")]
    Status {
        /// As received in clear.
        outer: StatusWord,
        /// As authenticated in data object 99.
        inner: StatusWord,
    },
    /// Authentic data that do not decrypt to padded plain text.
    #[error("authentic answer does not decrypt")]
    Padding,
    /// The send sequence counter would start anew.
    #[error("send sequence counter is used up")]
    CounterExhausted,
    /// A command too long to be protected, or with an impossible expected length.
    #[error("command cannot be protected")]
    Command,
    /// Keys or counter of the wrong length for the cipher.
    #[error("wrong length of a key or of the send sequence counter")]
    KeyLength,
}

/// KS_Enc and KS_MAC of one session. Erased when dropped; `Debug` shows the cipher only.
#[derive(Clone)]
pub struct SessionKeys {
    suite: CipherSuite,
    enc: Zeroizing<Vec<u8>>,
    mac: Zeroizing<Vec<u8>>,
}

impl SessionKeys {
    /// Derives both keys from a shared secret or key seed (Doc 9303-11, 9.7.1).
    #[must_use]
    pub fn derive(suite: CipherSuite, secret: &[u8]) -> Self {
        Self {
            suite,
            enc: kdf::derive_key(secret, kdf::ENC, suite),
            mac: kdf::derive_key(secret, kdf::MAC, suite),
        }
    }

    /// Takes keys as they are, each [`CipherSuite::key_len`] bytes.
    ///
    /// # Errors
    /// [`SecureMessagingError::KeyLength`].
    pub fn new(suite: CipherSuite, enc: &[u8], mac: &[u8]) -> Result<Self, SecureMessagingError> {
        if enc.len() != suite.key_len() || mac.len() != suite.key_len() {
            return Err(SecureMessagingError::KeyLength);
        }
        Ok(Self {
            suite,
            enc: enc.to_vec().into(),
            mac: mac.to_vec().into(),
        })
    }

    /// The cipher these keys are for.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// KS_Enc.
    #[must_use]
    pub fn enc(&self) -> &[u8] {
        &self.enc
    }

    /// KS_MAC.
    #[must_use]
    pub fn mac(&self) -> &[u8] {
        &self.mac
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKeys({:?}, ..)", self.suite)
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Command,
    Response,
    Poisoned,
}

/// The terminal's end of a secure messaging channel.
pub struct SecureMessaging {
    keys: SessionKeys,
    counter: Counter,
    turn: Turn,
}

impl SecureMessaging {
    /// A channel whose send sequence counter starts at zero, as after PACE and Chip Authentication.
    #[must_use]
    pub fn new(keys: SessionKeys) -> Self {
        let counter = Counter::zero(keys.suite);
        Self {
            keys,
            counter,
            turn: Turn::Command,
        }
    }

    /// A channel whose send sequence counter starts at `ssc`, one block of the cipher long, as after BAC.
    ///
    /// # Errors
    /// [`SecureMessagingError::KeyLength`] for a counter of another length.
    pub fn with_counter(keys: SessionKeys, ssc: &[u8]) -> Result<Self, SecureMessagingError> {
        let counter = Counter::new(keys.suite, ssc)?;
        Ok(Self {
            keys,
            counter,
            turn: Turn::Command,
        })
    }

    /// The cipher of this channel.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.keys.suite
    }

    /// Whether a failure has ended this channel.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.turn == Turn::Poisoned
    }

    /// Protects a command (Doc 9303-11, 9.8.3). Class bits that say chaining are kept.
    ///
    /// # Errors
    /// [`SecureMessagingError::OutOfTurn`] if the last command got no response through [`Self::unprotect`],
    /// [`SecureMessagingError::Command`] for one too long (the channel survives this), or that the channel is dead.
    pub fn protect(&mut self, command: &Command) -> Result<Command, SecureMessagingError> {
        self.take_turn(Turn::Command)?;
        let protected = self.counter.next().and_then(|counter| {
            let protected = protect(&self.keys, &counter, command)?;
            self.counter = counter;
            Ok(protected)
        });
        match protected {
            Ok(_) => self.turn = Turn::Response,
            // Nothing was sent and the counter has not moved: both ends are still in step.
            Err(SecureMessagingError::Command) => self.turn = Turn::Command,
            Err(_) => {}
        }
        protected
    }

    /// Checks and decrypts the answer to the command protected last (Doc 9303-11, 9.8.4).
    ///
    /// # Errors
    /// Any [`SecureMessagingError`]; the channel is dead then.
    pub fn unprotect(&mut self, response: &Response) -> Result<Response, SecureMessagingError> {
        self.take_turn(Turn::Response)?;
        self.counter = self.counter.next()?;
        let plain = unprotect(&self.keys, &self.counter, response)?;
        self.turn = Turn::Command;
        Ok(plain)
    }

    /// Most data bytes that an answer can hold when its protected data field is at most `limit` bytes:
    /// for 256, 231 with 3DES and 223 with AES.
    #[must_use]
    pub fn max_response_data(&self, limit: usize) -> usize {
        max_response_data(self.keys.suite, limit)
    }

    /// Most data bytes of a command whose protected data field is at most `limit` bytes (255 in a short command).
    #[must_use]
    pub fn max_command_data(&self, limit: usize) -> usize {
        // Data objects 97 with two bytes at most, and 8E.
        capacity(self.keys.suite, limit.saturating_sub(4 + 10))
    }

    /// Poisons the channel until the caller says that this turn went well.
    fn take_turn(&mut self, turn: Turn) -> Result<(), SecureMessagingError> {
        match core::mem::replace(&mut self.turn, Turn::Poisoned) {
            Turn::Poisoned => Err(SecureMessagingError::Poisoned),
            found if found == turn => Ok(()),
            _ => Err(SecureMessagingError::OutOfTurn),
        }
    }
}

impl fmt::Debug for SecureMessaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SecureMessaging({:?}, {:?}, ..)",
            self.keys.suite, self.turn
        )
    }
}

/// Whether a data field ends in a cryptographic checksum, as a protected answer does (Doc 9303-11, 9.8.4): a piece of a longer
/// one, or an answer in clear, does not.
pub(crate) fn is_whole(data: &[u8]) -> bool {
    let last = tlv::Reader::new(data).last();
    matches!(last, Some(Ok(object)) if object.tag == 0x8E)
}

/// Most data bytes of an answer under `suite` whose protected data field is at most `limit` bytes.
#[must_use]
pub fn max_response_data(suite: CipherSuite, limit: usize) -> usize {
    // Data objects 99 and 8E.
    capacity(suite, limit.saturating_sub(4 + 10))
}

/// Most plain bytes in a data object 87 of at most `limit` bytes: the cryptogram is whole blocks and at least one of
/// their bytes is padding.
fn capacity(suite: CipherSuite, limit: usize) -> usize {
    let block = suite.block_len();
    [(2, 0x7F), (3, 0xFF), (4, 0xFFFF)]
        .into_iter()
        .map(|(header, longest)| limit.saturating_sub(header).min(longest).saturating_sub(1))
        .map(|cryptogram| (cryptogram / block * block).saturating_sub(1))
        .max()
        .unwrap_or(0)
}

/// The send sequence counter: as many bytes as a block of the cipher (Doc 9303-11, 9.8.2).
#[derive(Clone)]
pub(crate) struct Counter(Zeroizing<Vec<u8>>);

impl Counter {
    pub(crate) fn zero(suite: CipherSuite) -> Self {
        Self(vec![0; suite.block_len()].into())
    }

    fn new(suite: CipherSuite, ssc: &[u8]) -> Result<Self, SecureMessagingError> {
        if ssc.len() != suite.block_len() {
            return Err(SecureMessagingError::KeyLength);
        }
        Ok(Self(ssc.to_vec().into()))
    }

    /// The counter after this one.
    pub(crate) fn next(&self) -> Result<Self, SecureMessagingError> {
        let mut next = self.clone();
        for byte in next.0.iter_mut().rev() {
            let (sum, carry) = byte.overflowing_add(1);
            *byte = sum;
            if !carry {
                return Ok(next);
            }
        }
        Err(SecureMessagingError::CounterExhausted)
    }
}

/// Protects `command` under a counter that is already advanced for it.
pub(crate) fn protect(
    keys: &SessionKeys,
    counter: &Counter,
    command: &Command,
) -> Result<Command, SecureMessagingError> {
    let suite = keys.suite;
    let mut objects = Vec::with_capacity(command.data.len() + 48);
    if !command.data.is_empty() {
        let padded = Zeroizing::new(suite.pad(&command.data));
        let cryptogram = suite.cbc_encrypt(&keys.enc, &initial_vector(keys, counter)?, &padded)?;
        objects = if is_odd(command.ins) {
            tlv::encode(0x85, &cryptogram)
        } else {
            tlv::encode(0x87, &[&[PADDED], &*cryptogram].concat())
        };
    }
    let extended_ne = command.le.is_some_and(|ne| ne > MAX_SHORT_NE);
    match command.le {
        Some(ne) if !(1..=MAX_EXTENDED_NE).contains(&ne) => {
            return Err(SecureMessagingError::Command);
        }
        // 256 and 65536 are said by zeros, as in Le itself.
        Some(ne) => {
            let [.., high, low] = ne.to_be_bytes();
            let le: &[u8] = if extended_ne { &[high, low] } else { &[low] };
            objects.extend(tlv::encode(0x97, le));
        }
        None => {}
    }
    let cla = command.cla | CLASS;
    let header = suite.pad(&[cla, command.ins, command.p1, command.p2]);
    let mac = suite.mac(&keys.mac, &mac_input(suite, counter, &header, &objects))?;
    objects.extend(tlv::encode(0x8E, &mac));
    if objects.len() > apdu::MAX_DATA {
        return Err(SecureMessagingError::Command);
    }
    // Whatever the plain command expected, its answer is protected and so longer: Le is open.
    let ne = if extended_ne || objects.len() > 255 {
        MAX_EXTENDED_NE
    } else {
        MAX_SHORT_NE
    };
    Ok(Command::new(cla, command.ins, command.p1, command.p2)
        .with_data(objects)
        .with_le(ne))
}

/// Checks and decrypts `response` under a counter that is already advanced for it.
pub(crate) fn unprotect(
    keys: &SessionKeys,
    counter: &Counter,
    response: &Response,
) -> Result<Response, SecureMessagingError> {
    if response.data.is_empty() {
        return Err(SecureMessagingError::Bare(response.status));
    }
    let objects = Objects::parse(&response.data)?;
    let suite = keys.suite;
    let input = mac_input(suite, counter, &[], objects.authenticated);
    suite
        .verify_mac(&keys.mac, &input, objects.mac)
        .map_err(|_| SecureMessagingError::Mac)?;
    if objects.status != response.status {
        return Err(SecureMessagingError::Status {
            outer: response.status,
            inner: objects.status,
        });
    }
    let data = match objects.cryptogram {
        None => Vec::new(),
        Some(cryptogram) => {
            let mut padded =
                suite.cbc_decrypt(&keys.enc, &initial_vector(keys, counter)?, cryptogram)?;
            let length = suite.unpad(&padded).map(<[u8]>::len);
            let length = length.map_err(|_| SecureMessagingError::Padding)?;
            // The personal data of the file go on in `padded` itself; nothing is left behind in a second copy.
            padded.truncate(length);
            padded
        }
    };
    Ok(Response::new(data, objects.status))
}

/// The data objects of a protected response.
struct Objects<'a> {
    /// The content of 87 behind its padding indicator, or of 85.
    cryptogram: Option<&'a [u8]>,
    status: StatusWord,
    mac: &'a [u8],
    /// Everything before 8E, as received: what the MAC is over.
    authenticated: &'a [u8],
}

impl<'a> Objects<'a> {
    /// Takes 87 (or 85) and 99 in either order, each once, and 8E at the end (Doc 9303-11, 9.8.4).
    fn parse(data: &'a [u8]) -> Result<Self, SecureMessagingError> {
        let mut cryptogram = None;
        let mut status = None;
        let mut reader = tlv::Reader::new(data);
        loop {
            let before = data.len() - reader.rest().len();
            let object = reader.next().ok_or(TlvError::Missing(0x8E))??;
            let misplaced = SecureMessagingError::DataObject(object.tag);
            match (object.tag, object.value) {
                (0x87, [PADDED, content @ ..]) if cryptogram.is_none() && !content.is_empty() => {
                    cryptogram = Some(content);
                }
                (0x85, content) if cryptogram.is_none() && !content.is_empty() => {
                    cryptogram = Some(content);
                }
                (0x99, &[sw1, sw2]) if status.is_none() => {
                    status = Some(StatusWord(u16::from_be_bytes([sw1, sw2])));
                }
                (0x8E, mac) if mac.len() == 8 => {
                    reader.finish()?;
                    return Ok(Self {
                        cryptogram,
                        status: status.ok_or(SecureMessagingError::DataObject(0x99))?,
                        mac,
                        authenticated: data.get(..before).unwrap_or_default(),
                    });
                }
                _ => return Err(misplaced),
            }
        }
    }
}

/// IV of the data objects: zero for 3DES, the encrypted counter for AES (Doc 9303-11, 9.8.6.1 and 9.8.7.1).
fn initial_vector(
    keys: &SessionKeys,
    counter: &Counter,
) -> Result<Zeroizing<Vec<u8>>, SecureMessagingError> {
    Ok(Zeroizing::new(match keys.suite {
        CipherSuite::TripleDes => vec![0; keys.suite.block_len()],
        suite => suite.encrypt_block(&keys.enc, &counter.0)?,
    }))
}

/// Counter, padded header and data objects, padded for the MAC. A header without data objects behind it already ends on
/// a block boundary and gets no second padding (ISO/IEC 7816-4, 10.2.3.1).
fn mac_input(suite: CipherSuite, counter: &Counter, header: &[u8], objects: &[u8]) -> Vec<u8> {
    let objects = if objects.is_empty() {
        Vec::new()
    } else {
        suite.pad(objects)
    };
    [&counter.0, header, &objects].concat()
}

const fn is_odd(ins: u8) -> bool {
    ins & 1 == 1
}

/// The lengths of keys and counter are checked where they enter, so what is left is data that are no whole blocks.
impl From<CipherError> for SecureMessagingError {
    fn from(error: CipherError) -> Self {
        match error {
            CipherError::KeyLength | CipherError::IvLength => Self::KeyLength,
            CipherError::Mac => Self::Mac,
            CipherError::NotWholeBlocks | CipherError::Padding => Self::Padding,
        }
    }
}
