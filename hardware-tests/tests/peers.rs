//! Foreign readers read our chips through pcscd: what others wrote from the same standards must find nothing amiss.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use anyhow::Result;
use hardware_tests::matrix::readers::{check, read};
use icao::simulator::Profile;

const ALL_FILES: [&str; 6] = ["com", "sod", "dg1", "dg2", "dg14", "dg15"];

#[test]
fn emrtd_reads_by_bac() -> Result<()> {
    for profile in [
        Profile::NlPassport2011,
        Profile::NlId2014,
        Profile::PaceP256,
    ] {
        if let Some(reading) = read("read-with-emrtd", "bac", profile)? {
            check(&reading, profile, &["com", "sod", "dg1", "dg2"]).unwrap();
        }
    }
    Ok(())
}

#[test]
fn dmrtd_reads_by_bac() -> Result<()> {
    if let Some(reading) = read("read-with-dmrtd", "bac", Profile::NlPassport2011)? {
        check(
            &reading,
            Profile::NlPassport2011,
            &["com", "sod", "dg1", "dg2", "dg15"],
        )
        .unwrap();
        assert_eq!(reading.found["passive_authentication"], "trusted");
        assert_eq!(reading.found["active_authentication"], "passed");
    }
    if let Some(reading) = read("read-with-dmrtd", "bac", Profile::PaceP256)? {
        check(&reading, Profile::PaceP256, &ALL_FILES).unwrap();
        assert_eq!(reading.found["passive_authentication"], "trusted");
    }
    Ok(())
}

#[test]
fn dmrtd_reads_by_pace() -> Result<()> {
    for access in ["pace-mrz", "pace-can"] {
        if let Some(reading) = read("read-with-dmrtd", access, Profile::PaceP256)? {
            check(&reading, Profile::PaceP256, &["card_access"]).unwrap();
            check(&reading, Profile::PaceP256, &ALL_FILES).unwrap();
            assert_eq!(reading.found["passive_authentication"], "trusted");
            assert!(
                reading.log.contains("10860000"),
                "GENERAL AUTHENTICATE: {}",
                reading.log
            );
        }
    }
    Ok(())
}
