//! Data groups with images or with content that each state defines: DG5 (portrait), DG7 (signature), DG8 to DG10 (features
//! of the document) and DG13 (optional details) (Doc 9303-10 4.7.5, 4.7.7 to 4.7.10, 4.7.13). Nothing in them is decoded.

use core::fmt;

use super::biometrics::ImageFormat;
use super::{DataGroup, LdsError, Redacted, file_object};
use crate::tolerance::Tolerances;

/// Displayed portrait, displayed signature.
const PORTRAIT: u32 = 0x5F40;
const SIGNATURE: u32 = 0x5F43;
/// Most images of one file.
const MOST_IMAGES: usize = 16;

/// A data group whose content is kept as it is. Erased when dropped, `Debug` shows none of it.
#[derive(Clone)]
pub struct FurtherGroup {
    group: DataGroup,
    raw: Redacted,
    images: Vec<Redacted>,
    tolerances: Tolerances,
}

impl FurtherGroup {
    /// Reads the content of DG5, DG7 to DG10 or DG13 of a travel document. DG6 is reserved and read likewise.
    ///
    /// # Errors
    /// [`LdsError::DataGroup`] for another group, [`LdsError::Tlv`] if the file is not the data object of its group, or
    /// images are not in data objects; [`LdsError::TooLong`] for more than 16 images.
    pub fn parse(group: DataGroup, bytes: &[u8]) -> Result<Self, LdsError> {
        if !matches!(group.number(), 5..=10 | 13) {
            return Err(LdsError::DataGroup);
        }
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, group.tag(), &mut tolerances)?;
        let mut images = Vec::new();
        let image = match group.number() {
            5 => Some(PORTRAIT),
            7 => Some(SIGNATURE),
            _ => None,
        };
        if let Some(image) = image {
            for object in file.children() {
                let object = object?;
                if object.tag == image {
                    if images.len() == MOST_IMAGES {
                        return Err(LdsError::TooLong);
                    }
                    images.push(Redacted::new(object.value));
                }
            }
        }
        Ok(Self {
            group,
            raw: Redacted::new(bytes),
            images,
            tolerances,
        })
    }

    /// Which group it is.
    #[must_use]
    pub fn group(&self) -> DataGroup {
        self.group
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The images of DG5 or DG7, compressed, with the format that their first bytes tell.
    pub fn images(&self) -> impl Iterator<Item = (Option<ImageFormat>, &[u8])> {
        let images = self.images.iter().map(Redacted::bytes);
        images.map(|image| (ImageFormat::of(image), image))
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

impl fmt::Debug for FurtherGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FurtherGroup({}, {:?})", self.group, self.raw)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tlv::encode;

    #[test]
    fn images_are_found_and_the_rest_is_kept() {
        let group = |number| DataGroup::new(number).unwrap();
        let image = [0xFF, 0xD8, 0xFF, 0xE0];
        let content = [encode(2, &[1]), encode(SIGNATURE, &image)].concat();
        let file = encode(0x67, &content);
        let dg7 = FurtherGroup::parse(group(7), &file).unwrap();
        assert_eq!(
            dg7.images().collect::<Vec<_>>(),
            [(Some(ImageFormat::Jpeg), &image[..])]
        );
        let opaque = encode(0x6D, b"no data object");
        let dg13 = FurtherGroup::parse(group(13), &opaque).unwrap();
        assert_eq!((dg13.raw(), dg13.images().count()), (&opaque[..], 0));
        assert!(FurtherGroup::parse(group(5), &file).is_err());
        assert_eq!(
            FurtherGroup::parse(group(1), &file).err(),
            Some(LdsError::DataGroup)
        );
        assert!(FurtherGroup::parse(group(7), &encode(0x67, &[SIGNATURE as u8, 9])).is_err());
    }
}
