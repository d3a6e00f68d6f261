//! What the citizen sees outside the page. On this system that is nothing yet: the same words stand in the log.

mod words;

pub use words::{Words, service_name};

/// How a notification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The citizen pressed the button.
    Refused,
    /// The login ended, or the citizen put the notification away.
    None,
}

/// Shows nothing, and says so in the log.
pub async fn show(_: &Words, _ended: impl Future<Output = ()>) -> Answer {
    tracing::info!("no notification is shown: not on this system");
    Answer::None
}
