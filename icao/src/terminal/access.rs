//! Opening a chip: what it offers, which protocol, which key.

use super::error::Error;
use super::read::Content;
use super::{AccessProtocol, Event, ExtendedLength, FallbackToBac, Terminal};
use crate::access_key::AccessKey;
use crate::apdu::{self, ApduError, Command, StatusWord};
use crate::bac::{Bac, BacError};
use crate::crypto::key_agreement::Group;
use crate::lds::security_info::PaceInfo;
use crate::lds::{AtrInfo, CardAccess, FileId};
use crate::pace::parameters::PaceParameters;
use crate::pace::{Pace, PaceError, PaceOutput, PaceSecrets};
use crate::secure_messaging::SecureMessaging;
use crate::transport::{Limits, TransportError};
use zeroize::Zeroizing;

/// EF.ATR/INFO of the master file (Doc 9303-10, 3.11.1).
const EF_ATR_INFO: FileId = FileId {
    fid: 0x2F01,
    sfi: 0x01,
};

/// EF.CardAccess is a few SecurityInfos; nothing longer is read from a chip that has not been opened.
const LONGEST_CARD_ACCESS: usize = 8 * 1024;

/// Longest EF.CardSecurity that is read, in bytes: SecurityInfos with a signature and a certificate.
const LONGEST_CARD_SECURITY: usize = 32 * 1024;

/// What came of one access key.
enum Outcome {
    Open(SecureMessaging),
    Refused,
}

impl<'a> Terminal<'a> {
    /// EF.CardAccess of the master file, read before anything else; `None` where the chip has none that can be read.
    ///
    /// # Errors
    /// [`Error::Link`], or [`Error::Apdu`] for no answer: whatever the chip answers, a document without EF.CardAccess can still be opened by BAC.
    pub fn card_access(&mut self) -> Result<Option<&CardAccess>, Error> {
        if self.card_access.is_none() {
            let found = self.read_card_access()?;
            self.card_access = Some(found);
        }
        Ok(self.card_access.as_ref().and_then(Option::as_ref))
    }

