//! What `rda read` is given: access data, trust anchors, a time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use icao::access_key::AccessKey;
use icao::mrz::{AccessFields, Mrz};
use icao::pki::{Certificate, CscaStore, DocumentKind, UnixTime, encoding};
use protocol::messages::TypedAccess;
use zeroize::Zeroizing;

/// Longest file of certificates that is read, in bytes.
const LONGEST_FILE: u64 = 64 * 1024 * 1024;

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
    /// A file of certificates longer than 64 MiB.
    #[error("{0}: too long")]
    TooLong(PathBuf),
    /// A file that was named holds no certificate.
    #[error("{0}: no certificate in it")]
    NoCertificate(PathBuf),
    /// Access data in none of the forms that are understood.
    #[error(
        "access data in no known form: JSON, a machine readable zone, three lines, or a card access number"
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

    /// Takes the content of a file: JSON as a login page sends it (`{"document_number", "date_of_birth",
    /// "date_of_expiry"}` or `{"can"}`), the lines of a machine readable zone, the three fields on a line each, or a card
    /// access number alone.
    ///
    /// # Errors
    /// [`InputError::Access`].
    pub fn parse(text: &str) -> Result<AccessKey, InputError> {
        if text.trim_start().starts_with('{') {
            return match protocol::json::from_slice(text.as_bytes()) {
                Ok(TypedAccess::Mrz(mrz)) => Self::from_fields(
                    mrz.document_number(),
                    mrz.date_of_birth(),
                    mrz.date_of_expiry(),
                ),
                Ok(TypedAccess::Can { can }) => Self::from_can(can.as_str()),
                Err(_) => Err(InputError::Access),
            };
        }
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        match lines.as_slice() {
            [can] => Self::from_can(can),
            [number, birth, expiry] if birth.len() == 6 => Self::from_fields(number, birth, expiry),
            lines => {
                let zone = Zeroizing::new(lines.concat());
                let mrz = Mrz::parse(zone.as_bytes()).map_err(|_| InputError::Access)?;
                mrz.access_fields()
                    .map(AccessKey::Mrz)
                    .map_err(|_| InputError::Access)
            }
        }
    }
}

/// Reads CSCA certificates, PEM or DER, from files and from the files of folders. Each vouches for passports and identity
/// cards of the state that its subject names.
///
/// # Errors
/// [`InputError`]; in a folder, files without a certificate are passed over.
pub fn trust_anchors(paths: &[PathBuf]) -> Result<CscaStore, InputError> {
    let mut store = CscaStore::new();
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
                add_file(&mut store, file)?;
            }
        } else if add_file(&mut store, path)? == 0 {
            return Err(InputError::NoCertificate(path.clone()));
        }
    }
    Ok(store)
}

/// Adds the certificates of one file; returns how many it holds.
fn add_file(store: &mut CscaStore, path: &Path) -> Result<usize, InputError> {
    let failed = |error| InputError::File {
        path: path.to_owned(),
        error,
    };
    if fs::metadata(path).map_err(failed)?.len() > LONGEST_FILE {
        return Err(InputError::TooLong(path.to_owned()));
    }
    let file = fs::read(path).map_err(failed)?;
    let mut found = 0;
    for object in encoding::objects(&file).map_while(Result::ok) {
        let Ok(certificate) = Certificate::parse(&object) else {
            continue;
        };
        let Some(state) = certificate.subject().country() else {
            continue;
        };
        for kind in [DocumentKind::TravelDocument, DocumentKind::IdentityCard] {
            store.add_certificate(kind, state, certificate.clone());
        }
        found += 1;
    }
    Ok(found)
}

/// Reads a time: a day, a day with a time in UTC, or seconds since 1970.
///
/// # Errors
/// [`InputError::Time`].
pub fn parse_time(text: &str) -> Result<UnixTime, InputError> {
    if let Ok(seconds) = text.parse() {
        return Ok(UnixTime(seconds));
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z').ok_or(InputError::Time)?),
        None => (text, "00:00:00"),
    };
    let numbers = |text: &str, separator| -> Option<[i64; 3]> {
        let parts: Option<Vec<i64>> = text
            .split(separator)
            .map(|part| {
                part.bytes()
                    .all(|byte| byte.is_ascii_digit())
                    .then(|| part.parse().ok())?
            })
            .collect();
        parts?.try_into().ok()
    };
    let [year, month, day] = numbers(date, '-').ok_or(InputError::Time)?;
    let [hour, minute, second] = numbers(time, ':').ok_or(InputError::Time)?;
    let small = |number: i64| u8::try_from(number).map_err(|_| InputError::Time);
    let UnixTime(midnight) =
        UnixTime::from_date(year, small(month)?, small(day)?).ok_or(InputError::Time)?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(InputError::Time);
    }
    Ok(UnixTime(midnight + hour * 3600 + minute * 60 + second))
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
                AccessInput::parse(text).unwrap() == fields,
                "{}",
                text.len()
            );
        }
        let can = AccessInput::from_can("123456").unwrap();
        assert!(AccessInput::parse("123456\n").unwrap() == can);
        assert!(AccessInput::parse(r#"{"can": "123456"}"#).unwrap() == can);
        for text in [
            "",
            "{}",
            "12345",
            "one\ntwo",
            "{\"can\": \"123456\"",
            "P<UTO\nL898",
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
