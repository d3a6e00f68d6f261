//! `rda doctor` at computers with a fault: for each problem that it knows, the fault is made and the code expected.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "doctor/computer.rs"]
mod computer;
#[path = "doctor/service.rs"]
mod service;

use computer::{Computer, needs_library};
use rda::doctor::{Check, Machine, Outcome, Problem};
use serde_json::{Value, json};
use service::{FakeService, Manner, Slot};

/// The finding with this problem. Every problem that was found stands in the message if there is none.
fn find<'a>(findings: &'a [Value], problem: &str) -> &'a Value {
    findings
        .iter()
        .find(|finding| finding["problem"] == problem)
        .unwrap_or_else(|| panic!("no {problem} in {findings:#?}"))
}

fn of_check<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap_or_else(|| panic!("no {check} in {findings:#?}"))
}

#[test]
fn nothing_is_wrong_with_a_sound_computer() {
    if !needs_library("the doctor at a sound computer") {
        return;
    }
    let service = FakeService::start(Manner::Readers(vec![Slot::empty(
        "ACS ACR122U PICC Interface 00 00",
    )]));
    let computer = Computer::sound();
    let (findings, status) = computer.examine(Some(&service));
    for finding in &findings {
        let outcome = &finding["outcome"];
        // The ACR122U carries short APDUs, which is worth a note and no more.
        // Another computer's files say nothing of the kernel here.
        let expected = match finding["check"].as_str().unwrap() {
            "apdu" => "noted",
            "sandbox" => "skipped",
            _ => "passed",
        };
        assert_eq!(outcome, expected, "{finding:#}");
    }
    assert_eq!(status, 0);
    assert_eq!(
        of_check(&findings, "reader")["subject"],
        "ACS ACR122U PICC Interface"
    );
}

#[test]
fn a_library_that_is_not_there_or_too_old() {
    // A cut file in its place is found first by the loader, which then looks no further; an empty library has none of the
    // functions, as one of before their time.
    let computer = Computer::sound();
    let folder = computer.path("library");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("libpcsclite.so.1"), b"\x7fELF").unwrap();
    let check = || {
        let mut command = computer.doctor(None);
        let (findings, status) = computer::run(command.env("LD_LIBRARY_PATH", &folder));
        let finding = find(&findings, "library_missing");
        assert_eq!(finding["code"], "service_absent");
        assert_eq!(of_check(&findings, "service")["outcome"], "skipped");
        assert_eq!(status, 2);
    };
    check();
    std::fs::write(folder.join("empty.c"), "").unwrap();
    let built = std::process::Command::new("cc")
        .args(["-shared", "-o", "libpcsclite.so.1", "empty.c"])
        .current_dir(&folder)
        .status();
    assert!(built.unwrap().success(), "Rust itself links with cc");
    check();
}

#[test]
fn a_service_that_is_not_installed_stopped_or_out_of_reach() {
    if !needs_library("the doctor without a service") {
        return;
    }
    let computer = Computer::sound();
    let (findings, _) = computer.examine(None);
    let finding = find(&findings, "service_stopped");
    assert_eq!(finding["code"], "service_stopped");
    assert_eq!(finding["mend"], "sudo systemctl enable --now pcscd.socket");
    assert_eq!(of_check(&findings, "driver")["outcome"], "skipped");

    computer.remove("usr/sbin/pcscd");
    let (findings, _) = computer.examine(None);
    assert_eq!(find(&findings, "service_missing")["code"], "service_absent");

    // The socket is there, and only root may use it.
    let service = FakeService::start(Manner::Readers(Vec::new()));
    service.forbid();
    let mut command = computer.doctor(Some(&service));
    computer::as_nobody(&mut command, &computer, &service);
    let (findings, _) = computer::run(&mut command);
    assert_eq!(find(&findings, "socket_rights")["code"], "service_denied");
}

#[test]
fn a_service_that_refuses_is_told_from_one_that_is_not_there() {
    if !needs_library("the doctor at a service that refuses") {
        return;
    }
    let computer = Computer::sound();
    let service = FakeService::start(Manner::HangUp);
    let (findings, _) = computer.examine(Some(&service));
    let finding = find(&findings, "session_refused");
    assert_eq!(finding["code"], "service_denied");
    assert!(
        finding["mend"]
            .as_str()
            .unwrap()
            .contains("polkit-1/rules.d")
    );
}

