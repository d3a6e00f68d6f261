//! The simulated desk of the demonstration, moved by clicks.

use anyhow::{Context as _, Result, ensure};
use hardware_tests::accessibility::Checker;
use hardware_tests::browser::Browser;
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::page::{Page, Typed, Verdict};
use hardware_tests::panel::Panel;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn documents_are_laid_lifted_and_slid_by_clicks() -> Result<()> {
    if !need::all(
        "the panel of the demonstration",
        &[&need::CHROMIUM, &need::CHROMEDRIVER, &need::AXE],
    )? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let desk = Desk::by_hand(&site)?;
    let login = site.origin().to_owned();
    let (send, bound) = channel();
    std::thread::spawn(move || -> Result<()> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(async {
                let panel = Panel::bind(desk, None, &login).await?;
                send.send(panel.origin().to_owned())?;
                panel.run(std::future::pending()).await
            })
    });
    let origin = bound
        .recv_timeout(Duration::from_secs(60))
        .context("the panel does not start")?;
    let browser = Browser::start("en")?;
    browser.open(&origin)?;
    // Waits for the page that a click brings.
    let lies = |place: &str| {
        browser
            .element(&format!("#lies[data-place={place}]"))?
            .text()
    };
    ensure!(lies("away")? == "The reader is empty.");
    let found = Checker::load()?.check(&browser)?;
    ensure!(
        found.violations.is_empty() && found.incomplete.is_empty(),
        "{found:?}"
    );

    browser.element("button[value=nl-id-2014]")?.click()?;
    ensure!(lies("reader")? == "nl-id-2014 lies on the reader.");
    let profile = Profile::NlId2014;
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    let ending = page.check(site::kind_name(profile.kind()), &typed, &mut |_| {})?;
    ensure!(ending.verdict == Verdict::Raised(25), "{ending:?}");

    browser.element("button[value=slide]")?.click()?;
    ensure!(lies("beside")?.contains("slid"));
    browser.element("button[value=lift]")?.click()?;
    ensure!(lies("away")? == "The reader is empty.");
    ensure!(browser.complaints()?.is_empty());

    // Another page's form moves nothing.
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let foreign = agent
        .post(&origin)
        .header("Origin", site.origin())
        .send_form([("act", "clone")])?;
    ensure!(foreign.status() == 403);
    browser.open(&origin)?;
    ensure!(lies("away")? == "The reader is empty.");
    Ok(())
}
