//! Passive Authentication of simulated documents: what their issuers sign is accepted to the letter of Doc 9303, and each
//! deviation of theirs is met, named, and left to the policy.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::lds::Sod;
use icao::passive_authentication::{CheckOutcome, Failure, PassiveAuthentication, verify};
use icao::pki::csca_store::{CscaStore, NoIssuer};
use icao::pki::policy::Policy;
use icao::pki::{DocumentKind, IssuingState, UnixTime};
use icao::simulator::{
    Chip, ChipBuilder, Csca, CurveForm, IssuerKey, Profile, Quirk, SigningAlgorithm, Subject,
    csca_certificates,
};

/// A trust store with the CSCA certificates of the simulated state.
fn store() -> CscaStore {
    let mut store = CscaStore::new();
    for csca in csca_certificates().unwrap() {
        let state = IssuingState::parse(csca.issuing_state).unwrap();
        assert!(store.add(csca.kind, state, &csca.der).unwrap());
    }
    store
}

fn sod(chip: &Chip) -> Sod {
    let files = &chip.file_system().applications[0].files;
    let file = files.iter().find(|file| file.fid & 0xFF == 0x1D).unwrap();
    Sod::parse(&file.content).unwrap()
}

fn at(year: i64) -> UnixTime {
    UnixTime::from_date(year, 9, 1).unwrap()
}

fn judge(chip: ChipBuilder, store: &CscaStore, policy: &Policy) -> PassiveAuthentication {
    let sod = sod(&chip.build().unwrap());
    let kind = DocumentKind::TravelDocument;
    verify(&sod, store, kind, "NLD", at(2026), policy)
}

#[test]
fn every_profile_passes_to_the_letter_for_its_own_kind_and_no_other() {
    let store = store();
    for profile in Profile::ALL {
        let sod = sod(&profile.chip(b"").unwrap());
        for kind in [
            DocumentKind::TravelDocument,
            DocumentKind::IdentityCard,
            DocumentKind::DrivingLicence,
        ] {
            let verdict = verify(&sod, &store, kind, "NLD", at(2026), &Policy::strict());
            // Passports and identity cards have the same CSCAs, as in the Netherlands.
            let licence = |kind| kind == DocumentKind::DrivingLicence;
            let expected = if licence(kind) == licence(profile.kind()) {
                CheckOutcome::Passed
            } else {
                CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::OtherKind))
            };
            assert_eq!(verdict.outcome(), expected, "{profile:?} as {kind:?}");
            assert!(verdict.tolerances.is_empty(), "{:?}", verdict.tolerances);
        }
        let abroad = verify(
            &sod,
            &store,
            profile.kind(),
            "UTO",
            at(2026),
            &Policy::strict(),
        );
        assert_eq!(
            abroad.outcome(),
            CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::OtherState))
        );
    }
}

#[test]
fn deviations_of_signers_are_named_and_left_to_the_policy() {
    let store = store();
    for quirk in [
        Quirk::SodIndefiniteLength,
        Quirk::SodContentType("1.2.840.113549.1.7.1"),
        Quirk::SodContentType("1.3.27.1.1.1"),
        Quirk::SodContentType("1.2.528.1.1006.1.20.1"),
        Quirk::SignerInfoNamesRsaEncryption,
        Quirk::SignerIdentifierMismatch,
        Quirk::TrailingBytes(7),
    ] {
        let chip = || Chip::passport().quirk(quirk);
        let lenient = judge(chip(), &store, &Policy::field());
        assert_eq!(lenient.outcome(), CheckOutcome::Passed, "{quirk:?}");
        assert!(!lenient.tolerances.is_empty(), "{quirk:?}");
        let strict = judge(chip(), &store, &Policy::strict());
        assert!(
            matches!(
                strict.outcome(),
                CheckOutcome::Failed(Failure::Deviation(_))
            ),
            "{quirk:?}: {:?}",
            strict.outcome()
        );
    }
    // The other form of SignerIdentifier is no deviation.
    let chip = Chip::passport().quirk(Quirk::SignerByKeyIdentifier);
    let strict = judge(chip, &store, &Policy::strict());
    assert_eq!(strict.outcome(), CheckOutcome::Passed);
}

