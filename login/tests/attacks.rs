//! The attacks on the login server, one test for each row of docs/threat-model.md. The programs in the citizen's place are
//! the attacker's own: what stands against them is the chip, the issuing state's signature, the request, and the session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/login.rs"]
mod login;
#[path = "support/reader.rs"]
mod reader;
#[path = "support/site.rs"]
mod site;
#[path = "attacks/web.rs"]
mod web;

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
use site::{Answer, Browser, PASSWORD, Site, kind_name};
use std::io::{Read, Write};
use std::net::TcpStream;

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
    let site = Site::specimens("operations = \"127.0.0.1:0\"");
    let mut login = Login::start(&site, BOTH);
    let evidence = login.reader.evidence(&mut login.chip);
    let sealed = login.reader.seal(&evidence);
    assert_eq!(site.under_way(), 1);
    let (second, token) = request(&site, &mut login.browser, BOTH);
    assert_eq!(token, login.token, "one session");
    assert_ne!(second.request.hash(), login.reader.request.hash());
    // What the first tab had under way is gone from the server, with the key that opens its evidence.
    assert_eq!(site.under_way(), 1);
    let answer = login.post("evidence", &sealed);
    refused(&mut login, &answer, 2, "evidence_malformed");
    let again = login.post("evidence", &sealed);
    assert_eq!(again["text_key"], "error-evidence-repeated");
    assert_eq!(site.under_way(), 0);
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
    let mut login = Login::start(&site, BOTH);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    let command = answer["chip_authentication"].as_str().unwrap();
    // In the same session, with its own token: no second command, and the first one stands.
    let again = login.post("evidence", &sealed);
    refused(&mut login, &again, 1, "evidence_repeated");
    let claims = login.reader.command(command, &sealed);
    let result = login
        .reader
        .chip_authentication(&mut login.chip, &evidence, &claims);
    assert_eq!(login.send_result(&result)["outcome"], "accepted");
    // The session has another id and token now; the old token is no key to it.
    let old = login
        .browser
        .api_with(&login.token, "evidence", &json!({ "sealed": sealed }));
    assert_eq!(old.status, 403);
    // With the new one he is heard, and there is no request to answer.
    login.token = login.browser.get("/result").value("name=\"token\" value=");
    let again = login.post("evidence", &sealed);
    assert_eq!(again["text_key"], "error-login-expired");

    // After a refusal the session is the same, and so is its token.
    let mut login = Login::start(&site, Profile::Clone);
    let evidence = login.reader.evidence(&mut login.chip);
    let (answer, sealed) = login.send_evidence(&evidence);
    refused(&mut login, &answer, 5, "chip_not_genuine");
    let again = login.post("evidence", &sealed);
    refused(&mut login, &again, 1, "evidence_repeated");
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
    // With another key, of which the forger may have the private one.
    let another_key = |evidence: &mut Evidence| {
        let key = evidence.dg15.take().unwrap();
        let mut octets = key.as_slice().to_vec();
        *octets.last_mut().unwrap() ^= 1;
        evidence.dg15 = Some(file(octets));
    };
    refused_with(BOTH, another_key, 4, "document_altered");
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
    type Change = fn(&mut ChipAuthenticationResult);
    // So little goes through the link that DG1 comes in three pieces of 31 octets.
    let narrow = |evidence: &mut Evidence| evidence.link.max_response = 64;
    let site = Site::specimens("");
    let mut login = Login::start(&site, BOTH);
    let mut pieces = 0;
    let answer = login.finish(narrow, |result| pieces = result.responses.len());
    assert_eq!(answer["outcome"], "accepted", "{answer}");
    assert_eq!(pieces, 3);

    // What is answered is the genuine chip's, piece by piece: it stands at another place.
    let changes: [(&str, Change); 3] = [
        ("answer 0: ", |result| {
            result.responses.reverse();
            result.status_words.reverse();
        }),
        ("answer 1: ", |result| {
            result.responses[1] = result.responses[0].clone();
        }),
        ("4 answers to 3 commands", |result| {
            result.responses.insert(0, result.responses[0].clone());
            result.status_words.insert(0, result.status_words[0]);
        }),
    ];
    for (reason, change) in changes {
        let mut login = Login::start(&site, BOTH);
        let answer = login.finish(narrow, change);
        refused(&mut login, &answer, 6, "chip_not_genuine");
        let last = answer["steps"].as_array().unwrap().last().unwrap();
        let detail = last["detail"].as_str().unwrap();
        assert!(detail.starts_with(reason), "{detail}");
    }
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
    let compared = |answer: &Value| {
        let steps = answer["steps"].as_array().unwrap();
        let step = steps
            .iter()
            .find(|step| step["check"] == "EF.CardAccess as DG14");
        step.unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    let site = Site::specimens("");
    // DG14 of this document names PACE: there is something to compare with.
    let mut login = Login::start(&site, Profile::NlId2014);
    let answer = login.finish(KEEP, KEEP_RESULT);
    assert_eq!(compared(&answer), "passed", "{answer}");
    let mut other = Login::start(&site, Profile::PaceP256);
    let foreign = other.reader.evidence(&mut other.chip).card_access;
    assert!(foreign.is_some());
    let mut login = Login::start(&site, Profile::NlId2014);
    let answer = login.finish(|evidence| evidence.card_access = foreign, KEEP_RESULT);
    assert_eq!(compared(&answer), "noted", "{answer}");
    let steps = answer["steps"].as_array().unwrap();
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
    assert_eq!(compared(&answer), "noted", "{answer}");
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
