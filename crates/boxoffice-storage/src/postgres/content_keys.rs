//! Content keys.

use std::collections::{BTreeSet, HashMap};

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use deadpool_postgres::{GenericClient, Transaction};
use drm_primitives::Kid;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::group::Batch;
use super::tally::Tally;
use super::{account_keys, key_audit, row};
use crate::key_audit::EncodedRecords;
use crate::{CreatedKey, KekFilter, KeyFilter, Reseal, SealedPage, StoredKey, UpdatedKey, column};

/// In the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "kid, kind, sealed, account_key, version, last_update, expiration, kek_id, info, content_id, scheme, track, \
         period, iv, only_one"
    };
}

/// Creates that wait together.
pub(super) struct Create;

impl Batch for Create {
    /// The key, and the record of its creation.
    type Job = ((AccountId, StoredKey), EncodedRecords);
    type Outcome = CreatedKey;
    const MOST: usize = 512;

    async fn run(transaction: &Transaction<'_>, jobs: &[Self::Job]) -> Result<Vec<CreatedKey>, Fault> {
        let keys: Vec<_> = jobs.iter().map(|(key, _)| key.clone()).collect();
        let created = create(transaction, &keys).await?;
        let recorded = jobs.iter().zip(&created).filter(|(_, created)| **created == CreatedKey::Created);
        key_audit::append(transaction, recorded.map(|((_, record), _)| record)).await?;
        Ok(created)
    }
}

pub(super) async fn create(
    transaction: &Transaction<'_>,
    keys: &[(AccountId, StoredKey)],
) -> Result<Vec<CreatedKey>, Fault> {
    let sealing: BTreeSet<_> = keys.iter().map(|(account, key)| (*account, key.account_key)).collect();
    let there = account_keys::lock(transaction, &sealing.into_iter().collect::<Vec<_>>()).await?;
    let storable: Vec<_> =
        keys.iter().filter(|(account, key)| there.contains(&(*account, key.account_key))).collect();
    let mut created = insert(transaction, &storable).await?;
    let mut tally = Tally::default();
    let mut outcomes = Vec::with_capacity(keys.len());
    for (account, key) in keys {
        if !there.contains(&(*account, key.account_key)) {
            outcomes.push(CreatedKey::AccountKeyGone);
        } else if created.get_mut(&(*account, key.kid)).is_some_and(|sealed| take(sealed, &key.sealed)) {
            tally.count(*account, key.account_key, is_expired(key), 1);
            outcomes.push(CreatedKey::Created);
        } else {
            outcomes.push(CreatedKey::Existing(Box::new(in_the_way(transaction, *account, key).await?)));
        }
    }
    tally.write(transaction).await?;
    Ok(outcomes)
}

/// Gives what was inserted to the first job whose it is: of two with the same KID one has lost.
fn take(inserted: &mut Option<Vec<u8>>, sealed: &[u8]) -> bool {
    inserted.take_if(|inserted| inserted == sealed).is_some()
}

