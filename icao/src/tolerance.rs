//! Deviations of real documents and certificates from their standards that this crate can read past: each has a name, is
//! recorded where it was met, and is refused by a strict policy.

use core::fmt;

macro_rules! tolerances {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// One named deviation. The names are stable: they stand in verdicts and audit records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Tolerance {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Tolerance {
            /// Every tolerance, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What deviates, in words.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+),)+
                }
            }

            /// The stable name, in lower case with hyphens.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

tolerances! {
    /// Active Authentication by ECDSA although DG14 names no hash; the usual one of the curve was used.
    ActiveAuthenticationHashInferred = "active-authentication-hash-inferred",
    /// Active Authentication by ECDSA with the signature in DER where r and s side by side are due.
    ActiveAuthenticationDer = "active-authentication-der",
    /// Active Authentication by ECDSA with r and s longer or shorter than the order of the curve.
    ActiveAuthenticationUnevenLength = "active-authentication-uneven-length",
    /// Bytes follow the data object of an elementary file; they belong to no hash.
    FilePadding = "file-padding",
    /// Bytes follow the last element inside a structure, still within its length.
    TrailingBytes = "trailing-bytes",
    /// One SecurityInfo of a set does not have the syntax of its object identifier; at most its name was used.
    MalformedSecurityInfo = "malformed-security-info",
    /// The same SecurityInfo occurs twice in a set.
    DuplicateSecurityInfo = "duplicate-security-info",
    /// Indefinite lengths or OCTET STRINGs in pieces where Doc 9303-10 4.6.2 wants DER.
    BerEncoding = "ber-encoding",
    /// A certificate of another version than 3.
    CertificateVersion = "certificate-version",
    /// A certificate names one signature algorithm inside and another outside what is signed.
    CertificateAlgorithmMismatch = "certificate-algorithm-mismatch",
    /// A negative serial number.
    SerialNegative = "serial-negative",
    /// Serial number 0.
    SerialZero = "serial-zero",
    /// A serial number of more than 20 octets.
    SerialTooLong = "serial-too-long",
    /// A time in the wrong ASN.1 type for its year, without seconds, or not in UTC.
    TimeEncoding = "time-encoding",
    /// The same extension twice in a certificate; the first one counts.
    DuplicateExtension = "duplicate-extension",
    /// A malformed extension that is not critical, and was passed over.
    MalformedExtension = "malformed-extension",
    /// SignedData of version 1 around a content other than plain data.
    SignedDataVersion1 = "signed-data-version-1",
    /// A signature over the content itself, without signed attributes.
    NoSignedAttributes = "no-signed-attributes",
    /// Signed attributes in another order than DER has.
    UnsortedSignedAttributes = "unsorted-signed-attributes",
    /// The LDS security object under an identifier of an early draft, 1.3.27.1.1.1.
    ContentTypeIcaoDraft = "content-type-icao-draft",
    /// The LDS security object under a manufacturer's identifier, 1.2.528.1.1006.1.20.1.
    ContentTypePrivate = "content-type-private",
    /// The LDS security object under the identifier of plain data.
    ContentTypeData = "content-type-data",
    /// LDS version information in version 0 of the security object, or none in version 1.
    LdsVersionInfo = "lds-version-info",
    /// The SignerInfo names its certificate wrongly; the only certificate that came along made the signature.
    SignerIdentifier = "signer-identifier",
    /// The SignerInfo names the issuer with its attributes in another order, letter case or string type.
    SignerNameForm = "signer-name-form",
    /// An RSA signature algorithm without the NULL that belongs to it.
    RsaParametersAbsent = "rsa-parameters-absent",
    /// A signature algorithm rsaEncryption, which leaves the hash to the digest algorithm.
    RsaEncryptionIdentifier = "rsa-encryption-identifier",
    /// NULL with an ECDSA or DSA signature algorithm, which has no parameters.
    EcdsaParametersNull = "ecdsa-parameters-null",
    /// An ECDSA signature algorithm that names no hash; the digest algorithm's is used.
    EcdsaWithoutHash = "ecdsa-without-hash",
    /// The digest algorithm of the SignerInfo is not the hash of its signature algorithm.
    DigestAlgorithmMismatch = "digest-algorithm-mismatch",
    /// The signature was made with the digest algorithm, not with the hash of the signature algorithm.
    SignatureHashMismatch = "signature-hash-mismatch",
    /// RSASSA-PSS with SHA-2 that leaves the salt length out, so that the default of 20 holds.
    PssDefaultSalt = "pss-default-salt",
    /// RSASSA-PSS with another salt length than stated.
    PssOtherSaltLength = "pss-other-salt-length",
    /// RSASSA-PSS with another hash in the mask than stated.
    PssOtherMaskHash = "pss-other-mask-hash",
    /// A PSS signature where PKCS #1 v1.5 is stated.
    PssUnderPkcs1 = "pss-under-pkcs1",
    /// A PKCS #1 v1.5 signature where PSS is stated.
    Pkcs1UnderPss = "pkcs1-under-pss",
    /// A PKCS #1 v1.5 signature whose DigestInfo lacks the NULL of its algorithm.
    DigestInfoWithoutNull = "digest-info-without-null",
    /// r or s of an ECDSA or DSA signature with surplus zero octets.
    EcdsaIntegerPadded = "ecdsa-integer-padded",
    /// r or s of an ECDSA or DSA signature without the zero octet that keeps it positive.
    EcdsaIntegerNegative = "ecdsa-integer-negative",
    /// r and s side by side where DER is due.
    EcdsaPlainForDer = "ecdsa-plain-for-der",
    /// DER where r and s side by side are due.
    EcdsaDerForPlain = "ecdsa-der-for-plain",
    /// r and s side by side, longer or shorter than the order of the curve.
    EcdsaUnevenLength = "ecdsa-uneven-length",
    /// The signer names no key of its issuer, or one that the issuer's certificate does not have.
    AuthorityKeyIdentifier = "authority-key-identifier",
    /// The signer names its issuer with attributes in another order, letter case or string type than the issuer itself.
    IssuerNameForm = "issuer-name-form",
    /// The signer names another issuer than the one whose key verifies its certificate.
    IssuerName = "issuer-name",
    /// The country of the signer is not the one of its issuer.
    SignerCountry = "signer-country",
    /// The issuer's certificate is not marked as one of a certification authority.
    IssuerNotMarkedCa = "issuer-not-marked-ca",
    /// The issuer's certificate has a key usage without the signing of certificates.
    IssuerKeyUsage = "issuer-key-usage",
    /// The signer's certificate has a key usage without signatures over data.
    SignerKeyUsage = "signer-key-usage",
    /// The signer's certificate has no key usage.
    SignerKeyUsageAbsent = "signer-key-usage-absent",
    /// The signer's certificate was issued outside the validity or private key usage period of its issuer.
    IssuedOutsidePeriod = "issued-outside-period",
    /// The signer's certificate outlives the one of its issuer.
    OutlivesIssuer = "outlives-issuer",
    /// Signed, by its own word, outside the private key usage period of the signer.
    SignedOutsidePeriod = "signed-outside-period",
    /// A SignerInfo whose version does not follow from how it names its certificate (RFC 5652 5.3).
    SignerInfoVersion = "signer-info-version",
    /// The digest algorithms of SignedData do not list the one of the signer.
    DigestAlgorithmsIncomplete = "digest-algorithms-incomplete",
    /// The key usage of the signer's certificate is not marked critical.
    KeyUsageNotCritical = "key-usage-not-critical",
    /// The signer's certificate names its issuer without a country in two capital letters.
    IssuerCountryForm = "issuer-country-form",
    /// EF.COM is absent or malformed.
    ComMalformed = "com-malformed",
    /// EF.COM lists other data groups than EF.SOD.
    ComDiffers = "com-differs",
    /// EF.COM names a version of LDS or Unicode that Doc 9303-10 does not define.
    ComVersion = "com-version",
    /// EF.SOD lists a data group that the chip does not have.
    ListedGroupAbsent = "listed-group-absent",
    /// A data group that nothing is decided by is not as Doc 9303-10 has it.
    DataGroupMalformed = "data-group-malformed",
    /// The face record in DG2 has fields that ISO/IEC 19794-5 does not define, or lengths that it does not have.
    FaceRecord = "face-record",
    /// The machine readable zone in DG1 is signed, and not as Doc 9303-3 has it.
    MachineReadableZone = "machine-readable-zone",
    /// The machine readable zone in DG1 is not the one printed on the document.
    PrintedZoneDiffers = "printed-zone-differs",
    /// EF.ATR/INFO does not tell the longest APDUs as ISO/IEC 7816-4 12.7.1 has it; short ones were used.
    AtrInfoMalformed = "atr-info-malformed",
    /// EF.CardAccess is malformed.
    CardAccessMalformed = "card-access-malformed",
    /// EF.CardAccess offers a way of PACE that the signed DG14 does not.
    CardAccessDiffers = "card-access-differs",
    /// EF.CardSecurity lacks a SecurityInfo of EF.CardAccess.
    CardSecurityDiffers = "card-security-differs",
    /// EF.CardSecurity, which PACE without Chip Authentication Mapping does not need, is malformed or not signed by the
    /// issuing state.
    CardSecurityUnsigned = "card-security-unsigned",
    /// No ChipAuthenticationInfo of version 1 names the protocol of a key; 3DES was inferred.
    ChipAuthenticationInferred = "chip-authentication-inferred",
    /// DG14 names Chip Authentication and no key with which it can be done.
    ChipAuthenticationKeyMissing = "chip-authentication-key-missing",
    /// A biometric record states a length that is not its own; its image was looked for.
    BiometricRecordLength = "biometric-record-length",
    /// A field that may occur several times stands outside the template for such fields.
    FieldOutsideTemplate = "field-outside-template",
    /// DG14 offers PACE, and EF.CardAccess, in which it must be offered first, was not brought: the chip was opened otherwise.
    CardAccessMissing = "card-access-missing",
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The deviations met so far: each once, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerances(Vec<Tolerance>);

impl Tolerances {
    /// None met.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Records a deviation.
    pub fn record(&mut self, tolerance: Tolerance) {
        if let Err(at) = self.0.binary_search(&tolerance) {
            self.0.insert(at, tolerance);
        }
    }

    /// Records all of `other`.
    pub fn extend(&mut self, other: &Self) {
        for tolerance in &other.0 {
            self.record(*tolerance);
        }
    }

    /// The deviations met.
    #[must_use]
    pub fn as_slice(&self) -> &[Tolerance] {
        &self.0
    }

    /// Whether nothing deviated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `tolerance` was met.
    #[must_use]
    pub fn contains(&self, tolerance: Tolerance) -> bool {
        self.0.binary_search(&tolerance).is_ok()
    }
}
