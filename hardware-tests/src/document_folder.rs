//! A chip made of the files of a folder, as reading tools write them: `EF_SOD.bin`, `DG1.bin`, `EF.DG14`, `dg02.bin`.
//!
//! The access data come from DG1, and the ways to open the chip from EF.CardAccess; BAC is there unless it is said not to be.
//! Private keys are not in any file that can be read: without them the chip is a copy, and fails to prove itself as such.

use anyhow::{Context as _, Result, anyhow, bail};
use icao::crypto::hash::HashAlgorithm;
use icao::crypto::key_agreement::SecretKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::security_info::{Mapping, SecurityInfos};
use icao::lds::{CardAccess, Dg1, Dg14, Dg15, FileId};
use icao::simulator::{
    ActiveAuthenticationKey, Chip, ChipAuthenticationKey, ChipBuilder, CurveForm, Directory,
    ElementaryFile, Holder, PaceVariant, Profile, ReadAccess, SeededRandom, Trailer,
};
use icao::tlv;
use icao::transport::Limits;
use icao::verifier::files::FileName;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder and what its files do not hold.
pub struct DocumentFolder {
    /// Where the files are.
    pub folder: PathBuf,
    /// Card access number, six digits.
    pub can: Option<String>,
    /// No Basic Access Control: the document opens by PACE only.
    pub without_bac: bool,
    /// Private key of Active Authentication, PKCS#8, PEM or DER.
    pub active_authentication: Option<PathBuf>,
    /// Private key of Chip Authentication, PKCS#8, PEM or DER: an elliptic curve key in the group of DG14.
    pub chip_authentication: Option<PathBuf>,
    /// The longest APDUs that the chip takes.
    pub limits: Limits,
}

const EF_CARD_ACCESS: u16 = 0x011C;
const EF_SOD: u16 = 0x011D;
const EF_COM: u16 = 0x011E;
const DG1: u16 = 0x0101;
const DG14: u16 = 0x010E;
const DG15: u16 = 0x010F;

impl DocumentFolder {
    /// Makes the chip; what it draws at random follows from `seed`.
    ///
    /// # Errors
    /// If a file cannot be read or has no place on a chip, DG1 is missing or holds no access data, or a key does not fit.
    pub fn chip(&self, seed: &[u8]) -> Result<Chip> {
        let files = files(&self.folder)?;
        let dg1 = Dg1::parse(files.get(&DG1).context("there is no DG1")?)?;
        let fields = dg1.mrz().access_fields()?;
        // A simulated holder lives as long as the program: there is one of them.
        let keep = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let holder = Holder {
            document_number: keep(fields.document_number()),
            date_of_birth: keep(fields.birth()),
            date_of_expiry: keep(fields.expiry()),
            can: self.can.as_deref().map(keep),
            ..Profile::NlPassport2011.holder()
        };
        let mut chip = Chip::passport()
            .holder(holder)
            .limits(self.limits)
            .random(SeededRandom::new(seed));
        if self.without_bac {
            chip = chip.without_bac();
        }
        let card_access = files
            .get(&EF_CARD_ACCESS)
            .map(|file| CardAccess::parse(file))
            .transpose()?;
        if let Some(file) = &card_access {
            chip = with_pace(chip, file.security_infos());
        }
        let dg14 = files.get(&DG14).map(|file| Dg14::parse(file)).transpose()?;
        if let Some(path) = &self.active_authentication {
            let dg15 = Dg15::parse(files.get(&DG15).context("there is no DG15")?)?;
            let infos = dg14.as_ref().map(Dg14::security_infos);
            chip = chip.active_authentication_key(active_key(path, &dg15, infos)?);
        }
        if let Some(path) = &self.chip_authentication {
            let dg14 = dg14.as_ref().context("there is no DG14")?;
            for key in chip_keys(path, dg14.security_infos())? {
                chip = chip.chip_authentication_key(key);
            }
        }
        let chip = chip.build()?;

        let mut system = chip.file_system().clone();
        let application = system.applications.first_mut().context("no application")?;
        application.files.clear();
        system
            .master_file
            .files
            .retain(|file| file.fid != EF_CARD_ACCESS);
        for (fid, content) in files {
            put(&mut system.master_file, application, fid, content);
        }
        Ok(chip.with_file_system(system))
    }
}

