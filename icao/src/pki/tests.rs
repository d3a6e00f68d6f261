#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::csca_store::NoIssuer;
use super::master_list::MasterListError;
use super::*;
use crate::corpus::{self, Corpus};
use crate::tolerance::Tolerance;

/// All certificates of a corpus file.
fn certificates(corpus: &Corpus, path: &str) -> Vec<Certificate> {
    encoding::objects(&corpus.file(path))
        .map(|object| {
            Certificate::parse(&object.unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"))
        })
        .collect()
}

#[test]
fn real_certificates_are_read_as_their_tables_say() {
    let Some(corpus) = corpus::open("certificates of states") else {
        return;
    };
    let mut met = BTreeMap::<_, usize>::new();
    for (pem, table, count) in [
        ("csca/csca_ml_915.pem", "csca/csca_ml_915.csv", 915),
        ("dsc/dsc_sample.pem", "dsc/dsc_sample.csv", 613),
    ] {
        let rows: BTreeMap<_, _> = corpus
            .table(table)
            .into_iter()
            .map(|row| (row["sha256"].clone(), row))
            .collect();
        let certificates = certificates(&corpus, pem);
        assert_eq!((certificates.len(), rows.len()), (count, count));
        for certificate in certificates {
            let row = &rows[&certificate.fingerprint().to_string()];
            let day = |time: UnixTime| time.to_string()[..10].to_owned();
            assert_eq!(day(certificate.not_before()), row["not_before"]);
            assert_eq!(day(certificate.not_after()), row["not_after"]);
            let extensions = certificate.extensions();
            let key_id = |id: &Option<Vec<u8>>| hex::encode(id.as_deref().unwrap_or_default());
            if !row["oddities"].contains("malformed") {
                assert_eq!(key_id(&extensions.subject_key_id), row["ski"]);
            }
            assert_eq!(key_id(&extensions.authority_key_id.key_id), row["aki"]);
            let country = certificate
                .subject()
                .country()
                .map(|state| state.to_string());
            assert_eq!(
                country,
                IssuingState::parse(&row["country"])
                    .ok()
                    .map(|state| state.to_string())
            );
            if row["role"] == "CSCA-selfsigned" {
                assert!(
                    certificate.is_self_issued() || row["oddities"].contains("DN truly"),
                    "{certificate:?}"
                );
            }
            certificate
                .tolerances()
                .as_slice()
                .iter()
                .for_each(|tolerance| *met.entry(tolerance.name()).or_default() += 1);
            for critical in &extensions.unknown_critical {
                println!("unknown critical {critical} {certificate:?}");
            }
            if !extensions.extended_key_usage.is_empty() {
                println!(
                    "{} {:?} {certificate:?}",
                    row["role"], extensions.extended_key_usage
                );
            }
        }
    }
    println!("{met:?}");
}

/// The time at which the corpus is judged, 2026-09-01.
const TIME: UnixTime = UnixTime(1_788_220_800);

/// Each certificate's row of the table that tells who issued it.
fn issuers(corpus: &Corpus, table: &str) -> BTreeMap<String, String> {
    let rows = corpus.table(table).into_iter();
    rows.map(|row| (row["sha256"].clone(), row["verified_by_sha256"].clone()))
        .collect()
}

#[test]
fn real_csca_certificates_verify_inside_their_set() {
    let Some(corpus) = corpus::open("CSCA certificates") else {
        return;
    };
    let all = certificates(&corpus, "csca/csca_ml_915.pem");
    let key_of: BTreeMap<_, _> = all
        .iter()
        .map(|c| (c.fingerprint().to_string(), c.public_key_info().to_vec()))
        .collect();
    let issuers = issuers(&corpus, "csca/csca_ml_915.csv");
    // One compartment, because some territories' certificates are issued by another state.
    let (kind, state) = (
        DocumentKind::TravelDocument,
        IssuingState::parse("UTO").unwrap(),
    );
    let mut store = CscaStore::new();
    for certificate in &all {
        assert!(store.add_certificate(kind, state, certificate.clone()));
    }
    let mut orphans = Vec::new();
    let mut met = BTreeMap::<_, usize>::new();
    for certificate in &all {
        match store.issuer_of(kind, state, certificate, TIME, signature::Readings::Stated) {
            Ok(issued) => {
                let expected = &key_of[&issuers[&certificate.fingerprint().to_string()]];
                assert_eq!(
                    issued.anchor.certificate().public_key_info(),
                    expected,
                    "{certificate:?}"
                );
                for tolerance in issued.tolerances.as_slice() {
                    *met.entry(tolerance.name()).or_default() += 1;
                }
            }
            Err(error) => orphans.push((certificate, error)),
        }
    }
    println!("{met:?}");
    // Two link certificates whose parents are in no list at hand; both are named in the set's own table or lack there.
    let orphans: Vec<_> = orphans
        .iter()
        .map(|(certificate, _)| certificate.fingerprint().to_string())
        .collect();
    assert_eq!(orphans.len(), 2);
    for orphan in &orphans {
        assert!(!key_of.contains_key(&issuers[orphan]), "{orphan}");
    }
}

#[test]
fn real_document_signers_chain_to_the_expected_key() {
    let Some(corpus) = corpus::open("document signers") else {
        return;
    };
    let anchors = certificates(&corpus, "csca/csca_ml_915.pem");
    let key_of: BTreeMap<_, _> = anchors
        .iter()
        .map(|c| (c.fingerprint().to_string(), c.public_key_info().to_vec()))
        .collect();
    let issuers = issuers(&corpus, "dsc/dsc_sample.csv");
    let kind = DocumentKind::TravelDocument;
    let mut store = CscaStore::new();
    for anchor in anchors {
        if let Some(state) = anchor.subject().country() {
            store.add_certificate(kind, state, anchor);
        }
    }
    let mut met = BTreeMap::<_, usize>::new();
    let mut failures = Vec::new();
    let signers = certificates(&corpus, "dsc/dsc_sample.pem");
    for signer in &signers {
        let state = signer.issuer().country().unwrap();
        match store.issuer_of(kind, state, signer, TIME, signature::Readings::Stated) {
            Ok(issued) => {
                let expected = &key_of[&issuers[&signer.fingerprint().to_string()]];
                assert_eq!(
                    issued.anchor.certificate().public_key_info(),
                    expected,
                    "{signer:?}"
                );
                for tolerance in issued.tolerances.as_slice() {
                    *met.entry(tolerance.name()).or_default() += 1;
                }
            }
            Err(error) => failures.push((signer, error)),
        }
    }
    println!("{met:?}");
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(signers.len(), 613);
}

#[test]
fn real_revocation_lists_verify() {
    let Some(corpus) = corpus::open("revocation lists") else {
        return;
    };
    let kind = DocumentKind::TravelDocument;
    let mut store = CscaStore::new();
    for anchor in certificates(&corpus, "csca/csca_ml_915.pem") {
        if let Some(state) = anchor.subject().country() {
            store.add_certificate(kind, state, anchor);
        }
    }
    let rows = corpus.table("crl/index.csv");
    assert_eq!(rows.len(), 10);
    for row in rows {
        let der = corpus.file(&format!("crl/{}", row["file"]));
        let list = RevocationList::parse(&der).unwrap();
        assert_eq!(list.fingerprint().to_string(), row["sha256"]);
        assert_eq!(list.len().to_string(), row["revoked_entries"]);
        let state = IssuingState::parse(&row["file"][..2]).unwrap();
        let issued = store
            .add_revocation_list(kind, state, &der)
            .unwrap_or_else(|error| panic!("{row:?}: {error}"));
        let expected = store
            .iter()
            .find(|(_, _, anchor)| {
                anchor
                    .certificate()
                    .fingerprint()
                    .to_string()
                    .starts_with(&row["verified_by_csca_sha256_prefix"])
            })
            .unwrap();
        let issuer = issued.anchor.certificate();
        assert_eq!(
            issuer.public_key_info(),
            expected.2.certificate().public_key_info(),
            "{row:?}"
        );
        assert!(!store.revocation_lists(kind, state, issuer, TIME).is_empty());
        // The same list says nothing for another state, and a changed one says nothing at all.
        let other = IssuingState::parse("UTO").unwrap();
        assert_eq!(
            store.add_revocation_list(kind, other, &der).unwrap_err(),
            NoIssuer::OtherState.into()
        );
        let mut changed = der.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(store.add_revocation_list(kind, state, &changed).is_err());
    }
}

#[test]
fn real_master_lists_verify() {
    let Some(corpus) = corpus::open("master lists") else {
        return;
    };
    for (file, count, year) in [
        ("DE_2026-05-28.ml", 588, 2026),
        ("ICAO_2023-03.ml", 372, 2023),
    ] {
        let bytes = corpus.file(&format!("masterlists/{file}"));
        let list = MasterList::parse(&bytes).unwrap();
        assert_eq!(
            (list.certificates().len(), list.malformed()),
            (count, 0),
            "{file}"
        );
        let enclosed = list.enclosed();
        let time = UnixTime::from_date(year, 6, 1).unwrap();
        let signer = list.verify(&enclosed, time, &Policy::field()).unwrap();
        let met: &[_] = if year == 2023 {
            &[Tolerance::DigestInfoWithoutNull]
        } else {
            &[]
        };
        assert_eq!(signer.tolerances.as_slice(), met, "{file}");
        assert_eq!(
            list.verify(&enclosed, time, &Policy::strict()).is_ok(),
            met.is_empty(),
            "{file}"
        );
        let late = UnixTime::from_date(2040, 1, 1).unwrap();
        assert_eq!(
            list.verify(&enclosed, late, &Policy::field()),
            Err(MasterListError::SignerValidity)
        );
        let mut changed = bytes.clone();
        let at = changed.len() / 2;
        changed[at] ^= 1;
        let outcome = MasterList::parse(&changed)
            .and_then(|list| list.verify(&enclosed, time, &Policy::field()));
        assert!(outcome.is_err(), "{file}");
        assert!(list.verify(&[], time, &Policy::field()).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_certificate(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Certificate::parse(&bytes).is_err());
        encoding::objects(&bytes).for_each(drop);
    }
}
