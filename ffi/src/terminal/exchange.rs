//! What terminal and host say to each other, as the header has it.

use core::ffi::c_void;
use core::ptr;

use icao::lds::security_info::Mapping;
use icao::lds::{Application, DataGroup, FileId};
use icao::terminal::{AccessProtocol, Event};
use icao::transport::TransportError;

use crate::failure::Failure;

/// Sends `command` to the chip, a whole APDU, and writes its whole response (data, SW1, SW2) to `response`.
/// `*response_len` is the room there, and becomes the length of the response. Returns one of RdaLink.
///
/// It carries bytes and nothing else: no GET RESPONSE, no retry.
pub type RdaTransmit = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        command: *const u8,
        command_len: usize,
        response: *mut u8,
        response_len: *mut usize,
    ) -> i32,
>;

/// Cuts and restores power to the chip, waiting for the document if it was taken away. Returns one of RdaLink.
pub type RdaReset = Option<unsafe extern "C" fn(context: *mut c_void) -> i32>;

/// Is told what the terminal does: `stage` is one of RdaStage. When it reads, `file` is one of RdaFile, of whose `total`
/// bytes `done` have been read; else these are 0.
pub type RdaProgress = Option<
    unsafe extern "C" fn(context: *mut c_void, stage: u32, file: u32, done: usize, total: usize),
>;

/// What became of an exchange with the chip. Any other number counts as RDA_LINK_FAILED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaLink {
    /// The chip answered, whatever its status word.
    Ok = 0,
    /// Anything that is not named below.
    Failed = 1,
    /// The document left the field.
    Removed = 2,
    /// The chip was reset, by another program or by a short loss of the field.
    Reset = 3,
    /// The chip did not answer in time.
    Timeout = 4,
    /// Another program holds the chip.
    Sharing = 5,
    /// Command or response are longer than the link carries.
    TooLong = 6,
    /// The smart-card service stopped, or the reader was unplugged.
    Service = 7,
    /// Nothing more is wanted of this chip.
    Cancelled = 8,
}

/// The error of the terminal's link that a host's number stands for.
pub(super) fn link_error(link: i32) -> Option<TransportError> {
    const OK: i32 = RdaLink::Ok as i32;
    const REMOVED: i32 = RdaLink::Removed as i32;
    const RESET: i32 = RdaLink::Reset as i32;
    const TIMEOUT: i32 = RdaLink::Timeout as i32;
    const SHARING: i32 = RdaLink::Sharing as i32;
    const TOO_LONG: i32 = RdaLink::TooLong as i32;
    const SERVICE: i32 = RdaLink::Service as i32;
    const CANCELLED: i32 = RdaLink::Cancelled as i32;
    match link {
        OK => None,
        REMOVED => Some(TransportError::CardRemoved),
        RESET => Some(TransportError::CardReset),
        TIMEOUT => Some(TransportError::Timeout),
        SHARING => Some(TransportError::Sharing),
        TOO_LONG => Some(TransportError::TooLong),
        SERVICE => Some(TransportError::Service),
        CANCELLED => Some(TransportError::Cancelled),
        other => Some(TransportError::Other(format!("the host said {other}"))),
    }
}

/// Files. Data groups have their numbers: 1 to 16, of driving licences 1 to 14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaFile {
    /// Machine readable zone; of a driving licence, the holder's data.
    Dg1 = 1,
    /// Face image; of a driving licence, further data of the holder.
    Dg2 = 2,
    /// Of a Dutch driving licence: the line of 30 characters without its first and last.
    Dg12 = 12,
    /// Of a driving licence: key of Active Authentication.
    Dg13 = 13,
    /// Security options: what the chip offers, and the key of Chip Authentication.
    Dg14 = 14,
    /// Key of Active Authentication.
    Dg15 = 15,
    /// EF.CardAccess: how the chip can be opened. Nobody signed it.
    CardAccess = 28,
    /// EF.SOD: the hashes of the data groups, signed.
    Sod = 29,
    /// EF.COM: a list of data groups. Nobody signed it.
    Com = 30,
}

/// A file that a host may ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum File {
    CardAccess,
    Com,
    Sod,
    Group(DataGroup),
}

impl File {
    pub(super) fn from_number(file: u32) -> Result<Self, Failure> {
        const CARD_ACCESS: u32 = RdaFile::CardAccess as u32;
        const SOD: u32 = RdaFile::Sod as u32;
        const COM: u32 = RdaFile::Com as u32;
        match file {
            CARD_ACCESS => Ok(Self::CardAccess),
            SOD => Ok(Self::Sod),
            COM => Ok(Self::Com),
            number => u8::try_from(number)
                .ok()
                .and_then(DataGroup::new)
                .map(Self::Group)
                .ok_or_else(|| Failure::argument("no file of this number")),
        }
    }

    /// Where it is in an application; `None` for EF.CardAccess, which lies outside of all.
    pub(super) fn place(self, application: Application) -> Option<FileId> {
        match self {
            Self::CardAccess => None,
            Self::Com => Some(application.ef_com()),
            Self::Sod => Some(application.ef_sod()),
            Self::Group(group) => Some(application.data_group(group)),
        }
    }
}

/// What the terminal is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaStage {
    /// BAC or PACE begins.
    Opening = 1,
    /// The chip is open.
    Opened = 2,
    /// A file is being read.
    Reading = 3,
    /// Active Authentication begins.
    ActiveAuthentication = 4,
    /// Chip Authentication begins.
    ChipAuthentication = 5,
    /// Link or keys were lost; the chip is being opened again.
    Interrupted = 6,
}

