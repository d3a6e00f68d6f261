//! A list of APDUs: a verifier's commands, a chip's answers.

use core::ptr;

use crate::boundary::{self, Handle, Outcome, bytes, hand_over, out, reference, take_back};
use crate::code::RdaCode;
use crate::failure::Failure;

/// Most APDUs in a list, and most bytes in one of them: more than any command or answer of Chip Authentication.
const MOST: usize = 16;
const LONGEST: usize = 4096;

/// APDUs in order: a verifier's commands to the chip, or the chip's answers.
pub struct RdaApduList(Handle<Vec<Vec<u8>>>);

impl RdaApduList {
    pub(crate) fn new(apdus: Vec<Vec<u8>>) -> Self {
        Self(Handle::new(apdus))
    }

    pub(crate) fn to_vec(&self) -> Result<Vec<Vec<u8>>, Failure> {
        Ok(self.0.read()?.clone())
    }
}

/// Makes an empty list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_apdu_list_new(out: *mut *mut RdaApduList) -> RdaCode {
    // SAFETY: passed on.
    unsafe { hand_over(out, || Ok(RdaApduList::new(Vec::new()))) }
}

/// Appends a copy of an APDU of 2 to 4096 bytes; a list holds up to 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_apdu_list_add(
    list: *mut RdaApduList,
    apdu: *const u8,
    apdu_len: usize,
) -> RdaCode {
    boundary::bare(|| {
        // SAFETY: passed on.
        let (list, apdu) = unsafe { (reference(list, "list")?, bytes(apdu, apdu_len, "apdu")?) };
        let add = |apdus: &mut Vec<Vec<u8>>| -> Outcome {
            if !(2..=LONGEST).contains(&apdu.len()) || apdus.len() >= MOST {
                return Err(Failure::argument("an APDU too long, or too many"));
            }
            apdus.push(apdu.to_vec());
            Ok(())
        };
        match list.0.call(add) {
            RdaCode::Ok => Ok(()),
            code => Err(Failure::new(code, "")),
        }
    })
}

/// How many APDUs a list holds; 0 for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_apdu_list_len(list: *const RdaApduList) -> usize {
    let mut len = 0;
    boundary::bare(|| {
        // SAFETY: passed on.
        len = unsafe { reference(list, "list")? }.0.read()?.len();
        Ok(())
    });
    len
}

/// Lends one APDU of a list, counted from 0. It belongs to the list, until that is changed or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_apdu_list_get(
    list: *const RdaApduList,
    index: usize,
    apdu: *mut *const u8,
    apdu_len: *mut usize,
) -> RdaCode {
    boundary::bare(|| {
        // SAFETY: passed on.
        let (list, apdu, apdu_len) = unsafe {
            (
                reference(list, "list")?,
                out(apdu, "apdu", ptr::null())?,
                out(apdu_len, "apdu_len", 0)?,
            )
        };
        let apdus = list.0.read()?;
        let found = apdus
            .get(index)
            .ok_or_else(|| Failure::argument("no APDU of this number"))?;
        apdu.set(found.as_ptr());
        apdu_len.set(found.len());
        Ok(())
    })
}

/// Frees a list; null is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_apdu_list_free(list: *mut RdaApduList) {
    // SAFETY: passed on.
    unsafe { take_back(list) };
}
