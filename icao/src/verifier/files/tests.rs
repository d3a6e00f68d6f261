#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::corpus;
use crate::pki::Anchors;
use crate::tolerance::Tolerance;

const PASSPORT: DocumentKind = DocumentKind::TravelDocument;

#[test]
fn names_of_other_programs_are_known() {
    let group = |number| FileName::Group(DataGroup::new(number).unwrap());
    for (names, known) in [
        (
            &[
                "EF_SOD.bin",
                "EF.SOD",
                "SOD.bin",
                "sod",
                "ef011D.bin",
                "Ef.Sod.BIN",
            ][..],
            FileName::Sod,
        ),
        (&["EF_COM.bin", "com.dat", "EF.COM", "011e"], FileName::Com),
        (
            &[
                "DG1.bin",
                "EF_DG1.bin",
                "EF.DG1",
                "dg01",
                "Datagroup1.bin",
                "ef0101.bin",
            ],
            group(1),
        ),
        (&["DG16", "ef0110.bin", "DATAGROUP16.BIN"], group(16)),
        (&["EF_CardAccess.bin", "CardAccess"], FileName::CardAccess),
        (
            &["EF.CardSecurity", "cardsecurity.bin"],
            FileName::CardSecurity,
        ),
        (&["000C.bin", "DG12", "ef000c"], group(12)),
        (&["001D", "EF.SOD.der"], FileName::Sod),
        (&["EF_ATR_INFO.bin", "EF.ATR/INFO"], FileName::AtrInfo),
    ] {
        for name in names {
            assert_eq!(FileName::parse(name), Some(known), "{name}");
        }
    }
    for other in [
        "",
        "README.md",
        "DG17.bin",
        "DG0",
        "DG14_sk.pkcs8",
        "csca.cer",
        "ef0111.bin",
        "3d36cc9e.0",
    ] {
        assert_eq!(FileName::parse(other), None, "{other}");
    }
}

/// The specimen documents of the corpus, and what is to be said of each.
#[test]
fn specimen_documents_are_judged() {
    let Some(corpus) = corpus::open("specimen documents") else {
        return;
    };
    let day = |year, month| UnixTime::from_date(year, month, 1).unwrap();
    println!("document-set | state | outcome | failed checks | deviations");
    for (set, time, outcome, failed) in [
        (
            "bsi2008-jmrtd",
            day(2009, 1),
            "failed",
            &["chain", "DG15 hash"][..],
        ),
        (
            "loes2006-jmrtd",
            day(2007, 1),
            "passed_untrusted",
            &["chain"],
        ),
        (
            "silver-worldfnd-with-keys",
            day(2014, 6),
            "failed",
            &["chain", "DG15 hash"],
        ),
        (
            "ucl-be-synthetic-with-csca-crl",
            day(2009, 8),
            "passed",
            &[],
        ),
    ] {
        let mut files = DocumentFiles::default();
        let mut anchors = Anchors::new(&[DocumentKind::TravelDocument]);
        for (name, content) in corpus.files(&format!("document-sets/{set}")) {
            match FileName::parse(&name) {
                Some(name) => assert!(files.insert(name, content)),
                None => drop(anchors.add(&content)),
            }
        }
        let (store, refused) = anchors.into_store();
        assert!(refused.is_empty());
        let field = judge(&files, PASSPORT, None, &store, time, &Policy::field()).unwrap();
        let not_passed: Vec<&str> = field
            .checks
            .iter()
            .filter(|check| check.outcome.failed())
            .map(|check| check.name.as_str())
            .collect();
        println!(
            "{set} | {} | {} | {not_passed:?} | {:?}",
            field.state,
            field.outcome(),
            field.tolerances.as_slice()
        );
        for check in &field.checks {
            println!("    {}: {}", check.name, check.outcome);
        }
        assert_eq!(field.outcome().name(), outcome, "{set}");
        assert_eq!(not_passed, failed, "{set}");
        assert!(field.checks.len() > 8, "{set}");
        // None of them is to the letter.
        let strict = judge(&files, PASSPORT, None, &store, time, &Policy::strict()).unwrap();
        assert!(!strict.outcome().passed(), "{set}");

        // A changed data group fails by name.
        let mut changed = files.clone();
        if let Some(dg1) = changed.groups.get_mut(&DataGroup::DG1) {
            dg1[30] ^= 1;
        }
        let verdict = judge(
            &changed,
            PASSPORT,
            Some(&field.state),
            &store,
            time,
            &Policy::field(),
        )
        .unwrap();
        let hash = verdict.checks.iter().find(|check| check.name == "DG1 hash");
        assert!(hash.unwrap().outcome.failed(), "{set}");
        assert!(verdict.outcome().failed(), "{set}");
    }
}

