//! From a case to a chip and to what the terminal knows of its issuer.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use icao::access_key::AccessKey;
use icao::crypto::cipher::CipherSuite;
use icao::crypto::key_agreement::Group;
use icao::mrz::{AccessFields, Mrz};
use icao::pki::csca_store::CscaStore;
use icao::pki::{DocumentKind, IssuingState};
use icao::simulator::{
    Chip, ChipBuilder, ElementaryFile, Form, Holder, Mapping, MessagingFault, PaceVariant, Profile,
    Quirk, ReadAccess, SecurityObject, SeededRandom, Trailer,
};
use icao::transport::Limits;

use crate::answer::{self, Answer};
use crate::case::{Configuration, Delta, Variant};
use crate::edit::{self, Edit};
use crate::issuers::{self, DEFAULT, Issuers};
use crate::signed::Stages;

/// State and kind of the test chips.
pub const STATE: &str = "NLD";
/// A passport of the simulator.
pub const KIND: DocumentKind = DocumentKind::TravelDocument;

const EF_COM: u16 = 0x011E;
const EF_SOD: u16 = 0x011D;
const EF_CARD_ACCESS: u16 = 0x011C;
const EF_CARD_SECURITY: u16 = 0x011D;
const EF_ATR_INFO: u16 = 0x2F01;

/// A command that a chip has heard.
pub struct Command {
    /// What it is for; see [`answer::name`].
    pub name: &'static str,
    /// Whether it came under secure messaging.
    pub protected: bool,
    /// Its plain data.
    pub data: Vec<u8>,
}

/// What a chip has heard.
pub type Heard = Arc<Mutex<Vec<Command>>>;

/// A chip, and the terminal's side of the table.
pub struct Document {
    /// The chip.
    pub chip: Chip,
    /// What it has been sent.
    pub heard: Heard,
    /// The keys to it, as printed.
    pub keys: Vec<AccessKey>,
    /// The machine readable zone as printed.
    pub printed: Mrz,
    /// Trust anchors and revocation lists.
    pub store: CscaStore,
    /// Certificates of document signers that the terminal holds.
    pub signers: Vec<Vec<u8>>,
    /// Whether chip and reader carry extended APDUs.
    pub limits: Limits,
}

/// The invented holder of all test chips.
#[must_use]
pub fn holder() -> Holder {
    Profile::PaceP256.holder()
}

fn suite(name: &str) -> Result<CipherSuite> {
    Ok(match name {
        "3DES" => CipherSuite::TripleDes,
        "AES128" => CipherSuite::Aes128,
        "AES192" => CipherSuite::Aes192,
        "AES256" => CipherSuite::Aes256,
        other => bail!("no cipher {other}"),
    })
}

fn group(parameter_id: &str) -> Result<Group> {
    Group::from_parameter_id(parameter_id.parse()?).context("no such domain parameters")
}

/// `GM/3DES/13`
fn pace(text: &str) -> Result<PaceVariant> {
    let [mapping, cipher, parameters] = text.split('/').collect::<Vec<_>>()[..] else {
        bail!("{text}");
    };
    let mapping = match mapping {
        "GM" => Mapping::Generic,
        "IM" => Mapping::Integrated,
        "CAM" => Mapping::ChipAuthentication,
        other => bail!("no mapping {other}"),
    };
    let cipher = suite(cipher)?;
    let variant = match parameters.split_once(':') {
        Some((id, spelled_out)) => {
            PaceVariant::with_domain_parameters(mapping, cipher, id.parse()?, &group(spelled_out)?)
        }
        None => PaceVariant::new(mapping, cipher, parameters.parse()?),
    };
    variant.with_context(|| format!("{text} is not defined"))
}

