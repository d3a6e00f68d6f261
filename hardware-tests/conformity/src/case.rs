//! The cases of the test plan, as data.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::edit::Edit;

/// Suites, each a file of cases.
const SUITES: [(&str, &str); 14] = [
    ("ISO7816_A", include_str!("../cases/iso7816_a.toml")),
    ("ISO7816_B", include_str!("../cases/iso7816_b.toml")),
    ("ISO7816_C", include_str!("../cases/iso7816_c.toml")),
    ("ISO7816_D", include_str!("../cases/iso7816_d.toml")),
    ("ISO7816_F", include_str!("../cases/iso7816_f.toml")),
    ("ISO7816_G", include_str!("../cases/iso7816_g.toml")),
    ("LDS_A", include_str!("../cases/lds_a.toml")),
    ("LDS_B", include_str!("../cases/lds_b.toml")),
    ("LDS_C", include_str!("../cases/lds_c.toml")),
    ("LDS_F", include_str!("../cases/lds_f.toml")),
    ("LDS_H", include_str!("../cases/lds_h.toml")),
    ("LDS_I", include_str!("../cases/lds_i.toml")),
    ("LDS_J", include_str!("../cases/lds_j.toml")),
    ("LDS_K", include_str!("../cases/lds_k.toml")),
];

/// Why each tolerance that a case meets in the field is put up with.
const REASONS: &str = include_str!("../cases/reasons.toml");

/// How sure it is what the guideline demands. Version 1.5 moved many cases to a document that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Evidence {
    /// Stimulus and verdict stand in version 1.5 of the guideline.
    S,
    /// The title stands there; the verdict is supported by another source.
    C,
    /// The title stands there; the verdict is inferred from it and from Doc 9303.
    I,
    /// The title stands there; the verdict is unknown.
    U,
}

/// What the guideline wants of an inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// The inspection succeeds.
    Pass,
    /// The inspection fails.
    Fail,
    /// The inspection fails, or succeeds and names what is wrong.
    Reported,
    /// Not known; what happens is recorded.
    Unknown,
}

/// The default configurations of the guideline (its chapter on configuration), without Terminal Authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Configuration {
    /// No access control.
    Plain,
    /// Basic Access Control.
    #[default]
    Bac,
    /// BAC and Chip Authentication (ECDH over brainpoolP224r1, 3DES).
    Eac,
    /// As EAC, with Active Authentication (RSA, SHA-256).
    EacAa,
    /// PACE alone (ECDH, Generic Mapping, 3DES, brainpoolP256r1).
    Pace,
    /// PACE alone, and Chip Authentication as in EAC.
    EacPace,
}

/// What a chip is made of, where it differs from its configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    /// Ways of PACE in place of the configuration's: `GM/3DES/13`; `GM/3DES/32:13` spells parameters 13 out under id 32.
    pub pace: Option<Vec<String>>,
    /// Keys of Chip Authentication in place of the configuration's: `12/3DES+AES128`, with a key id `12/3DES/id=1`. The
    /// first number is a standardised domain parameter id.
    pub ca: Option<Vec<String>>,
    /// Active Authentication: `RSA-1024/SHA1/BC`, `RSA-1792/SHA256/CC`, `RSA-1792/SHA256/1234`, `P256/SHA256`.
    pub aa: Option<String>,
    /// How CSCA and document signer sign: `RSA-PSS/SHA256`, `RSA/SHA1`, `ECDSA/SHA256/P256`, `PLAIN/…`, `DSA/SHA224`.
    pub csca: Option<String>,
    /// As `csca`, for the document signer where it signs otherwise.
    pub signer: Option<String>,
    /// Digest algorithm of the SignerInfo, where it is not the hash of the signature.
    pub digest: Option<String>,
    /// Hash of the data groups in EF.SOD.
    pub hash: Option<String>,
    /// The SignerInfo names rsaEncryption.
    #[serde(default)]
    pub rsa_encryption: bool,
    /// The SignerInfo names its certificate by subject key identifier.
    #[serde(default)]
    pub by_key_identifier: bool,
    /// LDS 1.8: EF.SOD says the version.
    #[serde(default)]
    pub lds_1_8: bool,
    /// EF.CardSecurity exists although no way of PACE needs it.
    #[serde(default)]
    pub card_security: bool,
    /// Chip and reader take extended APDUs.
    #[serde(default)]
    pub extended: bool,
    /// DG2 is so many bytes long.
    pub face_len: Option<usize>,
    /// Deviations of the chip: `ReadPastEnd/6B00`, `Messaging/WithoutStatus`, `OldKeysStay`, `MappingDataMalformed`.
    #[serde(default)]
    pub quirks: Vec<String>,
    /// Files that do not exist: `DG2`.
    #[serde(default)]
    pub without: Vec<String>,
    /// Data groups that EF.SOD lists (with a hash of nothing) and the chip does not have.
    #[serde(default)]
    pub phantom: Vec<u8>,
    /// Data groups that EF.SOD does not list.
    #[serde(default)]
    pub unlisted: Vec<u8>,
    /// The terminal holds a revocation list that names the document signer.
    #[serde(default)]
    pub revoked: bool,
    /// The terminal holds the certificate of the document signer.
    #[serde(default)]
    pub known_signer: bool,
    /// The face record has so many feature points.
    #[serde(default)]
    pub feature_points: u8,
    /// The length of the face record does not count the feature points.
    #[serde(default)]
    pub feature_points_uncounted: bool,
    /// What is printed on the document is not what DG1 says.
    #[serde(default)]
    pub printed_differs: bool,
}