#[test]
fn library_and_service_of_different_versions() {
    if !needs_library("the doctor at a service of another version") {
        return;
    }
    let computer = Computer::sound();
    // SCARD_E_NO_SERVICE in older releases of the service, SCARD_E_SERVICE_STOPPED in newer ones.
    for result in [0x8010_001D, 0x8010_001E] {
        let service = FakeService::start(Manner::OtherVersion(result));
        let (findings, _) = computer.examine(Some(&service));
        let finding = find(&findings, "versions_differ");
        assert_eq!(finding["code"], "service_mismatch");
        assert_eq!(finding["subject"], "4.9");
    }
}

#[test]
fn a_service_that_fails_otherwise() {
    if !needs_library("the doctor at a failing service") {
        return;
    }
    let computer = Computer::sound();
    // SCARD_E_NO_MEMORY for every context.
    let service = FakeService::start(Manner::NoContext(0x8010_0006));
    let (findings, _) = computer.examine(Some(&service));
    assert_eq!(find(&findings, "service_fails")["code"], "service_stopped");
}

#[test]
fn systemd_does_not_start_the_service() {
    let computer = Computer::sound();
    computer.remove("etc/systemd/system/sockets.target.wants/pcscd.socket");
    let (findings, _) = computer.examine(None);
    let finding = find(&findings, "service_not_activated");
    assert_eq!(finding["outcome"], "noted");
    assert_eq!(finding["code"], Value::Null);
}

#[test]
fn readers_on_the_bus_that_do_not_show() {
    if !needs_library("the doctor at readers that do not show") {
        return;
    }
    let nothing = FakeService::start(Manner::Readers(Vec::new()));

    let computer = Computer::sound();
    let (findings, _) = computer.examine(Some(&nothing));
    assert_eq!(find(&findings, "reader_silent")["code"], "reader_failed");

    // In none of the installed drivers' lists, and in the one of a driver that is not installed.
    computer.remove("usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist");
    let (findings, status) = computer.examine(Some(&nothing));
    let finding = find(&findings, "driver_missing");
    assert_eq!(finding["code"], "reader_driver_missing");
    assert_eq!(finding["mend"], "sudo apt install libccid");
    assert_eq!(status, 2);

    computer.driver_list("ifd-ccid.bundle", &[("072f", "90cc")]);
    let (findings, _) = computer.examine(Some(&nothing));
    assert_eq!(
        find(&findings, "driver_missing")["mend"],
        "sudo apt install libacsccid1"
    );

    computer.driver_list("ifd-acsccid.bundle", &[("072f", "90cc")]);
    let (findings, _) = computer.examine(Some(&nothing));
    assert_eq!(
        find(&findings, "driver_too_old")["code"],
        "reader_driver_missing"
    );

    computer.usb("1-2", ("054c", "06c1"), "RC-S380/P", "ff", None, None);
    let (findings, _) = computer.examine(Some(&nothing));
    let finding = find(&findings, "reader_unsupported");
    assert!(finding["subject"].as_str().unwrap().contains("054c:06c1"));
}

#[test]
fn a_kernel_driver_in_the_way_is_named_and_taken_off() {
    let computer = Computer::sound();
    computer.usb(
        "1-1",
        ("072f", "2200"),
        "ACR122U PICC Interface",
        "0b",
        Some("pn533_usb"),
        None,
    );
    let (findings, status) = computer.examine(None);
    let finding = find(&findings, "kernel_driver");
    assert_eq!(finding["code"], "reader_blocked");
    assert!(finding["subject"].as_str().unwrap().ends_with("pn533_usb"));
    assert_eq!(status, 2);

    let unbind = computer.path("sys/bus/usb/drivers/pn533_usb/unbind");
    assert_eq!(std::fs::read_to_string(&unbind).unwrap(), "");
    computer.fix("n\n");
    assert_eq!(
        std::fs::read_to_string(&unbind).unwrap(),
        "",
        "not without a yes"
    );
    let said = computer.fix("y\n");
    assert!(said.contains("unbind"), "{said}");
    assert_eq!(std::fs::read_to_string(&unbind).unwrap(), "1-1:1.0");
}

