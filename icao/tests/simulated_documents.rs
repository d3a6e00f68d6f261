//! Whole documents that the simulated chip plays: Dutch driving licences, and the BSI's reference data set with its keys.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use icao::access_key::{AccessKey, PaceKey};
use icao::active_authentication::ActiveAuthentication;
use icao::apdu::{Command, Response, StatusWord, Step};
use icao::bac::Bac;
use icao::chip_authentication::{ChipAuthentication, session_keys, strongest};
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::{Group, SecretKey};
use icao::crypto::signature::VerifyingKey;
use icao::lds::{CardAccess, Dg14, Dg15};
use icao::pace::Pace;
use icao::pki::DocumentKind;
use icao::secure_messaging::SecureMessaging;
use icao::simulator::{
    ActiveAuthenticationKey, Chip, ChipAuthenticationKey, Form, Holder, LicencePassword, Profile,
    SeededRandom, Trailer,
};
use icao::tlv;
use rsa::pkcs8::DecodePrivateKey;

const TRAVEL: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
const LICENCE: [u8; 11] = [
    0xA0, 0x00, 0x00, 0x04, 0x56, 0x45, 0x44, 0x4C, 0x2D, 0x30, 0x31,
];

fn transmit(chip: &mut Chip, command: &Command) -> Response {
    Response::parse(&chip.process(&command.to_bytes().unwrap())).unwrap()
}

fn protected(chip: &mut Chip, channel: &mut SecureMessaging, command: &Command) -> Response {
    let command = channel.protect(command).unwrap();
    channel.unprotect(&transmit(chip, &command)).unwrap()
}

fn bac(chip: &mut Chip, aid: &[u8], key: &AccessKey) -> SecureMessaging {
    let select = Command::select_application(aid);
    assert_eq!(transmit(chip, &select).status, StatusWord::OK);
    let mut run = Bac::new(key, [7; 8], [8; 16]).unwrap();
    loop {
        match run.next().unwrap() {
            Step::Transmit(command) => run.receive(&transmit(chip, &command)).unwrap(),
            Step::Done(channel) => return channel,
        }
    }
}

/// Reads a whole file by its identifier.
fn read(chip: &mut Chip, channel: &mut SecureMessaging, fid: u16) -> Vec<u8> {
    let select = Command::select_file(fid);
    assert_eq!(protected(chip, channel, &select).status, StatusWord::OK);
    let mut content = Vec::new();
    loop {
        let offset = u32::try_from(content.len()).unwrap();
        let response = protected(chip, channel, &Command::read_binary(offset, 256));
        if response.status == StatusWord::WRONG_OFFSET {
            return content;
        }
        assert_eq!(response.status, StatusWord::OK);
        content.extend(response.data);
    }
}

fn digest_key(holder: &Holder, form: Form) -> AccessKey {
    AccessKey::MrzDigest(holder.mrz_digest(form).try_into().unwrap())
}

/// BAP configuration 1 over the 28 inner characters of the line; DG12 holds the same characters, DG13 the key.
#[test]
fn licences_open_by_bap_and_prove_themselves() {
    for profile in [Profile::NlLicence2014, Profile::NlLicence2020] {
        let holder = profile.holder();
        let line = &holder.mrz_lines(Form::DrivingLicence)[0];
        assert_eq!((line.len(), &line[..6]), (30, "D1NLD1"));
        let information = holder.mrz_information(Form::DrivingLicence);
        assert_eq!(information, line[1..29]);

        let mut chip = profile.chip(b"").unwrap();
        let key = digest_key(&holder, Form::DrivingLicence);
        let mut channel = bac(&mut chip, &LICENCE, &key);
        let dg12 = read(&mut chip, &mut channel, 0x000C);
        let dg12 = tlv::Tlv::only(&dg12).unwrap().expect(0x71).unwrap();
        let kind = tlv::find(dg12.value, 0x81).unwrap();
        let characters = tlv::find(dg12.value, 0x82).unwrap();
        assert_eq!(kind.value, b"A");
        assert_eq!(characters.value, [&[0], information.as_bytes()].concat());

        let challenge = [0x3C; 8];
        let dg13 = read(&mut chip, &mut channel, 0x000D);
        let dg13 = Dg15::parse(&dg13).unwrap();
        let key = VerifyingKey::from_spki(dg13.public_key_info()).unwrap();
        let dg14 = (profile == Profile::NlLicence2020)
            .then(|| Dg14::parse(&read(&mut chip, &mut channel, 0x000E)).unwrap());
        let infos = dg14.as_ref().map(Dg14::security_infos);
        let sign = Command::internal_authenticate(&challenge, 256);
        let signature = protected(&mut chip, &mut channel, &sign).data;
        let len = if infos.is_some() { 80 } else { 224 };
        assert_eq!(signature.len(), len, "as in the deployed documents");
        let terminal = ActiveAuthentication {
            key: &key,
            info: infos.and_then(|infos| infos.active_authentication()),
            kind: DocumentKind::DrivingLicence,
        };
        terminal.verify(&challenge, &signature).unwrap();
    }
}

