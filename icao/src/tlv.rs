//! BER-TLV data objects (ISO/IEC 7816-4 5.2, ITU-T X.690): a borrowed reader with bounds, an encoder, and the length
//! peek with which a terminal learns how much of a file to read.
//!
//! Only definite lengths are read here. Files that a chip delivers in indefinite-length BER are first brought to
//! definite length by [`definite::to_definite`].

pub(crate) mod asn1;
pub mod definite;

use thiserror::Error;

/// Longest tag field accepted, in bytes. Doc 9303 and ISO/IEC 18013 use one- and two-byte tags.
const MAX_TAG_LEN: usize = 3;

/// Most data objects [`Reader`] hands out of one template; a bound on work, far above any real file.
const MAX_OBJECTS: usize = 65_536;

/// Why bytes are not a BER-TLV data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TlvError {
    /// The bytes end inside a tag, a length or a value.
    #[error("data object is cut short")]
    Truncated,
    /// A tag field longer than three bytes, or a two-byte tag where one byte would do.
    #[error("tag field is malformed")]
    Tag,
    /// A length field of more than four bytes, or the reserved length byte FF.
    #[error("length field is malformed")]
    Length,
    /// Indefinite length (80) where only definite lengths are allowed.
    #[error("indefinite length is not allowed here")]
    Indefinite,
    /// Another tag than the one the standard puts at this place.
    #[error("tag {found:02X} where {expected:02X} is expected")]
    Unexpected {
        /// The tag the standard demands.
        expected: u32,
        /// The tag that was found.
        found: u32,
    },
    /// A data object that the standard demands is absent.
    #[error("data object {0:02X} is missing")]
    Missing(u32),
    /// Bytes follow the data object where nothing may follow.
    #[error("bytes follow the data object")]
    Trailing,
    /// The value is not of the type its tag names.
    #[error("value is not of the type its tag names")]
    Value,
    /// Constructed data objects nested deeper than this crate follows.
    #[error("data objects are nested too deeply")]
    TooDeep,
    /// More data objects in one template than this crate reads.
    #[error("too many data objects")]
    TooMany,
}

/// Tag and length field of a data object, read from its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The tag as its bytes read big-endian: `0x5F1F`, `0x61`.
    pub tag: u32,
    /// Length of tag and length field in bytes.
    pub header_len: usize,
    /// Length of the value in bytes; `None` for the indefinite form.
    pub value_len: Option<usize>,
}

impl Header {
    /// Reads tag and length field at the start of `bytes`; the value need not be present.
    ///
    /// # Errors
    /// [`TlvError::Truncated`], [`TlvError::Tag`] or [`TlvError::Length`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TlvError> {
        let (&first, mut rest) = bytes.split_first().ok_or(TlvError::Truncated)?;
        let mut tag = u32::from(first);
        let mut header_len = 1;
        if first & 0x1F == 0x1F {
            loop {
                let (&next, after) = rest.split_first().ok_or(TlvError::Truncated)?;
                // A first subsequent byte with no value bits would be a padded tag number (X.690 8.1.2.4.2 c).
                if header_len == 1 && next & 0x7F == 0 || header_len == MAX_TAG_LEN {
                    return Err(TlvError::Tag);
                }
                rest = after;
                header_len += 1;
                tag = tag << 8 | u32::from(next);
                if next & 0x80 == 0 {
                    break;
                }
            }
        }
        let (&first, rest) = rest.split_first().ok_or(TlvError::Truncated)?;
        header_len += 1;
        let value_len = match first {
            0..=0x7F => Some(usize::from(first)),
            0x80 => None,
            0x81..=0x84 => {
                let count = usize::from(first & 0x7F);
                let bytes = rest.get(..count).ok_or(TlvError::Truncated)?;
                header_len += count;
                let length = bytes
                    .iter()
                    .fold(0u64, |length, byte| length << 8 | u64::from(*byte));
                Some(usize::try_from(length).map_err(|_| TlvError::Length)?)
            }
            _ => return Err(TlvError::Length),
        };
        Ok(Self {
            tag,
            header_len,
            value_len,
        })
    }
}

/// The length of an elementary file, told by the tag and length field its content begins with.
///
/// Chips pad files beyond their data object; what counts is this length (Doc 9303-10 3.6 files are one data object each).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLength {
    /// Tag of the file's data object.
    pub tag: u32,
    /// Tag and length field together, in bytes.
    pub header: usize,
    /// The value, in bytes.
    pub value: usize,
}

impl FileLength {
    /// Bytes of a file's beginning that always suffice for [`FileLength::from_prefix`].
    pub const PREFIX_LEN: usize = MAX_TAG_LEN + 5;

    /// Reads the length from the first bytes of a file.
    ///
    /// # Errors
    /// [`TlvError::Truncated`] if more bytes are needed, [`TlvError::Indefinite`] if the file does not tell its length
    /// in advance, [`TlvError::Tag`] or [`TlvError::Length`] if these bytes begin no data object.
    pub fn from_prefix(prefix: &[u8]) -> Result<Self, TlvError> {
        let header = Header::parse(prefix)?;
        let value = header.value_len.ok_or(TlvError::Indefinite)?;
        header
            .header_len
            .checked_add(value)
            .ok_or(TlvError::Length)?;
        Ok(Self {
            tag: header.tag,
            header: header.header_len,
            value,
        })
    }

