//! Key seeds and their contents.

use std::collections::HashMap;

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::error::Fault;
use super::{account_keys, row};
use crate::{AddedSeed, Content, ContentNames, NewSeed, RecordedContent, RetiredSeed, Seed, SeedId, column};

pub(super) async fn add(transaction: &Transaction<'_>, new: &NewSeed) -> Result<AddedSeed, Fault> {
    if account_keys::lock(transaction, &[(new.account, new.account_key)]).await?.is_empty() {
        return Ok(AddedSeed::AccountKeyGone);
    }
    let account = i64::from(new.account.0);
    let insert = transaction
        .prepare_cached(
            "INSERT INTO seeds (account, kind, imported, account_key, sealed, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
        )
        .await?;
    let added = transaction
        .query_opt(
            &insert,
            &[
                &account,
                &column::from_seed_kind(new.kind),
                &new.imported,
                &i64::from(new.account_key.0),
                &new.sealed,
                &column::from_time(new.created_at),
            ],
        )
        .await?;
    if let Some(added) = added {
        return Ok(AddedSeed::Added(seed_id(&added, 0)?));
    }
    let select = transaction
        .prepare_cached("SELECT id FROM seeds WHERE account = $1 AND kind <> 0 AND retired_at IS NULL")
        .await?;
    let open = transaction.query_opt(&select, &[&account]).await?;
    let open = open
        .ok_or_else(|| Fault::Conflict("a seed was refused, and what was in its way has gone".to_owned()))?;
    Ok(AddedSeed::OpenSeedExists(seed_id(&open, 0)?))
}

pub(super) async fn all(client: &impl GenericClient, account: Option<AccountId>) -> Result<Vec<Seed>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT id, account, kind, imported, account_key, sealed, created_at, retired_at FROM seeds \
             WHERE account = $1 OR $1::int8 IS NULL ORDER BY id",
        )
        .await?;
    let found = client.query(&select, &[&account.map(|account| i64::from(account.0))]).await?;
    found
        .iter()
        .map(|from| {
            let retired_at: Option<i64> = row::get(from, 7)?;
            Ok(Seed {
                id: seed_id(from, 0)?,
                seed: NewSeed {
                    account: AccountId(row::number(from, 1, "an account's number")?),
                    kind: column::to_seed_kind(row::get(from, 2)?)?,
                    imported: row::get(from, 3)?,
                    account_key: KeyId(row::number(from, 4, "an account key's number")?),
                    sealed: row::get(from, 5)?,
                    created_at: column::to_time(row::get(from, 6)?)?,
                },
                retired_at: retired_at.map(column::to_time).transpose()?,
            })
        })
        .collect()
}

/// Locks a seed that is not retired and returns whose it is.
async fn lock(transaction: &Transaction<'_>, seed: i64) -> Result<Option<i64>, Fault> {
    let select = transaction
        .prepare_cached("SELECT account FROM seeds WHERE id = $1 AND retired_at IS NULL FOR UPDATE")
        .await?;
    let found = transaction.query_opt(&select, &[&seed]).await?;
    found.map(|found| row::get(&found, 0)).transpose()
}

pub(super) async fn retire(
    transaction: &Transaction<'_>,
    id: SeedId,
    at: Timestamp,
    force: bool,
) -> Result<RetiredSeed, Fault> {
    let Ok(number) = i64::try_from(id.0) else { return Ok(RetiredSeed::Unknown) };
    if lock(transaction, number).await?.is_none() {
        return Ok(RetiredSeed::Unknown);
    }
    if !force {
        let select = transaction
            .prepare_cached("SELECT COUNT(*) FROM contents WHERE seed = $1 AND deleted_at IS NULL")
            .await?;
        let contents =
            row::number(&transaction.query_one(&select, &[&number]).await?, 0, "a count of contents")?;
        if contents > 0 {
            return Ok(RetiredSeed::HasContents(contents));
        }
    }
    let update = transaction.prepare_cached("UPDATE seeds SET retired_at = $2 WHERE id = $1").await?;
    transaction.execute(&update, &[&number, &column::from_time(at)]).await?;
    Ok(RetiredSeed::Retired)
}

pub(super) async fn reseal(
    transaction: &Transaction<'_>,
    id: SeedId,
    expected: &[u8],
    account_key: KeyId,
    sealed: &[u8],
) -> Result<bool, Fault> {
    let Ok(number) = i64::try_from(id.0) else { return Ok(false) };
    let select = transaction.prepare_cached("SELECT account FROM seeds WHERE id = $1").await?;
    let Some(found) = transaction.query_opt(&select, &[&number]).await? else { return Ok(false) };
    let account = AccountId(row::number(&found, 0, "an account's number")?);
    if account_keys::lock(transaction, &[(account, account_key)]).await?.is_empty() {
        return Ok(false);
    }
    let update = transaction
        .prepare_cached("UPDATE seeds SET account_key = $3, sealed = $4 WHERE id = $1 AND sealed = $2")
        .await?;
    let changed =
        transaction.execute(&update, &[&number, &expected, &i64::from(account_key.0), &sealed]).await?;
    Ok(changed == 1)
}

