//! The small tables: `[limits]`, `[keystore]`, `[demo]`, `[log]`.

use super::error::ConfigError;
use super::reader::Reader;
use super::server::size;
use super::value::words;

/// What is let in each second; `None`: anything.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LimitsConfig {
    /// Redemptions, renewals and releases apart.
    pub licences: Option<u32>,
    /// Renewals and releases.
    pub renewals: Option<u32>,
    /// Token requests.
    pub tokens: Option<u32>,
    /// Calls of the key storage.
    pub keys: Option<u32>,
    /// Any of these by one account.
    pub per_account: Option<u32>,
}

/// The key storage (key-storage.md, sections 4 and 8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeystoreConfig {
    /// How many keys a list without paging may have.
    pub list_max: usize,
    /// How many days an expired key is kept.
    pub keep_expired_days: u32,
}

/// Who sees the demo (clearkey.md, section 6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DemoMode {
    /// Requests from this machine.
    Loopback,
    /// Nobody.
    Off,
    /// Everybody.
    On,
}
words!(DemoMode, "loopback, on or off", "loopback" => Loopback, "off" => Off, "on" => On);

/// What is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogConfig {
    /// Whether each request leaves a line.
    pub access: bool,
    /// How much the program says of itself.
    pub level: LogLevel,
}

/// How much the program says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogLevel {
    /// Failures alone.
    Error,
    /// And what an operator should look into.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
}
words!(LogLevel, "error, warn, info or debug", "error" => Error, "warn" => Warn, "info" => Info, "debug" => Debug);

impl LimitsConfig {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, ConfigError> {
        let mut limit = |key, about| {
            let value = reader.number(key, about, 0, 0..=u64::from(u32::MAX))?;
            Ok(u32::try_from(value).ok().filter(|&limit| limit > 0))
        };
        Ok(Self {
            licences: limit(
                "limits.licences",
                "redemptions a second, by this node; further ones get 503; 0: any number",
            )?,
            renewals: limit(
                "limits.renewals",
                "renewals and releases a second, by this node; further ones get 503; 0: any number",
            )?,
            tokens: limit(
                "limits.tokens",
                "token requests a second, by this node; further ones get 503; 0: any number",
            )?,
            keys: limit(
                "limits.keys",
                "calls of the key storage a second, by this node; further ones get 503; 0: any number",
            )?,
            per_account: limit(
                "limits.per_account",
                "requests a second by one account, on this node; further ones get 429; 0: any number",
            )?,
        })
    }
}

impl Default for KeystoreConfig {
    fn default() -> Self {
        Self { list_max: 10_000, keep_expired_days: 30 }
    }
}

impl KeystoreConfig {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, ConfigError> {
        let about = "how many keys a list without paging may have";
        let list_max = reader.number("keystore.list_max", about, 10_000, 1..=1_000_000)?;
        let about = "days that an expired key is kept, so that its KID gets no other key";
        let keep_expired = reader.number("keystore.keep_expired", about, 30, 0..=36_500)?;
        Ok(Self {
            list_max: size(list_max),
            keep_expired_days: u32::try_from(keep_expired).unwrap_or(u32::MAX),
        })
    }
}

impl DemoMode {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, ConfigError> {
        reader.or("demo.enabled", "who sees the demo: loopback, on, off", Self::Loopback)
    }
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, ConfigError> {
        Ok(Self {
            access: reader.or("log.access", "whether each request leaves a line", true)?,
            level: reader.or("log.level", "how much is said: error, warn, info, debug", LogLevel::Info)?,
        })
    }
}