    /// Chips differ in whether the master file is selected from the start, by which SELECT it can be, and what they
    /// answer to that; so the answers to SELECT are not looked at, and the file itself decides.
    fn read_card_access(&mut self) -> Result<Option<CardAccess>, Error> {
        let with_identifier = Command::select_master_file();
        let without_identifier = Command {
            data: Vec::new(),
            ..with_identifier.clone()
        };
        for select in [None, Some(with_identifier), Some(without_identifier)] {
            // Before any SELECT, one command says whether it is this easy; the file's identifier is tried after the next.
            // What holds in the master file need not hold in the application.
            self.habits.short_identifiers = select.is_none().then_some(true);
            let mut selected = StatusWord::UNKNOWN;
            if let Some(select) = select {
                selected = self.channel.send(select)?.status;
            }
            let mut content = Content::new(FileId::EF_CARD_ACCESS, LONGEST_CARD_ACCESS);
            let read = self.read_on(&mut content);
            self.habits.short_identifiers = None;
            match read {
                Ok(()) => {
                    self.learn_extended_length()?;
                    // A file that is no SecurityInfos offers nothing.
                    return Ok(CardAccess::parse(content.bytes()).ok());
                }
                // No answer at all says nothing about the file.
                Err(error @ (Error::Link(_) | Error::Apdu(ApduError::NoStatus))) => {
                    return Err(error);
                }
                // The master file is selected, and holds no such file.
                Err(Error::FileNotFound(_)) if selected.is_ok() => return Ok(None),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// EF.CardSecurity of the master file, which a chip shows after PACE only (Doc 9303-10 3.11.4); `None` where it has none
    /// that can be read. The document's application is selected again afterwards.
    ///
    /// # Errors
    /// [`Error::NotOpened`] unless PACE has opened the chip, or an interruption beyond the budget.
    pub fn card_security(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if !matches!(self.opened, Some((AccessProtocol::Pace(_), _))) {
            return Err(Error::NotOpened);
        }
        for _ in 0..2 {
            let resumes = self.channel.transcript.resumes;
            let found = self.persist(Self::read_card_security)?;
            // Opened again meanwhile, the chip is in the document's application, where the same identifier is EF.SOD's.
            if resumes == self.channel.transcript.resumes {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn read_card_security(&mut self) -> Result<Option<Vec<u8>>, Error> {
        // As with EF.CardAccess, the file decides and not the answer to SELECT.
        self.ask(Command::select_master_file())?;
        let mut content = Content::new(FileId::EF_CARD_SECURITY, LONGEST_CARD_SECURITY);
        // What holds in the application need not hold in the master file.
        let habit = self.habits.short_identifiers.take();
        let read = self.read_on(&mut content);
        self.habits.short_identifiers = habit;
        let found = match read {
            Ok(()) => Some(content.bytes().to_vec()),
            Err(error) if error.is_interruption() => return Err(error),
            Err(_) => None,
        };
        self.select_application()?;
        Ok(found)
    }

    /// Asks the chip whether it takes extended APDUs. One command, and only where the link would carry them.
    fn learn_extended_length(&mut self) -> Result<(), Error> {
        if self.policy.extended_length == ExtendedLength::Never || !self.channel.link_is_extended()
        {
            return Ok(());
        }
        let answer = self.channel.send(Command::read_binary_sfi(
            EF_ATR_INFO.sfi,
            0,
            apdu::MAX_SHORT_NE,
        ))?;
        let told = AtrInfo::parse(&answer.data)
            .ok()
            .and_then(|info| info.extended_length);
        self.channel.set_extended(told.filter(|limits| {
            limits.max_command > Limits::SHORT.max_command
                && limits.max_response > Limits::SHORT.max_response
        }));
        if !answer.data.is_empty() {
            self.atr_info = Some(answer.data);
        }
        Ok(())
    }

    /// Opens the chip with the first of `keys` that it accepts, and selects the document's application.
    ///
    /// PACE where EF.CardAccess offers it, in the strongest variant known here, over domain parameters that are standardized
    /// or spelled out beside it; otherwise BAC. After the last try that
    /// the policy allows the chip is left alone.
    ///
    /// # Errors
    /// [`Error::WrongAccessKey`], [`Error::NoUsableKey`], [`Error::NotADocument`], [`Error::PaceOnly`],
    /// [`Error::PaceNotSupported`], [`Error::Blocked`], [`Error::Slow`], or an interruption beyond the budget.
    pub fn open(&mut self, keys: &'a [AccessKey]) -> Result<AccessProtocol, Error> {
        self.open_after(keys, 0)
    }

    /// As [`Terminal::open`], without the first `refused` of those keys that could open this document: it refused them
    /// when it lay on the reader before.
    ///
    /// # Errors
    /// As [`Terminal::open`].
    pub fn open_after(
        &mut self,
        keys: &'a [AccessKey],
        mut refused: usize,
    ) -> Result<AccessProtocol, Error> {
        loop {
            match self.open_from(keys, &mut refused) {
                // Keys that the chip has refused stay refused when the link is lost meanwhile.
                Err(error)
                    if matches!(error, Error::Link(_) | Error::Apdu(ApduError::NoStatus))
                        && error.is_interruption()
                        && self.channel.transcript.resumes < self.policy.most_resumes =>
                {
                    self.channel.transcript.resumes += 1;
                    (self.on_event)(Event::Interrupted);
                    self.channel.reset()?;
                }
                other => return other,
            }
        }
    }

    fn open_from(
        &mut self,
        keys: &'a [AccessKey],
        refused: &mut usize,
    ) -> Result<AccessProtocol, Error> {
        let protocol = self.choose_protocol()?;
        if protocol == AccessProtocol::Bac {
            self.select_application()?;
        }
        let mut tries = self.channel.transcript.refused_keys;
        for key in keys
            .iter()
            .filter(|key| serves(key, &protocol))
            .skip(*refused)
        {
            if tries >= self.policy.most_key_tries {
                break;
            }
            match self.try_key(protocol, key)? {
                Outcome::Open(secure_messaging) => {
                    self.finish_opening(protocol, secure_messaging)?;
                    self.opened = Some((protocol, key));
                    (self.on_event)(Event::Opened(protocol));
                    return Ok(protocol);
                }
                Outcome::Refused => {
                    *refused += 1;
                    tries += 1;
                    self.channel.transcript.refused_keys = tries;
                }
            }
        }
        if tries == 0 {
            Err(Error::NoUsableKey)
        } else {
            let usable = keys.iter().filter(|key| serves(key, &protocol)).count();
            let left = usable.saturating_sub(*refused);
            Err(Error::WrongAccessKey { tries, left })
        }
    }

    /// Opens the chip again with what opened it before.
    pub(super) fn open_with(
        &mut self,
        protocol: AccessProtocol,
        key: &AccessKey,
    ) -> Result<(), Error> {
        if protocol == AccessProtocol::Bac {
            self.select_application()?;
        }
        match self.try_key(protocol, key)? {
            Outcome::Open(secure_messaging) => self.finish_opening(protocol, secure_messaging),
            Outcome::Refused => Err(Error::WrongAccessKey { tries: 1, left: 0 }),
        }
    }

    fn choose_protocol(&mut self) -> Result<AccessProtocol, Error> {
        let fallback = self.policy.fallback_to_bac;
        let Some(card_access) = self.card_access()? else {
            return Ok(AccessProtocol::Bac);
        };
        let infos = card_access.security_infos();
        if !infos.offers_pace() {
            return Ok(AccessProtocol::Bac);
        }
        let usable = infos.pace().filter_map(|info| {
            let parameters = PaceParameters::from_infos(info, infos).ok()?;
            Some((*info, strength(info, &parameters)))
        });
        match usable.max_by_key(|(_, strength)| *strength) {
            Some((info, _)) => Ok(AccessProtocol::Pace(info)),
            None if fallback == FallbackToBac::WhenPaceNotSupported => Ok(AccessProtocol::Bac),
            None => Err(Error::PaceNotSupported),
        }
    }

    fn try_key(&mut self, protocol: AccessProtocol, key: &AccessKey) -> Result<Outcome, Error> {
        (self.on_event)(Event::Opening(protocol));
        let outcome = match protocol {
            AccessProtocol::Bac => self.basic_access_control(key),
            AccessProtocol::Pace(info) => self.pace(&info, key),
        };
        match outcome {
            Err(Error::Link(TransportError::Timeout)) => Err(Error::Slow),
            outcome => outcome,
        }
    }

    fn finish_opening(
        &mut self,
        protocol: AccessProtocol,
        secure_messaging: SecureMessaging,
    ) -> Result<(), Error> {
        self.channel.protect(secure_messaging);
        // After PACE the chip is open and still in the master file.
        if let AccessProtocol::Pace(_) = protocol {
            self.select_application()
        } else {
            Ok(())
        }
    }

    fn select_application(&mut self) -> Result<(), Error> {
        let mut first_refusal = None;
        let known = self.identifier;
        let identifiers = match &known {
            Some(identifier) => core::slice::from_ref(identifier),
            None => self.application.identifiers(),
        };
        for identifier in identifiers {
            let select = Command::select_application(identifier);
            match self.channel.send(select)?.status {
                StatusWord::OK => {
                    self.identifier = Some(identifier);
                    return Ok(());
                }
                StatusWord::SECURITY_STATUS => {
                    return Err(Error::PaceOnly(StatusWord::SECURITY_STATUS));
                }
                status => first_refusal = first_refusal.or(Some(status)),
            }
        }
        Err(Error::NotADocument(
            first_refusal.unwrap_or(StatusWord::FILE_NOT_FOUND),
        ))
    }

    fn basic_access_control(&mut self, key: &AccessKey) -> Result<Outcome, Error> {
        let mut again = true;
        loop {
            let mut rnd_ifd = [0; 8];
            let mut k_ifd = Zeroizing::new([0; 16]);
            self.rng.fill_bytes(&mut rnd_ifd);
            self.rng.fill_bytes(&mut *k_ifd);
            let mut bac = Bac::new(key, rnd_ifd, *k_ifd).map_err(Error::Bac)?;
            match self.run_bac(&mut bac) {
                Ok(secure_messaging) => return Ok(Outcome::Open(secure_messaging)),
                Err(Error::Bac(error)) => match error {
                    // Some chips refuse the very first attempt after power-up, whatever the key.
                    BacError::WrongKey(StatusWord::CONDITIONS_OF_USE)
                    | BacError::Challenge(StatusWord::CONDITIONS_OF_USE)
                        if again =>
                    {
                        again = false;
                    }
                    BacError::WrongKey(StatusWord::BLOCKED) => {
                        return Err(Error::Blocked(StatusWord::BLOCKED));
                    }
                    BacError::WrongKey(_) => return Ok(Outcome::Refused),
                    BacError::Challenge(status) | BacError::Authenticate(status)
                        if is_refusal_of_bac(status) =>
                    {
                        return Err(Error::PaceOnly(status));
                    }
                    error => return Err(Error::Bac(error)),
                },
                Err(error) => return Err(error),
            }
        }
    }

    fn run_bac(&mut self, bac: &mut Bac) -> Result<SecureMessaging, Error> {
        loop {
            match bac.next().map_err(Error::Bac)? {
                apdu::Step::Done(secure_messaging) => return Ok(secure_messaging),
                apdu::Step::Transmit(command) => {
                    let response = self.channel.send(command)?;
                    bac.receive(&response).map_err(Error::Bac)?;
                }
            }
        }
    }

    fn pace(&mut self, info: &PaceInfo, key: &AccessKey) -> Result<Outcome, Error> {
        match self.run_pace(info, key) {
            Ok(output) => {
                self.chip_authentication_mapping = output.chip_authentication;
                Ok(Outcome::Open(output.secure_messaging))
            }
            Err(Error::Pace(error)) => match error {
                PaceError::WrongPassword {
                    tries_left: Some(0),
                }
                | PaceError::Blocked => Err(Error::Blocked(StatusWord::BLOCKED)),
                PaceError::WrongPassword { .. } => Ok(Outcome::Refused),
                PaceError::Parameters(_) => Err(Error::PaceNotSupported),
                error => Err(Error::Pace(error)),
            },
            Err(error) => Err(error),
        }
    }

    fn run_pace(&mut self, info: &PaceInfo, key: &AccessKey) -> Result<PaceOutput, Error> {
        // The protocol was chosen from EF.CardAccess, so that is there.
        let parameters = match self.card_access()? {
            Some(file) => PaceParameters::from_infos(info, file.security_infos()),
            None => PaceParameters::from_info(info),
        };
        let parameters = parameters.map_err(|error| Error::Pace(error.into()))?;
        let secrets = PaceSecrets::generate(&parameters, self.rng);
        let mut pace =
            Pace::with_secrets(parameters, key.pace_password(), secrets).map_err(Error::Pace)?;
        loop {
            match pace.next().map_err(Error::Pace)? {
                apdu::Step::Done(output) => return Ok(output),
                apdu::Step::Transmit(command) => {
                    let response = self.channel.send(command)?;
                    pace.receive(&response).map_err(Error::Pace)?;
                }
            }
        }
    }
}

/// Whether a key can be used in a protocol at all: a card access number opens by PACE only.
fn serves(key: &AccessKey, protocol: &AccessProtocol) -> bool {
    match protocol {
        AccessProtocol::Bac => key.bac_seed().is_some(),
        AccessProtocol::Pace(_) => true,
    }
}

/// Statuses with which documents that have no BAC refuse its commands.
fn is_refusal_of_bac(status: StatusWord) -> bool {
    matches!(
        status,
        StatusWord::REFERENCE_NOT_FOUND
            | StatusWord::WRONG_INS
            | StatusWord::FUNCTION_NOT_SUPPORTED
            | StatusWord::SECURITY_STATUS
            | StatusWord::CONDITIONS_OF_USE
            | StatusWord::WRONG_CLA
    )
}

/// The strongest variant is the one with the longest key of secure messaging, and among those the largest curve, before
/// the groups of integers.
fn strength(info: &PaceInfo, parameters: &PaceParameters) -> (usize, usize, u64) {
    let order_len = match parameters.group() {
        Group::Curve(curve) => curve.order_len(),
        Group::Dh(_) => 0,
    };
    (
        info.protocol.suite.key_len(),
        order_len,
        info.parameter_id.unwrap_or(0),
    )
}
