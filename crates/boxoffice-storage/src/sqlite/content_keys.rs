//! Content keys.

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use drm_primitives::Kid;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::account_keys;
use super::writer::Transaction;
use crate::{
    CreatedKey, KekFilter, KeyFilter, KeyKind, Reseal, SealedPage, StorageError, StoredKey, UpdatedKey,
    column,
};

/// What [`read`] takes, in its order; the table's name is `k`, and `keks` is `e`.
macro_rules! columns {
    () => {
        "k.kid, e.kind, k.sealed, k.account_key, k.version, k.last_update, k.expiration, e.kek_id, k.info, \
         k.content_id, k.scheme, k.track, k.period, k.iv, k.only_one"
    };
}

/// Up to this many keys of a KEK are all fetched and then ordered; of more of them, each page finds enough in the
/// order of KIDs.
const FEW_KEYS: i64 = 32_768;

pub(super) fn create(
    transaction: &Transaction,
    account: AccountId,
    keys: &[StoredKey],
) -> Result<Vec<CreatedKey>, StorageError> {
    let connection = &transaction.connection;
    let mut outcomes = Vec::with_capacity(keys.len());
    for key in keys {
        let counted = transaction.tally.borrow().has_account_key(account, key.account_key);
        if !counted && !account_keys::exists(connection, account, key.account_key)? {
            outcomes.push(CreatedKey::AccountKeyGone);
            continue;
        }
        let kek = find_or_make_kek(transaction, account, key.kind, key.kek_id.as_deref())?;
        if insert(connection, account, kek, key)? {
            let mut tally = transaction.tally.borrow_mut();
            tally.account_key(account, key.account_key, is_expired(key), 1);
            tally.kek(kek, 1);
            outcomes.push(CreatedKey::Created);
        } else {
            outcomes.push(CreatedKey::Existing(Box::new(in_the_way(connection, account, key)?)));
        }
    }
    Ok(outcomes)
}

