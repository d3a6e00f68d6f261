//! Trust anchors: what a verifier believes.

use core::ffi::c_char;
use core::ptr;

use icao::pki::encoding::objects;
use icao::pki::{
    Certificate, CscaStore, DocumentKind, IssuingState, MasterList, PkiError, Policy,
    RevocationList, UnixTime,
};

use crate::boundary::{
    Handle, Outcome, bytes, hand_over, optional_text, out, reference, take_back,
};
use crate::code::RdaCode;
use crate::failure::{Failure, RdaError};

/// Most bytes of a file of certificates, a master list or a revocation list: four times the largest master list.
const LONGEST: usize = 16 << 20;

/// Trust anchors (CSCA certificates) and revocation lists.
///
/// Fill it, then use it for as many verifiers as you like: while nothing is added, any number of threads may verify against
/// it at the same time.
pub struct RdaStore(Handle<CscaStore>);

impl RdaStore {
    pub(crate) fn handle(&self) -> &Handle<CscaStore> {
        &self.0
    }
}

/// Kinds of documents. An anchor for one kind never vouches for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaDocumentKind {
    /// Passport, or another travel document in booklet form.
    TravelDocument = 1,
    /// Identity card.
    IdentityCard = 2,
    /// Driving licence.
    DrivingLicence = 3,
}

/// The kind that a host's number stands for.
pub(crate) fn kind_of(kind: u32) -> Result<DocumentKind, Failure> {
    const TRAVEL_DOCUMENT: u32 = RdaDocumentKind::TravelDocument as u32;
    const IDENTITY_CARD: u32 = RdaDocumentKind::IdentityCard as u32;
    const DRIVING_LICENCE: u32 = RdaDocumentKind::DrivingLicence as u32;
    match kind {
        TRAVEL_DOCUMENT => Ok(DocumentKind::TravelDocument),
        IDENTITY_CARD => Ok(DocumentKind::IdentityCard),
        DRIVING_LICENCE => Ok(DocumentKind::DrivingLicence),
        _ => Err(Failure::argument("no kind of document of this number")),
    }
}

/// Who vouches for a master list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaMasterListTrust {
    /// An anchor that is in the store already: the list is signed, and its signer was certified by that anchor.
    Signed = 0,
    /// The caller, who has it from a place that is to be believed. The list need not be signed.
    Vouched = 1,
}

/// Makes an empty store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_new(out: *mut *mut RdaStore) -> RdaCode {
    // SAFETY: passed on.
    unsafe { hand_over(out, || Ok(RdaStore(Handle::new(CscaStore::new())))) }
}

/// Frees a store; null is nothing. Must not be called while a verifier is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_free(store: *mut RdaStore) {
    // SAFETY: passed on.
    unsafe { take_back(store) };
}

/// The last error of this handle; of null, null. The structure is good until the handle's next error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_last_error(store: *const RdaStore) -> *const RdaError {
    // SAFETY: passed on.
    unsafe { reference(store, "store") }.map_or(ptr::null(), |store| store.0.last_error())
}

/// # Safety
/// Null, or a handle that lives during the call.
unsafe fn call(store: *mut RdaStore, body: impl FnOnce(&mut CscaStore) -> Outcome) -> RdaCode {
    // SAFETY: passed on.
    match unsafe { reference(store, "store") } {
        Ok(store) => store.0.call(body),
        Err(failure) => failure.code,
    }
}

/// Trusts the certificates of a file, PEM or DER, one or more, for documents of this kind (one of RdaDocumentKind). The
/// caller vouches for them. `state` is the issuing state, as "NLD" or "D"; with null, the one that each certificate's
/// subject names. Either all of the file is taken, or nothing.
///
/// `added`, which may be null, becomes the number of certificates that were not there before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_add_certificates(
    store: *mut RdaStore,
    kind: u32,
    state: *const c_char,
    file: *const u8,
    file_len: usize,
    added: *mut usize,
) -> RdaCode {
    let add = |store: &mut CscaStore| {
        // SAFETY: passed on.
        let (file, state) = unsafe { (bytes(file, file_len, "file")?, state_of(state)?) };
        let kind = kind_of(kind)?;
        let mut found = Vec::new();
        for object in objects(limited(file)?) {
            let certificate = Certificate::parse(&object.map_err(PkiError::from)?)?;
            let state = state
                .or_else(|| certificate.subject().country())
                .ok_or_else(|| {
                    Failure::argument("a certificate names no state, and none was given")
                })?;
            found.push((state, certificate));
        }
        if found.is_empty() {
            return Err(Failure::new(
                RdaCode::CertificateMalformed,
                "no certificate in it",
            ));
        }
        let count = found
            .into_iter()
            .filter(|(state, certificate)| store.add_certificate(kind, *state, certificate.clone()))
            .count();
        // SAFETY: passed on.
        unsafe { tell(added, count) }
    };
    // SAFETY: passed on.
    unsafe { call(store, add) }
}

