//! Chip Authentication, local and remote, against a chip's end of secure messaging written here from Doc 9303-11, 9.8.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::apdu::{Command, Response, StatusWord, Step};
use icao::chip_authentication::remote::{
    ProtectedRead, ReadPlan, RemoteChipAuthentication, RemoteError,
};
use icao::chip_authentication::{
    ChipAuthentication, ChipAuthenticationError, ChipAuthenticationStep, ChipKeyError,
    session_keys, strongest,
};
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::key_agreement::{Group, PublicKey, SecretKey};
use icao::crypto::public_key_info::PublicKeyInfoError;
use icao::lds::security_info::{
    Agreement, ChipAuthenticationProtocol, ChipAuthenticationPublicKeyInfo, KeyId, SecurityInfos,
};
use icao::lds::{Dg14, FileId};
use icao::secure_messaging::{SecureMessagingError, SessionKeys};
use icao::tlv;

/// DG14 of the reference data set of BSI TR-03105-5: explicit brainpoolP224r1, 3DES.
const DG14: &str = "\
6E82014A3182014630820122060904007F000702020102308201133081D406072A8648CE3D02013081C802010130\
2806072A8648CE3D0101021D00D7C134AA264366862A18302575D1D787B09F075797DA89F57EC8C0FF303C041C68\
A5E62CA9CE6C1C299803A6C1530B514E182AD8B0042A59CAD29F43041C2580F63CCFE44138870713B1A92369E33E\
2135D266DBB372386C400B0439040D9029AD2C7E5CF4340823B2A87DC68C9E4CE3174C1E6EFDEE12C07D58AA56F7\
72C0726F24C6B89E4ECDAC24354B9E99CAA3F6D3761402CD021D00D7C134AA264366862A18302575D0FB98D116BC\
4B6DDEBCA3A5A7939F020101033A0004A847F020F71DF33D386BE7C9223A354D6AC7727018B26E281C6FFB96A83B\
142AAF303C23F2BCF2CDE4706C14E45914A9BE42C15BCB67A01F300F060A04007F00070202030201020101300D06\
0804007F0007020202020101";
/// The private key of that chip, as published.
const DG14_SECRET: &str = "AD1B6F5BF65B63F53E6EE2E45C1F09243D9AA2AB0C9A78C8C4D25647";

