//! What a relying party accepts, as data: tolerated deviations, algorithms by role and time, and how revocation counts.

use core::fmt;
use std::collections::BTreeSet;

use crate::crypto::hash::HashAlgorithm;
use crate::crypto::signature::{SignatureScheme, VerifyingKey};
use crate::tolerance::{Tolerance, Tolerances};

use super::UnixTime;

/// What an algorithm is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Hashes of data groups in EF.SOD.
    DataGroupHash,
    /// The signature of EF.SOD, EF.CardSecurity or a master list.
    DocumentSignature,
    /// Signatures of certificates and revocation lists.
    CertificateSignature,
}

/// An algorithm as a rule names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// A hash.
    Hash(HashAlgorithm),
    /// RSA keys with fewer bits than this.
    RsaBelow(usize),
    /// Elliptic curves over fields of fewer bits than this.
    EcBelow(usize),
    /// DSA keys with fewer bits than this.
    DsaBelow(usize),
}

/// From when on an algorithm is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmRule {
    /// What is refused.
    pub algorithm: Algorithm,
    /// In which role.
    pub role: Role,
    /// From this time on.
    pub from: UnixTime,
}

impl fmt::Display for AlgorithmRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            Algorithm::Hash(hash) => write!(f, "{hash}")?,
            Algorithm::RsaBelow(bits) => write!(f, "RSA below {bits} bits")?,
            Algorithm::EcBelow(bits) => write!(f, "curves below {bits} bits")?,
            Algorithm::DsaBelow(bits) => write!(f, "DSA below {bits} bits")?,
        }
        f.write_str(match self.role {
            Role::DataGroupHash => " for data groups",
            Role::DocumentSignature => " for signatures of documents",
            Role::CertificateSignature => " for signatures of certificates",
        })
    }
}

/// How revocation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// A list must be there, and be no older than its next update.
    Required,
    /// A list counts if it is there; a stale one still revokes, but never hinders.
    IfAvailable,
    /// Lists are not consulted.
    Ignored,
}

/// What a relying party accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Deviations that may stand in a good verdict.
    pub tolerated: BTreeSet<Tolerance>,
    /// Algorithms that are refused. What no rule names is accepted.
    pub refused: Vec<AlgorithmRule>,
    /// How revocation counts.
    pub revocation: Revocation,
}

/// The beginning of time: a rule from here on always holds.
const ALWAYS: UnixTime = UnixTime(i64::MIN);

/// Every role.
const ROLES: [Role; 3] = [
    Role::DataGroupHash,
    Role::DocumentSignature,
    Role::CertificateSignature,
];

/// The same rule for every role.
fn refused_always(algorithms: &[Algorithm]) -> Vec<AlgorithmRule> {
    algorithms
        .iter()
        .flat_map(|algorithm| {
            ROLES.map(|role| AlgorithmRule {
                algorithm: *algorithm,
                role,
                from: ALWAYS,
            })
        })
        .collect()
}

impl Policy {
    /// What it takes to read the documents in people's pockets: every named deviation that real states have shown, and the
    /// algorithms of documents that are still valid.
    #[must_use]
    pub fn field() -> Self {
        // No state signs without signed attributes, and the content could be passed off as attributes (RFC 8933 1).
        let tolerated = Tolerance::ALL
            .iter()
            .copied()
            .filter(|tolerance| *tolerance != Tolerance::NoSignedAttributes);
        Self {
            tolerated: tolerated.collect(),
            refused: refused_always(&[
                Algorithm::RsaBelow(1024),
                Algorithm::EcBelow(192),
                Algorithm::DsaBelow(1024),
            ]),
            revocation: Revocation::IfAvailable,
        }
    }

    /// Doc 9303 to the letter: no deviation, and the algorithms of Doc 9303-12 4.4 only.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            tolerated: BTreeSet::new(),
            refused: refused_always(&[
                Algorithm::Hash(HashAlgorithm::Sha1),
                Algorithm::RsaBelow(2048),
                Algorithm::EcBelow(224),
                Algorithm::DsaBelow(2048),
            ]),
            revocation: Revocation::IfAvailable,
        }
    }

    /// What the test plan of inspection systems, BSI TR-03105 part 5.1, demands: [`Policy::strict`], and besides
    ///
    /// - a SignerInfo under rsaEncryption, as RFC 3370 3.2 has it (LDS_H_79 to 83),
    /// - a digest algorithm other than the hash of the signature, which RFC 5652 allows (LDS_H_74 to 76),
    /// - SHA-1, for the profile of legacy documents (LDS_H_01, 02, 08 to 10, 79).
    #[must_use]
    pub fn inspection() -> Self {
        let mut policy = Self::strict();
        policy.tolerated.extend([
            Tolerance::RsaEncryptionIdentifier,
            Tolerance::DigestAlgorithmMismatch,
            // Its documents for BAC have a DG14 that names PACE.
            Tolerance::CardAccessMissing,
        ]);
        policy
            .refused
            .retain(|rule| rule.algorithm != Algorithm::Hash(HashAlgorithm::Sha1));
        policy
    }

    /// The first deviation met that is not tolerated.
    #[must_use]
    pub fn first_not_tolerated(&self, met: &Tolerances) -> Option<Tolerance> {
        met.as_slice()
            .iter()
            .copied()
            .find(|tolerance| !self.tolerated.contains(tolerance))
    }

    /// The rule that refuses this hash in this role at this time.
    #[must_use]
    pub fn refuses_hash(
        &self,
        hash: HashAlgorithm,
        role: Role,
        time: UnixTime,
    ) -> Option<AlgorithmRule> {
        self.rule(role, time, |algorithm| algorithm == Algorithm::Hash(hash))
    }

    /// The rule that refuses this key with this scheme in this role at this time.
    #[must_use]
    pub fn refuses_signature(
        &self,
        key: &VerifyingKey,
        scheme: SignatureScheme,
        role: Role,
        time: UnixTime,
    ) -> Option<AlgorithmRule> {
        self.rule(role, time, |algorithm| match (algorithm, key) {
            (Algorithm::Hash(hash), _) => hash == scheme.hash(),
            (Algorithm::RsaBelow(bits), VerifyingKey::Rsa(key)) => key.bits() < bits,
            (Algorithm::EcBelow(bits), VerifyingKey::Ec(key)) => 8 * key.curve().field_len() < bits,
            (Algorithm::DsaBelow(bits), VerifyingKey::Dsa(key)) => key.bits() < bits,
            _ => false,
        })
    }

    fn rule(
        &self,
        role: Role,
        time: UnixTime,
        names: impl Fn(Algorithm) -> bool,
    ) -> Option<AlgorithmRule> {
        self.refused
            .iter()
            .copied()
            .find(|rule| rule.role == role && rule.from <= time && names(rule.algorithm))
    }
}
