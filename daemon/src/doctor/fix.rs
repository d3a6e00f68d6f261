//! What the doctor can do by itself, after asking.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

/// A mend that does no harm where it does not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// A program with its arguments.
    Command(&'static [&'static str]),
    /// A text for a file of the kernel, which is there already.
    Write {
        /// The file.
        path: PathBuf,
        /// What goes into it.
        text: String,
    },
}

impl Fix {
    /// What will be done, as a person would type it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Command(words) => words.join(" "),
            Self::Write { path, text } => format!("echo {text} > {}", path.display()),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// What the system says.
    pub fn apply(&self) -> io::Result<()> {
        match self {
            Self::Command(words) => {
                let Some((program, arguments)) = words.split_first() else {
                    return Ok(());
                };
                let status = Command::new(program).args(arguments).status()?;
                if status.success() {
                    Ok(())
                } else {
                    Err(io::Error::other(format!("{program}: {status}")))
                }
            }
            // Never made anew: where the kernel has no such file there is nothing to tell it.
            Self::Write { path, text } => OpenOptions::new()
                .write(true)
                .open(path)?
                .write_all(text.as_bytes()),
        }
    }
}
