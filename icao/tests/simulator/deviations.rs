//! What the chip does with a switch, and more applications than one.

use super::*;

/// The answer to INTERNAL AUTHENTICATE is an ISO/IEC 9796-2 signature under the key in DG15; longer ones come in pieces.
#[test]
fn active_authentication_by_rsa_recovers_to_the_challenge() {
    for (bits, hash, trailer) in [
        (1024, HashAlgorithm::Sha1, Trailer::Implicit),
        (1280, HashAlgorithm::Sha1, Trailer::Explicit),
        (1792, HashAlgorithm::Sha256, Trailer::Explicit),
        (2048, HashAlgorithm::Sha512, Trailer::Explicit),
        (4096, HashAlgorithm::Sha384, Trailer::Explicit),
    ] {
        let chip = Chip::passport()
            .active_authentication_rsa(bits, hash, trailer)
            .unwrap();
        let mut reader = Reader::opened(chip);
        let challenge = [0x5A; 8];
        let mut response = reader
            .protected(&Command::internal_authenticate(&challenge, 256))
            .unwrap();
        let mut signature = response.data;
        while let Some(ne) = response.status.bytes_available() {
            response = reader.protected(&Command::get_response(ne)).unwrap();
            signature.extend(&response.data);
        }
        assert_eq!(response.status, StatusWord::OK);
        assert_eq!(signature.len() * 8, bits);

        let dg15 = content(&reader.chip, 0x010F);
        Dg15::parse(&dg15).unwrap();
        let info = icao::tlv::Tlv::only(&dg15).unwrap().value;
        let key = openssl::rsa::Rsa::public_key_from_der(info).unwrap();
        let mut plain = vec![0; signature.len()];
        key.public_decrypt(&signature, &mut plain, openssl::rsa::Padding::NONE)
            .unwrap();
        let trailer_len = if trailer == Trailer::Implicit { 1 } else { 2 };
        let (rest, tail) = plain.split_at(plain.len() - trailer_len);
        let (front, digest) = rest.split_at(rest.len() - hash.output_len());
        assert_eq!(front[0], 0x6A);
        assert!(matches!(tail, [0xBC] | [_, 0xCC]));
        assert_eq!(digest, hash.digest_parts(&[&front[1..], &challenge]));
    }
}

#[test]
fn reading_quirks() {
    let limit = |max, status| Chip::passport().quirk(Quirk::ReadLimit { max, status });
    for (chip, expected) in [
        (limit(192, 0x6700), (0, status(0x6700))),
        (limit(192, 0x6B00), (0, status(0x6B00))),
        (limit(0xE7, 0x6C00), (0, status(0x6CE7))),
        (limit(160, 0x6282), (160, StatusWord::END_OF_FILE)),
        (
            Chip::passport().quirk(Quirk::ZeroLeReadsNothing),
            (0, StatusWord::OK),
        ),
    ] {
        let mut reader = Reader::opened(chip);
        assert_eq!(reader.select(0x0102), StatusWord::OK);
        assert_eq!(reader.read(0, 256), expected);
        assert_eq!(reader.read(0, 128), (128, StatusWord::OK));
    }
    let mut reader = Reader::opened(Chip::passport().quirk(Quirk::NoShortFileIdentifiers));
    let by_sfi = Command::read_binary_sfi(1, 0, 4);
    let refused = reader.protected(&by_sfi).unwrap().status;
    assert_eq!(refused, StatusWord::CONDITIONS_OF_USE);

    let oversized = Chip::passport().quirk(Quirk::OversizedResponses);
    let mut reader = Reader::opened(oversized.limits(Limits::EXTENDED));
    assert_eq!(reader.select(0x0102), StatusWord::OK);
    assert_eq!(reader.read(0, 256), (256, StatusWord::OK));

    let mut reader = Reader::opened(Chip::passport().quirk(Quirk::TrailingBytes(20)));
    assert_eq!(reader.select(0x0101), StatusWord::OK);
    assert_eq!(reader.read(93, 256), (20, StatusWord::OK));

    let mut reader = Reader::opened(Chip::passport().quirk(Quirk::StatusObjectFirst));
    let channel = reader.channel.as_mut().unwrap();
    let command = channel.protect(&Command::read_binary_sfi(1, 0, 4)).unwrap();
    assert_eq!(reader.plain(&command).data[0], 0x99);

    for (quirk, command, bare) in [
        (
            Quirk::SelectBreaksChannel,
            Command::select_file(0x0101),
            [0x69, 0x85],
        ),
        (
            Quirk::OddReadBreaksChannel,
            Command::new(0, 0xB1, 0, 1)
                .with_data(vec![0x54, 1, 0])
                .with_le(256),
            [0x69, 0x87],
        ),
    ] {
        let mut reader = Reader::opened(Chip::passport().quirk(quirk));
        assert_eq!(reader.protected(&command).unwrap_err(), bare);
        let after = reader.plain(&Command::read_binary_sfi(1, 0, 1)).status;
        assert_eq!(after, StatusWord::SECURITY_STATUS);
    }
}

