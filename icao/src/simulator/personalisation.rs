//! From a holder, keys and options to a whole chip.

use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::access::AccessControl;
use super::active_authentication::{ActiveAuthenticationKey, Trailer};
use super::bac::DocumentKeys;
use super::chip::{Card, Chip};
use super::chip_authentication::ChipAuthenticationKey;
use super::file_system::{Directory, ElementaryFile, FileSystem, ReadAccess};
use super::files;
use super::holder::{Form, Holder};
use super::issuer::{DocumentSigner, IssuerError, Issuers, SecurityObject, curve_key, rsa_key};
use super::pace::{Mapping, PaceVariant, Password};
use super::profile::Profile;
use super::public_key_info::CurveForm;
use super::quirks::{Quirk, Quirks};
use super::random::{RandomSource, SeededRandom};
use crate::crypto::cipher::CipherSuite;
use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::key_agreement::{Group, SecretKey};
use crate::transport::Limits;

/// RSA keys of chips, by modulus length in bits.
const CHIP_KEYS: [(usize, &str); 6] = [
    (1024, include_str!("keys/rsa-1024-chip.pem")),
    (1280, include_str!("keys/rsa-1280-chip.pem")),
    (1792, include_str!("keys/rsa-1792-chip.pem")),
    (2048, include_str!("keys/rsa-2048-chip.pem")),
    (3072, include_str!("keys/rsa-3072-chip.pem")),
    (4096, include_str!("keys/rsa-4096-chip.pem")),
];

/// How the MRZ becomes the PACE password of a driving licence: the standards read both ways, and both are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LicencePassword {
    /// The 28 characters themselves.
    Characters,
    /// Their SHA-1, as in Doc 9303-11, 9.7.3.
    Digest,
}

/// A chip in the making. See the [module](super).
pub struct ChipBuilder {
    form: Form,
    holder: Holder,
    bac: bool,
    open: bool,
    pace: Vec<PaceVariant>,
    licence_password: LicencePassword,
    chip_authentication: Vec<ChipAuthenticationKey>,
    active_authentication: Option<ActiveAuthenticationKey>,
    signer: Option<DocumentSigner>,
    hash: HashAlgorithm,
    lds_version_1: bool,
    fingerprints: bool,
    more_groups: Vec<(u8, Vec<u8>)>,
    more_applications: Vec<Directory>,
    aid: Option<Vec<u8>>,
    overwritten: Vec<(u16, Vec<u8>)>,
    cloned: bool,
    quirks: Quirks,
    historical_bytes: Vec<u8>,
    limits: Limits,
    random: Box<dyn RandomSource>,
}

impl Chip {
    /// A passport of an invented holder, with BAC, DG1, DG2 and nothing else yet.
    #[must_use]
    pub fn passport() -> ChipBuilder {
        ChipBuilder::new(Form::Passport, Profile::NlPassport2011.holder())
    }

    /// An identity card of an invented holder, with BAC, DG1, DG2 and nothing else yet.
    #[must_use]
    pub fn identity_card() -> ChipBuilder {
        ChipBuilder::new(Form::IdentityCard, Profile::NlId2014.holder())
    }

    /// An official document of the size TD2 of an invented holder, with BAC, DG1, DG2 and nothing else yet.
    #[must_use]
    pub fn official_document() -> ChipBuilder {
        ChipBuilder::new(Form::OfficialDocument, Profile::NlId2014.holder())
    }

    /// A driving licence of an invented holder, with BAP configuration 1, DG1, DG11, DG12 and nothing else yet.
    #[must_use]
    pub fn driving_licence() -> ChipBuilder {
        ChipBuilder::new(Form::DrivingLicence, Profile::NlLicence2014.holder())
    }
}

impl ChipBuilder {
    fn new(form: Form, holder: Holder) -> Self {
        Self {
            form,
            holder,
            bac: true,
            open: false,
            pace: Vec::new(),
            licence_password: LicencePassword::Characters,
            chip_authentication: Vec::new(),
            active_authentication: None,
            signer: None,
            hash: HashAlgorithm::Sha256,
            lds_version_1: false,
            fingerprints: false,
            more_groups: Vec::new(),
            more_applications: Vec::new(),
            aid: None,
            overwritten: Vec::new(),
            cloned: false,
            quirks: Quirks::default(),
            historical_bytes: Vec::new(),
            limits: Limits::SHORT,
            random: Box::new(SeededRandom::new(b"simulated chip")),
        }
    }

