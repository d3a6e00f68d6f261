//! A login from the worker's side of the socket: the test is page and login server, the chip is simulated.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "login_session/cards.rs"]
mod cards;
#[path = "login_session/command.rs"]
mod command;
#[path = "login_session/documents.rs"]
mod documents;
#[path = "login_session/licences.rs"]
mod licences;
#[path = "login_session/proofs.rs"]
mod proofs;
#[path = "login_session/support.rs"]
mod support;
