//! The applications that hold documents: of travel documents (Doc 9303-10) and of driving licences (ISO/IEC 18013-3).
//!
//! They share most files and differ in how these are addressed and tagged: tag 6F begins DG15 of a passport and DG13 of a
//! licence, tag 63 DG3 of the one and DG7 of the other.

use super::{DataGroup, FileId};
use crate::pki::DocumentKind;

/// Application identifier of the eMRTD application, LDS1 (Doc 9303-10, 3.4.1).
pub const EMRTD_APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// Which kind of application a document has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Application {
    /// eMRTD, LDS1: passports and identity cards.
    #[default]
    TravelDocument,
    /// Driving licence.
    DrivingLicence,
}

impl Application {
    /// The application of documents of this kind.
    #[must_use]
    pub const fn of(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::TravelDocument | DocumentKind::IdentityCard => Self::TravelDocument,
            DocumentKind::DrivingLicence => Self::DrivingLicence,
        }
    }

    /// Application identifiers (AID, ISO/IEC 7816-4, 12.2.3) under which it is selected, the more likely one first.
    #[must_use]
    pub const fn identifiers(self) -> &'static [&'static [u8]] {
        match self {
            Self::TravelDocument => &[&EMRTD_APPLICATION],
            Self::DrivingLicence => &[
                // European licences: "EDL-01" under the registered identifier (Regulation (EU) No 383/2012).
                &[
                    0xA0, 0x00, 0x00, 0x04, 0x56, 0x45, 0x44, 0x4C, 0x2D, 0x30, 0x31,
                ],
                // ISO/IEC 18013-2, annex C.
                &[0xA0, 0x00, 0x00, 0x02, 0x48, 0x02, 0x00],
            ],
        }
    }

    /// First byte of the file identifiers. The second is the short file identifier.
    const fn directory(self) -> u16 {
        match self {
            Self::TravelDocument => 0x0100,
            Self::DrivingLicence => 0x0000,
        }
    }

    const fn file(self, sfi: u8) -> FileId {
        FileId {
            // Widening only; `From` is not const.
            fid: self.directory() | sfi as u16,
            sfi,
        }
    }

    /// EF.COM.
    #[must_use]
    pub const fn ef_com(self) -> FileId {
        self.file(0x1E)
    }

    /// EF.SOD.
    #[must_use]
    pub const fn ef_sod(self) -> FileId {
        self.file(0x1D)
    }

    /// The file of a data group. A licence has no DG15 and DG16.
    #[must_use]
    pub const fn data_group(self, group: DataGroup) -> FileId {
        self.file(group.number())
    }

    /// File tags of data groups in their order (Doc 9303-10, table 35; ISO/IEC 18013-2, annex C).
    const fn tags(self) -> &'static [u8] {
        match self {
            Self::TravelDocument => &[
                0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E,
                0x6F, 0x70,
            ],
            Self::DrivingLicence => &[
                0x61, 0x6B, 0x6C, 0x65, 0x67, 0x75, 0x63, 0x76, 0x70, 0x62, 0x6D, 0x71, 0x6F, 0x6E,
            ],
        }
    }

    /// The tag that the file of a data group begins with; `None` where the application has no such group.
    #[must_use]
    pub fn tag(self, group: DataGroup) -> Option<u32> {
        let tag = self.tags().get(usize::from(group.number()) - 1);
        tag.map(|tag| u32::from(*tag))
    }

    /// The data group whose file begins with `tag`.
    #[must_use]
    pub fn data_group_of_tag(self, tag: u32) -> Option<DataGroup> {
        let at = self
            .tags()
            .iter()
            .position(|known| u32::from(*known) == tag)?;
        DataGroup::new(u8::try_from(at).ok()? + 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_means_two_files() {
        let groups = |tag| {
            [Application::TravelDocument, Application::DrivingLicence]
                .map(|application| application.data_group_of_tag(tag).map(DataGroup::number))
        };
        assert_eq!(groups(0x61), [Some(1), Some(1)]);
        assert_eq!(groups(0x63), [Some(3), Some(7)]);
        assert_eq!(groups(0x6F), [Some(15), Some(13)]);
        assert_eq!(groups(0x6E), [Some(14), Some(14)]);
        assert_eq!(groups(0x71), [None, Some(12)]);
        assert_eq!(groups(0x77), [None, None]);
        for application in [Application::TravelDocument, Application::DrivingLicence] {
            for number in 1..=16 {
                let group = DataGroup::new(number).unwrap();
                if let Some(tag) = application.tag(group) {
                    assert_eq!(application.data_group_of_tag(tag), Some(group));
                }
            }
        }
    }

    #[test]
    fn files_are_addressed_by_application() {
        let licence = Application::DrivingLicence;
        assert_eq!(
            licence.ef_sod(),
            FileId {
                fid: 0x001D,
                sfi: 0x1D
            }
        );
        assert_eq!(
            licence.ef_com(),
            FileId {
                fid: 0x001E,
                sfi: 0x1E
            }
        );
        assert_eq!(
            licence.data_group(DataGroup::DG12),
            FileId {
                fid: 0x000C,
                sfi: 0x0C
            }
        );
        let travel = Application::TravelDocument;
        assert_eq!(travel.ef_sod(), FileId::EF_SOD);
        assert_eq!(travel.ef_com(), FileId::EF_COM);
        assert_eq!(
            travel.data_group(DataGroup::DG1),
            FileId::data_group(DataGroup::DG1)
        );
    }
}
