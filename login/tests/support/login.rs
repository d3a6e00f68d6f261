//! A citizen at the document page, whose daemon and chip these tests play.
#![allow(dead_code, unreachable_pub)]

use icao::simulator::{Profile, SimulatedLink};
use protocol::chip_authentication::ChipAuthenticationResult;
use protocol::evidence::Evidence;
use serde_json::{Value, json};

use crate::reader::{Reader, lay};
use crate::site::{Browser, PASSWORD, Site, kind_name};

/// A citizen at the document page, with a request and a document on the reader.
pub struct Login {
    pub browser: Browser,
    pub reader: Reader,
    pub token: String,
    pub chip: SimulatedLink,
}

impl Login {
    pub fn start(site: &Site, profile: Profile) -> Self {
        let mut browser = site.browser();
        assert_eq!(browser.log_in(profile.name(), PASSWORD).status, 303);
        let (reader, token) = request(site, &mut browser, profile);
        Self {
            browser,
            reader,
            token,
            chip: lay(profile),
        }
    }

    /// The same citizen tries again, in the same session.
    pub fn again(&mut self, site: &Site, profile: Profile) {
        (self.reader, self.token) = request(site, &mut self.browser, profile);
        self.chip = lay(profile);
    }

    pub fn post(&mut self, name: &str, sealed: &str) -> Value {
        let answer = self
            .browser
            .api_with(&self.token, name, &json!({ "sealed": sealed }));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub fn send_evidence(&mut self, evidence: &Evidence) -> (Value, String) {
        let sealed = self.reader.seal(evidence);
        (self.post("evidence", &sealed), sealed)
    }

    pub fn send_result(&mut self, result: &ChipAuthenticationResult) -> Value {
        let sealed = self.reader.seal(result);
        self.post("chip-authentication-result", &sealed)
    }

    /// To the verdict, with evidence and results changed on the way.
    pub fn finish(
        &mut self,
        change: impl FnOnce(&mut Evidence),
        change_result: impl FnOnce(&mut ChipAuthenticationResult),
    ) -> Value {
        let mut evidence = self.reader.evidence(&mut self.chip);
        change(&mut evidence);
        let (answer, sealed) = self.send_evidence(&evidence);
        let Some(command) = answer["chip_authentication"].as_str() else {
            return answer;
        };
        let claims = self.reader.command(command, &sealed);
        let mut result = self
            .reader
            .chip_authentication(&mut self.chip, &evidence, &claims);
        change_result(&mut result);
        self.send_result(&result)
    }

    pub fn level(&mut self) -> String {
        self.browser.get("/result").value("data-level=")
    }
}

pub fn request(site: &Site, browser: &mut Browser, profile: Profile) -> (Reader, String) {
    let number = profile.holder().document_number;
    let body =
        json!({ "document": kind_name(profile.kind()), "last_four": &number[number.len() - 4..] });
    let token = browser.get("/document").value("data-token=");
    let answer = browser.api_with(&token, "start", &body).json();
    let compact = answer["request"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned();
    (
        Reader::take(&compact, &site.trust, &site.origin, site.now()),
        token,
    )
}

/// Refused at this step with this code, and the session has not risen.
#[track_caller]
pub fn refused(login: &mut Login, answer: &Value, step: u64, code: &str) {
    assert_eq!(answer["outcome"], "refused", "{answer}");
    let steps = answer["steps"].as_array().unwrap();
    let last = steps.last().unwrap();
    assert_eq!(
        (last["step"].as_u64(), last["outcome"].as_str()),
        (Some(step), Some("failed")),
        "{answer}"
    );
    assert!(
        steps
            .iter()
            .rev()
            .skip(1)
            .all(|step| step["outcome"] != "failed")
    );
    assert_eq!(
        answer["text_key"],
        format!("error-{}", code.replace('_', "-")),
        "{answer}"
    );
    assert!(
        login
            .browser
            .get("/result")
            .body
            .contains(&format!("data-reason=\"{code}\""))
    );
    assert!(
        login.browser.get("/document").status == 200,
        "a refusal ends no session"
    );
}

pub const KEEP: fn(&mut Evidence) = |_| ();
pub const KEEP_RESULT: fn(&mut ChipAuthenticationResult) = |_| ();
