//! Certificates and EF.SODs made for tests, one deviation at a time. Keys and signatures come from OpenSSL, so that what is
//! verified here was made by other code.

use std::sync::OnceLock;

use der::asn1::ObjectIdentifier;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use crate::crypto::hash::HashAlgorithm;
use crate::tlv::encode;

/// An invented state.
pub(crate) const STATE: &str = "UTO";

pub(crate) fn oid(text: &str) -> Vec<u8> {
    encode(0x06, ObjectIdentifier::new(text).unwrap().as_bytes())
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    encode(0x30, &parts.concat())
}

pub(crate) const NULL: &[u8] = &[0x05, 0x00];

/// AlgorithmIdentifier; `parameters` is a data object or empty.
pub(crate) fn algorithm(identifier: &str, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(identifier), parameters])
}

pub(crate) const SHA1: &str = "1.3.14.3.2.26";
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";
pub(crate) const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
pub(crate) const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
pub(crate) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// RSASSA-PSS-params.
pub(crate) fn pss(hash: &str, mgf_hash: &str, salt_len: Option<u8>) -> Vec<u8> {
    let mgf = algorithm("1.2.840.113549.1.1.8", &algorithm(mgf_hash, NULL));
    let salt = salt_len.map_or(Vec::new(), |len| encode(0xA2, &encode(0x02, &[len])));
    algorithm(
        RSASSA_PSS,
        &sequence(&[
            &encode(0xA0, &algorithm(hash, NULL)),
            &encode(0xA1, &mgf),
            &salt,
        ]),
    )
}

pub(crate) fn name(attributes: &[(&str, u32, &str)]) -> Vec<u8> {
    let sets: Vec<u8> = attributes
        .iter()
        .flat_map(|(kind, tag, text)| {
            encode(
                0x31,
                &sequence(&[&oid(kind), &encode(*tag, text.as_bytes())]),
            )
        })
        .collect();
    encode(0x30, &sets)
}

pub(crate) const COUNTRY: &str = "2.5.4.6";
pub(crate) const COMMON_NAME: &str = "2.5.4.3";

pub(crate) fn csca_name() -> Vec<u8> {
    name(&[(COUNTRY, 0x13, "UT"), (COMMON_NAME, 0x0C, "CSCA of Utopia")])
}

pub(crate) fn extension(identifier: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xFF] } else { &[] };
    sequence(&[&oid(identifier), critical, &encode(0x04, value)])
}

pub(crate) fn utc(text: &str) -> Vec<u8> {
    encode(0x17, text.as_bytes())
}

/// A key pair.
pub(crate) struct Key(PKey<Private>);

impl Key {
    pub(crate) fn ec() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Self::new_ec)
    }

    pub(crate) fn other_ec() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Self::new_ec)
    }

    pub(crate) fn rsa() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Self(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()))
    }

    fn new_ec() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    pub(crate) fn public_key_info(&self) -> Vec<u8> {
        self.0.public_key_to_der().unwrap()
    }

    /// SHA-1 over the public key information: any unique octets do.
    pub(crate) fn id(&self) -> Vec<u8> {
        HashAlgorithm::Sha1.digest(&self.public_key_info())
    }

    pub(crate) fn sign(&self, made: Made, message: &[u8]) -> Vec<u8> {
        let signer = |digest, set: &dyn Fn(&mut Signer<'_>)| {
            let mut signer = Signer::new(digest, &self.0).unwrap();
            set(&mut signer);
            signer.sign_oneshot_to_vec(message).unwrap()
        };
        let sha256 = MessageDigest::sha256();
        match made {
            Made::Plain(digest) => signer(digest(), &|_| ()),
            Made::Pss {
                digest,
                mgf,
                salt_len,
            } => signer(digest(), &|signer| {
                signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                signer
                    .set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt_len))
                    .unwrap();
                signer.set_rsa_mgf1_md(mgf()).unwrap();
            }),
            Made::WithoutNull => {
                let info = sequence(&[
                    &algorithm(SHA256, &[]),
                    &encode(0x04, &HashAlgorithm::Sha256.digest(message)),
                ]);
                let rsa = self.0.rsa().unwrap();
                let mut signature = vec![0; rsa.size() as usize];
                rsa.private_encrypt(&info, &mut signature, Padding::PKCS1)
                    .unwrap();
                signature
            }
            // Real signatures differ from call to call: draw until this one has the form that is wanted.
            Made::Integers(write) => loop {
                let signature = EcdsaSig::from_der(&signer(sha256, &|_| ())).unwrap();
                if let Some(written) = write(&signature.r().to_vec(), &signature.s().to_vec()) {
                    return written;
                }
            },
        }
    }
}

