//! Contents of the elementary files (Doc 9303-10, 4; ISO/IEC 18013-2, annex C, and -3).

use const_oid::ObjectIdentifier;

use super::active_authentication::ActiveAuthenticationKey;
use super::chip_authentication::ChipAuthenticationKey;
use super::holder::{Form, Holder};
use super::pace::PaceVariant;
use super::public_key_info::{self, CurveForm, integer, oid, sequence, set};
use crate::crypto::hash::HashAlgorithm;
use crate::tlv;
use crate::transport::Limits;

/// Application and file identifiers of a form of document.
pub(super) struct Ids {
    pub(super) aid: &'static [u8],
    pub(super) com: u16,
    pub(super) sod: u16,
    groups: u16,
    /// Tags of the files of data groups 1 to 16.
    tags: [u8; 16],
}

impl Ids {
    pub(super) fn of(form: Form) -> Self {
        match form {
            Form::Passport | Form::IdentityCard | Form::OfficialDocument => Self {
                aid: &[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01],
                com: 0x011E,
                sod: 0x011D,
                groups: 0x0100,
                tags: [
                    0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D,
                    0x6E, 0x6F, 0x70,
                ],
            },
            Form::DrivingLicence => Self {
                aid: &[
                    0xA0, 0x00, 0x00, 0x04, 0x56, 0x45, 0x44, 0x4C, 0x2D, 0x30, 0x31,
                ],
                com: 0x001E,
                sod: 0x001D,
                groups: 0x0000,
                tags: [
                    0x61, 0x6B, 0x6C, 0x65, 0x67, 0x75, 0x63, 0x76, 0x70, 0x62, 0x6D, 0x71, 0x6F,
                    0x6E, 0, 0,
                ],
            },
        }
    }

    pub(super) fn data_group(&self, number: u8) -> u16 {
        self.groups | u16::from(number)
    }

    fn tag(&self, number: u8) -> Option<u8> {
        let position = usize::from(number).checked_sub(1)?;
        self.tags.get(position).copied()
    }
}

/// EF.COM.
pub(super) fn com(form: Form, groups: &[u8], lds_1_8: bool) -> Vec<u8> {
    let ids = Ids::of(form);
    let version: &[u8] = match (form, lds_1_8) {
        (Form::DrivingLicence, _) => b"0100",
        (_, false) => b"0107",
        (_, true) => b"0108",
    };
    let tags: Vec<u8> = groups
        .iter()
        .filter_map(|number| ids.tag(*number))
        .collect();
    let content = [
        tlv::encode(0x5F01, version),
        tlv::encode(0x5F36, b"040000"),
        tlv::encode(0x5C, &tags),
    ];
    tlv::encode(0x60, &content.concat())
}

/// EF.DG1: the machine readable zone.
pub(super) fn dg1(lines: &[String]) -> Vec<u8> {
    tlv::encode(0x61, &tlv::encode(0x5F1F, lines.concat().as_bytes()))
}

/// EF.DG2: a face in ISO/IEC 19794-5 form, whose image is a grey square of 8 × 8 points with a long comment, so that the
/// file is as large as a real one. The record says a length that is off by `length_error`.
pub(super) fn dg2(length_error: i32) -> Vec<u8> {
    let image = grey_jpeg(b"Specimen. This is no face. ", 12_000);
    let mut information = Vec::new();
    // No feature points; nothing said of gender, eyes, hair, expression and pose.
    information.extend([0; 16]);
    // Full frontal, JPEG, 8 by 8 points, sRGB, source and quality not said.
    information.extend([1, 0, 0, 8, 0, 8, 1, 0, 0, 0, 0, 0]);
    let block_len = u32::try_from(4 + information.len() + image.len()).unwrap_or(u32::MAX);
    let record_len = block_len
        .saturating_add(14)
        .saturating_add_signed(length_error);
    let record = [
        &b"FAC\x00010\x00"[..],
        &record_len.to_be_bytes(),
        &[0, 1],
        &block_len.to_be_bytes(),
        &information,
        &image,
    ]
    .concat();
    biometric_group(0x75, &[0x02], &[0x00, 0x08], &record)
}

/// EF.DG3: a fingerprint record without any finger. No one can read it.
pub(super) fn dg3() -> Vec<u8> {
    biometric_group(
        0x63,
        &[0x08],
        &[0x00, 0x07],
        b"FIR\x00010\x00no finger was printed",
    )
}