fn h(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn rng() -> rand_core::UnwrapErr<getrandom::SysRng> {
    rand_core::UnwrapErr(getrandom::SysRng)
}

fn protocol(agreement: Agreement, suite: CipherSuite) -> ChipAuthenticationProtocol {
    ChipAuthenticationProtocol { agreement, suite }
}

/// A specimen EF.DG1 of a passport: 93 bytes.
fn dg1() -> Vec<u8> {
    tlv::encode(0x61, &tlv::encode(0x5F1F, &[b'<'; 88]))
}

/// The commands of the terminal, each answered with 9000.
fn sent(mut ca: ChipAuthentication) -> Vec<Command> {
    let mut sent = Vec::new();
    while let Step::Transmit(command) = ca.next().unwrap() {
        ca.receive(&Response::new(Vec::new(), StatusWord::OK))
            .unwrap();
        sent.push(command);
    }
    assert_eq!(ca.next().unwrap_err(), ChipAuthenticationError::OutOfTurn);
    sent
}

/// The chip's end of the channel after Chip Authentication: one file, read with and without SFI.
struct Chip {
    keys: SessionKeys,
    counter: u128,
    file: Vec<u8>,
}

impl Chip {
    fn ssc(&mut self) -> Vec<u8> {
        self.counter += 1;
        self.counter.to_be_bytes()[16 - self.keys.suite().block_len()..].to_vec()
    }

    fn iv(&self, ssc: &[u8]) -> Vec<u8> {
        match self.keys.suite() {
            CipherSuite::TripleDes => vec![0; 8],
            suite => suite.encrypt_block(self.keys.enc(), ssc).unwrap(),
        }
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let suite = self.keys.suite();
        let command = Command::parse(command).unwrap();
        let ssc = self.ssc();
        let (objects, mac) = command.data.split_at(command.data.len() - 10);
        let header = suite.pad(&[command.cla, command.ins, command.p1, command.p2]);
        let input = [&*ssc, &header, &suite.pad(objects)].concat();
        suite
            .verify_mac(self.keys.mac(), &input, &mac[2..])
            .unwrap();

        let (data, status) = match command.ins {
            0xA4 => {
                let encrypted = &tlv::find(objects, 0x87).unwrap().value[1..];
                let iv = self.iv(&ssc);
                let plain = suite.cbc_decrypt(self.keys.enc(), &iv, encrypted).unwrap();
                assert_eq!(suite.unpad(&plain).unwrap(), [0x01, 0x01]);
                (Vec::new(), StatusWord::OK)
            }
            0xB0 => {
                let ne = match tlv::find(objects, 0x97).unwrap().value {
                    [0] => 256,
                    [ne] => usize::from(*ne),
                    _ => panic!("short commands only"),
                };
                let high = if command.p1 & 0x80 == 0 {
                    command.p1
                } else {
                    0
                };
                let start = usize::from(high) << 8 | usize::from(command.p2);
                let start = start.min(self.file.len());
                let end = (start + ne).min(self.file.len());
                let status = if end - start < ne {
                    StatusWord::END_OF_FILE
                } else {
                    StatusWord::OK
                };
                (self.file[start..end].to_vec(), status)
            }
            _ => (Vec::new(), StatusWord::WRONG_INS),
        };
        self.protect(&data, status)
    }

    fn protect(&mut self, data: &[u8], status: StatusWord) -> Vec<u8> {
        let suite = self.keys.suite();
        let ssc = self.ssc();
        let mut objects = Vec::new();
        if !data.is_empty() {
            let cryptogram = suite
                .cbc_encrypt(self.keys.enc(), &self.iv(&ssc), &suite.pad(data))
                .unwrap();
            objects = tlv::encode(0x87, &[vec![1], cryptogram].concat());
        }
        objects.extend(tlv::encode(0x99, &status.0.to_be_bytes()));
        let mac = suite
            .mac(self.keys.mac(), &[ssc, suite.pad(&objects)].concat())
            .unwrap();
        objects.extend(tlv::encode(0x8E, &mac));
        Response::new(objects, status).to_bytes()
    }
}

/// A server that has sent its commands, and the chip that received the tweaked key.
fn remote(
    group: &Group,
    suite: CipherSuite,
    plan: &ReadPlan,
    file: Vec<u8>,
) -> (RemoteChipAuthentication, Chip) {
    let agreement = match group {
        Group::Curve(_) => Agreement::Ecdh,
        Group::Dh(_) => Agreement::Dh,
    };
    let protocol = protocol(agreement, suite);
    let chip_secret = SecretKey::generate(group, &mut rng());
    let chip_public = chip_secret.public_key().unwrap();
    let server = SecretKey::generate(group, &mut rng());
    let t = [0xC3; 32];
    let handed = server.public_key().unwrap().tweak(&t).unwrap();
    let keys = session_keys(protocol, &chip_secret, &handed).unwrap();
    let tweaked = server.multiply(&t).unwrap();
    let remote = RemoteChipAuthentication::new(protocol, &tweaked, &chip_public, plan).unwrap();
    (
        remote,
        Chip {
            keys,
            counter: 0,
            file,
        },
    )
}

fn plan(by_sfi: bool, length: usize, chunk: usize) -> ReadPlan {
    ReadPlan {
        file: FileId {
            fid: 0x0101,
            sfi: 1,
        },
        by_sfi,
        length,
        chunk,
    }
}

#[test]
fn remote_reading_works_in_every_kind_of_group_and_cipher() {
    let groups = [
        Group::Curve(NamedCurve::P256),
        Group::Curve(NamedCurve::BrainpoolP320r1),
        Group::Curve(NamedCurve::P521),
        Group::from_parameter_id(0).unwrap(),
        Group::from_parameter_id(2).unwrap(),
    ];
    for group in &groups {
        for suite in CipherSuite::ALL {
            for plan in [plan(true, 93, 223), plan(true, 93, 30), plan(false, 93, 64)] {
                let (remote, mut chip) = remote(group, suite, &plan, dg1());
                let read = ProtectedRead::inspect(remote.commands()).unwrap();
                assert_eq!(
                    read,
                    ProtectedRead {
                        sfi: plan.by_sfi.then_some(1),
                        length: 93
                    }
                );
                let answers: Vec<_> = remote.commands().iter().map(|c| chip.answer(c)).collect();
                assert_eq!(*remote.file(&answers).unwrap(), dg1());

                // The same commands come from kept keys: a server may forget everything else.
                let again = RemoteChipAuthentication::with_keys(remote.keys().clone(), &plan);
                assert_eq!(again.unwrap().commands(), remote.commands());
            }
        }
    }
}

#[test]
fn a_file_shorter_than_the_plan_is_cut_to_its_header() {
    let group = Group::Curve(NamedCurve::P256);
    let suite = CipherSuite::Aes256;
    let with = |length, file: Vec<u8>| {
        let (remote, mut chip) = remote(&group, suite, &plan(true, length, 80), file);
        let answers: Vec<_> = remote.commands().iter().map(|c| chip.answer(c)).collect();
        remote.file(&answers).map(|file| file.to_vec())
    };
    assert_eq!(with(95, dg1()), Ok(dg1()));
    assert_eq!(with(95, [dg1(), vec![0; 50]].concat()), Ok(dg1()));
    assert!(matches!(with(92, dg1()), Err(RemoteError::File(_))));
    // The end of the file in a command that is not the last.
    assert_eq!(
        with(320, dg1()).unwrap_err(),
        RemoteError::Length { index: 1 }
    );
}

#[test]
fn answers_of_anyone_else_are_refused() {
    let group = Group::Curve(NamedCurve::BrainpoolP256r1);
    for suite in CipherSuite::ALL {
        let (remote, mut chip) = remote(&group, suite, &plan(true, 93, 64), dg1());
        let good: Vec<_> = remote.commands().iter().map(|c| chip.answer(c)).collect();
        let refused = |answers: &[Vec<u8>]| remote.file(answers).unwrap_err();

        for index in 0..good.len() {
            for position in 0..good[index].len() {
                let mut answers = good.clone();
                answers[index][position] ^= 1;
                assert!(
                    remote.file(&answers).is_err(),
                    "{suite:?} {index} {position}"
                );
            }
        }
        let swapped = [good[1].clone(), good[0].clone()];
        let mac = |index| RemoteError::SecureMessaging {
            index,
            error: SecureMessagingError::Mac,
        };
        assert_eq!(refused(&swapped), mac(0));
        assert_eq!(refused(&[good[0].clone(), good[0].clone()]), mac(1));
        assert_eq!(
            refused(&good[..1]),
            RemoteError::Count {
                expected: 2,
                found: 1
            }
        );
        assert_eq!(
            refused(&[]),
            RemoteError::Count {
                expected: 2,
                found: 0
            }
        );
        let bare = SecureMessagingError::Bare(StatusWord::OK);
        assert_eq!(
            refused(&[h("9000"), good[1].clone()]),
            RemoteError::SecureMessaging {
                index: 0,
                error: bare
            }
        );
        let [first, ..] = &*good else {
            panic!("two answers")
        };
        assert!(matches!(
            refused(&[vec![0x90], first.clone()]),
            RemoteError::Apdu { index: 0, .. }
        ));

        // An authentic refusal, and an authentic answer that is too short.
        chip.counter = 1;
        let status = StatusWord::SECURITY_STATUS;
        let refusal = chip.protect(&[], status);
        assert_eq!(
            refused(&[refusal, good[1].clone()]),
            RemoteError::Status { index: 0, status }
        );
        chip.counter = 1;
        let short = chip.protect(&[0x61; 63], StatusWord::OK);
        assert_eq!(
            refused(&[short, good[1].clone()]),
            RemoteError::Length { index: 0 }
        );
    }
}

/// The binding t says for which origin and request the terminal acted: with another t nothing verifies.
#[test]
fn another_binding_is_refused() {
    let group = Group::Curve(NamedCurve::P256);
    let protocol = protocol(Agreement::Ecdh, CipherSuite::Aes128);
    let chip_secret = SecretKey::generate(&group, &mut rng());
    let chip_public = chip_secret.public_key().unwrap();
    let server = SecretKey::generate(&group, &mut rng());
    let handed = server.public_key().unwrap().tweak(&[1; 32]).unwrap();
    let keys = session_keys(protocol, &chip_secret, &handed).unwrap();
    let mut chip = Chip {
        keys: keys.clone(),
        counter: 0,
        file: dg1(),
    };
    let plan = plan(true, 93, 223);
    let at_chip = RemoteChipAuthentication::with_keys(keys, &plan).unwrap();
    let answers: Vec<_> = at_chip.commands().iter().map(|c| chip.answer(c)).collect();
    for t in [&[2; 32][..], &[1]] {
        let other = server.multiply(t).unwrap();
        let remote = RemoteChipAuthentication::new(protocol, &other, &chip_public, &plan).unwrap();
        assert_eq!(
            remote.file(&answers).unwrap_err(),
            RemoteError::SecureMessaging {
                index: 0,
                error: SecureMessagingError::Mac
            }
        );
    }
}

#[test]
fn plans_stay_within_what_terminals_carry() {
    let keys = SessionKeys::derive(CipherSuite::Aes128, &[7; 16]);
    let made = |length, chunk| {
        RemoteChipAuthentication::with_keys(keys.clone(), &plan(true, length, chunk))
    };
    for (length, chunk) in [(0, 100), (513, 256), (100, 0), (100, 24), (100, 257)] {
        assert_eq!(made(length, chunk).unwrap_err(), RemoteError::Plan);
    }
    assert_eq!(made(512, 128).unwrap().commands().len(), 4);
    let link = |suite, max| ReadPlan::for_link(FileId::EF_COM, true, 93, suite, max).chunk;
    assert_eq!(link(CipherSuite::TripleDes, 258), 231);
    assert_eq!(link(CipherSuite::Aes256, 258), 223);
    assert_eq!(link(CipherSuite::Aes256, 65_538), 223);
}

#[test]
fn the_terminal_sees_what_it_is_asked_to_carry() {
    let keys = SessionKeys::derive(CipherSuite::Aes128, &[7; 16]);
    let made = |plan: &ReadPlan| {
        RemoteChipAuthentication::with_keys(keys.clone(), plan)
            .unwrap()
            .commands()
            .to_vec()
    };
    let good = made(&plan(true, 200, 64));
    assert_eq!(ProtectedRead::inspect(&good).unwrap().length, 200);
    let refused = |commands: &[Vec<u8>]| {
        assert_eq!(ProtectedRead::inspect(commands), Err(RemoteError::NotARead));
    };
    refused(&[]);
    refused(&good[1..]);
    refused(&[good[0].clone(), good[2].clone()]);
    refused(&[good[0].clone(), good[0].clone()]);
    refused(&[good.clone(), made(&plan(true, 200, 64))].concat());
    refused(&made(&plan(false, 200, 64))[..1]);
    // Every clear byte of a command matters; changes in the MAC are the chip's to find.
    for position in [0, 1, 2, 3, 4, 5, 6, 8, 9] {
        let mut commands = good.clone();
        commands[1][position] ^= 0x40;
        assert!(
            ProtectedRead::inspect(&commands) != ProtectedRead::inspect(&good),
            "byte {position}"
        );
    }
    for commands in [
        vec![h("00B0810000")],
        vec![h("0CB0810000")],
        vec![h("0CD6810000")],
        vec![h("0CB081000E970200008E080000000000000000")],
        vec![h(
            "0CB081001B8711010000000000000000000000000000000000 9701088E080000000000000000 00"
                .replace(' ', "")
                .as_str(),
        )],
    ] {
        refused(&commands);
    }
}

#[test]
fn reference_data_set_of_the_bsi() {
    let dg14 = Dg14::parse(&h(DG14)).unwrap();
    let options = dg14.security_infos().chip_authentication_options();
    let (option, key) = strongest(&options).unwrap();
    assert!(!option.inferred);
    assert_eq!(
        option.protocol,
        protocol(Agreement::Ecdh, CipherSuite::TripleDes)
    );
    let group = Group::Curve(NamedCurve::BrainpoolP224r1);
    assert_eq!(key.group(), &group);
    let secret = SecretKey::from_bytes(&group, &h(DG14_SECRET)).unwrap();
    assert_eq!(secret.public_key().unwrap(), key);

    let ephemeral = SecretKey::generate(&group, &mut rng());
    let public = ephemeral.public_key().unwrap();
    let terminal = session_keys(option.protocol, &ephemeral, &key).unwrap();
    let chip = session_keys(option.protocol, &secret, &public).unwrap();
    assert_eq!((terminal.enc(), terminal.mac()), (chip.enc(), chip.mac()));

    let ca = ChipAuthentication::new(option.protocol, option.key.key_id, &public, 231);
    let [command] = &*sent(ca) else {
        panic!("one command")
    };
    let expected = [&h("002241A63B9139")[..], public.as_bytes()].concat();
    assert_eq!(command.to_bytes().unwrap(), expected);
}

fn dg14_key() -> ChipAuthenticationPublicKeyInfo {
    let dg14 = Dg14::parse(&h(DG14)).unwrap();
    dg14.security_infos()
        .chip_authentication_keys()
        .next()
        .unwrap()
        .clone()
}

/// The bytes of MSE:Set AT are those recorded from a real chip.
#[test]
fn aes_names_its_protocol_and_key() {
    let group = Group::Curve(NamedCurve::P256);
    let public = PublicKey::generator(&group);
    let aes = protocol(Agreement::Ecdh, CipherSuite::Aes128);
    let ca = ChipAuthentication::new(aes, Some(KeyId(0xC3)), &public, 223);
    let [set_at, general] = &*sent(ca) else {
        panic!("two commands")
    };
    assert_eq!(
        set_at.to_bytes().unwrap(),
        h("002241A40F800A04007F000702020302028401C3")
    );
    let expected = [&h("00860000457C438041")[..], public.as_bytes(), &[0]].concat();
    assert_eq!(general.to_bytes().unwrap(), expected);
}

#[test]
fn long_keys_are_chained() {
    let group = Group::from_parameter_id(1).unwrap();
    let public = PublicKey::generator(&group);
    let aes = protocol(Agreement::Dh, CipherSuite::Aes256);
    let commands = sent(ChipAuthentication::new(aes, None, &public, 223));
    let [set_at, first, last] = &*commands else {
        panic!("three commands")
    };
    assert_eq!(set_at.data, h("800A04007F00070202030104"));
    assert_eq!((first.cla, first.data.len(), first.le), (0x10, 223, None));
    assert_eq!(
        (last.cla, last.data.len(), last.le),
        (0x00, 264 - 223, Some(256))
    );
    assert!(
        [&*first.data, &last.data]
            .concat()
            .ends_with(public.as_bytes())
    );
}

#[test]
fn refusals_of_the_chip_name_their_step() {
    let group = Group::Curve(NamedCurve::P256);
    let start = |suite| {
        let protocol = protocol(Agreement::Ecdh, suite);
        ChipAuthentication::new(protocol, None, &PublicKey::generator(&group), 223)
    };
    let status = StatusWord::WRONG_DATA;
    let refusal = Response::new(Vec::new(), status);
    let mut kat = start(CipherSuite::TripleDes);
    let step = ChipAuthenticationStep::SetKat;
    assert_eq!(
        kat.receive(&refusal),
        Err(ChipAuthenticationError::Chip { step, status })
    );
    assert_eq!(kat.next().unwrap_err(), ChipAuthenticationError::OutOfTurn);
    let mut at = start(CipherSuite::Aes192);
    at.receive(&Response::new(Vec::new(), StatusWord::OK))
        .unwrap();
    let odd = Response::new(h("8000"), StatusWord::OK);
    assert!(matches!(
        at.receive(&odd),
        Err(ChipAuthenticationError::Malformed(_))
    ));
}

#[test]
fn the_strongest_usable_key_is_chosen() {
    let key_info = |group_oid: &str, curve: NamedCurve, id: u8| {
        let algorithm = [
            tlv::encode(6, &h(group_oid)),
            vec![2, 1, curve.parameter_id()],
        ]
        .concat();
        let point = PublicKey::generator(&Group::Curve(curve))
            .as_bytes()
            .to_vec();
        let spki = [
            tlv::encode(0x30, &algorithm),
            tlv::encode(3, &[vec![0], point].concat()),
        ];
        let oid = tlv::encode(6, &h("04007F000702020102"));
        tlv::encode(
            0x30,
            &[oid, tlv::encode(0x30, &spki.concat()), vec![2, 1, id]].concat(),
        )
    };
    let info = |suite: u8, id: u8| {
        let oid = [
            &h("04007F0007020203 02".replace(' ', "").as_str())[..],
            &[suite],
        ]
        .concat();
        tlv::encode(
            0x30,
            &[tlv::encode(6, &oid), vec![2, 1, 1, 2, 1, id]].concat(),
        )
    };
    let standardized = "04007F00070102";
    let chosen = |elements: &[Vec<u8>]| {
        let infos = SecurityInfos::parse(&tlv::encode(0x31, &elements.concat())).unwrap();
        strongest(&infos.chip_authentication_options()).map(|(option, key)| {
            (
                option.protocol.suite,
                key.group().clone(),
                option.key.key_id,
            )
        })
    };
    let first = key_info(standardized, NamedCurve::P256, 1);
    let second = key_info(standardized, NamedCurve::BrainpoolP320r1, 2);
    let unusable = key_info("2A8648CE3D0401", NamedCurve::P256, 3);
    let p256 = Group::Curve(NamedCurve::P256);
    let bp320 = Group::Curve(NamedCurve::BrainpoolP320r1);
    assert_eq!(
        chosen(&[
            first.clone(),
            second.clone(),
            info(1, 1),
            info(4, 2),
            info(2, 1)
        ]),
        Some((CipherSuite::Aes256, bp320, Some(KeyId(2))))
    );
    assert_eq!(
        chosen(&[unusable.clone(), info(4, 3), first.clone(), info(2, 1)]),
        Some((CipherSuite::Aes128, p256.clone(), Some(KeyId(1))))
    );
    assert_eq!(
        chosen(&[first]),
        Some((CipherSuite::TripleDes, p256, Some(KeyId(1))))
    );
    assert_eq!(chosen(std::slice::from_ref(&unusable)), None);
    let infos = SecurityInfos::parse(&tlv::encode(0x31, &unusable)).unwrap();
    let key = infos.chip_authentication_keys().next().unwrap();
    assert!(matches!(
        key.public_key(),
        Err(ChipKeyError::PublicKeyInfo(
            PublicKeyInfoError::UnsupportedAlgorithm(_)
        ))
    ));
    let mut mislabelled = dg14_key();
    mislabelled.agreement = Agreement::Dh;
    assert_eq!(mislabelled.public_key(), Err(ChipKeyError::KindMismatch));
}
