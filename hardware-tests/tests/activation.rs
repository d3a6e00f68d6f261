//! The daemon as systemd starts it: not there before the first connection, gone after the quiet time, and nobody is lost
//! between one daemon and the next. And the daemons of several users on one computer.

#![allow(clippy::unwrap_used)]

use anyhow::{Context as _, Result, ensure};
use hardware_tests::need::{self, Need};
use hardware_tests::page::{Page, Typed, Verdict};
use hardware_tests::site::{self, Link, PASSWORD, Programs, Site};
use icao::simulator::Profile;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROFILE: Profile = Profile::NlId2014;

const ACTIVATE: Need = Need {
    file: "/usr/bin/systemd-socket-activate",
    packages: "systemd",
};

const IP: Need = Need {
    file: "/usr/sbin/ip",
    packages: "iproute2",
};

/// The one answer to a stranger.
const REFUSAL: &str = "HTTP/1.1 403 Forbidden";

fn log_in(site: &Site) -> Result<Verdict> {
    let page = Page::log_in(site.origin(), PROFILE.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(PROFILE).to_owned()),
        ..Typed::default()
    };
    let ending = page.check(site::kind_name(PROFILE.kind()), &typed, &mut |_| {})?;
    Ok(ending.verdict)
}

/// A child that does not outlive the test.
struct Running(Child);

