//! Builds librda in its own profile and lays it out as it is installed: library, header, pkg-config file.

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The cargo profile in which a panic becomes a code.
const PROFILE: &str = "librda";

/// Where librda goes, and where it comes from.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder to lay `lib/`, `include/` and `lib/pkgconfig/` in.
    #[arg(long)]
    prefix: PathBuf,

    /// Take the library from this folder instead of building it.
    #[arg(long)]
    built: Option<PathBuf>,

    /// Folder that the pkg-config file names, where that is not where things are laid now.
    #[arg(long, value_name = "FOLDER")]
    final_prefix: Option<PathBuf>,
}

/// Builds librda, unless it is there already, and lays it out.
///
/// # Errors
/// If it does not build, or a file cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let built = match &arguments.built {
        Some(folder) => folder.clone(),
        None => {
            build()?;
            cargo::built("").with_file_name(PROFILE)
        }
    };
    lay_out(&built, &arguments.prefix, arguments.final_prefix.as_deref())
}

/// Builds shared and static library for release: without the simulated chip.
pub(crate) fn build() -> Result<()> {
    cargo::run(&mut cargo::command(
        &cargo::root(),
        &["build", "--package", "rda-ffi", "--profile", PROFILE],
    ))
}

fn lay_out(built: &Path, prefix: &Path, final_prefix: Option<&Path>) -> Result<()> {
    let header = cargo::root().join("ffi/include/rda.h");
    let text = fs::read_to_string(&header).with_context(|| header.display().to_string())?;
    let abi = text
        .lines()
        .find_map(|line| line.strip_prefix("#define RDA_ABI_VERSION "))
        .context("the header has no RDA_ABI_VERSION")?;
    let version = env!("CARGO_PKG_VERSION");

    let (lib, include) = (prefix.join("lib"), prefix.join("include"));
    fs::create_dir_all(lib.join("pkgconfig"))?;
    fs::create_dir_all(&include)?;
    let copy = |from: &Path, to: &Path| {
        fs::copy(from, to)
            .map(drop)
            .with_context(|| from.display().to_string())
    };
    copy(&header, &include.join("rda.h"))?;
    copy(&built.join("librda.a"), &lib.join("librda.a"))?;
    if cfg!(target_os = "macos") {
        let named = format!("librda.{abi}.dylib");
        copy(&built.join("librda.dylib"), &lib.join(&named))?;
        link(&named, &lib.join("librda.dylib"))?;
    } else {
        // The file by its version, the name that programs ask for, and the name that the linker asks for.
        let file = format!("librda.so.{version}");
        let named = format!("librda.so.{abi}");
        copy(&built.join("librda.so"), &lib.join(&file))?;
        link(&file, &lib.join(&named))?;
        link(&named, &lib.join("librda.so"))?;
    }
    let prefix = match final_prefix {
        Some(prefix) => prefix.to_owned(),
        None => fs::canonicalize(prefix)?,
    };
    let Some(prefix) = prefix.to_str().filter(|prefix| !prefix.contains(' ')) else {
        bail!("a pkg-config file cannot name this folder");
    };
    let module = format!(
        "prefix={prefix}\n\
         libdir=${{prefix}}/lib\n\
         includedir=${{prefix}}/include\n\
         \n\
         Name: librda\n\
         Description: Terminal and verifier for electronic travel documents (ICAO Doc 9303)\n\
         URL: {}\n\
         Version: {version}\n\
         Libs: -L${{libdir}} -lrda\n\
         Libs.private: {}\n\
         Cflags: -I${{includedir}}\n",
        env!("CARGO_PKG_REPOSITORY"),
        NATIVE
    );
    fs::write(lib.join("pkgconfig/rda.pc"), module)?;
    Ok(())
}

/// What the static library needs of the system (`rustc --print native-static-libs`).
const NATIVE: &str = if cfg!(target_os = "macos") {
    "-liconv -lSystem -lc -lm"
} else {
    "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc"
};

/// A link `at` to its neighbour `to`, in place of what is there.
fn link(to: &str, at: &Path) -> Result<()> {
    let mut command = Command::new("ln");
    command.args(["-s", "-f", to]).arg(at);
    cargo::run(&mut command)
}
