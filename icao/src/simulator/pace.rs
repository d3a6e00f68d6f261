//! PACE, the chip's part (Doc 9303-11, 4.4; TR-03110-3, 3.2 and A.3).

use const_oid::ObjectIdentifier;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ecdsa;
use super::integrated_mapping;
use super::random::RandomSource;
use super::secure_messaging::SecureMessaging;
use crate::apdu::StatusWord;
use crate::crypto::cipher::CipherSuite;
use crate::crypto::curve::NamedCurve;
use crate::crypto::kdf::{self, derive_key};
use crate::crypto::key_agreement::{Group, PublicKey, SecretKey, SharedSecret, generic_mapping};
use crate::tlv;

/// How the nonce becomes a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mapping {
    /// Generic Mapping.
    Generic,
    /// Integrated Mapping.
    Integrated,
    /// Chip Authentication Mapping: over elliptic curves, with AES.
    ChipAuthentication,
}

/// One way in which a chip offers PACE: a PACEInfo of EF.CardAccess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceVariant {
    mapping: Mapping,
    suite: CipherSuite,
    parameter_id: u8,
    group: Group,
    /// Whether EF.CardAccess must tell the group.
    spelled_out: bool,
}

impl PaceVariant {
    /// PACE with a standardised domain parameter set (0 to 2 and 8 to 18; Doc 9303-11, 9.5.1).
    ///
    /// `None` for other ids, and for what the standard leaves out: Integrated Mapping over secp224r1 (id 10), and Chip
    /// Authentication Mapping with 3DES or without a curve.
    #[must_use]
    pub fn new(mapping: Mapping, suite: CipherSuite, parameter_id: u8) -> Option<Self> {
        let group = Group::from_parameter_id(parameter_id)?;
        Self::define(mapping, suite, parameter_id, group, false)
    }

    /// PACE in a group that EF.CardAccess spells out in a PACEDomainParameterInfo (Doc 9303-11, 9.2.2) under an id of the
    /// chip's own. `None` as in [`PaceVariant::new`].
    #[must_use]
    pub fn with_domain_parameters(
        mapping: Mapping,
        suite: CipherSuite,
        parameter_id: u8,
        group: &Group,
    ) -> Option<Self> {
        Self::define(mapping, suite, parameter_id, group.clone(), true)
    }

    fn define(
        mapping: Mapping,
        suite: CipherSuite,
        parameter_id: u8,
        group: Group,
        spelled_out: bool,
    ) -> Option<Self> {
        let defined = match mapping {
            Mapping::Generic => true,
            Mapping::Integrated => group != Group::Curve(NamedCurve::P224),
            Mapping::ChipAuthentication => {
                suite != CipherSuite::TripleDes && matches!(group, Group::Curve(_))
            }
        };
        if !defined {
            return None;
        }
        Some(Self {
            mapping,
            suite,
            parameter_id,
            group,
            spelled_out,
        })
    }

    /// How the nonce is mapped.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        self.mapping
    }

    /// The group in which keys are agreed on.
    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Standardised domain parameter id.
    #[must_use]
    pub fn parameter_id(&self) -> u8 {
        self.parameter_id
    }

    /// Cipher of the secure channel that follows.
    #[must_use]
    pub fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// Whether EF.CardAccess must tell the group.
    pub(super) fn is_spelled_out(&self) -> bool {
        self.spelled_out
    }

    /// Object identifier of mapping and key agreement, under id-PACE 0.4.0.127.0.7.2.2.4.
    pub(super) fn mapping_protocol(&self) -> ObjectIdentifier {
        let mapping = match (self.mapping, &self.group) {
            (Mapping::Generic, Group::Dh(_)) => 1,
            (Mapping::Generic, Group::Curve(_)) => 2,
            (Mapping::Integrated, Group::Dh(_)) => 3,
            (Mapping::Integrated, Group::Curve(_)) => 4,
            (Mapping::ChipAuthentication, _) => 6,
        };
        const ID_PACE: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.4");
        ID_PACE.push_arc(mapping).unwrap_or(ID_PACE)
    }

    /// Object identifier of the protocol: mapping, key agreement and cipher.
    #[must_use]
    pub fn protocol(&self) -> ObjectIdentifier {
        let cipher = match self.suite {
            CipherSuite::TripleDes => 1,
            CipherSuite::Aes128 => 2,
            CipherSuite::Aes192 => 3,
            CipherSuite::Aes256 => 4,
        };
        let mapping = self.mapping_protocol();
        mapping.push_arc(cipher).unwrap_or(mapping)
    }

    /// Length of the nonce s: one block of 128 bits; for Integrated Mapping as long as its pseudo-random function asks.
    fn nonce_len(&self) -> usize {
        match self.mapping {
            Mapping::Generic | Mapping::ChipAuthentication => 16,
            Mapping::Integrated => integrated_mapping::nonce_len(self.suite),
        }
    }

    /// Tag of the public key in the input of the authentication token (TR-03110-3, D.3).
    fn public_key_tag(&self) -> u32 {
        match self.group {
            Group::Dh(_) => 0x84,
            Group::Curve(_) => 0x86,
        }
    }
}

