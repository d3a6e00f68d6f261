//! Ready-made documents: one per generation of Dutch documents that a login meets, and the forgeries it must refuse.

use super::active_authentication::Trailer;
use super::chip::Chip;
use super::files;
use super::holder::{Form, Holder};
use super::issuer::{IssuerError, Issuers};
use super::pace::{Mapping, PaceVariant};
use super::personalisation::ChipBuilder;
use super::random::SeededRandom;
use crate::crypto::cipher::CipherSuite;
use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::key_agreement::Group;
use crate::pki::DocumentKind;
use crate::transport::Limits;

/// A ready-made document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Passport: BAC, Active Authentication RSA-1280 with SHA-1, no Chip Authentication; BSN in the MRZ; short APDUs.
    NlPassport2011,
    /// Identity card: BAC and PACE (brainpoolP320r1, AES-256), Active Authentication ECDSA brainpoolP320r1, Chip
    /// Authentication brainpoolP320r1; BSN in the MRZ.
    NlId2014,
    /// Passport: PACE only (brainpoolP320r1, AES-256; MRZ and CAN), EF.SOD by RSASSA-PSS, Active Authentication ECDSA, Chip
    /// Authentication; no BSN.
    NlPassport2024,
    /// A copy of [`Profile::NlPassport2024`]: all files right, private keys of Active and Chip Authentication wrong.
    Clone,
    /// [`Profile::NlPassport2024`] with another name in DG1 than EF.SOD vouches for.
    Tampered,
    /// Passport: BAC and PACE Generic Mapping over P-256 (parameter id 12) with AES-128, for readers without
    /// brainpoolP320r1; Active Authentication ECDSA P-256, Chip Authentication P-256.
    PaceP256,
    /// Driving licence: BAP configuration 1, Active Authentication RSA-1792 with SHA-256.
    NlLicence2014,
    /// Driving licence: BAP configuration 1 and PACE (brainpoolP320r1, AES-256; MRZ line and CAN), Active Authentication
    /// ECDSA brainpoolP320r1, Chip Authentication brainpoolP320r1.
    NlLicence2020,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 8] = [
        Self::NlPassport2011,
        Self::NlId2014,
        Self::NlPassport2024,
        Self::Clone,
        Self::Tampered,
        Self::PaceP256,
        Self::NlLicence2014,
        Self::NlLicence2020,
    ];

    /// The name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NlPassport2011 => "nl-passport-2011",
            Self::NlId2014 => "nl-id-2014",
            Self::NlPassport2024 => "nl-passport-2024",
            Self::Clone => "clone",
            Self::Tampered => "tampered",
            Self::PaceP256 => "pace-p256",
            Self::NlLicence2014 => "nl-licence-2014",
            Self::NlLicence2020 => "nl-licence-2020",
        }
    }

    /// The profile of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Form of the document.
    #[must_use]
    pub const fn form(self) -> Form {
        match self {
            Self::NlId2014 => Form::IdentityCard,
            Self::NlLicence2014 | Self::NlLicence2020 => Form::DrivingLicence,
            _ => Form::Passport,
        }
    }

    /// Kind of the document in a register and in a trust store.
    #[must_use]
    pub const fn kind(self) -> DocumentKind {
        match self.form() {
            Form::Passport => DocumentKind::TravelDocument,
            Form::IdentityCard | Form::OfficialDocument => DocumentKind::IdentityCard,
            Form::DrivingLicence => DocumentKind::DrivingLicence,
        }
    }

    /// The invented holder. A clone and a tampered document are of the person whose document they imitate.
    #[must_use]
    pub const fn holder(self) -> Holder {
        match self {
            Self::NlPassport2011 => Holder {
                surname: "SPECIMEN DE VRIES",
                given_names: "SAAR ELISABETH",
                sex: 'F',
                date_of_birth: "850712",
                document_number: "SPECI2011",
                date_of_expiry: "351130",
                bsn: "999990019",
                bsn_in_chip: true,
                can: None,
            },
            Self::NlId2014 => Holder {
                surname: "SPECIMEN JANSEN",
                given_names: "DAAN",
                sex: 'M',
                date_of_birth: "790228",
                document_number: "SPECI2014",
                date_of_expiry: "360315",
                bsn: "999990020",
                bsn_in_chip: true,
                can: None,
            },
            Self::NlPassport2024 | Self::Clone | Self::Tampered => Holder {
                surname: "SPECIMEN BAKKER",
                given_names: "NOOR MARIA",
                sex: 'F',
                date_of_birth: "960401",
                document_number: "SPECI2024",
                date_of_expiry: "370816",
                bsn: "999990032",
                bsn_in_chip: false,
                can: Some("202434"),
            },
            Self::PaceP256 => Holder {
                surname: "SPECIMEN VISSER",
                given_names: "TIM",
                sex: 'M',
                date_of_birth: "900930",
                document_number: "SPECI2256",
                date_of_expiry: "360101",
                bsn: "999990044",
                bsn_in_chip: false,
                can: Some("256128"),
            },
            Self::NlLicence2014 => Holder {
                surname: "Specimen Smit",
                given_names: "Eva",
                sex: 'F',
                date_of_birth: "720615",
                document_number: "9999920140",
                date_of_expiry: "350615",
                bsn: "999990056",
                bsn_in_chip: true,
                can: None,
            },
            Self::NlLicence2020 => Holder {
                surname: "Specimen Meijer",
                given_names: "Bram",
                sex: 'M',
                date_of_birth: "881105",
                document_number: "9999920200",
                date_of_expiry: "361105",
                bsn: "999990068",
                bsn_in_chip: true,
                can: Some("9999920200"),
            },
        }
    }

    /// A document of this profile whose nonces and ephemeral keys follow from `seed`. Files and static keys are always the
    /// same.
    ///
    /// # Errors
    /// [`IssuerError`] if a key of the simulator is unusable, which does not happen.
    pub fn chip(self, seed: &[u8]) -> Result<Chip, IssuerError> {
        self.builder()?.random(SeededRandom::new(seed)).build()
    }

    /// The document before it is built, for changes.
    ///
    /// # Errors
    /// As [`Profile::chip`].
    pub fn builder(self) -> Result<ChipBuilder, IssuerError> {
        let issuers = Issuers::get()?;
        let sha256 = HashAlgorithm::Sha256;
        let chip = match self.form() {
            Form::Passport => Chip::passport(),
            Form::IdentityCard => Chip::identity_card(),
            Form::OfficialDocument => Chip::official_document(),
            Form::DrivingLicence => Chip::driving_licence(),
        }
        .holder(self.holder());
        Ok(match self {
            Self::NlPassport2011 => chip
                .signer(issuers.passport_2011.clone())
                .fingerprints()
                .active_authentication_rsa(1280, HashAlgorithm::Sha1, Trailer::Implicit)?,
            Self::NlId2014 => with_brainpool_320(chip)?
                .signer(issuers.id_2014.clone())
                .fingerprints()
                .historical_bytes(&[0x80, 0x73, 0x84, 0x21, 0x40])
                .limits(EXTENDED),
            Self::NlPassport2024 | Self::Clone | Self::Tampered => {
                let chip = with_brainpool_320(chip)?
                    .without_bac()
                    .signer(issuers.passport_2024.clone())
                    .lds_version_1()
                    .fingerprints()
                    .limits(EXTENDED);
                match self {
                    Self::Clone => chip.cloned(),
                    Self::Tampered => {
                        let forged = Holder {
                            surname: "SPECIMEN FORGED",
                            ..self.holder()
                        };
                        chip.overwrite(0x0101, files::dg1(&forged.mrz_lines(Form::Passport)))
                    }
                    _ => chip,
                }
            }
            Self::PaceP256 => chip
                .signer(issuers.pace_p256.clone())
                .pace(variant(CipherSuite::Aes128, 12)?)
                .active_authentication_ecdsa(NamedCurve::P256, sha256)
                .chip_authentication(
                    &Group::Curve(NamedCurve::P256),
                    None,
                    &[CipherSuite::Aes128],
                )?,
            Self::NlLicence2014 => chip
                .signer(issuers.licence_2014.clone())
                .historical_bytes(&LICENCE_HISTORICAL_BYTES)
                .active_authentication_rsa(1792, sha256, Trailer::Explicit)?,
            Self::NlLicence2020 => with_brainpool_320(chip)?
                .signer(issuers.licence_2020.clone())
                .historical_bytes(&LICENCE_HISTORICAL_BYTES)
                .limits(EXTENDED),
        })
    }
}

