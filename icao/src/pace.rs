//! Password Authenticated Connection Establishment (Doc 9303-11, 4.4): Generic, Integrated and Chip Authentication
//! Mapping, over elliptic curves and Diffie-Hellman groups.
//!
//! ```text
//! MSE:Set AT            protocol, password, domain parameters  ▶
//! GENERAL AUTHENTICATE  –                                      ▶  ◀ 80 nonce, encrypted under the password
//! GENERAL AUTHENTICATE  81 mapping key, or nonce t             ▶  ◀ 82 mapping key, or nothing
//! GENERAL AUTHENTICATE  83 ephemeral key on the new generator  ▶  ◀ 84 ephemeral key
//! GENERAL AUTHENTICATE  85 token                               ▶  ◀ 86 token [8A chip authentication data]
//! ```
//!
//! The terminal draws all its secrets when it starts, so that a recorded conversation can be replayed.

pub mod mapping;
pub mod parameters;

use core::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::mapping::MappingSecret;
use self::parameters::{PaceParameters, ParametersError};
use crate::access_key::PacePassword;
use crate::apdu::{Command, MAX_EXTENDED_NE, MAX_SHORT_NE, Response, StatusWord, Step};
use crate::crypto::cipher::CipherSuite;
use crate::crypto::key_agreement::{Group, KeyAgreementError, PublicKey, SecretKey};
use crate::lds::security_info::{Mapping, PaceInfo};
use crate::secure_messaging::{SecureMessaging, SessionKeys};
use crate::tlv::{self, Tlv, TlvError};

/// Dynamic authentication data.
const DYNAMIC_DATA: u32 = 0x7C;
/// Longest encrypted nonce taken, in bytes. Chips send 16 or 32.
const MAX_NONCE: usize = 64;

/// The steps of PACE, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaceStep {
    /// MSE:Set AT.
    SetAt,
    /// GENERAL AUTHENTICATE: encrypted nonce.
    Nonce,
    /// GENERAL AUTHENTICATE: map nonce.
    Mapping,
    /// GENERAL AUTHENTICATE: perform key agreement.
    KeyAgreement,
    /// GENERAL AUTHENTICATE: mutual authentication.
    Authentication,
}

impl fmt::Display for PaceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetAt => "MSE:Set AT",
            Self::Nonce => "encrypted nonce",
            Self::Mapping => "map nonce",
            Self::KeyAgreement => "perform key agreement",
            Self::Authentication => "mutual authentication",
        })
    }
}

/// Why PACE failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaceError {
    /// The PACEInfo cannot be carried out.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// Secrets that do not suit the mapping or the group.
    #[error("secrets of another mapping or group")]
    Secrets,
    /// The chip refused a step for another reason than the password.
    #[error("PACE, {step}: chip answered {status}")]
    Chip {
        /// The step refused.
        step: PaceStep,
        /// With which status.
        status: StatusWord,
    },
    /// The password is wrong (6300, or 63Cx with a try counter).
    #[error("PACE: wrong password, tries left {tries_left:?}")]
    WrongPassword {
        /// What the chip says of its try counter.
        tries_left: Option<u8>,
    },
    /// The password is blocked after too many wrong tries.
    #[error("PACE: the password is blocked")]
    Blocked,
    /// The answer is not made of the data objects of this step.
    #[error("PACE, {step}: malformed answer: {error}")]
    Malformed {
        /// The step.
        step: PaceStep,
        /// What is wrong with the answer.
        error: TlvError,
    },
    /// The encrypted nonce has a length that the cipher or the mapping does not allow.
    #[error("PACE: the encrypted nonce has a wrong length")]
    NonceLength,
    /// A public key of the chip is not one of the group, or leads nowhere.
    #[error("PACE, {step}: {error}")]
    ChipKey {
        /// The step.
        step: PaceStep,
        /// What is wrong with the key.
        error: KeyAgreementError,
    },
    /// The chip sent back the terminal's own public key.
    #[error("PACE, {0}: the chip echoes the terminal's key")]
    EchoedKey(PaceStep),
    /// The chip's token is not 8 bytes long.
    #[error("PACE: the chip's token is not 8 bytes long")]
    TokenLength,
    /// The chip's token is wrong: it does not know the password, or someone is in between.
    #[error("PACE: the chip's authentication token is wrong")]
    WrongToken,
    /// `next` and `receive` were not called in turns, or after the end.
    #[error("PACE called out of turn")]
    OutOfTurn,
}

