//! The ten steps over HTTP, with simulated chips: what is accepted, and by which step everything else is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/login.rs"]
mod login;
#[path = "support/reader.rs"]
mod reader;
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

#[test]
fn a_clone_is_refused_at_active_authentication() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::Clone);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 5, "chip_not_genuine");
}

#[test]
fn a_clone_that_borrows_a_signature_is_refused_at_chip_authentication() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let claims = login
        .reader
        .command(answer["chip_authentication"].as_str().unwrap(), &sealed);
    login.chip = lay(Profile::Clone);
    // A clone without the key cannot even answer; what it says here is made up.
    let result = ChipAuthenticationResult {
        status_words: claims
            .commands
            .iter()
            .map(|_| protocol::chip_authentication::StatusWord(0x9000))
            .collect(),
        responses: claims
            .commands
            .iter()
            .map(|_| Octets::new(vec![0x99, 2, 0x90, 0]).unwrap())
            .collect(),
    };
    let answer = login.send_result(&result);
    refused(&mut login, &answer, 6, "chip_not_genuine");
}

#[test]
fn a_tampered_identity_file_is_refused_by_its_hash() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::Tampered);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 7, "document_altered");

    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(
        |evidence| {
            let mut bytes = evidence.identity_file.as_ref().unwrap().as_slice().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            evidence.identity_file = Some(file(bytes));
        },
        KEEP_RESULT,
    );
    refused(&mut login, &answer, 7, "document_altered");
}

#[test]
fn proofs_made_for_another_origin_are_refused() {
    let site = Site::specimens("");
    // Active Authentication: the daemon was on a look-alike site.
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let own = login.reader.origin.clone();
    login.reader.origin =
        protocol::origin::Origin::parse("https://login-example.evil.example").unwrap();
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 5, "chip_not_genuine");

    // Chip Authentication: the commands of the real server, carried to a chip by a daemon elsewhere.
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let claims = login
        .reader
        .command(answer["chip_authentication"].as_str().unwrap(), &sealed);
    login.reader.origin =
        protocol::origin::Origin::parse("https://login-example.evil.example").unwrap();
    let result = login
        .reader
        .chip_authentication(&mut login.chip, &evidence, &claims);
    let answer = login.send_result(&result);
    refused(&mut login, &answer, 6, "chip_not_genuine");
    assert_ne!(own, login.reader.origin);
}

#[test]
fn evidence_of_another_request_is_refused() {
    let site = Site::specimens("");
    let mut first = Login::start(&site, Profile::NlPassport2024);
    let evidence = first.reader.evidence(&mut first.chip);
    // Sealed to another request of another session.
    let other = Login::start(&site, Profile::NlPassport2024);
    let sealed = other.reader.seal(&evidence);
    let answer = first.post("evidence", &sealed);
    refused(&mut first, &answer, 2, "evidence_malformed");
    // Proofs of another request in a seal of this one.
    let mut second = other;
    let (answer, _) = second.send_evidence(&evidence);
    refused(&mut second, &answer, 5, "chip_not_genuine");
}

