//! EF.SOD and EF.CardSecurity: CMS SignedData over a list of hashes or of security infos (Doc 9303-10, 4.6.2; RFC 5652).

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::CmsVersion;
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Encode, Tag};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::serial_number::SerialNumber;

use super::{DocumentSigner, IssuerError};
use crate::crypto::hash::HashAlgorithm;
use crate::simulator::public_key_info::{integer, oid, sequence};
use crate::tlv;

const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-icao-mrtd-security-ldsSecurityObject.
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");

/// id-SecurityObject of TR-03110-3, A.1.2.5.
const SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");

/// What a document signer signs, and the deviations of real signers.
#[derive(Clone, Debug)]
pub struct SecurityObject {
    pub(in crate::simulator) content_type: ObjectIdentifier,
    pub(in crate::simulator) content: Vec<u8>,
    pub(in crate::simulator) indefinite_length: bool,
    pub(in crate::simulator) names_rsa_encryption: bool,
    pub(in crate::simulator) null_parameters: bool,
    pub(in crate::simulator) wrong_signer: bool,
    pub(in crate::simulator) by_key_identifier: bool,
    digest: Option<HashAlgorithm>,
}

impl SecurityObject {
    /// Content of any type.
    fn new(content_type: ObjectIdentifier, content: Vec<u8>) -> Self {
        Self {
            content_type,
            content,
            indefinite_length: false,
            names_rsa_encryption: false,
            null_parameters: false,
            wrong_signer: false,
            by_key_identifier: false,
            digest: None,
        }
    }

    /// The same with this digest algorithm in the SignerInfo, whatever hash the signature has.
    #[must_use]
    pub fn with_digest(mut self, digest: HashAlgorithm) -> Self {
        self.digest = Some(digest);
        self
    }

    /// The same, with the signer named by its subject key identifier (SignerInfo version 3).
    #[must_use]
    pub fn by_key_identifier(mut self) -> Self {
        self.by_key_identifier = true;
        self
    }

    /// The same, with the signature algorithm rsaEncryption, which names no hash (RFC 3370, 3.2).
    #[must_use]
    pub fn under_rsa_encryption(mut self) -> Self {
        self.names_rsa_encryption = true;
        self
    }

    /// An LDS security object: the hashes of the data groups, each with its number. With `version`, it is version 1 and
    /// says LDS and Unicode version (as `("0108", "040000")`), else version 0.
    #[must_use]
    pub fn of_hashes(
        hash: HashAlgorithm,
        hashes: &[(u8, Vec<u8>)],
        version: Option<(&str, &str)>,
    ) -> Self {
        let hashes: Vec<_> = hashes
            .iter()
            .map(|(number, digest)| {
                sequence(&[integer(u32::from(*number)), tlv::encode(0x04, digest)])
            })
            .collect();
        let mut members = vec![
            integer(u32::from(version.is_some())),
            sequence(&[oid(hash.oid()), tlv::encode(0x05, &[])]),
            sequence(&hashes),
        ];
        if let Some((lds, unicode)) = version {
            members.push(sequence(&[
                tlv::encode(0x13, lds.as_bytes()),
                tlv::encode(0x13, unicode.as_bytes()),
            ]));
        }
        Self::new(LDS_SECURITY_OBJECT, sequence(&members))
    }

    /// SecurityInfos for EF.CardSecurity: `infos` is the SET.
    #[must_use]
    pub fn of_security_infos(infos: Vec<u8>) -> Self {
        Self::new(SECURITY_OBJECT, infos)
    }

    /// The same around another content of the same type.
    #[must_use]
    pub fn with_content(mut self, content: Vec<u8>) -> Self {
        self.content = content;
        self
    }

