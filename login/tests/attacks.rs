//! The attacks on the login server, one test for each row of docs/threat-model.md. The programs in the citizen's place are
//! the attacker's own: what stands against them is the chip, the issuing state's signature, the request, and the session.
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
use protocol::chip_authentication::{ChipAuthenticationResult, StatusWord};
use protocol::encoding::{self, Octets};
use protocol::evidence::{AccessProtocol, ActiveAuthentication, Evidence};
use protocol::origin::Origin;
use reader::{file, lay};
use serde_json::{Value, json};
use site::{Browser, PASSWORD, Site, kind_name};

/// A document that has both proofs.
const BOTH: Profile = Profile::NlPassport2024;

fn access(profile: Profile) -> AccessKey {
    let holder = profile.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    );
    AccessKey::Mrz(fields.unwrap())
}

/// To the verdict with evidence changed on the way; refused at this step with this code.
#[track_caller]
fn refused_with(profile: Profile, change: impl FnOnce(&mut Evidence), step: u64, code: &str) {
    let site = Site::specimens("");
    let mut login = Login::start(&site, profile);
    let answer = login.finish(change, KEEP_RESULT);
    refused(&mut login, &answer, step, code);
}

#[track_caller]
fn refused_result(change: impl FnOnce(&mut ChipAuthenticationResult)) {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    let answer = login.finish(KEEP, change);
    refused(&mut login, &answer, 6, "chip_not_genuine");
}

#[test]
fn request_stolen_by_another_browser_session() {
    let site = Site::specimens("");
    let mut citizen = Login::start(&site, BOTH);
    let evidence = citizen.reader.evidence(&mut citizen.chip);
    let sealed = citizen.reader.seal(&evidence);
    // The thief has a session of his own for the same account, with the citizen's password, and no request.
    let mut thief = site.browser();
    thief.log_in(BOTH.name(), PASSWORD);
    let token = thief.get("/document").value("data-token=");
    let body = json!({ "sealed": sealed });
    let answer = thief.api_with(&token, "evidence", &body).json();
    assert_eq!(answer["text_key"], "error-login-expired");
    // With the citizen's token in place of his own he is not even heard.
    assert_eq!(
        thief.api_with(&citizen.token, "evidence", &body).status,
        403
    );
    assert_eq!(citizen.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
}

#[test]
fn second_tab_takes_the_request_over() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    let evidence = login.reader.evidence(&mut login.chip);
    let sealed = login.reader.seal(&evidence);
    let (second, token) = request(&site, &mut login.browser, BOTH);
    let answer = login.post("evidence", &sealed);
    refused(&mut login, &answer, 2, "evidence_malformed");
    // What the first tab had under way is gone from the server, and cannot be raised by anybody.
    assert_ne!(second.request.hash(), login.reader.request.hash());
    assert_eq!(token, login.token, "one session");
    let again = login.post("evidence", &sealed);
    assert_eq!(again["text_key"], "error-evidence-repeated");
}

#[test]
fn evidence_of_another_session() {
    let site = Site::specimens("");
    let mut first = Login::start(&site, BOTH);
    let evidence = first.reader.evidence(&mut first.chip);
    let mut second = Login::start(&site, BOTH);
    let sealed_to_the_first = first.reader.seal(&evidence);
    let answer = second.post("evidence", &sealed_to_the_first);
    refused(&mut second, &answer, 2, "evidence_malformed");
}

#[test]
fn evidence_sent_twice() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    assert_eq!(answer["outcome"], "accepted");
    // The session has another id and token now; the old token is no key to it.
    let old = login
        .browser
        .api_with(&login.token, "evidence", &json!({ "sealed": sealed }));
    assert_eq!(old.status, 403);
    let token = login.browser.get("/result").value("name=\"token\" value=");
    let again = login
        .browser
        .api_with(&token, "evidence", &json!({ "sealed": sealed }));
    assert_eq!(again.json()["outcome"], "refused");
}