#[test]
fn a_session_without_a_request_cannot_use_that_of_another() {
    let site = Site::specimens("");
    let mut citizen = Login::start(&site, Profile::NlPassport2024);
    let evidence = citizen.reader.evidence(&mut citizen.chip);
    let sealed = citizen.reader.seal(&evidence);
    let mut thief = site.browser();
    thief.log_in(Profile::PaceP256.name(), PASSWORD);
    let token = thief.get("/document").value("data-token=");
    let answer = thief
        .api_with(&token, "evidence", &json!({ "sealed": sealed }))
        .json();
    assert_eq!(answer["text_key"], "error-login-expired");
    // Nothing was used up.
    assert_eq!(citizen.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
}

#[test]
fn withheld_files_are_refused() {
    let site = Site::specimens("");
    type Change = fn(&mut Evidence);
    let changes: [(Change, u64, &str); 5] = [
        (|evidence| evidence.dg14 = None, 4, "evidence_incomplete"),
        (|evidence| evidence.dg15 = None, 4, "evidence_incomplete"),
        (
            |evidence| evidence.dg13 = evidence.dg15.clone(),
            4,
            "evidence_malformed",
        ),
        (
            |evidence| evidence.active_authentication = None,
            5,
            "evidence_incomplete",
        ),
        (
            |evidence| evidence.dg14 = evidence.dg15.clone(),
            4,
            "document_altered",
        ),
    ];
    for (change, step, code) in changes {
        let mut login = Login::start(&site, Profile::NlId2014);
        let answer = login.finish(change, KEEP_RESULT);
        refused(&mut login, &answer, step, code);
    }
}

#[test]
fn a_file_that_the_state_did_not_list_is_refused() {
    let site = Site::specimens("");
    let mut other = Login::start(&site, Profile::NlId2014);
    let dg14 = other.reader.evidence(&mut other.chip).dg14;
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(|evidence| evidence.dg14 = dg14, KEEP_RESULT);
    refused(&mut login, &answer, 4, "evidence_malformed");
}

#[test]
fn a_signature_that_does_not_hold_is_refused() {
    let site = Site::specimens("");
    for back in [1, 40, 200] {
        let mut login = Login::start(&site, Profile::NlPassport2024);
        let answer = login.finish(
            |evidence| {
                let mut sod = evidence.sod.as_slice().to_vec();
                let at = sod.len() - back;
                sod[at] ^= 1;
                evidence.sod = file(sod);
            },
            KEEP_RESULT,
        );
        refused(&mut login, &answer, 3, "signature_wrong");
    }
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let answer = login.finish(|evidence| evidence.sod = file(vec![0x77, 0]), KEEP_RESULT);
    refused(&mut login, &answer, 3, "evidence_malformed");
}

#[test]
fn the_signer_of_another_state_does_not_vouch() {
    let site = Site::specimens("");
    site.edit_register(|text| text.replace("issuing_state = \"NLD\"", "issuing_state = \"UTO\""));
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 3, "issuer_unknown");
}

#[test]
fn the_document_of_another_person_is_refused() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    login.chip = lay(Profile::PaceP256);
    let holder = Profile::PaceP256.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    )
    .unwrap();
    let evidence = login
        .reader
        .evidence_with(&mut login.chip, &[AccessKey::Mrz(fields.clone())]);
    let (answer, sealed) = login.send_evidence(&evidence);
    let claims = login
        .reader
        .command(answer["chip_authentication"].as_str().unwrap(), &sealed);
    let result = login.reader.chip_authentication_with(
        &mut login.chip,
        &evidence,
        &claims,
        &[AccessKey::Mrz(fields)],
    );
    let answer = login.send_result(&result);
    refused(&mut login, &answer, 8, "document_mismatch");
}

#[test]
fn every_field_must_be_as_in_the_register() {
    let profile = Profile::NlPassport2011;
    let holder = profile.holder();
    for (from, to) in [
        ("1985-07-12", "1985-07-00"),
        ("2035-11-30", "2035-11-29"),
        ("SPECI2011", "SPEC02011"),
        // The chip of this passport holds the BSN.
        (holder.bsn, "999990093"),
    ] {
        let site = Site::specimens_changed("", |text| text.replace(from, to));
        let mut login = Login::start(&site, profile);
        let fields = AccessFields::new(
            holder.document_number,
            holder.date_of_birth,
            holder.date_of_expiry,
        )
        .unwrap();
        let evidence = login
            .reader
            .evidence_with(&mut login.chip, &[AccessKey::Mrz(fields)]);
        let (answer, _) = login.send_evidence(&evidence);
        refused(&mut login, &answer, 8, "document_mismatch");
    }
}

