//! What `rda read` is given: access data, trust anchors, a time.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use icao::access_key::AccessKey;
use icao::driving_licence::LicenceLine;
use icao::lds::Application;
use icao::mrz::{AccessFields, Mrz};
use icao::pki::encoding::{Malformed, Objects};
use icao::pki::{Anchors, CscaStore, DocumentKind, UnixTime};
use zeroize::Zeroizing;

use crate::login_session::access::typed_keys;

/// Files of certificates are read in pieces of this many bytes.
const PIECE_LEN: usize = 1 << 16;

/// Why something given could not be used. None of these names access data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// A file or folder could not be read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file that was named holds no certificate.
    #[error("{0}: no certificate in it")]
    NoCertificate(PathBuf),
    /// Access data in none of the forms that are understood.
    #[error(
        "access data in no known form: JSON, a machine readable zone, three lines, a card access number, or with --licence its line"
    )]
    Access,
    /// A time in none of the forms that are understood.
    #[error("no time: write 2031-07-01, 2031-07-01T12:00:00Z, or seconds since 1970")]
    Time,
}

/// Access data as a person or another program gives them.
pub struct AccessInput;

impl AccessInput {
    /// Takes the three fields as typed.
    ///
    /// # Errors
    /// [`InputError::Access`] if they can stand in no machine readable zone.
    pub fn from_fields(number: &str, birth: &str, expiry: &str) -> Result<AccessKey, InputError> {
        AccessFields::new(number.trim(), birth.trim(), expiry.trim())
            .map(AccessKey::Mrz)
            .map_err(|_| InputError::Access)
    }

    /// Takes a card access number as typed.
    ///
    /// # Errors
    /// [`InputError::Access`] if it is none.
    pub fn from_can(number: &str) -> Result<AccessKey, InputError> {
        AccessKey::can(number.trim()).map_err(|_| InputError::Access)
    }

    /// Takes the machine readable line of a driving licence, 30 characters as printed: both readings of it.
    ///
    /// # Errors
    /// [`InputError::Access`] if it is none.
    pub fn from_licence(line: &str) -> Result<Vec<AccessKey>, InputError> {
        LicenceLine::parse(line)
            .map(|line| line.access_keys().into())
            .map_err(|_| InputError::Access)
    }

    /// Takes the content of a file: JSON as a login page sends it (`{"document_number", "date_of_birth",
    /// "date_of_expiry"}`, `{"can"}` or `{"licence_line"}`), the lines of a machine readable zone, the three fields on a
    /// line each, or a card access number alone.
    ///
    /// # Errors
    /// [`InputError::Access`].
    pub fn parse(text: &str) -> Result<Vec<AccessKey>, InputError> {
        if text.trim_start().starts_with('{') {
            return protocol::json::from_slice(text.as_bytes())
                .ok()
                .and_then(|typed| typed_keys(&typed))
                .ok_or(InputError::Access);
        }
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let key = match lines.as_slice() {
            [can] => Self::from_can(can),
            [number, birth, expiry] if birth.len() == 6 => Self::from_fields(number, birth, expiry),
            lines => {
                let zone = Zeroizing::new(lines.concat());
                let mrz = Mrz::parse(zone.as_bytes()).map_err(|_| InputError::Access)?;
                mrz.access_fields()
                    .map(AccessKey::Mrz)
                    .map_err(|_| InputError::Access)
            }
        };
        Ok(vec![key?])
    }
}

