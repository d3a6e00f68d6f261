//! Every combination of PACE and Chip Authentication that Doc 9303-11 defines, and the forms of Active Authentication: the terminal's half and the simulated chip's
//! half, written apart from each other, meet. The right password opens, a wrong one is refused as such.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::access_key::AccessKey;
use icao::active_authentication::ActiveAuthentication;
use icao::apdu::{Command, Response, StatusWord, Step};
use icao::bac::Bac;
use icao::chip_authentication::{ChipAuthentication, session_keys, strongest};
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::{DhGroup, Group, PublicKey, SecretKey};
use icao::crypto::signature::VerifyingKey;
use icao::lds::{CardAccess, Dg14, Dg15};
use icao::pace::parameters::PaceParameters;
use icao::pace::{Pace, PaceError, PaceOutput, PaceSecrets};
use icao::pki::DocumentKind;
use icao::secure_messaging::SecureMessaging;
use icao::simulator::{
    Chip, ChipBuilder, Form, Holder, Mapping, PaceVariant, Profile, Quirk, SeededRandom, Trailer,
};
use icao::transport::Limits;

#[path = "support/supports.rs"]
mod supports;
use supports::supports;

const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
const CAN: &str = "314159";

fn holder() -> Holder {
    Holder {
        can: Some(CAN),
        ..Profile::NlPassport2011.holder()
    }
}

fn mrz_key() -> AccessKey {
    AccessKey::MrzDigest(holder().mrz_digest(Form::Passport).try_into().unwrap())
}

fn transmit(chip: &mut Chip, command: &Command) -> Response {
    Response::parse(&chip.process(&command.to_bytes().unwrap())).unwrap()
}

fn file(chip: &Chip, fid: u16) -> Vec<u8> {
    let directory = match fid {
        0x011C => &chip.file_system().master_file,
        _ => &chip.file_system().applications[0],
    };
    let file = directory.files.iter().find(|file| file.fid == fid);
    file.unwrap().content.clone()
}

/// Runs PACE by the only PACEInfo of the chip.
fn pace(
    chip: &mut Chip,
    key: &AccessKey,
    random: &mut SeededRandom,
) -> Result<PaceOutput, PaceError> {
    let access = CardAccess::parse(&file(chip, 0x011C)).unwrap();
    let info = *access.security_infos().pace().next().unwrap();
    let mut run = Pace::new(&info, key.pace_password(), random)?;
    loop {
        match run.next()? {
            Step::Transmit(command) => run.receive(&transmit(chip, &command))?,
            Step::Done(output) => return Ok(output),
        }
    }
}

fn protected(chip: &mut Chip, channel: &mut SecureMessaging, command: &Command) -> Response {
    let command = channel.protect(command).unwrap();
    channel.unprotect(&transmit(chip, &command)).unwrap()
}

/// Selects the application and reads DG1 through the channel.
fn read_dg1(chip: &mut Chip, channel: &mut SecureMessaging) {
    let select = Command::select_application(&AID);
    assert_eq!(protected(chip, channel, &select).status, StatusWord::OK);
    let read = protected(chip, channel, &Command::read_binary_sfi(1, 0, 256));
    assert_eq!(read.data, file(chip, 0x0101));
}

