//! Command and response APDUs of ISO/IEC 7816-4 clause 5, short and extended, and the commands that Doc 9303-11 uses.
//!
//! A [`Command`] says *what* is asked; whether it travels in short or extended form follows from its lengths, so that
//! no caller has to choose. `Debug` of both directions shows headers, lengths and status words, never data.

mod status_word;

use core::fmt;

pub use self::status_word::StatusWord;

/// Largest data field of an extended command (Lc, two bytes).
pub const MAX_DATA: usize = 0xFFFF;
/// Largest expected length that short Le can say (Le = 00).
pub const MAX_SHORT_NE: u32 = 256;
/// Largest expected length that extended Le can say (Le = 0000).
pub const MAX_EXTENDED_NE: u32 = 65_536;

/// Why bytes are no APDU, or a command cannot be made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApduError {
    /// A command has fewer than the four bytes of its header.
    #[error("command APDU shorter than its header")]
    NoHeader,
    /// Lc and Le do not account for the bytes that follow the header.
    #[error("command APDU whose length fields do not fit its length")]
    Length,
    /// A data field longer than 65,535 bytes.
    #[error("command data longer than an extended APDU carries")]
    DataTooLong,
    /// An expected length of 0 or above 65,536 bytes.
    #[error("expected length outside 1 to 65536")]
    ExpectedLength,
    /// A response without a status word.
    #[error("response APDU shorter than its status word")]
    NoStatus,
    /// A response with more than 65,536 bytes of data.
    #[error("response data longer than an extended APDU carries")]
    ResponseTooLong,
    /// An answer to READ BINARY with odd INS that is not one data object 53.
    #[error("answer to READ BINARY (B1) is not a data object 53")]
    DiscretionaryData,
}

/// A command APDU.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Data field, 0 to 65,535 bytes.
    pub data: Vec<u8>,
    /// Ne, the number of bytes expected at most: 1 to 65,536; `None` if no Le is sent.
    pub le: Option<u32>,
}

impl Command {
    /// Class bit 5: more commands of the chain follow (ISO/IEC 7816-4, 5.3.3).
    pub const CHAINING: u8 = 0x10;