/// The terminal's secrets of one run; never used twice.
pub struct PaceSecrets {
    /// For the mapping of the nonce.
    pub mapping: MappingSecret,
    /// The ephemeral key on the mapped generator.
    pub agreement: SecretKey,
}

impl PaceSecrets {
    /// Draws fresh secrets.
    pub fn generate(parameters: &PaceParameters, rng: &mut dyn CryptoRng) -> Self {
        Self {
            mapping: MappingSecret::generate(parameters, rng),
            agreement: SecretKey::generate(parameters.group(), rng),
        }
    }
}

/// What PACE leaves behind.
#[derive(Debug)]
pub struct PaceOutput {
    /// The channel.
    pub secure_messaging: SecureMessaging,
    /// Present exactly for Chip Authentication Mapping: the chip's proof, still to be checked against its static key.
    pub chip_authentication: Option<ChipAuthenticationMapping>,
    /// How many tries the password had left before this one, if the chip said so in MSE:Set AT (63Cx).
    pub tries_left: Option<u8>,
}

enum State {
    SetAt,
    Nonce,
    Map {
        s: Zeroizing<Vec<u8>>,
    },
    Agree {
        generator: PublicKey,
        own: PublicKey,
        chip_mapping: Option<PublicKey>,
    },
    Authenticate(Box<Agreed>),
    Done(Box<PaceOutput>),
    Over,
}

/// What both sides hold once they have agreed on keys.
struct Agreed {
    keys: SessionKeys,
    own: PublicKey,
    chip: PublicKey,
    chip_mapping: Option<PublicKey>,
}

/// The terminal's side of PACE.
pub struct Pace {
    parameters: PaceParameters,
    password: PacePassword,
    secrets: PaceSecrets,
    tries_left: Option<u8>,
    state: State,
}

