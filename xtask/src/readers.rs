//! Writes the files that are made from the table of readers.

use crate::cargo;
use anyhow::{Context as _, Result};
use readers::{Table, generate};

/// Writes them all; a test says when they are stale.
///
/// # Errors
/// If the table is not sound or a file cannot be written.
pub(crate) fn run() -> Result<()> {
    for (path, text) in generate::files(&Table::builtin()?) {
        let path = cargo::root().join(path);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}
