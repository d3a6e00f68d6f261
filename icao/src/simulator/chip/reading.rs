//! SELECT and READ BINARY (ISO/IEC 7816-4, 11.1.1 and 11.2.3; Doc 9303-10, 3.6).

use super::{After, Chip, Form, Outcome, Reply};
use crate::apdu::{Command, MAX_EXTENDED_NE, MAX_SHORT_NE, StatusWord};
use crate::simulator::access::Access;
use crate::simulator::file_system::{Current, ReadAccess};
use crate::simulator::quirks::Quirk;
use crate::tlv;

impl Chip {
    pub(super) fn select(&mut self, command: &Command, form: Form) -> Reply {
        if command.le.is_some() && self.card.quirks.has(Quirk::SelectRefusesLe) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let file_control = match command.p2 {
            0x0C => false,
            0x00 | 0x04 => command.le.is_some(),
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        match (command.p1, &command.data[..]) {
            (0x04, aid) => {
                let position = self
                    .card
                    .file_system
                    .application(aid)
                    .ok_or(StatusWord::FILE_NOT_FOUND)?;
                self.state.current = Current::Application(position);
                self.state.file = None;
                Ok(if file_control {
                    tlv::encode(0x6F, &tlv::encode(0x84, aid)).into()
                } else {
                    StatusWord::OK.into()
                })
            }
            (0x00, [] | [0x3F, 0x00]) => self.select_master_file(),
            (0x00 | 0x02, &[high, low]) => {
                let fid = u16::from_be_bytes([high, low]);
                self.select_file(fid, file_control, form)
            }
            (0x00 | 0x02, _) => Err(StatusWord::WRONG_LENGTH),
            _ => Err(StatusWord::WRONG_P1_P2),
        }
    }

    fn select_master_file(&mut self) -> Reply {
        let refused = self.card.quirks.find(|quirk| match *quirk {
            Quirk::MasterFileRefused(status) => Some(StatusWord(status)),
            _ => None,
        });
        if let Some(status) = refused {
            return Err(status);
        }
        self.state.current = if self.card.quirks.has(Quirk::MasterFileNotSelected) {
            Current::Nothing
        } else {
            Current::MasterFile
        };
        self.state.file = None;
        Ok(StatusWord::OK.into())
    }

    fn select_file(&mut self, fid: u16, file_control: bool, form: Form) -> Reply {
        if form.protected && self.card.quirks.has(Quirk::SelectBreaksChannel) {
            return Ok(Outcome {
                after: After::EndChannel,
                ..StatusWord::CONDITIONS_OF_USE.into()
            });
        }
        let directory = self.card.file_system.directory(self.state.current);
        let position = directory
            .and_then(|directory| directory.by_fid(fid))
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        let len = self.readable(position)?.len();
        self.state.file = Some(position);
        if !file_control {
            return Ok(StatusWord::OK.into());
        }
        let size = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        let control = [
            tlv::encode(0x80, &size),
            tlv::encode(0x83, &fid.to_be_bytes()),
        ];
        Ok(tlv::encode(0x6F, &control.concat()).into())
    }

    /// The content of a file of the current directory, if it may be read now.
    fn readable(&self, position: usize) -> Result<&[u8], StatusWord> {
        let file = self
            .card
            .file_system
            .directory(self.state.current)
            .and_then(|directory| directory.files.get(position))
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        let refused = self.card.quirks.find(|quirk| match *quirk {
            Quirk::InfoFilesRefused(status) => Some(StatusWord(status)),
            _ => None,
        });
        if let Some(status) = refused
            && matches!(file.fid, 0x2F00 | 0x2F01)
        {
            return Err(status);
        }
        let allowed = match file.access {
            ReadAccess::Always => true,
            ReadAccess::Password => {
                self.card.access_control.is_open() || self.state.access != Access::None
            }
            ReadAccess::Pace => self.state.access == Access::Pace,
            ReadAccess::Terminal => false,
        };
        if allowed {
            Ok(&file.content)
        } else {
            Err(StatusWord::SECURITY_STATUS)
        }
    }

    fn by_sfi(&self, sfi: u8) -> Result<usize, StatusWord> {
        if self.card.quirks.has(Quirk::NoShortFileIdentifiers) {
            return Err(StatusWord::CONDITIONS_OF_USE);
        }
        self.card
            .file_system
            .directory(self.state.current)
            .and_then(|directory| directory.by_sfi(sfi))
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    pub(super) fn read_binary(&mut self, command: &Command, form: Form) -> Reply {
        let (position, offset) = if command.p1 & 0x80 == 0 {
            let position = self.state.file.ok_or(StatusWord::NO_CURRENT_EF)?;
            let offset = u16::from_be_bytes([command.p1, command.p2]);
            (position, usize::from(offset))
        } else if command.p1 & 0x60 == 0 {
            (self.by_sfi(command.p1 & 0x1F)?, usize::from(command.p2))
        } else {
            return Err(StatusWord::WRONG_P1_P2);
        };
        self.read(position, offset, command.le, form, form.capacity)
    }

    /// READ BINARY with odd INS: offset in a data object 54, answer in a data object 53.
    pub(super) fn read_binary_odd(&mut self, command: &Command, form: Form) -> Reply {
        if self.card.quirks.has(Quirk::OddReadBreaksChannel) {
            return Ok(Outcome {
                after: After::EndChannel,
                ..StatusWord::SM_OBJECTS_MISSING.into()
            });
        }
        let position = match (command.p1, command.p2) {
            (0, 0) => self.state.file.ok_or(StatusWord::NO_CURRENT_EF)?,
            (0, sfi @ 1..=30) => self.by_sfi(sfi)?,
            (high, low) => self
                .card
                .file_system
                .directory(self.state.current)
                .and_then(|directory| directory.by_fid(u16::from_be_bytes([high, low])))
                .ok_or(StatusWord::FILE_NOT_FOUND)?,
        };
        let object = tlv::Tlv::only(&command.data)
            .and_then(|object| object.expect(0x54))
            .map_err(|_| StatusWord::WRONG_DATA)?;
        if object.value.len() > 4 {
            return Err(StatusWord::WRONG_DATA);
        }
        let offset = object
            .value
            .iter()
            .fold(0usize, |offset, byte| offset << 8 | usize::from(*byte));
        // Tag and length field of DO 53 count against both Ne and the room in the response.
        let header = |room: usize| match room {
            0..=0x81 => 2,
            0x82..=0x102 => 3,
            _ => 4,
        };
        let ne = command.le.ok_or(StatusWord::WRONG_LENGTH)?;
        let room = form.capacity.min(usize::try_from(ne).unwrap_or(usize::MAX));
        let room = room.saturating_sub(header(room));
        let mut outcome = self.read(position, offset, Some(ne), form, room)?;
        outcome.data = tlv::encode(0x53, &outcome.data);
        Ok(outcome)
    }

    fn read(
        &mut self,
        position: usize,
        offset: usize,
        le: Option<u32>,
        form: Form,
        capacity: usize,
    ) -> Reply {
        let mut ne = le.ok_or(StatusWord::WRONG_LENGTH)?;
        if ne == MAX_SHORT_NE && form.protected && self.card.quirks.has(Quirk::ZeroLeReadsNothing) {
            return Ok(StatusWord::OK.into());
        }
        let limit = self.card.quirks.find(|quirk| match *quirk {
            Quirk::ReadLimit { max, status } if ne > max => Some((max, status)),
            _ => None,
        });
        let mut warning = None;
        match limit {
            None => {}
            Some((max, 0x6282)) => {
                ne = max;
                warning = Some(StatusWord::END_OF_FILE);
            }
            Some((max, 0x6C00)) => {
                let [.., low] = max.to_be_bytes();
                return Err(StatusWord(0x6C00 | u16::from(low)));
            }
            Some((_, status)) => return Err(StatusWord(status)),
        }
        let content = self.readable(position)?;
        let rest = content
            .get(offset..)
            .filter(|rest| !rest.is_empty())
            .ok_or(StatusWord::WRONG_OFFSET)?;
        let wanted = usize::try_from(ne).unwrap_or(usize::MAX);
        let past_end = self.card.quirks.find(|quirk| match *quirk {
            Quirk::ReadPastEnd(status) if wanted > rest.len() => Some(status),
            _ => None,
        });
        match past_end {
            Some(0x6C00) => {
                let left = u8::try_from(rest.len()).unwrap_or(0);
                return Err(StatusWord(0x6C00 | u16::from(left)));
            }
            Some(status) => return Err(StatusWord(status)),
            None => {}
        }
        let data = &rest[..wanted.min(capacity).min(rest.len())];
        // Le of zeros asks for all bytes up to the end, so that meeting it is no news.
        let up_to_end = matches!(ne, MAX_SHORT_NE | MAX_EXTENDED_NE)
            && !self.card.quirks.has(Quirk::EndOfFileWarning);
        let status = if data.len() == rest.len() && wanted > rest.len() && !up_to_end {
            StatusWord::END_OF_FILE
        } else {
            StatusWord::OK
        };
        let outcome = Outcome {
            data: data.to_vec(),
            status: warning.unwrap_or(status),
            after: After::Nothing,
        };
        self.state.file = Some(position);
        Ok(outcome)
    }
}
