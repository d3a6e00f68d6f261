//! Driving licences, which are read by other identifiers and opened by their line.

use icao::access_key::PaceKey;
use icao::driving_licence::Dg12;
use icao::lds::{Application, DataGroup};
use icao::simulator::{LicencePassword, Profile, SimulatedLink};
use protocol::encoding::encode;
use protocol::evidence::AccessProtocol;
use serde_json::{Value, json};

use super::support::{Login, answers, claims, lay};

/// What the login server releases for a licence: both readings of its line.
fn licence_claims(profile: Profile) -> Value {
    let holder = profile.holder();
    let line = holder.mrz_information(profile.form());
    let key = PaceKey::from_password(line.as_bytes());
    let mut claims = claims(profile);
    claims["access"] = json!([
        { "pace_key": { "sha1_16": encode(&key.sha1_16), "sha256_32": encode(&key.sha256_32) } },
        { "mrz_digest": encode(&holder.mrz_digest(profile.form())) },
    ]);
    claims
}

#[test]
fn a_licence_without_chip_authentication_gives_dg12_and_its_signature() {
    let profile = Profile::NlLicence2014;
    let mut login = Login::start(licence_claims(profile), vec![lay(profile)]);
    let (evidence, _) = login.evidence();
    assert_eq!(evidence.access_protocol, Some(AccessProtocol::Bap));
    assert!(evidence.dg15.is_none() && evidence.dg14.is_none());
    assert!(login.check_signature(&evidence, profile));
    let file = evidence.identity_file.as_ref().unwrap();
    let line = profile.holder().mrz_information(profile.form());
    assert_eq!(Dg12::parse(file.as_slice()).unwrap().line().inner(), line);
    login.finish();
}

#[test]
fn a_licence_with_chip_authentication_shows_dg12_to_the_server_alone() {
    let profile = Profile::NlLicence2020;
    for password in [LicencePassword::Characters, LicencePassword::Digest] {
        let chip = profile
            .builder()
            .unwrap()
            .licence_password(password)
            .build();
        let link = SimulatedLink::new(chip.unwrap());
        let mut login = Login::start(licence_claims(profile), vec![link]);
        let (evidence, sealed) = login.evidence();
        assert_eq!(evidence.access_protocol, Some(AccessProtocol::PaceGm));
        assert!(evidence.identity_file.is_none() && evidence.dg15.is_none());
        assert!(login.check_signature(&evidence, profile));
        let dg12 = Application::DrivingLicence.data_group(DataGroup::DG12);
        let (remote, command) = login.command(&evidence, &sealed, dg12, |_| {});
        login.handle.send(command).unwrap();
        let file = remote.file(&answers(&login.result())).unwrap();
        let line = profile.holder().mrz_information(profile.form());
        assert_eq!(Dg12::parse(&file).unwrap().line().inner(), line);
        login.finish();
    }
}