impl Pace {
    /// Starts PACE as a PACEInfo of the chip describes it, with fresh secrets from `rng`.
    ///
    /// # Errors
    /// [`PaceError::Parameters`].
    pub fn new(
        info: &PaceInfo,
        password: PacePassword,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, PaceError> {
        let parameters = PaceParameters::from_info(info)?;
        let secrets = PaceSecrets::generate(&parameters, rng);
        Self::with_secrets(parameters, password, secrets)
    }

    /// Starts PACE with given parameters and secrets.
    ///
    /// # Errors
    /// [`PaceError::Secrets`] if they do not belong together.
    pub fn with_secrets(
        parameters: PaceParameters,
        password: PacePassword,
        secrets: PaceSecrets,
    ) -> Result<Self, PaceError> {
        if !secrets.mapping.suits(&parameters) || secrets.agreement.group() != parameters.group() {
            return Err(PaceError::Secrets);
        }
        Ok(Self {
            parameters,
            password,
            secrets,
            tries_left: None,
            state: State::SetAt,
        })
    }

    /// The next command, or the outcome.
    ///
    /// # Errors
    /// [`PaceError::OutOfTurn`] after the end; [`PaceError::Secrets`] for secrets without a public key.
    #[expect(
        clippy::should_implement_trait,
        reason = "no iterator: an answer comes between two steps"
    )]
    pub fn next(&mut self) -> Result<Step<PaceOutput>, PaceError> {
        let command = match &self.state {
            State::SetAt => self.set_at(),
            State::Nonce => general_authenticate(&[]).chained(),
            State::Map { .. } => {
                let public = self
                    .secrets
                    .mapping
                    .public()
                    .map_err(|_| PaceError::Secrets)?;
                self.long(general_authenticate(&tlv::encode(0x81, &public)).chained())
            }
            State::Agree { own, .. } => {
                self.long(general_authenticate(&tlv::encode(0x83, own.as_bytes())).chained())
            }
            State::Authenticate(agreed) => {
                let token = self.token(&agreed.keys, &agreed.chip)?;
                general_authenticate(&tlv::encode(0x85, &token))
            }
            State::Done(_) | State::Over => {
                return match core::mem::replace(&mut self.state, State::Over) {
                    State::Done(output) => Ok(Step::Done(*output)),
                    _ => Err(PaceError::OutOfTurn),
                };
            }
        };
        Ok(Step::Transmit(command))
    }

    /// Takes the answer to the command that [`Self::next`] gave.
    ///
    /// # Errors
    /// Any [`PaceError`]; the protocol is over then.
    pub fn receive(&mut self, response: &Response) -> Result<(), PaceError> {
        self.state = match core::mem::replace(&mut self.state, State::Over) {
            State::SetAt => self.set_at_done(response)?,
            State::Nonce => self.nonce(response)?,
            State::Map { s } => self.map(&s, response)?,
            State::Agree {
                generator,
                own,
                chip_mapping,
            } => self.agree(&generator, own, chip_mapping, response)?,
            State::Authenticate(agreed) => self.authenticate(*agreed, response)?,
            State::Done(_) | State::Over => return Err(PaceError::OutOfTurn),
        };
        Ok(())
    }

    /// MSE:Set AT. Data object 84 is always sent where the parameters have a number: without it some chips refuse, and others take their first parameters.
    fn set_at(&self) -> Command {
        let oid = self.parameters.protocol().oid();
        let reference = [self.password.reference() as u8];
        Command::mse_set_at_pace(
            [
                tlv::encode(0x80, oid.as_bytes()),
                tlv::encode(0x83, &reference),
                self.parameters.reference(),
            ]
            .concat(),
        )
    }

    fn set_at_done(&mut self, response: &Response) -> Result<State, PaceError> {
        let status = response.status;
        // 63Cx is a warning here: earlier tries failed, this one may go on.
        self.tries_left = status.tries_left();
        match (status, self.tries_left) {
            (StatusWord::OK, _) | (_, Some(1..)) => Ok(State::Nonce),
            (StatusWord::BLOCKED, _) | (_, Some(0)) => Err(PaceError::Blocked),
            _ => Err(PaceError::Chip {
                step: PaceStep::SetAt,
                status,
            }),
        }
    }

    fn nonce(&self, response: &Response) -> Result<State, PaceError> {
        let step = PaceStep::Nonce;
        let template = dynamic_data(response, step)?;
        let encrypted = object(template, 0x80, step)?;
        let protocol = self.parameters.protocol();
        let suite = protocol.suite;
        let allowed = match protocol.mapping {
            Mapping::Integrated => encrypted.len() == mapping::nonce_len(suite),
            Mapping::Generic | Mapping::ChipAuthentication => {
                !encrypted.is_empty() && encrypted.len() <= MAX_NONCE
            }
        };
        if !allowed {
            return Err(PaceError::NonceLength);
        }
        let iv = vec![0; suite.block_len()];
        let s = suite.cbc_decrypt(&self.password.key(suite), &iv, encrypted);
        Ok(State::Map {
            s: Zeroizing::new(s.map_err(|_| PaceError::NonceLength)?),
        })
    }

    fn map(&self, s: &[u8], response: &Response) -> Result<State, PaceError> {
        let step = PaceStep::Mapping;
        let template = dynamic_data(response, step)?;
        let content = object(template, 0x82, step)?;
        let protocol = self.parameters.protocol();
        let chip_key = |error| PaceError::ChipKey { step, error };
        let (generator, chip_mapping) = match &self.secrets.mapping {
            MappingSecret::Key(key) => {
                let chip = self.chip_key(content, step)?;
                if chip == key.public_key().map_err(|_| PaceError::Secrets)? {
                    return Err(PaceError::EchoedKey(step));
                }
                (
                    mapping::generic(key, &chip, s).map_err(chip_key)?,
                    Some(chip),
                )
            }
            MappingSecret::Nonce(t) => {
                if !content.is_empty() {
                    return Err(PaceError::Malformed {
                        step,
                        error: TlvError::Trailing,
                    });
                }
                let generator = mapping::integrated(self.parameters.group(), protocol.suite, s, t);
                (generator.map_err(chip_key)?, None)
            }
        };
        let own = self.secrets.agreement.public_key_on(&generator);
        Ok(State::Agree {
            own: own.map_err(|_| PaceError::Secrets)?,
            generator,
            chip_mapping,
        })
    }

    fn agree(
        &self,
        generator: &PublicKey,
        own: PublicKey,
        chip_mapping: Option<PublicKey>,
        response: &Response,
    ) -> Result<State, PaceError> {
        let step = PaceStep::KeyAgreement;
        let chip = self.chip_key(object(dynamic_data(response, step)?, 0x84, step)?, step)?;
        if chip == own {
            return Err(PaceError::EchoedKey(step));
        }
        // The generator itself as a key would make the terminal's own public key the shared secret.
        if &chip == generator {
            let error = KeyAgreementError::InvalidPublicKey;
            return Err(PaceError::ChipKey { step, error });
        }
        let secret = self.secrets.agreement.agree(&chip);
        let secret = secret.map_err(|error| PaceError::ChipKey { step, error })?;
        let keys = SessionKeys::derive(self.parameters.protocol().suite, &secret);
        Ok(State::Authenticate(Box::new(Agreed {
            keys,
            own,
            chip,
            chip_mapping,
        })))
    }

    fn authenticate(&self, agreed: Agreed, response: &Response) -> Result<State, PaceError> {
        let step = PaceStep::Authentication;
        let template = dynamic_data(response, step)?;
        let token = object(template, 0x86, step)?;
        if token.len() != 8 {
            return Err(PaceError::TokenLength);
        }
        let expected = self.token(&agreed.keys, &agreed.own)?;
        if !bool::from(expected[..].ct_eq(token)) {
            return Err(PaceError::WrongToken);
        }
        let chip_authentication = match self.parameters.protocol().mapping {
            Mapping::ChipAuthentication => Some(ChipAuthenticationMapping {
                data: object(template, 0x8A, step)
                    .ok()
                    .and_then(|encrypted| decrypt_chip_data(&agreed.keys, encrypted)),
                mapping_key: agreed.chip_mapping,
            }),
            Mapping::Generic | Mapping::Integrated => None,
        };
        Ok(State::Done(Box::new(PaceOutput {
            secure_messaging: SecureMessaging::new(agreed.keys),
            chip_authentication,
            tries_left: self.tries_left,
        })))
    }

    /// The token over the other side's ephemeral key (Doc 9303-11, 4.4.3.4).
    fn token(&self, keys: &SessionKeys, key: &PublicKey) -> Result<[u8; 8], PaceError> {
        let tag = match self.parameters.group() {
            Group::Curve(_) => 0x86,
            Group::Dh(_) => 0x84,
        };
        let oid = self.parameters.protocol().oid();
        let input = [
            tlv::encode(0x06, oid.as_bytes()),
            tlv::encode(tag, key.as_bytes()),
        ]
        .concat();
        keys.suite()
            .authentication_token(keys.mac(), &tlv::encode(0x7F49, &input))
            .map_err(|_| PaceError::OutOfTurn)
    }

    fn chip_key(&self, bytes: &[u8], step: PaceStep) -> Result<PublicKey, PaceError> {
        PublicKey::from_bytes(self.parameters.group(), bytes)
            .map_err(|error| PaceError::ChipKey { step, error })
    }

    /// Expects more than a short answer where the chip's public key needs it: two headers of up to four bytes are around it.
    fn long(&self, command: Command) -> Command {
        let longest = self.parameters.group().public_key_len() + 8;
        let short = u32::try_from(longest).is_ok_and(|longest| longest <= MAX_SHORT_NE);
        command.with_le(if short { MAX_SHORT_NE } else { MAX_EXTENDED_NE })
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::SetAt => "set at",
            State::Nonce => "nonce",
            State::Map { .. } => "map",
            State::Agree { .. } => "agree",
            State::Authenticate(_) => "authenticate",
            State::Done(_) => "done",
            State::Over => "over",
        };
        write!(f, "Pace({:?}, {state})", self.parameters)
    }
}

