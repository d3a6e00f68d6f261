//! What a conversation with a chip costs: commands, bytes, and modelled time in the field.
//!
//! A conversation is told from the log of `virtual-chip`, which knows lengths and no contents, so that every reader is
//! measured in the same way, ours and those that others wrote. [`minimum`] computes from the files of the same chip
//! and from the standards alone how few bytes could do; [`air`] turns lengths into time.

pub mod air;
pub mod minimum;

use anyhow::{Context as _, Result};

/// One command and its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// Bytes of the whole command APDU.
    pub command: usize,
    /// Bytes of the whole response APDU, status word included.
    pub response: usize,
    /// What the chip has to compute for it.
    pub work: Work,
}

/// What a command makes a chip compute, as far as it takes time that a person notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Nothing but finding and sending bytes, and protecting them.
    Bytes,
    /// One private-key operation or multiplication of a point.
    OneKeyOperation,
    /// Two of them (Generic Mapping: the chip's key of the mapping, and the agreement).
    TwoKeyOperations,
}

/// All exchanges between power-on and the last answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    /// In the order sent.
    pub exchanges: Vec<Exchange>,
    general_authenticates: usize,
}

impl Conversation {
    /// Reads the log of `virtual-chip`: one line for each exchange, others for power and reset.
    ///
    /// # Errors
    /// If a line that tells of an exchange is not as the log writes it.
    pub fn from_log(log: &str) -> Result<Self> {
        let mut conversation = Self::default();
        for line in log.lines().filter(|line| line.contains(" -> ")) {
            let parse = || -> Option<([u8; 4], usize, usize)> {
                let (before, answer) = line.split_once(" bytes -> ")?;
                let (start, body) = before.split_once(" +")?;
                let header = u32::from_str_radix(start.split_whitespace().last()?, 16).ok()?;
                let (data, _) = answer.split_once(" bytes")?;
                Some((
                    header.to_be_bytes(),
                    4 + body.parse::<usize>().ok()?,
                    2 + data.parse::<usize>().ok()?,
                ))
            };
            let (header, command, response) =
                parse().with_context(|| format!("not a line of a chip's log: {line}"))?;
            conversation.push(header, command, response);
        }
        Ok(conversation)
    }

    /// Adds one exchange: the command's header, and the bytes of both APDUs.
    pub fn push(&mut self, header: [u8; 4], command: usize, response: usize) {
        const GENERAL_AUTHENTICATE: u8 = 0x86;
        const INTERNAL_AUTHENTICATE: u8 = 0x88;
        let [cla, ins, _, _] = header;
        let protected = cla & 0x0C == 0x0C;
        let work = match ins {
            GENERAL_AUTHENTICATE if !protected => {
                self.general_authenticates += 1;
                // PACE: nonce, mapping, agreement, tokens.
                match self.general_authenticates % 4 {
                    2 => Work::TwoKeyOperations,
                    3 => Work::OneKeyOperation,
                    _ => Work::Bytes,
                }
            }
            GENERAL_AUTHENTICATE | INTERNAL_AUTHENTICATE => Work::OneKeyOperation,
            _ => Work::Bytes,
        };
        self.exchanges.push(Exchange {
            command,
            response,
            work,
        });
    }

    /// Commands sent.
    pub fn apdus(&self) -> usize {
        self.exchanges.len()
    }

    /// Bytes of all commands and responses.
    pub fn bytes(&self) -> usize {
        self.exchanges
            .iter()
            .map(|exchange| exchange.command + exchange.response)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_becomes_a_conversation() -> Result<()> {
        let log = "     0.101 power on\n     \
                   0.512 00A4040C +8 bytes -> 0 bytes 9000\n     \
                   1.100 00860000 +3 bytes -> 18 bytes 9000\n     \
                   1.200 0CB09D00 +15 bytes -> 250 bytes 9000\n     \
                   1.300 0C880000 +40 bytes -> 99 bytes 9000\n";
        let conversation = Conversation::from_log(log)?;
        assert_eq!(conversation.apdus(), 4);
        assert_eq!(
            conversation.bytes(),
            (12 + 2) + (7 + 20) + (19 + 252) + (44 + 101)
        );
        assert_eq!(conversation.exchanges[3].work, Work::OneKeyOperation);
        assert!(Conversation::from_log("1.0 00A4040C +x bytes -> 0 bytes 9000").is_err());
        Ok(())
    }
}
