//! A computer laid out in a folder, sound until a test makes it faulty.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::service::FakeService;

/// A user who owns nothing (Debian's `nobody`).
const NOBODY: u32 = 65534;

/// The trust file of a specimen server.
fn trust_file() -> String {
    let key = p256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
    let jwk = protocol::jwk::PublicJwk::from(key.verifying_key());
    let file = serde_json::json!({
        "id": "login.example",
        "name": {"en": "Specimen login"},
        "origins": ["https://login.example"],
        "keys": [{"kid": "k", "jwk": jwk}],
    });
    toml::to_string(&file).unwrap()
}

/// Whether libpcsclite is there, which the tests with a service need. In continuous integration it must be.
pub(crate) fn needs_library(what: &str) -> bool {
    if rda::pcsc_loader::is_installed() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{what}: needs libpcsclite1"
    );
    // Not eprintln!, which the test runner captures.
    let _ = writeln!(
        std::io::stderr(),
        "\nNOT TESTED: {what}. It needs: apt-get install libpcsclite1"
    );
    false
}

pub(crate) struct Computer {
    folder: TempDir,
}

impl Computer {
    /// With systemd, a service, an ACR122U with its driver, a trusted server, and a right clock.
    pub(crate) fn sound() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let computer = Self { folder };
        for empty in [
            "usr/sbin/pcscd",
            "usr/lib/systemd/system/pcscd.socket",
            "etc/systemd/system/sockets.target.wants/pcscd.socket",
            "etc/systemd/user/sockets.target.wants/rda.socket",
            "run/systemd/timesync/synchronized",
            "run/systemd/system/x",
            "proc/net/tcp",
        ] {
            computer.write(empty, "");
        }
        computer.driver_list("ifd-ccid.bundle", &[("072F", "90CC"), ("072F", "2200")]);
        computer.usb(
            "usb1",
            ("1d6b", "0002"),
            "Root hub",
            "09",
            Some("hub"),
            None,
        );
        computer.usb(
            "1-1",
            ("072f", "2200"),
            "ACR122U PICC Interface",
            "0b",
            Some("usbfs"),
            None,
        );
        computer.write("etc/rda/servers.d/login.example.toml", &trust_file());
        computer
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _old = fs::remove_file(&path);
        symlink(target, path).unwrap();
    }

    /// A program, in the language of the shell. A process of its own writes it: what another test starts just then may hold a
    /// file that this one writes, and such a file cannot be executed.
    pub(crate) fn script(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        let written = Command::new("sh")
            .args(["-c", "printf '%s' \"$2\" >\"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(self.path(path))
            .arg(text)
            .status();
        assert!(written.unwrap().success());
    }

    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else if path.symlink_metadata().is_ok() {
            fs::remove_file(path).unwrap();
        }
    }

    pub(crate) fn process(&self, pid: u32, name: &str) {
        self.write(&format!("proc/{pid}/comm"), &format!("{name}\n"));
    }

    /// A driver's list of readers.
    pub(crate) fn driver_list(&self, bundle: &str, readers: &[(&str, &str)]) {
        let strings = |values: Vec<&str>| -> String {
            values
                .iter()
                .map(|value| format!("\t\t<string>0x{value}</string>\n"))
                .collect()
        };
        let vendors = strings(readers.iter().map(|(vendor, _)| *vendor).collect());
        let products = strings(readers.iter().map(|(_, product)| *product).collect());
        let text = format!(
            "<plist>\n<dict>\n<key>ifdVendorID</key>\n<array>\n{vendors}</array>\n<key>ifdProductID</key>\n<array>\n{products}</array>\n</dict>\n</plist>\n"
        );
        self.write(
            &format!("usr/lib/pcsc/drivers/{bundle}/Contents/Info.plist"),
            &text,
        );
    }

    /// A device on the bus as sysfs shows it, with one interface.
    pub(crate) fn usb(
        &self,
        device: &str,
        (vendor, product): (&str, &str),
        name: &str,
        class: &str,
        driver: Option<&str>,
        features: Option<u32>,
    ) {
        let file =
            |path: &str, text: &str| self.write(&format!("sys/bus/usb/devices/{path}"), text);
        file(&format!("{device}/idVendor"), &format!("{vendor}\n"));
        file(&format!("{device}/idProduct"), &format!("{product}\n"));
        file(&format!("{device}/product"), &format!("{name}\n"));
        file(
            &format!("{device}:1.0/bInterfaceClass"),
            &format!("{class}\n"),
        );
        if let Some(driver) = driver {
            self.write(&format!("sys/bus/usb/drivers/{driver}/unbind"), "");
            self.link(
                &format!("sys/bus/usb/devices/{device}:1.0/driver"),
                &format!("../../../../bus/usb/drivers/{driver}"),
            );
        }
        if let Some(features) = features {
            let mut descriptors = vec![18, 1];
            descriptors.resize(18, 0);
            let mut ccid = vec![0; 0x36];
            ccid[0] = 0x36;
            ccid[1] = 0x21;
            ccid[40..44].copy_from_slice(&features.to_le_bytes());
            descriptors.extend(ccid);
            let path = self.path(&format!("sys/bus/usb/devices/{device}/descriptors"));
            fs::write(path, descriptors).unwrap();
        }
    }

    /// The doctor, at this computer, with this service or none.
    pub(crate) fn doctor(&self, service: Option<&FakeService>) -> Command {
        let mut command = self.command(service);
        command.arg("--json");
        command
    }

    fn command(&self, service: Option<&FakeService>) -> Command {
        let home = self.path("home/anna-specimen");
        fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rda"));
        command
            .arg("doctor")
            .arg("--root")
            .arg(self.folder.path())
            .env("HOME", home)
            .env_remove("XDG_CONFIG_HOME")
            .env("LC_ALL", "C");
        let socket = service.map_or_else(|| self.path("run/no.comm"), FakeService::socket);
        command.env("PCSCLITE_CSOCK_NAME", socket);
        command
    }

    /// What the doctor finds, and its exit status.
    pub(crate) fn examine(&self, service: Option<&FakeService>) -> (Vec<Value>, i32) {
        run(&mut self.doctor(service))
    }

    /// Lets the doctor mend things, with these answers; what it says.
    pub(crate) fn fix(&self, answers: &str) -> String {
        let path = std::env::var("PATH").unwrap();
        let mut child = self
            .command(None)
            .arg("--fix")
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(answers.as_bytes())
            .unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }
}

/// Runs the doctor and takes its JSON apart.
pub(crate) fn run(command: &mut Command) -> (Vec<Value>, i32) {
    let output = command.output().unwrap();
    let status = output.status.code().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let all: Value = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (all["findings"].as_array().unwrap().clone(), status)
}

/// Runs the doctor as a user whom rights keep out; root is kept out by none. The program is copied to where that user may
/// reach it.
pub(crate) fn as_nobody(command: &mut Command, computer: &Computer, service: &FakeService) {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let program = computer.path("rda");
    // By a program of its own: a file that this one has open for writing is busy in what another test forks off meanwhile.
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_rda"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    let mut other = Command::new(&program);
    other.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other.uid(NOBODY).gid(NOBODY);
    open_to_all(Path::new(&service.socket()).parent().unwrap());
    *command = other;
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}
