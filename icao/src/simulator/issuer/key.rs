//! Keys of simulated issuers and what they sign with. Every one of them is public and worthless.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, BitString};
use der::{Decode, Document};
use rsa::pkcs1::RsaPssParams;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use signature::{Keypair, Signer};
use spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SignatureBitStringEncoding,
};

use super::IssuerError;
use super::dsa::DsaKey;
use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;
use crate::simulator::ecdsa;
use crate::simulator::public_key_info::{self, CurveForm};
use crate::simulator::random::{RandomSource, SeededRandom};

/// How an issuer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS, MGF1 with the same hash, salt as long as the hash.
    RsaPss(HashAlgorithm),
    /// RSASSA-PSS, MGF1 with the same hash, a salt of 20 bytes which the parameters leave unsaid, as is their default.
    RsaPssDefaultSalt(HashAlgorithm),
    /// ECDSA with a DER signature.
    Ecdsa(HashAlgorithm),
    /// ECDSA with r and s side by side, under an identifier of TR-03111, 5.2.1.
    EcdsaPlain(HashAlgorithm),
    /// DSA with SHA-1, SHA-224 or SHA-256.
    Dsa(HashAlgorithm),
}

impl SigningAlgorithm {
    /// The hash of what is signed.
    #[must_use]
    pub fn hash(self) -> HashAlgorithm {
        match self {
            Self::RsaPkcs1(hash)
            | Self::RsaPss(hash)
            | Self::RsaPssDefaultSalt(hash)
            | Self::Ecdsa(hash)
            | Self::EcdsaPlain(hash)
            | Self::Dsa(hash) => hash,
        }
    }

    /// Length of the salt of PSS in bytes.
    fn salt_len(self) -> usize {
        match self {
            Self::RsaPssDefaultSalt(_) => 20,
            _ => self.hash().output_len(),
        }
    }

    /// The AlgorithmIdentifier of its signatures.
    pub(super) fn identifier(self) -> Result<AlgorithmIdentifierOwned, IssuerError> {
        let (oid, parameters) = match self {
            Self::RsaPss(_) | Self::RsaPssDefaultSalt(_) => {
                let salt_len = u8::try_from(self.salt_len()).map_err(|_| IssuerError::Key)?;
                let parameters = match self.hash() {
                    HashAlgorithm::Sha1 => Any::encode_from(&RsaPssParams::new::<Sha1>(salt_len)),
                    HashAlgorithm::Sha224 => {
                        Any::encode_from(&RsaPssParams::new::<Sha224>(salt_len))
                    }
                    HashAlgorithm::Sha256 => {
                        Any::encode_from(&RsaPssParams::new::<Sha256>(salt_len))
                    }
                    HashAlgorithm::Sha384 => {
                        Any::encode_from(&RsaPssParams::new::<Sha384>(salt_len))
                    }
                    HashAlgorithm::Sha512 => {
                        Any::encode_from(&RsaPssParams::new::<Sha512>(salt_len))
                    }
                };
                ("1.2.840.113549.1.1.10", Some(parameters?))
            }
            Self::RsaPkcs1(hash) => (
                match hash {
                    HashAlgorithm::Sha1 => "1.2.840.113549.1.1.5",
                    HashAlgorithm::Sha224 => "1.2.840.113549.1.1.14",
                    HashAlgorithm::Sha256 => "1.2.840.113549.1.1.11",
                    HashAlgorithm::Sha384 => "1.2.840.113549.1.1.12",
                    HashAlgorithm::Sha512 => "1.2.840.113549.1.1.13",
                },
                Some(Any::null()),
            ),
            Self::Ecdsa(hash) => (
                match hash {
                    HashAlgorithm::Sha1 => "1.2.840.10045.4.1",
                    HashAlgorithm::Sha224 => "1.2.840.10045.4.3.1",
                    HashAlgorithm::Sha256 => "1.2.840.10045.4.3.2",
                    HashAlgorithm::Sha384 => "1.2.840.10045.4.3.3",
                    HashAlgorithm::Sha512 => "1.2.840.10045.4.3.4",
                },
                None,
            ),
            Self::EcdsaPlain(hash) => (
                match hash {
                    HashAlgorithm::Sha1 => "0.4.0.127.0.7.1.1.4.1.1",
                    HashAlgorithm::Sha224 => "0.4.0.127.0.7.1.1.4.1.2",
                    HashAlgorithm::Sha256 => "0.4.0.127.0.7.1.1.4.1.3",
                    HashAlgorithm::Sha384 => "0.4.0.127.0.7.1.1.4.1.4",
                    HashAlgorithm::Sha512 => "0.4.0.127.0.7.1.1.4.1.5",
                },
                None,
            ),
            Self::Dsa(hash) => (
                match hash {
                    HashAlgorithm::Sha1 => "1.2.840.10040.4.3",
                    HashAlgorithm::Sha224 => "2.16.840.1.101.3.4.3.1",
                    HashAlgorithm::Sha256 => "2.16.840.1.101.3.4.3.2",
                    HashAlgorithm::Sha384 | HashAlgorithm::Sha512 => return Err(IssuerError::Key),
                },
                None,
            ),
        };
        Ok(AlgorithmIdentifierOwned {
            oid: ObjectIdentifier::new(oid).map_err(|_| IssuerError::Key)?,
            parameters,
        })
    }
}

