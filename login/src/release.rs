//! How often what opens a chip is released for one account, and what the citizen must show first.
//!
//! A document that lies badly is read again and again: the same release in the same session counts once, and a request that
//! releases nothing not at all.

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
    let typed = as_printed(typed);
    let matches = |document: &RegisteredDocument| {
        let number = document.number.as_bytes();
        let last_four = number
            .split_at_checked(number.len().saturating_sub(4))
            .map_or(number, |(_, end)| end);
        bool::from(last_four.ct_eq(typed.as_bytes()))
    };
    documents.into_iter().filter(matches).collect()
}

/// What a citizen typed, as the document has it.
pub fn as_printed(typed: &str) -> String {
    typed.trim().to_ascii_uppercase()
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;
/// Accounts remembered before old entries are swept out.
const MAX_ACCOUNTS: usize = 100_000;

/// Counts what an account does, and says when it is too often.
pub struct Limit {
    /// So often within so many seconds, the longest time first.
    most: &'static [(usize, u64)],
    accounts: Mutex<HashMap<UserName, Vec<u64>>>,
}

impl Limit {
    fn new(most: &'static [(usize, u64)]) -> Self {
        Self {
            most,
            accounts: Mutex::default(),
        }
    }

    /// Of releases, and of wrong last characters with them: 5 an hour and 20 a day.
    pub fn of_releases() -> Self {
        Self::new(&[(20, DAY), (5, HOUR)])
    }

    /// Of requests, whatever they release: 10 a minute. Nobody lays a document down so often; programs do.
    pub fn of_requests() -> Self {
        Self::new(&[(10, MINUTE)])
    }

    /// Counts one; false where there have been too many.
    pub fn count(&self, user: &UserName, now: u64) -> bool {
        let longest = self.most.first().map_or(0, |(_, seconds)| *seconds);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_ACCOUNTS {
            accounts.retain(|_, times| times.last().is_some_and(|t| t + longest > now));
        }
        let times = accounts.entry(user.clone()).or_default();
        times.retain(|t| t + longest > now);
        let within = |seconds: u64| times.iter().filter(|t| **t + seconds > now).count();
        if self
            .most
            .iter()
            .any(|(most, seconds)| within(*seconds) >= *most)
        {
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
        let releases = Limit::of_releases();
        let user = UserName::parse("anna").unwrap();
        let allowed = (0..DAY)
            .step_by(300)
            .filter(|now| releases.count(&user, *now))
            .count();
        assert_eq!(allowed, 20);
        assert!(releases.count(&user, 2 * DAY));
        let other = UserName::parse("bob").unwrap();
        assert_eq!(
            (0..10).filter(|now| releases.count(&other, *now)).count(),
            5
        );
        assert!(releases.count(&other, HOUR));
    }

    #[test]
    fn ten_requests_a_minute() {
        let requests = Limit::of_requests();
        let user = UserName::parse("anna").unwrap();
        let allowed = (0..3 * MINUTE).filter(|now| requests.count(&user, *now));
        assert_eq!(allowed.count(), 30);
    }
}