/// A password that a chip accepts in PACE.
#[derive(Clone)]
pub(super) struct Password {
    /// Reference in DO 83 of MSE:Set AT: 1 MRZ, 2 CAN, 3 PIN, 4 PUK.
    pub(super) reference: u8,
    /// The octets π from which K_π is derived: SHA-1 of the MRZ information, or the characters themselves.
    pub(super) secret: Zeroizing<Vec<u8>>,
}

/// Where a run of PACE stands: what the next GENERAL AUTHENTICATE must bring.
enum Step {
    Nonce,
    Map { nonce: Zeroizing<Vec<u8>> },
    Agree { generator: PublicKey },
    Authenticate(Agreed),
    Over,
}

/// What key agreement leaves for the last step.
struct Agreed {
    own: PublicKey,
    terminal: PublicKey,
    secret: SharedSecret,
}

/// A run of PACE after MSE:Set AT.
pub(super) struct Pace {
    variant: PaceVariant,
    password: Password,
    /// Static key of Chip Authentication Mapping.
    static_key: Option<SecretKey>,
    /// The ephemeral key of the mapping, which Chip Authentication Mapping needs once more.
    mapping_key: Option<SecretKey>,
    /// Whether something else is sealed in place of Chip Authentication Data.
    malformed_data: bool,
    step: Step,
}

/// The answer to one GENERAL AUTHENTICATE.
pub(super) enum Answer {
    /// Response data; the run goes on.
    Next(Vec<u8>),
    /// Response data; the channel is open from the next command on.
    Done(Vec<u8>, SecureMessaging),
}

impl Pace {
    /// A run with this password. Chip Authentication Mapping needs the static key that EF.CardSecurity names.
    pub(super) fn new(
        variant: PaceVariant,
        password: Password,
        static_key: Option<SecretKey>,
        malformed_data: bool,
    ) -> Self {
        Self {
            variant,
            password,
            static_key,
            mapping_key: None,
            malformed_data,
            step: Step::Nonce,
        }
    }

    /// Reference of the password in use.
    pub(super) fn password_reference(&self) -> u8 {
        self.password.reference
    }

    /// Whether the next GENERAL AUTHENTICATE is the last.
    pub(super) fn is_last(&self) -> bool {
        matches!(self.step, Step::Authenticate(_))
    }

