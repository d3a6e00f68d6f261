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
    /// One SecurityInfo of a set does not have the syntax of its object identifier and was left out.
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
