//! Pictures of what a browser shows, for people to look at: `target/screenshots`. Taken under `RDA_LONG` only.

use crate::browser::Browser;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Where a picture of this name goes.
pub fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/screenshots")
        .join(format!("{name}.png"))
}

/// Whether pictures are wanted.
pub fn wanted() -> bool {
    std::env::var_os("RDA_LONG").is_some()
}

/// Takes a picture, where pictures are wanted.
///
/// # Errors
/// If it cannot be taken or written.
pub fn take(browser: &Browser, name: &str) -> Result<()> {
    if wanted() {
        browser.screenshot(&place(name))?;
    }
    Ok(())
}