/// PACE of a licence with the card access number, and with its line in both readings.
#[test]
fn licences_open_by_pace_in_both_readings_of_the_password() {
    let profile = Profile::NlLicence2020;
    let holder = profile.holder();
    let information = holder.mrz_information(Form::DrivingLicence);
    let raw = AccessKey::PaceKey(PaceKey::from_password(information.as_bytes()));
    let digest = digest_key(&holder, Form::DrivingLicence);
    let can = AccessKey::can(holder.can.unwrap()).unwrap();
    let mut random = SeededRandom::new(b"terminal");
    for (reading, key, opens) in [
        (LicencePassword::Characters, &raw, true),
        (LicencePassword::Characters, &digest, false),
        (LicencePassword::Characters, &can, true),
        (LicencePassword::Digest, &digest, true),
        (LicencePassword::Digest, &raw, false),
    ] {
        let builder = profile.builder().unwrap().licence_password(reading);
        let mut chip = builder.build().unwrap();
        let read = transmit(&mut chip, &Command::read_binary_sfi(0x1C, 0, 256));
        let access = CardAccess::parse(&read.data).unwrap();
        let info = access.security_infos().pace().next().unwrap();
        let mut run = Pace::new(info, key.pace_password(), &mut random).unwrap();
        let opened = loop {
            match run.next().unwrap() {
                Step::Transmit(command) => {
                    if run.receive(&transmit(&mut chip, &command)).is_err() {
                        break false;
                    }
                }
                Step::Done(_) => break true,
            }
        };
        assert_eq!(opened, opens, "{reading:?} {key:?}");
    }
}

fn corpus(file: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("RDA_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        PathBuf::from,
    );
    std::fs::read(
        root.join("document-sets/silver-worldfnd-with-keys")
            .join(file),
    )
    .ok()
}

/// The BSI's reference data set (TR-03105-5), with its private keys in the chip: BAC, Chip Authentication by MSE:Set KAT over
/// brainpoolP224r1, then Active Authentication by RSA-1024 and the signed files, all through the new channel.
#[test]
fn the_reference_data_set_comes_to_life() {
    let Some(key) = corpus("DG15_sk.pkcs8") else {
        println!("SKIPPED: no corpus with the reference data set");
        return;
    };
    let group = Group::Curve(NamedCurve::BrainpoolP224r1);
    let ca_key = hex::decode("AD1B6F5BF65B63F53E6EE2E45C1F09243D9AA2AB0C9A78C8C4D25647").unwrap();
    let ca_key = SecretKey::from_bytes(&group, &ca_key).unwrap();
    let holder = Holder {
        document_number: "C11T002JM",
        date_of_birth: "960812",
        date_of_expiry: "231031",
        ..Profile::NlPassport2011.holder()
    };
    let aa_key = rsa::RsaPrivateKey::from_pkcs8_der(&key).unwrap();
    let mut builder = Chip::passport()
        .holder(holder.clone())
        .chip_authentication_key(
            ChipAuthenticationKey::new(ca_key, None, &[CipherSuite::TripleDes]).unwrap(),
        )
        .active_authentication_key(ActiveAuthenticationKey::Rsa {
            key: Box::new(aa_key),
            hash: HashAlgorithm::Sha1,
            trailer: Trailer::Implicit,
        });
    let files = [
        (0x011E, "EF_COM.bin"),
        (0x011D, "EF_SOD.bin"),
        (0x0101, "Datagroup1.bin"),
        (0x0102, "Datagroup2.bin"),
        (0x010E, "Datagroup14.bin"),
        (0x010F, "Datagroup15.bin"),
    ]
    .map(|(fid, name)| (fid, corpus(name).unwrap()));
    for (fid, content) in &files {
        builder = builder.overwrite(*fid, content.clone());
    }
    let mut chip = builder.build().unwrap();
    let key = digest_key(&holder, Form::Passport);
    let mut channel = bac(&mut chip, &TRAVEL, &key);

    let dg14 = Dg14::parse(&read(&mut chip, &mut channel, 0x010E)).unwrap();
    let options = dg14.security_infos().chip_authentication_options();
    let (option, chip_key) = strongest(&options).unwrap();
    let ephemeral = SecretKey::generate(&group, &mut SeededRandom::new(b"terminal"));
    let public_key = ephemeral.public_key().unwrap();
    let mut run = ChipAuthentication::new(option.protocol, None, &public_key, 255);
    while let Step::Transmit(command) = run.next().unwrap() {
        assert_eq!((command.p1, command.p2), (0x41, 0xA6));
        run.receive(&protected(&mut chip, &mut channel, &command))
            .unwrap();
    }
    let keys = session_keys(option.protocol, &ephemeral, &chip_key).unwrap();
    let mut channel = SecureMessaging::new(keys);
    for (fid, content) in &files {
        assert_eq!(&read(&mut chip, &mut channel, *fid), content, "{fid:04X}");
    }

    let challenge = *b"RND.IFD8";
    let sign = Command::internal_authenticate(&challenge, 256);
    let signature = protected(&mut chip, &mut channel, &sign).data;
    let dg15 = Dg15::parse(&read(&mut chip, &mut channel, 0x010F)).unwrap();
    let terminal = ActiveAuthentication {
        key: &VerifyingKey::from_spki(dg15.public_key_info()).unwrap(),
        info: None,
        kind: DocumentKind::TravelDocument,
    };
    terminal.verify(&challenge, &signature).unwrap();
}
