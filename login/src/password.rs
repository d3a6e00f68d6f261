//! The password: argon2id (RFC 9106) and the brake on guessing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::accounts::{Accounts, UserName};
use crate::confidential::confidential;
use crate::register::Bsn;

/// Passwords longer than this many bytes are refused before hashing.
pub const MAX_PASSWORD: usize = 1024;

/// The time, in seconds, in which wrong passwords are counted together.
const WINDOW: u64 = 15 * 60;
/// Wrong passwords within [`WINDOW`] that bring no delay yet.
const FREE: usize = 5;
/// Attempts that one bucket remembers; the delay is at its longest well before.
const REMEMBERED: usize = 32;
/// Buckets kept before old ones are swept out.
const MAX_BUCKETS: usize = 100_000;

/// Why the password was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The user name does not exist or the password is not that of the user: never told apart.
    #[error("user name or password is wrong")]
    Wrong,
    /// Too many wrong passwords; nothing was checked.
    #[error("too many wrong passwords, try again in {seconds} s")]
    Wait {
        /// Seconds until the next attempt is taken.
        seconds: u64,
    },
    /// The server is hashing as many passwords as it has memory for.
    #[error("too busy to check a password")]
    Busy,
    /// The hash could not be computed.
    #[error("the password could not be checked")]
    Internal,
}

/// Makes the PHC string of a password, as the file of accounts holds it.
///
/// # Errors
/// [`PasswordError::Internal`] where hashing fails.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Internal)
}

/// Checks passwords.
pub struct Passwords {
    accounts: Accounts,
    throttle: Throttle,
    /// Verified for unknown users, so that an answer takes as long for them.
    decoy: String,
    /// Places for attempts from browsers that nobody knows.
    places: Arc<Semaphore>,
    /// Places for those from known browsers: a flood of the others does not take them.
    kept_places: Arc<Semaphore>,
}

/// How long an attempt from a known browser waits for a place: each takes some tens of milliseconds.
const PLACE_WITHIN: Duration = Duration::from_secs(10);

impl Passwords {
    /// # Errors
    /// [`PasswordError::Internal`] where the decoy cannot be hashed.
    pub fn new(accounts: Accounts) -> Result<Self, PasswordError> {
        Ok(Self {
            accounts,
            throttle: Throttle::default(),
            decoy: hash("no account has this password")?,
            // 19 MiB each.
            places: Arc::new(Semaphore::new(4)),
            kept_places: Arc::new(Semaphore::new(2)),
        })
    }

    /// The person of an account.
    pub fn person(&self, user: &UserName) -> Option<Bsn> {
        self.accounts.get(user).map(|account| account.bsn.clone())
    }

    /// Checks one attempt. `known_browser` names a browser in which this user has succeeded before: its attempts are
    /// counted apart, so that a stranger who guesses cannot keep the citizen out.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn check(
        self: &Arc<Self>,
        user: UserName,
        password: Zeroizing<String>,
        address: IpAddr,
        known_browser: Option<[u8; 16]>,
        now: u64,
    ) -> Result<(), PasswordError> {
        let keys = match known_browser {
            Some(id) => vec![Bucket::Browser(user.clone(), id)],
            None => vec![Bucket::Account(user.clone()), Bucket::address(address)],
        };
        // Counted as wrong before it is checked: a hundred attempts at the same moment are a hundred attempts.
        self.throttle
            .begin(&keys, now)
            .map_err(|seconds| PasswordError::Wait { seconds })?;
        let place = if known_browser.is_some() {
            let place = Arc::clone(&self.kept_places).acquire_owned();
            timeout(PLACE_WITHIN, place).await.ok().and_then(Result::ok)
        } else {
            Arc::clone(&self.places).try_acquire_owned().ok()
        };
        let Some(place) = place else {
            // The account has no part in it; the address may have.
            self.throttle.undo(keys.get(..1).unwrap_or_default(), now);
            return Err(PasswordError::Busy);
        };
        let this = Arc::clone(self);
        let right = confidential(move || {
            let _place = place;
            this.matches(&user, &password)
        })
        .await
        .map_err(|_| PasswordError::Internal)?;
        if right {
            self.throttle.undo(&keys, now);
            Ok(())
        } else {
            Err(PasswordError::Wrong)
        }
    }

    fn matches(&self, user: &UserName, password: &str) -> bool {
        let account = self.accounts.get(user);
        let phc = account.map_or(self.decoy.as_str(), |a| a.password.as_str());
        let verified = PasswordHash::new(phc).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        verified && account.is_some()
    }
}

/// What wrong passwords are counted by.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Bucket {
    Account(UserName),
    Address(IpAddr),
    Browser(UserName, [u8; 16]),
}

impl Bucket {
    /// An IPv6 subscriber owns a /64, so that is what is counted.
    fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 => v4,
        })
    }
}

/// Times of recent wrong attempts, by bucket.
#[derive(Default)]
struct Throttle(Mutex<HashMap<Bucket, Vec<u64>>>);

impl Throttle {
    /// Counts an attempt in every bucket, or says how many seconds to wait.
    fn begin(&self, keys: &[Bucket], now: u64) -> Result<(), u64> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, times| times.last().is_some_and(|t| t + WINDOW > now));
        }
        let mut wait = 0;
        for key in keys {
            if let Some(times) = buckets.get_mut(key) {
                times.retain(|t| t + WINDOW > now);
                let next = times.last().map_or(0, |last| last + delay(times.len()));
                wait = wait.max(next.saturating_sub(now));
            }
        }
        if wait > 0 {
            return Err(wait);
        }
        for key in keys {
            let times = buckets.entry(key.clone()).or_default();
            if times.len() >= REMEMBERED {
                times.remove(0);
            }
            times.push(now);
        }
        Ok(())
    }

    /// Takes an attempt back: the password was right, or was never checked.
    fn undo(&self, keys: &[Bucket], now: u64) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Some(times) = buckets.get_mut(key)
                && let Some(index) = times.iter().rposition(|t| *t == now)
            {
                times.remove(index);
                if times.is_empty() {
                    buckets.remove(key);
                }
            }
        }
    }
}

