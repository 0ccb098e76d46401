//! Redemptions: every look and every write of one is under the same write lock.

use boxoffice_core::account::Balance;
use boxoffice_core::{AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::records;
use crate::{
    Grant, GrantOutcome, NewStream, OneTimeUse, Record, RecordId, RememberedAnswer, RenewOutcome,
    SessionEvent, StorageError, Stream, column,
};

pub(super) fn grant(connection: &Connection, grant: &Grant) -> Result<GrantOutcome, StorageError> {
    let now = grant.record.time;
    // First everything that may stand against it; what refuses has written nothing.
    if let Some(answer) = &grant.answer
        && let Some(known) = remembered_answer(connection, answer.environment, &answer.key, now)?
    {
        return Ok(GrantOutcome::AlreadyAnswered(known));
    }
    let balance: Option<Option<i64>> = connection
        .prepare_cached("SELECT balance FROM accounts WHERE id = ?1")?
        .query_row([grant.account.0], |row| row.get(0))
        .optional()?;
    let Some(balance) = balance else { return Ok(GrantOutcome::AccountGone) };
    if let Some(one_time) = &grant.one_time
        && is_used(connection, one_time)?
    {
        return Ok(GrantOutcome::TokenUsed);
    }
    if let Some(stream) = &grant.stream {
        let playing = streams(connection, grant.account, &stream.user_id, now)?;
        if playing.len() >= usize::from(stream.limit) {
            return Ok(GrantOutcome::TooManyStreams(playing));
        }
    }
    let balance = match column::to_balance(balance)? {
        Balance::Unlimited => Balance::Unlimited,
        Balance::Licences(licences) => match licences.checked_sub(1) {
            None => return Ok(GrantOutcome::InsufficientBalance),
            Some(left) => {
                connection
                    .prepare_cached("UPDATE accounts SET balance = balance - 1 WHERE id = ?1")?
                    .execute([grant.account.0])?;
                Balance::Licences(left)
            }
        },
    };
    if let Some(one_time) = &grant.one_time {
        use_up(connection, one_time)?;
    }
    if let Some(stream) = &grant.stream {
        begin(connection, grant.account, stream, now)?;
    }
    if let Some(answer) = &grant.answer {
        remember(connection, answer, now)?;
    }
    let record = records::insert(connection, &grant.record)?;
    Ok(GrantOutcome::Granted { record, balance })
}

pub(super) fn is_used(connection: &Connection, one_time: &OneTimeUse) -> Result<bool, StorageError> {
    let mut select =
        connection.prepare_cached("SELECT 1 FROM used_tokens WHERE token_id = ?1 AND kid = ?2")?;
    for kid in used_up(one_time) {
        if select.exists(params![one_time.token_id.as_bytes(), kid])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn use_up(connection: &Connection, one_time: &OneTimeUse) -> Result<(), StorageError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO used_tokens (token_id, kid, expires) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    for kid in used_up(one_time) {
        insert.execute(params![one_time.token_id.as_bytes(), kid, column::from_time(one_time.expires)])?;
    }
    Ok(())
}

/// The KIDs; or the empty one, which stands for the whole token.
fn used_up(one_time: &OneTimeUse) -> impl Iterator<Item = &[u8]> {
    let whole: Option<&[u8]> = one_time.kids.is_empty().then_some(&[]);
    one_time.kids.iter().map(|kid: &Kid| kid.as_bytes().as_slice()).chain(whole)
}

pub(super) fn streams(
    connection: &Connection,
    account: AccountId,
    user_id: &str,
    now: Timestamp,
) -> Result<Vec<Stream>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT session, started_at, active_until FROM streams \
         WHERE account = ?1 AND user_id = ?2 AND active_until > ?3 ORDER BY started_at, session",
    )?;
    let mut rows = select.query(params![account.0, user_id, column::from_time(now)])?;
    let mut streams = Vec::new();
    while let Some(row) = rows.next()? {
        streams.push(Stream {
            session: row.get(0)?,
            started_at: column::to_time(row.get(1)?)?,
            active_until: column::to_time(row.get(2)?)?,
        });
    }
    Ok(streams)
}

fn begin(
    connection: &Connection,
    account: AccountId,
    stream: &NewStream,
    now: Timestamp,
) -> Result<(), StorageError> {
    keep_alive(connection, account, &stream.user_id, stream.session, now, stream.active_until)
}

