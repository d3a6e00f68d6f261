//! The same login in another browser: one success and three refusals.

use anyhow::{Result, ensure};
use hardware_tests::desk::Desk;
use hardware_tests::firefox::{self, Firefox};
use hardware_tests::need;
use hardware_tests::shots;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;

fn picture(firefox: &mut Firefox, name: &str) -> Result<()> {
    if shots::wanted() {
        firefox.screenshot(&shots::place(&format!("firefox-{name}")))?;
    }
    Ok(())
}

fn log_in(firefox: &mut Firefox, site: &Site, user: &str) -> Result<()> {
    firefox.open(site.origin())?;
    firefox.type_text("#user", user)?;
    firefox.type_text("#password", PASSWORD)?;
    firefox.click("main form button")
}

fn start(firefox: &mut Firefox, last_four: &str) -> Result<()> {
    firefox.text("#application[data-ready=true]")?;
    firefox.type_text("#last-four", last_four)?;
    firefox.click("#start")
}

fn leave(firefox: &mut Firefox) -> Result<()> {
    firefox.click("#logout")?;
    firefox.text("#notice").map(drop)
}

#[test]
fn a_login_and_three_refusals_in_firefox() -> Result<()> {
    if !need::all("logins in Firefox", &firefox::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    let mut firefox = Firefox::start("nl")?;

    let profile = Profile::NlPassport2024;
    log_in(&mut firefox, &site, profile.name())?;
    start(&mut firefox, site::last_four(profile))?;
    firefox.text("#progress-panel:not([hidden]) #state:not(:empty)")?;
    picture(&mut firefox, "progress")?;
    desk.lay(profile)?;
    ensure!(firefox.attribute("#level", "data-level")? == "25");
    ensure!(firefox.text("#means")? == "Met wachtwoord en paspoort");
    picture(&mut firefox, "success")?;
    leave(&mut firefox)?;

    // A copy, a forgery, and a document that the register knows as missing. The browser is known to no other account.
    for (profile, reason) in [
        (Profile::Clone, "chip_not_genuine"),
        (Profile::Tampered, "document_altered"),
    ] {
        desk.lay(profile)?;
        log_in(&mut firefox, &site, profile.name())?;
        start(&mut firefox, site::last_four(profile))?;
        ensure!(
            firefox.attribute("#refusal", "data-reason")? == reason,
            "{profile:?}"
        );
        picture(&mut firefox, reason)?;
        leave(&mut firefox)?;
    }
    log_in(&mut firefox, &site, "missing")?;
    ensure!(firefox.attribute("#refusal", "data-reason")? == "document_missing");
    leave(&mut firefox)?;

    // And without the daemon, what to do.
    drop(desk);
    let profile = Profile::NlId2014;
    log_in(&mut firefox, &site, profile.name())?;
    start(&mut firefox, site::last_four(profile))?;
    let code = firefox.attribute("#error-panel:not([hidden])", "data-code")?;
    ensure!(code == "daemon_unreachable", "{code}");
    let help = firefox.run("document.querySelector('#error-help a').href")?;
    ensure!(help.ends_with("/help#firefox"), "{help}");
    picture(&mut firefox, "no-daemon")
}
