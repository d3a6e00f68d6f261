//! The commands of BAC, PACE, Chip Authentication and Active Authentication, and what each needs to have gone before.

use super::{After, Chip, Form, Outcome, Reply};
use crate::apdu::{Command, MAX_SHORT_NE, StatusWord};
use crate::crypto::cipher::CipherSuite;
use crate::simulator::access::{Access, AccessControl};
use crate::simulator::active_authentication::SignatureForm;
use crate::simulator::chip_authentication::{self, ChipAuthenticationKey};
use crate::simulator::file_system::Current;
use crate::simulator::pace::{self, Mapping, Pace};
use crate::simulator::quirks::Quirk;
use crate::tlv;

impl Chip {
    fn in_application(&self) -> Result<(), StatusWord> {
        match self.state.current {
            Current::Application(_) => Ok(()),
            _ => Err(StatusWord::CONDITIONS_OF_USE),
        }
    }

    pub(super) fn get_challenge(&mut self, command: &Command) -> Reply {
        self.in_application()?;
        if self.card.access_control.bac().is_none() {
            return Err(StatusWord::CONDITIONS_OF_USE);
        }
        if !matches!(command.le, Some(8 | MAX_SHORT_NE)) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.state.challenges += 1;
        if self.state.challenges == 1 && self.card.quirks.has(Quirk::FirstChallengeRefused) {
            return Err(StatusWord::CONDITIONS_OF_USE);
        }
        let mut challenge = [0; 8];
        self.random.nonce(&mut challenge);
        self.state.challenge = Some(challenge);
        Ok(challenge.to_vec().into())
    }

    pub(super) fn external_authenticate(&mut self, command: &Command) -> Reply {
        self.in_application()?;
        let keys = self
            .card
            .access_control
            .bac()
            .ok_or(StatusWord::REFERENCE_NOT_FOUND)?;
        let challenge = self
            .state
            .challenge
            .take()
            .ok_or(StatusWord::CONDITIONS_OF_USE)?;
        let wrong = self
            .card
            .quirks
            .find(|quirk| match *quirk {
                Quirk::WrongKeyStatus(status) => Some(StatusWord(status)),
                _ => None,
            })
            .unwrap_or(StatusWord::AUTHENTICATION_FAILED);
        let mut k_ic = [0; 16];
        self.random.nonce(&mut k_ic);
        let (data, channel) = keys.authenticate(challenge, k_ic, &command.data, wrong)?;
        Ok(Outcome {
            data,
            status: StatusWord::OK,
            after: After::Open(channel, Access::Basic),
        })
    }

    pub(super) fn manage_security_environment(&mut self, command: &Command) -> Reply {
        let objects = Objects::parse(&command.data)?;
        match (command.p1, command.p2) {
            (0xC1, 0xA4) => self.set_pace(&objects),
            (0x41, 0xA4) => self.set_chip_authentication(&objects, command.le.is_some()),
            (0x41, 0xA6) => self.set_key_agreement(&objects),
            // Terminal Authentication (81B6, 81A4) and all else.
            _ => Err(StatusWord::WRONG_P1_P2),
        }
    }

    fn set_pace(&mut self, objects: &Objects<'_>) -> Reply {
        self.state.pace = None;
        let parameter_id = match objects.get(0x84) {
            None if self.card.quirks.has(Quirk::ParameterIdRequired) => {
                return Err(StatusWord(0x6A87));
            }
            None => None,
            Some(&[id]) => Some(id),
            Some(_) => return Err(StatusWord::WRONG_DATA),
        };
        let protocol = objects.get(0x80).ok_or(StatusWord::WRONG_DATA)?;
        let reference = match objects.get(0x83) {
            Some(&[reference]) => reference,
            _ => return Err(StatusWord::WRONG_DATA),
        };
        let access_control = &self.card.access_control;
        let variant = access_control
            .pace_variant(protocol, parameter_id)
            .ok_or(StatusWord::WRONG_DATA)?
            .clone();
        let password = access_control
            .password(reference)
            .ok_or(StatusWord::REFERENCE_NOT_FOUND)?
            .clone();
        if let Some(0) = self.can_tries_left(reference) {
            return Err(StatusWord::BLOCKED);
        }
        let static_key = (variant.mapping() == Mapping::ChipAuthentication)
            .then(|| self.card.mapping_key(&variant))
            .flatten();
        let malformed = self.card.quirks.has(Quirk::MappingDataMalformed);
        self.state.pace = Some(Pace::new(variant, password, static_key, malformed));
        self.state.chip_authentication = None;
        Ok(StatusWord::OK.into())
    }

