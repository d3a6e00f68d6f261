//! What a conversation with a chip cost. Counts only: no data, no keys.

/// Counts of one conversation with a chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Command APDUs sent, GET RESPONSE included.
    pub apdus: u32,
    /// Bytes of all commands.
    pub bytes_sent: u64,
    /// Bytes of all responses.
    pub bytes_received: u64,
    /// Bytes of the longest command that was answered.
    pub longest_command: usize,
    /// Bytes of the longest response.
    pub longest_response: usize,
    /// How often the chip had to be opened again after its link or its keys were lost.
    pub resumes: u32,
    /// Access keys that the chip refused.
    pub refused_keys: u32,
}