/// `12/3DES+AES128/id=1`
fn chip_authentication(chip: ChipBuilder, text: &str) -> Result<ChipBuilder> {
    let mut parts = text.split('/');
    let group = group(parts.next().context("no group")?)?;
    let suites = parts
        .next()
        .context("no cipher")?
        .split('+')
        .map(suite)
        .collect::<Result<Vec<_>>>()?;
    let key_id = match parts.next() {
        Some(id) => Some(id.trim_start_matches("id=").parse()?),
        None => None,
    };
    Ok(chip.chip_authentication(&group, key_id, &suites)?)
}

/// `RSA-2048/SHA256/CC` or `P256/SHA256`
fn active_authentication(chip: ChipBuilder, text: &str) -> Result<ChipBuilder> {
    let parts: Vec<&str> = text.split('/').collect();
    Ok(match parts[..] {
        [key, hash, trailer] => {
            let trailer = match trailer {
                "BC" => Trailer::Implicit,
                "CC" => Trailer::Explicit,
                other => Trailer::Other(u16::from_str_radix(other, 16)?.to_be_bytes()),
            };
            let bits = key.trim_start_matches("RSA-").parse()?;
            chip.active_authentication_rsa(bits, issuers::hash(hash)?, trailer)?
        }
        [curve, hash] => {
            chip.active_authentication_ecdsa(issuers::curve(curve)?, issuers::hash(hash)?)
        }
        _ => bail!("{text}"),
    })
}

fn quirk(text: &str) -> Result<Quirk> {
    Ok(match text.split_once('/').unwrap_or((text, "")) {
        ("ReadPastEnd", status) => Quirk::ReadPastEnd(u16::from_str_radix(status, 16)?),
        ("EndOfFileWarning", _) => Quirk::EndOfFileWarning,
        ("BareErrors", _) => Quirk::BareErrors,
        ("OldKeysStay", _) => Quirk::OldKeysStay,
        ("MappingDataMalformed", _) => Quirk::MappingDataMalformed,
        ("Messaging", fault) => Quirk::Messaging(match fault {
            "WithoutCryptogram" => MessagingFault::WithoutCryptogram,
            "WithoutStatus" => MessagingFault::WithoutStatus,
            "WithoutChecksum" => MessagingFault::WithoutChecksum,
            "ChecksumAltered" => MessagingFault::ChecksumAltered,
            "CryptogramAltered" => MessagingFault::CryptogramAltered,
            other => bail!("no fault {other}"),
        }),
        (other, _) => bail!("no quirk {other}"),
    })
}

/// What the configuration and the case make of the chip, before its files are changed.
fn blank(configuration: Configuration, delta: &Delta) -> Result<(Chip, Option<Group>)> {
    use Configuration::{Bac, Eac, EacAa, EacPace, Pace, Plain};
    let mut chip = Chip::passport()
        .holder(holder())
        .random(SeededRandom::new(b"conformity"));
    let defaults = |set: &[&str]| set.iter().map(|text| (*text).to_owned()).collect();
    let ways: Vec<String> = delta.pace.clone().unwrap_or_else(|| match configuration {
        Pace | EacPace => defaults(&["GM/3DES/13"]),
        Plain | Bac | Eac | EacAa => Vec::new(),
    });
    let keys: Vec<String> = delta.ca.clone().unwrap_or_else(|| match configuration {
        Eac | EacAa | EacPace => defaults(&["11/3DES"]),
        Plain | Bac | Pace => Vec::new(),
    });
    let signature = match configuration {
        EacAa => Some("RSA-1792/SHA256/CC"),
        _ => None,
    };
    chip = match configuration {
        Plain => chip.without_access_control(),
        Pace | EacPace => chip.without_bac(),
        Bac | Eac | EacAa => chip,
    };
    let mut agreed = None;
    for way in &ways {
        let variant = pace(way)?;
        agreed = Group::from_parameter_id(variant.parameter_id());
        chip = chip.pace(variant);
    }
    for key in &keys {
        chip = chip_authentication(chip, key)?;
    }
    if let Some(text) = delta.aa.as_deref().or(signature) {
        chip = active_authentication(chip, text)?;
    }
    if delta.lds_1_8 {
        chip = chip.lds_version_1();
    }
    if delta.extended {
        chip = chip.limits(EXTENDED);
    }
    for text in &delta.quirks {
        chip = chip.quirk(quirk(text)?);
    }
    Ok((chip.build()?, agreed))
}

