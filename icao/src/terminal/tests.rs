//! The reading strategy against a chip in clear that answers as real ones were seen to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use super::*;
use crate::apdu::{Command, Response, StatusWord};
use crate::lds::DataGroup;
use crate::tlv;
use crate::transport::{Limits, TransportError};

/// How a chip answers READ BINARY.
#[derive(Clone, Copy)]
struct Manners {
    short_identifiers: bool,
    /// Longer reads are answered with this.
    longest: usize,
    refusal: u16,
    /// Reading past the end of a file is refused with 6B00, else answered with 6282 and what there is.
    refuses_past_end: bool,
    limits: Limits,
}

const PLAIN: Manners = Manners {
    short_identifiers: true,
    longest: 65_536,
    refusal: 0x6700,
    refuses_past_end: false,
    limits: Limits::SHORT,
};

/// Files in clear, in the master file from power-up on.
struct OpenChip {
    manners: Manners,
    files: BTreeMap<u16, Vec<u8>>,
    selected: Option<u16>,
    log: Vec<Command>,
}

impl OpenChip {
    fn new(manners: Manners) -> Self {
        Self {
            manners,
            files: BTreeMap::new(),
            selected: None,
            log: Vec::new(),
        }
    }

    fn with(mut self, file: FileId, content: Vec<u8>) -> Self {
        self.files.insert(file.fid, content);
        self
    }

    fn answer(&mut self, command: &Command) -> Response {
        let bare = |status| Response::new(Vec::new(), StatusWord(status));
        match (command.ins, command.p1) {
            (0xA4, 0x02) => {
                let fid = u16::from_be_bytes(command.data.clone().try_into().unwrap());
                if !self.files.contains_key(&fid) {
                    return bare(0x6A82);
                }
                self.selected = Some(fid);
                bare(0x9000)
            }
            (0xB0, p1 @ 0x80..) => {
                if !self.manners.short_identifiers {
                    return bare(0x6A86);
                }
                let fid = 0x0100 | u16::from(p1 & 0x1F);
                if !self.files.contains_key(&fid) {
                    return bare(0x6A82);
                }
                self.selected = Some(fid);
                self.read(usize::from(command.p2), command.le.unwrap() as usize)
            }
            (0xB0, p1) => self.read(
                usize::from(u16::from_be_bytes([p1, command.p2])),
                command.le.unwrap() as usize,
            ),
            (0xB1, _) => {
                let offset = tlv::Tlv::only(&command.data)
                    .unwrap()
                    .expect(0x54)
                    .unwrap()
                    .value;
                let offset = offset
                    .iter()
                    .fold(0usize, |offset, byte| offset << 8 | usize::from(*byte));
                // The header of data object 53 counts towards what was asked for.
                let answer = self.read(offset, command.le.unwrap() as usize - 4);
                Response::new(tlv::encode(0x53, &answer.data), answer.status)
            }
            _ => bare(0x6D00),
        }
    }

    fn read(&self, offset: usize, ne: usize) -> Response {
        let bare = |status| Response::new(Vec::new(), StatusWord(status));
        let Some(file) = self.selected.and_then(|fid| self.files.get(&fid)) else {
            return bare(0x6986);
        };
        if ne > self.manners.longest {
            return bare(self.manners.refusal);
        }
        let rest = file.get(offset..).unwrap_or_default();
        if rest.len() >= ne {
            return Response::new(rest[..ne].to_vec(), StatusWord::OK);
        }
        if self.manners.refuses_past_end || rest.is_empty() {
            return bare(0x6B00);
        }
        Response::new(rest.to_vec(), StatusWord::END_OF_FILE)
    }
}

impl Transport for OpenChip {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let command = Command::parse(command).unwrap();
        let answer = self.answer(&command);
        self.log.push(command);
        Ok(answer.to_bytes())
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.selected = None;
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.manners.limits
    }
}

/// A terminal's random source where nothing random is asked for.
struct NoRandomness;

impl rand_core::TryRng for NoRandomness {
    type Error = core::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("reading in clear draws no random numbers")
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("reading in clear draws no random numbers")
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        panic!("reading in clear draws no random numbers")
    }
}

impl rand_core::TryCryptoRng for NoRandomness {}

fn file(length: usize) -> Vec<u8> {
    tlv::encode(
        0x77,
        &(0..length).map(|at| (at % 251) as u8).collect::<Vec<_>>(),
    )
}

