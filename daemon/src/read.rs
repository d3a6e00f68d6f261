//! `rda read`: reads a document here and now, and says what is true of it.
//!
//! For the person whose document it is, and for trying readers: all checks are made on this computer, with the CSCA
//! certificates that are given. What the outcome holds is names of checks, files and protocols; the content of the
//! document goes only where the caller writes it.

mod checks;
mod input;
mod summary;

use std::collections::BTreeMap;

use icao::access_key::AccessKey;
use icao::driving_licence;
use icao::lds::sod::Sod;
use icao::lds::{Application, DataGroup, Dg1};
use icao::pki::{CscaStore, DocumentKind, UnixTime};
use icao::terminal::{AccessProtocol, Error, Policy, Terminal, Transcript};
use icao::verifier::authentication_key_group;
use rand_core::UnwrapErr;
use zeroize::Zeroizing;

pub use checks::{Checks, Outcome, Report};
pub use summary::Summary;

pub use input::{AccessInput, InputError, parse_time, trust_anchors};

use crate::reader::{DocumentLink, DocumentSource, ReaderError};

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Readers or service failed.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// The chip could not be opened or read.
    #[error(transparent)]
    Chip(#[from] Error),
    /// EF.SOD breaks the standard, so nothing can be said of the document.
    #[error("EF.SOD: {0}")]
    Sod(#[from] icao::lds::sod::SodError),
}

/// What was read: bytes as the chip gave them, and what the checks say of them.
pub struct Reading {
    /// Files by name: `EF_SOD`, `DG1`, …
    pub files: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// How the chip was opened.
    pub access: AccessProtocol,
    /// What the checks say.
    pub checks: Checks,
    /// What the conversation cost.
    pub transcript: Transcript,
    /// The reader's name.
    pub reader: String,
}

/// What the checks are made against.
pub struct Trust {
    /// CSCA certificates.
    pub anchors: CscaStore,
    /// The time at which certificates have to be valid.
    pub time: UnixTime,
}

/// Waits for a document, reads all of its files that may be read, and makes every check it allows.
///
/// # Errors
/// [`ReadError`]. A check that fails is no error: it is in the outcome.
pub fn read(
    source: &mut dyn DocumentSource,
    application: Application,
    keys: &[AccessKey],
    trust: &Trust,
    progress: &mut dyn FnMut(icao::terminal::Event),
) -> Result<Reading, ReadError> {
    loop {
        let mut link = source.next_document()?;
        match read_from(&mut *link, application, keys, trust, progress) {
            // Some other card; the document is still to come.
            Err(ReadError::Chip(Error::NotADocument(_))) => link.dismiss(),
            outcome => return outcome,
        }
    }
}

fn read_from(
    link: &mut dyn DocumentLink,
    application: Application,
    keys: &[AccessKey],
    trust: &Trust,
    progress: &mut dyn FnMut(icao::terminal::Event),
) -> Result<Reading, ReadError> {
    let reader = link.reader_name().to_owned();
    let mut rng = UnwrapErr(getrandom::SysRng);
    let mut terminal =
        Terminal::new(link, &mut rng, Policy::default(), progress).for_application(application);
    let mut files = BTreeMap::new();
    let access = terminal.open(keys)?;
    let card_access = terminal.card_access()?.cloned();
    if let Some(file) = &card_access {
        files.insert("EF_CardAccess".to_owned(), file.raw().to_vec().into());
    }
    // What the chip proved in PACE with Chip Authentication Mapping, it proved to this terminal.
    let card_security = match terminal.chip_authentication_mapping() {
        Some(_) => terminal.card_security()?,
        None => None,
    };
    if let Some(file) = &card_security {
        files.insert("EF_CardSecurity".to_owned(), file.clone().into());
    }
    let sod = Sod::parse(&terminal.read(application.ef_sod())?)?;
    files.insert("EF_SOD".to_owned(), sod.raw().to_vec().into());

    // EF.SOD alone says which files there are; EF.COM is kept where it can be read, and believed in nothing.
    if let Some(com) = if_readable(terminal.read(application.ef_com()))? {
        files.insert("EF_COM".to_owned(), com);
    }
    // The kind decides which group has the key; among travel documents it is one and the same.
    let key_group = authentication_key_group(match application {
        Application::TravelDocument => DocumentKind::TravelDocument,
        Application::DrivingLicence => DocumentKind::DrivingLicence,
    });
    // The keys first: some chips end secure messaging with the proof, and the rest is read after it.
    let listed: Vec<DataGroup> = sod.security_object().hashes.keys().copied().collect();
    let (keys_first, rest): (Vec<_>, Vec<_>) = listed
        .into_iter()
        .partition(|group| [DataGroup::DG14, key_group].contains(group));
    let mut groups = BTreeMap::new();
    for group in keys_first {
        if let Some(file) = if_readable(terminal.read(application.data_group(group)))? {
            groups.insert(group, file);
        }
    }
    let proofs = checks::prove(&mut terminal, key_group, &groups)?;
    for group in rest {
        if let Some(file) = if_readable(terminal.read(application.data_group(group)))? {
            groups.insert(group, file);
        }
    }
    let (kind, state) = issue(
        application,
        groups.get(&DataGroup::DG1).map(|file| &***file),
    );
    let issued = checks::Issue {
        kind,
        state: &state,
        trust,
    };
    let mut checks = checks::judge(&sod, card_access.as_ref(), &groups, proofs, &issued);
    checks.chip_authentication_mapping = checks::mapping(
        terminal.chip_authentication_mapping(),
        card_security.as_deref(),
        &issued,
    );
    files.extend(
        groups
            .into_iter()
            .map(|(group, file)| (group.to_string(), file)),
    );
    Ok(Reading {
        files,
        access,
        checks,
        transcript: terminal.transcript(),
        reader,
    })
}

/// Kind of the document and its issuing state, as DG1 has them. Without it there is no state to look up, and the chain
/// cannot be trusted.
fn issue(application: Application, dg1: Option<&[u8]>) -> (DocumentKind, String) {
    let unknown = (DocumentKind::TravelDocument, String::new());
    match (application, dg1) {
        (Application::TravelDocument, Some(dg1)) => Dg1::parse(dg1).map_or(unknown, |dg1| {
            let mrz = dg1.mrz();
            // Documents of type P are passports; all others of Doc 9303 are cards.
            let kind = match mrz.document_code().starts_with('P') {
                true => DocumentKind::TravelDocument,
                false => DocumentKind::IdentityCard,
            };
            (kind, mrz.issuing_state().to_owned())
        }),
        (Application::TravelDocument, None) => unknown,
        (Application::DrivingLicence, dg1) => {
            let dg1 = dg1.and_then(|dg1| driving_licence::Dg1::parse(dg1).ok());
            let state = dg1.map_or_else(String::new, |dg1| dg1.issuing_state().to_owned());
            (DocumentKind::DrivingLicence, state)
        }
    }
}

/// A file that is missing or protected is no failure of the reading.
fn if_readable(
    read: Result<Zeroizing<Vec<u8>>, Error>,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    match read {
        Ok(file) => Ok(Some(file)),
        Err(Error::FileNotFound(_) | Error::FileProtected(_) | Error::Status { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
