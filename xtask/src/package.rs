//! The Debian packages, the same bytes from every checkout of a commit.

mod sbom;

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of cargo-deb that the packages are made with: another one may write other bytes.
const CARGO_DEB: &str = "3.8.0";
/// Programs, each with a package of its name, and the profile that it is built in.
const PROGRAMS: [(&str, &str); 2] = [("rda", "desktop"), ("rda-login", "release")];
/// Names of simulated documents. Each program that could show one holds its name.
const SIMULATOR: [&str; 2] = ["nl-passport-2011", "nl-passport-2024"];
/// The newest C library that the packages ask for (their `depends`), as symbols name it.
const NEWEST_GLIBC: (u32, u32) = (2, 36);

/// A package that was made.
pub(crate) struct Package {
    /// The program in it.
    pub(crate) program: &'static str,
    /// The file.
    pub(crate) path: PathBuf,
}

/// Makes the packages and tells their sizes.
///
/// # Errors
/// If a program is missing, something does not build, or a package would hold what it must not.
pub(crate) fn run() -> Result<()> {
    for package in make(&cargo::root())? {
        let size = fs::metadata(&package.path)?.len();
        let installed = field(&package.path, "Installed-Size")?;
        println!(
            "{}: {} KiB, {} KiB installed, SHA-256 {}",
            package.path.display(),
            size.div_ceil(1024),
            installed,
            digest(&package.path)?
        );
    }
    Ok(())
}

/// Makes the packages of the checkout at `root`.
///
/// # Errors
/// As [`run`].
pub(crate) fn make(root: &Path) -> Result<Vec<Package>> {
    let place = root.join("target/package");
    let epoch = commit_time(root)?;
    let deb = cargo::tool("cargo-deb", CARGO_DEB)?;
    let mut packages = Vec::new();
    for (program, profile) in PROGRAMS {
        let binary = build(root, program)?;
        let folder = place.join(program);
        let _old = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        cargo::run(Command::new(&binary).arg("manual").arg(&folder))?;
        let parts = sbom::write(root, program)?;
        fs::write(folder.join(format!("{program}.cdx.json")), parts)?;
        let out = place.join(format!("{program}.deb"));
        let mut pack = shipped(root, &["deb", "--no-build", "--package", program]);
        pack.args(["--profile", profile, "--output"])
            .arg(&out)
            .env("SOURCE_DATE_EPOCH", &epoch)
            .env("PATH", with_tools(&deb)?);
        cargo::run(&mut pack)?;
        let name = format!(
            "{program}_{}_{}.deb",
            field(&out, "Version")?,
            field(&out, "Architecture")?
        );
        let path = place.join(name);
        fs::rename(&out, &path)?;
        packages.push(Package { program, path });
    }
    Ok(packages)
}

/// Builds a program as it is shipped, and gives the place where it is.
///
/// # Errors
/// If it is none that is shipped, does not build, or holds what it must not.
pub(crate) fn build(root: &Path, program: &str) -> Result<PathBuf> {
    no_simulator_asked_for(root)?;
    let (_, profile) = PROGRAMS
        .into_iter()
        .find(|(name, _)| *name == program)
        .context("no such program is shipped")?;
    let options = [
        "build",
        "--locked",
        "--package",
        program,
        "--profile",
        profile,
    ];
    cargo::run(&mut shipped(root, &options))?;
    let place = root
        .join("target/package/build")
        .join(profile)
        .join(program);
    inspect(&place)?;
    Ok(place)
}

/// A cargo command with the settings of what is shipped.
fn shipped(root: &Path, arguments: &[&str]) -> Command {
    let mut command = cargo::command(root, arguments);
    command
        .env("CARGO_TARGET_DIR", root.join("target/package/build"))
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", remapped(root))
        // Features of other members must not come in by the way.
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION");
    command
}

/// Seconds since 1970 of the commit: the time of every file in a package.
fn commit_time(root: &Path) -> Result<String> {
    let output = Command::new("git")
        .args(["log", "-1", "--format=%ct"])
        .current_dir(root)
        .output()
        .context("cannot start git")?;
    let time = String::from_utf8(output.stdout)?.trim().to_owned();
    if !output.status.success() || time.is_empty() {
        bail!("packages are made from a commit: there is none");
    }
    Ok(time)
}

