//! Runs what takes secrets with the secrets marked as undefined, for valgrind's memcheck to report every branch and every
//! address that depends on them: `cargo xtask test --long --only constant-time`.
//!
//! Each line says how many reports one operation made and how many it may make. The few that are allowed are branches on
//! whether a value is valid at all (zero, out of range, the neutral element), which an honest counterpart never makes
//! untrue. The last lines are controls: operations that do branch on what they are given must be reported.
#![allow(
    unsafe_code,
    reason = "the one instruction sequence that valgrind listens to"
)]
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::process::ExitCode;

use icao::crypto::cipher::CipherSuite;
use icao::crypto::key_agreement::{Group, SecretKey, generic_mapping};
use icao::secure_messaging::SessionKeys;

/// Reports that are allowed: branches on validity.
const VALIDITY: usize = 8;

/// Asks valgrind for something (valgrind.h, `VALGRIND_DO_CLIENT_REQUEST`); outside valgrind the answer is 0.
#[cfg(target_arch = "x86_64")]
fn request(code: usize, first: usize, second: usize) -> usize {
    let arguments = [code, first, second, 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: the four rotations add up to 128 bits and leave rdi as it was, and the exchange does nothing. Valgrind reads
    // `arguments` and writes rdx.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") answer,
            in("rax") arguments.as_ptr(),
        );
    }
    answer
}

#[cfg(not(target_arch = "x86_64"))]
fn request(_: usize, _: usize, _: usize) -> usize {
    0
}

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4D43_0001;
const MAKE_MEM_DEFINED: usize = 0x4D43_0002;

/// A copy whose bytes memcheck takes for undefined.
fn secret(bytes: &[u8]) -> Vec<u8> {
    let copy = bytes.to_vec();
    request(MAKE_MEM_UNDEFINED, copy.as_ptr() as usize, copy.len());
    black_box(copy)
}

/// Prints what one operation made memcheck report; whether that is as it must be.
fn report(name: &str, allowed: std::ops::RangeInclusive<usize>, run: impl FnOnce()) -> bool {
    let before = request(COUNT_ERRORS, 0, 0);
    run();
    let made = request(COUNT_ERRORS, 0, 0) - before;
    let right = allowed.contains(&made);
    let (least, most) = allowed.into_inner();
    println!(
        "{} {name}: {made} reports, {least} to {most} allowed",
        if right { "as claimed" } else { "WRONG" }
    );
    right
}

fn main() -> ExitCode {
    if request(RUNNING_ON_VALGRIND, 0, 0) == 0 {
        eprintln!("this says something under valgrind on x86-64 only");
        return ExitCode::from(2);
    }
    let mut right = true;
    for parameter_id in [8, 10, 12, 13, 14, 15, 16, 17, 18] {
        let group = Group::from_parameter_id(parameter_id).unwrap();
        let key = |byte: u8, len: usize| [vec![0], vec![byte; len - 1]].concat();
        let len = group.public_key_len() / 2;
        let other = SecretKey::from_bytes(&group, &key(0x35, len)).unwrap();
        let public = other.public_key().unwrap();
        right &= report(
            &format!("public key, parameters {parameter_id}"),
            0..=VALIDITY,
            || {
                let own = SecretKey::from_bytes(&group, &secret(&key(0x5A, len)));
                let _ = black_box(own.and_then(|own| own.public_key()));
            },
        );
        right &= report(
            &format!("agreement, parameters {parameter_id}"),
            0..=VALIDITY,
            || {
                let own = SecretKey::from_bytes(&group, &secret(&key(0x5A, len)));
                let _ = black_box(own.and_then(|own| own.agree(&public)).map(drop));
            },
        );
        right &= report(
            &format!("generic mapping, parameters {parameter_id}"),
            0..=VALIDITY,
            || {
                let _ = black_box(generic_mapping(&group, &secret(&[0x77; 16]), &public).map(drop));
            },
        );
    }
    let group = Group::from_parameter_id(2).unwrap();
    let exponent = [vec![0], vec![0x5A; 31]].concat();
    right &= report("public key, parameters 2", 0..=VALIDITY, || {
        let own = SecretKey::from_bytes(&group, &secret(&exponent));
        let _ = black_box(own.and_then(|own| own.public_key()));
    });
    for suite in [
        CipherSuite::Aes128,
        CipherSuite::Aes192,
        CipherSuite::Aes256,
    ] {
        right &= report(&format!("session keys and {suite:?}"), 0..=0, || {
            let keys = SessionKeys::derive(suite, &secret(&[0x5A; 32]));
            let iv = vec![0; suite.block_len()];
            let _ = black_box(suite.cbc_encrypt(keys.enc(), &iv, &[0; 64]));
            let _ = black_box(suite.cbc_decrypt(keys.enc(), &iv, &[0; 64]));
            let _ = black_box(suite.mac(keys.mac(), &[0; 64]));
        });
        // Whether the MAC is right is the one thing that may be told.
        right &= report(&format!("comparison of a MAC, {suite:?}"), 0..=2, || {
            let keys = SessionKeys::derive(suite, &secret(&[0x5A; 32]));
            let _ = black_box(suite.verify_mac(keys.mac(), &[0; 64], &[0; 8]).is_ok());
        });
    }
    // Controls. The substitution boxes of DES are tables, which is said in docs/constant-time.md.
    right &= report("control: 3DES looks up tables", 100..=usize::MAX, || {
        let keys = SessionKeys::derive(CipherSuite::TripleDes, &secret(&[0x5A; 32]));
        let _ = black_box(CipherSuite::TripleDes.cbc_encrypt(keys.enc(), &[0; 8], &[0; 64]));
    });
    right &= report(
        "control: a comparison that stops early",
        8..=usize::MAX,
        || {
            let bytes = secret(&[7; 64]);
            let equal = bytes.iter().zip(black_box([7; 64])).all(|(a, b)| *a == b);
            request(MAKE_MEM_DEFINED, (&raw const equal) as usize, 1);
            black_box(equal);
        },
    );
    if right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