/// The combinations of Doc 9303-11, 9.2.1 with 9.5.1: 11 curves, 3 groups, 4 ciphers, 2 passwords. Left out by the standard:
/// Integrated Mapping over secp224r1 (8), Chip Authentication Mapping with 3DES (22) and without a curve (24).
#[test]
fn every_pace_opens_with_its_password_and_with_no_other() {
    let mut random = SeededRandom::new(b"terminal");
    let mut counts = std::collections::BTreeMap::new();
    for mapping in [
        Mapping::Generic,
        Mapping::Integrated,
        Mapping::ChipAuthentication,
    ] {
        for parameter_id in (0..=2).chain(8..=18) {
            for suite in CipherSuite::ALL {
                let Some(variant) = PaceVariant::new(mapping, suite, parameter_id) else {
                    continue;
                };
                let group = Group::from_parameter_id(parameter_id).unwrap();
                let context = format!("{mapping:?} {suite:?} {parameter_id}");
                let chip = Chip::passport()
                    .holder(holder())
                    .limits(Limits::EXTENDED)
                    .pace(variant);
                let chip = if mapping == Mapping::ChipAuthentication {
                    chip.chip_authentication(&group, None, &[suite]).unwrap()
                } else {
                    chip
                };
                let mut chip = chip
                    .random(SeededRandom::new(context.as_bytes()))
                    .build()
                    .unwrap();
                for key in [mrz_key(), AccessKey::can(CAN).unwrap()] {
                    chip.reset();
                    let mut output = pace(&mut chip, &key, &mut random)
                        .unwrap_or_else(|e| panic!("{context}: {e}"));
                    read_dg1(&mut chip, &mut output.secure_messaging);
                    let proof = output.chip_authentication;
                    assert_eq!(proof.is_some(), mapping == Mapping::ChipAuthentication);
                    if let Some(proof) = proof {
                        let dg14 = Dg14::parse(&file(&chip, 0x010E)).unwrap();
                        let options = dg14.security_infos().chip_authentication_options();
                        let (_, static_key) = strongest(&options).unwrap();
                        assert!(proof.proves(&static_key), "{context}");
                        let other = SecretKey::generate(&group, &mut random);
                        assert!(!proof.proves(&other.public_key().unwrap()), "{context}");
                    }
                    let kind = matches!(group, Group::Curve(_));
                    *counts.entry((format!("{mapping:?}"), kind)).or_insert(0) += 1;
                }
                chip.reset();
                let wrong = pace(&mut chip, &AccessKey::can("271828").unwrap(), &mut random);
                assert!(
                    matches!(wrong, Err(PaceError::WrongPassword { tries_left: None })),
                    "{context}: {wrong:?}"
                );
                let sealed = transmit(&mut chip, &Command::select_application(&AID));
                assert_eq!(sealed.status, StatusWord::OK);
                let refused = transmit(&mut chip, &Command::read_binary_sfi(1, 0, 256));
                assert_eq!(refused.status, StatusWord::SECURITY_STATUS, "{context}");
            }
        }
    }
    println!("PACE, by mapping and whether over a curve: {counts:?}");
    for (mapping, name) in [
        ("Generic", "Generic Mapping"),
        ("Integrated", "Integrated Mapping"),
    ] {
        for (curve, groups) in [(true, "curves"), (false, "DH groups")] {
            let count = counts[&(mapping.to_owned(), curve)];
            supports(&format!("PACE, {name} over {groups}, combinations"), count);
        }
    }
    let count = counts[&("ChipAuthentication".to_owned(), true)];
    supports("PACE, Chip Authentication Mapping, combinations", count);
    supports("PACE, all combinations", counts.values().sum::<i32>());
    let count = |mapping: &str, curve| counts.get(&(mapping.to_owned(), curve)).copied();
    assert_eq!(count("Generic", true), Some(88));
    assert_eq!(count("Generic", false), Some(24));
    assert_eq!(count("Integrated", true), Some(80));
    assert_eq!(count("Integrated", false), Some(24));
    assert_eq!(count("ChipAuthentication", true), Some(66));
    assert_eq!(counts.values().sum::<i32>(), 282);
}

#[test]
fn every_tolerance_is_counted() {
    let count = icao::tolerance::Tolerance::ALL.len();
    supports(
        "Deviations of real documents with a name, recorded where met",
        count,
    );
}