fn put(master_file: &mut Directory, application: &mut Directory, fid: u16, content: Vec<u8>) {
    match fid {
        EF_CARD_ACCESS => master_file.put(ElementaryFile::new(fid, ReadAccess::Always, content)),
        // Fingerprints and irises: nobody may read them, even if somebody could.
        0x0103 | 0x0104 => {
            application.put(ElementaryFile::new(fid, ReadAccess::Terminal, content));
        }
        _ => application.put(ElementaryFile::new(fid, ReadAccess::Password, content)),
    }
}

/// All files of the folder whose names name a file of a chip, by file identifier.
fn files(folder: &Path) -> Result<BTreeMap<u16, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let Some(fid) = path.file_name().and_then(|name| identifier(name.to_str()?)) else {
            continue;
        };
        let content = fs::read(&path).with_context(|| path.display().to_string())?;
        if files.insert(fid, content).is_some() {
            bail!("{}: another file here has the same meaning", path.display());
        }
    }
    Ok(files)
}

/// The file that a name means, where this chip has a place for it.
fn identifier(name: &str) -> Option<u16> {
    match FileName::parse(name)? {
        FileName::Com => Some(EF_COM),
        FileName::Sod => Some(EF_SOD),
        FileName::CardAccess => Some(EF_CARD_ACCESS),
        FileName::Group(group) => Some(FileId::data_group(group).fid),
        FileName::CardSecurity | FileName::AtrInfo => None,
    }
}

/// Every variant of PACE that the file offers and this chip can do.
fn with_pace(chip: ChipBuilder, infos: &SecurityInfos) -> ChipBuilder {
    infos.pace().fold(chip, |chip, info| {
        let mapping = match info.protocol.mapping {
            Mapping::Generic => icao::simulator::Mapping::Generic,
            Mapping::Integrated => icao::simulator::Mapping::Integrated,
            Mapping::ChipAuthentication => icao::simulator::Mapping::ChipAuthentication,
        };
        let parameters = info.parameter_id.and_then(|id| u8::try_from(id).ok());
        match parameters.and_then(|id| PaceVariant::new(mapping, info.protocol.suite, id)) {
            Some(variant) => chip.pace(variant),
            None => chip,
        }
    })
}

fn active_key(
    path: &Path,
    dg15: &Dg15,
    infos: Option<&SecurityInfos>,
) -> Result<ActiveAuthenticationKey> {
    let key = der(path)?;
    match VerifyingKey::from_spki(dg15.public_key_info())? {
        VerifyingKey::Ec(public) => Ok(ActiveAuthenticationKey::Ecdsa {
            curve: public.curve(),
            key: curve_secret(&key)?,
            hash: infos
                .and_then(SecurityInfos::active_authentication)
                .and_then(|info| info.hash())
                .unwrap_or(HashAlgorithm::Sha256),
            form: CurveForm::Explicit,
        }),
        VerifyingKey::Rsa(_) => Ok(ActiveAuthenticationKey::Rsa {
            key: Box::new(RsaPrivateKey::from_pkcs8_der(&key).map_err(|_| anyhow!("no RSA key"))?),
            hash: HashAlgorithm::Sha1,
            trailer: Trailer::Implicit,
        }),
        VerifyingKey::Dsa(_) => bail!("no chip signs with DSA"),
    }
}

