//! The terminal reads the simulated chip: every profile, every quirk, and a link that tears at every command.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::access_key::AccessKey;
use icao::chip_authentication::remote::{ReadPlan, RemoteChipAuthentication};
use icao::chip_authentication::strongest;
use icao::crypto::key_agreement::SecretKey;
use icao::lds::sod::{HashMatch, Sod};
use icao::lds::{DataGroup, Dg14, FileId};
use icao::mrz::AccessFields;
use icao::simulator::{
    Chip, ChipBuilder, Fault, Form, Profile, Quirk, SeededRandom, SimulatedLink,
};
use icao::terminal::{AccessProtocol, Error, Event, FallbackToBac, Policy, Terminal, Transcript};
use icao::transport::{Limits, TransportError};

const PASSPORTS: [Profile; 6] = [
    Profile::NlPassport2011,
    Profile::NlId2014,
    Profile::NlPassport2024,
    Profile::Clone,
    Profile::Tampered,
    Profile::PaceP256,
];

/// How large the server's identity file is at most: DG1 of an identity card (93 bytes on a passport).
const DG1_LEN: usize = 95;

fn key_of(profile: Profile) -> AccessKey {
    let holder = profile.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    );
    AccessKey::Mrz(fields.unwrap())
}

fn wrong_key() -> AccessKey {
    AccessKey::Mrz(AccessFields::new("WRONG0001", "700101", "300101").unwrap())
}

/// What a whole login takes from a chip.
#[derive(Debug, PartialEq, Eq)]
struct Login {
    sod: Vec<u8>,
    dg14: Option<Vec<u8>>,
    dg15: Option<Vec<u8>>,
    signed: bool,
    /// DG1 as the distant server got it, or why it did not.
    dg1: Result<Vec<u8>, String>,
}

/// Opens, reads what proves, lets the chip sign, and lets a distant server read DG1.
fn log_in(link: &mut SimulatedLink, keys: &[AccessKey]) -> (Result<Login, Error>, Transcript) {
    let mut rng = SeededRandom::new(b"terminal");
    let mut on_event = |_| {};
    let mut terminal = Terminal::new(link, &mut rng, Policy::default(), &mut on_event);
    let login = steps(&mut terminal, keys);
    (login, terminal.transcript())
}

fn steps<'a>(terminal: &mut Terminal<'a>, keys: &'a [AccessKey]) -> Result<Login, Error> {
    terminal.open(keys)?;
    let sod_bytes = terminal.read(FileId::EF_SOD)?;
    let sod = Sod::parse(&sod_bytes).unwrap();
    let mut listed = |group: DataGroup| -> Result<Option<Vec<u8>>, Error> {
        if !sod.security_object().hashes.contains_key(&group) {
            return Ok(None);
        }
        let file = terminal.read(FileId::data_group(group))?;
        assert_eq!(
            sod.security_object().verify(group, &file),
            HashMatch::Equal,
            "{group}"
        );
        Ok(Some(file.to_vec()))
    };
    let dg14 = listed(DataGroup::DG14)?;
    let dg15 = listed(DataGroup::DG15)?;
    let signed = match &dg15 {
        Some(_) => !terminal.active_authentication(&[7; 8], 80)?.is_empty(),
        None => false,
    };
    let dg1 = match &dg14 {
        Some(dg14) => distant_server(terminal, dg14)?,
        None => Ok(terminal.read(FileId::data_group(DataGroup::DG1))?.to_vec()),
    };
    Ok(Login {
        sod: sod_bytes.to_vec(),
        dg14,
        dg15,
        signed,
        dg1,
    })
}

fn distant_server(
    terminal: &mut Terminal<'_>,
    dg14: &[u8],
) -> Result<Result<Vec<u8>, String>, Error> {
    let dg14 = Dg14::parse(dg14).unwrap();
    let options = dg14.security_infos().chip_authentication_options();
    let (option, chip_key) = strongest(&options).expect("a key of Chip Authentication");
    let mut rng = SeededRandom::new(b"server");
    let ephemeral = SecretKey::generate(chip_key.group(), &mut rng);
    let limits = terminal.limits();
    let plan = ReadPlan::for_link(
        FileId::data_group(DataGroup::DG1),
        !terminal.refuses_short_identifiers(),
        DG1_LEN,
        option.protocol.suite,
        limits.max_response,
    );
    let server =
        RemoteChipAuthentication::new(option.protocol, &ephemeral, &chip_key, &plan).unwrap();
    let answers = terminal.remote_chip_authentication(
        option.protocol,
        option.key.key_id,
        &ephemeral.public_key().unwrap(),
        server.commands(),
    )?;
    let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.to_bytes()).collect();
    Ok(server
        .file(&answers)
        .map(|file| file.to_vec())
        .map_err(|error| error.to_string()))
}

