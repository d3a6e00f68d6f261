#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::corpus::{self, Corpus};

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

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_certificate(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Certificate::parse(&bytes).is_err());
        encoding::objects(&bytes).for_each(drop);
    }
}
