//! A daemon that insists on a document laid for this login, over a real pcscd.

use anyhow::Result;
use hardware_tests::desk::lay;
use hardware_tests::need;
use hardware_tests::page::{Event, Page, Typed, Verdict};
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::process::Process;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_document_forgotten_on_the_reader_is_not_read() -> Result<()> {
    if !need::all("a document laid anew", &pcscd::NEEDS)? {
        return Ok(());
    }
    let profile = Profile::NlId2014;
    let site = Site::start(Programs::find()?)?;
    let pcscd = Pcscd::start()?;
    let mut command = Command::new(need::program("rda")?);
    command
        .args([
            "daemon",
            "--lay-anew",
            "--port",
            &site.daemon_port().to_string(),
            "--trust",
        ])
        .arg(site.folder().join("trust/servers.d"))
        .env("XDG_RUNTIME_DIR", site.folder())
        .env("HOME", site.folder())
        .env("PCSCLITE_CSOCK_NAME", pcscd.socket());
    let mut daemon = Process::start("rda daemon", &command)?;
    daemon.line(Duration::from_secs(60), |line| {
        line.contains("listening on").then_some(())
    })?;
    let mut chip = Some(lay(profile, pcscd.slot(0), None)?);
    // Laid before the login means: the service knows it. The same goes for its removal.
    let until = |lies: bool| -> Result<()> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let readers = pcscd
                .client(need::program("rda")?)
                .arg("readers")
                .output()?;
            if String::from_utf8_lossy(&readers.stdout).contains(": a card") == lies {
                return Ok(());
            }
            assert!(Instant::now() < end, "the document is never seen");
        }
    };
    until(true)?;
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    let (mut asked, mut read_before) = (false, false);
    let ending = page.check(site::kind_name(profile.kind()), &typed, &mut |event| {
        let Event::State(state, _, hint) = event else {
            return;
        };
        read_before |= !asked && state == "opening";
        if !asked && hint.as_deref() == Some("lay_again") {
            asked = true;
            chip = None;
            until(false).ok();
            chip = lay(profile, pcscd.slot(0), None).ok();
        }
    })?;
    assert!(asked && !read_before, "{ending:?}");
    assert!(chip.is_some());
    assert_eq!(ending.verdict, Verdict::Raised(25), "{ending:?}");
    Ok(())
}