/// How a signature is really made, whatever the algorithm identifier says.
#[derive(Clone, Copy)]
pub(crate) enum Made {
    /// ECDSA in DER or PKCS #1 v1.5, by the key.
    Plain(fn() -> MessageDigest),
    Pss {
        digest: fn() -> MessageDigest,
        mgf: fn() -> MessageDigest,
        salt_len: i32,
    },
    /// PKCS #1 v1.5 with SHA-256 and a DigestInfo without NULL.
    WithoutNull,
    /// ECDSA with SHA-256, r and s (big-endian without leading zeros) written by a function, which may ask for another draw.
    Integers(fn(&[u8], &[u8]) -> Option<Vec<u8>>),
}

/// What a certificate shall be.
#[derive(Clone)]
pub(crate) struct CertificateSpec {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: Option<Vec<u8>>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) made: Made,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: &'static Key,
    pub(crate) public_key_info: Option<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) trailer: Vec<u8>,
}

impl CertificateSpec {
    /// A conforming certificate of a CSCA.
    pub(crate) fn csca(key: &'static Key) -> Self {
        Self {
            version: encode(0xA0, &encode(0x02, &[2])),
            serial: vec![0x01],
            inner_algorithm: None,
            algorithm: algorithm(ECDSA_SHA256, &[]),
            made: Made::Plain(MessageDigest::sha256),
            issuer: csca_name(),
            not_before: utc("250101000000Z"),
            not_after: utc("400101000000Z"),
            subject: csca_name(),
            key,
            public_key_info: None,
            extensions: vec![
                extension("2.5.29.14", false, &encode(0x04, &key.id())),
                extension("2.5.29.15", true, &[0x03, 0x02, 0x01, 0x06]),
                extension(
                    "2.5.29.19",
                    true,
                    &[0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00],
                ),
            ],
            trailer: Vec::new(),
        }
    }

    /// A conforming certificate of a document signer.
    pub(crate) fn signer(key: &'static Key, issuer: &'static Key) -> Self {
        Self {
            serial: vec![0x02],
            not_before: utc("260101000000Z"),
            not_after: utc("360101000000Z"),
            subject: name(&[
                (COUNTRY, 0x13, "UT"),
                (COMMON_NAME, 0x0C, "Document Signer"),
            ]),
            extensions: vec![
                extension(
                    "2.5.29.35",
                    false,
                    &sequence(&[&encode(0x80, &issuer.id())]),
                ),
                extension("2.5.29.15", true, &[0x03, 0x02, 0x07, 0x80]),
            ],
            ..Self::csca(key)
        }
    }

    pub(crate) fn build(&self, issuer_key: &Key) -> Vec<u8> {
        let inner = self.inner_algorithm.as_ref().unwrap_or(&self.algorithm);
        let public_key_info = self
            .public_key_info
            .clone()
            .unwrap_or_else(|| self.key.public_key_info());
        let tbs = sequence(&[
            &self.version,
            &encode(0x02, &self.serial),
            inner,
            &self.issuer,
            &sequence(&[&self.not_before, &self.not_after]),
            &self.subject,
            &public_key_info,
            &encode(0xA3, &encode(0x30, &self.extensions.concat())),
        ]);
        let signature = issuer_key.sign(self.made, &tbs);
        let signature = encode(0x03, &[&[0][..], &signature].concat());
        [
            sequence(&[&tbs, &self.algorithm, &signature]),
            self.trailer.clone(),
        ]
        .concat()
    }
}

/// Puts attributes into an order.
pub(crate) type Order = fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>;

