//! The verifying login server of Remote Document Authentication.
//!
//! A citizen logs in with user name and password, lays a document on a reader, and the session rises to a higher level
//! because the chip proved itself to this server. The order of verification is in [`verification`]; the pages carry
//! messages between this server and the daemon on the citizen's computer, and decide nothing.

pub mod accelerator;
pub mod accounts;
mod anchors;
pub mod api;
pub mod audit;
pub mod browser;
mod confidential;
pub mod config;
pub mod connection;
pub mod cookies;
pub mod date;
pub mod guard;
pub mod history;
pub mod keys;
pub mod language;
pub mod level;
pub mod operations;
pub mod pages;
pub mod password;
pub mod rda;
pub mod register;
pub mod release;
pub mod request;
pub mod server;
pub mod session;
pub mod statistics;
pub mod texts;
pub mod trust;
pub mod verification;
pub mod visit;

pub use config::Config;
pub use server::Server;