pub(super) async fn record_content(
    transaction: &Transaction<'_>,
    content: &Content,
) -> Result<RecordedContent, Fault> {
    let Ok(seed) = i64::try_from(content.seed.0) else { return Ok(RecordedContent::SeedGone) };
    // Locked, so that it is not retired in between.
    let Some(account) = lock(transaction, seed).await? else { return Ok(RecordedContent::SeedGone) };
    // A row without names takes them; any other stays as it is.
    let insert = transaction
        .prepare_cached(
            "INSERT INTO contents (seed, tag, account, content_id, track, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (seed, tag) DO UPDATE \
             SET content_id = excluded.content_id, track = excluded.track \
             WHERE contents.content_id IS NULL AND excluded.content_id IS NOT NULL \
             AND contents.deleted_at IS NULL",
        )
        .await?;
    let written = transaction
        .execute(
            &insert,
            &[
                &seed,
                &content.tag.as_slice(),
                &account,
                &content.names.as_ref().map(|names| names.content_id.as_slice()),
                &content.names.as_ref().map(|names| names.track.as_bytes()),
                &column::from_time(content.created_at),
            ],
        )
        .await?;
    if written == 1 {
        return Ok(RecordedContent::Recorded);
    }
    let found = contents(transaction, content.seed, &[content.tag]).await?.into_iter().next().flatten();
    let found = found.ok_or_else(|| {
        Fault::Conflict("a content row was refused, and what was in its way has gone".to_owned())
    })?;
    Ok(RecordedContent::Existing(found))
}

pub(super) async fn contents(
    client: &impl GenericClient,
    seed: SeedId,
    tags: &[[u8; 8]],
) -> Result<Vec<Option<Content>>, Fault> {
    let seed = i64::try_from(seed.0).unwrap_or(-1);
    let select = client
        .prepare_cached(
            "SELECT seed, tag, content_id, track, created_at, deleted_at FROM contents \
             WHERE seed = $1 AND tag = ANY($2)",
        )
        .await?;
    let bytes: Vec<&[u8]> = tags.iter().map(<[u8; 8]>::as_slice).collect();
    let mut found = HashMap::new();
    for from in client.query(&select, &[&seed, &bytes]).await? {
        let content = read_content(&from)?;
        found.insert(content.tag, content);
    }
    Ok(tags.iter().map(|tag| found.get(tag).cloned()).collect())
}

pub(super) async fn list_contents(
    client: &impl GenericClient,
    account: AccountId,
    after: Option<(SeedId, [u8; 8])>,
    limit: u32,
) -> Result<Vec<Content>, Fault> {
    let (seed, tag) = after
        .map_or((-1, Vec::new()), |(seed, tag)| (i64::try_from(seed.0).unwrap_or(i64::MAX), tag.to_vec()));
    let select = client
        .prepare_cached(
            "SELECT seed, tag, content_id, track, created_at, deleted_at FROM contents \
             WHERE seed IN (SELECT id FROM seeds WHERE account = $1) AND (seed, tag) > ($2, $3) \
             ORDER BY seed, tag LIMIT $4",
        )
        .await?;
    let found = client.query(&select, &[&i64::from(account.0), &seed, &tag, &i64::from(limit)]).await?;
    found.iter().map(read_content).collect()
}

pub(super) async fn delete_content(
    client: &impl GenericClient,
    account: AccountId,
    content_id: &[u8],
    at: Timestamp,
) -> Result<u64, Fault> {
    let update = client
        .prepare_cached(
            "UPDATE contents SET deleted_at = $3 WHERE account = $1 AND content_id = $2 AND deleted_at IS NULL",
        )
        .await?;
    Ok(client.execute(&update, &[&i64::from(account.0), &content_id, &column::from_time(at)]).await?)
}

fn read_content(from: &Row) -> Result<Content, Fault> {
    let content_id: Option<Vec<u8>> = row::get(from, 2)?;
    let track = row::optional_text(from, 3)?;
    let deleted_at: Option<i64> = row::get(from, 5)?;
    Ok(Content {
        seed: seed_id(from, 0)?,
        tag: row::array(from, 1, "a tag")?,
        names: content_id.zip(track).map(|(content_id, track)| ContentNames { content_id, track }),
        created_at: column::to_time(row::get(from, 4)?)?,
        deleted_at: deleted_at.map(column::to_time).transpose()?,
    })
}

fn seed_id(from: &Row, index: usize) -> Result<SeedId, Fault> {
    row::number(from, index, "a seed's number").map(SeedId)
}
