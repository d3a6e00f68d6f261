//! What an operator sees and does: the program as the system unit runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/site.rs"]
mod site;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::json;
use site::{Browser, PASSWORD, Site};
use tempfile::TempDir;

/// A folder with everything a server needs.
struct Folder(TempDir);

impl Folder {
    fn new(settings: &str) -> Self {
        Self(Site::laid_out(site::REGISTER, settings))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rda-login"));
        command
            .arg(verb)
            .arg("--config")
            .arg(self.path("login.toml"));
        command
    }

    /// On this port, in place of any: the address then stands in requests and in the trust file.
    fn listen_on(&self, port: u16) {
        let config = std::fs::read_to_string(self.path("login.toml")).unwrap();
        let config = config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
        // Health and metrics stay on any port.
        let config = config.replace(
            &format!("operations = \"127.0.0.1:{port}"),
            "operations = \"127.0.0.1:0",
        );
        std::fs::write(self.path("login.toml"), config).unwrap();
    }

    fn serve(&self) -> Running {
        Running::start(self.command("serve"))
    }
}

/// A server, killed where a test fails.
struct Running {
    child: Child,
    origin: String,
    operations: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = |before: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(before).unwrap().to_owned()
        };
        Self {
            origin: line("listening on "),
            operations: line("operations on "),
            child,
        }
    }

    fn ask(&self, path: &str) -> (u16, String) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .new_agent();
        let url = format!("http://{}{path}", self.operations);
        let mut answer = agent.get(url).call().unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), body)
    }

    fn terminate(&self) {
        let status = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(status.unwrap().success());
    }

    fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

const OPERATIONS: &str = "operations = \"127.0.0.1:0\"\n";

#[test]
fn health_and_metrics_count_and_name_nobody() {
    let folder = Folder::new(OPERATIONS);
    let server = folder.serve();
    assert_eq!(server.ask("/live"), (200, "alive\n".into()));
    assert_eq!(server.ask("/ready"), (200, "ready\n".into()));
    assert_eq!(server.ask("/login").0, 404, "the pages are elsewhere");

    let mut browser = Browser::new(&server.origin);
    assert_eq!(
        browser.get("/metrics").status,
        404,
        "and these are not there"
    );
    assert_eq!(browser.log_in("anna", "guess").status, 403);
    assert_eq!(browser.log_in("anna", PASSWORD).status, 303);
    let (status, metrics) = server.ask("/metrics");
    assert_eq!(status, 200);
    for line in [
        "rda_login_events_total{action=\"password_refused\",reason=\"wrong\"} 1",
        "rda_login_events_total{action=\"session_started\",reason=\"\"} 1",
        "rda_login_sessions 1",
        "rda_login_requests_under_way 0",
        "rda_login_draining 0",
    ] {
        assert!(
            metrics.lines().any(|there| there == line),
            "{line} in\n{metrics}"
        );
    }
    // Neither account nor citizen service number nor address.
    for word in ["anna", "99999", "127.0.0.1"] {
        assert!(!metrics.contains(word), "{word} in\n{metrics}");
    }

    std::fs::rename(folder.path("register.toml"), folder.path("away")).unwrap();
    assert_eq!(server.ask("/ready").0, 503);
    std::fs::rename(folder.path("away"), folder.path("register.toml")).unwrap();
    assert_eq!(server.ask("/ready").0, 200);
}

#[test]
fn a_server_that_is_told_to_stop_finishes_the_login_under_way() {
    let folder = Folder::new(&format!("{OPERATIONS}drain_seconds = 110\n"));
    let server = folder.serve();
    let mut browser = Browser::new(&server.origin);
    browser.log_in("anna", PASSWORD);
    let started = browser.api(
        "start",
        &json!({ "document": "passport", "last_four": "02C3" }),
    );
    assert_eq!(started.status, 200, "{}", started.body);
    let (_, metrics) = server.ask("/metrics");
    assert!(
        metrics.contains("rda_login_requests_under_way 1"),
        "{metrics}"
    );

    server.terminate();
    // The signal is on its way; balancers ask again and again as well.
    while server.ask("/ready").0 == 200 {}
    assert_eq!(server.ask("/ready"), (503, "stopping\n".into()));
    assert_eq!(browser.get("/document").status, 200, "still served");
    browser.api("cancel", &json!({}));
    let began = std::time::Instant::now();
    assert!(server.ended().success());
    assert!(
        began.elapsed().as_secs() < 60,
        "not at the end of its patience"
    );
}