#[test]
fn the_register_is_asked_again_at_the_end() {
    for (line, code) in [
        ("indication = \"I\"\n", "document_withheld"),
        ("indication = \"R\"\n", "document_invalidated"),
        ("indication = \"V\"\n", "document_missing"),
        (
            "under_investigation = true\n",
            "document_under_investigation",
        ),
        ("expiry", "document_expired"),
        ("gone", "document_unknown"),
        ("unreachable", "register_unreachable"),
    ] {
        let site = Site::specimens("");
        let mut login = Login::start(&site, Profile::NlId2014);
        let number = "number = \"SPECI2014\"\n";
        let answer = login.finish(KEEP, |_| match line {
            "unreachable" => std::fs::write(site.dir.path().join("register.toml"), "?").unwrap(),
            "gone" => site.edit_register(|text| text.replace("SPECI2014", "SPECI2099")),
            "expiry" => site.edit_register(|text| text.replace("2036-03-15", "2026-11-21")),
            line => site.edit_register(|text| text.replace(number, &format!("{number}{line}"))),
        });
        assert_eq!(
            answer["text_key"],
            format!("error-{}", code.replace('_', "-")),
            "{answer}"
        );
        let last = answer["steps"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (last["step"].as_u64(), last["outcome"].as_str()),
            (Some(9), Some("failed"))
        );
        assert!(
            login
                .browser
                .get("/result")
                .body
                .contains(&format!("data-reason=\"{code}\""))
        );
    }
}

#[test]
fn everything_is_taken_once_and_in_order() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let early = login.send_result(&ChipAuthenticationResult {
        status_words: vec![],
        responses: vec![],
    });
    refused(&mut login, &early, 1, "evidence_repeated");
    let (answer, sealed) = login.send_evidence(&evidence);
    let claims = login
        .reader
        .command(answer["chip_authentication"].as_str().unwrap(), &sealed);
    let again = login.post("evidence", &sealed);
    refused(&mut login, &again, 1, "evidence_repeated");
    let result = login
        .reader
        .chip_authentication(&mut login.chip, &evidence, &claims);
    let token = login.token.clone();
    assert_eq!(login.send_result(&result)["outcome"], "accepted");
    assert_eq!(login.level(), "25");
    // The session has a new id, so the old token serves nothing.
    let sealed = login.reader.seal(&result);
    let old = login.browser.api_with(
        &token,
        "chip-authentication-result",
        &json!({ "sealed": sealed }),
    );
    assert_eq!(old.status, 403);
}

#[test]
fn answers_of_the_chip_cannot_be_changed_reordered_or_replayed() {
    let site = Site::specimens("");
    let changes: [fn(&mut ChipAuthenticationResult); 5] = [
        |result| {
            let mut bytes = result.responses[0].as_slice().to_vec();
            bytes[5] ^= 1;
            result.responses[0] = Octets::new(bytes).unwrap();
        },
        |result| result.status_words[0] = protocol::chip_authentication::StatusWord(0x6282),
        |result| {
            result.responses.clear();
            result.status_words.clear();
        },
        |result| result.responses[0] = Octets::new(vec![]).unwrap(),
        |result| {
            result.responses.push(result.responses[0].clone());
            result.status_words.push(result.status_words[0]);
        },
    ];
    for change in changes {
        let mut login = Login::start(&site, Profile::NlPassport2024);
        let answer = login.finish(KEEP, change);
        refused(&mut login, &answer, 6, "chip_not_genuine");
        // Releases are limited for an account; the day after they are not.
        site.wait(86_400);
    }
    // Answers of an earlier login.
    let mut first = Login::start(&site, Profile::NlId2014);
    let mut kept = None;
    first.finish(KEEP, |result| kept = Some(result.clone()));
    let mut second = Login::start(&site, Profile::NlId2014);
    let answer = second.finish(KEEP, |result| *result = kept.unwrap());
    refused(&mut second, &answer, 6, "chip_not_genuine");
}

#[test]
fn late_messages_are_refused() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    site.wait(300);
    let (answer, _) = login.send_evidence(&evidence);
    refused(&mut login, &answer, 1, "request_expired");

    let mut login = Login::start(&site, Profile::NlPassport2024);
    let answer = login.finish(KEEP, |_| site.wait(30));
    refused(&mut login, &answer, 1, "request_expired");
}

