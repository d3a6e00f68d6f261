//! Trust folders, and the record of used requests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use protocol::request::Claims;
use rda::replay::{ReplayError, UsedRequests};
use rda::trust::{ProblemReason, Scope, TrustStore};
use serde_json::json;
use tempfile::TempDir;

use crate::support::*;

fn folders() -> (TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let (system, user) = (folder.path().join("system"), folder.path().join("user"));
    fs::create_dir_all(&system).unwrap();
    fs::create_dir_all(&user).unwrap();
    (folder, system, user)
}

fn load(system: &Path, user: &Path) -> TrustStore {
    TrustStore::load(Some(system), Some(user))
}

#[test]
fn the_system_decides_about_its_servers() {
    let (_folder, system, user) = folders();
    write_trust(&system, &trust_file("login.example", 1, &[ORIGIN], false));
    write_trust(
        &user,
        &trust_file("login.example", 2, &["https://evil.example"], false),
    );
    write_trust(
        &user,
        &trust_file("own.example", 3, &["https://own.example"], false),
    );
    let store = load(&system, &user);
    let entries: Vec<_> = store
        .entries()
        .map(|e| (e.server.id().as_str(), e.scope))
        .collect();
    assert_eq!(
        entries,
        [
            ("login.example", Scope::System),
            ("own.example", Scope::User)
        ]
    );
    assert!(store.lists_origin(ORIGIN) && store.lists_origin("https://own.example"));
    assert!(!store.lists_origin("https://evil.example"));
    assert!(
        matches!(store.problems(), [problem] if matches!(problem.reason, ProblemReason::SystemDecides)
        && problem.path == user.join("login.example.toml"))
    );
}

/// What an administrator laid down wrongly is not replaced by what a user likes better.
#[test]
fn a_broken_file_of_the_system_still_decides() {
    let (_folder, system, user) = folders();
    fs::write(system.join("login.example.toml"), "id = ").unwrap();
    write_trust(
        &user,
        &trust_file("login.example", 2, &["https://evil.example"], false),
    );
    let store = load(&system, &user);
    assert_eq!(store.entries().count(), 0);
    assert_eq!(store.problems().len(), 2);
    // Nor one that cannot be followed.
    fs::remove_file(system.join("login.example.toml")).unwrap();
    std::os::unix::fs::symlink("/nowhere", system.join("login.example.toml")).unwrap();
    assert_eq!(load(&system, &user).entries().count(), 0);
}

#[test]
fn files_that_do_not_count() {
    let (_folder, system, user) = folders();
    let good = trust_file("good.example", 1, &[ORIGIN], false);
    write_trust(&user, &good);
    let good = fs::read_to_string(user.join("good.example.toml")).unwrap();
    let write = |name: &str, text: &str| fs::write(user.join(name), text).unwrap();
    write("other.example.toml", &good);
    write(
        "large.example.toml",
        &format!("{good}#{}", "x".repeat(protocol::trust::MAX_FILE)),
    );
    write("binary.example.toml", "\0");
    fs::write(user.join("latin.example.toml"), b"id = \"\xff\"").unwrap();
    write(
        "world.example.toml",
        &good.replace("good.example", "world.example"),
    );
    fs::set_permissions(
        user.join("world.example.toml"),
        fs::Permissions::from_mode(0o666),
    )
    .unwrap();
    fs::create_dir(user.join("folder.example.toml")).unwrap();
    let mkfifo = std::process::Command::new("mkfifo")
        .arg(user.join("pipe.example.toml"))
        .status();
    assert!(mkfifo.unwrap().success());
    // Not even looked at.
    write("notes.txt", "x");
    write(".hidden.toml", "x");
    let store = load(&system, &user);
    assert_eq!(store.entries().count(), 1);
    let problems: Vec<_> = store
        .problems()
        .iter()
        .map(|problem| {
            let name = problem.path.file_name().unwrap().to_str().unwrap();
            let kind = match problem.reason {
                ProblemReason::Name => "name",
                ProblemReason::TooLarge => "large",
                ProblemReason::Malformed(_) => "malformed",
                ProblemReason::Io(_) => "io",
                ProblemReason::WorldWritable => "world",
                ProblemReason::NotAFile => "no file",
                _ => "other",
            };
            (name.split('.').next().unwrap(), kind)
        })
        .collect();
    assert_eq!(
        problems,
        [
            ("binary", "malformed"),
            ("folder", "no file"),
            ("large", "large"),
            ("latin", "io"),
            ("other", "name"),
            ("pipe", "no file"),
            ("world", "world"),
        ]
    );
}

