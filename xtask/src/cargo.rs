//! The cargo that runs this task, and the places it works in.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The workspace of the foreign readers.
pub(crate) fn peers() -> PathBuf {
    root().join("hardware-tests/peers")
}

/// The workspace of the fuzz targets.
pub(crate) fn fuzz() -> PathBuf {
    root().join("fuzz")
}

/// The folder in which cargo builds the workspace.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where cargo puts what it builds of the workspace itself.
pub(crate) fn built(program: &str) -> PathBuf {
    target().join("debug").join(program)
}

/// The same, built with `--release`.
pub(crate) fn released(program: &str) -> PathBuf {
    target().join("release").join(program)
}

/// A cargo command in `folder`.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(folder);
    // What `cargo run` has set for this program would have the workspace's build scripts run again; and the settings of
    // the root's configuration, once in the environment, would win over those of the foreign readers' own.
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_")
            || text == "CARGO_MANIFEST_DIR"
            || text == "CARGO_MANIFEST_PATH"
            || text.starts_with("PCSC_LIB_")
        {
            command.env_remove(text);
        }
    }
    command
}

/// The folder with the program of a cargo tool, in this version; installed into `target/tools` where it is missing.
///
/// # Errors
/// If it cannot be installed.
pub(crate) fn tool(name: &str, version: &str) -> Result<PathBuf> {
    let tools = root()
        .join("target/tools")
        .join(format!("{name}-{version}"));
    let programs = tools.join("bin");
    if !programs.join(name).exists() {
        eprintln!("installing {name} {version} into {}", tools.display());
        let mut install = command(&root(), &["install", "--locked", name, "--version"]);
        run(install.arg(version).arg("--root").arg(&tools))?;
    }
    Ok(programs)
}

/// Runs a command to its end.
///
/// # Errors
/// If it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    if !status.success() {
        let arguments = command
            .get_args()
            .map(|argument| argument.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ");
        bail!("`{name} {arguments}` failed");
    }
    Ok(())
}