    /// A command of four header bytes, without data and without Le.
    #[must_use]
    pub const fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self {
            cla,
            ins,
            p1,
            p2,
            data: Vec::new(),
            le: None,
        }
    }

    /// The same command with this data field.
    #[must_use]
    pub fn with_data(mut self, data: Vec<u8>) -> Self {
        self.data = data;
        self
    }

    /// The same command expecting at most `ne` bytes (1 to 65,536).
    #[must_use]
    pub const fn with_le(mut self, ne: u32) -> Self {
        self.le = Some(ne);
        self
    }

    /// SELECT an application by its identifier (AID, 5 to 16 bytes), no answer data wanted.
    #[must_use]
    pub fn select_application(aid: &[u8]) -> Self {
        Self::new(0x00, 0xA4, 0x04, 0x0C).with_data(aid.to_vec())
    }

    /// SELECT the master file: `00 A4 00 0C` with its identifier 3F00, as most chips accept it.
    #[must_use]
    pub fn select_master_file() -> Self {
        Self::new(0x00, 0xA4, 0x00, 0x0C).with_data(vec![0x3F, 0x00])
    }

    /// SELECT an elementary file of the current application by its identifier, no answer data wanted.
    ///
    /// Without Le: PACE-only documents answer 6700 to a SELECT that has one.
    #[must_use]
    pub fn select_file(fid: u16) -> Self {
        Self::new(0x00, 0xA4, 0x02, 0x0C).with_data(fid.to_be_bytes().to_vec())
    }

    /// READ BINARY of the selected file: `ne` bytes from `offset` on.
    ///
    /// Below offset 8000 this is INS B0. From there on P1-P2 cannot hold the offset and INS B1 with an offset data
    /// object 54 is used; the chip then wraps what it answers in a data object 53, which takes up to four of the `ne`
    /// bytes: see [`discretionary_data`].
    #[must_use]
    pub fn read_binary(offset: u32, ne: u32) -> Self {
        let [high, upper, p1, p2] = offset.to_be_bytes();
        if offset < 0x8000 {
            return Self::new(0x00, 0xB0, p1, p2).with_le(ne);
        }
        let data = match (high, upper) {
            (0, 0) => vec![0x54, 2, p1, p2],
            (0, _) => vec![0x54, 3, upper, p1, p2],
            _ => vec![0x54, 4, high, upper, p1, p2],
        };
        Self::new(0x00, 0xB1, 0x00, 0x00)
            .with_data(data)
            .with_le(ne)
    }

    /// READ BINARY by short file identifier (1 to 30), which also selects the file; `offset` is below 256.
    #[must_use]
    pub const fn read_binary_sfi(sfi: u8, offset: u8, ne: u32) -> Self {
        Self::new(0x00, 0xB0, 0x80 | (sfi & 0x1F), offset).with_le(ne)
    }

    /// GET CHALLENGE: 8 bytes RND.IC (Doc 9303-11, 4.3.4.1).
    #[must_use]
    pub const fn get_challenge() -> Self {
        Self::new(0x00, 0x84, 0x00, 0x00).with_le(8)
    }

    /// EXTERNAL AUTHENTICATE (mutual, Doc 9303-11, 4.3.4.2): `data` is 40 bytes, and so is the answer.
    #[must_use]
    pub fn external_authenticate(data: Vec<u8>, ne: u32) -> Self {
        Self::new(0x00, 0x82, 0x00, 0x00)
            .with_data(data)
            .with_le(ne)
    }

    /// INTERNAL AUTHENTICATE with RND.IFD (Active Authentication, Doc 9303-11, 6.1.4.1).
    #[must_use]
    pub fn internal_authenticate(rnd_ifd: &[u8; 8], ne: u32) -> Self {
        Self::new(0x00, 0x88, 0x00, 0x00)
            .with_data(rnd_ifd.to_vec())
            .with_le(ne)
    }

    /// MSE:Set AT for PACE (P1-P2 = C1A4, Doc 9303-11, 4.4.4.1).
    #[must_use]
    pub fn mse_set_at_pace(data: Vec<u8>) -> Self {
        Self::new(0x00, 0x22, 0xC1, 0xA4).with_data(data)
    }

    /// MSE:Set AT for Chip Authentication (P1-P2 = 41A4, Doc 9303-11, 6.2.4.2). No Le: chips answer 6F00 to one.
    #[must_use]
    pub fn mse_set_at_chip_authentication(data: Vec<u8>) -> Self {
        Self::new(0x00, 0x22, 0x41, 0xA4).with_data(data)
    }

    /// MSE:Set KAT for Chip Authentication with 3DES (P1-P2 = 41A6, Doc 9303-11, 6.2.4.1).
    #[must_use]
    pub fn mse_set_kat(data: Vec<u8>) -> Self {
        Self::new(0x00, 0x22, 0x41, 0xA6).with_data(data)
    }

    /// GENERAL AUTHENTICATE with dynamic authentication data 7C (Doc 9303-11, 4.4.4.2 and 6.2.4.2).
    #[must_use]
    pub fn general_authenticate(data: Vec<u8>) -> Self {
        Self::new(0x00, 0x86, 0x00, 0x00)
            .with_data(data)
            .with_le(MAX_SHORT_NE)
    }

    /// GET RESPONSE: fetches `ne` bytes that the chip announced with 61xx.
    #[must_use]
    pub const fn get_response(ne: u32) -> Self {
        Self::new(0x00, 0xC0, 0x00, 0x00).with_le(ne)
    }

    /// Whether more commands of a chain follow this one.
    #[must_use]
    pub const fn is_chained(&self) -> bool {
        self.cla & Self::CHAINING != 0
    }

    /// Marks this command as one that another of the chain follows.
    #[must_use]
    pub const fn chained(mut self) -> Self {
        self.cla |= Self::CHAINING;
        self
    }

    /// Splits the data field over a chain of commands with at most `max_data` bytes each (ISO/IEC 7816-4, 5.3.3).
    ///
    /// Only the last one keeps Le. A command that fits comes back alone and unchanged, whatever `max_data` is.
    #[must_use]
    pub fn into_chain(self, max_data: usize) -> Vec<Self> {
        if self.data.len() <= max_data || max_data == 0 {
            return vec![self];
        }
        let header = Self::new(self.cla, self.ins, self.p1, self.p2);
        let mut chain: Vec<Self> = self
            .data
            .chunks(max_data)
            .map(|part| header.clone().chained().with_data(part.to_vec()))
            .collect();
        if let Some(last) = chain.last_mut() {
            last.cla = self.cla;
            last.le = self.le;
        }
        chain
    }

    /// The bytes for the link: short form if data and expected length allow it, else extended.
    ///
    /// # Errors
    /// [`ApduError::DataTooLong`] and [`ApduError::ExpectedLength`] for what no APDU can say.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ApduError> {
        let lc = u16::try_from(self.data.len()).map_err(|_| ApduError::DataTooLong)?;
        if self
            .le
            .is_some_and(|ne| !(1..=MAX_EXTENDED_NE).contains(&ne))
        {
            return Err(ApduError::ExpectedLength);
        }
        let mut bytes = Vec::with_capacity(self.data.len() + 9);
        bytes.extend([self.cla, self.ins, self.p1, self.p2]);
        // Ne = 256 and Ne = 65536 are said by zeros: exactly what the low-order bytes of the number are.
        match u8::try_from(lc) {
            Ok(lc) if self.le.is_none_or(|ne| ne <= MAX_SHORT_NE) => {
                if lc > 0 {
                    bytes.push(lc);
                    bytes.extend_from_slice(&self.data);
                }
                if let Some(ne) = self.le {
                    let [.., low] = ne.to_be_bytes();
                    bytes.push(low);
                }
            }
            _ => {
                bytes.push(0);
                if lc > 0 {
                    bytes.extend(lc.to_be_bytes());
                    bytes.extend_from_slice(&self.data);
                }
                if let Some(ne) = self.le {
                    let [.., high, low] = ne.to_be_bytes();
                    bytes.extend([high, low]);
                }
            }
        }
        Ok(bytes)
    }

    /// Reads a command in any of the seven forms of ISO/IEC 7816-4, 5.2.
    ///
    /// # Errors
    /// [`ApduError::NoHeader`] or [`ApduError::Length`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let (&[cla, ins, p1, p2], body) =
            bytes.split_first_chunk::<4>().ok_or(ApduError::NoHeader)?;
        let command = Self::new(cla, ins, p1, p2);
        match body {
            [] => Ok(command),
            &[le] => Ok(command.with_le(short_ne(le))),
            &[0, high, low] => Ok(command.with_le(extended_ne(high, low))),
            [0, high, low, rest @ ..] => {
                let lc = usize::from(u16::from_be_bytes([*high, *low]));
                let (data, le) = rest
                    .split_at_checked(lc)
                    .filter(|_| lc > 0)
                    .ok_or(ApduError::Length)?;
                let command = command.with_data(data.to_vec());
                match *le {
                    [] => Ok(command),
                    [high, low] => Ok(command.with_le(extended_ne(high, low))),
                    _ => Err(ApduError::Length),
                }
            }
            [lc, rest @ ..] => {
                let lc = usize::from(*lc);
                let (data, le) = rest
                    .split_at_checked(lc)
                    .filter(|_| lc > 0)
                    .ok_or(ApduError::Length)?;
                let command = command.with_data(data.to_vec());
                match *le {
                    [] => Ok(command),
                    [le] => Ok(command.with_le(short_ne(le))),
                    _ => Err(ApduError::Length),
                }
            }
        }
    }
}

