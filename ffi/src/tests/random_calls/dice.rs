//! Chance, the same each time.

use core::ptr;

/// A generator whose numbers follow from its seed (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    pub(super) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(super) fn bytes(&mut self) -> Vec<u8> {
        let len = self.below(300);
        (0..len).map(|_| self.roll().to_le_bytes()[0]).collect()
    }

    /// Bytes as they are, or with something wrong with them, or others.
    pub(super) fn spoil(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        match self.below(8) {
            0 => self.bytes(),
            1 => {
                bytes.truncate(self.below(bytes.len() + 1));
                bytes
            }
            2 if !bytes.is_empty() => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.below(8);
                bytes
            }
            _ => bytes,
        }
    }

    /// A pointer as it is, or null now and then.
    pub(super) fn pointer<T>(&mut self, good: *const T) -> *const T {
        if self.one_in(40) { ptr::null() } else { good }
    }
}
