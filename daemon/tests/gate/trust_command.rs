//! `rda trust`: no key is obeyed that was not confirmed by its fingerprint.

use std::fs;
use std::path::PathBuf;

use clap::Parser;
use rda::trust::TrustStore;
use rda::trust_command::{self, Arguments, Folders, fingerprint};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

struct Desk {
    folder: TempDir,
    folders: Folders,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let folders = Folders {
            system: folder.path().join("system"),
            user: folder.path().join("user/servers.d"),
        };
        Self { folder, folders }
    }

    /// Runs a command line; gives what was printed, or the error.
    fn run(&self, line: &[&str], typed: &str) -> Result<String, String> {
        let line = Line::parse_from(["rda trust"].iter().chain(line));
        let mut output = Vec::new();
        trust_command::run(
            &line.arguments,
            &self.folders,
            NOW,
            &mut typed.as_bytes(),
            &mut output,
        )
        .map(|()| String::from_utf8(output).unwrap())
        .map_err(|error| format!("{error:#}"))
    }

    /// A trust file as a server hands it out.
    fn offered(&self, file: &serde_json::Value) -> String {
        let folder = self.folder.path().join("offered");
        write_trust(&folder, file);
        let name = format!("{}.toml", file["id"].as_str().unwrap());
        folder.join(name).to_str().unwrap().to_owned()
    }

    fn trusts(&self, id: &str) -> bool {
        TrustStore::load(Some(&self.folders.system), Some(&self.folders.user))
            .server(id)
            .is_some()
    }

    fn installed(&self) -> PathBuf {
        self.folders.user.join("new.example.toml")
    }
}

fn print_of(seed: u8) -> String {
    fingerprint(&key(seed).verifying_key().into())
}

fn file(seed: u8) -> serde_json::Value {
    trust_file("new.example", seed, &["https://new.example"], false)
}

#[test]
fn a_server_is_trusted_after_its_fingerprint_was_typed() {
    let desk = Desk::new();
    let offered = desk.offered(&file(1));
    let print = print_of(1);
    for wrong in ["", "\n", "yes\n", &print[..9], &print_of(2)] {
        let refused = desk.run(&["add", &offered], wrong).unwrap_err();
        assert!(
            refused.contains("not the fingerprint"),
            "{wrong}: {refused}"
        );
        assert!(!desk.trusts("new.example") && !desk.installed().exists());
    }
    // Sixteen digits, in groups as they are shown.
    let printed = desk.run(&["add", &offered], &print[..19]).unwrap();
    assert!(printed.contains(&print) && printed.contains("https://new.example"));
    assert!(desk.trusts("new.example"));
    let listed = desk.run(&["list"], "").unwrap();
    assert!(listed.contains("new.example (your own") && listed.contains(&print));
    desk.run(&["remove", "new.example"], "").unwrap();
    assert!(!desk.trusts("new.example"));
    let again = desk.run(&["remove", "new.example"], "").unwrap_err();
    assert_eq!(again, "new.example is not trusted");
}

#[test]
fn without_a_terminal_the_fingerprint_is_an_argument() {
    let desk = Desk::new();
    let offered = desk.offered(&file(1));
    let (right, wrong) = (print_of(1).replace(' ', ""), print_of(2));
    let line = ["add", &offered, "--fingerprint", &wrong];
    assert!(desk.run(&line, "").unwrap_err().contains("not confirmed"));
    let text = fs::read_to_string(&offered).unwrap();
    assert!(
        desk.run(&["add", "-"], &text)
            .unwrap_err()
            .contains("not confirmed")
    );
    desk.run(&["add", "-", "--fingerprint", &right.to_uppercase()], &text)
        .unwrap();
    assert!(desk.trusts("new.example"));
}

/// A newer file with the old key in it asks for the new key alone; one that also widens what is trusted asks for all.
#[test]
fn keys_are_rotated_by_a_newer_file() {
    let desk = Desk::new();
    let typed = print_of(1);
    desk.run(&["add", &desk.offered(&file(1))], &typed).unwrap();
    let mut newer = file(1);
    newer["keys"][0]["not_after"] = json!(NOW + 1000);
    // The same keys, with a validity: nothing to confirm.
    desk.run(&["add", &desk.offered(&newer)], "").unwrap();
    let mut next = file(2)["keys"][0].clone();
    next["kid"] = json!("next");
    next["not_before"] = json!(NOW + 900);
    newer["keys"].as_array_mut().unwrap().push(next);
    let offered = desk.offered(&newer);
    assert!(
        desk.run(&["add", &offered], &typed).is_err(),
        "the old key's fingerprint"
    );
    desk.run(&["add", &offered], &print_of(2)).unwrap();
    let listed = desk.run(&["list"], "").unwrap();
    assert!(listed.contains("key k: valid until 2026-11-22"), "{listed}");
    assert!(listed.contains("key next: not valid yet from"), "{listed}");
    newer["origins"] = json!(["https://new.example", "https://other.example"]);
    let offered = desk.offered(&newer);
    assert!(desk.run(&["add", &offered], "").is_err(), "another origin");
    let both = format!("{}\n{}\n", print_of(1), print_of(2));
    desk.run(&["add", &offered], &both).unwrap();
    // A key that was retired may have leaked: it counts no longer again without its fingerprint.
    for later in [json!(NOW + 1001), Value::Null] {
        let mut revived = newer.clone();
        match later {
            Value::Null => revived["keys"][0]
                .as_object_mut()
                .unwrap()
                .remove("not_after"),
            later => revived["keys"][0]
                .as_object_mut()
                .unwrap()
                .insert("not_after".into(), later),
        };
        let offered = desk.offered(&revived);
        assert!(desk.run(&["add", &offered], "").is_err(), "{revived}");
    }
}

#[test]
fn what_the_administrator_decided_stays() {
    let desk = Desk::new();
    write_trust(&desk.folders.system, &file(1));
    let refused = desk.run(&["add", &desk.offered(&file(2))], &print_of(2));
    assert!(refused.unwrap_err().contains("administrator decides"));
    let refused = desk.run(&["remove", "new.example"], "");
    assert!(refused.unwrap_err().contains("administrator's"));
    assert!(
        desk.run(&["list"], "")
            .unwrap()
            .contains("the administrator's")
    );
}

#[test]
fn files_and_ids_that_are_none() {
    let desk = Desk::new();
    let path = desk.folder.path().join("x");
    for (text, reason) in [
        ("id = ".to_owned(), "not a trust file"),
        ("#".repeat(protocol::trust::MAX_FILE + 1), "larger than"),
    ] {
        fs::write(&path, text).unwrap();
        let refused = desk.run(&["add", path.to_str().unwrap()], "").unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
    for id in ["../x", "", "/etc/passwd", "a/b"] {
        assert!(desk.run(&["remove", id], "").is_err(), "{id}");
    }
    assert_eq!(
        desk.run(&["list"], "").unwrap(),
        "no login server is trusted\n"
    );
}
