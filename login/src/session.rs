//! Sessions of browsers: who is logged in, at which level, since when, and which request is under way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use protocol::error::Code;
use protocol::request::Document;
use sha2::{Digest, Sha256};

use crate::accounts::UserName;
use crate::level::{Level, Means};
use crate::register::Bsn;

/// Seconds without any use after which a session ends.
pub const INACTIVITY: u64 = 15 * 60;
/// Seconds after which a session ends however busy it is.
pub const LIFETIME: u64 = 8 * 60 * 60;

/// The secret in the session cookie: 32 random bytes. Stores keep only its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// From random bytes or from a cookie.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the cookie.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// What a store files the session under: who reads the store cannot take over a session.
    pub fn key(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// A level with when and how it was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achieved {
    /// The level.
    pub level: Level,
    /// Seconds since 1970.
    pub at: u64,
    /// By which means.
    pub means: Means,
    /// Which kind of document, where the means is a document.
    pub document: Option<Document>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names the session in the audit log from start to end.
    pub reference: String,
    /// The account.
    pub user: UserName,
    /// The person.
    pub bsn: Bsn,
    /// The level reached.
    pub achieved: Achieved,
    /// `jti` of the one request that this session may answer.
    pub request: Option<[u8; 32]>,
    /// The kind of document that this request asks for.
    pub asked: Option<Document>,
    /// Keyed hashes of what was released to it: that is not counted again.
    pub released: Vec<String>,
    /// How the last attempt ended, where it was refused.
    pub refused: Option<Code>,
    /// Whether this browser has succeeded with this account before (then the last four characters are not asked).
    pub known_browser: bool,
    /// Start of the session, seconds since 1970.
    pub started: u64,
    /// Last use, seconds since 1970.
    pub used: u64,
}

impl Session {
    /// Whether the session has ended by time.
    pub fn expired(&self, now: u64) -> bool {
        now >= self.used.saturating_add(INACTIVITY) || now >= self.started.saturating_add(LIFETIME)
    }
}

/// The store is full.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for another session")]
pub struct StoreFull;

/// Where sessions live. Each operation is atomic.
pub trait SessionStore: Send + Sync {
    /// Files a new session. Ended ones count until they are swept out.
    ///
    /// # Errors
    /// [`StoreFull`].
    fn create(&self, id: &SessionId, session: Session) -> Result<(), StoreFull>;

    /// The session, unless it has ended; its use is noted.
    fn touch(&self, id: &SessionId, now: u64) -> Option<Session>;

    /// Changes a session if it has not ended and `change` agrees (returns true); whether it did.
    fn update(
        &self,
        id: &SessionId,
        now: u64,
        change: &mut dyn FnMut(&mut Session) -> bool,
    ) -> bool;

    /// As [`SessionStore::update`], and files it under a new id: the old one names nothing any more.
    fn rotate(
        &self,
        id: &SessionId,
        new: &SessionId,
        now: u64,
        change: &mut dyn FnMut(&mut Session) -> bool,
    ) -> bool;

    /// Removes the sessions that have ended by time and returns them.
    fn sweep(&self, now: u64) -> Vec<Session>;

    /// Ends a session and returns it.
    fn remove(&self, id: &SessionId) -> Option<Session>;

    /// How many there are, ended ones included that were not yet swept out.
    fn count(&self) -> usize;
}

/// Sessions in the memory of this process.
pub struct MemorySessions {
    sessions: Mutex<HashMap<[u8; 32], Session>>,
    capacity: usize,
}

