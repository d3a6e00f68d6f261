//! The link of a login to its document.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use icao::transport::{Limits, Transport, TransportError};

use super::Login;
use crate::reader::DocumentLink;

/// A chip that takes longer over one command while it is opened slows down on purpose, as after wrong access data: the
/// longest computation of PACE takes real chips under a second.
const SLOW: Duration = Duration::from_secs(2);

/// A link over which nothing is sent any more once the login was cancelled or its time is over.
pub(super) struct LoginLink<'a, 'l> {
    link: &'a RefCell<&'l mut dyn DocumentLink>,
    login: &'a Login,
}

impl<'a, 'l> LoginLink<'a, 'l> {
    pub(super) fn new(link: &'a RefCell<&'l mut dyn DocumentLink>, login: &'a Login) -> Self {
        Self { link, login }
    }

    fn check(&self) -> Result<(), TransportError> {
        if self.login.is_cancelled() {
            Err(TransportError::Cancelled)
        } else {
            Ok(())
        }
    }
}

impl Transport for LoginLink<'_, '_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.check()?;
        let sent = Instant::now();
        let answer = self.link.borrow_mut().transmit(command);
        if sent.elapsed() >= SLOW {
            self.login.progress.slow();
        }
        answer
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.check()?;
        self.link.borrow_mut().reset()
    }

    fn limits(&self) -> Limits {
        self.link.borrow().limits()
    }
}