/// Seconds that must pass after the last of `wrong` attempts: 0 up to five, then 2, 4, 8, … up to 15 minutes.
fn delay(wrong: usize) -> u64 {
    match wrong.checked_sub(FREE) {
        None => 0,
        Some(over) => 2u64.checked_shl(over as u32).unwrap_or(WINDOW).min(WINDOW),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn passwords() -> Arc<Passwords> {
        let accounts = format!(
            "[[account]]\nuser=\"anna\"\npassword=\"{}\"\nbsn=\"999990019\"\n",
            hash("correct horse").unwrap()
        );
        Arc::new(Passwords::new(Accounts::parse(&accounts).unwrap()).unwrap())
    }

    fn check(
        passwords: &Arc<Passwords>,
        user: &str,
        password: &str,
        from: IpAddr,
        browser: Option<[u8; 16]>,
        now: u64,
    ) -> Result<(), PasswordError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(passwords.check(
            UserName::parse(user).unwrap(),
            Zeroizing::new(password.to_owned()),
            from,
            browser,
            now,
        ))
    }

    #[test]
    fn right_and_wrong() {
        let p = passwords();
        assert_eq!(check(&p, "Anna", "correct horse", HERE, None, 0), Ok(()));
        assert_eq!(
            check(&p, "anna", "wrong", HERE, None, 0),
            Err(PasswordError::Wrong)
        );
        assert_eq!(
            check(&p, "nobody", "correct horse", HERE, None, 0),
            Err(PasswordError::Wrong)
        );
        // The decoy's own password opens nothing.
        assert_eq!(
            check(&p, "nobody", "no account has this password", HERE, None, 0),
            Err(PasswordError::Wrong)
        );
    }

    #[test]
    fn a_flood_of_strangers_leaves_places_for_known_browsers() {
        let p = passwords();
        let flood = Arc::clone(&p.places).try_acquire_many_owned(4).unwrap();
        let known = Some([1; 16]);
        assert_eq!(check(&p, "anna", "correct horse", HERE, known, 0), Ok(()));
        // Others are told to come back, which counts against the address, and not against the account.
        for _ in 0..5 {
            assert_eq!(
                check(&p, "anna", "correct horse", HERE, None, 0),
                Err(PasswordError::Busy)
            );
        }
        drop(flood);
        assert!(matches!(
            check(&p, "anna", "correct horse", HERE, None, 0),
            Err(PasswordError::Wait { .. })
        ));
        assert_eq!(check(&p, "anna", "correct horse", THERE, None, 0), Ok(()));
    }

    #[test]
    fn five_wrong_passwords_bring_a_growing_delay_but_not_to_a_known_browser() {
        let p = passwords();
        for second in 0..5 {
            assert_eq!(
                check(&p, "anna", "wrong", HERE, None, second),
                Err(PasswordError::Wrong)
            );
        }
        // The right password is not even looked at, from here or elsewhere, for this account or from this address.
        assert_eq!(
            check(&p, "anna", "correct horse", HERE, None, 5),
            Err(PasswordError::Wait { seconds: 1 })
        );
        assert_eq!(
            check(&p, "anna", "correct horse", THERE, None, 5),
            Err(PasswordError::Wait { seconds: 1 })
        );
        assert_eq!(
            check(&p, "other", "x", HERE, None, 5),
            Err(PasswordError::Wait { seconds: 1 })
        );
        assert_eq!(
            check(&p, "anna", "correct horse", HERE, Some([7; 16]), 5),
            Ok(())
        );
        // It grows.
        assert_eq!(
            check(&p, "anna", "wrong", HERE, None, 6),
            Err(PasswordError::Wrong)
        );
        assert_eq!(
            check(&p, "anna", "wrong", HERE, None, 7),
            Err(PasswordError::Wait { seconds: 3 })
        );
        assert_eq!(
            check(&p, "anna", "wrong", HERE, None, 10),
            Err(PasswordError::Wrong)
        );
        assert_eq!(
            check(&p, "anna", "wrong", HERE, None, 11),
            Err(PasswordError::Wait { seconds: 7 })
        );
        // And it ends.
        assert_eq!(
            check(&p, "anna", "correct horse", HERE, None, 11 + WINDOW),
            Ok(())
        );
    }

    #[test]
    fn a_known_browser_is_counted_too_and_only_for_its_user() {
        let p = passwords();
        for _ in 0..5 {
            assert_eq!(
                check(&p, "anna", "wrong", HERE, Some([7; 16]), 0),
                Err(PasswordError::Wrong)
            );
        }
        assert!(matches!(
            check(&p, "anna", "wrong", HERE, Some([7; 16]), 0),
            Err(PasswordError::Wait { .. })
        ));
        assert_eq!(check(&p, "anna", "correct horse", HERE, None, 0), Ok(()));
    }

    #[test]
    fn delays_grow_to_a_limit() {
        let delays: Vec<_> = (4..=16).map(delay).collect();
        assert_eq!(
            delays,
            [0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
        );
        assert_eq!(delay(usize::MAX), WINDOW);
    }

    #[test]
    fn addresses_of_one_ipv6_subscriber_are_one() {
        let a: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        let b: IpAddr = "2001:db8:1:2:ffff::1".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert!(Bucket::address(a) == Bucket::address(b));
        assert!(Bucket::address(mapped) == Bucket::address(HERE));
    }
}
