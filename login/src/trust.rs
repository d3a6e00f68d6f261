//! `rda-login trust`: the operator's tool for CSCA certificates, master lists and revocation lists.
//!
//! The trust store is one file. It is replaced as a whole, after a review that says what the new one holds and who vouches
//! for it, and each replacement leaves a line in a log beside it. `check` judges document signers' certificates in bulk.

mod check;
mod import;
mod journal;
mod list;
mod review;
mod source;
mod store;

use std::io::Write;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use icao::pki::DocumentKind;
use serde::{Deserialize, Serialize};

pub use source::SourceError;
pub use store::{StoreError, TrustStore};

/// What to do with trust anchors.
#[derive(Subcommand)]
pub enum TrustCommand {
    /// Take certificates, master lists and revocation lists into the trust store, after a review.
    Import(import::ImportArguments),
    /// Show what the trust store holds.
    List(list::ListArguments),
    /// Judge the certificates of document signers.
    Check(check::CheckArguments),
    /// Write the certificates of the trust store to a PEM file or a folder of DER files.
    Export(list::ExportArguments),
}

impl TrustCommand {
    /// Does it. The exit code is 0 if it was done, 3 if an import waits for its review to be accepted.
    ///
    /// # Errors
    /// What keeps it from being done.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Import(arguments) => import::run(&arguments),
            Self::List(arguments) => list::list(&arguments).map(|()| ExitCode::SUCCESS),
            Self::Check(arguments) => check::run(&arguments).map(|()| ExitCode::SUCCESS),
            Self::Export(arguments) => list::export(&arguments).map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Prints to standard output. That whoever reads there has seen enough is no failure.
fn say(text: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The documents that an anchor vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Passports and other travel documents.
    Passport,
    /// Identity cards.
    IdentityCard,
    /// Driving licences.
    DrivingLicence,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::IdentityCard => "identity-card",
            Self::DrivingLicence => "driving-licence",
        }
    }
}

impl From<Kind> for DocumentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Passport => Self::TravelDocument,
            Kind::IdentityCard => Self::IdentityCard,
            Kind::DrivingLicence => Self::DrivingLicence,
        }
    }
}