#[derive(Clone)]
enum Material {
    Rsa(Box<RsaPrivateKey>),
    Dsa(DsaKey),
    Curve {
        curve: NamedCurve,
        key: Vec<u8>,
        form: CurveForm,
    },
}

/// A signing key of a simulated state: of its CSCA or of a document signer.
#[derive(Clone)]
pub struct IssuerKey {
    material: Material,
    algorithm: SigningAlgorithm,
}

/// An RSA key that lies beside this file; see `keys/README.md`.
pub(crate) fn rsa_key(pem: &str) -> Result<RsaPrivateKey, IssuerError> {
    RsaPrivateKey::from_pkcs8_pem(pem).map_err(|_| IssuerError::Key)
}

impl IssuerKey {
    /// An RSA key.
    ///
    /// # Errors
    /// [`IssuerError::Key`] if `pem` is no PKCS#8 RSA key, or `algorithm` does not go with RSA.
    pub fn rsa(pem: &str, algorithm: SigningAlgorithm) -> Result<Self, IssuerError> {
        use SigningAlgorithm::{RsaPkcs1, RsaPss, RsaPssDefaultSalt};
        if !matches!(algorithm, RsaPkcs1(_) | RsaPss(_) | RsaPssDefaultSalt(_)) {
            return Err(IssuerError::Key);
        }
        Ok(Self {
            material: Material::Rsa(Box::new(rsa_key(pem)?)),
            algorithm,
        })
    }

    /// A DSA key, which signs with this hash.
    ///
    /// # Errors
    /// [`IssuerError`] if `pem` is no PKCS#8 DSA key.
    pub fn dsa(pem: &str, hash: HashAlgorithm) -> Result<Self, IssuerError> {
        Ok(Self {
            material: Material::Dsa(DsaKey::from_pem(pem)?),
            algorithm: SigningAlgorithm::Dsa(hash),
        })
    }

    /// The same elliptic curve key, whose signatures are r and s side by side.
    ///
    /// # Errors
    /// [`IssuerError::Key`] for a key of another kind.
    pub fn plain(mut self) -> Result<Self, IssuerError> {
        match self.algorithm {
            SigningAlgorithm::Ecdsa(hash) => {
                self.algorithm = SigningAlgorithm::EcdsaPlain(hash);
                Ok(self)
            }
            _ => Err(IssuerError::Key),
        }
    }

    /// The elliptic curve key that follows from `label`: the same everywhere, secret nowhere.
    ///
    /// # Errors
    /// [`IssuerError::Key`] if no key follows, which does not happen.
    pub fn elliptic(
        label: &str,
        curve: NamedCurve,
        form: CurveForm,
        hash: HashAlgorithm,
    ) -> Result<Self, IssuerError> {
        Ok(Self {
            material: Material::Curve {
                curve,
                key: curve_key(label, curve),
                form,
            },
            algorithm: SigningAlgorithm::Ecdsa(hash),
        })
    }

