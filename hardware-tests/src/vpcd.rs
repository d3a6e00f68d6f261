//! Lays a chip on the virtual reader `vpcd` (Debian: `vsmartcard-vpcd`), of which pcscd knows no difference to a reader
//! on a cable.
//!
//! The reader listens on TCP and speaks frames both ways: a length of two bytes, big-endian, then so many bytes. From
//! reader to chip a frame of one byte is a control byte: 00 power off, 01 power on, 02 reset, all three unanswered, and
//! 04, answered with the ATR. A longer frame is a command APDU, answered with the response APDU. Connecting is laying
//! the chip on the reader, closing is lifting it.

use std::io::{self, Read as _, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// The port of the first slot where nothing else is configured.
pub const DEFAULT_PORT: u16 = 0x8C7B;

/// ATR of a contactless card without historical bytes (PC/SC part 3, 3.1.3.2.3): T=0 and T=1 named, check byte 01.
pub const DEFAULT_ATR: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

const POWER_OFF: u8 = 0x00;
const POWER_ON: u8 = 0x01;
const RESET: u8 = 0x02;
const GET_ATR: u8 = 0x04;

/// What lies on the reader: command APDUs in, response APDUs out.
pub trait Chip: Send {
    /// Answers a command APDU with data and status word; `None` if the document leaves the field before it can.
    fn process(&mut self, command: &[u8]) -> Option<Vec<u8>>;
    /// Loses all that a chip loses with its field: selected file, session keys.
    fn reset(&mut self);
}

impl<C: Chip + ?Sized> Chip for Box<C> {
    fn process(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        (**self).process(command)
    }
    fn reset(&mut self) {
        (**self).reset();
    }
}

/// Writes a line for each exchange: times, headers, lengths and status words, but no contents, so that a log of a
/// session with a real document's files names nobody.
pub struct Log {
    to: Box<dyn Write + Send>,
    start: Instant,
}

impl Log {
    /// A log that begins now.
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            start: Instant::now(),
        }
    }

    fn line(&mut self, what: &str) -> io::Result<()> {
        let time = self.start.elapsed();
        writeln!(
            self.to,
            "{:>6}.{:03} {what}",
            time.as_millis(),
            time.subsec_micros() % 1000
        )?;
        self.to.flush()
    }

    fn exchange(&mut self, command: &[u8], response: &[u8]) -> io::Result<()> {
        let header = command
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>();
        let (data, status) = response.split_at(response.len().saturating_sub(2));
        let status = status
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>();
        let body = command.len().saturating_sub(4);
        self.line(&format!(
            "{header} +{body} bytes -> {} bytes {status}",
            data.len()
        ))
    }
}

/// What ended the service of a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The reader went away, or the connection was shut down.
    ReaderGone,
    /// The chip left the field.
    ChipLeft,
}

/// Serves `chip` on a connection to the virtual reader until one of the two goes away.
///
/// # Errors
/// Where the connection or the log breaks.
pub fn serve(
    stream: TcpStream,
    chip: &mut dyn Chip,
    atr: &[u8],
    log: Option<&mut Log>,
) -> io::Result<End> {
    let mut link = Link { stream };
    let outcome = exchange(&mut link, chip, atr, log);
    // Others may hold the socket too: only this tells the reader that the chip is gone, where an error ended it.
    let _ = link.stream.shutdown(Shutdown::Both);
    outcome
}