fn short_ne(le: u8) -> u32 {
    if le == 0 { MAX_SHORT_NE } else { u32::from(le) }
}

fn extended_ne(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => MAX_EXTENDED_NE,
        ne => u32::from(ne),
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cla,
            ins,
            p1,
            p2,
            data,
            le,
        } = self;
        write!(
            f,
            "Command({cla:02X}{ins:02X}{p1:02X}{p2:02X}, {} bytes, Ne {le:?})",
            data.len()
        )
    }
}

/// Takes the file bytes out of the data object 53 in which a chip answers READ BINARY with odd INS (B1).
///
/// # Errors
/// [`ApduError::DiscretionaryData`] if `data` is anything but exactly one data object 53.
pub fn discretionary_data(data: &[u8]) -> Result<&[u8], ApduError> {
    let (length, value) = match data {
        [0x53, length @ ..=0x7F, value @ ..] => (usize::from(*length), value),
        [0x53, 0x81, length, value @ ..] => (usize::from(*length), value),
        [0x53, 0x82, high, low, value @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), value)
        }
        _ => return Err(ApduError::DiscretionaryData),
    };
    if value.len() == length {
        Ok(value)
    } else {
        Err(ApduError::DiscretionaryData)
    }
}

/// A response APDU.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Data field, 0 to 65,536 bytes.
    pub data: Vec<u8>,
    /// Status word.
    pub status: StatusWord,
}

impl Response {
    /// A response of this data field and status.
    #[must_use]
    pub const fn new(data: Vec<u8>, status: StatusWord) -> Self {
        Self { data, status }
    }

    /// Splits data and status word.
    ///
    /// # Errors
    /// [`ApduError::NoStatus`] below two bytes, [`ApduError::ResponseTooLong`] above 65,538.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let (data, status) = bytes.split_last_chunk::<2>().ok_or(ApduError::NoStatus)?;
        if data.len() > MAX_DATA + 1 {
            return Err(ApduError::ResponseTooLong);
        }
        Ok(Self::new(
            data.to_vec(),
            StatusWord(u16::from_be_bytes(*status)),
        ))
    }

    /// Data followed by the status word.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.data.len() + 2);
        bytes.extend_from_slice(&self.data);
        bytes.extend(self.status.0.to_be_bytes());
        bytes
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} bytes, {})", self.data.len(), self.status)
    }
}