/// Signers of every curve, under a CSCA of every curve, with every hash.
#[test]
fn signers_of_every_curve_and_hash_are_verified() {
    for curve in NamedCurve::ALL {
        for hash in HashAlgorithm::ALL {
            let key = |label| IssuerKey::elliptic(label, curve, CurveForm::Explicit, hash).unwrap();
            let csca = Csca::new(&Subject::new(1, "CSCA"), key("CSCA")).unwrap();
            let subject = Subject::new(2, "Signer");
            let signer = csca.document_signer(&subject, &["P"], key("DS")).unwrap();
            let mut store = CscaStore::new();
            let state = IssuingState::parse("NLD").unwrap();
            let der = csca.to_der().unwrap();
            store
                .add(DocumentKind::TravelDocument, state, &der)
                .unwrap();
            let chip = Chip::passport().signer(signer).hash(hash);
            let verdict = judge(chip, &store, &Policy::field());
            assert_eq!(verdict.outcome(), CheckOutcome::Passed, "{curve} {hash:?}");
            assert!(verdict.tolerances.is_empty(), "{:?}", verdict.tolerances);
        }
    }
}

#[test]
fn expired_signers_are_told_and_link_certificates_lead_to_new_ones() {
    let key = |label| {
        let curve = NamedCurve::BrainpoolP256r1;
        IssuerKey::elliptic(label, curve, CurveForm::Explicit, HashAlgorithm::Sha256).unwrap()
    };
    let state = IssuingState::parse("NLD").unwrap();
    let kind = DocumentKind::TravelDocument;
    let old = Csca::new(&Subject::new(1, "Old CSCA"), key("old")).unwrap();
    let successor = Subject::new(2, "New CSCA");
    let new = Csca::new(&successor, key("new")).unwrap();
    let in_2020 = Subject {
        not_before: 1_577_836_800,
        not_after: 1_609_459_199,
        ..Subject::new(3, "Signer of 2020")
    };
    let signer = new
        .document_signer(&in_2020, &["P"], key("signer"))
        .unwrap();
    let sod = sod(&Chip::passport().signer(signer).build().unwrap());

    let mut store = CscaStore::new();
    store.add(kind, state, &old.to_der().unwrap()).unwrap();
    let judge = |store: &CscaStore, year| {
        verify(&sod, store, kind, "NLD", at(year), &Policy::strict()).outcome()
    };
    assert_eq!(judge(&store, 2020), CheckOutcome::PassedUntrusted);
    let link = old.link(&successor, &key("new")).unwrap();
    store.add_link(kind, state, &link).unwrap();
    assert_eq!(judge(&store, 2020), CheckOutcome::Passed);
    assert_eq!(
        judge(&store, 2026),
        CheckOutcome::Failed(Failure::SignerExpired)
    );
    assert_eq!(
        judge(&store, 2019),
        CheckOutcome::Failed(Failure::SignerNotYetValid)
    );
}

/// RSASSA-PSS parameters without saltLength mean 20 bytes; four real CSCAs have them.
#[test]
fn pss_may_leave_its_salt_unsaid() {
    let pem = include_str!("../src/simulator/keys/rsa-2048-signer.pem");
    for hash in HashAlgorithm::ALL {
        let key = IssuerKey::rsa(pem, SigningAlgorithm::RsaPssDefaultSalt(hash)).unwrap();
        let csca = Csca::new(&Subject::new(1, "CSCA"), key.clone()).unwrap();
        let signer = csca
            .document_signer(&Subject::new(2, "Signer"), &["P"], key)
            .unwrap();
        let mut store = CscaStore::new();
        let state = IssuingState::parse("NLD").unwrap();
        let der = csca.to_der().unwrap();
        store
            .add(DocumentKind::TravelDocument, state, &der)
            .unwrap();
        let verdict = judge(Chip::passport().signer(signer), &store, &Policy::field());
        assert_eq!(verdict.outcome(), CheckOutcome::Passed, "{hash:?}");
    }
}