    /// Length of the whole file in bytes.
    #[must_use]
    pub fn total(&self) -> usize {
        self.header + self.value
    }
}

/// One data object, borrowed from the bytes it was read from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag as its bytes read big-endian: `0x5F1F`, `0x61`.
    pub tag: u32,
    /// The value.
    pub value: &'a [u8],
    /// The whole data object: tag, length and value as received.
    pub raw: &'a [u8],
}

/// Shows tag and length only: values of documents are personal data.
impl core::fmt::Debug for Tlv<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Tlv({:02X}, {} bytes)", self.tag, self.value.len())
    }
}

impl<'a> Tlv<'a> {
    /// Splits the first data object off `bytes`; also returns what follows it.
    ///
    /// # Errors
    /// [`TlvError`] if `bytes` does not begin with a whole data object of definite length.
    pub fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), TlvError> {
        let header = Header::parse(bytes)?;
        let value_len = header.value_len.ok_or(TlvError::Indefinite)?;
        let total = header
            .header_len
            .checked_add(value_len)
            .ok_or(TlvError::Length)?;
        let raw = bytes.get(..total).ok_or(TlvError::Truncated)?;
        let value = raw.get(header.header_len..).ok_or(TlvError::Truncated)?;
        let rest = bytes.get(total..).ok_or(TlvError::Truncated)?;
        Ok((
            Self {
                tag: header.tag,
                value,
                raw,
            },
            rest,
        ))
    }

    /// Reads `bytes` as exactly one data object.
    ///
    /// # Errors
    /// [`TlvError::Trailing`] if bytes follow it, otherwise as [`Tlv::split`].
    pub fn only(bytes: &'a [u8]) -> Result<Self, TlvError> {
        match Self::split(bytes)? {
            (tlv, []) => Ok(tlv),
            _ => Err(TlvError::Trailing),
        }
    }

    /// This data object, if it carries `tag`.
    ///
    /// # Errors
    /// [`TlvError::Unexpected`] if it does not.
    pub fn expect(self, tag: u32) -> Result<Self, TlvError> {
        if self.tag == tag {
            Ok(self)
        } else {
            Err(TlvError::Unexpected {
                expected: tag,
                found: self.tag,
            })
        }
    }

    /// The data objects inside this one.
    #[must_use]
    pub fn children(&self) -> Reader<'a> {
        Reader::new(self.value)
    }
}

/// Reads data objects one after the other. After an error it yields nothing more.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Reader<'a> {
    /// Reads the data objects of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            left: MAX_OBJECTS,
        }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next data object, which must carry `tag`.
    ///
    /// # Errors
    /// [`TlvError::Missing`] at the end, [`TlvError::Unexpected`] for another tag, or as [`Tlv::split`].
    pub fn expect(&mut self, tag: u32) -> Result<Tlv<'a>, TlvError> {
        self.next().ok_or(TlvError::Missing(tag))??.expect(tag)
    }

    /// The next data object if it carries `tag`; otherwise nothing is read.
    ///
    /// # Errors
    /// As [`Tlv::split`].
    pub fn optional(&mut self, tag: u32) -> Result<Option<Tlv<'a>>, TlvError> {
        if self.rest.is_empty() || Header::parse(self.rest)?.tag != tag {
            return Ok(None);
        }
        self.next().transpose()
    }

    /// Checks that everything has been read.
    ///
    /// # Errors
    /// [`TlvError::Trailing`] if not.
    pub fn finish(&self) -> Result<(), TlvError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(TlvError::Trailing)
        }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = if self.left == 0 {
            Err(TlvError::TooMany)
        } else {
            Tlv::split(self.rest)
        };
        match read {
            Ok((tlv, rest)) => {
                self.rest = rest;
                self.left -= 1;
                Some(Ok(tlv))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// The first data object with `tag` among those of `template`.
///
/// # Errors
/// [`TlvError::Missing`] if there is none, or as [`Tlv::split`] for a malformed one before it.
pub fn find(template: &[u8], tag: u32) -> Result<Tlv<'_>, TlvError> {
    for tlv in Reader::new(template) {
        let tlv = tlv?;
        if tlv.tag == tag {
            return Ok(tlv);
        }
    }
    Err(TlvError::Missing(tag))
}

/// Encodes one data object with the shortest length field. `tag` is written as its significant bytes.
#[must_use]
pub fn encode(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + FileLength::PREFIX_LEN);
    write_header(&mut out, tag, value.len());
    out.extend_from_slice(value);
    out
}

/// Appends tag and shortest definite length field to `out`.
pub(crate) fn write_header(out: &mut Vec<u8>, tag: u32, value_len: usize) {
    push_significant(out, u64::from(tag));
    if value_len < 0x80 {
        out.push(value_len.to_le_bytes()[0]);
    } else {
        let at = out.len();
        out.push(0);
        push_significant(out, value_len as u64);
        let count = out.len() - at - 1;
        out[at] = 0x80 | count.to_le_bytes()[0];
    }
}

/// Appends `value` big-endian without leading zero bytes, but at least one byte.
fn push_significant(out: &mut Vec<u8>, value: u64) {
    let bytes = value.to_be_bytes();
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len() - 1);
    out.extend_from_slice(&bytes[start..]);
}

#[cfg(test)]
mod tests;