    /// How this key signs.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// SubjectPublicKeyInfo, DER.
    pub(super) fn public_key_info(&self) -> Result<Vec<u8>, IssuerError> {
        match &self.material {
            Material::Rsa(key) => Ok(public_key_info::rsa(key)),
            Material::Dsa(key) => key.public_key_info().ok_or(IssuerError::Key),
            Material::Curve { curve, key, form } => {
                public_key_info::curve(*curve, key, *form).ok_or(IssuerError::Key)
            }
        }
    }

    /// Signs a message, the same way each time.
    ///
    /// # Errors
    /// [`IssuerError::Key`] if the key is too short for its algorithm.
    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, IssuerError> {
        let hash = self.algorithm.hash();
        let digest = hash.digest(message);
        match (&self.material, self.algorithm) {
            (
                Material::Rsa(key),
                SigningAlgorithm::RsaPss(_) | SigningAlgorithm::RsaPssDefaultSalt(_),
            ) => {
                let mut salt = SeededRandom::new(message);
                let salt_len = self.algorithm.salt_len();
                macro_rules! sign {
                    ($digest:ty) => {
                        key.sign_with_rng(
                            &mut salt,
                            Pss::<$digest>::new_with_salt(salt_len),
                            &digest,
                        )
                    };
                }
                match hash {
                    HashAlgorithm::Sha1 => sign!(Sha1),
                    HashAlgorithm::Sha224 => sign!(Sha224),
                    HashAlgorithm::Sha256 => sign!(Sha256),
                    HashAlgorithm::Sha384 => sign!(Sha384),
                    HashAlgorithm::Sha512 => sign!(Sha512),
                }
                .map_err(|_| IssuerError::Key)
            }
            (Material::Rsa(key), _) => {
                let padding = match hash {
                    HashAlgorithm::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
                    HashAlgorithm::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
                    HashAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                    HashAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                    HashAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                };
                key.sign(padding, &digest).map_err(|_| IssuerError::Key)
            }
            (Material::Dsa(key), _) => key.sign(&digest).ok_or(IssuerError::Key),
            (Material::Curve { curve, key, .. }, SigningAlgorithm::EcdsaPlain(_)) => {
                ecdsa::sign(*curve, key, &digest)
                    .map(|(r, s)| [r, s].concat())
                    .ok_or(IssuerError::Key)
            }
            (Material::Curve { curve, key, .. }, _) => ecdsa::sign(*curve, key, &digest)
                .map(|(r, s)| ecdsa::to_der(&r, &s))
                .ok_or(IssuerError::Key),
        }
    }
}

/// A private key of `curve` that follows from `label`.
pub(crate) fn curve_key(label: &str, curve: NamedCurve) -> Vec<u8> {
    let mut random = SeededRandom::new(label.as_bytes());
    let mut key = vec![0; curve.order_len()];
    random.nonce(&mut key);
    // A number one byte shorter is below every order; for P-521, whose order has one bit in its first byte, it takes two.
    let cut = if curve.order_bits() % 8 == 1 { 2 } else { 1 };
    key.iter_mut().take(cut).for_each(|byte| *byte = 0);
    key
}

/// The public half, as the certificate builder asks for it.
#[derive(Clone)]
pub struct IssuerPublicKey(Result<Vec<u8>, IssuerError>);

impl EncodePublicKey for IssuerPublicKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        let der = self.0.as_ref().map_err(|_| spki::Error::KeyMalformed)?;
        Ok(Document::from_der(der)?)
    }
}

/// A signature, as the certificate builder asks for it.
pub struct IssuerSignature(Vec<u8>);

impl SignatureBitStringEncoding for IssuerSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}

impl Keypair for IssuerKey {
    type VerifyingKey = IssuerPublicKey;

    fn verifying_key(&self) -> IssuerPublicKey {
        IssuerPublicKey(self.public_key_info())
    }
}

impl DynSignatureAlgorithmIdentifier for IssuerKey {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        self.algorithm
            .identifier()
            .map_err(|_| spki::Error::KeyMalformed)
    }
}

impl Signer<IssuerSignature> for IssuerKey {
    fn try_sign(&self, message: &[u8]) -> Result<IssuerSignature, signature::Error> {
        self.signature(message)
            .map(IssuerSignature)
            .map_err(|_| signature::Error::new())
    }
}
