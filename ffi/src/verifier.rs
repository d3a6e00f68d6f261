//! The verifier's half: from files and answers of a chip to a verdict.

mod examination;
mod verdict;

use core::ffi::c_char;
use core::ptr;

use icao::pki::Policy;
use icao::pki::UnixTime;
use icao::verifier::SecurityFiles;

use crate::apdu_list::RdaApduList;
use crate::boundary::{
    Handle, Outcome, array, bytes, hand_over, optional_bytes, out, reference, take_back, text,
};
use crate::bytes::RdaBytes;
use crate::code::RdaCode;
use crate::failure::{Failure, RdaError};
use crate::store::{RdaStore, kind_of};
use examination::Examination;

pub use verdict::{RdaOutcome, RdaVerdict};

/// The evidence of one document on its way to a verdict.
///
/// The order is: challenge or binding; the signature of EF.SOD; the files; Active Authentication; Chip Authentication, or
/// else the identity file as the terminal read it; the verdict. A check that fails is told by its code at once and stays in
/// the verdict; going on cannot mend it.
pub struct RdaVerifier(Handle<Examination>);

/// What a verifier puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaPolicy {
    /// What real documents need: known deviations of issuing states, each named in the verdict, and the algorithms of
    /// documents that are still valid.
    Field = 0,
    /// Doc 9303 to the letter, and the algorithms of Doc 9303-12, 4.4 only.
    Strict = 1,
}

/// How the identity file is to be read in remote Chip Authentication.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RdaReading {
    /// `short_identifiers` of the terminal's RdaConversation: 1, or 0 for a chip that refuses them.
    pub short_identifiers: u32,
    /// `max_response` of the terminal's RdaConversation; 0 for 258.
    pub max_response: usize,
}

/// What a verifier asks of a chip, on its way to the terminal.
///
/// From rda_verifier_prepare_chip_authentication the pointers belong to the verifier, until its next call or its end. To a
/// terminal they are the caller's, who made `commands` with rda_apdu_list_new.
#[derive(Debug)]
#[repr(C)]
pub struct RdaChipCommand {
    /// Ephemeral public key: 04, X and Y of a point, or the integer of Diffie-Hellman.
    pub public_key: *const u8,
    /// Its length in bytes.
    pub public_key_len: usize,
    /// Object identifier of the protocol, in dots.
    pub protocol: *const c_char,
    /// Which key of the chip, if `has_key_id`.
    pub key_id: u64,
    /// 1 if the chip names its keys, else 0.
    pub has_key_id: u32,
    /// Protected commands, in the order in which they go to the chip.
    pub commands: *const RdaApduList,
}

impl RdaChipCommand {
    const NONE: Self = Self {
        public_key: ptr::null(),
        public_key_len: 0,
        protocol: ptr::null(),
        key_id: 0,
        has_key_id: 0,
        commands: ptr::null(),
    };
}

/// Makes a verifier for a document of this kind (one of RdaDocumentKind), as the register or the application knows it, under
/// a policy (one of RdaPolicy).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_new(
    kind: u32,
    policy: u32,
    out: *mut *mut RdaVerifier,
) -> RdaCode {
    const FIELD: u32 = RdaPolicy::Field as u32;
    const STRICT: u32 = RdaPolicy::Strict as u32;
    let make = || {
        let policy = match policy {
            FIELD => Policy::field(),
            STRICT => Policy::strict(),
            _ => return Err(Failure::argument("no policy of this number")),
        };
        let examination = Examination::new(kind_of(kind)?, policy);
        Ok(RdaVerifier(Handle::new(examination)))
    };
    // SAFETY: passed on.
    unsafe { hand_over(out, make) }
}

/// Ends a verification, and wipes its keys and what it read of the document. Null is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_free(verifier: *mut RdaVerifier) {
    // SAFETY: passed on.
    unsafe { take_back(verifier) };
}

/// The last error of this handle; of null, null. The structure is good until the handle's next error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_last_error(verifier: *const RdaVerifier) -> *const RdaError {
    // SAFETY: passed on.
    unsafe { reference(verifier, "verifier") }
        .map_or(ptr::null(), |verifier| verifier.0.last_error())
}

/// # Safety
/// Null, or a handle that lives during the call.
unsafe fn call(
    verifier: *mut RdaVerifier,
    body: impl FnOnce(&mut Examination) -> Outcome,
) -> RdaCode {
    // SAFETY: passed on.
    match unsafe { reference(verifier, "verifier") } {
        Ok(verifier) => verifier.0.call(body),
        Err(failure) => failure.code,
    }
}

