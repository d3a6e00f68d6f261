//! Every page and every state of the login, in a real browser, in both languages: what it says, whether a checker of
//! accessibility objects, whether it fits a small screen and large letters, and what it weighs.

#[path = "support/visit.rs"]
mod visit;

use anyhow::{Context as _, Result, ensure};
use hardware_tests::accessibility::Checker;
use hardware_tests::browser::{self, Browser};
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::puppet::Puppet;
use hardware_tests::site::{self, OBJECTIONS, PASSWORD, Programs, SEVERAL, Site};
use icao::simulator::Profile;
use protocol::error::{Code, Layer};
use protocol::messages::DaemonMessage;
use serde_json::{Value, json};
use visit::{ANSWER_START, NEEDS, Visit};

/// Most bytes of a page with all that it loads, and most requests.
const MOST_BYTES: u64 = 60 * 1024;
const MOST_REQUESTS: u64 = 16;

#[test]
fn every_page_and_state_in_both_languages() -> Result<()> {
    if !need::all("the pages in a browser", &NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let browser = Browser::start("nl")?;
    let checker = Checker::load()?;
    let puppet = Puppet::listen(site.daemon_port())?;
    for language in ["nl", "en"] {
        let visit = Visit {
            site: &site,
            browser: &browser,
            checker: &checker,
            language,
        };
        before_the_password(&visit)?;
        the_document_page(&visit)?;
        while_it_runs(&visit, &puppet)?;
        failures(&visit, &puppet)?;
        results(&visit)?;
        ways_out(&visit)?;
    }
    Ok(())
}

fn before_the_password(visit: &Visit<'_>) -> Result<()> {
    visit.browser.open(visit.site.origin())?;
    visit.browser.forget_cookies()?;
    visit.open("/login")?;
    visit.look_closely("login")?;
    weigh(visit, "login")?;
    for notice in ["cancelled", "expired", "logged-out"] {
        visit.open(&format!("/login?notice={notice}"))?;
        ensure!(!visit.text("#notice")?.is_empty());
        visit.look(&format!("login-{notice}"))?;
    }
    visit.browser.element("#user")?.type_text("nobody")?;
    visit.browser.element("#password")?.type_text("wrong")?;
    visit.browser.element("main form button")?.click()?;
    visit.browser.element("#notice[role=alert]")?;
    visit.look("login-wrong")?;
    // The status 403 of a refused password stands in the console.
    visit.browser.complaints()?;
    visit.open("/help")?;
    ensure!(visit.text("details[open]")?.contains("Chrome"));
    visit.look_closely("help")?;
    visit.open("/help#safari")?;
    visit.browser.element("#safari[open]")?;
    visit.look("help-safari")
}

fn the_document_page(visit: &Visit<'_>) -> Result<()> {
    visit.log_in(Profile::NlPassport2024.name())?;
    visit.browser.element("#application[data-ready=true]")?;
    visit.look("document-one-kind")?;
    visit.log_in(SEVERAL)?;
    visit.browser.element("#application[data-ready=true]")?;
    visit
        .browser
        .element("input[type=radio][value=identity-card]")?;
    visit.look_closely("document")?;
    weigh(visit, "document")?;
    let policy = visit
        .browser
        .run_async("return (await fetch('/document')).headers.get('content-security-policy')")?;
    let policy = policy.as_str().unwrap_or_default();
    ensure!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    visit.browser.element("#last-four")?.type_text("12")?;
    visit.browser.element("#start")?.click()?;
    visit.browser.element("#last-four[aria-invalid=true]")?;
    visit.look("document-last-four-short")?;
    visit.browser.element("details summary")?.click()?;
    visit.look("document-what-is-read")?;
    // The form of a server that releases nothing.
    const TYPED: &str = "document.getElementById('form-error').textContent = '';
         const form = document.getElementById('start-form');
         form.dataset.access = 'typed';
         form.querySelector('[type=radio]').dispatchEvent(new Event('change'))";
    visit.browser.run(TYPED)?;
    visit.look("document-typed")?;
    // The one who has several kinds of document has no licence: the second one is called one here.
    visit.browser.element("#start")?.click()?;
    visit.browser.element("#number[aria-invalid=true]")?;
    visit
        .browser
        .run("document.querySelector('[value=identity-card]').value = 'driving-licence'")?;
    visit
        .browser
        .element("input[value=driving-licence]")?
        .click()?;
    visit.browser.element("#number:not([aria-invalid])")?;
    ensure!(visit.text("#form-error")?.is_empty());
    visit.browser.element("#line")?.type_text("D1NLD")?;
    visit.browser.element("#start")?.click()?;
    visit.browser.element("#line[aria-invalid=true]")?;
    visit.look("document-typed-licence")
}

fn while_it_runs(visit: &Visit<'_>, puppet: &Puppet) -> Result<()> {
    visit.log_in(SEVERAL)?;
    visit.browser.element("#application[data-ready=true]")?;
    visit.browser.element("#last-four")?.type_text("9999")?;
    visit.browser.run(ANSWER_START)?;
    let (mut strings, _) = visit.start(puppet)?;
    let steps = [
        "waiting_for_reader",
        "waiting_for_document",
        "opening",
        "reading",
        "proving",
        "waiting_for_server",
        "confirming",
        "done",
    ];
    let mut texts = std::collections::BTreeSet::new();
    for (index, step) in steps.iter().enumerate() {
        let progress = 10 * (index + 1);
        strings.say(&json!({
            "type": "state", "state": step, "progress": progress, "reader": { "name": "Example Reader 01 00", "attached": true },
        }))?;
        visit
            .browser
            .element(&format!("#progress[value='{progress}']"))?;
        texts.insert(visit.text("#state")?);
        visit.look(&format!("state-{step}"))?;
    }
    ensure!(texts.len() == steps.len(), "{texts:?}");
    let mut hints = std::collections::BTreeSet::new();
    for (index, hint) in hints_of_the_schema()?.iter().enumerate() {
        let progress = 30 + index;
        strings.say(
            &json!({ "type": "state", "state": "paused", "progress": progress, "hint": hint }),
        )?;
        visit
            .browser
            .element(&format!("#progress[value='{progress}']"))?;
        let text = visit.text("#hint")?;
        ensure!(!text.is_empty(), "{hint} says nothing");
        hints.insert(text);
        visit.look(&format!("hint-{hint}"))?;
    }
    ensure!(hints.len() >= 7, "{hints:?}");
    // A screen reader hears of states and hints, and of nothing else by itself.
    let live = visit.browser.run(
        "return [...document.querySelectorAll('#progress-panel [aria-live]')].map((element) => element.id).join()",
    )?;
    ensure!(live == "state,hint", "{live}");
    for kind in ["passport", "identity-card"] {
        let drawn = format!("return !document.querySelector('[data-drawing={kind}]').hidden");
        ensure!(visit.browser.run(&drawn)? == (kind == "passport"), "{kind}");
    }
    visit.look_closely("progress")?;
    strings.cut();
    // The page comes back under the name that it was given, and goes on where it was.
    let mut again = puppet.page()?;
    let resume = again.hear()?;
    ensure!(
        resume["type"] == "resume" && resume["session"] == "A".repeat(43),
        "{resume}"
    );
    again.say(&json!({ "type": "state", "state": "reading", "progress": 77 }))?;
    visit.browser.element("#progress[value='77']")?;
    visit.browser.element("#cancel")?.click()?;
    ensure!(
        again.hear()? == json!({ "type": "cancel" }),
        "the daemon hears of it"
    );
    visit.browser.element("#notice")?;
    ensure!(
        visit
            .browser
            .address()?
            .ends_with("/login?notice=cancelled")
    );
    Ok(())
}

/// The names of all hints, from the published schema.
fn hints_of_the_schema() -> Result<Vec<String>> {
    let schema = protocol::schema::document();
    let one_of = schema["$defs"]["Hint"]["oneOf"].as_array();
    let names = one_of
        .into_iter()
        .flatten()
        .filter_map(|variant| variant["const"].as_str().map(str::to_owned));
    let names: Vec<_> = names.collect();
    ensure!(names.len() >= 7, "{names:?}");
    Ok(names)
}

/// Every failure that a page hears of from the daemon, and those that it finds by itself.
fn failures(visit: &Visit<'_>, puppet: &Puppet) -> Result<()> {
    visit.log_in(Profile::NlPassport2024.name())?;
    visit.browser.element("#application[data-ready=true]")?;
    visit.browser.element("#last-four")?.type_text("2024")?;
    visit.browser.run(ANSWER_START)?;
    let mut seen = 0;
    for code in Code::ALL {
        if matches!(code.layer(), Layer::Browser | Layer::Server) {
            continue;
        }
        let (mut strings, _) = visit.start(puppet)?;
        let error = serde_json::from_str::<Value>(&DaemonMessage::error(*code).to_json()?)?;
        strings.say(&error)?;
        visit.browser.element(&format!(
            "#error-panel:not([hidden])[data-code={}]",
            code.symbol()
        ))?;
        for css in ["#error-title", "#error-text", "#error-action"] {
            ensure!(visit.text(css)?.len() > 8, "{code}: {css} says nothing");
        }
        let focused = visit.browser.run("return document.activeElement.id")?;
        ensure!(
            focused == "error-title",
            "{code}: the focus is on {focused}"
        );
        visit.look(&format!("error-{}", code.symbol()))?;
        visit.browser.element("#retry")?.click()?;
        seen += 1;
    }
    ensure!(seen > 40, "{seen}");
    let (mut strings, _) = visit.start(puppet)?;
    strings.say(&json!({ "type": "surprise" }))?;
    visit
        .browser
        .element("#error-panel[data-code=message_unexpected]:not([hidden])")?;
    visit.browser.element("#retry")?.click()?;
    // What only the page itself finds, told by the SDK as its own tests have it.
    for (code, causes) in [
        ("browser_permission_denied", json!([])),
        ("browser_frame_not_allowed", json!([])),
        ("browser_unsupported", json!([])),
        ("connection_lost", json!([])),
        (
            "daemon_unreachable",
            json!([
                "unanswered",
                "not-installed",
                "not-running",
                "blocked",
                "other-user"
            ]),
        ),
    ] {
        let (mut strings, _) = visit.start(puppet)?;
        strings.say(&json!({
            "type": "error", "code": code, "layer": "browser", "retryable": true, "who": "citizen",
            "text": format!("error-{}", code.replace('_', "-")), "causes": causes,
        }))?;
        visit
            .browser
            .element(&format!("#error-panel[data-code={code}]:not([hidden])"))?;
        if code == "daemon_unreachable" {
            visit.browser.element("#error-causes summary")?.click()?;
            let told = visit
                .browser
                .run("return document.querySelectorAll('#error-causes li').length")?;
            ensure!(told == 5, "{told}");
        }
        visit.look(&format!("error-{code}"))?;
        visit.browser.element("#retry")?.click()?;
    }
    let complaints = visit.browser.complaints()?;
    ensure!(complaints.is_empty(), "{complaints:?}");
    Ok(())
}

/// Refusals and what the register holds against documents; the level of the password; what a citizen can look back on.
fn results(visit: &Visit<'_>) -> Result<()> {
    for (user, _, code) in OBJECTIONS {
        visit.log_in(user)?;
        let refusal = visit.browser.element("#refusal")?;
        ensure!(refusal.attribute("data-reason")? == code, "{user}");
        visit.look(&format!("refusal-{code}"))?;
    }
    visit.look_closely("refusal")?;
    visit.browser.element("#refusal form button")?.click()?;
    visit.browser.element("#notice")?;
    visit.log_in(SEVERAL)?;
    visit.browser.element("#application[data-ready=true]")?;
    visit.open("/result")?;
    ensure!(visit.browser.element("#level")?.attribute("data-level")? == "10");
    visit.look("result-password")?;
    visit.open("/history")?;
    ensure!(
        visit
            .text("#history li")?
            .contains(if visit.language == "nl" {
                "Met gebruikersnaam"
            } else {
                "With user name"
            })
    );
    visit.look_closely("history")
}

/// Logging out, a session that is left alone, a form that is not of this session.
fn ways_out(visit: &Visit<'_>) -> Result<()> {
    visit.log_in(SEVERAL)?;
    visit.browser.element("#application[data-ready=true]")?;
    visit.browser.element("#logout")?.click()?;
    visit.browser.element("#notice")?;
    ensure!(visit.browser.address()?.ends_with("notice=logged-out"));

    visit.log_in(SEVERAL)?;
    visit.browser.element("#application[data-ready=true]")?;
    visit.browser.run(
        "document.querySelector('#cancel-form input').value = 'x'; document.getElementById('cancel-form').submit()",
    )?;
    visit.browser.element("main a.button[href='/login']")?;
    visit.look("forbidden")?;
    visit.browser.complaints()?;

    // The page's long timers ring when the test says so; that of the server has tests of its own.
    let ring = visit.browser.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        &json!({ "source": "
            window.rings = [];
            const real = window.setTimeout;
            window.setTimeout = (then, after, ...more) =>
                after >= 100_000 ? void window.rings.push({ then, after }) : real(then, after, ...more);
        " }),
    )?;
    visit.log_in(SEVERAL)?;
    visit.browser.element("#application[data-ready=true]")?;
    let after = visit.browser.run("return window.rings.at(-1).after")?;
    let after = after.as_f64().context("no timer")?;
    ensure!((770_000.0..=780_000.0).contains(&after), "{after}");
    visit.browser.run("window.rings.at(-1).then()")?;
    visit.browser.element("#idle[open]")?;
    visit.look("idle")?;
    visit.browser.element("#idle-stay")?.click()?;
    visit.browser.element("#idle:not([open])")?;
    visit
        .browser
        .run("window.rings.at(-1).then(); window.rings.at(-1).then()")?;
    visit.browser.element("#notice")?;
    ensure!(visit.browser.address()?.ends_with("notice=expired"));
    visit
        .browser
        .devtools(
            "Page.removeScriptToEvaluateOnNewDocument",
            &json!({ "identifier": ring["identifier"] }),
        )
        .map(drop)
}

/// What the page that is shown took: bytes of all bodies, and requests.
fn weigh(visit: &Visit<'_>, name: &str) -> Result<()> {
    let weight = visit.browser.run(
        "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
         return { bytes: all.reduce((sum, one) => sum + one.decodedBodySize, 0), requests: all.length,
                  foreign: all.filter((one) => new URL(one.name).origin !== location.origin).map((one) => one.name) };",
    )?;
    let (bytes, requests) = (
        weight["bytes"].as_u64().context("no bytes")?,
        weight["requests"].as_u64().context("no requests")?,
    );
    println!(
        "{name} ({}): {bytes} bytes, {requests} requests",
        visit.language
    );
    ensure!((1..=MOST_BYTES).contains(&bytes), "{name}: {bytes} bytes");
    ensure!(requests <= MOST_REQUESTS, "{name}: {requests} requests");
    ensure!(weight["foreign"] == json!([]), "{name}: {weight}");
    Ok(())
}

#[test]
fn a_login_by_keyboard_alone_with_the_focus_in_sight() -> Result<()> {
    const TAB: char = '\u{E004}';
    const ENTER: char = '\u{E007}';
    if !need::all("the keyboard in a browser", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    let profile = Profile::NlId2014;
    desk.lay(profile)?;
    let browser = Browser::start("en")?;
    browser.open(site.origin())?;
    // From field to field, until the one that is wanted has the focus, which can be seen.
    let go_to = |id: &str| -> Result<()> {
        for _ in 0..20 {
            browser.press(&TAB.to_string())?;
            let focus = browser.run(
                "const it = document.activeElement; return [it.id, getComputedStyle(it).outlineStyle]",
            )?;
            ensure!(focus[1] != "none", "the focus is not seen on {focus}");
            if focus[0] == id {
                return Ok(());
            }
        }
        anyhow::bail!("no way to {id}")
    };
    go_to("user")?;
    browser.press(profile.name())?;
    go_to("password")?;
    browser.press(&format!("{PASSWORD}{ENTER}"))?;
    browser.element("#application[data-ready=true]")?;
    go_to("last-four")?;
    browser.press(site::last_four(profile))?;
    go_to("start")?;
    browser.press(&ENTER.to_string())?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    go_to("logout")?;
    browser.press(&ENTER.to_string())?;
    browser.element("#notice")?;
    Ok(())
}

#[test]
fn nothing_moves_for_those_who_asked_for_rest() -> Result<()> {
    if !need::all("reduced motion in a browser", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let browser = Browser::start("nl")?;
    browser.open(site.origin())?;
    browser.element("#user")?.type_text(SEVERAL)?;
    browser.element("#password")?.type_text(PASSWORD)?;
    browser.element("main form button")?.click()?;
    browser.element("#application[data-ready=true]")?;
    browser.devtools(
        "Emulation.setEmulatedMedia",
        &json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] }),
    )?;
    let moving = browser.run(
        "return [...document.querySelectorAll('*')].filter((element) => {
            const style = getComputedStyle(element);
            return style.transitionDuration !== '0s' || style.animationName !== 'none';
        }).map((element) => element.id).join()",
    )?;
    ensure!(moving == "", "{moving}");
    Ok(())
}
