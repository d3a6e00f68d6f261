//! Every tolerance with a self-made document: the field policy passes it and names it, the strict one refuses it by name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use openssl::hash::MessageDigest;
use proptest::prelude::*;

use super::*;
use crate::lds::DataGroup;
use crate::lds::sod::HashMatch;
use crate::pki::fixtures::{
    COMMON_NAME, COUNTRY, CertificateSpec, ECDSA_SHA256, Key, Made, NULL, RSA_SHA256, RSASSA_PSS,
    SHA1, SHA256, SHA384, STATE, SodSpec, algorithm, csca_name, extension, name, pss,
    security_object, sequence, utc, version_info,
};
use crate::tlv::encode;

/// 2026-09-01.
const TIME: UnixTime = UnixTime(1_788_220_800);
const KIND: DocumentKind = DocumentKind::TravelDocument;

/// A CSCA, its document signer and a document.
struct World {
    csca: CertificateSpec,
    signer: CertificateSpec,
    sod: SodSpec,
    revoked: bool,
}

impl World {
    fn new() -> Self {
        Self::of(Key::ec(), Key::other_ec())
    }

    fn of(csca: &'static Key, signer: &'static Key) -> Self {
        Self {
            csca: CertificateSpec::csca(csca),
            signer: CertificateSpec::signer(signer, csca),
            sod: SodSpec::new(),
            revoked: false,
        }
    }

    /// The document signed by RSA: what the identifier says, and how it is really made.
    fn rsa_document(algorithm: Vec<u8>, made: Made) -> Self {
        let mut world = Self::of(Key::ec(), Key::rsa());
        world.sod.algorithm = algorithm;
        world.sod.made = made;
        world
    }

    fn store(&self) -> CscaStore {
        let mut store = CscaStore::new();
        let state = IssuingState::parse(STATE).unwrap();
        store
            .add(KIND, state, &self.csca.build(self.csca.key))
            .unwrap();
        if self.revoked {
            store
                .add_revocation_list(KIND, state, &self.revocation_list())
                .unwrap();
        }
        store
    }

    /// A list of one revoked certificate, the signer's.
    fn revocation_list(&self) -> Vec<u8> {
        let reason = extension("2.5.29.21", false, &[0x0A, 0x01, 0x01]);
        let entry = sequence(&[
            &encode(0x02, &self.signer.serial),
            &utc("260301000000Z"),
            &encode(0x30, &reason),
        ]);
        let tbs = sequence(&[
            &encode(0x02, &[1]),
            &self.csca.algorithm,
            &self.csca.subject,
            &utc("260701000000Z"),
            &utc("261001000000Z"),
            &encode(0x30, &entry),
        ]);
        let signature = self.csca.key.sign(self.csca.made, &tbs);
        sequence(&[
            &tbs,
            &self.csca.algorithm,
            &encode(0x03, &[&[0][..], &signature].concat()),
        ])
    }

    fn document(&self) -> Vec<u8> {
        self.sod
            .build(&self.signer, &self.signer.build(self.csca.key))
    }

    fn verdict(&self, policy: &Policy) -> PassiveAuthentication {
        verify(
            &Sod::parse(&self.document()).unwrap(),
            &self.store(),
            KIND,
            STATE,
            TIME,
            policy,
        )
    }
}

/// r or s as INTEGER, with `front` before it.
fn integer(front: &[u8], number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if front.is_empty() && number[0] & 0x80 != 0 {
        &[0]
    } else {
        front
    };
    encode(0x02, &[sign, number].concat())
}

fn fill(number: &[u8], len: usize) -> Vec<u8> {
    [vec![0; len - number.len()], number.to_vec()].concat()
}

