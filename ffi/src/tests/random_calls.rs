//! Random sequences of calls with random and nearly right arguments: nothing crashes, leaks into a wrong verdict, or stops
//! answering. A few thousand calls as an ordinary test; under `RDA_LONG` minutes of them, with AddressSanitizer
//! (`cargo xtask test --long`).

use core::ffi::CStr;
use core::ptr;
use std::time::{Duration, Instant};

use icao::pki::DocumentKind;
use icao::simulator::{Profile, csca_certificates};
use icao::verifier::{authentication_key_group, identity_group};

mod dice;
mod login;

use super::chip::{Host, reset, transmit};
use crate::apdu_list::{
    RdaApduList, rda_apdu_list_add, rda_apdu_list_free, rda_apdu_list_get, rda_apdu_list_len,
    rda_apdu_list_new,
};
use crate::bytes::{RdaBytes, rda_bytes_free};
use crate::code::{RdaCode, rda_code_name, rda_code_text_key};
use crate::failure::RdaError;
use crate::store::{
    RdaStore, rda_store_add_certificates, rda_store_add_master_list,
    rda_store_add_revocation_lists, rda_store_anchors, rda_store_free, rda_store_last_error,
    rda_store_new,
};
use crate::terminal::*;
use crate::verifier::*;
use dice::Dice;

const TEXTS: [&CStr; 10] = [
    c"https://login.example",
    c"http://127.0.0.1:8080",
    c"ftp://nowhere",
    c"",
    c"NLD",
    c"D",
    c"202434",
    c"SPECI2024",
    c"960401",
    c"\xff\xfe",
];