/// Draws a challenge for Active Authentication, 8 bytes, for the terminal. Once only; not after rda_verifier_bind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_make_challenge(
    verifier: *mut RdaVerifier,
    challenge: *mut u8,
) -> RdaCode {
    let make = |examination: &mut Examination| {
        // SAFETY: passed on; an array of bytes is aligned everywhere.
        let challenge = unsafe { out(challenge.cast::<[u8; 8]>(), "challenge", [0; 8])? };
        challenge.set(examination.make_challenge()?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, make) }
}

/// Takes a challenge of 8 bytes that an earlier verifier drew, for hosts that keep it elsewhere between two requests. It
/// must be used once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_set_challenge(
    verifier: *mut RdaVerifier,
    challenge: *const u8,
) -> RdaCode {
    let set = |examination: &mut Examination| {
        // SAFETY: passed on.
        let challenge = unsafe { array::<8>(challenge, "challenge")? };
        examination.set_challenge(*challenge)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, set) }
}

/// Binds both proofs to an origin and a request, as docs/protocol.md has it and rda_terminal_bind does on the other side.
/// Takes the place of a challenge, for terminals that bind, such as the project's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_bind(
    verifier: *mut RdaVerifier,
    origin: *const c_char,
    request: *const u8,
    request_len: usize,
) -> RdaCode {
    let bind = |examination: &mut Examination| {
        // SAFETY: passed on.
        let (origin, request) = unsafe {
            (
                text(origin, "origin")?,
                bytes(request, request_len, "request")?,
            )
        };
        examination.bind(origin, request)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, bind) }
}

/// Passive Authentication: verifies the signature of EF.SOD against a store, for a document of `state` (as "NLD" or "D")
/// at `time`, seconds since 1970.
///
/// Fails with RDA_CODE_ISSUER_UNKNOWN, _SIGNATURE_WRONG, _SIGNER_REVOKED or _EVIDENCE_MALFORMED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verify_signature(
    verifier: *mut RdaVerifier,
    store: *const RdaStore,
    state: *const c_char,
    time: i64,
    sod: *const u8,
    sod_len: usize,
) -> RdaCode {
    let verify = |examination: &mut Examination| {
        // SAFETY: passed on.
        let (store, state, sod) = unsafe {
            (
                reference(store, "store")?,
                text(state, "state")?,
                bytes(sod, sod_len, "sod")?,
            )
        };
        let store = store.handle().read()?;
        examination.signature(&store, state, UnixTime(time), sod)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, verify) }
}

/// Verifies that the files which prove the chip are those that EF.SOD lists, no fewer and no others: DG14, and DG15 (of a
/// driving licence, DG13). EF.CardAccess is compared with DG14, and decides nothing. A file that the document does not have
/// is null with length 0.
///
/// Fails with RDA_CODE_EVIDENCE_INCOMPLETE, _DOCUMENT_ALTERED or _EVIDENCE_MALFORMED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verify_files(
    verifier: *mut RdaVerifier,
    card_access: *const u8,
    card_access_len: usize,
    dg14: *const u8,
    dg14_len: usize,
    dg15: *const u8,
    dg15_len: usize,
) -> RdaCode {
    let verify = |examination: &mut Examination| {
        // SAFETY: passed on.
        let files = unsafe {
            SecurityFiles {
                card_access: optional_bytes(card_access, card_access_len, "card_access")?,
                dg14: optional_bytes(dg14, dg14_len, "dg14")?,
                authentication_key: optional_bytes(dg15, dg15_len, "dg15")?,
            }
        };
        examination.files(&files)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, verify) }
}

/// Verifies the chip's signature over the challenge. Null with length 0 says that there is none: a failure if the document
/// has a key for it.
///
/// Fails with RDA_CODE_EVIDENCE_INCOMPLETE or _CHIP_NOT_GENUINE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verify_active_authentication(
    verifier: *mut RdaVerifier,
    signature: *const u8,
    signature_len: usize,
) -> RdaCode {
    let verify = |examination: &mut Examination| {
        // SAFETY: passed on.
        let signature = unsafe { optional_bytes(signature, signature_len, "signature")? };
        examination.active_authentication(signature)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, verify) }
}