/// Biometric information group template with one instance (Doc 9303-10, 4.7.2).
fn biometric_group(tag: u32, kind: &[u8], format: &[u8], record: &[u8]) -> Vec<u8> {
    let header = [
        tlv::encode(0x80, &[1, 1]),
        tlv::encode(0x81, kind),
        tlv::encode(0x87, &[1, 1]),
        tlv::encode(0x88, format),
    ]
    .concat();
    let template = [tlv::encode(0xA1, &header), tlv::encode(0x5F2E, record)].concat();
    let group = [tlv::encode(0x02, &[1]), tlv::encode(0x7F60, &template)].concat();
    tlv::encode(tag, &tlv::encode(0x7F61, &group))
}

/// A baseline JPEG of one grey block, with a comment segment of `comment_len` bytes.
fn grey_jpeg(comment: &[u8], comment_len: u16) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let len = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
        [&[0xFF, marker], &len.to_be_bytes()[..], content].concat()
    };
    let comment: Vec<u8> = comment
        .iter()
        .copied()
        .cycle()
        .take(usize::from(comment_len))
        .collect();
    // One code of one bit each: DC difference 0, end of block.
    let table = |class: u8| {
        let mut table = vec![class, 1];
        table.extend([0; 16]);
        table
    };
    [
        vec![0xFF, 0xD8],
        segment(0xE0, b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
        segment(0xFE, &comment),
        segment(0xDB, &[&[0][..], &[1; 64]].concat()),
        segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
        segment(0xC4, &table(0x00)),
        segment(0xC4, &table(0x10)),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        vec![0x3F, 0xFF, 0xD9],
    ]
    .concat()
}

/// DG1, DG11 and DG12 of a Dutch driving licence.
pub(super) fn licence_groups(holder: &Holder) -> Vec<(u8, Vec<u8>)> {
    let text = |tag, text: &str| tlv::encode(tag, text.as_bytes());
    let demographic = [
        text(0x5F03, "NLD"),
        text(0x5F04, holder.surname),
        text(0x5F05, holder.given_names),
        tlv::encode(0x5F06, &long_date(holder.date_of_birth)),
        text(0x5F0C, "RDA simulator"),
        tlv::encode(0x5F0B, &long_date(holder.date_of_expiry)),
        text(0x5F0E, holder.document_number),
    ];
    let category = tlv::encode(0x87, b"B;;");
    let categories = [tlv::encode(0x02, &[1]), category].concat();
    let dg1 = tlv::encode(
        0x61,
        &[
            text(0x5F01, "e00-00000"),
            tlv::encode(0x5F02, &demographic.concat()),
            tlv::encode(0x7F63, &categories),
        ]
        .concat(),
    );
    let dg11 = tlv::encode(0x6D, &text(0x5F10, holder.bsn));
    let line = holder.mrz_information(Form::DrivingLicence);
    let dg12 = tlv::encode(
        0x71,
        &[
            tlv::encode(0x81, b"A"),
            tlv::encode(0x82, &[&[0], line.as_bytes()].concat()),
        ]
        .concat(),
    );
    vec![(1, dg1), (11, dg11), (12, dg12)]
}