    /// Answers GENERAL AUTHENTICATE with the content of its template 7C.
    ///
    /// # Errors
    /// 6300 for a wrong password, 6A80 for data that is malformed or no public key, 6985 out of order. The run is over
    /// after an error.
    pub(super) fn general_authenticate(
        &mut self,
        template: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Answer, StatusWord> {
        let step = core::mem::replace(&mut self.step, Step::Over);
        match step {
            Step::Nonce if template.is_empty() => self.nonce(random),
            Step::Map { nonce } => self.map(&nonce, object(template, 0x81)?, random),
            Step::Agree { generator } => self.agree(&generator, object(template, 0x83)?, random),
            Step::Authenticate(agreed) => self.authenticate(&agreed, object(template, 0x85)?),
            Step::Nonce => Err(StatusWord::WRONG_DATA),
            Step::Over => Err(StatusWord::CONDITIONS_OF_USE),
        }
    }

    fn nonce(&mut self, random: &mut dyn RandomSource) -> Result<Answer, StatusWord> {
        let suite = self.variant.suite;
        let mut nonce = Zeroizing::new(vec![0; self.variant.nonce_len()]);
        random.nonce(&mut nonce);
        let key = derive_key(&self.password.secret, kdf::PI, suite);
        let zero_iv = vec![0; suite.block_len()];
        let encrypted = suite
            .cbc_encrypt(&key, &zero_iv, &nonce)
            .map_err(|_| StatusWord::UNKNOWN)?;
        self.step = Step::Map { nonce };
        Ok(Answer::Next(tlv::encode(0x80, &encrypted)))
    }

    fn map(
        &mut self,
        nonce: &[u8],
        data: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Answer, StatusWord> {
        let group = &self.variant.group;
        let (generator, answer) = match self.variant.mapping {
            Mapping::Integrated => {
                let generator =
                    integrated_mapping::generator(group, self.variant.suite, nonce, data)
                        .ok_or(StatusWord::WRONG_DATA)?;
                (generator, tlv::encode(0x82, &[]))
            }
            Mapping::Generic | Mapping::ChipAuthentication => {
                let terminal = public_key(group, data)?;
                let own = random.key_pair(group);
                let point = own
                    .agree_point(&terminal)
                    .map_err(|_| StatusWord::WRONG_DATA)?;
                let generator =
                    generic_mapping(group, nonce, &point).map_err(|_| StatusWord::WRONG_DATA)?;
                let public_key = own.public_key().map_err(|_| StatusWord::UNKNOWN)?;
                self.mapping_key = Some(own);
                (generator, tlv::encode(0x82, public_key.as_bytes()))
            }
        };
        self.step = Step::Agree { generator };
        Ok(Answer::Next(answer))
    }

    fn agree(
        &mut self,
        generator: &PublicKey,
        data: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Answer, StatusWord> {
        let group = &self.variant.group;
        let terminal = public_key(group, data)?;
        let secret_key = random.key_pair(group);
        let own = secret_key
            .public_key_on(generator)
            .map_err(|_| StatusWord::UNKNOWN)?;
        // Doc 9303-11, 4.4.1: the public keys of the two sides shall differ.
        if own.as_bytes() == terminal.as_bytes() {
            return Err(StatusWord::WRONG_DATA);
        }
        let secret = secret_key
            .agree(&terminal)
            .map_err(|_| StatusWord::WRONG_DATA)?;
        let answer = tlv::encode(0x84, own.as_bytes());
        self.step = Step::Authenticate(Agreed {
            own,
            terminal,
            secret,
        });
        Ok(Answer::Next(answer))
    }

    fn authenticate(&mut self, agreed: &Agreed, token: &[u8]) -> Result<Answer, StatusWord> {
        let channel = SecureMessaging::from_secret(self.variant.suite, &agreed.secret, None);
        let expected = self.token(&channel, &agreed.own)?;
        if !bool::from(expected.ct_eq(token)) {
            return Err(StatusWord::AUTHENTICATION_FAILED);
        }
        let mut answer = tlv::encode(0x86, &self.token(&channel, &agreed.terminal)?);
        if self.variant.mapping == Mapping::ChipAuthentication {
            let data = self
                .chip_authentication_data(&channel)
                .ok_or(StatusWord::UNKNOWN)?;
            answer.extend(tlv::encode(0x8A, &data));
        }
        Ok(Answer::Done(answer, channel))
    }

    /// Encrypted Chip Authentication Data: the mapping key divided by the static key, modulo the order (Doc 9303-11,
    /// 4.4.3.5). `None` without a static key in the group of the run.
    fn chip_authentication_data(&self, channel: &SecureMessaging) -> Option<Vec<u8>> {
        let Group::Curve(curve) = self.variant.group else {
            return None;
        };
        let static_key = self.static_key.as_ref()?;
        let mut data = ecdsa::divide(
            curve,
            &self.mapping_key.as_ref()?.to_bytes(),
            &static_key.to_bytes(),
        )?;
        if self.malformed_data {
            data.insert(0, 1);
        }
        let suite = self.variant.suite;
        let key = channel.encryption_key();
        let iv = suite
            .encrypt_block(key, &vec![0xFF; suite.block_len()])
            .ok()?;
        suite.cbc_encrypt(key, &iv, &suite.pad(&data)).ok()
    }

    /// Authentication token over a public key (Doc 9303-11, 4.4.3.4).
    fn token(
        &self,
        channel: &SecureMessaging,
        public_key: &PublicKey,
    ) -> Result<[u8; 8], StatusWord> {
        let input = tlv::encode(
            0x7F49,
            &[
                tlv::encode(0x06, self.variant.protocol().as_bytes()),
                tlv::encode(self.variant.public_key_tag(), public_key.as_bytes()),
            ]
            .concat(),
        );
        self.variant
            .suite
            .authentication_token(channel.authentication_key(), &input)
            .map_err(|_| StatusWord::UNKNOWN)
    }
}

/// The value of the one object that a template must hold at this step; objects 87 and 88 (references to certification
/// authorities) may accompany it.
fn object(template: &[u8], tag: u32) -> Result<&[u8], StatusWord> {
    tlv::find(template, tag)
        .map(|object| object.value)
        .map_err(|_| StatusWord::WRONG_DATA)
}

fn public_key(group: &Group, bytes: &[u8]) -> Result<PublicKey, StatusWord> {
    PublicKey::from_bytes(group, bytes).map_err(|_| StatusWord::WRONG_DATA)
}
