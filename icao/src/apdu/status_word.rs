//! Status words (ISO/IEC 7816-4, 5.6).

use core::fmt;

/// The two status bytes SW1-SW2 (ISO/IEC 7816-4, 5.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// Normal processing.
    pub const OK: Self = Self(0x9000);
    /// The end of the file came before Ne bytes were read; the data up to there are present.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// Authentication failed (PACE: usually the wrong password).
    pub const AUTHENTICATION_FAILED: Self = Self(0x6300);
    /// No information given.
    pub const EXECUTION_ERROR: Self = Self(0x6400);
    /// Wrong length of the command.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// Secure messaging is not supported in this class.
    pub const SECURE_MESSAGING_NOT_SUPPORTED: Self = Self(0x6882);
    /// The last command of the chain was expected.
    pub const LAST_COMMAND_EXPECTED: Self = Self(0x6883);
    /// Command chaining is not supported.
    pub const CHAINING_NOT_SUPPORTED: Self = Self(0x6884);
    /// Security status not satisfied.
    pub const SECURITY_STATUS: Self = Self(0x6982);
    /// The authentication method is blocked.
    pub const BLOCKED: Self = Self(0x6983);
    /// Conditions of use not satisfied.
    pub const CONDITIONS_OF_USE: Self = Self(0x6985);
    /// No file is selected.
    pub const NO_CURRENT_EF: Self = Self(0x6986);
    /// Secure messaging data objects missing.
    pub const SM_OBJECTS_MISSING: Self = Self(0x6987);
    /// Secure messaging data objects incorrect.
    pub const SM_OBJECTS_INCORRECT: Self = Self(0x6988);
    /// Incorrect parameters in the data field.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// Function not supported.
    pub const FUNCTION_NOT_SUPPORTED: Self = Self(0x6A81);
    /// File or application not found.
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    /// Incorrect P1-P2.
    pub const WRONG_P1_P2: Self = Self(0x6A86);
    /// Referenced data not found.
    pub const REFERENCE_NOT_FOUND: Self = Self(0x6A88);
    /// Offset outside the file.
    pub const WRONG_OFFSET: Self = Self(0x6B00);
    /// Instruction not supported.
    pub const WRONG_INS: Self = Self(0x6D00);
    /// Class not supported.
    pub const WRONG_CLA: Self = Self(0x6E00);
    /// No precise diagnosis.
    pub const UNKNOWN: Self = Self(0x6F00);

    /// First status byte.
    #[must_use]
    pub const fn sw1(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// Second status byte.
    #[must_use]
    pub const fn sw2(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// Whether the command succeeded without qualification (9000).
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    /// 61xx: how many more bytes GET RESPONSE can fetch (xx = 00 stands for 256).
    #[must_use]
    pub fn bytes_available(self) -> Option<u32> {
        (self.sw1() == 0x61).then(|| super::short_ne(self.sw2()))
    }

    /// 6Cxx: the expected length that the chip wants instead (xx = 00 stands for 256).
    #[must_use]
    pub fn correct_ne(self) -> Option<u32> {
        (self.sw1() == 0x6C).then(|| super::short_ne(self.sw2()))
    }

    /// 63Cx: how many tries are left.
    #[must_use]
    pub fn tries_left(self) -> Option<u8> {
        (self.0 & 0xFFF0 == 0x63C0).then_some(self.sw2() & 0x0F)
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::OK => "success",
            Self::END_OF_FILE => "end of file reached",
            Self::AUTHENTICATION_FAILED => "authentication failed",
            Self::EXECUTION_ERROR => "execution error",
            Self::WRONG_LENGTH => "wrong length",
            Self::SECURE_MESSAGING_NOT_SUPPORTED => "secure messaging not supported",
            Self::LAST_COMMAND_EXPECTED => "last command of the chain expected",
            Self::CHAINING_NOT_SUPPORTED => "command chaining not supported",
            Self::SECURITY_STATUS => "security status not satisfied",
            Self::BLOCKED => "authentication method blocked",
            Self::CONDITIONS_OF_USE => "conditions of use not satisfied",
            Self::NO_CURRENT_EF => "no file selected",
            Self::SM_OBJECTS_MISSING => "secure messaging objects missing",
            Self::SM_OBJECTS_INCORRECT => "secure messaging objects incorrect",
            Self::WRONG_DATA => "incorrect data field",
            Self::FUNCTION_NOT_SUPPORTED => "function not supported",
            Self::FILE_NOT_FOUND => "file not found",
            Self::WRONG_P1_P2 => "incorrect parameters",
            Self::REFERENCE_NOT_FOUND => "referenced data not found",
            Self::WRONG_OFFSET => "offset outside the file",
            Self::WRONG_INS => "instruction not supported",
            Self::WRONG_CLA => "class not supported",
            Self::UNKNOWN => "no precise diagnosis",
            _ => match self.sw1() {
                0x61 => "more data available",
                0x62 | 0x63 if self.tries_left().is_some() => "wrong, tries left in the last digit",
                0x62 | 0x63 => "warning",
                0x64..=0x66 => "execution error",
                0x67..=0x6F => "checking error",
                _ => "unknown status",
            },
        }
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({:04X})", self.0)
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.meaning())
    }
}