/// YYMMDD as DDMMYYYY in BCD (ISO/IEC 18013-2), births in the twentieth century from 40 on.
fn long_date(date: &str) -> Vec<u8> {
    let pair = |at: usize| {
        date.get(at..at + 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .unwrap_or(0)
    };
    let century = if pair(0) >= 0x40 { 0x19 } else { 0x20 };
    vec![pair(4), pair(2), century, pair(0)]
}

/// EF.DG14: SecurityInfos.
pub(super) fn dg14(infos: Vec<Vec<u8>>) -> Vec<u8> {
    tlv::encode(0x6E, &set(infos))
}

/// EF.DG15, or DG13 of a licence: the public key of Active Authentication; `None` if the key is unusable.
pub(super) fn dg15(key: &ActiveAuthenticationKey) -> Option<Vec<u8>> {
    let info = match key {
        ActiveAuthenticationKey::Rsa { key, .. } => public_key_info::rsa(key),
        ActiveAuthenticationKey::Ecdsa {
            curve, key, form, ..
        } => public_key_info::curve(*curve, key, *form)?,
    };
    Some(tlv::encode(0x6F, &info))
}

/// PACEInfo (Doc 9303-11, 9.2.1), and the PACEDomainParameterInfo that belongs to it (9.2.2).
pub(super) fn pace_infos(variant: &PaceVariant) -> Vec<Vec<u8>> {
    let parameter_id = integer(u32::from(variant.parameter_id()));
    let mut infos = vec![sequence(&[
        oid(variant.protocol()),
        integer(2),
        parameter_id.clone(),
    ])];
    if variant.is_spelled_out() {
        infos.push(sequence(&[
            oid(variant.mapping_protocol()),
            public_key_info::group_identifier(variant.group(), CurveForm::Explicit),
            parameter_id,
        ]));
    }
    infos
}

/// ActiveAuthenticationInfo with an ecdsa-plain algorithm (Doc 9303-11, 9.2.3; TR-03111, 5.2.1.1).
pub(super) fn active_authentication_info(hash: HashAlgorithm) -> Vec<u8> {
    const AA_PROTOCOL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.5");
    let algorithm = match hash {
        HashAlgorithm::Sha1 => "0.4.0.127.0.7.1.1.4.1.1",
        HashAlgorithm::Sha224 => "0.4.0.127.0.7.1.1.4.1.2",
        HashAlgorithm::Sha256 => "0.4.0.127.0.7.1.1.4.1.3",
        HashAlgorithm::Sha384 => "0.4.0.127.0.7.1.1.4.1.4",
        HashAlgorithm::Sha512 => "0.4.0.127.0.7.1.1.4.1.5",
    };
    sequence(&[
        oid(AA_PROTOCOL),
        integer(1),
        oid(ObjectIdentifier::new_unwrap(algorithm)),
    ])
}

const PK_DH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.1.1");
const PK_ECDH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.1.2");

/// ChipAuthenticationPublicKeyInfo, and a ChipAuthenticationInfo for each suite (Doc 9303-11, 9.2.5 and 9.2.6).
pub(super) fn chip_authentication_infos(
    key: &ChipAuthenticationKey,
    with_protocols: bool,
) -> Vec<Vec<u8>> {
    let key_id = key.key_id.map(integer);
    let mut public_key = vec![
        oid(if key.is_dh() { PK_DH } else { PK_ECDH }),
        public_key_info::agreement(&key.public, CurveForm::Explicit),
    ];
    public_key.extend(key_id.clone());
    let mut infos = vec![sequence(&public_key)];
    if with_protocols {
        for suite in &key.suites {
            let mut info = vec![oid(key.protocol(*suite)), integer(1)];
            info.extend(key_id.clone());
            infos.push(sequence(&info));
        }
    }
    infos
}

/// SET OF SecurityInfo.
pub(super) fn security_infos(infos: Vec<Vec<u8>>) -> Vec<u8> {
    set(infos)
}

/// The SecurityInfos that EF.CardSecurity repeats and adds: the key of Chip Authentication Mapping.
pub(super) fn mapping_key_info(key: &ChipAuthenticationKey) -> Vec<u8> {
    let mut info = vec![
        oid(PK_ECDH),
        public_key_info::agreement(&key.public, CurveForm::Standardized),
    ];
    info.extend(key.key_id.map(integer));
    sequence(&info)
}

/// EF.CardAccess.
pub(super) fn card_access(mut infos: Vec<Vec<u8>>, cluttered: bool) -> Vec<u8> {
    if !cluttered {
        return set(infos);
    }
    // A protocol that no one knows, with content of an odd kind, and the first PACEInfo once more.
    const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1");
    infos.push(sequence(&[oid(UNKNOWN), tlv::encode(0x16, b"unknown")]));
    infos.extend(infos.first().cloned());
    let mut content = set(infos);
    content.extend([0; 5]);
    content
}

/// EF.ATR/INFO: extended length information (ISO/IEC 7816-4, 12.7.1).
pub(super) fn atr_info(limits: Limits) -> Vec<u8> {
    let number = |len: usize| {
        let len = u16::try_from(len).unwrap_or(u16::MAX);
        tlv::encode(0x02, &len.to_be_bytes())
    };
    let capabilities = tlv::encode(0x47, &[0x80, 0x00, 0xC0]);
    let lengths = [number(limits.max_command), number(limits.max_response)].concat();
    [capabilities, tlv::encode(0x7F66, &lengths)].concat()
}

/// EF.DIR: one application.
pub(super) fn dir(aid: &[u8]) -> Vec<u8> {
    tlv::encode(0x61, &tlv::encode(0x4F, aid))
}
