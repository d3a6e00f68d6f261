//! A citizen at the login page, in a real browser: real logins with simulated documents, laid, moved and taken away as a hand
//! would; once with a real pcscd between daemon and chip.

use anyhow::{Result, anyhow, ensure};
use hardware_tests::browser::{self, Browser};
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::pcscd;
use hardware_tests::shots;
use hardware_tests::site::{self, PASSWORD, Programs, SEVERAL, Site};
use icao::pki::DocumentKind;
use icao::simulator::Profile;
use std::time::{Duration, Instant};

// The page leaves for the result at the end: what it showed before is kept where the next page finds it.
const RECORD_STATES: &str = r"
    const seen = [];
    const look = () => {
        for (const id of ['state', 'hint']) {
            const text = document.getElementById(id).textContent;
            if (text && seen.at(-1) !== text) {
                seen.push(text);
                sessionStorage.setItem('seen', JSON.stringify(seen));
            }
        }
    };
    new MutationObserver(look).observe(document.getElementById('progress-panel'), { childList: true, characterData: true, subtree: true });
";

fn seen(browser: &Browser) -> Result<Vec<String>> {
    let seen = browser.run("return sessionStorage.getItem('seen')")?;
    let seen = seen
        .as_str()
        .ok_or_else(|| anyhow!("no states were seen"))?;
    Ok(serde_json::from_str(seen)?)
}

/// From the login form to the page that asks for the document, with the last four characters filled in.
fn to_the_document_page(browser: &Browser, site: &Site, user: &str, last_four: &str) -> Result<()> {
    to_the_empty_form(browser, site, user)?;
    browser.element("#last-four")?.type_text(last_four)
}

fn to_the_empty_form(browser: &Browser, site: &Site, user: &str) -> Result<()> {
    browser.open(site.origin())?;
    browser.element("#user")?.type_text(user)?;
    browser.element("#password")?.type_text(PASSWORD)?;
    browser.element("main form button")?.click()?;
    browser.element("#application[data-ready=true]")?;
    Ok(())
}

fn leave(browser: &Browser) -> Result<()> {
    browser.element("#logout")?.click()?;
    browser.element("#notice")?;
    browser.forget_cookies()
}

