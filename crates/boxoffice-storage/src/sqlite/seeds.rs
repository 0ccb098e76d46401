//! Key seeds and their contents.

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account_keys;
use crate::{
    AddedSeed, Content, ContentNames, NewSeed, RecordedContent, RetiredSeed, Seed, SeedId, StorageError,
    column,
};

pub(super) fn add(connection: &Connection, new: &NewSeed) -> Result<AddedSeed, StorageError> {
    if !account_keys::exists(connection, new.account, new.account_key)? {
        return Ok(AddedSeed::AccountKeyGone);
    }
    if new.kind.is_open() {
        let open: Option<i64> = connection
            .prepare_cached("SELECT id FROM seeds WHERE account = ?1 AND kind <> 0 AND retired_at IS NULL")?
            .query_row([new.account.0], |row| row.get(0))
            .optional()?;
        if let Some(id) = open {
            return Ok(AddedSeed::OpenSeedExists(seed_id(id)?));
        }
    }
    let id: i64 = connection
        .prepare_cached(
            "INSERT INTO seeds (account, kind, imported, account_key, sealed, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        )?
        .query_row(
            params![
                new.account.0,
                column::from_seed_kind(new.kind),
                new.imported,
                new.account_key.0,
                new.sealed,
                column::from_time(new.created_at),
            ],
            |row| row.get(0),
        )?;
    Ok(AddedSeed::Added(seed_id(id)?))
}

pub(super) fn all(connection: &Connection, account: Option<AccountId>) -> Result<Vec<Seed>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT id, account, kind, imported, account_key, sealed, created_at, retired_at FROM seeds \
         WHERE account = ?1 OR ?1 IS NULL ORDER BY id",
    )?;
    let mut rows = select.query(params![account.map(|account| account.0)])?;
    let mut seeds = Vec::new();
    while let Some(row) = rows.next()? {
        let retired_at: Option<i64> = row.get(7)?;
        seeds.push(Seed {
            id: seed_id(row.get(0)?)?,
            seed: NewSeed {
                account: AccountId(row.get(1)?),
                kind: column::to_seed_kind(row.get(2)?)?,
                imported: row.get(3)?,
                account_key: KeyId(row.get(4)?),
                sealed: row.get(5)?,
                created_at: column::to_time(row.get(6)?)?,
            },
            retired_at: retired_at.map(column::to_time).transpose()?,
        });
    }
    Ok(seeds)
}

pub(super) fn retire(
    connection: &Connection,
    id: SeedId,
    at: Timestamp,
    force: bool,
) -> Result<RetiredSeed, StorageError> {
    let Ok(number) = i64::try_from(id.0) else { return Ok(RetiredSeed::Unknown) };
    let there = connection
        .prepare_cached("SELECT 1 FROM seeds WHERE id = ?1 AND retired_at IS NULL")?
        .exists([number])?;
    if !there {
        return Ok(RetiredSeed::Unknown);
    }
    if !force {
        let contents: i64 = connection
            .prepare_cached("SELECT COUNT(*) FROM contents WHERE seed = ?1 AND deleted_at IS NULL")?
            .query_row([number], |row| row.get(0))?;
        if contents > 0 {
            return Ok(RetiredSeed::HasContents(column::to_number("a count of contents", contents)?));
        }
    }
    connection
        .prepare_cached("UPDATE seeds SET retired_at = ?2 WHERE id = ?1")?
        .execute(params![number, column::from_time(at)])?;
    Ok(RetiredSeed::Retired)
}

pub(super) fn reseal(
    connection: &Connection,
    id: SeedId,
    expected: &[u8],
    account_key: KeyId,
    sealed: &[u8],
) -> Result<bool, StorageError> {
    let Ok(number) = i64::try_from(id.0) else { return Ok(false) };
    let changed = connection
        .prepare_cached(
            "UPDATE seeds SET account_key = ?3, sealed = ?4 WHERE id = ?1 AND sealed = ?2 \
             AND EXISTS (SELECT 1 FROM account_keys k WHERE k.account = seeds.account AND k.id = ?3)",
        )?
        .execute(params![number, expected, account_key.0, sealed])?;
    Ok(changed == 1)
}

