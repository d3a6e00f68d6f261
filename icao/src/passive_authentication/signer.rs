//! The certificate of a document signer by itself: who issued it, and whether it may sign documents at a time.

use super::{CheckOutcome, Failure};
use crate::pki::csca_store::{Anchor, CscaStore, Issued, NoIssuer};
use crate::pki::policy::{Policy, Revocation, Role};
use crate::pki::signature::Readings;
use crate::pki::{Certificate, DocumentKind, Fingerprint, IssuingState, UnixTime};
use crate::tolerance::{Tolerance, Tolerances};

/// The verdict on the certificate of a document signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerVerdict {
    /// A trust anchor of the kind of document and issuing state signed the certificate.
    pub chain: CheckOutcome<Failure>,
    /// Signer and issuer are valid at the time asked for.
    pub validity: CheckOutcome<Failure>,
    /// The certificate is for signing documents.
    pub usage: CheckOutcome<Failure>,
    /// Neither the signer nor its issuer is revoked. Not performed where there is no list and the policy does not ask for
    /// one.
    pub revocation: CheckOutcome<Failure>,
    /// The certificate of the issuer.
    pub csca: Option<Fingerprint>,
    /// Every deviation met, tolerated or not.
    pub tolerances: Tolerances,
}

impl SignerVerdict {
    /// The verdict as a whole: the first failure in the order usage, validity, revocation, chain; untrusted if all that
    /// fails is that no anchor vouches for the signer.
    #[must_use]
    pub fn outcome(&self) -> CheckOutcome<Failure> {
        outcome_of([self.usage, self.validity, self.revocation], self.chain)
    }
}

/// The first failure of `checks`, else what `chain` says.
pub(super) fn outcome_of<const N: usize>(
    checks: [CheckOutcome<Failure>; N],
    chain: CheckOutcome<Failure>,
) -> CheckOutcome<Failure> {
    if let Some(failed) = checks.into_iter().find(CheckOutcome::failed) {
        return failed;
    }
    match chain {
        CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::NoAnchor | NoIssuer::NotIssued)) => {
            CheckOutcome::PassedUntrusted
        }
        chain => chain,
    }
}

/// Judges the certificate of a document signer for documents of this kind and issuing state at a time. `signing_time` is
/// when it says it signed, if there is a signature to speak of.
#[must_use]
pub fn verify_signer(
    signer: &Certificate,
    signing_time: Option<UnixTime>,
    store: &CscaStore,
    kind: DocumentKind,
    issuing_state: &str,
    time: UnixTime,
    policy: &Policy,
) -> SignerVerdict {
    let mut usage_met = Tolerances::new();
    let usage = usage(signer, &mut usage_met)
        .and_then(|()| {
            policy
                .first_not_tolerated(&usage_met)
                .map_or(Ok(()), |met| Err(Failure::Deviation(met)))
        })
        .into();
    let mut met = signer.tolerances().clone();
    let period = signer.extensions().private_key_usage.unwrap_or_default();
    let outside = |signed| {
        period.not_before.is_some_and(|start| signed < start)
            || period.not_after.is_some_and(|end| end < signed)
    };
    if signing_time.is_some_and(outside) {
        met.record(Tolerance::SignedOutsidePeriod);
    }
    let mut verdict = SignerVerdict {
        chain: CheckOutcome::NotPerformed,
        validity: valid(
            signer,
            time,
            Failure::SignerNotYetValid,
            Failure::SignerExpired,
        )
        .into(),
        usage,
        revocation: CheckOutcome::NotPerformed,
        csca: None,
        tolerances: usage_met,
    };
    let issued = IssuingState::parse(issuing_state)
        .map_err(|_| Failure::IssuingState)
        .and_then(|state| {
            let issued = store
                .issuer_of(kind, state, signer, time, Readings::Lenient)
                .map_err(Failure::NoIssuer)?;
            Ok((state, issued))
        });
    match issued {
        Err(failure) => verdict.chain = CheckOutcome::Failed(failure),
        Ok((state, issued)) => {
            met.extend(&issued.tolerances);
            chain_deviations(signer, &issued.anchor, state, &mut met);
            let issuer = issued.anchor.certificate();
            verdict.csca = Some(issued.anchor.fingerprint());
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
            verdict.revocation = revocation(signer, issuer, store, (kind, state), time, policy);
        }
    }
    verdict.tolerances.extend(&met);
    verdict
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
    (kind, state): (DocumentKind, IssuingState),
    time: UnixTime,
    policy: &Policy,
) -> CheckOutcome<Failure> {
    if policy.revocation == Revocation::Ignored {
        return CheckOutcome::NotPerformed;
    }
    // Revoked is revoked, however old the list and whatever the time asked for: the reason to revoke may lie before it.
    let lists = store.revocation_lists(kind, state, issuer, time);
    if let Some(revocation) = lists
        .iter()
        .find_map(|list| list.revocation(signer.serial()))
    {
        return CheckOutcome::Failed(Failure::Revoked(revocation.reason));
    }
    // The issuer may be an anchor by a link certificate, which its predecessor can take back.
    if let Some(revocation) = store.revocation_of_anchor(kind, state, issuer) {
        return CheckOutcome::Failed(Failure::IssuerRevoked(revocation.reason));
    }
    let required = policy.revocation == Revocation::Required;
    match lists.first() {
        None if required => CheckOutcome::Failed(Failure::NoRevocationList),
        None => CheckOutcome::NotPerformed,
        Some(list) if required && !list.is_current(time) => {
            CheckOutcome::Failed(Failure::StaleRevocationList)
        }
        Some(_) => CheckOutcome::Passed,
    }
}
