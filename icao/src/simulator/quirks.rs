//! Ways in which real chips differ from the standards, each a switch.
//!
//! A chip without switches behaves as Doc 9303-10, Doc 9303-11 and ISO/IEC 7816-4 say. The numbers are those of the project's
//! list of 40 deviations that have been seen in the field; those that concern a chip are here:
//!
//! | no. | deviation | switch | test |
//! |---|---|---|---|
//! | 1 | PACE-only documents; SELECT with Le is refused | [`without_bac`], [`Quirk::SelectRefusesLe`] | `pace_only_documents_refuse_bac`, `selection_quirks` |
//! | 2 | DO 84 demanded | [`Quirk::ParameterIdRequired`] | `pace_quirks` |
//! | 3 | SELECT of the master file | [`Quirk::MasterFileRefused`], [`Quirk::MasterFileNotSelected`] | `selection_quirks` |
//! | 4 | read lengths | [`Quirk::ReadLimit`], [`Quirk::EndOfFileWarning`] | `reading_quirks`, `appendix_g1_pace_ecdh` |
//! | 5 | extended length promised and not kept | [`Quirk::ExtendedLengthTrap`] | `signature_quirks` |
//! | 6 | commands that break secure messaging | [`Quirk::SelectBreaksChannel`], [`Quirk::OddReadBreaksChannel`] | `reading_quirks` |
//! | 7 | the link is lost | [`Fault`] | `faults_happen_when_the_hook_says_so` |
//! | 8 | long signatures | [`Quirk::SignatureTruncated`], [`Quirk::NoSignatureForExtendedLe`], [`Quirk::SignatureNeedsLe`], [`Quirk::PiecesInClear`]; in protected pieces (61xx) without any | `signature_quirks`, `active_authentication_by_rsa_recovers_to_the_challenge`, `long_signatures_come_in_pieces` |
//! | 9 | algorithms of Active Authentication | [`Trailer`], [`Quirk::SmallerSignature`], [`Quirk::DerSignature`], [`Quirk::ActiveAuthenticationInfoMissing`] | `active_authentication_by_rsa_may…`, `…_by_ecdsa_in_other_forms…`, `a_missing_active_authentication_info…` |
//! | 10 | files right, keys wrong; files wrong | [`cloned`], [`overwrite`] | `every_chip_authentication…`, `openssl_verifies_every_document` |
//! | 11 | Chip Authentication untold; key references | [`Quirk::ChipAuthenticationInfoMissing`], [`Quirk::MinimalKeyIdRequired`] | `missing_infos_are_missing`, `chip_authentication_chooses_its_key_by_reference` |
//! | 12 | Le in MSE:Set AT; long keys in chains | [`Quirk::ChipAuthenticationRefusesLe`] | `chip_authentication_chooses…`, `every_chip_authentication…` |
//! | 14 | EF.SOD in BER, other content types | [`Quirk::SodIndefiniteLength`], [`Quirk::SodContentType`] | `signer_quirks_show_in_the_security_object` |
//! | 16 | explicit curve parameters (the rule) or named ones | [`CurveForm`] | `openssl_verifies_every_document` |
//! | 17 | algorithm identifiers that do not fit; PSS with the salt left unsaid | [`SigningAlgorithm::RsaPssDefaultSalt`], [`Quirk::SignerInfoNamesRsaEncryption`], [`Quirk::SignerInfoNullParameters`] | `signer_quirks_show_in_the_security_object`, `pss_may_leave_its_salt_unsaid` |
//! | 18 | SignerIdentifier | [`Quirk::SignerIdentifierMismatch`], [`Quirk::SignerByKeyIdentifier`] | `signer_quirks_show_in_the_security_object` |
//! | 19 | long document numbers | [`Holder::document_number`] | `long_document_numbers_go_on_in_the_optional_data` |
//! | 20, 28 | contents of DG1, DG11, DG12 | [`data_group`] | `files_beyond_32_kilobytes…` |
//! | 21 | EF.COM incomplete or absent; DG3 unreadable | [`Quirk::ComOmits`], [`Quirk::ComMissing`], [`fingerprints`] | `missing_infos_are_missing`, `errors_of_commands…` |
//! | 22 | PACE fails, BAC works | [`Quirk::PaceBroken`] | `pace_quirks` |
//! | 23 | retry counters and their status words | [`Quirk::WrongKeyStatus`], [`Quirk::CanTries`] | `a_wrong_key_gets_6300…`, `pace_quirks` |
//! | 24 | several keys of Chip Authentication | [`chip_authentication`] more than once | `chip_authentication_chooses_its_key_by_reference` |
//! | 25 | rare variants of PACE | [`PaceVariant`] | `every_pace_opens…` |
//! | 26 | files with bytes behind their end | [`Quirk::TrailingBytes`] | `reading_quirks` |
//! | 27 | lengths inside DG2 | [`Quirk::FaceRecordLength`] | `face_records_say_what_the_switch_says` |
//! | 29 | a key named after another curve | [`CurveForm::NamedAs`] | `keys_may_bear_the_name_of_another_curve` |
//! | 30 | padded ECDSA responses | [`Quirk::SignaturePadded`] | `active_authentication_by_ecdsa_in_other_forms…` |
//! | 31, 33 | validity, link certificates, spelling of countries | [`Subject`], [`Csca::link`] | `issuers_can_be_dated_and_linked` |
//! | 34 | the first challenge is refused | [`Quirk::FirstChallengeRefused`] | `selection_quirks` |
//! | 35 | EF.DIR and EF.ATR/INFO refused | [`Quirk::InfoFilesRefused`] | `selection_quirks` |
//! | 36 | no access control | [`without_access_control`] | `documents_without_access_control_lie_open` |
//! | 37 | more applications on a chip | [`application`] | `chips_may_have_more_applications` |
//! | 38 | slow chips | [`Fault::Delay`] | `faults_happen_when_the_hook_says_so` |
//! | 39 | order of data objects in responses | [`Quirk::StatusObjectFirst`] | `reading_quirks` |
//! | 40 | clutter in EF.CardAccess | [`Quirk::CardAccessCluttered`] | `pace_quirks` |
//!
//! Seen in the virtual passports of others, and not in that list: [`Quirk::BareErrors`], [`Quirk::OversizedResponses`],
//! [`Quirk::NoShortFileIdentifiers`], [`Quirk::CardAccessMissing`], [`Quirk::ZeroLeReadsNothing`],
//! [`Quirk::ActiveAuthenticationAbsent`].
//!
//! Of no real chip, but of the test plan TR-03105-5.1: [`Quirk::Messaging`], [`Quirk::ReadPastEnd`], [`Quirk::OldKeysStay`],
//! [`Quirk::MappingDataMalformed`]; the cases in `hardware-tests/conformity` use them.
//!
//! Told by those who read many documents, and not in that list either: [`Quirk::AuthenticationEndsChannel`].
//!
//! What is left concerns the terminal alone (13, 15) or trust lists (32).
//!
//! [`Csca::link`]: super::Csca::link
//! [`CurveForm`]: super::CurveForm
//! [`CurveForm::NamedAs`]: super::CurveForm::NamedAs
//! [`Fault`]: super::Fault
//! [`Fault::Delay`]: super::Fault::Delay
//! [`Holder::document_number`]: super::Holder::document_number
//! [`PaceVariant`]: super::PaceVariant
//! [`SigningAlgorithm::RsaPssDefaultSalt`]: super::SigningAlgorithm::RsaPssDefaultSalt
//! [`Subject`]: super::Subject
//! [`Trailer`]: super::Trailer
//! [`application`]: super::ChipBuilder::application
//! [`chip_authentication`]: super::ChipBuilder::chip_authentication
//! [`cloned`]: super::ChipBuilder::cloned
//! [`data_group`]: super::ChipBuilder::data_group
//! [`fingerprints`]: super::ChipBuilder::fingerprints
//! [`overwrite`]: super::ChipBuilder::overwrite
//! [`without_access_control`]: super::ChipBuilder::without_access_control
//! [`without_bac`]: super::ChipBuilder::without_bac

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
    /// 8: a protected answer that is too long for the link goes out in pieces, and GET RESPONSE in clear fetches the rest
    /// (ISO/IEC 7816-4, 5.3.4, taken below secure messaging).
    PiecesInClear,
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
    /// 17: the signature algorithm of the SignerInfo has NULL parameters where it should have none (AE, with ECDSA).
    SignerInfoNullParameters,
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
    /// After INTERNAL AUTHENTICATE, whose answer is protected as it should be, the chip has dropped its keys: Chip
    /// Authentication and further reading need another access.
    AuthenticationEndsChannel,
    /// EF.DG15 exists, and INTERNAL AUTHENTICATE answers 6D00.
    ActiveAuthenticationAbsent,
    /// Protected answers to READ BINARY are wrong in this way. No real chip does it; inspection systems are tested with it.
    Messaging(MessagingFault),
    /// READ BINARY beyond the end of a file answers this status word and no data; 6C00 says how many bytes there are.
    ReadPastEnd(u16),
    /// Chip Authentication answers as it should, and the old keys stay in force.
    OldKeysStay,
    /// Chip Authentication Mapping seals something else than Chip Authentication Data, one byte longer than the order.
    MappingDataMalformed,
}

/// How a protected response may be wrong (test plan TR-03105-5.1, suite ISO7816_B). Where the MAC is there, it is over what
/// is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessagingFault {
    /// DO 87 is missing.
    WithoutCryptogram,
    /// DO 99 is missing.
    WithoutStatus,
    /// DO 8E is missing.
    WithoutChecksum,
    /// DO 8E holds another MAC.
    ChecksumAltered,
    /// DO 87 holds another cryptogram.
    CryptogramAltered,
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