fn exchange(
    link: &mut Link,
    chip: &mut dyn Chip,
    atr: &[u8],
    mut log: Option<&mut Log>,
) -> io::Result<End> {
    link.stream.set_nodelay(true)?;
    chip.reset();
    while let Some(frame) = link.receive()? {
        match *frame {
            [] => {}
            [GET_ATR] => link.send(atr)?,
            // The reader powers a card off and on where PC/SC asks for an unpower or a reset: it forgets all the same.
            [control @ (POWER_OFF | POWER_ON | RESET)] => {
                chip.reset();
                if let Some(log) = &mut log {
                    log.line(match control {
                        POWER_OFF => "power off",
                        POWER_ON => "power on",
                        _ => "reset",
                    })?;
                }
            }
            // Other control bytes are of later versions of the reader, which await no answer either.
            [_] => {}
            ref command => {
                let Some(response) = chip.process(command) else {
                    if let Some(log) = &mut log {
                        log.line("left the field")?;
                    }
                    return Ok(End::ChipLeft);
                };
                // Before the reader has it: who has seen the end of a conversation finds it whole in the log.
                if let Some(log) = &mut log {
                    log.exchange(command, &response)?;
                }
                link.send(&response)?;
            }
        }
    }
    Ok(End::ReaderGone)
}

/// A chip that lies on a virtual reader, served by a thread of its own. One that leaves the field is laid again at once.
/// Dropping this lifts the chip.
pub struct Laid<C> {
    stream: Arc<Mutex<TcpStream>>,
    thread: Option<JoinHandle<(C, io::Result<()>)>>,
}

impl<C: Chip + 'static> Laid<C> {
    /// Lays `chip` on the reader at `reader`.
    ///
    /// # Errors
    /// If no reader listens there, or its slot is taken so that it does not accept.
    pub fn new(
        mut chip: C,
        reader: impl ToSocketAddrs,
        atr: &[u8],
        log: Option<Log>,
    ) -> io::Result<Self> {
        let stream = connect(&reader)?;
        let reader = stream.peer_addr()?;
        let mut served = stream.try_clone()?;
        let stream = Arc::new(Mutex::new(stream));
        let current = Arc::clone(&stream);
        let atr = atr.to_vec();
        let mut log = log;
        let thread = std::thread::Builder::new()
            .name("chip".to_owned())
            .spawn(move || {
                let mut serve = || loop {
                    match serve(served.try_clone()?, &mut chip, &atr, log.as_mut())? {
                        End::ReaderGone => return Ok(()),
                        End::ChipLeft => {
                            let mut current = lock(&current);
                            served = connect(reader)?;
                            *current = served.try_clone()?;
                        }
                    }
                };
                let outcome = serve();
                (chip, outcome)
            })?;
        Ok(Self {
            stream,
            thread: Some(thread),
        })
    }

    /// Lifts the chip off the reader and gives it back, as it is after the last command.
    ///
    /// # Errors
    /// What broke the connection before.
    pub fn lift(mut self) -> io::Result<C> {
        self.close();
        let thread = self
            .thread
            .take()
            .ok_or_else(|| io::Error::other("already lifted"))?;
        let (chip, outcome) = thread
            .join()
            .map_err(|_| io::Error::other("the chip panicked"))?;
        outcome.map(|()| chip)
    }
}

impl<C> Laid<C> {
    fn close(&self) {
        // A connection that the reader has closed already cannot be shut down again, and need not be.
        let _ = lock(&self.stream).shutdown(Shutdown::Both);
    }
}

