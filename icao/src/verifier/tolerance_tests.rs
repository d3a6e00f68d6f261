//! Every tolerance of the files beside EF.SOD, and of what the chip proves, with a self-made fixture: the field policy passes
//! it and notes it, a policy without it refuses it by name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use openssl::hash::MessageDigest;

use super::*;
use crate::crypto::hash::HashAlgorithm;
use crate::mrz::Mrz;
use crate::pki::IssuingState;
use crate::pki::fixtures::{
    CertificateSpec, Key, Made, NULL, SHA256, STATE, SodSpec, algorithm, oid, sequence,
    version_info,
};
use crate::tlv::encode;

const TIME: UnixTime = UnixTime(1_788_220_800);
const KIND: DocumentKind = DocumentKind::TravelDocument;
const CHALLENGE: [u8; 8] = [7; 8];
const PACE_GM_AES_128: &str = "0.4.0.127.0.7.2.2.4.2.2";
const CA_ECDH_AES_128: &str = "0.4.0.127.0.7.2.2.3.2.2";
const PK_ECDH: &str = "0.4.0.127.0.7.2.2.1.2";
const ACTIVE_AUTHENTICATION: &str = "2.23.136.1.1.5";
const PLAIN_SHA256: &str = "0.4.0.127.0.7.1.1.4.1.3";
const SECURITY_OBJECT: &str = "0.4.0.127.0.7.3.2.1";

const ZONE: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";

fn zone(text: &str) -> Vec<u8> {
    encode(0x61, &encode(0x5F1F, text.as_bytes()))
}

fn pace(parameter: u8) -> Vec<u8> {
    let number = |number: u8| encode(0x02, &[number]);
    sequence(&[&oid(PACE_GM_AES_128), &number(2), &number(parameter)])
}

fn chip_authentication() -> Vec<u8> {
    sequence(&[&oid(CA_ECDH_AES_128), &encode(0x02, &[1])])
}

fn chip_key() -> Vec<u8> {
    sequence(&[&oid(PK_ECDH), &Key::ec().public_key_info()])
}

fn active_authentication() -> Vec<u8> {
    sequence(&[
        &oid(ACTIVE_AUTHENTICATION),
        &encode(0x02, &[1]),
        &oid(PLAIN_SHA256),
    ])
}

fn infos(infos: &[Vec<u8>]) -> Vec<u8> {
    encode(0x31, &infos.concat())
}

fn com(version: &[u8], tags: &[u8]) -> Vec<u8> {
    let parts = [
        encode(0x5F01, version),
        encode(0x5F36, b"040000"),
        encode(0x5C, tags),
    ];
    encode(0x60, &parts.concat())
}

/// A face of this gender (9 is none), with or without a format owner.
fn face(gender: u8, owned: bool) -> Vec<u8> {
    let image = [0xFF, 0xD8, 0xFF];
    let len = u32::try_from(14 + 20 + 12 + image.len()).unwrap();
    let record = [
        &b"FAC\x00010\x00"[..],
        &len.to_be_bytes(),
        &[0, 1],
        &(len - 14).to_be_bytes(),
        &[0, 0, gender],
        &[0; 13],
        &[1, 0, 0, 8, 0, 8, 1, 0, 0, 0, 0, 0],
        &image,
    ]
    .concat();
    let header = [
        encode(0x81, &[2]),
        if owned {
            encode(0x87, &[1, 1])
        } else {
            Vec::new()
        },
        encode(0x88, &[0, 8]),
    ];
    let template = [encode(0xA1, &header.concat()), encode(0x5F2E, &record)].concat();
    let group = [encode(0x02, &[1]), encode(0x7F60, &template)].concat();
    encode(0x75, &encode(0x7F61, &group))
}

/// A document with these data groups in EF.SOD.
struct Document(Vec<(u8, Vec<u8>)>);

impl Document {
    fn verifier(&self, policy: &Policy) -> Verifier {
        let hashes: Vec<u8> = self
            .0
            .iter()
            .flat_map(|(number, file)| {
                let hash = HashAlgorithm::Sha256.digest(file);
                sequence(&[&encode(0x02, &[*number]), &encode(0x04, &hash)])
            })
            .collect();
        let object = sequence(&[
            &encode(0x02, &[1]),
            &algorithm(SHA256, NULL),
            &encode(0x30, &hashes),
            &version_info(),
        ]);
        let spec = SodSpec {
            security_object: object,
            ..SodSpec::new()
        };
        Verifier::new(KIND, policy.clone(), &signed(&spec)).unwrap()
    }

