//! Prints the CSCA certificates of the simulated state for a kind of document, PEM: 1 for passports, 2 for identity cards,
//! 3 for driving licences.
//!
//! `cargo run -p rda-ffi-simulator --example csca -- 1 > csca.pem`

use icao::pki::DocumentKind;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let kind = match std::env::args().nth(1).as_deref() {
        Some("1") => DocumentKind::TravelDocument,
        Some("2") => DocumentKind::IdentityCard,
        Some("3") => DocumentKind::DrivingLicence,
        _ => return Err("1 for passports, 2 for identity cards, 3 for driving licences".into()),
    };
    print!("{}", rda_simulator::csca_pem(kind)?);
    Ok(())
}