/// Reads CSCA certificates, revocation lists and master lists (PEM, DER, LDIF) from files and from the files of folders.
/// Each certificate vouches for passports and identity cards of the state that its subject names, or for its driving
/// licences: the two have issuers of their own. Revocation lists count if one of these certificates signed them. What
/// could not be used is told beside the store; files of folders that hold nothing of the kind are passed over.
///
/// # Errors
/// [`InputError`].
pub fn trust_anchors(
    paths: &[PathBuf],
    application: Application,
) -> Result<(CscaStore, Vec<String>), InputError> {
    let mut anchors = Anchors::new(match application {
        Application::TravelDocument => &[DocumentKind::TravelDocument, DocumentKind::IdentityCard],
        Application::DrivingLicence => &[DocumentKind::DrivingLicence],
    });
    let mut refused = Vec::new();
    for path in paths {
        if path.is_dir() {
            let failed = |error| InputError::File {
                path: path.clone(),
                error,
            };
            let mut files = Vec::new();
            for entry in fs::read_dir(path).map_err(failed)? {
                files.push(entry.map_err(failed)?.path());
            }
            files.sort();
            for file in files.iter().filter(|file| file.is_file()) {
                add_file(&mut anchors, file, &mut refused)?;
            }
        } else if add_file(&mut anchors, path, &mut refused)? == 0 {
            return Err(InputError::NoCertificate(path.clone()));
        }
    }
    let (store, unsigned) = anchors.into_store();
    let unsigned = unsigned.iter();
    refused.extend(
        unsigned.map(|(list, error)| format!("revocation list of {}: {error}", list.issuer())),
    );
    Ok((store, refused))
}

/// Adds what one file holds; returns how many objects of use it has.
fn add_file(
    anchors: &mut Anchors,
    path: &Path,
    refused: &mut Vec<String>,
) -> Result<usize, InputError> {
    let failed = |error| InputError::File {
        path: path.to_owned(),
        error,
    };
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut objects = Objects::new();
    let mut piece = vec![0; PIECE_LEN];
    let mut found = 0;
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        objects.feed(piece.get(..read).unwrap_or_default());
        if read == 0 {
            objects.finish();
        }
        while let Some(object) = objects.next_object() {
            let added = match object {
                // A picture or a file of a document, in a folder: not meant.
                Err(Malformed { part, .. })
                    if !part.starts_with(b"0") && !part.starts_with(b"-") =>
                {
                    continue;
                }
                Err(malformed) => Err(malformed.error),
                Ok(object) => anchors.add(&object),
            };
            match added {
                Ok(_) => found += 1,
                Err(error) => refused.push(format!("{}: {error}", path.display())),
            }
        }
        if read == 0 {
            return Ok(found);
        }
    }
}

/// Reads a time: a day, a day with a time in UTC, or seconds since 1970.
///
/// # Errors
/// [`InputError::Time`].
pub fn parse_time(text: &str) -> Result<UnixTime, InputError> {
    text.parse().map_err(|_| InputError::Time)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn access_data_come_in_many_forms() {
        let fields = AccessInput::from_fields("L898902C3", "740812", "120415").unwrap();
        for text in [
            r#"{"document_number": "L898902C3", "date_of_birth": "740812", "date_of_expiry": "120415"}"#,
            "L898902C3\n740812\n120415\n",
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n",
        ] {
            assert!(
                AccessInput::parse(text).unwrap() == [fields.clone()],
                "{}",
                text.len()
            );
        }
        let can = AccessInput::from_can("123456").unwrap();
        assert!(AccessInput::parse("123456\n").unwrap() == [can.clone()]);
        assert!(AccessInput::parse(r#"{"can": "123456"}"#).unwrap() == [can]);
        let line = "D1NLD19999920140ABCDEFGHIJKLM6";
        let typed = format!(r#"{{"licence_line": "{line}"}}"#);
        let keys = AccessInput::from_licence(line).unwrap();
        assert!(AccessInput::parse(&typed).unwrap() == keys);
        for text in [
            "",
            "{}",
            "12345",
            "one\ntwo",
            "{\"can\": \"123456\"",
            "P<UTO\nL898",
            r#"{"licence_line": "D1NLD19999920140ABCDEFGHIJKLM7"}"#,
        ] {
            assert!(AccessInput::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_read_and_others_refused() {
        for (text, seconds) in [
            ("0", 0),
            ("1970-01-02", 86_400),
            ("2031-07-01T12:00:01Z", 1_940_673_601),
        ] {
            assert_eq!(parse_time(text).unwrap(), UnixTime(seconds), "{text}");
        }
        for text in [
            "",
            "2031-13-01",
            "2031-07-01T25:00:00Z",
            "2031-07-01T12:00:00",
            "yesterday",
            "2031-+7-01",
        ] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
