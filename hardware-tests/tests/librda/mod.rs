//! librda as it is installed, and the C compiler.

use anyhow::{Context as _, Result, bail};
use hardware_tests::need::{self, Need};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GCC: Need = Need {
    file: "/usr/bin/gcc",
    packages: "gcc libc6-dev",
};
const GXX: Need = Need {
    file: "/usr/bin/g++",
    packages: "g++",
};
const PKG_CONFIG: Need = Need {
    file: "/usr/bin/pkg-config",
    packages: "pkg-config",
};
const NM: Need = Need {
    file: "/usr/bin/nm",
    packages: "binutils",
};
/// What every test of the C interface needs.
pub(crate) const C: [&Need; 4] = [&GCC, &GXX, &PKG_CONFIG, &NM];
pub(crate) const VALGRIND: Need = Need {
    file: "/usr/bin/valgrind",
    packages: "valgrind",
};
pub(crate) const PYTHON: Need = Need {
    file: "/usr/bin/python3",
    packages: "python3",
};
pub(crate) const JAVAC: Need = Need {
    file: "/usr/bin/javac",
    packages: "default-jdk-headless",
};
pub(crate) const JNA: Need = Need {
    file: "/usr/share/java/jna.jar",
    packages: "libjna-java",
};
pub(crate) const WINSCARD: Need = Need {
    file: "/usr/include/PCSC/winscard.h",
    packages: "libpcsclite-dev",
};

/// A test's own installation of librda, of what this workspace has built. Beside it lies the simulated chip.
pub(crate) struct Installed {
    folder: tempfile::TempDir,
}

/// How a C program gets librda.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    Shared,
    Static,
}

impl Installed {
    /// Lays librda out with `cargo xtask librda`.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("librda-").tempdir()?;
        let built = need::program("librda.so")?;
        let built = built.parent().context("librda.so lies nowhere")?;
        let mut install = Command::new(need::program("xtask")?);
        install
            .args(["librda", "--built"])
            .arg(built)
            .arg("--prefix")
            .arg(folder.path());
        run(&mut install)?;
        let simulator = "librda_simulator.so";
        std::fs::copy(
            built.join(simulator),
            folder.path().join("lib").join(simulator),
        )
        .context(simulator)?;
        std::fs::copy(
            ffi().join("simulator/include/rda_simulator.h"),
            folder.path().join("include/rda_simulator.h"),
        )?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// What `pkg-config` says of librda.
    pub(crate) fn flags(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let mut command = Command::new(PKG_CONFIG.file);
        command
            .args(arguments)
            .arg("rda")
            .env("PKG_CONFIG_PATH", self.path("lib/pkgconfig"));
        let output = run(&mut command)?;
        Ok(String::from_utf8(output.stdout)?
            .split_whitespace()
            .map(str::to_owned)
            .collect())
    }

    /// A command that finds the shared libraries.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", self.path("lib"));
        command
    }

    /// Compiles one C file of `ffi/`, every warning an error, and links it with librda and with `more`.
    pub(crate) fn compile(
        &self,
        source: &str,
        linked: Linked,
        name: &str,
        more: &[&str],
    ) -> Result<PathBuf> {
        let program = self.path(name);
        let mut gcc = Command::new(GCC.file);
        gcc.args([
            "-std=c11",
            "-O1",
            "-g",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
        ])
        .args(self.flags(&["--cflags"])?)
        .arg(ffi().join(source))
        .arg("-o")
        .arg(&program)
        .args(more);
        match linked {
            Linked::Shared => gcc.args(self.flags(&["--libs"])?),
            Linked::Static => gcc.arg(self.path("lib/librda.a")).args(
                self.flags(&["--libs", "--static"])?
                    .iter()
                    .filter(|flag| *flag != "-lrda"),
            ),
        };
        gcc.arg(format!("-L{}", self.path("lib").display()));
        if more.contains(&"-DWITH_SIMULATOR") {
            gcc.arg("-lrda_simulator");
        }
        run(&mut gcc)?;
        Ok(program)
    }
}

/// The folder of librda's sources.
pub(crate) fn ffi() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../ffi"))
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{command:?} ended with {}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output)
}