/// Inserts in the order of KIDs, so that two nodes with the same ones wait and do not stop each other; returns the
/// seals of what went in.
async fn insert(
    transaction: &Transaction<'_>,
    keys: &[&(AccountId, StoredKey)],
) -> Result<HashMap<(AccountId, Kid), Option<Vec<u8>>>, Fault> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let bytes = |text: &'_ Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    let accounts: Vec<i64> = keys.iter().map(|(account, _)| i64::from(account.0)).collect();
    let kids = all(keys, |key| key.kid.as_bytes().as_slice());
    let key_kinds = all(keys, |key| column::from_kind(key.kind));
    let kek_ids = all(keys, |key| bytes(&key.kek_id));
    let account_keys = all(keys, |key| i64::from(key.account_key.0));
    let seals = all(keys, |key| key.sealed.as_slice());
    let updates = all(keys, |key| column::from_time(key.last_update));
    let swept = all(keys, is_expired);
    let only_ones = all(keys, |key| key.only_one);
    let expirations = all(keys, |key| key.expiration.map(column::from_time));
    let periods = all(keys, |key| key.period.map(i64::from));
    let content_ids = all(keys, |key| bytes(&key.content_id));
    let infos = all(keys, |key| bytes(&key.info));
    let schemes = all(keys, |key| bytes(&key.scheme));
    let tracks = all(keys, |key| bytes(&key.track));
    let ivs = all(keys, |key| key.iv.as_deref());
    let insert = transaction
        .prepare_cached(
            "INSERT INTO content_keys (account, kid, kind, kek_id, account_key, sealed, version, last_update, swept, \
             only_one, expiration, period, content_id, info, scheme, track, iv) \
             SELECT n.account, n.kid, n.kind, n.kek_id, n.account_key, n.sealed, 1, n.last_update, n.swept, \
             n.only_one, n.expiration, n.period, n.content_id, n.info, n.scheme, n.track, n.iv \
             FROM unnest($1::int8[], $2::bytea[], $3::int8[], $4::bytea[], $5::int8[], $6::bytea[], $7::int8[], \
             $8::bool[], $9::bool[], $10::int8[], $11::int8[], $12::bytea[], $13::bytea[], $14::bytea[], \
             $15::bytea[], $16::bytea[]) WITH ORDINALITY AS n (account, kid, kind, kek_id, account_key, sealed, \
             last_update, swept, only_one, expiration, period, content_id, info, scheme, track, iv, position) \
             ORDER BY n.account, n.kid, n.position ON CONFLICT DO NOTHING RETURNING account, kid, sealed",
        )
        .await?;
    let parameters: [&(dyn ToSql + Sync); 16] = [
        &accounts,
        &kids,
        &key_kinds,
        &kek_ids,
        &account_keys,
        &seals,
        &updates,
        &swept,
        &only_ones,
        &expirations,
        &periods,
        &content_ids,
        &infos,
        &schemes,
        &tracks,
        &ivs,
    ];
    let inserted = transaction.query(&insert, &parameters).await?;
    inserted
        .iter()
        .map(|from| {
            let account = AccountId(row::number(from, 0, "an account's number")?);
            Ok(((account, Kid::from_bytes(row::array(from, 1, "a KID")?)), Some(row::get(from, 2)?)))
        })
        .collect()
}

/// A column of all keys.
fn all<'a, T>(keys: &[&'a (AccountId, StoredKey)], of: impl Fn(&'a StoredKey) -> T) -> Vec<T> {
    keys.iter().map(|(_, key)| of(key)).collect()
}

/// Whether a row goes in, or changes, as one that is not counted.
fn is_expired(key: &StoredKey) -> bool {
    key.expiration.is_some_and(|expiration| expiration <= key.last_update)
}

async fn in_the_way(
    transaction: &Transaction<'_>,
    account: AccountId,
    key: &StoredKey,
) -> Result<StoredKey, Fault> {
    if let Some(found) = find(transaction, account, &[key.kid]).await?.into_iter().next().flatten() {
        return Ok(found);
    }
    let (content_id, track) = (key.content_id.as_deref().unwrap_or(""), key.track.as_deref().unwrap_or(""));
    let found = of_track(transaction, account, content_id, track, key.period).await?;
    found.ok_or_else(|| {
        Fault::Conflict("a content key was refused, and what was in its way has gone".to_owned())
    })
}

pub(super) async fn find(
    client: &impl GenericClient,
    account: AccountId,
    kids: &[Kid],
) -> Result<Vec<Option<StoredKey>>, Fault> {
    let select = client
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys WHERE account = $1 AND kid = ANY($2)"
        ))
        .await?;
    let bytes: Vec<&[u8]> = kids.iter().map(|kid| kid.as_bytes().as_slice()).collect();
    let mut found = HashMap::new();
    for from in client.query(&select, &[&i64::from(account.0), &bytes]).await? {
        let key = read(&from)?;
        found.insert(key.kid, key);
    }
    Ok(kids.iter().map(|kid| found.get(kid).cloned()).collect())
}