pub(super) fn record_content(
    connection: &Connection,
    content: &Content,
) -> Result<RecordedContent, StorageError> {
    let Ok(seed) = i64::try_from(content.seed.0) else { return Ok(RecordedContent::SeedGone) };
    let account: Option<u32> = connection
        .prepare_cached("SELECT account FROM seeds WHERE id = ?1 AND retired_at IS NULL")?
        .query_row([seed], |row| row.get(0))
        .optional()?;
    let Some(account) = account else { return Ok(RecordedContent::SeedGone) };
    let content_id = content.names.as_ref().map(|names| &names.content_id);
    let track = content.names.as_ref().map(|names| &names.track);
    // A row without names takes them; any other stays as it is.
    let written = connection
        .prepare_cached(
            "INSERT INTO contents (seed, tag, account, content_id, track, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (seed, tag) DO UPDATE \
             SET content_id = excluded.content_id, track = excluded.track \
             WHERE content_id IS NULL AND excluded.content_id IS NOT NULL AND deleted_at IS NULL",
        )?
        .execute(params![
            seed,
            content.tag,
            account,
            content_id,
            track,
            column::from_time(content.created_at)
        ])?;
    if written == 1 {
        return Ok(RecordedContent::Recorded);
    }
    find_content(connection, seed, content.tag)?
        .map(RecordedContent::Existing)
        .ok_or_else(|| StorageError::Broken("a content row was refused, and none is in its way".to_owned()))
}

pub(super) fn contents(
    connection: &Connection,
    seed: SeedId,
    tags: &[[u8; 8]],
) -> Result<Vec<Option<Content>>, StorageError> {
    let seed = i64::try_from(seed.0).unwrap_or(-1);
    tags.iter().map(|&tag| find_content(connection, seed, tag)).collect()
}

fn find_content(connection: &Connection, seed: i64, tag: [u8; 8]) -> Result<Option<Content>, StorageError> {
    connection
        .prepare_cached(
            "SELECT seed, tag, content_id, track, created_at, deleted_at FROM contents WHERE seed = ?1 AND tag = ?2",
        )?
        .query_row(params![seed, tag], |row| Ok(read_content(row)))
        .optional()?
        .transpose()
}

pub(super) fn list_contents(
    connection: &Connection,
    account: AccountId,
    after: Option<(SeedId, [u8; 8])>,
    limit: u32,
) -> Result<Vec<Content>, StorageError> {
    let (seed, tag) = after
        .map_or((-1, Vec::new()), |(seed, tag)| (i64::try_from(seed.0).unwrap_or(i64::MAX), tag.to_vec()));
    let mut select = connection.prepare_cached(
        "SELECT seed, tag, content_id, track, created_at, deleted_at FROM contents \
         WHERE seed IN (SELECT id FROM seeds WHERE account = ?1) AND (seed, tag) > (?2, ?3) \
         ORDER BY seed, tag LIMIT ?4",
    )?;
    let mut rows = select.query(params![account.0, seed, tag, limit])?;
    let mut contents = Vec::new();
    while let Some(row) = rows.next()? {
        contents.push(read_content(row)?);
    }
    Ok(contents)
}

pub(super) fn delete_content(
    connection: &Connection,
    account: AccountId,
    content_id: &[u8],
    at: Timestamp,
) -> Result<u64, StorageError> {
    let deleted = connection
        .prepare_cached(
            "UPDATE contents SET deleted_at = ?3 WHERE account = ?1 AND content_id = ?2 AND deleted_at IS NULL",
        )?
        .execute(params![account.0, content_id, column::from_time(at)])?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

fn read_content(row: &Row<'_>) -> Result<Content, StorageError> {
    let content_id: Option<Vec<u8>> = row.get(2)?;
    let track: Option<String> = row.get(3)?;
    let deleted_at: Option<i64> = row.get(5)?;
    Ok(Content {
        seed: seed_id(row.get(0)?)?,
        tag: row.get(1)?,
        names: content_id.zip(track).map(|(content_id, track)| ContentNames { content_id, track }),
        created_at: column::to_time(row.get(4)?)?,
        deleted_at: deleted_at.map(column::to_time).transpose()?,
    })
}

fn seed_id(number: i64) -> Result<SeedId, StorageError> {
    column::to_number("a seed's number", number).map(SeedId)
}
