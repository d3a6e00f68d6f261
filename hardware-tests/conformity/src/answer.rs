//! Changes to what a chip answers, as the cases write them.

use anyhow::{Context as _, Result, bail};
use icao::apdu::{Command, Response, StatusWord};
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::key_agreement::{Group, PublicKey, SecretKey};
use icao::secure_messaging::SessionKeys;
use icao::simulator::{Form, RandomSource as _, SeededRandom};
use icao::tlv::{self, Tlv};
use serde::Deserialize;

use crate::edit::{self, Edit};
use crate::personalise;

/// A change to the answer to one command.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The command, by [`name`].
    pub to: String,
    /// Only in clear, or only under secure messaging.
    pub protected: Option<bool>,
    /// This status word, in hexadecimal, and no data.
    pub status: Option<String>,
    /// These data, in hexadecimal.
    pub data: Option<String>,
    /// A change to the data.
    pub edit: Option<Edit>,
    /// A public key of PACE in place of the chip's; see [`public_key`].
    pub key: Option<String>,
    /// Of Basic Access Control: other nonces, rightly encrypted and authenticated.
    #[serde(default)]
    pub other_nonces: bool,
}

/// What a command is for: `select-application`, `select-file`, `read`, `get-challenge`, `external-authenticate`,
/// `internal-authenticate`, `mse-pace`, `nonce`, `map`, `agree`, `token`, `mse-ca`, `mse-kat`, `ca`.
#[must_use]
pub fn name(command: &Command) -> &'static str {
    let content = Tlv::only(&command.data).map(|template| template.value);
    match (command.ins, command.p1, command.p2) {
        (0xA4, 0x04, _) => "select-application",
        (0xA4, ..) => "select-file",
        (0xB0 | 0xB1, ..) => "read",
        (0x84, ..) => "get-challenge",
        (0x82, ..) => "external-authenticate",
        (0x88, ..) => "internal-authenticate",
        (0x22, 0xC1, 0xA4) => "mse-pace",
        (0x22, 0x41, 0xA4) => "mse-ca",
        (0x22, 0x41, 0xA6) => "mse-kat",
        (0x86, ..) => match content {
            Ok([]) => "nonce",
            Ok([0x81, ..]) => "map",
            Ok([0x83, ..]) => "agree",
            Ok([0x85, ..]) => "token",
            Ok([0x80, ..]) => "ca",
            _ => "other",
        },
        _ => "other",
    }
}

impl Answer {
    /// Whether it concerns this command.
    pub fn concerns(&self, command: &Command, protected: bool) -> bool {
        self.to == name(command) && self.protected.is_none_or(|only| only == protected)
    }

    /// Changes the chip's answer. `group` is the one of PACE.
    pub fn change(
        &self,
        command: &Command,
        response: &mut Response,
        group: Option<&Group>,
    ) -> Result<()> {
        if let Some(status) = &self.status {
            *response = Response::new(Vec::new(), StatusWord(u16::from_str_radix(status, 16)?));
        }
        if let Some(data) = &self.data {
            response.data = edit::hexadecimal(data)?;
        }
        if let Some(edit) = &self.edit {
            response.data = edit.apply(&response.data)?;
        }
        if self.other_nonces {
            response.data = other_nonces(&response.data)?;
        }
        if let Some(key) = &self.key {
            let group = group.context("no PACE")?;
            let tag = match name(command) {
                "map" => 0x82,
                "agree" => 0x84,
                other => bail!("{other} is answered with no key"),
            };
            let own = edit::object(&command.data, "0.0")?.value;
            let key = public_key(key, group, own)?;
            response.data = tlv::encode(0x7C, &tlv::encode(tag, &key));
        }
        Ok(())
    }
}

/// E_IC ‖ M_IC (Doc 9303-11 4.3.1) with one bit of RND.IC flipped before it is encrypted.
fn other_nonces(answer: &[u8]) -> Result<Vec<u8>> {
    const SUITE: CipherSuite = CipherSuite::TripleDes;
    let digest = personalise::holder().mrz_digest(Form::Passport);
    let seed = digest.get(..16).context("no seed")?;
    let keys = SessionKeys::derive(SUITE, seed);
    let cryptogram = answer.get(..32).context("no cryptogram")?;
    let mut plain = SUITE.cbc_decrypt(keys.enc(), &[0; 8], cryptogram)?;
    *plain.first_mut().context("no nonce")? ^= 1;
    let mut answer = SUITE.cbc_encrypt(keys.enc(), &[0; 8], &plain)?;
    let mac = SUITE.mac(keys.mac(), &SUITE.pad(&answer))?;
    answer.extend(mac);
    Ok(answer)
}

/// Public keys that a chip should not send: `echo` the terminal's own, `foreign` of a secret nobody uses, `off-curve`,
/// `infinity`, `out-of-field`; of Diffie-Hellman `zero`, `one`, `minus-one`, `modulus`.
fn public_key(kind: &str, group: &Group, own: &[u8]) -> Result<Vec<u8>> {
    let foreign = || -> Result<PublicKey> {
        let pair: SecretKey = SeededRandom::new(b"foreign").key_pair(group);
        Ok(pair.public_key()?)
    };
    let number = |value: &[u8], len: usize| {
        let mut bytes = vec![0; len.saturating_sub(value.len())];
        bytes.extend_from_slice(value);
        bytes
    };
    Ok(match (kind, group) {
        ("echo", _) => own.to_vec(),
        ("foreign", _) => foreign()?.as_bytes().to_vec(),
        ("off-curve", Group::Curve(_)) => {
            let mut bytes = foreign()?.as_bytes().to_vec();
            *bytes.last_mut().context("no key")? ^= 1;
            bytes
        }
        ("infinity", Group::Curve(_)) => vec![0],
        ("out-of-field", Group::Curve(curve)) => {
            let p = number(curve.parameters().p, NamedCurve::field_len(*curve));
            [&[4], &p[..], &p].concat()
        }
        ("zero", Group::Dh(_)) => vec![0; group.public_key_len()],
        ("one", Group::Dh(_)) => number(&[1], group.public_key_len()),
        ("minus-one", Group::Dh(parameters)) => {
            let mut bytes = parameters.modulus().to_vec();
            *bytes.last_mut().context("no modulus")? &= 0xFE;
            bytes
        }
        ("modulus", Group::Dh(parameters)) => parameters.modulus().to_vec(),
        _ => bail!("no key {kind} in this group"),
    })
}
