#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

/// The specimens of Doc 9303-4 Appendix B, Doc 9303-5 Appendix B and Doc 9303-6 Appendix B.
const SPECIMEN_TD3: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const SPECIMEN_TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const SPECIMEN_TD2: &str =
    "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";

#[test]
fn passport_specimen() {
    let mrz = Mrz::parse(SPECIMEN_TD3).unwrap();
    assert_eq!(mrz.format(), Format::Td3);
    assert_eq!((mrz.document_code(), mrz.issuing_state()), ("P", "UTO"));
    assert_eq!(
        (mrz.primary_identifier(), mrz.secondary_identifier()),
        ("ERIKSSON", "ANNA MARIA")
    );
    assert_eq!(
        (mrz.document_number(), mrz.nationality()),
        ("L898902C3", "UTO")
    );
    assert_eq!(
        (mrz.birth().year(), mrz.birth().month(), mrz.birth().day()),
        (Some(74), Some(8), Some(12))
    );
    assert_eq!(mrz.expiry(), PartialDate::parse("120415").unwrap());
    assert_eq!((mrz.sex(), mrz.optional_data()), (Sex::Female, "ZE184226B"));
    assert_eq!(mrz.deviations(), []);
    assert_eq!(mrz.text().len(), 88);
}

#[test]
fn card_specimens() {
    for (text, format) in [(SPECIMEN_TD1, Format::Td1), (SPECIMEN_TD2, Format::Td2)] {
        let mrz = Mrz::parse(text).unwrap();
        assert_eq!((mrz.format(), mrz.document_number()), (format, "D23145890"));
        assert_eq!(
            (mrz.primary_identifier(), mrz.secondary_identifier()),
            ("ERIKSSON", "ANNA MARIA")
        );
        assert_eq!(mrz.deviations(), []);
    }
}

/// Doc 9303-11 D.2: a number of less than nine characters and one that overflows.
#[test]
fn mrz_information_of_the_worked_examples() {
    for (zone, expected) in [
        (
            "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<",
            "D23145890734934071279507122",
        ),
        (
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C<3UTO6908061F9406236ZE184226B<<<<<14",
            "L898902C<369080619406236",
        ),
    ] {
        let information = Mrz::parse(zone)
            .unwrap()
            .access_fields()
            .unwrap()
            .mrz_information();
        assert_eq!(&**information, expected.as_bytes());
    }
}

#[test]
fn long_number_leaves_the_optional_data() {
    let mrz = Mrz::parse(
        "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<",
    )
    .unwrap();
    assert_eq!(
        (mrz.document_number(), mrz.optional_data()),
        ("D23145890734", "")
    );
    assert_eq!(mrz.deviations(), []);
}

#[test]
fn typed_fields_are_normalised_and_checked() {
    let typed = AccessFields::new(" l898902c ", "690806", "940623").unwrap();
    assert_eq!(&**typed.mrz_information(), b"L898902C<369080619406236");
    assert_eq!(
        AccessFields::new("AB-12 3", "690806", "940623")
            .unwrap()
            .document_number(),
        "AB<12<3"
    );
    assert_eq!(
        AccessFields::new("<<", "690806", "940623"),
        Err(MrzError::DocumentNumber)
    );
    assert_eq!(
        AccessFields::new(&"1".repeat(24), "690806", "940623"),
        Err(MrzError::DocumentNumber)
    );
    assert_eq!(
        AccessFields::new("Ä1", "690806", "940623"),
        Err(MrzError::Character)
    );
    assert_eq!(
        AccessFields::new("A1", "69080", "940623"),
        Err(MrzError::Date)
    );
    assert_eq!(
        AccessFields::new("A1", "6908A6", "940623"),
        Err(MrzError::Date)
    );
    assert!(AccessFields::new("A1", "69<<<<", "940623").is_ok());
}

#[test]
fn each_wrong_check_digit_is_named() {
    for (at, deviation) in [
        (44 + 9, MrzDeviation::DocumentNumberCheckDigit),
        (44 + 19, MrzDeviation::BirthCheckDigit),
        (44 + 27, MrzDeviation::ExpiryCheckDigit),
        (44 + 42, MrzDeviation::OptionalDataCheckDigit),
        (44 + 43, MrzDeviation::CompositeCheckDigit),
    ] {
        let mut text = SPECIMEN_TD3.replace('\n', "").into_bytes();
        text[at] = if text[at] == b'5' { b'6' } else { b'5' };
        assert!(
            Mrz::parse(&text).unwrap().deviations().contains(&deviation),
            "{deviation:?}"
        );
    }
}

