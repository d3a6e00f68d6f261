//! Every verdict of the login server against a login, made by the server itself and shown in a real browser: in place of the
//! daemon the test reads simulated chips, and changes what it hands over. Those that the register alone decides are in
//! pages_in_browser.rs.
#![allow(clippy::unwrap_used)]

#[path = "../../login/tests/support/reader.rs"]
mod reader;
#[path = "support/visit.rs"]
mod visit;

use anyhow::{Context as _, Result, ensure};
use hardware_tests::accessibility::Checker;
use hardware_tests::browser::Browser;
use hardware_tests::need;
use hardware_tests::puppet::{Puppet, Strings};
use hardware_tests::site::{self, OBJECTIONS, Programs, Site};
use icao::simulator::Profile;
use protocol::error::{Code, Layer};
use protocol::evidence::Evidence;
use protocol::trust::TrustedServer;
use rda::trust::TrustStore;
use reader::{Reader, file, lay};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};
use visit::{ANSWER_START, NEEDS, Visit};

/// Made with OpenSSL and the key of the simulated CSCA 1: revokes the signer of passports 2011.
const REVOCATION_LIST: &[u8] =
    include_bytes!("../../login/tests/fixtures/revoked-passport-signer-2011.crl");

struct Scene<'a> {
    visit: Visit<'a>,
    puppet: Puppet,
    server: TrustedServer,
    seen: BTreeSet<String>,
}

impl Scene<'_> {
    /// To the page that asks for the document, with the last four characters filled in.
    fn come(&self, user: &str, document: Profile) -> Result<()> {
        self.visit.log_in(user)?;
        self.fill_in(site::last_four(document))
    }

    fn fill_in(&self, last_four: &str) -> Result<()> {
        let browser = self.visit.browser;
        browser.element("#application[data-ready=true]")?;
        browser.element("#last-four")?.type_text(last_four)
    }

    fn start(&self) -> Result<(Strings, Reader)> {
        let (strings, request) = self.visit.start(&self.puppet)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let reader = Reader::take(&request, &self.server, self.visit.site.origin(), now);
        Ok((strings, reader))
    }

    /// Reads `document` for the login that waits, and hands over what `change` makes of it.
    fn prove(&self, document: Profile, change: impl FnOnce(&mut Evidence)) -> Result<()> {
        let (mut strings, reader) = self.start()?;
        let mut chip = lay(document);
        let mut evidence = reader.evidence(&mut chip);
        change(&mut evidence);
        let sealed = reader.seal(&evidence);
        strings.say(&json!({ "type": "evidence", "sealed": sealed }))?;
        let answer = strings.hear()?;
        if answer["type"] == "chip_authentication" {
            let command = answer["command"].as_str().context("no command")?;
            let claims = reader.command(command, &sealed);
            let result = reader.chip_authentication(&mut chip, &evidence, &claims);
            let sealed = reader.seal(&result);
            strings.say(&json!({ "type": "chip_authentication_result", "sealed": sealed }))?;
        }
        Ok(())
    }

    /// What the citizen sees of a refusal, in both languages.
    fn refused(&mut self, code: Code) -> Result<()> {
        let name = code.symbol();
        let shown = format!("#refusal[data-reason={name}]");
        self.visit.browser.element(&shown)?;
        for language in ["nl", "en"] {
            self.visit.language = language;
            self.visit.open("/result")?;
            self.visit.browser.element(&shown)?;
            self.visit.look(&format!("refusal-{name}"))?;
        }
        self.seen.insert(name.to_owned());
        Ok(())
    }

    fn edit_register(&self, change: impl FnOnce(String) -> String) -> Result<()> {
        let path = self.visit.site.folder().join("register.toml");
        Ok(fs::write(&path, change(fs::read_to_string(&path)?))?)
    }
}

#[test]
fn each_refusal_of_the_login_server_is_shown_with_what_to_do() -> Result<()> {
    if !need::all("refusals in a browser", &NEEDS)? {
        return Ok(());
    }
    let site = Site::start_with(&Programs::find()?, |folder| {
        fs::create_dir(folder.join("crl"))?;
        fs::write(folder.join("crl/1.crl"), REVOCATION_LIST)?;
        Ok("[[csca]]\nkind = \"passport\"\nissuing_state = \"NLD\"\nfolder = \"csca/passport-NLD\"\nrevocation_lists = \"crl\"\n".to_owned())
    })?;
    let trust = TrustStore::load(Some(&site.folder().join("trust/servers.d")), None);
    let (browser, checker) = (Browser::start("nl")?, Checker::load()?);
    let mut scene = Scene {
        puppet: Puppet::listen(site.daemon_port())?,
        server: trust.server("demo").context("no trust file")?.clone(),
        seen: BTreeSet::new(),
        visit: Visit {
            site: &site,
            browser: &browser,
            checker: &checker,
            language: "nl",
        },
    };
    evidence(&mut scene)?;
    turns(&mut scene)?;
    register(&mut scene)?;
    limits(&mut scene)?;

    // None of the server's codes has no page, here or in pages_in_browser.rs.
    let there = OBJECTIONS.map(|(_, _, code)| code.to_owned());
    scene.seen.extend(there);
    let all: BTreeSet<_> = Code::ALL
        .iter()
        .filter(|code| code.layer() == Layer::Server)
        .map(|code| code.symbol().to_owned())
        .collect();
    ensure!(
        scene.seen == all,
        "{:?}",
        scene.seen.symmetric_difference(&all)
    );
    Ok(())
}

