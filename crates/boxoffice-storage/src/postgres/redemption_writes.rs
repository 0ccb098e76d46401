//! What a group of redemptions changes, in one statement a table.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::Transaction;
use jiff::Timestamp;

use super::error::Fault;
use super::redemption_state::{Session, Use, Viewer};
use super::{records, row};
use crate::{Record, RecordId, RememberedAnswer, column};

/// In the order of keys, so that two groups wait for each other and never stop each other.
#[derive(Default)]
pub(super) struct Writes<'a> {
    /// Licences that an account pays for.
    pub(super) debits: BTreeMap<i64, i64>,
    /// With the time from when on nobody needs to remember it.
    pub(super) used: BTreeMap<Use, Timestamp>,
    /// Streams as they are from now on, from when until when; `None` for one that has ended.
    pub(super) streams: BTreeMap<(Viewer, Session), Option<(Timestamp, Timestamp)>>,
    pub(super) released: BTreeMap<Session, Timestamp>,
    /// With the time at which an older one must have expired.
    pub(super) answers: BTreeMap<(i64, &'a str), (&'a RememberedAnswer, Timestamp)>,
    /// Of those, the ones without which a redemption is not granted.
    pub(super) needed_answers: BTreeSet<(i64, &'a str)>,
    pub(super) records: Vec<&'a Record>,
}

