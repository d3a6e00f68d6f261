//! librda from outside: compiled against as an integrator does, run as one does, and watched by valgrind and
//! AddressSanitizer.

mod librda;

use anyhow::{Result, ensure};
use hardware_tests::desk;
use hardware_tests::need::{self, Need};
use hardware_tests::pcscd::{self, Pcscd};
use icao::pki::DocumentKind;
use icao::simulator::Profile;
use librda::{C, Installed, JAVAC, JNA, Linked, PYTHON, VALGRIND, WINSCARD, ffi, run};
use std::path::Path;
use std::process::Command;

/// What each document must come to: 0 for genuine, 1 for refused; and the word of a refusal.
const EXPECTED: [(Profile, i32, &str); 8] = [
    (Profile::NlPassport2011, 0, ""),
    (Profile::NlId2014, 0, ""),
    (Profile::NlPassport2024, 0, ""),
    (Profile::PaceP256, 0, ""),
    (Profile::NlLicence2014, 0, ""),
    (Profile::NlLicence2020, 0, ""),
    (Profile::Clone, 1, "error-chip-not-genuine"),
    (Profile::Tampered, 1, "error-document-altered"),
];

const SIMULATED: [&str; 1] = ["-DWITH_SIMULATOR"];

fn kind(profile: Profile) -> &'static str {
    match profile.kind() {
        DocumentKind::TravelDocument => "1",
        DocumentKind::IdentityCard => "2",
        DocumentKind::DrivingLicence => "3",
    }
}