#[test]
fn selection_quirks() {
    let master_file = Command::select_master_file();
    for refusal in [0x6982, 0x6A81, 0x6A86, 0x6A87, 0x6985, 0x6D00, 0x6700] {
        let chip = Profile::NlId2014.builder().unwrap();
        let mut reader = Reader::new(chip.quirk(Quirk::MasterFileRefused(refusal)));
        assert_eq!(reader.plain(&master_file).status, status(refusal));
        let access = reader.plain(&Command::read_binary_sfi(0x1C, 0, 256));
        assert_eq!(access.status, StatusWord::OK);
    }
    let chip = Profile::NlId2014.builder().unwrap();
    let mut reader = Reader::new(chip.quirk(Quirk::MasterFileNotSelected));
    assert_eq!(reader.plain(&master_file).status, StatusWord::OK);
    let access = reader.plain(&Command::select_file(0x011C)).status;
    assert_eq!(access, StatusWord::FILE_NOT_FOUND);

    let chip = Profile::NlId2014.builder().unwrap();
    let mut reader = Reader::new(chip.quirk(Quirk::SelectRefusesLe));
    let with_le = Command::select_application(&AID).with_le(256);
    assert_eq!(reader.plain(&with_le).status, StatusWord::WRONG_LENGTH);

    let chip = Profile::NlId2014.builder().unwrap();
    let mut reader = Reader::new(chip.quirk(Quirk::CardAccessMissing));
    let access = reader.plain(&Command::select_file(0x011C)).status;
    assert_eq!(access, StatusWord::FILE_NOT_FOUND);

    let chip = Profile::NlId2014.builder().unwrap();
    let mut reader = Reader::new(chip.quirk(Quirk::InfoFilesRefused(0x6982)));
    let info = reader.plain(&Command::select_file(0x2F01)).status;
    assert_eq!(info, StatusWord::SECURITY_STATUS);

    let chip = Profile::NlId2014.builder().unwrap();
    let mut reader = Reader::new(chip.quirk(Quirk::FirstChallengeRefused));
    reader.plain(&Command::select_application(&AID));
    let challenge = Command::get_challenge();
    assert_eq!(
        reader.plain(&challenge).status,
        StatusWord::CONDITIONS_OF_USE
    );
    assert_eq!(reader.plain(&challenge).data.len(), 8);
}

#[test]
fn signature_quirks() {
    let chip = |quirk| {
        let chip = Chip::passport()
            .active_authentication_rsa(2048, HashAlgorithm::Sha256, Trailer::Explicit)
            .unwrap()
            .limits(Limits::EXTENDED);
        Reader::opened(chip.quirk(quirk))
    };
    let sign = Command::internal_authenticate(&[3; 8], 256);
    let long = Command::internal_authenticate(&[3; 8], 65_536);
    let mut without_le = sign.clone();
    without_le.le = None;

    let cut = chip(Quirk::SignatureTruncated).protected(&sign).unwrap();
    assert_eq!((cut.data.len(), cut.status), (231, StatusWord::OK));
    let mut reader = chip(Quirk::NoSignatureForExtendedLe);
    let none = reader.protected(&long).unwrap();
    assert_eq!((none.data.len(), none.status), (0, StatusWord::OK));
    assert_eq!(reader.protected(&sign).unwrap().data.len(), 231);
    let mut reader = chip(Quirk::SignatureNeedsLe);
    assert_eq!(
        reader.protected(&without_le).unwrap().status,
        status(0x6C80)
    );
    assert_eq!(reader.protected(&long).unwrap().data.len(), 256);
    let mut reader = chip(Quirk::ActiveAuthenticationAbsent);
    assert_eq!(
        reader.protected(&sign).unwrap().status,
        StatusWord::WRONG_INS
    );
    assert_eq!(reader.select(0x010F), StatusWord::OK);
    let mut reader = chip(Quirk::ExtendedLengthTrap);
    assert_eq!(reader.protected(&long).unwrap_err(), [0x67, 0x00]);
}

