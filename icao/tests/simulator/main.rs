//! The simulated chip behaves as ISO/IEC 7816-4 and Doc 9303 say, deviates as its switches say, and its documents are signed
//! as OpenSSL understands it. Commands are made by hand; the secure channel is the terminal's.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod deviations;
mod documents;

use icao::access_key::AccessKey;
use icao::apdu::{Command, Response, StatusWord, Step};
use icao::bac::Bac;
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::Group;
use icao::lds::sod::Sod;
use icao::lds::{DataGroup, Dg14, Dg15};
use icao::pki::DocumentKind;
use icao::secure_messaging::SecureMessaging;
use icao::simulator::{
    Chip, ChipBuilder, Csca, CurveForm, Directory, ElementaryFile, Fault, Form, Holder, IssuerKey,
    Mapping, PaceVariant, Profile, Quirk, ReadAccess, SimulatedLink, Subject, Trailer,
    csca_certificates,
};
use icao::transport::{Limits, Transport, TransportError};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// A terminal of the simplest kind: it selects the application, opens by BAC, and then sends what it is told.
struct Reader {
    chip: Chip,
    channel: Option<SecureMessaging>,
}

impl Reader {
    fn new(chip: ChipBuilder) -> Self {
        Self {
            chip: chip.build().unwrap(),
            channel: None,
        }
    }

    /// A passport of the specimen holder, opened.
    fn opened(chip: ChipBuilder) -> Self {
        let mut reader = Self::new(chip);
        assert_eq!(
            reader.plain(&Command::select_application(&AID)).status,
            StatusWord::OK
        );
        assert_eq!(reader.open(), StatusWord::OK);
        reader
    }

    fn plain(&mut self, command: &Command) -> Response {
        Response::parse(&self.chip.process(&command.to_bytes().unwrap())).unwrap()
    }

    fn open(&mut self) -> StatusWord {
        let digest = Profile::NlPassport2011.holder().mrz_digest(Form::Passport);
        let key = AccessKey::MrzDigest(digest.try_into().unwrap());
        let mut bac = Bac::new(&key, [1; 8], [2; 16]).unwrap();
        loop {
            match bac.next().unwrap() {
                Step::Transmit(command) => {
                    let response = self.plain(&command);
                    if bac.receive(&response).is_err() {
                        return response.status;
                    }
                }
                Step::Done(channel) => {
                    self.channel = Some(channel);
                    return StatusWord::OK;
                }
            }
        }
    }

    /// Sends a command through the channel; `Err` is what the chip sent if that is no protected response.
    fn protected(&mut self, command: &Command) -> Result<Response, Vec<u8>> {
        let channel = self.channel.as_mut().unwrap();
        let bytes = channel.protect(command).unwrap().to_bytes().unwrap();
        let answer = self.chip.process(&bytes);
        assert!(answer.len() <= self.chip.limits().max_response);
        channel
            .unprotect(&Response::parse(&answer).unwrap())
            .map_err(|_| answer)
    }

    fn select(&mut self, fid: u16) -> StatusWord {
        self.protected(&Command::select_file(fid)).unwrap().status
    }

    fn read(&mut self, offset: u32, ne: u32) -> (usize, StatusWord) {
        let response = self.protected(&Command::read_binary(offset, ne)).unwrap();
        (response.data.len(), response.status)
    }
}

fn content(chip: &Chip, fid: u16) -> Vec<u8> {
    let files = &chip.file_system().applications[0].files;
    files
        .iter()
        .find(|file| file.fid == fid)
        .unwrap_or_else(|| panic!("{fid:04X}"))
        .content
        .clone()
}

fn status(status: u16) -> StatusWord {
    StatusWord(status)
}
