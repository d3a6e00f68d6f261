//! Trust anchors by kind of document and issuing state, and the search for the one that issued a certificate.
//!
//! An anchor of one kind or state never vouches for another. Within its compartment an issuer is looked for by key
//! identifier, then by name, then by trying every key: none of these names is unique among the certificates of real states,
//! and only the signature decides.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::certificate::{Certificate, Fingerprint};
use super::crl::{Revocation, RevocationList};
use super::signature::{self, Readings, SignatureFailure};
use super::{DocumentKind, IssuingState, NameMatch, PkiError, UnixTime};
use crate::crypto::signature::{SignatureScheme, VerifyingKey};
use crate::tolerance::{Tolerance, Tolerances};

/// A certificate of a CSCA that the operator trusts.
#[derive(Debug)]
pub struct Anchor {
    certificate: Certificate,
    fingerprint: Fingerprint,
    /// Set up once: parsing a key costs about as much as verifying with it.
    key: OnceLock<Option<VerifyingKey>>,
}

impl Anchor {
    fn new(certificate: Certificate) -> Self {
        Self {
            fingerprint: certificate.fingerprint(),
            certificate,
            key: OnceLock::new(),
        }
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// SHA-256 over the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its key; `None` if it is of no kind this crate verifies with.
    #[must_use]
    pub fn key(&self) -> Option<&VerifyingKey> {
        self.key
            .get_or_init(|| VerifyingKey::from_spki(self.certificate.public_key_info()).ok())
            .as_ref()
    }
}

/// How a certificate was matched with its issuer.
#[derive(Debug)]
pub struct Issued {
    /// The issuer. Of several certificates with the same key, one that is valid at the time asked for.
    pub anchor: Arc<Anchor>,
    /// How the issuer signed.
    pub scheme: SignatureScheme,
    /// Deviations met.
    pub tolerances: Tolerances,
}

/// Why no issuer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoIssuer {
    /// There is no anchor at all for this kind of document and issuing state.
    #[error("no trust anchor for this kind of document and issuing state")]
    NoAnchor,
    /// There are anchors, but none of them signed the certificate.
    #[error("no trust anchor of this kind and state signed the certificate")]
    NotIssued,
    /// The anchor that the certificate names did not sign it.
    #[error("the named issuer did not sign the certificate")]
    Signature,
    /// The certificate was signed by an anchor of the same state for another kind of document.
    #[error("signed by a trust anchor for another kind of document")]
    OtherKind,
    /// The certificate was signed by an anchor of another state.
    #[error("signed by a trust anchor of another state")]
    OtherState,
}

/// A compartment of the store.
type Compartment = (DocumentKind, IssuingState);

/// Trust anchors and revocation lists, by kind of document and issuing state.
#[derive(Debug, Default)]
pub struct CscaStore {
    anchors: BTreeMap<Compartment, Vec<Arc<Anchor>>>,
    revocation_lists: BTreeMap<Compartment, Vec<SignedList>>,
}

/// A revocation list and who signed it.
#[derive(Debug)]
struct SignedList {
    list: RevocationList,
    /// SubjectPublicKeyInfo of the anchor that verified it.
    key: Vec<u8>,
}