#[test]
fn no_reader_and_slots_that_take_no_documents() {
    if !needs_library("the doctor without readers") {
        return;
    }
    let computer = Computer::sound();
    computer.remove("sys/bus/usb/devices");
    let nothing = FakeService::start(Manner::Readers(Vec::new()));
    let (findings, _) = computer.examine(Some(&nothing));
    assert_eq!(find(&findings, "reader_absent")["code"], "reader_absent");

    let sam = FakeService::start(Manner::Readers(vec![Slot::empty(
        "ACS ACR1252 SAM Reader [SAM Interface] (0123) 01 00",
    )]));
    let (findings, _) = computer.examine(Some(&sam));
    let finding = find(&findings, "not_contactless");
    assert_eq!(finding["code"], "reader_not_contactless");
    assert!(!finding["subject"].as_str().unwrap().contains("0123"));
}

#[test]
fn a_program_that_keeps_the_card_for_itself() {
    if !needs_library("the doctor at a card in use") {
        return;
    }
    let computer = Computer::sound();
    computer.process(4242, "scdaemon");
    computer.process(4243, "bash");
    let service = FakeService::start(Manner::Readers(vec![Slot::held("ACS ACR122U 00 00")]));
    let (findings, _) = computer.examine(Some(&service));
    let finding = find(&findings, "in_use");
    assert_eq!(finding["code"], "document_in_use");
    assert_eq!(finding["subject"], "scdaemon");
}

#[test]
fn how_long_the_readers_apdus_are() {
    let computer = Computer::sound();
    let told = |computer: &Computer| {
        let (findings, _) = computer.examine(None);
        let of_apdu = findings.iter().filter(|f| f["check"] == "apdu");
        of_apdu
            .map(|f| (f["outcome"].clone(), f["problem"].clone()))
            .collect::<Vec<_>>()
    };
    let short = (json!("noted"), json!("short_apdus"));
    // By the table alone, and then by what the device itself says where the table knows nothing.
    assert_eq!(told(&computer), std::slice::from_ref(&short));
    computer.remove("sys/bus/usb/devices");
    let unknown = |features| {
        computer.usb(
            "1-3",
            ("ffff", "0001"),
            "Some CCID",
            "0b",
            None,
            Some(features),
        );
    };
    unknown(0x0004_04BE);
    assert_eq!(told(&computer), [(json!("passed"), Value::Null)]);
    unknown(0x0002_04BA);
    assert_eq!(told(&computer), [short]);
}

#[test]
fn trust_folders_without_a_server_or_with_a_bad_file() {
    let computer = Computer::sound();
    let folder = computer.path("etc/rda/servers.d");
    std::fs::write(folder.join("other.example.toml"), "id = 1").unwrap();
    let (findings, _) = computer.examine(None);
    let finding = find(&findings, "trust_file_ignored");
    assert_eq!(finding["outcome"], "noted");
    let subject = finding["subject"].as_str().unwrap();
    assert!(
        subject.starts_with("/etc/rda/servers.d/other.example.toml: not a trust file"),
        "{subject}"
    );

    computer.remove("etc/rda/servers.d");
    let (findings, _) = computer.examine(None);
    let finding = find(&findings, "nobody_trusted");
    assert_eq!(finding["code"], "request_refused");
    assert!(
        finding["mend"]
            .as_str()
            .unwrap()
            .contains("~/.config/rda/servers.d"),
        "{finding:#}"
    );
}

#[test]
fn ports_that_others_hold() {
    let computer = Computer::sound();
    let me = rustix::process::getuid().as_raw();
    let row = |port: u16, user: u32| {
        format!(
            "   0: 0100007F:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {user} 0 777 1 0 100 0\n"
        )
    };
    let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    let table =
        |rows: &[String]| computer.write("proc/net/tcp", &(head.to_owned() + &rows.concat()));

    table(&[row(9303, me + 1)]);
    let (findings, _) = computer.examine(None);
    let finding = find(&findings, "first_port_taken");
    assert_eq!(finding["outcome"], "noted");
    assert!(finding["subject"].as_str().unwrap().ends_with("→ 9304"));

    table(&[row(9303, me + 1), row(9304, me + 2), row(9305, me)]);
    let (findings, status) = computer.examine(None);
    let finding = find(&findings, "ports_taken");
    assert_eq!(finding["code"], "daemon_unreachable");
    assert_eq!(status, 2);

    // Held by this user's daemon: that is as it should be.
    computer.process(99, "rda");
    computer.link("proc/99/fd/5", "socket:[777]");
    table(&[row(9303, me)]);
    let (findings, _) = computer.examine(None);
    assert_eq!(of_check(&findings, "port")["outcome"], "passed");
}

