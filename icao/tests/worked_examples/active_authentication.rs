//! Active Authentication: Doc 9303-11, appendix F, and signatures made by OpenSSL.

use icao::active_authentication::{ActiveAuthentication, ActiveAuthenticationError};
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::iso9796::Iso9796Error;
use icao::crypto::signature::{SignatureError, VerifyingKey};
use icao::lds::Dg15;
use icao::lds::security_info::{ActiveAuthenticationInfo, SecurityInfos};
use icao::pki::DocumentKind;
use icao::tlv;
use icao::tolerance::Tolerance;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};

use crate::h;

const RND_IFD: [u8; 8] = 0xF173_5899_74BF_40C6_u64.to_be_bytes();
/// M1 of appendix F.
const M1: &str = "\
9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C5524CF23A5303CD6C98\
599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD4E\
7292E2DCDA3024B47DA8";
/// SHA-1 of M1 and RND.IFD, as appendix F prints it.
const HASH: &str = "C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127";

/// DG15 and private exponent of the reference data set of BSI TR-03105-5: RSA, 1024 bits.
const DG15: &str = "\
6F81A230819F300D06092A864886F70D010101050003818D00308189028181008130E120BB785A45D8D87E6F1A89EF4C\
6B655A555F58887DC6F78C293E71B028621B464C7B3123DF8896449ACB2A6E0219B7A43141BA617AE0E94CB5372EB6D9\
64A1DBF2A43BD0CE659E962AC2CE9CEDF681CA1E3C74EA23C62D9ABFB81371D2602E39162EB578F9DED459C758EFD6A2\
7A755B8C0E0E31E040D4D37A276939090203010001";
const EXPONENT: &str = "\
319C62A79E364E7C4A1481210B50F2DB26D6CA04C4D38BBEB93C70CF99D230B2A1521601E2C0F124B31FF98274087C2C\
4451F8348E2813AD0B57AC045F078A6189E59A4BE8ACF9630A537CFAD43D10BE16ECEBEC4A6ACCBC860C4EF1E31128F9\
FE9A1B57671C2CEF8922E71DF7891C100D23B1D8C3D49FD7DDFBF123A43F8F3D";

fn rsa_key() -> VerifyingKey {
    VerifyingKey::from_spki(Dg15::parse(&h(DG15)).unwrap().public_key_info()).unwrap()
}

fn modulus() -> BigNum {
    let VerifyingKey::Rsa(key) = rsa_key() else {
        panic!("an RSA key")
    };
    BigNum::from_slice(&key.modulus()).unwrap()
}

/// The signature of a message representative, made with the BSI's private key.
fn sign(representative: &[u8]) -> Vec<u8> {
    let mut signature = BigNum::new().unwrap();
    let message = BigNum::from_slice(representative).unwrap();
    let exponent = BigNum::from_slice(&h(EXPONENT)).unwrap();
    let mut context = BigNumContext::new().unwrap();
    signature
        .mod_exp(&message, &exponent, &modulus(), &mut context)
        .unwrap();
    signature.to_vec_padded(128).unwrap()
}

fn rsa(kind: DocumentKind, signature: &[u8]) -> Result<(), ActiveAuthenticationError> {
    ActiveAuthentication {
        key: &rsa_key(),
        info: None,
        kind,
    }
    .verify(&RND_IFD, signature)
}

const PASSPORT: DocumentKind = DocumentKind::TravelDocument;
const LICENCE: DocumentKind = DocumentKind::DrivingLicence;

/// Appendix F leaves the modulus out, so its representative is signed with another published key of the same length.
#[test]
fn appendix_f() {
    let representative = h(&format!("6A{M1}{HASH}BC"));
    assert_eq!(representative.len(), 128);
    let signature = sign(&representative);
    assert_eq!(rsa(PASSPORT, &signature), Ok(()));
    // The same trailer means another hash on a licence.
    assert!(rsa(LICENCE, &signature).is_err());

    // The other form that ISO/IEC 9796-2 allows.
    let other = &modulus() - &BigNum::from_slice(&signature).unwrap();
    assert_eq!(rsa(PASSPORT, &other.to_vec_padded(128).unwrap()), Ok(()));

    let mut challenge = RND_IFD;
    challenge[7] ^= 1;
    let key = rsa_key();
    let aa = ActiveAuthentication {
        key: &key,
        info: None,
        kind: PASSPORT,
    };
    assert_eq!(
        aa.verify(&challenge, &signature),
        Err(Iso9796Error::Invalid.into())
    );
    for length in [0, 127, 129] {
        let mut cut = signature.clone();
        cut.resize(length, 0);
        assert_eq!(
            rsa(PASSPORT, &cut),
            Err(Iso9796Error::SignatureLength.into())
        );
    }
}

#[test]
fn every_trailer() {
    for (hash, trailer, kinds) in [
        (HashAlgorithm::Sha1, "BC", &[PASSPORT][..]),
        (HashAlgorithm::Sha256, "BC", &[LICENCE]),
        (HashAlgorithm::Sha1, "33CC", &[PASSPORT, LICENCE]),
        (HashAlgorithm::Sha256, "34CC", &[PASSPORT, LICENCE]),
        (HashAlgorithm::Sha512, "35CC", &[PASSPORT, LICENCE]),
        (HashAlgorithm::Sha384, "36CC", &[PASSPORT, LICENCE]),
        (HashAlgorithm::Sha224, "38CC", &[PASSPORT, LICENCE]),
    ] {
        let trailer = h(trailer);
        let m1 = vec![0x5C; 128 - 1 - hash.output_len() - trailer.len()];
        let digest = hash.digest_parts(&[&m1, &RND_IFD]);
        let signature = sign(&[vec![0x6A], m1, digest, trailer].concat());
        for kind in [PASSPORT, LICENCE] {
            assert_eq!(
                rsa(kind, &signature).is_ok(),
                kinds.contains(&kind),
                "{hash} {kind:?}"
            );
        }
    }
    let unknown = sign(&h(&format!("6A{}{HASH}37CC", &M1[2..])));
    assert_eq!(
        rsa(PASSPORT, &unknown),
        Err(Iso9796Error::UnknownHash(0x37).into())
    );
}