/// What a chip sent to prove, by Chip Authentication Mapping, that it holds a static key (Doc 9303-11, 4.4.3.5).
///
/// A verdict of the terminal that ran PACE: to anyone else the terminal could have made it up.
pub struct ChipAuthenticationMapping {
    data: Option<Zeroizing<Vec<u8>>>,
    mapping_key: Option<PublicKey>,
}

impl ChipAuthenticationMapping {
    /// Whether the chip holds the private key of `static_key`, which is to come from EF.CardSecurity or DG14 and be proven
    /// by Passive Authentication. False too if the chip sent no data, or data that do not decrypt.
    #[must_use]
    pub fn proves(&self, static_key: &PublicKey) -> bool {
        let (Some(data), Some(mapping_key)) = (&self.data, &self.mapping_key) else {
            return false;
        };
        let Group::Curve(curve) = static_key.group() else {
            return false;
        };
        // CA_IC is an integer: some chips strip its leading zeros.
        let significant: Vec<u8> = data.iter().copied().skip_while(|byte| *byte == 0).collect();
        let Some(zeros) = curve.order_len().checked_sub(significant.len()) else {
            return false;
        };
        let scalar = Zeroizing::new([vec![0; zeros], significant].concat());
        SecretKey::from_bytes(static_key.group(), &scalar)
            .and_then(|scalar| scalar.public_key_on(static_key))
            .is_ok_and(|key| &key == mapping_key)
    }
}