fn lay(profile: Profile) -> SimulatedLink {
    SimulatedLink::new(profile.chip(b"chip").unwrap())
}

#[test]
fn every_profile_opens_and_proves_what_it_can() {
    for profile in PASSPORTS {
        let keys = [key_of(profile)];
        let (login, transcript) = log_in(&mut lay(profile), &keys);
        let login = login.unwrap_or_else(|error| panic!("{}: {error}", profile.name()));
        println!("{:18} {transcript:?}", profile.name());
        assert!(login.signed, "{}", profile.name());
        assert_eq!(transcript.resumes, 0, "{}", profile.name());
        let sod = Sod::parse(&login.sod).unwrap();
        match (profile, login.dg1) {
            (Profile::Clone, dg1) => {
                assert!(dg1.is_err(), "a clone cannot speak to the server");
            }
            (_, dg1) => {
                let hash = sod.security_object().verify(DataGroup::DG1, &dg1.unwrap());
                let expected = match profile {
                    Profile::Tampered => HashMatch::Different,
                    _ => HashMatch::Equal,
                };
                assert_eq!(hash, expected, "{}", profile.name());
            }
        }
    }
}

#[test]
fn every_profile_reads_the_face_image() {
    for profile in PASSPORTS {
        let keys = [key_of(profile)];
        for limits in [Limits::SHORT, Limits::EXTENDED] {
            let mut link = lay(profile).with_limits(limits);
            let mut rng = SeededRandom::new(b"terminal");
            let mut on_event = |_| {};
            let mut terminal = Terminal::new(&mut link, &mut rng, Policy::default(), &mut on_event);
            terminal.open(&keys).unwrap();
            let sod = Sod::parse(&terminal.read(FileId::EF_SOD).unwrap()).unwrap();
            let dg2 = terminal.read(FileId::data_group(DataGroup::DG2)).unwrap();
            assert_eq!(
                sod.security_object().verify(DataGroup::DG2, &dg2),
                HashMatch::Equal
            );
            println!("{:18} {:?}", profile.name(), terminal.transcript());
            let dg3 = FileId::data_group(DataGroup::new(3).unwrap());
            assert!(
                matches!(
                    terminal.read(dg3),
                    Err(Error::FileProtected(_) | Error::FileNotFound(_))
                ),
                "fingerprints need Terminal Authentication"
            );
        }
    }
}

#[test]
fn the_digest_and_the_card_access_number_open_as_well() {
    for profile in PASSPORTS {
        let holder = profile.holder();
        let digest = holder.mrz_digest(profile.form()).try_into().unwrap();
        let keys = [AccessKey::MrzDigest(digest)];
        assert!(log_in(&mut lay(profile), &keys).0.is_ok());
        if let Some(can) = holder.can {
            let keys = [AccessKey::can(can).unwrap()];
            assert!(log_in(&mut lay(profile), &keys).0.is_ok());
        }
    }
}

#[test]
fn wrong_access_data_are_told_apart_and_tried_twice_at_most() {
    for profile in PASSPORTS {
        let (login, transcript) = log_in(&mut lay(profile), &[wrong_key()]);
        assert_eq!(login, Err(Error::WrongAccessKey { tries: 1, left: 0 }));
        assert_eq!(transcript.refused_keys, 1);

        let second = [wrong_key(), key_of(profile)];
        assert!(log_in(&mut lay(profile), &second).0.is_ok());

        let third = [wrong_key(), wrong_key(), key_of(profile)];
        let (login, _) = log_in(&mut lay(profile), &third);
        assert_eq!(login, Err(Error::WrongAccessKey { tries: 2, left: 1 }));
    }
    let can = [AccessKey::can("123456").unwrap()];
    assert_eq!(
        log_in(&mut lay(Profile::NlPassport2011), &can).0,
        Err(Error::NoUsableKey),
        "BAC knows no card access number"
    );
}

