//! The daemon of Remote Document Authentication, as a library, so that whole-system tests can run it in process.

pub mod doctor;
pub mod gate;
pub mod inspect;
pub mod login_session;
#[cfg(target_os = "linux")]
pub mod notification;
pub mod pcsc_loader;
pub mod read;
pub mod reader;
pub mod replay;
#[cfg(target_os = "linux")]
pub mod sandbox;
pub mod server;
pub mod session;
pub mod trust;
pub mod trust_command;
pub mod verify;
