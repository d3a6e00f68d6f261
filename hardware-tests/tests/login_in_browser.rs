//! A citizen at the login page, in a real browser, with a real pcscd between daemon and chip. Leaves pictures in
//! target/screenshots for people to look at.

use anyhow::{Result, anyhow};
use hardware_tests::browser::{self, Browser};
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::pcscd;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;
use std::path::{Path, PathBuf};

// The page leaves for the result at the end: what it showed before is kept where the next page finds it.
const RECORD_STATES: &str = r"
    const seen = [];
    new MutationObserver(() => {
        const text = document.getElementById('state').textContent;
        if (text && seen.at(-1) !== text) {
            seen.push(text);
            sessionStorage.setItem('seen', JSON.stringify(seen));
        }
    }).observe(document.getElementById('state'), { childList: true, characterData: true, subtree: true });
";

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/screenshots")
        .join(format!("{name}.png"))
}

/// From the login form to the page that asks for the document.
fn to_the_document_page(browser: &Browser, site: &Site, profile: Profile) -> Result<()> {
    browser.open(site.origin())?;
    browser.element("#user")?.type_text(profile.name())?;
    browser.element("#password")?.type_text(PASSWORD)?;
    browser.element("main form button, form button")?.click()?;
    browser.element("#application[data-ready=true]")?;
    browser
        .element("#last-four")?
        .type_text(site::last_four(profile))?;
    Ok(())
}

fn needs(what: &str) -> Result<bool> {
    Ok(need::all(what, &browser::NEEDS)? && need::all(what, &pcscd::NEEDS)?)
}

#[test]
fn a_passport_lifts_the_login() -> Result<()> {
    if !needs("a login in the browser")? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::with_reader(&site)?;
    let browser = Browser::start("nl")?;
    let profile = Profile::NlPassport2024;
    browser.open(site.origin())?;
    browser.screenshot(&picture("1-login"))?;
    to_the_document_page(&browser, &site, profile)?;
    browser.screenshot(&picture("2-start"))?;
    browser.run(RECORD_STATES)?;
    browser.element("#start")?.click()?;
    browser.element("#progress-panel:not([hidden]) #state:not(:empty)")?;
    browser.screenshot(&picture("3-progress"))?;
    desk.lay(profile)?;
    let level = browser.element("#level")?;
    assert_eq!(level.attribute("data-level")?, "25");
    assert_eq!(level.text()?, "Substantieel");
    browser.screenshot(&picture("4-success"))?;
    let seen = browser.run("return sessionStorage.getItem('seen')")?;
    let seen: Vec<String> = serde_json::from_str(
        seen.as_str()
            .ok_or_else(|| anyhow!("no states were seen"))?,
    )?;
    assert!(seen.len() >= 4, "the citizen sees what happens: {seen:?}");
    Ok(())
}

#[test]
fn a_clone_is_refused_and_the_citizen_told() -> Result<()> {
    if !needs("a refusal in the browser")? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::with_reader(&site)?;
    desk.lay(Profile::Clone)?;
    let browser = Browser::start("en")?;
    to_the_document_page(&browser, &site, Profile::Clone)?;
    browser.element("#start")?.click()?;
    let refusal = browser.element("#refusal")?;
    assert_eq!(refusal.attribute("data-reason")?, "chip_not_genuine");
    browser.screenshot(&picture("5-refusal"))?;
    Ok(())
}

#[test]
fn without_the_daemon_the_page_says_what_to_do() -> Result<()> {
    if !needs("the page without a daemon")? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let browser = Browser::start("nl")?;
    to_the_document_page(&browser, &site, Profile::NlId2014)?;
    browser.element("#start")?.click()?;
    let error = browser.element("#error-panel:not([hidden])")?;
    assert_eq!(error.attribute("data-code")?, "daemon_unreachable");
    assert!(!browser.element("#error-action")?.text()?.is_empty());
    browser.screenshot(&picture("6-no-daemon"))?;
    Ok(())
}
