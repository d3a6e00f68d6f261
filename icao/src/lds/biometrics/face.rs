//! The face in DG2 to the letter: its biometric header (Doc 9303-10 4.7.2.1) and its record of ISO/IEC 19794-5. Images are
//! located elsewhere; what is here judges the fields around them.

use super::{
    BiometricGroup, BiometricTemplate, FACE_INFORMATION, FACE_RECORD_HEADER, FEATURE_POINT,
    IMAGE_INFORMATION, MOST_IMAGES, RecordFormat,
};

/// Biometric type "facial features".
const FACIAL_FEATURES: u32 = 0x02;
/// Format owner ISO/IEC JTC 1 SC 37, and its format type for faces.
const FORMAT_OWNER: u16 = 0x0101;
const FORMAT_TYPE: u16 = 0x0008;

/// What makes a template none of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BiometricError {
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

impl BiometricGroup {
    /// Fields of the face records that are out of range, each once and in a fixed order. Records of ISO/IEC 39794-5 are
    /// ASN.1 of their own, in which nothing is looked for here.
    ///
    /// # Errors
    /// [`BiometricError`] if a template is not one of a face.
    pub fn face_deviations(&self) -> Result<Vec<FaceDeviation>, BiometricError> {
        let mut found = Deviations(Vec::new());
        for template in self.templates() {
            header(template)?;
            if template.record_format == RecordFormat::Iso19794 {
                let record = self.raw().get(template.record.clone());
                found.record(record.unwrap_or_default())?;
            }
        }
        found.0.sort_unstable();
        found.0.dedup();
        Ok(found.0)
    }
}

fn header(template: &BiometricTemplate) -> Result<(), BiometricError> {
    // Optional, but not for something else than a face.
    if template.kind.is_some_and(|kind| kind != FACIAL_FEATURES) {
        return Err(BiometricError::Type);
    }
    if template.format_owner != Some(FORMAT_OWNER) {
        return Err(BiometricError::FormatOwner);
    }
    let constructed = template.record_format == RecordFormat::Iso39794;
    let fits = |kind: u16| kind == FORMAT_TYPE || constructed;
    if !template.format_type.is_some_and(fits) {
        return Err(BiometricError::FormatType);
    }
    Ok(())
}

struct Deviations(Vec<FaceDeviation>);

impl Deviations {
    fn note(&mut self, wrong: bool, deviation: FaceDeviation) {
        if wrong {
            self.0.push(deviation);
        }
    }

    /// Facial record header and its images (ISO/IEC 19794-5, 5.4).
    fn record(&mut self, record: &[u8]) -> Result<(), BiometricError> {
        let mut fields = Fields(record);
        if fields.take(4)? != b"FAC\0" {
            return Err(BiometricError::Record);
        }
        let version = fields.take(4)?;
        self.note(version != b"010\0", FaceDeviation::Version);
        let length = fields.number(4)?;
        self.note(length != record.len(), FaceDeviation::Length);
        let images = fields.number(2)?;
        if images == 0 || images > MOST_IMAGES {
            return Err(BiometricError::Record);
        }
        let mut at = FACE_RECORD_HEADER;
        for _ in 0..images {
            at += self.facial_information(record.get(at..).unwrap_or_default())?;
        }
        self.note(at != record.len(), FaceDeviation::Length);
        Ok(())
    }

    /// One image with what is said about it (5.5 to 5.7); returns where it ends in the block.
    fn facial_information(&mut self, block: &[u8]) -> Result<usize, BiometricError> {
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
        let begin = FACE_INFORMATION + feature_points * FEATURE_POINT + IMAGE_INFORMATION;
        // An image that says it is longer than what is there ends with it.
        self.note(length > block.len(), FaceDeviation::Length);
        let end = length.min(block.len());
        if begin > end {
            return Err(BiometricError::Record);
        }
        Ok(end)
    }
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
    use crate::lds::DataGroup;
    use crate::tlv::encode;

    fn file(kind: &[u8], record: &[u8]) -> Vec<u8> {
        let header = [&[0x81, 1], kind, &[0x87, 2, 1, 1, 0x88, 2, 0, 8]].concat();
        let template = [encode(0xA1, &header), encode(0x5F2E, record)].concat();
        let group = [vec![2, 1, 1], encode(0x7F60, &template)].concat();
        encode(0x75, &encode(0x7F61, &group))
    }

    fn judged(file: &[u8]) -> Result<Vec<FaceDeviation>, BiometricError> {
        BiometricGroup::parse(DataGroup::DG2, file)
            .unwrap()
            .face_deviations()
    }

    #[test]
    fn header_and_fields_are_judged() {
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
        assert_eq!(judged(&file(&[2], &record(1, &image))), Ok(vec![]));
        assert_eq!(
            judged(&file(&[2], &record(9, &image))),
            Ok(vec![FaceDeviation::Gender])
        );
        let finger = file(&[8], &record(1, &image));
        assert_eq!(judged(&finger), Err(BiometricError::Type));
        let mut cut = record(1, &image);
        cut.truncate(30);
        assert_eq!(judged(&file(&[2], &cut)), Err(BiometricError::Record));
    }

    proptest! {
        #[test]
        fn arbitrary_records_never_panic(record in proptest::collection::vec(any::<u8>(), 0..80)) {
            let record = [b"FAC\x00010\x00", &record[..]].concat();
            let _ = judged(&file(&[2], &record));
        }
    }
}