impl Running {
    /// The names of the programs below, as the kernel has them.
    fn runs(&self, program: &str) -> bool {
        let comm = std::fs::read_to_string(format!("/proc/{}/comm", self.0.id()));
        comm.is_ok_and(|comm| comm.trim() == program)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// systemd's own tool holds the port, becomes the daemon at the first connection, and is over with it: twice.
#[test]
fn systemd_starts_the_daemon_at_the_first_connection_and_it_leaves() -> Result<()> {
    if !need::all("socket activation by systemd's tool", &[&ACTIVATE])? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let daemon = site.daemon_command(&Link::Simulated(PROFILE));
    for round in 0..2 {
        let mut command = Command::new(ACTIVATE.file);
        command.args(["--listen", &format!("127.0.0.1:{}", site.daemon_port())]);
        // It hands on no other part of its environment.
        for (name, value) in daemon.get_envs() {
            command.arg("--setenv").arg(name);
            command.env(name, value.context("a value")?);
        }
        command.args(["--setenv", "HOME"]);
        command.arg(daemon.get_program()).args(daemon.get_args());
        command.args(["--idle-exit", "1"]);
        let mut holder = Running(
            command
                .stderr(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()?,
        );
        let mut said = BufReader::new(holder.0.stderr.take().context("stderr")?).lines();
        // The port is held, and no daemon is there.
        let line = said.next().context("a line")??;
        assert!(line.contains("Listening on"), "{line}");
        assert!(holder.runs("systemd-socket-"), "nothing of ours runs yet");

        assert_eq!(log_in(&site)?, Verdict::Raised(25), "round {round}");
        assert!(holder.runs("rda"), "the same process is the daemon now");
        // Ends when the daemon has closed its last stream.
        said.by_ref().for_each(drop);
        let status = holder.0.wait()?;
        assert!(status.success(), "{status}");
    }
    Ok(())
}

/// A stranger's call, which waits where no daemon takes it.
fn call(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
    Ok(stream)
}

/// What systemd does: the socket stays open, and a daemon is started when somebody waits at it. Each caller but the first comes
/// at the moment when a daemon has decided to leave.
#[test]
fn who_comes_while_the_daemon_leaves_is_served() -> Result<()> {
    const CALLERS: usize = 20;
    let site = Site::start(Programs::find()?)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut waiting = call(address)?;
    for caller in 0..CALLERS {
        let daemon = site.daemon_command(&Link::Simulated(PROFILE));
        // sd_listen_fds(3): the socket is file descriptor 3, and the process id that of the program.
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"",
                "sh",
            ])
            .arg(daemon.get_program())
            .args(daemon.get_args())
            .args(["--idle-exit", "0.001"])
            .stdin(Stdio::from(OwnedFd::from(listener.try_clone()?)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        for (name, value) in daemon.get_envs() {
            command.env(name, value.context("a value")?);
        }
        let mut daemon = Running(command.spawn()?);
        let mut said = BufReader::new(daemon.0.stderr.take().context("stderr")?).lines();
        let mut answer = String::new();
        waiting.read_to_string(&mut answer)?;
        ensure!(answer.starts_with(REFUSAL), "caller {caller}: {answer:?}");
        drop(waiting);
        let leaving = said.any(|line| line.is_ok_and(|line| line.contains("leaving")));
        assert!(leaving, "caller {caller}: the daemon ended otherwise");
        waiting = call(address)?;
        said.for_each(drop);
        assert!(daemon.0.wait()?.success());
    }
    Ok(())
}

/// Runs the test of this name again in a network of its own, where the daemon's own ports are free.
fn in_a_network_of_its_own(test: &str) -> Result<bool> {
    const INSIDE: &str = "RDA_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return Ok(true);
    }
    let status = Command::new("unshare")
        .args(["--net", "--"])
        .arg(std::env::current_exe()?)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status()?;
    ensure!(status.success(), "{test} failed in a network of its own");
    Ok(false)
}

#[test]
fn each_user_has_a_daemon_on_a_port_of_their_own() -> Result<()> {
    let test = "daemons of several users";
    if !need::root(test)? || !need::all(test, &[&IP])? {
        return Ok(());
    }
    if !in_a_network_of_its_own("each_user_has_a_daemon_on_a_port_of_their_own")? {
        return Ok(());
    }
    loopback_up()?;
    let folder = tempfile::Builder::new().prefix("rda-users-").tempdir()?;
    open_to_all(folder.path())?;
    let program = folder.path().join("rda");
    // By a program of its own: a file that this one has open for writing is busy in what another test forks off meanwhile.
    let copied = Command::new("cp")
        .arg(need::program("rda")?)
        .arg(&program)
        .status()?;
    ensure!(copied.success(), "cp {}", program.display());
    let home_of = |user: u32| -> Result<std::path::PathBuf> {
        let home = folder.path().join(user.to_string());
        std::fs::create_dir(&home)?;
        std::os::unix::fs::chown(&home, Some(user), Some(user))?;
        Ok(home)
    };
    let mut daemons = Vec::new();
    for (user, port) in [(64_001, 9303), (64_002, 9304), (64_003, 9305)] {
        let home = home_of(user)?;
        let mut child = Command::new(&program)
            .arg("daemon")
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", &home)
            .env_remove("XDG_CONFIG_HOME")
            .uid(user)
            .gid(user)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
        let line = lines.next().context("a line")??;
        assert_eq!(
            line,
            format!("listening on 127.0.0.1:{port}"),
            "user {user}"
        );
        daemons.push((Running(child), lines));
    }
    // A fourth finds no port, says so, and ends.
    let fourth = Command::new(&program)
        .arg("daemon")
        .env("HOME", home_of(64_004)?)
        .env_remove("XDG_RUNTIME_DIR")
        .uid(64_004)
        .gid(64_004)
        .output()?;
    assert!(!fourth.status.success());
    let said = String::from_utf8_lossy(&fourth.stderr).into_owned();
    assert!(said.contains("9305"), "{said}");

    // The doctor of the second user knows whose the first port is.
    let home = folder.path().join("64002");
    let doctor = Command::new(&program)
        .args(["doctor", "--json", "--only", "port"])
        .env("HOME", &home)
        .uid(64_002)
        .gid(64_002)
        .output()?;
    let findings: serde_json::Value = serde_json::from_slice(&doctor.stdout)?;
    let finding = &findings["findings"][0];
    assert_eq!(finding["problem"], "first_port_taken", "{finding}");
    assert_eq!(finding["subject"], "9303: uid 64001 → 9304");
    Ok(())
}

fn open_to_all(folder: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A new network has its loopback device switched off.
fn loopback_up() -> Result<()> {
    let status = Command::new(IP.file)
        .args(["link", "set", "lo", "up"])
        .status()?;
    ensure!(status.success(), "ip: {status}");
    Ok(())
}
