//! The project's own vectors, made by second implementations (see the descriptions in the files): what other
//! implementers of the protocol test against.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use icao::crypto::key_agreement::{Group, PublicKey};
use p256::SecretKey;
use protocol::bindings::Binding;
use protocol::chip_authentication::ChipAuthenticationResult;
use protocol::evidence::Evidence;
use protocol::jwe::{self, SealError};
use protocol::jwk::PublicJwk;
use protocol::jws::KeyId;
use protocol::origin::Origin;
use protocol::request::{DaemonVersion, Presented, Request, RequestHash};
use protocol::text::{DisplayName, LanguageTag};
use protocol::trust::{ServerId, TrustedKey, TrustedServer};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Bindings {
    vectors: Vec<BindingVector>,
}

#[derive(Deserialize)]
struct BindingVector {
    origin: Origin,
    request_signing_input: String,
    sod: String,
    dg14: String,
    parameter_id: u8,
    public_key: String,
    rnd_ifd: String,
    tweak_before_reduction: String,
    tweak: String,
    tweaked_public_key: String,
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn bindings() {
    let file: Bindings = serde_json::from_str(include_str!("vectors/bindings.json")).unwrap();
    assert_eq!(
        file.vectors.len(),
        23,
        "eleven curves from two origins, and one Diffie-Hellman group"
    );
    for vector in file.vectors {
        let request = RequestHash::from_bytes(Sha256::digest(&vector.request_signing_input).into());
        let binding = Binding {
            origin: &vector.origin,
            request: &request,
        };
        let sod = hex(&vector.sod);
        let public_key = hex(&vector.public_key);
        assert_eq!(
            binding.rnd_ifd(&sod).unwrap().as_slice(),
            hex(&vector.rnd_ifd)
        );
        let tweak = binding
            .chip_authentication_tweak(&sod, &hex(&vector.dg14), &public_key)
            .unwrap();
        assert_eq!(tweak.as_slice(), hex(&vector.tweak_before_reduction));

        // What goes to the chip, computed from the number before and after its reduction modulo n.
        let group = Group::from_parameter_id(vector.parameter_id).unwrap();
        let p = PublicKey::from_bytes(&group, &public_key).unwrap();
        let reduced = hex(&format!("{:0>64}", vector.tweak));
        for t in [tweak.as_slice(), &reduced] {
            assert_eq!(
                p.tweak(t).unwrap().as_bytes(),
                hex(&vector.tweaked_public_key)
            );
        }
    }
}

/// No single bit of any part can change without changing both bindings.
#[test]
fn every_part_binds() {
    let origin = |text: &str| Origin::parse(text).unwrap();
    let (here, there) = (
        origin("https://login.example"),
        origin("https://login.examplf"),
    );
    let (one, other) = (
        RequestHash::from_bytes([0; 32]),
        RequestHash::from_bytes([1; 32]),
    );
    let both = |origin, request, sod: &[u8], dg14: &[u8], p: &[u8]| {
        let binding = Binding { origin, request };
        (
            binding.rnd_ifd(sod).unwrap(),
            binding.chip_authentication_tweak(sod, dg14, p).unwrap(),
        )
    };
    let base = both(&here, &one, b"sod", b"dg14", b"p");
    for changed in [
        both(&there, &one, b"sod", b"dg14", b"p"),
        both(&here, &other, b"sod", b"dg14", b"p"),
        both(&here, &one, b"soe", b"dg14", b"p"),
    ] {
        assert_ne!(changed.0, base.0);
        assert_ne!(changed.1, base.1);
    }
    assert_ne!(both(&here, &one, b"sod", b"dg15", b"p").1, base.1);
    assert_ne!(both(&here, &one, b"sod", b"dg14", b"q").1, base.1);
    // The two labels keep the two uses apart.
    assert_ne!(base.0.as_slice(), &base.1[..8]);
}

#[derive(Deserialize)]
struct SealedVector {
    recipient_private_key: String,
    request_hash: String,
    sealed: String,
    content: ChipAuthenticationResult,
}

#[test]
fn sealed_message_of_another_library() {
    let vector: SealedVector = serde_json::from_str(include_str!("vectors/sealed.json")).unwrap();
    let key = SecretKey::from_slice(&hex(&vector.recipient_private_key)).unwrap();
    let hash: [u8; 32] = hex(&vector.request_hash).try_into().unwrap();
    let request = RequestHash::from_bytes(hash);
    let opened: ChipAuthenticationResult = jwe::open(&vector.sealed, &key, &request).unwrap();
    assert_eq!(opened, vector.content);
    // Not as evidence, not for another request, not with another key.
    let evidence = jwe::open::<Evidence>(&vector.sealed, &key, &request);
    assert_eq!(evidence.err(), Some(SealError::Format));
    let elsewhere = jwe::open::<ChipAuthenticationResult>(
        &vector.sealed,
        &key,
        &RequestHash::from_bytes([7; 32]),
    );
    assert_eq!(elsewhere.err(), Some(SealError::Broken));
    let stranger = SecretKey::from_slice(&[7; 32]).unwrap();
    let other = jwe::open::<ChipAuthenticationResult>(&vector.sealed, &stranger, &request);
    assert_eq!(other.err(), Some(SealError::Broken));
}

#[derive(Deserialize)]
struct RequestVector {
    server_key: PublicJwk,
    kid: KeyId,
    now: u64,
    request: String,
    request_hash: String,
    claims: protocol::request::Claims,
}

#[test]
fn request_of_another_library() {
    let vector: RequestVector = serde_json::from_str(include_str!("vectors/request.json")).unwrap();
    let server = TrustedServer::new(
        ServerId::try_from("login.example".to_owned()).unwrap(),
        BTreeMap::from([(
            LanguageTag::try_from("en".to_owned()).unwrap(),
            DisplayName::try_from("Example".to_owned()).unwrap(),
        )]),
        vec![Origin::parse("https://login.example").unwrap()],
        vec![TrustedKey {
            kid: vector.kid,
            not_before: None,
            not_after: None,
            jwk: vector.server_key.clone(),
        }],
        false,
    )
    .unwrap();
    let presented = Presented {
        origin: "https://login.example",
        now: vector.now,
        version: DaemonVersion::parse("0.1.0").unwrap(),
    };
    let (request, _) = Request::verify(&vector.request, &presented, |_| Some(&server)).unwrap();
    assert_eq!(
        request.hash().as_bytes().as_slice(),
        hex(&vector.request_hash)
    );
    assert_eq!(request.claims(), &vector.claims);
    let stored = Request::reload(&vector.request, &vector.server_key.verifying_key()).unwrap();
    assert_eq!(stored.hash(), request.hash());
}