#[test]
fn local_chip_authentication_tells_a_clone() {
    for profile in PASSPORTS {
        let keys = [key_of(profile)];
        let mut link = lay(profile);
        let mut rng = SeededRandom::new(b"terminal");
        let mut events = Vec::new();
        let mut on_event = |event| events.push(event);
        let mut terminal = Terminal::new(&mut link, &mut rng, Policy::default(), &mut on_event);
        terminal.open(&keys).unwrap();
        let Ok(dg14) = terminal.read(FileId::data_group(DataGroup::DG14)) else {
            assert_eq!(profile, Profile::NlPassport2011);
            continue;
        };
        let dg14 = Dg14::parse(&dg14).unwrap();
        let options = dg14.security_infos().chip_authentication_options();
        let (option, key) = strongest(&options).unwrap();
        let expected = match profile {
            Profile::Clone => Err(Error::NotGenuine),
            _ => Ok(()),
        };
        assert_eq!(
            terminal.chip_authentication(&option, &key),
            expected,
            "{}",
            profile.name()
        );
        // Under the new keys, or after the chip was opened again: reading goes on.
        assert!(terminal.read(FileId::data_group(DataGroup::DG1)).is_ok());
        assert!(events.contains(&Event::ChipAuthentication));
    }
}

fn passport() -> ChipBuilder {
    Profile::PaceP256.builder().unwrap()
}

#[test]
fn quirks_of_real_chips_do_not_stop_a_login() {
    let pace = [
        Quirk::SelectRefusesLe,
        Quirk::ParameterIdRequired,
        Quirk::MasterFileRefused(0x6982),
        Quirk::MasterFileRefused(0x6A81),
        Quirk::MasterFileRefused(0x6A86),
        Quirk::MasterFileRefused(0x6D00),
        Quirk::MasterFileRefused(0x6700),
        Quirk::MasterFileNotSelected,
        Quirk::ReadLimit {
            max: 192,
            status: 0x6700,
        },
        Quirk::ReadLimit {
            max: 160,
            status: 0x6B00,
        },
        Quirk::ReadLimit {
            max: 160,
            status: 0x6C00,
        },
        Quirk::ReadLimit {
            max: 128,
            status: 0x6282,
        },
        Quirk::EndOfFileWarning,
        Quirk::ExtendedLengthTrap,
        Quirk::SelectBreaksChannel,
        Quirk::SignatureNeedsLe,
        Quirk::NoSignatureForExtendedLe,
        Quirk::AuthenticationEndsChannel,
        Quirk::MinimalKeyIdRequired,
        Quirk::ChipAuthenticationRefusesLe,
        Quirk::SodIndefiniteLength,
        Quirk::ComMissing,
        Quirk::TrailingBytes(9),
        Quirk::InfoFilesRefused(0x6982),
        Quirk::StatusObjectFirst,
        Quirk::CardAccessCluttered,
        Quirk::BareErrors,
        Quirk::NoShortFileIdentifiers,
        Quirk::CardAccessMissing,
    ];
    let keys = [key_of(Profile::PaceP256)];
    for quirk in pace {
        for limits in [Limits::SHORT, Limits::EXTENDED] {
            let chip = passport()
                .limits(Limits::EXTENDED)
                .quirk(quirk)
                .build()
                .unwrap();
            let mut link = SimulatedLink::new(chip).with_limits(limits);
            let (login, transcript) = log_in(&mut link, &keys);
            let login = login.unwrap_or_else(|error| panic!("{quirk:?}: {error}\n{transcript:?}"));
            assert!(
                login.signed && login.dg1.is_ok(),
                "{quirk:?}: {:?}",
                login.dg1
            );
        }
    }
    // Bare answers under secure messaging that are longer than a short answer can be.
    let chip = passport().quirk(Quirk::OversizedResponses).build().unwrap();
    let mut link = SimulatedLink::new(chip).with_limits(Limits {
        max_command: 261,
        max_response: 300,
    });
    assert!(log_in(&mut link, &keys).0.is_ok());

    let keys = [key_of(Profile::NlPassport2011)];
    for quirk in [
        Quirk::FirstChallengeRefused,
        Quirk::BareErrors,
        Quirk::NoShortFileIdentifiers,
    ] {
        let chip = Profile::NlPassport2011
            .builder()
            .unwrap()
            .quirk(quirk)
            .build()
            .unwrap();
        let (login, transcript) = log_in(&mut SimulatedLink::new(chip), &keys);
        assert!(login.is_ok(), "{quirk:?}: {login:?} {transcript:?}");
    }
}

