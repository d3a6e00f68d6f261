//! The simulated chip behaves as ISO/IEC 7816-4 and Doc 9303 say, deviates as its switches say, and its documents are signed
//! as OpenSSL understands it. Commands are made by hand; the secure channel is the terminal's.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::access_key::AccessKey;
use icao::apdu::{Command, Response, StatusWord, Step};
use icao::bac::Bac;
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::Group;
use icao::lds::sod::Sod;
use icao::lds::{DataGroup, Dg14, Dg15};
use icao::pki::DocumentKind;
use icao::secure_messaging::SecureMessaging;
use icao::simulator::{
    Chip, ChipBuilder, Csca, CurveForm, Directory, ElementaryFile, Fault, Form, Holder, IssuerKey,
    Mapping, PaceVariant, Profile, Quirk, ReadAccess, SimulatedLink, Subject, Trailer,
    csca_certificates,
};
use icao::transport::{Limits, Transport, TransportError};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// A terminal of the simplest kind: it selects the application, opens by BAC, and then sends what it is told.
struct Reader {
    chip: Chip,
    channel: Option<SecureMessaging>,
}

impl Reader {
    fn new(chip: ChipBuilder) -> Self {
        Self {
            chip: chip.build().unwrap(),
            channel: None,
        }
    }

    /// A passport of the specimen holder, opened.
    fn opened(chip: ChipBuilder) -> Self {
        let mut reader = Self::new(chip);
        assert_eq!(
            reader.plain(&Command::select_application(&AID)).status,
            StatusWord::OK
        );
        assert_eq!(reader.open(), StatusWord::OK);
        reader
    }

    fn plain(&mut self, command: &Command) -> Response {
        Response::parse(&self.chip.process(&command.to_bytes().unwrap())).unwrap()
    }

    fn open(&mut self) -> StatusWord {
        let digest = Profile::NlPassport2011.holder().mrz_digest(Form::Passport);
        let key = AccessKey::MrzDigest(digest.try_into().unwrap());
        let mut bac = Bac::new(&key, [1; 8], [2; 16]).unwrap();
        loop {
            match bac.next().unwrap() {
                Step::Transmit(command) => {
                    let response = self.plain(&command);
                    if bac.receive(&response).is_err() {
                        return response.status;
                    }
                }
                Step::Done(channel) => {
                    self.channel = Some(channel);
                    return StatusWord::OK;
                }
            }
        }
    }

    /// Sends a command through the channel; `Err` is what the chip sent if that is no protected response.
    fn protected(&mut self, command: &Command) -> Result<Response, Vec<u8>> {
        let channel = self.channel.as_mut().unwrap();
        let bytes = channel.protect(command).unwrap().to_bytes().unwrap();
        let answer = self.chip.process(&bytes);
        assert!(answer.len() <= self.chip.limits().max_response);
        channel
            .unprotect(&Response::parse(&answer).unwrap())
            .map_err(|_| answer)
    }

    fn select(&mut self, fid: u16) -> StatusWord {
        self.protected(&Command::select_file(fid)).unwrap().status
    }

    fn read(&mut self, offset: u32, ne: u32) -> (usize, StatusWord) {
        let response = self.protected(&Command::read_binary(offset, ne)).unwrap();
        (response.data.len(), response.status)
    }
}

fn content(chip: &Chip, fid: u16) -> Vec<u8> {
    let files = &chip.file_system().applications[0].files;
    files
        .iter()
        .find(|file| file.fid == fid)
        .unwrap_or_else(|| panic!("{fid:04X}"))
        .content
        .clone()
}

fn status(status: u16) -> StatusWord {
    StatusWord(status)
}

