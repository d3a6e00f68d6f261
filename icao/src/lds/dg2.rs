//! DG2 (Doc 9303-10 4.7.2): the holder's face, in biometric information templates (ISO/IEC 7816-11) around records of
//! ISO/IEC 19794-5. Headers are read and judged; the image is located and never decoded.

use core::ops::Range;

use super::{DataGroup, LdsError, file_object};
use crate::tlv::asn1::INTEGER;
use crate::tlv::{Tlv, TlvError, find};
use crate::tolerance::Tolerances;

/// Biometric information template group, template, and header.
const GROUP: u32 = 0x7F61;
const TEMPLATE: u32 = 0x7F60;
const HEADER: u32 = 0xA1;
/// Biometric data, plain or (ISO/IEC 39794) constructed.
const DATA: u32 = 0x5F2E;
const DATA_CONSTRUCTED: u32 = 0x7F2E;

/// Biometric type "facial features", in the length of today and in an older one.
const FACIAL_FEATURES: [&[u8]; 2] = [&[0x02], &[0x00, 0x00, 0x02]];
/// Format owner ISO/IEC JTC1 SC37, and its format type for faces.
const FORMAT_OWNER: &[u8] = &[0x01, 0x01];
const FORMAT_TYPE: &[u8] = &[0x00, 0x08];

/// Most instances read from one file; documents have one.
const MAX_INSTANCES: u64 = 16;
/// Most images read from one record.
const MAX_IMAGES: u16 = 16;

/// Lengths of the headers of ISO/IEC 19794-5, 5.4 to 5.7, in bytes.
const RECORD_HEADER: usize = 14;
const FACIAL_INFORMATION: usize = 20;
const FEATURE_POINT: usize = 8;
const IMAGE_INFORMATION: usize = 12;

/// What is wrong with DG2 as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BiometricError {
    /// No number of instances, or another number than there are templates.
    #[error("number of instances")]
    Instances,
    /// Another biometric type than facial features.
    #[error("biometric type")]
    Type,
    /// No format owner, or another than ISO/IEC JTC1 SC37.
    #[error("format owner")]
    FormatOwner,
    /// No format type, or another than faces.
    #[error("format type")]
    FormatType,
    /// The data are no face record of ISO/IEC 19794-5, or shorter than their headers say.
    #[error("face record")]
    Record,
}

/// A field of a face record with a value that ISO/IEC 19794-5 does not define.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FaceDeviation {
    /// Version of the record other than 010.
    Version,
    /// The record or an image in it says another length than it has.
    Length,
    /// Gender.
    Gender,
    /// Eye colour.
    EyeColour,
    /// Hair colour.
    HairColour,
    /// An angle of the pose above 181.
    Pose,
    /// An uncertainty of the pose above 181.
    PoseUncertainty,
    /// Face image type.
    ImageType,
    /// Image data type: neither JPEG nor JPEG 2000.
    ImageDataType,
    /// An image without width or height.
    ImageSize,
}

/// DG2, parsed. `Debug` shows lengths only.
#[derive(Clone)]
pub struct Dg2 {
    raw: Vec<u8>,
    images: Vec<Range<usize>>,
    deviations: Vec<FaceDeviation>,
    tolerances: Tolerances,
}

impl core::fmt::Debug for Dg2 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Dg2")
            .field("len", &self.raw.len())
            .field("images", &self.images)
            .finish_non_exhaustive()
    }
}

