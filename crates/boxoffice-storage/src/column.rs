//! How the domain's values stand in columns.

use std::net::IpAddr;

use boxoffice_core::account::{Balance, MinimumHdcpType, MinimumLevel};
use boxoffice_core::authenticator::Scopes;
use boxoffice_core::key_ring::Purpose;
use boxoffice_core::{Drm, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::{KeyKind, RecordKind, SeedKind, StorageError};

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) fn from_time(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(crate) fn to_time(microseconds: i64) -> Result<Timestamp, StorageError> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| broken("a time", &microseconds, "microseconds within the years -9999 to 9999"))
}

pub(crate) fn from_balance(balance: Balance) -> Option<i64> {
    match balance {
        Balance::Licences(licences) => Some(i64::try_from(licences).unwrap_or(i64::MAX)),
        Balance::Unlimited => None,
    }
}

pub(crate) fn to_balance(column: Option<i64>) -> Result<Balance, StorageError> {
    let Some(licences) = column else { return Ok(Balance::Unlimited) };
    let licences = u64::try_from(licences).map_err(|_| broken("a balance", &licences, "no less than 0"))?;
    Ok(Balance::Licences(licences))
}

pub(crate) fn to_environment(number: i64) -> Result<Environment, StorageError> {
    Environment::ALL
        .into_iter()
        .find(|environment| i64::from(environment.number()) == number)
        .ok_or_else(|| broken("an environment", &number, "0 or 1"))
}

pub(crate) fn to_level(number: i64) -> Result<MinimumLevel, StorageError> {
    [MinimumLevel::L1, MinimumLevel::L2, MinimumLevel::L3]
        .into_iter()
        .find(|level| i64::from(level.number()) == number)
        .ok_or_else(|| broken("a level", &number, "1 to 3"))
}

pub(crate) fn to_hdcp_type(number: i64) -> Result<MinimumHdcpType, StorageError> {
    MinimumHdcpType::from_number(number).ok_or_else(|| broken("an HDCP type", &number, "0 or 1"))
}

pub(crate) fn to_purpose(word: &str) -> Result<Purpose, StorageError> {
    Purpose::ALL
        .into_iter()
        .find(|purpose| purpose.as_str() == word)
        .ok_or_else(|| broken("a purpose", &word, "sealing, licence-session or storage"))
}

pub(crate) fn from_scopes(scopes: Scopes) -> i64 {
    i64::from(scopes.tokens) | i64::from(scopes.keys) << 1 | i64::from(scopes.packagers) << 2
}

pub(crate) fn to_scopes(bits: i64) -> Scopes {
    Scopes { tokens: bits & 1 != 0, keys: bits & 2 != 0, packagers: bits & 4 != 0 }
}

pub(crate) const fn from_kind(kind: KeyKind) -> i64 {
    match kind {
        KeyKind::ClientKek => 0,
        KeyKind::ServiceHeld => 1,
    }
}

pub(crate) fn to_kind(number: i64) -> Result<KeyKind, StorageError> {
    match number {
        0 => Ok(KeyKind::ClientKek),
        1 => Ok(KeyKind::ServiceHeld),
        _ => Err(broken("a kind of key", &number, "0 or 1")),
    }
}

pub(crate) const fn from_seed_kind(kind: SeedKind) -> i64 {
    match kind {
        SeedKind::Native => 0,
        SeedKind::Open => 1,
        SeedKind::PlayReady => 2,
    }
}

pub(crate) fn to_seed_kind(number: i64) -> Result<SeedKind, StorageError> {
    match number {
        0 => Ok(SeedKind::Native),
        1 => Ok(SeedKind::Open),
        2 => Ok(SeedKind::PlayReady),
        _ => Err(broken("a kind of seed", &number, "0 to 2")),
    }
}

pub(crate) const fn from_record_kind(kind: RecordKind) -> i64 {
    match kind {
        RecordKind::Licence => 0,
        RecordKind::Renewal => 1,
        RecordKind::Release => 2,
    }
}

pub(crate) fn to_record_kind(number: i64) -> Result<RecordKind, StorageError> {
    match number {
        0 => Ok(RecordKind::Licence),
        1 => Ok(RecordKind::Renewal),
        2 => Ok(RecordKind::Release),
        _ => Err(broken("a kind of record", &number, "0 to 2")),
    }
}

pub(crate) fn to_drm(number: i64) -> Result<Drm, StorageError> {
    Drm::ALL
        .into_iter()
        .find(|drm| i64::from(drm.number()) == number)
        .ok_or_else(|| broken("a DRM", &number, "0 to 3"))
}

/// The 4 or 16 bytes of an address.
pub(crate) fn from_address(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

pub(crate) fn to_address(bytes: &[u8]) -> Result<IpAddr, StorageError> {
    let short = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let long = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    short.or(long).map_err(|_| broken("an address's length", &bytes.len(), "4 or 16 bytes"))
}

pub(crate) fn from_kids(kids: &[Kid]) -> Vec<u8> {
    kids.iter().flat_map(Kid::as_bytes).copied().collect()
}

pub(crate) fn to_kids(bytes: &[u8]) -> Result<Vec<Kid>, StorageError> {
    bytes.chunks(16).map(to_kid).collect()
}

pub(crate) fn to_kid(bytes: &[u8]) -> Result<Kid, StorageError> {
    let bytes = bytes.try_into().map_err(|_| broken("a KID's length", &bytes.len(), "16 bytes"))?;
    Ok(Kid::from_bytes(bytes))
}

/// A number of ours that cannot be negative or large.
pub(crate) fn to_number<N: TryFrom<i64>>(what: &str, number: i64) -> Result<N, StorageError> {
    N::try_from(number).map_err(|_| broken(what, &number, "a number in range"))
}

/// What the database holds and never should.
pub(crate) fn broken(what: &str, got: &dyn std::fmt::Debug, expected: &str) -> StorageError {
    StorageError::Broken(format!("{what} is {got:?}, expected {expected}"))
}
