//! Real documents' files for tests. They are not part of the project: `RDA_CORPUS` names the folder, or it lies beside
//! the workspace.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

/// The folder of real files.
pub(crate) struct Corpus(PathBuf);

/// The corpus, or `None` after saying plainly that what `needs` it was skipped.
pub(crate) fn open(needs: &str) -> Option<Corpus> {
    let folder = std::env::var_os("RDA_CORPUS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus")),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(Corpus(folder));
    }
    println!(
        "SKIPPED: {needs} (no corpus at {}; set RDA_CORPUS)",
        folder.display()
    );
    None
}

impl Corpus {
    /// Where a file lies, for a program that reads it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// One file; a corpus that lacks it is a failed test.
    pub(crate) fn file(&self, path: &str) -> Vec<u8> {
        fs::read(self.0.join(path)).unwrap_or_else(|error| panic!("corpus file {path}: {error}"))
    }

    /// All files of a folder with their names, sorted.
    pub(crate) fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.0.join(folder))
            .unwrap_or_else(|error| panic!("corpus {folder}: {error}"));
        let mut names: Vec<_> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert!(!names.is_empty(), "corpus folder {folder} is empty");
        names
            .into_iter()
            .map(|name| (name.clone(), self.file(&format!("{folder}/{name}"))))
            .collect()
    }

    /// A table with a header line: one map from column to field for each row.
    pub(crate) fn table(&self, path: &str) -> Vec<HashMap<String, String>> {
        let text = String::from_utf8(self.file(path))
            .unwrap_or_else(|error| panic!("corpus {path}: {error}"));
        let mut lines = text.lines().map(fields);
        let header = lines.next().unwrap_or_default();
        lines
            .map(|row| header.iter().cloned().zip(row).collect())
            .collect()
    }
}

/// Comma-separated fields, of which some are quoted.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields
                .last_mut()
                .into_iter()
                .for_each(|field| field.push(character)),
        }
    }
    fields
}