    /// Another holder.
    #[must_use]
    pub fn holder(mut self, holder: Holder) -> Self {
        self.holder = holder;
        self
    }

    /// Offers this variant of PACE too, with the MRZ and, if the holder has one, the CAN as passwords.
    #[must_use]
    pub fn pace(mut self, variant: PaceVariant) -> Self {
        self.pace.push(variant);
        self
    }

    /// No BAC or BAP: a PACE-only document.
    #[must_use]
    pub fn without_bac(mut self) -> Self {
        self.bac = false;
        self
    }

    /// No access control at all: every file lies open (quirk 36; old documents of BE and NG).
    #[must_use]
    pub fn without_access_control(mut self) -> Self {
        self.open = true;
        self.bac = false;
        self
    }

    /// How the PACE password of a driving licence follows from its line.
    #[must_use]
    pub fn licence_password(mut self, password: LicencePassword) -> Self {
        self.licence_password = password;
        self
    }

    /// Chip Authentication with a key of this document in `group`, for these suites.
    ///
    /// # Errors
    /// [`IssuerError::Key`] if no key can be made in the group.
    pub fn chip_authentication(
        self,
        group: &Group,
        key_id: Option<u32>,
        suites: &[CipherSuite],
    ) -> Result<Self, IssuerError> {
        let label = format!("CA {} {key_id:?}", self.holder.document_number);
        let key = agreement_key(&label, group)?;
        Ok(self.chip_authentication_key(
            ChipAuthenticationKey::new(key, key_id, suites).map_err(|_| IssuerError::Key)?,
        ))
    }

    /// Chip Authentication with this key.
    #[must_use]
    pub fn chip_authentication_key(mut self, key: ChipAuthenticationKey) -> Self {
        self.chip_authentication.push(key);
        self
    }

    /// Active Authentication by ECDSA with a key of this document.
    #[must_use]
    pub fn active_authentication_ecdsa(self, curve: NamedCurve, hash: HashAlgorithm) -> Self {
        let label = format!("AA {}", self.holder.document_number);
        self.active_authentication_key(ActiveAuthenticationKey::Ecdsa {
            curve,
            key: curve_key(&label, curve),
            hash,
            form: CurveForm::Explicit,
        })
    }

    /// Active Authentication by RSA, with the key of `bits` (1024, 1280, 1792, 2048, 3072 or 4096) that all simulated chips
    /// share.
    ///
    /// # Errors
    /// [`IssuerError::Key`] for another length.
    pub fn active_authentication_rsa(
        self,
        bits: usize,
        hash: HashAlgorithm,
        trailer: Trailer,
    ) -> Result<Self, IssuerError> {
        Ok(
            self.active_authentication_key(ActiveAuthenticationKey::Rsa {
                key: Box::new(chip_rsa_key(bits)?),
                hash,
                trailer,
            }),
        )
    }

    /// Active Authentication with this key.
    #[must_use]
    pub fn active_authentication_key(mut self, key: ActiveAuthenticationKey) -> Self {
        self.active_authentication = Some(key);
        self
    }

    /// EF.SOD of this signer. Without one, that of the oldest profile of the form signs.
    #[must_use]
    pub fn signer(mut self, signer: DocumentSigner) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Hash of the data groups in EF.SOD.
    #[must_use]
    pub fn hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    /// LDS version 1.8: EF.SOD says the version too (LDS security object version 1).
    #[must_use]
    pub fn lds_version_1(mut self) -> Self {
        self.lds_version_1 = true;
        self
    }

    /// DG3 with fingerprints, which no one may read without Terminal Authentication.
    #[must_use]
    pub fn fingerprints(mut self) -> Self {
        self.fingerprints = true;
        self
    }

