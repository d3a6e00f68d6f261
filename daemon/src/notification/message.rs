//! Messages of the bus (D-Bus Specification 0.43, "Type System" and "Message Protocol"), of the types that a notification
//! needs. Numbers are aligned to their own size, strings to 4, structures to 8 octets.

/// Largest message that is read. Ours, and the answers to them, have some hundred bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// What came is no message, or none that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It ends too early, or a length in it is wrong.
    #[error("a message that is cut off")]
    Cut,
    /// Byte order, version or type are unknown.
    #[error("not a message of protocol version 1")]
    Unknown,
    /// Larger than is read, or than is sent.
    #[error("a message of more than {MAX_MESSAGE} bytes")]
    TooLarge,
    /// A text that is none.
    #[error("a text that is not UTF-8")]
    Text,
}

/// A value in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `s`
    Text(String),
    /// `u`
    Number(u32),
    /// `i`
    Signed(i32),
    /// `as`
    Texts(Vec<String>),
    /// `a{sv}` with values of type `y`
    Hints(Vec<(&'static str, u8)>),
}

/// A call of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Name of the program on the bus.
    pub destination: &'static str,
    /// Object.
    pub path: &'static str,
    /// Interface.
    pub interface: &'static str,
    /// Method.
    pub member: &'static str,
    /// Arguments.
    pub arguments: Vec<Value>,
}

impl Call {
    /// A call of the bus itself.
    #[must_use]
    pub fn to_bus(member: &'static str) -> Self {
        Self {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member,
            arguments: Vec::new(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, value: Value) -> Self {
        self.arguments.push(value);
        self
    }

    /// The message, under this number.
    ///
    /// # Errors
    /// [`MessageError::TooLarge`].
    pub fn to_bytes(&self, serial: u32) -> Result<Vec<u8>, MessageError> {
        let mut body = Writer::default();
        let mut signature = String::new();
        for value in &self.arguments {
            signature.push_str(body.value(value)?);
        }
        let mut fields = Writer::default();
        for (code, kind, text) in [
            (1, "o", self.path),
            (6, "s", self.destination),
            (2, "s", self.interface),
            (3, "s", self.member),
        ] {
            fields.field(code, kind);
            fields.text(text)?;
        }
        if !signature.is_empty() {
            fields.field(8, "g");
            fields.signature(&signature);
        }
        let mut message = Writer(vec![b'l', METHOD_CALL, 0, 1]);
        message.number(length(&body.0)?);
        message.number(serial);
        message.number(length(&fields.0)?);
        message.0.extend(fields.0);
        message.align(8);
        message.0.extend(body.0);
        length(&message.0)?;
        Ok(message.0)
    }
}

const METHOD_CALL: u8 = 1;

fn length(bytes: &[u8]) -> Result<u32, MessageError> {
    match u32::try_from(bytes.len()) {
        Ok(length) if bytes.len() <= MAX_MESSAGE => Ok(length),
        _ => Err(MessageError::TooLarge),
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: u32) {
        self.align(4);
        self.0.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) -> Result<(), MessageError> {
        self.number(length(text.as_bytes())?);
        self.0.extend(text.as_bytes());
        self.0.push(0);
        Ok(())
    }

    /// At most 255 octets; those of this project have ten.
    fn signature(&mut self, signature: &str) {
        self.0
            .push(u8::try_from(signature.len()).unwrap_or_default());
        self.0.extend(signature.as_bytes());
        self.0.push(0);
    }

    /// The beginning of a header field: its code, and a variant's type.
    fn field(&mut self, code: u8, kind: &str) {
        self.align(8);
        self.0.push(code);
        self.signature(kind);
    }

    /// Gives the type.
    fn value(&mut self, value: &Value) -> Result<&'static str, MessageError> {
        match value {
            Value::Text(text) => self.text(text)?,
            Value::Number(number) => self.number(*number),
            Value::Signed(number) => {
                self.align(4);
                self.0.extend(number.to_le_bytes());
            }
            Value::Texts(texts) => self.array(4, |writer| {
                texts.iter().try_for_each(|text| writer.text(text))
            })?,
            Value::Hints(hints) => self.array(8, |writer| {
                hints.iter().try_for_each(|(name, value)| {
                    writer.align(8);
                    writer.text(name)?;
                    writer.signature("y");
                    writer.0.push(*value);
                    Ok(())
                })
            })?,
        }
        Ok(match value {
            Value::Text(_) => "s",
            Value::Number(_) => "u",
            Value::Signed(_) => "i",
            Value::Texts(_) => "as",
            Value::Hints(_) => "a{sv}",
        })
    }

    /// An array: its length in octets does not count the padding before its first element.
    fn array(
        &mut self,
        alignment: usize,
        elements: impl FnOnce(&mut Self) -> Result<(), MessageError>,
    ) -> Result<(), MessageError> {
        self.number(0);
        let place = self.0.len() - 4;
        self.align(alignment);
        let start = self.0.len();
        elements(self)?;
        let length = length(self.0.get(start..).unwrap_or_default())?;
        if let Some(place) = self.0.get_mut(place..place + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        Ok(())
    }
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call of one of our methods; we have none.
    Call,
    /// The answer to a call.
    Reply,
    /// The refusal of a call.
    Failure,
    /// Something happened.
    Signal,
}

/// A message that came, as far as it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What it is.
    pub kind: Kind,
    /// To which of our calls it is the answer.
    pub reply_to: Option<u32>,
    /// Who sent it, by the name that the bus gave.
    pub sender: Option<String>,
    /// Interface of a signal.
    pub interface: Option<String>,
    /// Name of a signal.
    pub member: Option<String>,
    /// First number of the body, where it begins with one.
    pub number: Option<u32>,
    /// The text after that number.
    pub text: Option<String>,
}

/// The first octets of a message.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    big_endian: bool,
    kind: Kind,
    body: usize,
    fields: usize,
}

