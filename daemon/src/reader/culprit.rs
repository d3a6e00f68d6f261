//! Which kind of program holds a card that we cannot have.
//!
//! PC/SC does not say. On Linux a program that talks to cards has the PC/SC library in its memory, and the memory maps of
//! the user's own processes can be read.

use std::fmt;

/// A kind of program that is known to hold cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Culprit {
    /// An agent for keys: GnuPG's scdaemon, ssh-agent and the like.
    KeyAgent,
    /// A browser, with a module for keys on cards.
    Browser,
    /// The desktop's own login by card.
    Desktop,
    /// Another program for electronic identities.
    IdentityProgram,
    /// A tool that looks at cards.
    CardTool,
    /// Something else.
    Other,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyAgent => "an agent for keys (such as GnuPG's scdaemon)",
            Self::Browser => "a browser with a card module",
            Self::Desktop => "the desktop's login by card",
            Self::IdentityProgram => "another program for electronic identities",
            Self::CardTool => "a tool that looks at cards",
            Self::Other => "another program",
        })
    }
}

/// Beginnings of the names of such programs.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
const KNOWN: [(&str, Culprit); 27] = [
    ("scdaemon", Culprit::KeyAgent),
    ("gpg-agent", Culprit::KeyAgent),
    ("ssh-agent", Culprit::KeyAgent),
    ("ssh-pkcs11", Culprit::KeyAgent),
    ("p11-kit", Culprit::KeyAgent),
    ("gnome-keyring", Culprit::KeyAgent),
    ("yubikey-agent", Culprit::KeyAgent),
    ("firefox", Culprit::Browser),
    ("chromium", Culprit::Browser),
    ("chrome", Culprit::Browser),
    ("brave", Culprit::Browser),
    ("msedge", Culprit::Browser),
    ("thunderbird", Culprit::Browser),
    ("gsd-smartcard", Culprit::Desktop),
    ("csd-smartcard", Culprit::Desktop),
    ("gdm-", Culprit::Desktop),
    ("pam_pkcs11", Culprit::Desktop),
    ("AusweisApp", Culprit::IdentityProgram),
    ("eid-viewer", Culprit::IdentityProgram),
    ("eidviewer", Culprit::IdentityProgram),
    ("web-eid", Culprit::IdentityProgram),
    ("qdigidoc", Culprit::IdentityProgram),
    ("beid", Culprit::IdentityProgram),
    ("pcsc_scan", Culprit::CardTool),
    ("opensc-", Culprit::CardTool),
    ("pkcs11-tool", Culprit::CardTool),
    ("pkcs15-tool", Culprit::CardTool),
];

#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn kind_of(program: &str) -> Culprit {
    KNOWN
        .iter()
        .find(|(beginning, _)| program.starts_with(beginning))
        .map_or(Culprit::Other, |(_, culprit)| *culprit)
}

/// The kind of a program of this user, other than this one, that uses PC/SC; the best known of several. `None` where none
/// is found, or the system does not tell.
pub(super) fn look() -> Option<Culprit> {
    #[cfg(target_os = "linux")]
    return linux::programs().map(|name| kind_of(&name)).min();
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io::{BufRead, BufReader, Read};
    use std::path::Path;

    /// A browser's maps are some hundreds of KiB.
    const LONGEST_MAPS: u64 = 8 * 1024 * 1024;

    /// Names of the programs that have the PC/SC library in memory.
    pub(super) fn programs() -> impl Iterator<Item = String> {
        let own = std::process::id();
        fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter(move |entry| {
                let name = entry.file_name();
                let id = name.to_str().and_then(|name| name.parse::<u32>().ok());
                id.is_some_and(|id| id != own)
            })
            .filter(|entry| uses_cards(&entry.path()))
            .filter_map(|entry| {
                let name = fs::read_to_string(entry.path().join("comm")).ok()?;
                Some(name.trim_end().to_owned())
            })
    }

    /// Processes of others say no.
    fn uses_cards(process: &Path) -> bool {
        File::open(process.join("maps")).is_ok_and(|maps| {
            BufReader::new(maps.take(LONGEST_MAPS))
                .lines()
                .map_while(Result::ok)
                .any(|line| line.contains("/libpcsclite.so"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Culprit, kind_of};

    #[test]
    fn programs_are_known_by_their_names() {
        assert_eq!(kind_of("scdaemon"), Culprit::KeyAgent);
        assert_eq!(kind_of("firefox-esr"), Culprit::Browser);
        assert_eq!(kind_of("something"), Culprit::Other);
        // What is best known comes first.
        assert!(Culprit::KeyAgent < Culprit::Other);
    }
}