/// What a chip with extended APDUs takes, and says so.
const EXTENDED: Limits = Limits {
    max_command: 2048,
    max_response: 2048,
};

/// File identifier of a data group, by number.
fn group_fid(number: u8) -> u16 {
    0x0100 | u16::from(number)
}

/// Changes of a plain file.
fn change(file: &str, edits: &[Edit], content: Vec<u8>) -> Result<Vec<u8>> {
    edits
        .iter()
        .filter(|edit| edit.at == file)
        .try_fold(content, |content, edit| edit.apply(&content))
}

/// The face record of DG2, and where its headers have their lengths, its number of feature points, and room for them
/// (ISO/IEC 19794-5, 5.4 to 5.6).
const FACE_RECORD: &str = "0.#7F61.#7F60.#5F2E";
const RECORD_LENGTH: usize = 8;
const BLOCK_LENGTH: usize = 14;
const FEATURE_POINTS: usize = 18;
const FEATURE_POINT_BLOCK: usize = 34;

/// DG2 with another face record in which these bytes stand at `at`, with lengths that count them or not.
fn with_more_face(dg2: &[u8], at: Option<usize>, more: &[u8], counted: bool) -> Result<Vec<u8>> {
    let mut record = edit::object(dg2, FACE_RECORD)?.value.to_vec();
    let whole = record.len() + if counted { more.len() } else { 0 };
    let block = record.len() - BLOCK_LENGTH + more.len();
    for (at, length) in [(RECORD_LENGTH, whole), (BLOCK_LENGTH, block)] {
        record
            .get_mut(at..at + 4)
            .context("face record is cut short")?
            .copy_from_slice(&u32::try_from(length)?.to_be_bytes());
    }
    let at = at.unwrap_or(record.len());
    record.splice(at..at, more.iter().copied());
    let hexadecimal: String = record.iter().map(|byte| format!("{byte:02X}")).collect();
    Edit {
        path: Some(FACE_RECORD.to_owned()),
        value: Some(hexadecimal),
        ..Edit::default()
    }
    .apply(dg2)
}

/// DG2 whose image is followed by so many zeros that the file has this length, give or take a length field.
fn long_face(dg2: &[u8], len: usize) -> Result<Vec<u8>> {
    let more = vec![0; len.saturating_sub(dg2.len())];
    with_more_face(dg2, None, &more, true)
}

/// DG2 whose face record has feature points, which its length counts or not.
fn with_feature_points(dg2: &[u8], count: u8, counted: bool) -> Result<Vec<u8>> {
    // Type 1, point 12.1, somewhere in the picture.
    let points = [1, 0xC1, 0, 4, 0, 4, 0, 0].repeat(usize::from(count));
    let dg2 = with_more_face(dg2, Some(FEATURE_POINT_BLOCK), &points, counted)?;
    Edit {
        path: Some(FACE_RECORD.to_owned()),
        offset: Some(FEATURE_POINTS),
        hex: Some(format!("{count:04X}")),
        ..Edit::default()
    }
    .apply(&dg2)
}