/// What a protocol that runs as a conversation of APDUs wants next.
///
/// The protocols of this crate are values without input or output: `next` gives a step, `receive` takes the chip's
/// answer to the command of that step. Whoever holds the link drives them.
#[derive(Debug)]
pub enum Step<T> {
    /// Send this command and hand its response to `receive`.
    Transmit(Command),
    /// The protocol succeeded; this is its outcome.
    Done(T),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn seven_forms_serialise_as_the_standard_lays_them_out() {
        let header = Command::new(0x00, 0xB0, 0x01, 0x02);
        let data = |n: usize| vec![0xAB; n];
        for (command, prefix, total) in [
            (header.clone(), "00b00102", 4),
            (header.clone().with_le(256), "00b0010200", 5),
            (header.clone().with_le(257), "00b00102000101", 7),
            (header.clone().with_le(65_536), "00b00102000000", 7),
            (header.clone().with_data(data(255)), "00b00102ff", 260),
            (header.clone().with_data(data(256)), "00b00102000100", 263),
            (
                header.clone().with_data(data(1)).with_le(1),
                "00b0010201ab01",
                7,
            ),
            (
                header.clone().with_data(data(1)).with_le(300),
                "00b00102000001ab012c",
                10,
            ),
            (
                header.with_data(data(300)).with_le(1),
                "00b0010200012c",
                309,
            ),
        ] {
            let bytes = command.to_bytes().unwrap();
            assert!(hex::encode(&bytes).starts_with(prefix), "{command:?}");
            assert_eq!(bytes.len(), total);
            assert_eq!(Command::parse(&bytes).unwrap(), command);
        }
    }

    #[test]
    fn malformed_commands_are_refused() {
        for (bytes, error) in [
            ("00b000", ApduError::NoHeader),
            ("00b000000000", ApduError::Length),
            ("00b0000002ab", ApduError::Length),
            ("00b0000001abcdef", ApduError::Length),
            ("00b00000000000ab", ApduError::Length),
            ("00b00000000002ab", ApduError::Length),
            ("00b00000000001ab00", ApduError::Length),
        ] {
            assert_eq!(
                Command::parse(&hex::decode(bytes).unwrap()),
                Err(error),
                "{bytes}"
            );
        }
        let header = Command::new(0, 0, 0, 0);
        assert_eq!(
            header.clone().with_le(0).to_bytes(),
            Err(ApduError::ExpectedLength)
        );
        assert_eq!(
            header.clone().with_le(65_537).to_bytes(),
            Err(ApduError::ExpectedLength)
        );
        assert_eq!(
            header.with_data(vec![0; 65_536]).to_bytes(),
            Err(ApduError::DataTooLong)
        );
    }

    #[test]
    fn far_offsets_use_the_odd_instruction() {
        let bytes = |offset| hex::encode(Command::read_binary(offset, 256).to_bytes().unwrap());
        assert_eq!(bytes(0x7FFF), "00b07fff00");
        assert_eq!(bytes(0x8000), "00b10000045402800000");
        assert_eq!(bytes(0x01_0000), "00b1000005540301000000");
        assert_eq!(
            discretionary_data(&[0x53, 0x81, 0x02, 0xAA, 0xBB]),
            Ok(&[0xAA, 0xBB][..])
        );
        assert_eq!(
            discretionary_data(&[0x53, 0x02, 0xAA]),
            Err(ApduError::DiscretionaryData)
        );
    }

    #[test]
    fn a_chain_carries_the_data_in_order_and_le_at_its_end() {
        let whole = Command::general_authenticate((0..=255).collect());
        let chain = whole.clone().into_chain(100);
        assert_eq!(chain.len(), 3);
        assert!(
            chain[..2]
                .iter()
                .all(|part| part.is_chained() && part.le.is_none())
        );
        assert!(!chain[2].is_chained() && chain[2].le == whole.le);
        assert_eq!(
            chain
                .iter()
                .flat_map(|part| part.data.clone())
                .collect::<Vec<_>>(),
            whole.data
        );
        assert_eq!(whole.clone().into_chain(256), vec![whole]);
    }

    #[test]
    fn debug_shows_no_data() {
        let command = Command::select_file(0x0101);
        assert_eq!(
            format!("{command:?}"),
            "Command(00A4020C, 2 bytes, Ne None)"
        );
        let response = Response::parse(&[0xDE, 0xAD, 0x69, 0x82]).unwrap();
        assert_eq!(
            format!("{response:?}"),
            "Response(2 bytes, 6982 (security status not satisfied))"
        );
    }
}
