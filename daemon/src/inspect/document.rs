//! Elementary files of a document, told by their tag or, where they have none of their own, by their name.

use icao::crypto::key_agreement::PublicKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::biometrics::ImageFormat;
use icao::lds::security_info::{SecurityInfo, SecurityInfos};
use icao::lds::{
    AtrInfo, BiometricGroup, CardAccess, CardSecurity, Com, DataGroup, Dg1, Dg14, Dg15, Sod,
};
use icao::tlv::Header;
use icao::verifier::files::FileName;

use super::{MAX_LINES, Sheet, data_objects, hexadecimal, pki};

/// Tags of EF.SOD, EF.COM and a SET.
const SOD: u32 = 0x77;
const COM: u32 = 0x60;
const SET: u32 = 0x31;

/// Shows an elementary file; `false` if it is none.
pub(super) fn show(sheet: &mut Sheet, name: &str, content: &[u8]) -> bool {
    let tag = Header::parse(content).ok().map(|header| header.tag);
    let named = FileName::parse(name);
    match (tag, named) {
        (Some(SOD), _) => sod(sheet, content),
        (Some(COM), _) => com(sheet, content),
        (Some(SET), _) => card_access(sheet, content),
        (_, Some(FileName::AtrInfo)) => atr_info(sheet, content),
        (_, Some(FileName::CardSecurity)) => card_security(sheet, content),
        (Some(tag), _) => match DataGroup::from_tag(tag) {
            Some(group) => data_group(sheet, group, content),
            None => match CardSecurity::parse(content) {
                Ok(_) => card_security(sheet, content),
                Err(_) => return false,
            },
        },
        (None, _) => return false,
    }
    true
}

fn malformed(sheet: &mut Sheet, name: &str, error: &dyn std::fmt::Display, content: &[u8]) {
    sheet.line(format_args!("{name}, malformed: {error}"));
    let mut lines = MAX_LINES;
    sheet.inside(|sheet| data_objects(sheet, content, 0, &mut lines));
}

fn sod(sheet: &mut Sheet, content: &[u8]) {
    let sod = match Sod::parse(content) {
        Ok(sod) => sod,
        Err(error) => return malformed(sheet, "EF.SOD", &error, content),
    };
    sheet.line("EF.SOD");
    sheet.inside(|sheet| {
        let object = sod.security_object();
        sheet.field("version", object.version);
        if let Some((lds, unicode)) = &object.lds_version_info {
            sheet.field("LDS, Unicode", format_args!("{lds}, {unicode}"));
        }
        sheet.field("hashes by", object.hash_algorithm);
        for (group, hash) in &object.hashes {
            sheet.field(&group.to_string(), hexadecimal(hash));
        }
        pki::signer(sheet, sod.signed_data());
        pki::tolerances(sheet, sod.tolerances());
    });
}

fn com(sheet: &mut Sheet, content: &[u8]) {
    match Com::parse(content) {
        Err(error) => malformed(sheet, "EF.COM", &error, content),
        Ok(com) => {
            sheet.line("EF.COM");
            sheet.inside(|sheet| {
                let (major, minor) = com.lds_version();
                sheet.field("LDS", format_args!("{major}.{minor}"));
                let (major, minor, release) = com.unicode_version();
                sheet.field("Unicode", format_args!("{major}.{minor}.{release}"));
                let groups: Vec<String> =
                    com.data_groups().iter().map(ToString::to_string).collect();
                sheet.field("data groups", groups.join(" "));
                pki::tolerances(sheet, com.tolerances());
            });
        }
    }
}

fn card_access(sheet: &mut Sheet, content: &[u8]) {
    match CardAccess::parse(content) {
        Err(error) => malformed(sheet, "SecurityInfos", &error, content),
        Ok(file) => {
            sheet.line("SecurityInfos, as in EF.CardAccess");
            sheet.inside(|sheet| security_infos(sheet, file.security_infos()));
        }
    }
}

fn card_security(sheet: &mut Sheet, content: &[u8]) {
    match CardSecurity::parse(content) {
        Err(error) => malformed(sheet, "EF.CardSecurity", &error, content),
        Ok(file) => {
            sheet.line("EF.CardSecurity");
            sheet.inside(|sheet| {
                security_infos(sheet, file.security_infos());
                pki::signer(sheet, file.signed_data());
                pki::tolerances(sheet, file.tolerances());
            });
        }
    }
}

fn atr_info(sheet: &mut Sheet, content: &[u8]) {
    match AtrInfo::parse(content) {
        Err(error) => malformed(sheet, "EF.ATR/INFO", &error, content),
        Ok(info) => {
            sheet.line("EF.ATR/INFO");
            sheet.inside(|sheet| match info.extended_length {
                Some(limits) => {
                    sheet.field("longest command", limits.max_command);
                    sheet.field("longest response", limits.max_response);
                }
                None => sheet.field("extended length", "not said"),
            });
        }
    }
}

