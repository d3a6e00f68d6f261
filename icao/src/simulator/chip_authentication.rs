//! Chip Authentication version 1, the chip's part (Doc 9303-11, 6.2; TR-03110-3, 3.4).

use const_oid::ObjectIdentifier;

use super::secure_messaging::SecureMessaging;
use crate::apdu::StatusWord;
use crate::crypto::cipher::CipherSuite;
use crate::crypto::key_agreement::{Group, KeyAgreementError, PublicKey, SecretKey};

/// A static key pair of Chip Authentication and the ciphers it may be used with.
pub struct ChipAuthenticationKey {
    pub(super) group: Group,
    pub(super) secret: SecretKey,
    pub(super) public: PublicKey,
    pub(super) key_id: Option<u32>,
    pub(super) suites: Vec<CipherSuite>,
}

impl ChipAuthenticationKey {
    /// A key with the suites that a terminal may ask for, and the key identifier that tells it from others.
    ///
    /// # Errors
    /// [`KeyAgreementError`] if the secret key is a multiple of the group's order.
    pub fn new(
        secret: SecretKey,
        key_id: Option<u32>,
        suites: &[CipherSuite],
    ) -> Result<Self, KeyAgreementError> {
        let public = secret.public_key()?;
        Ok(Self {
            group: public.group().clone(),
            secret,
            public,
            key_id,
            suites: suites.to_vec(),
        })
    }

    /// Object identifier of the protocol with `suite`, under id-CA 0.4.0.127.0.7.2.2.3.
    #[must_use]
    pub fn protocol(&self, suite: CipherSuite) -> ObjectIdentifier {
        const ID_CA: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.3");
        let agreement = if self.is_dh() { 1 } else { 2 };
        let cipher = match suite {
            CipherSuite::TripleDes => 1,
            CipherSuite::Aes128 => 2,
            CipherSuite::Aes192 => 3,
            CipherSuite::Aes256 => 4,
        };
        ID_CA
            .push_arc(agreement)
            .and_then(|oid| oid.push_arc(cipher))
            .unwrap_or(ID_CA)
    }

    /// Whether this key is for Diffie-Hellman over integers.
    pub(super) fn is_dh(&self) -> bool {
        matches!(self.group, Group::Dh(_))
    }

    /// The channel that follows from the terminal's ephemeral public key.
    ///
    /// # Errors
    /// 6A80 if that is no public key of the group.
    pub(super) fn agree(
        &self,
        suite: CipherSuite,
        terminal: &[u8],
    ) -> Result<SecureMessaging, StatusWord> {
        let terminal =
            PublicKey::from_bytes(&self.group, terminal).map_err(|_| StatusWord::WRONG_DATA)?;
        let secret = self
            .secret
            .agree(&terminal)
            .map_err(|_| StatusWord::WRONG_DATA)?;
        Ok(SecureMessaging::from_secret(suite, &secret, None))
    }
}

/// The key that `reference` of MSE names: the one with this identifier, or the only one there is.
///
/// # Errors
/// 6A88 if there is none, or several without a reference.
pub(super) fn select(
    keys: &[ChipAuthenticationKey],
    reference: Option<&[u8]>,
    mut suits: impl FnMut(&ChipAuthenticationKey) -> bool,
) -> Result<usize, StatusWord> {
    let wanted = reference.map(|bytes| {
        bytes
            .iter()
            .fold(0u32, |number, byte| number << 8 | u32::from(*byte))
    });
    let mut fitting = keys
        .iter()
        .enumerate()
        .filter(|(_, key)| suits(key) && (wanted.is_none() || key.key_id == wanted));
    match (fitting.next(), fitting.next()) {
        (Some((position, _)), None) => Ok(position),
        _ => Err(StatusWord::REFERENCE_NOT_FOUND),
    }
}