fn bac(chip: &mut Chip) -> SecureMessaging {
    let select = Command::select_application(&AID);
    assert_eq!(transmit(chip, &select).status, StatusWord::OK);
    let mut run = Bac::new(&mrz_key(), [7; 8], [8; 16]).unwrap();
    loop {
        match run.next().unwrap() {
            Step::Transmit(command) => run.receive(&transmit(chip, &command)).unwrap(),
            Step::Done(channel) => return channel,
        }
    }
}

/// Chip Authentication by every group and cipher, after BAC and after PACE, by extended commands and, where it can be, by
/// chains of short ones; and with a chip that does not have the key.
#[test]
fn every_chip_authentication_changes_keys_and_unmasks_a_clone() {
    let mut random = SeededRandom::new(b"terminal");
    let variant = PaceVariant::new(Mapping::Generic, CipherSuite::Aes128, 12).unwrap();
    let mut count = 0;
    for parameter_id in (0..=2).chain(8..=18) {
        let group = Group::from_parameter_id(parameter_id).unwrap();
        for suite in CipherSuite::ALL {
            // MSE:Set KAT has no chain (3DES): a key of more than 200 bytes needs an extended command.
            let chains = suite != CipherSuite::TripleDes || group.public_key_len() < 200;
            for (after_pace, limits, cloned) in [
                (false, Limits::EXTENDED, false),
                (true, Limits::EXTENDED, false),
                (true, Limits::SHORT, false),
                (true, Limits::EXTENDED, true),
            ] {
                if limits == Limits::SHORT && !chains {
                    continue;
                }
                let context = format!("{parameter_id} {suite:?} {after_pace} {limits:?} {cloned}");
                let chip = Chip::passport()
                    .holder(holder())
                    .limits(limits)
                    .pace(variant.clone())
                    .chip_authentication(&group, Some(0xC3), &[suite])
                    .unwrap();
                let chip = if cloned { chip.cloned() } else { chip };
                let mut chip = chip.build().unwrap();
                let mut channel = if after_pace {
                    let output = pace(&mut chip, &mrz_key(), &mut random).unwrap();
                    let mut channel = output.secure_messaging;
                    read_dg1(&mut chip, &mut channel);
                    channel
                } else {
                    bac(&mut chip)
                };
                let dg14 = Dg14::parse(&file(&chip, 0x010E)).unwrap();
                let options = dg14.security_infos().chip_authentication_options();
                let (option, key) = strongest(&options).unwrap();
                assert!(!option.inferred);
                assert_eq!(option.protocol.suite, suite);
                let ephemeral = SecretKey::generate(&group, &mut random);
                let max_data =
                    channel.max_command_data(if limits == Limits::SHORT { 255 } else { 2_000 });
                let mut run = ChipAuthentication::new(
                    option.protocol,
                    option.key.key_id,
                    &ephemeral.public_key().unwrap(),
                    max_data,
                );
                while let Step::Transmit(command) = run.next().unwrap() {
                    let response = protected(&mut chip, &mut channel, &command);
                    run.receive(&response)
                        .unwrap_or_else(|e| panic!("{context}: {e}"));
                }
                let keys = session_keys(option.protocol, &ephemeral, &key).unwrap();
                let mut channel = SecureMessaging::new(keys);
                let read = channel
                    .protect(&Command::read_binary_sfi(1, 0, 256))
                    .unwrap();
                let answer = channel.unprotect(&transmit(&mut chip, &read));
                match answer {
                    Ok(response) => {
                        assert!(!cloned, "{context}");
                        assert_eq!(response.data, file(&chip, 0x0101));
                    }
                    Err(error) => assert!(cloned, "{context}: {error}"),
                }
                count += 1;
            }
        }
    }
    println!("Chip Authentication: {count} runs over 14 groups and 4 ciphers");
    // 14 groups and 4 ciphers in 4 ways, but for the groups of 2048 bits no short form with 3DES.
    assert_eq!(count, 14 * 4 * 4 - 2);
    supports(
        "Chip Authentication, runs over all groups and ciphers",
        count,
    );
}