#[test]
fn licences_of_iso_18013_have_another_application_identifier() {
    let aid = [0xA0, 0x00, 0x00, 0x02, 0x48, 0x02, 0x00];
    let mut reader = Reader::new(Chip::driving_licence().application_identifier(&aid));
    let select = Command::select_application(&aid);
    assert_eq!(reader.plain(&select).status, StatusWord::OK);
    let dir = reader.plain(&Command::select_master_file()).status;
    assert_eq!(dir, StatusWord::OK);
    assert_eq!(
        reader.plain(&Command::select_file(0x2F00)).status,
        StatusWord::OK
    );
    let dir = reader.plain(&Command::read_binary(0, 256)).data;
    assert_eq!(dir, icao::tlv::encode(0x61, &icao::tlv::encode(0x4F, &aid)));
}

#[test]
fn chips_may_have_more_applications() {
    let aid = vec![0xE8, 0x07, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x02];
    let mut chip = Chip::identity_card()
        .application(Directory {
            aid: aid.clone(),
            files: vec![ElementaryFile::new(
                0x0101,
                ReadAccess::Always,
                vec![0x61, 0x00],
            )],
        })
        .build()
        .unwrap();
    let mut transmit =
        |command: Command| Response::parse(&chip.process(&command.to_bytes().unwrap())).unwrap();
    assert!(transmit(Command::select_application(&aid)).status.is_ok());
    let open = transmit(Command::read_binary_sfi(1, 0, 256));
    assert_eq!(open.data, [0x61, 0x00]);
    assert!(transmit(Command::select_application(&AID)).status.is_ok());
    let closed = transmit(Command::read_binary_sfi(1, 0, 256));
    assert_eq!(closed.status, StatusWord::SECURITY_STATUS);
    let unknown = transmit(Command::select_application(&aid[..8]));
    assert_eq!(unknown.status, StatusWord::FILE_NOT_FOUND);
}

#[test]
fn documents_without_access_control_lie_open() {
    let mut reader = Reader::new(Chip::passport().without_access_control());
    reader.plain(&Command::select_application(&AID));
    let read = reader.plain(&Command::read_binary_sfi(1, 0, 256));
    assert_eq!((read.status, read.data.len()), (StatusWord::OK, 93));
}

#[test]
fn faults_happen_when_the_hook_says_so() {
    let chip = Profile::NlPassport2011.chip(b"").unwrap();
    let select = Command::select_application(&AID).to_bytes().unwrap();
    let challenge = Command::get_challenge().to_bytes().unwrap();
    let mut link = SimulatedLink::new(chip).with_faults(|number, _| match number {
        1 => Fault::Tear,
        4 => Fault::Garble(vec![0xFF]),
        5 => Fault::Delay(std::time::Duration::from_secs(3)),
        6 => Fault::Cut(1),
        7 => Fault::Answer(vec![0x90, 0x00]),
        8 => Fault::Reset,
        10 => Fault::Fail(TransportError::Sharing),
        _ => Fault::None,
    });
    assert_eq!(link.transmit(&select).unwrap(), [0x90, 0x00]);
    assert_eq!(link.transmit(&select), Err(TransportError::CardRemoved));
    assert_eq!(link.transmit(&select), Err(TransportError::CardRemoved));
    link.reset().unwrap();
    assert_eq!(link.transmit(&select).unwrap(), [0x90, 0x00]);
    assert_eq!(link.transmit(&select).unwrap(), [0x6F, 0xFF]);
    assert_eq!(link.transmit(&select).unwrap(), [0x90, 0x00]);
    assert_eq!(link.elapsed().as_secs(), 3);
    assert_eq!(link.transmit(&select).unwrap(), [0x90]);
    assert_eq!(link.transmit(&[0]).unwrap(), [0x90, 0x00]);
    assert_eq!(link.transmit(&select), Err(TransportError::CardReset));
    assert_eq!(link.transmit(&challenge).unwrap(), [0x69, 0x85]);
    assert_eq!(link.transmit(&select), Err(TransportError::Sharing));
    assert_eq!(link.exchanges(), 11);
}
