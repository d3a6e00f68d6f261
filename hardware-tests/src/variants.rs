//! Documents in more variety than the ready-made profiles: one for each mapping, group, cipher and proof that others lack.

use anyhow::{Context as _, Result};
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::Group;
use icao::lds::Application;
use icao::simulator::{
    Chip, ChipBuilder, Form, Holder, LicencePassword, Mapping, PaceVariant, Profile, Quirk, Trailer,
};
use icao::transport::Limits;

/// A document, and what must come of reading it.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its name on the command line of `virtual-chip`.
    pub name: &'static str,
    /// How the chip is opened: `pace`, or `bac` (BAP of a licence).
    pub access: &'static str,
    /// Active Authentication, Chip Authentication and Chip Authentication Mapping, as `rda read` names outcomes.
    pub proofs: [&'static str; 3],
    make: Make,
}

#[derive(Clone, Copy, Debug)]
enum Make {
    Ready(Profile),
    /// PACE alone.
    Pace(Mapping, CipherSuite, u8),
    /// PACE over a curve that EF.CardAccess spells out, under a number of the chip's own.
    SpelledOut,
    ChipAuthentication(u8, CipherSuite),
    Rsa1024,
    /// TD2, without short file identifiers.
    Td2,
    /// A long face, and extended APDUs.
    Long,
    /// Under the identifier of ISO/IEC 18013, with the digest of the line as password of PACE.
    IsoLicence,
}

const NONE: &str = "not_supported";
const PASSED: &str = "passed";

