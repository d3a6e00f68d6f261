#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::security_info::*;
use super::*;
use crate::corpus;
use crate::crypto::cipher::CipherSuite;
use crate::pki::PkiError;
use crate::tlv::encode;

/// Doc 9303-11 Appendix G.1: the PACEInfo of the worked example.
const CARD_ACCESS: &str = "3114 3012 060A04007F00070202040202 020102 02010D";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

#[test]
fn card_access_of_the_worked_example() {
    let file = CardAccess::parse(&bytes(CARD_ACCESS)).unwrap();
    let pace: Vec<_> = file.security_infos().pace().collect();
    let protocol = PaceProtocol {
        mapping: Mapping::Generic,
        agreement: Agreement::Ecdh,
        suite: CipherSuite::Aes128,
    };
    assert_eq!(
        pace,
        [&PaceInfo {
            protocol,
            version: 2,
            parameter_id: Some(13)
        }]
    );
    assert_eq!(protocol.oid().to_string(), "0.4.0.127.0.7.2.2.4.2.2");
    assert!(file.security_infos().tolerances().is_empty());
    assert_eq!(file.raw(), bytes(CARD_ACCESS));
}

#[test]
fn protocol_identifiers_go_both_ways() {
    for mapping in [
        Mapping::Generic,
        Mapping::Integrated,
        Mapping::ChipAuthentication,
    ] {
        for agreement in [Agreement::Dh, Agreement::Ecdh] {
            for suite in CipherSuite::ALL {
                let pace = PaceProtocol {
                    mapping,
                    agreement,
                    suite,
                };
                let defined = mapping != Mapping::ChipAuthentication
                    || agreement == Agreement::Ecdh && suite != CipherSuite::TripleDes;
                assert_eq!(PaceProtocol::from_oid(&pace.oid()) == Some(pace), defined);
                let ca = ChipAuthenticationProtocol { agreement, suite };
                assert_eq!(ChipAuthenticationProtocol::from_oid(&ca.oid()), Some(ca));
            }
        }
    }
}

#[test]
fn unknown_malformed_and_doubled_security_infos_do_not_hinder() {
    let pace = bytes("3012 060A04007F00070202040202 020102 02010D");
    let unknown = bytes("3007 0603550403 0500");
    let malformed = bytes("300F 060A04007F00070202040202 0101FF");
    let set = encode(0x31, &[&pace[..], &unknown, &malformed, &pace].concat());
    let infos = SecurityInfos::parse(&[&set[..], &[0, 0]].concat()).unwrap();
    assert_eq!(infos.pace().count(), 2);
    let named: Vec<_> = infos
        .infos()
        .iter()
        .map(|info| match info {
            SecurityInfo::Malformed(_) => 'm',
            SecurityInfo::Unknown(_) => 'u',
            _ => 'k',
        })
        .collect();
    assert_eq!(named, ['k', 'u', 'm', 'k']);
    assert_eq!(
        infos.tolerances().as_slice(),
        [
            Tolerance::TrailingBytes,
            Tolerance::MalformedSecurityInfo,
            Tolerance::DuplicateSecurityInfo
        ]
    );
}

#[test]
fn pace_is_offered_in_whatever_form() {
    let offers = |infos: &[&str]| {
        let infos: Vec<u8> = infos.iter().flat_map(|info| bytes(info)).collect();
        let infos = SecurityInfos::parse(&encode(0x31, &infos)).unwrap();
        (infos.offers_pace(), infos.pace().count())
    };
    let sound = "3012 060A04007F00070202040202 020102 02010D";
    let malformed = "300F 060A04007F00070202040202 0101FF";
    let of_later_days = "300F 060A04007F00070202040702 020103";
    let parameters = "300D 060904007F000702020402 3000";
    let chip_authentication = "300F 060A04007F00070202030204 020101";
    assert_eq!(offers(&[sound, malformed]), (true, 1));
    assert_eq!(offers(&[malformed]), (true, 0));
    assert_eq!(offers(&[of_later_days]), (true, 0));
    assert_eq!(offers(&[parameters, chip_authentication]), (false, 0));
    assert_eq!(offers(&[]), (false, 0));
}

#[test]
fn signed_offers_of_pace_bear_out_those_shown() {
    let infos = |infos: &[&str]| {
        let infos: Vec<u8> = infos.iter().flat_map(|info| bytes(info)).collect();
        SecurityInfos::parse(&encode(0x31, &infos)).unwrap()
    };
    let strong = "3012 060A04007F00070202040204 020102 02010D";
    let weak = "3012 060A04007F00070202040201 020102 02010C";
    let stronger = "3012 060A04007F00070202040204 020102 020112";
    let malformed = "300F 060A04007F00070202040204 0101FF";
    let of_later_days = "300F 060A04007F00070202040702 020103";
    let chip_authentication = "300F 060A04007F00070202030204 020101";
    let both = infos(&[strong, weak, chip_authentication]);
    for (shown, expected) in [
        (&[strong, weak][..], true),
        (&[strong], true),
        (&[strong, chip_authentication], true),
        (&[strong, malformed], true),
        (&[strong, of_later_days], true),
        (&[strong, stronger], false),
        (&[malformed], false),
        (&[of_later_days], false),
        (&[chip_authentication], false),
        (&[], false),
    ] {
        assert_eq!(
            both.bear_out_pace(&infos(shown)),
            Some(expected),
            "{shown:?}"
        );
    }
    let later = infos(&[of_later_days]);
    assert_eq!(later.bear_out_pace(&infos(&[of_later_days])), Some(true));
    assert_eq!(later.bear_out_pace(&infos(&[])), Some(false));
    // An older document, whose DG14 says nothing of PACE.
    assert_eq!(
        infos(&[chip_authentication]).bear_out_pace(&infos(&[strong])),
        None
    );
}

