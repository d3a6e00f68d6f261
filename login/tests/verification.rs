//! The ten steps over HTTP, with simulated chips: what is accepted, and by which step everything else is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "verification/chip.rs"]
mod chip;
#[path = "verification/files.rs"]
mod files;
#[path = "verification/identity.rs"]
mod identity;
#[path = "verification/issuers.rs"]
mod issuers;
#[path = "verification/licences.rs"]
mod licences;
#[path = "support/login.rs"]
mod login;
#[path = "support/reader.rs"]
mod reader;
#[path = "verification/session.rs"]
mod session;
#[path = "support/site.rs"]
mod site;

use icao::access_key::AccessKey;
use icao::mrz::AccessFields;
use icao::simulator::Profile;
use login::{KEEP, KEEP_RESULT, Login, refused, request};
use protocol::chip_authentication::ChipAuthenticationResult;
use protocol::encoding::Octets;
use protocol::evidence::Evidence;
use reader::{file, lay};
use serde_json::{Value, json};
use std::path::Path;

use site::{PASSWORD, Site};

#[test]
fn good_documents_lift_the_session() {
    let site = Site::specimens("");
    for (profile, round_trips) in [
        (Profile::NlPassport2011, 1),
        (Profile::NlId2014, 2),
        (Profile::NlPassport2024, 2),
        (Profile::PaceP256, 2),
        (Profile::NlLicence2014, 1),
        (Profile::NlLicence2020, 2),
    ] {
        let mut login = Login::start(&site, profile);
        let before = login.browser.clone();
        let answer = login.finish(KEEP, KEEP_RESULT);
        assert_eq!(
            (answer["outcome"].as_str(), answer["round_trips"].as_u64()),
            (Some("accepted"), Some(round_trips)),
            "{answer}"
        );
        let steps: Vec<_> = answer["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["step"].as_u64().unwrap())
            .collect();
        assert!(
            steps.is_sorted() && (1..=10).all(|step| steps.contains(&step)),
            "{steps:?}"
        );
        assert_eq!(login.level(), "25");
        // The id is new, and the old one names nothing.
        assert_ne!(
            before.cookies.get("rda-session"),
            login.browser.cookies.get("rda-session")
        );
        let old = before.clone().get("/result");
        assert!(old.header("location").starts_with("/login"));
        // The browser is known now: the next login asks for no characters.
        login.browser.cookies.remove("rda-session");
        login.browser.log_in(profile.name(), PASSWORD);
        assert!(
            login
                .browser
                .get("/document")
                .body
                .contains("id=\"last-four-field\" hidden")
        );
    }
}

#[test]
fn nothing_of_the_holder_stays_or_shows() {
    let site = Site::specimens("");
    let profile = Profile::NlId2014;
    let mut login = Login::start(&site, profile);
    let answer = login.finish(KEEP, KEEP_RESULT).to_string();
    let page = login.browser.get("/result").body;
    let log = std::fs::read_to_string(site.dir.path().join("audit.jsonl")).unwrap();
    let holder = profile.holder();
    for datum in [
        holder.surname,
        holder.given_names,
        holder.document_number,
        holder.date_of_birth,
        holder.bsn,
        "JANSEN",
        profile.name(),
    ] {
        for (place, text) in [("answer", &answer), ("page", &page), ("log", &log)] {
            assert!(!text.contains(datum), "{datum} in the {place}");
        }
    }
    let decided = site
        .audit()
        .into_iter()
        .find(|line| line["action"] == "decided")
        .unwrap();
    assert_eq!(decided["rules"], 1);
    assert_eq!(decided["policy"], "field");
    assert_eq!(decided["failed_step"], Value::Null);
    assert_eq!(decided["signer"].as_str().unwrap().len(), 64);
    assert_eq!(decided["document"].as_str().unwrap().len(), 24);
}
