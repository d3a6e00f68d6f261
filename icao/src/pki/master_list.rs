//! Master lists of CSCA certificates (Doc 9303-12 9): signed as states publish them, or bare.

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use super::certificate::Certificate;
use super::csca_store::{CscaStore, NoIssuer};
use super::policy::Policy;
use super::signature::Readings;
use super::{DocumentKind, Fingerprint, IssuingState, PkiError, SignedData, UnixTime};
use crate::passive_authentication::{Failure, verify_signature};
use crate::tlv::asn1::{INTEGER, SEQUENCE, SET};
use crate::tlv::{Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// id-icao-cscaMasterList.
const CSCA_MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");
/// id-icao-cscaMasterListSigningKey.
const MASTER_LIST_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");

/// Why a master list was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MasterListError {
    /// Malformed, or not signed data.
    #[error("{0}")]
    Pki(#[from] PkiError),
    /// Signed data, but no master list.
    #[error("the content is no master list")]
    ContentType,
    /// The signature did not verify.
    #[error("{0}")]
    Signature(Failure),
    /// The signer's certificate is not for signing master lists.
    #[error("the signer's certificate is not for signing master lists")]
    SignerPurpose,
    /// The signer's certificate is not valid at the time asked for.
    #[error("the signer's certificate is not valid at this time")]
    SignerValidity,
    /// No certificate vouches for the signer.
    #[error("the signer: {0}")]
    NoIssuer(#[from] NoIssuer),
}

/// A master list, parsed. Its certificates are anchors only by the word of its signer.
#[derive(Clone, Debug)]
pub struct MasterList {
    signed_data: Option<SignedData>,
    certificates: Vec<Certificate>,
    malformed: usize,
    tolerances: Tolerances,
}

/// Who signed a master list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterListSigner {
    /// The signer's certificate.
    pub signer: Fingerprint,
    /// The certificate of the CSCA that issued it.
    pub csca: Fingerprint,
    /// When it says it signed.
    pub signing_time: Option<UnixTime>,
    /// Deviations met.
    pub tolerances: Tolerances,
}

impl MasterList {
    /// Reads a master list: SignedData, or the bare CscaMasterList. A certificate that cannot be parsed is counted and
    /// left out, so that one state's mistake does not take the others away.
    ///
    /// # Errors
    /// [`MasterListError::Pki`], or [`MasterListError::ContentType`] for other signed data.
    pub fn parse(bytes: &[u8]) -> Result<Self, MasterListError> {
        let (content, signed_data, mut met) = match SignedData::parse(bytes) {
            Ok(signed_data) if signed_data.content_type() == CSCA_MASTER_LIST => {
                let met = signed_data.tolerances().clone();
                (signed_data.content().to_vec(), Some(signed_data), met)
            }
            Ok(_) => return Err(MasterListError::ContentType),
            // A ContentInfo begins with an identifier, a CscaMasterList with a version.
            Err(PkiError::Tlv(TlvError::Unexpected { found: INTEGER, .. })) => {
                (bytes.to_vec(), None, Tolerances::new())
            }
            Err(error) => return Err(error.into()),
        };
        let (certificates, malformed) = Self::certificates_of(&content, &mut met)?;
        Ok(Self {
            signed_data,
            certificates,
            malformed,
            tolerances: met,
        })
    }

    /// CscaMasterList ::= SEQUENCE { version INTEGER (0), certList SET OF Certificate }
    fn certificates_of(
        content: &[u8],
        met: &mut Tolerances,
    ) -> Result<(Vec<Certificate>, usize), PkiError> {
        let (list, rest) = Tlv::split(content)?;
        if !rest.is_empty() {
            met.record(Tolerance::TrailingBytes);
        }
        let mut fields = list.expect(SEQUENCE)?.children();
        fields.expect(INTEGER)?;
        let mut certificates = Vec::new();
        let mut malformed = 0;
        for certificate in fields.expect(SET)?.children() {
            match Certificate::parse(certificate?.raw) {
                Ok(certificate) => certificates.push(certificate),
                Err(_) => malformed += 1,
            }
        }
        Ok((certificates, malformed))
    }

    /// The certificates.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// How many elements were no certificates.
    #[must_use]
    pub fn malformed(&self) -> usize {
        self.malformed
    }

    /// The signed object, unless the list is bare.
    #[must_use]
    pub fn signed_data(&self) -> Option<&SignedData> {
        self.signed_data.as_ref()
    }

    /// Deviations met while parsing.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }

    /// Verifies the list's own signature and its signer against `anchors`: the CSCA certificates of the publishing state
    /// that the operator trusts already.
    ///
    /// # Errors
    /// [`MasterListError`]; a bare list has no signer and fails with [`MasterListError::ContentType`].
    pub fn verify(
        &self,
        anchors: &[Certificate],
        time: UnixTime,
        policy: &Policy,
    ) -> Result<MasterListSigner, MasterListError> {
        let signed_data = self
            .signed_data
            .as_ref()
            .ok_or(MasterListError::ContentType)?;
        let mut met = self.tolerances.clone();
        let signer = verify_signature(signed_data, time, policy, &mut met)
            .map_err(MasterListError::Signature)?;
        met.extend(signer.tolerances());
        if !signer
            .extensions()
            .extended_key_usage
            .contains(&MASTER_LIST_SIGNING)
        {
            return Err(MasterListError::SignerPurpose);
        }
        if time < signer.not_before() || signer.not_after() < time {
            return Err(MasterListError::SignerValidity);
        }
        // A store of one compartment: the search for an issuer is the same as for document signers.
        let state = signer
            .issuer()
            .country()
            .map_or_else(|| IssuingState::parse("UTO"), Ok)?;
        let mut store = CscaStore::new();
        for anchor in anchors {
            store.add_certificate(DocumentKind::TravelDocument, state, anchor.clone());
        }
        let issued = store.issuer_of(
            DocumentKind::TravelDocument,
            state,
            &signer,
            time,
            Readings::Lenient,
        )?;
        met.extend(&issued.tolerances);
        if let Some(tolerance) = policy.first_not_tolerated(&met) {
            return Err(MasterListError::Signature(Failure::Deviation(tolerance)));
        }
        Ok(MasterListSigner {
            signer: signer.fingerprint(),
            csca: issued.anchor.certificate().fingerprint(),
            signing_time: signed_data
                .signer()
                .signed_attributes
                .as_ref()
                .and_then(|signed| signed.signing_time()),
            tolerances: met,
        })
    }

    /// Certificates that came along with the signature beside the signer's: as a rule the CSCA of the publishing state.
    #[must_use]
    pub fn enclosed(&self) -> Vec<Certificate> {
        let enclosed = self
            .signed_data
            .iter()
            .flat_map(|signed_data| signed_data.certificates());
        enclosed
            .filter_map(|der| Certificate::parse(der).ok())
            .collect()
    }
}
