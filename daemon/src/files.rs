//! Files and folders for their owner alone, in the way of each operating system.
//!
//! Unix has rights in the file itself. On Windows what is made below a user's profile, and nothing else is made here,
//! inherits a list that lets in this user, the system and the administrators.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder, and those above it that are not there, for its owner alone.
///
/// # Errors
/// What the file system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Who may read a file that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner.
    Owner,
    /// Everybody who can reach its folder.
    All,
}

/// Options to open or make a file in a folder of one's own, where a link that lies in its place is not followed.
#[must_use]
#[cfg_attr(not(unix), allow(unused_variables))]
pub fn options(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options
            .mode(match readers {
                Readers::Owner => 0o600,
                Readers::All => 0o644,
            })
            .custom_flags(libc::O_NOFOLLOW);
    }
    #[cfg(windows)]
    {
        // Opens the link itself, which then is no file of ours (CreateFileW).
        const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
        std::os::windows::fs::OpenOptionsExt::custom_flags(
            &mut options,
            FILE_FLAG_OPEN_REPARSE_POINT,
        );
    }
    options
}
