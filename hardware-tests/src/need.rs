//! What a test needs on the machine beside Rust, and what happens where it is missing.
//!
//! In continuous integration a missing program is a failure. Elsewhere the test ends early and says on the terminal,
//! past the test runner's capture, what it left untested and which Debian packages bring it.

use anyhow::{Result, anyhow};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Something a test needs, and the Debian packages that bring it.
pub struct Need {
    /// A file that is there where the need is met.
    pub file: &'static str,
    /// The Debian packages that bring it.
    pub packages: &'static str,
}

/// The PC/SC service.
pub const PCSCD: Need = Need {
    file: "/usr/sbin/pcscd",
    packages: "pcscd",
};
/// The virtual reader.
pub const VPCD: Need = Need {
    file: "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    packages: "vsmartcard-vpcd",
};
/// The browser.
pub const CHROMIUM: Need = Need {
    file: "/usr/bin/chromium",
    packages: "chromium",
};
/// The browser's WebDriver server.
pub const CHROMEDRIVER: Need = Need {
    file: "/usr/bin/chromedriver",
    packages: "chromium-driver",
};

/// The other browser.
pub const FIREFOX: Need = Need {
    file: "/usr/bin/firefox-esr",
    packages: "firefox-esr",
};
/// The checker of accessibility, which `cargo xtask packages` fetches by npm.
pub const AXE: Need = Need {
    file: concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../login/sdk/node_modules/axe-core/axe.min.js"
    ),
    packages: "npm (then: npm ci in login/sdk)",
};
/// The compiler that writes the types of the page SDK, which `cargo xtask packages` fetches by npm.
pub const TYPESCRIPT: Need = Need {
    file: concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../login/sdk/node_modules/typescript/bin/tsc"
    ),
    packages: "nodejs npm (then: npm ci in login/sdk)",
};

/// `true` if all needs are met. If one is not: an error in continuous integration, and `false` with a message on
/// the terminal elsewhere.
///
/// # Errors
/// In continuous integration, naming what is missing.
pub fn all(test: &str, needs: &[&Need]) -> Result<bool> {
    let missing = needs
        .iter()
        .filter(|need| !Path::new(need.file).exists())
        .collect::<Vec<_>>();
    if missing.is_empty() {
        return Ok(true);
    }
    let packages = missing
        .iter()
        .map(|need| need.packages)
        .collect::<Vec<_>>()
        .join(" ");
    if std::env::var_os("CI").is_some() {
        return Err(anyhow!("{test}: missing Debian packages: {packages}"));
    }
    // Not eprintln!, which the test runner captures.
    let _ = writeln!(
        std::io::stderr(),
        "\nNOT TESTED: {test}. It needs: apt-get install {packages}"
    );
    Ok(false)
}

/// `true` where the test runs as root. Elsewhere as with [`all`].
///
/// # Errors
/// In continuous integration.
pub fn root(test: &str) -> Result<bool> {
    if rustix::process::getuid().is_root() {
        return Ok(true);
    }
    if std::env::var_os("CI").is_some() {
        return Err(anyhow!("{test}: needs root"));
    }
    let _ = writeln!(std::io::stderr(), "\nNOT TESTED: {test}. It needs root");
    Ok(false)
}

/// A foreign reader of `hardware-tests/peers`, a workspace of its own. In continuous integration one that is not built is
/// an error; elsewhere `None`, with a message on the terminal.
///
/// # Errors
/// As said.
pub fn peer(name: &str) -> Result<Option<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let path = folder.join("target/debug").join(name);
    if path.is_file() {
        return Ok(Some(path));
    }
    if std::env::var_os("CI").is_some() {
        return Err(anyhow!(
            "`{name}` is not built: cargo build in {}",
            folder.display()
        ));
    }
    let _ = writeln!(
        std::io::stderr(),
        "\nNOT TESTED: {name}. It needs: apt-get install libpcsclite-dev pkg-config, and cargo build in {}",
        folder.display()
    );
    Ok(None)
}

/// A program that this workspace builds, beside the test's own.
///
/// # Errors
/// If it has not been built.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    // target/debug/deps/TEST-HASH for a test, target/debug/PROGRAM for a program.
    test.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            anyhow!("`{name}` is not built: cargo build --workspace --all-features, or run `cargo xtask test`")
        })
}