/// How a chip was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaAccess {
    /// Not yet.
    None = 0,
    /// Basic Access Control.
    Bac = 1,
    /// PACE with Generic Mapping.
    PaceGm = 2,
    /// PACE with Integrated Mapping.
    PaceIm = 3,
    /// PACE with Chip Authentication Mapping.
    PaceCam = 4,
}

impl From<AccessProtocol> for RdaAccess {
    fn from(protocol: AccessProtocol) -> Self {
        match protocol {
            AccessProtocol::Bac => Self::Bac,
            AccessProtocol::Pace(info) => match info.protocol.mapping {
                Mapping::Generic => Self::PaceGm,
                Mapping::Integrated => Self::PaceIm,
                Mapping::ChipAuthentication => Self::PaceCam,
            },
        }
    }
}

/// What a terminal may decide by itself, and what its link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaOption {
    /// Bytes of the longest command APDU that the link carries: 261 without being set, at most 65544.
    MaxCommand = 1,
    /// Bytes of the longest response APDU that the link carries: 258 without being set, at most 65538.
    MaxResponse = 2,
    /// 1: BAC may stand in where the document offers PACE in unknown variants only. 0 without being set.
    FallbackToBac = 3,
    /// Access keys that are tried before the chip is left alone: 2 without being set.
    MostKeyTries = 4,
    /// Times that a lost link or lost keys are repaired: 5 without being set.
    MostResumes = 5,
    /// Bytes of the longest file that is read: 262144 without being set.
    LongestFile = 6,
    /// Commands spent on the conversation: 32768 without being set.
    MostApdus = 7,
    /// Bytes spent on the conversation: 16777216 without being set.
    MostBytes = 8,
    /// One of RdaDocumentKind: what is on the chip. RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT without being set, and as good for
    /// identity cards, which have the same application; a driving licence has its own.
    DocumentKind = 9,
}

/// What rda_terminal_next asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaStepKind {
    /// Nothing: what was begun is done, or has failed.
    Done = 0,
    /// Send `command` to the chip, and hand its response to rda_terminal_respond.
    Transmit = 1,
    /// Cut and restore power to the chip, and say so to rda_terminal_respond, with a response of length 0.
    Reset = 2,
    /// Show progress, if you like, and call rda_terminal_next again.
    Progress = 3,
}

/// The next step.
#[derive(Debug)]
#[repr(C)]
pub struct RdaStep {
    /// What to do.
    pub kind: RdaStepKind,
    /// Of progress: one of RdaStage, else 0.
    pub stage: u32,
    /// Of progress in reading: one of RdaFile, else 0.
    pub file: u32,
    /// Bytes of the file that have been read.
    pub done: usize,
    /// Bytes of the whole file.
    pub total: usize,
    /// The whole command APDU to send. It belongs to the terminal, until rda_terminal_respond.
    pub command: *const u8,
    /// Its length in bytes.
    pub command_len: usize,
}

impl RdaStep {
    pub(super) const DONE: Self = Self {
        kind: RdaStepKind::Done,
        stage: 0,
        file: 0,
        done: 0,
        total: 0,
        command: ptr::null(),
        command_len: 0,
    };
}

/// An event as the numbers that callbacks and steps tell it by.
pub(super) struct Progress {
    pub(super) stage: RdaStage,
    pub(super) file: u32,
    pub(super) done: usize,
    pub(super) total: usize,
}

impl Progress {
    /// `None` for events that this interface has no number for.
    pub(super) fn of(event: Event) -> Option<Self> {
        let (stage, (file, done, total)) = match event {
            Event::Opening(_) => (RdaStage::Opening, (0, 0, 0)),
            Event::Opened(_) => (RdaStage::Opened, (0, 0, 0)),
            Event::Reading { file, done, total } => {
                (RdaStage::Reading, (u32::from(file.sfi), done, total))
            }
            Event::ActiveAuthentication => (RdaStage::ActiveAuthentication, (0, 0, 0)),
            Event::ChipAuthentication => (RdaStage::ChipAuthentication, (0, 0, 0)),
            Event::Interrupted => (RdaStage::Interrupted, (0, 0, 0)),
            _ => return None,
        };
        Some(Self {
            stage,
            file,
            done,
            total,
        })
    }
}

/// A conversation so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RdaConversation {
    /// How the chip was opened.
    pub access: RdaAccess,
    /// 0 if the chip was seen to refuse reading by short file identifier, else 1: what a verifier has to know.
    pub short_identifiers: u32,
    /// Bytes of the longest command that link and chip are known to carry.
    pub max_command: usize,
    /// Bytes of the longest response that link and chip are known to carry: what a verifier has to know.
    pub max_response: usize,
    /// Commands sent.
    pub apdus: u32,
    /// How often the chip was opened again after its link or its keys were lost.
    pub resumes: u32,
    /// Bytes of all commands.
    pub bytes_sent: u64,
    /// Bytes of all responses.
    pub bytes_received: u64,
}

impl RdaConversation {
    pub(super) const NONE: Self = Self {
        access: RdaAccess::None,
        short_identifiers: 1,
        max_command: 0,
        max_response: 0,
        apdus: 0,
        resumes: 0,
        bytes_sent: 0,
        bytes_received: 0,
    };
}

/// What a verifier asks of the chip, taken out of C's hands.
pub(crate) struct ChipCommand {
    pub(crate) protocol: String,
    pub(crate) key_id: Option<u64>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) commands: Vec<Vec<u8>>,
}