/// The key in every role that DG14 gives to its public half.
fn chip_keys(path: &Path, infos: &SecurityInfos) -> Result<Vec<ChipAuthenticationKey>> {
    let secret = curve_secret(&der(path)?)?;
    let mut keys: Vec<(Option<u32>, Vec<_>, SecretKey)> = Vec::new();
    for option in infos.chip_authentication_options() {
        let public = option.key.public_key()?;
        let Ok(key) = SecretKey::from_bytes(public.group(), &secret) else {
            continue;
        };
        if key.public_key()?.as_bytes() != public.as_bytes() {
            continue;
        }
        let key_id = option.key.key_id.and_then(|id| u32::try_from(id.0).ok());
        let suite = option.protocol.suite;
        match keys.iter_mut().find(|(id, ..)| *id == key_id) {
            Some((_, suites, _)) => suites.push(suite),
            None => keys.push((key_id, vec![suite], key)),
        }
    }
    if keys.is_empty() {
        bail!("{}: DG14 has no public key of this key", path.display());
    }
    keys.into_iter()
        .map(|(id, suites, key)| Ok(ChipAuthenticationKey::new(key, id, &suites)?))
        .collect()
}

/// The content of a file, PEM (RFC 7468) or DER.
fn der(path: &Path) -> Result<Vec<u8>> {
    use base64ct::{Base64, Encoding as _};
    let content = fs::read(path).with_context(|| path.display().to_string())?;
    let Some(text) = std::str::from_utf8(&content)
        .ok()
        .filter(|text| text.contains("-----BEGIN"))
    else {
        return Ok(content);
    };
    let body: String = text
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .map(str::trim)
        .collect();
    Base64::decode_vec(&body).map_err(|_| anyhow!("{}: no PEM", path.display()))
}

