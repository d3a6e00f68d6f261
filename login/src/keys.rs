//! The secrets of the server: the keys that sign requests, and the secret behind form tokens and references.

use std::io::Write;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::SigningKey;
use protocol::jwk::PublicJwk;
use protocol::jws::KeyId;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Why the file of keys was not accepted. Holds nothing of the file.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("the file of keys: {0}")]
    Io(#[from] std::io::Error),
    /// Others than the owner can read the file.
    #[error("the file of keys can be read by others: its mode must be 0600")]
    Permissions,
    /// Not the expected TOML.
    #[error("the file of keys does not parse")]
    Syntax,
    /// The secret is not 32 bytes, base64url without padding.
    #[error("the file of keys: `secret` is not 32 bytes in base64url")]
    Secret,
    /// A signing key is not a P-256 scalar, base64url without padding.
    #[error("the file of keys: request_key {0} is not a P-256 private key in base64url")]
    Key(usize),
    /// There is no signing key.
    #[error("the file of keys holds no request_key")]
    None,
    /// The random source of the system failed.
    #[error("the system gives no random bytes")]
    Random,
}

/// A key that signs requests.
pub struct RequestKey {
    /// RFC 7638 thumbprint of the public key.
    pub kid: KeyId,
    /// The key; zeroised when dropped.
    pub key: SigningKey,
}

/// All secrets of the server.
pub struct Keys {
    secret: Zeroizing<[u8; 32]>,
    request_keys: Vec<RequestKey>,
    newest: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    secret: String,
    #[serde(default)]
    request_key: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    private_key: String,
}

impl Drop for File {
    fn drop(&mut self) {
        self.secret.zeroize();
        for row in &mut self.request_key {
            row.private_key.zeroize();
        }
    }
}

impl Keys {
    /// Reads the file; the last key of it signs.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
                return Err(KeysError::Permissions);
            }
        }
        Self::parse(&Zeroizing::new(std::fs::read_to_string(path)?))
    }

    fn parse(text: &str) -> Result<Self, KeysError> {
        // The parser's message may quote the line, and the line is the secret.
        let file: File = toml::from_str(text).map_err(|_| KeysError::Syntax)?;
        let mut secret = Zeroizing::new([0; 32]);
        decode(&file.secret, &mut secret).ok_or(KeysError::Secret)?;
        let mut request_keys = Vec::new();
        for (index, row) in file.request_key.iter().enumerate() {
            let mut scalar = Zeroizing::new([0; 32]);
            let key = decode(&row.private_key, &mut scalar)
                .and_then(|()| SigningKey::from_slice(scalar.as_slice()).ok())
                .ok_or(KeysError::Key(index + 1))?;
            let thumbprint = PublicJwk::from(key.verifying_key()).thumbprint();
            let kid = KeyId::try_from(Base64UrlUnpadded::encode_string(&thumbprint))
                .map_err(|_| KeysError::Key(index + 1))?;
            request_keys.push(RequestKey { kid, key });
        }
        let newest = request_keys.len().checked_sub(1).ok_or(KeysError::None)?;
        Ok(Self {
            secret,
            request_keys,
            newest,
        })
    }

    /// Makes new secrets and writes them to a file that must not exist yet.
    ///
    /// # Errors
    /// No random bytes, or the file cannot be made.
    pub fn create(path: &Path) -> Result<(), KeysError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(|_| KeysError::Random)?;
        let scalar = loop {
            let mut scalar = Zeroizing::new([0; 32]);
            getrandom::fill(scalar.as_mut_slice()).map_err(|_| KeysError::Random)?;
            if SigningKey::from_slice(scalar.as_slice()).is_ok() {
                break scalar;
            }
        };
        let encode = |bytes: &[u8; 32]| Zeroizing::new(Base64UrlUnpadded::encode_string(bytes));
        let text = Zeroizing::new(format!(
            "# Secrets of the login server. The last request_key signs; keep older ones here until their requests have ended.\n\
             secret = \"{}\"\n\n[[request_key]]\nprivate_key = \"{}\"\n",
            *encode(&secret),
            *encode(&scalar)
        ));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(text.as_bytes())?;
        Ok(())
    }

    /// The key that signs.
    pub fn signing(&self) -> Option<&RequestKey> {
        self.request_keys.get(self.newest)
    }

    /// All keys, for the trust file.
    pub fn request_keys(&self) -> &[RequestKey] {
        &self.request_keys
    }

    /// HMAC-SHA-256 over the parts, each with its length, under a purpose of its own.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes a key of any length, so this cannot fail; an all-zero tag would match nothing useful.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.as_slice()) else {
            return [0; 32];
        };
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// A short reference to something that may not be named: the first 12 bytes of its keyed hash, in hexadecimal.
    pub fn reference(&self, purpose: &str, datum: &[u8]) -> String {
        self.mac(purpose, &[datum])
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Compares a tag in constant time.
    pub fn verify(&self, purpose: &str, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(purpose, parts).as_slice().ct_eq(tag).into()
    }
}

fn decode(text: &str, into: &mut [u8; 32]) -> Option<()> {
    let decoded = Base64UrlUnpadded::decode(text.trim(), into.as_mut_slice()).ok()?;
    (decoded.len() == 32).then_some(())
}

/// `N` random bytes of the system.
///
/// # Errors
/// [`KeysError::Random`].
pub fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KeysError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_file_opens_once_written_and_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        Keys::create(&path).unwrap();
        let keys = Keys::open(&path).unwrap();
        assert_eq!(keys.signing().unwrap().kid.as_str().len(), 43);
        assert!(matches!(Keys::create(&path), Err(KeysError::Io(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        Keys::create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keys::open(&path), Err(KeysError::Permissions)));
    }

    #[test]
    fn bad_files_are_refused_without_quoting_them() {
        let secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let error = |text: &str| Keys::parse(text).err().unwrap().to_string();
        for text in [
            format!("secret = \"{secret}\""),
            format!("secret = \"{secret}A\""),
            format!("secret = {secret}"),
            format!("secret = \"{secret}\"\n[[request_key]]\nprivate_key = \"{secret}\""),
        ] {
            assert!(!error(&text).contains("AAAA"));
        }
    }

    #[test]
    fn purposes_and_parts_do_not_run_together() {
        let keys = Keys {
            secret: Zeroizing::new([1; 32]),
            request_keys: vec![],
            newest: 0,
        };
        assert_ne!(keys.mac("a", &[b"bc"]), keys.mac("ab", &[b"c"]));
        assert_ne!(keys.mac("a", &[b"b", b"c"]), keys.mac("a", &[b"bc"]));
        assert!(keys.verify("a", &[b"b"], &keys.mac("a", &[b"b"])));
        assert!(!keys.verify("a", &[b"b"], &[]));
    }
}
