//! Verdicts over whole documents, beside the sum of their signatures, scalar multiplications and hashes; and with a growing
//! store of trust anchors.

use anyhow::{Context as _, Result, bail};
use hardware_tests::fault::Plan;
use hardware_tests::fault::in_process::Desk;
use hardware_tests::office::Office;
use hardware_tests::page::Verdict;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::{Group, SecretKey};
use icao::crypto::signature::VerifyingKey;
use icao::pki::{DocumentKind, IssuingState};
use icao::simulator::{Chip, Csca, CurveForm, IssuerKey, Profile, SigningAlgorithm, Subject};
use p256::elliptic_curve::Generate as _;
use rand_core::UnwrapErr;
use rda::login_session::LoginWorker;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::{number, rows};

/// Logins whose verdicts are measured; the fastest is told, as everywhere here.
const LOGINS: usize = 20;

/// How often verdict and parts are measured in turn: a machine that is shared has fast and slow minutes, and the ratio of the two is to
/// be that of one and the same.
const TURNS: usize = 10;

const CSCA_4096: &str = include_str!("../../../../icao/src/simulator/keys/rsa-4096-csca.pem");
const SIGNER_3072: &str = include_str!("../../../../icao/src/simulator/keys/rsa-3072-signer.pem");

/// Anchors in the store when its growth is measured.
const SIZES: [usize; 3] = [100, 1_000, 10_000];

pub(crate) fn measure() -> Result<Value> {
    let mut office = Office::open()?;
    let reference = Reference::new()?;
    office.trust(
        DocumentKind::TravelDocument,
        IssuingState::parse("NLD")?,
        &reference.csca.to_der()?,
    )?;
    let mut documents = Vec::new();
    for profile in [
        Profile::NlPassport2011,
        Profile::NlId2014,
        Profile::NlPassport2024,
        Profile::PaceP256,
        Profile::NlLicence2014,
        Profile::NlLicence2020,
    ] {
        let time = fastest(&office, profile, || Ok(profile.chip(b"chip")?))?;
        documents.push(row(profile.name(), time));
    }
    let (mut time, mut parts) = (Duration::MAX, BTreeMap::new());
    for _ in 0..TURNS {
        time = time.min(fastest(&office, Profile::NlPassport2024, || {
            reference.chip()
        })?);
        for (part, took) in reference.parts()? {
            let best = parts.entry(part).or_insert(took);
            *best = took.min(*best);
        }
    }
    let mut row = row("reference", time);
    row["parts_microseconds"] = json!(parts);
    let sum: f64 = parts.values().sum();
    row["ratio"] = json!(sum / 1e6 / time.as_secs_f64());
    documents.push(row);

    let mut growth = Vec::new();
    let mut anchors = 0;
    for size in SIZES {
        while anchors < size {
            anchors += 1;
            let (state, der) = anchor(anchors)?;
            office.trust(DocumentKind::TravelDocument, state, &der)?;
        }
        let time = fastest(&office, Profile::NlPassport2024, || reference.chip())?;
        growth.push(json!({ "anchors": size, "microseconds": time.as_secs_f64() * 1e6 }));
    }
    Ok(json!({ "documents": documents, "growth": growth }))
}

fn row(name: &str, time: Duration) -> Value {
    json!({
        "document": name,
        "microseconds": time.as_secs_f64() * 1e6,
        "per_second_and_core": 1.0 / time.as_secs_f64(),
    })
}

/// What the verification of one login takes, from sealed evidence to verdict.
fn fastest(office: &Office, profile: Profile, chip: impl Fn() -> Result<Chip>) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..LOGINS {
        let desk = Desk::of(chip()?, Plan::NONE);
        let ending = office.log_in(profile, &LoginWorker::new(desk.source()))?;
        match ending.verdict {
            Verdict::Raised(_) => times.push(ending.judged),
            other => bail!("{}: {other:?}", profile.name()),
        }
    }
    times.into_iter().min().context("no login")
}

/// A passport as the goal wants it: CSCA RSA-4096, signer RSA-3072 with PSS, Active and Chip Authentication brainpoolP320r1.
struct Reference {
    csca: Csca,
}

