#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::corpus::{self, Corpus};
use crate::lds::sod::HashMatch;
use crate::lds::{CardSecurity, DataGroup};
use crate::pki::policy::Revocation;
use crate::pki::{IssuingState, encoding};

/// The time at which the corpus is judged, 2026-09-01.
const TIME: UnixTime = UnixTime(1_788_220_800);

/// A store with the CSCA certificates of the corpus, each under the state its subject names.
fn store(corpus: &Corpus, kind: DocumentKind) -> CscaStore {
    let mut store = CscaStore::new();
    for object in encoding::objects(&corpus.file("csca/csca_ml_915.pem")) {
        let certificate = Certificate::parse(&object.unwrap()).unwrap();
        // One certificate names no country; no document of that state is in the corpus.
        if let Some(state) = certificate.subject().country() {
            store.add_certificate(kind, state, certificate);
        }
    }
    store
}

fn sod(corpus: &Corpus, path: &str) -> Sod {
    Sod::parse(&corpus.file(&format!("lds/{path}.bin"))).unwrap()
}

#[test]
fn real_documents_verify_to_their_issuing_state() {
    let Some(corpus) = corpus::open("EF.SODs of states") else {
        return;
    };
    let kind = DocumentKind::TravelDocument;
    let store = store(&corpus, kind);
    for (name, state, tolerances) in [
        (
            "AT",
            "AUT",
            &[Tolerance::EcdsaParametersNull, Tolerance::OutlivesIssuer][..],
        ),
        ("AU", "AUS", &[Tolerance::RsaEncryptionIdentifier]),
        ("DE", "D", &[Tolerance::EcdsaParametersNull]),
        ("FI-id", "FIN", &[]),
        ("GB-ecdsa", "GBR", &[]),
        (
            "NZ2017-ber",
            "NZL",
            &[Tolerance::BerEncoding, Tolerance::RsaEncryptionIdentifier],
        ),
        ("NZ2017-der", "NZL", &[Tolerance::RsaEncryptionIdentifier]),
        ("SG-a", "SGP", &[]),
        ("US", "USA", &[Tolerance::RsaEncryptionIdentifier]),
    ] {
        let sod = sod(&corpus, &format!("sod/{name}"));
        let verdict = verify(&sod, &store, kind, state, TIME, &Policy::field());
        assert!(verdict.outcome().passed(), "{name}: {}", verdict.outcome());
        assert_eq!(verdict.tolerances.as_slice(), tolerances, "{name}");
        let strict = verify(&sod, &store, kind, state, TIME, &Policy::strict());
        assert_eq!(
            strict.outcome().passed(),
            tolerances.is_empty(),
            "{name}: {}",
            strict.outcome()
        );
        // The same document is nothing to another kind, another state, or a store that knows nobody.
        let other_kind = verify(
            &sod,
            &store,
            DocumentKind::IdentityCard,
            state,
            TIME,
            &Policy::field(),
        );
        assert_eq!(
            other_kind.chain,
            CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::OtherKind)),
            "{name}"
        );
        let other_state = verify(&sod, &store, kind, "NLD", TIME, &Policy::field());
        assert_eq!(
            other_state.chain,
            CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::OtherState)),
            "{name}"
        );
        let nobody = verify(&sod, &CscaStore::new(), kind, state, TIME, &Policy::field());
        assert_eq!(
            (nobody.signature, nobody.outcome()),
            (CheckOutcome::Passed, CheckOutcome::PassedUntrusted)
        );
    }
}

#[test]
fn changed_documents_are_refused_each_for_its_reason() {
    let Some(corpus) = corpus::open("changed EF.SODs") else {
        return;
    };
    let kind = DocumentKind::TravelDocument;
    let store = store(&corpus, kind);
    let verdict = |sod: &Sod, state| verify(sod, &store, kind, state, TIME, &Policy::field());

    let corrupt = verdict(&sod(&corpus, "negative/DE-sig-corrupt"), "D");
    assert_eq!(
        corrupt.signature,
        CheckOutcome::Failed(Failure::Signature(SignatureFailure::Invalid))
    );
    assert_eq!(
        (corrupt.chain, corrupt.signer),
        (CheckOutcome::NotPerformed, None)
    );
    for name in ["negative/ETSI-dg1hash", "negative/ETSI-dg14hash"] {
        assert_eq!(
            verdict(&sod(&corpus, name), "D").outcome(),
            CheckOutcome::Failed(Failure::MessageDigest),
            "{name}"
        );
    }

    // Every byte of the signed attributes and of the signature counts.
    let genuine = corpus.file("lds/sod/GB-ecdsa.bin");
    let parsed = Sod::parse(&genuine).unwrap();
    let part = parsed.signed_data().signer().signature.clone();
    let at = genuine
        .windows(part.len())
        .position(|window| window == part)
        .unwrap();
    for offset in (0..part.len()).step_by(7) {
        let mut changed = genuine.clone();
        changed[at + offset] ^= 0x10;
        let outcome = Sod::parse(&changed).map(|sod| verdict(&sod, "GBR").signature);
        assert!(
            outcome.is_err() || outcome.is_ok_and(|signature| signature.failed()),
            "offset {offset}"
        );
    }
}