/// Reads one file; how many commands that took comes along.
fn read(chip: &mut OpenChip, file: FileId) -> (Result<Vec<u8>, Error>, u32) {
    let mut rng = NoRandomness;
    let mut on_event = |_| {};
    let mut terminal = Terminal::new(chip, &mut rng, Policy::default(), &mut on_event);
    let result = terminal.read(file);
    let result = result.map(|mut file| core::mem::take(&mut *file));
    (result, terminal.transcript().apdus)
}

/// Answers every read with one byte of what was asked for, or every command with the promise of one byte more.
struct Stingy {
    chip: OpenChip,
    promises: bool,
}

impl Transport for Stingy {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if self.promises {
            return Ok(vec![0xAA, 0x61, 0x01]);
        }
        let answer = self.chip.transmit(command)?;
        Ok(match answer.as_slice() {
            [first, .., _, _] => vec![*first, 0x90, 0x00],
            status => status.to_vec(),
        })
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.chip.reset()
    }

    fn limits(&self) -> Limits {
        self.chip.limits()
    }
}

#[test]
fn a_chip_that_answers_byte_by_byte_is_left_after_a_budget() {
    let by_commands = Policy {
        most_apdus: 50,
        ..Policy::default()
    };
    let by_bytes = Policy {
        most_bytes: 400,
        ..Policy::default()
    };
    for promises in [false, true] {
        for policy in [by_commands, by_bytes] {
            let chip = OpenChip::new(PLAIN).with(FileId::EF_SOD, file(1000));
            let mut link = Stingy { chip, promises };
            let mut rng = NoRandomness;
            let mut on_event = |_| {};
            let mut terminal = Terminal::new(&mut link, &mut rng, policy, &mut on_event);
            assert_eq!(terminal.read(FileId::EF_SOD), Err(Error::Exhausted));
            let spent = terminal.transcript();
            assert!(spent.apdus <= 50 || policy.most_apdus > 50);
            assert!(spent.bytes_sent + spent.bytes_received < 420);
            assert_eq!(spent.resumes, 0, "an empty budget is not resumed");
        }
    }
}

/// Answers with the next of these.
struct Spoken(Vec<Vec<u8>>);

impl Transport for Spoken {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(self.0.remove(0))
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits::SHORT
    }
}

#[test]
fn an_answer_in_clear_ends_where_the_chip_says_and_a_protected_one_with_its_checksum() {
    let checksum = [0x8E, 0x02, 0xAA, 0xBB];
    for (cla, collected) in [(0x00, 5), (0x0C, 4)] {
        let pieces = [
            &[&checksum[..], &[0x61, 0x01]].concat()[..],
            &[0xCC, 0x90, 0x00],
        ];
        let mut link = Spoken(pieces.map(<[u8]>::to_vec).into());
        let mut channel = channel::Channel::new(&mut link, 10, 1000);
        let answer = channel.exchange(&[cla, 0xB0, 0x81, 0x00, 0x00]).unwrap();
        assert_eq!(answer.data.len(), collected, "CLA {cla:02X}");
    }
}

#[test]
fn a_cancelled_link_is_not_resumed() {
    assert!(!Error::Link(TransportError::Cancelled).is_interruption());
    assert!(!Error::Exhausted.is_interruption());
}

#[test]
fn a_small_file_costs_one_command() {
    for (length, commands) in [(1, 1), (100, 1), (253, 1), (254, 2), (1000, 4)] {
        let content = file(length);
        let mut chip = OpenChip::new(PLAIN).with(FileId::EF_SOD, content.clone());
        assert_eq!(
            read(&mut chip, FileId::EF_SOD),
            (Ok(content), commands),
            "{length}"
        );
    }
}

