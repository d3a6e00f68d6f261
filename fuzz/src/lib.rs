//! What the fuzz targets do with bytes: plain functions, so that an ordinary test can replay the small corpora without a
//! fuzzer. None may panic, whatever the bytes are, unless a property of the library is broken.

use icao::apdu::{Command, Response, discretionary_data};
use icao::chip_authentication;
use icao::crypto::cipher::CipherSuite;
use icao::crypto::signature::VerifyingKey;
use icao::driving_licence;
use icao::lds::security_info::SecurityInfos;
use icao::lds::{
    Application, AtrInfo, BiometricGroup, CardAccess, CardSecurity, Com, DataGroup, Dg1, Dg11,
    Dg12, Dg14, Dg15, Dg16, Dir, FurtherGroup, Sod,
};
use icao::mrz::Mrz;
use icao::pace::parameters::PaceParameters;
use icao::pki::Certificate;
use icao::secure_messaging::{SecureMessaging, SessionKeys};
use icao::tlv::definite::to_definite;
use icao::tlv::{self, FileLength, Tlv};

/// What a target does.
pub type Target = fn(&[u8]);

/// Every target under the name of its program and its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("tlv", tlv),
    ("mrz", mrz),
    ("security_infos", security_infos),
    ("sod", sod),
    ("data_groups", data_groups),
    ("apdu", apdu),
    ("secure_messaging", secure_messaging),
];

/// Data objects: what parses is inside the input, and says the same when it is written again.
pub fn tlv(bytes: &[u8]) {
    if let Ok((object, rest)) = Tlv::split(bytes) {
        assert!(object.value.len() + rest.len() < bytes.len());
        let written = tlv::encode(object.tag, object.value);
        let again = Tlv::only(&written).expect("a data object that was one");
        assert_eq!((again.tag, again.value), (object.tag, object.value));
        // The length of a file is told by its beginning alone.
        let prefix = bytes.get(..FileLength::PREFIX_LEN).unwrap_or(bytes);
        let length = FileLength::from_prefix(prefix).expect("a header that parsed");
        assert_eq!(length.total() + rest.len(), bytes.len());
        for child in object.children() {
            if child.is_err() {
                break;
            }
        }
    }
    if let Ok((definite, used)) = to_definite(bytes) {
        assert!(used <= bytes.len());
        let (again, all) = to_definite(&definite).expect("definite already");
        assert_eq!((&again, all), (&definite, definite.len()));
    }
}

/// Machine readable zones: what is read stays the same when its own text is read again.
pub fn mrz(bytes: &[u8]) {
    if let Ok(zone) = Mrz::parse(bytes) {
        let again = Mrz::parse(zone.text()).expect("a zone is one when written again");
        assert_eq!(again.text(), zone.text());
        assert_eq!(again.document_number(), zone.document_number());
        if let Ok(fields) = zone.access_fields() {
            assert!(fields.mrz_information().len() >= 24);
        }
    }
}

/// SecurityInfos of EF.CardAccess and DG14, as far as the choice of keys and domain parameters.
pub fn security_infos(bytes: &[u8]) {
    if let Ok(infos) = SecurityInfos::parse(bytes) {
        for info in infos.pace() {
            let _ = PaceParameters::from_infos(info, &infos);
        }
        let _ = chip_authentication::strongest(&infos.chip_authentication_options());
        if let Some(info) = infos.active_authentication() {
            let _ = info.hash();
        }
    }
}

/// EF.SOD and EF.CardSecurity, certificates inside included.
pub fn sod(bytes: &[u8]) {
    if let Ok(sod) = Sod::parse(bytes) {
        assert_eq!(sod.raw(), bytes);
        for number in 1..=16 {
            if let Some(group) = DataGroup::new(number) {
                let _ = sod.security_object().verify(group, bytes);
            }
        }
        for certificate in sod.signed_data().certificates() {
            let _ = Certificate::parse(certificate);
        }
    }
    if let Ok(security) = CardSecurity::parse(bytes) {
        let _ = chip_authentication::strongest(
            &security.security_infos().chip_authentication_options(),
        );
    }
}

