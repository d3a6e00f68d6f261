//! `rda trust`: which login servers this user's daemon obeys.
//!
//! A trust file decides who may have a document read, and a file can come from anywhere. So each key that would be obeyed
//! anew is confirmed by its fingerprint, which the citizen has from elsewhere: a letter, the service's own site. Keys that
//! an older file for the same server lists were confirmed before; that makes the rotation of keys a matter of one file.

use std::fs::{self, File};
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use icao::pki::UnixTime;
use protocol::jwk::PublicJwk;
use protocol::trust::{MAX_FILE, ServerId, TrustedKey, TrustedServer};

use crate::files::{self, Readers};
use crate::trust::{Scope, TrustStore};

/// Digits of a fingerprint that are typed to confirm it: 64 bits, which nobody hits by making keys.
const TYPED: usize = 16;

/// Arguments of `rda trust`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the servers, their origins, and the fingerprints and validity of their keys.
    List,
    /// Trust a login server, or take a newer file of one.
    ///
    /// Every key that was not trusted before is confirmed by the first 16 digits of its fingerprint: typed on the terminal,
    /// or given with --fingerprint.
    Add {
        /// The server's trust file, as it hands it out; `-` for standard input (then with --fingerprint).
        file: PathBuf,
        /// The fingerprint of a new key, at least its first 16 digits. Once for each new key.
        #[arg(long, value_name = "HEX")]
        fingerprint: Vec<String>,
    },
    /// Trust a login server no longer.
    Remove {
        /// The server's id.
        id: String,
    },
}

/// The two folders of trust files.
pub struct Folders {
    /// The administrator's.
    pub system: PathBuf,
    /// The user's own.
    pub user: PathBuf,
}

