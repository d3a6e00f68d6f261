//! What the tests need beside Rust: Debian packages, and two of npm, for development only.

use crate::cargo;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// A file that shows the package to be there, and the package. The demonstration needs none of them.
const PACKAGES: [(&str, &str); 23] = [
    ("/usr/sbin/pcscd", "pcscd"),
    (
        "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
        "vsmartcard-vpcd",
    ),
    ("/usr/include/PCSC/winscard.h", "libpcsclite-dev"), // the foreign readers link it
    ("/usr/include/openssl/ssl.h", "libssl-dev"),        // the cryptography is compared with it
    ("/usr/bin/pkg-config", "pkg-config"),
    ("/usr/bin/dbus-daemon", "dbus-daemon"), // the notification is shown on a bus of the test's own
    ("/usr/bin/strace", "strace"),           // what a login writes and dials
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/chromedriver", "chromium-driver"),
    ("/usr/bin/firefox-esr", "firefox-esr"),
    ("/usr/bin/node", "nodejs"),
    ("/usr/bin/npm", "npm"),
    // The C interface: its examples, and what watches over their memory.
    ("/usr/bin/gcc", "gcc"),
    ("/usr/bin/g++", "g++"),
    ("/usr/bin/nm", "binutils"),
    ("/usr/bin/valgrind", "valgrind"),
    ("/usr/bin/python3", "python3"),
    ("/usr/bin/javac", "default-jdk-headless"),
    ("/usr/bin/java", "default-jre-headless"),
    ("/usr/share/java/jna.jar", "libjna-java"),
    ("/usr/bin/systemd-socket-activate", "systemd"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/lib/pcsc/drivers/ifd-acsccid.bundle", "libacsccid1"), // the table of readers is compared with its list
];

/// Installs what is missing, as root on a system with apt. Elsewhere it names what is missing.
///
/// # Errors
/// In continuous integration, if something stays missing; or if the installation fails.
pub(crate) fn ensure() -> Result<bool> {
    let missing = || {
        PACKAGES
            .iter()
            .filter(|(file, _)| !Path::new(file).exists())
            .map(|(_, package)| *package)
            .collect::<Vec<_>>()
    };
    let wanted = missing();
    if wanted.is_empty() {
        return fetch_npm_packages();
    }
    if is_root() && Path::new("/usr/bin/apt-get").exists() {
        eprintln!("installing {}", wanted.join(" "));
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive");
            cargo::run(&mut command)
        };
        apt(&["update", "--quiet"])?;
        let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
        apt(&[&install[..], &wanted[..]].concat())?;
    }
    let left = missing().join(" ");
    if left.is_empty() {
        return fetch_npm_packages();
    }
    if std::env::var_os("CI").is_some() {
        bail!("missing Debian packages: {left}");
    }
    eprintln!("\nNot all tests can run here. They need: apt-get install {left}\n");
    Ok(false)
}

/// Fetches what `login/sdk/package-lock.json` names, by its hashes, where it has not been fetched: the compiler that checks the
/// page SDK's types, and the checker of accessibility. Nothing of it is part of any program, and no script of it is run.
fn fetch_npm_packages() -> Result<bool> {
    let folder = cargo::root().join("login/sdk");
    let time = |file: &str| {
        let metadata = std::fs::metadata(folder.join(file)).ok()?;
        metadata.modified().ok()
    };
    let fetched = time("node_modules/.package-lock.json");
    if fetched.is_some() && fetched >= time("package-lock.json") {
        return Ok(true);
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder);
    match cargo::run(&mut npm) {
        Ok(()) => Ok(true),
        Err(error) if std::env::var_os("CI").is_some() => Err(error),
        Err(error) => {
            eprintln!("\nNot all tests can run here: {error:#}\n");
            Ok(false)
        }
    }
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}
