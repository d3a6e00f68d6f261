//! Driving licences: DG12 says whose they are, and the register has the line that it holds.

use icao::driving_licence::LicenceLine;
use icao::simulator::Profile;

use crate::login::{KEEP_RESULT, Login, refused};
use crate::site::Site;

#[test]
fn a_licence_of_somebody_else_is_refused() {
    let site = Site::specimens("");
    for profile in [Profile::NlLicence2014, Profile::NlLicence2020] {
        // The register has another line for this person; the thief knows the one that opens the licence.
        let line = profile.holder().mrz_information(profile.form());
        let other = line.replace(&line[15..], &"X".repeat(13));
        site.edit_register(|text| text.replace(&line, &other));
        let keys = LicenceLine::from_inner(line.as_bytes())
            .unwrap()
            .access_keys();
        let mut login = Login::start(&site, profile);
        let evidence = login.reader.evidence_with(&mut login.chip, &keys);
        let (mut answer, sealed) = login.send_evidence(&evidence);
        if let Some(command) = answer["chip_authentication"].as_str() {
            let claims = login.reader.command(command, &sealed);
            let result =
                login
                    .reader
                    .chip_authentication_with(&mut login.chip, &evidence, &claims, &keys);
            answer = login.send_result(&result);
        }
        refused(&mut login, &answer, 8, "document_mismatch");
    }
}

#[test]
fn a_key_of_another_application_is_no_evidence() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlLicence2014);
    let answer = login.finish(|evidence| evidence.dg15 = evidence.dg13.take(), KEEP_RESULT);
    refused(&mut login, &answer, 4, "evidence_malformed");
}