    fn files(&self, verifier: &mut Verifier, card_access: Option<&[u8]>) -> Result<(), Reason> {
        let file = |wanted| self.0.iter().find(|(number, _)| *number == wanted);
        verifier.security_files(&SecurityFiles {
            card_access,
            dg14: file(14).map(|(_, file)| file.as_slice()),
            authentication_key: file(15).map(|(_, file)| file.as_slice()),
        })
    }
}

fn signed(spec: &SodSpec) -> Vec<u8> {
    let signer = CertificateSpec::signer(Key::other_ec(), Key::ec());
    spec.build(&signer, &signer.build(Key::ec()))
}

fn store() -> CscaStore {
    let mut store = CscaStore::new();
    let csca = CertificateSpec::csca(Key::ec()).build(Key::ec());
    let state = IssuingState::parse(STATE).unwrap();
    store.add(KIND, state, &csca).unwrap();
    store
}

fn card_security(security_infos: &[u8]) -> Vec<u8> {
    let spec = SodSpec {
        content_type: SECURITY_OBJECT,
        security_object: security_infos.to_vec(),
        ..SodSpec::new()
    };
    crate::tlv::Tlv::only(&signed(&spec))
        .unwrap()
        .value
        .to_vec()
}

/// The chip's signature over the challenge, written by a function of r and s.
fn chip_signature(made: Made) -> Vec<u8> {
    Key::ec().sign(made, &CHALLENGE)
}

fn plain(r: &[u8], s: &[u8], len: usize) -> Vec<u8> {
    let fill = |number: &[u8]| [vec![0; len - number.len()], number.to_vec()].concat();
    [fill(r), fill(s)].concat()
}

type Show = Box<dyn Fn(&Policy) -> (Verifier, Result<(), Reason>)>;

/// What to do for each tolerance.
fn shows() -> Vec<(Tolerance, Show)> {
    use Tolerance as T;
    fn show(
        groups: Vec<(u8, Vec<u8>)>,
        act: impl Fn(&Document, &mut Verifier) -> Result<(), Reason> + 'static,
    ) -> Show {
        let document = Document(groups);
        Box::new(move |policy| {
            let mut verifier = document.verifier(policy);
            let result = act(&document, &mut verifier);
            (verifier, result)
        })
    }
    let dg1 = || vec![(1, zone(ZONE))];
    let dg14 = |content: &[Vec<u8>]| vec![(14, encode(0x6E, &infos(content)))];
    let files = |document: &Document, verifier: &mut Verifier| document.files(verifier, None);
    let with_card_access = |document: &Document, verifier: &mut Verifier| {
        document.files(verifier, Some(&infos(&[pace(13)])))
    };
    let prove = |signature: Vec<u8>| {
        move |document: &Document, verifier: &mut Verifier| {
            document.files(verifier, None)?;
            match verifier.active_authentication(&CHALLENGE, Some(&signature)) {
                CheckOutcome::Failed(reason) => Err(reason),
                CheckOutcome::Passed => Ok(()),
                other => panic!("{other:?}"),
            }
        }
    };
    let dg15 = || (15, encode(0x6F, &Key::ec().public_key_info()));
    let with_hash = || {
        vec![
            (14, encode(0x6E, &infos(&[active_authentication()]))),
            dg15(),
        ]
    };
    let good = Made::Integers(|r, s| Some(plain(r, s, 32)));
    let uneven = Made::Integers(|r, s| Some(plain(r, s, 33)));
    vec![
        (
            T::ComMalformed,
            show(dg1(), |_, verifier| verifier.com(None)),
        ),
        (
            T::ComDiffers,
            show(dg1(), |_, verifier| {
                verifier.com(Some(&com(b"0107", &[0x61, 0x75])))
            }),
        ),
        (
            T::ComVersion,
            show(dg1(), |_, verifier| {
                verifier.com(Some(&com(b"0109", &[0x61])))
            }),
        ),
        (
            T::ListedGroupAbsent,
            show(dg1(), |_, verifier| {
                verifier.further_group(DataGroup::DG1, None)
            }),
        ),
        (
            T::DataGroupMalformed,
            show(vec![(2, face(0, false))], |_, verifier| {
                verifier.face(&face(0, false))
            }),
        ),
        (
            T::FaceRecord,
            show(vec![(2, face(9, true))], |_, verifier| {
                verifier.face(&face(9, true))
            }),
        ),
        (
            T::MachineReadableZone,
            show(dg1(), |_, verifier| {
                verifier
                    .machine_readable_zone(&zone(&ZONE.replace("L898902C36", "L898902C37")), None)
            }),
        ),
        (
            T::PrintedZoneDiffers,
            show(dg1(), |_, verifier| {
                let printed = Mrz::parse(ZONE.replace("ANNA", "ANNE")).unwrap();
                verifier.machine_readable_zone(&zone(ZONE), Some(&printed))
            }),
        ),
        (
            T::AtrInfoMalformed,
            show(dg1(), |_, verifier| verifier.atr_info(&[0x47, 3, 0x80])),
        ),
        (
            T::CardAccessMalformed,
            show(dg1(), |document, verifier| {
                document.files(verifier, Some(b"none"))?;
                verifier.card_access_agrees()
            }),
        ),
        (
            T::CardAccessDiffers,
            show(dg14(&[pace(13)]), |document, verifier| {
                document.files(verifier, Some(&infos(&[pace(12)])))?;
                verifier.card_access_agrees()
            }),
        ),
        (
            T::CardSecurityUnsigned,
            show(dg1(), |_, verifier| {
                verifier.card_security(Some(b"none"), None, None, &store(), STATE, TIME)
            }),
        ),
        (
            T::CardSecurityDiffers,
            show(dg1(), |_, verifier| {
                let (file, shown) = (card_security(&infos(&[pace(13)])), infos(&[pace(12)]));
                verifier.card_security(Some(&file), Some(&shown), None, &store(), STATE, TIME)
            }),
        ),
        (
            T::ChipAuthenticationInferred,
            show(dg14(&[chip_key()]), files),
        ),
        (
            T::ChipAuthenticationKeyMissing,
            show(dg14(&[chip_authentication()]), files),
        ),
        (
            T::MalformedSecurityInfo,
            show(
                dg14(&[pace(13), sequence(&[&oid(PACE_GM_AES_128)])]),
                with_card_access,
            ),
        ),
        (
            T::DuplicateSecurityInfo,
            show(dg14(&[pace(13), pace(13)]), with_card_access),
        ),
        (T::CardAccessMissing, show(dg14(&[pace(13)]), files)),
        (
            T::ActiveAuthenticationHashInferred,
            show(vec![dg15()], prove(chip_signature(good))),
        ),
        (
            T::ActiveAuthenticationDer,
            show(
                with_hash(),
                prove(chip_signature(Made::Plain(MessageDigest::sha256))),
            ),
        ),
        (
            T::ActiveAuthenticationUnevenLength,
            show(with_hash(), prove(chip_signature(uneven))),
        ),
    ]
}

