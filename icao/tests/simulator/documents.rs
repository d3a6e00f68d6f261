//! What is in the files, and who signed it.

use super::*;

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
