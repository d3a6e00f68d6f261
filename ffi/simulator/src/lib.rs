//! A simulated chip for users of `librda` in their tests: a library of its own, so that `librda` holds none.
//!
//! Its two functions `rda_simulator_transmit` and `rda_simulator_reset` are callbacks for `rda_terminal_set_transport`, with
//! the chip as their context.
#![expect(unsafe_code, reason = "a C interface takes pointers")]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![allow(
    clippy::missing_safety_doc,
    reason = "as in librda: pointers are null, or what the header says they are"
)]

use core::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use base64ct::{Base64, Encoding};
use icao::pki::DocumentKind;
use icao::simulator::{Chip, IssuerError, Profile, csca_certificates};

/// RDA_LINK_OK and RDA_LINK_FAILED of librda.
const LINK_OK: i32 = 0;
const LINK_FAILED: i32 = 1;

/// A simulated chip. Its holder is invented and its keys are public.
pub struct RdaSimulatedChip(Chip);

/// Makes a chip of a profile: "nl-passport-2011", "nl-id-2014", "nl-passport-2024", "clone", "tampered", "pace-p256",
/// "nl-licence-2014" or "nl-licence-2020". Its nonces and ephemeral keys follow from `seed`. Null for other names.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_simulator_chip_new(
    profile: *const c_char,
    seed: u64,
) -> *mut RdaSimulatedChip {
    contained(|| {
        if profile.is_null() {
            return None;
        }
        // SAFETY: not null, and a text by the word of the caller.
        let name = unsafe { CStr::from_ptr(profile) }.to_str().ok()?;
        let chip = Profile::from_name(name)?.chip(&seed.to_be_bytes()).ok()?;
        Some(Box::into_raw(Box::new(RdaSimulatedChip(chip))))
    })
    .unwrap_or(core::ptr::null_mut())
}

/// Takes a chip away; null is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_simulator_chip_free(chip: *mut RdaSimulatedChip) {
    contained(|| {
        if !chip.is_null() {
            // SAFETY: from `rda_simulator_chip_new`, by the word of the caller.
            drop(unsafe { Box::from_raw(chip) });
        }
        Some(())
    });
}

/// A callback for rda_terminal_set_transport: the chip answers a command. `chip` is the chip.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_simulator_transmit(
    chip: *mut c_void,
    command: *const u8,
    command_len: usize,
    response: *mut u8,
    response_len: *mut usize,
) -> i32 {
    contained(|| {
        // SAFETY: null, or a chip that nobody else uses during the call.
        let RdaSimulatedChip(chip) = unsafe { chip.cast::<RdaSimulatedChip>().as_mut()? };
        if command.is_null() || response.is_null() {
            return None;
        }
        // SAFETY: not null, and that many bytes by the word of the caller.
        let command = unsafe { core::slice::from_raw_parts(command, command_len) };
        // SAFETY: null, or a number.
        let response_len = unsafe { response_len.as_mut()? };
        let answer = chip.process(command);
        if answer.len() > *response_len {
            return None;
        }
        // SAFETY: room for `response_len` bytes by the word of the caller, and the answer is no longer.
        unsafe { core::ptr::copy_nonoverlapping(answer.as_ptr(), response, answer.len()) };
        *response_len = answer.len();
        Some(LINK_OK)
    })
    .unwrap_or(LINK_FAILED)
}

/// A callback for rda_terminal_set_transport: the chip loses its power for a moment. `chip` is the chip.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_simulator_reset(chip: *mut c_void) -> i32 {
    contained(|| {
        // SAFETY: null, or a chip that nobody else uses during the call.
        let RdaSimulatedChip(chip) = unsafe { chip.cast::<RdaSimulatedChip>().as_mut()? };
        chip.reset();
        Some(LINK_OK)
    })
    .unwrap_or(LINK_FAILED)
}

/// The CSCA certificates of the simulated state "NLD" for documents of a kind (RdaDocumentKind of librda), PEM. Who trusts
/// them trusts everybody who has this source code. Null for other kinds; never freed.
#[unsafe(no_mangle)]
pub extern "C" fn rda_simulator_csca(kind: u32) -> *const c_char {
    static TRAVEL: OnceLock<String> = OnceLock::new();
    static CARD: OnceLock<String> = OnceLock::new();
    static LICENCE: OnceLock<String> = OnceLock::new();
    contained(|| {
        let (place, kind) = match kind {
            1 => (&TRAVEL, DocumentKind::TravelDocument),
            2 => (&CARD, DocumentKind::IdentityCard),
            3 => (&LICENCE, DocumentKind::DrivingLicence),
            _ => return None,
        };
        let text = place.get_or_init(|| csca_pem(kind).unwrap_or_default() + "\0");
        Some(text.as_ptr().cast())
    })
    .unwrap_or(core::ptr::null())
}

/// The CSCA certificates of the simulated state for documents of a kind, PEM.
///
/// # Errors
/// [`IssuerError`] if a key of the simulator is unusable, which does not happen.
pub fn csca_pem(kind: DocumentKind) -> Result<String, IssuerError> {
    let mut text = String::new();
    for csca in csca_certificates()?.iter().filter(|csca| csca.kind == kind) {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in Base64::encode_string(&csca.der).as_bytes().chunks(64) {
            text.extend(line.iter().copied().map(char::from));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    Ok(text)
}

fn contained<T>(body: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(body)).ok().flatten()
}
