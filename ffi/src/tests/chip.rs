//! A simulated chip behind the callbacks of a host, on a link that may fail.

use core::ffi::c_void;

use icao::simulator::{Chip, Profile};

use crate::terminal::RdaLink;

/// What a host's context points to.
pub(super) struct Host {
    pub(super) chip: Chip,
    /// What becomes of the next exchanges, one number each; the chip answers when there are no more.
    pub(super) faults: Vec<i32>,
    pub(super) exchanges: usize,
}

impl Host {
    pub(super) fn new(profile: Profile, seed: u64) -> Self {
        Self {
            chip: profile.chip(&seed.to_be_bytes()).unwrap(),
            faults: Vec::new(),
            exchanges: 0,
        }
    }

    /// A pointer for `context`, good as long as nothing else uses the host.
    pub(super) fn context(&mut self) -> *mut c_void {
        core::ptr::from_mut(self).cast()
    }

    pub(super) fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, i32> {
        self.exchanges += 1;
        match self.faults.pop() {
            None | Some(0) => Ok(self.chip.process(command)),
            Some(fault) => {
                if fault == RdaLink::Reset as i32 || fault == RdaLink::Removed as i32 {
                    self.chip.reset();
                }
                Err(fault)
            }
        }
    }
}

pub(super) unsafe extern "C" fn transmit(
    context: *mut c_void,
    command: *const u8,
    command_len: usize,
    response: *mut u8,
    response_len: *mut usize,
) -> i32 {
    let host = unsafe { &mut *context.cast::<Host>() };
    let command = unsafe { core::slice::from_raw_parts(command, command_len) };
    match host.exchange(command) {
        Err(fault) => fault,
        Ok(answer) if answer.len() > unsafe { *response_len } => RdaLink::TooLong as i32,
        Ok(answer) => {
            unsafe {
                core::ptr::copy_nonoverlapping(answer.as_ptr(), response, answer.len());
                *response_len = answer.len();
            }
            RdaLink::Ok as i32
        }
    }
}

pub(super) unsafe extern "C" fn reset(context: *mut c_void) -> i32 {
    let host = unsafe { &mut *context.cast::<Host>() };
    host.chip.reset();
    RdaLink::Ok as i32
}
