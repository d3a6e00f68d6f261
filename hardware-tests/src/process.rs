//! Child processes that end with the value that holds them, and with the process that started them.

use anyhow::{Context as _, Result, anyhow};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const SETPRIV: &str = "/usr/bin/setpriv";

/// A running child. Dropping it kills and reaps it.
///
/// It is started through `setpriv --pdeathsig` (util-linux), so that it also dies where this process is killed: the
/// signal is bound to the thread that starts it, which must outlive the use of the child.
pub struct Process {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts `command`, whose standard output and standard error are kept as lines.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(name: &str, command: &Command) -> Result<Self> {
        Self::start_with(name, command, Stdio::null())
    }

    /// As [`Process::start`], with a standard input that takes lines by [`Process::tell`].
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_obedient(name: &str, command: &Command) -> Result<Self> {
        Self::start_with(name, command, Stdio::piped())
    }

    fn start_with(name: &str, command: &Command, input: Stdio) -> Result<Self> {
        let mut child = dying_with_us(command)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let (send, lines) = channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(|line| line.ok()) {
                    if send.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            child,
            lines,
            seen: Vec::new(),
        })
    }

    /// Waits for a line that `wanted` accepts, and gives what it made of it.
    ///
    /// # Errors
    /// If the child ends or says nothing fitting for `patience`; the error shows what it said.
    pub fn line<T>(&mut self, patience: Duration, wanted: impl Fn(&str) -> Option<T>) -> Result<T> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let found = wanted(&line);
                    self.seen.push(line);
                    if let Some(found) = found {
                        return Ok(found);
                    }
                }
                Err(_) => return Err(self.complaint("the awaited line did not come")),
            }
        }
    }

    /// Writes a line to the standard input of a child that takes lines.
    ///
    /// # Errors
    /// If it takes none, or has ended.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let input = self
            .input
            .as_mut()
            .ok_or_else(|| anyhow!("{} takes no lines", self.name))?;
        writeln!(input, "{line}").with_context(|| format!("cannot tell {}", self.name))
    }

    /// Waits for the end of the child.
    ///
    /// # Errors
    /// If it does not end within `patience`.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let end = Instant::now() + patience;
        // The streams close when the child ends: this waits without looking at a clock again and again.
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.seen.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                    return Ok(self.child.wait()?);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    return Err(self.complaint("it did not end"));
                }
            }
        }
    }

    fn complaint(&mut self, what: &str) -> anyhow::Error {
        let said = self.said();
        anyhow!("{}: {what}; it said:\n{said}", self.name)
    }

    /// All that the child has said so far.
    pub fn said(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the child at once, as a crash would.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `command` as a program that is killed when this thread ends, where the system can do that.
fn dying_with_us(command: &Command) -> Command {
    if Path::new(SETPRIV).exists() {
        under(SETPRIV, &["--pdeathsig", "KILL", "--"], command)
    } else {
        under("/usr/bin/env", &[], command)
    }
}

/// `command` as another program starts it: behind that one's arguments, in the same environment.
pub fn under(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(program);
    wrapped
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}