/// Elementary files other than EF.SOD.
pub fn data_groups(bytes: &[u8]) {
    let _ = CardAccess::parse(bytes);
    let _ = AtrInfo::parse(bytes);
    let _ = Dir::parse(bytes);
    let _ = Com::parse(bytes);
    let _ = Com::parse_in(Application::DrivingLicence, bytes);
    for group in (1..=16).filter_map(DataGroup::new) {
        if let Ok(file) = BiometricGroup::parse(group, bytes) {
            for template in file.templates() {
                assert!(bytes.get(template.record.clone()).is_some());
            }
            let located: usize = file.templates().iter().map(|one| one.images.len()).sum();
            assert_eq!(file.images().count(), located, "images lie inside the file");
        }
        if let Ok(file) = FurtherGroup::parse(group, bytes) {
            assert_eq!(file.raw(), bytes);
        }
    }
    if let Ok(file) = Dg11::parse(bytes) {
        let _ = (file.name(), file.birth(), file.other_names().count());
    }
    if let Ok(file) = Dg12::parse(bytes) {
        let _ = (file.issuing_authority(), file.issue(), file.images());
    }
    if let Ok(file) = Dg16::parse(bytes) {
        assert!(file.persons().len() <= 15);
    }
    if let Ok(file) = driving_licence::Dg1::parse(bytes) {
        let _ = (file.surname(), file.categories().count());
    }
    let _ = driving_licence::Dg11::parse(bytes);
    if let Ok(file) = driving_licence::Dg12::parse(bytes) {
        let line = file.line();
        assert_eq!(
            driving_licence::LicenceLine::parse(line.as_str()).as_ref(),
            Ok(line)
        );
    }
    if let Ok(file) = Dg1::parse(bytes) {
        assert_eq!(file.raw(), bytes);
    }
    if let Ok(file) = Dg14::parse(bytes) {
        let _ =
            chip_authentication::strongest(&file.security_infos().chip_authentication_options());
    }
    if let Ok(file) = Dg15::parse(bytes) {
        let _ = VerifyingKey::from_spki(file.public_key_info());
    }
}

/// Commands and responses: parsing undoes writing.
pub fn apdu(bytes: &[u8]) {
    if let Ok(command) = Command::parse(bytes) {
        let written = command.to_bytes().expect("a command that was one");
        assert_eq!(Command::parse(&written).as_ref(), Ok(&command));
        let chain = command.clone().into_chain(100);
        let data: Vec<u8> = chain.into_iter().flat_map(|part| part.data).collect();
        assert_eq!(data, command.data);
    }
    if let Ok(response) = Response::parse(bytes) {
        assert_eq!(response.to_bytes(), bytes);
    }
    let _ = discretionary_data(bytes);
}

/// A protected response. The first byte says with which cipher, after which command, and whether the rest is the whole
/// response or data objects to which the right MAC is added, so that what lies behind the MAC is reached too.
pub fn secure_messaging(bytes: &[u8]) {
    let Some((&how, rest)) = bytes.split_first() else {
        return;
    };
    let suites = CipherSuite::ALL;
    let suite = suites[usize::from(how & 3) % suites.len()];
    let keys = SessionKeys::derive(suite, b"fuzz");
    let mut channel = SecureMessaging::new(keys.clone());
    let command = match how & 4 {
        0 => Command::read_binary(0, 100),
        _ => Command::read_binary(0x8000, 100),
    };
    channel.protect(&command).expect("a command that fits");
    let genuine = how & 8 != 0;
    let response = if genuine {
        let Some((objects, status)) = rest.split_last_chunk::<2>() else {
            return;
        };
        let mut counter = vec![0; suite.block_len()];
        counter[suite.block_len() - 1] = 2;
        let input = [counter, suite.pad(objects)].concat();
        let mac = suite.mac(keys.mac(), &input).expect("whole blocks");
        [objects, &tlv::encode(0x8E, &mac), status].concat()
    } else {
        rest.to_vec()
    };
    let Ok(response) = Response::parse(&response) else {
        return;
    };
    let outcome = channel.unprotect(&response);
    assert!(genuine || outcome.is_err(), "believed without a MAC");
    assert_eq!(outcome.is_err(), channel.is_poisoned());
}
