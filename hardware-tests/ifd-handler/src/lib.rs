//! A driver for pcscd (IFD handler, version 3) whose readers are played by a test.
//!
//! The device name of a reader in pcscd's configuration is a socket, behind which the test listens. Each call of pcscd goes
//! over it as a question, and the test says what the reader answers: whether a card is there, what the card says, that it
//! says nothing, that the reader is gone. So everything that a reader or its driver can do to pcscd can be done at will.
//!
//! A question is one byte ([`Question`]), a length of four bytes and so many bytes; an answer two bytes of response code,
//! a length of four bytes and so many bytes; numbers are big-endian. Where nobody answers, the reader is gone.

#![allow(unsafe_code)] // The interface between pcscd and its drivers is C: pointers and lengths.
#![allow(non_snake_case)] // The names are those of the interface.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_long, c_uchar, c_ulong};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Longest answer to a question: that to an extended APDU.
const LONGEST: usize = 65_538;
/// Bytes of the longest answer to reset, as pcscd keeps room for (MAX_ATR_SIZE).
const LONGEST_ATR: usize = 33;

const IFD_SUCCESS: c_long = 0;
const IFD_ERROR_TAG: c_long = 600;
const IFD_COMMUNICATION_ERROR: c_long = 612;
const IFD_NOT_SUPPORTED: c_long = 614;
const IFD_NO_SUCH_DEVICE: c_long = 617;
const IFD_ERROR_INSUFFICIENT_BUFFER: c_long = 618;

const IFD_POWER_UP: c_ulong = 500;
const IFD_RESET: c_ulong = 502;

const TAG_IFD_SLOT_THREAD_SAFE: c_ulong = 0x0FAC;
const TAG_IFD_THREAD_SAFE: c_ulong = 0x0FAD;
const TAG_IFD_SLOTS_NUMBER: c_ulong = 0x0FAE;
const TAG_IFD_SIMULTANEOUS_ACCESS: c_ulong = 0x0FAF;

/// What pcscd wants to know or have done.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Question {
    Open = 0,
    Presence = 1,
    PowerUp = 2,
    PowerDown = 3,
    Transmit = 4,
    Control = 5,
    Close = 6,
}

/// Structure SCARD_IO_HEADER of the interface.
#[repr(C)]
pub struct IoHeader {
    protocol: c_ulong,
    length: c_ulong,
}

/// A reader: the connection to whoever plays it.
type Reader = Arc<Mutex<UnixStream>>;

/// All readers, by the number that pcscd gives each (LUN).
static READERS: LazyLock<Mutex<HashMap<c_ulong, Reader>>> = LazyLock::new(Mutex::default);

fn readers() -> std::sync::MutexGuard<'static, HashMap<c_ulong, Reader>> {
    READERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the player of a reader.
fn ask(lun: c_ulong, question: Question, data: &[u8]) -> (c_long, Vec<u8>) {
    let Some(reader) = readers().get(&lun).map(Arc::clone) else {
        return (IFD_NO_SUCH_DEVICE, Vec::new());
    };
    let mut stream = reader.lock().unwrap_or_else(PoisonError::into_inner);
    exchange(&mut stream, question, data).unwrap_or((IFD_NO_SUCH_DEVICE, Vec::new()))
}

fn exchange(
    stream: &mut UnixStream,
    question: Question,
    data: &[u8],
) -> io::Result<(c_long, Vec<u8>)> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut message = vec![question as u8];
    message.extend(length.to_be_bytes());
    message.extend(data);
    stream.write_all(&message)?;
    let (mut code, mut length) = ([0; 2], [0; 4]);
    stream.read_exact(&mut code)?;
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok((u16::from_be_bytes(code).into(), answer))
}

/// The bytes that pcscd hands over.
///
/// # Safety
/// `data` points to `length` bytes that stay as they are meanwhile, or is null.
unsafe fn bytes<'a>(data: *const c_uchar, length: c_ulong) -> &'a [u8] {
    match usize::try_from(length) {
        // SAFETY: by the contract above.
        Ok(length) if !data.is_null() => unsafe { std::slice::from_raw_parts(data, length) },
        _ => &[],
    }
}

/// Fills in a buffer of pcscd's and says how much was filled in.
///
/// # Safety
/// `buffer` has room for `room` bytes, and `written` for a number; either may be null.
unsafe fn fill(buffer: *mut c_uchar, room: usize, written: *mut c_ulong, content: &[u8]) -> c_long {
    let fits = content.len() <= room && (!buffer.is_null() || content.is_empty());
    let length = if fits { content.len() } else { 0 };
    if fits && !content.is_empty() {
        // SAFETY: not null, and long enough; the content is this program's own and does not overlap.
        unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), buffer, length) };
    }
    if !written.is_null() {
        // SAFETY: not null, by the contract above room for a number.
        unsafe { *written = length as c_ulong };
    }
    if fits {
        IFD_SUCCESS
    } else {
        IFD_ERROR_INSUFFICIENT_BUFFER
    }
}

// SAFETY (all functions below): the names and signatures are those of ifdhandler.h of pcsc-lite, whose pcscd alone calls
// them, with pointers that hold for the length of the call.