#[test]
fn each_kind_of_document_lifts_the_login_and_each_forgery_is_refused() -> Result<()> {
    if !need::all("logins in the browser", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    let browser = Browser::start("nl")?;
    for (profile, means) in [
        (Profile::NlPassport2024, "Met wachtwoord en paspoort"),
        (Profile::NlPassport2011, "Met wachtwoord en paspoort"),
        (Profile::NlId2014, "Met wachtwoord en identiteitskaart"),
        (Profile::NlLicence2014, "Met wachtwoord en rijbewijs"),
        (Profile::NlLicence2020, "Met wachtwoord en rijbewijs"),
    ] {
        desk.lay(profile)?;
        to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
        browser.element("#start")?.click()?;
        let level = browser.element("#level")?;
        ensure!(level.attribute("data-level")? == "25", "{profile:?}");
        ensure!(level.text()? == "Substantieel");
        ensure!(browser.element("#means")?.text()? == means);
        shots::take(&browser, &format!("nl-success-{}", profile.name()))?;
        browser.open(&format!("{}/result?lang=en", site.origin()))?;
        ensure!(browser.element("#level")?.text()? == "Substantial");
        shots::take(&browser, &format!("en-success-{}", profile.name()))?;
        ensure!(browser.complaints()?.is_empty());
        leave(&browser)?;
    }
    for (profile, reason) in [
        (Profile::Clone, "chip_not_genuine"),
        (Profile::Tampered, "document_altered"),
    ] {
        desk.lay(profile)?;
        to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
        browser.element("#start")?.click()?;
        let refusal = browser.element("#refusal")?;
        ensure!(refusal.attribute("data-reason")? == reason, "{profile:?}");
        shots::take(&browser, &format!("nl-refusal-{reason}"))?;
        leave(&browser)?;
    }
    // The account has had its five tries of this hour.
    desk.lift()?;
    let profile = Profile::Tampered;
    to_the_document_page(&browser, &site, profile.name(), "0000")?;
    for _ in 0..4 {
        browser.element("#start")?.click()?;
        let wrong = browser.element("#last-four[aria-invalid=true]")?;
        ensure!(
            !browser
                .element("#form-error:not(:empty)")?
                .text()?
                .is_empty()
        );
        wrong.type_text("\u{E003}\u{E003}\u{E003}\u{E003}0000")?;
        browser.run("document.getElementById('last-four').removeAttribute('aria-invalid')")?;
    }
    browser.element("#start")?.click()?;
    let refusal = browser.element("#refusal")?;
    ensure!(refusal.attribute("data-reason")? == "too_many_attempts");
    Ok(())
}

#[test]
fn where_the_server_releases_nothing_the_document_opens_with_what_is_typed() -> Result<()> {
    if !need::all("typed access data in the browser", &browser::NEEDS)? {
        return Ok(());
    }
    let browser = Browser::start("nl")?;
    for profile in [
        Profile::NlPassport2024,
        // Opened by BAP and by PACE.
        Profile::NlLicence2014,
        Profile::NlLicence2020,
    ] {
        let site = Site::with_crowd(&Programs::find()?, profile, 1)?;
        let mut desk = Desk::by_hand(&site)?;
        desk.lay(profile)?;
        to_the_empty_form(&browser, &site, &format!("{}-0", profile.name()))?;
        let holder = profile.holder();
        let fields = if profile.kind() == DocumentKind::DrivingLicence {
            vec![("#line", holder.mrz_lines(profile.form()).concat())]
        } else {
            vec![
                // A hyphen becomes a filler, and fillers at the end are no part of the number.
                ("#number", format!("{}-", holder.document_number)),
                ("#birth", holder.date_of_birth.to_owned()),
                ("#expiry", holder.date_of_expiry.to_owned()),
            ]
        };
        for (field, text) in fields {
            // Each field is asked for in its turn, before any request is made.
            browser.element("#start")?.click()?;
            let empty = browser.element(&format!("{field}[aria-invalid=true]"))?;
            ensure!(browser.element("#form-error")?.text()? == empty.attribute("data-wrong")?);
            shots::take(
                &browser,
                &format!("nl-typed-{}", field.trim_start_matches('#')),
            )?;
            // Small letters and blanks are what people type.
            let (first, rest) = text.split_at(2);
            empty.type_text(&format!("{first} {}", rest.to_lowercase()))?;
        }
        if profile.kind() == DocumentKind::DrivingLicence {
            // The last digit is another one.
            browser.run(
                "const line = document.getElementById('line'); line.dataset.right = line.value;
                 line.value = line.value.replace(/.$/, (digit) => (Number(digit) + 1) % 10)",
            )?;
            browser.element("#start")?.click()?;
            let wrong = browser.element("#line[aria-invalid=true]")?;
            ensure!(browser.element("#form-error")?.text()? == wrong.attribute("data-misspelt")?);
            browser.run(
                "const line = document.getElementById('line'); line.value = line.dataset.right",
            )?;
        }
        browser.element("#start")?.click()?;
        let level = browser.element("#level")?;
        ensure!(level.attribute("data-level")? == "25", "{profile:?}");
        ensure!(browser.complaints()?.is_empty());
        leave(&browser)?;
    }
    Ok(())
}

#[test]
fn a_document_that_moves_is_laid_back_and_the_login_goes_on() -> Result<()> {
    if !need::all("a document that moves, in the browser", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    // Slow enough for a hand, and for a slow computer: the document is moved while the chip is read.
    desk.set_latency(200)?;
    let browser = Browser::start("nl")?;
    let profile = Profile::NlPassport2024;
    to_the_document_page(&browser, &site, SEVERAL, site::last_four(profile))?;
    browser.run(RECORD_STATES)?;
    // Two kinds of document: the passport is the one that lies on the desk.
    browser.element("input[value=passport]")?.click()?;
    browser.element("#start")?.click()?;
    wait_for_text(&browser, "state", "Leg uw document op de kaartlezer.")?;
    shots::take(&browser, "nl-lay-down")?;
    // Looked for from now on, for it does not stay.
    browser.run(&format!(
        "window.reading = {}",
        text_shown(
            "state",
            "De chip wordt gelezen. Laat het document stil liggen."
        )
    ))?;
    desk.lay(profile)?;
    browser.run_async("await window.reading;")?;
    desk.slide()?;
    desk.set_latency(30)?;
    wait_for_text(
        &browser,
        "hint",
        "De chip is niet goed te lezen. Haal het hoesje eraf en leg het document plat, midden op de kaartlezer.",
    )?;
    shots::take(&browser, "nl-moved")?;
    desk.lift()?;
    desk.lay(profile)?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    let seen = seen(&browser)?;
    ensure!(seen.len() >= 6, "the citizen sees what happens: {seen:?}");
    Ok(())
}

/// Waits until an element of the page shows a text.
fn wait_for_text(browser: &Browser, id: &str, text: &str) -> Result<()> {
    browser
        .run_async(&format!("await {};", text_shown(id, text)))
        .map(drop)
}

/// A promise, in the page, that an element shows a text.
fn text_shown(id: &str, text: &str) -> String {
    format!(
        "new Promise((done) => {{
            const element = document.getElementById({id:?});
            const look = () => element.textContent === {text:?} && done();
            new MutationObserver(look).observe(element, {{ childList: true, characterData: true, subtree: true }});
            look();
         }})"
    )
}