/// Trusts the certificates of a master list (Doc 9303-12, 9) for documents of this kind (one of RdaDocumentKind), each for
/// the state that its subject names. `trust` is one of RdaMasterListTrust; a signed list must be valid at `time`, seconds
/// since 1970. Elements that are no certificates, or name no state, are left out.
///
/// `added`, which may be null, becomes the number of certificates that were not there before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_add_master_list(
    store: *mut RdaStore,
    kind: u32,
    trust: u32,
    time: i64,
    file: *const u8,
    file_len: usize,
    added: *mut usize,
) -> RdaCode {
    const SIGNED: u32 = RdaMasterListTrust::Signed as u32;
    const VOUCHED: u32 = RdaMasterListTrust::Vouched as u32;
    let add = |store: &mut CscaStore| {
        // SAFETY: passed on.
        let file = unsafe { bytes(file, file_len, "file")? };
        let kind = kind_of(kind)?;
        let list = MasterList::parse(limited(file)?)?;
        match trust {
            SIGNED => {
                let anchors: Vec<Certificate> = store
                    .iter()
                    .map(|(_, _, anchor)| anchor.certificate().clone())
                    .collect();
                list.verify(&anchors, UnixTime(time), &Policy::field())?;
            }
            VOUCHED => {}
            _ => return Err(Failure::argument("no trust of this number")),
        }
        let count =
            list.certificates()
                .iter()
                .filter(|certificate| {
                    certificate.subject().country().is_some_and(|state| {
                        store.add_certificate(kind, state, (*certificate).clone())
                    })
                })
                .count();
        // SAFETY: passed on.
        unsafe { tell(added, count) }
    };
    // SAFETY: passed on.
    unsafe { call(store, add) }
}

/// Takes in the certificate revocation lists of a file, PEM or DER, for documents of this kind (one of RdaDocumentKind) and
/// state; with `state` null, the one that the list's issuer names. An anchor of this kind and state in the store must have
/// signed each, or RDA_CODE_NOT_VOUCHED_FOR comes back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_add_revocation_lists(
    store: *mut RdaStore,
    kind: u32,
    state: *const c_char,
    file: *const u8,
    file_len: usize,
) -> RdaCode {
    let add = |store: &mut CscaStore| {
        // SAFETY: passed on.
        let (file, state) = unsafe { (bytes(file, file_len, "file")?, state_of(state)?) };
        let kind = kind_of(kind)?;
        let mut found = false;
        for object in objects(limited(file)?) {
            let object = object.map_err(PkiError::from)?;
            let state = match state {
                Some(state) => state,
                None => RevocationList::parse(&object)?
                    .issuer()
                    .country()
                    .ok_or_else(|| {
                        Failure::argument("the list names no state, and none was given")
                    })?,
            };
            store.add_revocation_list(kind, state, &object)?;
            found = true;
        }
        match found {
            true => Ok(()),
            false => Err(Failure::new(RdaCode::CertificateMalformed, "no list in it")),
        }
    };
    // SAFETY: passed on.
    unsafe { call(store, add) }
}

/// How many anchors a store holds, each counted once for each kind and state that it vouches for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_store_anchors(store: *const RdaStore, anchors: *mut usize) -> RdaCode {
    // SAFETY: passed on.
    match unsafe { reference(store, "store") } {
        Ok(store) => store.0.look(|store| {
            // SAFETY: passed on.
            unsafe { out(anchors, "anchors", 0)? }.set(store.iter().count());
            Ok(())
        }),
        Err(failure) => failure.code,
    }
}

fn limited(file: &[u8]) -> Result<&[u8], Failure> {
    if file.len() > LONGEST {
        return Err(Failure::argument("the file is too long"));
    }
    Ok(file)
}

/// # Safety
/// Null, or a text.
unsafe fn state_of(state: *const c_char) -> Result<Option<IssuingState>, Failure> {
    // SAFETY: passed on.
    unsafe { optional_text(state, "state")? }
        .map(IssuingState::parse)
        .transpose()
        .map_err(Failure::argument)
}

/// # Safety
/// Null, or memory for one number.
unsafe fn tell(added: *mut usize, count: usize) -> Outcome {
    if !added.is_null() {
        // SAFETY: passed on.
        unsafe { out(added, "added", 0)? }.set(count);
    }
    Ok(())
}