/// One document on one reader, what has been read of it, and the handles that work on it.
struct World {
    dice: Dice,
    host: Box<Host>,
    profile: Profile,
    csca: Vec<u8>,
    terminal: *mut RdaTerminal,
    verifier: *mut RdaVerifier,
    store: *mut RdaStore,
    answers: *mut RdaApduList,
    request: Vec<u8>,
    files: [Vec<u8>; 31],
    signature: Vec<u8>,
    /// The step that waits for an answer.
    command: Option<Vec<u8>>,
    /// How far the calls of a login have come.
    login_calls: usize,
    calls: u64,
    genuine: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let profile = *dice.pick(&[
            Profile::NlPassport2011,
            Profile::NlPassport2024,
            Profile::PaceP256,
            Profile::NlLicence2020,
            Profile::Clone,
            Profile::Tampered,
        ]);
        let csca = csca_certificates().unwrap();
        let csca = csca
            .iter()
            .filter(|csca| csca.kind == profile.kind())
            .flat_map(|csca| csca.der.clone())
            .collect();
        let mut world = Self {
            host: Box::new(Host::new(profile, dice.roll())),
            request: dice.bytes(),
            dice,
            profile,
            csca,
            terminal: ptr::null_mut(),
            verifier: ptr::null_mut(),
            store: ptr::null_mut(),
            answers: ptr::null_mut(),
            files: Default::default(),
            signature: Vec::new(),
            command: None,
            login_calls: 0,
            calls: 0,
            genuine: false,
        };
        unsafe {
            assert_eq!(rda_terminal_new(&raw mut world.terminal), RdaCode::Ok);
            assert_eq!(rda_store_new(&raw mut world.store), RdaCode::Ok);
            let kind = world.kind();
            assert_eq!(
                rda_verifier_new(kind, 0, &raw mut world.verifier),
                RdaCode::Ok
            );
            assert_eq!(rda_apdu_list_new(&raw mut world.answers), RdaCode::Ok);
        }
        world
    }

    /// One of RdaDocumentKind.
    fn kind(&self) -> u32 {
        match self.profile.kind() {
            DocumentKind::TravelDocument => 1,
            DocumentKind::IdentityCard => 2,
            DocumentKind::DrivingLicence => 3,
        }
    }

    /// The number of the file with the key of Active Authentication.
    fn key_file(&self) -> usize {
        usize::from(authentication_key_group(self.profile.kind()).number())
    }

    /// The number of the file that says whose document it is.
    fn identity_file(&self) -> usize {
        usize::from(identity_group(self.profile.kind()).number())
    }

    /// The error of a handle is always one that can be read.
    fn read_error(error: *const RdaError) {
        if let Some(error) = unsafe { error.as_ref() } {
            for text in [error.text_key, error.message] {
                assert!(unsafe { CStr::from_ptr(text) }.to_str().is_ok());
            }
        }
    }

    fn round(&mut self) {
        self.calls += 1;
        match self.dice.below(22) {
            // Often enough for a login to get to its end now and then.
            0..=9 => self.login_call(),
            10..=12 => self.terminal_calls(),
            13 => self.terminal_settings(),
            14..=15 => self.steps(),
            16..=18 => self.verifier_calls(),
            19 => self.store_calls(),
            20 => self.list_calls(),
            _ => self.results(),
        }
        unsafe {
            Self::read_error(rda_terminal_last_error(self.terminal));
            Self::read_error(rda_verifier_last_error(self.verifier));
            Self::read_error(rda_store_last_error(self.store));
        }
    }

    fn terminal_settings(&mut self) {
        let terminal = self.terminal;
        let context = self.host.context();
        let dice = &mut self.dice;
        let text = |dice: &mut Dice| {
            let text = dice.pick(&TEXTS).as_ptr();
            dice.pointer(text)
        };
        unsafe {
            match dice.below(10) {
                0 | 1 => {
                    let transmit: RdaTransmit = if dice.one_in(20) {
                        None
                    } else {
                        Some(transmit)
                    };
                    let reset: RdaReset = if dice.one_in(3) { None } else { Some(reset) };
                    rda_terminal_set_transport(terminal, transmit, reset, None, context);
                }
                2 => {
                    let (option, value) = (dice.below(12), dice.roll() >> dice.below(64));
                    rda_terminal_set_option(terminal, u32::try_from(option).unwrap(), value);
                }
                3 => {
                    rda_terminal_add_mrz(terminal, text(dice), text(dice), text(dice));
                }
                4 | 5 => {
                    self.add_own_key();
                }
                6 => {
                    rda_terminal_add_can(terminal, text(dice));
                }
                7 => {
                    rda_terminal_add_licence_line(terminal, text(dice));
                }
                8 => {
                    let key = [7_u8; 32];
                    rda_terminal_add_pace_key(terminal, dice.pointer(key.as_ptr()), key.as_ptr());
                    rda_terminal_add_mrz_digest(terminal, dice.pointer(key.as_ptr()));
                }
                _ => {
                    let origin = if dice.one_in(4) {
                        text(dice)
                    } else {
                        TEXTS[0].as_ptr()
                    };
                    let request = &self.request;
                    rda_terminal_bind(terminal, origin, request.as_ptr(), request.len());
                }
            }
        }
    }

    fn terminal_calls(&mut self) {
        let terminal = self.terminal;
        if self.dice.one_in(8) {
            let fault = self.dice.below(10);
            self.host.faults.push(i32::try_from(fault).unwrap());
        }
        unsafe {
            match self.dice.below(8) {
                0 | 1 => {
                    rda_terminal_open(terminal);
                }
                2..=4 => {
                    let file = *self.dice.pick(&[0_u32, 1, 12, 13, 14, 15, 28, 29, 30, 99]);
                    self.read_whole(file);
                }
                5 | 6 => {
                    let challenge = [5; 8];
                    let challenge = match self.dice.one_in(4) {
                        true => challenge.as_ptr(),
                        false => ptr::null(),
                    };
                    let mut signature = RdaBytes::EMPTY;
                    rda_terminal_active_authentication(terminal, challenge, &raw mut signature);
                    if !signature.data.is_null() {
                        self.signature = copied(&signature);
                    }
                    rda_bytes_free(&raw mut signature);
                }
                _ => {
                    let spoil = self.dice.one_in(6);
                    self.chip_authentication(spoil);
                }
            }
        }
    }

    /// The verifier's command to the terminal, with a key that is none where `spoil`.
    fn chip_authentication(&mut self, spoil: bool) -> RdaCode {
        let mut command = core::mem::MaybeUninit::<RdaChipCommand>::uninit();
        let mut reading = RdaReading {
            short_identifiers: 1,
            max_response: 258,
        };
        if spoil {
            reading.short_identifiers = 0;
            reading.max_response = *self.dice.pick(&[0, 2050, 3, 64, usize::MAX]);
        }
        unsafe {
            let prepared = rda_verifier_prepare_chip_authentication(
                self.verifier,
                &raw const reading,
                command.as_mut_ptr(),
            );
            if prepared != RdaCode::Ok {
                return prepared;
            }
            let mut command = command.assume_init();
            let key = core::slice::from_raw_parts(command.public_key, command.public_key_len);
            let other = self.dice.spoil(key);
            if spoil {
                command.public_key = other.as_ptr();
                command.public_key_len = other.len();
            }
            let (terminal, mut answers) = (self.terminal, ptr::null_mut());
            let done =
                rda_terminal_chip_authentication(terminal, &raw const command, &raw mut answers);
            assert_eq!(done == RdaCode::Ok, !answers.is_null());
            if done == RdaCode::Ok {
                rda_apdu_list_free(self.answers);
                self.answers = answers;
            }
            done
        }
    }

    /// The same without callbacks, as far as it gets.
    fn steps(&mut self) {
        let terminal = self.terminal;
        unsafe {
            match self.dice.below(5) {
                0 => {
                    rda_terminal_begin_open(terminal);
                }
                1 => {
                    let file = *self.dice.pick(&[1_u32, 12, 13, 14, 15, 28, 29, 31]);
                    rda_terminal_begin_read(terminal, file);
                }
                2 => {
                    rda_terminal_begin_active_authentication(terminal, ptr::null());
                    rda_terminal_begin_chip_authentication(terminal, ptr::null());
                }
                3 => {
                    let mut bytes = RdaBytes::EMPTY;
                    rda_terminal_take_bytes(terminal, &raw mut bytes);
                    rda_bytes_free(&raw mut bytes);
                    let mut list = ptr::null_mut();
                    rda_terminal_take_answers(terminal, &raw mut list);
                    rda_apdu_list_free(list);
                }
                _ => {}
            }
        }
        for _ in 0..self.dice.below(60) {
            let mut step = core::mem::MaybeUninit::<RdaStep>::uninit();
            unsafe {
                match self.command.take() {
                    None => {
                        if rda_terminal_next(terminal, step.as_mut_ptr()) != RdaCode::Ok {
                            break;
                        }
                        let step = step.assume_init();
                        match step.kind {
                            RdaStepKind::Done => break,
                            RdaStepKind::Progress => {}
                            RdaStepKind::Reset => self.command = Some(Vec::new()),
                            RdaStepKind::Transmit => {
                                let command =
                                    core::slice::from_raw_parts(step.command, step.command_len);
                                self.command = Some(command.to_vec());
                            }
                        }
                    }
                    Some(command) if command.is_empty() => {
                        self.host.chip.reset();
                        rda_terminal_respond(terminal, 0, ptr::null(), 0);
                    }
                    Some(command) => {
                        let answer = match self.dice.one_in(60) {
                            true => self.dice.bytes(),
                            false => self.host.chip.process(&command),
                        };
                        let link = if self.dice.one_in(60) { 3 } else { 0 };
                        rda_terminal_respond(terminal, link, answer.as_ptr(), answer.len());
                    }
                }
            }
        }
    }

    fn verifier_calls(&mut self) {
        let verifier = self.verifier;
        let which = self.dice.below(9);
        let (key_file, identity_file) = (self.key_file(), self.identity_file());
        let mut file = |number: usize| self.dice.spoil(&self.files[number]);
        unsafe {
            match which {
                0 => {
                    let mut challenge = [0; 8];
                    rda_verifier_make_challenge(verifier, challenge.as_mut_ptr());
                    rda_verifier_set_challenge(verifier, challenge.as_ptr());
                }
                1 | 2 => {
                    let request = &self.request;
                    let origin = TEXTS[0].as_ptr();
                    rda_verifier_bind(verifier, origin, request.as_ptr(), request.len());
                }
                3 => {
                    let sod = file(29);
                    let state = if self.dice.one_in(5) { c"D" } else { c"NLD" };
                    rda_verifier_verify_signature(
                        verifier,
                        self.dice.pointer(self.store),
                        state.as_ptr(),
                        login::TIME,
                        sod.as_ptr(),
                        sod.len(),
                    );
                }
                4 | 5 => {
                    let (card_access, dg14, dg15) = (file(28), file(14), file(key_file));
                    let part = |file: &Vec<u8>| match file.len() {
                        0 => (ptr::null(), 0),
                        len => (file.as_ptr(), len),
                    };
                    rda_verifier_verify_files(
                        verifier,
                        part(&card_access).0,
                        part(&card_access).1,
                        part(&dg14).0,
                        part(&dg14).1,
                        part(&dg15).0,
                        part(&dg15).1,
                    );
                }
                6 => {
                    let signature = self.dice.spoil(&self.signature);
                    rda_verifier_verify_active_authentication(
                        verifier,
                        signature.as_ptr(),
                        signature.len(),
                    );
                }
                7 => {
                    rda_verifier_verify_chip_authentication(
                        verifier,
                        self.dice.pointer(self.answers),
                    );
                }
                _ => {
                    let file = file(identity_file);
                    rda_verifier_verify_identity_file(verifier, file.as_ptr(), file.len());
                }
            }
        }
    }

    fn store_calls(&mut self) {
        let store = self.store;
        let own_kind = self.kind();
        let mut added = 0;
        let kind = u32::try_from(self.dice.below(5)).unwrap();
        unsafe {
            match self.dice.below(5) {
                0..=2 => {
                    let file = self.dice.spoil(&self.csca);
                    rda_store_add_certificates(
                        store,
                        own_kind,
                        c"NLD".as_ptr(),
                        file.as_ptr(),
                        file.len(),
                        &raw mut added,
                    );
                }
                3 => {
                    let file = self.dice.bytes();
                    rda_store_add_master_list(
                        store,
                        kind,
                        kind,
                        0,
                        file.as_ptr(),
                        file.len(),
                        ptr::null_mut(),
                    );
                    let (data, len) = (file.as_ptr(), file.len());
                    rda_store_add_revocation_lists(store, kind, ptr::null(), data, len);
                }
                _ => {
                    rda_store_anchors(store, &raw mut added);
                }
            }
        }
    }

    fn list_calls(&mut self) {
        let list = self.answers;
        unsafe {
            if self.dice.one_in(4) {
                let apdu = self.dice.bytes();
                rda_apdu_list_add(list, apdu.as_ptr(), apdu.len());
            }
            let (mut apdu, mut len) = (ptr::null(), 0);
            let index = self.dice.below(18);
            let got = rda_apdu_list_get(list, index, &raw mut apdu, &raw mut len);
            assert_eq!(got == RdaCode::Ok, index < rda_apdu_list_len(list));
            assert_eq!(apdu.is_null(), len == 0);
            let code = i32::try_from(self.dice.below(100)).unwrap();
            assert!(!CStr::from_ptr(rda_code_name(code)).is_empty());
            assert!(CStr::from_ptr(rda_code_text_key(code)).to_str().is_ok());
        }
    }

    fn results(&mut self) {
        unsafe {
            let mut verdict = core::mem::MaybeUninit::<RdaVerdict>::uninit();
            let told = rda_verifier_verdict(self.verifier, verdict.as_mut_ptr());
            assert_eq!(told, RdaCode::Ok);
            let genuine = verdict.assume_init().genuine == 1;
            let honest = !matches!(self.profile, Profile::Clone | Profile::Tampered);
            assert!(honest || !genuine, "{:?} was accepted", self.profile);
            self.genuine |= genuine;

            let (mut json, mut mrz, mut line) = (RdaBytes::EMPTY, RdaBytes::EMPTY, RdaBytes::EMPTY);
            assert_eq!(
                rda_verifier_verdict_json(self.verifier, &raw mut json),
                RdaCode::Ok
            );
            let text = String::from_utf8(copied(&json)).unwrap();
            assert_eq!(text.contains("\"genuine\":true"), genuine);
            let given = rda_verifier_mrz(self.verifier, &raw mut mrz);
            let licence = self.kind() == 3;
            assert_eq!(given == RdaCode::Ok, genuine && !licence);
            let given = rda_verifier_licence_line(self.verifier, &raw mut line);
            assert_eq!(given == RdaCode::Ok, genuine && licence);
            rda_bytes_free(&raw mut line);
            rda_bytes_free(&raw mut json);
            rda_bytes_free(&raw mut mrz);
            rda_bytes_free(&raw mut mrz);

            let mut conversation = core::mem::MaybeUninit::<RdaConversation>::uninit();
            rda_terminal_conversation(self.terminal, conversation.as_mut_ptr());
            if self.dice.one_in(200) {
                rda_terminal_cancel(self.terminal);
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        unsafe {
            rda_terminal_free(self.terminal);
            rda_verifier_free(self.verifier);
            rda_store_free(self.store);
            rda_apdu_list_free(self.answers);
        }
    }
}

fn copied(bytes: &RdaBytes) -> Vec<u8> {
    if bytes.data.is_null() {
        return Vec::new();
    }
    unsafe {
        assert_eq!(*bytes.data.add(bytes.len), 0);
        core::slice::from_raw_parts(bytes.data, bytes.len).to_vec()
    }
}

#[test]
fn random_calls_do_no_harm() {
    let minutes: Option<u64> = std::env::var_os("RDA_LONG").map(|_| {
        std::env::var("RDA_LIBRDA_MINUTES").map_or(20, |minutes| {
            minutes.parse().expect("RDA_LIBRDA_MINUTES is a number")
        })
    });
    let (began, mut worlds, mut calls, mut genuine) = (Instant::now(), 0_u64, 0, 0);
    while match minutes {
        Some(minutes) => began.elapsed() < Duration::from_secs(60 * minutes),
        None => worlds < 24,
    } {
        worlds += 1;
        let mut world = World::new(worlds);
        for _ in 0..100 {
            world.round();
        }
        calls += world.calls;
        genuine += u64::from(world.genuine);
    }
    println!(
        "random calls: {calls} rounds in {worlds} worlds, of which {genuine} came to a genuine verdict, {} s",
        began.elapsed().as_secs()
    );
    assert!(
        genuine > 0,
        "no login got to its end between the random calls"
    );
}
