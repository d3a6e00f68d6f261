//! The tests' own pcscd: it starts, answers, leaves the machine's alone, and is gone afterwards.

#![allow(clippy::unwrap_used)]

use anyhow::Result;
use hardware_tests::need;
use hardware_tests::pcscd::{self, Pcscd};
use std::os::unix::net::UnixStream;
use std::path::Path;

#[test]
fn runs_beside_the_machines_own_and_ends_with_the_test() -> Result<()> {
    if !need::all("a pcscd of the test's own", &pcscd::NEEDS)? {
        return Ok(());
    }
    let machine = || Path::new("/run/pcscd/pcscd.pid").exists();
    let before = machine();
    let mut one = Pcscd::start()?;
    let other = Pcscd::start()?;
    assert_ne!(one.slot(0), other.slot(0));
    assert_eq!(
        machine(),
        before,
        "nothing is written outside the namespace"
    );
    let said = one.said();
    assert!(
        said.contains("No bundle files in pcsc drivers directory"),
        "no driver for the machine's readers: {said}"
    );

    let socket = one.socket();
    UnixStream::connect(&socket)?;
    one.kill();
    assert!(UnixStream::connect(&socket).is_err());
    one.restart()?;
    UnixStream::connect(&socket)?;

    let folder = socket.ancestors().nth(3).unwrap().to_owned();
    let slot = one.slot(0);
    drop(one);
    assert!(!folder.exists());
    assert!(hardware_tests::vpcd::connect(slot).is_err());
    drop(other);
    Ok(())
}
