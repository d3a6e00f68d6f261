//! From BER to definite lengths: some states' EF.SODs use indefinite lengths and OCTET STRINGs in pieces, both legal in
//! CMS (RFC 5652 5.1) and unreadable to a DER parser.

use std::borrow::Cow;

use super::{Header, TlvError, write_header};

/// Deepest nesting of constructed data objects followed. A certificate inside a SignedData reaches about fifteen.
const MAX_DEPTH: usize = 32;

/// Universal tag OCTET STRING, primitive and constructed (X.690 8.7).
const OCTET_STRING: u32 = 0x04;
const CONSTRUCTED_OCTET_STRING: u32 = 0x24;

/// The first data object of `bytes` with definite lengths throughout and OCTET STRINGs in one piece; also the number of
/// bytes it takes in `bytes`. Bytes after it are not looked at.
///
/// An object that is definite already is returned unchanged, so that hashes over its parts stay those of the original.
/// Where an indefinite length is found, only the encodings of lengths change: content and order do not.
///
/// # Errors
/// [`TlvError::Truncated`] if an end-of-contents mark is missing, [`TlvError::TooDeep`] beyond 32 levels, or what
/// [`Header::parse`] finds.
pub fn to_definite(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, usize), TlvError> {
    let header = Header::parse(bytes)?;
    if let Some(value_len) = header.value_len {
        let total = header
            .header_len
            .checked_add(value_len)
            .ok_or(TlvError::Length)?;
        let object = bytes.get(..total).ok_or(TlvError::Truncated)?;
        if !has_indefinite(object, 0) {
            return Ok((Cow::Borrowed(object), total));
        }
    }
    let mut out = Vec::with_capacity(bytes.len());
    let used = rewrite(bytes, 0, &mut out)?;
    Ok((Cow::Owned(out), used))
}

/// Whether an indefinite length or a constructed OCTET STRING occurs in this object.
fn has_indefinite(object: &[u8], depth: usize) -> bool {
    let Ok(header) = Header::parse(object) else {
        return false;
    };
    let Some(value_len) = header.value_len else {
        return true;
    };
    if header.tag == CONSTRUCTED_OCTET_STRING {
        return true;
    }
    if !is_constructed(object) || depth == MAX_DEPTH {
        return false;
    }
    let end = header.header_len.saturating_add(value_len);
    let Some(mut rest) = object.get(header.header_len..end) else {
        return false;
    };
    while !rest.is_empty() {
        if has_indefinite(rest, depth + 1) {
            return true;
        }
        let Ok(Header {
            header_len,
            value_len: Some(len),
            ..
        }) = Header::parse(rest)
        else {
            return false;
        };
        let Some(after) = rest.get(header_len.saturating_add(len)..) else {
            return false;
        };
        rest = after;
    }
    false
}

/// Appends the first object of `bytes` to `out` in definite form; returns the bytes it took.
fn rewrite(bytes: &[u8], depth: usize, out: &mut Vec<u8>) -> Result<usize, TlvError> {
    if depth > MAX_DEPTH {
        return Err(TlvError::TooDeep);
    }
    let header = Header::parse(bytes)?;
    let body = bytes.get(header.header_len..).ok_or(TlvError::Truncated)?;
    let constructed = is_constructed(bytes);
    if !constructed {
        let value_len = header.value_len.ok_or(TlvError::Indefinite)?;
        let total = header
            .header_len
            .checked_add(value_len)
            .ok_or(TlvError::Length)?;
        out.extend_from_slice(bytes.get(..total).ok_or(TlvError::Truncated)?);
        return Ok(total);
    }
    let mut content = Vec::new();
    let used = match header.value_len {
        Some(value_len) => {
            let body = body.get(..value_len).ok_or(TlvError::Truncated)?;
            let mut rest = body;
            while !rest.is_empty() {
                let taken = rewrite(rest, depth + 1, &mut content)?;
                rest = rest.get(taken..).ok_or(TlvError::Truncated)?;
            }
            value_len
        }
        None => {
            let mut rest = body;
            while !rest.starts_with(&[0, 0]) {
                let taken = rewrite(rest, depth + 1, &mut content)?;
                rest = rest.get(taken..).ok_or(TlvError::Truncated)?;
            }
            body.len() - rest.len() + 2
        }
    };
    if header.tag == CONSTRUCTED_OCTET_STRING {
        let mut joined = Vec::with_capacity(content.len());
        for piece in super::Reader::new(&content) {
            joined.extend_from_slice(piece?.expect(OCTET_STRING)?.value);
        }
        write_header(out, OCTET_STRING, joined.len());
        out.extend_from_slice(&joined);
    } else {
        write_header(out, header.tag, content.len());
        out.extend_from_slice(&content);
    }
    Ok(header.header_len + used)
}

/// Bit 6 of the first tag byte (X.690 8.1.2.5).
fn is_constructed(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x20 != 0)
}
