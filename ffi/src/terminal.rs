//! The terminal's half: a conversation with one chip.

mod exchange;
mod session;
mod worker;

use core::ffi::{c_char, c_void};
use core::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use icao::access_key::{AccessKey, PaceKey};
use icao::driving_licence::LicenceLine;
use icao::mrz::AccessFields;

use crate::apdu_list::RdaApduList;
use crate::boundary::{
    self, Handle, Outcome, array, bytes, hand_over, optional_bytes, out, reference, take_back, text,
};
use crate::bytes::RdaBytes;
use crate::code::RdaCode;
use crate::failure::{Failure, RdaError};
use crate::verifier::RdaChipCommand;
use exchange::ChipCommand;
use session::{Callbacks, Session};
use worker::{Challenge, Job, Output};

pub use exchange::{
    RdaAccess, RdaConversation, RdaFile, RdaLink, RdaOption, RdaProgress, RdaReset, RdaStage,
    RdaStep, RdaStepKind, RdaTransmit,
};

/// A conversation with one chip.
///
/// Make it, give it access keys, open the chip, read, prove, free it. With callbacks (rda_terminal_set_transport) the
/// functions rda_terminal_open, _read, _active_authentication and _chip_authentication do all of that and return when it
/// is done. Without, each has a twin rda_terminal_begin_..., after which rda_terminal_next says what to do next.
pub struct RdaTerminal {
    session: Handle<Session>,
    cancelled: Arc<AtomicBool>,
}

/// Makes a terminal. Nothing is sent before rda_terminal_open or rda_terminal_begin_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_new(out: *mut *mut RdaTerminal) -> RdaCode {
    let make = || {
        let cancelled = Arc::new(AtomicBool::new(false));
        Ok(RdaTerminal {
            session: Handle::new(Session::new(Arc::clone(&cancelled))),
            cancelled,
        })
    };
    // SAFETY: passed on.
    unsafe { hand_over(out, make) }
}

/// Ends the conversation, and wipes access keys, session keys and files. Null is nothing. Must not be called while another
/// call with this handle runs, nor from inside its callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_free(terminal: *mut RdaTerminal) {
    // SAFETY: passed on.
    unsafe { take_back(terminal) };
}

/// The last error of this handle; of null, null. The structure is good until the handle's next error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_last_error(terminal: *const RdaTerminal) -> *const RdaError {
    // SAFETY: passed on.
    unsafe { reference(terminal, "terminal") }
        .map_or(ptr::null(), |terminal| terminal.session.last_error())
}

/// Ends what the conversation is doing, with RDA_CODE_CANCELLED: nothing more is sent to the chip with this handle. The
/// one function that may be called while another runs, from any thread and from inside a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_cancel(terminal: *const RdaTerminal) -> RdaCode {
    boundary::bare(|| {
        // SAFETY: passed on.
        unsafe { reference(terminal, "terminal")? }
            .cancelled
            .store(true, Ordering::Release);
        Ok(())
    })
}

/// Runs `body` on the session behind a handle.
///
/// # Safety
/// Null, or a handle that lives during the call.
unsafe fn call(terminal: *mut RdaTerminal, body: impl FnOnce(&mut Session) -> Outcome) -> RdaCode {
    // SAFETY: passed on.
    match unsafe { reference(terminal, "terminal") } {
        Ok(terminal) => terminal.session.call(body),
        Err(failure) => failure.code,
    }
}

/// The link to the chip as functions: `transmit` must be there; without `reset` a lost chip is not opened again;
/// `progress` may be null. `context` is handed to each as it is.
///
/// They are called on the thread that calls, and never after that call has returned. They must return, must not throw or
/// jump out, and of this handle's functions may call rda_terminal_cancel only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_set_transport(
    terminal: *mut RdaTerminal,
    transmit: RdaTransmit,
    reset: RdaReset,
    progress: RdaProgress,
    context: *mut c_void,
) -> RdaCode {
    let set = |session: &mut Session| {
        let transmit =
            transmit.ok_or_else(|| Failure::new(RdaCode::NullPointer, "`transmit` is null"))?;
        session.set_callbacks(Callbacks::new(transmit, reset, progress, context))
    };
    // SAFETY: passed on.
    unsafe { call(terminal, set) }
}