#[test]
fn who_comes_while_the_server_restarts_is_served_by_the_next() {
    let folder = Folder::new(OPERATIONS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    folder.listen_on(port);

    let next = || {
        // As systemd does it (sd_listen_fds(3)): the socket is file descriptor 3, and the process id is the program's.
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"",
                "sh",
            ])
            .arg(env!("CARGO_BIN_EXE_rda-login"))
            .arg("serve")
            .arg("--config")
            .arg(folder.path("login.toml"))
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(
                listener.try_clone().unwrap(),
            )));
        Running::start(command)
    };
    let first = next();
    assert_eq!(first.origin, format!("http://127.0.0.1:{port}"));
    assert_eq!(Browser::new(&first.origin).get("/login").status, 200);
    let origin = first.origin.clone();
    first.terminate();
    assert!(first.ended().success());
    // Nobody serves now; the socket is open all the same.
    let waiting = std::thread::spawn(move || Browser::new(&origin).get("/login").status);
    let _second = next();
    assert_eq!(waiting.join().unwrap(), 200);
}

#[test]
fn a_replaced_trust_store_is_in_use_without_a_restart() {
    let folder = Folder::new(&format!("{OPERATIONS}trust_store = \"trust.jsonl\"\n"));
    let import = |csca: &icao::simulator::CscaCertificate| {
        std::fs::write(folder.path("one.cer"), &csca.der).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rda-login"));
        command
            .current_dir(folder.0.path())
            .args(["trust", "import"]);
        command.args(["--store", "trust.jsonl", "--csca", "one.cer", "--yes"]);
        assert!(command.output().unwrap().status.success());
    };
    let anchors = icao::simulator::csca_certificates().unwrap();
    import(&anchors[0]);
    let mut command = folder.command("serve");
    command.stderr(Stdio::piped());
    let mut server = Running::start(command);
    let mut said = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let mut heard = |words: &str| said.any(|line| line.unwrap().contains(words));
    let in_use = |generation: u64| {
        let line = format!("rda_login_trust_store_generation {generation}");
        let (_, metrics) = server.ask("/metrics");
        assert!(metrics.lines().any(|there| there == line), "{metrics}");
    };
    in_use(1);
    import(&anchors[1]);
    assert!(heard("is in use"));
    in_use(2);
    // What is no store changes nothing.
    std::fs::write(folder.path("trust.jsonl"), "none").unwrap();
    assert!(heard("cannot be used"));
    in_use(2);
}

#[test]
fn faults_are_found_before_the_start() {
    let folder = Folder::new(OPERATIONS);
    folder.listen_on(8443);
    let check = || {
        let output = folder.command("check").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    assert_eq!(check(), (Some(0), String::new()));

    let register = std::fs::read_to_string(folder.path("register.toml")).unwrap();
    std::fs::write(folder.path("register.toml"), "specimen = false").unwrap();
    let (status, said) = check();
    assert_eq!(status, Some(1));
    assert!(said.contains("specimen = true"), "{said}");
    std::fs::write(folder.path("register.toml"), register).unwrap();

    let config = std::fs::read_to_string(folder.path("login.toml")).unwrap();
    std::fs::write(
        folder.path("login.toml"),
        format!("drain_seconds = 999\n{config}"),
    )
    .unwrap();
    let (status, said) = check();
    assert_eq!(status, Some(1));
    assert!(said.contains("drain_seconds"), "{said}");
}

#[test]
fn keys_are_changed_by_the_program_too() {
    let folder = Folder::new(OPERATIONS);
    folder.listen_on(8443);
    let keys = |verb: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rda-login"));
        let output = command
            .args(["keys", verb])
            .arg(folder.path("keys.toml"))
            .output();
        let output = output.unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let published = || {
        let output = folder.command("trust-file").output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout)
            .unwrap()
            .matches("kid =")
            .count()
    };
    assert_eq!(published(), 1);
    let (done, said) = keys("rotate");
    assert!(!done && said.contains("keys next"), "{said}");
    assert_eq!(keys("next"), (true, String::new()));
    assert_eq!(published(), 2, "given out before it signs");
    assert_eq!(keys("rotate"), (true, String::new()));
    assert_eq!(published(), 2, "the old one for requests under way");
}
