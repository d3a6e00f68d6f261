//! Biometric data groups: DG2 (face), DG3 (fingers) and DG4 (irises), as far as their headers (Doc 9303-10 4.7.2 to 4.7.4;
//! ISO/IEC 7816-11, ISO/IEC 19794-5, ISO/IEC 39794-5). Images are located, never decoded.
//!
//! ```text
//! 75 ┬ 7F61 ┬ 02    number of templates
//!    │      ├ 7F60 ┬ A1    header: what it is a record of, and in which format
//!    │      │      └ 5F2E  record of ISO/IEC 19794, or 7F2E for one of ISO/IEC 39794
//!    │      └ 7F60 …
//! ```
//!
//! Real records state lengths that are a few bytes off. Where the lengths inside do not lead to an image, one is looked for
//! by the bytes that it begins with, and the deviation is recorded.

mod face;

use core::ops::Range;

pub use face::{BiometricError, FaceDeviation};

use super::{Application, DataGroup, LdsError, Redacted, file_object};
use crate::tlv::asn1::INTEGER;
use crate::tlv::{Reader, Tlv, TlvError, find};
use crate::tolerance::{Tolerance, Tolerances};

const GROUP_TEMPLATE: u32 = 0x7F61;
const TEMPLATE: u32 = 0x7F60;
const HEADER: u32 = 0xA1;
const RECORD: u32 = 0x5F2E;
const RECORD_CONSTRUCTED: u32 = 0x7F2E;

/// Most templates read from one group: ten fingers, and a few more.
const MOST_TEMPLATES: usize = 16;
/// Most images of one record.
const MOST_IMAGES: usize = 16;
/// Deepest data object followed inside a record of ISO/IEC 39794.
const DEEPEST: usize = 16;

/// Bytes that a face record of ISO/IEC 19794-5:2005 begins with: format identifier and version.
const FACE_RECORD: &[u8] = b"FAC\x00010\x00";
/// Header of such a record, of one face in it, and of its image, in bytes.
const FACE_RECORD_HEADER: usize = 14;
const FACE_INFORMATION: usize = 20;
const FEATURE_POINT: usize = 8;
const IMAGE_INFORMATION: usize = 12;

/// What a record is coded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFormat {
    /// Data object 5F2E: ISO/IEC 19794, binary fields.
    Iso19794,
    /// Data object 7F2E: ISO/IEC 39794, ASN.1.
    Iso39794,
}

/// How an image is compressed, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG (ISO/IEC 10918-1).
    Jpeg,
    /// JPEG 2000 in a JP2 file (ISO/IEC 15444-1).
    Jp2,
    /// JPEG 2000, the bare code stream.
    Jpeg2000CodeStream,
    /// WSQ, of fingers.
    Wsq,
}

impl ImageFormat {
    const KNOWN: [(Self, &[u8]); 4] = [
        (Self::Jpeg, &[0xFF, 0xD8, 0xFF]),
        (Self::Jp2, b"\x00\x00\x00\x0CjP  \x0D\x0A\x87\x0A"),
        (Self::Jpeg2000CodeStream, &[0xFF, 0x4F, 0xFF, 0x51]),
        (Self::Wsq, &[0xFF, 0xA0, 0xFF]),
    ];

    /// The format of an image with these first bytes.
    #[must_use]
    pub fn of(image: &[u8]) -> Option<Self> {
        let known = Self::KNOWN
            .iter()
            .find(|(_, start)| image.starts_with(start));
        known.map(|(format, _)| *format)
    }

    /// The first place in `bytes` where an image begins.
    fn search(bytes: &[u8]) -> Option<(usize, Self)> {
        (0..bytes.len()).find_map(|at| Some((at, Self::of(bytes.get(at..)?)?)))
    }
}

/// Where an image lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// How it is compressed.
    pub format: ImageFormat,
    /// Its bytes, in those of [`BiometricGroup::raw`]. What follows the end of an image inside its record is included.
    pub range: Range<usize>,
}