impl fmt::Debug for ChipAuthenticationMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChipAuthenticationMapping(..)")
    }
}

/// Decrypts data object 8A; its IV is the encryption of -1 (Doc 9303-11, 4.4.3.5.2).
fn decrypt_chip_data(keys: &SessionKeys, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let suite: CipherSuite = keys.suite();
    let iv = suite
        .encrypt_block(keys.enc(), &vec![0xFF; suite.block_len()])
        .ok()?;
    let padded = Zeroizing::new(suite.cbc_decrypt(keys.enc(), &iv, encrypted).ok()?);
    suite
        .unpad(&padded)
        .ok()
        .map(|data| Zeroizing::new(data.to_vec()))
}

fn general_authenticate(content: &[u8]) -> Command {
    Command::general_authenticate(tlv::encode(DYNAMIC_DATA, content))
}

/// The content of the dynamic authentication data of an answer, after its status.
fn dynamic_data(response: &Response, step: PaceStep) -> Result<&[u8], PaceError> {
    let status = response.status;
    match status {
        StatusWord::OK => {}
        StatusWord::BLOCKED => return Err(PaceError::Blocked),
        // Only the terminal's token tells the chip what password the terminal has.
        _ if status.sw1() == 0x63 && step == PaceStep::Authentication => {
            return Err(PaceError::WrongPassword {
                tries_left: status.tries_left(),
            });
        }
        _ => return Err(PaceError::Chip { step, status }),
    }
    let template = Tlv::only(&response.data).and_then(|tlv| tlv.expect(DYNAMIC_DATA));
    Ok(template
        .map_err(|error| PaceError::Malformed { step, error })?
        .value)
}

/// One data object of a template; others beside it (such as the references 87 and 88) are passed over.
fn object(template: &[u8], tag: u32, step: PaceStep) -> Result<&[u8], PaceError> {
    match tlv::find(template, tag) {
        Ok(tlv) => Ok(tlv.value),
        Err(error) => Err(PaceError::Malformed { step, error }),
    }
}
