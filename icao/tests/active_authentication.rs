//! Active Authentication of the simulated chip, judged by the verifier: every key length, curve, hash and trailer, and for
//! each a copied chip, which is refused.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::access_key::AccessKey;
use icao::active_authentication::ActiveAuthentication;
use icao::apdu::{Command, MAX_EXTENDED_NE, Response, StatusWord, Step};
use icao::bac::Bac;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::signature::VerifyingKey;
use icao::lds::{DataGroup, Dg14, Dg15, FileId};
use icao::pki::DocumentKind;
use icao::secure_messaging::SecureMessaging;
use icao::simulator::{Chip, ChipBuilder, Form, Profile, Quirk, SimulatedLink, Trailer};
use icao::terminal::{Policy, Terminal};
use icao::transport::Limits;

const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

fn plain(chip: &mut Chip, command: &Command) -> Response {
    Response::parse(&chip.process(&command.to_bytes().unwrap())).unwrap()
}

/// An identity card, opened by BAC.
fn opened(builder: ChipBuilder) -> (Chip, SecureMessaging) {
    let mut chip = builder.limits(Limits::EXTENDED).build().unwrap();
    let selected = plain(&mut chip, &Command::select_application(&AID));
    assert_eq!(selected.status, StatusWord::OK);
    let digest = Profile::NlId2014.holder().mrz_digest(Form::IdentityCard);
    let key = AccessKey::MrzDigest(digest.try_into().unwrap());
    let mut bac = Bac::new(&key, [1; 8], [2; 16]).unwrap();
    loop {
        match bac.next().unwrap() {
            Step::Transmit(command) => bac.receive(&plain(&mut chip, &command)).unwrap(),
            Step::Done(channel) => return (chip, channel),
        }
    }
}

fn file(chip: &Chip, fid: u16) -> Option<Vec<u8>> {
    let files = &chip.file_system().applications[0].files;
    files
        .iter()
        .find(|file| file.fid == fid)
        .map(|file| file.content.clone())
}

/// Active Authentication with key and hash as DG15 and DG14 give them.
fn genuine_and_copied(builder: impl Fn() -> ChipBuilder) {
    let challenge = [0x5A; 8];
    for cloned in [false, true] {
        let builder = if cloned {
            builder().cloned()
        } else {
            builder()
        };
        let (mut chip, mut channel) = opened(builder);
        let dg15 = Dg15::parse(&file(&chip, 0x010F).unwrap()).unwrap();
        let key = VerifyingKey::from_spki(dg15.public_key_info()).unwrap();
        let dg14 = file(&chip, 0x010E).map(|content| Dg14::parse(&content).unwrap());
        let info = dg14
            .as_ref()
            .and_then(|dg14| dg14.security_infos().active_authentication());
        let aa = ActiveAuthentication {
            key: &key,
            info,
            kind: DocumentKind::IdentityCard,
        };

        let command = Command::internal_authenticate(&challenge, MAX_EXTENDED_NE);
        let protected = channel.protect(&command).unwrap();
        let answer = channel.unprotect(&plain(&mut chip, &protected)).unwrap();
        assert_eq!(answer.status, StatusWord::OK);
        let verdict = aa.verify(&challenge, &answer.data);
        assert_eq!(verdict.is_err(), cloned, "{key}: {verdict:?}");
        assert!(aa.verify_tolerant(&[0x5B; 8], &answer.data).is_err());
    }
}

#[test]
fn ecdsa_over_every_curve_with_every_hash() {
    for curve in NamedCurve::ALL {
        for hash in HashAlgorithm::ALL {
            genuine_and_copied(|| Chip::identity_card().active_authentication_ecdsa(curve, hash));
        }
    }
}

#[test]
fn rsa_of_every_length_with_every_trailer() {
    let explicit = HashAlgorithm::ALL.map(|hash| (hash, Trailer::Explicit));
    let trailers = explicit
        .into_iter()
        .chain([(HashAlgorithm::Sha1, Trailer::Implicit)]);
    for (hash, trailer) in trailers {
        for bits in [1024, 1280, 1792, 2048, 3072, 4096] {
            genuine_and_copied(|| {
                Chip::identity_card()
                    .active_authentication_rsa(bits, hash, trailer)
                    .unwrap()
            });
        }
    }
}

/// A signature that is too long for one answer, over a link that carries short APDUs only and over one that carries long ones
/// but belongs to a chip that does not say so: in pieces that are protected each, and in pieces of one protected answer.
#[test]
fn long_signatures_come_in_pieces() {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    for limits in [Limits::SHORT, Limits::EXTENDED] {
        for quirk in [None, Some(Quirk::PiecesInClear)] {
            for bits in [1024, 2048, 3072, 4096] {
                let chip = Chip::identity_card()
                    .active_authentication_rsa(bits, HashAlgorithm::Sha256, Trailer::Explicit)
                    .unwrap()
                    .limits(limits);
                let chip = match quirk {
                    Some(quirk) => chip.quirk(quirk),
                    None => chip,
                };
                let mut link = SimulatedLink::new(chip.build().unwrap());
                let digest = Profile::NlId2014.holder().mrz_digest(Form::IdentityCard);
                let keys = [AccessKey::MrzDigest(digest.try_into().unwrap())];
                let mut on_event = |_| {};
                let mut terminal =
                    Terminal::new(&mut link, &mut rng, Policy::default(), &mut on_event);
                terminal.open(&keys).unwrap();
                let dg15 = terminal.read(FileId::data_group(DataGroup::DG15)).unwrap();
                let key = Dg15::parse(&dg15).unwrap();
                let key = VerifyingKey::from_spki(key.public_key_info()).unwrap();
                let signature = terminal
                    .active_authentication(&[0x5A; 8], bits / 8)
                    .unwrap_or_else(|error| panic!("{bits} {limits:?} {quirk:?}: {error}"));
                let aa = ActiveAuthentication {
                    key: &key,
                    info: None,
                    kind: DocumentKind::IdentityCard,
                };
                assert_eq!(signature.len(), bits / 8);
                aa.verify(&[0x5A; 8], &signature).unwrap();
                // The channel goes on.
                terminal.read(FileId::EF_SOD).unwrap();
            }
        }
    }
}
