//! `rda inspect`: shows what is in a file of a document, a certificate, a revocation list or a master list, as a person
//! wants to read it. It judges nothing.

mod document;
mod pki;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use icao::pki::PkiObject;
use icao::pki::encoding::objects;
use icao::tlv::{Header, Reader, TlvError};

/// Longest file shown, in bytes.
const LONGEST_FILE: u64 = 64 << 20;

/// Data objects are followed this deep.
const MAX_DEPTH: usize = 12;

/// Most lines shown of data objects that nothing is known of.
const MAX_LINES: usize = 400;

/// What to show.
#[derive(Args)]
pub struct InspectArguments {
    /// Files: EF.SOD, data groups, EF.CardAccess, EF.CardSecurity, certificates, revocation lists, master lists.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Text that grows line by line, indented.
#[derive(Default)]
struct Sheet {
    text: String,
    depth: usize,
}

impl Sheet {
    fn line(&mut self, text: impl std::fmt::Display) {
        // Control characters of a certificate's name shall not steer the terminal.
        let text: String = text
            .to_string()
            .chars()
            .map(|character| {
                if character.is_control() {
                    '\u{FFFD}'
                } else {
                    character
                }
            })
            .collect();
        let _ = writeln!(self.text, "{:1$}{text}", "", 2 * self.depth);
    }

    fn field(&mut self, name: &str, value: impl std::fmt::Display) {
        self.line(format_args!("{name:<24} {value}"));
    }

    fn inside(&mut self, show: impl FnOnce(&mut Self)) {
        self.depth += 1;
        show(self);
        self.depth -= 1;
    }
}

/// Shows each file.
///
/// # Errors
/// If a file cannot be read, or nothing in one can be shown; the others are shown all the same.
pub fn run(arguments: &InspectArguments) -> Result<()> {
    let mut unreadable = 0;
    for path in &arguments.files {
        match read(path) {
            Ok(content) => say(&show(path, &content))?,
            Err(error) => {
                eprintln!("rda: {error:#}");
                unreadable += 1;
            }
        }
    }
    if unreadable > 0 {
        bail!(
            "{unreadable} of {} files could not be read",
            arguments.files.len()
        );
    }
    Ok(())
}

/// Prints to standard output. That whoever reads there has seen enough is no failure.
///
/// # Errors
/// What standard output says.
pub fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut content))
        .with_context(|| path.display().to_string())?;
    if u64::try_from(content.len())? > LONGEST_FILE {
        bail!("{}: too long", path.display());
    }
    Ok(content)
}

/// What a file holds, as text.
#[must_use]
pub fn show(path: &Path, content: &[u8]) -> String {
    let mut sheet = Sheet::default();
    sheet.line(format_args!("{}: {} bytes", path.display(), content.len()));
    sheet.inside(|sheet| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if document::show(sheet, &name, content) {
            return;
        }
        let mut any = false;
        for object in objects(content) {
            any = true;
            match object {
                Ok(object) => show_object(sheet, &object),
                Err(malformed) => {
                    sheet.line(format_args!("malformed part: {malformed}"));
                    let mut lines = MAX_LINES;
                    sheet.inside(|sheet| data_objects(sheet, &malformed.part, 0, &mut lines));
                }
            }
        }
        if !any {
            sheet.line("no data object");
        }
    });
    sheet.text
}

fn show_object(sheet: &mut Sheet, object: &[u8]) {
    match PkiObject::parse(object) {
        Ok(PkiObject::Certificate(certificate)) => pki::certificate(sheet, &certificate),
        Ok(PkiObject::RevocationList(list)) => pki::revocation_list(sheet, &list),
        Ok(PkiObject::MasterList(list)) => pki::master_list(sheet, &list),
        Err(error) => {
            sheet.line(format_args!(
                "data objects, of no kind known here ({error})"
            ));
            let mut lines = MAX_LINES;
            sheet.inside(|sheet| data_objects(sheet, object, 0, &mut lines));
        }
    }
}

/// Tags and lengths, and the beginning of each value.
fn data_objects(sheet: &mut Sheet, bytes: &[u8], depth: usize, lines: &mut usize) {
    for object in Reader::new(bytes) {
        if *lines == 0 {
            sheet.line("…");
            return;
        }
        *lines -= 1;
        match object {
            Ok(object) => {
                let constructed = is_constructed(object.raw) && depth < MAX_DEPTH;
                let inside = constructed && Header::parse(object.value).is_ok();
                if inside {
                    sheet.line(format_args!(
                        "{:02X} ({} bytes)",
                        object.tag,
                        object.value.len()
                    ));
                    sheet.inside(|sheet| data_objects(sheet, object.value, depth + 1, lines));
                } else {
                    sheet.line(format_args!("{:02X} {}", object.tag, value(object.value)));
                }
            }
            Err(TlvError::Indefinite) => {
                sheet.line("indefinite length");
                return;
            }
            Err(error) => {
                sheet.line(format_args!("{error}: {}", value(bytes)));
                return;
            }
        }
    }
}

/// In the first byte of a tag, the bit of constructed data objects.
fn is_constructed(object: &[u8]) -> bool {
    object.first().is_some_and(|first| first & 0x20 != 0)
}

/// Printable text as such, anything else in hexadecimal; long values by their beginning.
fn value(bytes: &[u8]) -> String {
    const SHOWN: usize = 48;
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let text = if !shown.is_empty() && bytes.len() > 3 && shown.iter().all(printable) {
        format!("{:?}", String::from_utf8_lossy(shown))
    } else {
        hexadecimal(shown)
    };
    if bytes.len() > SHOWN {
        format!("{text}… ({} bytes)", bytes.len())
    } else {
        text
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn garbage_is_shown_without_a_panic() {
        let sample: Vec<u8> = (0..=255).collect();
        for tag in [
            0x30, 0x31, 0x60, 0x61, 0x75, 0x77, 0x6E, 0x6F, 0x7F, 0x00, 0xFF,
        ] {
            for len in [0, 1, 2, 5, 40, 200] {
                let mut file = vec![tag, 0x81, 0xF0];
                file.extend(sample.iter().take(len));
                for name in [
                    "EF_SOD.bin",
                    "DG1.bin",
                    "EF_ATR_INFO.bin",
                    "CardAccess",
                    "x",
                ] {
                    assert!(show(Path::new(name), &file).ends_with('\n'));
                }
            }
        }
        let deep: Vec<u8> = (0u8..100).rev().flat_map(|len| [0x30, 2 * len]).collect();
        assert!(show(Path::new("deep"), &deep).contains("30"));
        assert!(show(Path::new("DG1.bin"), b"").contains("0 bytes"));
    }
}