#[test]
fn active_authentication_over_another_challenge() {
    let site = Site::specimens("");
    let mut other = Login::start(&site, BOTH);
    let signature = other.reader.evidence(&mut other.chip).active_authentication;
    let mut login = Login::start(&site, BOTH);
    let answer = login.finish(
        |evidence| evidence.active_authentication = signature,
        KEEP_RESULT,
    );
    refused(&mut login, &answer, 5, "chip_not_genuine");
}

#[test]
fn active_authentication_made_up() {
    let made_up = |evidence: &mut Evidence| {
        let length = evidence
            .active_authentication
            .as_ref()
            .unwrap()
            .signature
            .as_slice()
            .len();
        evidence.active_authentication = Some(ActiveAuthentication {
            signature: Octets::new(vec![0x5a; length]).unwrap(),
        });
    };
    refused_with(BOTH, made_up, 5, "chip_not_genuine");
}

/// A look-alike site leads the citizen's honest daemon to the chip, and carries what the chip says to the genuine server.
#[test]
fn active_authentication_relayed_from_a_look_alike() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    login.reader.origin = Origin::parse("https://login-example.evil.example").unwrap();
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 5, "chip_not_genuine");
}

#[test]
fn chip_authentication_relayed_from_a_look_alike() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let command = answer["chip_authentication"].as_str().unwrap();
    let claims = login.reader.command(command, &sealed);
    // The daemon on the look-alike is handed the genuine server's key and commands.
    login.reader.origin = Origin::parse("https://login-example.evil.example").unwrap();
    let result = login
        .reader
        .chip_authentication(&mut login.chip, &evidence, &claims);
    let answer = login.send_result(&result);
    refused(&mut login, &answer, 6, "chip_not_genuine");
}

#[test]
fn chip_authentication_replayed() {
    let site = Site::specimens("");
    let mut first = Login::start(&site, BOTH);
    let mut kept = None;
    assert_eq!(
        first.finish(KEEP, |result| kept = Some(result.clone()))["outcome"],
        "accepted"
    );
    let mut second = Login::start(&site, BOTH);
    let answer = second.finish(KEEP, |result| *result = kept.unwrap());
    refused(&mut second, &answer, 6, "chip_not_genuine");
}

#[test]
fn chip_authentication_reordered() {
    refused_result(|result| {
        let first = result.responses[0].clone();
        let word = result.status_words[0];
        // With one answer, an earlier one is put before it; with more they change places.
        if result.responses.len() > 1 {
            result.responses.reverse();
            result.status_words.reverse();
        } else {
            result.responses.insert(0, first);
            result.status_words.insert(0, word);
        }
    });
}

#[test]
fn chip_authentication_withheld() {
    refused_result(|result| {
        result.responses.clear();
        result.status_words.clear();
    });
}

#[test]
fn chip_authentication_changed() {
    refused_result(|result| {
        let mut bytes = result.responses[0].as_slice().to_vec();
        bytes[5] ^= 1;
        result.responses[0] = Octets::new(bytes).unwrap();
    });
}

/// EF.CardAccess is not signed: a downgraded one opens the chip with less, and changes nothing of what is proved after it.
#[test]
fn card_access_downgraded() {
    let site = Site::specimens("");
    let mut other = Login::start(&site, Profile::PaceP256);
    let foreign = other.reader.evidence(&mut other.chip).card_access;
    assert!(foreign.is_some());
    let mut login = Login::start(&site, Profile::NlId2014);
    let answer = login.finish(|evidence| evidence.card_access = foreign, KEEP_RESULT);
    let steps = answer["steps"].as_array().unwrap();
    let told = |outcome: &str| steps.iter().any(|step| step["outcome"] == outcome);
    assert!(told("noted") || told("not performed"), "{answer}");
    assert!(
        steps
            .iter()
            .any(|step| step["step"] == 6 && step["outcome"] == "passed"),
        "{answer}"
    );
    // Emptied, so that the chip is opened by BAC: DG14, which is signed, has what was taken out.
    let mut login = Login::start(&site, Profile::NlId2014);
    let answer = login.finish(
        |evidence| evidence.card_access = Some(Octets::new(vec![0x31, 0]).unwrap()),
        KEEP_RESULT,
    );
    let steps = answer["steps"].as_array().unwrap();
    let compared = steps
        .iter()
        .find(|step| step["check"] == "EF.CardAccess as DG14");
    assert_eq!(compared.unwrap()["outcome"], "noted", "{answer}");
    // Left out, so that the chip is opened by BAC: the proofs are asked for all the same.
    let mut login = Login::start(&site, Profile::NlId2014);
    let answer = login.finish(
        |evidence| {
            evidence.card_access = None;
            evidence.active_authentication = None;
        },
        KEEP_RESULT,
    );
    refused(&mut login, &answer, 5, "evidence_incomplete");
}