pub(super) async fn of_track(
    client: &impl GenericClient,
    account: AccountId,
    content_id: &str,
    track: &str,
    period: Option<u32>,
) -> Result<Option<StoredKey>, Fault> {
    let select = client
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys WHERE account = $1 AND content_id = $2 AND track = $3 \
             AND COALESCE(period, -1) = $4 AND only_one"
        ))
        .await?;
    let period = period.map_or(-1, i64::from);
    let found = client
        .query_opt(&select, &[&i64::from(account.0), &content_id.as_bytes(), &track.as_bytes(), &period])
        .await?;
    found.as_ref().map(read).transpose()
}

fn read(from: &Row) -> Result<StoredKey, Fault> {
    let expiration: Option<i64> = row::get(from, 6)?;
    let period: Option<i64> = row::get(from, 12)?;
    Ok(StoredKey {
        kid: Kid::from_bytes(row::array(from, 0, "a KID")?),
        kind: column::to_kind(row::get(from, 1)?)?,
        sealed: row::get(from, 2)?,
        account_key: KeyId(row::number(from, 3, "an account key's number")?),
        version: row::number(from, 4, "a version")?,
        last_update: column::to_time(row::get(from, 5)?)?,
        expiration: expiration.map(column::to_time).transpose()?,
        kek_id: row::optional_text(from, 7)?,
        info: row::optional_text(from, 8)?,
        content_id: row::optional_text(from, 9)?,
        scheme: row::optional_text(from, 10)?,
        track: row::optional_text(from, 11)?,
        period: period.map(|period| column::to_number("a period", period)).transpose()?,
        iv: row::get(from, 13)?,
        only_one: row::get(from, 14)?,
    })
}

pub(super) async fn update(
    transaction: &Transaction<'_>,
    account: AccountId,
    old: &StoredKey,
    new: &StoredKey,
) -> Result<UpdatedKey, Fault> {
    let sealing = BTreeSet::from([(account, old.account_key), (account, new.account_key)]);
    let there = account_keys::lock(transaction, &sealing.into_iter().collect::<Vec<_>>()).await?;
    if !there.contains(&(account, new.account_key)) {
        return Ok(UpdatedKey::AccountKeyGone);
    }
    let number = i64::from(account.0);
    let select = transaction
        .prepare_cached(
            "SELECT swept FROM content_keys WHERE account = $1 AND kid = $2 AND version = $3 AND sealed = $4 \
             FOR UPDATE",
        )
        .await?;
    let version = i64::try_from(old.version).unwrap_or(-1);
    let found = transaction
        .query_opt(&select, &[&number, &old.kid.as_bytes().as_slice(), &version, &old.sealed])
        .await?;
    let Some(found) = found else { return Ok(UpdatedKey::Changed) };
    let swept: bool = row::get(&found, 0)?;
    let update = transaction
        .prepare_cached(
            "UPDATE content_keys SET kind = $3, kek_id = $4, account_key = $5, sealed = $6, version = version + 1, \
             last_update = $7, swept = $8, expiration = $9, period = $10, content_id = $11, info = $12, \
             scheme = $13, track = $14, iv = $15 WHERE account = $1 AND kid = $2",
        )
        .await?;
    let bytes = |text: &'_ Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    transaction
        .execute(
            &update,
            &[
                &number,
                &old.kid.as_bytes().as_slice(),
                &column::from_kind(new.kind),
                &bytes(&new.kek_id),
                &i64::from(new.account_key.0),
                &new.sealed,
                &column::from_time(new.last_update),
                &is_expired(new),
                &new.expiration.map(column::from_time),
                &new.period.map(i64::from),
                &bytes(&new.content_id),
                &bytes(&new.info),
                &bytes(&new.scheme),
                &bytes(&new.track),
                &new.iv,
            ],
        )
        .await?;
    let mut tally = Tally::default();
    tally.count(account, old.account_key, swept, -1);
    tally.count(account, new.account_key, is_expired(new), 1);
    tally.write(transaction).await?;
    Ok(UpdatedKey::Updated)
}