/// One world for each tolerance of Passive Authentication.
fn worlds() -> Vec<(Tolerance, World)> {
    use Tolerance as T;
    let ec = |change: fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        world
    };
    let rsa = World::rsa_document;
    let sha1: fn() -> MessageDigest = MessageDigest::sha1;
    let sha256: fn() -> MessageDigest = MessageDigest::sha256;
    let sha384: fn() -> MessageDigest = MessageDigest::sha384;
    let made_pss = |mgf, salt_len| Made::Pss {
        digest: sha256,
        mgf,
        salt_len,
    };
    let ec_document = |identifier: &str, parameters: &[u8], made| {
        let mut world = World::new();
        world.sod.algorithm = algorithm(identifier, parameters);
        world.sod.made = made;
        world
    };
    let mut digest_mismatch = World::new();
    digest_mismatch.sod.digest = SHA384;
    let mut hash_mismatch = World::new();
    hash_mismatch.sod.digest = SHA384;
    hash_mismatch.sod.made = Made::Plain(sha384);
    vec![
        (T::FilePadding, ec(|world| world.sod.trailer = vec![0; 8])),
        (
            T::TrailingBytes,
            ec(|world| world.sod.inner_trailer = vec![0; 2]),
        ),
        (T::BerEncoding, ec(|world| world.sod.indefinite = true)),
        (
            T::CertificateVersion,
            ec(|world| world.signer.version = Vec::new()),
        ),
        (
            T::CertificateAlgorithmMismatch,
            ec(|world| world.signer.inner_algorithm = Some(algorithm(RSA_SHA256, NULL))),
        ),
        (
            T::SerialNegative,
            ec(|world| world.signer.serial = vec![0x80, 1]),
        ),
        (T::SerialZero, ec(|world| world.signer.serial = vec![0])),
        (
            T::SerialTooLong,
            ec(|world| world.signer.serial = vec![1; 21]),
        ),
        (
            T::TimeEncoding,
            ec(|world| world.signer.not_after = encode(0x18, b"20360101000000Z")),
        ),
        (
            T::DuplicateExtension,
            ec(|world| {
                world.signer.extensions.push(extension(
                    "2.5.29.15",
                    true,
                    &[0x03, 0x02, 0x07, 0x80],
                ))
            }),
        ),
        (
            T::MalformedExtension,
            ec(|world| {
                world
                    .signer
                    .extensions
                    .push(extension("2.23.136.1.1.6.2", false, b"P"))
            }),
        ),
        (T::SignedDataVersion1, ec(|world| world.sod.version = 1)),
        (
            T::NoSignedAttributes,
            ec(|world| world.sod.attributes = None),
        ),
        (
            T::UnsortedSignedAttributes,
            ec(|world| {
                world.sod.attributes = Some(|mut attributes| {
                    attributes.sort();
                    attributes.reverse();
                    attributes
                });
            }),
        ),
        (
            T::ContentTypeIcaoDraft,
            ec(|world| world.sod.content_type = "1.3.27.1.1.1"),
        ),
        (
            T::ContentTypePrivate,
            ec(|world| world.sod.content_type = "1.2.528.1.1006.1.20.1"),
        ),
        (
            T::ContentTypeData,
            ec(|world| world.sod.content_type = "1.2.840.113549.1.7.1"),
        ),
        (
            T::LdsVersionInfo,
            ec(|world| world.sod.security_object = security_object(0, b"DG1", &version_info())),
        ),
        (
            T::SignerIdentifier,
            ec(|world| {
                world.sod.signer_identifier = Some(sequence(&[&csca_name(), &encode(0x02, &[9])]))
            }),
        ),
        (
            T::SignerNameForm,
            ec(|world| {
                let reordered =
                    name(&[(COMMON_NAME, 0x0C, "CSCA of Utopia"), (COUNTRY, 0x13, "UT")]);
                world.sod.signer_identifier = Some(sequence(&[&reordered, &encode(0x02, &[2])]));
            }),
        ),
        (
            T::RsaParametersAbsent,
            rsa(algorithm(RSA_SHA256, &[]), Made::Plain(sha256)),
        ),
        (
            T::RsaEncryptionIdentifier,
            rsa(algorithm("1.2.840.113549.1.1.1", NULL), Made::Plain(sha256)),
        ),
        (
            T::EcdsaParametersNull,
            ec_document(ECDSA_SHA256, NULL, Made::Plain(sha256)),
        ),
        (
            T::EcdsaWithoutHash,
            ec_document("1.2.840.10045.2.1", &[], Made::Plain(sha256)),
        ),
        (T::DigestAlgorithmMismatch, digest_mismatch),
        (T::SignatureHashMismatch, hash_mismatch),
        (
            T::PssDefaultSalt,
            rsa(pss(SHA256, SHA256, None), made_pss(sha256, 20)),
        ),
        (
            T::PssOtherSaltLength,
            rsa(pss(SHA256, SHA256, Some(20)), made_pss(sha256, 32)),
        ),
        (
            T::PssOtherMaskHash,
            rsa(pss(SHA256, SHA1, Some(32)), made_pss(sha256, 32)),
        ),
        (
            T::PssUnderPkcs1,
            rsa(algorithm(RSA_SHA256, NULL), made_pss(sha1, 20)),
        ),
        (
            T::Pkcs1UnderPss,
            rsa(pss(SHA256, SHA256, Some(32)), Made::Plain(sha256)),
        ),
        (
            T::DigestInfoWithoutNull,
            rsa(algorithm(RSA_SHA256, NULL), Made::WithoutNull),
        ),
        (
            T::EcdsaIntegerPadded,
            ec_document(
                ECDSA_SHA256,
                &[],
                Made::Integers(|r, s| Some(sequence(&[&integer(&[0, 0], r), &integer(&[], s)]))),
            ),
        ),
        (
            T::EcdsaIntegerNegative,
            ec_document(
                ECDSA_SHA256,
                &[],
                Made::Integers(|r, s| {
                    (r[0] & 0x80 != 0).then(|| sequence(&[&encode(0x02, r), &integer(&[], s)]))
                }),
            ),
        ),
        (
            T::EcdsaPlainForDer,
            ec_document(
                ECDSA_SHA256,
                &[],
                Made::Integers(|r, s| Some([fill(r, 32), fill(s, 32)].concat())),
            ),
        ),
        (
            T::EcdsaDerForPlain,
            ec_document("0.4.0.127.0.7.1.1.4.1.3", &[], Made::Plain(sha256)),
        ),
        (
            T::EcdsaUnevenLength,
            ec_document(
                "0.4.0.127.0.7.1.1.4.1.3",
                &[],
                Made::Integers(|r, s| Some([fill(r, 33), fill(s, 33)].concat())),
            ),
        ),
        (
            T::AuthorityKeyIdentifier,
            ec(|world| {
                world.signer.extensions[0] =
                    extension("2.5.29.35", false, &sequence(&[&encode(0x80, &[7; 20])]));
            }),
        ),
        (
            T::IssuerNameForm,
            ec(|world| {
                world.signer.issuer =
                    name(&[(COUNTRY, 0x0C, "ut"), (COMMON_NAME, 0x13, "CSCA OF UTOPIA")]);
            }),
        ),
        (
            T::IssuerName,
            ec(|world| {
                world.signer.issuer =
                    name(&[(COUNTRY, 0x13, "UT"), (COMMON_NAME, 0x0C, "Other CSCA")])
            }),
        ),
        (
            T::SignerCountry,
            ec(|world| {
                world.signer.subject = name(&[(COUNTRY, 0x13, "XX"), (COMMON_NAME, 0x0C, "Signer")])
            }),
        ),
        (
            T::IssuerNotMarkedCa,
            ec(|world| drop(world.csca.extensions.pop())),
        ),
        (
            T::IssuerKeyUsage,
            ec(|world| {
                world.csca.extensions[1] = extension("2.5.29.15", true, &[0x03, 0x02, 0x07, 0x80])
            }),
        ),
        (
            T::SignerKeyUsage,
            ec(|world| {
                world.signer.extensions[1] = extension("2.5.29.15", true, &[0x03, 0x02, 0x01, 0x06])
            }),
        ),
        (
            T::SignerKeyUsageAbsent,
            ec(|world| drop(world.signer.extensions.pop())),
        ),
        (
            T::IssuedOutsidePeriod,
            ec(|world| world.signer.not_before = utc("240101000000Z")),
        ),
        (
            T::OutlivesIssuer,
            ec(|world| world.signer.not_after = utc("410101000000Z")),
        ),
        (
            T::SignedOutsidePeriod,
            ec(|world| {
                let until = encode(0x81, b"20260301000000Z");
                world
                    .signer
                    .extensions
                    .push(extension("2.5.29.16", false, &encode(0x30, &until)));
            }),
        ),
    ]
}