#[test]
fn dg15_withheld() {
    refused_with(
        BOTH,
        |evidence| evidence.dg15 = None,
        4,
        "evidence_incomplete",
    );
}

#[test]
fn dg14_withheld() {
    refused_with(
        BOTH,
        |evidence| evidence.dg14 = None,
        4,
        "evidence_incomplete",
    );
}

#[test]
fn proof_withheld() {
    let change = |evidence: &mut Evidence| evidence.active_authentication = None;
    refused_with(BOTH, change, 5, "evidence_incomplete");
}

#[test]
fn cloned_chip() {
    refused_with(Profile::Clone, KEEP, 5, "chip_not_genuine");
}

/// The clone borrows a signature of the genuine chip, and is asked for the second proof.
#[test]
fn cloned_chip_with_a_borrowed_signature() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let command = answer["chip_authentication"].as_str().unwrap();
    let claims = login.reader.command(command, &sealed);
    let made_up = ChipAuthenticationResult {
        status_words: vec![StatusWord(0x9000); claims.commands.len()],
        responses: vec![Octets::new(vec![0x99, 2, 0x90, 0]).unwrap(); claims.commands.len()],
    };
    let answer = login.send_result(&made_up);
    refused(&mut login, &answer, 6, "chip_not_genuine");
}

/// The genuine files and proofs of one document, with the machine readable zone of another.
#[test]
fn dg1_of_another_document() {
    let site = Site::specimens("");
    let forged = file(
        b"\x61\x5b\x5f\x1f\x58"
            .iter()
            .copied()
            .chain([b'<'; 88])
            .collect(),
    );
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(
        |evidence| evidence.identity_file = Some(forged),
        KEEP_RESULT,
    );
    refused(&mut login, &answer, 7, "document_altered");
}

#[test]
fn dg1_altered_on_the_chip() {
    refused_with(Profile::Tampered, KEEP, 7, "document_altered");
}

/// The citizen's password and somebody else's genuine document.
#[test]
fn document_of_another_person() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    login.chip = lay(Profile::PaceP256);
    let keys = [access(Profile::PaceP256)];
    let evidence = login.reader.evidence_with(&mut login.chip, &keys);
    let (mut answer, sealed) = login.send_evidence(&evidence);
    if let Some(command) = answer["chip_authentication"].as_str() {
        let claims = login.reader.command(command, &sealed);
        let result =
            login
                .reader
                .chip_authentication_with(&mut login.chip, &evidence, &claims, &keys);
        answer = login.send_result(&result);
    }
    refused(&mut login, &answer, 8, "document_mismatch");
}

/// The issuing state's anchors for driving licences do not vouch for passports, nor the other way round.
#[test]
fn anchor_of_the_wrong_kind() {
    let site = Site::specimens("");
    let path = site.dir.path().join("login.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let swapped = text
        .replace(
            "folder = \"csca/driving-licence\"",
            "folder = \"csca/SWAP\"",
        )
        .replace(
            "folder = \"csca/passport\"",
            "folder = \"csca/driving-licence\"",
        )
        .replace("folder = \"csca/SWAP\"", "folder = \"csca/passport\"");
    assert_ne!(swapped, text);
    std::fs::write(&path, swapped).unwrap();
    let site = site.restart();
    let mut login = Login::start(&site, BOTH);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 3, "issuer_unknown");
}

/// The register says which state issued the document; the anchor of another one does not vouch for it.
#[test]
fn signer_of_a_foreign_state() {
    let site = Site::specimens("");
    site.edit_register(|text| text.replace("issuing_state = \"NLD\"", "issuing_state = \"UTO\""));
    let mut login = Login::start(&site, BOTH);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 3, "issuer_unknown");
}

