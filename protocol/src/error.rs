//! Every way a login can fail: one code each, with the layer where it fails, whether trying again can help, who can
//! fix it, and the key of its sentence. `rda doctor`, the daemon, the page and the login server use the same codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a login failed, from the browser to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Between page and daemon.
    Browser,
    /// The daemon's gate.
    Gate,
    /// The card service (PC/SC).
    Service,
    /// The reader.
    Reader,
    /// Between reader and chip.
    Link,
    /// Getting into the chip: BAC, BAP, PACE.
    Access,
    /// What the chip holds and proves.
    Chip,
    /// The login server's verdict.
    Server,
}

/// Who can fix it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The person at the desk.
    Citizen,
    /// Whoever runs the login server or this computer.
    Operator,
    /// Whoever wrote the page or the daemon.
    Developer,
}

/// Close codes of the WebSocket (RFC 6455 7.4.2: 4000 to 4999 are for private use).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The conversation ended as it should, or with an error of reader, document or server.
    Normal = 1000,
    /// A message that is none.
    BadMessage = 4400,
    /// The request is refused.
    RequestRefused = 4401,
    /// Nothing came in time.
    TimedOut = 4408,
    /// Another login is under way. Only callers whose origin and signature passed learn it.
    Busy = 4409,
    /// The request was used before.
    RequestUsed = 4410,
    /// The daemon's own fault.
    Internal = 4499,
}

/// No error of this name exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown error code")]
pub struct UnknownCode;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident, $symbol:literal, $layer:ident, $retry:literal, $who:ident, $close:ident;)+) => {
        /// What failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])+ #[serde(rename = $symbol)] $name,)+
        }

        impl Code {
            /// Every code, in the order of the layers.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire, in close frames and logs.
            #[must_use]
            pub const fn symbol(self) -> &'static str {
                match self { $(Self::$name => $symbol,)+ }
            }

            /// Key of the sentence: `error-` and the symbol with hyphens.
            #[must_use]
            pub fn text_key(self) -> String {
                format!("error-{}", self.symbol().replace('_', "-"))
            }

            /// Where it fails.
            #[must_use]
            pub const fn layer(self) -> Layer {
                match self { $(Self::$name => Layer::$layer,)+ }
            }

            /// Whether trying again can help.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retry,)+ }
            }

            /// Who can fix it.
            #[must_use]
            pub const fn who(self) -> Who {
                match self { $(Self::$name => Who::$who,)+ }
            }

            /// With which code the daemon closes the socket after it. Codes of the browser and the server never
            /// come from a daemon.
            #[must_use]
            pub const fn close_code(self) -> CloseCode {
                match self { $(Self::$name => CloseCode::$close,)+ }
            }
        }
    };
}

