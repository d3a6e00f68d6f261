//! Where a simulated chip takes its nonces and ephemeral keys from.
//!
//! Everything random is injected, so that a published worked example replays as a chip, byte for byte, and so that a
//! test that failed once fails again.

use core::convert::Infallible;
use std::collections::VecDeque;

use rand_core::{TryCryptoRng, TryRng};

use super::ecdsa;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::key_agreement::{Group, SecretKey};

/// The random decisions of a chip.
pub trait RandomSource: Send {
    /// Fills `nonce`: RND.IC, K.IC or the PACE nonce s.
    fn nonce(&mut self, nonce: &mut [u8]);

    /// An ephemeral key pair in `group`.
    fn key_pair(&mut self, group: &Group) -> SecretKey;
}

/// A deterministic generator: SHA-256 over a seed and a counter. It serves simulated chips only.
#[derive(Clone, Debug)]
pub struct SeededRandom {
    seed: Vec<u8>,
    counter: u64,
    block: VecDeque<u8>,
}

impl SeededRandom {
    /// Starts the stream that belongs to `seed`.
    #[must_use]
    pub fn new(seed: &[u8]) -> Self {
        Self {
            seed: HashAlgorithm::Sha256.digest(seed),
            counter: 0,
            block: VecDeque::new(),
        }
    }

    fn next_byte(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.block.pop_front() {
                return byte;
            }
            let counter = self.counter.to_be_bytes();
            self.counter = self.counter.wrapping_add(1);
            self.block = HashAlgorithm::Sha256
                .digest_parts(&[&self.seed, &counter])
                .into();
        }
    }
}

impl TryRng for SeededRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.next_byte());
        Ok(())
    }
}

impl TryCryptoRng for SeededRandom {}

impl RandomSource for SeededRandom {
    fn nonce(&mut self, nonce: &mut [u8]) {
        nonce.fill_with(|| self.next_byte());
    }

    fn key_pair(&mut self, group: &Group) -> SecretKey {
        SecretKey::generate(group, self)
    }
}

/// The nonces and private keys of a worked example, handed out in the order in which the chip asks for them. When the
/// script is over, or a length does not fit, a [`SeededRandom`] goes on.
#[derive(Debug)]
pub struct ScriptedRandom {
    nonces: VecDeque<Vec<u8>>,
    keys: VecDeque<Vec<u8>>,
    after: SeededRandom,
}

impl ScriptedRandom {
    /// A script of nonces and of private keys (big-endian).
    #[must_use]
    pub fn new(
        nonces: impl IntoIterator<Item = Vec<u8>>,
        keys: impl IntoIterator<Item = Vec<u8>>,
    ) -> Self {
        Self {
            nonces: nonces.into_iter().collect(),
            keys: keys.into_iter().collect(),
            after: SeededRandom::new(b"after the script"),
        }
    }
}

impl RandomSource for ScriptedRandom {
    fn nonce(&mut self, nonce: &mut [u8]) {
        match self.nonces.pop_front() {
            Some(scripted) if scripted.len() == nonce.len() => nonce.copy_from_slice(&scripted),
            _ => self.after.nonce(nonce),
        }
    }

    fn key_pair(&mut self, group: &Group) -> SecretKey {
        self.keys
            .pop_front()
            .and_then(|key| match group {
                // Doc 9303-11, appendix I prints a private key above the order of its curve.
                Group::Curve(curve) => ecdsa::reduce(*curve, &key),
                Group::Dh(_) => Some(key),
            })
            .and_then(|key| SecretKey::from_bytes(group, &key).ok())
            .unwrap_or_else(|| self.after.key_pair(group))
    }
}