/// Makes the chip of one run of a case.
///
/// # Errors
/// If the case asks for something that cannot be made.
pub fn personalise(configuration: Configuration, variant: &Variant) -> Result<Document> {
    let delta = &variant.chip;
    let csca = delta.csca.as_deref().unwrap_or(DEFAULT);
    let issuers = issuers::issuers(csca, delta.signer.as_deref().unwrap_or(csca))?;
    let (mut chip, agreed) = blank(configuration, delta)?;

    let mut files = Files::of(&chip)?;
    if let Some(len) = delta.face_len {
        let dg2 = files.group(2)?;
        *dg2 = long_face(dg2, len)?;
    }
    if delta.feature_points > 0 {
        let dg2 = files.group(2)?;
        let counted = !delta.feature_points_uncounted;
        *dg2 = with_feature_points(dg2, delta.feature_points, counted)?;
    }
    // What EF.SOD hashes is the changed file.
    for (number, content) in &mut files.groups {
        *content = change(&format!("DG{number}"), &variant.edits, content.clone())?;
    }
    files.com = change("COM", &variant.edits, files.com)?;
    let sod = security_object(delta, &files)?;
    let sod = Stages::of("SOD", &variant.edits)?.seal(
        &sod,
        &issuers.csca,
        &issuers.signer,
        Some(0x77),
    )?;
    for (number, content) in &mut files.groups {
        *content = change(
            &format!("DG{number}.later"),
            &variant.edits,
            content.clone(),
        )?;
    }
    files
        .groups
        .retain(|(number, _)| !delta.without.contains(&format!("DG{number}")));
    // What is printed is what DG1 says, as far as that is a machine readable zone.
    let printed = files
        .group(1)
        .ok()
        .filter(|_| !delta.printed_differs)
        .and_then(|dg1| Mrz::parse(edit::object(dg1, "0.#5F1F").ok()?.value).ok());
    let access = if configuration == Configuration::Plain {
        ReadAccess::Always
    } else {
        ReadAccess::Password
    };
    let card_security = files.card_security(delta, variant, &issuers)?;
    let system = chip.file_system_mut();
    let application = system.applications.first_mut().context("no application")?;
    application.files.clear();
    for (number, content) in files.groups {
        application.put(ElementaryFile::new(group_fid(number), access, content));
    }
    application.put(ElementaryFile::new(EF_COM, access, files.com));
    application.put(ElementaryFile::new(EF_SOD, access, sod));
    for (fid, name) in [(EF_CARD_ACCESS, "CardAccess"), (EF_ATR_INFO, "ATR")] {
        let found = system
            .master_file
            .files
            .iter_mut()
            .find(|file| file.fid == fid);
        if let Some(file) = found {
            file.content = change(name, &variant.edits, file.content.clone())?;
        }
    }
    if let Some(content) = card_security {
        system.master_file.put(ElementaryFile::new(
            EF_CARD_SECURITY,
            ReadAccess::Pace,
            content,
        ));
    }

    let (chip, heard) = with_answers(chip, configuration, agreed, variant.answers.clone());
    document(chip, heard, printed, delta, &issuers)
}

/// The files that the cases change.
struct Files {
    groups: Vec<(u8, Vec<u8>)>,
    com: Vec<u8>,
    card_access: Option<Vec<u8>>,
    card_security: Option<Vec<u8>>,
}

impl Files {
    fn of(chip: &Chip) -> Result<Self> {
        let system = chip.file_system();
        let application = system.applications.first().context("no application")?;
        let find = |files: &[ElementaryFile], fid: u16| {
            files
                .iter()
                .find(|file| file.fid == fid)
                .map(|file| file.content.clone())
        };
        let groups = (1..=16)
            .filter_map(|number| Some((number, find(&application.files, group_fid(number))?)))
            .collect();
        let master_file = &system.master_file.files;
        Ok(Self {
            groups,
            com: find(&application.files, EF_COM).context("no EF.COM")?,
            card_access: find(master_file, EF_CARD_ACCESS),
            card_security: find(master_file, EF_CARD_SECURITY),
        })
    }

    fn group(&mut self, wanted: u8) -> Result<&mut Vec<u8>> {
        self.groups
            .iter_mut()
            .find(|(number, _)| *number == wanted)
            .map(|(_, content)| content)
            .with_context(|| format!("no DG{wanted}"))
    }

