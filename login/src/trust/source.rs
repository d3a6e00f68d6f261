//! Files and folders of certificates, read in pieces.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use icao::pki::PkiError;
use icao::pki::encoding::{Malformed, Objects};

/// Folders are followed this deep.
const MAX_DEPTH: usize = 16;

/// Files are read in pieces of this many bytes.
const PIECE_LEN: usize = 1 << 16;

/// A file or folder could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct SourceError {
    /// Which.
    path: PathBuf,
    /// Why.
    error: io::Error,
}

/// One object of a file, or a part of it that is none.
pub(super) struct Found {
    /// The file.
    pub(super) path: PathBuf,
    /// Which of the file's objects, from 0.
    pub(super) index: usize,
    /// Its bytes.
    pub(super) object: Result<Vec<u8>, Malformed>,
}

impl Found {
    /// Reads the object.
    pub(super) fn parsed<T>(
        &self,
        parse: impl FnOnce(&[u8]) -> Result<T, PkiError>,
    ) -> Result<T, PkiError> {
        match &self.object {
            Ok(object) => parse(object),
            Err(malformed) => Err(malformed.error),
        }
    }

    /// Where it stands, for people.
    pub(super) fn place(&self) -> String {
        format!("{} [{}]", self.path.display(), self.index)
    }
}

/// The objects of files and of all files in folders, in the order of their names. What cannot be read is told in its place,
/// and the rest follows.
pub(super) struct Source {
    waiting: VecDeque<(PathBuf, usize)>,
    open: Option<Open>,
    piece: Vec<u8>,
    /// Files that held no object.
    pub(super) empty: Vec<PathBuf>,
    /// What lies in folders and could not be read.
    pub(super) unreadable: Vec<SourceError>,
}

struct Open {
    path: PathBuf,
    file: File,
    objects: Objects,
    index: usize,
    ended: bool,
}

impl Source {
    /// All of what these paths name.
    ///
    /// # Errors
    /// If one of them is not there.
    pub(super) fn new(paths: &[PathBuf]) -> Result<Self, SourceError> {
        for path in paths {
            std::fs::metadata(path).map_err(|error| SourceError {
                path: path.clone(),
                error,
            })?;
        }
        Ok(Self {
            waiting: paths.iter().map(|path| (path.clone(), 0)).collect(),
            open: None,
            piece: vec![0; PIECE_LEN],
            empty: Vec::new(),
            unreadable: Vec::new(),
        })
    }

    /// Opens the next file; a folder puts its files in front of the queue.
    fn advance(&mut self, path: PathBuf, depth: usize) -> Result<(), SourceError> {
        if path.is_dir() {
            // A link may lead back to where it lies.
            if depth > 0 && path.is_symlink() {
                let error = io::Error::other("a link to a folder");
                return Err(SourceError { path, error });
            }
            if depth == MAX_DEPTH {
                let error = io::Error::other("folders are nested too deeply");
                return Err(SourceError { path, error });
            }
            for entry in entries(&path)?.into_iter().rev() {
                self.waiting.push_front((entry, depth + 1));
            }
            return Ok(());
        }
        // Whoever opens a pipe or a device waits for it.
        let special = std::fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
        if depth > 0 && special {
            let error = io::Error::other("neither a file nor a folder");
            return Err(SourceError { path, error });
        }
        match File::open(&path) {
            Ok(file) => {
                self.open = Some(Open {
                    path,
                    file,
                    objects: Objects::new(),
                    index: 0,
                    ended: false,
                });
                Ok(())
            }
            Err(error) => Err(SourceError { path, error }),
        }
    }
}

/// What lies in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let failed = |error| SourceError {
        path: folder.to_owned(),
        error,
    };
    let mut entries = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, io::Error>>()
        .map_err(failed)?;
    entries.sort();
    Ok(entries)
}

impl Iterator for Source {
    type Item = Found;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(open) = &mut self.open else {
                let (path, depth) = self.waiting.pop_front()?;
                if let Err(error) = self.advance(path, depth) {
                    self.unreadable.push(error);
                }
                continue;
            };
            if let Some(object) = open.objects.next_object() {
                let index = open.index;
                open.index += 1;
                return Some(Found {
                    path: open.path.clone(),
                    index,
                    object,
                });
            }
            if open.ended {
                if open.index == 0 {
                    self.empty.push(open.path.clone());
                }
                self.open = None;
                continue;
            }
            match open.file.read(&mut self.piece) {
                Ok(0) => {
                    open.ended = true;
                    open.objects.finish();
                }
                Ok(read) => open
                    .objects
                    .feed(self.piece.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let path = open.path.clone();
                    self.unreadable.push(SourceError { path, error });
                    self.open = None;
                }
            }
        }
    }
}