#[test]
fn conforming_document_passes_strictly() {
    let pss = World::rsa_document(
        pss(SHA256, SHA256, Some(32)),
        Made::Pss {
            digest: MessageDigest::sha256,
            mgf: MessageDigest::sha256,
            salt_len: 32,
        },
    );
    let pkcs1 = World::rsa_document(
        algorithm(RSA_SHA256, NULL),
        Made::Plain(MessageDigest::sha256),
    );
    let mut by_key_id = World::new();
    let key_id = extension(
        "2.5.29.14",
        false,
        &encode(0x04, &by_key_id.signer.key.id()),
    );
    by_key_id.signer.extensions.push(key_id);
    by_key_id.sod.signer_identifier = Some(encode(0x80, &by_key_id.signer.key.id()));
    for world in [World::new(), pss, pkcs1, by_key_id] {
        let verdict = world.verdict(&Policy::strict());
        assert!(verdict.outcome().passed(), "{verdict:?}");
        assert!(verdict.tolerances.is_empty(), "{verdict:?}");
        let sod = Sod::parse(&world.document()).unwrap();
        assert_eq!(
            sod.security_object().verify(DataGroup::DG1, b"DG1"),
            HashMatch::Equal
        );
    }
}

#[test]
fn every_tolerance_passes_the_field_and_is_refused_strictly() {
    let worlds = worlds();
    for tolerance in Tolerance::ALL {
        // SecurityInfos and Active Authentication are judged apart.
        let elsewhere = matches!(
            tolerance,
            Tolerance::MalformedSecurityInfo
                | Tolerance::DuplicateSecurityInfo
                | Tolerance::ActiveAuthenticationDer
                | Tolerance::ActiveAuthenticationHashInferred
                | Tolerance::ActiveAuthenticationUnevenLength
        );
        let shown = worlds.iter().any(|(shown, _)| shown == tolerance);
        assert_ne!(shown, elsewhere, "{tolerance}");
    }
    for (tolerance, world) in worlds {
        let everything = Policy {
            tolerated: Tolerance::ALL.iter().copied().collect(),
            ..Policy::field()
        };
        let verdict = world.verdict(&everything);
        assert!(verdict.outcome().passed(), "{tolerance}: {verdict:?}");
        assert!(
            verdict.tolerances.contains(tolerance),
            "{tolerance}: {verdict:?}"
        );
        // A different hash under one name is two deviations in one; every other world has just its own.
        let expected = if tolerance == Tolerance::SignatureHashMismatch {
            2
        } else {
            1
        };
        assert_eq!(
            verdict.tolerances.as_slice().len(),
            expected,
            "{tolerance}: {verdict:?}"
        );

        let field = world.verdict(&Policy::field());
        assert_eq!(
            field.outcome().passed(),
            tolerance != Tolerance::NoSignedAttributes,
            "{tolerance}: {field:?}"
        );
        let without = Policy {
            tolerated: Tolerance::ALL
                .iter()
                .copied()
                .filter(|t| *t != tolerance)
                .collect(),
            ..Policy::field()
        };
        for policy in [without, Policy::strict()] {
            let strict = world.verdict(&policy);
            assert!(!strict.outcome().passed(), "{tolerance}: {strict:?}");
            assert!(strict.outcome().failed(), "{tolerance}: {strict:?}");
        }
    }
}

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