#[test]
fn key_reference_is_a_minimal_integer() {
    assert_eq!(KeyId(0xC3).to_bytes(), [0xC3]);
    assert_eq!(KeyId(0).to_bytes(), [0]);
    assert_eq!(KeyId(0x0102).to_bytes(), [1, 2]);
}

#[test]
fn chip_authentication_without_info_means_3des() {
    let key = bytes("3012 060904007F000702020102 3005 3003060100");
    let options = |set: &[u8]| {
        let infos = SecurityInfos::parse(set).unwrap();
        infos
            .chip_authentication_options()
            .iter()
            .map(|o| (o.protocol.suite, o.inferred))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        options(&encode(0x31, &key)),
        [(CipherSuite::TripleDes, true)]
    );
    let info = bytes("300F 060A04007F00070202030204 020101");
    assert_eq!(
        options(&encode(0x31, &[key, info].concat())),
        [(CipherSuite::Aes256, false)]
    );
}

#[test]
fn com_lists_versions_and_data_groups() {
    let com = Com::parse(&bytes(
        "6016 5F0104 30313037 5F3606 303430303030 5C04 61756E6F 0000",
    ))
    .unwrap();
    assert_eq!(
        (com.lds_version(), com.unicode_version()),
        ((1, 7), (4, 0, 0))
    );
    assert_eq!(
        com.data_groups()
            .iter()
            .map(|group| group.number())
            .collect::<Vec<_>>(),
        [1, 2, 14, 15]
    );
    assert_eq!(com.tolerances().as_slice(), [Tolerance::FilePadding]);
    let wrong = |hex| Com::parse(&bytes(hex)).unwrap_err();
    assert_eq!(
        wrong("6116 5F0104 30313037 5F3606 303430303030 5C04 61756E6F"),
        TlvError::Unexpected {
            expected: 0x60,
            found: 0x61
        }
        .into()
    );
    assert_eq!(
        wrong("6013 5F0104 3031303A 5F3606 303430303030 5C01 61"),
        LdsError::Version
    );
    assert_eq!(
        wrong("6013 5F0104 30313037 5F3606 303430303030 5C01 77"),
        LdsError::DataGroup
    );
    assert_eq!(
        wrong("6010 5F0104 30313037 5F3606 303430303030"),
        TlvError::Missing(0x5C).into()
    );
}

#[test]
fn dg1_holds_the_zone_and_shows_none_of_it() {
    let zone =
        b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let file = encode(0x61, &encode(0x5F1F, zone));
    let dg1 = Dg1::parse(&file).unwrap();
    assert_eq!(dg1.mrz().document_number(), "L898902C3");
    assert_eq!(dg1.raw(), file);
    let shown = format!("{dg1:?}");
    assert!(
        !shown.contains("ERIKSSON") && !shown.contains("L898902"),
        "{shown}"
    );
    assert_eq!(
        Dg1::parse(&encode(0x61, &encode(0x5F1F, b"P<UTO"))).unwrap_err(),
        MrzError::Length(5).into()
    );
}

#[test]
fn data_groups_have_one_tag_each() {
    for number in 1..=16 {
        let group = DataGroup::new(number).unwrap();
        assert_eq!(DataGroup::from_tag(group.tag()), Some(group));
        assert_eq!(
            FileId::data_group(group),
            FileId {
                fid: 0x0100 + u16::from(number),
                sfi: number
            }
        );
    }
    assert_eq!(
        (
            DataGroup::new(0),
            DataGroup::new(17),
            DataGroup::from_tag(0x77)
        ),
        (None, None, None)
    );
}

