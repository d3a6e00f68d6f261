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
    #[error("the file of keys holds no request_key that signs")]
    None,
    /// A next key is there already.
    #[error("the file of keys holds a next key already: `keys rotate` puts it to use")]
    NextExists,
    /// No next key is there.
    #[error(
        "the file of keys holds no next key: `keys next` makes one; give out the new trust file before you rotate"
    )]
    NoNext,
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
    /// Published in the trust file, and not yet signing.
    #[serde(default)]
    next: bool,
}

impl Drop for File {
    fn drop(&mut self) {
        self.secret.zeroize();
        for row in &mut self.request_key {
            row.private_key.zeroize();
        }
    }
}

impl Row {
    fn generate(next: bool) -> Result<Self, KeysError> {
        loop {
            let mut scalar = Zeroizing::new([0; 32]);
            getrandom::fill(scalar.as_mut_slice()).map_err(|_| KeysError::Random)?;
            // One in 2^32 is no scalar of the curve.
            if SigningKey::from_slice(scalar.as_slice()).is_ok() {
                let private_key = Base64UrlUnpadded::encode_string(scalar.as_slice());
                return Ok(Self { private_key, next });
            }
        }
    }
}

impl File {
    fn read(path: &Path) -> Result<Self, KeysError> {
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
        toml::from_str(text).map_err(|_| KeysError::Syntax)
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(
            256 + self.secret.len() + 128 * self.request_key.len(),
        ));
        text.push_str(
            "# Secrets of the login server. The last request_key signs, one marked `next` is only published yet.\n\
             # `rda-login keys next` and `rda-login keys rotate` change them.\nsecret = \"",
        );
        text.push_str(&self.secret);
        text.push_str("\"\n");
        for row in &self.request_key {
            text.push_str("\n[[request_key]]\nprivate_key = \"");
            text.push_str(&row.private_key);
            text.push_str(if row.next {
                "\"\nnext = true\n"
            } else {
                "\"\n"
            });
        }
        text
    }

    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()
    }

    /// In one step: whoever reads meanwhile finds the old file or the new one. Owner and group stay as they were.
    fn replace(&self, path: &Path) -> Result<(), KeysError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let new = Path::new(&name);
        self.write_new(new)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let old = std::fs::metadata(path)?;
            std::os::unix::fs::chown(new, Some(old.uid()), Some(old.gid()))?;
        }
        std::fs::rename(new, path)?;
        Ok(())
    }
}

impl Keys {
    /// Reads the file; the last key of it that is not marked as the next one signs.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        Self::try_from(&File::read(path)?)
    }
}

impl TryFrom<&File> for Keys {
    type Error = KeysError;

    fn try_from(file: &File) -> Result<Self, KeysError> {
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
        let newest = file
            .request_key
            .iter()
            .rposition(|row| !row.next)
            .ok_or(KeysError::None)?;
        Ok(Self {
            secret,
            request_keys,
            newest,
        })
    }
}

impl Keys {
    /// Makes new secrets and writes them to a file that must not exist yet.
    ///
    /// # Errors
    /// No random bytes, or the file cannot be made.
    pub fn create(path: &Path) -> Result<(), KeysError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(|_| KeysError::Random)?;
        let file = File {
            secret: Base64UrlUnpadded::encode_string(secret.as_slice()),
            request_key: vec![Row::generate(false)?],
        };
        file.write_new(path)?;
        Ok(())
    }

    /// The first step of a change of keys: a new key, which the trust file names from now on and which does not sign yet.
    ///
    /// # Errors
    /// [`KeysError::NextExists`], and as [`Keys::open`] and [`Keys::create`].
    pub fn add_next(path: &Path) -> Result<(), KeysError> {
        let mut file = File::read(path)?;
        if file.request_key.iter().any(|row| row.next) {
            return Err(KeysError::NextExists);
        }
        file.request_key.push(Row::generate(true)?);
        file.replace(path)
    }

    /// The second step, once daemons have the trust file with the next key: it signs from the server's next start. The key
    /// that signed until now stays, so that requests under way are still taken; those before it go.
    ///
    /// # Errors
    /// [`KeysError::NoNext`], and as [`Keys::open`] and [`Keys::create`].
    pub fn rotate(path: &Path) -> Result<(), KeysError> {
        let mut file = File::read(path)?;
        let place = file.request_key.iter().position(|row| row.next);
        let mut next = file.request_key.remove(place.ok_or(KeysError::NoNext)?);
        next.next = false;
        let old = file.request_key.len().saturating_sub(1);
        file.request_key.drain(..old);
        file.request_key.push(next);
        file.replace(path)
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

    #[test]
    fn keys_change_in_two_steps_and_a_request_under_way_is_still_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        Keys::create(&path).unwrap();
        let signing = || Keys::open(&path).unwrap().signing().unwrap().kid.clone();
        let published = || {
            let keys = Keys::open(&path).unwrap();
            let kids = keys.request_keys().iter();
            kids.map(|key| key.kid.clone()).collect::<Vec<_>>()
        };
        let secret = || Keys::open(&path).unwrap().mac("p", &[b"x"]);
        let (first, tag) = (signing(), secret());
        assert!(matches!(Keys::rotate(&path), Err(KeysError::NoNext)));

        Keys::add_next(&path).unwrap();
        assert_eq!(signing(), first, "published, and not signing");
        assert_eq!(published().len(), 2);
        assert!(matches!(Keys::add_next(&path), Err(KeysError::NextExists)));

        Keys::rotate(&path).unwrap();
        let second = signing();
        assert_ne!(second, first);
        assert_eq!(published(), [first.clone(), second.clone()]);

        Keys::add_next(&path).unwrap();
        Keys::rotate(&path).unwrap();
        let kids = published();
        assert_eq!(kids.len(), 2);
        assert_eq!(kids.first(), Some(&second), "the first has gone");
        assert_eq!(secret(), tag, "tokens and references stay what they were");
        assert!(!dir.path().join("keys.toml.new").exists());
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
        let error = |text: &str| {
            let keys = File::parse(text).and_then(|file| Keys::try_from(&file));
            keys.err().unwrap().to_string()
        };
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