#[test]
fn a_body_held_back_behind_its_headers_gains_no_time() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let body = json!({ "sealed": login.reader.seal(&evidence) });
    let held = login
        .browser
        .api_held(&login.token, "evidence", &body, || site.wait(300));
    assert!(held.1.contains("error-request-expired"), "{held:?}");

    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let command = answer["chip_authentication"].as_str().unwrap();
    let claims = login.reader.command(command, &sealed);
    let result = login
        .reader
        .chip_authentication(&mut login.chip, &evidence, &claims);
    let body = json!({ "sealed": login.reader.seal(&result) });
    let name = "chip-authentication-result";
    let held = login
        .browser
        .api_held(&login.token, name, &body, || site.wait(30));
    assert!(held.1.contains("error-request-expired"), "{held:?}");
}

#[test]
fn no_raise_is_recorded_of_a_session_that_has_ended() {
    let site = Site::specimens("");
    let profile = Profile::NlPassport2011;
    let mut browser = site.browser();
    browser.log_in(profile.name(), PASSWORD);
    for _ in 0..47 {
        site.wait(600);
        assert_eq!(browser.get("/document").status, 200);
    }
    site.wait(540);
    let (reader, token) = request(&site, &mut browser, profile);
    let body = json!({ "sealed": reader.seal(&reader.evidence(&mut lay(profile))) });
    // Eight hours are over while the body is on its way; the request itself is still in time.
    let (_, answer) = browser.api_held(&token, "evidence", &body, || site.wait(60));
    assert!(answer.contains("error-login-expired"), "{answer}");
    let raised = |line: &Value| line["action"] == "level_raised";
    assert!(!site.audit().iter().any(raised));
    let last = site.audit().pop().unwrap();
    // Whether a sweep or the raise itself finds the session ended.
    assert!(
        last["action"] == "level_not_raised" || last["failed_step"] == 10,
        "{last}"
    );
}

#[test]
fn a_browser_that_goes_away_leaves_a_record() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let evidence = login.reader.evidence(&mut login.chip);
    let body = json!({ "sealed": login.reader.seal(&evidence) });
    login.browser.api_left(&login.token, "evidence", &body);
    let decided = || site.audit().iter().any(|line| line["action"] == "decided");
    let began = std::time::Instant::now();
    while !decided() {
        site.browser().get("/login");
        let waited = began.elapsed();
        assert!(waited < std::time::Duration::from_secs(120), "no record");
    }
}

#[test]
fn driving_licences_are_not_offered_yet() {
    let site = Site::specimens("");
    let profile = Profile::NlLicence2020;
    let number = profile.holder().document_number;
    let mut browser = site.browser();
    browser.log_in(profile.name(), PASSWORD);
    assert!(!browser.get("/document").body.contains("driving-licence"));
    // Beside a passport, the passport alone is offered.
    site.edit_register(|text| {
        let licence = format!("number = \"{number}\"");
        let (before, after) = text.split_once(&licence).unwrap();
        let start = before.rfind("[[person.document]]").unwrap();
        let passport = "[[person.document]]\nkind = \"passport\"\nissuing_state = \"NLD\"\n\
                        number = \"SPEC12345\"\nexpiry = \"2033-04-15\"\n";
        [
            &before[..start],
            passport,
            &before[start..],
            &licence,
            after,
        ]
        .concat()
    });
    let page = browser.get("/document").body;
    assert!(page.contains("passport") && !page.contains("driving-licence"));
    let body = json!({ "document": "driving-licence", "last_four": &number[number.len() - 4..] });
    let answer = browser.api("start", &body).json();
    assert_eq!(answer, json!({ "outcome": "refused" }));
}