#[test]
fn corpus_security_infos_parse_or_are_refused_by_name() {
    let Some(corpus) = corpus::open("SecurityInfos of cards") else {
        return;
    };
    let mut parsed = 0;
    for (name, file) in corpus.files("lds/securityinfos") {
        match SecurityInfos::parse(&file) {
            Ok(infos) => {
                parsed += 1;
                assert!(!infos.infos().is_empty(), "{name}");
            }
            // The one blob whose elements overrun each other.
            Err(error) => assert!(matches!(error, LdsError::Tlv(_)), "{name}: {error}"),
        }
    }
    assert!(parsed >= 14, "{parsed}");
    for name in ["AT", "DE", "FI-id"] {
        let dg14 = Dg14::parse(&corpus.file(&format!("lds/dg14/{name}.bin"))).unwrap();
        assert!(dg14.tolerances().is_empty(), "{name}");
        let options = dg14.security_infos().chip_authentication_options();
        assert_eq!((options.len(), options[0].inferred), (1, false), "{name}");
        assert_eq!(
            dg14.security_infos().pace().count(),
            if name == "AT" { 1 } else { 2 },
            "{name}"
        );
    }
    let pace_only = Dg14::parse(&corpus.file("lds/dg14/SG-pace-only.bin")).unwrap();
    assert!(
        pace_only
            .security_infos()
            .chip_authentication_options()
            .is_empty()
    );
    assert!(Dg15::parse(&corpus.file("lds/dg15/NZ-rsa1792.bin")).is_ok());
}

#[test]
fn real_security_objects_are_read_and_their_data_groups_fit() {
    let Some(corpus) = corpus::open("EF.SODs of states") else {
        return;
    };
    for (name, file) in corpus.files("lds/sod") {
        let sod = Sod::parse(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: &[Tolerance] = if name == "NZ2017-ber.bin" {
            &[Tolerance::BerEncoding]
        } else {
            &[]
        };
        assert_eq!(sod.tolerances().as_slice(), expected, "{name}");
        assert_eq!(sod.signed_data().certificates().len(), 1, "{name}");
        assert!(
            sod.security_object().hashes.contains_key(&DataGroup::DG1),
            "{name}"
        );
    }
    for (state, group, file) in [
        ("AT", DataGroup::DG14, "dg14/AT"),
        ("DE", DataGroup::DG14, "dg14/DE"),
        ("FI-id", DataGroup::DG14, "dg14/FI-id"),
        ("SG-a", DataGroup::DG14, "dg14/SG-pace-only"),
        ("NZ2017-ber", DataGroup::DG15, "dg15/NZ-rsa1792"),
    ] {
        let sod = Sod::parse(&corpus.file(&format!("lds/sod/{state}.bin"))).unwrap();
        let mut content = corpus.file(&format!("lds/{file}.bin"));
        let object = sod.security_object();
        assert_eq!(
            object.verify(group, &content),
            sod::HashMatch::Equal,
            "{state}"
        );
        content.push(0);
        assert_eq!(
            object.verify(group, &content),
            sod::HashMatch::EqualWithoutPadding,
            "{state}"
        );
        content[20] ^= 1;
        assert_eq!(
            object.verify(group, &content),
            sod::HashMatch::Different,
            "{state}"
        );
        assert_eq!(
            object.verify(DataGroup::new(16).unwrap(), &content),
            sod::HashMatch::NotListed
        );
    }
}

#[test]
fn malformed_security_objects_are_refused_each_for_its_reason() {
    let Some(corpus) = corpus::open("malformed EF.SODs") else {
        return;
    };
    let refused = |name| Sod::parse(&corpus.file(&format!("lds/negative/{name}.bin"))).unwrap_err();
    assert_eq!(refused("HJP-ldsver2"), sod::SodError::Version);
    assert_eq!(refused("HJP-sdver2"), PkiError::SignedDataVersion.into());
    // Its first bytes are missing: what is left does not begin with the tag of the file.
    assert_eq!(
        refused("SG-truncated"),
        TlvError::Unexpected {
            expected: 0x77,
            found: 0x30
        }
        .into()
    );
}

proptest! {
    #[test]
    fn mutated_security_objects_never_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let Some(corpus) = corpus::open("mutated EF.SODs") else { return Ok(()) };
        for name in ["AT", "NZ2017-ber", "SG-a"] {
            let mut file = corpus.file(&format!("lds/sod/{name}.bin"));
            let len = file.len();
            file[at.index(len)] = byte;
            let _ = Sod::parse(&file);
            file.truncate(cut.index(len));
            prop_assert!(Sod::parse(&file).is_err());
        }
    }

    #[test]
    fn arbitrary_files_never_panic(file in proptest::collection::vec(any::<u8>(), 0..300)) {
        parse_all(&file);
        for tag in [0x60, 0x61, 0x6E, 0x6F, 0x77, 0x31] {
            let file = encode(tag, &file);
            parse_all(&file);
        }
    }

    #[test]
    fn mutated_security_infos_never_panic(at in 0usize..64, byte: u8, cut in 0usize..64) {
        let key = bytes("3012 060904007F000702020102 3005 3003060100");
        let mut set = encode(0x31, &[&bytes(CARD_ACCESS)[2..], &key].concat());
        let len = set.len();
        set[at % len] = byte;
        set.truncate(len - cut % len);
        if let Ok(infos) = SecurityInfos::parse(&set) {
            let _ = infos.chip_authentication_options();
        }
    }
}

fn parse_all(file: &[u8]) {
    let _ = (
        Com::parse(file),
        Dg1::parse(file),
        Dg14::parse(file),
        Dg15::parse(file),
        Sod::parse(file),
    );
    let _ = SecurityInfos::parse(file);
}