fn keep_alive(
    connection: &Connection,
    account: AccountId,
    user_id: &str,
    session: [u8; 16],
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StorageError> {
    connection
        .prepare_cached(
            "INSERT INTO streams (account, user_id, session, started_at, active_until) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account, user_id, session) \
             DO UPDATE SET active_until = excluded.active_until",
        )?
        .execute(params![account.0, user_id, session, column::from_time(now), column::from_time(until)])?;
    Ok(())
}

pub(super) fn add_record(
    connection: &Connection,
    record: &Record,
    answer: Option<&RememberedAnswer>,
) -> Result<RecordId, StorageError> {
    if let Some(answer) = answer
        && remembered_answer(connection, answer.environment, &answer.key, record.time)?.is_none()
    {
        remember(connection, answer, record.time)?;
    }
    records::insert(connection, record)
}

pub(super) fn remembered_answer(
    connection: &Connection,
    environment: Environment,
    key: &str,
    now: Timestamp,
) -> Result<Option<RememberedAnswer>, StorageError> {
    let found: Option<([u8; 32], Vec<u8>, i64)> = connection
        .prepare_cached(
            "SELECT body_hash, sealed, expires FROM remembered_answers \
             WHERE environment = ?1 AND key = ?2 AND expires > ?3",
        )?
        .query_row(params![environment.number(), key, column::from_time(now)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((body_hash, sealed, expires)) = found else { return Ok(None) };
    let expires = column::to_time(expires)?;
    Ok(Some(RememberedAnswer { environment, key: key.to_owned(), body_hash, sealed, expires }))
}

/// Called where none is remembered that is still good; one that has expired gives way.
fn remember(connection: &Connection, answer: &RememberedAnswer, now: Timestamp) -> Result<(), StorageError> {
    connection
        .prepare_cached(
            "INSERT INTO remembered_answers (environment, key, body_hash, sealed, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (environment, key) DO UPDATE \
             SET body_hash = excluded.body_hash, sealed = excluded.sealed, expires = excluded.expires \
             WHERE expires <= ?6",
        )?
        .execute(params![
            answer.environment.number(),
            answer.key,
            answer.body_hash,
            answer.sealed,
            column::from_time(answer.expires),
            column::from_time(now),
        ])?;
    Ok(())
}

pub(super) fn renew(
    connection: &Connection,
    event: &SessionEvent,
    active_until: Timestamp,
) -> Result<RenewOutcome, StorageError> {
    let released = connection
        .prepare_cached("SELECT 1 FROM released_sessions WHERE session = ?1")?
        .exists(params![event.session])?;
    if released {
        return Ok(RenewOutcome::Released);
    }
    if let Some(user_id) = &event.user_id {
        keep_alive(connection, event.account, user_id, event.session, event.record.time, active_until)?;
    }
    Ok(RenewOutcome::Renewed(records::insert(connection, &event.record)?))
}

pub(super) fn release(
    connection: &Connection,
    event: &SessionEvent,
    expires: Timestamp,
) -> Result<RecordId, StorageError> {
    connection
        .prepare_cached(
            "INSERT INTO released_sessions (session, expires) VALUES (?1, ?2) ON CONFLICT (session) \
             DO UPDATE SET expires = MAX(expires, excluded.expires)",
        )?
        .execute(params![event.session, column::from_time(expires)])?;
    if let Some(user_id) = &event.user_id {
        connection
            .prepare_cached("DELETE FROM streams WHERE account = ?1 AND user_id = ?2 AND session = ?3")?
            .execute(params![event.account.0, user_id, event.session])?;
    }
    records::insert(connection, &event.record)
}

pub(super) fn sweep(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
    let statements = [
        "DELETE FROM used_tokens WHERE (token_id, kid) IN (SELECT token_id, kid FROM used_tokens \
         INDEXED BY used_tokens_by_expiry WHERE expires <= ?1 LIMIT ?2)",
        "DELETE FROM streams WHERE (account, user_id, session) IN (SELECT account, user_id, session FROM streams \
         INDEXED BY streams_by_end WHERE active_until <= ?1 LIMIT ?2)",
        "DELETE FROM released_sessions WHERE session IN (SELECT session FROM released_sessions \
         INDEXED BY released_sessions_by_expiry WHERE expires <= ?1 LIMIT ?2)",
        "DELETE FROM remembered_answers WHERE (environment, key) IN (SELECT environment, key \
         FROM remembered_answers INDEXED BY remembered_answers_by_expiry WHERE expires <= ?1 LIMIT ?2)",
    ];
    let mut forgotten = 0;
    for statement in statements {
        forgotten += connection.prepare_cached(statement)?.execute(params![column::from_time(now), limit])?;
    }
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}
