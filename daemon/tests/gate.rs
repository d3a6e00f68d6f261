//! The gate and the socket under attack: raw sockets against a whole daemon with a worker that counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "gate/attacks.rs"]
mod attacks;
#[cfg(all(target_os = "linux", feature = "simulator"))]
#[path = "login_session/cards.rs"]
mod cards;
#[cfg(all(target_os = "linux", feature = "simulator"))]
#[path = "login_session/command.rs"]
mod command;
#[path = "gate/conversation.rs"]
mod conversation;
#[path = "gate/folders.rs"]
mod folders;
#[path = "gate/limits.rs"]
mod limits;
#[cfg(all(target_os = "linux", feature = "simulator"))]
#[path = "gate/notification.rs"]
mod notification;
#[cfg(all(target_os = "linux", feature = "simulator"))]
#[path = "gate/refusal.rs"]
mod refusal;
#[path = "gate/strangers.rs"]
mod strangers;
#[path = "gate/support.rs"]
mod support;
#[path = "gate/timing.rs"]
mod timing;
#[path = "gate/trust_command.rs"]
mod trust_command;
