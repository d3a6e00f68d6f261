//! What is printed and written of a document that was read.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use icao::crypto::hash::HashAlgorithm;
use icao::terminal::AccessProtocol;
use serde::Serialize;

use super::{Checks, Reading};
use crate::files::{self, Readers};

/// What was read and how the checks went, without the content of the document.
#[derive(Serialize)]
pub struct Summary<'a> {
    reader: &'a str,
    /// `bac`, or `pace` with its object identifier and domain parameters.
    access: Access,
    files: Vec<File<'a>>,
    checks: &'a Checks,
    transcript: Transcript,
}

#[derive(Serialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
enum Access {
    Bac,
    Pace {
        oid: String,
        parameter_id: Option<u64>,
    },
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    length: usize,
    sha256: String,
}

#[derive(Serialize)]
struct Transcript {
    apdus: u32,
    bytes_sent: u64,
    bytes_received: u64,
    resumes: u32,
}

impl Reading {
    /// What can be shown of it.
    #[must_use]
    pub fn summary(&self) -> Summary<'_> {
        let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Summary {
            reader: &self.reader,
            access: match self.access {
                AccessProtocol::Bac => Access::Bac,
                AccessProtocol::Pace(info) => Access::Pace {
                    oid: info.protocol.oid().to_string(),
                    parameter_id: info.parameter_id,
                },
            },
            files: self
                .files
                .iter()
                .map(|(name, content)| File {
                    name,
                    length: content.len(),
                    sha256: hexadecimal(&HashAlgorithm::Sha256.digest(content)),
                })
                .collect(),
            checks: &self.checks,
            transcript: Transcript {
                apdus: self.transcript.apdus,
                bytes_sent: self.transcript.bytes_sent,
                bytes_received: self.transcript.bytes_received,
                resumes: self.transcript.resumes,
            },
        }
    }

    /// Writes each file as NAME.bin into a folder, which is made where it is missing. They hold personal data: only their
    /// owner may read them.
    ///
    /// # Errors
    /// What the file system says; a file that exists is not overwritten.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (name, content) in &self.files {
            files::options(Readers::Owner)
                .write(true)
                .create_new(true)
                .open(folder.join(format!("{name}.bin")))?
                .write_all(content)?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.access {
            Access::Bac => writeln!(f, "opened by Basic Access Control on {}", self.reader)?,
            Access::Pace { oid, parameter_id } => {
                write!(f, "opened by PACE {oid}")?;
                if let Some(id) = parameter_id {
                    write!(f, ", parameters {id}")?;
                }
                writeln!(f, " on {}", self.reader)?;
            }
        }
        let Transcript {
            apdus,
            bytes_received,
            resumes,
            ..
        } = self.transcript;
        write!(
            f,
            "{} files in {apdus} commands, {bytes_received} bytes",
            self.files.len()
        )?;
        match resumes {
            0 => writeln!(f)?,
            resumes => writeln!(f, ", started again {resumes} times")?,
        }
        for (name, outcome) in self.checks.outcomes() {
            writeln!(f, "{name:<24} {outcome}")?;
        }
        for deviation in &self.checks.deviations {
            writeln!(f, "deviation tolerated: {deviation}")?;
        }
        Ok(())
    }
}
