//! Ways in which real chips differ from the standards, each a switch.
//!
//! The numbers are those of the project's list of observed deviations (`docs/`); a chip without switches behaves as
//! Doc 9303-10, Doc 9303-11 and ISO/IEC 7816-4 say.

/// One deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// 1: SELECT with Le answers 6700 (PACE-only documents).
    SelectRefusesLe,
    /// 2: MSE:Set AT without DO 84 answers 6A87 (Ukraine, before July 2022).
    ParameterIdRequired,
    /// 3: SELECT of the master file answers this status word: 6982 NZ, 6A81 CN, 6A86 AU, 6A87 UA, 6985, 6D00 VN,
    /// 6700, 6A82, 6986. After power-on the master file is selected all the same.
    MasterFileRefused(u16),
    /// 3: SELECT of the master file answers 9000, and no file is found afterwards.
    MasterFileNotSelected,
    /// 4: READ BINARY with an expected length above `max` answers `status`: 6700, 6B00 (RU), 6C00 (answered as 6Cxx with
    /// `max`), or 6282 with the data (ES identity card).
    ReadLimit {
        /// Largest expected length that works.
        max: u32,
        /// Status word for all others.
        status: u16,
    },
    /// 4: READ BINARY with Le 00 that meets the end of the file answers 6282, not 9000, with the data.
    EndOfFileWarning,
    /// 5: EF.ATR/INFO promises extended length, and an extended command under secure messaging gets a bare 6700, on
    /// which the chip still counts the command.
    ExtendedLengthTrap,
    /// 6: SELECT of a file under secure messaging answers a bare 6985 and ends the channel (Algerian licence).
    SelectBreaksChannel,
    /// 6: READ BINARY with odd INS answers a bare 6987 and ends the channel.
    OddReadBreaksChannel,
    /// 8: an Active Authentication response longer than 256 bytes is cut to 256, with 9000 (AU).
    SignatureTruncated,
    /// 8: INTERNAL AUTHENTICATE with extended Le answers 9000 without data (CN).
    NoSignatureForExtendedLe,
    /// 8: INTERNAL AUTHENTICATE without Le answers 6C80 (NO).
    SignatureNeedsLe,
    /// 9, 30: ECDSA response of Active Authentication as DER SEQUENCE, not plain r ‖ s (PT).
    DerSignature,
    /// 9: the RSA response of Active Authentication is n − S where that is smaller than S.
    SmallerSignature,
    /// 9: EF.DG14 holds no ActiveAuthenticationInfo although the key is an elliptic curve key.
    ActiveAuthenticationInfoMissing,
    /// 11: EF.DG14 holds no ChipAuthenticationInfo (FR 2013, 2014).
    ChipAuthenticationInfoMissing,
    /// 11: a key reference in MSE:Set AT with leading zeros answers 6A80 (MT).
    MinimalKeyIdRequired,
    /// 12: MSE:Set AT for Chip Authentication with DO 97 answers 6F00.
    ChipAuthenticationRefusesLe,
    /// 14: EF.SOD is BER of indefinite length (NZ).
    SodIndefiniteLength,
    /// 14: eContentType of EF.SOD, in dotted form: id-data 1.2.840.113549.1.7.1 (CN), 1.3.27.1.1.1 (BE, FR),
    /// 1.2.528.1.1006.1.20.1 (Sdu).
    SodContentType(&'static str),
    /// 17: the SignerInfo names rsaEncryption where the signature is RSASSA-PKCS1-v1_5 with a hash (AU, US).
    SignerInfoNamesRsaEncryption,
    /// 18: issuer and serial number in the SignerInfo fit no certificate (UA).
    SignerIdentifierMismatch,
    /// 18: the SignerInfo names its signer by subject key identifier.
    SignerByKeyIdentifier,
    /// 21: EF.COM does not list this data group (1 to 16) although it exists.
    ComOmits(u8),
    /// 21: there is no EF.COM.
    ComMissing,
    /// 22: the last step of PACE answers 6988, whatever the password; BAC works.
    PaceBroken,
    /// 23: EXTERNAL AUTHENTICATE with wrong keys answers this status word, as 63CF.
    WrongKeyStatus(u16),
    /// 23: PACE with a wrong CAN answers 63Cx and blocks after this many tries with 6983.
    CanTries(u8),
    /// 26: files are longer than the data object they hold, by so many zero bytes (SI, PL).
    TrailingBytes(u8),
    /// 27: the face record in DG2 says a length that is off by so much: −8 (NZ), −1 (UK).
    FaceRecordLength(i32),
    /// 30: each of r and s of an ECDSA response has a zero byte more before it than the order is long.
    SignaturePadded,
    /// 34: the first GET CHALLENGE after power-on answers 6985.
    FirstChallengeRefused,
    /// 35: EF.ATR/INFO and EF.DIR answer this status word (US; NZ before PACE).
    InfoFilesRefused(u16),
    /// 39: responses carry DO 99 before DO 87.
    StatusObjectFirst,
    /// 40: EF.CardAccess holds unknown SecurityInfos, a duplicate, and bytes after its end.
    CardAccessCluttered,
    /// Errors under secure messaging are bare status words (seen in chips on JavaCard simulators).
    BareErrors,
    /// A short Le 00 under secure messaging is taken as 256 plain bytes, so that the response exceeds 256 bytes.
    OversizedResponses,
    /// No file has a short identifier: READ BINARY by SFI answers 6985.
    NoShortFileIdentifiers,
    /// There is no EF.CardAccess, although the chip knows PACE.
    CardAccessMissing,
    /// A protected Le of 00 is taken as no bytes.
    ZeroLeReadsNothing,
    /// EF.DG15 exists, and INTERNAL AUTHENTICATE answers 6D00.
    ActiveAuthenticationAbsent,
}

/// The switches of one chip.
#[derive(Clone, Debug, Default)]
pub(super) struct Quirks(Vec<Quirk>);

impl Quirks {
    pub(super) fn add(&mut self, quirk: Quirk) {
        self.0.push(quirk);
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }

    /// The first value that `pick` finds in a switch.
    pub(super) fn find<T>(&self, pick: impl FnMut(&Quirk) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(pick)
    }
}
