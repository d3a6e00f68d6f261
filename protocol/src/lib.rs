//! Messages between login page, RDA daemon and login server.
//!
//! The crate holds types, their JSON, and the cryptography that carries them: signed requests (JWS, RFC 7515),
//! sealed evidence (JWE, RFC 7516) and the two bindings of a chip's proof to one origin and one request. It does no
//! input or output and has no clock and no random source of its own: callers pass the time in seconds since 1970
//! and a random number generator.
//!
//! A value that could be built from outside bytes has been checked when it exists: [`request::Request`] is a request
//! whose signature, place and time were verified, [`trust::TrustedServer`] a trust file that obeys its rules.

pub mod bindings;
pub mod chip_authentication;
pub mod encoding;
pub mod error;
pub mod evidence;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod messages;
pub mod origin;
pub mod read_commands;
pub mod request;
pub mod schema;
pub mod text;
pub mod trust;

/// The WebSocket subprotocol that page and daemon negotiate (RFC 6455 1.9).
pub const SUBPROTOCOL: &str = "rda.v1";

/// The ports on which a daemon listens: the first free one.
pub const PORTS: [u16; 3] = [9303, 9304, 9305];

/// Largest frame and largest message on the socket, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;
