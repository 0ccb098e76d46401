//! Accounts and their authenticators.

use boxoffice_core::account::{AccountChange, AccountOptions, MinimumHdcpType, MinimumLevel};
use boxoffice_core::authenticator::Authenticator;
use boxoffice_core::{Account, AccountId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::storage::apply_change;
use crate::{NewAccount, NewAuthenticator, StorageError, column};

const COLUMNS: &str = "id, environment, name, enabled, balance, widevine, playready, fairplay, clearkey, lenient, \
                       one_time, service_keys, max_streams, min_level, created_at, min_hdcp_type";

pub(super) fn create(connection: &Connection, new: &NewAccount) -> Result<Account, StorageError> {
    let options = &new.options;
    let id: u32 = connection
        .prepare_cached(
            "INSERT INTO accounts (id, environment, name, enabled, balance, widevine, playready, fairplay, \
             clearkey, lenient, one_time, service_keys, max_streams, min_level, created_at, min_hdcp_type) \
             SELECT COALESCE(MAX(id) + 1, ?1), ?2, ?3, 1, NULL, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 \
             FROM accounts RETURNING id",
        )?
        .query_row(
            params![
                AccountId::FIRST.0,
                new.environment.number(),
                new.name,
                options.widevine,
                options.playready,
                options.fairplay,
                options.clearkey,
                options.lenient,
                options.one_time,
                options.service_keys,
                options.max_streams,
                options.min_level.map(MinimumLevel::number),
                column::from_time(new.created_at),
                options.min_hdcp_type.map(MinimumHdcpType::number),
            ],
            |row| row.get(0),
        )?;
    find(connection, AccountId(id))?
        .ok_or_else(|| StorageError::Broken(format!("account {id} is not there after its insert")))
}

/// None, where there is an account already; the transaction holds the write lock in between.
pub(super) fn create_first(
    connection: &Connection,
    new: &NewAccount,
) -> Result<Option<Account>, StorageError> {
    let any = connection.prepare_cached("SELECT 1 FROM accounts LIMIT 1")?.exists([])?;
    if any { Ok(None) } else { create(connection, new).map(Some) }
}

pub(super) fn find(connection: &Connection, id: AccountId) -> Result<Option<Account>, StorageError> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"))?;
    let Some(account) = select.query_row([id.0], |row| Ok(read(row))).optional()? else { return Ok(None) };
    let mut account = account?;
    let mut select = connection.prepare_cached(
        "SELECT account, id, hash, scopes, created_at, revoked_at FROM authenticators WHERE account = ?1 \
         ORDER BY id",
    )?;
    let mut rows = select.query([id.0])?;
    while let Some(row) = rows.next()? {
        account.authenticators.push(read_authenticator(row)?);
    }
    Ok(Some(account))
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Account>, StorageError> {
    let mut accounts = Vec::new();
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts ORDER BY id"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        accounts.push(read(row)?);
    }
    // Both come ordered by account, so that one pass gives each its own.
    let mut select = connection.prepare_cached(
        "SELECT account, id, hash, scopes, created_at, revoked_at FROM authenticators ORDER BY account, id",
    )?;
    let mut rows = select.query([])?;
    let mut waiting = accounts.iter_mut().peekable();
    while let Some(row) = rows.next()? {
        let owner: u32 = row.get(0)?;
        while waiting.peek().is_some_and(|account| account.id.0 < owner) {
            waiting.next();
        }
        if let Some(account) = waiting.peek_mut().filter(|account| account.id.0 == owner) {
            account.authenticators.push(read_authenticator(row)?);
        }
    }
    Ok(accounts)
}

pub(super) fn change(
    connection: &Connection,
    id: AccountId,
    change: &AccountChange,
) -> Result<Option<Account>, StorageError> {
    // The transaction holds the write lock, so no debit comes between the read and the write.
    let Some(mut account) = find(connection, id)? else { return Ok(None) };
    apply_change(&mut account, change);
    let options = &account.options;
    connection
        .prepare_cached(
            "UPDATE accounts SET enabled = ?2, balance = ?3, widevine = ?4, playready = ?5, fairplay = ?6, \
             clearkey = ?7, lenient = ?8, one_time = ?9, service_keys = ?10, max_streams = ?11, min_level = ?12, \
             min_hdcp_type = ?13 WHERE id = ?1",
        )?
        .execute(params![
            id.0,
            account.enabled,
            column::from_balance(account.balance),
            options.widevine,
            options.playready,
            options.fairplay,
            options.clearkey,
            options.lenient,
            options.one_time,
            options.service_keys,
            options.max_streams,
            options.min_level.map(MinimumLevel::number),
            options.min_hdcp_type.map(MinimumHdcpType::number),
        ])?;
    Ok(Some(account))
}

pub(super) fn add_authenticator(
    connection: &Connection,
    account: AccountId,
    new: &NewAuthenticator,
) -> Result<Option<u64>, StorageError> {
    let id: Option<i64> = connection
        .prepare_cached(
            "INSERT INTO authenticators (account, hash, scopes, created_at) \
             SELECT id, ?2, ?3, ?4 FROM accounts WHERE id = ?1 RETURNING id",
        )?
        .query_row(
            params![account.0, new.hash, column::from_scopes(new.scopes), column::from_time(new.created_at)],
            |row| row.get(0),
        )
        .optional()?;
    id.map(|id| column::to_number("an authenticator's number", id)).transpose()
}

pub(super) fn revoke_authenticator(
    connection: &Connection,
    id: u64,
    at: Timestamp,
) -> Result<bool, StorageError> {
    let Ok(id) = i64::try_from(id) else { return Ok(false) };
    let revoked = connection
        .prepare_cached("UPDATE authenticators SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")?
        .execute(params![id, column::from_time(at)])?;
    Ok(revoked == 1)
}

fn read(row: &Row<'_>) -> Result<Account, StorageError> {
    let min_level: Option<i64> = row.get(13)?;
    let min_hdcp_type: Option<i64> = row.get(15)?;
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(2)?,
        environment: column::to_environment(row.get(1)?)?,
        enabled: row.get(3)?,
        balance: column::to_balance(row.get(4)?)?,
        options: AccountOptions {
            widevine: row.get(5)?,
            playready: row.get(6)?,
            fairplay: row.get(7)?,
            clearkey: row.get(8)?,
            lenient: row.get(9)?,
            one_time: row.get(10)?,
            service_keys: row.get(11)?,
            max_streams: row.get(12)?,
            min_level: min_level.map(column::to_level).transpose()?,
            min_hdcp_type: min_hdcp_type.map(column::to_hdcp_type).transpose()?,
        },
        authenticators: Vec::new(),
        created_at: column::to_time(row.get(14)?)?,
    })
}

fn read_authenticator(row: &Row<'_>) -> Result<Authenticator, StorageError> {
    let revoked_at: Option<i64> = row.get(5)?;
    Ok(Authenticator {
        id: column::to_number("an authenticator's number", row.get(1)?)?,
        hash: row.get(2)?,
        scopes: column::to_scopes(row.get(3)?),
        created_at: column::to_time(row.get(4)?)?,
        revoked_at: revoked_at.map(column::to_time).transpose()?,
    })
}
