//! Driving licences from their line to their proofs: terminal against simulated chip.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::access_key::{AccessKey, AccessKeyKind};
use icao::active_authentication::ActiveAuthentication;
use icao::chip_authentication::strongest;
use icao::crypto::signature::VerifyingKey;
use icao::driving_licence::{Dg1, Dg11, Dg12, LicenceLine};
use icao::lds::sod::HashMatch;
use icao::lds::{Application, Com, DataGroup, Dg14, Dg15, Sod};
use icao::pki::DocumentKind;
use icao::simulator::{
    Chip, ChipBuilder, Form, LicencePassword, Profile, Quirk, SeededRandom, SimulatedLink,
};
use icao::terminal::{AccessProtocol, Error, Policy, Terminal};

const LICENCE: Application = Application::DrivingLicence;

fn line(profile: Profile) -> LicenceLine {
    let lines = profile.holder().mrz_lines(Form::DrivingLicence);
    LicenceLine::parse(&lines[0]).unwrap()
}

/// Reads every file of the licence and checks what it says and proves; how it was opened comes back.
fn inspect(chip: Chip, profile: Profile, keys: &[AccessKey]) -> (AccessProtocol, AccessKeyKind) {
    let mut link = SimulatedLink::new(chip);
    let mut rng = SeededRandom::new(b"terminal");
    let mut on_event = |_| {};
    let mut terminal = Terminal::new(&mut link, &mut rng, Policy::default(), &mut on_event)
        .for_application(LICENCE);
    let access = terminal.open(keys).unwrap();
    let opened_with = terminal.opened_with().unwrap().kind();
    let sod = Sod::parse(&terminal.read(LICENCE.ef_sod()).unwrap()).unwrap();
    let com = Com::parse_in(LICENCE, &terminal.read(LICENCE.ef_com()).unwrap()).unwrap();
    let listed: Vec<DataGroup> = sod.security_object().hashes.keys().copied().collect();
    assert_eq!(com.data_groups(), listed);
    let mut read = |group| {
        let file = terminal.read(LICENCE.data_group(group)).unwrap();
        assert_eq!(sod.security_object().verify(group, &file), HashMatch::Equal);
        assert_eq!(u32::from(file[0]), LICENCE.tag(group).unwrap());
        file
    };
    let holder = profile.holder();
    let dg1 = Dg1::parse(&read(DataGroup::DG1)).unwrap();
    assert_eq!(dg1.document_number(), holder.document_number);
    assert_eq!(
        (dg1.surname(), dg1.given_names()),
        (holder.surname, holder.given_names)
    );
    let dg11 = Dg11::parse(&read(DataGroup::DG11)).unwrap();
    assert_eq!(dg11.personal_number(), Some(holder.bsn));
    let dg12 = Dg12::parse(&read(DataGroup::DG12)).unwrap();
    assert_eq!(dg12.line(), &line(profile));
    assert_eq!(dg12.line().document_number(), Some(holder.document_number));

    let key = Dg15::parse(&read(DataGroup::DG13)).unwrap();
    let key = VerifyingKey::from_spki(key.public_key_info()).unwrap();
    let dg14 = listed
        .contains(&DataGroup::DG14)
        .then(|| Dg14::parse(&read(DataGroup::DG14)).unwrap());
    let length = match &key {
        VerifyingKey::Rsa(key) => key.modulus_len(),
        _ => 1,
    };
    let signature = terminal.active_authentication(b"RND.IFD.", length).unwrap();
    let proof = ActiveAuthentication {
        key: &key,
        info: dg14
            .as_ref()
            .and_then(|dg14| dg14.security_infos().active_authentication()),
        kind: DocumentKind::DrivingLicence,
    };
    proof.verify(b"RND.IFD.", &signature).unwrap();
    if let Some(dg14) = dg14 {
        let options = dg14.security_infos().chip_authentication_options();
        let (option, key) = strongest(&options).unwrap();
        terminal.chip_authentication(&option, &key).unwrap();
        assert!(terminal.read(LICENCE.data_group(DataGroup::DG12)).is_ok());
    }
    (access, opened_with)
}

fn builders(profile: Profile) -> Vec<ChipBuilder> {
    let builder = || profile.builder().unwrap();
    let mut builders = vec![
        builder(),
        builder().quirk(Quirk::NoShortFileIdentifiers),
        builder().quirk(Quirk::TrailingBytes(3)),
    ];
    builders.extend(
        LICENCE
            .identifiers()
            .iter()
            .map(|aid| builder().application_identifier(aid)),
    );
    builders
}

#[test]
fn basic_access_protection_opens_a_licence() {
    let profile = Profile::NlLicence2014;
    for builder in builders(profile) {
        let keys = line(profile).access_keys();
        let (access, key) = inspect(builder.build().unwrap(), profile, &keys);
        assert_eq!(
            (access, key),
            (AccessProtocol::Bac, AccessKeyKind::MrzDigest)
        );
    }
}

#[test]
fn pace_opens_a_licence_by_line_in_both_readings_and_by_number() {
    let profile = Profile::NlLicence2020;
    let can = [AccessKey::can(profile.holder().can.unwrap()).unwrap()];
    for (password, reading) in [
        (LicencePassword::Characters, AccessKeyKind::PaceKey),
        (LicencePassword::Digest, AccessKeyKind::MrzDigest),
    ] {
        for builder in builders(profile) {
            let chip = builder.licence_password(password).build().unwrap();
            let (access, key) = inspect(chip, profile, &line(profile).access_keys());
            assert!(matches!(access, AccessProtocol::Pace(_)));
            assert_eq!(key, reading);
        }
        let builder = profile.builder().unwrap().licence_password(password);
        let (_, key) = inspect(builder.build().unwrap(), profile, &can);
        assert_eq!(key, AccessKeyKind::Can);
    }
}

#[test]
fn wrong_lines_and_other_documents_are_told_apart() {
    let open = |profile: Profile, keys: &[AccessKey], application| {
        let mut link = SimulatedLink::new(profile.chip(b"chip").unwrap());
        let mut rng = SeededRandom::new(b"terminal");
        let mut on_event = |_| {};
        let mut terminal = Terminal::new(&mut link, &mut rng, Policy::default(), &mut on_event)
            .for_application(application);
        terminal.open(keys).err()
    };
    let wrong = line(Profile::NlLicence2020).access_keys();
    assert_eq!(
        open(Profile::NlLicence2014, &wrong, LICENCE),
        Some(Error::WrongAccessKey { tries: 1, left: 0 })
    );
    let wrong = line(Profile::NlLicence2014).access_keys();
    assert_eq!(
        open(Profile::NlLicence2020, &wrong, LICENCE),
        Some(Error::WrongAccessKey { tries: 2, left: 0 })
    );
    for (profile, application) in [
        (Profile::NlPassport2011, LICENCE),
        (Profile::NlLicence2014, Application::TravelDocument),
    ] {
        assert!(matches!(
            open(profile, &wrong, application),
            Some(Error::NotADocument(_))
        ));
    }
}