/// Several keys: the reference chooses; without one, or with a wrong one, the chip refuses.
#[test]
fn chip_authentication_chooses_its_key_by_reference() {
    let p256 = Group::from_parameter_id(12).unwrap();
    let brainpool = Group::from_parameter_id(13).unwrap();
    let suite = [CipherSuite::Aes128];
    let chip = || {
        Chip::passport()
            .holder(holder())
            .chip_authentication(&p256, Some(1), &suite)
            .unwrap()
            .chip_authentication(&brainpool, Some(0xC3), &suite)
            .unwrap()
    };
    let protocol = tlv_oid(&chip().build().unwrap());
    for (reference, expected) in [
        (&[0x84, 1, 1][..], StatusWord::OK),
        (&[0x84, 1, 0xC3], StatusWord::OK),
        (&[0x84, 2, 0, 0xC3], StatusWord::OK),
        (&[0x84, 1, 2], StatusWord::REFERENCE_NOT_FOUND),
        (&[], StatusWord::REFERENCE_NOT_FOUND),
        (&[0x84, 0], StatusWord::WRONG_DATA),
    ] {
        let mut chip = chip().build().unwrap();
        let mut channel = bac(&mut chip);
        let data = [&protocol[..], reference].concat();
        let set_at = Command::mse_set_at_chip_authentication(data);
        let status = protected(&mut chip, &mut channel, &set_at).status;
        assert_eq!(status, expected, "{reference:02X?}");
    }
    for (quirk, data, expected) in [
        (
            Quirk::MinimalKeyIdRequired,
            Command::mse_set_at_chip_authentication([&protocol[..], &[0x84, 2, 0, 0xC3]].concat()),
            StatusWord::WRONG_DATA,
        ),
        (
            Quirk::ChipAuthenticationRefusesLe,
            Command::mse_set_at_chip_authentication([&protocol[..], &[0x84, 1, 1]].concat())
                .with_le(256),
            StatusWord::UNKNOWN,
        ),
    ] {
        let mut chip = chip().quirk(quirk).build().unwrap();
        let mut channel = bac(&mut chip);
        let status = protected(&mut chip, &mut channel, &data).status;
        assert_eq!(status, expected, "{quirk:?}");
    }
}

/// DO 80 with the protocol that DG14 names.
fn tlv_oid(chip: &Chip) -> Vec<u8> {
    let dg14 = Dg14::parse(&file(chip, 0x010E)).unwrap();
    let option = dg14.security_infos().chip_authentication_options()[0];
    icao::tlv::encode(0x80, option.protocol.oid().as_bytes())
}

/// Chip Authentication without access, or PACE and Chip Authentication out of order, change nothing.
#[test]
fn chip_authentication_needs_a_channel() {
    let mut chip = Profile::NlId2014.chip(b"").unwrap();
    assert_eq!(
        transmit(&mut chip, &Command::select_application(&AID)).status,
        StatusWord::OK
    );
    let protocol = tlv_oid(&chip);
    let set_at = Command::mse_set_at_chip_authentication(protocol);
    let refused = transmit(&mut chip, &set_at).status;
    assert_eq!(refused, StatusWord::SECURITY_STATUS);
    let agree = Command::general_authenticate(icao::tlv::encode(0x7C, &[]));
    assert_eq!(
        transmit(&mut chip, &agree).status,
        StatusWord::CONDITIONS_OF_USE
    );
}

