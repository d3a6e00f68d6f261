//! What the chip does without a switch: ISO/IEC 7816-4 and Doc 9303-11.

use super::*;

#[test]
fn nothing_is_readable_without_access_control() {
    let mut reader = Reader::new(Chip::passport());
    let challenge = Command::get_challenge();
    assert_eq!(
        reader.plain(&challenge).status,
        StatusWord::CONDITIONS_OF_USE
    );
    let select = Command::select_application(&AID);
    assert_eq!(reader.plain(&select).status, StatusWord::OK);
    for command in [
        Command::select_file(0x0101),
        Command::read_binary_sfi(1, 0, 256),
        Command::read_binary_sfi(0x1D, 0, 256),
        Command::new(0, 0xB1, 0x01, 0x01)
            .with_data(vec![0x54, 1, 0])
            .with_le(256),
    ] {
        let response = reader.plain(&command);
        assert_eq!(response.status, StatusWord::SECURITY_STATUS, "{command:?}");
        assert!(response.data.is_empty());
    }
    let sign = Command::internal_authenticate(&[0; 8], 256);
    assert_eq!(reader.plain(&sign).status, StatusWord::WRONG_INS);
}

#[test]
fn short_responses_hold_231_bytes() {
    let mut reader = Reader::opened(Chip::passport());
    assert_eq!(reader.select(0x0102), StatusWord::OK);
    assert_eq!(reader.read(0, 256), (231, StatusWord::OK));
    assert_eq!(reader.read(0, 231), (231, StatusWord::OK));
    assert_eq!(reader.read(0, 100), (100, StatusWord::OK));
    let len = u32::try_from(content(&reader.chip, 0x0102).len()).unwrap();
    assert_eq!(reader.read(len - 5, 5), (5, StatusWord::OK));
    assert_eq!(reader.read(len - 5, 6), (5, StatusWord::END_OF_FILE));
    assert_eq!(reader.read(len - 5, 256), (5, StatusWord::OK));
    assert_eq!(reader.read(len, 1), (0, StatusWord::WRONG_OFFSET));
    assert_eq!(reader.read(len + 1, 1), (0, StatusWord::WRONG_OFFSET));
    // READ BINARY by short identifier selects the file for those that follow.
    let com = Command::read_binary_sfi(0x1E, 0, 4);
    assert_eq!(reader.protected(&com).unwrap().data[0], 0x60);
    assert_eq!(
        reader.protected(&Command::read_binary(0, 1)).unwrap().data,
        [0x60]
    );
}

/// Far offsets need the odd instruction; the whole file comes out, byte for byte.
#[test]
fn files_beyond_32_kilobytes_are_read_with_the_odd_instruction() {
    let body: Vec<u8> = (0..40_000u32).map(|i| (i % 251).to_le_bytes()[0]).collect();
    let file = icao::tlv::encode(0x6D, &body);
    let mut reader = Reader::opened(Chip::passport().data_group(13, file.clone()));
    assert_eq!(reader.select(0x010D), StatusWord::OK);
    let mut read = Vec::new();
    while read.len() < file.len() {
        let offset = u32::try_from(read.len()).unwrap();
        let response = reader
            .protected(&Command::read_binary(offset, 256))
            .unwrap();
        if offset < 0x8000 {
            read.extend(response.data);
        } else {
            read.extend(icao::apdu::discretionary_data(&response.data).unwrap());
        }
    }
    assert_eq!(read, file);
}

/// A chip without extended length refuses its form, whatever it says, and the channel goes on with short commands.
#[test]
fn extended_commands_need_a_chip_that_knows_them() {
    let extended = |chip: &mut Chip| chip.process(&[0, 0xA4, 0, 0x0C, 0, 0, 2, 0x3F, 0]);
    let mut short = Chip::passport().build().unwrap();
    assert_eq!(extended(&mut short), [0x67, 0x00]);
    let mut long = Chip::passport().limits(Limits::EXTENDED).build().unwrap();
    assert_eq!(extended(&mut long), [0x90, 0x00]);

    let mut reader = Reader::opened(Chip::passport());
    assert_eq!(extended(&mut reader.chip), [0x67, 0x00]);
    assert_eq!(reader.select(0x0101), StatusWord::OK);
}

#[test]
fn a_wrong_key_gets_6300_and_a_used_challenge_nothing() {
    let other = Profile::NlPassport2024.holder();
    let mut reader = Reader::new(Chip::passport().holder(other.clone()));
    reader.plain(&Command::select_application(&AID));
    assert_eq!(reader.open(), StatusWord::AUTHENTICATION_FAILED);
    let again = Command::external_authenticate(vec![0; 40], 40);
    assert_eq!(reader.plain(&again).status, StatusWord::CONDITIONS_OF_USE);
    let mut reader = Reader::new(
        Chip::passport()
            .holder(other)
            .quirk(Quirk::WrongKeyStatus(0x63CF)),
    );
    reader.plain(&Command::select_application(&AID));
    assert_eq!(reader.open(), status(0x63CF));
}

#[test]
fn a_plain_or_forged_command_ends_the_channel() {
    let mut reader = Reader::opened(Chip::passport());
    assert_eq!(reader.select(0x0101), StatusWord::OK);
    let plain = Command::read_binary(0, 8);
    assert_eq!(reader.plain(&plain).status, StatusWord::SECURITY_STATUS);
    assert_eq!(
        reader.protected(&plain).unwrap_err(),
        [0x69, 0x88],
        "no channel is left"
    );

    let mut reader = Reader::opened(Chip::passport());
    let channel = reader.channel.as_mut().unwrap();
    let mut forged = channel.protect(&Command::select_file(0x0101)).unwrap();
    let last = forged.data.len() - 1;
    forged.data[last] ^= 1;
    let bare = reader.plain(&forged);
    assert_eq!(bare.status, StatusWord::SM_OBJECTS_INCORRECT);
    let challenge = reader.plain(&Command::read_binary_sfi(1, 0, 1));
    assert_eq!(challenge.status, StatusWord::SECURITY_STATUS);
}