    /// Tries left for the password of this reference, if the chip counts them.
    fn can_tries_left(&self, reference: u8) -> Option<u8> {
        if reference != AccessControl::CAN {
            return None;
        }
        self.card.quirks.find(|quirk| match *quirk {
            Quirk::CanTries(tries) => Some(tries.saturating_sub(self.can_failures)),
            _ => None,
        })
    }

    pub(super) fn general_authenticate(&mut self, command: &Command) -> Reply {
        let template = tlv::Tlv::only(&command.data)
            .and_then(|object| object.expect(0x7C))
            .map_err(|_| StatusWord::WRONG_DATA)?
            .value;
        let Some(mut run) = self.state.pace.take() else {
            return self.agree_chip_authentication(template);
        };
        if run.is_last() && self.card.quirks.has(Quirk::PaceBroken) {
            return Err(StatusWord::SM_OBJECTS_INCORRECT);
        }
        let reference = run.password_reference();
        match run.general_authenticate(template, &mut *self.random) {
            Ok(pace::Answer::Next(answer)) => {
                self.state.pace = Some(run);
                Ok(tlv::encode(0x7C, &answer).into())
            }
            Ok(pace::Answer::Done(answer, channel)) => {
                if reference == AccessControl::CAN {
                    self.can_failures = 0;
                }
                Ok(Outcome {
                    data: tlv::encode(0x7C, &answer),
                    status: StatusWord::OK,
                    after: After::Open(channel, Access::Pace),
                })
            }
            Err(StatusWord::AUTHENTICATION_FAILED) if reference == AccessControl::CAN => {
                self.can_failures = self.can_failures.saturating_add(1);
                Err(self
                    .can_tries_left(reference)
                    .map_or(StatusWord::AUTHENTICATION_FAILED, |tries| {
                        StatusWord(0x63C0 | u16::from(tries.min(15)))
                    }))
            }
            Err(status) => Err(status),
        }
    }

    /// Chip Authentication wants an open channel, unless the document has no access control at all.
    fn authenticated(&self) -> Result<(), StatusWord> {
        if self.card.access_control.is_open() || self.state.access != Access::None {
            Ok(())
        } else {
            Err(StatusWord::SECURITY_STATUS)
        }
    }

    fn set_chip_authentication(&mut self, objects: &Objects<'_>, has_le: bool) -> Reply {
        self.authenticated()?;
        if has_le && self.card.quirks.has(Quirk::ChipAuthenticationRefusesLe) {
            return Err(StatusWord::UNKNOWN);
        }
        let protocol = objects.get(0x80).ok_or(StatusWord::WRONG_DATA)?;
        let reference = self.key_reference(objects)?;
        let suites = [
            CipherSuite::Aes128,
            CipherSuite::Aes192,
            CipherSuite::Aes256,
        ];
        let keys = &self.card.chip_authentication;
        let offered = |key: &ChipAuthenticationKey| {
            suites.into_iter().find(|suite| {
                key.suites.contains(suite) && key.protocol(*suite).as_bytes() == protocol
            })
        };
        if !keys.iter().any(|key| offered(key).is_some()) {
            return Err(StatusWord::WRONG_DATA);
        }
        let position = chip_authentication::select(keys, reference, |key| offered(key).is_some())?;
        let suite = keys
            .get(position)
            .and_then(offered)
            .ok_or(StatusWord::REFERENCE_NOT_FOUND)?;
        self.state.pace = None;
        self.state.chip_authentication = Some((position, suite));
        Ok(StatusWord::OK.into())
    }

    /// GENERAL AUTHENTICATE after MSE:Set AT for Chip Authentication: 7C { 80 public key } (Doc 9303-11, 6.2.4.2).
    fn agree_chip_authentication(&mut self, template: &[u8]) -> Reply {
        let (position, suite) = self
            .state
            .chip_authentication
            .take()
            .ok_or(StatusWord::CONDITIONS_OF_USE)?;
        self.authenticated()?;
        let public_key = tlv::find(template, 0x80).map_err(|_| StatusWord::WRONG_DATA)?;
        self.open_by_chip_authentication(position, suite, public_key.value, tlv::encode(0x7C, &[]))
    }

    /// MSE:Set KAT: the one command of Chip Authentication with 3DES (Doc 9303-11, 6.2.4.1).
    fn set_key_agreement(&mut self, objects: &Objects<'_>) -> Reply {
        self.authenticated()?;
        let public_key = objects.get(0x91).ok_or(StatusWord::WRONG_DATA)?;
        let reference = self.key_reference(objects)?;
        let suite = CipherSuite::TripleDes;
        let position =
            chip_authentication::select(&self.card.chip_authentication, reference, |key| {
                key.suites.contains(&suite)
            })?;
        self.open_by_chip_authentication(position, suite, public_key, Vec::new())
    }

