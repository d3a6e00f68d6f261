//! The page SDK in pages of other origins than the login server's, and before a browser that asks for permission.

#[path = "support/integrator.rs"]
mod integrator;
use anyhow::{Context as _, Result, ensure};
use hardware_tests::browser::{self, Browser};
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::puppet::Puppet;
use hardware_tests::shots;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::access_key::AccessKey;
use icao::mrz::AccessFields;
use icao::simulator::Profile;
use integrator::Integrator;
use serde_json::json;

const PROFILE: Profile = Profile::NlPassport2011;

fn opens() -> Result<[u8; 20]> {
    let holder = PROFILE.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    )?;
    let digest = AccessKey::Mrz(fields).mrz_digest().map(|digest| *digest);
    digest.context("no digest")
}

/// Clicks, and gives what the page says at the end, once it says no state of the login any more.
fn click(browser: &Browser) -> Result<String> {
    browser.element("#go")?.click()?;
    let said = browser.run_async(
        "const say = document.getElementById('say');
         const under_way = /^$|^(connecting|waiting_|opening|reading|proving|confirming|paused|done|browser_asks)/;
         return new Promise((done) => {
            const look = () => under_way.test(say.textContent) || done(say.textContent);
            new MutationObserver(look).observe(say, { childList: true, characterData: true, subtree: true });
            look();
         });",
    )?;
    Ok(said.as_str().unwrap_or_default().to_owned())
}

/// All that a page can see of its sockets.
const WATCH: &str = "
    window.saw = [];
    const Real = WebSocket;
    window.WebSocket = class extends Real {
        constructor(...all) {
            super(...all);
            for (const kind of ['open', 'message', 'error', 'close']) {
                this.addEventListener(kind, (event) => saw.push(
                    [kind, event.code, event.reason, event.wasClean, event.data, this.protocol, this.extensions].join()));
            }
        }
    };
";

