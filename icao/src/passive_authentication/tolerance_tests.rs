//! Every tolerance with a self-made document: the field policy passes it and names it, the strict one refuses it by name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use openssl::hash::MessageDigest;

use super::world::World;
use super::*;
use crate::lds::DataGroup;
use crate::lds::sod::HashMatch;
use crate::pki::fixtures::{
    COMMON_NAME, COUNTRY, ECDSA_SHA256, Made, NULL, RSA_SHA256, SHA1, SHA256, SHA384, algorithm,
    csca_name, extension, name, pss, security_object, sequence, utc, version_info,
};
use crate::tlv::encode;

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
        (
            T::SignerInfoVersion,
            ec(|world| world.sod.signer_version = Some(3)),
        ),
        (
            T::DigestAlgorithmsIncomplete,
            ec(|world| world.sod.listed_digest = Some(SHA384)),
        ),
        (
            T::KeyUsageNotCritical,
            ec(|world| {
                world.signer.extensions[1] =
                    extension("2.5.29.15", false, &[0x03, 0x02, 0x07, 0x80]);
            }),
        ),
        (
            T::IssuerCountryForm,
            ec(|world| {
                let nowhere = name(&[(COMMON_NAME, 0x0C, "CSCA of Utopia")]);
                world.csca.issuer.clone_from(&nowhere);
                world.csca.subject.clone_from(&nowhere);
                world.signer.issuer = nowhere;
            }),
        ),
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
                    name(&[(COUNTRY, 0x0C, "UT"), (COMMON_NAME, 0x13, "CSCA OF UTOPIA")]);
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
        // Those of the other files, and of what a chip proves, have their fixtures beside the verifier.
        let elsewhere = crate::verifier::tolerance_tests::shown().contains(tolerance)
            // In files that no verdict looks into; shown where they are parsed.
            || matches!(
                tolerance,
                Tolerance::BiometricRecordLength | Tolerance::FieldOutsideTemplate
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