/// One biometric information template: header, and where record and images are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BiometricTemplate {
    /// Biometric type (data object 81), 1 byte or 3: 02 for a face, 08 for fingers, 10 for irises.
    pub kind: Option<u32>,
    /// Biometric subtype (data object 82): which finger, which eye.
    pub subtype: Option<u8>,
    /// Owner of the format (data object 87): 0101 for ISO/IEC JTC 1 SC 37.
    pub format_owner: Option<u16>,
    /// Type of the format (data object 88): 0008 for a face of ISO/IEC 19794-5.
    pub format_type: Option<u16>,
    /// What the record is coded in.
    pub record_format: RecordFormat,
    /// The record, in the bytes of [`BiometricGroup::raw`].
    pub record: Range<usize>,
    /// The images in it, where they could be located.
    pub images: Vec<Image>,
}

/// DG2, DG3 or DG4, parsed. Personal data: erased when dropped, `Debug` shows none of it.
#[derive(Clone, Debug)]
pub struct BiometricGroup {
    raw: Redacted,
    templates: Vec<BiometricTemplate>,
    tolerances: Tolerances,
}

impl BiometricGroup {
    /// Reads the content of DG2, DG3 or DG4 of a travel document.
    ///
    /// # Errors
    /// [`LdsError::DataGroup`] for another group; [`LdsError::Tlv`] if the templates are malformed or missing, or are not as
    /// many as the file says; [`LdsError::Field`] for a biometric type of another length; [`LdsError::TooLong`] for more than
    /// 16 templates.
    pub fn parse(group: DataGroup, bytes: &[u8]) -> Result<Self, LdsError> {
        let tag = match group.number() {
            2..=4 => Application::TravelDocument.tag(group),
            _ => None,
        };
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, tag.ok_or(LdsError::DataGroup)?, &mut tolerances)?;
        let (list, after) = Tlv::split(file.value)?;
        if !after.is_empty() {
            tolerances.record(Tolerance::TrailingBytes);
        }
        let mut objects = list.expect(GROUP_TEMPLATE)?.children();
        let count = objects.expect(INTEGER)?.small_integer()?;
        let mut templates = Vec::new();
        for object in objects {
            let object = object?.expect(TEMPLATE)?;
            if templates.len() == MOST_TEMPLATES {
                return Err(LdsError::TooLong);
            }
            templates.push(template(bytes, object, &mut tolerances)?);
        }
        if u64::try_from(templates.len()) != Ok(count) {
            return Err(TlvError::Missing(TEMPLATE).into());
        }
        Ok(Self {
            raw: Redacted::new(bytes),
            templates,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The templates in their order. A DG3 or DG4 of a person without prints has none.
    #[must_use]
    pub fn templates(&self) -> &[BiometricTemplate] {
        &self.templates
    }

    /// All images, compressed as they are.
    pub fn images(&self) -> impl Iterator<Item = (ImageFormat, &[u8])> {
        let images = self.templates.iter().flat_map(|template| &template.images);
        images.filter_map(|image| Some((image.format, self.raw().get(image.range.clone())?)))
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

/// A number of so many bytes, big-endian; `None` if absent or of another length.
fn number(header: &[u8], tag: u32, lengths: &[usize]) -> Option<u32> {
    let value = find(header, tag).ok()?.value;
    lengths.contains(&value.len()).then(|| {
        value
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    })
}

fn template(
    file: &[u8],
    object: Tlv<'_>,
    met: &mut Tolerances,
) -> Result<BiometricTemplate, LdsError> {
    let header = find(object.value, HEADER)?.value;
    let record = Reader::new(object.value)
        .map_while(Result::ok)
        .find(|object| matches!(object.tag, RECORD | RECORD_CONSTRUCTED))
        .ok_or(TlvError::Missing(RECORD))?;
    let mut located = Vec::new();
    let record_format = match record.tag {
        RECORD => {
            if !faces(record.value, &mut located) {
                located.clear();
            }
            RecordFormat::Iso19794
        }
        _ => {
            asn1_images(record.value, 0, &mut located);
            RecordFormat::Iso39794
        }
    };
    // Slices of the file; where they begin follows from what lies behind them.
    let place = |part: &[u8]| {
        let start = (part.as_ptr() as usize).checked_sub(file.as_ptr() as usize)?;
        let range = start..start.checked_add(part.len())?;
        file.get(range.clone()).map(|_| range)
    };
    let record_range = place(record.value).ok_or(LdsError::Field)?;
    let mut images: Vec<Image> = located
        .into_iter()
        .filter_map(|(format, part)| {
            let range = place(part)?;
            Some(Image { format, range })
        })
        .collect();
    if images.is_empty()
        && let Some((at, format)) = ImageFormat::search(record.value)
    {
        met.record(Tolerance::BiometricRecordLength);
        images.push(Image {
            format,
            range: record_range.start + at..record_range.end,
        });
    }
    let short = |tag| number(header, tag, &[2]).and_then(|number| u16::try_from(number).ok());
    // In the length of today, and in an older one.
    let kind = number(header, 0x81, &[1, 3]);
    if kind.is_none() && find(header, 0x81).is_ok() {
        return Err(LdsError::Field);
    }
    Ok(BiometricTemplate {
        kind,
        subtype: number(header, 0x82, &[1]).and_then(|number| u8::try_from(number).ok()),
        format_owner: short(0x87),
        format_type: short(0x88),
        record_format,
        record: record_range,
        images,
    })
}

/// The images of a face record of ISO/IEC 19794-5:2005; `false` if its lengths do not lead to them.
fn faces<'a>(record: &'a [u8], images: &mut Vec<(ImageFormat, &'a [u8])>) -> bool {
    fn long(bytes: &[u8], at: usize) -> Option<usize> {
        let bytes = bytes.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
    }
    fn short(bytes: &[u8], at: usize) -> Option<usize> {
        let bytes = bytes.get(at..at.checked_add(2)?)?;
        Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
    }
    let mut read = || -> Option<bool> {
        if !record.starts_with(FACE_RECORD) {
            return Some(false);
        }
        let whole = long(record, 8)? == record.len();
        let count = short(record, 12)?;
        let mut rest = record.get(FACE_RECORD_HEADER..)?;
        for _ in 0..count.min(MOST_IMAGES) {
            let (block, after) = rest.split_at_checked(long(rest, 0)?)?;
            let points = short(block, 4)?.checked_mul(FEATURE_POINT)?;
            let image = block.get(FACE_INFORMATION + points + IMAGE_INFORMATION..)?;
            images.push((ImageFormat::of(image)?, image));
            rest = after;
        }
        Some(whole && rest.is_empty() && count > 0)
    };
    read().unwrap_or(false)
}

/// The values in a tree of data objects that begin like an image: in ISO/IEC 39794 an OCTET STRING holds it.
fn asn1_images<'a>(bytes: &'a [u8], depth: usize, images: &mut Vec<(ImageFormat, &'a [u8])>) {
    if depth == DEEPEST {
        return;
    }
    for object in Reader::new(bytes).map_while(Result::ok) {
        if images.len() == MOST_IMAGES {
            return;
        }
        // Bit 6 of the first tag byte: constructed.
        let first = object.raw.first().copied().unwrap_or(0);
        if first & 0x20 != 0 {
            asn1_images(object.value, depth + 1, images);
        } else if let Some(format) = ImageFormat::of(object.value) {
            images.push((format, object.value));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::tlv::encode;

    const IMAGE: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 0xFF, 0xD9];

    /// One face with two feature points, whose record says `off` more bytes than it has.
    fn face_record(off: i32) -> Vec<u8> {
        let mut block = vec![0; FACE_INFORMATION - 4];
        block[1] = 2;
        block.extend([7; 2 * FEATURE_POINT]);
        block.extend([0; IMAGE_INFORMATION]);
        block.extend(IMAGE);
        let block = [&(block.len() as u32 + 4).to_be_bytes()[..], &block].concat();
        let len = (FACE_RECORD_HEADER + block.len()) as i32 + off;
        [FACE_RECORD, &len.to_be_bytes(), &[0, 1], &block].concat()
    }

    fn group(tag: u32, count: u8, records: &[Vec<u8>]) -> Vec<u8> {
        let header = [
            encode(0x80, &[1, 1]),
            encode(0x81, &[2]),
            encode(0x87, &[1, 1]),
            encode(0x88, &[0, 8]),
        ];
        let header = encode(HEADER, &header.concat());
        let mut list = encode(INTEGER, &[count]);
        for record in records {
            list.extend(encode(TEMPLATE, &[header.clone(), record.clone()].concat()));
        }
        encode(tag, &encode(GROUP_TEMPLATE, &list))
    }

    #[test]
    fn a_face_is_located() {
        let file = group(0x75, 1, &[encode(RECORD, &face_record(0))]);
        let dg2 = BiometricGroup::parse(DataGroup::DG2, &file).unwrap();
        assert_eq!(
            dg2.images().collect::<Vec<_>>(),
            [(ImageFormat::Jpeg, IMAGE)]
        );
        let [template] = dg2.templates() else {
            panic!("one template");
        };
        assert_eq!(
            (template.kind, template.format_owner, template.format_type),
            (Some(2), Some(0x0101), Some(8))
        );
        assert_eq!(template.record_format, RecordFormat::Iso19794);
        assert_eq!(&file[template.record.clone()], face_record(0));
        assert!(dg2.tolerances().is_empty());
        assert!(!format!("{dg2:?}").contains("255"));
    }

    #[test]
    fn a_record_of_a_wrong_length_is_searched() {
        for off in [-8, -1, 1] {
            let file = group(0x75, 1, &[encode(RECORD, &face_record(off))]);
            let dg2 = BiometricGroup::parse(DataGroup::DG2, &file).unwrap();
            assert_eq!(
                dg2.images().collect::<Vec<_>>(),
                [(ImageFormat::Jpeg, IMAGE)]
            );
            assert!(dg2.tolerances().contains(Tolerance::BiometricRecordLength));
        }
    }

    #[test]
    fn a_face_of_the_newer_standard_is_located() {
        let jp2 = b"\x00\x00\x00\x0CjP  \x0D\x0A\x87\x0Arest".to_vec();
        let representation = encode(0xA1, &encode(0xA0, &encode(0x80, &jp2)));
        let record = encode(0x65, &encode(0xA1, &encode(0x30, &representation)));
        let file = group(0x75, 1, &[encode(RECORD_CONSTRUCTED, &record)]);
        let dg2 = BiometricGroup::parse(DataGroup::DG2, &file).unwrap();
        assert_eq!(
            dg2.images().collect::<Vec<_>>(),
            [(ImageFormat::Jp2, &jp2[..])]
        );
        assert_eq!(dg2.templates()[0].record_format, RecordFormat::Iso39794);
        assert!(dg2.tolerances().is_empty());
    }

    #[test]
    fn counts_and_tags_must_agree() {
        let record = encode(RECORD, b"FIR\x00010\x00 without an image");
        let two = group(0x63, 2, &[record.clone(), record.clone()]);
        let dg3 = DataGroup::new(3).unwrap();
        let parsed = BiometricGroup::parse(dg3, &two).unwrap();
        assert_eq!((parsed.templates().len(), parsed.images().count()), (2, 0));
        let none = BiometricGroup::parse(dg3, &group(0x63, 0, &[])).unwrap();
        assert!(none.templates().is_empty());
        for wrong in [
            group(0x63, 1, &[record.clone(), record.clone()]),
            group(0x63, 17, &vec![record.clone(); 17]),
            group(0x75, 1, core::slice::from_ref(&record)),
            group(0x63, 1, &[encode(0x5F2F, b"no record")]),
        ] {
            assert!(BiometricGroup::parse(dg3, &wrong).is_err());
        }
        assert_eq!(
            BiometricGroup::parse(DataGroup::DG1, &two).err(),
            Some(LdsError::DataGroup)
        );
    }
}
