//! Certificates of document signers beside their bare primitives. Real ones where `RDA_CORPUS` has them, else those of
//! simulated issuers. The primitives are one hash and one signature under a key that is set up already.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::signature::{SignatureScheme, VerifyingKey, verify};
use icao::passive_authentication::verify_signer;
use icao::pki::encoding::objects;
use icao::pki::signature::Readings;
use icao::pki::{Anchors, Certificate, CscaStore, DocumentKind, IssuingState, Policy};
use icao::simulator::{Csca, CurveForm, IssuerKey, Subject};
use serde_json::{Value, json};

use crate::{best, number, per_second, rows};

const KIND: DocumentKind = DocumentKind::TravelDocument;

struct Signer {
    der: Vec<u8>,
    state: String,
    key: VerifyingKey,
    scheme: SignatureScheme,
    certificate: Certificate,
}

pub(crate) fn measure() -> Result<Value> {
    let (source, csca, signers) = certificates()?;
    let begin = Instant::now();
    let store = store(&csca)?;
    let import = begin.elapsed();
    let signers = prepare(&store, &signers)?;

    // Once over all, so that keys and curves are set up.
    for signer in &signers {
        judge(&store, signer);
        primitives(signer)?;
    }
    let mut by_key: BTreeMap<String, Vec<&Signer>> = BTreeMap::new();
    for signer in &signers {
        by_key
            .entry(signer.key.to_string())
            .or_default()
            .push(signer);
    }
    let row = |key: &str, signers: &[&Signer]| {
        let judged = best(|| signers.iter().for_each(|signer| judge(&store, signer)));
        let bare = best(|| {
            for signer in signers {
                // All of them verified a moment ago.
                let _verified = black_box(primitives(signer));
            }
        });
        json!({
            "issuer_key": key,
            "certificates": signers.len(),
            "judged_per_second": per_second(signers.len(), judged),
            "primitives_per_second": per_second(signers.len(), bare),
            "ratio": bare.as_secs_f64() / judged.as_secs_f64(),
        })
    };
    let mut rows: Vec<_> = by_key
        .iter()
        .map(|(key, signers)| row(key, signers))
        .collect();
    rows.push(row("all", &signers.iter().collect::<Vec<_>>()));
    Ok(json!({
        "source": source,
        "anchors": store.iter().count(),
        "import_seconds": import.as_secs_f64(),
        "rows": rows,
    }))
}

pub(crate) fn print(found: &Value) {
    println!(
        "certificates of {}; {} anchors parsed and stored in {:.3} s",
        found["source"].as_str().unwrap_or_default(),
        found["anchors"],
        number(&found["import_seconds"])
    );
    println!(
        "{:<28} {:>6} {:>12} {:>12} {:>6}",
        "key of the issuer", "n", "judged/s", "bare/s", "ratio"
    );
    for row in rows(&found["rows"]) {
        println!(
            "{:<28} {:>6} {:>12.0} {:>12.0} {:>6.2}",
            row["issuer_key"].as_str().unwrap_or_default(),
            row["certificates"].to_string(),
            number(&row["judged_per_second"]),
            number(&row["primitives_per_second"]),
            number(&row["ratio"])
        );
    }
}

/// Certificates, DER.
type Certificates = Vec<Vec<u8>>;

/// From where, the CSCA certificates, and the signers' certificates.
fn certificates() -> Result<(String, Certificates, Certificates)> {
    let corpus = std::env::var_os("RDA_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        PathBuf::from,
    );
    if corpus.is_dir() {
        let read = |name: &str| -> Result<Vec<Vec<u8>>> {
            let path = corpus.join(name);
            let file = std::fs::read(&path).with_context(|| path.display().to_string())?;
            Ok(objects(&file).filter_map(std::result::Result::ok).collect())
        };
        let csca = read("csca/csca_ml_915.pem")?;
        return Ok(("states".to_owned(), csca, read("dsc/dsc_sample.pem")?));
    }
    let mut anchors = Vec::new();
    let mut signers = Vec::new();
    for curve in NamedCurve::ALL {
        let key = |label: &str| {
            IssuerKey::elliptic(label, curve, CurveForm::Explicit, HashAlgorithm::Sha256)
        };
        let csca = Csca::new(&Subject::new(1, &format!("CSCA {curve}")), key("CSCA")?)?;
        anchors.push(csca.to_der()?);
        for serial in 2..30 {
            let signer =
                csca.document_signer(&Subject::new(serial, "Signer"), &["P"], key("DS")?)?;
            signers.push(signer.to_der()?);
        }
    }
    Ok(("simulated issuers".to_owned(), anchors, signers))
}

fn store(certificates: &[Vec<u8>]) -> Result<CscaStore> {
    let mut anchors = Anchors::new(&[KIND]);
    for der in certificates {
        anchors.add(der)?;
    }
    Ok(anchors.into_store().0)
}

fn prepare(store: &CscaStore, certificates: &[Vec<u8>]) -> Result<Vec<Signer>> {
    let mut signers = Vec::new();
    for der in certificates {
        let certificate = Certificate::parse(der)?;
        let state = certificate.issuer().country();
        let state = state.unwrap_or(IssuingState::UNSTATED);
        let time = certificate.not_before();
        let issued = store.issuer_of(KIND, state, &certificate, time, Readings::Stated)?;
        let key = issued.anchor.key().context("an issuer without key")?;
        signers.push(Signer {
            der: der.clone(),
            state: state.to_string(),
            key: key.clone(),
            scheme: issued.scheme,
            certificate,
        });
    }
    if signers.is_empty() {
        bail!("no certificate to measure with");
    }
    Ok(signers)
}

/// From bytes to verdict.
fn judge(store: &CscaStore, signer: &Signer) {
    if let Ok(certificate) = Certificate::parse(&signer.der) {
        let time = certificate.not_before();
        let policy = Policy::field();
        black_box(verify_signer(
            &certificate,
            None,
            store,
            KIND,
            &signer.state,
            time,
            &policy,
        ));
    }
}

/// The hash and the signature.
fn primitives(signer: &Signer) -> Result<()> {
    let certificate = &signer.certificate;
    verify(
        &signer.key,
        &signer.scheme,
        certificate.to_be_signed(),
        certificate.signature(),
    )?;
    Ok(())
}
