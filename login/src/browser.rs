//! Browsers that are known to belong to a citizen, because an account has succeeded in them before.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::accounts::UserName;
use crate::keys::Keys;

/// How far an account has come in a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Success {
    /// The password was right: wrong passwords of strangers do not delay this browser.
    Password = 1,
    /// A document was accepted: the last four characters of its number are not asked again.
    Document = 2,
}

/// A browser that showed a cookie of ours for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBrowser {
    /// Random id of the browser.
    pub id: [u8; 16],
    /// How far the account came in it.
    pub success: Success,
}

const PURPOSE: &str = "known browser";
/// Bytes of the cookie: success, id, MAC.
pub const COOKIE_LEN: usize = 1 + 16 + 32;

impl KnownBrowser {
    /// The value of the cookie, bound to one account by a MAC.
    pub fn to_cookie(self, keys: &Keys, user: &UserName) -> String {
        let grade = [self.success as u8];
        let mac = keys.mac(PURPOSE, &[&grade, &self.id, user.as_str().as_bytes()]);
        Base64UrlUnpadded::encode_string(&[grade.as_slice(), &self.id, &mac].concat())
    }

    /// Reads the cookie; `None` where it is not ours or belongs to another account.
    pub fn from_cookie(bytes: &[u8; COOKIE_LEN], keys: &Keys, user: &UserName) -> Option<Self> {
        let (grade, rest) = bytes.split_at_checked(1)?;
        let (id, mac) = rest.split_at_checked(16)?;
        if !keys.verify(PURPOSE, &[grade, id, user.as_str().as_bytes()], mac) {
            return None;
        }
        let success = match grade {
            [1] => Success::Password,
            [2] => Success::Document,
            _ => return None,
        };
        Some(Self {
            id: id.try_into().ok()?,
            success,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cookie_serves_one_account_and_cannot_be_changed() {
        let dir = tempfile::tempdir().unwrap();
        Keys::create(&dir.path().join("k")).unwrap();
        let keys = Keys::open(&dir.path().join("k")).unwrap();
        let (anna, bob) = (
            UserName::parse("anna").unwrap(),
            UserName::parse("bob").unwrap(),
        );
        let browser = KnownBrowser {
            id: [3; 16],
            success: Success::Password,
        };
        let bytes: [u8; COOKIE_LEN] =
            Base64UrlUnpadded::decode_vec(&browser.to_cookie(&keys, &anna))
                .unwrap()
                .try_into()
                .unwrap();
        assert_eq!(
            KnownBrowser::from_cookie(&bytes, &keys, &anna),
            Some(browser)
        );
        assert_eq!(KnownBrowser::from_cookie(&bytes, &keys, &bob), None);
        for index in 0..COOKIE_LEN {
            let mut changed = bytes;
            *changed.get_mut(index).unwrap() ^= 3;
            assert_eq!(KnownBrowser::from_cookie(&changed, &keys, &anna), None);
        }
    }
}