/// Opens the reader whose player listens at `device`.
///
/// # Safety
/// `device` is a C string or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHCreateChannelByName(lun: c_ulong, device: *const c_char) -> c_long {
    if device.is_null() {
        return IFD_COMMUNICATION_ERROR;
    }
    // SAFETY: not null, and by the contract a C string.
    let path = unsafe { CStr::from_ptr(device) }.to_string_lossy();
    let Ok(stream) = UnixStream::connect(Path::new(path.as_ref())) else {
        return IFD_COMMUNICATION_ERROR;
    };
    readers().insert(lun, Arc::new(Mutex::new(stream)));
    match ask(lun, Question::Open, &[]) {
        (IFD_SUCCESS, _) => IFD_SUCCESS,
        _ => {
            readers().remove(&lun);
            IFD_COMMUNICATION_ERROR
        }
    }
}

/// Readers without a name are not for this driver.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHCreateChannel(_lun: c_ulong, _channel: c_ulong) -> c_long {
    IFD_COMMUNICATION_ERROR
}

/// Closes a reader.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHCloseChannel(lun: c_ulong) -> c_long {
    ask(lun, Question::Close, &[]);
    readers().remove(&lun);
    IFD_SUCCESS
}

/// One slot, one reader at a time.
///
/// # Safety
/// `length` points to the room behind `value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHGetCapabilities(
    _lun: c_ulong,
    tag: c_ulong,
    length: *mut c_ulong,
    value: *mut c_uchar,
) -> c_long {
    let answer: &[u8] = match tag {
        TAG_IFD_SLOTS_NUMBER => &[1],
        // pcscd counts this one and has room for no more.
        TAG_IFD_SIMULTANEOUS_ACCESS => &[16],
        TAG_IFD_THREAD_SAFE => &[1],
        TAG_IFD_SLOT_THREAD_SAFE => &[0],
        _ => return IFD_ERROR_TAG,
    };
    // SAFETY: pcscd gives room for at least one byte for each of these tags, and a number for the length.
    unsafe { fill(value, answer.len(), length, answer) }
}

/// Nothing can be set.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetCapabilities(
    _lun: c_ulong,
    _tag: c_ulong,
    _length: c_ulong,
    _value: *const c_uchar,
) -> c_long {
    IFD_NOT_SUPPORTED
}

/// Any protocol will do.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetProtocolParameters(
    _lun: c_ulong,
    _protocol: c_ulong,
    _flags: c_uchar,
    _pts1: c_uchar,
    _pts2: c_uchar,
    _pts3: c_uchar,
) -> c_long {
    IFD_SUCCESS
}

/// Powers the card on, off, or both.
///
/// # Safety
/// `atr` has room for MAX_ATR_SIZE bytes, and `length` for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHPowerICC(
    lun: c_ulong,
    action: c_ulong,
    atr: *mut c_uchar,
    length: *mut c_ulong,
) -> c_long {
    let question = match action {
        IFD_POWER_UP | IFD_RESET => Question::PowerUp,
        _ => Question::PowerDown,
    };
    let (code, answer) = ask(lun, question, &[]);
    // SAFETY: by the contract of this function.
    let filled = unsafe { fill(atr, LONGEST_ATR, length, &answer) };
    if code == IFD_SUCCESS { filled } else { code }
}

/// Takes a command to the card and its answer back.
///
/// # Safety
/// The buffers are as long as their lengths say; `received` has room for a header or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHTransmitToICC(
    lun: c_ulong,
    sent: IoHeader,
    command: *const c_uchar,
    command_length: c_ulong,
    answer: *mut c_uchar,
    answer_length: *mut c_ulong,
    received: *mut IoHeader,
) -> c_long {
    if answer_length.is_null() {
        return IFD_COMMUNICATION_ERROR;
    }
    // SAFETY: by the contract of this function.
    let command = unsafe { bytes(command, command_length) };
    // SAFETY: not null, and by the contract the room behind `answer`.
    let room = usize::try_from(unsafe { *answer_length }).unwrap_or(0);
    let (code, response) = ask(lun, Question::Transmit, command);
    if !received.is_null() {
        // SAFETY: not null, and by the contract room for a header.
        unsafe {
            *received = IoHeader {
                protocol: sent.protocol,
                length: sent.length,
            };
        }
    }
    // SAFETY: by the contract of this function.
    let filled = unsafe { fill(answer, room, answer_length, &response) };
    if code == IFD_SUCCESS { filled } else { code }
}

/// Asks the reader about itself (PC/SC part 10).
///
/// # Safety
/// The buffers are as long as their lengths say; `returned` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHControl(
    lun: c_ulong,
    code: c_ulong,
    data: *const c_uchar,
    data_length: c_ulong,
    answer: *mut c_uchar,
    answer_length: c_ulong,
    returned: *mut c_ulong,
) -> c_long {
    let code = u32::try_from(code).unwrap_or(u32::MAX);
    let mut question = code.to_be_bytes().to_vec();
    // SAFETY: by the contract of this function.
    question.extend_from_slice(unsafe { bytes(data, data_length) });
    let (code, content) = ask(lun, Question::Control, &question);
    let room = usize::try_from(answer_length).unwrap_or(0);
    // SAFETY: by the contract of this function.
    let filled = unsafe { fill(answer, room, returned, &content) };
    if code == IFD_SUCCESS { filled } else { code }
}

/// Whether a card is there.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHICCPresence(lun: c_ulong) -> c_long {
    ask(lun, Question::Presence, &[]).0
}