fn data_group(sheet: &mut Sheet, group: DataGroup, content: &[u8]) {
    match group {
        DataGroup::DG1 => match Dg1::parse(content) {
            Ok(dg1) => machine_readable_zone(sheet, &dg1),
            Err(error) => malformed(sheet, "DG1", &error, content),
        },
        DataGroup::DG2 => match BiometricGroup::parse(group, content) {
            Ok(dg2) => faces(sheet, &dg2),
            Err(error) => malformed(sheet, "DG2", &error, content),
        },
        DataGroup::DG14 => match Dg14::parse(content) {
            Ok(dg14) => {
                sheet.line("DG14");
                sheet.inside(|sheet| security_infos(sheet, dg14.security_infos()));
            }
            Err(error) => malformed(sheet, "DG14", &error, content),
        },
        DataGroup::DG15 => match Dg15::parse(content) {
            Ok(dg15) => {
                sheet.line("DG15, key of Active Authentication");
                sheet.inside(
                    |sheet| match VerifyingKey::from_spki(dg15.public_key_info()) {
                        Ok(key) => sheet.field("public key", key),
                        Err(error) => {
                            sheet.field("public key", format_args!("not usable: {error}"))
                        }
                    },
                );
            }
            Err(error) => malformed(sheet, "DG15", &error, content),
        },
        other => {
            sheet.line(other);
            let mut lines = MAX_LINES;
            sheet.inside(|sheet| data_objects(sheet, content, 0, &mut lines));
        }
    }
}

fn machine_readable_zone(sheet: &mut Sheet, dg1: &Dg1) {
    let mrz = dg1.mrz();
    sheet.line("DG1, machine readable zone");
    sheet.inside(|sheet| {
        sheet.field("document", mrz.document_code());
        sheet.field("issuing state", mrz.issuing_state());
        sheet.field("document number", mrz.document_number());
        sheet.field("name", mrz.primary_identifier());
        sheet.field("given names", mrz.secondary_identifier());
        sheet.field("nationality", mrz.nationality());
        for deviation in mrz.deviations() {
            sheet.field("deviation", format_args!("{deviation:?}"));
        }
        sheet.line("as written");
        sheet.inside(|sheet| {
            for line in mrz.text().lines() {
                sheet.line(line);
            }
        });
        pki::tolerances(sheet, dg1.tolerances());
    });
}

fn faces(sheet: &mut Sheet, dg2: &BiometricGroup) {
    sheet.line("DG2, face");
    sheet.inside(|sheet| {
        for (format, image) in dg2.images() {
            let format = match format {
                ImageFormat::Jpeg => "JPEG",
                ImageFormat::Jp2 | ImageFormat::Jpeg2000CodeStream => "JPEG 2000",
                ImageFormat::Wsq => "WSQ",
                _ => "of an unknown form",
            };
            sheet.field("image", format_args!("{format}, {} bytes", image.len()));
        }
        match dg2.face_deviations() {
            Ok(deviations) => {
                for deviation in deviations {
                    sheet.field("deviation", format_args!("{deviation:?}"));
                }
            }
            Err(error) => sheet.field("no face record", error),
        }
        pki::tolerances(sheet, dg2.tolerances());
    });
}

fn security_infos(sheet: &mut Sheet, infos: &SecurityInfos) {
    for info in infos.infos() {
        match info {
            SecurityInfo::Pace(pace) => sheet.field(
                "PACE",
                format_args!(
                    "{}, {:?} {:?} {:?}, version {}{}",
                    pace.protocol.oid(),
                    pace.protocol.agreement,
                    pace.protocol.mapping,
                    pace.protocol.suite,
                    pace.version,
                    number(", parameters ", pace.parameter_id)
                ),
            ),
            SecurityInfo::PaceDomainParameter(parameters) => sheet.field(
                "PACE parameters",
                format_args!(
                    "{:?}{}, {} bytes",
                    parameters.agreement,
                    number(", id ", parameters.parameter_id),
                    parameters.domain_parameter.len()
                ),
            ),
            SecurityInfo::ChipAuthentication(chip) => sheet.field(
                "Chip Authentication",
                format_args!(
                    "{}, {:?} {:?}, version {}{}",
                    chip.protocol.oid(),
                    chip.protocol.agreement,
                    chip.protocol.suite,
                    chip.version,
                    number(", key ", chip.key_id.map(|id| id.0))
                ),
            ),
            SecurityInfo::ChipAuthenticationPublicKey(key) => {
                let usable = PublicKey::from_spki(&key.public_key_info);
                let shown = match usable {
                    Ok(public) => format!("{:?}", public.group()),
                    Err(error) => format!("not usable: {error}"),
                };
                sheet.field(
                    "Chip Authentication key",
                    format_args!(
                        "{:?}{}, {shown}",
                        key.agreement,
                        number(", key ", key.key_id.map(|id| id.0))
                    ),
                );
            }
            SecurityInfo::ActiveAuthentication(active) => sheet.field(
                "Active Authentication",
                format_args!("version {}, {}", active.version, active.signature_algorithm),
            ),
            SecurityInfo::TerminalAuthentication(terminal) => sheet.field(
                "Terminal Authentication",
                format_args!("version {}", terminal.version),
            ),
            SecurityInfo::Malformed(oid) => sheet.field("malformed", oid),
            SecurityInfo::Unknown(oid) => sheet.field("unknown", oid),
            _ => sheet.field("other", "not shown"),
        }
    }
    pki::tolerances(sheet, infos.tolerances());
}

fn number(before: &str, number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| format!("{before}{number}"))
}
