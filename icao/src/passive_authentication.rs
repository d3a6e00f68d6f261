//! Passive Authentication (Doc 9303-11 5.1): the issuing state signed the hashes of the data groups.
//!
//! Each check has an outcome of its own, so that a verdict can say what failed and a record what was relied on. The hashes
//! of data groups are compared with [`LdsSecurityObject::verify`](crate::lds::sod::LdsSecurityObject::verify) once this has
//! passed.

use core::fmt;

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use crate::crypto::hash::HashAlgorithm;
use crate::crypto::signature::{SignatureScheme, VerifyingKey};
use crate::lds::Sod;
use crate::pki::csca_store::{CscaStore, NoIssuer};
use crate::pki::policy::{AlgorithmRule, Policy, Role};
use crate::pki::signature::{self, Readings, SignatureFailure};
use crate::pki::{
    Certificate, DocumentKind, Fingerprint, NameMatch, PkiError, SignedData, UnixTime,
};
use crate::tolerance::{Tolerance, Tolerances};

mod signer;

use signer::outcome_of;
pub use signer::{SignerVerdict, verify_signer};

/// The outcome of one check. `R` says why it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome<R> {
    /// The document does not offer what is checked.
    NotSupported,
    /// Not checked, because an earlier check failed or the policy does not ask for it.
    NotPerformed,
    /// The check failed.
    Failed(R),
    /// What was checked holds, but nothing vouches for the key behind it.
    PassedUntrusted,
    /// The check passed.
    Passed,
}

impl<R> CheckOutcome<R> {
    /// Whether the check passed, trust included.
    #[must_use]
    pub const fn passed(&self) -> bool {
        matches!(self, Self::Passed)
    }

    /// Whether the check was made and failed.
    #[must_use]
    pub const fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// A stable name in lower case with underscores, for records and programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotSupported => "not_supported",
            Self::NotPerformed => "not_performed",
            Self::Failed(_) => "failed",
            Self::PassedUntrusted => "passed_untrusted",
            Self::Passed => "passed",
        }
    }
}

impl<R> From<Result<(), R>> for CheckOutcome<R> {
    fn from(result: Result<(), R>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

impl<R: fmt::Display> fmt::Display for CheckOutcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSupported => f.write_str("not supported"),
            Self::NotPerformed => f.write_str("not performed"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::PassedUntrusted => f.write_str("passed, but untrusted"),
            Self::Passed => f.write_str("passed"),
        }
    }
}

/// Why a check of Passive Authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// No certificate came along that the signer could have signed with.
    #[error("the signer's certificate is missing")]
    SignerMissing,
    /// The signer's certificate is malformed.
    #[error("the signer's certificate is malformed: {0}")]
    SignerMalformed(PkiError),
    /// The signer's public key is malformed or of an unsupported kind.
    #[error("the signer's public key is malformed or of an unsupported kind")]
    PublicKey,
    /// The digest algorithm is unknown.
    #[error("unknown digest algorithm")]
    DigestAlgorithm,
    /// The content was changed: its digest is not the signed one.
    #[error("the digest of the content is not the signed one")]
    MessageDigest,
    /// The signed attributes speak of another content type.
    #[error("the signed attributes speak of another content type")]
    ContentType,
    /// The signature did not verify.
    #[error("{0}")]
    Signature(SignatureFailure),
    /// The issuing state asked for is no code of a state.
    #[error("the issuing state is no code of a state")]
    IssuingState,
    /// No anchor vouches for the signer.
    #[error("{0}")]
    NoIssuer(NoIssuer),
    /// The signer's certificate is not valid yet.
    #[error("the signer's certificate is not valid yet")]
    SignerNotYetValid,
    /// The signer's certificate has expired.
    #[error("the signer's certificate has expired")]
    SignerExpired,
    /// The issuer's certificate is not valid yet.
    #[error("the issuer's certificate is not valid yet")]
    IssuerNotYetValid,
    /// The issuer's certificate has expired.
    #[error("the issuer's certificate has expired")]
    IssuerExpired,
    /// The signer's certificate is for another purpose than signing documents, such as master lists.
    #[error("the signer's certificate is for another purpose")]
    SignerPurpose,
    /// A critical extension that is not understood.
    #[error("critical extension {0} is not understood")]
    UnknownCritical(ObjectIdentifier),
    /// The signer was revoked, for the reason of RFC 5280 5.3.1 if one is given.
    #[error("the signer was revoked{}", reason(*.0))]
    Revoked(Option<u8>),
    /// The certificate of the signer's issuer was revoked.
    #[error("the issuer was revoked{}", reason(*.0))]
    IssuerRevoked(Option<u8>),
    /// The policy asks for a revocation list, and there is none by this issuer.
    #[error("no revocation list of the issuer")]
    NoRevocationList,
    /// The policy asks for a current revocation list, and the newest one is past its next update, or of a later time.
    #[error("the revocation list is not current")]
    StaleRevocationList,
    /// A deviation the policy does not tolerate.
    #[error("deviation not tolerated: {0}")]
    Deviation(Tolerance),
    /// An algorithm the policy refuses.
    #[error("algorithm refused by policy: {0}")]
    Algorithm(AlgorithmRule),
}