#[test]
fn absent_folders_are_empty() {
    let nowhere = Path::new("/nonexistent/servers.d");
    let store = TrustStore::load(Some(nowhere), None);
    assert_eq!((store.entries().count(), store.problems().len()), (0, 0));
}

fn used_claims(id: u8, exp: u64) -> Claims {
    let mut claims = claims(id);
    claims["exp"] = json!(exp);
    serde_json::from_value(claims).unwrap()
}

#[test]
fn each_request_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/runtime");
    let used = UsedRequests::new(path.clone());
    let one = used_claims(1, NOW + 300);
    assert!(!used.contains(&one, NOW).unwrap());
    used.insert(&one, NOW).unwrap();
    assert!(matches!(used.insert(&one, NOW), Err(ReplayError::Used)));
    // Another daemon of the same user, or the same after a restart.
    let again = UsedRequests::new(path.clone());
    assert!(again.contains(&one, NOW + 300).unwrap());
    assert!(!again.contains(&used_claims(2, NOW + 300), NOW).unwrap());
    // The same jti of another server is another request.
    let mut other = one.clone();
    other.iss = protocol::trust::ServerId::try_from("other.example".to_owned()).unwrap();
    assert!(!again.contains(&other, NOW).unwrap());
    // Nobody else reads along, and nothing in the file names a person or a service.
    for file in ["used-requests", "used-requests.lock"] {
        let mode = fs::metadata(path.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    let text = fs::read_to_string(path.join("used-requests")).unwrap();
    assert!(!text.contains("example") && text.lines().count() == 1);
}

#[test]
fn what_has_long_ended_is_dropped() {
    let folder = TempDir::new().unwrap();
    let used = UsedRequests::new(folder.path().to_owned());
    for id in 0..10 {
        used.insert(&used_claims(id, NOW + u64::from(id)), NOW)
            .unwrap();
    }
    let later = NOW + 3600 + 5;
    used.insert(&used_claims(99, later + 300), later).unwrap();
    let text = fs::read_to_string(folder.path().join("used-requests")).unwrap();
    assert_eq!(
        text.lines().count(),
        5,
        "four that ended within the hour, and the new one"
    );
}

#[test]
fn two_at_once_and_one_wins() {
    let folder = TempDir::new().unwrap();
    let wins: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let used = UsedRequests::new(folder.path().to_owned());
                    used.insert(&used_claims(1, NOW + 300), NOW).is_ok()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| usize::from(thread.join().unwrap()))
            .sum()
    });
    assert_eq!(wins, 1);
}

/// A record that cannot be read or trusted serves nobody.
#[test]
fn a_damaged_record_serves_nobody() {
    let folder = TempDir::new().unwrap();
    let used = UsedRequests::new(folder.path().to_owned());
    let one = used_claims(1, NOW + 300);
    used.insert(&one, NOW).unwrap();
    let file = folder.path().join("used-requests");
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        good[..good.len() - 1].to_owned(),
        format!("{good}x"),
        good.replace(' ', "x"),
        format!("x{}", &good[1..]),
        good.repeat(4097),
        "\u{e9}".into(),
    ] {
        fs::write(&file, bad).unwrap();
        assert!(matches!(
            used.contains(&one, NOW),
            Err(ReplayError::Damaged)
        ));
        assert!(matches!(
            used.insert(&used_claims(2, NOW + 300), NOW),
            Err(ReplayError::Damaged)
        ));
    }
    fs::write(&file, b"\xff").unwrap();
    assert!(matches!(
        used.contains(&one, NOW),
        Err(ReplayError::Damaged)
    ));
    // A link to elsewhere is not followed.
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &file).unwrap();
    assert!(matches!(used.contains(&one, NOW), Err(ReplayError::Io(_))));
}

/// Without a record there is no login: the daemon says that it is its own fault, and the worker does not start.
#[test]
fn without_a_record_there_is_no_login() {
    let daemon = TestDaemon::new(idle);
    fs::write(daemon.folder.path().join("runtime"), "in the way").unwrap();
    let mut page = daemon.page();
    page.start(&request(1));
    assert_eq!(page.failed(), ("internal".into(), 4499));
    assert_eq!(daemon.runs(), 0);
}
