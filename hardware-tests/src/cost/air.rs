//! Time between a chip and a contactless reader, as the standards of the air interface let it be computed.
//!
//! A model, not a measurement: it says what the *number* and *length* of APDUs cost, with the same chip and the same
//! reader for every conversation. Between two real readers the electronics differ; between two programs on one
//! reader nothing else does.

use super::{Conversation, Exchange, Work};
use std::time::Duration;

/// Carrier frequency, Hz (ISO/IEC 14443-2).
const CARRIER: f64 = 13_560_000.0;

/// Bytes that a block adds to its information field: protocol control byte and CRC (ISO/IEC 14443-4, 7.1).
const BLOCK_OVERHEAD: usize = 3;

/// Bits that a byte takes on the air: eight and a parity bit (ISO/IEC 14443-3, Type A).
const BITS_PER_BYTE: f64 = 9.0;

/// Bits for start and end of a frame.
const FRAME_BITS: f64 = 3.0;

/// A chip before a reader.
#[derive(Debug, Clone, Copy)]
pub struct Air {
    /// Bits a second, both ways: 106, 212, 424 or 848 kbit/s (ISO/IEC 14443-2).
    pub bit_rate: f64,
    /// Bytes of the longest frame, both ways (FSD and FSC of ISO/IEC 14443-4; 256 is the largest that every reader has).
    pub frame: usize,
    /// From the end of a frame to the beginning of its answer: 1172 periods of the carrier, the least that ISO/IEC 14443-3
    /// (6.2.1.1) allows.
    pub frame_delay: Duration,
    /// What a chip takes to find and protect the bytes of one APDU.
    pub per_command: Duration,
    /// The same for every byte of it.
    pub per_byte: Duration,
    /// One private-key operation.
    pub key_operation: Duration,
}

impl Air {
    /// A chip of the last decade on an ordinary reader. The first three are the standard's numbers; the computing times are
    /// assumptions of the order that terminals see, and the same for all conversations that are compared.
    pub fn at(kilobits: u32) -> Self {
        Self {
            bit_rate: CARRIER / 128.0 * f64::from(kilobits / 106),
            frame: 256,
            frame_delay: Duration::from_secs_f64(1172.0 / CARRIER),
            per_command: Duration::from_millis(3),
            per_byte: Duration::from_micros(10),
            key_operation: Duration::from_millis(60),
        }
    }

    /// The time from the first command to the last answer.
    pub fn time(&self, conversation: &Conversation) -> Duration {
        conversation
            .exchanges
            .iter()
            .map(|exchange| self.exchange(exchange))
            .sum()
    }

    fn exchange(&self, exchange: &Exchange) -> Duration {
        let computing = match exchange.work {
            Work::Bytes => Duration::ZERO,
            Work::OneKeyOperation => self.key_operation,
            Work::TwoKeyOperations => self.key_operation * 2,
        };
        let bytes = u32::try_from(exchange.command + exchange.response).unwrap_or(u32::MAX);
        self.transfer(exchange.command)
            + self.per_command
            + self.per_byte * bytes
            + computing
            + self.transfer(exchange.response)
    }

    /// An APDU in as many blocks as it needs; every block but the last is acknowledged by one without information (ISO/IEC
    /// 14443-4, 7.5.2).
    fn transfer(&self, bytes: usize) -> Duration {
        let holds = self.frame.saturating_sub(BLOCK_OVERHEAD).max(1);
        let blocks = bytes.div_ceil(holds).max(1);
        let acknowledged = blocks - 1;
        let on_air = bytes + blocks * BLOCK_OVERHEAD + acknowledged * BLOCK_OVERHEAD;
        let frames = blocks + acknowledged;
        let bits = on_air as f64 * BITS_PER_BYTE + frames as f64 * FRAME_BITS;
        let delays = u32::try_from(frames).unwrap_or(u32::MAX);
        Duration::from_secs_f64(bits / self.bit_rate) + self.frame_delay * delays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_more_costs_its_acknowledgement() {
        let air = Air::at(106);
        let one = air.transfer(253);
        let two = air.transfer(254);
        let byte = Duration::from_secs_f64(BITS_PER_BYTE / air.bit_rate);
        // One byte, a block's overhead, an acknowledgement, two frames more.
        let expected = byte * 7
            + air.frame_delay * 2
            + Duration::from_secs_f64(2.0 * FRAME_BITS / air.bit_rate);
        assert!((two - one).abs_diff(expected) < Duration::from_nanos(100));
    }

    #[test]
    fn twice_the_bit_rate_halves_what_is_on_the_air() {
        let rest = |air: Air| air.transfer(200) - air.frame_delay;
        let (slow, fast) = (rest(Air::at(106)), rest(Air::at(212)));
        assert!(slow.abs_diff(fast * 2) < Duration::from_nanos(100));
    }
}
