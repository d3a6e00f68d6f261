//! Messages between page and daemon: one JSON object per text frame of the WebSocket, `type` first.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::encoding::FixedOctets;
use crate::error::{Code, Layer, Who};
use crate::json::{self, JsonError};
use crate::request::Can;
use crate::text::LanguageTag;

/// A random name under which a page that lost its socket comes back.
pub type SessionId = FixedOctets<32>;

/// From the page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PageMessage {
    /// Begins a login.
    Start {
        /// The login server's request, a compact JWS.
        request: String,
        /// What the citizen typed, where the request brings no access key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        access: Option<TypedAccess>,
        /// The language of the page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<LanguageTag>,
    },
    /// Comes back to a login after a lost socket.
    Resume {
        /// As in `accepted`.
        session: SessionId,
    },
    /// The server's answer to the evidence.
    ChipAuthentication {
        /// A compact JWS.
        command: String,
    },
    /// The server has decided.
    Finish {
        /// How.
        outcome: Outcome,
    },
    /// The citizen has had enough.
    Cancel,
}

/// Names the kind only: a message can hold what the citizen typed.
impl fmt::Debug for PageMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start { .. } => "Start",
            Self::Resume { .. } => "Resume",
            Self::ChipAuthentication { .. } => "ChipAuthentication",
            Self::Finish { .. } => "Finish",
            Self::Cancel => "Cancel",
        })
    }
}

impl PageMessage {
    /// Reads a text frame.
    ///
    /// # Errors
    /// [`JsonError`]: not JSON, a name twice, an unknown type, a field missing or of another kind. Unknown fields are
    /// ignored.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        json::from_slice(text.as_bytes())
    }
}

/// What the citizen typed to open the document. Wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum TypedAccess {
    /// Three fields of the machine readable zone.
    Mrz(TypedMrz),
    /// The Card Access Number.
    Can {
        /// 6 digits, or 10 capital letters and digits.
        can: Can,
    },
    /// The line of a driving licence.
    LicenceLine {
        /// Its 30 characters.
        licence_line: TypedLine,
    },
}

impl fmt::Debug for TypedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mrz(_) => "Mrz",
            Self::Can { .. } => "Can",
            Self::LicenceLine { .. } => "LicenceLine",
        })
    }
}

/// The machine readable line of a driving licence as printed (ISO/IEC 18013-3 annex B): 30 characters `A-Z 0-9 <`. The
/// check digit is not looked at here; the daemon does.
#[derive(
    Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, Zeroize, ZeroizeOnDrop,
)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9A-Z<]{30}$"))]
pub struct TypedLine(String);

/// Not 30 characters of those a machine readable line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no line of a driving licence")]
pub struct NotALine;

impl TypedLine {
    /// The 30 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TypedLine {
    type Error = NotALine;
    fn try_from(mut text: String) -> Result<Self, NotALine> {
        if text.len() == 30 && text.bytes().all(may_stand_in_a_line) {
            return Ok(Self(text));
        }
        text.zeroize();
        Err(NotALine)
    }
}

/// The characters of machine readable zones (Doc 9303-3 4.3).
fn may_stand_in_a_line(character: u8) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit() || character == b'<'
}

/// Document number, date of birth and date of expiry as in the machine readable zone (Doc 9303-3 4).
#[derive(
    Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, Zeroize, ZeroizeOnDrop,
)]
#[serde(try_from = "TypedMrzFields")]
pub struct TypedMrz {
    document_number: String,
    date_of_birth: String,
    date_of_expiry: String,
}

#[derive(Deserialize, schemars::JsonSchema, Zeroize, ZeroizeOnDrop)]
struct TypedMrzFields {
    #[schemars(extend("pattern" = "^[0-9A-Z<]{1,22}$"))]
    document_number: String,
    #[schemars(extend("pattern" = "^[0-9<]{6}$"))]
    date_of_birth: String,
    #[schemars(extend("pattern" = "^[0-9]{6}$"))]
    date_of_expiry: String,
}

/// A typed field cannot stand in a machine readable zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not fields of a machine readable zone")]
pub struct NotMrzFields;

impl TypedMrz {
    /// Takes the three fields: a number of 1 to 22 characters `A-Z 0-9 <`, dates as `YYMMDD`, unknown parts of a
    /// birth date as `<`.
    ///
    /// # Errors
    /// [`NotMrzFields`].
    pub fn new(
        document_number: &str,
        date_of_birth: &str,
        date_of_expiry: &str,
    ) -> Result<Self, NotMrzFields> {
        let digit_or_filler = |c: u8| c.is_ascii_digit() || c == b'<';
        let ok = (1..=22).contains(&document_number.len())
            && document_number.bytes().all(may_stand_in_a_line)
            && date_of_birth.len() == 6
            && date_of_birth.bytes().all(digit_or_filler)
            && date_of_expiry.len() == 6
            && date_of_expiry.bytes().all(|c| c.is_ascii_digit());
        if !ok {
            return Err(NotMrzFields);
        }
        Ok(Self {
            document_number: document_number.to_owned(),
            date_of_birth: date_of_birth.to_owned(),
            date_of_expiry: date_of_expiry.to_owned(),
        })
    }

