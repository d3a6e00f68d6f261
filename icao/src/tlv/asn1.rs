//! Universal types of ASN.1 as this crate's tolerant parsers need them, read from data objects without demanding DER.
//!
//! Real certificates and security objects hold integers with superfluous or missing zero bytes and lengths that DER would
//! write shorter. What a signature covers is compared in its received bytes, so being lenient here decides nothing.

use der::asn1::ObjectIdentifier;

use super::{Tlv, TlvError};

/// BOOLEAN
pub(crate) const BOOLEAN: u32 = 0x01;
/// INTEGER
pub(crate) const INTEGER: u32 = 0x02;
/// BIT STRING
pub(crate) const BIT_STRING: u32 = 0x03;
/// OCTET STRING
pub(crate) const OCTET_STRING: u32 = 0x04;
/// OBJECT IDENTIFIER
pub(crate) const OBJECT_IDENTIFIER: u32 = 0x06;
/// PrintableString
pub(crate) const PRINTABLE_STRING: u32 = 0x13;
/// UTCTime
pub(crate) const UTC_TIME: u32 = 0x17;
/// GeneralizedTime
pub(crate) const GENERALIZED_TIME: u32 = 0x18;
/// SEQUENCE, SEQUENCE OF
pub(crate) const SEQUENCE: u32 = 0x30;
/// SET, SET OF
pub(crate) const SET: u32 = 0x31;

impl<'a> Tlv<'a> {
    /// The value as an object identifier.
    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, TlvError> {
        self.expect(OBJECT_IDENTIFIER)?;
        ObjectIdentifier::from_bytes(self.value).map_err(|_| TlvError::Value)
    }

    /// The magnitude of an INTEGER that stands for a whole number, without leading zero bytes; empty for 0.
    ///
    /// An encoding with the sign bit set is taken as a number whose writer forgot the zero byte in front.
    pub(crate) fn magnitude(&self) -> Result<&'a [u8], TlvError> {
        self.expect(INTEGER)?;
        if self.value.is_empty() {
            return Err(TlvError::Value);
        }
        let zeros = self.value.iter().take_while(|byte| **byte == 0).count();
        self.value.get(zeros..).ok_or(TlvError::Value)
    }

    /// An INTEGER that fits 64 bits; read as [`Tlv::magnitude`].
    pub(crate) fn small_integer(&self) -> Result<u64, TlvError> {
        let magnitude = self.magnitude()?;
        if magnitude.len() > 8 {
            return Err(TlvError::Value);
        }
        Ok(magnitude
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// A BOOLEAN; any octet but 00 is true (BER).
    pub(crate) fn boolean(&self) -> Result<bool, TlvError> {
        match self.expect(BOOLEAN)?.value {
            [octet] => Ok(*octet != 0),
            _ => Err(TlvError::Value),
        }
    }

    /// A BIT STRING that holds whole octets, as those octets.
    pub(crate) fn octets_of_bit_string(&self) -> Result<&'a [u8], TlvError> {
        match self.expect(BIT_STRING)?.value.split_first() {
            Some((0, octets)) => Ok(octets),
            _ => Err(TlvError::Value),
        }
    }
}