#[test]
fn a_second_tab_is_told_that_a_login_is_under_way() -> Result<()> {
    if !need::all("a second tab in the browser", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    let browser = Browser::start("en")?;
    let profile = Profile::NlId2014;
    to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
    browser.element("#start")?.click()?;
    wait_for_text(&browser, "state", "Lay your document on the card reader.")?;
    let first = browser.new_tab()?;
    browser.open(&format!("{}/document", site.origin()))?;
    browser.element("#application[data-ready=true]")?;
    browser
        .element("#last-four")?
        .type_text(site::last_four(profile))?;
    browser.element("#start")?.click()?;
    browser.element("#error-panel[data-code=busy]:not([hidden])")?;
    shots::take(&browser, "en-second-tab")?;
    // The server took the second tab's request in the place of the first one's: the first is refused, not believed.
    browser.look_at(&first)?;
    desk.lay(profile)?;
    let refusal = browser.element("#refusal")?;
    ensure!(!refusal.attribute("data-reason")?.is_empty());
    // Whoever stops in one tab can begin again.
    browser.element("#refusal a.button")?.click()?;
    browser.element("#application[data-ready=true]")?;
    browser
        .element("#last-four")?
        .type_text(site::last_four(profile))?;
    browser.element("#start")?.click()?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    Ok(())
}

#[test]
fn without_the_daemon_the_page_says_what_to_do_and_the_citizen_can_stop() -> Result<()> {
    if !need::all("the page without a daemon", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let browser = Browser::start("nl")?;
    let profile = Profile::NlId2014;
    to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
    browser.element("#start")?.click()?;
    let error = browser.element("#error-panel:not([hidden])")?;
    ensure!(error.attribute("data-code")? == "daemon_unreachable");
    ensure!(!browser.element("#error-action")?.text()?.is_empty());
    browser.element("#error-causes summary")?.click()?;
    let first = browser.element("#error-causes li")?.text()?;
    ensure!(first.contains("staat nog niet op deze computer"), "{first}");
    shots::take(&browser, "nl-no-daemon")?;
    // The daemon is started, and the same page finds it.
    let mut desk = Desk::by_hand(&site)?;
    browser.element("#retry")?.click()?;
    browser.element("#start")?.click()?;
    wait_for_text(&browser, "state", "Leg uw document op de kaartlezer.")?;
    browser.element("#cancel")?.click()?;
    browser.element("#notice")?;
    ensure!(browser.address()?.ends_with("/login?notice=cancelled"));
    // The daemon is free for the next login at once.
    desk.lay(profile)?;
    to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
    browser.element("#start")?.click()?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    Ok(())
}

/// The request lives for five minutes; nobody lays a document.
#[test]
fn a_login_that_is_left_alone_ends_and_can_begin_again() -> Result<()> {
    if std::env::var_os("RDA_LONG").is_none() {
        println!("long: a login that is left alone runs under cargo xtask test --long");
        return Ok(());
    }
    if !need::all("a login that is left alone", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    let browser = Browser::start("nl")?;
    let profile = Profile::NlId2014;
    to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
    browser.element("#start")?.click()?;
    wait_for_text(&browser, "state", "Leg uw document op de kaartlezer.")?;
    let began = Instant::now();
    let over = "#error-panel[data-code=session_timed_out]:not([hidden])";
    while browser.element(over).is_err() {
        ensure!(began.elapsed() < Duration::from_secs(330), "it never ends");
    }
    ensure!(
        began.elapsed() > Duration::from_secs(270),
        "it ends too soon"
    );
    shots::take(&browser, "nl-time-is-up")?;
    desk.lay(profile)?;
    browser.element("#retry")?.click()?;
    browser.element("#start")?.click()?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    Ok(())
}

#[test]
fn a_passport_lifts_the_login_over_a_real_pcscd() -> Result<()> {
    if !(need::all("a login in the browser", &browser::NEEDS)?
        && need::all("a login over pcscd in the browser", &pcscd::NEEDS)?)
    {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::with_reader(&site)?;
    let browser = Browser::start("nl")?;
    let profile = Profile::NlPassport2024;
    to_the_document_page(&browser, &site, profile.name(), site::last_four(profile))?;
    browser.run(RECORD_STATES)?;
    browser.element("#start")?.click()?;
    browser.element("#progress-panel:not([hidden]) #state:not(:empty)")?;
    desk.lay(profile)?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    let seen = seen(&browser)?;
    ensure!(seen.len() >= 4, "the citizen sees what happens: {seen:?}");
    Ok(())
}