/// Prepares remote Chip Authentication: a key of the verifier's own, and commands that read the identity file under keys
/// that only the chip and this verifier will have. Hand them to the terminal, and its answers to
/// rda_verifier_verify_chip_authentication.
///
/// Fails with RDA_CODE_NO_CHIP_PROOF if the document has no key for it: the identity file is then brought by the terminal,
/// see rda_verifier_verify_identity_file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_prepare_chip_authentication(
    verifier: *mut RdaVerifier,
    reading: *const RdaReading,
    command: *mut RdaChipCommand,
) -> RdaCode {
    let prepare = |examination: &mut Examination| {
        // SAFETY: passed on.
        let (command, reading) = unsafe {
            (
                out(command, "command", RdaChipCommand::NONE)?,
                reference(reading, "reading")?,
            )
        };
        let asked = examination.prepare(reading.short_identifiers != 0, reading.max_response)?;
        command.set(RdaChipCommand {
            public_key: asked.public_key.as_ptr(),
            public_key_len: asked.public_key.len(),
            protocol: asked.protocol.as_ptr(),
            key_id: asked.key_id.unwrap_or(0),
            has_key_id: u32::from(asked.key_id.is_some()),
            commands: &raw const *asked.commands,
        });
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, prepare) }
}

/// Verifies the chip's answers, and with them the identity file that they bring.
///
/// Fails with RDA_CODE_CHIP_NOT_GENUINE, _FILE_UNREADABLE (the chip proved itself, and did not give the file) or
/// _DOCUMENT_ALTERED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verify_chip_authentication(
    verifier: *mut RdaVerifier,
    answers: *const RdaApduList,
) -> RdaCode {
    let verify = |examination: &mut Examination| {
        // SAFETY: passed on.
        let answers = unsafe { reference(answers, "answers")? };
        examination.chip_authentication(&answers.to_vec()?)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, verify) }
}

/// Verifies the identity file (DG1; of a driving licence, DG12) as the terminal read it, for documents without Chip Authentication. With Chip
/// Authentication it is RDA_CODE_WRONG_STATE: such a file comes through the chip's own channel only.
///
/// Fails with RDA_CODE_DOCUMENT_ALTERED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verify_identity_file(
    verifier: *mut RdaVerifier,
    file: *const u8,
    file_len: usize,
) -> RdaCode {
    let verify = |examination: &mut Examination| {
        // SAFETY: passed on.
        let file = unsafe { bytes(file, file_len, "file")? };
        examination.identity_file(file)
    };
    // SAFETY: passed on.
    unsafe { call(verifier, verify) }
}

/// The verdict: every check, and whether the document is genuine. `genuine` is 1 only if nothing that was looked at failed,
/// the issuing state vouches for it, the chip itself gave at least one proof, and the identity file was verified.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verdict(
    verifier: *mut RdaVerifier,
    verdict: *mut RdaVerdict,
) -> RdaCode {
    let tell = |examination: &mut Examination| {
        // SAFETY: passed on.
        let verdict = unsafe { out(verdict, "verdict", RdaVerdict::NONE)? };
        verdict.set(examination.verdict());
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, tell) }
}

/// The verdict as JSON in UTF-8, with the reason of each failure and the names of all deviations. It names nothing of a
/// person, but the fingerprints of certificates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_verdict_json(
    verifier: *mut RdaVerifier,
    json: *mut RdaBytes,
) -> RdaCode {
    let tell = |examination: &mut Examination| {
        // SAFETY: passed on.
        let json = unsafe { out(json, "json", RdaBytes::EMPTY)? };
        json.set(RdaBytes::copy(examination.verdict_json().as_bytes()));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, tell) }
}

/// The identity file (DG1; of a driving licence, DG12), once the verdict is that the document is genuine; before, RDA_CODE_WRONG_STATE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_identity_file(
    verifier: *mut RdaVerifier,
    file: *mut RdaBytes,
) -> RdaCode {
    let give = |examination: &mut Examination| {
        // SAFETY: passed on.
        let file = unsafe { out(file, "file", RdaBytes::EMPTY)? };
        file.set(RdaBytes::copy(examination.identity()?));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, give) }
}

/// The machine readable zone of the identity file, lines joined without a break: 88, 90 or 72 characters. As
/// rda_verifier_identity_file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_mrz(
    verifier: *mut RdaVerifier,
    mrz: *mut RdaBytes,
) -> RdaCode {
    let give = |examination: &mut Examination| {
        // SAFETY: passed on.
        let mrz = unsafe { out(mrz, "mrz", RdaBytes::EMPTY)? };
        mrz.set(RdaBytes::copy(&examination.mrz()?));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, give) }
}

/// The line of a Dutch driving licence, 30 characters, from its identity file: it bears the number of the licence, and no
/// name. As rda_verifier_identity_file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_verifier_licence_line(
    verifier: *mut RdaVerifier,
    line: *mut RdaBytes,
) -> RdaCode {
    let give = |examination: &mut Examination| {
        // SAFETY: passed on.
        let line = unsafe { out(line, "line", RdaBytes::EMPTY)? };
        line.set(RdaBytes::copy(&examination.licence_line()?));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(verifier, give) }
}