#[test]
fn typed_starts_are_counted() {
    let site = Site::specimens("access_release = \"typed\"");
    let mut browser = site.browser();
    browser.log_in(Profile::NlPassport2011.name(), PASSWORD);
    let body = json!({ "document": "passport" });
    for _ in 0..5 {
        assert!(browser.api("start", &body).json()["request"].is_string());
    }
    let answer = browser.api("start", &body).json();
    assert_eq!(answer, json!({ "outcome": "refused" }));
    assert!(browser.get("/result").body.contains("too_many_attempts"));
}

#[test]
fn a_second_page_takes_over_from_the_first() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let sealed = login.reader.seal(&evidence);
    let (second, _) = request(&site, &mut login.browser, Profile::NlPassport2024);
    let answer = login.post("evidence", &sealed);
    refused(&mut login, &answer, 2, "evidence_malformed");
    assert_ne!(second.request.hash(), login.reader.request.hash());
}

#[test]
fn cancelling_in_between_leaves_nothing_to_raise() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let claims = login
        .reader
        .command(answer["chip_authentication"].as_str().unwrap(), &sealed);
    let result = login
        .reader
        .chip_authentication(&mut login.chip, &evidence, &claims);
    let kept = login.browser.clone();
    assert_eq!(
        login
            .browser
            .api_with(&login.token, "cancel", &json!({}))
            .status,
        200
    );
    login.browser = kept;
    let sealed = login.reader.seal(&result);
    let answer = login.browser.api_with(
        &login.token,
        "chip-authentication-result",
        &json!({ "sealed": sealed }),
    );
    assert_eq!(answer.status, 401);
}

#[test]
fn without_chip_authentication_only_where_the_server_allows() {
    let site = Site::specimens("accept_without_chip_authentication = false");
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 7, "evidence_incomplete");
}

#[test]
fn an_identity_file_beside_the_channel_counts_nothing() {
    let site = Site::specimens("");
    let mut other = Login::start(&site, Profile::NlPassport2011);
    let forged = other.reader.evidence(&mut other.chip).identity_file;
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let answer = login.finish(|evidence| evidence.identity_file = forged, KEEP_RESULT);
    assert_eq!(answer["outcome"], "accepted", "{answer}");
}

#[test]
fn a_downgraded_card_access_is_noted() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlId2014);
    let mut other = Login::start(&site, Profile::PaceP256);
    let foreign = other.reader.evidence(&mut other.chip).card_access;
    let answer = login.finish(|evidence| evidence.card_access = foreign, KEEP_RESULT);
    assert_eq!(
        answer["outcome"], "accepted",
        "a terminal could have changed it: {answer}"
    );
    let noted = answer["steps"]
        .as_array()
        .unwrap()
        .iter()
        .any(|step| step["outcome"] == "noted");
    let unsigned = answer["steps"]
        .as_array()
        .unwrap()
        .iter()
        .any(|step| step["outcome"] == "not performed");
    assert!(noted || unsigned, "{answer}");
}

#[test]
fn junk_is_refused_and_uses_the_request_up() {
    let site = Site::specimens("");
    for sealed in [
        "",
        ".",
        "....",
        "eyJhbGciOiJub25lIn0....",
        &"A".repeat(60_000),
    ] {
        let mut login = Login::start(&site, Profile::NlId2014);
        let answer = login.post("evidence", sealed);
        refused(&mut login, &answer, 2, "evidence_malformed");
        let evidence = login.reader.evidence(&mut login.chip);
        let (again, _) = login.send_evidence(&evidence);
        assert_eq!(again["text_key"], "error-evidence-repeated");
        site.wait(86_400);
    }
}

/// Made with OpenSSL and the key of the simulated CSCA 1: revokes serial number 11, the signer of passports 2011.
const REVOCATION_LIST: &[u8] = include_bytes!("fixtures/revoked-passport-signer-2011.crl");