/// Sets one of RdaOption, before the chip is opened. Each says what it means and what it is without being set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_set_option(
    terminal: *mut RdaTerminal,
    option: u32,
    value: u64,
) -> RdaCode {
    // SAFETY: passed on.
    unsafe { call(terminal, |session| session.set_option(option, value)) }
}

/// Adds an access key from the machine readable zone: the document number without its check digit, the dates of birth and
/// of expiry as YYMMDD. Keys are tried in the order in which they were added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_add_mrz(
    terminal: *mut RdaTerminal,
    document_number: *const c_char,
    date_of_birth: *const c_char,
    date_of_expiry: *const c_char,
) -> RdaCode {
    let add = |session: &mut Session| {
        // SAFETY: passed on.
        let (number, birth, expiry) = unsafe {
            (
                text(document_number, "document_number")?,
                text(date_of_birth, "date_of_birth")?,
                text(date_of_expiry, "date_of_expiry")?,
            )
        };
        // Which of the fields is wrong could be told, but not without telling something of it.
        let fields = AccessFields::new(number, birth, expiry)
            .map_err(|_| Failure::argument("not fields of a machine readable zone"))?;
        session.add_keys([AccessKey::Mrz(fields)])
    };
    // SAFETY: passed on.
    unsafe { call(terminal, add) }
}

/// Adds the SHA-1 digest of the MRZ information (document number, date of birth and date of expiry, each with its check
/// digit), 20 bytes: it opens the document without telling the fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_add_mrz_digest(
    terminal: *mut RdaTerminal,
    digest: *const u8,
) -> RdaCode {
    let add = |session: &mut Session| {
        // SAFETY: passed on.
        let digest = unsafe { array::<20>(digest, "digest")? };
        session.add_keys([AccessKey::MrzDigest(*digest)])
    };
    // SAFETY: passed on.
    unsafe { call(terminal, add) }
}

/// Adds the access keys of a driving licence: the line of 30 characters that is printed on it. It makes two, since there are
/// two readings of the standard. See RDA_OPTION_DOCUMENT_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_add_licence_line(
    terminal: *mut RdaTerminal,
    line: *const c_char,
) -> RdaCode {
    let add = |session: &mut Session| {
        // SAFETY: passed on.
        let line = unsafe { text(line, "line")? };
        let line = LicenceLine::parse(line)
            .map_err(|_| Failure::argument("not the line of a driving licence"))?;
        session.add_keys(line.access_keys())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, add) }
}

/// Adds a card access number: six digits, or the ten characters of a driving licence. It opens documents that have PACE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_add_can(
    terminal: *mut RdaTerminal,
    card_access_number: *const c_char,
) -> RdaCode {
    let add = |session: &mut Session| {
        // SAFETY: passed on.
        let number = unsafe { text(card_access_number, "card_access_number")? };
        session.add_keys([AccessKey::can(number).map_err(Failure::argument)?])
    };
    // SAFETY: passed on.
    unsafe { call(terminal, add) }
}

/// Adds the two hashes from which the PACE key is cut (Doc 9303-11, 9.7.1): the first 16 bytes of SHA-1 and the 32 bytes
/// of SHA-256 of `password || 00000003`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_add_pace_key(
    terminal: *mut RdaTerminal,
    sha1_16: *const u8,
    sha256_32: *const u8,
) -> RdaCode {
    let add = |session: &mut Session| {
        // SAFETY: passed on.
        let (sha1_16, sha256_32) = unsafe {
            (
                *array::<16>(sha1_16, "sha1_16")?,
                *array::<32>(sha256_32, "sha256_32")?,
            )
        };
        session.add_keys([AccessKey::PaceKey(PaceKey { sha1_16, sha256_32 })])
    };
    // SAFETY: passed on.
    unsafe { call(terminal, add) }
}

/// Binds the proofs that follow to an origin and a request, as docs/protocol.md has it: `origin` in the spelling of a
/// browser ("https://login.example"), `request` the octets that the verifier signed (of a JWS, those up to its second dot).
/// The verifier must bind to the same, and both proofs then hold for these two only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_bind(
    terminal: *mut RdaTerminal,
    origin: *const c_char,
    request: *const u8,
    request_len: usize,
) -> RdaCode {
    let bind = |session: &mut Session| {
        // SAFETY: passed on.
        let (origin, request) = unsafe {
            (
                text(origin, "origin")?,
                bytes(request, request_len, "request")?,
            )
        };
        session.bind(origin, request)
    };
    // SAFETY: passed on.
    unsafe { call(terminal, bind) }
}