impl Dg2 {
    /// Reads the content of EF.DG2. Fields of a face record that are out of range are in [`Dg2::deviations`].
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for malformed or missing data objects, [`LdsError::Biometric`] for templates that are not those of
    /// a face.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut dg2 = Self {
            raw: bytes.to_vec(),
            images: Vec::new(),
            deviations: Vec::new(),
            tolerances: Tolerances::new(),
        };
        let file = file_object(bytes, DataGroup::DG2.tag(), &mut dg2.tolerances)?;
        let mut group = Tlv::only(file.value)?.expect(GROUP)?.children();
        let instances = group
            .optional(INTEGER)?
            .ok_or(BiometricError::Instances)?
            .small_integer()?;
        let mut found = 0;
        for template in group {
            let template = template?.expect(TEMPLATE)?;
            found += 1;
            if found > MAX_INSTANCES {
                return Err(TlvError::TooMany.into());
            }
            header(template.value)?;
            let data = find(template.value, DATA);
            // ISO/IEC 39794-5 is ASN.1 of its own, in which nothing is looked for here.
            if data.is_err() && find(template.value, DATA_CONSTRUCTED).is_ok() {
                continue;
            }
            let record = data?.value;
            let start = record.as_ptr() as usize - bytes.as_ptr() as usize;
            dg2.record(record, start)?;
        }
        if found != instances {
            return Err(BiometricError::Instances.into());
        }
        dg2.deviations.sort_unstable();
        dg2.deviations.dedup();
        Ok(dg2)
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The images, each a whole JPEG or JPEG 2000 file.
    pub fn images(&self) -> impl Iterator<Item = &[u8]> {
        self.images
            .iter()
            .filter_map(|range| self.raw.get(range.clone()))
    }

    /// Fields out of range, in a fixed order.
    #[must_use]
    pub fn deviations(&self) -> &[FaceDeviation] {
        &self.deviations
    }

    /// Deviations met in the file around the records.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }

    fn note(&mut self, wrong: bool, deviation: FaceDeviation) {
        if wrong {
            self.deviations.push(deviation);
        }
    }

    /// Facial record header and its images (ISO/IEC 19794-5, 5.4). `start` is where it begins in the file.
    fn record(&mut self, record: &[u8], start: usize) -> Result<(), LdsError> {
        let mut fields = Fields(record);
        if fields.take(4)? != b"FAC\0" {
            return Err(BiometricError::Record.into());
        }
        let version = fields.take(4)?;
        self.note(version != b"010\0", FaceDeviation::Version);
        let length = fields.number(4)?;
        self.note(length != record.len(), FaceDeviation::Length);
        let images = fields.number(2)?;
        if images == 0 || images > usize::from(MAX_IMAGES) {
            return Err(BiometricError::Record.into());
        }
        let mut at = RECORD_HEADER;
        for _ in 0..images {
            let block = record.get(at..).unwrap_or_default();
            let image = self.facial_information(block)?;
            self.images
                .push(start + at + image.start..start + at + image.end);
            at += image.end;
        }
        self.note(at != record.len(), FaceDeviation::Length);
        Ok(())
    }

    /// One image with what is said about it (5.5 to 5.7); returns where the image lies in the block.
    fn facial_information(&mut self, block: &[u8]) -> Result<Range<usize>, LdsError> {
        let mut fields = Fields(block);
        let length = fields.number(4)?;
        let feature_points = fields.number(2)?;
        let [gender, eyes, hair] = fields.array()?;
        // Feature mask and expression.
        fields.take(3 + 2)?;
        let pose: [u8; 3] = fields.array()?;
        let uncertainty: [u8; 3] = fields.array()?;
        self.note(!matches!(gender, 0..=2 | 0xFF), FaceDeviation::Gender);
        self.note(!matches!(eyes, 0..=7 | 0xFF), FaceDeviation::EyeColour);
        self.note(!matches!(hair, 0..=9 | 0xFF), FaceDeviation::HairColour);
        let beyond = |angles: [u8; 3]| angles.iter().any(|angle| *angle > 181);
        self.note(beyond(pose), FaceDeviation::Pose);
        self.note(beyond(uncertainty), FaceDeviation::PoseUncertainty);
        fields.take(feature_points * FEATURE_POINT)?;
        let [kind, data] = fields.array()?;
        self.note(!matches!(kind, 0..=2), FaceDeviation::ImageType);
        self.note(!matches!(data, 0 | 1), FaceDeviation::ImageDataType);
        let (width, height) = (fields.number(2)?, fields.number(2)?);
        self.note(width == 0 || height == 0, FaceDeviation::ImageSize);
        let begin = FACIAL_INFORMATION + feature_points * FEATURE_POINT + IMAGE_INFORMATION;
        // An image that says it is longer than what is there ends with it.
        self.note(length > block.len(), FaceDeviation::Length);
        let end = length.min(block.len());
        if begin > end {
            return Err(BiometricError::Record.into());
        }
        Ok(begin..end)
    }
}

