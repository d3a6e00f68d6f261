//! What a file of certificates may hold, told apart by its form; and stores made of such files.

use super::certificate::Certificate;
use super::crl::RevocationList;
use super::csca_store::{CscaStore, NoIssuer};
use super::master_list::{MasterList, MasterListError};
use super::{DocumentKind, IssuingState, PkiError};
use crate::tlv::Tlv;
use crate::tlv::asn1::{INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET};
use crate::tlv::definite::to_definite;

/// One object of a file of certificates.
#[derive(Clone, Debug)]
pub enum PkiObject {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// A revocation list.
    RevocationList(Box<RevocationList>),
    /// A master list, signed or bare.
    MasterList(Box<MasterList>),
}

impl PkiObject {
    /// Reads an object, whichever it is.
    ///
    /// # Errors
    /// [`PkiError::Object`] for a signed object that is no master list; otherwise what is wrong with the object that it
    /// looks like.
    pub fn parse(bytes: &[u8]) -> Result<Self, PkiError> {
        let (object, _) = to_definite(bytes)?;
        let mut fields = Tlv::split(&object)?.0.expect(SEQUENCE)?.children();
        let tag = |field: Option<Result<Tlv<'_>, _>>| Some(field?.ok()?.tag);
        let form = (tag(fields.next()), tag(fields.next()));
        match form {
            (Some(OBJECT_IDENTIFIER), _) | (Some(INTEGER), Some(SET)) => {
                match MasterList::parse(bytes) {
                    Ok(list) => Ok(Self::MasterList(Box::new(list))),
                    Err(MasterListError::Pki(error)) => Err(error),
                    Err(_) => Err(PkiError::Object),
                }
            }
            _ => match Certificate::parse(bytes) {
                Ok(certificate) => Ok(Self::Certificate(Box::new(certificate))),
                Err(error) => RevocationList::parse(bytes)
                    .map(|list| Self::RevocationList(Box::new(list)))
                    .map_err(|_| error),
            },
        }
    }
}

/// Trust anchors out of files that somebody vouches for as a whole: each certificate counts for the state that its own
/// subject names. A signed master list counts by the word of who gives it, not of its signer.
#[derive(Debug)]
pub struct Anchors {
    kinds: Vec<DocumentKind>,
    store: CscaStore,
    lists: Vec<(DocumentKind, IssuingState, RevocationList)>,
}

impl Anchors {
    /// None yet; each certificate will count for all of `kinds`.
    #[must_use]
    pub fn new(kinds: &[DocumentKind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            store: CscaStore::new(),
            lists: Vec::new(),
        }
    }

    /// Takes in a certificate, a revocation list or the certificates of a master list. Returns how many certificates were
    /// new.
    ///
    /// # Errors
    /// [`PkiError`] as of [`PkiObject::parse`].
    pub fn add(&mut self, bytes: &[u8]) -> Result<usize, PkiError> {
        match PkiObject::parse(bytes)? {
            PkiObject::Certificate(certificate) => Ok(self.trust(&certificate)),
            PkiObject::MasterList(list) => Ok(list
                .certificates()
                .iter()
                .map(|certificate| self.trust(certificate))
                .sum()),
            PkiObject::RevocationList(list) => {
                let state = list.issuer().country();
                let state = state.unwrap_or(IssuingState::UNSTATED);
                for kind in &self.kinds {
                    self.lists.push((*kind, state, (*list).clone()));
                }
                Ok(0)
            }
        }
    }

    /// Takes in a certificate or a revocation list for one kind and a state that the caller knows.
    ///
    /// # Errors
    /// [`PkiError`] as of [`PkiObject::parse`]; [`PkiError::Object`] for a master list.
    pub fn add_to(
        &mut self,
        kind: DocumentKind,
        state: IssuingState,
        bytes: &[u8],
    ) -> Result<(), PkiError> {
        match PkiObject::parse(bytes)? {
            PkiObject::Certificate(certificate) => {
                self.store.add_certificate(kind, state, *certificate);
                Ok(())
            }
            PkiObject::RevocationList(list) => {
                self.lists.push((kind, state, *list));
                Ok(())
            }
            PkiObject::MasterList(_) => Err(PkiError::Object),
        }
    }

    fn trust(&mut self, certificate: &Certificate) -> usize {
        let state = certificate.subject().country();
        let state = state.unwrap_or(IssuingState::UNSTATED);
        let mut new = false;
        for kind in &self.kinds {
            new |= self
                .store
                .add_certificate(*kind, state, certificate.clone());
        }
        usize::from(new)
    }

    /// The store, and the revocation lists that no anchor of their kind and state signed.
    #[must_use]
    pub fn into_store(mut self) -> (CscaStore, Vec<(RevocationList, NoIssuer)>) {
        let mut refused = Vec::new();
        for (kind, state, list) in self.lists {
            let added = self
                .store
                .add_parsed_revocation_list(kind, state, list.clone());
            if let Err(error) = added {
                refused.push((list, error));
            }
        }
        (self.store, refused)
    }
}