impl Header {
    /// Octets that come before the header fields.
    pub const FIXED: usize = 16;

    /// # Errors
    /// [`MessageError::Unknown`], [`MessageError::TooLarge`].
    pub fn parse(start: &[u8; Self::FIXED]) -> Result<Self, MessageError> {
        let [order, kind, _, version, lengths @ ..] = start;
        let big_endian = match order {
            b'l' => false,
            b'B' => true,
            _ => return Err(MessageError::Unknown),
        };
        let kind = match kind {
            1 => Kind::Call,
            2 => Kind::Reply,
            3 => Kind::Failure,
            4 => Kind::Signal,
            _ => return Err(MessageError::Unknown),
        };
        if *version != 1 {
            return Err(MessageError::Unknown);
        }
        let mut reader = Reader {
            bytes: lengths,
            at: 0,
            big_endian,
        };
        let size = |number: u32| {
            usize::try_from(number)
                .ok()
                .filter(|size| *size <= MAX_MESSAGE)
                .ok_or(MessageError::TooLarge)
        };
        let body = size(reader.number()?)?;
        let _serial = reader.number()?;
        let fields = size(reader.number()?)?;
        Ok(Self {
            big_endian,
            kind,
            body,
            fields,
        })
    }

    /// How many octets come after the first.
    #[must_use]
    pub fn rest(&self) -> usize {
        self.fields.next_multiple_of(8) + self.body
    }

    /// Takes the rest of the message apart.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn complete(&self, rest: &[u8]) -> Result<Incoming, MessageError> {
        let (fields, body) = rest
            .split_at_checked(self.fields.next_multiple_of(8))
            .ok_or(MessageError::Cut)?;
        if body.len() != self.body {
            return Err(MessageError::Cut);
        }
        let reader = |bytes| Reader {
            bytes,
            at: 0,
            big_endian: self.big_endian,
        };
        let mut message = Incoming {
            kind: self.kind,
            reply_to: None,
            sender: None,
            interface: None,
            member: None,
            number: None,
            text: None,
        };
        let mut signature = String::new();
        let mut fields = reader(fields.get(..self.fields).ok_or(MessageError::Cut)?);
        while !fields.is_at_end() {
            fields.align(8);
            let code = fields.octet()?;
            // Every header field of version 1 has one of these types.
            match (code, fields.signature()?.as_str()) {
                (2, "s") => message.interface = Some(fields.text()?),
                (3, "s") => message.member = Some(fields.text()?),
                (5, "u") => message.reply_to = Some(fields.number()?),
                (7, "s") => message.sender = Some(fields.text()?),
                (8, "g") => signature = fields.signature()?,
                (_, "s" | "o") => drop(fields.text()?),
                (_, "u") => drop(fields.number()?),
                (_, "g") => drop(fields.signature()?),
                _ => return Err(MessageError::Unknown),
            }
        }
        let mut body = reader(body);
        if signature.starts_with('u') {
            message.number = Some(body.number()?);
            if signature.starts_with("us") {
                message.text = Some(body.text()?);
            }
        }
        Ok(message)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], MessageError> {
        let end = self.at.checked_add(count).ok_or(MessageError::Cut)?;
        let taken = self.bytes.get(self.at..end).ok_or(MessageError::Cut)?;
        self.at = end;
        Ok(taken)
    }

    fn octet(&mut self) -> Result<u8, MessageError> {
        self.take(1)?.first().copied().ok_or(MessageError::Cut)
    }

    fn number(&mut self) -> Result<u32, MessageError> {
        self.align(4);
        let octets = self.take(4)?.try_into().map_err(|_| MessageError::Cut)?;
        Ok(if self.big_endian {
            u32::from_be_bytes(octets)
        } else {
            u32::from_le_bytes(octets)
        })
    }

    fn text(&mut self) -> Result<String, MessageError> {
        let length = usize::try_from(self.number()?).map_err(|_| MessageError::Cut)?;
        self.terminated(length)
    }

    fn signature(&mut self) -> Result<String, MessageError> {
        let length = self.octet()?.into();
        self.terminated(length)
    }

    fn terminated(&mut self, length: usize) -> Result<String, MessageError> {
        let text = self.take(length)?;
        if self.octet()? != 0 {
            return Err(MessageError::Cut);
        }
        String::from_utf8(text.to_vec()).map_err(|_| MessageError::Text)
    }
}