impl MemorySessions {
    /// A store of at most `capacity` sessions.
    pub fn new(capacity: usize) -> Self {
        Self {
            sessions: Mutex::new(HashMap::new()),
            capacity,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MemorySessions {
    fn create(&self, id: &SessionId, session: Session) -> Result<(), StoreFull> {
        let mut sessions = self.lock();
        if sessions.len() >= self.capacity {
            return Err(StoreFull);
        }
        sessions.insert(id.key(), session);
        Ok(())
    }

    fn touch(&self, id: &SessionId, now: u64) -> Option<Session> {
        let mut sessions = self.lock();
        let session = sessions
            .get_mut(&id.key())
            .filter(|session| !session.expired(now))?;
        session.used = now;
        Some(session.clone())
    }

    fn update(
        &self,
        id: &SessionId,
        now: u64,
        change: &mut dyn FnMut(&mut Session) -> bool,
    ) -> bool {
        self.lock()
            .get_mut(&id.key())
            .is_some_and(|session| !session.expired(now) && change(session))
    }

    fn rotate(
        &self,
        id: &SessionId,
        new: &SessionId,
        now: u64,
        change: &mut dyn FnMut(&mut Session) -> bool,
    ) -> bool {
        let mut sessions = self.lock();
        let Some(mut session) = sessions.get(&id.key()).filter(|s| !s.expired(now)).cloned() else {
            return false;
        };
        if !change(&mut session) {
            return false;
        }
        sessions.remove(&id.key());
        sessions.insert(new.key(), session);
        true
    }

    fn sweep(&self, now: u64) -> Vec<Session> {
        let mut sessions = self.lock();
        let ended = sessions.extract_if(|_, session| session.expired(now));
        ended.map(|(_, session)| session).collect()
    }

    fn remove(&self, id: &SessionId) -> Option<Session> {
        self.lock().remove(&id.key())
    }

    fn count(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn session(now: u64) -> Session {
        Session {
            reference: String::new(),
            user: UserName::parse("anna").unwrap(),
            bsn: Bsn::parse("999990019").unwrap(),
            achieved: Achieved {
                level: Level(10),
                at: now,
                means: Means::Password,
                document: None,
            },
            request: None,
            asked: None,
            released: Vec::new(),
            refused: None,
            known_browser: false,
            started: now,
            used: now,
        }
    }

    fn id(byte: u8) -> SessionId {
        SessionId::from_bytes([byte; 32])
    }

    #[test]
    fn fifteen_minutes_of_inactivity_end_a_session() {
        let store = MemorySessions::new(10);
        store.create(&id(1), session(0)).unwrap();
        assert!(store.touch(&id(1), INACTIVITY - 1).is_some());
        assert!(store.touch(&id(1), 2 * INACTIVITY - 2).is_some());
        assert!(store.touch(&id(1), 3 * INACTIVITY - 2).is_none());
    }

    #[test]
    fn no_session_outlives_its_lifetime() {
        let store = MemorySessions::new(10);
        store.create(&id(1), session(0)).unwrap();
        let mut now = 0;
        while now + 600 < LIFETIME {
            now += 600;
            assert!(store.touch(&id(1), now).is_some());
        }
        assert!(store.touch(&id(1), LIFETIME).is_none());
    }

    #[test]
    fn rotation_leaves_nothing_under_the_old_id() {
        let store = MemorySessions::new(10);
        store.create(&id(1), session(0)).unwrap();
        assert!(!store.rotate(&id(1), &id(2), 1, &mut |_| false));
        assert!(store.touch(&id(1), 1).is_some());
        assert!(store.rotate(&id(1), &id(2), 1, &mut |s| {
            s.achieved.level = Level(25);
            true
        }));
        assert!(store.touch(&id(1), 1).is_none());
        assert_eq!(store.touch(&id(2), 1).unwrap().achieved.level, Level(25));
    }

    #[test]
    fn the_store_has_an_end_and_sweeping_makes_room() {
        let store = MemorySessions::new(2);
        store.create(&id(1), session(0)).unwrap();
        store.create(&id(2), session(0)).unwrap();
        assert!(store.sweep(1).is_empty());
        assert_eq!(store.create(&id(3), session(1)), Err(StoreFull));
        store.update(&id(1), 1, &mut |session| {
            session.request = Some([7; 32]);
            true
        });
        let ended = store.sweep(INACTIVITY);
        assert_eq!(ended.len(), 2);
        assert!(ended.iter().any(|session| session.request == Some([7; 32])));
        assert_eq!(store.create(&id(3), session(INACTIVITY)), Ok(()));
        assert!(
            store.touch(&id(1), 0).is_none(),
            "an ended session does not come back"
        );
    }
}
