//! Step 3: who signed.

use super::*;

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

/// Made with OpenSSL and the key of the simulated CSCA 1: revokes serial number 11, the signer of passports 2011.
const REVOCATION_LIST: &[u8] = include_bytes!("../fixtures/revoked-passport-signer-2011.crl");

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
        .replace(
            "test = true",
            "test = false\ntrusted_proxies = [\"127.0.0.1\"]",
        )
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
