//! The sandbox, in the daemon's own process: what it needs works, and everything else is refused.
#![cfg(all(target_os = "linux", feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rda::sandbox::{Held, Status, trial};
use tempfile::TempDir;

/// Attempts of the trial that not every kernel knows, and that not every container or user is allowed.
const NOT_EVERYWHERE: [&str; 3] = [
    "packet socket opened",
    "socket of the second numbering",
    "io_uring set up",
];

/// Nobody, on every Linux.
const NOBODY: u32 = 65534;

fn daemon(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rda"));
    command
        .args([
            "daemon",
            "--port",
            "0",
            "--simulate",
            "nl-id-2014",
            "--trust",
        ])
        .arg(folder.join("servers.d"))
        .env("XDG_RUNTIME_DIR", folder.join("run"))
        .env("HOME", folder)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .env_remove("NO_COLOR")
        .env("RDA_LOG", "info")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["servers.d", "run", "foreign"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("foreign/secret"), "x").unwrap();
    folder
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) == 0
}

/// Skipped on a developer's machine, a failure in continuous integration.
fn not_tested(what: &str, needs: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} needs {needs}");
    let _ = writeln!(std::io::stderr(), "\nNOT TESTED: {what}. It needs {needs}");
}

/// The same attempts by this process, which is in no sandbox: they succeed, so that it is the sandbox that refuses them. Those
/// that fail here too are named on the terminal.
fn without_the_sandbox(port: u16, bus: &Path) {
    let folder = folder();
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    for (name, outcome) in trial::run(&own, &folder.path().join("foreign"), port, bus) {
        if let Err(error) = outcome {
            assert!(
                NOT_EVERYWHERE.contains(&name),
                "{name} without the sandbox: {error}"
            );
            let _ = writeln!(
                std::io::stderr(),
                "\nPROVES NOTHING: {name} is refused in the sandbox, and fails here without it too: {error}"
            );
        }
    }
}

#[test]
fn what_the_daemon_needs_works_and_the_rest_is_refused() {
    let folder = folder();
    let path = folder.path();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let bus = path.join("bus");
    let _bus = UnixListener::bind(&bus).unwrap();
    let output = daemon(path)
        .arg("--sandbox-trial")
        .arg(path.join("run/rda/used"))
        .arg(path.join("foreign"))
        .arg(port.to_string())
        .arg(&bus)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let text = String::from_utf8(output.stdout).unwrap();
    let attempts = text.lines().map(|line| line.split_once(": ").unwrap());
    let (done, refused): (Vec<_>, Vec<_>) = attempts.partition(|(_, outcome)| *outcome == "done");
    let needed = [
        "own file written",
        "own file read",
        "own file replaced",
        "own file removed",
        "local socket",
        "thread",
    ];
    if log.contains("WITHOUT own files only") {
        not_tested("files and the sandbox", "a kernel with Landlock");
        return;
    }
    assert_eq!(
        done.iter().map(|attempt| attempt.0).collect::<Vec<_>>(),
        needed,
        "{text}"
    );
    assert_eq!(refused.len(), 14, "{text}");
    without_the_sandbox(port, &bus);
    assert!(path.join("foreign/secret").exists() && !path.join("foreign/made").exists());
}

/// A daemon, its port, and its standard output, which stays open.
struct Running(Child, u16, #[allow(dead_code)] BufReader<ChildStdout>);

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let Some((_, port)) = line.trim().rsplit_once(':') else {
            let output = child.wait_with_output().unwrap();
            panic!("{}", String::from_utf8_lossy(&output.stderr));
        };
        let port = port.parse().unwrap();
        Self(child, port, stdout)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The kernel's own word on the running daemon.
#[test]
fn the_kernel_says_what_is_in_force() {
    let folder = folder();
    let running = Running::start(&mut daemon(folder.path()));
    let about = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", running.0.id()));
    let status = about("status").unwrap();
    let value = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(value("NoNewPrivs:"), "1");
    assert_eq!(value("Seccomp:"), "2", "a filter");
    assert_eq!(value("Threads:"), "1", "before any login");
    let limits = about("limits").unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}

/// Not what the kernel's files promise: what a process got that went in.
#[test]
fn the_doctor_tries_it() {
    let rda = |arguments: &[&str]| -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rda"));
        let output = command.args(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let got: Status = serde_json::from_value(rda(&["sandbox"])).unwrap();
    let found = rda(&["doctor", "--json", "--only", "sandbox"]);
    let finding = &found["findings"][0];
    let lacks = |held: &Held| matches!(held, Held::No(_));
    if lacks(&got.files) || lacks(&got.system_calls) {
        assert_eq!(finding["problem"], "sandbox_incomplete", "{finding}");
        let subject = finding["subject"].as_str().unwrap();
        for (measure, held) in got.measures() {
            assert_eq!(subject.contains(measure), lacks(held), "{finding}");
        }
    } else {
        assert_eq!(finding["outcome"], "passed", "{finding}");
        assert_eq!(finding["subject"], got.to_string());
    }
}

/// As an ordinary user: the user check of the gate works although the process is closed to its own user, and another
/// program of that user can read neither its memory nor its environment.
#[test]
fn another_program_of_the_same_user_cannot_look_in() {
    if !is_root() {
        not_tested("programs of one user", "root, to become an ordinary user");
        return;
    }
    let folder = folder();
    let chown = |path: &Path| std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    chown(folder.path());
    chown(&folder.path().join("run"));
    // The ordinary user need not be able to reach the folder of this build.
    let copy = folder.path().join("rda");
    // By a program of its own: a file that this one has open for writing is busy in what another test forks off meanwhile.
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_rda"))
        .arg(&copy)
        .status();
    assert!(copied.unwrap().success());
    let mut command = daemon(folder.path());
    let mut own = Command::new(&copy);
    own.args(command.get_args())
        .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .uid(NOBODY)
        .gid(NOBODY);
    command = own;
    let running = Running::start(&mut command);
    let as_nobody = |script: String| {
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let pid = running.0.id();
    for file in ["environ", "maps", "mem"] {
        let answer = as_nobody(format!("cat /proc/{pid}/{file}"));
        assert!(answer.contains("Permission denied"), "{file}: {answer}");
    }
    // This user is no stranger at the gate, only his words are: with none of them the answer takes until he ends, and a
    // stranger by user would get it at once.
    let answer = as_nobody(format!(
        "exec 3<>/dev/tcp/127.0.0.1/{}; printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3",
        running.1
    ));
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}
