//! What every function returns.

use core::ffi::{CStr, c_char};

macro_rules! table {
    ($($code:ident $name:literal $key:literal,)+) => {
        impl RdaCode {
            /// Every code.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$code,)+];

            const fn name(self) -> &'static CStr {
                match self { $(Self::$code => $name,)+ }
            }

            pub(crate) const fn text_key(self) -> &'static CStr {
                match self { $(Self::$code => $key,)+ }
            }

            fn from_number(number: i32) -> Option<Self> {
                [$(Self::$code,)+].into_iter().find(|code| *code as i32 == number)
            }
        }
    };
}

/// What every function returns: RDA_CODE_OK, or why it did not do what it was asked to.
///
/// Each code has a text key: the key of a sentence for the person at the reader, as in the project's own language files
/// (`protocol/text/en.ftl` and `nl.ftl`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaCode {
    /// Done. Of a check: passed, or the document does not offer what is checked.
    Ok = 0,

    // -- The caller's mistakes --
    /// A pointer that must not be null is null, or is not aligned.
    NullPointer = 1,
    /// An argument that is none of those allowed.
    Argument = 2,
    /// This function cannot be called now.
    WrongState = 3,
    /// Another thread is inside this handle, or a callback called back into it.
    Busy = 4,
    /// The library's own fault; a panic was caught. The handle is of no more use, and can be freed.
    Internal = 5,

    // -- Between reader and chip --
    /// The chip went away while it was read.
    DocumentLost = 10,
    /// The chip does not answer as it should, or takes too many commands.
    DocumentUnreadable = 11,
    /// Another program holds the chip.
    DocumentInUse = 12,
    /// The reader was taken away.
    ReaderLost = 13,
    /// The reader or its driver failed.
    ReaderFailed = 14,
    /// rda_terminal_cancel was called, or a callback said so.
    Cancelled = 15,
    /// Another document lies there than the one that was being read.
    DocumentSwapped = 16,

    // -- Getting into the chip --
    /// The chip refused the access data.
    AccessDataWrong = 20,
    /// None of the access data given can open this document.
    AccessDataMissing = 21,
    /// The chip opens by PACE only, in a form that is not supported.
    PaceOnly = 22,
    /// The chip is slow, as after wrong attempts.
    AccessSlow = 23,
    /// The chip broke off BAC or PACE.
    AccessFailed = 24,
    /// The chip has blocked or suspended the access data after wrong attempts.
    AccessBlocked = 25,

    // -- What the chip holds and does --
    /// The card is no travel document.
    NotADocument = 30,
    /// The secure channel broke.
    SecureMessagingFailed = 31,
    /// The chip has no such file.
    FileNotFound = 32,
    /// The file may not be read, or cannot.
    FileUnreadable = 33,
    /// The file breaks the standard.
    FileMalformed = 34,
    /// The files of the chip contradict each other.
    FilesInconsistent = 35,
    /// The chip refused Active Authentication.
    ActiveAuthenticationFailed = 36,
    /// The chip refused Chip Authentication.
    ChipAuthenticationFailed = 37,
    /// The verifier's key does not fit what the chip offers.
    ChipAuthenticationMismatch = 38,
    /// The verifier's commands do more than read the identity file.
    CommandForbidden = 39,

    // -- What a verifier finds --
    /// A file or a signature that the document's own list demands was not brought.
    EvidenceIncomplete = 50,
    /// What was brought cannot be read.
    EvidenceMalformed = 51,
    /// A file is not the one that was signed.
    DocumentAltered = 52,
    /// No trust anchor of this kind and state vouches for the document.
    IssuerUnknown = 53,
    /// The signature of the document does not hold.
    SignatureWrong = 54,
    /// The signer of the document was revoked.
    SignerRevoked = 55,
    /// The chip did not prove itself.
    ChipNotGenuine = 56,
    /// The chip has no proof to offer that was looked at.
    NoChipProof = 57,

    // -- What goes into a store --
    /// A certificate, master list or revocation list that is none.
    CertificateMalformed = 70,
    /// No anchor in the store vouches for the list.
    NotVouchedFor = 71,
}

