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
use crate::pki::csca_store::{Anchor, CscaStore, Issued, NoIssuer};
use crate::pki::policy::{AlgorithmRule, Policy, Revocation, Role};
use crate::pki::signature::{self, Readings, SignatureFailure};
use crate::pki::{
    Certificate, DocumentKind, Fingerprint, IssuingState, NameMatch, PkiError, SignedData, UnixTime,
};
use crate::tolerance::{Tolerance, Tolerances};

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
    #[error("the signer was revoked (reason {0:?})")]
    Revoked(Option<u8>),
    /// The policy asks for a revocation list, and there is none by this issuer.
    #[error("no revocation list of the issuer")]
    NoRevocationList,
    /// The policy asks for a fresh revocation list, and the newest one is past its next update.
    #[error("the revocation list is past its next update")]
    StaleRevocationList,
    /// A deviation the policy does not tolerate.
    #[error("deviation not tolerated: {0}")]
    Deviation(Tolerance),
    /// An algorithm the policy refuses.
    #[error("algorithm refused by policy: {0:?}")]
    Algorithm(AlgorithmRule),
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
        let checks = [self.signature, self.usage, self.validity, self.revocation];
        if let Some(failed) = checks.into_iter().find(CheckOutcome::failed) {
            return failed;
        }
        match self.chain {
            CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::NoAnchor | NoIssuer::NotIssued)) => {
                CheckOutcome::PassedUntrusted
            }
            chain => chain,
        }
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

    let mut met = signer.tolerances().clone();
    let mut usage_met = Tolerances::new();
    verdict.usage = usage(&signer, &mut usage_met)
        .and_then(|()| {
            policy
                .first_not_tolerated(&usage_met)
                .map_or(Ok(()), |met| Err(Failure::Deviation(met)))
        })
        .into();
    verdict.tolerances.extend(&usage_met);
    let period = signer.extensions().private_key_usage.unwrap_or_default();
    let outside = |signed| {
        period.not_before.is_some_and(|start| signed < start)
            || period.not_after.is_some_and(|end| end < signed)
    };
    if verdict.signing_time.is_some_and(outside) {
        met.record(Tolerance::SignedOutsidePeriod);
    }
    verdict.validity = valid(
        &signer,
        time,
        Failure::SignerNotYetValid,
        Failure::SignerExpired,
    )
    .into();

    let issued = IssuingState::parse(issuing_state)
        .map_err(|_| Failure::IssuingState)
        .and_then(|state| {
            let issued = store
                .issuer_of(kind, state, &signer, time, Readings::Lenient)
                .map_err(Failure::NoIssuer)?;
            Ok((state, issued))
        });
    match issued {
        Err(failure) => verdict.chain = CheckOutcome::Failed(failure),
        Ok((state, issued)) => {
            met.extend(&issued.tolerances);
            chain_deviations(&signer, &issued.anchor, state, &mut met);
            let issuer = issued.anchor.certificate();
            verdict.csca = Some(issuer.fingerprint());
            verdict.chain = chain(&issued, &met, time, policy).into();
            if verdict.validity.passed() {
                verdict.validity = valid(
                    issuer,
                    time,
                    Failure::IssuerNotYetValid,
                    Failure::IssuerExpired,
                )
                .into();
            }
            verdict.revocation = revocation(&signer, issuer, store, kind, state, time, policy);
        }
    }
    verdict.tolerances.extend(&met);
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

/// The purpose of a document signer's certificate (Doc 9303-12 7.1.1): signatures over data, and nothing else.
fn usage(signer: &Certificate, met: &mut Tolerances) -> Result<(), Failure> {
    let extensions = signer.extensions();
    if let Some(critical) = extensions.unknown_critical.first() {
        return Err(Failure::UnknownCritical(*critical));
    }
    // Signers of master lists, deviation lists and visible seals have an extended key usage; document signers have none.
    if !extensions.extended_key_usage.is_empty() {
        return Err(Failure::SignerPurpose);
    }
    match extensions.key_usage {
        None => met.record(Tolerance::SignerKeyUsageAbsent),
        Some(usage) if usage.digital_signature() => {}
        Some(_) => met.record(Tolerance::SignerKeyUsage),
    }
    if extensions.key_usage.is_some() && !extensions.key_usage_critical {
        met.record(Tolerance::KeyUsageNotCritical);
    }
    Ok(())
}