#[test]
fn pace_quirks() {
    let variant = PaceVariant::new(Mapping::Generic, CipherSuite::Aes128, 12).unwrap();
    let chip = |quirk| {
        let chip = Chip::passport().holder(holder()).pace(variant.clone());
        chip.quirk(quirk).build().unwrap()
    };
    let mut random = SeededRandom::new(b"terminal");

    let mut broken = chip(Quirk::PaceBroken);
    let refused = pace(&mut broken, &mrz_key(), &mut random).unwrap_err();
    assert!(
        matches!(refused, PaceError::Chip { status, .. } if status == StatusWord::SM_OBJECTS_INCORRECT),
        "{refused}"
    );
    bac(&mut broken);

    let mut counting = chip(Quirk::CanTries(2));
    let wrong = AccessKey::can("271828").unwrap();
    for left in [1, 0] {
        let refused = pace(&mut counting, &wrong, &mut random).unwrap_err();
        assert_eq!(
            refused,
            PaceError::WrongPassword {
                tries_left: Some(left)
            }
        );
        counting.reset();
    }
    let right = AccessKey::can(CAN).unwrap();
    let blocked = pace(&mut counting, &right, &mut random).unwrap_err();
    assert_eq!(blocked, PaceError::Blocked);
    pace(&mut counting, &mrz_key(), &mut random).unwrap();

    let mut strict = chip(Quirk::ParameterIdRequired);
    let oid = variant.protocol();
    let data = [&icao::tlv::encode(0x80, oid.as_bytes())[..], &[0x83, 1, 1]].concat();
    let refused = transmit(&mut strict, &Command::mse_set_at_pace(data));
    assert_eq!(refused.status, StatusWord(0x6A87));
    pace(&mut strict, &mrz_key(), &mut random).unwrap();

    let mut cluttered = chip(Quirk::CardAccessCluttered);
    pace(&mut cluttered, &mrz_key(), &mut random).unwrap();
}

/// The chip's signature over `challenge`, fetched in as many pieces as it comes in.
fn sign(chip: &mut Chip, challenge: &[u8; 8]) -> Vec<u8> {
    let select = Command::select_application(&AID);
    assert_eq!(transmit(chip, &select).status, StatusWord::OK);
    let mut response = transmit(chip, &Command::internal_authenticate(challenge, 256));
    let mut signature = response.data;
    while let Some(ne) = response.status.bytes_available() {
        response = transmit(chip, &Command::get_response(ne));
        signature.extend(&response.data);
    }
    assert_eq!(response.status, StatusWord::OK);
    signature
}

/// Whether the terminal accepts the chip's answer as the standard has it, and whether it accepts it at all.
fn accepted(chip: ChipBuilder, challenge: &[u8; 8]) -> (bool, bool) {
    let mut chip = chip.without_access_control().build().unwrap();
    let dg15 = Dg15::parse(&file(&chip, 0x010F)).unwrap();
    let key = VerifyingKey::from_spki(dg15.public_key_info()).unwrap();
    let dg14 = chip.file_system().applications[0]
        .files
        .iter()
        .find(|file| file.fid == 0x010E)
        .map(|file| Dg14::parse(&file.content).unwrap());
    let infos = dg14.as_ref().map(Dg14::security_infos);
    let terminal = ActiveAuthentication {
        key: &key,
        info: infos.and_then(|infos| infos.active_authentication()),
        kind: DocumentKind::TravelDocument,
    };
    let signature = sign(&mut chip, challenge);
    let other = [0x55; 8];
    assert!(terminal.verify_tolerant(&other, &signature).is_err());
    (
        terminal.verify(challenge, &signature).is_ok(),
        terminal.verify_tolerant(challenge, &signature).is_ok(),
    )
}

const HASHES: [HashAlgorithm; 5] = HashAlgorithm::ALL;

/// Active Authentication by RSA in the form modulo the sign: the smaller of S and n − S, for every length, hash and trailer;
/// fetched in pieces where it is longer than a short response.
#[test]
fn active_authentication_by_rsa_may_answer_the_smaller_of_both() {
    let challenge = *b"\x00123456\xFF";
    let mut count = 0;
    for bits in [1024, 1280, 1792, 2048, 3072, 4096] {
        let explicit = HASHES.map(|hash| (hash, Trailer::Explicit));
        for (hash, trailer) in explicit
            .into_iter()
            .chain([(HashAlgorithm::Sha1, Trailer::Implicit)])
        {
            let chip = Chip::passport().active_authentication_rsa(bits, hash, trailer);
            let chip = chip.unwrap().quirk(Quirk::SmallerSignature);
            let context = format!("{bits} {hash:?} {trailer:?}");
            assert_eq!(accepted(chip, &challenge), (true, true), "{context}");
            count += 1;
        }
    }
    assert_eq!(count, 6 * 6);
    supports("Active Authentication by RSA, signatures accepted", count);
}

