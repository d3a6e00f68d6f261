//! Files of certificates as they are handed around: DER, several DER objects one after another, PEM, LDIF as the ICAO
//! public key directory gives out, or bare base64.

use std::borrow::Cow;
use std::collections::VecDeque;

use base64ct::{Base64, Encoding};
use thiserror::Error;

use super::PkiError;
use super::signed_data::{MAX_SIGNED_DATA_LEN, bag};
use crate::tlv::asn1::{BIT_STRING, SEQUENCE};
use crate::tlv::definite::to_definite;
use crate::tlv::{Header, Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Longest object taken from a file, in bytes: a signed master list. In base64 it may be half as long again.
const MAX_OBJECT_LEN: usize = MAX_SIGNED_DATA_LEN;

/// Longest text without any object that is kept for being base64 as a whole, in bytes.
const MAX_BARE_BASE64: usize = 1 << 20;

/// How much of a file decides what it is, in bytes: no DER object of this length is without control characters.
const SAMPLE_LEN: usize = 64;

/// Tags that files of a document begin with (Doc 9303-10 table 35).
const FILE_TAGS: core::ops::RangeInclusive<u32> = 0x60..=0x77;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The one data object of `bytes` with definite lengths: bytes after it and BER are recorded.
pub(super) fn only_object<'a>(
    bytes: &'a [u8],
    met: &mut Tolerances,
) -> Result<Cow<'a, [u8]>, TlvError> {
    let (object, used) = to_definite(bytes)?;
    if used != bytes.len() {
        met.record(Tolerance::TrailingBytes);
    }
    if matches!(object, Cow::Owned(_)) {
        met.record(Tolerance::BerEncoding);
    }
    Ok(object)
}

/// A part of a file that holds no object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct Malformed {
    /// Why: [`PkiError::Pem`] for text that is not base64 or does not end, [`PkiError::TooLong`] or [`PkiError::Tlv`] for
    /// bytes that are no data object.
    pub error: PkiError,
    /// The part, as it stands in the file.
    pub part: Vec<u8>,
}

impl From<Malformed> for PkiError {
    fn from(malformed: Malformed) -> Self {
        malformed.error
    }
}

/// The objects of a whole file, in order: see [`Objects`].
pub fn objects(file: &[u8]) -> impl Iterator<Item = Result<Vec<u8>, Malformed>> {
    let mut objects = Objects::new();
    objects.feed(file);
    objects.finish();
    core::iter::from_fn(move || objects.next_object())
}

/// Takes a file in pieces and hands out its objects one by one, so that the file never is in memory as a whole.
///
/// Text between the parts of a PEM file is passed over, and so are line breaks wherever they fall, and zeros and white
/// space between binary objects. Each object is for its parser to judge. After a malformed part the next one is looked
/// for: in a binary file, the next place that begins like a certificate of version 3. What PKCS #7 calls certificates only
/// (`.p7b`: signed data that nobody signed) is handed out as what is in it.
#[derive(Debug, Default)]
pub struct Objects {
    buffer: Vec<u8>,
    /// How much of the buffer has been handed out.
    taken: usize,
    format: Option<Format>,
    finished: bool,
    /// An object with indefinite lengths is tried again once this much is there.
    wanted: usize,
    /// The framing of a binary file is lost here, for this reason; so much of the rest holds no beginning of an object.
    lost: Option<(PkiError, usize)>,
    /// Taken out of a bag, and not yet handed out.
    waiting: VecDeque<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Binary,
    Pem,
    Ldif,
    /// Text without PEM parts so far; base64 perhaps.
    Text,
    /// Text that holds nothing.
    Nothing,
}

/// What is at the front of the buffer.
enum Front {
    /// An object, or what is wrong with a malformed part, and how many bytes it takes.
    Object(Result<Vec<u8>, PkiError>, usize),
    /// Nothing of interest in this many bytes.
    Skip(usize),
    /// More bytes are needed to tell.
    More,
}

