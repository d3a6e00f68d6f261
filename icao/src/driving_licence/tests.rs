//! Files and lines of invented licences, written out here by the standards.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::access_key::AccessKeyKind;
use crate::lds::LdsError;
use crate::tlv::{TlvError, encode};

/// Check digit by hand: 29 characters, weights 7, 3, 1.
const LINE: &str = "D1NLD19999920140ABCDEFGHIJKLM6";

#[test]
fn a_line_says_state_and_number() {
    let line = LicenceLine::parse(LINE).unwrap();
    assert_eq!(line.configuration(), '1');
    assert_eq!(line.issuing_state(), "NLD");
    // Not 1999992014, which one gets who takes the version for the first digit.
    assert_eq!(line.document_number(), Some("9999920140"));
    assert_eq!(line.inner(), &LINE[1..29]);
    assert_eq!(
        LicenceLine::from_inner(line.inner().as_bytes()),
        Ok(line.clone())
    );
    assert_eq!(
        LicenceLine::parse(&format!(" {} ", LINE.to_lowercase())),
        Ok(line.clone())
    );
    assert_eq!(format!("{line:?}"), "LicenceLine(..)");
    let kinds = line.access_keys().map(|key| key.kind());
    assert_eq!(kinds, [AccessKeyKind::PaceKey, AccessKeyKind::MrzDigest]);

    let french = LicenceLine::from_inner(b"1FRA1234567890123456789012AB").unwrap();
    assert_eq!(
        (french.issuing_state(), french.document_number()),
        ("FRA", None)
    );
}

#[test]
fn what_is_no_line_is_refused_by_name() {
    let wrong_digit = format!("{}4", &LINE[..29]);
    for (text, error) in [
        ("", LicenceLineError::Length),
        (&LINE[1..], LicenceLineError::Length),
        (wrong_digit.as_str(), LicenceLineError::CheckDigit),
        ("D1NLD19999920140ABCDEFGHIJKLé", LicenceLineError::Character),
        ("P1NLD19999920140ABCDEFGHIJKLM6", LicenceLineError::Kind),
        (
            "D1NLD19999920140ABCDEFGHIJKLMN",
            LicenceLineError::Character,
        ),
        (
            "D1NLD1 999920140ABCDEFGHIJKLM6",
            LicenceLineError::Character,
        ),
    ] {
        assert_eq!(LicenceLine::parse(text), Err(error), "{text}");
    }
}

fn dg12(method: &[u8], input: &[u8]) -> Vec<u8> {
    encode(0x71, &[encode(0x81, method), encode(0x82, input)].concat())
}

#[test]
fn dg12_holds_the_line() {
    let input = [&[0][..], &LINE.as_bytes()[1..29]].concat();
    let file = Dg12::parse(&dg12(b"A", &input)).unwrap();
    assert_eq!(file.line().as_str(), LINE);
    assert!(!format!("{file:?}").contains("9999"));
    assert_eq!(
        Dg12::parse(&dg12(b"B", &input)).err(),
        Some(LdsError::Field)
    );
    assert_eq!(
        Dg12::parse(&dg12(b"A", &input[1..])).err(),
        Some(LdsError::Field)
    );
    assert_eq!(
        Dg12::parse(&dg12(b"A", &input[..20])).err(),
        Some(LdsError::LicenceLine(LicenceLineError::Length))
    );
    let without = encode(0x71, &encode(0x81, b"A"));
    assert_eq!(
        Dg12::parse(&without).err(),
        Some(LdsError::Tlv(TlvError::Missing(0x82)))
    );
}

#[test]
fn dg1_is_read_in_both_forms() {
    let text = |tag, text: &str| encode(tag, text.as_bytes());
    let category = |text: &str| encode(0x87, text.as_bytes());
    let categories = encode(
        0x7F63,
        &[
            encode(2, &[2]),
            category("B;01012000;01012030;;;"),
            category("AM;;;;;"),
        ]
        .concat(),
    );
    let fields = |skipped: u32| {
        let fields = [
            (0x5F03, b"NLD".to_vec()),
            (0x5F04, "Specimen Müller".as_bytes().to_vec()),
            // ISO/IEC 8859-1.
            (0x5F05, b"Ren\xE9".to_vec()),
            (0x5F06, vec![0x15, 0x06, 0x19, 0x72]),
            (0x5F0B, vec![0x15, 0x06, 0x20, 0x35]),
            (0x5F0E, b"9999920140".to_vec()),
        ];
        let fields = fields.into_iter().filter(|(tag, _)| *tag != skipped);
        fields
            .flat_map(|(tag, value)| encode(tag, &value))
            .collect::<Vec<u8>>()
    };
    let european = |skipped| {
        let number = text(0x5F01, "e00-00000");
        encode(
            0x61,
            &[number, encode(0x5F02, &fields(skipped)), categories.clone()].concat(),
        )
    };
    let compact =
        |fields: &[u8]| encode(0x61, &[encode(0x5F1F, fields), categories.clone()].concat());
    let compact_fields = [
        &b"\x10Specimen M\xC3\xBCller\x04Ren\xE9"[..],
        &[
            0x19, 0x72, 0x06, 0x15, 0x20, 0x25, 0x06, 0x15, 0x20, 0x35, 0x06, 0x15,
        ],
        b"NLD\x03RDW\x0A9999920140",
    ]
    .concat();
    let date = |year| Date {
        year,
        month: 6,
        day: 15,
    };
    for file in [european(0), compact(&compact_fields)] {
        let dg1 = Dg1::parse(&file).unwrap();
        assert_eq!(dg1.issuing_state(), "NLD");
        assert_eq!(
            (dg1.surname(), dg1.given_names()),
            ("Specimen Müller", "René")
        );
        assert_eq!((dg1.birth(), dg1.expiry()), (date(1972), Some(date(2035))));
        assert_eq!(dg1.document_number(), "9999920140");
        assert_eq!(
            dg1.categories().collect::<Vec<_>>(),
            ["B;01012000;01012030;;;", "AM;;;;;"]
        );
        assert_eq!(dg1.raw(), file);
        let shown = format!("{dg1:?} {:?}", dg1.birth());
        assert!(!shown.contains("Spec") && !shown.contains("72"), "{shown}");
    }
    assert_eq!(Dg1::parse(&european(0x5F0B)).unwrap().expiry(), None);
    assert!(Dg1::parse(&european(0x5F04)).is_err());
    for end in 0..compact_fields.len() {
        assert!(
            Dg1::parse(&compact(&compact_fields[..end])).is_err(),
            "{end}"
        );
    }
    assert!(Dg1::parse(&compact(&[&compact_fields[..], b"?"].concat())).is_err());
}

#[test]
fn dg11_holds_the_personal_number() {
    let file = encode(0x6D, &encode(0x5F10, b"999990056"));
    let dg11 = Dg11::parse(&file).unwrap();
    assert_eq!(dg11.personal_number(), Some("999990056"));
    assert!(!format!("{dg11:?}").contains("99999"));
    let other = Dg11::parse(&encode(0x6D, &encode(0x5F11, b"x"))).unwrap();
    assert_eq!(other.personal_number(), None);
    assert!(Dg11::parse(&encode(0x6B, &encode(0x5F10, b"999990056"))).is_err());
}