/// Paths of this machine stand for nothing in the packages.
fn remapped(root: &Path) -> OsString {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let mut flags = OsString::from("--remap-path-prefix=");
    flags.push(root);
    flags.push("=/rda");
    if let Some(home) = home {
        // The separator of CARGO_ENCODED_RUSTFLAGS.
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(home);
        flags.push("=/cargo");
    }
    flags
}

fn with_tools(tools: &Path) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(folders)?)
}

/// The features that the packages are built with, as cargo sees them: none of them may be the simulator.
fn no_simulator_asked_for(root: &Path) -> Result<()> {
    let output = cargo::command(
        root,
        &[
            "tree",
            "--locked",
            "--package",
            "rda",
            "--package",
            "rda-login",
            "--edges",
            "normal,features",
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
        ],
    )
    .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
    .output()?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    }
    let tree = String::from_utf8(output.stdout)?;
    if tree.contains("simulator") {
        bail!("the packages would be built with the feature `simulator`");
    }
    Ok(())
}

/// Looks into a program: no simulated document is in it, and no newer C library is wanted than the package asks for.
fn inspect(binary: &Path) -> Result<()> {
    let bytes = fs::read(binary).with_context(|| binary.display().to_string())?;
    if let Some(name) = simulated(&bytes) {
        bail!(
            "{}: a simulated document, {name}, is in it",
            binary.display()
        );
    }
    let newest = newest_glibc(&bytes);
    if newest > NEWEST_GLIBC {
        bail!(
            "{}: wants GLIBC_{}.{}, the package asks for less",
            binary.display(),
            newest.0,
            newest.1
        );
    }
    Ok(())
}

fn simulated(bytes: &[u8]) -> Option<&'static str> {
    SIMULATOR.into_iter().find(|name| {
        bytes
            .windows(name.len())
            .any(|window| window == name.as_bytes())
    })
}

/// The highest version among the symbols `GLIBC_2.x` that a program names.
fn newest_glibc(bytes: &[u8]) -> (u32, u32) {
    let mark = b"GLIBC_";
    let mut newest = (0, 0);
    for (at, window) in bytes.windows(mark.len()).enumerate() {
        if window != mark {
            continue;
        }
        let rest = bytes.get(at + mark.len()..).unwrap_or_default();
        let text: String = rest
            .iter()
            .take(16)
            .map(|&byte| char::from(byte))
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let mut numbers = text.split('.').map(str::parse::<u32>);
        if let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) {
            newest = newest.max((major, minor));
        }
    }
    newest
}

/// A field of a package's control file.
///
/// # Errors
/// If dpkg-deb cannot read it.
pub(crate) fn field(package: &Path, name: &str) -> Result<String> {
    let output = Command::new("dpkg-deb")
        .arg("--field")
        .arg(package)
        .arg(name)
        .output()
        .context("cannot start dpkg-deb")?;
    if !output.status.success() {
        bail!("dpkg-deb: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// If sha256sum fails.
pub(crate) fn digest(path: &Path) -> Result<String> {
    let output = Command::new("sha256sum")
        .arg(path)
        .output()
        .context("cannot start sha256sum")?;
    let text = String::from_utf8(output.stdout)?;
    match text.split_once(' ') {
        Some((digest, _)) if output.status.success() => Ok(digest.to_owned()),
        _ => bail!("sha256sum: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_packages_are_built_without_the_simulator() {
        no_simulator_asked_for(&cargo::root()).unwrap();
    }

    /// The programs of the tests have it: the look into a program can fail.
    #[test]
    fn a_simulated_document_in_a_program_is_seen() {
        let program = cargo::built("rda");
        let Ok(bytes) = fs::read(&program) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "{} is not built",
                program.display()
            );
            println!("skipped: {} is not built", program.display());
            return;
        };
        assert_eq!(simulated(&bytes), Some(SIMULATOR[0]));
        assert_eq!(simulated(b"nothing of the kind"), None);
    }

    #[test]
    fn versions_of_the_c_library_are_numbers() {
        let bytes = b"\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.4\0GLIBC_PRIVATE\0";
        assert_eq!(newest_glibc(bytes), (2, 34));
    }
}