#[test]
fn card_security_verifies_like_a_security_object() {
    let Some(corpus) = corpus::open("EF.CardSecurity of states") else {
        return;
    };
    let kind = DocumentKind::TravelDocument;
    let store = store(&corpus, kind);
    for (name, state) in [("DE-passport", "D"), ("FI-idcard", "FIN")] {
        let file =
            CardSecurity::parse(&corpus.file(&format!("lds/cardsecurity/{name}.bin"))).unwrap();
        assert!(
            file.security_infos()
                .chip_authentication_keys()
                .next()
                .is_some(),
            "{name}"
        );
        let policy = Policy::field();
        let verdict = verify_signed_data(
            file.signed_data(),
            file.tolerances(),
            &store,
            kind,
            state,
            TIME,
            &policy,
        );
        assert!(
            verdict.signature.passed() && verdict.chain.passed(),
            "{name}: {verdict:?}"
        );
        let mut changed = corpus.file(&format!("lds/cardsecurity/{name}.bin"));
        changed[100] ^= 1;
        let verdict = CardSecurity::parse(&changed).map(|file| {
            verify_signed_data(
                file.signed_data(),
                file.tolerances(),
                &store,
                kind,
                state,
                TIME,
                &policy,
            )
        });
        assert!(
            verdict.is_err() || verdict.is_ok_and(|verdict| verdict.signature.failed()),
            "{name}"
        );
    }
}

#[test]
fn synthetic_document_with_its_own_csca_and_list() {
    let Some(corpus) = corpus::open("synthetic Belgian document") else {
        return;
    };
    let kind = DocumentKind::TravelDocument;
    let set = |name: &str| {
        corpus.file(&format!(
            "document-sets/ucl-be-synthetic-with-csca-crl/{name}"
        ))
    };
    let state = IssuingState::parse("BEL").unwrap();
    let time = UnixTime::from_date(2009, 8, 1).unwrap();
    let mut store = CscaStore::new();
    store.add(kind, state, &set("csca.cer")).unwrap();
    store
        .add_revocation_list(kind, state, &set("csca.crl"))
        .unwrap();
    let sod = Sod::parse(&set("EF_SOD.bin")).unwrap();
    let policy = Policy {
        revocation: Revocation::Required,
        ..Policy::field()
    };
    let verdict = verify(&sod, &store, kind, "BEL", time, &policy);
    assert!(verdict.outcome().passed(), "{verdict:?}");
    assert_eq!(verdict.revocation, CheckOutcome::Passed);
    for met in [
        Tolerance::BerEncoding,
        Tolerance::ContentTypeData,
        Tolerance::SignerKeyUsage,
    ] {
        assert!(verdict.tolerances.contains(met), "{verdict:?}");
    }
    for (group, file) in [
        (1, "Datagroup1.bin"),
        (11, "Datagroup11.bin"),
        (12, "Datagroup12.bin"),
    ] {
        let group = DataGroup::new(group).unwrap();
        assert_eq!(
            sod.security_object().verify(group, &set(file)),
            HashMatch::Equal,
            "{file}"
        );
    }
    let later = verify(
        &sod,
        &store,
        kind,
        "BEL",
        UnixTime::from_date(2010, 1, 1).unwrap(),
        &policy,
    );
    assert_eq!(
        later.revocation,
        CheckOutcome::Failed(Failure::StaleRevocationList)
    );
    // SHA-1 and RSA with 1024 bits are a matter of policy, not of code.
    let tolerant = Policy {
        tolerated: Policy::field().tolerated,
        ..Policy::strict()
    };
    let strict = verify(&sod, &store, kind, "BEL", time, &tolerant);
    assert!(
        matches!(
            strict.signature,
            CheckOutcome::Failed(Failure::Algorithm(_))
        ),
        "{strict:?}"
    );
}

#[test]
fn validity_is_judged_at_the_time_asked_for() {
    let Some(corpus) = corpus::open("EF.SODs of states") else {
        return;
    };
    let kind = DocumentKind::TravelDocument;
    let store = store(&corpus, kind);
    let sod = sod(&corpus, "sod/AU");
    let at = |year| {
        let time = UnixTime::from_date(year, 1, 1).unwrap();
        verify(&sod, &store, kind, "AUS", time, &Policy::field())
    };
    assert_eq!(
        at(2016).validity,
        CheckOutcome::Failed(Failure::SignerNotYetValid)
    );
    assert_eq!(at(2017).validity, CheckOutcome::Passed);
    let late = at(2040);
    assert_eq!(late.validity, CheckOutcome::Failed(Failure::SignerExpired));
    assert_eq!(
        (late.signature, late.chain),
        (CheckOutcome::Passed, CheckOutcome::Passed)
    );
    assert_eq!(late.outcome(), CheckOutcome::Failed(Failure::SignerExpired));
}

#[test]
fn data_groups_count_only_by_the_hash_the_state_signed() {
    let Some(corpus) = corpus::open("EF.SOD and DG14 of one document") else {
        return;
    };
    let sod = sod(&corpus, "sod/DE");
    let dg14 = corpus.file("lds/dg14/DE.bin");
    assert_eq!(
        sod.security_object().verify(DataGroup::DG14, &dg14),
        HashMatch::Equal
    );
    assert_eq!(
        sod.security_object().verify(DataGroup::DG2, &dg14),
        HashMatch::Different
    );
    assert_eq!(
        sod.security_object().verify(DataGroup::DG15, &dg14),
        HashMatch::NotListed
    );
}