/// Opens the chip with the first key that it accepts, by PACE where it has that and by BAC otherwise.
///
/// After RDA_CODE_ACCESS_DATA_WRONG with `keys_left`, calling it again goes on with the keys that were not tried: do so
/// when the document has been taken away and laid again, because chips slow down after wrong keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_open(terminal: *mut RdaTerminal) -> RdaCode {
    // SAFETY: passed on.
    unsafe { call(terminal, |session| session.run(Job::Open).map(drop)) }
}

/// Reads a whole file, one of RdaFile. The terminal keeps EF.SOD, DG14 and DG15 (of a driving licence, DG13), which its
/// proofs need.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_read(
    terminal: *mut RdaTerminal,
    file: u32,
    content: *mut RdaBytes,
) -> RdaCode {
    let read = |session: &mut Session| {
        // SAFETY: passed on.
        let content = unsafe { out(content, "content", RdaBytes::EMPTY)? };
        content.set(session.run(Job::read(file)?)?.bytes()?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, read) }
}

/// Lets the chip sign a challenge of 8 bytes; with null, the one that follows from rda_terminal_bind. EF.SOD and DG15
/// (of a driving licence, DG13) must have been read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_active_authentication(
    terminal: *mut RdaTerminal,
    challenge: *const u8,
    signature: *mut RdaBytes,
) -> RdaCode {
    let prove = |session: &mut Session| {
        // SAFETY: passed on.
        let (signature, challenge) = unsafe {
            (
                out(signature, "signature", RdaBytes::EMPTY)?,
                challenge_of(challenge)?,
            )
        };
        signature.set(session.run(Job::ActiveAuthentication(challenge))?.bytes()?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, prove) }
}

/// Carries out what a verifier asks: hands its public key to the chip, bound if rda_terminal_bind was called, and then
/// passes on its commands. The answers are for the verifier to judge, and cannot be read here. EF.SOD and DG14 must have
/// been read.
///
/// Only what reads DG1 (of a driving licence, DG12) is passed on (docs/protocol.md); anything else is RDA_CODE_COMMAND_FORBIDDEN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_chip_authentication(
    terminal: *mut RdaTerminal,
    command: *const RdaChipCommand,
    answers: *mut *mut RdaApduList,
) -> RdaCode {
    let prove = |session: &mut Session| {
        // SAFETY: passed on.
        let (answers, command) = unsafe {
            (
                out(answers, "answers", ptr::null_mut())?,
                command_of(command)?,
            )
        };
        let list = session.run(Job::ChipAuthentication(command))?.list()?;
        answers.set(Box::into_raw(Box::new(list)));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, prove) }
}

/// Begins what rda_terminal_open does; go on with rda_terminal_next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_begin_open(terminal: *mut RdaTerminal) -> RdaCode {
    // SAFETY: passed on.
    unsafe { call(terminal, |session| session.begin(Job::Open)) }
}

/// Begins what rda_terminal_read does; go on with rda_terminal_next, and take the file with rda_terminal_take_bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_begin_read(terminal: *mut RdaTerminal, file: u32) -> RdaCode {
    // SAFETY: passed on.
    unsafe { call(terminal, |session| session.begin(Job::read(file)?)) }
}

/// Begins what rda_terminal_active_authentication does; go on with rda_terminal_next, and take the signature with
/// rda_terminal_take_bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_begin_active_authentication(
    terminal: *mut RdaTerminal,
    challenge: *const u8,
) -> RdaCode {
    let begin = |session: &mut Session| {
        // SAFETY: passed on.
        let challenge = unsafe { challenge_of(challenge)? };
        session.begin(Job::ActiveAuthentication(challenge))
    };
    // SAFETY: passed on.
    unsafe { call(terminal, begin) }
}

