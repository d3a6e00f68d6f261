//! The ten steps of PROTOCOL section 4, in order; the first failure decides.

/// What verification keeps between the command to the chip and the chip's answers.
pub struct Pending {}
