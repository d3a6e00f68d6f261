//! What can be wrong, finer than the error codes of a login: for each problem the code that a page is told, how bad it is,
//! and what can be done by itself.

use protocol::error::Code;
use serde::Serialize;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The PC/SC library is not installed, or cannot be opened.
    LibraryMissing,
    /// The PC/SC service is not installed.
    ServiceMissing,
    /// The PC/SC service is installed and nothing listens on its socket.
    ServiceStopped,
    /// systemd does not start the PC/SC service when it is needed.
    ServiceNotActivated,
    /// The rights of the socket keep this user out.
    SocketRights,
    /// The service refuses this session: polkit.
    SessionRefused,
    /// Library and service speak different versions of their protocol.
    VersionsDiffer,
    /// The service answers with another error.
    ServiceFails,
    /// A driver of the kernel holds the reader.
    KernelDriver,
    /// The reader's driver is not installed.
    DriverMissing,
    /// The reader's driver is too old to know it.
    DriverTooOld,
    /// No driver for this reader exists.
    ReaderUnsupported,
    /// Driver and service are there, and the reader does not show.
    ReaderSilent,
    /// No reader is attached.
    ReaderAbsent,
    /// The slots that the service has take no contactless documents.
    NotContactless,
    /// Another program holds what lies on the reader for itself.
    InUse,
    /// The reader carries short APDUs only.
    ShortApdus,
    /// No login server is trusted.
    NobodyTrusted,
    /// A trust file does not count.
    TrustFileIgnored,
    /// Other programs hold every port.
    PortsTaken,
    /// Another program or user holds the first port.
    FirstPortTaken,
    /// Nothing starts the daemon.
    NotStarted,
    /// A policy of a browser keeps pages from the daemon.
    BrowserBlocks,
    /// The kernel lacks what the daemon locks itself in with.
    SandboxIncomplete,
    /// Whether the daemon can lock itself in could not be tried.
    SandboxUntried,
    /// The clock is wrong.
    ClockWrong,
    /// The clock is set by nobody.
    ClockNotSet,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 27] = [
        Self::LibraryMissing,
        Self::ServiceMissing,
        Self::ServiceStopped,
        Self::ServiceNotActivated,
        Self::SocketRights,
        Self::SessionRefused,
        Self::VersionsDiffer,
        Self::ServiceFails,
        Self::KernelDriver,
        Self::DriverMissing,
        Self::DriverTooOld,
        Self::ReaderUnsupported,
        Self::ReaderSilent,
        Self::ReaderAbsent,
        Self::NotContactless,
        Self::InUse,
        Self::ShortApdus,
        Self::NobodyTrusted,
        Self::TrustFileIgnored,
        Self::PortsTaken,
        Self::FirstPortTaken,
        Self::NotStarted,
        Self::BrowserBlocks,
        Self::SandboxIncomplete,
        Self::SandboxUntried,
        Self::ClockWrong,
        Self::ClockNotSet,
    ];

    /// The code that a page is told for it, where a login can come so far.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        Some(match self {
            Self::LibraryMissing | Self::ServiceMissing => Code::ServiceAbsent,
            Self::ServiceStopped | Self::ServiceFails => Code::ServiceStopped,
            Self::SocketRights | Self::SessionRefused => Code::ServiceDenied,
            Self::VersionsDiffer => Code::ServiceMismatch,
            Self::KernelDriver => Code::ReaderBlocked,
            Self::DriverMissing | Self::DriverTooOld | Self::ReaderUnsupported => {
                Code::ReaderDriverMissing
            }
            Self::ReaderSilent => Code::ReaderFailed,
            Self::ReaderAbsent => Code::ReaderAbsent,
            Self::NotContactless => Code::ReaderNotContactless,
            Self::InUse => Code::DocumentInUse,
            Self::NobodyTrusted | Self::TrustFileIgnored => Code::RequestRefused,
            Self::PortsTaken | Self::NotStarted => Code::DaemonUnreachable,
            Self::BrowserBlocks => Code::BrowserPermissionDenied,
            Self::ClockWrong => Code::ClockWrong,
            Self::ServiceNotActivated
            | Self::ShortApdus
            | Self::FirstPortTaken
            | Self::SandboxIncomplete
            | Self::SandboxUntried
            | Self::ClockNotSet => return None,
        })
    }

    /// Whether logins go on in spite of it.
    #[must_use]
    pub const fn is_minor(self) -> bool {
        matches!(
            self,
            Self::ServiceNotActivated
                | Self::ShortApdus
                | Self::TrustFileIgnored
                | Self::FirstPortTaken
                | Self::SandboxIncomplete
                | Self::SandboxUntried
                | Self::ClockNotSet
        )
    }
}