#[test]
fn a_security_object_alone_is_judged_by_its_signer() {
    let Some(corpus) = corpus::open("EF.SOD of states") else {
        return;
    };
    let mut anchors = Anchors::new(&[DocumentKind::TravelDocument]);
    for object in crate::pki::encoding::objects(&corpus.file("csca/csca_ml_915.pem")) {
        anchors.add(&object.unwrap()).unwrap();
    }
    let (store, _) = anchors.into_store();
    let time = UnixTime::from_date(2026, 9, 1).unwrap();
    let mut files = DocumentFiles {
        sod: Some(corpus.file("lds/sod/DE.bin")),
        ..DocumentFiles::default()
    };
    let dg14 = corpus.file("lds/dg14/DE.bin");
    files.insert(FileName::Group(DataGroup::DG14), dg14);
    let verdict = judge(&files, PASSPORT, None, &store, time, &Policy::field()).unwrap();
    assert_eq!(verdict.state_source, StateSource::Signer);
    assert_eq!(verdict.state, "DEU");
    assert!(verdict.outcome().passed(), "{:?}", verdict.checks);
    assert!(verdict.tolerances.contains(Tolerance::EcdsaParametersNull));
    let strict = judge(&files, PASSPORT, None, &store, time, &Policy::strict()).unwrap();
    assert!(strict.outcome().failed());
    let given = judge(
        &files,
        PASSPORT,
        Some("NLD"),
        &store,
        time,
        &Policy::field(),
    )
    .unwrap();
    assert_eq!(
        given.outcome(),
        CheckOutcome::Failed("chain: signed by a trust anchor of another state".to_owned())
    );
    assert_eq!(
        judge(
            &DocumentFiles::default(),
            PASSPORT,
            None,
            &store,
            time,
            &Policy::field()
        )
        .unwrap_err(),
        NothingSigned
    );
}

/// EF.CardSecurity is signed apart from EF.SOD, and judged without it too.
#[test]
fn card_security_alone_is_judged() {
    let Some(corpus) = corpus::open("EF.CardSecurity of states") else {
        return;
    };
    let mut anchors = Anchors::new(&[PASSPORT]);
    for object in crate::pki::encoding::objects(&corpus.file("csca/csca_ml_915.pem")) {
        anchors.add(&object.unwrap()).unwrap();
    }
    let (store, _) = anchors.into_store();
    let time = UnixTime::from_date(2026, 9, 1).unwrap();
    for (name, state) in [("DE-passport", "DEU"), ("FI-idcard", "FIN")] {
        let mut files = DocumentFiles::default();
        let file = corpus.file(&format!("lds/cardsecurity/{name}.bin"));
        files.insert(FileName::CardSecurity, file.clone());
        let verdict = judge(&files, PASSPORT, None, &store, time, &Policy::field()).unwrap();
        let of = |name: &str| {
            let check = verdict.checks.iter().find(|check| check.name == name);
            &check.unwrap().outcome
        };
        assert!(of("EF.CardSecurity signature").passed(), "{name}");
        assert!(of("EF.CardSecurity chain").passed(), "{name}");
        assert_eq!(verdict.state, state);
        assert!(verdict.passive_authentication.is_some());
        // A malformed one beside it is a failed check.
        files.insert(FileName::Sod, file[..100].to_vec());
        let verdict = judge(&files, PASSPORT, None, &store, time, &Policy::field()).unwrap();
        assert_eq!(verdict.checks[0].name, "EF.SOD");
        assert!(verdict.checks[0].outcome.failed() && verdict.outcome().failed());
        // Without anchors it is as good as a document that nobody vouches for.
        files.sod = None;
        let nobody = CscaStore::new();
        let verdict = judge(&files, PASSPORT, None, &nobody, time, &Policy::field()).unwrap();
        assert_eq!(verdict.outcome().name(), "passed_untrusted", "{name}");
    }
}

/// Each profile of the simulator is judged as what it is.
#[cfg(feature = "simulator")]
#[test]
fn every_kind_of_document_is_told_by_its_files() {
    use crate::simulator::{Profile, csca_certificates};
    let time = UnixTime::from_date(2026, 9, 1).unwrap();
    let mut store = CscaStore::new();
    for csca in csca_certificates().unwrap() {
        let state = crate::pki::IssuingState::parse(csca.issuing_state).unwrap();
        store.add(csca.kind, state, &csca.der).unwrap();
    }
    let mut kinds = std::collections::BTreeSet::new();
    for profile in Profile::ALL {
        let chip = profile.chip(b"").unwrap();
        let mut files = DocumentFiles::default();
        for file in &chip.file_system().applications[0].files {
            let name = format!("{:04X}", file.fid);
            assert!(files.insert(FileName::parse(&name).unwrap(), file.content.clone()));
        }
        let kind = files.kind();
        kinds.insert(kind);
        let verdict = judge(&files, kind, None, &store, time, &Policy::field()).unwrap();
        assert_eq!(verdict.state_source, StateSource::Dg1);
        // A clone has the files of a genuine document.
        let refused = profile.name() == "tampered";
        assert_eq!(
            verdict.outcome().passed(),
            !refused,
            "{}: {:?}",
            profile.name(),
            verdict.checks
        );
        let content = verdict
            .checks
            .iter()
            .filter(|check| check.name.ends_with("content"));
        assert!(
            content.count() >= 2,
            "{}: {:?}",
            profile.name(),
            verdict.checks
        );
    }
    assert_eq!(kinds.len(), 3);
}