/// Runs `rda trust`; asks on `input`, prints to `output`.
///
/// # Errors
/// If a file cannot be read or written, is no trust file, is the administrator's to change, or is not confirmed.
pub fn run(
    arguments: &Arguments,
    folders: &Folders,
    now: u64,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<()> {
    match &arguments.verb {
        Verb::List => list(folders, now, output),
        Verb::Add { file, fingerprint } => add(file, fingerprint, folders, now, input, output),
        Verb::Remove { id } => remove(id, folders, output),
    }
}

/// SHA-256 of the key (RFC 7638), in groups of four hexadecimal digits.
#[must_use]
pub fn fingerprint(key: &PublicJwk) -> String {
    let digits = hex(key);
    let groups: Vec<_> = (0..digits.len())
        .step_by(4)
        .filter_map(|at| digits.get(at..at + 4))
        .collect();
    groups.join(" ")
}

fn hex(key: &PublicJwk) -> String {
    let print = key.thumbprint();
    print.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn list(folders: &Folders, now: u64, output: &mut dyn Write) -> Result<()> {
    let store = TrustStore::load(Some(&folders.system), Some(&folders.user));
    for entry in store.entries() {
        let whose = match entry.scope {
            Scope::System => "the administrator's",
            Scope::User => "your own",
        };
        writeln!(
            output,
            "{} ({whose}: {})",
            entry.server.id().as_str(),
            entry.path.display()
        )?;
        describe(&entry.server, now, output)?;
    }
    if store.entries().next().is_none() {
        writeln!(output, "no login server is trusted")?;
    }
    for problem in store.problems() {
        writeln!(output, "{}: {}", problem.path.display(), problem.reason)?;
    }
    Ok(())
}

fn describe(server: &TrustedServer, now: u64, output: &mut dyn Write) -> Result<()> {
    for (language, name) in server.names() {
        writeln!(output, "  name ({}): {}", language.as_str(), name.as_str())?;
    }
    for origin in server.origins() {
        writeln!(output, "  origin: {}", origin.as_str())?;
    }
    if server.is_test() {
        writeln!(
            output,
            "  a test server: plain http on this computer is allowed"
        )?;
    }
    for key in server.keys() {
        writeln!(output, "  key {}: {}", key.kid.as_str(), validity(key, now))?;
        writeln!(output, "    {}", fingerprint(&key.jwk))?;
    }
    Ok(())
}

fn validity(key: &TrustedKey, now: u64) -> String {
    let day = |seconds: u64| {
        i64::try_from(seconds)
            .map(|seconds| UnixTime(seconds).to_string())
            .unwrap_or_else(|_| "for ever".to_owned())
    };
    let counts = match (key.not_before, key.not_after) {
        (Some(start), _) if now < start => "not valid yet",
        (_, Some(end)) if end < now => "no longer valid",
        _ => "valid",
    };
    let from = key.not_before.map(|start| format!(" from {}", day(start)));
    let until = key.not_after.map(|end| format!(" until {}", day(end)));
    format!(
        "{counts}{}{}",
        from.unwrap_or_default(),
        until.unwrap_or_default()
    )
}

fn add(
    file: &Path,
    fingerprints: &[String],
    folders: &Folders,
    now: u64,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<()> {
    let text = read(file, input)?;
    let server: TrustedServer = toml::from_str(&text)
        .map_err(|error| anyhow::anyhow!("not a trust file: {}", error.message()))?;
    let name = format!("{}.toml", server.id().as_str());
    if folders.system.join(&name).symlink_metadata().is_ok() {
        bail!(
            "the administrator decides about {}: {}",
            server.id().as_str(),
            folders.system.display()
        );
    }
    writeln!(output, "{}", server.id().as_str())?;
    describe(&server, now, output)?;

    let store = TrustStore::load(None, Some(&folders.user));
    let known = store.server(server.id().as_str());
    let is_known = |key: &TrustedKey| {
        known.is_some_and(|known| known.keys().iter().any(|old| is_within(key, old)))
    };
    // Another origin, or plain http, is another page that may ask: then the old keys are confirmed again too.
    let widens = known.is_some_and(|known| {
        let origins = server.origins().iter();
        (server.is_test() && !known.is_test())
            || origins
                .map(|origin| origin.as_str())
                .any(|origin| !known.lists_origin(origin))
    });
    for key in server.keys().iter().filter(|key| widens || !is_known(key)) {
        confirm(key, fingerprints, file, input, output)?;
    }
    install(&folders.user, &name, &text)?;
    writeln!(output, "{} is trusted now", server.id().as_str())?;
    Ok(())
}

/// Whether this is the same key, and counts at no time at which the old one did not. One that was retired may have leaked.
fn is_within(key: &TrustedKey, old: &TrustedKey) -> bool {
    let start = |key: &TrustedKey| key.not_before.unwrap_or(0);
    let end = |key: &TrustedKey| key.not_after.unwrap_or(u64::MAX);
    key.jwk == old.jwk && start(old) <= start(key) && end(key) <= end(old)
}

fn read(file: &Path, input: &mut dyn BufRead) -> Result<String> {
    let mut text = String::new();
    let limit = MAX_FILE as u64 + 1;
    if file.as_os_str() == "-" {
        input.take(limit).read_to_string(&mut text)?;
    } else {
        File::open(file)
            .and_then(|file| file.take(limit).read_to_string(&mut text))
            .with_context(|| file.display().to_string())?;
    }
    if text.len() > MAX_FILE {
        bail!("{}: larger than {MAX_FILE} bytes", file.display());
    }
    Ok(text)
}

fn confirm(
    key: &TrustedKey,
    given: &[String],
    file: &Path,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<()> {
    let digits = hex(&key.jwk);
    let fits = |text: &str| {
        let typed: String = text
            .chars()
            .filter(|character| !character.is_whitespace() && *character != ':')
            .collect();
        typed.len() >= TYPED && digits.starts_with(&typed.to_ascii_lowercase())
    };
    if given.iter().any(|given| fits(given)) {
        return Ok(());
    }
    if !given.is_empty() || file.as_os_str() == "-" {
        bail!(
            "the key {} is not confirmed by --fingerprint",
            key.kid.as_str()
        );
    }
    write!(
        output,
        "Key {}: type the first {TYPED} digits of its fingerprint, as the service told you by another way: ",
        key.kid.as_str()
    )?;
    output.flush()?;
    let mut line = String::new();
    input.take(256).read_line(&mut line)?;
    if !fits(&line) {
        bail!(
            "that is not the fingerprint of the key {}: nothing was changed",
            key.kid.as_str()
        );
    }
    Ok(())
}

/// Puts the file in place whole, readable by others as trust files are.
fn install(folder: &Path, name: &str, text: &str) -> Result<()> {
    files::make_folder(folder).with_context(|| folder.display().to_string())?;
    let fresh = folder.join(format!(".{name}.new"));
    let write = || -> io::Result<()> {
        files::options(Readers::All)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)?
            .write_all(text.as_bytes())?;
        fs::rename(&fresh, folder.join(name))
    };
    write().with_context(|| folder.join(name).display().to_string())
}

fn remove(id: &str, folders: &Folders, output: &mut dyn Write) -> Result<()> {
    // The id becomes a file name.
    let id = ServerId::try_from(id.to_owned())?;
    let name = format!("{}.toml", id.as_str());
    match fs::remove_file(folders.user.join(&name)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if folders.system.join(&name).symlink_metadata().is_ok() {
                bail!(
                    "{} is the administrator's: {}",
                    id.as_str(),
                    folders.system.display()
                );
            }
            bail!("{} is not trusted", id.as_str());
        }
        Err(error) => return Err(error).context(folders.user.join(&name).display().to_string()),
    }
    writeln!(output, "{} is not trusted any more", id.as_str())?;
    Ok(())
}