/// What the chip has signed, or has not.
fn evidence(scene: &mut Scene<'_>) -> Result<()> {
    let passport = Profile::NlPassport2024;
    scene.come(passport.name(), passport)?;
    scene.prove(passport, |evidence| evidence.dg15 = None)?;
    scene.refused(Code::EvidenceIncomplete)?;

    scene.come(passport.name(), passport)?;
    scene.prove(passport, |evidence| {
        let mut sod = evidence.sod.as_slice().to_vec();
        if let Some(last) = sod.last_mut() {
            *last ^= 1;
        }
        evidence.sod = file(sod);
    })?;
    scene.refused(Code::SignatureWrong)?;

    let old = Profile::NlPassport2011;
    scene.come(old.name(), old)?;
    scene.prove(old, |_| {})?;
    scene.refused(Code::SignerRevoked)?;

    for (document, code) in [
        (Profile::Clone, Code::ChipNotGenuine),
        (Profile::Tampered, Code::DocumentAltered),
    ] {
        scene.come(document.name(), document)?;
        scene.prove(document, |_| {})?;
        scene.refused(code)?;
    }
    Ok(())
}

/// Messages out of turn.
fn turns(scene: &mut Scene<'_>) -> Result<()> {
    let passport = Profile::NlPassport2024;
    let sealed = json!({ "type": "evidence", "sealed": "s.e.a.l.ed" });
    scene.come(passport.name(), passport)?;
    let (mut strings, _) = scene.visit.start(&scene.puppet)?;
    strings.say(&sealed)?;
    scene.refused(Code::EvidenceMalformed)?;
    // The same request a second time.
    scene.visit.open("/document")?;
    scene.fill_in(site::last_four(passport))?;
    scene.visit.browser.run(ANSWER_START)?;
    let (mut strings, _) = scene.visit.start(&scene.puppet)?;
    strings.say(&sealed)?;
    scene.refused(Code::EvidenceRepeated)?;
    // In a session that has asked for nothing.
    scene.come(passport.name(), passport)?;
    scene.visit.browser.run(ANSWER_START)?;
    let (mut strings, _) = scene.visit.start(&scene.puppet)?;
    strings.say(&sealed)?;
    scene.refused(Code::LoginExpired)
}

/// What the register says, and that it says nothing.
fn register(scene: &mut Scene<'_>) -> Result<()> {
    let card = Profile::NlId2014;
    let before = fs::read_to_string(scene.visit.site.folder().join("register.toml"))?;
    scene.come(card.name(), card)?;
    let (mut strings, reader) = scene.start()?;
    scene.edit_register(|_| String::new())?;
    let mut chip = lay(card);
    let evidence = reader.evidence(&mut chip);
    let sealed = reader.seal(&evidence);
    strings.say(&json!({ "type": "evidence", "sealed": sealed }))?;
    let answer = strings.hear()?;
    let command = answer["command"].as_str().context("no command")?;
    let claims = reader.command(command, &sealed);
    let result = reader.seal(&reader.chip_authentication(&mut chip, &evidence, &claims));
    strings.say(&json!({ "type": "chip_authentication_result", "sealed": result }))?;
    scene.refused(Code::RegisterUnreachable)?;

    // The document is of a state whose certificates the server does not have.
    scene
        .edit_register(|_| before.replace("issuing_state = \"NLD\"", "issuing_state = \"UTO\""))?;
    scene.come(card.name(), card)?;
    scene.prove(card, |_| {})?;
    scene.refused(Code::IssuerUnknown)?;

    // The document of another person, as far as number and dates go the registered one.
    let other = Profile::PaceP256;
    let (one, two) = (card.holder().bsn, other.holder().bsn);
    scene.edit_register(|_| {
        let swapped = before.replace(one, "BSN").replace(two, one);
        swapped.replace("BSN", two)
    })?;
    scene.come(other.name(), card)?;
    scene.prove(card, |_| {})?;
    scene.refused(Code::DocumentMismatch)?;
    scene.edit_register(|_| before)
}

/// Too often; and a server that is gone.
fn limits(scene: &mut Scene<'_>) -> Result<()> {
    let passport = Profile::PaceP256;
    scene.come(passport.name(), passport)?;
    // The five tries of an hour, without the page.
    scene.visit.browser.run_async(
        "const { token } = document.getElementById('application').dataset;
         for (let tries = 0; tries < 5; tries += 1) {
            await fetch('/api/rda/start', {
                method: 'POST',
                headers: { 'Content-Type': 'application/json', 'RDA-Token': token },
                body: JSON.stringify({ document: 'passport', last_four: '0000' }),
            });
         }",
    )?;
    scene.visit.browser.element("#start")?.click()?;
    let _page = scene.puppet.page()?;
    scene.refused(Code::TooManyAttempts)?;

    let failed = Code::ServerFailed;
    for language in ["nl", "en"] {
        scene.visit.language = language;
        scene.come(passport.name(), passport)?;
        scene.visit.browser.run(
            "const real = window.fetch;
             window.fetch = (url, ...more) => String(url).endsWith('/api/rda/start') ? Promise.reject(new TypeError()) : real(url, ...more);",
        )?;
        scene.visit.browser.element("#start")?.click()?;
        let _page = scene.puppet.page()?;
        scene.visit.browser.element(&format!(
            "#error-panel:not([hidden])[data-code={}]",
            failed.symbol()
        ))?;
        scene.visit.look(&format!("error-{}", failed.symbol()))?;
    }
    scene.seen.insert(failed.symbol().to_owned());
    Ok(())
}