#[test]
fn works_where_a_trust_file_allows_and_tells_nothing_elsewhere() -> Result<()> {
    if !need::all("the SDK in pages of others", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let port = site.daemon_port();
    let friend = Integrator::start("somebody-else", port, "passport", opens()?, None)?;
    let folder = site.folder().join("trust/servers.d");
    friend.trusted(&folder, "somebody-else", &[&friend.origin])?;
    let stranger = Integrator::start("stranger", port, "passport", opens()?, Some(&friend.origin))?;
    let browser = Browser::start("en")?;

    // Of a stranger's page first without any program, as a measure of what nothing looks like.
    browser.open(&stranger.origin)?;
    browser.run(WATCH)?;
    ensure!(click(&browser)? == "daemon_unreachable");
    let nothing = browser.run("return saw.join(' ')")?;

    let mut desk = Desk::simulated(&site, PROFILE)?;
    browser.open(&friend.origin)?;
    let said = click(&browser)?;
    ensure!(said == "accepted", "{said}");
    ensure!(
        friend.taken() == 1,
        "the evidence opens with the key of the service"
    );

    browser.open(&stranger.origin)?;
    browser.run(WATCH)?;
    ensure!(click(&browser)? == "daemon_unreachable");
    ensure!(
        browser.run("return saw.join(' ')")? == nothing,
        "the stranger sees that somebody is there"
    );
    ensure!(stranger.taken() == 0);

    // Of an origin that some trust file lists, with a request that was signed for another one: the daemon's one answer.
    let other = Integrator::start("other", port, "passport", opens()?, Some(&friend.origin))?;
    other.trusted(&folder, "other", &[&other.origin])?;
    browser.open(&other.origin)?;
    let said = click(&browser)?;
    ensure!(said == "request_refused", "{said}");
    ensure!(other.taken() == 0);
    ensure!(!desk.daemon().said().contains("SPECI"));
    Ok(())
}

#[test]
fn a_permission_that_was_refused_is_told_and_counts_once_it_is_given() -> Result<()> {
    if !need::all("the browser's permission", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::by_hand(&site)?;
    desk.lay(Profile::NlId2014)?;
    let authority = site.origin().trim_start_matches("http://").to_owned();
    // The site stands for one on the internet; the computer's own address stays what it is.
    let browser = Browser::start_with(
        "nl",
        &[format!("--ip-address-space-overrides={authority}=public")],
    )?;
    let allow = |setting: &str| {
        browser.devtools(
            "Browser.setPermission",
            &json!({ "permission": { "name": "loopback-network" }, "setting": setting, "origin": site.origin() }),
        )
    };
    let profile = Profile::NlId2014;
    browser.open(site.origin())?;
    browser.element("#user")?.type_text(profile.name())?;
    browser.element("#password")?.type_text(PASSWORD)?;
    browser.element("main form button")?.click()?;
    browser.element("#application[data-ready=true]")?;
    // The citizen hears of the browser's question before it comes.
    browser.element("#will-ask:not([hidden])")?;
    shots::take(&browser, "nl-will-ask")?;
    browser
        .element("#last-four")?
        .type_text(site::last_four(profile))?;
    allow("denied")?;
    browser.element("#start")?.click()?;
    browser.element("#error-panel[data-code=browser_permission_denied]:not([hidden])")?;
    shots::take(&browser, "nl-permission-denied")?;
    let help = browser.element("#error-help a")?;
    ensure!(help.attribute("href")?.ends_with("/help#chrome"));
    allow("granted")?;
    browser.element("#retry")?.click()?;
    browser.element("#start")?.click()?;
    ensure!(browser.element("#level")?.attribute("data-level")? == "25");
    Ok(())
}

#[test]
fn a_page_in_a_frame_that_passes_no_permission_on_is_told_apart() -> Result<()> {
    if !need::all("the SDK in a frame", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let framed = Integrator::start("framed", site.daemon_port(), "passport", opens()?, None)?;
    let authority = framed.origin.trim_start_matches("http://").to_owned();
    let port = authority.rsplit(':').next().unwrap_or_default().to_owned();
    let browser = Browser::start_with(
        "en",
        &[format!(
            "--ip-address-space-overrides={authority}=public,[::1]:{port}=public"
        )],
    )?;
    browser.open(&format!("http://localhost:{port}/framed"))?;
    browser.enter("iframe")?;
    let said = click(&browser)?;
    ensure!(said == "browser_frame_not_allowed", "{said}");
    Ok(())
}

#[test]
fn tells_states_progress_and_hints_comes_back_and_stops_at_a_signal() -> Result<()> {
    if !need::all("the events of the SDK", &browser::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let port = site.daemon_port();
    let puppet = Puppet::listen(port)?;
    let service = Integrator::start("somebody-else", port, "passport", opens()?, None)?;
    let browser = Browser::start("en")?;
    browser.open(&service.origin)?;
    browser.run_async(&format!(
        "const {{ RdaLogin }} = await import('/rda.js');
         window.told = [];
         window.brought = 0;
         window.stop = new AbortController();
         const login = new RdaLogin({{ ports: [{port}], signal: stop.signal }});
         for (const name of ['permission', 'progress', 'hint']) {{
            login.addEventListener(name, ({{ detail }}) => told.push(`${{name}} ${{detail}}`));
         }}
         // Outside a click it does not even begin.
         window.early = await login.connect().then(() => 'connected', (error) => error.code);
         document.getElementById('go').onclick = async () => {{
            await login.connect();
            window.before = told.splice(0);
            const evidence = async () => (window.brought += 1, {{ chip_authentication: 'c.o.m' }});
            window.end = login.run({{ request: 'a.b.c', evidence, result: evidence }}).catch((error) => error.code);
            document.getElementById('say').textContent = 'running';
         }};"
    ))?;
    ensure!(browser.run("return window.early")? == "gesture_missing");
    browser.element("#go")?.click()?;
    let mut strings = puppet.page()?;
    strings.accept()?;
    strings.say(&json!({ "type": "state", "state": "opening", "progress": 10 }))?;
    strings.say(
        &json!({ "type": "state", "state": "paused", "progress": 10, "hint": "document_moved" }),
    )?;
    strings.say(&json!({ "type": "state", "state": "reading", "progress": 40 }))?;
    strings.say(&json!({ "type": "evidence", "sealed": "s.e.a.l.ed" }))?;
    let command = strings.hear()?;
    ensure!(
        command == json!({ "type": "chip_authentication", "command": "c.o.m" }),
        "{command}"
    );
    // The socket is lost before the command was heard: the daemon says its evidence again, and hears the same answer, which
    // costs the server nothing.
    strings.cut();
    let mut again = puppet.page()?;
    ensure!(again.hear()?["type"] == "resume");
    again.say(&json!({ "type": "evidence", "sealed": "s.e.a.l.ed" }))?;
    ensure!(again.hear()? == command);
    ensure!(browser.run("return window.brought")? == 1);
    browser.run("stop.abort()")?;
    ensure!(again.hear()? == json!({ "type": "cancel" }));
    ensure!(browser.run_async("return await window.end")? == "aborted");
    ensure!(
        browser.run("return before.join()")? == "permission prompt,progress 0,hint browser_asks"
    );
    let told = browser.run("return told.join()")?;
    ensure!(
        told == "progress 10,hint null,hint document_moved,progress 40,hint null",
        "{told}"
    );
    Ok(())
}
