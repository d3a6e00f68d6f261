//! Makes the RSA keys of simulated issuers and chips: `cargo run -p icao --example simulator_keys -- FOLDER`.
//!
//! They are fixtures, so that every process that simulates a document signs it with the same key. Running this again makes
//! other keys, and with them other certificates: trust files that hold the old ones no longer fit.

use std::error::Error;
use std::path::PathBuf;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

/// File name and modulus length in bits.
const KEYS: [(&str, usize); 10] = [
    ("rsa-4096-csca", 4096),
    ("rsa-3072-csca", 3072),
    ("rsa-3072-signer", 3072),
    ("rsa-2048-signer", 2048),
    ("rsa-1024-chip", 1024),
    ("rsa-1280-chip", 1280),
    ("rsa-1792-chip", 1792),
    ("rsa-2048-chip", 2048),
    ("rsa-3072-chip", 3072),
    ("rsa-4096-chip", 4096),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name a folder")?);
    for (name, bits) in KEYS {
        let key = RsaPrivateKey::new(&mut UnwrapErr(SysRng), bits)?;
        let path = folder.join(name).with_extension("pem");
        std::fs::write(&path, key.to_pkcs8_pem(LineEnding::LF)?.as_bytes())?;
        println!("{}", path.display());
    }
    Ok(())
}