fn valid(
    certificate: &Certificate,
    time: UnixTime,
    early: Failure,
    late: Failure,
) -> Result<(), Failure> {
    if time < certificate.not_before() {
        Err(early)
    } else if certificate.not_after() < time {
        Err(late)
    } else {
        Ok(())
    }
}

/// What deviates between signer and issuer without making the signature any less the issuer's.
fn chain_deviations(
    signer: &Certificate,
    anchor: &Anchor,
    state: IssuingState,
    met: &mut Tolerances,
) {
    let issuer = anchor.certificate();
    met.extend(issuer.tolerances());
    let extensions = issuer.extensions();
    if !extensions
        .basic_constraints
        .is_some_and(|constraints| constraints.ca)
    {
        met.record(Tolerance::IssuerNotMarkedCa);
    }
    if extensions
        .key_usage
        .is_some_and(|usage| !usage.key_cert_sign())
    {
        met.record(Tolerance::IssuerKeyUsage);
    }
    if signer.extensions().authority_key_id.key_id.is_none() {
        met.record(Tolerance::AuthorityKeyIdentifier);
    }
    if !signer.issuer().has_country_in_capitals() {
        met.record(Tolerance::IssuerCountryForm);
    }
    if signer.subject().country() != Some(state) {
        met.record(Tolerance::SignerCountry);
    }
    let issued = signer.not_before();
    let period = extensions.private_key_usage.unwrap_or_default();
    if issued < period.not_before.unwrap_or(issuer.not_before())
        || period.not_after.unwrap_or(issuer.not_after()) < issued
    {
        met.record(Tolerance::IssuedOutsidePeriod);
    }
    if issuer.not_after() < signer.not_after() {
        met.record(Tolerance::OutlivesIssuer);
    }
}

/// The chain holds; whether the policy accepts how.
fn chain(
    issued: &Issued,
    met: &Tolerances,
    time: UnixTime,
    policy: &Policy,
) -> Result<(), Failure> {
    if let Some(critical) = issued
        .anchor
        .certificate()
        .extensions()
        .unknown_critical
        .first()
    {
        return Err(Failure::UnknownCritical(*critical));
    }
    let key = issued.anchor.key().ok_or(Failure::PublicKey)?;
    if let Some(rule) =
        policy.refuses_signature(key, issued.scheme, Role::CertificateSignature, time)
    {
        return Err(Failure::Algorithm(rule));
    }
    policy
        .first_not_tolerated(met)
        .map_or(Ok(()), |tolerance| Err(Failure::Deviation(tolerance)))
}

fn revocation(
    signer: &Certificate,
    issuer: &Certificate,
    store: &CscaStore,
    kind: DocumentKind,
    state: IssuingState,
    time: UnixTime,
    policy: &Policy,
) -> CheckOutcome<Failure> {
    if policy.revocation == Revocation::Ignored {
        return CheckOutcome::NotPerformed;
    }
    let required = policy.revocation == Revocation::Required;
    let Some(list) = store.revocation_list(kind, state, issuer) else {
        return if required {
            CheckOutcome::Failed(Failure::NoRevocationList)
        } else {
            CheckOutcome::NotPerformed
        };
    };
    // Revoked is revoked, however old the list and whatever the time asked for: the reason to revoke may lie before it.
    if let Some(revocation) = list.revocation(signer.serial()) {
        return CheckOutcome::Failed(Failure::Revoked(revocation.reason));
    }
    if required && list.next_update().is_none_or(|next| next < time) {
        return CheckOutcome::Failed(Failure::StaleRevocationList);
    }
    CheckOutcome::Passed
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