/// Takes octets apart as the bus connection does; whatever they are, it ends without a panic.
///
/// # Errors
/// [`MessageError`].
pub fn parse(octets: &[u8]) -> Result<Incoming, MessageError> {
    let (start, rest) = octets
        .split_first_chunk::<{ Header::FIXED }>()
        .ok_or(MessageError::Cut)?;
    let header = Header::parse(start)?;
    header.complete(rest.get(..header.rest()).ok_or(MessageError::Cut)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The call that every connection makes first, as dbus-monitor and every other implementation have it on the wire.
    #[test]
    fn hello_is_as_on_every_bus() {
        let hello = Call::to_bus("Hello").to_bytes(1).unwrap();
        let mut expected =
            b"l\x01\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x6e\x00\x00\x00".to_vec();
        expected.extend(b"\x01\x01o\x00\x15\x00\x00\x00/org/freedesktop/DBus\x00\x00\x00");
        expected.extend(b"\x06\x01s\x00\x14\x00\x00\x00org.freedesktop.DBus\x00\x00\x00\x00");
        expected.extend(b"\x02\x01s\x00\x14\x00\x00\x00org.freedesktop.DBus\x00\x00\x00\x00");
        expected.extend(b"\x03\x01s\x00\x05\x00\x00\x00Hello\x00\x00\x00");
        assert_eq!(hello, expected);
        let read = parse(&hello).unwrap();
        assert_eq!(
            (read.kind, read.member.as_deref()),
            (Kind::Call, Some("Hello"))
        );
    }

    #[test]
    fn a_signal_of_the_other_byte_order() {
        let mut message = b"B\x04\x00\x01\x00\x00\x00\x0f\x00\x00\x00\x07\x00\x00\x00\x37".to_vec();
        message.extend(b"\x03\x01s\x00\x00\x00\x00\x0dActionInvoked\x00\x00\x00");
        message.extend(b"\x07\x01s\x00\x00\x00\x00\x05:1.42\x00\x00\x00");
        message.extend(b"\x08\x01g\x00\x02us\x00");
        // The length of the fields ends with the last of them, before its padding.
        message[15] = u8::try_from(message.len() - 16).unwrap();
        assert_eq!(message.len() % 8, 0);
        message.extend(b"\x00\x00\x00\x2a\x00\x00\x00\x06refuse\x00");
        let read = parse(&message).unwrap();
        assert_eq!(read.kind, Kind::Signal);
        assert_eq!(read.member.as_deref(), Some("ActionInvoked"));
        assert_eq!(read.sender.as_deref(), Some(":1.42"));
        assert_eq!(
            (read.number, read.text.as_deref()),
            (Some(42), Some("refuse"))
        );
        for cut in 0..message.len() {
            assert!(parse(&message[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_message() {
        let hello = Call::to_bus("Hello").to_bytes(1).unwrap();
        for (at, octet, error) in [
            (0, b'x', MessageError::Unknown),
            (1, 9, MessageError::Unknown),
            (3, 2, MessageError::Unknown),
            (7, 1, MessageError::TooLarge),
            (15, 1, MessageError::TooLarge),
            (17, 2, MessageError::Cut),
            (18, b'v', MessageError::Unknown),
            (24, 0xff, MessageError::Text),
        ] {
            let mut changed = hello.clone();
            changed[at] = octet;
            assert_eq!(parse(&changed), Err(error), "{at}");
        }
    }
}