    /// Document number without check digit.
    #[must_use]
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Date of birth, `YYMMDD`.
    #[must_use]
    pub fn date_of_birth(&self) -> &str {
        &self.date_of_birth
    }

    /// Date of expiry, `YYMMDD`.
    #[must_use]
    pub fn date_of_expiry(&self) -> &str {
        &self.date_of_expiry
    }
}

impl TryFrom<TypedMrzFields> for TypedMrz {
    type Error = NotMrzFields;
    fn try_from(fields: TypedMrzFields) -> Result<Self, NotMrzFields> {
        Self::new(
            &fields.document_number,
            &fields.date_of_birth,
            &fields.date_of_expiry,
        )
    }
}

/// What the server decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The login has risen.
    Accepted,
    /// It has not.
    Refused,
}

/// From the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DaemonMessage {
    /// The request is good; the login has begun, or goes on after `resume`.
    Accepted {
        /// The daemon's version, `major.minor.patch`.
        version: String,
        /// The name to come back under.
        session: SessionId,
        /// Seconds until the request ends.
        expires_in: u64,
    },
    /// How far it is.
    State(State),
    /// What the document showed, for the server.
    Evidence {
        /// Compact JWE around [`crate::evidence::Evidence`].
        sealed: String,
    },
    /// What the chip answered, for the server.
    ChipAuthenticationResult {
        /// Compact JWE around [`crate::chip_authentication::ChipAuthenticationResult`].
        sealed: String,
    },
    /// All is done; the document may be taken away.
    Finished,
    /// It has failed, and this socket ends.
    Error(ErrorMessage),
}

impl DaemonMessage {
    /// The error message of a code.
    #[must_use]
    pub fn error(code: Code) -> Self {
        Self::Error(ErrorMessage::from(code))
    }

    /// Writes the text frame.
    ///
    /// # Errors
    /// [`JsonError::Shape`]; no message of this type causes it.
    pub fn to_json(&self) -> Result<String, JsonError> {
        json::to_string(self)
    }
}

/// An error as the page sees it: nothing that names data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ErrorMessage {
    /// Where it failed.
    pub layer: Layer,
    /// What failed.
    pub code: Code,
    /// Whether trying again can help.
    pub retryable: bool,
    /// Who can fix it.
    pub who: Who,
    /// Key of the sentence in Dutch and English.
    pub text: TextKey,
}

/// Key of a sentence; always that of the message's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TextKey(Code);

impl TryFrom<String> for TextKey {
    type Error = crate::error::UnknownCode;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Code::from_text_key(&text).map(Self)
    }
}

impl From<TextKey> for String {
    fn from(key: TextKey) -> Self {
        key.0.text_key()
    }
}

impl From<Code> for ErrorMessage {
    fn from(code: Code) -> Self {
        Self {
            layer: code.layer(),
            code,
            retryable: code.is_retryable(),
            who: code.who(),
            text: TextKey(code),
        }
    }
}

/// How far a login is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct State {
    /// The step.
    pub state: Step,
    /// Progress of the whole, 0 to 100.
    #[schemars(range(max = 100))]
    pub progress: u8,
    /// The reader, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<Reader>,
    /// What the citizen can do, in `paused` and where it helps elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
}

/// The steps of a login in their order, and the pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// No reader yet.
    WaitingForReader,
    /// No document yet.
    WaitingForDocument,
    /// PACE or BAC.
    Opening,
    /// Files are read.
    Reading,
    /// Active Authentication.
    Proving,
    /// The evidence is at the server.
    WaitingForServer,
    /// Chip Authentication by the server.
    Confirming,
    /// The server has decided.
    Done,
    /// Waits for the citizen, and goes on by itself.
    Paused,
}

/// What the citizen can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The document moved: lay it still.
    DocumentMoved,
    /// There is something, but it does not answer: shift it, open the passport, take off the sleeve.
    NotReadable,
    /// More than one document answers: leave one.
    SeveralDocuments,
    /// Take the document away and lay it again.
    LayAgain,
    /// The chip answers, but is no document of the kind asked for.
    OtherDocument,
    /// The chip slows down after wrong attempts: leave it where it is.
    SlowChip,
    /// Another program holds the document.
    InUse,
}

/// The reader in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reader {
    /// Its name as the system gives it.
    pub name: String,
    /// Whether it is plugged in.
    pub attached: bool,
}
