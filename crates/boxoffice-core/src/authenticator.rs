//! Customer authenticators: who asks for tokens.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use drm_primitives::{Random, hex};
use jiff::Timestamp;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::AccountId;

/// What a caller shows: `<account id>,<32 hex digits>` (operations.md, section 3).
pub struct CustomerAuthenticator {
    /// Whose it says it is.
    pub account: AccountId,
    /// The secret half.
    pub secret: AuthenticatorSecret,
}

/// The secret half of an authenticator: 16 bytes, never printed, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AuthenticatorSecret([u8; 16]);

/// Why a text is no authenticator. Carries no character of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CustomerAuthenticatorError {
    /// The part before the comma is no number, has a leading zero, or is too large.
    #[error("the account id before the comma is not a decimal number without leading zeros")]
    AccountId,
    /// No comma.
    #[error("got {got} characters without a comma, expected <account id>,<32 hex digits>")]
    NoComma {
        /// How many characters came.
        got: usize,
    },
    /// The part after the comma is not 32 characters long.
    #[error("got {got} characters after the comma, expected 32 hex digits")]
    SecretLength {
        /// How many came.
        got: usize,
    },
    /// A character after the comma is no hex digit.
    #[error("the character at position {at} after the comma is not a hex digit")]
    SecretNotHex {
        /// Where it stands, from 1.
        at: usize,
    },
}

impl CustomerAuthenticator {
    /// Reads the decoded value of the parameter.
    ///
    /// # Errors
    /// [`CustomerAuthenticatorError`], with what came and what was expected.
    pub fn parse(text: &[u8]) -> Result<Self, CustomerAuthenticatorError> {
        let comma = text.iter().position(|&byte| byte == b',').ok_or_else(|| {
            CustomerAuthenticatorError::NoComma { got: String::from_utf8_lossy(text).chars().count() }
        })?;
        let (id, secret) = text.split_at(comma);
        let plain = id.first().is_some_and(|&digit| digit != b'0') && id.iter().all(u8::is_ascii_digit);
        let id = std::str::from_utf8(id).ok().filter(|_| plain).and_then(|id| id.parse().ok());
        let account = AccountId(id.ok_or(CustomerAuthenticatorError::AccountId)?);
        let secret = hex::decode(secret.get(1..).unwrap_or_default()).map_err(|error| match error {
            hex::HexError::Length { got, .. } => CustomerAuthenticatorError::SecretLength { got },
            hex::HexError::NotHex { at } => CustomerAuthenticatorError::SecretNotHex { at },
        })?;
        Ok(Self { account, secret: AuthenticatorSecret(secret) })
    }

    /// The text that the caller is given, once: `100001,0123…`.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{},{}", self.account, hex::encode(&self.secret.0))
    }
}

impl AuthenticatorSecret {
    /// Takes 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        Self(random.array())
    }

    /// Compares in constant time.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// The bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AuthenticatorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticatorSecret(..)")
    }
}

/// The key under which secrets are hashed: HMAC-SHA256, derived from the master key, so that a
/// stolen database alone lets nobody guess or check a secret.
pub struct AuthenticatorHashKey(hmac::Key);

impl AuthenticatorHashKey {
    /// Takes the 32 derived bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// What the database stores of a secret.
    #[must_use]
    pub fn hash(&self, account: AccountId, secret: &AuthenticatorSecret) -> [u8; 32] {
        let mut message = [0; 20];
        let (id, rest) = message.split_at_mut(4);
        id.copy_from_slice(&account.0.to_be_bytes());
        rest.copy_from_slice(&secret.0);
        let tag = hmac::sign(&self.0, &message);
        message.zeroize();
        tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }
}

impl fmt::Debug for AuthenticatorHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticatorHashKey(..)")
    }
}

/// What is stored of an authenticator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticator {
    /// Its number, unique over all accounts; records and commands name it by this.
    pub id: u64,
    /// The keyed hash of its secret.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Authenticator {
    /// Compares hashes in constant time.
    #[must_use]
    pub fn matches(&self, hash: &[u8; 32]) -> bool {
        verify_slices_are_equal(&self.hash, hash).is_ok()
    }
}