    fn open_by_chip_authentication(
        &mut self,
        position: usize,
        suite: CipherSuite,
        public_key: &[u8],
        data: Vec<u8>,
    ) -> Reply {
        let key = self
            .card
            .chip_authentication
            .get(position)
            .ok_or(StatusWord::REFERENCE_NOT_FOUND)?;
        let channel = key.agree(suite, public_key)?;
        let after = if self.card.quirks.has(Quirk::OldKeysStay) {
            After::Nothing
        } else {
            After::Open(channel, self.state.access)
        };
        Ok(Outcome {
            data,
            status: StatusWord::OK,
            after,
        })
    }

    fn key_reference<'a>(&self, objects: &Objects<'a>) -> Result<Option<&'a [u8]>, StatusWord> {
        match objects.get(0x84) {
            Some([0, _, ..]) if self.card.quirks.has(Quirk::MinimalKeyIdRequired) => {
                Err(StatusWord::WRONG_DATA)
            }
            Some(reference) if reference.is_empty() || reference.len() > 4 => {
                Err(StatusWord::WRONG_DATA)
            }
            reference => Ok(reference),
        }
    }

    pub(super) fn internal_authenticate(&mut self, command: &Command, form: Form) -> Reply {
        self.in_application()?;
        let key = self
            .card
            .active_authentication
            .as_ref()
            .filter(|_| !self.card.quirks.has(Quirk::ActiveAuthenticationAbsent))
            .ok_or(StatusWord::WRONG_INS)?;
        self.authenticated()?;
        if command.data.len() != 8 {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let ne = match command.le {
            None if self.card.quirks.has(Quirk::SignatureNeedsLe) => {
                return Err(StatusWord(0x6C80));
            }
            None => return Err(StatusWord::WRONG_LENGTH),
            Some(ne) => ne,
        };
        if ne > MAX_SHORT_NE && self.card.quirks.has(Quirk::NoSignatureForExtendedLe) {
            return Ok(StatusWord::OK.into());
        }
        let signature_form = self.card.quirks.find(|quirk| match *quirk {
            Quirk::DerSignature => Some(SignatureForm::Der),
            Quirk::SignaturePadded => Some(SignatureForm::Padded),
            Quirk::SmallerSignature => Some(SignatureForm::SmallerOfBoth),
            _ => None,
        });
        let mut signature = key.sign(
            &command.data,
            &mut *self.random,
            signature_form.unwrap_or(SignatureForm::Plain),
        )?;
        let room = form.capacity.min(usize::try_from(ne).unwrap_or(usize::MAX));
        if self.card.quirks.has(Quirk::SignatureTruncated) {
            signature.truncate(room);
        }
        let mut outcome = self.in_pieces(signature, room);
        if self.state.remainder.is_empty() && self.card.quirks.has(Quirk::AuthenticationEndsChannel)
        {
            outcome.after = After::EndChannelAfterwards;
        }
        Ok(outcome)
    }

    /// Answers with what fits, and keeps the rest for GET RESPONSE (61xx; ISO/IEC 7816-4, 11.8.1).
    fn in_pieces(&mut self, mut data: Vec<u8>, room: usize) -> Outcome {
        if data.len() <= room {
            return data.into();
        }
        self.state.remainder = data.split_off(room);
        let left = u8::try_from(self.state.remainder.len()).unwrap_or(0);
        Outcome {
            data,
            status: StatusWord(0x6100 | u16::from(left)),
            after: After::Nothing,
        }
    }

    pub(super) fn get_response(&mut self, command: &Command, form: Form) -> Reply {
        let ne = command.le.ok_or(StatusWord::WRONG_LENGTH)?;
        let rest = core::mem::take(&mut self.state.remainder);
        if rest.is_empty() {
            return Err(StatusWord::CONDITIONS_OF_USE);
        }
        let room = form.capacity.min(usize::try_from(ne).unwrap_or(usize::MAX));
        Ok(self.in_pieces(rest, room))
    }
}

/// The data objects of MSE.
struct Objects<'a>(Vec<tlv::Tlv<'a>>);

impl<'a> Objects<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, StatusWord> {
        tlv::Reader::new(data)
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|_| StatusWord::WRONG_DATA)
    }

    fn get(&self, tag: u32) -> Option<&'a [u8]> {
        self.0
            .iter()
            .find(|object| object.tag == tag)
            .map(|object| object.value)
    }
}
