//! The files of a chip as somebody has saved them, judged as `rda verify` does: without the chip, and without what is printed
//! on the document.

use anyhow::{Context as _, Result};
use icao::lds::DataGroup;
use icao::passive_authentication::CheckOutcome;
use icao::pki::policy::Policy;
use icao::verifier::files::{DocumentFiles, FileName, judge};

use crate::inspect::{Step, Verdict};
use crate::personalise::{Document, KIND, STATE};
use crate::run::TIME;

/// Judges the files of the chip.
///
/// # Errors
/// If there is nothing to judge.
pub fn inspect(document: &Document, policy: &Policy) -> Result<Verdict> {
    let files = files(document)?;
    let verdict = judge(&files, KIND, Some(STATE), &document.store, TIME, policy)?;
    Ok(Verdict {
        failure: match verdict.outcome() {
            CheckOutcome::Passed => None,
            outcome => Some((Step::Saved, outcome.to_string())),
        },
        tolerated: verdict.tolerances,
    })
}

fn files(document: &Document) -> Result<DocumentFiles> {
    let system = document.chip.file_system();
    let application = system.applications.first().context("no application")?;
    let mut files = DocumentFiles::default();
    for file in &application.files {
        let [_, low] = file.fid.to_be_bytes();
        let name = match low {
            0x1D => FileName::Sod,
            0x1E => FileName::Com,
            number => FileName::Group(DataGroup::new(number).context("no data group")?),
        };
        files.insert(name, file.content.clone());
    }
    Ok(files)
}
