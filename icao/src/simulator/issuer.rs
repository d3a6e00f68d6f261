//! The simulated states that issue simulated documents: country signing certificate authorities (CSCA), document
//! signers, and the objects they sign (Doc 9303-10, 4.6.2; Doc 9303-12, 7.1).
//!
//! Their keys are in the source of this project. Whoever trusts their certificates trusts everybody; they belong in test
//! trust stores only, and their names say so.

mod certificate;
mod dsa;
mod key;
mod signed_data;

use std::sync::LazyLock;

pub use certificate::Subject;
pub use key::{IssuerKey, SigningAlgorithm};
pub(crate) use key::{curve_key, rsa_key};
pub use signed_data::SecurityObject;

use super::public_key_info::CurveForm;
use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;

/// Why an issuer could not make a key or a certificate. With the keys that come with the simulator this does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// A key is malformed or does not go with its algorithm.
    #[error("issuer key is unusable")]
    Key,
    /// A structure could not be encoded.
    #[error("issuer structure cannot be encoded")]
    Encoding,
}

impl From<der::Error> for IssuerError {
    fn from(_: der::Error) -> Self {
        Self::Encoding
    }
}

impl From<spki::Error> for IssuerError {
    fn from(_: spki::Error) -> Self {
        Self::Encoding
    }
}

impl From<x509_cert::builder::Error> for IssuerError {
    fn from(_: x509_cert::builder::Error) -> Self {
        Self::Encoding
    }
}

/// A country signing certificate authority.
#[derive(Clone)]
pub struct Csca {
    pub(super) key: IssuerKey,
    pub(super) certificate: x509_cert::Certificate,
}

/// A document signer with its certificate.
#[derive(Clone)]
pub struct DocumentSigner {
    pub(super) key: IssuerKey,
    pub(super) certificate: x509_cert::Certificate,
}

/// The issuers that the profiles use.
pub(super) struct Issuers {
    /// Travel documents of the older models: RSA-4096, PKCS#1 v1.5.
    pub(super) travel_rsa: Csca,
    /// Travel documents of the newest model: RSA-3072, PSS.
    pub(super) travel_pss: Csca,
    /// Travel documents for foreign readers: brainpoolP384r1.
    pub(super) travel_curve: Csca,
    /// Driving licences: P-384.
    pub(super) licence: Csca,
    pub(super) passport_2011: DocumentSigner,
    pub(super) id_2014: DocumentSigner,
    pub(super) passport_2024: DocumentSigner,
    pub(super) pace_p256: DocumentSigner,
    pub(super) licence_2014: DocumentSigner,
    pub(super) licence_2020: DocumentSigner,
}

const CSCA_4096: &str = include_str!("keys/rsa-4096-csca.pem");
const CSCA_3072: &str = include_str!("keys/rsa-3072-csca.pem");
const SIGNER_3072: &str = include_str!("keys/rsa-3072-signer.pem");
const SIGNER_2048: &str = include_str!("keys/rsa-2048-signer.pem");

impl Issuers {
    fn make() -> Result<Self, IssuerError> {
        use HashAlgorithm::{Sha256, Sha384};
        use NamedCurve::{BrainpoolP320r1, BrainpoolP384r1, P256, P384};
        use SigningAlgorithm::{RsaPkcs1, RsaPss};

        let csca = |number, name, key| Csca::new(&Subject::new(number, name), key);
        let travel_rsa = csca(
            1,
            "Simulated CSCA for travel documents 1",
            IssuerKey::rsa(CSCA_4096, RsaPkcs1(Sha256))?,
        )?;
        let travel_pss = csca(
            2,
            "Simulated CSCA for travel documents 2",
            IssuerKey::rsa(CSCA_3072, RsaPss(Sha256))?,
        )?;
        let elliptic =
            |label, curve, hash| IssuerKey::elliptic(label, curve, CurveForm::Explicit, hash);
        let travel_curve = csca(
            3,
            "Simulated CSCA for travel documents 3",
            elliptic("CSCA 3", BrainpoolP384r1, Sha384)?,
        )?;
        let licence = csca(
            4,
            "Simulated CSCA for driving licences",
            elliptic("CSCA 4", P384, Sha384)?,
        )?;
        Ok(Self {
            passport_2011: travel_rsa.document_signer(
                &Subject::new(11, "Simulated signer of passports 2011"),
                &["P"],
                IssuerKey::rsa(SIGNER_2048, RsaPkcs1(Sha256))?,
            )?,
            id_2014: travel_rsa.document_signer(
                &Subject::new(12, "Simulated signer of identity cards 2014"),
                &["I"],
                elliptic("signer 12", BrainpoolP320r1, Sha256)?,
            )?,
            passport_2024: travel_pss.document_signer(
                &Subject::new(13, "Simulated signer of passports 2024"),
                &["P"],
                IssuerKey::rsa(SIGNER_3072, RsaPss(Sha256))?,
            )?,
            pace_p256: travel_curve.document_signer(
                &Subject::new(14, "Simulated signer of passports for foreign readers"),
                &["P"],
                elliptic("signer 14", P256, Sha256)?,
            )?,
            licence_2014: licence.document_signer(
                &Subject::new(15, "Simulated signer of driving licences 2014"),
                &[],
                IssuerKey::rsa(SIGNER_2048, RsaPkcs1(Sha256))?,
            )?,
            licence_2020: licence.document_signer(
                &Subject::new(16, "Simulated signer of driving licences 2020"),
                &[],
                elliptic("signer 16", BrainpoolP384r1, Sha384)?,
            )?,
            travel_rsa,
            travel_pss,
            travel_curve,
            licence,
        })
    }

    /// The issuers, made at first use.
    pub(super) fn get() -> Result<&'static Self, IssuerError> {
        static ISSUERS: LazyLock<Result<Issuers, IssuerError>> = LazyLock::new(Issuers::make);
        ISSUERS.as_ref().map_err(|error| *error)
    }
}