impl Objects {
    /// Nothing fed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        if self.format != Some(Format::Nothing) {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// The file has ended.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next object; `None` if it needs more of the file, or there is none left.
    ///
    /// # Errors
    /// [`Malformed`]. The objects after it follow.
    pub fn next_object(&mut self) -> Option<Result<Vec<u8>, Malformed>> {
        loop {
            if let Some(object) = self.waiting.pop_front() {
                return Some(Ok(object));
            }
            let rest = self.buffer.get(self.taken..).unwrap_or_default();
            let format = match self.format {
                Some(format) => format,
                None if rest.is_empty() || (rest.len() < SAMPLE_LEN && !self.finished) => {
                    return None;
                }
                None => {
                    if rest.starts_with(BYTE_ORDER_MARK) {
                        self.taken += BYTE_ORDER_MARK.len();
                    }
                    let rest = self.buffer.get(self.taken..).unwrap_or_default();
                    *self.format.insert(Format::of(rest))
                }
            };
            if rest.is_empty() {
                return None;
            }
            let front = match format {
                Format::Binary => self.binary(),
                Format::Pem => self.pem(),
                Format::Ldif => self.ldif(),
                Format::Text => self.text(),
                Format::Nothing => Front::Skip(rest.len()),
            };
            match front {
                Front::Object(object, len) => {
                    let part = self.rest().get(..len).unwrap_or_default();
                    let object = object.map_err(|error| Malformed {
                        error,
                        part: part.to_vec(),
                    });
                    self.taken += len;
                    match object.as_ref().ok().and_then(|object| bag(object)) {
                        Some(objects) => self.waiting.extend(objects),
                        None => return Some(object),
                    }
                }
                Front::Skip(len) => self.taken += len,
                Front::More => return None,
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    fn binary(&mut self) -> Front {
        if let Some((error, searched)) = self.lost {
            return self.resume(error, searched);
        }
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let fill = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
        let filling = rest.iter().take_while(|byte| fill(byte)).count();
        if filling > 0 {
            return Front::Skip(filling);
        }
        let mut lose_behind = |error: PkiError, len: usize| {
            self.lost = Some((error, len));
            Front::Skip(0)
        };
        // What is lost here begins with whatever this is, even if it looks like a certificate.
        let mut lose = |error: PkiError| lose_behind(error, 1);
        match Header::parse(rest) {
            Err(TlvError::Truncated) if !self.finished => Front::More,
            Err(error) => lose(error.into()),
            // Every object of a directory is a SEQUENCE; anything else would be read as a heap of small ones.
            Ok(Header {
                tag: found,
                header_len,
                value_len,
            }) if found != SEQUENCE => {
                let error = TlvError::Unexpected {
                    expected: SEQUENCE,
                    found,
                };
                // Nobody vouches for the certificates in a file of a document.
                let file = FILE_TAGS.contains(&found).then_some(value_len).flatten();
                lose_behind(
                    error.into(),
                    header_len + file.unwrap_or(0).min(MAX_OBJECT_LEN),
                )
            }
            Ok(Header {
                header_len,
                value_len: Some(value_len),
                ..
            }) => match header_len.checked_add(value_len) {
                Some(total) if total <= MAX_OBJECT_LEN => {
                    let wanted = total.saturating_add(CERTIFICATE_START_LEN - 1);
                    match rest.get(..total) {
                        None if self.finished => lose(TlvError::Truncated.into()),
                        None => Front::More,
                        Some(_) if !self.finished && rest.len() < wanted => Front::More,
                        Some(object) => match swallowed(rest, total) {
                            Some(at) => Front::Object(Err(TlvError::Truncated.into()), at),
                            None => Front::Object(Ok(object.to_vec()), total),
                        },
                    }
                }
                _ => lose(PkiError::TooLong),
            },
            Ok(_) if rest.len() < self.wanted && !self.finished => Front::More,
            Ok(_) => match to_definite(rest) {
                Ok((_, used)) => {
                    self.wanted = 0;
                    let object = rest.get(..used).unwrap_or_default().to_vec();
                    Front::Object(Ok(object), used)
                }
                Err(TlvError::Truncated) if !self.finished && rest.len() < MAX_OBJECT_LEN => {
                    self.wanted = 2 * rest.len();
                    Front::More
                }
                Err(error) => lose(error.into()),
            },
        }
    }

    /// The malformed part ends where the next certificate begins, with the file, or where it is as long as no object.
    fn resume(&mut self, error: PkiError, searched: usize) -> Front {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let next = find_certificate(rest.get(searched..).unwrap_or_default());
        let len = match next {
            Some(at) => searched + at,
            None if self.finished || rest.len() > MAX_OBJECT_LEN => rest.len(),
            None => {
                // The beginning of one may be at the end.
                let kept = (rest.len() + 1).saturating_sub(CERTIFICATE_START_LEN);
                self.lost = Some((error, searched.max(kept)));
                return Front::More;
            }
        };
        self.lost = None;
        Front::Object(Err(error), len)
    }

    fn pem(&self) -> Front {
        let rest = self.rest();
        let Some(begin) = find(rest, BEGIN) else {
            let kept = if self.finished { 0 } else { BEGIN.len() - 1 };
            return match rest.len().saturating_sub(kept) {
                0 => Front::More,
                len => Front::Skip(len),
            };
        };
        if begin > 0 {
            return Front::Skip(begin);
        }
        let body = rest.get(BEGIN.len()..).unwrap_or_default();
        let unfinished = |len: usize| match (self.finished, len) {
            (true, _) => Front::Object(Err(PkiError::Pem), len),
            (false, len) if len > 2 * MAX_OBJECT_LEN => Front::Object(Err(PkiError::TooLong), len),
            (false, _) => Front::More,
        };
        let Some(label_end) = find(body, DASHES) else {
            return unfinished(rest.len());
        };
        let inside = body.get(label_end + DASHES.len()..).unwrap_or_default();
        let start = rest.len() - inside.len();
        match (find(inside, END), find(inside, BEGIN)) {
            // The part before has lost its end.
            (Some(end), Some(next)) if next < end => {
                Front::Object(Err(PkiError::Pem), start + next)
            }
            (None, Some(next)) => Front::Object(Err(PkiError::Pem), start + next),
            (Some(end), _) => {
                let base64 = inside.get(..end).unwrap_or_default();
                Front::Object(decode(pem_body(base64)), start + end + END.len())
            }
            (None, None) => unfinished(rest.len()),
        }
    }

    /// One attribute of an entry (RFC 2849): `name:: base64`, continued on lines that begin with a space.
    fn ldif(&self) -> Front {
        let rest = self.rest();
        let mut len = 0;
        let mut lines = rest.split_inclusive(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            len += line.len();
            let continued = lines.peek().map(|next| next.starts_with(b" "));
            match continued {
                Some(true) => {}
                Some(false) => break,
                None if self.finished => break,
                None if len > 2 * MAX_OBJECT_LEN => {
                    return Front::Object(Err(PkiError::TooLong), len);
                }
                None => return Front::More,
            }
        }
        let attribute = rest.get(..len).unwrap_or_default();
        let Some(colons) = find(attribute, b"::") else {
            return Front::Skip(len);
        };
        let (name, value) = attribute.split_at(colons);
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let held = ["certificate", "revocationlist", "masterlist"];
        if !held.iter().any(|held| name.contains(held)) {
            return Front::Skip(len);
        }
        Front::Object(decode(value.get(2..).unwrap_or_default()), len)
    }

    /// Text: PEM from where the first part begins, or base64 as a whole.
    fn text(&mut self) -> Front {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        if find(rest, BEGIN).is_some() {
            self.format = Some(Format::Pem);
            return Front::Skip(0);
        }
        if !self.finished {
            if rest.len() <= MAX_BARE_BASE64 {
                return Front::More;
            }
            // Too long to be one object in base64; parts of PEM may still come.
            self.format = Some(Format::Pem);
            return Front::Skip(0);
        }
        let len = rest.len();
        self.format = Some(Format::Nothing);
        match decode(rest) {
            Ok(object) if Header::parse(&object).is_ok() && object.first() == Some(&0x30) => {
                Front::Object(Ok(object), len)
            }
            _ => Front::Skip(len),
        }
    }
}

impl Format {
    fn of(start: &[u8]) -> Self {
        let sample = start.get(..SAMPLE_LEN).unwrap_or(start);
        let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
        // A character that the sample cuts is none that is malformed.
        let text =
            core::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true);
        if !text || sample.iter().any(control) {
            return Self::Binary;
        }
        let mut words = start.trim_ascii_start();
        // Directories put a comment before their entries (RFC 2849).
        while words.starts_with(b"#") {
            let line = words.iter().position(|byte| *byte == b'\n');
            words = line.map_or(&[][..], |at| words.get(at..).unwrap_or_default());
            words = words.trim_ascii_start();
        }
        let begins = |with: &[u8]| {
            words
                .get(..with.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        if begins(b"dn:") || begins(b"version:") {
            Self::Ldif
        } else {
            Self::Text
        }
    }
}

/// The base64 of a PEM part without the headers that RFC 1421 allowed before it.
fn pem_body(part: &[u8]) -> &[u8] {
    if !part.contains(&b':') {
        return part;
    }
    let blank = find(part, b"\n\n").map(|at| at + 2);
    let blank = blank.or_else(|| find(part, b"\r\n\r\n").map(|at| at + 4));
    blank.and_then(|at| part.get(at..)).unwrap_or(part)
}

fn decode(base64: &[u8]) -> Result<Vec<u8>, PkiError> {
    let packed: Vec<u8> = base64
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let packed = core::str::from_utf8(&packed).map_err(|_| PkiError::Pem)?;
    Base64::decode_vec(packed).map_err(|_| PkiError::Pem)
}

/// Octets that [`begins_certificate`] looks at.
const CERTIFICATE_START_LEN: usize = 13;

/// Whether this begins like a certificate: SEQUENCE, SEQUENCE, version 3 in [0].
fn begins_certificate(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [
            0x30,
            0x82,
            _,
            _,
            0x30,
            0x82,
            _,
            _,
            0xA0,
            0x03,
            0x02,
            0x01,
            0x02,
            ..
        ]
    )
}

/// Where something begins like a certificate.
fn find_certificate(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(CERTIFICATE_START_LEN)
        .position(begins_certificate)
}

/// Where the next certificate begins in the one of `total` bytes before it, which was cut short, so that its length reaches
/// into what follows.
fn swallowed(bytes: &[u8], total: usize) -> Option<usize> {
    if !begins_certificate(bytes) {
        return None;
    }
    let reach = bytes.len().min(total + CERTIFICATE_START_LEN - 1);
    let at = find_certificate(bytes.get(1..reach)?)? + 1;
    // What is signed may hold anything; what follows it in a whole certificate, no other certificate.
    let certificate = Tlv::split(bytes).ok()?.0;
    let mut fields = certificate.children();
    let signed = fields.next()?.ok()?;
    let whole = fields.expect(SEQUENCE).is_ok()
        && fields.expect(BIT_STRING).is_ok()
        && fields.rest().is_empty();
    let signed_end = certificate.raw.len() - certificate.value.len() + signed.raw.len();
    (at < total && (!whole || at >= signed_end)).then_some(at)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let (first, others) = wanted.split_first()?;
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.iter().position(|byte| byte == first)? + 1;
        if bytes.get(at..)?.starts_with(others) {
            return Some(at - 1);
        }
    }
}

#[cfg(test)]
mod tests;