impl Failure {
    /// A stable name in lower case with hyphens, for records and programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SignerMissing => "signer-missing",
            Self::SignerMalformed(_) => "signer-malformed",
            Self::PublicKey => "public-key",
            Self::DigestAlgorithm => "digest-algorithm",
            Self::MessageDigest => "message-digest",
            Self::ContentType => "content-type",
            Self::Signature(SignatureFailure::Algorithm) => "signature-algorithm",
            Self::Signature(SignatureFailure::KeyMismatch) => "signature-key-mismatch",
            Self::Signature(SignatureFailure::Invalid) => "signature-invalid",
            Self::IssuingState => "issuing-state",
            Self::NoIssuer(NoIssuer::NoAnchor) => "no-anchor",
            Self::NoIssuer(NoIssuer::NotIssued) => "not-issued",
            Self::NoIssuer(NoIssuer::Signature) => "issuer-signature",
            Self::NoIssuer(NoIssuer::OtherKind) => "other-kind",
            Self::NoIssuer(NoIssuer::OtherState) => "other-state",
            Self::SignerNotYetValid => "signer-not-yet-valid",
            Self::SignerExpired => "signer-expired",
            Self::IssuerNotYetValid => "issuer-not-yet-valid",
            Self::IssuerExpired => "issuer-expired",
            Self::SignerPurpose => "signer-purpose",
            Self::UnknownCritical(_) => "unknown-critical-extension",
            Self::Revoked(_) => "signer-revoked",
            Self::IssuerRevoked(_) => "issuer-revoked",
            Self::NoRevocationList => "no-revocation-list",
            Self::StaleRevocationList => "stale-revocation-list",
            Self::Deviation(_) => "deviation",
            Self::Algorithm(_) => "algorithm",
        }
    }
}

/// CRLReason in the words of RFC 5280 5.3.1.
fn reason(code: Option<u8>) -> String {
    let name = match code {
        None => return String::new(),
        Some(0) => "unspecified",
        Some(1) => "key compromise",
        Some(2) => "compromise of the certification authority",
        Some(3) => "affiliation changed",
        Some(4) => "superseded",
        Some(5) => "cessation of operation",
        Some(6) => "on hold",
        Some(9) => "privilege withdrawn",
        Some(10) => "compromise of the attribute authority",
        Some(other) => return format!(" (reason {other})"),
    };
    format!(" ({name})")
}

/// The verdict on one signed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassiveAuthentication {
    /// The signer signed this content.
    pub signature: CheckOutcome<Failure>,
    /// A trust anchor of the kind of document and issuing state signed the signer's certificate.
    pub chain: CheckOutcome<Failure>,
    /// Signer and issuer are valid at the time asked for.
    pub validity: CheckOutcome<Failure>,
    /// The signer's certificate is for signing documents.
    pub usage: CheckOutcome<Failure>,
    /// The signer is not revoked. Not performed where there is no list and the policy does not ask for one.
    pub revocation: CheckOutcome<Failure>,
    /// The signer's certificate.
    pub signer: Option<Fingerprint>,
    /// The certificate of the issuer.
    pub csca: Option<Fingerprint>,
    /// When the signer says it signed. Nothing vouches for it.
    pub signing_time: Option<UnixTime>,
    /// Document types the signer may sign, as in the document code of the machine readable zone; empty if it does not say.
    pub document_types: Vec<String>,
    /// Every deviation met, tolerated or not.
    pub tolerances: Tolerances,
}

impl PassiveAuthentication {
    /// The verdict as a whole: the first failure in the order of the checks; untrusted if all that fails is that no anchor
    /// vouches for the signer.
    #[must_use]
    pub fn outcome(&self) -> CheckOutcome<Failure> {
        outcome_of(
            [self.signature, self.usage, self.validity, self.revocation],
            self.chain,
        )
    }
}

/// Verifies EF.SOD for a document of this kind and issuing state (as the register or the machine readable zone writes it)
/// at a time.
#[must_use]
pub fn verify(
    sod: &Sod,
    store: &CscaStore,
    kind: DocumentKind,
    issuing_state: &str,
    time: UnixTime,
    policy: &Policy,
) -> PassiveAuthentication {
    let object = sod.security_object();
    let mut verdict = verify_signed_data(
        sod.signed_data(),
        sod.tolerances(),
        store,
        kind,
        issuing_state,
        time,
        policy,
    );
    let refused = policy.refuses_hash(object.hash_algorithm, Role::DataGroupHash, time);
    if let (true, Some(rule)) = (verdict.signature.passed(), refused) {
        verdict.signature = CheckOutcome::Failed(Failure::Algorithm(rule));
    }
    verdict
}

