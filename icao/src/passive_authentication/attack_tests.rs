//! What must be refused, and what must be told about it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use openssl::hash::MessageDigest;
use proptest::prelude::*;

use super::world::{KIND, TIME, World};
use super::*;
use crate::pki::IssuingState;
use crate::pki::fixtures::{
    CertificateSpec, Key, Made, NULL, RSA_SHA256, RSASSA_PSS, STATE, algorithm, extension,
    security_object, sequence, utc, version_info,
};
use crate::pki::policy::Revocation;
use crate::tlv::encode;

#[test]
fn attacks_are_refused_each_for_its_reason() {
    let field = Policy::field();
    let failed = |world: &World| world.verdict(&field).outcome();

    let mut revoked = World::new();
    revoked.revoked = true;
    assert_eq!(
        failed(&revoked),
        CheckOutcome::Failed(Failure::Revoked(Some(1)))
    );
    let ignoring = Policy {
        revocation: Revocation::Ignored,
        ..Policy::field()
    };
    assert!(revoked.verdict(&ignoring).outcome().passed());
    let required = Policy {
        revocation: Revocation::Required,
        ..Policy::field()
    };
    assert_eq!(
        World::new().verdict(&required).outcome(),
        CheckOutcome::Failed(Failure::NoRevocationList)
    );

    let mut expired = World::new();
    expired.signer.not_after = utc("260801000000Z");
    assert_eq!(
        failed(&expired),
        CheckOutcome::Failed(Failure::SignerExpired)
    );
    let mut early = World::new();
    early.signer.not_before = utc("261001000000Z");
    assert_eq!(
        failed(&early),
        CheckOutcome::Failed(Failure::SignerNotYetValid)
    );
    let mut old_issuer = World::new();
    old_issuer.csca.not_after = utc("260801000000Z");
    assert_eq!(
        failed(&old_issuer),
        CheckOutcome::Failed(Failure::IssuerExpired)
    );

    let mut master_list_signer = World::new();
    let purpose = encode(0x30, &crate::pki::fixtures::oid("2.23.136.1.1.3"));
    master_list_signer
        .signer
        .extensions
        .push(extension("2.5.29.37", true, &purpose));
    assert_eq!(
        failed(&master_list_signer),
        CheckOutcome::Failed(Failure::SignerPurpose)
    );

    let mut critical = World::new();
    critical
        .signer
        .extensions
        .push(extension("2.5.29.30", true, &[0x30, 0x00]));
    assert!(matches!(
        failed(&critical),
        CheckOutcome::Failed(Failure::UnknownCritical(_))
    ));

    // The signer's certificate under another key than the trusted one, named as if it were.
    let world = World::new();
    let forged = world
        .sod
        .build(&world.signer, &world.signer.build(Key::other_ec()));
    let verdict = verify(
        &Sod::parse(&forged).unwrap(),
        &world.store(),
        KIND,
        STATE,
        TIME,
        &field,
    );
    assert_eq!(
        verdict.chain,
        CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::Signature))
    );
    assert!(verdict.outcome().failed());

    // The signed content replaced, the rest kept.
    let genuine = World::new();
    let mut other = World::new();
    other.sod.security_object = security_object(1, b"another DG1", &version_info());
    let (mut file, wanted) = (genuine.document(), &genuine.sod.security_object);
    let at = file
        .windows(wanted.len())
        .position(|window| window == wanted)
        .unwrap();
    file[at..at + wanted.len()].copy_from_slice(&other.sod.security_object);
    let verdict = verify(
        &Sod::parse(&file).unwrap(),
        &genuine.store(),
        KIND,
        STATE,
        TIME,
        &field,
    );
    assert_eq!(
        verdict.outcome(),
        CheckOutcome::Failed(Failure::MessageDigest)
    );

    // An issuing state that is none.
    let sod = Sod::parse(&genuine.document()).unwrap();
    let verdict = verify(&sod, &genuine.store(), KIND, "N0T", TIME, &field);
    assert_eq!(verdict.chain, CheckOutcome::Failed(Failure::IssuingState));

    // Parameters of PSS that are none.
    let malformed = World::rsa_document(
        algorithm(RSASSA_PSS, &[0x30, 0x02, 0xA4, 0x00]),
        Made::Plain(MessageDigest::sha256),
    );
    assert_eq!(
        failed(&malformed),
        CheckOutcome::Failed(Failure::Signature(SignatureFailure::Algorithm))
    );
}

proptest! {
    /// Whatever is changed, the verdict never passes for another security object.
    #[test]
    fn changed_octets_never_pass_for_another_content(at in any::<prop::sample::Index>(), value: u8) {
        static GENUINE: OnceLock<(World, Vec<u8>)> = OnceLock::new();
        let (world, genuine) = GENUINE.get_or_init(|| {
            let world = World::new();
            let document = world.document();
            (world, document)
        });
        let mut file = genuine.clone();
        let at = at.index(file.len());
        file[at] = value;
        if let Ok(sod) = Sod::parse(&file) {
            let verdict = verify(&sod, &world.store(), KIND, STATE, TIME, &Policy::field());
            let same = Sod::parse(genuine).unwrap();
            prop_assert!(!verdict.outcome().passed() || sod.security_object() == same.security_object());
        }
    }
}