/// What opens a document, as arguments of the examples.
fn access(profile: Profile) -> Vec<String> {
    let holder = profile.holder();
    match profile.kind() {
        DocumentKind::DrivingLicence => holder.mrz_lines(profile.form()),
        _ => [
            holder.document_number,
            holder.date_of_birth,
            holder.date_of_expiry,
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}

/// The arguments of the C example: verifier, and the terminal that it starts.
fn login(command: &mut Command, csca: &Path, profile: Profile, terminal: &Path, reader: [&str; 2]) {
    let origin = "https://login.example";
    command
        .arg(csca)
        .args([kind(profile), "NLD", origin])
        .arg(terminal)
        .arg(origin)
        .args(reader)
        .args(access(profile));
}

/// Writes the certificates that vouch for a document, PEM, by the program that an integrator uses for it.
fn csca(installed: &Installed, profile: Profile) -> Result<std::path::PathBuf> {
    let output = run(Command::new(need::program("examples/csca")?).arg(kind(profile)))?;
    let path = installed.path(&format!("csca-{}.pem", kind(profile)));
    std::fs::write(&path, output.stdout)?;
    Ok(path)
}

#[test]
fn the_header_is_c_and_cpp_and_its_layout_is_kept() -> Result<()> {
    if !need::all("the header of librda", &C)? {
        return Ok(());
    }
    let installed = Installed::new()?;
    let abi = installed.compile("tests/c/abi.c", Linked::Shared, "abi", &[])?;
    let output = run(&mut installed.command(abi))?;
    ensure!(
        output.stdout.starts_with(b"librda ") && output.stdout.ends_with(b"interface 0\n"),
        "{output:?}"
    );
    for standard in ["-std=c++11", "-std=c++20"] {
        let mut gxx = Command::new("/usr/bin/g++");
        gxx.args(["-x", "c++", "-fsyntax-only", standard])
            .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(installed.flags(&["--cflags"])?)
            .arg(ffi().join("tests/c/abi.c"));
        run(&mut gxx)?;
    }
    Ok(())
}

/// `RDA_WRITE_SYMBOLS=1` writes the list: look at the difference, and think of `RDA_ABI_VERSION`.
#[test]
fn exported_are_the_functions_of_the_list_and_nothing_else() -> Result<()> {
    if !need::all("the symbols of librda", &C)? {
        return Ok(());
    }
    let library = need::program("librda.so")?;
    let symbols = ["--dynamic", "--defined-only", "--format=just-symbols"];
    let output = run(Command::new("/usr/bin/nm").args(symbols).arg(&library))?;
    let text = String::from_utf8(output.stdout)?;
    let mut found: Vec<&str> = text.lines().collect();
    found.sort_unstable();
    let found = found.join("\n") + "\n";
    let list = ffi().join("abi/librda.symbols");
    if std::env::var_os("RDA_WRITE_SYMBOLS").is_some() {
        std::fs::write(&list, &found)?;
    }
    let kept = std::fs::read_to_string(&list)?;
    ensure!(
        found == kept,
        "librda exports\n{found}and {} lists\n{kept}",
        list.display()
    );
    // Each of them is in the header, and the header has no other.
    let header = std::fs::read_to_string(ffi().join("include/rda.h"))?;
    let mut declared: Vec<&str> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/']))
        .filter_map(|line| line.split_once('(').map(|(before, _)| before))
        .filter_map(|before| before.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("rda_"))
        .collect();
    declared.sort_unstable();
    ensure!(
        declared.join("\n") + "\n" == kept,
        "the header declares {declared:?}"
    );
    let dynamic = run(Command::new("/usr/bin/readelf")
        .arg("--dynamic")
        .arg(library))?;
    ensure!(
        String::from_utf8(dynamic.stdout)?.contains("Library soname: [librda.so.0]"),
        "librda.so does not bear the number of its interface"
    );
    Ok(())
}

#[test]
fn two_processes_log_in_with_every_document() -> Result<()> {
    if !need::all("the C example of librda", &C)? {
        return Ok(());
    }
    let installed = Installed::new()?;
    let verifier = installed.compile("examples/c/verifier.c", Linked::Shared, "verifier", &[])?;
    let terminal = installed.compile(
        "examples/c/terminal.c",
        Linked::Shared,
        "terminal",
        &SIMULATED,
    )?;
    for (profile, status, word) in EXPECTED {
        let csca = csca(&installed, profile)?;
        let mut command = installed.command(&verifier);
        login(
            &mut command,
            &csca,
            profile,
            &terminal,
            ["simulated", profile.name()],
        );
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(status) && said.contains(word),
            "{}: {}\n{said}",
            profile.name(),
            output.status
        );
        let verdict = String::from_utf8(output.stdout)?;
        ensure!(
            verdict.contains(&format!("\"genuine\":{}", status == 0)),
            "{}: {verdict}",
            profile.name()
        );
    }
    // A terminal that knows the verifier under another name makes proofs that hold for that name only.
    let profile = Profile::NlPassport2024;
    let mut command = installed.command(&verifier);
    command
        .arg(csca(&installed, profile)?)
        .args([kind(profile), "NLD", "https://login.example"])
        .arg(&terminal)
        .args(["https://other.example", "simulated", profile.name()])
        .args(access(profile));
    ensure!(command.output()?.status.code() == Some(1), "another origin");
    Ok(())
}

#[test]
fn the_c_terminal_reads_a_reader() -> Result<()> {
    let needs: Vec<&Need> = [&C[..], &[&WINSCARD], &pcscd::NEEDS].concat();
    if !need::all("the C example of librda at a reader", &needs)? {
        return Ok(());
    }
    let installed = Installed::new()?;
    let verifier = installed.compile("examples/c/verifier.c", Linked::Shared, "verifier", &[])?;
    let pcsc = ["-DWITH_PCSC", "-I/usr/include/PCSC", "-lpcsclite"];
    let terminal = installed.compile("examples/c/terminal.c", Linked::Shared, "terminal", &pcsc)?;
    for (profile, status) in [(Profile::NlPassport2024, 0), (Profile::Clone, 1)] {
        let pcscd = Pcscd::start()?;
        let _chip = desk::lay(profile, pcscd.slot(0), None)?;
        let csca = csca(&installed, profile)?;
        let mut command = pcscd.client(&verifier);
        command.env("LD_LIBRARY_PATH", installed.path("lib"));
        let reader = ["reader", "Virtual reader 00 00"];
        login(&mut command, &csca, profile, &terminal, reader);
        let output = command.output()?;
        ensure!(
            output.status.code() == Some(status),
            "{}: {}\n{}",
            profile.name(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// A login of two processes, steps and misuse, linked with the static library and watched by `watch`.
fn watched(installed: &Installed, flags: &[&str], watch: &[&str]) -> Result<()> {
    let watched = |program: &Path| {
        let mut words = watch.iter();
        match words.next() {
            None => installed.command(program),
            Some(tool) => {
                let mut command = installed.command(tool);
                command.args(words).arg(program);
                command
            }
        }
    };
    let simulated = [flags, &SIMULATED].concat();
    let compile = |source: &str, name: &str, flags: &[&str]| {
        installed.compile(source, Linked::Static, name, flags)
    };
    let misuse = compile("tests/c/misuse.c", "misuse", flags)?;
    run(&mut watched(&misuse))?;
    let steps = compile("tests/c/steps.c", "steps", &simulated)?;
    run(&mut watched(&steps))?;
    let verifier = compile("examples/c/verifier.c", "verifier", flags)?;
    let terminal = compile("examples/c/terminal.c", "terminal", &simulated)?;
    // The clone is refused half way to where the other is: at large scale only, for this takes its time.
    let many = std::env::var_os("RDA_LONG").is_some();
    let documents = [
        (Profile::NlPassport2024, 0),
        (Profile::Tampered, 1),
        (Profile::Clone, 1),
    ];
    for (profile, status) in documents.into_iter().take(if many { 3 } else { 2 }) {
        let mut command = watched(&verifier);
        let reader = ["simulated", profile.name()];
        let csca = csca(installed, profile)?;
        login(&mut command, &csca, profile, &terminal, reader);
        let output = command.output()?;
        ensure!(
            output.status.code() == Some(status),
            "{}: {}\n{}",
            profile.name(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

#[test]
fn valgrind_finds_no_error_and_no_leak() -> Result<()> {
    let needs: Vec<&Need> = [&C[..], &[&VALGRIND]].concat();
    if !need::all("librda under valgrind", &needs)? {
        return Ok(());
    }
    let known = format!("--suppressions={}/tests/c/valgrind.supp", ffi().display());
    let watch = [
        VALGRIND.file,
        &known,
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--show-leak-kinds=definite,indirect,possible",
        "--errors-for-leak-kinds=definite,indirect,possible",
        "--trace-children=yes",
    ];
    watched(&Installed::new()?, &[], &watch)
}

#[test]
fn address_sanitizer_finds_no_error_and_no_leak() -> Result<()> {
    if !need::all("librda under AddressSanitizer", &C)? {
        return Ok(());
    }
    let flags = [
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
    ];
    watched(&Installed::new()?, &flags, &[])
}

/// Runs an example of another language with every passport.
fn with_passports(command: impl Fn() -> Command) -> Result<()> {
    for (profile, status, word) in EXPECTED {
        if kind(profile) != "1" {
            continue;
        }
        let output = command()
            .arg(profile.name())
            .args(access(profile))
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(status) && said.contains(word),
            "{}: {}\n{said}",
            profile.name(),
            output.status
        );
        let verdict = String::from_utf8(output.stdout)?;
        ensure!(
            verdict.contains(&format!("\"genuine\":{}", status == 0)),
            "{}: {verdict}",
            profile.name()
        );
    }
    Ok(())
}

#[test]
fn the_python_example_logs_in() -> Result<()> {
    let needs: Vec<&Need> = [&C[..], &[&PYTHON]].concat();
    if !need::all("the Python example of librda", &needs)? {
        return Ok(());
    }
    let installed = Installed::new()?;
    with_passports(|| {
        let mut python = installed.command(PYTHON.file);
        python
            .arg("-B")
            .arg(ffi().join("examples/python/login.py"))
            .arg(installed.path("lib/librda.so.0"))
            .arg(installed.path("lib/librda_simulator.so"));
        python
    })
}

#[test]
fn the_java_example_logs_in() -> Result<()> {
    let needs: Vec<&Need> = [&C[..], &[&JAVAC, &JNA]].concat();
    if !need::all("the Java example of librda", &needs)? {
        return Ok(());
    }
    let installed = Installed::new()?;
    let classes = installed.path("classes");
    let mut javac = Command::new(JAVAC.file);
    javac
        .args(["-Xlint:all", "-Werror", "-cp", JNA.file, "-d"])
        .arg(&classes)
        .arg(ffi().join("examples/java/Login.java"));
    run(&mut javac)?;
    let path = format!("{}:{}", JNA.file, classes.display());
    with_passports(|| {
        let mut java = installed.command("/usr/bin/java");
        java.args(["-cp", &path, "Login"])
            .arg(installed.path("lib/librda.so.0"))
            .arg(installed.path("lib/librda_simulator.so"));
        java
    })
}