impl Writes<'_> {
    /// Writes everything and returns the numbers of the records, in their order.
    pub(super) async fn write(self, transaction: &Transaction<'_>) -> Result<Vec<RecordId>, Fault> {
        self.debit(transaction).await?;
        self.use_up(transaction).await?;
        self.change_streams(transaction).await?;
        self.release(transaction).await?;
        self.remember(transaction).await?;
        records::insert(transaction, &self.records).await
    }

    async fn debit(&self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        if self.debits.is_empty() {
            return Ok(());
        }
        let (accounts, debits): (Vec<i64>, Vec<i64>) =
            self.debits.iter().map(|(&account, &debit)| (account, debit)).unzip();
        // The condition holds under the lock; where a balance has just ceased to be unlimited there was none.
        let update = transaction
            .prepare_cached(
                "UPDATE accounts SET balance = accounts.balance - d.debit \
                 FROM unnest($1::int8[], $2::int8[]) AS d (id, debit) \
                 WHERE accounts.id = d.id AND accounts.balance >= d.debit",
            )
            .await?;
        let debited = transaction.execute(&update, &[&accounts, &debits]).await?;
        if usize::try_from(debited).is_ok_and(|debited| debited == accounts.len()) {
            Ok(())
        } else {
            Err(Fault::Conflict("a balance has changed meanwhile".to_owned()))
        }
    }

    async fn use_up(&self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        if self.used.is_empty() {
            return Ok(());
        }
        let tokens: Vec<_> = self.used.keys().map(|(token, _)| token.as_slice()).collect();
        let kids: Vec<_> = self.used.keys().map(|(_, kid)| kid.as_slice()).collect();
        let expires: Vec<_> = self.used.values().map(|&expires| column::from_time(expires)).collect();
        let insert = transaction
            .prepare_cached(
                "INSERT INTO used_tokens (token_id, kid, expires) \
                 SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int8[]) ON CONFLICT DO NOTHING",
            )
            .await?;
        let inserted = transaction.execute(&insert, &[&tokens, &kids, &expires]).await?;
        if usize::try_from(inserted).is_ok_and(|inserted| inserted == tokens.len()) {
            Ok(())
        } else {
            // Not under the account's lock: a token that two accounts claim.
            Err(Fault::Conflict("a token was used meanwhile".to_owned()))
        }
    }

    async fn change_streams(&self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        let mut accounts = (Vec::new(), Vec::new());
        let mut viewers = (Vec::new(), Vec::new());
        let mut sessions = (Vec::new(), Vec::new());
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        for (((account, user_id), session), stream) in &self.streams {
            if let Some((started_at, active_until)) = stream {
                accounts.0.push(*account);
                viewers.0.push(user_id.as_bytes());
                sessions.0.push(session.as_slice());
                starts.push(column::from_time(*started_at));
                ends.push(column::from_time(*active_until));
            } else {
                accounts.1.push(*account);
                viewers.1.push(user_id.as_bytes());
                sessions.1.push(session.as_slice());
            }
        }
        if !starts.is_empty() {
            let insert = transaction
                .prepare_cached(
                    "INSERT INTO streams (account, user_id, session, started_at, active_until) \
                     SELECT * FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::int8[], $5::int8[]) \
                     ON CONFLICT (account, user_id, session) DO UPDATE SET active_until = excluded.active_until",
                )
                .await?;
            transaction.execute(&insert, &[&accounts.0, &viewers.0, &sessions.0, &starts, &ends]).await?;
        }
        if !accounts.1.is_empty() {
            let delete = transaction
                .prepare_cached(
                    "DELETE FROM streams WHERE (account, user_id, session) IN \
                     (SELECT * FROM unnest($1::int8[], $2::bytea[], $3::bytea[]))",
                )
                .await?;
            transaction.execute(&delete, &[&accounts.1, &viewers.1, &sessions.1]).await?;
        }
        Ok(())
    }

    async fn release(&self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        if self.released.is_empty() {
            return Ok(());
        }
        let sessions: Vec<_> = self.released.keys().map(<Session>::as_slice).collect();
        let expires: Vec<_> = self.released.values().map(|&expires| column::from_time(expires)).collect();
        let insert = transaction
            .prepare_cached(
                "INSERT INTO released_sessions (session, expires) \
                 SELECT * FROM unnest($1::bytea[], $2::int8[]) ON CONFLICT (session) \
                 DO UPDATE SET expires = GREATEST(released_sessions.expires, excluded.expires)",
            )
            .await?;
        transaction.execute(&insert, &[&sessions, &expires]).await?;
        Ok(())
    }

    /// Answers have no account whose lock would keep another node from the same key: who comes second is tried
    /// again, and finds the first one's answer.
    async fn remember(&self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        let Some(now) = self.answers.values().map(|(_, now)| *now).max() else { return Ok(()) };
        let answers: Vec<_> = self.answers.values().map(|(answer, _)| *answer).collect();
        let environments: Vec<_> =
            answers.iter().map(|answer| i64::from(answer.environment.number())).collect();
        let keys: Vec<_> = answers.iter().map(|answer| answer.key.as_bytes()).collect();
        let hashes: Vec<_> = answers.iter().map(|answer| answer.body_hash.as_slice()).collect();
        let seals: Vec<_> = answers.iter().map(|answer| answer.sealed.as_slice()).collect();
        let expires: Vec<_> = answers.iter().map(|answer| column::from_time(answer.expires)).collect();
        let insert = transaction
            .prepare_cached(
                "INSERT INTO remembered_answers (environment, key, body_hash, sealed, expires) \
                 SELECT * FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::bytea[], $5::int8[]) \
                 ON CONFLICT (environment, key) DO UPDATE SET body_hash = excluded.body_hash, \
                 sealed = excluded.sealed, expires = excluded.expires \
                 WHERE remembered_answers.expires <= $6 RETURNING environment, key",
            )
            .await?;
        let kept = transaction
            .query(&insert, &[&environments, &keys, &hashes, &seals, &expires, &column::from_time(now)])
            .await?;
        let kept = kept
            .iter()
            .map(|from| Ok((row::get(from, 0)?, row::text(from, 1)?)))
            .collect::<Result<BTreeSet<(i64, String)>, Fault>>()?;
        let is_kept = |(environment, key): &(i64, &str)| kept.contains(&(*environment, (*key).to_owned()));
        if self.needed_answers.iter().all(is_kept) {
            Ok(())
        } else {
            Err(Fault::Conflict("another node answered the same question meanwhile".to_owned()))
        }
    }
}