#[test]
fn errors_of_commands_are_protected_and_the_channel_goes_on() {
    let mut reader = Reader::opened(Chip::passport().fingerprints());
    assert_eq!(reader.select(0x0109), StatusWord::FILE_NOT_FOUND);
    assert_eq!(reader.select(0x0103), StatusWord::SECURITY_STATUS);
    let unknown = Command::new(0, 0x12, 0, 0);
    assert_eq!(
        reader.protected(&unknown).unwrap().status,
        StatusWord::WRONG_INS
    );
    assert_eq!(reader.select(0x0101), StatusWord::OK);

    let mut reader = Reader::opened(Chip::passport().quirk(Quirk::BareErrors));
    let missing = Command::select_file(0x0109);
    assert_eq!(reader.protected(&missing).unwrap_err(), [0x6A, 0x82]);
}

#[test]
fn pace_only_documents_refuse_bac() {
    let mut reader = Reader {
        chip: Profile::NlPassport2024.chip(b"").unwrap(),
        channel: None,
    };
    let access = reader.plain(&Command::read_binary_sfi(0x1C, 0, 256));
    assert_eq!(
        (access.status, access.data.len()),
        (StatusWord::OK, 22),
        "one PACEInfo, as in Dutch documents"
    );
    let select = Command::select_application(&AID);
    assert_eq!(reader.plain(&select).status, StatusWord::OK);
    let challenge = Command::get_challenge();
    assert_eq!(
        reader.plain(&challenge).status,
        StatusWord::CONDITIONS_OF_USE
    );
    let authenticate = Command::external_authenticate(vec![0; 40], 40);
    assert_eq!(
        reader.plain(&authenticate).status,
        StatusWord::REFERENCE_NOT_FOUND
    );
}

#[test]
fn malformed_commands_get_a_status_and_no_panic() {
    let mut chip = Profile::NlId2014.chip(b"").unwrap();
    for len in 0..40usize {
        for fill in [0x00, 0x0C, 0x22, 0x7C, 0x86, 0xA4, 0xB0, 0xFF] {
            let answer = chip.process(&vec![fill; len]);
            assert!(answer.len() >= 2);
        }
    }
    for ins in 0..=u8::MAX {
        for cla in [0x00, 0x0C, 0x10, 0x1C] {
            for body in [
                &[][..],
                &[0],
                &[1, 0x7C],
                &[2, 0x7C, 0],
                &[3, 0x97, 1, 0, 0],
            ] {
                let answer = chip.process(&[&[cla, ins, 0xC1, 0xA4], body].concat());
                assert!(answer.len() >= 2);
            }
        }
    }
    assert_eq!(chip.process(&vec![0; 70_000]), [0x67, 0x00]);
}

proptest::proptest! {
    /// Whatever comes, in whatever order, in clear or as if protected, gets a response with a status word and opens nothing.
    #[test]
    fn arbitrary_commands_open_nothing(
        commands in proptest::collection::vec(
            (
                proptest::sample::select(vec![0x00u8, 0x0C, 0x10, 0x1C, 0x80]),
                proptest::sample::select(vec![
                    0xA4u8, 0xB0, 0xB1, 0x84, 0x82, 0x88, 0x22, 0x86, 0xC0, 0xCA,
                ]),
                proptest::num::u16::ANY,
                proptest::collection::vec(proptest::num::u8::ANY, 0..40),
            ),
            1..30,
        )
    ) {
        let mut chip = Profile::NlId2014.chip(b"").unwrap();
        for (cla, ins, parameters, body) in commands {
            let [p1, p2] = parameters.to_be_bytes();
            let answer = chip.process(&[&[cla, ins, p1, p2], &body[..]].concat());
            proptest::prop_assert!(answer.len() >= 2);
        }
        let select = Command::select_application(&AID).to_bytes().unwrap();
        // The first SELECT may only end a chain that was left open.
        chip.process(&select);
        proptest::prop_assert_eq!(chip.process(&select), vec![0x90, 0x00]);
        let read = Command::read_binary_sfi(1, 0, 256).to_bytes().unwrap();
        proptest::prop_assert_eq!(chip.process(&read), vec![0x69, 0x82]);
    }
}

/// ATR of contactless chips: 3B 8n 80 01, historical bytes, check byte over all but the first.
#[test]
fn answers_to_reset_are_well_formed() {
    assert_eq!(
        Chip::passport().build().unwrap().atr(),
        [0x3B, 0x80, 0x80, 0x01, 0x01]
    );
    for profile in Profile::ALL {
        let chip = profile.chip(b"").unwrap();
        let atr = chip.atr();
        assert_eq!(atr.len(), 5 + usize::from(atr[1] & 0x0F));
        assert_eq!(atr[1..].iter().fold(0, |check, byte| check ^ byte), 0);
    }
}

/// Only EF.CardAccess, EF.ATR/INFO and EF.DIR lie open in the documents of the profiles.
#[test]
fn personal_files_are_never_open() {
    for profile in Profile::ALL {
        let chip = profile.chip(b"").unwrap();
        let files = chip.file_system();
        for file in files
            .applications
            .iter()
            .flat_map(|application| &application.files)
        {
            assert_ne!(file.access, ReadAccess::Always, "{file:?}");
        }
        for file in &files.master_file.files {
            assert!(matches!(file.fid, 0x011C | 0x2F00 | 0x2F01), "{file:?}");
        }
    }
}
