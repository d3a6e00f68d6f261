//! What the citizen sees outside the page, which no page can paint over: who asks for the document, which files are read,
//! and a button to refuse (Desktop Notifications Specification 1.2, over D-Bus).
//!
//! A computer without a desktop, or one without notifications, shows none; the log says so, and the login goes on, for
//! the same words stand in the log.

mod bus;
pub mod message;
mod words;

use bus::{Bus, BusError};
use message::{Call, Incoming, Kind, Value};
pub use words::{Words, service_name};

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
/// The name of the button's action; the desktop gives it back.
const REFUSE: &str = "refuse";
/// Stays until it is answered or taken back: what reads an identity document is no small matter.
const CRITICAL: u8 = 2;

/// How a notification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The citizen pressed the button.
    Refused,
    /// The login ended, or the citizen put the notification away.
    None,
}

/// Shows a notification until it is answered or `ended` is ready; then takes it back.
pub async fn show(words: &Words, ended: impl Future<Output = ()>) -> Answer {
    match show_on_bus(words, ended).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(%error, "no notification is shown");
            Answer::None
        }
    }
}

async fn show_on_bus(words: &Words, ended: impl Future<Output = ()>) -> Result<Answer, BusError> {
    let mut ended = std::pin::pin!(ended);
    let (mut bus, asked) = tokio::select! {
        asked = ask(words) => asked?,
        () = &mut ended => return Ok(Answer::None),
    };
    let (mut number, mut desktop, mut over) = (None, None, false);
    loop {
        // A login that ended before the desktop gave the notification its number waits for that, to take it back.
        if over && let Some(number) = number {
            let close = call("CloseNotification").with(Value::Number(number));
            bus.call(&close).await?;
            return Ok(Answer::None);
        }
        let message = tokio::select! {
            message = bus.receive() => message?,
            () = &mut ended, if !over => {
                over = true;
                continue;
            }
        };
        match message.kind {
            Kind::Reply if message.reply_to == Some(asked) => {
                (number, desktop) = (message.number, message.sender);
            }
            Kind::Failure if message.reply_to == Some(asked) => return Err(BusError::NotShown),
            // Any program of this user can send signals; only the one that shows the notification is believed.
            Kind::Signal
                if number.is_some()
                    && message.number == number
                    && message.sender == desktop
                    && message.interface.as_deref() == Some(NOTIFICATIONS) =>
            {
                if let Some(answer) = answer(&message) {
                    return Ok(answer);
                }
            }
            _ => {}
        }
    }
}

/// Asks the desktop to show the notification; the number is that of the call.
async fn ask(words: &Words) -> Result<(Bus, u32), BusError> {
    let mut bus = Bus::connect().await?;
    let wanted = format!("type='signal',sender='{NOTIFICATIONS}',interface='{NOTIFICATIONS}'");
    bus.call(&Call::to_bus("AddMatch").with(Value::Text(wanted)))
        .await?;
    let asked = bus.call(&notify(words)).await?;
    Ok((bus, asked))
}

fn answer(signal: &Incoming) -> Option<Answer> {
    match (signal.member.as_deref()?, signal.text.as_deref()) {
        ("ActionInvoked", Some(REFUSE)) => Some(Answer::Refused),
        ("NotificationClosed", _) => Some(Answer::None),
        _ => None,
    }
}

fn call(member: &'static str) -> Call {
    Call {
        destination: NOTIFICATIONS,
        path: "/org/freedesktop/Notifications",
        interface: NOTIFICATIONS,
        member,
        arguments: Vec::new(),
    }
}

/// `Notify(susssasa{sv}i)`
fn notify(words: &Words) -> Call {
    call("Notify")
        .with(Value::Text("rda".into()))
        .with(Value::Number(0)) // replaces no other
        .with(Value::Text(String::new())) // no icon
        .with(Value::Text(words.title.clone()))
        .with(Value::Text(words.body.clone()))
        .with(Value::Texts(vec![REFUSE.into(), words.refuse.clone()]))
        .with(Value::Hints(vec![("urgency", CRITICAL)]))
        .with(Value::Signed(0)) // no time limit
}