#[test]
fn refusals_of_the_chip_have_names() {
    let open =
        |chip: Chip, key: AccessKey| log_in(&mut SimulatedLink::new(chip), &[key]).0.unwrap_err();

    // PACE only, and nothing that says so.
    let chip = passport()
        .without_bac()
        .quirk(Quirk::CardAccessMissing)
        .build()
        .unwrap();
    assert!(matches!(
        open(chip, key_of(Profile::PaceP256)),
        Error::PaceOnly(_)
    ));

    for status in [0x6300, 0x63CF, 0x6982, 0x6988] {
        let chip = Profile::NlPassport2011.builder().unwrap();
        let chip = chip.quirk(Quirk::WrongKeyStatus(status)).build().unwrap();
        assert_eq!(
            open(chip, wrong_key()),
            Error::WrongAccessKey { tries: 1, left: 0 },
            "{status:04X}"
        );
    }

    let chip = passport().quirk(Quirk::CanTries(1)).build().unwrap();
    let keys = [
        AccessKey::can("999999").unwrap(),
        AccessKey::can("888888").unwrap(),
    ];
    let (login, _) = log_in(&mut SimulatedLink::new(chip), &keys);
    assert!(matches!(login, Err(Error::Blocked(_))), "{login:?}");

    // A chip on which PACE is broken is not opened by the weaker protocol behind the caller's back.
    let chip = passport().quirk(Quirk::PaceBroken).build().unwrap();
    assert!(matches!(
        open(chip, key_of(Profile::PaceP256)),
        Error::Pace(_)
    ));

    let chip = passport()
        .quirk(Quirk::ActiveAuthenticationAbsent)
        .build()
        .unwrap();
    assert!(matches!(
        open(chip, key_of(Profile::PaceP256)),
        Error::Status { .. }
    ));

    let mut slow = lay(Profile::NlPassport2011).with_faults(|_, command| match command {
        [0x00, 0x82, ..] => Fault::Fail(TransportError::Timeout),
        _ => Fault::None,
    });
    assert_eq!(
        log_in(&mut slow, &[key_of(Profile::NlPassport2011)]).0,
        Err(Error::Slow)
    );
}

#[test]
fn a_link_that_tears_once_anywhere_costs_nothing_but_time() {
    let mut torn = 0;
    for profile in [
        Profile::NlPassport2011,
        Profile::NlId2014,
        Profile::NlPassport2024,
        Profile::PaceP256,
    ] {
        let keys = [key_of(profile)];
        let (whole, transcript) = log_in(&mut lay(profile), &keys);
        let whole = whole.unwrap();
        for at in 0..transcript.apdus as usize {
            for fault in [Fault::Tear, Fault::TearAfter, Fault::Reset, Fault::Cut(0)] {
                let mut link = lay(profile).with_faults({
                    let fault = fault.clone();
                    move |number, _| {
                        if number == at {
                            fault.clone()
                        } else {
                            Fault::None
                        }
                    }
                });
                let (login, transcript) = log_in(&mut link, &keys);
                assert_eq!(
                    login.as_ref(),
                    Ok(&whole),
                    "{} {at} {fault:?}",
                    profile.name()
                );
                assert_eq!(transcript.resumes, 1, "{} {at} {fault:?}", profile.name());
                torn += 1;
            }
        }
    }
    println!("{torn} torn logins, all whole in the end");
}

#[test]
fn a_link_that_tears_for_good_ends_with_its_name() {
    let mut torn = 0;
    for profile in [Profile::NlPassport2011, Profile::NlPassport2024] {
        let keys = [key_of(profile)];
        let (_, transcript) = log_in(&mut lay(profile), &keys);
        for at in 0..transcript.apdus as usize {
            let mut link = lay(profile).with_faults(move |number, _| {
                if number < at {
                    Fault::None
                } else {
                    Fault::Tear
                }
            });
            let (login, transcript) = log_in(&mut link, &keys);
            assert_eq!(login, Err(Error::Link(TransportError::CardRemoved)));
            assert_eq!(transcript.resumes, Policy::default().most_resumes);
            torn += 1;
        }
    }
    println!("{torn} logins torn for good");
}

