//! Steps 5 and 6: what the chip proves.

use super::*;

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
fn without_chip_authentication_only_where_the_server_allows() {
    let site = Site::specimens("accept_without_chip_authentication = false");
    let mut login = Login::start(&site, Profile::NlPassport2011);
    let answer = login.finish(KEEP, KEEP_RESULT);
    refused(&mut login, &answer, 7, "evidence_incomplete");
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