const fn variant(
    name: &'static str,
    access: &'static str,
    proofs: [&'static str; 3],
    make: Make,
) -> Variant {
    Variant {
        name,
        access,
        proofs,
        make,
    }
}

/// All of them; the ready-made genuine documents first.
pub const ALL: [Variant; 20] = [
    variant(
        "nl-passport-2011",
        "bac",
        [PASSED, NONE, NONE],
        Make::Ready(Profile::NlPassport2011),
    ),
    variant(
        "nl-id-2014",
        "pace",
        [PASSED, PASSED, NONE],
        Make::Ready(Profile::NlId2014),
    ),
    variant(
        "nl-passport-2024",
        "pace",
        [PASSED, PASSED, NONE],
        Make::Ready(Profile::NlPassport2024),
    ),
    variant(
        "pace-p256",
        "pace",
        [PASSED, PASSED, NONE],
        Make::Ready(Profile::PaceP256),
    ),
    variant(
        "nl-licence-2014",
        "bac",
        [PASSED, NONE, NONE],
        Make::Ready(Profile::NlLicence2014),
    ),
    variant(
        "nl-licence-2020",
        "pace",
        [PASSED, PASSED, NONE],
        Make::Ready(Profile::NlLicence2020),
    ),
    variant(
        "im-p256",
        "pace",
        [NONE; 3],
        Make::Pace(Mapping::Integrated, CipherSuite::Aes128, 12),
    ),
    variant(
        "im-brainpool-512",
        "pace",
        [NONE; 3],
        Make::Pace(Mapping::Integrated, CipherSuite::Aes192, 17),
    ),
    variant(
        "im-dh",
        "pace",
        [NONE; 3],
        Make::Pace(Mapping::Integrated, CipherSuite::Aes256, 1),
    ),
    variant(
        "gm-dh",
        "pace",
        [NONE; 3],
        Make::Pace(Mapping::Generic, CipherSuite::Aes128, 2),
    ),
    variant(
        "gm-3des",
        "pace",
        [NONE; 3],
        Make::Pace(Mapping::Generic, CipherSuite::TripleDes, 13),
    ),
    variant(
        "gm-p521",
        "pace",
        [NONE; 3],
        Make::Pace(Mapping::Generic, CipherSuite::Aes256, 18),
    ),
    variant(
        "cam-brainpool-256",
        "pace",
        [NONE, PASSED, PASSED],
        Make::Pace(Mapping::ChipAuthentication, CipherSuite::Aes128, 13),
    ),
    variant("spelled-out", "pace", [NONE; 3], Make::SpelledOut),
    variant(
        "ca-dh",
        "bac",
        [NONE, PASSED, NONE],
        Make::ChipAuthentication(1, CipherSuite::Aes128),
    ),
    variant(
        "ca-3des",
        "bac",
        [NONE, PASSED, NONE],
        Make::ChipAuthentication(12, CipherSuite::TripleDes),
    ),
    variant("aa-rsa-1024", "bac", [PASSED, NONE, NONE], Make::Rsa1024),
    variant("td2", "bac", [NONE; 3], Make::Td2),
    variant("long-face", "bac", [NONE; 3], Make::Long),
    variant(
        "iso-licence",
        "pace",
        [PASSED, PASSED, NONE],
        Make::IsoLicence,
    ),
];

/// What a chip with long keys has to take.
const EXTENDED: Limits = Limits {
    max_command: 2_058,
    max_response: 2_050,
};

impl Variant {
    /// The variant of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|variant| variant.name == name)
    }

    fn form(&self) -> Form {
        match self.make {
            Make::Ready(profile) => profile.form(),
            Make::IsoLicence => Form::DrivingLicence,
            Make::Td2 => Form::OfficialDocument,
            _ => Form::Passport,
        }
    }

    fn holder(&self) -> Holder {
        match self.make {
            Make::Ready(profile) => profile.holder(),
            Make::IsoLicence => Profile::NlLicence2020.holder(),
            Make::Td2 => Profile::NlId2014.holder(),
            _ => Profile::NlPassport2011.holder(),
        }
    }

    /// Which application it has.
    #[must_use]
    pub fn application(&self) -> Application {
        match self.form() {
            Form::DrivingLicence => Application::DrivingLicence,
            _ => Application::TravelDocument,
        }
    }

    /// What opens it, as `rda read --access-file` takes it.
    #[must_use]
    pub fn access_file(&self) -> String {
        let holder = self.holder();
        match self.form() {
            Form::DrivingLicence => holder.mrz_lines(Form::DrivingLicence).concat(),
            _ => [
                holder.document_number,
                holder.date_of_birth,
                holder.date_of_expiry,
            ]
            .join("\n"),
        }
    }

    /// The chip before it is built.
    ///
    /// # Errors
    /// If a key of the simulator is unusable, which does not happen.
    pub fn builder(&self) -> Result<ChipBuilder> {
        let with =
            |variant: Option<PaceVariant>| variant.context("PACE as the standard defines it");
        Ok(match self.make {
            Make::Ready(profile) => profile.builder()?,
            Make::Pace(Mapping::ChipAuthentication, suite, id) => {
                let group = Group::from_parameter_id(id).context("a standardized group")?;
                let pace = with(PaceVariant::new(Mapping::ChipAuthentication, suite, id))?;
                Chip::passport()
                    .pace(pace)
                    .chip_authentication(&group, None, &[suite])?
            }
            Make::Pace(mapping, suite, id) => Chip::passport()
                .pace(with(PaceVariant::new(mapping, suite, id))?)
                .limits(EXTENDED),
            Make::SpelledOut => {
                let group = Group::Curve(NamedCurve::BrainpoolP384r1);
                let pace = PaceVariant::with_domain_parameters(
                    Mapping::Generic,
                    CipherSuite::Aes192,
                    42,
                    &group,
                );
                Chip::passport().pace(with(pace)?).without_bac()
            }
            Make::ChipAuthentication(id, suite) => {
                let group = Group::from_parameter_id(id).context("a standardized group")?;
                Chip::passport()
                    .chip_authentication(&group, Some(3), &[suite])?
                    .limits(EXTENDED)
            }
            Make::Rsa1024 => Chip::passport().active_authentication_rsa(
                1024,
                HashAlgorithm::Sha256,
                Trailer::Explicit,
            )?,
            Make::Td2 => Chip::official_document().quirk(Quirk::NoShortFileIdentifiers),
            Make::Long => {
                // Past the 32 KiB that READ BINARY with even INS can address.
                let length = 40_000;
                let content = icao::tlv::encode(0x6D, &vec![0x5A; length]);
                Chip::passport().data_group(13, content).limits(EXTENDED)
            }
            Make::IsoLicence => {
                let identifiers = Application::DrivingLicence.identifiers();
                let iso = identifiers.last().context("an identifier")?;
                Profile::NlLicence2020
                    .builder()?
                    .licence_password(LicencePassword::Digest)
                    .application_identifier(iso)
            }
        })
    }
}
