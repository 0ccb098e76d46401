//! The heart of Boxoffice: what somebody may do with some keys until some time.
//!
//! A token request becomes an [`Entitlement`], a sealed token carries it, and a redemption turns it into a
//! licence. All DRMs share it; what only one of them has sits in its variant of [`Terms`].

mod clearkey;
mod fairplay;
mod playready;
mod restriction;
mod widevine;

use std::fmt;

use drm_primitives::{Kid, Random, hex};
use ipnet::IpNet;
use jiff::Timestamp;

pub use clearkey::{ClearKeyKey, ClearKeyTerms};
pub use fairplay::{FairPlayKey, FairPlayTerms};
pub use playready::{
    ContentCipher, OutputProtectionLevels, PlayReadyKey, PlayReadyTerms, Rights, UnknownOutput,
};
pub use restriction::RestrictionError;
pub use widevine::{Hdcp, SecurityLevel, Stream, TrackType, WidevineKey, WidevineTerms};

use crate::{AccountId, Drm, Environment};

/// What somebody may do with some keys until some time. Holds content keys: it prints none of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entitlement {
    /// Where it was granted, and alone is good.
    pub environment: Environment,
    /// Whose viewers it is for.
    pub account: AccountId,
    /// Its own number, in records and in the memory of used one-time tokens.
    pub token_id: TokenId,
    /// When it was granted, in whole seconds.
    pub issued_at: Timestamp,
    /// When it ends, in whole seconds.
    pub expires_at: Timestamp,
    /// Whether it may be redeemed once only.
    pub one_time: bool,
    /// The caller's mark, which records show.
    pub cookie: Option<Cookie>,
    /// From where alone it may be redeemed.
    pub address: Option<IpNet>,
    /// The keys, and what one DRM has of rules.
    pub terms: Terms,
}

/// The keys and rules of one DRM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Terms {
    /// Clear Key.
    ClearKey(ClearKeyTerms),
    /// FairPlay.
    FairPlay(FairPlayTerms),
    /// PlayReady.
    PlayReady(PlayReadyTerms),
    /// Widevine.
    Widevine(WidevineTerms),
}

impl Entitlement {
    /// The DRM that it is for.
    #[must_use]
    pub const fn drm(&self) -> Drm {
        match self.terms {
            Terms::ClearKey(_) => Drm::ClearKey,
            Terms::FairPlay(_) => Drm::FairPlay,
            Terms::PlayReady(_) => Drm::PlayReady,
            Terms::Widevine(_) => Drm::Widevine,
        }
    }

    /// The KIDs of its keys, in token order; empty for a FairPlay token that was asked for without one.
    #[must_use]
    pub fn kids(&self) -> Vec<Kid> {
        match &self.terms {
            Terms::ClearKey(terms) => terms.keys.iter().map(|key| key.kid).collect(),
            Terms::FairPlay(terms) => terms.key.kid.into_iter().collect(),
            Terms::PlayReady(terms) => terms.keys.iter().map(|key| key.kid).collect(),
            Terms::Widevine(terms) => terms.keys.iter().map(|key| key.kid).collect(),
        }
    }
}

/// The number of a token: 16 random bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        Self(random.array())
    }

    /// Takes 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// The caller's own mark: at most 32 characters, none of them a control character.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cookie(String);

impl Cookie {
    /// The most characters that one has.
    pub const CHARACTERS: usize = 32;

    /// Takes a text, unless it is too long or has control characters.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        let fits = text.chars().count() <= Self::CHARACTERS && !text.chars().any(char::is_control);
        fits.then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An extension that the token carries and no lab issuer interprets: four characters and bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extension {
    /// Four characters.
    pub kind: String,
    /// The decoded payload.
    pub payload: Vec<u8>,
}