/// The register changes while the document is on the reader.
#[track_caller]
fn objection(change: impl Fn(String) -> String, code: &str) {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlId2014);
    let answer = login.finish(KEEP, |_| site.edit_register(change));
    refused(&mut login, &answer, 9, code);
}

fn with_line(line: &'static str) -> impl Fn(String) -> String {
    let number = "number = \"SPECI2014\"\n";
    move |text| text.replace(number, &format!("{number}{line}\n"))
}

#[test]
fn document_withheld() {
    objection(with_line("indication = \"I\""), "document_withheld");
}

#[test]
fn document_missing() {
    objection(with_line("indication = \"V\""), "document_missing");
}

#[test]
fn document_expired_by_law() {
    objection(with_line("indication = \"R\""), "document_invalidated");
}

#[test]
fn document_expired() {
    objection(
        |text| text.replace("2036-03-15", "2026-11-21"),
        "document_expired",
    );
}

/// PACE with Chip Authentication Mapping is a proof to the terminal, which could invent it: here it does.
#[test]
fn pace_cam_forged() {
    let change = |evidence: &mut Evidence| {
        evidence.access_protocol = Some(AccessProtocol::PaceCam);
        evidence.active_authentication = None;
    };
    refused_with(BOTH, change, 5, "evidence_incomplete");
    // For a document without Active Authentication it does not take the place of Chip Authentication.
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::PaceP256);
    let mut evidence = login.reader.evidence(&mut login.chip);
    evidence.access_protocol = Some(AccessProtocol::PaceCam);
    let (answer, _) = login.send_evidence(&evidence);
    assert!(answer["chip_authentication"].is_string(), "{answer}");
    assert_eq!(login.level(), "10");
}

#[test]
fn session_fixation() {
    let site = Site::specimens("");
    let mut browser = site.browser();
    let planted = "A".repeat(43);
    browser
        .cookies
        .insert("rda-session".into(), planted.clone());
    browser.log_in(BOTH.name(), PASSWORD);
    let after_password = browser.cookies.get("rda-session").unwrap().clone();
    assert_ne!(after_password, planted);
    let (reader, token) = request(&site, &mut browser, BOTH);
    let before = browser.clone();
    let mut login = Login {
        browser,
        reader,
        token,
        chip: lay(BOTH),
    };
    assert_eq!(login.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
    assert_ne!(
        login.browser.cookies.get("rda-session"),
        Some(&after_password)
    );
    // Who had the id of the session before it rose has nothing.
    let refused = before.clone().get("/result");
    assert!(
        refused.header("location").starts_with("/login"),
        "{}",
        refused.status
    );
}

/// No id of a session or a request in an address, where logs and the history of the browser would keep it.
#[test]
fn no_id_in_an_address() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    let session = login.browser.cookies.get("rda-session").unwrap().clone();
    assert_eq!(login.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
    for path in ["/", "/login", "/document", "/result"] {
        let answer = login.browser.get(path);
        let location = answer.header("location");
        assert!(
            !location.contains(session.as_str()) && !location.contains("token="),
            "{location}"
        );
        assert!(!answer.body.contains(&session), "{path}");
    }
}

/// Five failed readings of a document delay nothing and lock nobody out: the password is as good as before.
#[test]
fn no_lock_out_by_failed_readings() {
    let site = Site::specimens("");
    for _ in 0..5 {
        let mut login = Login::start(&site, Profile::Clone);
        let answer = login.finish(KEEP, KEEP_RESULT);
        refused(&mut login, &answer, 5, "chip_not_genuine");
    }
    let mut browser = site.browser();
    assert_eq!(browser.log_in(Profile::Clone.name(), PASSWORD).status, 303);
}

/// What somebody learns who sits on the daemon's port: a digest of the access data, and no person.
#[test]
fn squatter_learns_the_request_and_nothing_else() {
    let site = Site::specimens("");
    let mut browser = site.browser();
    browser.log_in(BOTH.name(), PASSWORD);
    let number = BOTH.holder().document_number;
    let body =
        json!({ "document": kind_name(BOTH.kind()), "last_four": &number[number.len() - 4..] });
    let answer = browser.api("start", &body).json();
    let compact = answer["request"].as_str().unwrap();
    let payload = encoding::decode(compact.split('.').nth(1).unwrap()).unwrap();
    let text = String::from_utf8(payload).unwrap();
    let holder = BOTH.holder();
    for datum in [
        holder.surname,
        holder.given_names,
        holder.document_number,
        holder.date_of_birth,
        holder.bsn,
        BOTH.name(),
    ] {
        assert!(!text.contains(datum), "{datum}");
    }
    let claims: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(claims["access"][0].as_object().unwrap().len(), 1);
    let digest = claims["access"][0]["mrz_digest"].as_str().unwrap();
    assert_eq!(encoding::decode(digest).unwrap().len(), 20);
}

/// With it he can say what he likes: without the chip nothing of it is believed.
#[test]
fn squatter_without_the_chip_is_refused() {
    let site = Site::specimens("");
    let mut citizen = Login::start(&site, BOTH);
    // The best he can have: all files of the genuine document, from an earlier reading, and his own proof.
    let known = citizen.reader.evidence(&mut citizen.chip);
    let mut login = Login::start(&site, BOTH);
    let answer = login.finish(|evidence| *evidence = known, KEEP_RESULT);
    refused(&mut login, &answer, 5, "chip_not_genuine");
}

/// A daemon of the attacker's own making, in every part; the chip is a clone.
#[test]
fn daemon_replaced_without_the_genuine_chip() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::Clone);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, _) = login.send_evidence(&evidence);
    refused(&mut login, &answer, 5, "chip_not_genuine");
    assert_eq!(login.browser.get("/document").status, 200);
}

