//! The card service is restarted under a daemon that sits in its sandbox: it finds the service again, on the socket that it may
//! reach, and without any right that it gave up.

use anyhow::{Result, ensure};
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::page::{Ending, Event, Page, Typed, Verdict};
use hardware_tests::pcscd;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;

const PROFILE: Profile = Profile::NlId2014;

fn log_in(site: &Site, tell: &mut dyn FnMut(&Event)) -> Result<Ending> {
    let page = Page::log_in(site.origin(), PROFILE.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(PROFILE).to_owned()),
        ..Typed::default()
    };
    page.check(site::kind_name(PROFILE.kind()), &typed, tell)
}

#[test]
fn a_sandboxed_daemon_finds_the_card_service_again() -> Result<()> {
    if !need::all("a card service that restarts", &pcscd::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::with_reader(&site)?;
    desk.lay(PROFILE)?;
    let before = log_in(&site, &mut |_| {})?;
    ensure!(before.verdict == Verdict::Raised(25), "{before:?}");
    let said = desk.daemon().said();
    ensure!(
        said.contains("own files only") && said.contains("system calls"),
        "no sandbox: {said}"
    );

    // Gone between two logins: told as what it is.
    desk.lift()?;
    if let Some(pcscd) = desk.pcscd() {
        pcscd.kill();
    }
    let without = log_in(&site, &mut |_| {})?;
    ensure!(
        without.verdict == Verdict::Stopped("service_stopped".to_owned()),
        "{without:?}"
    );
    if let Some(pcscd) = desk.pcscd() {
        pcscd.restart()?;
    }
    desk.lay(PROFILE)?;
    let after = log_in(&site, &mut |_| {})?;
    ensure!(after.verdict == Verdict::Raised(25), "{after:?}");

    // Restarted while a login waits for the document.
    desk.lift()?;
    let (mut restarted, mut outcome) = (false, Ok(()));
    let within = log_in(&site, &mut |event| {
        if let Event::State(state, ..) = event
            // The latter where pcscd has not noticed yet that nothing lies there.
            && matches!(state.as_str(), "waiting_for_document" | "paused")
            && !restarted
        {
            restarted = true;
            if let Some(pcscd) = desk.pcscd() {
                outcome = pcscd.restart();
            }
            if outcome.is_ok() {
                outcome = desk.lay(PROFILE);
            }
        }
    })?;
    outcome?;
    ensure!(restarted, "{within:?}");
    ensure!(within.verdict == Verdict::Raised(25), "{within:?}");
    Ok(())
}
