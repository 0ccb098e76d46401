//! Service accounts and what they may do.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use thiserror::Error;

use crate::authenticator::Authenticator;
use crate::{Drm, Environment};

/// The number of an account, unique over both environments; the first is 100001.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The number of the first account of an installation.
    pub const FIRST: Self = Self(100_001);
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A content provider's account, as the database has it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What its operator calls it.
    pub name: String,
    /// Where it lives.
    pub environment: Environment,
    /// Whether it may do anything at all.
    pub enabled: bool,
    /// How many licences it may still take.
    pub balance: Balance,
    /// Its options.
    pub options: AccountOptions,
    /// Every authenticator it ever had, the revoked ones too.
    pub authenticators: Vec<Authenticator>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How many licences an account may still take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Balance {
    /// So many.
    Licences(u64),
    /// As many as it likes.
    Unlimited,
}

impl Balance {
    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        matches!(self, Self::Licences(0))
    }
}

/// The switches of an account (operations.md, section 1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one switch an option, each set by a command of its own name"
)]
pub struct AccountOptions {
    /// Widevine tokens and licences.
    pub widevine: bool,
    /// PlayReady tokens and licences.
    pub playready: bool,
    /// FairPlay tokens and licences.
    pub fairplay: bool,
    /// Clear Key tokens and licences.
    pub clearkey: bool,
    /// For clients written against the service as it is: `securityLevel` and `hdcpOutputControl` have defaults.
    pub lenient: bool,
    /// Tokens are redeemable once, unless their request says otherwise.
    pub one_time: bool,
    /// The key storage may hold keys that it can open itself.
    pub service_keys: bool,
    /// How many streams a viewer may have at once, where a token request does not say; `None`: any number.
    pub max_streams: Option<u8>,
    /// The least Widevine level that any licence of this account goes to.
    pub min_level: Option<MinimumLevel>,
    /// The least HDCP type of any FairPlay licence of this account.
    pub min_hdcp_type: Option<MinimumHdcpType>,
}

impl AccountOptions {
    /// What a new account has: every DRM on but Clear Key off in production; `service-keys` on; the rest off.
    #[must_use]
    pub const fn new(environment: Environment) -> Self {
        Self {
            widevine: true,
            playready: true,
            fairplay: true,
            clearkey: matches!(environment, Environment::Test),
            lenient: false,
            one_time: false,
            service_keys: true,
            max_streams: None,
            min_level: None,
            min_hdcp_type: None,
        }
    }

    /// Whether a DRM is switched on.
    #[must_use]
    pub const fn allows(&self, drm: Drm) -> bool {
        match drm {
            Drm::Widevine => self.widevine,
            Drm::PlayReady => self.playready,
            Drm::FairPlay => self.fairplay,
            Drm::ClearKey => self.clearkey,
        }
    }
}

/// The least level that a Widevine device must have: L1 is the highest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MinimumLevel {
    /// Hardware decoding.
    L1,
    /// Hardware cryptography.
    L2,
    /// Software.
    L3,
}

/// A text that is no Widevine level.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("got {got:?}, expected L1, L2 or L3")]
pub struct MinimumLevelError {
    got: String,
}

impl MinimumLevel {
    /// `L1`, `L2` or `L3`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
        }
    }

    /// 1, 2 or 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::L1 => 1,
            Self::L2 => 2,
            Self::L3 => 3,
        }
    }
}

impl FromStr for MinimumLevel {
    type Err = MinimumLevelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::L1, Self::L2, Self::L3]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| MinimumLevelError { got: text.to_owned() })
    }
}

/// The least copy protection that a FairPlay output must have (fairplay.md, section 4).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum MinimumHdcpType {
    /// HDCP of any kind.
    Type0,
    /// HDCP 2.2 or later.
    Type1,
}

/// A text that is no HDCP type.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("got {got:?}, expected 0 or 1")]
pub struct MinimumHdcpTypeError {
    got: String,
}

impl MinimumHdcpType {
    /// 0 or 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Type0 => 0,
            Self::Type1 => 1,
        }
    }

    /// By its number.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Type0),
            1 => Some(Self::Type1),
            _ => None,
        }
    }
}

impl FromStr for MinimumHdcpType {
    type Err = MinimumHdcpTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "0" => Ok(Self::Type0),
            "1" => Ok(Self::Type1),
            got => Err(MinimumHdcpTypeError { got: got.to_owned() }),
        }
    }
}

/// What `account set`, `enable` and `disable` change; what is `None` stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccountChange {
    /// Enabled or disabled.
    pub enabled: Option<bool>,
    /// The balance.
    pub balance: Option<BalanceChange>,
    /// Widevine on or off.
    pub widevine: Option<bool>,
    /// PlayReady on or off.
    pub playready: Option<bool>,
    /// FairPlay on or off.
    pub fairplay: Option<bool>,
    /// Clear Key on or off.
    pub clearkey: Option<bool>,
    /// `lenient` on or off.
    pub lenient: Option<bool>,
    /// `one-time` on or off.
    pub one_time: Option<bool>,
    /// `service-keys` on or off.
    pub service_keys: Option<bool>,
    /// A limit, or `Some(None)` for none.
    pub max_streams: Option<Option<u8>>,
    /// A level, or `Some(None)` for none.
    pub min_level: Option<Option<MinimumLevel>>,
    /// An HDCP type, or `Some(None)` for none.
    pub min_hdcp_type: Option<Option<MinimumHdcpType>>,
}

/// A change of a balance. It is applied by the database in one statement, so that no licence
/// that is granted meanwhile is lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BalanceChange {
    /// Adds licences; leaves an unlimited balance unlimited.
    Add(u64),
    /// To so many.
    Set(u64),
    /// Takes licences away, down to zero and no further; leaves an unlimited balance unlimited.
    Subtract(u64),
    /// To as many as it likes.
    Unlimited,
}

/// A text that is no change of a balance.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("got {got:?}, expected a number up to 9223372036854775807, +N, -N or unlimited")]
pub struct BalanceChangeError {
    got: String,
}

impl FromStr for BalanceChange {
    type Err = BalanceChangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Databases count in signed 64-bit numbers.
        let number = |digits: &str| -> Option<u64> {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|&number| plain && i64::try_from(number).is_ok())
        };
        match text.as_bytes().first() {
            Some(b'+') => text.strip_prefix('+').and_then(number).map(Self::Add),
            Some(b'-') => text.strip_prefix('-').and_then(number).map(Self::Subtract),
            _ if text == "unlimited" => Some(Self::Unlimited),
            _ => number(text).map(Self::Set),
        }
        .ok_or_else(|| BalanceChangeError { got: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_set_added_to_or_unlimited() {
        assert_eq!("5".parse(), Ok(BalanceChange::Set(5)));
        assert_eq!("+5".parse(), Ok(BalanceChange::Add(5)));
        assert_eq!("-5".parse(), Ok(BalanceChange::Subtract(5)));
        assert_eq!("unlimited".parse(), Ok(BalanceChange::Unlimited));
        for text in ["", "+", "-", "++1", "1.5", "9223372036854775808", "many"] {
            assert!(text.parse::<BalanceChange>().is_err(), "{text}");
        }
    }
}