/// Historical bytes by which the Dutch driving licence is known.
const LICENCE_HISTORICAL_BYTES: [u8; 15] = [
    0x80, 0x31, 0x80, 0x65, 0xB0, 0x85, 0x04, 0x00, 0x11, 0x12, 0x0F, 0xFF, 0x82, 0x90, 0x00,
];

/// What a chip of the middle of the 2010s takes: a little more than 2 kB.
const EXTENDED: Limits = Limits {
    max_command: 2_058,
    max_response: 2_050,
};

fn variant(suite: CipherSuite, parameter_id: u8) -> Result<PaceVariant, IssuerError> {
    PaceVariant::new(Mapping::Generic, suite, parameter_id).ok_or(IssuerError::Key)
}

/// PACE, Active and Chip Authentication as in Dutch documents since 2014: all over brainpoolP320r1, with AES-256.
fn with_brainpool_320(chip: ChipBuilder) -> Result<ChipBuilder, IssuerError> {
    let suite = CipherSuite::Aes256;
    chip.pace(variant(suite, 14)?)
        .active_authentication_ecdsa(NamedCurve::BrainpoolP320r1, HashAlgorithm::Sha256)
        .chip_authentication(&Group::Curve(NamedCurve::BrainpoolP320r1), None, &[suite])
}

/// A CSCA certificate of the simulated state, and what it may vouch for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CscaCertificate {
    /// Kind of document.
    pub kind: DocumentKind,
    /// Issuing state, as the MRZ writes it.
    pub issuing_state: &'static str,
    /// The certificate, DER.
    pub der: Vec<u8>,
}

/// The CSCA certificates of the simulated state. A trust store that holds them trusts everybody who has this source code.
///
/// # Errors
/// [`IssuerError`] if a key of the simulator is unusable, which does not happen.
pub fn csca_certificates() -> Result<Vec<CscaCertificate>, IssuerError> {
    let issuers = Issuers::get()?;
    let travel = [
        &issuers.travel_rsa,
        &issuers.travel_pss,
        &issuers.travel_curve,
    ];
    let mut certificates = Vec::new();
    for (kind, cscas) in [
        (DocumentKind::TravelDocument, &travel[..]),
        (DocumentKind::IdentityCard, &travel[..]),
        (DocumentKind::DrivingLicence, &[&issuers.licence]),
    ] {
        for csca in cscas {
            certificates.push(CscaCertificate {
                kind,
                issuing_state: "NLD",
                der: csca.to_der()?,
            });
        }
    }
    Ok(certificates)
}