/// The tolerances shown here.
pub(crate) fn shown() -> Vec<Tolerance> {
    shows()
        .into_iter()
        .map(|(tolerance, _)| tolerance)
        .collect()
}

#[test]
fn every_tolerance_passes_the_field_and_is_refused_without() {
    for (tolerance, show) in shows() {
        let (verifier, result) = show(&Policy::field());
        assert_eq!(result, Ok(()), "{tolerance}");
        assert_eq!(verifier.verdict().tolerances.as_slice(), [tolerance]);
        let mut without = Policy::field();
        without.tolerated.remove(&tolerance);
        for policy in [without, Policy::strict()] {
            let (_, result) = show(&policy);
            match (tolerance, result) {
                // It is told what is malformed in it.
                (Tolerance::DataGroupMalformed, Err(Reason::Malformed(..))) => {}
                (_, result) => assert_eq!(result, Err(Reason::Deviation(tolerance))),
            }
        }
    }
}

#[test]
fn conforming_files_are_noted_for_nothing() {
    let good = Made::Integers(|r, s| Some(plain(r, s, 32)));
    let key = encode(0x6F, &Key::ec().public_key_info());
    let dg14 = encode(
        0x6E,
        &infos(&[
            active_authentication(),
            chip_authentication(),
            chip_key(),
            pace(13),
        ]),
    );
    let document = Document(vec![(1, zone(ZONE)), (14, dg14), (15, key)]);
    let mut verifier = document.verifier(&Policy::strict());
    let shown = infos(&[pace(13)]);
    document.files(&mut verifier, Some(&shown)).unwrap();
    verifier.card_access_agrees().unwrap();
    verifier
        .com(Some(&com(b"0108", &[0x61, 0x6E, 0x6F])))
        .unwrap();
    verifier
        .machine_readable_zone(&zone(ZONE), Some(&Mrz::parse(ZONE).unwrap()))
        .unwrap();
    let file = card_security(&shown);
    verifier
        .card_security(Some(&file), Some(&shown), None, &store(), STATE, TIME)
        .unwrap();
    let signature = chip_signature(good);
    assert!(
        verifier
            .active_authentication(&CHALLENGE, Some(&signature))
            .passed()
    );
    assert!(
        verifier.verdict().tolerances.is_empty(),
        "{:?}",
        verifier.verdict().tolerances
    );
}