#[test]
fn every_manner_of_reading_gives_the_same_bytes() {
    for length in [5, 90, 200, 1000, 40_000] {
        for short_identifiers in [true, false] {
            for refuses_past_end in [true, false] {
                for (longest, refusal) in [
                    (65_536, 0x6700),
                    (224, 0x6CE0),
                    (192, 0x6700),
                    (160, 0x6B00),
                    (128, 0x6282),
                    (40, 0x6700),
                ] {
                    let manners = Manners {
                        short_identifiers,
                        longest,
                        refusal,
                        refuses_past_end,
                        limits: Limits::SHORT,
                    };
                    let content = file(length);
                    let padded = [content.clone(), vec![0; 7]].concat();
                    let mut chip = OpenChip::new(manners).with(FileId::EF_SOD, padded);
                    let (read, commands) = read(&mut chip, FileId::EF_SOD);
                    assert_eq!(
                        read.as_ref(),
                        Ok(&content),
                        "{length} {short_identifiers} {longest} {refusal:04X}"
                    );
                    let pieces = u32::try_from(length / (longest.min(252) * 2 / 3)).unwrap();
                    assert!(
                        commands <= pieces + 14,
                        "{commands} commands for {length} bytes"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_not_there_is_said_so() {
    for short_identifiers in [true, false] {
        let manners = Manners {
            short_identifiers,
            ..PLAIN
        };
        let missing = FileId::data_group(DataGroup::DG15);
        let mut chip = OpenChip::new(manners).with(FileId::EF_SOD, file(10));
        assert_eq!(
            read(&mut chip, missing).0,
            Err(Error::FileNotFound(missing))
        );
    }
}

#[test]
fn lengths_that_lie_are_refused() {
    let sod = FileId::EF_SOD;
    let mut chip = OpenChip::new(PLAIN).with(sod, vec![0x77, 0x83, 0xFF, 0xFF, 0xFF, 0x00]);
    assert_eq!(read(&mut chip, sod).0, Err(Error::FileTooLong(sod)));
    let mut cut = file(1000);
    cut.truncate(700);
    let mut chip = OpenChip::new(PLAIN).with(sod, cut);
    assert_eq!(read(&mut chip, sod).0, Err(Error::FileTruncated(sod)));
    let mut chip = OpenChip::new(PLAIN).with(sod, vec![0x77, 0x85, 0, 0, 0, 0, 1, 0]);
    assert!(matches!(
        read(&mut chip, sod).0,
        Err(Error::FileMalformed { .. })
    ));
    let mut chip = OpenChip::new(PLAIN).with(sod, Vec::new());
    assert!(read(&mut chip, sod).0.is_err());
}

#[test]
fn a_file_of_indefinite_length_is_read_to_its_end() {
    let content = [&[0x77, 0x80][..], &file(600), &[0, 0]].concat();
    let mut chip = OpenChip::new(PLAIN).with(FileId::EF_SOD, content.clone());
    assert_eq!(read(&mut chip, FileId::EF_SOD).0, Ok(content));
    let endless = [&[0x77, 0x80][..], &vec![0xAA; 300_000]].concat();
    let mut chip = OpenChip::new(PLAIN).with(FileId::EF_SOD, endless);
    assert_eq!(
        read(&mut chip, FileId::EF_SOD).0,
        Err(Error::FileTooLong(FileId::EF_SOD))
    );
}

#[test]
fn extended_length_is_used_where_the_chip_announces_it() {
    let card_access = vec![0x31, 0x00];
    let announced = hex::decode("7f66080202040002020400").unwrap();
    for (announces, commands) in [(true, 2), (false, 8)] {
        let mut chip = OpenChip::new(Manners {
            limits: Limits::EXTENDED,
            ..PLAIN
        })
        .with(FileId::EF_CARD_ACCESS, card_access.clone())
        .with(FileId::EF_SOD, file(2000));
        if announces {
            chip.files.insert(0x0101, announced.clone());
        }
        let mut rng = NoRandomness;
        let mut on_event = |_| {};
        let mut terminal = Terminal::new(&mut chip, &mut rng, Policy::default(), &mut on_event);
        assert!(terminal.card_access().unwrap().is_some());
        let before = terminal.transcript().apdus;
        assert_eq!(*terminal.read(FileId::EF_SOD).unwrap(), file(2000));
        assert_eq!(terminal.transcript().apdus - before, commands);
    }
}

#[test]
fn a_chip_without_card_access_is_asked_in_every_way_and_then_left() {
    let mut chip = OpenChip::new(PLAIN).with(FileId::EF_SOD, file(10));
    let mut rng = NoRandomness;
    let mut on_event = |_| {};
    let mut terminal = Terminal::new(&mut chip, &mut rng, Policy::default(), &mut on_event);
    assert_eq!(terminal.card_access(), Ok(None));
    let apdus = terminal.transcript().apdus;
    assert!(apdus <= 9, "{apdus} commands");
    assert_eq!(terminal.card_access(), Ok(None));
    assert_eq!(terminal.transcript().apdus, apdus, "asked once only");
}

#[test]
fn a_card_that_is_no_document_is_recognised() {
    let mut chip = OpenChip::new(PLAIN);
    let keys = [AccessKey::can("123456").unwrap()];
    let mut rng = NoRandomness;
    let mut on_event = |_| {};
    let mut terminal = Terminal::new(&mut chip, &mut rng, Policy::default(), &mut on_event);
    assert_eq!(
        terminal.open(&keys),
        Err(Error::NotADocument(StatusWord(0x6D00)))
    );
}