/// The signature of every document, judged by OpenSSL: CMS over the certificate it carries, and that certificate under a CSCA
/// of its kind. The hashes, judged by the library.
#[test]
fn openssl_verifies_every_document() {
    let cscas = csca_certificates().unwrap();
    for profile in Profile::ALL {
        let name = profile.name();
        let chip = profile.chip(b"").unwrap();
        let licence = profile.kind() == DocumentKind::DrivingLicence;
        let (sod_fid, base) = if licence {
            (0x001D, 0)
        } else {
            (0x011D, 0x0100)
        };
        let sod = content(&chip, sod_fid);

        let object = icao::tlv::Tlv::only(&sod).unwrap().expect(0x77).unwrap();
        let mut cms = CmsContentInfo::from_der(object.value).unwrap();
        assert!(!verified_content(&mut cms).is_empty(), "{name}");

        let parsed = Sod::parse(&sod).unwrap();
        let signer = parsed.signed_data().certificates()[0].clone();
        let signer = X509::from_der(&signer).unwrap();
        let vouched = cscas
            .iter()
            .filter(|csca| csca.kind == profile.kind())
            .map(|csca| X509::from_der(&csca.der).unwrap())
            .filter(|csca| signer.verify(&csca.public_key().unwrap()).unwrap_or(false))
            .count();
        assert_eq!(vouched, 1, "{name}");

        for file in &chip.file_system().applications[0].files {
            let number = u8::try_from(file.fid - base).unwrap();
            let Some(group) = DataGroup::new(number) else {
                continue;
            };
            let fits = icao::lds::sod::HashMatch::Equal
                == parsed.security_object().verify(group, &file.content);
            let forged = profile == Profile::Tampered && number == 1;
            assert_eq!(fits, !forged, "{name} DG{number}");
        }
    }
}

/// CSCA certificates are the same in every process, signed by themselves, and say what they are.
#[test]
fn csca_certificates_sign_themselves_and_say_that_they_are_worthless() {
    for csca in csca_certificates().unwrap() {
        let certificate = X509::from_der(&csca.der).unwrap();
        assert!(
            certificate
                .verify(&certificate.public_key().unwrap())
                .unwrap()
        );
        let unit = certificate
            .subject_name()
            .entries_by_nid(openssl::nid::Nid::ORGANIZATIONALUNITNAME)
            .next()
            .unwrap();
        assert_eq!(unit.data().as_slice(), b"Worthless test keys");
    }
}

/// Every BSN passes the 11-test, lies in the test range, and is in DG1 exactly where such documents had it.
#[test]
fn holders_are_specimens() {
    for profile in Profile::ALL {
        let holder = profile.holder();
        let digits: Vec<i32> = holder
            .bsn
            .chars()
            .map(|digit| digit.to_digit(10).unwrap().try_into().unwrap())
            .collect();
        let sum: i32 = digits
            .iter()
            .take(8)
            .zip((2..=9).rev())
            .map(|(d, w)| d * w)
            .sum();
        assert_eq!((sum - digits[8]) % 11, 0, "{}", holder.bsn);
        assert!(holder.bsn.starts_with("99999") && holder.bsn.len() == 9);
        assert!(holder.surname.to_uppercase().starts_with("SPECIMEN"));

        let lines = profile.holder().mrz_lines(profile.form());
        let expected = match profile.form() {
            Form::Passport => vec![44, 44],
            Form::IdentityCard => vec![30, 30, 30],
            _ => vec![30],
        };
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), expected);
        if profile.form() != Form::DrivingLicence {
            assert_eq!(lines.concat().contains(holder.bsn), holder.bsn_in_chip);
            let mrz = icao::mrz::Mrz::parse(lines.concat().as_bytes());
            assert!(mrz.is_ok(), "{lines:?}");
        }
    }
}

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
fn signer_quirks_show_in_the_security_object() {
    let sod = |quirk| content(&Chip::passport().quirk(quirk).build().unwrap(), 0x011D);
    for quirk in [
        Quirk::SodIndefiniteLength,
        Quirk::SodContentType("1.2.840.113549.1.7.1"),
        Quirk::SodContentType("1.3.27.1.1.1"),
        Quirk::SodContentType("1.2.528.1.1006.1.20.1"),
        Quirk::SignerInfoNamesRsaEncryption,
        Quirk::SignerIdentifierMismatch,
        Quirk::SignerByKeyIdentifier,
    ] {
        let parsed = Sod::parse(&sod(quirk)).unwrap_or_else(|error| panic!("{quirk:?}: {error}"));
        assert_ne!(
            parsed.raw(),
            content(&Chip::passport().build().unwrap(), 0x011D),
            "{quirk:?}"
        );
    }
    assert!(sod(Quirk::SodIndefiniteLength).ends_with(&[0; 6]));
    let chip = Chip::identity_card();
    let with_null = chip.quirk(Quirk::SignerInfoNullParameters).build().unwrap();
    let ecdsa_with_sha256_null = hex::decode("300c06082a8648ce3d0403020500").unwrap();
    let sod = content(&with_null, 0x011D);
    assert!(
        sod.windows(ecdsa_with_sha256_null.len())
            .any(|window| window == ecdsa_with_sha256_null)
    );
}

