//! Files and TCP: Landlock (Linux 5.13 and later, TCP since 6.7).

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::{Held, Needs};

/// The rights that are asked for: those of Linux 6.12, the newest that this project has run on. Older kernels give fewer.
const RIGHTS: ABI = ABI::V6;

/// Where systems keep shared libraries, and the index over them: the smart-card service's library may be installed while
/// the daemon runs, and newer ones load a second part when they are first used. Every user can read these anyway.
const LIBRARIES: [&str; 7] = [
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
];

/// Restricts this thread and those that it will start; gives what holds for files and for TCP.
pub(super) fn restrict(needs: &Needs) -> (Held, Held) {
    match apply(needs) {
        Ok(status) => status,
        Err(error) => {
            let why = error.to_string();
            (Held::No(why.clone()), Held::No(why))
        }
    }
}

fn apply(needs: &Needs) -> Result<(Held, Held), RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // A record is written beside the old one, which it then replaces.
    let write =
        read | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::from_all(RIGHTS))?
        .scope(Scope::Signal)?;
    // A desktop of the older kind has its message bus at an abstract address.
    if !bus_is_abstract() {
        ruleset = ruleset.scope(Scope::AbstractUnixSocket)?;
    }
    let status = ruleset
        .create()?
        .add_rules(path_beneath_rules(LIBRARIES, read))?
        .add_rules(path_beneath_rules(&needs.read, read))?
        .add_rules(path_beneath_rules(&needs.write, write))?
        .restrict_self()?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => (Held::Yes, Held::Yes),
        (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
            let version = format!("Landlock version {effective_abi}");
            let tcp = if effective_abi >= ABI::V4 {
                Held::Yes
            } else {
                Held::No(version.clone())
            };
            (Held::Partly(version), tcp)
        }
        (_, LandlockStatus::NotEnabled) => none("Landlock is not enabled"),
        (_, LandlockStatus::NotImplemented) => none("this kernel has no Landlock"),
        (_, LandlockStatus::Available { .. }) => none("Landlock did not take the rules"),
    })
}

fn none(why: &str) -> (Held, Held) {
    (Held::No(why.to_owned()), Held::No(why.to_owned()))
}

fn bus_is_abstract() -> bool {
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS")
        .is_some_and(|address| address.to_string_lossy().contains("abstract="))
}