/// The same with a port that is busy indeed, in the kernel's own table.
#[test]
fn a_port_that_this_test_holds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rda"));
    command.args(["doctor", "--json", "--only", "port", "--port", &port]);
    let (findings, status) = computer::run(&mut command);
    assert_eq!(find(&findings, "ports_taken")["code"], "daemon_unreachable");
    assert_eq!(status, 2);
    drop(listener);
    let (findings, status) = computer::run(&mut command);
    assert_eq!(
        (findings[0]["outcome"].clone(), status),
        (json!("passed"), 0)
    );
}

#[test]
fn nothing_starts_the_daemon() {
    let computer = Computer::sound();
    computer.remove("etc/systemd/user/sockets.target.wants/rda.socket");
    let (findings, _) = computer.examine(None);
    assert_eq!(find(&findings, "not_started")["code"], "daemon_unreachable");

    // The doctor can mend it; another program stands for systemctl.
    computer.script(
        "bin/systemctl",
        "#!/bin/sh\necho \"$@\" >\"$(dirname \"$0\")/asked\"\n",
    );
    computer.fix("y\n");
    let asked = std::fs::read_to_string(computer.path("bin/asked")).unwrap();
    assert_eq!(asked, "--user enable --now rda.socket\n");

    // Without systemd the desktop's autostart will do.
    computer.remove("run/systemd/system");
    let (findings, _) = computer.examine(None);
    assert_eq!(find(&findings, "not_started")["check"], "autostart");
    computer.write("etc/xdg/autostart/rda.desktop", "");
    let (findings, _) = computer.examine(None);
    assert_eq!(of_check(&findings, "autostart")["outcome"], "passed");
}

#[test]
fn policies_of_browsers() {
    let computer = Computer::sound();
    let policy = |list: &str, page: &str| {
        let text = json!({ list: [page] }).to_string();
        computer.write("etc/chromium/policies/managed/it.json", &text);
        let (findings, _) = computer.examine(None);
        of_check(&findings, "browser").clone()
    };
    let blocked = policy("LoopbackNetworkBlockedForUrls", "https://login.example");
    assert_eq!(blocked["code"], "browser_permission_denied");
    assert_eq!(
        policy("LocalNetworkAccessBlockedForUrls", "*")["problem"],
        "browser_blocks"
    );
    assert_eq!(
        policy("LoopbackNetworkBlockedForUrls", "other.example")["outcome"],
        "passed"
    );
    let allowed = policy("LoopbackNetworkAllowedForUrls", "https://login.example");
    assert_eq!(allowed["outcome"], "passed");
    assert!(allowed["subject"].as_str().unwrap().contains("it.json"));

    let firefox = |access: Value| {
        let text = json!({ "policies": { "LocalNetworkAccess": access } }).to_string();
        computer.remove("etc/chromium");
        computer.write("etc/firefox/policies/policies.json", &text);
        let (findings, _) = computer.examine(None);
        of_check(&findings, "browser").clone()
    };
    let off = firefox(json!({ "Enabled": true, "EnablePrompting": false }));
    assert_eq!(off["problem"], "browser_blocks");
    let skipped =
        json!({ "Enabled": true, "EnablePrompting": false, "SkipDomains": ["login.example"] });
    assert_eq!(firefox(skipped)["outcome"], "passed");
}

