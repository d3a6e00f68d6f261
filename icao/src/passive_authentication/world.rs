//! A CSCA, its document signer and a document, made for tests with one deviation at a time.

use super::*;
use crate::pki::IssuingState;
use crate::pki::fixtures::{CertificateSpec, Key, Made, STATE, SodSpec, extension, sequence, utc};
use crate::tlv::encode;

/// 2026-09-01.
pub(super) const TIME: UnixTime = UnixTime(1_788_220_800);
pub(super) const KIND: DocumentKind = DocumentKind::TravelDocument;

/// A CSCA, its document signer and a document.
pub(super) struct World {
    pub(super) csca: CertificateSpec,
    pub(super) signer: CertificateSpec,
    pub(super) sod: SodSpec,
    pub(super) revoked: bool,
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(Key::ec(), Key::other_ec())
    }

    pub(super) fn of(csca: &'static Key, signer: &'static Key) -> Self {
        Self {
            csca: CertificateSpec::csca(csca),
            signer: CertificateSpec::signer(signer, csca),
            sod: SodSpec::new(),
            revoked: false,
        }
    }

    /// The document signed by RSA: what the identifier says, and how it is really made.
    pub(super) fn rsa_document(algorithm: Vec<u8>, made: Made) -> Self {
        let mut world = Self::of(Key::ec(), Key::rsa());
        world.sod.algorithm = algorithm;
        world.sod.made = made;
        world
    }

    pub(super) fn store(&self) -> CscaStore {
        let mut store = CscaStore::new();
        let state = IssuingState::parse(STATE).unwrap();
        store
            .add(KIND, state, &self.csca.build(self.csca.key))
            .unwrap();
        if self.revoked {
            store
                .add_revocation_list(KIND, state, &self.revocation_list())
                .unwrap();
        }
        store
    }

    /// A list of one revoked certificate, the signer's.
    pub(super) fn revocation_list(&self) -> Vec<u8> {
        let reason = extension("2.5.29.21", false, &[0x0A, 0x01, 0x01]);
        let entry = sequence(&[
            &encode(0x02, &self.signer.serial),
            &utc("260301000000Z"),
            &encode(0x30, &reason),
        ]);
        let tbs = sequence(&[
            &encode(0x02, &[1]),
            &self.csca.algorithm,
            &self.csca.subject,
            &utc("260701000000Z"),
            &utc("261001000000Z"),
            &encode(0x30, &entry),
        ]);
        let signature = self.csca.key.sign(self.csca.made, &tbs);
        sequence(&[
            &tbs,
            &self.csca.algorithm,
            &encode(0x03, &[&[0][..], &signature].concat()),
        ])
    }

    pub(super) fn document(&self) -> Vec<u8> {
        self.sod
            .build(&self.signer, &self.signer.build(self.csca.key))
    }

    pub(super) fn verdict(&self, policy: &Policy) -> PassiveAuthentication {
        verify(
            &Sod::parse(&self.document()).unwrap(),
            &self.store(),
            KIND,
            STATE,
            TIME,
            policy,
        )
    }
}
