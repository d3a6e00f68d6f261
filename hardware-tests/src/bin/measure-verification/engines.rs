//! ECDSA and RSA verification by the library, by the engine of the login server, and by OpenSSL; AWS-LC is what that engine
//! uses on the NIST curves.

use anyhow::{Context as _, Result, ensure};
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::signature::{
    EcdsaEngine, OwnEcdsaEngine, SignatureScheme, VerifyingKey, verify_prehashed,
};
use openssl::asn1::Asn1Object;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use rda_login::accelerator::Accelerator;
use serde_json::{Value, json};
use std::hint::black_box;

use crate::{each, number, rows};

const TIMES: u32 = 200;

pub(crate) fn measure() -> Result<Value> {
    let mut found = Vec::new();
    for curve in NamedCurve::ALL {
        found.push(elliptic(curve)?);
    }
    for bits in [1024, 2048, 3072, 4096, 6144] {
        found.push(rsa(bits)?);
    }
    Ok(json!({ "microseconds": found }))
}

fn elliptic(curve: NamedCurve) -> Result<Value> {
    let group = EcGroup::from_curve_name(nid(curve)?)?;
    let key = EcKey::<Private>::generate(&group)?;
    let public = EcKey::from_public_key(&group, key.public_key())?;
    let mut context = BigNumContext::new()?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    key.public_key()
        .affine_coordinates(&group, &mut x, &mut y, &mut context)?;
    let len = i32::try_from(curve.field_len())?;
    let (x, y) = (x.to_vec_padded(len)?, y.to_vec_padded(len)?);
    let hash = HashAlgorithm::Sha256.digest(b"specimen");
    let signature = EcdsaSig::sign(&hash, &key)?;
    let (r, s) = (signature.r().to_vec(), signature.s().to_vec());

    let time = |engine: &dyn EcdsaEngine| -> Result<(f64, f64)> {
        let prepared = engine.prepare(curve, &x, &y).context("a key")?;
        ensure!(
            prepared.verify(&hash, &r, &s) && engine.verify(curve, &x, &y, &hash, &r, &s),
            "{curve}"
        );
        Ok((
            each(TIMES, || {
                black_box(engine.verify(curve, &x, &y, &hash, &r, &s));
            }),
            each(TIMES, || {
                black_box(prepared.verify(&hash, &r, &s));
            }),
        ))
    };
    let (library, library_prepared) = time(&OwnEcdsaEngine)?;
    let (server, server_prepared) = time(&Accelerator)?;
    let openssl = each(TIMES, || {
        let _valid = black_box(signature.verify(&hash, &public));
    });
    Ok(json!({
        "key": format!("ECDSA, {curve}"),
        "library": library,
        "library_prepared": library_prepared,
        "server": server,
        "server_prepared": server_prepared,
        "openssl": openssl,
    }))
}

fn rsa(bits: u32) -> Result<Value> {
    let key = PKey::from_rsa(Rsa::generate(bits)?)?;
    let hash = HashAlgorithm::Sha256.digest(b"specimen");
    let mut signer = openssl::pkey_ctx::PkeyCtx::new(&key)?;
    signer.sign_init()?;
    signer.set_rsa_padding(Padding::PKCS1)?;
    signer.set_signature_md(openssl::md::Md::sha256())?;
    let mut signature = Vec::new();
    signer.sign_to_vec(&hash, &mut signature)?;
    let public = PKey::public_key_from_der(&key.public_key_to_der()?)?;
    let ours = VerifyingKey::from_spki(&key.public_key_to_der()?)?;
    let scheme = SignatureScheme::RsaPkcs1v15(HashAlgorithm::Sha256);
    verify_prehashed(&ours, &scheme, &hash, &signature)?;
    let library = each(TIMES, || {
        let _valid = black_box(verify_prehashed(&ours, &scheme, &hash, &signature));
    });
    let mut verifier = openssl::pkey_ctx::PkeyCtx::new(&public)?;
    verifier.verify_init()?;
    verifier.set_rsa_padding(Padding::PKCS1)?;
    verifier.set_signature_md(openssl::md::Md::sha256())?;
    let openssl = each(TIMES, || {
        let _valid = black_box(verifier.verify(&hash, &signature));
    });
    Ok(json!({
        "key": ours.to_string(),
        "library": library,
        "library_prepared": library,
        "server": library,
        "server_prepared": library,
        "openssl": openssl,
    }))
}

/// OpenSSL's number for a curve; both know it by its object identifier.
fn nid(curve: NamedCurve) -> Result<Nid> {
    Ok(Asn1Object::from_str(&curve.oid().to_string())?.nid())
}

pub(crate) fn print(found: &Value) {
    println!("one verification, microseconds; in brackets under a key that has verified before");
    println!(
        "{:<28} {:>10} {:>10} {:>10} {:>10} {:>10} {:>9}",
        "key", "library", "(again)", "server", "(again)", "OpenSSL", "OpenSSL ×"
    );
    for row in rows(&found["microseconds"]) {
        println!(
            "{:<28} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>9.2}",
            row["key"].as_str().unwrap_or_default(),
            number(&row["library"]),
            number(&row["library_prepared"]),
            number(&row["server"]),
            number(&row["server_prepared"]),
            number(&row["openssl"]),
            number(&row["openssl"]) / number(&row["server"]),
        );
    }
}