/// What counts is what the sandbox gave when it was tried.
#[test]
fn a_sandbox_that_was_tried() {
    use rda::sandbox::{Held, Status};
    let computer = Computer::sound();
    let mut machine = Machine::new(&computer.path(""));
    let mut status = Status {
        kernel: "6.99".into(),
        no_new_privileges: Held::Yes,
        no_core_dumps: Held::Yes,
        not_traceable: Held::Yes,
        files: Held::Yes,
        tcp: Held::Yes,
        system_calls: Held::Yes,
        memory_locked: Held::No("too much".into()),
    };
    let mut look = |tried: Option<Result<&Status, String>>| {
        machine.sandbox = tried.map(|tried| tried.cloned());
        let findings = rda::doctor::examine(&machine).unwrap();
        findings
            .into_iter()
            .find(|finding| finding.check == Check::Sandbox)
            .unwrap()
    };
    let found = look(Some(Ok(&status)));
    assert_eq!(found.outcome, Outcome::Passed);
    assert!(found.subject.contains("WITHOUT memory locked (too much)"));
    status.files = Held::No("not permitted".into());
    let found = look(Some(Ok(&status)));
    assert_eq!(found.outcome, Outcome::Noted);
    let told = serde_json::to_value(found.problem).unwrap();
    assert_eq!(told, "sandbox_incomplete");
    assert_eq!(
        found.subject,
        "own files only (not permitted), memory locked (too much)"
    );
    // A trial that told nothing is no sandbox.
    let found = look(Some(Err("signal: 31 (SIGSYS)".into())));
    let told = serde_json::to_value(found.problem).unwrap();
    assert_eq!(told, "sandbox_untried");
    assert_eq!(found.outcome, Outcome::Noted);
    assert_eq!(found.subject, "signal: 31 (SIGSYS)");
    // The files of another computer say nothing of this kernel.
    assert_eq!(look(None).outcome, Outcome::Skipped);
}

#[test]
fn clocks() {
    let computer = Computer::sound();
    computer.remove("run/systemd/timesync/synchronized");
    let (findings, _) = computer.examine(None);
    assert_eq!(find(&findings, "clock_not_set")["outcome"], "noted");

    // The time when it was right last lies in the future.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    computer.write("var/lib/systemd/timesync/clock", "");
    let file = std::fs::File::options()
        .write(true)
        .open(computer.path("var/lib/systemd/timesync/clock"))
        .unwrap();
    file.set_modified(later).unwrap();
    let (findings, _) = computer.examine(None);
    assert_eq!(find(&findings, "clock_wrong")["code"], "clock_wrong");
}

#[test]
fn both_languages_and_people_read_it_too() {
    let computer = Computer::sound();
    computer.remove("etc/rda/servers.d");
    let say = |language: &str| {
        let mut command = computer.doctor(None);
        command.args(["--language", language]);
        let (findings, _) = computer::run(&mut command);
        find(&findings, "nobody_trusted")["sentence"].clone()
    };
    assert_eq!(
        say("nl"),
        "Deze computer vertrouwt nog geen enkele inlogdienst."
    );
    assert_eq!(say("en"), "This computer trusts no login service yet.");
    let text = computer.fix("");
    assert!(text.contains("FAIL trust"), "{text}");
    assert!(text.contains("[request_refused]"), "{text}");
}

#[test]
fn a_report_tells_nothing_of_the_person() {
    if !needs_library("the doctor's report") {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let computer = Computer::sound();
    computer.write("proc/sys/kernel/hostname", "annas-laptop\n");
    let user_trust = "home/anna-specimen/.config/rda/servers.d/secret-service.example.toml";
    computer.write(user_trust, "nothing");
    let service = FakeService::start(Manner::Readers(vec![Slot::empty(
        "ACS ACR122U PICC Interface (S/N 0815-4711) 00 00",
    )]));
    let file = computer.path("report.json");
    let mut command = computer.doctor(Some(&service));
    let (findings, _) = computer::run(command.arg("--report").arg(&file));
    assert!(
        find(&findings, "trust_file_ignored")["subject"]
            .as_str()
            .unwrap()
            .contains("secret-service")
    );

    let report = std::fs::read_to_string(&file).unwrap();
    for word in [
        "anna-specimen",
        "annas-laptop",
        "4711",
        "login.example",
        "secret-service",
    ] {
        assert!(!report.contains(word), "{word} in {report}");
    }
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["usb"][0]["usb"], "072f:2200");
    assert_eq!(report["findings"].as_array().unwrap().len(), findings.len());
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    // Never over another file.
    let mut again = computer.doctor(Some(&service));
    let output = again.arg("--report").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// A test for each: what this file names is what the program knows.
#[test]
fn every_problem_has_its_test() {
    let here = include_str!("doctor.rs");
    for problem in Problem::ALL {
        let name = serde_json::to_value(problem).unwrap();
        assert!(
            here.contains(&format!("\"{}\"", name.as_str().unwrap())),
            "{name}"
        );
    }
}