#[test]
fn missing_infos_are_missing() {
    let com = |chip: ChipBuilder| {
        let com = content(&chip.build().unwrap(), 0x011E);
        icao::lds::Com::parse(&com).unwrap().data_groups().to_vec()
    };
    assert_eq!(com(Chip::passport()), [DataGroup::DG1, DataGroup::DG2]);
    let omitted = Chip::passport().quirk(Quirk::ComOmits(2));
    assert_eq!(com(omitted), [DataGroup::DG1]);
    let chip = Chip::passport().quirk(Quirk::ComMissing).build().unwrap();
    let files = &chip.file_system().applications[0].files;
    assert!(!files.iter().any(|file| file.fid == 0x011E));

    let group = Group::Curve(NamedCurve::P256);
    let chip = Chip::passport()
        .chip_authentication(&group, None, &[CipherSuite::TripleDes])
        .unwrap()
        .quirk(Quirk::ChipAuthenticationInfoMissing)
        .build()
        .unwrap();
    let dg14 = Dg14::parse(&content(&chip, 0x010E)).unwrap();
    assert_eq!(dg14.security_infos().chip_authentication().count(), 0);
    let options = dg14.security_infos().chip_authentication_options();
    assert!(options[0].inferred);
}

/// ISO/IEC 19794-5: the length of the record is in bytes 8 to 11.
#[test]
fn face_records_say_what_the_switch_says() {
    for error in [0, -8, -1] {
        let chip = Chip::passport().quirk(Quirk::FaceRecordLength(error));
        let dg2 = content(&chip.build().unwrap(), 0x0102);
        let at = dg2
            .windows(4)
            .position(|window| window == b"FAC\0")
            .unwrap();
        let said = u32::from_be_bytes(dg2[at + 8..at + 12].try_into().unwrap());
        let real = u32::try_from(dg2.len() - at).unwrap();
        assert_eq!(said, real.wrapping_add_signed(error));
        assert!(dg2.ends_with(&[0xFF, 0xD9]), "a whole JPEG");
    }
}

#[test]
fn long_document_numbers_go_on_in_the_optional_data() {
    let holder = Holder {
        document_number: "D23145890734",
        date_of_birth: "340712",
        date_of_expiry: "950712",
        bsn_in_chip: false,
        ..Profile::NlId2014.holder()
    };
    // Doc 9303-11, appendix D.2.
    assert_eq!(
        holder.mrz_information(Form::IdentityCard),
        "D23145890734934071279507122"
    );
    let lines = holder.mrz_lines(Form::IdentityCard);
    assert_eq!(lines[0], "I<NLDD23145890<7349<<<<<<<<<<<");
    assert!(icao::mrz::Mrz::parse(lines.concat().as_bytes()).is_ok());
}

