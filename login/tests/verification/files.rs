//! Steps 2 and 4: what is sealed, and the files that EF.SOD lists.

use super::*;

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
fn an_identity_file_beside_the_channel_counts_nothing() {
    let site = Site::specimens("");
    let mut other = Login::start(&site, Profile::NlPassport2011);
    let forged = other.reader.evidence(&mut other.chip).identity_file;
    let mut login = Login::start(&site, Profile::NlPassport2024);
    let answer = login.finish(|evidence| evidence.identity_file = forged, KEEP_RESULT);
    assert_eq!(answer["outcome"], "accepted", "{answer}");
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