/// Something else that must hold of a run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Commands that the terminal must not have sent; `protected` is any under secure messaging.
    #[serde(default)]
    pub never: Vec<String>,
    /// A command that it must have sent, with these bytes (hexadecimal) in its data.
    pub sent: Option<(String, String)>,
    /// The data of this command differ in each of three runs.
    pub fresh: Option<String>,
}

/// One run of a case; a case without variants is one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// What tells it from the others.
    #[serde(default)]
    pub name: String,
    /// What the chip is made of.
    #[serde(default)]
    pub chip: Delta,
    /// Changes to its files.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Changes to its answers.
    #[serde(default)]
    pub answers: Vec<Answer>,
}

/// A case of the test plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// As in the guideline: `LDS_H_01`.
    pub id: String,
    /// What the chip does.
    pub what: String,
    /// How sure the expectation is.
    pub evidence: Evidence,
    /// What the guideline wants.
    pub expected: Expected,
    /// The configuration.
    #[serde(default)]
    pub configuration: Configuration,
    /// What the chip is made of, in all variants.
    #[serde(default)]
    pub chip: Delta,
    /// Changes to its files, in all variants.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Changes to its answers, in all variants.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Runs that each must end as expected.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// What else must hold.
    #[serde(default)]
    pub conversation: Conversation,
    /// Of a case on DG1 or DG2: why its files alone, without the chip, are judged otherwise.
    pub files: Option<String>,
    /// Why our verdict differs from an inferred one, or what stands in for a stimulus.
    pub note: Option<String>,
}

#[derive(Deserialize)]
struct Suite {
    case: Vec<Case>,
}

impl Case {
    /// The suite it belongs to.
    pub fn suite(&self) -> &str {
        self.id
            .rsplit_once('_')
            .map_or(&self.id, |(suite, _)| suite)
    }

    /// Whether it is one on DG1 or DG2 (layer 7), whose files are judged without the chip too: a login does not read DG2.
    pub fn is_on_files(&self) -> bool {
        matches!(self.suite(), "LDS_B" | "LDS_C")
    }

    /// The runs: with what holds in all of them.
    pub fn runs(&self) -> Vec<Variant> {
        let common = |variant: &Variant| Variant {
            name: variant.name.clone(),
            chip: self.chip.with(&variant.chip),
            edits: [&self.edits[..], &variant.edits].concat(),
            answers: [&self.answers[..], &variant.answers].concat(),
        };
        if self.variants.is_empty() {
            return vec![common(&Variant::default())];
        }
        self.variants.iter().map(common).collect()
    }
}

impl Delta {
    /// What a variant says, and what holds in all where it says nothing.
    fn with(&self, variant: &Self) -> Self {
        let either =
            |own: &Option<String>, other: &Option<String>| other.clone().or_else(|| own.clone());
        Self {
            pace: variant.pace.clone().or_else(|| self.pace.clone()),
            ca: variant.ca.clone().or_else(|| self.ca.clone()),
            aa: either(&self.aa, &variant.aa),
            csca: either(&self.csca, &variant.csca),
            signer: either(&self.signer, &variant.signer),
            digest: either(&self.digest, &variant.digest),
            hash: either(&self.hash, &variant.hash),
            rsa_encryption: self.rsa_encryption || variant.rsa_encryption,
            by_key_identifier: self.by_key_identifier || variant.by_key_identifier,
            lds_1_8: self.lds_1_8 || variant.lds_1_8,
            card_security: self.card_security || variant.card_security,
            extended: self.extended || variant.extended,
            face_len: variant.face_len.or(self.face_len),
            quirks: [&self.quirks[..], &variant.quirks].concat(),
            without: [&self.without[..], &variant.without].concat(),
            phantom: [&self.phantom[..], &variant.phantom].concat(),
            unlisted: [&self.unlisted[..], &variant.unlisted].concat(),
            revoked: self.revoked || variant.revoked,
            known_signer: self.known_signer || variant.known_signer,
            feature_points: self.feature_points.max(variant.feature_points),
            feature_points_uncounted: self.feature_points_uncounted
                || variant.feature_points_uncounted,
            printed_differs: self.printed_differs || variant.printed_differs,
        }
    }
}

/// All cases, in the order of the guideline.
///
/// # Errors
/// If the data are malformed.
pub fn all() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (name, text) in SUITES {
        let suite: Suite = toml::from_str(text).with_context(|| name.to_owned())?;
        cases.extend(suite.case);
    }
    Ok(cases)
}

/// The reason for each tolerance, by name.
///
/// # Errors
/// If the data are malformed.
pub fn reasons() -> Result<std::collections::BTreeMap<String, String>> {
    toml::from_str(REASONS).context("reasons")
}
