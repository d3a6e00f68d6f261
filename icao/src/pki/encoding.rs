//! Files of certificates as they are handed around: DER, several DER objects one after another, or PEM.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};

use super::PkiError;
use crate::tlv::definite::to_definite;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// The objects of a file, in order: the base64 parts of a PEM file, or else the data objects of a binary one.
///
/// Text between the parts of a PEM file is passed over, and so are line breaks wherever they fall. Each object is for its
/// parser to judge; after an error nothing more is read.
pub fn objects(file: &[u8]) -> impl Iterator<Item = Result<Cow<'_, [u8]>, PkiError>> {
    let pem = find(file, BEGIN).is_some();
    let mut rest = file;
    core::iter::from_fn(move || {
        let next = if pem {
            next_pem(rest)
        } else {
            next_binary(rest)
        };
        match next {
            Ok(Some((object, after))) => {
                rest = after;
                Some(Ok(object))
            }
            Ok(None) => None,
            Err(error) => {
                rest = &[];
                Some(Err(error))
            }
        }
    })
}

type Next<'a> = Result<Option<(Cow<'a, [u8]>, &'a [u8])>, PkiError>;

fn next_binary(rest: &[u8]) -> Next<'_> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (_, used) = to_definite(rest)?;
    let (object, after) = rest.split_at_checked(used).ok_or(PkiError::Pem)?;
    Ok(Some((Cow::Borrowed(object), after)))
}

fn next_pem(rest: &[u8]) -> Next<'_> {
    let Some(begin) = find(rest, BEGIN) else {
        return Ok(None);
    };
    let body = rest.get(begin + BEGIN.len()..).unwrap_or_default();
    let label_end = find(body, b"-----").ok_or(PkiError::Pem)?;
    let body = body.get(label_end + 5..).unwrap_or_default();
    let end = find(body, END).ok_or(PkiError::Pem)?;
    let (base64, after) = body.split_at_checked(end).ok_or(PkiError::Pem)?;
    let packed: Vec<u8> = base64
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let packed = core::str::from_utf8(&packed).map_err(|_| PkiError::Pem)?;
    let object = Base64::decode_vec(packed).map_err(|_| PkiError::Pem)?;
    Ok(Some((Cow::Owned(object), after)))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn binary_and_pem_files_hold_the_same_objects() {
        let objects_of = |file: &[u8]| {
            objects(file)
                .map(|object| object.unwrap().into_owned())
                .collect::<Vec<_>>()
        };
        let expected = [vec![0x30, 0x01, 0x00], vec![0x30, 0x00]];
        assert_eq!(objects_of(&[0x30, 0x01, 0x00, 0x30, 0x00]), expected);
        let pem =
            b"subject=x\r\n-----BEGIN CERTIFICATE-----\r\nMAE\nA\n-----END CERTIFICATE-----\n\
                    -----BEGIN X-----MAA=-----END X-----";
        assert_eq!(objects_of(pem), expected);
        assert!(objects_of(b"").is_empty());
    }

    #[test]
    fn broken_files_end_with_an_error() {
        for file in [
            &b"-----BEGIN X-----\nMAE"[..],
            b"-----BEGIN X",
            b"-----BEGIN X-----\n!!\n-----END X-----",
        ] {
            assert_eq!(objects(file).collect::<Vec<_>>(), [Err(PkiError::Pem)]);
        }
        assert!(objects(&[0x30, 0x05, 0x00]).next().unwrap().is_err());
    }
}