#[test]
fn another_document_after_a_tear_is_refused() {
    /// Two documents that take turns at each reset.
    struct Swap {
        laid: SimulatedLink,
        waiting: SimulatedLink,
    }
    impl icao::transport::Transport for Swap {
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
            self.laid.transmit(command)
        }
        fn reset(&mut self) -> Result<(), TransportError> {
            std::mem::swap(&mut self.laid, &mut self.waiting);
            self.laid.reset()
        }
        fn limits(&self) -> Limits {
            self.laid.limits()
        }
    }
    for (first, second) in [
        (Profile::NlPassport2011, Profile::NlId2014),
        (Profile::NlPassport2024, Profile::PaceP256),
        (Profile::NlPassport2024, Profile::NlPassport2011),
    ] {
        let laid = lay(first).with_faults(|number, _| {
            if number == 14 {
                Fault::Tear
            } else {
                Fault::None
            }
        });
        let mut swap = Swap {
            laid,
            waiting: lay(second),
        };
        let keys = [key_of(first), key_of(second)];
        let mut rng = SeededRandom::new(b"terminal");
        let mut on_event = |_| {};
        let mut terminal = Terminal::new(&mut swap, &mut rng, Policy::default(), &mut on_event);
        let login = steps(&mut terminal, &keys);
        assert_eq!(
            login,
            Err(Error::DocumentSwapped),
            "{} {}",
            first.name(),
            second.name()
        );
    }
}

#[test]
fn garbled_answers_never_pass_for_the_chip() {
    let profile = Profile::NlPassport2024;
    let keys = [key_of(profile)];
    let (whole, transcript) = log_in(&mut lay(profile), &keys);
    let whole = whole.unwrap();
    for at in 0..transcript.apdus as usize {
        for fault in [
            Fault::Garble(vec![0, 0, 0, 1]),
            Fault::Cut(1),
            Fault::Cut(5),
            Fault::Answer(vec![0x90, 0x00]),
        ] {
            let mut link = lay(profile).with_faults({
                let fault = fault.clone();
                move |number, _| {
                    if number == at {
                        fault.clone()
                    } else {
                        Fault::None
                    }
                }
            });
            // Either it was noticed and repaired, or it ends with an error; never another result.
            if let (Ok(login), _) = log_in(&mut link, &keys)
                && login.dg1.is_ok()
            {
                assert_eq!(login.sod, whole.sod, "{at} {fault:?}");
                assert_eq!(login.dg1, whole.dg1, "{at} {fault:?}");
            }
        }
    }
}

#[test]
fn a_document_with_unknown_pace_is_opened_by_bac_only_if_the_caller_says_so() {
    const ECDH_GM_AES128: [u8; 10] = [0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02, 0x02];
    // PACE as no arc of today names it.
    const OF_LATER_DAYS: [u8; 10] = [0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x07, 0x02];
    let card_access = |protocol: &[u8], fields: &[u8]| {
        let protocol = icao::tlv::encode(0x06, protocol);
        icao::tlv::encode(
            0x31,
            &icao::tlv::encode(0x30, &[&protocol, fields].concat()),
        )
    };
    let keys = [key_of(Profile::PaceP256)];
    for (what, card_access) in [
        (
            "parameters that nobody knows",
            card_access(&ECDH_GM_AES128, &[2, 1, 2, 2, 1, 0x1F]),
        ),
        (
            "a version that is no number",
            card_access(&ECDH_GM_AES128, &[1, 1, 0xFF]),
        ),
        (
            "a protocol that nobody knows",
            card_access(&OF_LATER_DAYS, &[2, 1, 2, 2, 1, 0x0D]),
        ),
    ] {
        let open = |policy: Policy| {
            let mut offer = card_access.clone();
            offer.extend([0x90, 0x00]);
            let mut link = lay(Profile::PaceP256).with_faults(move |_, command| match command {
                [0x00, 0xB0, 0x9C, ..] => Fault::Answer(offer.clone()),
                _ => Fault::None,
            });
            let mut rng = SeededRandom::new(b"terminal");
            let mut on_event = |_| {};
            Terminal::new(&mut link, &mut rng, policy, &mut on_event).open(&keys)
        };
        assert_eq!(
            open(Policy::default()),
            Err(Error::PaceNotSupported),
            "{what}"
        );
        let mut lenient = Policy::default();
        lenient.fallback_to_bac = FallbackToBac::WhenPaceNotSupported;
        assert_eq!(open(lenient), Ok(AccessProtocol::Bac), "{what}");
    }
}

#[test]
fn a_driving_licence_is_no_travel_document() {
    let profile = Profile::NlLicence2014;
    assert_eq!(profile.form(), Form::DrivingLicence);
    let digest = profile
        .holder()
        .mrz_digest(profile.form())
        .try_into()
        .unwrap();
    let (login, _) = log_in(&mut lay(profile), &[AccessKey::MrzDigest(digest)]);
    assert!(matches!(login, Err(Error::NotADocument(_))), "{login:?}");
}
