//! The daemon of Remote Document Authentication, as a library, so that whole-system tests can run it in process.

#[cfg(target_os = "linux")]
pub mod doctor;
#[cfg(not(target_os = "linux"))]
#[path = "doctor/elsewhere.rs"]
pub mod doctor;
pub mod files;
pub mod gate;
pub mod inspect;
pub mod login_session;
#[cfg(target_os = "linux")]
pub mod notification;
#[cfg(not(target_os = "linux"))]
#[path = "notification/elsewhere.rs"]
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
