//! Who is in: places for sockets that have not shown yet who they are, for pages that were let in, and for those who are
//! being turned away. Every place is bounded, and none is worth holding: a stranger who keeps sockets open loses the
//! oldest of them to the next caller, so that a page comes through however many there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Most sockets of this user that have not shown yet who they are. A browser says it in its first packet.
const MAX_WAITING: usize = 64;
/// Most pages that were let in. One has the login; a citizen with many tabs has a few more.
const MAX_ADMITTED: usize = 32;
/// Most sockets that are being turned away and have not taken it yet; further ones are closed at once.
const MAX_LEAVING: usize = 16;

/// All places.
pub(super) struct Visitors {
    waiting: Arc<Mutex<Waiting>>,
    admitted: Arc<Semaphore>,
    leaving: Arc<Semaphore>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// In the order of arrival; sending tells a socket that its place is taken.
    places: BTreeMap<u64, oneshot::Sender<()>>,
}

impl Visitors {
    pub(super) fn new() -> Self {
        Self {
            waiting: Arc::default(),
            admitted: Arc::new(Semaphore::new(MAX_ADMITTED)),
            leaving: Arc::new(Semaphore::new(MAX_LEAVING)),
        }
    }

    /// A place for a new socket, if need be that of the oldest.
    pub(super) fn arrive(&self) -> Place {
        let (displace, displaced) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.places.len() >= MAX_WAITING
            && let Some((_, oldest)) = waiting.places.pop_first()
        {
            // A socket that was let in at this moment has given its place back already.
            let _ = oldest.send(());
        }
        let id = waiting.next;
        waiting.next = waiting.next.wrapping_add(1);
        waiting.places.insert(id, displace);
        Place {
            id,
            waiting: Arc::clone(&self.waiting),
            displaced,
        }
    }

    /// A place for a page that was let in.
    pub(super) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.admitted).try_acquire_owned().ok()
    }

    /// A place for a socket that is turned away.
    pub(super) fn dismiss(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.leaving).try_acquire_owned().ok()
    }

    /// Whether nobody is there.
    pub(super) fn is_empty(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.places.is_empty()
            && self.admitted.available_permits() == MAX_ADMITTED
            && self.leaving.available_permits() == MAX_LEAVING
    }
}

/// A place among those who have not shown yet who they are; given back when dropped.
pub(super) struct Place {
    id: u64,
    waiting: Arc<Mutex<Waiting>>,
    displaced: oneshot::Receiver<()>,
}

impl Place {
    /// Returns when a newer socket has taken the place.
    pub(super) async fn displaced(&mut self) {
        let _ = (&mut self.displaced).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .places
            .remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_gives_way_and_places_come_back() {
        let visitors = Visitors::new();
        let mut places: Vec<_> = (0..MAX_WAITING).map(|_| visitors.arrive()).collect();
        assert!(
            places
                .iter_mut()
                .all(|place| place.displaced.try_recv().is_err())
        );
        let newest = visitors.arrive();
        assert!(
            places
                .first_mut()
                .is_some_and(|oldest| oldest.displaced.try_recv().is_ok())
        );
        places.truncate(MAX_WAITING / 2);
        assert!(!visitors.is_empty());
        drop((places, newest));
        assert!(visitors.is_empty());
    }

    #[test]
    fn pages_and_those_turned_away_are_counted_apart() {
        let visitors = Visitors::new();
        let leaving: Vec<_> = std::iter::from_fn(|| visitors.dismiss()).collect();
        assert_eq!(leaving.len(), MAX_LEAVING);
        let pages: Vec<_> = std::iter::from_fn(|| visitors.admit()).collect();
        assert_eq!(pages.len(), MAX_ADMITTED);
        drop((leaving, pages));
        assert!(visitors.is_empty());
    }
}