/// Begins what rda_terminal_chip_authentication does; go on with rda_terminal_next, and take the answers with
/// rda_terminal_take_answers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_begin_chip_authentication(
    terminal: *mut RdaTerminal,
    command: *const RdaChipCommand,
) -> RdaCode {
    let begin = |session: &mut Session| {
        // SAFETY: passed on.
        let command = unsafe { command_of(command)? };
        session.begin(Job::ChipAuthentication(command))
    };
    // SAFETY: passed on.
    unsafe { call(terminal, begin) }
}

/// Says what to do next. It computes and never waits for the chip: some milliseconds, or some tens of them in PACE.
///
/// Returns RDA_CODE_OK and a step; after RDA_STEP_KIND_TRANSMIT and _RESET answer with rda_terminal_respond. When what was
/// begun has failed, it returns the reason, and the step is RDA_STEP_KIND_DONE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_next(
    terminal: *mut RdaTerminal,
    step: *mut RdaStep,
) -> RdaCode {
    let next = |session: &mut Session| {
        // SAFETY: passed on.
        let step = unsafe { out(step, "step", RdaStep::DONE)? };
        step.set(session.next()?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, next) }
}

/// Answers a step: with RDA_LINK_OK and the chip's whole response (data, SW1, SW2), or none after a reset; or with what
/// happened to the link, one of RdaLink.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_respond(
    terminal: *mut RdaTerminal,
    link: i32,
    response: *const u8,
    response_len: usize,
) -> RdaCode {
    let respond = |session: &mut Session| {
        // SAFETY: passed on.
        let response = unsafe { optional_bytes(response, response_len, "response")? };
        session.respond(link, response.unwrap_or_default())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, respond) }
}

/// Takes the file or the signature that was begun and is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_take_bytes(
    terminal: *mut RdaTerminal,
    taken: *mut RdaBytes,
) -> RdaCode {
    let take = |session: &mut Session| {
        // SAFETY: passed on.
        let taken = unsafe { out(taken, "taken", RdaBytes::EMPTY)? };
        taken.set(session.take(Output::is_bytes)?.bytes()?);
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, take) }
}

/// Takes the answers of Chip Authentication that was begun and is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_take_answers(
    terminal: *mut RdaTerminal,
    taken: *mut *mut RdaApduList,
) -> RdaCode {
    let take = |session: &mut Session| {
        // SAFETY: passed on.
        let taken = unsafe { out(taken, "taken", ptr::null_mut())? };
        let list = session.take(Output::is_list)?.list()?;
        taken.set(Box::into_raw(Box::new(list)));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, take) }
}

/// How the chip was opened, what the link carries and what the conversation has cost: as of the end of the last operation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_terminal_conversation(
    terminal: *mut RdaTerminal,
    conversation: *mut RdaConversation,
) -> RdaCode {
    let tell = |session: &mut Session| {
        // SAFETY: passed on.
        let conversation = unsafe { out(conversation, "conversation", RdaConversation::NONE)? };
        conversation.set(session.conversation());
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { call(terminal, tell) }
}

/// # Safety
/// Null, or 8 bytes.
unsafe fn challenge_of(challenge: *const u8) -> Result<Challenge, Failure> {
    if challenge.is_null() {
        return Ok(Challenge::Bound);
    }
    // SAFETY: passed on.
    let challenge = unsafe { array::<8>(challenge, "challenge")? };
    Ok(Challenge::Given(*challenge))
}

/// # Safety
/// Null, or a structure whose pointers are what its comments say.
unsafe fn command_of(command: *const RdaChipCommand) -> Result<ChipCommand, Failure> {
    // SAFETY: passed on.
    let command = unsafe { reference(command, "command")? };
    // SAFETY: passed on.
    let (public_key, protocol, commands) = unsafe {
        (
            bytes(command.public_key, command.public_key_len, "public_key")?,
            text(command.protocol, "protocol")?,
            reference(command.commands, "commands")?,
        )
    };
    Ok(ChipCommand {
        protocol: protocol.to_owned(),
        key_id: (command.has_key_id != 0).then_some(command.key_id),
        public_key: public_key.to_vec(),
        commands: commands.to_vec()?,
    })
}

/// What the tests of the boundary need of the inside.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Arc, AtomicBool, Job, Session};

    pub(crate) fn session(cancelled: Arc<AtomicBool>) -> Session {
        Session::new(cancelled)
    }

    pub(crate) fn panicking_job() -> Job {
        Job::Panic
    }
}