/// Why a revocation list or a link certificate was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotVouchedFor {
    /// Malformed.
    #[error(transparent)]
    Malformed(#[from] PkiError),
    /// No anchor of this kind and state signed it.
    #[error(transparent)]
    NoIssuer(#[from] NoIssuer),
}

impl CscaStore {
    /// A store without anchors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a certificate, DER, for documents of this kind and state. The caller vouches for it. Returns `false` if it
    /// is in the store already.
    ///
    /// # Errors
    /// [`PkiError`] if it is no certificate.
    pub fn add(
        &mut self,
        kind: DocumentKind,
        state: IssuingState,
        der: &[u8],
    ) -> Result<bool, PkiError> {
        Ok(self.add_certificate(kind, state, Certificate::parse(der)?))
    }

    /// Trusts a parsed certificate, as [`CscaStore::add`].
    pub fn add_certificate(
        &mut self,
        kind: DocumentKind,
        state: IssuingState,
        certificate: Certificate,
    ) -> bool {
        let anchors = self.anchors.entry((kind, state)).or_default();
        if anchors
            .iter()
            .any(|anchor| anchor.certificate.raw() == certificate.raw())
        {
            return false;
        }
        anchors.push(Arc::new(Anchor::new(certificate)));
        true
    }

    /// Takes in a link certificate (Doc 9303-12 7.1.1): a new key that a trusted one vouches for. Returns `false` if it is
    /// in the store already.
    ///
    /// # Errors
    /// [`NotVouchedFor`] if no anchor of this kind and state signed it.
    pub fn add_link(
        &mut self,
        kind: DocumentKind,
        state: IssuingState,
        der: &[u8],
    ) -> Result<bool, NotVouchedFor> {
        let certificate = Certificate::parse(der)?;
        self.issuer_of(
            kind,
            state,
            &certificate,
            certificate.not_before(),
            Readings::Lenient,
        )?;
        Ok(self.add_certificate(kind, state, certificate))
    }

    /// Takes in a revocation list whose signature an anchor of this kind and state verifies; deviations are in the list
    /// and returned here.
    ///
    /// # Errors
    /// [`NotVouchedFor`] if it is malformed or no such anchor signed it.
    pub fn add_revocation_list(
        &mut self,
        kind: DocumentKind,
        state: IssuingState,
        der: &[u8],
    ) -> Result<Issued, NotVouchedFor> {
        Ok(self.add_parsed_revocation_list(kind, state, RevocationList::parse(der)?)?)
    }

    /// Takes in a parsed revocation list, as [`CscaStore::add_revocation_list`].
    ///
    /// # Errors
    /// [`NoIssuer`] if no anchor of this kind and state signed it.
    pub fn add_parsed_revocation_list(
        &mut self,
        kind: DocumentKind,
        state: IssuingState,
        list: RevocationList,
    ) -> Result<Issued, NoIssuer> {
        let issued = self.issuer_of_list(kind, state, &list)?;
        let key = issued.anchor.certificate.public_key_info().to_vec();
        self.revocation_lists
            .entry((kind, state))
            .or_default()
            .push(SignedList { list, key });
        Ok(issued)
    }

    /// All anchors of this kind and state.
    #[must_use]
    pub fn anchors(&self, kind: DocumentKind, state: IssuingState) -> &[Arc<Anchor>] {
        self.anchors
            .get(&(kind, state))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Every anchor with its compartment.
    pub fn iter(&self) -> impl Iterator<Item = (DocumentKind, IssuingState, &Arc<Anchor>)> {
        self.anchors.iter().flat_map(|((kind, state), anchors)| {
            anchors.iter().map(|anchor| (*kind, *state, anchor))
        })
    }

    /// The anchor with this fingerprint.
    #[must_use]
    pub fn find(
        &self,
        fingerprint: Fingerprint,
    ) -> Option<(DocumentKind, IssuingState, &Arc<Anchor>)> {
        self.iter()
            .find(|(_, _, anchor)| anchor.fingerprint == fingerprint)
    }

    /// The revocation lists that speak of certificates by `issuer`, the newest first.
    ///
    /// A list by the issuer's own key that is current at `time` speaks alone. Otherwise the newest list of every key under
    /// the issuer's name counts: after a key rollover a CSCA may go on with one list, signed by its new key (RFC 5280 5:
    /// the scope of a list is a name, not a key), and a list that another key signed must not hide one by the issuer's own.
    #[must_use]
    pub fn revocation_lists(
        &self,
        kind: DocumentKind,
        state: IssuingState,
        issuer: &Certificate,
        time: UnixTime,
    ) -> Vec<&RevocationList> {
        let lists = self.revocation_lists.get(&(kind, state));
        let mut newest: Vec<&SignedList> = Vec::new();
        for signed in lists.into_iter().flatten() {
            let own = signed.key == issuer.public_key_info();
            if !own && signed.list.issuer().compare(issuer.subject()).is_none() {
                continue;
            }
            match newest.iter_mut().find(|other| other.key == signed.key) {
                Some(other) if other.list.this_update() < signed.list.this_update() => {
                    *other = signed;
                }
                Some(_) => {}
                None => newest.push(signed),
            }
        }
        let current = newest
            .iter()
            .find(|signed| signed.key == issuer.public_key_info() && signed.list.is_current(time));
        if let Some(own) = current {
            return vec![&own.list];
        }
        newest.sort_by_key(|signed| core::cmp::Reverse(signed.list.this_update()));
        newest.into_iter().map(|signed| &signed.list).collect()
    }

    /// Whether a list of this kind and state revokes the certificate of an anchor: a link certificate that its
    /// predecessor has taken back.
    #[must_use]
    pub fn revocation_of_anchor(
        &self,
        kind: DocumentKind,
        state: IssuingState,
        anchor: &Certificate,
    ) -> Option<Revocation> {
        // A self-signed anchor is not taken back by its own list but by the operator.
        if anchor.names_itself() {
            return None;
        }
        let lists = self.revocation_lists.get(&(kind, state))?;
        lists
            .iter()
            .filter(|signed| signed.list.issuer().compare(anchor.issuer()).is_some())
            .find_map(|signed| signed.list.revocation(anchor.serial()))
    }

    /// Every revocation list with its compartment.
    pub fn iter_revocation_lists(
        &self,
    ) -> impl Iterator<Item = (DocumentKind, IssuingState, &RevocationList)> {
        self.revocation_lists
            .iter()
            .flat_map(|((kind, state), lists)| {
                lists.iter().map(|signed| (*kind, *state, &signed.list))
            })
    }

    /// The anchor of this kind and state whose key verifies `certificate`.
    ///
    /// # Errors
    /// [`NoIssuer`], which also tells if an anchor of another kind or state would have verified it.
    pub fn issuer_of(
        &self,
        kind: DocumentKind,
        state: IssuingState,
        certificate: &Certificate,
        time: UnixTime,
        readings: Readings,
    ) -> Result<Issued, NoIssuer> {
        let signed = Signed {
            message: certificate.to_be_signed(),
            algorithm: certificate.signature_algorithm(),
            signature: certificate.signature(),
            issuer: certificate.issuer(),
            key_id: certificate.extensions().authority_key_id.key_id.as_deref(),
        };
        self.issuer_of_signed(kind, state, &signed, time, readings)
    }

    /// The anchor of this kind and state whose key verifies `list`.
    ///
    /// # Errors
    /// [`NoIssuer`].
    pub fn issuer_of_list(
        &self,
        kind: DocumentKind,
        state: IssuingState,
        list: &RevocationList,
    ) -> Result<Issued, NoIssuer> {
        let signed = Signed {
            message: list.to_be_signed(),
            algorithm: list.signature_algorithm(),
            signature: list.signature(),
            issuer: list.issuer(),
            key_id: list.authority_key_id().key_id.as_deref(),
        };
        self.issuer_of_signed(kind, state, &signed, list.this_update(), Readings::Lenient)
    }

    fn issuer_of_signed(
        &self,
        kind: DocumentKind,
        state: IssuingState,
        signed: &Signed<'_>,
        time: UnixTime,
        readings: Readings,
    ) -> Result<Issued, NoIssuer> {
        let anchors = self.anchors(kind, state);
        if let Some(issued) = signed.issuer_among(anchors, time, readings) {
            return Ok(issued);
        }
        // The certificate is refused; what follows finds out what to tell about it.
        if anchors
            .iter()
            .any(|anchor| signed.key_id_names(anchor) && signed.name_names(anchor).is_some())
        {
            return Err(NoIssuer::Signature);
        }
        let others = |wanted: fn(&Compartment, &Compartment) -> bool| {
            self.anchors
                .iter()
                .filter(move |(other, _)| wanted(other, &(kind, state)))
                .any(|(_, anchors)| {
                    let named: Vec<_> = anchors
                        .iter()
                        .filter(|anchor| signed.key_id_names(anchor))
                        .cloned()
                        .collect();
                    signed
                        .issuer_among(&named, time, Readings::Stated)
                        .is_some()
                })
        };
        if others(|other, own| other.1 == own.1 && other.0 != own.0) {
            Err(NoIssuer::OtherKind)
        } else if others(|other, own| other.1 != own.1) {
            Err(NoIssuer::OtherState)
        } else if anchors.is_empty() {
            Err(NoIssuer::NoAnchor)
        } else {
            Err(NoIssuer::NotIssued)
        }
    }
}

/// What an issuer signed and how it is named there: a certificate or a revocation list.
struct Signed<'a> {
    message: &'a [u8],
    algorithm: &'a super::certificate::AlgorithmIdentifier,
    signature: &'a [u8],
    issuer: &'a super::Name,
    key_id: Option<&'a [u8]>,
}

impl Signed<'_> {
    fn key_id_names(&self, anchor: &Anchor) -> bool {
        self.key_id.is_some()
            && self.key_id == anchor.certificate.extensions().subject_key_id.as_deref()
    }

    fn name_names(&self, anchor: &Anchor) -> Option<NameMatch> {
        self.issuer.compare(anchor.certificate.subject())
    }

    /// The first of `anchors` whose key verifies, in the order of how well it is named; lenient readings only after all
    /// have been tried as stated.
    fn issuer_among(
        &self,
        anchors: &[Arc<Anchor>],
        time: UnixTime,
        readings: Readings,
    ) -> Option<Issued> {
        let mut candidates: Vec<_> = anchors
            .iter()
            .map(|anchor| {
                let certificate = &anchor.certificate;
                let valid = certificate.not_before() <= time && time <= certificate.not_after();
                // Larger is better: key identifier, then name, then validity, then the self-signed one of a pair.
                let rank = (
                    self.key_id_names(anchor),
                    self.name_names(anchor),
                    valid,
                    certificate.is_self_issued(),
                );
                (rank, anchor)
            })
            .collect();
        candidates.sort_by_key(|(rank, _)| core::cmp::Reverse(*rank));
        let passes: &[Readings] = match readings {
            Readings::Stated => &[Readings::Stated],
            Readings::Lenient => &[Readings::Stated, Readings::Lenient],
        };
        for readings in passes {
            let mut refused: Vec<&[u8]> = Vec::new();
            for (_, anchor) in &candidates {
                // Several certificates share a key: what it does not verify once, it never will.
                let key_info = anchor.certificate.public_key_info();
                if refused.contains(&key_info) {
                    continue;
                }
                match self.verify(anchor, *readings) {
                    Ok(issued) => return Some(issued),
                    Err(_) => refused.push(key_info),
                }
            }
        }
        None
    }

    fn verify(&self, anchor: &Arc<Anchor>, readings: Readings) -> Result<Issued, SignatureFailure> {
        let key = anchor.key().ok_or(SignatureFailure::KeyMismatch)?;
        let mut met = Tolerances::new();
        let scheme = signature::verify(
            key,
            self.algorithm,
            None,
            self.message,
            self.signature,
            readings,
            &mut met,
        )?;
        if self.key_id.is_some() && !self.key_id_names(anchor) {
            met.record(Tolerance::AuthorityKeyIdentifier);
        }
        match self.name_names(anchor) {
            Some(NameMatch::Exact) => {}
            Some(NameMatch::Equivalent | NameMatch::Reordered) => {
                met.record(Tolerance::IssuerNameForm)
            }
            None => met.record(Tolerance::IssuerName),
        }
        Ok(Issued {
            anchor: Arc::clone(anchor),
            scheme,
            tolerances: met,
        })
    }
}