/// The biometric header template of one instance (Doc 9303-10 4.7.2.1).
fn header(template: &[u8]) -> Result<(), LdsError> {
    let header = find(template, HEADER)?.value;
    let field = |tag| find(header, tag).map(|object| object.value).ok();
    // Optional, but not for something else than a face.
    if field(0x81).is_some_and(|kind| !FACIAL_FEATURES.contains(&kind)) {
        return Err(BiometricError::Type.into());
    }
    if field(0x87) != Some(FORMAT_OWNER) {
        return Err(BiometricError::FormatOwner.into());
    }
    let constructed = find(template, DATA_CONSTRUCTED).is_ok();
    if field(0x88).is_none_or(|kind| kind != FORMAT_TYPE && !constructed) {
        return Err(BiometricError::FormatType.into());
    }
    Ok(())
}

/// Fields of fixed lengths, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BiometricError> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(BiometricError::Record)?;
        self.0 = rest;
        Ok(field)
    }

    fn number(&mut self, len: usize) -> Result<usize, BiometricError> {
        let number = self
            .take(len)?
            .iter()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| BiometricError::Record)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BiometricError> {
        <[u8; N]>::try_from(self.take(N)?).map_err(|_| BiometricError::Record)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_face_is_located_and_its_header_judged() {
        let image = [0xFF, 0xD8, 0xFF, 0xD9];
        let record = |gender: u8, image: &[u8]| {
            let block = u32::try_from(32 + image.len()).unwrap();
            let mut record = b"FAC\x00010\x00".to_vec();
            record.extend((block + 14).to_be_bytes());
            record.extend([0, 1]);
            record.extend(block.to_be_bytes());
            record.extend([0, 0, gender]);
            record.extend([0; 13]);
            record.extend([1, 0, 0, 8, 0, 8, 1, 0, 0, 0, 0, 0]);
            record.extend(image);
            record
        };
        let file = |record: &[u8]| {
            use crate::tlv::encode;
            let header = encode(0xA1, &[0x87, 2, 1, 1, 0x88, 2, 0, 8]);
            let template = [header, encode(0x5F2E, record)].concat();
            let group = [vec![2, 1, 1], encode(0x7F60, &template)].concat();
            encode(0x75, &encode(0x7F61, &group))
        };
        let dg2 = Dg2::parse(&file(&record(1, &image))).unwrap();
        assert_eq!(dg2.images().collect::<Vec<_>>(), [&image]);
        assert!(dg2.deviations().is_empty());
        let dg2 = Dg2::parse(&file(&record(9, &image))).unwrap();
        assert_eq!(dg2.deviations(), [FaceDeviation::Gender]);
        let mut cut = record(1, &image);
        cut.truncate(30);
        assert_eq!(
            Dg2::parse(&file(&cut)).unwrap_err(),
            LdsError::Biometric(BiometricError::Record)
        );
    }

    proptest! {
        #[test]
        fn arbitrary_records_never_panic(record in proptest::collection::vec(any::<u8>(), 0..80)) {
            use crate::tlv::encode;
            let header = encode(0xA1, &[0x87, 2, 1, 1, 0x88, 2, 0, 8]);
            let record = [b"FAC\x00010\x00", &record[..]].concat();
            let template = [header, encode(0x5F2E, &record)].concat();
            let group = [vec![2, 1, 1], encode(0x7F60, &template)].concat();
            if let Ok(dg2) = Dg2::parse(&encode(0x75, &encode(0x7F61, &group))) {
                prop_assert!(dg2.images().count() > 0);
            }
        }
    }
}