/// An ECDSA key of the chip, and DG14's statement of its hash by the last arc of ecdsa-plain-*.
struct EcChip {
    secret: EcKey<Private>,
    order_len: usize,
}

impl EcChip {
    fn new(nid: Nid, order_len: usize) -> Self {
        let group = EcGroup::from_curve_name(nid).unwrap();
        Self {
            secret: EcKey::generate(&group).unwrap(),
            order_len,
        }
    }

    fn key(&self) -> VerifyingKey {
        let spki = PKey::from_ec_key(self.secret.clone())
            .unwrap()
            .public_key_to_der()
            .unwrap();
        VerifyingKey::from_spki(&spki).unwrap()
    }

    fn sign(&self, hash: HashAlgorithm) -> (Vec<u8>, Vec<u8>) {
        let signature = EcdsaSig::sign(&hash.digest(&RND_IFD), &self.secret).unwrap();
        let length = i32::try_from(self.order_len).unwrap();
        let [r, s] = [signature.r(), signature.s()].map(|n| n.to_vec_padded(length).unwrap());
        ([r, s].concat(), signature.to_der().unwrap())
    }
}

fn info(arc: u8) -> ActiveAuthenticationInfo {
    let fields = [
        tlv::encode(0x06, &h("678108010105")),
        vec![2, 1, 1],
        tlv::encode(0x06, &[&h("04007F000701010401")[..], &[arc]].concat()),
    ];
    let set = tlv::encode(0x31, &tlv::encode(0x30, &fields.concat()));
    *SecurityInfos::parse(&set)
        .unwrap()
        .active_authentication()
        .unwrap()
}

#[test]
fn ecdsa_with_the_hash_of_dg14() {
    for (nid, order_len) in [
        (Nid::X9_62_PRIME256V1, 32),
        (Nid::BRAINPOOL_P320R1, 40),
        (Nid::SECP384R1, 48),
        (Nid::BRAINPOOL_P512R1, 64),
        (Nid::SECP521R1, 66),
    ] {
        let chip = EcChip::new(nid, order_len);
        let key = chip.key();
        for (arc, hash) in (1..=5).zip(HashAlgorithm::ALL) {
            let (plain, der) = chip.sign(hash);
            let info = info(arc);
            let aa = ActiveAuthentication {
                key: &key,
                info: Some(&info),
                kind: PASSPORT,
            };
            assert_eq!(aa.verify(&RND_IFD, &plain), Ok(()));
            let deviation =
                ActiveAuthenticationError::Deviation(Tolerance::ActiveAuthenticationDer);
            assert_eq!(aa.verify(&RND_IFD, &der), Err(deviation));
            let met = aa.verify_tolerant(&RND_IFD, &der).unwrap();
            assert_eq!(met.as_slice(), [Tolerance::ActiveAuthenticationDer]);
            assert_eq!(
                aa.verify_tolerant(&[0; 8], &plain),
                Err(ActiveAuthenticationError::Ecdsa(SignatureError::Invalid))
            );
        }
    }
}

#[test]
fn without_dg14_the_hash_is_inferred_and_said_so() {
    let inferred = Tolerance::ActiveAuthenticationHashInferred;
    for (nid, order_len, hash) in [
        (Nid::X9_62_PRIME192V1, 24, HashAlgorithm::Sha1),
        (Nid::SECP224R1, 28, HashAlgorithm::Sha224),
        (Nid::BRAINPOOL_P320R1, 40, HashAlgorithm::Sha256),
        (Nid::SECP384R1, 48, HashAlgorithm::Sha256),
    ] {
        let chip = EcChip::new(nid, order_len);
        let key = chip.key();
        let aa = ActiveAuthentication {
            key: &key,
            info: None,
            kind: PASSPORT,
        };
        let (plain, _) = chip.sign(hash);
        assert_eq!(
            aa.verify_tolerant(&RND_IFD, &plain).unwrap().as_slice(),
            [inferred]
        );
        let refused = ActiveAuthenticationError::Deviation(inferred);
        assert_eq!(aa.verify(&RND_IFD, &plain), Err(refused));
        let (wrong_hash, _) = chip.sign(HashAlgorithm::Sha512);
        assert!(aa.verify_tolerant(&RND_IFD, &wrong_hash).is_err());
    }
    // An algorithm in DG14 that is none is not replaced by a guess.
    let chip = EcChip::new(Nid::X9_62_PRIME256V1, 32);
    let (key, info) = (chip.key(), info(9));
    let aa = ActiveAuthentication {
        key: &key,
        info: Some(&info),
        kind: PASSPORT,
    };
    assert_eq!(
        aa.verify_tolerant(&RND_IFD, &chip.sign(HashAlgorithm::Sha256).0),
        Err(ActiveAuthenticationError::SignatureAlgorithm)
    );
}