    /// EF.CardSecurity: the infos that the simulator has put into it, or those of EF.CardAccess.
    fn card_security(
        &self,
        delta: &Delta,
        variant: &Variant,
        issuers: &Issuers,
    ) -> Result<Option<Vec<u8>>> {
        let infos = match (&self.card_security, &self.card_access) {
            (Some(made), _) => edit::object(made, "0.1.0.2.1.0")?.value.to_vec(),
            (None, Some(shown)) if delta.card_security => shown.clone(),
            _ => return Ok(None),
        };
        let object = SecurityObject::of_security_infos(infos);
        Stages::of("CardSecurity", &variant.edits)?
            .seal(&object, &issuers.csca, &issuers.signer, None)
            .map(Some)
    }
}

/// The LDS security object over the files as they are.
fn security_object(delta: &Delta, files: &Files) -> Result<SecurityObject> {
    let hash = issuers::hash(delta.hash.as_deref().unwrap_or("SHA256"))?;
    let mut hashes: Vec<_> = files
        .groups
        .iter()
        .filter(|(number, _)| !delta.unlisted.contains(number))
        .map(|(number, content)| (*number, hash.digest(content)))
        .collect();
    hashes.extend(
        delta
            .phantom
            .iter()
            .map(|number| (*number, hash.digest(&[]))),
    );
    hashes.sort();
    let version = delta.lds_1_8.then_some(("0108", "040000"));
    let mut object = SecurityObject::of_hashes(hash, &hashes, version);
    if let Some(digest) = &delta.digest {
        object = object.with_digest(issuers::hash(digest)?);
    }
    if delta.rsa_encryption {
        object = object.under_rsa_encryption();
    }
    if delta.by_key_identifier {
        object = object.by_key_identifier();
    }
    Ok(object)
}

/// Listens to the chip's commands and changes its answers.
fn with_answers(
    chip: Chip,
    configuration: Configuration,
    agreed: Option<Group>,
    answers: Vec<Answer>,
) -> (Chip, Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let pace_only = matches!(configuration, Configuration::Pace | Configuration::EacPace);
    let chip = chip.with_hook(move |command, protected, response| {
        let name = answer::name(command);
        ears.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Command {
                name,
                protected,
                data: command.data.clone(),
            });
        // The guideline's chip lets no terminal into the application before PACE.
        if pace_only && name == "select-application" && !protected {
            *response =
                icao::apdu::Response::new(Vec::new(), icao::apdu::StatusWord::SECURITY_STATUS);
        }
        for answer in answers
            .iter()
            .filter(|answer| answer.concerns(command, protected))
        {
            // A case that cannot be played must not look like a chip that answers oddly: 6FFF is no answer of any chip.
            if answer.change(command, response, agreed.as_ref()).is_err() {
                *response = icao::apdu::Response::new(Vec::new(), icao::apdu::StatusWord(0x6FFF));
            }
        }
    });
    (chip, heard)
}

fn document(
    chip: Chip,
    heard: Heard,
    printed: Option<Mrz>,
    delta: &Delta,
    issuers: &Issuers,
) -> Result<Document> {
    let holder = holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    )?;
    let state = IssuingState::parse(STATE)?;
    let mut store = CscaStore::new();
    store.add(KIND, state, &issuers.csca.to_der()?)?;
    if delta.revoked {
        store.add_revocation_list(KIND, state, &issuers.revocation_list()?)?;
    }
    let signers = if delta.known_signer {
        vec![issuers.signer.to_der()?]
    } else {
        Vec::new()
    };
    let limits = chip.limits();
    Ok(Document {
        chip,
        heard,
        keys: vec![AccessKey::Mrz(fields)],
        printed: match printed {
            Some(printed) => printed,
            None => Mrz::parse(holder.mrz_lines(Form::Passport).concat())?,
        },
        store,
        signers,
        limits,
    })
}
