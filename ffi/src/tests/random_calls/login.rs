//! The calls of a login in their order, between which the random ones fall.

use core::ptr;
use std::ffi::CString;

use super::{World, transmit};
use crate::bytes::{RdaBytes, rda_bytes_free};
use crate::code::RdaCode;
use crate::store::rda_store_add_certificates;
use crate::terminal::*;
use crate::tests::chip::reset;
use crate::verifier::*;

/// Where the certificates of the simulated state are valid.
pub(super) const TIME: i64 = 1_800_000_000;

impl World {
    /// The next call of a login, whatever came of the ones before.
    pub(super) fn login_call(&mut self) {
        let (terminal, verifier, store) = (self.terminal, self.verifier, self.store);
        let kind = self.kind();
        let [key_file, identity_file] =
            [self.key_file(), self.identity_file()].map(|file| u32::try_from(file).unwrap());
        let (origin, state) = (c"https://login.example".as_ptr(), c"NLD".as_ptr());
        let (request, request_len) = (self.request.as_ptr(), self.request.len());
        let part = |file: &Vec<u8>| match file.len() {
            0 => (ptr::null(), 0),
            len => (file.as_ptr(), len),
        };
        let call = self.login_calls;
        self.login_calls += 1;
        unsafe {
            let _code = match call {
                0 => {
                    let context = self.host.context();
                    rda_terminal_set_transport(terminal, Some(transmit), Some(reset), None, context)
                }
                1 => self.add_own_key(),
                2 => rda_terminal_bind(terminal, origin, request, request_len),
                3 => rda_verifier_bind(verifier, origin, request, request_len),
                4 => {
                    let (csca, len) = part(&self.csca);
                    rda_store_add_certificates(store, kind, state, csca, len, ptr::null_mut())
                }
                5 => rda_terminal_open(terminal),
                6 => self.read_whole(28),
                7 => self.read_whole(29),
                8 => self.read_whole(14),
                9 => self.read_whole(key_file),
                10 => {
                    let mut signature = RdaBytes::EMPTY;
                    let code = rda_terminal_active_authentication(
                        terminal,
                        ptr::null(),
                        &raw mut signature,
                    );
                    self.signature = super::copied(&signature);
                    rda_bytes_free(&raw mut signature);
                    code
                }
                11 => {
                    let (sod, len) = part(&self.files[29]);
                    rda_verifier_verify_signature(verifier, store, state, TIME, sod, len)
                }
                12 => {
                    let [(access, access_len), (dg14, dg14_len), (dg15, dg15_len)] =
                        [28, 14, self.key_file()].map(|file| part(&self.files[file]));
                    rda_verifier_verify_files(
                        verifier, access, access_len, dg14, dg14_len, dg15, dg15_len,
                    )
                }
                13 => {
                    let (signature, len) = part(&self.signature);
                    rda_verifier_verify_active_authentication(verifier, signature, len)
                }
                14 => self.chip_authentication(false),
                15 => rda_verifier_verify_chip_authentication(verifier, self.answers),
                16 => self.read_whole(identity_file),
                17 => {
                    let (file, len) = part(&self.files[self.identity_file()]);
                    rda_verifier_verify_identity_file(verifier, file, len)
                }
                _ => {
                    self.results();
                    RdaCode::Ok
                }
            };
        }
    }

    /// The access data of the document that lies there.
    pub(super) fn add_own_key(&mut self) -> RdaCode {
        let holder = self.profile.holder();
        if self.kind() == 3 {
            let line = CString::new(holder.mrz_lines(self.profile.form()).concat()).unwrap();
            return unsafe {
                rda_terminal_set_option(self.terminal, RdaOption::DocumentKind as u32, 3);
                rda_terminal_add_licence_line(self.terminal, line.as_ptr())
            };
        }
        let [number, birth, expiry] = [
            holder.document_number,
            holder.date_of_birth,
            holder.date_of_expiry,
        ]
        .map(|text| CString::new(text).unwrap());
        unsafe {
            rda_terminal_add_mrz(
                self.terminal,
                number.as_ptr(),
                birth.as_ptr(),
                expiry.as_ptr(),
            )
        }
    }

    /// Reads a file, and keeps it.
    pub(super) fn read_whole(&mut self, file: u32) -> RdaCode {
        let mut content = RdaBytes::EMPTY;
        let code = unsafe { rda_terminal_read(self.terminal, file, &raw mut content) };
        if code == RdaCode::Ok
            && let Some(place) = self.files.get_mut(file as usize)
        {
            *place = super::copied(&content);
        } else {
            assert!(content.data.is_null());
        }
        unsafe { rda_bytes_free(&raw mut content) };
        code
    }
}
