//! How often what opens a chip is released for one account, and what the citizen must show first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use subtle::ConstantTimeEq;

use crate::accounts::UserName;
use crate::register::RegisteredDocument;

/// What the citizen must give before a document can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessNeeded {
    /// The last four characters of the document number.
    LastFour,
    /// Document number and dates, which go to the daemon and not to the server.
    Typed,
}

impl AccessNeeded {
    /// The name in the page and in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastFour => "last-four",
            Self::Typed => "typed",
        }
    }
}

/// The documents whose number ends in what the citizen typed.
pub fn with_last_four(documents: Vec<RegisteredDocument>, typed: &str) -> Vec<RegisteredDocument> {
    let typed = typed.trim().to_ascii_uppercase();
    let matches = |document: &RegisteredDocument| {
        let number = document.number.as_bytes();
        let last_four = number
            .split_at_checked(number.len().saturating_sub(4))
            .map_or(number, |(_, end)| end);
        bool::from(last_four.ct_eq(typed.as_bytes()))
    };
    documents.into_iter().filter(matches).collect()
}

const HOUR: u64 = 3600;
const PER_HOUR: usize = 5;
const DAY: u64 = 86_400;
const PER_DAY: usize = 20;
/// Accounts remembered before old entries are swept out.
const MAX_ACCOUNTS: usize = 100_000;

/// Counts releases, and wrong last characters with them: at most 5 an hour and 20 a day for an account.
#[derive(Default)]
pub struct Releases(Mutex<HashMap<UserName, Vec<u64>>>);

impl Releases {
    /// Counts one; false where there have been too many.
    pub fn count(&self, user: &UserName, now: u64) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_ACCOUNTS {
            accounts.retain(|_, times| times.last().is_some_and(|t| t + DAY > now));
        }
        let times = accounts.entry(user.clone()).or_default();
        times.retain(|t| t + DAY > now);
        let last_hour = times.iter().filter(|t| *t + HOUR > now).count();
        if last_hour >= PER_HOUR || times.len() >= PER_DAY {
            return false;
        }
        times.push(now);
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn five_an_hour_and_twenty_a_day() {
        let releases = Releases::default();
        let user = UserName::parse("anna").unwrap();
        let allowed = (0..DAY)
            .step_by(300)
            .filter(|now| releases.count(&user, *now))
            .count();
        assert_eq!(allowed, PER_DAY);
        assert!(releases.count(&user, 2 * DAY));
        let other = UserName::parse("bob").unwrap();
        assert_eq!(
            (0..10).filter(|now| releases.count(&other, *now)).count(),
            PER_HOUR
        );
        assert!(releases.count(&other, HOUR));
    }
}
