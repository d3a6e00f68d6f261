//! CSCA and document signer certificates in the profile of Doc 9303-12, 7.1.1.

use core::str::FromStr;
use core::time::Duration;

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::asn1::OctetString;
use der::{Decode, Encode};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::{Certificate, TbsCertificate};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use super::key::IssuerSignature;
use super::{Csca, DocumentSigner, IssuerError, IssuerKey};
use crate::simulator::public_key_info::{integer, sequence, set};
use crate::tlv;

/// 2010-01-01T00:00:00Z.
const NOT_BEFORE: u64 = 1_262_304_000;
/// 2049-12-31T23:59:59Z, the last second that UTCTime can say.
const NOT_AFTER: u64 = 2_524_607_999;
/// documentTypeList (Doc 9303-12, 7.1).
const DOCUMENT_TYPE_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.6.2");

/// Whom a certificate names, and how long it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Serial number.
    pub serial: u32,
    /// commonName; organisation and unit say that the key is worthless.
    pub common_name: &'a str,
    /// countryName. Issuers differ in capitals (quirk 33).
    pub country: &'a str,
    /// First second of validity, since 1970.
    pub not_before: u64,
    /// Last second of validity, since 1970.
    pub not_after: u64,
}

impl<'a> Subject<'a> {
    /// A subject in NL, valid from 2010 to 2049.
    #[must_use]
    pub const fn new(serial: u32, common_name: &'a str) -> Self {
        Self {
            serial,
            common_name,
            country: "NL",
            not_before: NOT_BEFORE,
            not_after: NOT_AFTER,
        }
    }

    fn name(&self) -> Result<Name, IssuerError> {
        let Self {
            common_name,
            country,
            ..
        } = self;
        let text = format!("CN={common_name},OU=Worthless test keys,O=RDA simulator,C={country}");
        Name::from_str(&text).map_err(|_| IssuerError::Encoding)
    }

    fn validity(&self) -> Result<Validity, IssuerError> {
        let time = |seconds| Time::try_from(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
        Ok(Validity::new(time(self.not_before)?, time(self.not_after)?))
    }
}

/// What tells the kinds of certificate apart.
enum Role<'a> {
    /// A CSCA; its issuer is another one in a link certificate.
    Csca {
        issuer: Option<Name>,
    },
    DocumentSigner {
        issuer: Name,
        types: &'a [&'a str],
    },
}

struct Profile<'a> {
    subject: Name,
    role: Role<'a>,
}

impl BuilderProfile for Profile<'_> {
    fn get_issuer(&self, subject: &Name) -> Name {
        match &self.role {
            Role::Csca { issuer: None } => subject.clone(),
            Role::Csca {
                issuer: Some(issuer),
            }
            | Role::DocumentSigner { issuer, .. } => issuer.clone(),
        }
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        subject_key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let authority = SubjectKeyIdentifier::try_from(issuer_key)?;
        let mut extensions = vec![
            extension(
                false,
                &AuthorityKeyIdentifier {
                    key_identifier: Some(authority.0),
                    ..Default::default()
                },
            )?,
            extension(false, &SubjectKeyIdentifier::try_from(subject_key)?)?,
        ];
        match &self.role {
            Role::Csca { .. } => {
                let usage = KeyUsages::KeyCertSign | KeyUsages::CRLSign;
                extensions.push(extension(true, &KeyUsage(usage))?);
                extensions.push(extension(
                    true,
                    &BasicConstraints {
                        ca: true,
                        path_len_constraint: Some(0),
                    },
                )?);
            }
            Role::DocumentSigner { types, .. } => {
                let usage = KeyUsages::DigitalSignature;
                extensions.push(extension(true, &KeyUsage(usage.into()))?);
                if !types.is_empty() {
                    let types = types
                        .iter()
                        .map(|code| tlv::encode(0x13, code.as_bytes()))
                        .collect();
                    let list = sequence(&[integer(0), set(types)]);
                    extensions.push(Extension {
                        extn_id: DOCUMENT_TYPE_LIST,
                        critical: false,
                        extn_value: OctetString::new(list)?,
                    });
                }
            }
        }
        Ok(extensions)
    }
}

fn extension<E: Encode + AssociatedOid>(critical: bool, value: &E) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: E::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// Signs a certificate for `public_key` with `issuer`.
fn certify(
    subject: &Subject<'_>,
    role: Role<'_>,
    public_key: &IssuerKey,
    issuer: &IssuerKey,
) -> Result<Certificate, IssuerError> {
    let profile = Profile {
        subject: subject.name()?,
        role,
    };
    let public_key = SubjectPublicKeyInfoOwned::from_der(&public_key.public_key_info()?)?;
    let serial = SerialNumber::from(subject.serial);
    let builder = CertificateBuilder::new(profile, serial, subject.validity()?, public_key)?;
    Ok(builder.build::<_, IssuerSignature>(issuer)?)
}

impl Csca {
    /// A self-signed CSCA.
    ///
    /// # Errors
    /// [`IssuerError`] if the key is unusable or the subject cannot be encoded.
    pub fn new(subject: &Subject<'_>, key: IssuerKey) -> Result<Self, IssuerError> {
        let certificate = certify(subject, Role::Csca { issuer: None }, &key, &key)?;
        Ok(Self { key, certificate })
    }

    /// The certificate, DER.
    ///
    /// # Errors
    /// [`IssuerError::Encoding`], which does not happen.
    pub fn to_der(&self) -> Result<Vec<u8>, IssuerError> {
        Ok(self.certificate.to_der()?)
    }

    /// The key with which it signs certificates and revocation lists.
    #[must_use]
    pub fn key(&self) -> &IssuerKey {
        &self.key
    }

    /// A link certificate (Doc 9303-12, 7.1.1): this CSCA vouches for the next one, whose subject `successor` is. DER.
    ///
    /// # Errors
    /// As [`Csca::new`].
    pub fn link(&self, successor: &Subject<'_>, key: &IssuerKey) -> Result<Vec<u8>, IssuerError> {
        let role = Role::Csca {
            issuer: Some(self.certificate.tbs_certificate().subject().clone()),
        };
        Ok(certify(successor, role, key, &self.key)?.to_der()?)
    }

    /// Certifies a document signer for documents of these types (`P`, `I`, …; empty for driving licences).
    ///
    /// # Errors
    /// As [`Csca::new`].
    pub fn document_signer(
        &self,
        subject: &Subject<'_>,
        types: &[&str],
        key: IssuerKey,
    ) -> Result<DocumentSigner, IssuerError> {
        let role = Role::DocumentSigner {
            issuer: self.certificate.tbs_certificate().subject().clone(),
            types,
        };
        let certificate = certify(subject, role, &key, &self.key)?;
        Ok(DocumentSigner { key, certificate })
    }
}

impl DocumentSigner {
    /// The certificate, DER.
    ///
    /// # Errors
    /// [`IssuerError::Encoding`], which does not happen.
    pub fn to_der(&self) -> Result<Vec<u8>, IssuerError> {
        Ok(self.certificate.to_der()?)
    }

    /// The key with which it signs documents.
    #[must_use]
    pub fn key(&self) -> &IssuerKey {
        &self.key
    }
}