pub(super) async fn delete(
    transaction: &Transaction<'_>,
    account: AccountId,
    kid: Kid,
) -> Result<bool, Fault> {
    let delete = transaction
        .prepare_cached(
            "DELETE FROM content_keys WHERE account = $1 AND kid = $2 RETURNING account_key, swept",
        )
        .await?;
    let deleted =
        transaction.query_opt(&delete, &[&i64::from(account.0), &kid.as_bytes().as_slice()]).await?;
    let Some(deleted) = deleted else { return Ok(false) };
    let mut tally = Tally::default();
    let key = KeyId(row::number(&deleted, 0, "an account key's number")?);
    tally.count(account, key, row::get(&deleted, 1)?, -1);
    tally.write(transaction).await?;
    Ok(true)
}

pub(super) async fn list(
    client: &impl GenericClient,
    account: AccountId,
    filter: &KeyFilter,
    after: Option<Kid>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<StoredKey>, Fault> {
    let (account, after) = (i64::from(account.0), behind(after));
    let (limit, now) = (i64::from(limit), column::from_time(now));
    let content_id = filter.content_id.as_ref().map(String::as_bytes);
    let kek_id = match &filter.kek {
        Some(KekFilter::Named(name)) => Some(name.as_bytes()),
        None | Some(KekFilter::ServiceHeld) => None,
    };
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&account, &after, &limit, &now];
    parameters.extend(content_id.as_ref().map(|content_id| content_id as &(dyn ToSql + Sync)));
    parameters.extend(kek_id.as_ref().map(|kek_id| kek_id as &(dyn ToSql + Sync)));
    // Kinds 0 and 1 are those of column.rs.
    let conditions = match (&content_id, &filter.kek) {
        (None, None) => "",
        (None, Some(KekFilter::Named(_))) => " AND kind = 0 AND kek_id = $5",
        (None, Some(KekFilter::ServiceHeld)) => " AND kind = 1 AND kek_id IS NULL",
        (Some(_), None) => " AND content_id = $5",
        (Some(_), Some(KekFilter::Named(_))) => " AND content_id = $5 AND kind = 0 AND kek_id = $6",
        (Some(_), Some(KekFilter::ServiceHeld)) => " AND content_id = $5 AND kind = 1 AND kek_id IS NULL",
    };
    let select = format!(
        concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys WHERE account = $1 AND kid > $2{} AND NOT swept \
             AND (expiration IS NULL OR expiration > $4) ORDER BY kid LIMIT $3"
        ),
        conditions
    );
    let select = client.prepare_cached(&select).await?;
    client.query(&select, &parameters).await?.iter().map(read).collect()
}

/// No bytes sort before every KID.
fn behind(after: Option<Kid>) -> Vec<u8> {
    after.map_or_else(Vec::new, |kid| kid.as_bytes().to_vec())
}

pub(super) async fn count(client: &impl GenericClient, account: AccountId) -> Result<u64, Fault> {
    let select = client
        .prepare_cached("SELECT COALESCE(SUM(live_keys), 0)::int8 FROM account_keys WHERE account = $1")
        .await?;
    row::number(&client.query_one(&select, &[&i64::from(account.0)]).await?, 0, "a count of keys")
}

/// Nodes that sweep at the same time take different rows.
pub(super) async fn sweep(transaction: &Transaction<'_>, now: Timestamp, limit: u32) -> Result<u32, Fault> {
    let update = transaction
        .prepare_cached(
            "UPDATE content_keys SET swept = true WHERE (account, kid) IN (\
             SELECT account, kid FROM content_keys WHERE NOT swept AND expiration <= $1 \
             AND expiration IS NOT NULL LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING account, account_key",
        )
        .await?;
    let swept = transaction.query(&update, &[&column::from_time(now), &i64::from(limit)]).await?;
    let mut tally = Tally::default();
    for from in &swept {
        let account = AccountId(row::number(from, 0, "an account's number")?);
        let key = KeyId(row::number(from, 1, "an account key's number")?);
        tally.count(account, key, false, -1);
        tally.count(account, key, true, 1);
    }
    tally.write(transaction).await?;
    Ok(u32::try_from(swept.len()).unwrap_or(limit))
}

