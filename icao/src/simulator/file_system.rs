//! The files of a chip: a master file, and applications with elementary files (Doc 9303-10, 3; ISO/IEC 7816-4, 7.1).

/// When an elementary file may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAccess {
    /// At any time: EF.CardAccess, EF.ATR/INFO, EF.DIR.
    Always,
    /// After BAC, BAP or PACE.
    Password,
    /// After PACE only: EF.CardSecurity (Doc 9303-10, 3.11.4).
    Pace,
    /// After Terminal Authentication, which simulated chips do not have: DG3 and DG4.
    Terminal,
}

/// An elementary file.
#[derive(Clone)]
pub struct ElementaryFile {
    /// File identifier, two bytes.
    pub fid: u16,
    /// Short file identifier, 1 to 30; `None` if the file has none.
    pub sfi: Option<u8>,
    /// When it may be read.
    pub access: ReadAccess,
    /// What it holds, as READ BINARY delivers it.
    pub content: Vec<u8>,
}

impl ElementaryFile {
    /// A file whose short identifier is the low-order byte of `fid`, as in all files of Doc 9303 and ISO/IEC 18013-3.
    #[must_use]
    pub fn new(fid: u16, access: ReadAccess, content: Vec<u8>) -> Self {
        let [_, low] = fid.to_be_bytes();
        Self {
            fid,
            sfi: (1..=30).contains(&low).then_some(low),
            access,
            content,
        }
    }
}

impl core::fmt::Debug for ElementaryFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "ElementaryFile({:04X}, {} bytes)",
            self.fid,
            self.content.len()
        )
    }
}

/// The master file or an application: files under one roof.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Application identifier; empty for the master file.
    pub aid: Vec<u8>,
    /// The elementary files.
    pub files: Vec<ElementaryFile>,
}

impl Directory {
    /// Position of the file with this identifier.
    pub(super) fn by_fid(&self, fid: u16) -> Option<usize> {
        self.files.iter().position(|file| file.fid == fid)
    }

    /// Position of the file with this short identifier.
    pub(super) fn by_sfi(&self, sfi: u8) -> Option<usize> {
        self.files.iter().position(|file| file.sfi == Some(sfi))
    }

    /// Takes a file in, in place of one with the same identifier.
    pub fn put(&mut self, file: ElementaryFile) {
        self.files.retain(|other| other.fid != file.fid);
        self.files.push(file);
    }
}

/// All files of a chip.
#[derive(Clone, Debug, Default)]
pub struct FileSystem {
    /// The master file, selected after power-on.
    pub master_file: Directory,
    /// The applications, found by their identifier.
    pub applications: Vec<Directory>,
}

/// The directory in which a chip looks for files now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Current {
    /// The master file.
    MasterFile,
    /// An application, by its position.
    Application(usize),
    /// None: a chip whose SELECT of the master file answers 9000 and selects nothing.
    Nothing,
}

impl FileSystem {
    pub(super) fn directory(&self, current: Current) -> Option<&Directory> {
        match current {
            Current::MasterFile => Some(&self.master_file),
            Current::Application(position) => self.applications.get(position),
            Current::Nothing => None,
        }
    }

    pub(super) fn application(&self, aid: &[u8]) -> Option<usize> {
        self.applications
            .iter()
            .position(|directory| directory.aid == aid)
    }
}