table! {
    Ok c"ok" c"",
    NullPointer c"null_pointer" c"error-internal",
    Argument c"argument" c"error-internal",
    WrongState c"wrong_state" c"error-internal",
    Busy c"busy" c"error-internal",
    Internal c"internal" c"error-internal",
    DocumentLost c"document_lost" c"error-document-lost",
    DocumentUnreadable c"document_unreadable" c"error-document-unreadable",
    DocumentInUse c"document_in_use" c"error-document-in-use",
    ReaderLost c"reader_lost" c"error-reader-lost",
    ReaderFailed c"reader_failed" c"error-reader-failed",
    Cancelled c"cancelled" c"error-cancelled",
    DocumentSwapped c"document_swapped" c"error-document-swapped",
    AccessDataWrong c"access_data_wrong" c"error-access-data-wrong",
    AccessDataMissing c"access_data_missing" c"error-access-data-missing",
    PaceOnly c"pace_only" c"error-pace-only",
    AccessSlow c"access_slow" c"error-access-slow",
    AccessFailed c"access_failed" c"error-access-failed",
    AccessBlocked c"access_blocked" c"error-access-blocked",
    NotADocument c"not_a_document" c"error-not-a-document",
    SecureMessagingFailed c"secure_messaging_failed" c"error-secure-messaging-failed",
    FileNotFound c"file_not_found" c"error-file-unreadable",
    FileUnreadable c"file_unreadable" c"error-file-unreadable",
    FileMalformed c"file_malformed" c"error-file-malformed",
    FilesInconsistent c"files_inconsistent" c"error-files-inconsistent",
    ActiveAuthenticationFailed c"active_authentication_failed" c"error-active-authentication-failed",
    ChipAuthenticationFailed c"chip_authentication_failed" c"error-chip-authentication-failed",
    ChipAuthenticationMismatch c"chip_authentication_mismatch" c"error-chip-authentication-mismatch",
    CommandForbidden c"command_forbidden" c"error-command-forbidden",
    EvidenceIncomplete c"evidence_incomplete" c"error-evidence-incomplete",
    EvidenceMalformed c"evidence_malformed" c"error-evidence-malformed",
    DocumentAltered c"document_altered" c"error-document-altered",
    IssuerUnknown c"issuer_unknown" c"error-issuer-unknown",
    SignatureWrong c"signature_wrong" c"error-signature-wrong",
    SignerRevoked c"signer_revoked" c"error-signer-revoked",
    ChipNotGenuine c"chip_not_genuine" c"error-chip-not-genuine",
    NoChipProof c"no_chip_proof" c"error-no-chip-proof",
    CertificateMalformed c"certificate_malformed" c"error-server-failed",
    NotVouchedFor c"not_vouched_for" c"error-server-failed",
}

/// Name of a code, as "document_lost"; "unknown" for a number that is none. Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn rda_code_name(code: i32) -> *const c_char {
    RdaCode::from_number(code)
        .map_or(c"unknown", RdaCode::name)
        .as_ptr()
}

/// Text key of a code, as "error-document-lost"; empty for RDA_CODE_OK. Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn rda_code_text_key(code: i32) -> *const c_char {
    RdaCode::from_number(code)
        .map_or(c"error-internal", RdaCode::text_key)
        .as_ptr()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::RdaCode;
    use protocol::error::Code;

    #[test]
    fn every_code_has_a_sentence_in_the_language_files() {
        for code in RdaCode::ALL.iter().filter(|code| **code != RdaCode::Ok) {
            let key = code.text_key().to_str().unwrap();
            assert!(Code::from_text_key(key).is_ok(), "{code:?}: {key}");
            assert_eq!(RdaCode::from_number(*code as i32), Some(*code));
        }
        assert_eq!(RdaCode::from_number(-1), None);
    }
}
