//! Steps 1 and 10: requests and sessions.

use super::*;

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
fn late_messages_are_refused() {
    let site = Site::specimens("");
    for somebody_else_came in [false, true] {
        let mut login = Login::start(&site, Profile::NlPassport2024);
        let evidence = login.reader.evidence(&mut login.chip);
        site.wait(300);
        // A request of somebody else has what is overdue swept out, which is no reason to say something else.
        if somebody_else_came {
            Login::start(&site, Profile::NlPassport2011);
        }
        let (answer, _) = login.send_evidence(&evidence);
        refused(&mut login, &answer, 1, "request_expired");
    }

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
    let lines = site.audit();
    // A sweep may find the session ended before the evidence is judged, before the level is raised, or afterwards.
    let swept = |line: &&Value| line["action"] == "session_expired";
    let last = lines.iter().rfind(|line| !swept(line)).unwrap();
    assert!(
        last["action"] == "level_not_raised"
            || last["failed_step"]
                .as_u64()
                .is_some_and(|step| [1, 10].contains(&step)),
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
fn what_releases_nothing_is_only_kept_from_floods() {
    let site = Site::specimens("access_release = \"typed\"");
    let mut browser = site.browser();
    browser.log_in(Profile::NlPassport2011.name(), PASSWORD);
    let body = json!({ "document": "passport" });
    for _ in 0..3 {
        for _ in 0..10 {
            assert!(browser.api("start", &body).json()["request"].is_string());
        }
        assert_eq!(browser.api("start", &body).status, 429);
        site.wait(60);
    }
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