impl Reference {
    fn new() -> Result<Self> {
        let key = IssuerKey::rsa(CSCA_4096, SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256))?;
        let csca = Csca::new(&Subject::new(77, "Simulated CSCA of the measurement"), key)?;
        Ok(Self { csca })
    }

    fn chip(&self) -> Result<Chip> {
        let key = IssuerKey::rsa(SIGNER_3072, SigningAlgorithm::RsaPss(HashAlgorithm::Sha256))?;
        let subject = Subject::new(78, "Simulated signer of the measurement");
        let signer = self.csca.document_signer(&subject, &["P"], key)?;
        let chip = Profile::NlPassport2024.builder()?.signer(signer);
        Ok(chip.build()?)
    }

    /// What a verdict cannot do without, each by the library itself: microseconds.
    fn parts(&self) -> Result<BTreeMap<&'static str, f64>> {
        const TIMES: usize = 20;
        let rng = &mut UnwrapErr(getrandom::SysRng);
        let hash = HashAlgorithm::Sha256;
        let rsa = |pem: &str, pss: bool| -> Result<f64> {
            let algorithm = if pss {
                SigningAlgorithm::RsaPss(hash)
            } else {
                SigningAlgorithm::RsaPkcs1(hash)
            };
            let issuer = IssuerKey::rsa(pem, algorithm)?;
            let csca = Csca::new(&Subject::new(1, "Simulated key"), issuer.clone())?;
            let der = csca.to_der()?;
            let key = icao::pki::Certificate::parse(&der)?;
            let key = VerifyingKey::from_spki(key.public_key_info())?;
            let signature = issuer.signature(b"specimen")?;
            let scheme = if pss {
                icao::crypto::signature::SignatureScheme::RsaPss {
                    hash,
                    mgf_hash: hash,
                    salt_len: hash.output_len(),
                }
            } else {
                icao::crypto::signature::SignatureScheme::RsaPkcs1v15(hash)
            };
            let verify = || icao::crypto::signature::verify(&key, &scheme, b"specimen", &signature);
            verify()?;
            Ok(least(TIMES, || {
                let _valid = black_box(verify());
            }))
        };
        let curve = NamedCurve::BrainpoolP320r1;
        let issuer = IssuerKey::elliptic("part", curve, CurveForm::Named, hash)?;
        let csca = Csca::new(&Subject::new(1, "Simulated key"), issuer.clone())?;
        let der = csca.to_der()?;
        let certificate = icao::pki::Certificate::parse(&der)?;
        let scheme = icao::crypto::signature::SignatureScheme::Ecdsa(hash);
        let signature = issuer.signature(b"specimen")?;
        // A chip's key verifies one signature in its life here: nothing is prepared for it.
        let active = least(TIMES, || {
            let key = VerifyingKey::from_spki(certificate.public_key_info());
            let _valid = black_box(key.map(|key| {
                icao::crypto::signature::verify(&key, &scheme, b"specimen", &signature)
            }));
        });
        let group = Group::Curve(curve);
        let chip = SecretKey::generate(&group, rng).public_key()?;
        let server = SecretKey::generate(&group, rng);
        let generate = least(TIMES, || {
            let _public = black_box(
                SecretKey::generate(&group, &mut UnwrapErr(getrandom::SysRng)).public_key(),
            );
        });
        let agree = least(TIMES, || {
            let _secret = black_box(server.agree(&chip));
        });
        let page = p256::SecretKey::generate_from_rng(rng);
        let other = p256::SecretKey::generate_from_rng(rng).public_key();
        let unseal = least(TIMES, || {
            black_box(p256::ecdh::diffie_hellman(
                page.to_nonzero_scalar(),
                other.as_affine(),
            ));
        });
        // EF.SOD, DG14, DG15 and DG1, once each.
        let files = vec![0x5A; 4_096];
        let digest = least(TIMES, || {
            black_box(hash.digest(&files));
        });
        Ok(BTreeMap::from([
            ("certificate, RSA-4096", rsa(CSCA_4096, false)?),
            ("EF.SOD, RSA-3072 PSS", rsa(SIGNER_3072, true)?),
            ("Active Authentication, brainpoolP320r1", active),
            ("Chip Authentication, key", generate),
            ("Chip Authentication, agreement", agree),
            ("two messages, P-256", 2.0 * unseal),
            ("SHA-256 of 4 kB", digest),
        ]))
    }
}

/// What one run of it takes at best, in microseconds: a verdict's time is that of its best run too.
fn least(count: usize, mut work: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..count {
        let begun = Instant::now();
        work();
        best = best.min(begun.elapsed());
    }
    best.as_secs_f64() * 1e6
}

/// The certificate of one more state's CSCA: five to each of 200 states at first, as in the lists that states publish.
fn anchor(number: usize) -> Result<(IssuingState, Vec<u8>)> {
    let letter = |place: usize| char::from(b'A' + u8::try_from(place % 26).unwrap_or_default());
    let place = number % 200;
    let state: String = ['Q', letter(place / 26), letter(place)].iter().collect();
    let key = IssuerKey::elliptic(
        &format!("anchor {number}"),
        NamedCurve::P256,
        CurveForm::Named,
        HashAlgorithm::Sha256,
    )?;
    let serial = u32::try_from(number)? + 1_000;
    let csca = Csca::new(
        &Subject::new(serial, &format!("Simulated CSCA {number}")),
        key,
    )?;
    Ok((IssuingState::parse(&state)?, csca.to_der()?))
}

pub(crate) fn print(found: &Value) {
    println!("verdicts, one core, without the password");
    for row in rows(&found["documents"]) {
        print!(
            "{:<28} {:>8.0} µs {:>8.0} /s",
            row["document"].as_str().unwrap_or_default(),
            number(&row["microseconds"]),
            number(&row["per_second_and_core"]),
        );
        match row["ratio"].as_f64() {
            Some(ratio) => println!("   {ratio:.2} of the sum of its parts:"),
            None => println!(),
        }
        for (part, time) in row["parts_microseconds"].as_object().into_iter().flatten() {
            println!("    {part:<42} {:>8.0} µs", number(time));
        }
    }
    for row in rows(&found["growth"]) {
        println!(
            "reference, {:>6} anchors       {:>8.0} µs",
            row["anchors"].to_string(),
            number(&row["microseconds"])
        );
    }
}