fn find_kek(
    connection: &Connection,
    account: AccountId,
    kind: KeyKind,
    kek_id: Option<&str>,
) -> Result<Option<(i64, i64)>, StorageError> {
    Ok(connection
        .prepare_cached(
            "SELECT id, keys FROM keks WHERE account = ?1 AND kind = ?2 \
             AND COALESCE(kek_id, x'00') = COALESCE(?3, x'00')",
        )?
        .query_row(params![account.0, column::from_kind(kind), kek_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

fn find_or_make_kek(
    transaction: &Transaction,
    account: AccountId,
    kind: KeyKind,
    kek_id: Option<&str>,
) -> Result<i64, StorageError> {
    let known = transaction.tally.borrow().kek_of(account, kind, kek_id);
    if let Some(kek) = known {
        return Ok(kek);
    }
    let connection = &transaction.connection;
    let kek = if let Some((kek, _)) = find_kek(connection, account, kind, kek_id)? {
        kek
    } else {
        connection
            .prepare_cached("INSERT INTO keks (account, kind, kek_id, keys) VALUES (?1, ?2, ?3, 0)")?
            .execute(params![account.0, column::from_kind(kind), kek_id])?;
        connection.last_insert_rowid()
    };
    transaction.tally.borrow_mut().found_kek(account, kind, kek_id, kek);
    Ok(kek)
}

fn insert(
    connection: &Connection,
    account: AccountId,
    kek: i64,
    key: &StoredKey,
) -> Result<bool, StorageError> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO content_keys (account, kid, kek, account_key, sealed, version, last_update, swept, \
             only_one, expiration, period, content_id, info, scheme, track, iv) \
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            account.0,
            key.kid.as_bytes(),
            kek,
            key.account_key.0,
            key.sealed,
            column::from_time(key.last_update),
            is_expired(key),
            key.only_one,
            key.expiration.map(column::from_time),
            key.period,
            key.content_id,
            key.info,
            key.scheme,
            key.track,
            key.iv,
        ])?;
    Ok(inserted == 1)
}

/// Whether a row goes in, or changes, as one that is not counted.
fn is_expired(key: &StoredKey) -> bool {
    key.expiration.is_some_and(|expiration| expiration <= key.last_update)
}

fn in_the_way(
    connection: &Connection,
    account: AccountId,
    key: &StoredKey,
) -> Result<StoredKey, StorageError> {
    if let Some(found) = find(connection, account, key.kid)? {
        return Ok(found);
    }
    let (content_id, track) = (key.content_id.as_deref().unwrap_or(""), key.track.as_deref().unwrap_or(""));
    of_track(connection, account, content_id, track, key.period)?.ok_or_else(|| {
        StorageError::Broken("a content key was refused, and nothing is in its way".to_owned())
    })
}

pub(super) fn find(
    connection: &Connection,
    account: AccountId,
    kid: Kid,
) -> Result<Option<StoredKey>, StorageError> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys k INDEXED BY content_keys_by_kid CROSS JOIN keks e ON e.id = k.kek \
             WHERE k.account = ?1 AND k.kid = ?2"
        ))?
        .query_row(params![account.0, kid.as_bytes()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// In the order asked.
pub(super) fn find_all(
    connection: &Connection,
    account: AccountId,
    kids: &[Kid],
) -> Result<Vec<Option<StoredKey>>, StorageError> {
    kids.iter().map(|&kid| find(connection, account, kid)).collect()
}

pub(super) fn of_track(
    connection: &Connection,
    account: AccountId,
    content_id: &str,
    track: &str,
    period: Option<u32>,
) -> Result<Option<StoredKey>, StorageError> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys k INDEXED BY content_keys_by_track CROSS JOIN keks e ON e.id = k.kek \
             WHERE k.account = ?1 AND k.content_id = ?2 AND k.track = ?3 AND COALESCE(k.period, -1) = ?4 \
             AND k.only_one = 1"
        ))?
        .query_row(params![account.0, content_id, track, period.map_or(-1, i64::from)], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>) -> Result<StoredKey, StorageError> {
    let expiration: Option<i64> = row.get(6)?;
    Ok(StoredKey {
        kid: Kid::from_bytes(row.get(0)?),
        kind: column::to_kind(row.get(1)?)?,
        sealed: row.get(2)?,
        account_key: KeyId(row.get(3)?),
        version: column::to_number("a version", row.get(4)?)?,
        last_update: column::to_time(row.get(5)?)?,
        expiration: expiration.map(column::to_time).transpose()?,
        kek_id: row.get(7)?,
        info: row.get(8)?,
        content_id: row.get(9)?,
        scheme: row.get(10)?,
        track: row.get(11)?,
        period: row.get(12)?,
        iv: row.get(13)?,
        only_one: row.get(14)?,
    })
}

