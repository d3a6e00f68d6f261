//! The issuing state of the test chips: one CSCA and one document signer for each way of signing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::simulator::{Csca, CurveForm, DocumentSigner, IssuerKey, SigningAlgorithm, Subject};
use icao::tlv;

const RSA_CSCA: &str = include_str!("../../../icao/src/simulator/keys/rsa-3072-csca.pem");
const RSA_SIGNER: &str = include_str!("../../../icao/src/simulator/keys/rsa-2048-signer.pem");
const DSA_CSCA: &str = include_str!("../../../icao/src/simulator/keys/dsa-2048-csca.pem");
const DSA_SIGNER: &str = include_str!("../../../icao/src/simulator/keys/dsa-2048-signer.pem");

/// The default of the guideline.
pub const DEFAULT: &str = "RSA-PSS/SHA256";

/// A CSCA and one of its document signers.
pub struct Issuers {
    /// The CSCA.
    pub csca: Csca,
    /// The document signer.
    pub signer: DocumentSigner,
}

/// The hash of this name.
///
/// # Errors
/// If there is none.
pub fn hash(name: &str) -> Result<HashAlgorithm> {
    Ok(match name {
        "SHA1" => HashAlgorithm::Sha1,
        "SHA224" => HashAlgorithm::Sha224,
        "SHA256" => HashAlgorithm::Sha256,
        "SHA384" => HashAlgorithm::Sha384,
        "SHA512" => HashAlgorithm::Sha512,
        other => bail!("no hash {other}"),
    })
}

/// The curve of this name.
///
/// # Errors
/// If there is none.
pub fn curve(name: &str) -> Result<NamedCurve> {
    NamedCurve::ALL
        .into_iter()
        .find(|curve| format!("{curve:?}") == name)
        .with_context(|| format!("no curve {name}"))
}

fn key(algorithm: &str, label: &str, rsa: &str, dsa: &str) -> Result<IssuerKey> {
    let parts: Vec<&str> = algorithm.split('/').collect();
    Ok(match parts[..] {
        ["RSA", hashed] => IssuerKey::rsa(rsa, SigningAlgorithm::RsaPkcs1(hash(hashed)?))?,
        ["RSA-PSS", hashed] => IssuerKey::rsa(rsa, SigningAlgorithm::RsaPss(hash(hashed)?))?,
        ["DSA", hashed] => IssuerKey::dsa(dsa, hash(hashed)?)?,
        ["ECDSA", hashed, on] => {
            IssuerKey::elliptic(label, curve(on)?, CurveForm::Explicit, hash(hashed)?)?
        }
        ["PLAIN", hashed, on] => {
            IssuerKey::elliptic(label, curve(on)?, CurveForm::Explicit, hash(hashed)?)?.plain()?
        }
        _ => bail!("no way of signing {algorithm}"),
    })
}

/// Issuers by how CSCA and signer sign.
type Made = HashMap<(String, String), Arc<Issuers>>;

/// The issuers that sign so; made once.
///
/// # Errors
/// If there is no such way of signing.
pub fn issuers(csca: &str, signer: &str) -> Result<Arc<Issuers>> {
    static MADE: Mutex<Option<Made>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default();
    let name = (csca.to_owned(), signer.to_owned());
    if let Some(issuers) = made.get(&name) {
        return Ok(Arc::clone(issuers));
    }
    let authority = Csca::new(
        &Subject::new(51, "Simulated CSCA of the test plan"),
        key(csca, "conformity CSCA", RSA_CSCA, DSA_CSCA)?,
    )?;
    let document_signer = authority.document_signer(
        &Subject::new(52, "Simulated signer of the test plan"),
        &["P"],
        key(signer, "conformity signer", RSA_SIGNER, DSA_SIGNER)?,
    )?;
    let issuers = Arc::new(Issuers {
        csca: authority,
        signer: document_signer,
    });
    made.insert(name, Arc::clone(&issuers));
    Ok(issuers)
}

impl Issuers {
    /// A revocation list (RFC 5280 5.1, Doc 9303-12 7.1.2) on which the document signer stands.
    ///
    /// # Errors
    /// If a certificate cannot be followed, which does not happen.
    pub fn revocation_list(&self) -> Result<Vec<u8>> {
        let csca = self.csca.to_der()?;
        let signer = self.signer.to_der()?;
        let field = |der: &[u8], path: &str| -> Result<Vec<u8>> {
            Ok(crate::edit::object(der, path)?.raw.to_vec())
        };
        let utc = |text: &str| tlv::encode(0x17, text.as_bytes());
        let algorithm = field(&csca, "0.1")?;
        let entry = [field(&signer, "0.0.1")?, utc("250101000000Z")].concat();
        let authority = field(&csca, "0.0.#A3.0.@2.5.29.35")?;
        let number = [
            &tlv::encode(0x06, &[0x55, 0x1D, 0x14])[..],
            &tlv::encode(0x04, &tlv::encode(0x02, &[1])),
        ]
        .concat();
        let extensions = [authority, tlv::encode(0x30, &number)].concat();
        let tbs = [
            tlv::encode(0x02, &[1]),
            algorithm.clone(),
            field(&csca, "0.0.5")?,
            utc("260101000000Z"),
            utc("270101000000Z"),
            tlv::encode(0x30, &tlv::encode(0x30, &entry)),
            tlv::encode(0xA0, &tlv::encode(0x30, &extensions)),
        ];
        let tbs = tlv::encode(0x30, &tbs.concat());
        let signature = [&[0][..], &self.csca.key().signature(&tbs)?].concat();
        let list = [tbs, algorithm, tlv::encode(0x03, &signature)];
        Ok(tlv::encode(0x30, &list.concat()))
    }
}