/// The scalar in a PKCS#8 key on an elliptic curve (RFC 5958 around RFC 5915), or in a bare ECPrivateKey.
fn curve_secret(key: &[u8]) -> Result<Vec<u8>> {
    const SEQUENCE: u32 = 0x30;
    const OCTET_STRING: u32 = 0x04;
    fn scalar(sequence: &[u8]) -> Option<Vec<u8>> {
        let outer = tlv::Tlv::only(sequence).ok()?;
        let octets = (outer.tag == SEQUENCE)
            .then(|| outer.children())?
            .map_while(Result::ok)
            .find(|object| object.tag == OCTET_STRING)?
            .value;
        // The octets of PKCS#8 hold an ECPrivateKey, whose octets are the scalar.
        scalar(octets).or_else(|| Some(octets.to_vec()))
    }
    scalar(key).context("no key on an elliptic curve in PKCS#8")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use icao::lds::DataGroup;

    use super::*;

    #[test]
    fn names_of_many_tools_mean_the_same_files() {
        for (name, fid) in [
            ("EF_SOD.bin", Some(EF_SOD)),
            ("EF.SOD", Some(EF_SOD)),
            ("sod.bin", Some(EF_SOD)),
            ("EF_COM.bin", Some(EF_COM)),
            ("EF_CardAccess.bin", Some(EF_CARD_ACCESS)),
            ("DG1.bin", Some(DG1)),
            ("EF_DG1.BIN", Some(DG1)),
            ("dg01.dat", Some(DG1)),
            ("EF.DG14", Some(DG14)),
            ("Datagroup14.bin", Some(DG14)),
            ("ef010F.bin", Some(DG15)),
            ("DG17.bin", None),
            ("notes.txt", None),
            ("aa-key.pem", None),
        ] {
            assert_eq!(identifier(name), fid, "{name}");
        }
    }

    #[test]
    fn a_chip_has_the_files_of_its_folder_and_no_others() {
        let profile = Profile::PaceP256;
        let own = profile.chip(b"").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let system = own.file_system();
        let mut written = BTreeMap::new();
        for file in &system.applications[0].files {
            let name = match file.fid {
                EF_SOD => "EF_SOD.bin".to_owned(),
                EF_COM => "EF_COM.bin".to_owned(),
                group => format!("DG{}.bin", group & 0xFF),
            };
            // A document without a face is no passport, but a folder may be without one.
            if file.fid != 0x0102 {
                fs::write(folder.path().join(name), &file.content).unwrap();
                written.insert(file.fid, file.content.clone());
            }
        }
        let card_access = system
            .master_file
            .files
            .iter()
            .find(|file| file.fid == EF_CARD_ACCESS);
        let card_access = card_access.unwrap().content.clone();
        fs::write(folder.path().join("EF_CardAccess.bin"), &card_access).unwrap();

        let chip = DocumentFolder {
            folder: folder.path().to_owned(),
            can: Some("123456".to_owned()),
            without_bac: false,
            active_authentication: None,
            chip_authentication: None,
            limits: Limits::SHORT,
        }
        .chip(b"")
        .unwrap();
        let found: BTreeMap<u16, Vec<u8>> = chip.file_system().applications[0]
            .files
            .iter()
            .map(|file| (file.fid, file.content.clone()))
            .collect();
        assert!(found == written);
    }

    /// The reference data of the BSI's test chip with both private keys, as a chip that proves itself; and a copy of it
    /// without them, which cannot.
    #[test]
    fn reference_data_with_keys_are_a_chip_that_proves_itself() {
        use icao::access_key::AccessKey;
        use icao::active_authentication::ActiveAuthentication;
        use icao::chip_authentication::strongest;
        use icao::pki::DocumentKind;
        use icao::simulator::SimulatedLink;
        use icao::terminal::{AccessProtocol, Policy, Terminal};

        let corpus = std::env::var_os("RDA_CORPUS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
            PathBuf::from,
        );
        let folder = corpus.join("document-sets/silver-worldfnd-with-keys");
        if !folder.is_dir() {
            println!("SKIPPED: reference data with keys (set RDA_CORPUS)");
            return;
        }
        let inspected = |keys: bool| {
            let key = |name: &str| keys.then(|| folder.join(name));
            let document = DocumentFolder {
                folder: folder.clone(),
                can: None,
                without_bac: false,
                active_authentication: key("DG15_sk.pkcs8"),
                chip_authentication: key("DG14_sk.pkcs8"),
                limits: Limits::SHORT,
            };
            let dg1 = fs::read(folder.join("Datagroup1.bin")).unwrap();
            let fields = Dg1::parse(&dg1).unwrap().mrz().access_fields().unwrap();
            let access = [AccessKey::Mrz(fields)];
            let mut link = SimulatedLink::new(document.chip(b"silver").unwrap());
            let mut random = SeededRandom::new(b"terminal");
            let mut events = |_| ();
            let mut terminal =
                Terminal::new(&mut link, &mut random, Policy::default(), &mut events);
            assert_eq!(terminal.open(&access).unwrap(), AccessProtocol::Bac);
            let dg14 = terminal.read(FileId::data_group(DataGroup::DG14)).unwrap();
            let dg15 = terminal.read(FileId::data_group(DataGroup::DG15)).unwrap();
            let dg14 = Dg14::parse(&dg14).unwrap();
            let options = dg14.security_infos().chip_authentication_options();
            let (option, public) = strongest(&options).unwrap();
            let chip = terminal.chip_authentication(&option, &public).is_ok();
            let key = Dg15::parse(&dg15).unwrap().verifying_key().unwrap();
            let challenge = [7; 8];
            let active = terminal.active_authentication(&challenge, 128);
            let proof = ActiveAuthentication {
                key: &key,
                info: dg14.security_infos().active_authentication(),
                kind: DocumentKind::TravelDocument,
            };
            let active =
                active.is_ok_and(|signature| proof.verify_tolerant(&challenge, &signature).is_ok());
            (chip, active)
        };
        assert_eq!(inspected(true), (true, true));
        assert_eq!(inspected(false), (false, false));
    }
}
