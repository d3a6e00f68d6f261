//! Basic Access Control (Doc 9303-11, 4.3), and Basic Access Protection configuration 1 of driving licences, which is
//! the same handshake.
//!
//! ```text
//! GET CHALLENGE                              ▶   ◀ RND.IC
//! EXTERNAL AUTHENTICATE  E_IFD ‖ M_IFD       ▶   ◀ E_IC ‖ M_IC
//! E = 3DES(K_Enc, own nonce ‖ other nonce ‖ own half of the key seed)
//! ```
//!
//! The chip is believed only when its MAC *and* both nonces are right.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::access_key::AccessKey;
use crate::apdu::{Command, Response, StatusWord, Step};
use crate::crypto::cipher::{CipherError, CipherSuite};
use crate::secure_messaging::{SecureMessaging, SecureMessagingError, SessionKeys};

const SUITE: CipherSuite = CipherSuite::TripleDes;
/// Initialisation vector of the handshake.
const IV: [u8; 8] = [0; 8];

/// Why Basic Access Control failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BacError {
    /// The access key does not come from a machine readable zone.
    #[error("this access key does not serve Basic Access Control")]
    NotFromMrz,
    /// The chip refused GET CHALLENGE.
    #[error("GET CHALLENGE answered with {0}")]
    Challenge(StatusWord),
    /// RND.IC is not 8 bytes long.
    #[error("the chip's challenge is not 8 bytes long")]
    ChallengeLength,
    /// The chip refused the terminal's cryptogram: as a rule, the access data are of another document.
    #[error("wrong access key: EXTERNAL AUTHENTICATE answered with {0}")]
    WrongKey(StatusWord),
    /// The chip did not do EXTERNAL AUTHENTICATE at all, as documents without BAC do not.
    #[error("EXTERNAL AUTHENTICATE answered with {0}")]
    Authenticate(StatusWord),
    /// The chip's answer is not 40 bytes long.
    #[error("the chip's cryptogram is not 40 bytes long")]
    ResponseLength,
    /// The MAC of the chip's answer is wrong.
    #[error("the chip's message authentication code is wrong")]
    Mac,
    /// The chip's answer is authentic but not to this challenge.
    #[error("the chip's cryptogram does not hold the nonces of this session")]
    Nonce,
    /// `next` and `receive` were not called in turns, or after the end.
    #[error("Basic Access Control called out of turn")]
    OutOfTurn,
}

enum State {
    Challenge,
    Authenticate { rnd_ic: [u8; 8] },
    Done(SecureMessaging),
    Over,
}

/// The terminal's side of Basic Access Control.
pub struct Bac {
    keys: SessionKeys,
    rnd_ifd: [u8; 8],
    k_ifd: Zeroizing<[u8; 16]>,
    ne: u32,
    state: State,
}

impl Bac {
    /// Starts with fresh random RND.IFD and K.IFD.
    ///
    /// # Errors
    /// [`BacError::NotFromMrz`] for an access key that serves PACE only.
    pub fn new(key: &AccessKey, rnd_ifd: [u8; 8], k_ifd: [u8; 16]) -> Result<Self, BacError> {
        let seed = key.bac_seed().ok_or(BacError::NotFromMrz)?;
        Ok(Self {
            keys: SessionKeys::derive(SUITE, &*seed),
            rnd_ifd,
            k_ifd: k_ifd.into(),
            ne: 40,
            state: State::Challenge,
        })
    }

    /// Lets EXTERNAL AUTHENTICATE expect any length (Le 00) instead of 40 bytes, as some chips insist on.
    #[must_use]
    pub fn with_open_length(mut self) -> Self {
        self.ne = crate::apdu::MAX_SHORT_NE;
        self
    }