pub(super) async fn purge(
    transaction: &Transaction<'_>,
    before: Timestamp,
    limit: u32,
) -> Result<u32, Fault> {
    let delete = transaction
        .prepare_cached(
            "DELETE FROM content_keys WHERE (account, kid) IN (\
             SELECT account, kid FROM content_keys WHERE swept AND expiration <= $1 \
             AND expiration IS NOT NULL LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING account, account_key",
        )
        .await?;
    let purged = transaction.query(&delete, &[&column::from_time(before), &i64::from(limit)]).await?;
    let mut tally = Tally::default();
    for from in &purged {
        let account = AccountId(row::number(from, 0, "an account's number")?);
        tally.count(account, KeyId(row::number(from, 1, "an account key's number")?), true, -1);
    }
    tally.write(transaction).await?;
    Ok(u32::try_from(purged.len()).unwrap_or(limit))
}

pub(super) async fn sealed_under(
    client: &impl GenericClient,
    account: AccountId,
    account_key: KeyId,
    after: Option<Kid>,
    limit: u32,
) -> Result<SealedPage, Fault> {
    let (account, after) = (i64::from(account.0), behind(after));
    // The limit counts the rows looked at and not those found, so that a page costs the same when few are left.
    let select = client
        .prepare_cached(
            "SELECT kid FROM content_keys WHERE account = $1 AND kid > $2 ORDER BY kid LIMIT 1 OFFSET $3",
        )
        .await?;
    let last = i64::from(limit.saturating_sub(1));
    let end = client.query_opt(&select, &[&account, &after, &last]).await?;
    let end: Option<Vec<u8>> = end.map(|end| row::get(&end, 0)).transpose()?;
    let select = client
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys WHERE account = $1 AND kid > $2 AND ($4::bytea IS NULL OR kid <= $4) \
             AND account_key = $3 ORDER BY kid"
        ))
        .await?;
    let found = client.query(&select, &[&account, &after, &i64::from(account_key.0), &end]).await?;
    let keys = found.iter().map(read).collect::<Result<_, _>>()?;
    Ok(SealedPage { keys, next: end.as_deref().map(column::to_kid).transpose()? })
}

pub(super) async fn reseal(
    transaction: &Transaction<'_>,
    account: AccountId,
    reseals: &[Reseal],
) -> Result<u64, Fault> {
    let sealing: BTreeSet<_> = reseals.iter().map(|reseal| (account, reseal.account_key)).collect();
    let there = account_keys::lock(transaction, &sealing.into_iter().collect::<Vec<_>>()).await?;
    let number = i64::from(account.0);
    let kids: Vec<&[u8]> = reseals.iter().map(|reseal| reseal.kid.as_bytes().as_slice()).collect();
    let select = transaction
        .prepare_cached(
            "SELECT kid, sealed, account_key, swept FROM content_keys \
             WHERE account = $1 AND kid = ANY($2) ORDER BY kid FOR UPDATE",
        )
        .await?;
    let mut rows = HashMap::new();
    for from in transaction.query(&select, &[&number, &kids]).await? {
        let kid = Kid::from_bytes(row::array(&from, 0, "a KID")?);
        let key = KeyId(row::number(&from, 2, "an account key's number")?);
        let seal: (Vec<u8>, KeyId, bool) = (row::get(&from, 1)?, key, row::get(&from, 3)?);
        rows.insert(kid, seal);
    }
    let update = transaction
        .prepare_cached(
            "UPDATE content_keys SET account_key = $3, sealed = $4 WHERE account = $1 AND kid = $2",
        )
        .await?;
    let mut tally = Tally::default();
    let mut replaced = 0;
    for reseal in reseals {
        let Some((sealed, key, swept)) = rows.get_mut(&reseal.kid) else { continue };
        if *sealed != reseal.expected || !there.contains(&(account, reseal.account_key)) {
            continue;
        }
        let kid = reseal.kid.as_bytes().as_slice();
        transaction
            .execute(&update, &[&number, &kid, &i64::from(reseal.account_key.0), &reseal.sealed])
            .await?;
        tally.count(account, *key, *swept, -1);
        tally.count(account, reseal.account_key, *swept, 1);
        (*sealed, *key) = (reseal.sealed.clone(), reseal.account_key);
        replaced += 1;
    }
    tally.write(transaction).await?;
    Ok(replaced)
}