/// TD2: two lines of 36, a long number continued in the optional data.
#[test]
fn official_documents_have_two_lines_of_36() {
    let holder = Profile::NlId2014.holder();
    let long = Holder {
        document_number: "D23145890734",
        ..holder.clone()
    };
    for holder in [holder, long] {
        let lines = holder.mrz_lines(Form::OfficialDocument);
        assert!(lines.iter().all(|line| line.len() == 36));
        let chip = Chip::official_document().holder(holder).build().unwrap();
        assert!(icao::lds::Dg1::parse(&content(&chip, 0x0101)).is_ok());
    }
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

/// A certificate that names brainpoolP256r1 over a key of secp256r1: OpenSSL finds no point of that curve.
#[test]
fn keys_may_bear_the_name_of_another_curve() {
    let form = CurveForm::NamedAs(NamedCurve::BrainpoolP256r1);
    let key = IssuerKey::elliptic("mislabelled", NamedCurve::P256, form, HashAlgorithm::Sha256);
    let csca = Csca::new(&Subject::new(1, "CSCA"), key.unwrap()).unwrap();
    let certificate = X509::from_der(&csca.to_der().unwrap()).unwrap();
    assert!(certificate.public_key().is_err());
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
fn issuers_can_be_dated_and_linked() {
    let key = |label| {
        let curve = NamedCurve::BrainpoolP256r1;
        IssuerKey::elliptic(label, curve, CurveForm::Explicit, HashAlgorithm::Sha256).unwrap()
    };
    let old = Csca::new(&Subject::new(1, "Old CSCA"), key("old")).unwrap();
    let successor = Subject {
        country: "nl",
        not_before: 1_577_836_800,
        not_after: 1_609_459_199,
        ..Subject::new(2, "New CSCA")
    };
    let new = Csca::new(&successor, key("new")).unwrap();
    let link = X509::from_der(&old.link(&successor, &key("new")).unwrap()).unwrap();
    let old = X509::from_der(&old.to_der().unwrap()).unwrap();
    let issued = X509::from_der(&new.to_der().unwrap()).unwrap();
    assert!(link.verify(&old.public_key().unwrap()).unwrap());
    assert!(
        link.public_key()
            .unwrap()
            .public_eq(&issued.public_key().unwrap())
    );
    assert_eq!(link.not_after().to_string(), "Dec 31 23:59:59 2020 GMT");

    let signer = new
        .document_signer(&successor, &["P", "PP"], key("signer"))
        .unwrap();
    let chip = Chip::passport().signer(signer).build().unwrap();
    let sod = Sod::parse(&content(&chip, 0x011D)).unwrap();
    let certificate = X509::from_der(&sod.signed_data().certificates()[0]).unwrap();
    assert!(certificate.verify(&issued.public_key().unwrap()).unwrap());
}

/// EF.CardSecurity of a chip with Chip Authentication Mapping: signed, and closed until PACE.
#[test]
fn card_security_is_signed_and_closed() {
    let group = Group::Curve(NamedCurve::BrainpoolP256r1);
    let suite = CipherSuite::Aes128;
    let variant = PaceVariant::new(Mapping::ChipAuthentication, suite, 13).unwrap();
    let mut reader = Reader::new(
        Chip::passport()
            .pace(variant)
            .chip_authentication(&group, Some(1), &[suite])
            .unwrap(),
    );
    let files = &reader.chip.file_system().master_file.files;
    let file = files.iter().find(|file| file.fid == 0x011D).unwrap();
    assert_eq!(file.access, ReadAccess::Pace);
    let mut cms = CmsContentInfo::from_der(&file.content).unwrap();
    assert_eq!(verified_content(&mut cms)[0], 0x31, "a SET OF SecurityInfo");
    let refused = reader.plain(&Command::select_file(0x011D)).status;
    assert_eq!(refused, StatusWord::SECURITY_STATUS);
}

/// What OpenSSL finds signed, whoever signed it.
fn verified_content(cms: &mut CmsContentInfo) -> Vec<u8> {
    let mut signed = Vec::new();
    let nobody = X509StoreBuilder::new().unwrap().build();
    let flags = CMSOptions::NO_SIGNER_CERT_VERIFY | CMSOptions::BINARY;
    cms.verify(
        None::<&openssl::stack::StackRef<X509>>,
        Some(&nobody),
        None,
        Some(&mut signed),
        flags,
    )
    .unwrap();
    signed
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