/// What an authenticator may do: any of tokens, keys and packagers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scopes {
    /// Ask for tokens.
    pub tokens: bool,
    /// Use the key storage.
    pub keys: bool,
    /// Use the packager interfaces.
    pub packagers: bool,
}

/// One of the things that an authenticator may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Use the key storage.
    Keys,
    /// Use the packager interfaces.
    Packagers,
    /// Ask for tokens.
    Tokens,
}

/// A word that is no scope.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("got {got:?}, expected a comma-separated list of tokens, keys and packagers")]
pub struct ScopesError {
    got: String,
}

impl Scopes {
    /// Everything, which is the default.
    pub const ALL: Self = Self { tokens: true, keys: true, packagers: true };

    /// Whether a scope is among them.
    #[must_use]
    pub const fn contain(self, scope: Scope) -> bool {
        match scope {
            Scope::Keys => self.keys,
            Scope::Packagers => self.packagers,
            Scope::Tokens => self.tokens,
        }
    }
}

impl std::str::FromStr for Scopes {
    type Err = ScopesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scopes = Self { tokens: false, keys: false, packagers: false };
        for word in text.split(',') {
            match word.trim() {
                "tokens" => scopes.tokens = true,
                "keys" => scopes.keys = true,
                "packagers" => scopes.packagers = true,
                got => return Err(ScopesError { got: got.to_owned() }),
            }
        }
        Ok(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.tokens, "tokens"), (self.keys, "keys"), (self.packagers, "packagers")];
        let words: Vec<_> = words.into_iter().filter_map(|(on, word)| on.then_some(word)).collect();
        f.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> CustomerAuthenticatorError {
        CustomerAuthenticator::parse(text.as_bytes()).err().unwrap()
    }

    #[test]
    fn an_authenticator_reads_in_either_case_and_prints_in_lower() {
        let read = CustomerAuthenticator::parse(b"100001,0123456789ABCDEF0123456789abcdef").unwrap();
        assert_eq!(read.reveal(), "100001,0123456789abcdef0123456789abcdef");
        assert_eq!(format!("{:?}", read.secret), "AuthenticatorSecret(..)");
    }

    #[test]
    fn what_is_no_authenticator_says_why_and_quotes_nothing() {
        assert_eq!(error("100001"), CustomerAuthenticatorError::NoComma { got: 6 });
        assert_eq!(error("0100001,00"), CustomerAuthenticatorError::AccountId);
        assert_eq!(error("+1,00"), CustomerAuthenticatorError::AccountId);
        assert_eq!(error("99999999999,00"), CustomerAuthenticatorError::AccountId);
        assert_eq!(error("1,00"), CustomerAuthenticatorError::SecretLength { got: 2 });
        assert_eq!(
            error(&format!("1,{}", "g".repeat(32))),
            CustomerAuthenticatorError::SecretNotHex { at: 1 }
        );
    }

    #[test]
    fn a_hash_depends_on_account_secret_and_key() {
        let secret = AuthenticatorSecret([7; 16]);
        let key = AuthenticatorHashKey::new(&[1; 32]);
        let hash = key.hash(AccountId(1), &secret);
        assert_eq!(hash, key.hash(AccountId(1), &secret));
        assert_ne!(hash, key.hash(AccountId(2), &secret));
        assert_ne!(hash, key.hash(AccountId(1), &AuthenticatorSecret([8; 16])));
        assert_ne!(hash, AuthenticatorHashKey::new(&[2; 32]).hash(AccountId(1), &secret));
    }

    #[test]
    fn scopes_read_back_as_they_print() {
        let scopes: Scopes = "keys,tokens".parse().unwrap();
        assert_eq!(scopes.to_string(), "tokens,keys");
        assert!(scopes.contain(Scope::Keys) && !scopes.contain(Scope::Packagers));
        assert!("".parse::<Scopes>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = CustomerAuthenticator::parse(&text);
        }
    }
}