#[test]
fn real_zones_are_read_with_their_oddities() {
    // Empty optional data with the filler or 0 as its check digit; issuing state D; unknown birth day; X for sex.
    let zone = |digit: char, sex: char| {
        let line = format!("C01X00T478D<<640812<{sex}270228<<<<<<<<<<<<<<<{digit}<");
        format!("P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<{line}")
    };
    for digit in ['<', '0'] {
        let mrz = Mrz::parse(zone(digit, '<')).unwrap();
        assert_eq!(mrz.issuing_state(), "D");
        assert!(
            !mrz.deviations()
                .contains(&MrzDeviation::OptionalDataCheckDigit)
        );
    }
    assert!(
        Mrz::parse(zone('<', 'X'))
            .unwrap()
            .deviations()
            .contains(&MrzDeviation::Sex)
    );
    let lower = SPECIMEN_TD3.to_lowercase();
    assert_eq!(
        Mrz::parse(lower).unwrap().deviations(),
        [MrzDeviation::LowerCase]
    );
    assert_eq!(PartialDate::parse("64<<<<").unwrap().month(), None);
    assert_eq!(PartialDate::parse("640000").unwrap().day(), None);
    assert_eq!(PartialDate::parse("641301"), Err(MrzError::Date));
}

#[test]
fn other_sizes_and_characters_are_refused() {
    assert_eq!(Mrz::parse("P<UTO"), Err(MrzError::Length(5)));
    assert_eq!(
        Mrz::parse(vec![b'<'; 100_000]),
        Err(MrzError::Length(100_000))
    );
    assert_eq!(
        Mrz::parse(SPECIMEN_TD3.replace("ANNA", "ÄNNA")),
        Err(MrzError::Character)
    );
}

#[test]
fn debug_shows_no_personal_data() {
    let mrz = Mrz::parse(SPECIMEN_TD3).unwrap();
    let shown = format!(
        "{mrz:?} {:?} {:?} {:?}",
        mrz.access_fields().unwrap(),
        mrz.birth(),
        mrz.sex()
    );
    for secret in [
        "ERIKSSON",
        "ANNA",
        "L898902C3",
        "740812",
        "ZE184226B",
        "Female",
        "74",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Mrz::parse(&text);
    }

    #[test]
    fn arbitrary_zone_of_right_length_is_read(
        text in prop_oneof!["[A-Z0-9<]{90}", "[A-Z0-9<]{72}", "[A-Z0-9<]{88}"]
    ) {
        let mrz = Mrz::parse(&text).unwrap();
        prop_assert_eq!(mrz.text(), &text[..]);
        let _ = mrz.access_fields();
    }

    #[test]
    fn overflowing_numbers_come_back_whole(number in "[A-Z0-9]{10,22}") {
        let digit = char::from(check_digit(number.as_bytes()).unwrap());
        let optional = format!("{:<<15}", format!("{}{digit}", &number[9..]));
        let zone = format!("I<UTO{}<{optional}7408122F1204159UTO<<<<<<<<<<<6{:<<30}", &number[..9], "ERIKSSON<<ANNA");
        let mrz = Mrz::parse(&zone).unwrap();
        prop_assert_eq!(mrz.document_number(), &number[..]);
        prop_assert!(!mrz.deviations().contains(&MrzDeviation::DocumentNumberCheckDigit));
    }

    #[test]
    fn a_changed_character_changes_the_digit_or_is_a_multiple_of_ten(field in "[A-Z0-9<]{1,30}", at in 0usize..30) {
        // The weights 7, 3 and 1 are units modulo 10: only values equal modulo 10 collide.
        let at = at % field.len();
        let mut changed = field.clone().into_bytes();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        let value = |byte: u8| match byte { b'0'..=b'9' => byte - b'0', b'A'..=b'Z' => byte - b'A' + 10, _ => 0 };
        let same = value(changed[at]) % 10 == value(field.as_bytes()[at]) % 10;
        prop_assert_eq!(check_digit(&changed) == check_digit(field.as_bytes()), same);
    }
}