pub(super) fn update(
    transaction: &Transaction,
    account: AccountId,
    old: &StoredKey,
    new: &StoredKey,
) -> Result<UpdatedKey, StorageError> {
    let connection = &transaction.connection;
    if !account_keys::exists(connection, account, new.account_key)? {
        return Ok(UpdatedKey::AccountKeyGone);
    }
    let found: Option<(bool, i64)> = connection
        .prepare_cached(
            "SELECT swept, kek FROM content_keys WHERE account = ?1 AND kid = ?2 AND version = ?3 AND sealed = ?4",
        )?
        .query_row(
            params![account.0, old.kid.as_bytes(), i64::try_from(old.version).unwrap_or(-1), old.sealed],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((swept, old_kek)) = found else { return Ok(UpdatedKey::Changed) };
    let kek = find_or_make_kek(transaction, account, new.kind, new.kek_id.as_deref())?;
    connection
        .prepare_cached(
            "UPDATE content_keys SET kek = ?3, account_key = ?4, sealed = ?5, version = version + 1, \
             last_update = ?6, swept = ?7, expiration = ?8, period = ?9, content_id = ?10, info = ?11, \
             scheme = ?12, track = ?13, iv = ?14 WHERE account = ?1 AND kid = ?2",
        )?
        .execute(params![
            account.0,
            old.kid.as_bytes(),
            kek,
            new.account_key.0,
            new.sealed,
            column::from_time(new.last_update),
            is_expired(new),
            new.expiration.map(column::from_time),
            new.period,
            new.content_id,
            new.info,
            new.scheme,
            new.track,
            new.iv,
        ])?;
    let mut tally = transaction.tally.borrow_mut();
    tally.account_key(account, old.account_key, swept, -1);
    tally.account_key(account, new.account_key, is_expired(new), 1);
    tally.kek(old_kek, -1);
    tally.kek(kek, 1);
    Ok(UpdatedKey::Updated)
}

pub(super) fn delete(transaction: &Transaction, account: AccountId, kid: Kid) -> Result<bool, StorageError> {
    let deleted: Option<(u32, bool, i64)> = transaction
        .connection
        .prepare_cached(
            "DELETE FROM content_keys WHERE account = ?1 AND kid = ?2 RETURNING account_key, swept, kek",
        )?
        .query_row(params![account.0, kid.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((key, swept, kek)) = deleted else { return Ok(false) };
    let mut tally = transaction.tally.borrow_mut();
    tally.account_key(account, KeyId(key), swept, -1);
    tally.kek(kek, -1);
    Ok(true)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &KeyFilter,
    after: Option<Kid>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<StoredKey>, StorageError> {
    let kek = match &filter.kek {
        None => None,
        Some(KekFilter::Named(name)) => Some(find_kek(connection, account, KeyKind::ClientKek, Some(name))?),
        Some(KekFilter::ServiceHeld) => Some(find_kek(connection, account, KeyKind::ServiceHeld, None)?),
    };
    // A KEK that no key is under has no row.
    if kek == Some(None) {
        return Ok(Vec::new());
    }
    let kek = kek.flatten();
    // The index is named, so that no statistics can ever send a page over the whole table.
    let statement = match (&filter.content_id, kek) {
        (Some(_), _) => concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys k INDEXED BY content_keys_by_content CROSS JOIN keks e ON e.id = k.kek \
             WHERE k.account = ?1 AND k.content_id = ?5 AND k.kid > ?2 AND (?6 IS NULL OR k.kek = ?6) \
             AND k.swept = 0 AND (k.expiration IS NULL OR k.expiration > ?4) ORDER BY k.kid LIMIT ?3"
        ),
        (None, Some((_, keys))) if keys <= FEW_KEYS => concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys k INDEXED BY content_keys_by_kek CROSS JOIN keks e ON e.id = k.kek \
             WHERE k.account = ?1 AND k.kek = ?6 AND k.kid > ?2 AND ?5 IS NULL \
             AND k.swept = 0 AND (k.expiration IS NULL OR k.expiration > ?4) ORDER BY k.kid LIMIT ?3"
        ),
        (None, _) => concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys k INDEXED BY content_keys_by_kid CROSS JOIN keks e ON e.id = k.kek \
             WHERE k.account = ?1 AND k.kid > ?2 AND ?5 IS NULL AND (?6 IS NULL OR k.kek = ?6) \
             AND k.swept = 0 AND (k.expiration IS NULL OR k.expiration > ?4) ORDER BY k.kid LIMIT ?3"
        ),
    };
    rows(
        connection,
        statement,
        params![
            account.0,
            behind(after),
            limit,
            column::from_time(now),
            filter.content_id,
            kek.map(|(kek, _)| kek)
        ],
    )
}

/// An empty blob sorts before every KID.
fn behind(after: Option<Kid>) -> Vec<u8> {
    after.map_or_else(Vec::new, |kid| kid.as_bytes().to_vec())
}

fn rows(
    connection: &Connection,
    statement: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<StoredKey>, StorageError> {
    let mut select = connection.prepare_cached(statement)?;
    let mut rows = select.query(parameters)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

pub(super) fn count(connection: &Connection, account: AccountId) -> Result<u64, StorageError> {
    let count: i64 = connection
        .prepare_cached("SELECT COALESCE(SUM(live_keys), 0) FROM account_keys WHERE account = ?1")?
        .query_row([account.0], |row| row.get(0))?;
    column::to_number("a count of keys", count)
}

pub(super) fn sweep(transaction: &Transaction, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
    let connection = &transaction.connection;
    let found = expired(connection, false, now, limit)?;
    let mut update = connection.prepare_cached("UPDATE content_keys SET swept = 1 WHERE id = ?1")?;
    for row in &found {
        update.execute([row.id])?;
        let mut tally = transaction.tally.borrow_mut();
        tally.account_key(row.account, row.account_key, false, -1);
        tally.account_key(row.account, row.account_key, true, 1);
    }
    Ok(u32::try_from(found.len()).unwrap_or(limit))
}

pub(super) fn purge(transaction: &Transaction, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
    let connection = &transaction.connection;
    let found = expired(connection, true, before, limit)?;
    let mut delete = connection.prepare_cached("DELETE FROM content_keys WHERE id = ?1")?;
    for row in &found {
        delete.execute([row.id])?;
        let mut tally = transaction.tally.borrow_mut();
        tally.account_key(row.account, row.account_key, true, -1);
        tally.kek(row.kek, -1);
    }
    Ok(u32::try_from(found.len()).unwrap_or(limit))
}

struct Expired {
    id: i64,
    account: AccountId,
    account_key: KeyId,
    kek: i64,
}

fn expired(
    connection: &Connection,
    swept: bool,
    by: Timestamp,
    limit: u32,
) -> Result<Vec<Expired>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT id, account, account_key, kek FROM content_keys INDEXED BY content_keys_by_expiration \
         WHERE swept = ?1 AND expiration <= ?2 AND expiration IS NOT NULL LIMIT ?3",
    )?;
    let found = select.query_map(params![swept, column::from_time(by), limit], |row| {
        Ok(Expired {
            id: row.get(0)?,
            account: AccountId(row.get(1)?),
            account_key: KeyId(row.get(2)?),
            kek: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn sealed_under(
    connection: &Connection,
    account: AccountId,
    account_key: KeyId,
    after: Option<Kid>,
    limit: u32,
) -> Result<SealedPage, StorageError> {
    let after = behind(after);
    // The limit counts the rows looked at and not those found, so that a page costs the same when few are left.
    let end: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT kid FROM content_keys WHERE account = ?1 AND kid > ?2 ORDER BY kid LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![account.0, after, limit.saturating_sub(1)], |row| row.get(0))
        .optional()?;
    let keys = rows(
        connection,
        concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys k INDEXED BY content_keys_by_kid CROSS JOIN keks e ON e.id = k.kek \
             WHERE k.account = ?1 AND k.kid > ?2 AND (?4 IS NULL OR k.kid <= ?4) AND k.account_key = ?3 \
             ORDER BY k.kid"
        ),
        params![account.0, after, account_key.0, end],
    )?;
    Ok(SealedPage { keys, next: end.as_deref().map(column::to_kid).transpose()? })
}

pub(super) fn reseal(
    transaction: &Transaction,
    account: AccountId,
    reseals: &[Reseal],
) -> Result<u64, StorageError> {
    let connection = &transaction.connection;
    let mut replaced = 0;
    for reseal in reseals {
        if !account_keys::exists(connection, account, reseal.account_key)? {
            continue;
        }
        let old: Option<(i64, u32, bool)> = connection
            .prepare_cached(
                "SELECT id, account_key, swept FROM content_keys WHERE account = ?1 AND kid = ?2 AND sealed = ?3",
            )?
            .query_row(params![account.0, reseal.kid.as_bytes(), reseal.expected], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((id, key, swept)) = old else { continue };
        connection
            .prepare_cached("UPDATE content_keys SET account_key = ?2, sealed = ?3 WHERE id = ?1")?
            .execute(params![id, reseal.account_key.0, reseal.sealed])?;
        let mut tally = transaction.tally.borrow_mut();
        tally.account_key(account, KeyId(key), swept, -1);
        tally.account_key(account, reseal.account_key, swept, 1);
        replaced += 1;
    }
    Ok(replaced)
}