/// Verifies any signed object of a document signer, such as EF.CardSecurity; `met` are the deviations of its parsing.
#[must_use]
pub fn verify_signed_data(
    signed_data: &SignedData,
    met: &Tolerances,
    store: &CscaStore,
    kind: DocumentKind,
    issuing_state: &str,
    time: UnixTime,
    policy: &Policy,
) -> PassiveAuthentication {
    let mut verdict = PassiveAuthentication {
        signature: CheckOutcome::NotPerformed,
        chain: CheckOutcome::NotPerformed,
        validity: CheckOutcome::NotPerformed,
        usage: CheckOutcome::NotPerformed,
        revocation: CheckOutcome::NotPerformed,
        signer: None,
        csca: None,
        signing_time: signed_data
            .signer()
            .signed_attributes
            .as_ref()
            .and_then(|attributes| attributes.signing_time()),
        document_types: Vec::new(),
        tolerances: met.clone(),
    };
    let mut met = met.clone();
    let signed = verify_signature(signed_data, time, policy, &mut met);
    let failed = policy.first_not_tolerated(&met).map(Failure::Deviation);
    verdict.tolerances.extend(&met);
    let signer = match signed {
        Ok(signer) => signer,
        Err(failure) => {
            verdict.signature = CheckOutcome::Failed(failure);
            return verdict;
        }
    };
    verdict.signature = failed.map_or(Ok(()), Err).into();
    verdict.signer = Some(signer.fingerprint());
    verdict
        .document_types
        .clone_from(&signer.extensions().document_types);

    let standing = verify_signer(
        &signer,
        verdict.signing_time,
        store,
        kind,
        issuing_state,
        time,
        policy,
    );
    verdict.chain = standing.chain;
    verdict.validity = standing.validity;
    verdict.usage = standing.usage;
    verdict.revocation = standing.revocation;
    verdict.csca = standing.csca;
    verdict.tolerances.extend(&standing.tolerances);
    verdict
}

/// Checks content type, message digest and signature (RFC 5652 5.4, 5.6) and returns the signer's certificate.
///
/// # Errors
/// [`Failure`].
pub fn verify_signature(
    signed_data: &SignedData,
    time: UnixTime,
    policy: &Policy,
    met: &mut Tolerances,
) -> Result<Certificate, Failure> {
    let signer = signed_data.signer();
    let digest =
        HashAlgorithm::from_oid(&signer.digest_algorithm.oid).ok_or(Failure::DigestAlgorithm)?;
    let mut messages = Vec::new();
    match &signer.signed_attributes {
        Some(attributes) => {
            if attributes.content_type() != signed_data.content_type() {
                return Err(Failure::ContentType);
            }
            if attributes.message_digest() != digest.digest(signed_data.content()) {
                return Err(Failure::MessageDigest);
            }
            messages.push(attributes.to_be_signed().to_vec());
            messages.extend(attributes.to_be_signed_sorted());
        }
        None => messages.push(signed_data.content().to_vec()),
    }
    let certificate = signer_certificate(signed_data, met)?;
    let key =
        VerifyingKey::from_spki(certificate.public_key_info()).map_err(|_| Failure::PublicKey)?;

    let verify = |message: &Vec<u8>, readings, met: &mut Tolerances| {
        signature::verify(
            &key,
            &signer.signature_algorithm,
            Some(digest),
            message,
            &signer.signature,
            readings,
            met,
        )
    };
    let mut result = Err(SignatureFailure::Invalid);
    for readings in [Readings::Stated, Readings::Lenient] {
        for message in &messages {
            if result.is_err() {
                result = verify(message, readings, met);
            }
        }
    }
    let scheme: SignatureScheme = result.map_err(Failure::Signature)?;
    match policy
        .refuses_signature(&key, scheme, Role::DocumentSignature, time)
        .or_else(|| policy.refuses_hash(digest, Role::DocumentSignature, time))
    {
        Some(rule) => Err(Failure::Algorithm(rule)),
        None => Ok(certificate),
    }
}

/// The certificate that the SignerInfo names; if it names none that came along, the only one that did.
fn signer_certificate(
    signed_data: &SignedData,
    met: &mut Tolerances,
) -> Result<Certificate, Failure> {
    let mut malformed = None;
    let mut certificates = Vec::new();
    for der in signed_data.certificates() {
        match Certificate::parse(der) {
            Ok(certificate) => certificates.push(certificate),
            Err(error) => malformed = Some(Failure::SignerMalformed(error)),
        }
    }
    let best = certificates
        .iter()
        .enumerate()
        .filter_map(|(at, certificate)| {
            Some((signed_data.signer().identifier.compare(certificate)?, at))
        })
        .max();
    match (best, certificates.len()) {
        (Some((quality, at)), _) => {
            if quality != NameMatch::Exact {
                met.record(Tolerance::SignerNameForm);
            }
            Ok(certificates.swap_remove(at))
        }
        (None, 1) => {
            met.record(Tolerance::SignerIdentifier);
            certificates.pop().ok_or(Failure::SignerMissing)
        }
        (None, _) => Err(malformed.unwrap_or(Failure::SignerMissing)),
    }
}

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tolerance_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod world;