/// Active Authentication by ECDSA in the two forms of real chips that deviate: every curve with every hash, accepted with a
/// tolerance only.
#[test]
fn active_authentication_by_ecdsa_in_other_forms_needs_a_tolerance() {
    let mut count = 0;
    for curve in NamedCurve::ALL {
        for hash in HASHES {
            for quirk in [Quirk::DerSignature, Quirk::SignaturePadded] {
                let chip = Chip::passport().active_authentication_ecdsa(curve, hash);
                let context = format!("{curve:?} {hash:?} {quirk:?}");
                let judged = accepted(chip.quirk(quirk), &[0xA5; 8]);
                assert_eq!(judged, (false, true), "{context}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 11 * 5 * 2);
    supports(
        "Active Authentication by ECDSA in other forms, signatures accepted",
        count,
    );
}

/// Without ActiveAuthenticationInfo the hash is a guess, which has to be tolerated.
#[test]
fn a_missing_active_authentication_info_needs_a_tolerance() {
    let chip = Chip::passport()
        .active_authentication_ecdsa(NamedCurve::P384, HashAlgorithm::Sha256)
        .quirk(Quirk::ActiveAuthenticationInfoMissing);
    assert_eq!(accepted(chip, &[9; 8]), (false, true));
}

/// Domain parameters that are not standardised by id: EF.CardAccess spells them out, under an id of the chip's own.
#[test]
fn pace_opens_in_a_group_that_card_access_spells_out() {
    let mut random = SeededRandom::new(b"terminal");
    let modp = Group::from_parameter_id(0).unwrap();
    let Group::Dh(parameters) = &modp else {
        unreachable!()
    };
    let generator = PublicKey::generator(&modp).tweak(&[2]).unwrap();
    let other = DhGroup::from_parameters(
        parameters.modulus(),
        generator.as_bytes(),
        parameters.order(),
    )
    .unwrap();
    assert_eq!(other.parameter_id(), None);
    for group in [Group::Curve(NamedCurve::BrainpoolP320r1), Group::Dh(other)] {
        let suite = CipherSuite::Aes192;
        let variant =
            PaceVariant::with_domain_parameters(Mapping::Generic, suite, 40, &group).unwrap();
        let mut chip = Chip::passport()
            .holder(holder())
            .limits(Limits::EXTENDED)
            .pace(variant)
            .build()
            .unwrap();
        let access = CardAccess::parse(&file(&chip, 0x011C)).unwrap();
        let infos = access.security_infos();
        let info = infos.pace().next().unwrap();
        let domain = infos.pace_domain_parameters().next().unwrap();
        assert_eq!(info.parameter_id, Some(40));
        assert_eq!(domain.parameter_id, Some(40));
        assert_eq!(domain.agreement, info.protocol.agreement);

        let parameters = PaceParameters::from_infos(info, infos).unwrap();
        assert_eq!(parameters.group(), &group);
        let secrets = PaceSecrets::generate(&parameters, &mut random);
        let mut run = Pace::with_secrets(parameters, mrz_key().pace_password(), secrets).unwrap();
        let mut channel = loop {
            match run.next().unwrap() {
                Step::Transmit(command) => run.receive(&transmit(&mut chip, &command)).unwrap(),
                Step::Done(output) => break output.secure_messaging,
            }
        };
        read_dg1(&mut chip, &mut channel);
    }
}