/// With the genuine chip it is accepted, by design: nothing is believed of the daemon, so nothing has to be known of it.
/// These tests are such a daemon.
#[test]
fn daemon_replaced_with_the_genuine_chip() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    assert_eq!(login.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
    assert_eq!(login.level(), "25");
}

/// Text from outside that would begin a line of its own, or paint over one, in the audit log.
#[test]
fn log_injection() {
    let site = Site::specimens("");
    let mut browser = site.browser();
    let hostile = "evil\"}{\"action\":\"level_raised\",\"level\":25}\\n";
    browser.headers.push(("user-agent", hostile.into()));
    for user in ["x\n{\"action\":\"level_raised\"}", "\u{2028}", "a\u{0}b"] {
        assert!(
            [403, 400, 422].contains(&browser.log_in(user, "x").status),
            "{user:?}"
        );
    }
    let text = std::fs::read_to_string(site.dir.path().join("audit.jsonl")).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["action"], "password_refused", "{line}");
    }
}

/// A production server tells the page of no step: which check failed is between it and its log.
#[test]
fn production_server_hides_the_steps() {
    let site = Site::with(site::REGISTER, "");
    let path = site.dir.path().join("login.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let own = "https://login.example";
    let text = text
        .replace("test = true", "test = false")
        .replace("http://127.0.0.1:0", own);
    std::fs::write(&path, text).unwrap();
    let site = site.restart();
    assert_eq!(site.origin, own);
    // As through the proxy that speaks TLS in front of it.
    let mut browser = Browser::new(&format!("http://{}", site.address));
    browser.headers = vec![
        ("host", "login.example".into()),
        ("origin", own.into()),
        ("sec-fetch-site", "same-origin".into()),
    ];
    assert_eq!(browser.log_in("anna", PASSWORD).status, 303);
    assert!(
        browser.cookies.contains_key("__Host-rda-session"),
        "{:?}",
        browser.cookies.keys()
    );
    let body = json!({ "document": "passport", "last_four": "02C3" });
    assert!(browser.api("start", &body).json()["request"].is_string());
    let answer = browser.api("evidence", &json!({ "sealed": "x" })).json();
    assert_eq!(answer["outcome"], "refused");
    assert!(
        answer.get("steps").is_none() && answer.get("round_trips").is_none(),
        "{answer}"
    );
}