codes! {
    // Told by the page itself.
    /// No daemon answers on any port: not installed, not running, a shield or policy, another user's session.
    DaemonUnreachable, "daemon_unreachable", Browser, true, Citizen, Normal;
    /// The browser was told not to let this page reach programs on this computer.
    BrowserPermissionDenied, "browser_permission_denied", Browser, true, Citizen, Normal;
    /// The page is embedded in another that does not pass the permission on.
    BrowserFrameNotAllowed, "browser_frame_not_allowed", Browser, false, Developer, Normal;
    /// This browser lets no https page reach a program on this computer.
    BrowserUnsupported, "browser_unsupported", Browser, false, Citizen, Normal;
    /// The socket was lost and does not come back.
    ConnectionLost, "connection_lost", Browser, true, Citizen, Normal;

    /// Not a message of the protocol.
    MessageMalformed, "message_malformed", Gate, false, Developer, BadMessage;
    /// A message that does not belong here.
    MessageUnexpected, "message_unexpected", Gate, false, Developer, BadMessage;
    /// More messages than any login needs.
    TooManyMessages, "too_many_messages", Gate, false, Developer, BadMessage;
    /// The one answer to a request that nobody trusted made for this page.
    RequestRefused, "request_refused", Gate, true, Operator, RequestRefused;
    /// The request's time is over.
    RequestExpired, "request_expired", Gate, true, Citizen, RequestRefused;
    /// The request was used before.
    RequestUsed, "request_used", Gate, true, Citizen, RequestUsed;
    /// A request of a trusted server breaks the rules.
    RequestInvalid, "request_invalid", Gate, false, Operator, RequestRefused;
    /// The request demands a claim that this daemon does not know.
    ClaimUnknown, "claim_unknown", Gate, false, Citizen, RequestRefused;
    /// The server wants a newer daemon.
    DaemonTooOld, "daemon_too_old", Gate, false, Citizen, RequestRefused;
    /// This computer's clock differs too much from the server's.
    ClockWrong, "clock_wrong", Gate, true, Citizen, RequestRefused;
    /// Another login is under way.
    Busy, "busy", Gate, true, Citizen, Busy;
    /// No `start` in time.
    StartTimedOut, "start_timed_out", Gate, true, Developer, TimedOut;
    /// The request's time ended during the login.
    SessionTimedOut, "session_timed_out", Gate, true, Citizen, TimedOut;
    /// No login to come back to.
    SessionUnknown, "session_unknown", Gate, true, Citizen, RequestRefused;
    /// The server's second message is not signed by it, or not for this request and evidence.
    CommandRefused, "command_refused", Gate, false, Operator, RequestRefused;
    /// The server wants something sent to the chip that is not on the list.
    CommandForbidden, "command_forbidden", Gate, false, Operator, RequestRefused;
    /// The citizen refused at the daemon.
    RefusedByCitizen, "refused_by_citizen", Gate, true, Citizen, Normal;
    /// The citizen cancelled on the page.
    Cancelled, "cancelled", Gate, true, Citizen, Normal;
    /// The daemon's own fault.
    Internal, "internal", Gate, true, Developer, Internal;

    /// No card service is installed.
    ServiceAbsent, "service_absent", Service, false, Operator, Normal;
    /// The card service does not run or went away.
    ServiceStopped, "service_stopped", Service, true, Operator, Normal;
    /// The card service does not let this user in.
    ServiceDenied, "service_denied", Service, false, Operator, Normal;
    /// Library and card service are of different versions and do not understand each other.
    ServiceMismatch, "service_mismatch", Service, false, Operator, Normal;

    /// No reader came in time.
    ReaderAbsent, "reader_absent", Reader, true, Citizen, Normal;
    /// The reader was taken away.
    ReaderLost, "reader_lost", Reader, true, Citizen, Normal;
    /// The reader or its driver fails.
    ReaderFailed, "reader_failed", Reader, true, Citizen, Normal;
    /// A reader is attached, and its driver is not installed.
    ReaderDriverMissing, "reader_driver_missing", Reader, false, Operator, Normal;
    /// A reader is attached, and another driver of the system holds it.
    ReaderBlocked, "reader_blocked", Reader, false, Operator, Normal;
    /// No reader reads contactless documents.
    ReaderNotContactless, "reader_not_contactless", Reader, false, Citizen, Normal;

    /// No document came in time.
    DocumentAbsent, "document_absent", Link, true, Citizen, Normal;
    /// The chip went away while it was read.
    DocumentLost, "document_lost", Link, true, Citizen, Normal;
    /// Something lies there, but it does not answer.
    DocumentUnreadable, "document_unreadable", Link, true, Citizen, Normal;
    /// More than one document answers.
    SeveralDocuments, "several_documents", Link, true, Citizen, Normal;
    /// Another document lies there than the one that was being read.
    DocumentSwapped, "document_swapped", Link, true, Citizen, Normal;
    /// Another program holds the document.
    DocumentInUse, "document_in_use", Link, true, Citizen, Normal;

    /// The chip does not take the access data.
    AccessDataWrong, "access_data_wrong", Access, true, Citizen, Normal;
    /// Neither the request nor the citizen gave access data.
    AccessDataMissing, "access_data_missing", Access, true, Citizen, Normal;
    /// The chip opens by PACE only, in a form that this daemon does not speak.
    PaceOnly, "pace_only", Access, false, Developer, Normal;
    /// The chip answers slowly after wrong attempts.
    AccessSlow, "access_slow", Access, true, Citizen, Normal;
    /// The chip has blocked or suspended the access data after wrong attempts (ISO/IEC 7816-4: 6983, 63C0).
    AccessBlocked, "access_blocked", Access, false, Citizen, Normal;
    /// The chip broke off PACE or BAC against the standard.
    AccessFailed, "access_failed", Access, true, Citizen, Normal;

    /// The chip is no travel document or licence.
    NotADocument, "not_a_document", Chip, true, Citizen, Normal;
    /// A document of another kind than asked for.
    DocumentKindWrong, "document_kind_wrong", Chip, true, Citizen, Normal;
    /// The secure channel broke: an answer whose MAC is wrong, or none.
    SecureMessagingFailed, "secure_messaging_failed", Chip, true, Citizen, Normal;
    /// A file is missing or cannot be read.
    FileUnreadable, "file_unreadable", Chip, true, Citizen, Normal;
    /// A file breaks the standard.
    FileMalformed, "file_malformed", Chip, false, Developer, Normal;
    /// The files contradict each other.
    FilesInconsistent, "files_inconsistent", Chip, false, Citizen, Normal;
    /// The chip has neither Active nor Chip Authentication.
    NoChipProof, "no_chip_proof", Chip, false, Citizen, Normal;
    /// Without Chip Authentication the identity file would have to be read here, and the request forbids it.
    IdentityFileNotAllowed, "identity_file_not_allowed", Chip, false, Citizen, Normal;
    /// The chip refused Active Authentication.
    ActiveAuthenticationFailed, "active_authentication_failed", Chip, true, Citizen, Normal;
    /// The chip refused Chip Authentication.
    ChipAuthenticationFailed, "chip_authentication_failed", Chip, true, Citizen, Normal;
    /// The server's key does not fit what the chip offers.
    ChipAuthenticationMismatch, "chip_authentication_mismatch", Chip, false, Operator, Normal;
    /// The document's files do not fit one message.
    EvidenceTooLarge, "evidence_too_large", Chip, false, Developer, Normal;

    // Told by the login server.
    /// The register has no such document of this person.
    DocumentUnknown, "document_unknown", Server, true, Citizen, Normal;
    /// The document is another person's, or another than asked for.
    DocumentMismatch, "document_mismatch", Server, true, Citizen, Normal;
    /// Its date of expiry has passed.
    DocumentExpired, "document_expired", Server, false, Citizen, Normal;
    /// The document was withheld.
    DocumentWithheld, "document_withheld", Server, false, Citizen, Normal;
    /// It expired by law.
    DocumentInvalidated, "document_invalidated", Server, false, Citizen, Normal;
    /// It was reported missing.
    DocumentMissing, "document_missing", Server, false, Citizen, Normal;
    /// It is under investigation.
    DocumentUnderInvestigation, "document_under_investigation", Server, false, Citizen, Normal;
    /// The register cannot be reached now.
    RegisterUnreachable, "register_unreachable", Server, true, Operator, Normal;
    /// Evidence that the document's own list of files demands is not there.
    EvidenceIncomplete, "evidence_incomplete", Server, true, Citizen, Normal;
    /// Evidence that cannot be read.
    EvidenceMalformed, "evidence_malformed", Server, true, Developer, Normal;
    /// The document's data are not those that were signed.
    DocumentAltered, "document_altered", Server, false, Citizen, Normal;
    /// No issuer that the server knows signed the document.
    IssuerUnknown, "issuer_unknown", Server, false, Operator, Normal;
    /// The issuer's signature does not hold.
    SignatureWrong, "signature_wrong", Server, false, Citizen, Normal;
    /// The document's signer was revoked.
    SignerRevoked, "signer_revoked", Server, false, Citizen, Normal;
    /// The chip did not prove itself.
    ChipNotGenuine, "chip_not_genuine", Server, false, Citizen, Normal;
    /// The login session ended.
    LoginExpired, "login_expired", Server, true, Citizen, Normal;
    /// This request was answered before.
    EvidenceRepeated, "evidence_repeated", Server, true, Citizen, Normal;
    /// Too many attempts.
    TooManyAttempts, "too_many_attempts", Server, true, Citizen, Normal;
    /// The login server's own fault.
    ServerFailed, "server_failed", Server, true, Operator, Normal;
}

impl Code {
    /// The code that a text key belongs to.
    ///
    /// # Errors
    /// [`UnknownCode`].
    pub fn from_text_key(key: &str) -> Result<Self, UnknownCode> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.text_key() == key)
            .ok_or(UnknownCode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}
