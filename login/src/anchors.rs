//! What the server verifies against: read at its start, and again once the operator's tool has replaced the trust store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use icao::pki::csca_store::CscaStore;
use icao::pki::{Anchors, IssuingState};

use crate::config::{Config, CscaFolder};
use crate::server::StartError;
use crate::trust::TrustStore;
use crate::verification::{Rules, anchor_kind};

/// In every certificate of the simulator; its private keys are public.
const SIMULATED: &[u8] = b"RDA simulator";

/// The rules as they are now. Who verifies takes them once and keeps them to the end of a step.
pub(crate) struct CurrentRules {
    now: RwLock<InUse>,
    /// The file that was looked at last, whether or not it could be used.
    seen: Mutex<Option<Stamp>>,
}

#[derive(Clone)]
struct InUse {
    rules: Arc<Rules>,
    generation: Option<u64>,
}

/// What changes when a file is replaced. Two that are made in quick succession may bear the same time.
#[derive(PartialEq, Eq)]
struct Stamp {
    #[cfg(unix)]
    inode: u64,
    modified: SystemTime,
    length: u64,
}

impl CurrentRules {
    /// Reads everything that the configuration names.
    ///
    /// # Errors
    /// [`StartError`].
    pub(crate) fn open(config: &Config) -> Result<Self, StartError> {
        // Before the file is read: one that takes its place meanwhile is noticed later.
        let seen = stamp(config);
        Ok(Self {
            now: RwLock::new(InUse::read(config)?),
            seen: Mutex::new(seen),
        })
    }

    /// The rules.
    pub(crate) fn get(&self) -> Arc<Rules> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&now.rules)
    }

    /// Which generation of the trust store they are of; `None` without one.
    pub(crate) fn generation(&self) -> Option<u64> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.generation
    }

    /// Reads everything again if the trust store was replaced since the last look. One that cannot be used is reported, and
    /// the rules stay as they are.
    pub(crate) fn refresh(&self, config: &Config) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let found = stamp(config);
        if *seen == found {
            return;
        }
        *seen = found;
        match InUse::read(config) {
            Ok(new) => {
                let generation = new.generation.unwrap_or_default();
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = new;
                // Only now is it true: who reads the line may ask for the rules at once.
                tracing::info!(generation, "the trust store was replaced, and is in use");
            }
            Err(error) => {
                tracing::error!(%error, "the trust store was replaced, and cannot be used")
            }
        }
    }
}

fn stamp(config: &Config) -> Option<Stamp> {
    let metadata = std::fs::metadata(config.trust_store.as_ref()?).ok()?;
    Some(Stamp {
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        modified: metadata.modified().ok()?,
        length: metadata.len(),
    })
}

impl InUse {
    fn read(config: &Config) -> Result<Self, StartError> {
        let (csca, generation) = csca_store(config)?;
        let policy = config.policy.policy();
        Ok(Self {
            rules: Arc::new(Rules { csca, policy }),
            generation,
        })
    }
}

/// Reads the trust store, then the trust anchors of folders, every file a certificate (DER), and last the revocation lists
/// that they signed. Anchors of the simulator are for tests only. Also the generation of the trust store.
fn csca_store(config: &Config) -> Result<(CscaStore, Option<u64>), StartError> {
    let mut anchors = Anchors::new(&[]);
    let mut generation = None;
    if let Some(path) = &config.trust_store {
        let kept = TrustStore::open(path).map_err(|error| refused(path, error))?;
        kept.add_to(&mut anchors)
            .map_err(|error| refused(path, error))?;
        generation = Some(kept.generation());
    }
    let (mut store, unsigned) = anchors.into_store();
    if let (Some(path), Some((list, error))) = (&config.trust_store, unsigned.first()) {
        let reason = format!("revocation list of {}: {error}", list.issuer());
        return Err(refused(path, reason));
    }
    for anchors in &config.csca {
        let state = issuing_state(anchors)?;
        for (path, der) in files(&anchors.folder)? {
            store
                .add(anchor_kind(anchors.kind), state, &der)
                .map_err(|error| refused(&path, error))?;
        }
    }
    let simulated = |der: &[u8]| der.windows(SIMULATED.len()).any(|part| part == SIMULATED);
    if !config.test
        && let Some((_, _, anchor)) = store
            .iter()
            .find(|(_, _, anchor)| simulated(anchor.certificate().raw()))
    {
        return Err(StartError::Simulated(anchor.fingerprint()));
    }
    // An anchor may stand in another entry of the same kind and state.
    for anchors in &config.csca {
        let Some(folder) = &anchors.revocation_lists else {
            continue;
        };
        let state = issuing_state(anchors)?;
        for (path, der) in files(folder)? {
            store
                .add_revocation_list(anchor_kind(anchors.kind), state, &der)
                .map_err(|error| refused(&path, format!("revocation list: {error}")))?;
        }
    }
    Ok((store, generation))
}

fn issuing_state(anchors: &CscaFolder) -> Result<IssuingState, StartError> {
    IssuingState::parse(&anchors.issuing_state).map_err(|error| refused(&anchors.folder, error))
}

/// The files of a folder with what they hold.
fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, StartError> {
    std::fs::read_dir(folder)
        .map_err(|error| refused(folder, error))?
        .map(|entry| {
            let path = entry.map_err(|error| refused(folder, error))?.path();
            let bytes = std::fs::read(&path).map_err(|error| refused(&path, error))?;
            Ok((path, bytes))
        })
        .collect()
}

fn refused(path: &Path, reason: impl ToString) -> StartError {
    StartError::Csca {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