    /// The content that is signed.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The ContentInfo that `signer` makes of it.
    ///
    /// # Errors
    /// [`IssuerError`] if the signer's key is unusable.
    pub fn sign(&self, signer: &DocumentSigner) -> Result<Vec<u8>, IssuerError> {
        let hash = self.digest.unwrap_or_else(|| signer.key.algorithm().hash());
        let digest_alg = AlgorithmIdentifierOwned {
            oid: hash.oid(),
            parameters: None,
        };
        let signed_attrs = SetOfVec::try_from(vec![
            attribute(CONTENT_TYPE, Any::encode_from(&self.content_type)?)?,
            attribute(
                MESSAGE_DIGEST,
                Any::new(Tag::OctetString, hash.digest(&self.content))?,
            )?,
        ])?;
        let signature = signer.key.signature(&signed_attrs.to_der()?)?;
        let mut signature_algorithm = signer.key.algorithm().identifier()?;
        if self.names_rsa_encryption {
            signature_algorithm = AlgorithmIdentifierOwned {
                oid: RSA_ENCRYPTION,
                parameters: Some(Any::null()),
            };
        }
        if self.null_parameters {
            signature_algorithm.parameters = Some(Any::null());
        }
        let (version, sid) = self.identifier(signer)?;
        let signer_info = SignerInfo {
            version,
            sid,
            digest_alg: digest_alg.clone(),
            signed_attrs: Some(signed_attrs),
            signature_algorithm,
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let signed_data = SignedData {
            version: CmsVersion::V3,
            digest_algorithms: SetOfVec::try_from(vec![digest_alg])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: self.content_type,
                econtent: Some(Any::new(Tag::OctetString, self.content.clone())?),
            },
            certificates: Some(CertificateSet::try_from(vec![
                CertificateChoices::Certificate(signer.certificate.clone()),
            ])?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![signer_info])?,
        };
        if self.indefinite_length {
            return self.to_indefinite(&signed_data);
        }
        Ok(sequence(&[
            oid(ID_SIGNED_DATA),
            tlv::encode(0xA0, &signed_data.to_der()?),
        ]))
    }

    fn identifier(
        &self,
        signer: &DocumentSigner,
    ) -> Result<(CmsVersion, SignerIdentifier), IssuerError> {
        let certificate = signer.certificate.tbs_certificate();
        if self.by_key_identifier {
            let (_, key_identifier) = certificate
                .get_extension::<SubjectKeyIdentifier>()?
                .ok_or(IssuerError::Encoding)?;
            return Ok((
                CmsVersion::V3,
                SignerIdentifier::SubjectKeyIdentifier(key_identifier),
            ));
        }
        let serial_number = if self.wrong_signer {
            SerialNumber::from(0x00C0_FFEE_u32)
        } else {
            certificate.serial_number().clone()
        };
        Ok((
            CmsVersion::V1,
            SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: certificate.issuer().clone(),
                serial_number,
            }),
        ))
    }

    /// The same in BER: outer structures of indefinite length, content as a constructed OCTET STRING in two pieces.
    fn to_indefinite(&self, signed_data: &SignedData) -> Result<Vec<u8>, IssuerError> {
        let (first, second) = self.content.split_at(self.content.len() / 2);
        let pieces = [tlv::encode(0x04, first), tlv::encode(0x04, second)].concat();
        let content = indefinite(0x24, &pieces);
        let encapsulated = indefinite(
            0x30,
            &[oid(self.content_type), indefinite(0xA0, &content)].concat(),
        );
        let certificates = signed_data
            .certificates
            .as_ref()
            .ok_or(IssuerError::Encoding)?
            .0
            .iter()
            .map(Encode::to_der)
            .collect::<Result<Vec<_>, _>>()?;
        let members = [
            signed_data.version.to_der()?,
            signed_data.digest_algorithms.to_der()?,
            encapsulated,
            indefinite(0xA0, &certificates.concat()),
            signed_data.signer_infos.to_der()?,
        ];
        let signed_data = indefinite(0x30, &members.concat());
        Ok(indefinite(
            0x30,
            &[oid(ID_SIGNED_DATA), indefinite(0xA0, &signed_data)].concat(),
        ))
    }
}

/// A data object of indefinite length, closed by end-of-contents octets.
fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, IssuerError> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}