/// What an EF.SOD shall be.
#[derive(Clone)]
pub(crate) struct SodSpec {
    pub(crate) version: u8,
    pub(crate) content_type: &'static str,
    pub(crate) security_object: Vec<u8>,
    pub(crate) signer_identifier: Option<Vec<u8>>,
    /// Version of the SignerInfo, where it is not the one that follows from the identifier.
    pub(crate) signer_version: Option<u8>,
    pub(crate) digest: &'static str,
    /// What digestAlgorithms list, where it is not the digest.
    pub(crate) listed_digest: Option<&'static str>,
    /// Signed attributes in this order; `None` for none at all.
    pub(crate) attributes: Option<Order>,
    pub(crate) signing_time: &'static str,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) made: Made,
    pub(crate) indefinite: bool,
    pub(crate) inner_trailer: Vec<u8>,
    pub(crate) trailer: Vec<u8>,
}

/// An LDS security object over one data group of these bytes.
pub(crate) fn security_object(version: u8, dg1: &[u8], version_info: &[u8]) -> Vec<u8> {
    let hash = sequence(&[
        &encode(0x02, &[1]),
        &encode(0x04, &HashAlgorithm::Sha256.digest(dg1)),
    ]);
    sequence(&[
        &encode(0x02, &[version]),
        &algorithm(SHA256, NULL),
        &encode(0x30, &hash),
        version_info,
    ])
}

pub(crate) fn version_info() -> Vec<u8> {
    sequence(&[&encode(0x13, b"0108"), &encode(0x13, b"040000")])
}

/// Attributes as DER sorts them.
fn sorted(mut attributes: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    attributes.sort();
    attributes
}

impl SodSpec {
    /// A conforming EF.SOD.
    pub(crate) fn new() -> Self {
        Self {
            version: 3,
            content_type: "2.23.136.1.1.1",
            security_object: security_object(1, b"DG1", &version_info()),
            signer_identifier: None,
            signer_version: None,
            digest: SHA256,
            listed_digest: None,
            attributes: Some(sorted),
            signing_time: "260601000000Z",
            algorithm: algorithm(ECDSA_SHA256, &[]),
            made: Made::Plain(MessageDigest::sha256),
            indefinite: false,
            inner_trailer: Vec::new(),
            trailer: Vec::new(),
        }
    }

    pub(crate) fn build(&self, signer: &CertificateSpec, certificate: &[u8]) -> Vec<u8> {
        let digest_oid = ObjectIdentifier::new(self.digest).unwrap();
        let digest = HashAlgorithm::from_oid(&digest_oid)
            .unwrap()
            .digest(&self.security_object);
        let attribute = |kind: &str, value: Vec<u8>| sequence(&[&oid(kind), &encode(0x31, &value)]);
        let attributes = vec![
            attribute("1.2.840.113549.1.9.3", oid(self.content_type)),
            attribute("1.2.840.113549.1.9.4", encode(0x04, &digest)),
            attribute("1.2.840.113549.1.9.5", utc(self.signing_time)),
        ];
        let (signed, attributes) = match self.attributes {
            Some(order) => {
                let attributes = order(attributes).concat();
                (encode(0x31, &attributes), encode(0xA0, &attributes))
            }
            None => (self.security_object.clone(), Vec::new()),
        };
        let identifier = self
            .signer_identifier
            .clone()
            .unwrap_or_else(|| sequence(&[&signer.issuer, &encode(0x02, &signer.serial)]));
        let by_key_identifier = identifier.first().is_some_and(|tag| *tag != 0x30);
        let version = self
            .signer_version
            .unwrap_or(if by_key_identifier { 3 } else { 1 });
        let signer_info = sequence(&[
            &encode(0x02, &[version]),
            &identifier,
            &algorithm(self.digest, NULL),
            &attributes,
            &self.algorithm,
            &encode(0x04, &signer.key.sign(self.made, &signed)),
        ]);
        let content = encode(0x04, &self.security_object);
        let signed_data = sequence(&[
            &encode(0x02, &[self.version]),
            &encode(
                0x31,
                &algorithm(self.listed_digest.unwrap_or(self.digest), NULL),
            ),
            &sequence(&[&oid(self.content_type), &encode(0xA0, &content)]),
            &encode(0xA0, certificate),
            &encode(0x31, &signer_info),
        ]);
        let parts = [oid("1.2.840.113549.1.7.2"), encode(0xA0, &signed_data)].concat();
        let content_info = if self.indefinite {
            [&[0x30, 0x80][..], &parts, &[0, 0]].concat()
        } else {
            encode(0x30, &parts)
        };
        let file = encode(0x77, &[content_info, self.inner_trailer.clone()].concat());
        [file, self.trailer.clone()].concat()
    }
}