    /// The next command, or the channel that was opened.
    ///
    /// # Errors
    /// [`BacError::OutOfTurn`] after the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "no iterator: an answer comes between two steps"
    )]
    pub fn next(&mut self) -> Result<Step<SecureMessaging>, BacError> {
        match &self.state {
            State::Challenge => Ok(Step::Transmit(Command::get_challenge())),
            State::Authenticate { rnd_ic } => {
                let data = self.cryptogram(rnd_ic).map_err(|_| BacError::OutOfTurn)?;
                Ok(Step::Transmit(Command::external_authenticate(
                    data, self.ne,
                )))
            }
            State::Done(_) | State::Over => {
                match core::mem::replace(&mut self.state, State::Over) {
                    State::Done(channel) => Ok(Step::Done(channel)),
                    _ => Err(BacError::OutOfTurn),
                }
            }
        }
    }

    /// Takes the answer to the command that [`Self::next`] gave.
    ///
    /// # Errors
    /// Any [`BacError`]; the protocol is over then.
    pub fn receive(&mut self, response: &Response) -> Result<(), BacError> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Challenge => {
                if !response.status.is_ok() {
                    return Err(BacError::Challenge(response.status));
                }
                let rnd_ic = <[u8; 8]>::try_from(&*response.data);
                let rnd_ic = rnd_ic.map_err(|_| BacError::ChallengeLength)?;
                self.state = State::Authenticate { rnd_ic };
            }
            State::Authenticate { rnd_ic } => {
                self.state = State::Done(self.open(&rnd_ic, response)?);
            }
            State::Done(_) | State::Over => return Err(BacError::OutOfTurn),
        }
        Ok(())
    }

    /// E_IFD ‖ M_IFD, 40 bytes.
    fn cryptogram(&self, rnd_ic: &[u8; 8]) -> Result<Vec<u8>, CipherError> {
        let plain = Zeroizing::new([&self.rnd_ifd, &rnd_ic[..], &self.k_ifd[..]].concat());
        let mut data = SUITE.cbc_encrypt(self.keys.enc(), &IV, &plain)?;
        let mac = SUITE.mac(self.keys.mac(), &SUITE.pad(&data))?;
        data.extend(mac);
        Ok(data)
    }

    /// Checks E_IC ‖ M_IC and derives the session keys (Doc 9303-11, 4.3.4.3).
    fn open(&self, rnd_ic: &[u8; 8], response: &Response) -> Result<SecureMessaging, BacError> {
        let status = response.status;
        match (status.sw1(), status) {
            (_, StatusWord::OK) => {}
            (0x63, _)
            | (_, StatusWord::SECURITY_STATUS | StatusWord::SM_OBJECTS_INCORRECT)
            | (_, StatusWord::CONDITIONS_OF_USE | StatusWord::BLOCKED) => {
                return Err(BacError::WrongKey(status));
            }
            _ => return Err(BacError::Authenticate(status)),
        }
        let (cryptogram, mac) = response
            .data
            .split_at_checked(32)
            .ok_or(BacError::ResponseLength)?;
        if mac.len() != 8 {
            return Err(BacError::ResponseLength);
        }
        SUITE
            .verify_mac(self.keys.mac(), &SUITE.pad(cryptogram), mac)
            .map_err(|_| BacError::Mac)?;
        let plain = SUITE.cbc_decrypt(self.keys.enc(), &IV, cryptogram);
        let plain = Zeroizing::new(plain.map_err(|_| BacError::ResponseLength)?);
        let (nonces, k_ic) = plain.split_at_checked(16).ok_or(BacError::ResponseLength)?;
        if !bool::from(nonces.ct_eq(&[&rnd_ic[..], &self.rnd_ifd].concat())) {
            return Err(BacError::Nonce);
        }
        let seed: Zeroizing<Vec<u8>> = Zeroizing::new(
            self.k_ifd
                .iter()
                .zip(k_ic)
                .map(|(ifd, ic)| ifd ^ ic)
                .collect(),
        );
        let counter = [&rnd_ic[4..], &self.rnd_ifd[4..]].concat();
        SecureMessaging::with_counter(SessionKeys::derive(SUITE, &seed), &counter)
            .map_err(|_: SecureMessagingError| BacError::ResponseLength)
    }
}

impl fmt::Debug for Bac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Challenge => "Bac(challenge)",
            State::Authenticate { .. } => "Bac(authenticate)",
            State::Done(_) => "Bac(done)",
            State::Over => "Bac(over)",
        })
    }
}