/// The site of the specimens, with one more entry of trust anchors and what `prepare` puts into its folder.
fn site_with_anchors(settings: &str, entry: &str, prepare: impl Fn(&Path)) -> Site {
    let site = Site::specimens(settings);
    let path = site.dir.path().join("login.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + entry).unwrap();
    prepare(site.dir.path());
    site.restart()
}

fn with_revocation_list(kind: &str, list: &[u8]) -> (String, impl Fn(&Path)) {
    let entry = format!(
        "[[csca]]\nkind = \"{kind}\"\nissuing_state = \"NLD\"\nfolder = \"csca/{kind}\"\nrevocation_lists = \"crl\"\n"
    );
    let list = list.to_vec();
    (entry, move |dir| {
        std::fs::create_dir(dir.join("crl")).unwrap();
        std::fs::write(dir.join("crl/1.crl"), &list).unwrap();
    })
}

#[test]
fn a_revoked_signer_is_refused() {
    let (entry, prepare) = with_revocation_list("passport", REVOCATION_LIST);
    let site = site_with_anchors("", &entry, prepare);
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 3, "signer_revoked");
    let mut other = Login::start(&site, Profile::NlPassport2024);
    assert_eq!(other.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
}

#[test]
fn a_revocation_list_that_no_anchor_signed_stops_the_start() {
    let mut forged = REVOCATION_LIST.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    for (list, reason) in [(forged.as_slice(), "issuer"), (b"no list".as_slice(), "")] {
        let dir = Site::specimens("").into_dir();
        let (entry, prepare) = with_revocation_list("passport", list);
        prepare(dir.path());
        let text = std::fs::read_to_string(dir.path().join("login.toml")).unwrap() + &entry;
        let config = rda_login::Config::parse(&text, dir.path()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let error = runtime
            .block_on(rda_login::Server::bind(config))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("1.crl: revocation list: ") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn signers_of_another_country_are_refused_whatever_the_policy_tolerates() {
    let foreign = |settings: &str| {
        let entry =
            "[[csca]]\nkind = \"passport\"\nissuing_state = \"UTO\"\nfolder = \"csca/passport\"\n";
        let site = site_with_anchors(settings, entry, |_| ());
        site.edit_register(|text| text.replace("\"NLD\"", "\"UTO\""));
        let mut login = Login::start(&site, Profile::NlPassport2011);
        let answer = login.finish(KEEP, KEEP_RESULT);
        (site, login, answer)
    };
    let (_site, mut login, answer) = foreign("");
    refused(&mut login, &answer, 8, "document_mismatch");
    assert_eq!(
        answer["steps"].as_array().unwrap().last().unwrap()["detail"],
        "certificate of another country"
    );
    // The strict policy does not get as far: the deviation itself refuses.
    let (_site, mut login, answer) = foreign("policy = \"strict\"");
    refused(&mut login, &answer, 3, "signature_wrong");
}

#[test]
fn a_register_may_spell_a_state_in_two_ways() {
    let site = Site::specimens("");
    let number = Profile::NlPassport2011.holder().document_number;
    let end = &number[number.len() - 4..];
    site.edit_register(|text| {
        let own = format!("number = \"{number}\"");
        // An older passport of the same person, under the other spelling, tried first.
        let older = format!(
            "number = \"OLD99{end}\"\nexpiry = \"2030-01-01\"\n[[person.document]]\nkind = \"passport\"\n\
             issuing_state = \"NLD\"\n{own}"
        );
        let (before, after) = text.split_once(&own).unwrap();
        let (before, kind) = before.rsplit_once("\"NLD\"").unwrap();
        [before, "\"NL\"", kind, &older, after].concat()
    });
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(KEEP, KEEP_RESULT);
    assert_eq!(answer["outcome"], "accepted", "{answer}");
}

#[test]
fn a_server_that_is_no_test_takes_no_simulated_anchor() {
    let site = Site::specimens("");
    let text = std::fs::read_to_string(site.dir.path().join("login.toml")).unwrap();
    let text = text
        .replace("test = true", "test = false")
        .replace("http://127.0.0.1:0", "https://login.example");
    let config = rda_login::Config::parse(&text, site.dir.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = runtime
        .block_on(rda_login::Server::bind(config))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("anchor of the simulator"), "{error}");
}