/// A link certificate brings a new key in, if a trusted one signed it.
#[test]
fn link_certificates_carry_trust_over() {
    let state = IssuingState::parse(STATE).unwrap();
    let old = CertificateSpec::csca(Key::ec());
    let mut link = CertificateSpec::csca(Key::rsa());
    link.extensions.push(extension(
        "2.5.29.35",
        false,
        &sequence(&[&encode(0x80, &Key::ec().id())]),
    ));
    let link = link.build(Key::ec());

    let mut store = CscaStore::new();
    assert_eq!(
        store.add_link(KIND, state, &link).unwrap_err(),
        NoIssuer::NoAnchor.into()
    );
    assert!(store.add(KIND, state, &old.build(Key::ec())).unwrap());
    assert!(store.add_link(KIND, state, &link).unwrap());
    assert!(!store.add_link(KIND, state, &link).unwrap());
    assert!(
        store
            .add_link(DocumentKind::DrivingLicence, state, &link)
            .is_err()
    );

    // A document under the new key.
    let mut world = World::of(Key::rsa(), Key::other_ec());
    world.signer.algorithm = algorithm(RSA_SHA256, NULL);
    let verdict = verify(
        &Sod::parse(&world.document()).unwrap(),
        &store,
        KIND,
        STATE,
        TIME,
        &Policy::strict(),
    );
    assert!(verdict.outcome().passed(), "{verdict:?}");
}

/// A public key with the curve's parameters but a generator of the attacker's choice names no known curve (CVE-2020-0601).
#[test]
fn curve_with_another_generator_is_refused() {
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::ec::{Asn1Flag, EcGroup};
    use openssl::nid::Nid;
    let mut group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let mut context = BigNumContext::new().unwrap();
    let mut explicit = |group: &EcGroup| {
        let mut point = openssl::ec::EcPoint::new(group).unwrap();
        point
            .mul_generator2(group, &BigNum::from_u32(7).unwrap(), &mut context)
            .unwrap();
        let key = openssl::ec::EcKey::from_public_key(group, &point).unwrap();
        openssl::pkey::PKey::from_ec_key(key)
            .unwrap()
            .public_key_to_der()
            .unwrap()
    };
    let genuine = explicit(&group);
    assert!(VerifyingKey::from_spki(&genuine).is_ok());
    // The attacker's generator: the public key itself, for which the secret key is 1.
    let mut forged = genuine.clone();
    let point = genuine[genuine.len() - 65..].to_vec();
    let mut ordinary = openssl::ec::EcPoint::new(&group).unwrap();
    let mut context = BigNumContext::new().unwrap();
    ordinary
        .mul_generator2(&group, &BigNum::from_u32(1).unwrap(), &mut context)
        .unwrap();
    let generator = ordinary
        .to_bytes(
            &group,
            openssl::ec::PointConversionForm::UNCOMPRESSED,
            &mut context,
        )
        .unwrap();
    let at = forged
        .windows(65)
        .position(|window| window == generator)
        .unwrap();
    forged[at..at + 65].copy_from_slice(&point);
    assert!(VerifyingKey::from_spki(&forged).is_err());
    let mut world = World::new();
    world.signer.public_key_info = Some(forged);
    assert_eq!(
        world.verdict(&Policy::field()).signature,
        CheckOutcome::Failed(Failure::PublicKey)
    );
}

/// A list that another key signed under the same name does not hide the one by the issuer's own key.
#[test]
fn a_list_by_another_key_hides_nothing() {
    let state = IssuingState::parse(STATE).unwrap();
    let world = World::new();
    let own_list = world.revocation_list();
    // Another CSCA of the same name, with a newer list on which there is nobody.
    let other = CertificateSpec::csca(Key::rsa());
    let tbs = sequence(&[
        &encode(0x02, &[1]),
        &algorithm(RSA_SHA256, NULL),
        &other.subject,
        &utc("260801000000Z"),
        &utc("261001000000Z"),
    ]);
    let signature = Key::rsa().sign(Made::Plain(MessageDigest::sha256), &tbs);
    let other_list = sequence(&[
        &tbs,
        &algorithm(RSA_SHA256, NULL),
        &encode(0x03, &[&[0][..], &signature].concat()),
    ]);
    let mut self_signed = other.clone();
    self_signed.algorithm = algorithm(RSA_SHA256, NULL);
    let judge = |lists: &[&[u8]], time: &str, policy: &Policy| {
        let mut store = world.store();
        store
            .add(KIND, state, &self_signed.build(Key::rsa()))
            .unwrap();
        for list in lists {
            store.add_revocation_list(KIND, state, list).unwrap();
        }
        let sod = Sod::parse(&world.document()).unwrap();
        verify(&sod, &store, KIND, STATE, time.parse().unwrap(), policy).revocation
    };
    let field = Policy::field();
    let required = Policy {
        revocation: Revocation::Required,
        ..Policy::field()
    };
    let revoked = CheckOutcome::Failed(Failure::Revoked(Some(1)));
    for time in ["2026-09-01", "2026-11-01"] {
        for lists in [
            &[&own_list[..], &other_list][..],
            &[&other_list, &own_list],
            &[&own_list],
        ] {
            assert_eq!(judge(lists, time, &field), revoked, "{time}");
        }
    }
    // After a rollover the new key's list goes on for the name.
    assert_eq!(
        judge(&[&other_list], "2026-09-01", &required),
        CheckOutcome::Passed
    );
    // Nothing is current before it was made, nor after its next update.
    for time in ["2026-07-15", "2026-10-02"] {
        assert_eq!(
            judge(&[&other_list], time, &required),
            CheckOutcome::Failed(Failure::StaleRevocationList)
        );
    }
}