    /// Another data group (1 to 16), or another content of one, with this whole file content, hashed in EF.SOD. Not DG14 and
    /// DG15 (DG13 of a licence), which follow from the keys.
    #[must_use]
    pub fn data_group(mut self, number: u8, content: Vec<u8>) -> Self {
        self.more_groups.push((number, content));
        self
    }

    /// The file of the application with this identifier holds these bytes, whether it exists already or not, and whatever
    /// EF.SOD says. With all files of another document and its keys, the chip is that document.
    #[must_use]
    pub fn overwrite(mut self, fid: u16, content: Vec<u8>) -> Self {
        self.overwritten.push((fid, content));
        self
    }

    /// Another identifier of the document's application, as A0000002480200 of an ISO/IEC 18013 licence.
    #[must_use]
    pub fn application_identifier(mut self, aid: &[u8]) -> Self {
        self.aid = Some(aid.to_vec());
        self
    }

    /// One more application beside the document's, as identity cards have (quirk 37).
    #[must_use]
    pub fn application(mut self, application: Directory) -> Self {
        self.more_applications.push(application);
        self
    }

    /// The right files, and other private keys: what one gets who copies a chip.
    #[must_use]
    pub fn cloned(mut self) -> Self {
        self.cloned = true;
        self
    }

    /// Makes the chip deviate from the standards in one way more.
    #[must_use]
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.add(quirk);
        self
    }

    /// Historical bytes of the answer to reset, 15 at most; longer ones are cut.
    #[must_use]
    pub fn historical_bytes(mut self, bytes: &[u8]) -> Self {
        self.historical_bytes = bytes.iter().take(15).copied().collect();
        self
    }

    /// The chip takes and gives APDUs up to these lengths, and says so in EF.ATR/INFO if they are extended.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where nonces and ephemeral keys come from.
    #[must_use]
    pub fn random(mut self, random: impl RandomSource + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Personalises the chip.
    ///
    /// # Errors
    /// [`IssuerError`] if a key is unusable.
    pub fn build(mut self) -> Result<Chip, IssuerError> {
        let application = self.document_application()?;
        let master_file = self.master_file(&application)?;
        let file_system = FileSystem {
            master_file,
            applications: [
                vec![application],
                core::mem::take(&mut self.more_applications),
            ]
            .concat(),
        };
        if self.cloned {
            self.swap_private_keys()?;
        }
        let information = self.holder.mrz_information(self.form);
        let mut passwords = vec![Password {
            reference: AccessControl::MRZ,
            secret: Zeroizing::new(match (self.form, self.licence_password) {
                (Form::DrivingLicence, LicencePassword::Characters) => {
                    information.clone().into_bytes()
                }
                _ => HashAlgorithm::Sha1.digest(information.as_bytes()),
            }),
        }];
        if let Some(can) = self.holder.can {
            passwords.push(Password {
                reference: AccessControl::CAN,
                secret: Zeroizing::new(can.as_bytes().to_vec()),
            });
        }
        let card = Card {
            file_system,
            access_control: AccessControl {
                open: self.open,
                bac: self
                    .bac
                    .then(|| DocumentKeys::from_mrz(information.as_bytes())),
                pace: self.pace,
                passwords,
            },
            chip_authentication: self.chip_authentication,
            active_authentication: self.active_authentication,
            quirks: self.quirks,
            atr: answer_to_reset(&self.historical_bytes),
            limits: self.limits,
        };
        Ok(Chip::new(card, self.random))
    }

    /// The document application with its data groups, EF.COM and EF.SOD.
    fn document_application(&self) -> Result<Directory, IssuerError> {
        let licence = self.form == Form::DrivingLicence;
        let mut groups = if licence {
            files::licence_groups(&self.holder)
        } else {
            vec![
                (1, files::dg1(&self.holder.mrz_lines(self.form))),
                (2, files::dg2(self.face_record_error())),
            ]
        };
        if self.fingerprints {
            groups.push((3, files::dg3()));
        }
        for (number, content) in &self.more_groups {
            groups.retain(|(other, _)| other != number);
            groups.push((*number, content.clone()));
        }
        if let Some(infos) = self.security_infos() {
            groups.push((14, files::dg14(infos)));
        }
        if let Some(key) = &self.active_authentication {
            let number = if licence { 13 } else { 15 };
            groups.push((number, files::dg15(key).ok_or(IssuerError::Key)?));
        }
        groups.sort_by_key(|(number, _)| *number);

        let ids = files::Ids::of(self.form);
        let mut directory = Directory {
            aid: self.aid.clone().unwrap_or_else(|| ids.aid.to_vec()),
            files: Vec::new(),
        };
        if !self.quirks.has(Quirk::ComMissing) {
            let listed: Vec<u8> = groups
                .iter()
                .map(|(number, _)| *number)
                .filter(|number| !self.quirks.has(Quirk::ComOmits(*number)))
                .collect();
            let com = files::com(self.form, &listed, self.lds_version_1);
            directory.put(ElementaryFile::new(ids.com, ReadAccess::Password, com));
        }
        let sod = self.sod(&groups)?;
        directory.put(ElementaryFile::new(ids.sod, ReadAccess::Password, sod));
        for (number, content) in groups {
            let access = if !licence && matches!(number, 3 | 4) {
                ReadAccess::Terminal
            } else {
                ReadAccess::Password
            };
            directory.put(ElementaryFile::new(ids.data_group(number), access, content));
        }
        let trailing = self.quirks.find(|quirk| match *quirk {
            Quirk::TrailingBytes(count) => Some(usize::from(count)),
            _ => None,
        });
        for (fid, content) in &self.overwritten {
            directory.put(ElementaryFile::new(
                *fid,
                ReadAccess::Password,
                content.clone(),
            ));
        }
        for file in &mut directory.files {
            let len = file.content.len() + trailing.unwrap_or(0);
            file.content.resize(len, 0);
        }
        Ok(directory)
    }

    /// How far the length in the face record is off.
    fn face_record_error(&self) -> i32 {
        self.quirks
            .find(|quirk| match *quirk {
                Quirk::FaceRecordLength(error) => Some(error),
                _ => None,
            })
            .unwrap_or(0)
    }

    fn sod(&self, groups: &[(u8, Vec<u8>)]) -> Result<Vec<u8>, IssuerError> {
        let hashes: Vec<(u8, Vec<u8>)> = groups
            .iter()
            .map(|(number, content)| (*number, self.hash.digest(content)))
            .collect();
        let version = self.lds_version_1.then_some(("0108", "040000"));
        let mut object = SecurityObject::of_hashes(self.hash, &hashes, version);
        object.indefinite_length = self.quirks.has(Quirk::SodIndefiniteLength);
        object.names_rsa_encryption = self.quirks.has(Quirk::SignerInfoNamesRsaEncryption);
        object.null_parameters = self.quirks.has(Quirk::SignerInfoNullParameters);
        object.wrong_signer = self.quirks.has(Quirk::SignerIdentifierMismatch);
        object.by_key_identifier = self.quirks.has(Quirk::SignerByKeyIdentifier);
        let content_type = self.quirks.find(|quirk| match *quirk {
            Quirk::SodContentType(oid) => Some(oid),
            _ => None,
        });
        if let Some(oid) = content_type {
            object.content_type = ObjectIdentifier::new(oid).map_err(|_| IssuerError::Encoding)?;
        }
        Ok(crate::tlv::encode(0x77, &self.sign(&object)?))
    }

    fn sign(&self, object: &SecurityObject) -> Result<Vec<u8>, IssuerError> {
        if let Some(signer) = &self.signer {
            return object.sign(signer);
        }
        let issuers = Issuers::get()?;
        object.sign(match self.form {
            Form::Passport => &issuers.passport_2011,
            Form::IdentityCard | Form::OfficialDocument => &issuers.id_2014,
            Form::DrivingLicence => &issuers.licence_2014,
        })
    }

    /// The SecurityInfos of DG14, if there is anything to say.
    fn security_infos(&self) -> Option<Vec<Vec<u8>>> {
        let mut infos = Vec::new();
        for key in &self.chip_authentication {
            infos.extend(files::chip_authentication_infos(
                key,
                !self.quirks.has(Quirk::ChipAuthenticationInfoMissing),
            ));
        }
        if let Some(ActiveAuthenticationKey::Ecdsa { hash, .. }) = &self.active_authentication
            && !self.quirks.has(Quirk::ActiveAuthenticationInfoMissing)
        {
            infos.push(files::active_authentication_info(*hash));
        }
        infos.extend(self.pace.iter().flat_map(files::pace_infos));
        (!infos.is_empty()).then_some(infos)
    }

    /// EF.CardSecurity, which Chip Authentication Mapping needs (Doc 9303-10, 3.11.4).
    fn card_security(&self) -> Result<Option<Vec<u8>>, IssuerError> {
        let mapping = self
            .pace
            .iter()
            .find(|variant| variant.mapping() == Mapping::ChipAuthentication);
        let Some(variant) = mapping else {
            return Ok(None);
        };
        let mut infos: Vec<_> = self.pace.iter().flat_map(files::pace_infos).collect();
        infos.extend(
            self.chip_authentication
                .iter()
                .filter(|key| key.group == *variant.group())
                .map(files::mapping_key_info),
        );
        let object = SecurityObject::of_security_infos(files::security_infos(infos));
        self.sign(&object).map(Some)
    }

    fn master_file(&self, application: &Directory) -> Result<Directory, IssuerError> {
        let mut directory = Directory::default();
        let mut put = |fid, content| {
            directory.put(ElementaryFile::new(fid, ReadAccess::Always, content));
        };
        if !self.pace.is_empty() && !self.quirks.has(Quirk::CardAccessMissing) {
            let infos: Vec<_> = self.pace.iter().flat_map(files::pace_infos).collect();
            let cluttered = self.quirks.has(Quirk::CardAccessCluttered);
            put(0x011C, files::card_access(infos, cluttered));
        }
        if self.limits.max_command > Limits::SHORT.max_command {
            put(0x2F01, files::atr_info(self.limits));
        }
        directory.put(ElementaryFile {
            sfi: Some(0x1E),
            ..ElementaryFile::new(0x2F00, ReadAccess::Always, files::dir(&application.aid))
        });
        if let Some(content) = self.card_security()? {
            directory.put(ElementaryFile::new(0x011D, ReadAccess::Pace, content));
        }
        Ok(directory)
    }

    fn swap_private_keys(&mut self) -> Result<(), IssuerError> {
        for (number, key) in self.chip_authentication.iter_mut().enumerate() {
            let label = format!("clone CA {number}");
            *key = ChipAuthenticationKey::new(
                agreement_key(&label, &key.group)?,
                key.key_id,
                &key.suites,
            )
            .map_err(|_| IssuerError::Key)?;
        }
        match &mut self.active_authentication {
            None => {}
            Some(ActiveAuthenticationKey::Ecdsa { curve, key, .. }) => {
                *key = curve_key("clone AA", *curve);
            }
            Some(ActiveAuthenticationKey::Rsa { key, .. }) => {
                use rsa::traits::PublicKeyParts;
                **key = chip_rsa_key(if key.size() == 128 { 1280 } else { 1024 })?;
            }
        }
        Ok(())
    }
}

fn agreement_key(label: &str, group: &Group) -> Result<SecretKey, IssuerError> {
    match group {
        Group::Curve(curve) => SecretKey::from_bytes(group, &curve_key(label, *curve)),
        Group::Dh(_) => Ok(SeededRandom::new(label.as_bytes()).key_pair(group)),
    }
    .map_err(|_| IssuerError::Key)
}

fn chip_rsa_key(bits: usize) -> Result<rsa::RsaPrivateKey, IssuerError> {
    let (_, pem) = CHIP_KEYS
        .iter()
        .find(|(len, _)| *len == bits)
        .ok_or(IssuerError::Key)?;
    rsa_key(pem)
}

/// The answer to reset that a PC/SC reader makes of the historical bytes of an ISO/IEC 14443-4 chip.
fn answer_to_reset(historical_bytes: &[u8]) -> Vec<u8> {
    let count = u8::try_from(historical_bytes.len()).unwrap_or(0) & 0x0F;
    let mut atr = vec![0x3B, 0x80 | count, 0x80, 0x01];
    atr.extend_from_slice(historical_bytes);
    let check = atr.iter().skip(1).fold(0, |check, byte| check ^ byte);
    atr.push(check);
    atr
}