fn lock(stream: &Mutex<TcpStream>) -> MutexGuard<'_, TcpStream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C> Drop for Laid<C> {
    fn drop(&mut self) {
        self.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Connects to a virtual reader.
///
/// # Errors
/// If no reader listens there.
pub fn connect(reader: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let addresses = reader.to_socket_addrs()?.collect::<Vec<SocketAddr>>();
    TcpStream::connect(addresses.as_slice())
}

struct Link {
    stream: TcpStream,
}

impl Link {
    /// The next frame, or `None` at the end of the connection between two frames.
    fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 2];
        if !self.fill(&mut length)? {
            return Ok(None);
        }
        let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
        if !self.fill(&mut frame)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(frame))
    }

    /// Fills `buffer`; `false` if the connection ended before its first byte.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = match self.stream.read(rest) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset && filled == 0 => 0,
                Err(error) => return Err(error),
            };
            // The reader sends the length and the rest of a frame apart, and its kernel holds the second until the
            // first is acknowledged: without this every exchange takes 40 ms longer. The kernel forgets the option.
            rustix::net::sockopt::set_tcp_quickack(&self.stream, true)?;
            match read {
                0 if filled == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => filled += read,
            }
        }
        Ok(true)
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let length = u16::try_from(frame.len()).map_err(|_| {
            io::Error::other(format!("a response of {} bytes fits no frame", frame.len()))
        })?;
        let mut bytes = Vec::with_capacity(2 + frame.len());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(frame);
        self.stream.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::net::TcpListener;

    /// Answers every command with itself and 9000, and counts its resets.
    #[derive(Default)]
    struct Echo {
        resets: usize,
    }

    impl Chip for Echo {
        fn process(&mut self, command: &[u8]) -> Option<Vec<u8>> {
            (command != LEAVE).then(|| [command, &[0x90, 0x00]].concat())
        }
        fn reset(&mut self) {
            self.resets += 1;
        }
    }

    /// At this command the chip leaves the field.
    const LEAVE: [u8; 5] = [0xFF; 5];

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn frame(reader: &mut TcpStream, bytes: &[u8]) {
        // In two parts, as Debian's reader sends them.
        reader
            .write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes())
            .unwrap();
        reader.write_all(bytes).unwrap();
    }

    fn answer(reader: &mut TcpStream) -> Vec<u8> {
        let mut length = [0; 2];
        reader.read_exact(&mut length).unwrap();
        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
        reader.read_exact(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn speaks_the_reader_protocol() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let log = Shared::default();
        let laid = Laid::new(
            Echo::default(),
            listener.local_addr().unwrap(),
            &DEFAULT_ATR,
            Some(Log::new(Box::new(log.clone()))),
        )
        .unwrap();
        let (mut reader, _) = listener.accept().unwrap();

        frame(&mut reader, &[GET_ATR]);
        assert_eq!(answer(&mut reader), DEFAULT_ATR);
        frame(&mut reader, &[POWER_ON]);
        frame(&mut reader, &[RESET]);
        frame(&mut reader, &[0x00, 0xB0, 0x81, 0x00, 0x07]);
        assert_eq!(
            answer(&mut reader),
            [0x00, 0xB0, 0x81, 0x00, 0x07, 0x90, 0x00]
        );
        let long = vec![0x5A; 65_000];
        frame(&mut reader, &long);
        assert_eq!(answer(&mut reader).len(), 65_002);
        frame(&mut reader, &[POWER_OFF]);
        drop(reader);

        // One reset when it was laid down, three by the reader.
        assert_eq!(laid.lift().unwrap().resets, 4);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("00B08100 +1 bytes -> 5 bytes 9000"), "{log}");
        assert!(
            !log.contains("5A5A5A5A5A"),
            "a log names no contents: {log}"
        );
    }

    #[test]
    fn a_chip_that_leaves_is_laid_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let laid = Laid::new(Echo::default(), address, &DEFAULT_ATR, None).unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        frame(&mut reader, &LEAVE);
        assert_eq!(reader.read(&mut [0]).unwrap_or(0), 0);
        let (mut reader, _) = listener.accept().unwrap();
        frame(&mut reader, &[0x00, 0x84]);
        assert_eq!(answer(&mut reader), [0x00, 0x84, 0x90, 0x00]);
        assert_eq!(laid.lift().unwrap().resets, 2, "laid twice");
    }

    #[test]
    fn lifting_closes_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let laid = Laid::new(
            Echo::default(),
            listener.local_addr().unwrap(),
            &DEFAULT_ATR,
            None,
        )
        .unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        laid.lift().unwrap();
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn an_answer_that_fits_no_frame_ends_the_session_with_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let laid = Laid::new(
            Echo::default(),
            listener.local_addr().unwrap(),
            &DEFAULT_ATR,
            None,
        )
        .unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        frame(&mut reader, &vec![0; 65_535]);
        assert_eq!(reader.read(&mut [0]).unwrap_or(0), 0);
        assert!(laid.lift().is_err());
    }
}
