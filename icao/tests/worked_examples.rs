//! The worked examples of Doc 9303-11 and of BSI TR-03110, replayed by the terminal byte for byte.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod worked_examples {
    mod access;
    mod active_authentication;
    mod messaging;
    mod pace;
}

use icao::apdu::{Command, Response, Step};

/// Bytes from hexadecimal text; blanks are for the reader.
fn h(text: &str) -> Vec<u8> {
    hex::decode(text.replace(char::is_whitespace, "")).unwrap()
}

fn response(text: &str) -> Response {
    Response::parse(&h(text)).unwrap()
}

/// The bytes of a command, as text that compares with a published one.
fn bytes(command: &Command) -> String {
    hex::encode_upper(command.to_bytes().unwrap())
}

/// The command that a protocol wants to send, or a failure of the test.
fn command<T: std::fmt::Debug, E: std::fmt::Debug>(step: Result<Step<T>, E>) -> String {
    match step.unwrap() {
        Step::Transmit(command) => bytes(&command),
        Step::Done(outcome) => panic!("done already: {outcome:?}"),
    }
}

fn done<T, E: std::fmt::Debug>(step: Result<Step<T>, E>) -> T {
    match step.unwrap() {
        Step::Done(outcome) => outcome,
        Step::Transmit(command) => panic!("not done, wants {command:?}"),
    }
}
