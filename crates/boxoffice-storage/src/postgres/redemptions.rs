//! Redemptions that wait together: read what they are decided by, decide one after the other, write.

use boxoffice_core::account::Balance;
use boxoffice_core::{AccountId, Environment};
use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;

use super::error::Fault;
use super::group::Batch;
use super::redemption_state::{State, read_answer, uses};
use super::redemption_writes::Writes;
use super::row;
use crate::{
    Grant, GrantOutcome, OneTimeUse, Record, RecordId, RememberedAnswer, RenewOutcome, SessionEvent,
    StorageError, Stream, column,
};

/// A call that leaves a record.
pub(super) enum Redemption {
    Grant(Box<Grant>),
    Record { record: Box<Record>, answer: Option<RememberedAnswer> },
    Release { event: Box<SessionEvent>, expires: Timestamp },
    Renew { event: Box<SessionEvent>, active_until: Timestamp },
}

/// What became of it.
pub(super) enum Redeemed {
    Grant(GrantOutcome),
    Record(RecordId),
    Renew(RenewOutcome),
}

/// The same, as long as records have no numbers.
enum Decided {
    Granted(Balance),
    Recorded,
    Refused(GrantOutcome),
    Released,
    Renewed,
}

/// Redemptions that wait together.
pub(super) struct Redeem;

impl Batch for Redeem {
    type Job = Redemption;
    type Outcome = Redeemed;
    const MOST: usize = 512;

    async fn run(transaction: &Transaction<'_>, jobs: &[Redemption]) -> Result<Vec<Redeemed>, Fault> {
        let mut state = State::load(transaction, jobs).await?;
        let mut writes = Writes::default();
        let decided: Vec<_> =
            jobs.iter().map(|job| decide(&mut state, &mut writes, job)).collect::<Result<_, _>>()?;
        let mut numbers = writes.write(transaction).await?.into_iter();
        let mut number =
            || numbers.next().ok_or_else(|| StorageError::Broken("a record has no number".to_owned()));
        decided
            .into_iter()
            .map(|decided| {
                Ok(match decided {
                    Decided::Granted(balance) => {
                        Redeemed::Grant(GrantOutcome::Granted { record: number()?, balance })
                    }
                    Decided::Recorded => Redeemed::Record(number()?),
                    Decided::Refused(outcome) => Redeemed::Grant(outcome),
                    Decided::Released => Redeemed::Renew(RenewOutcome::Released),
                    Decided::Renewed => Redeemed::Renew(RenewOutcome::Renewed(number()?)),
                })
            })
            .collect()
    }
}

/// Decides as if the call were alone, behind all those before it.
fn decide<'a>(
    state: &mut State,
    writes: &mut Writes<'a>,
    job: &'a Redemption,
) -> Result<Decided, StorageError> {
    match job {
        Redemption::Grant(grant) => decide_grant(state, writes, grant),
        Redemption::Record { record, answer } => {
            if let Some(answer) = answer
                && state.answer(answer, record.time).is_none()
            {
                remember(state, writes, answer, record.time);
            }
            writes.records.push(record);
            Ok(Decided::Recorded)
        }
        Redemption::Renew { event, active_until } => {
            if state.released.contains(&event.session) {
                return Ok(Decided::Released);
            }
            if let Some(user_id) = &event.user_id {
                let stream = (event.account, user_id.as_str(), event.session);
                keep_alive(state, writes, stream, event.record.time, *active_until);
            }
            writes.records.push(&event.record);
            Ok(Decided::Renewed)
        }
        Redemption::Release { event, expires } => {
            state.released.insert(event.session);
            let remembered = writes.released.entry(event.session).or_insert(*expires);
            *remembered = (*remembered).max(*expires);
            if let Some(user_id) = &event.user_id {
                let viewer = (i64::from(event.account.0), user_id.clone());
                if let Some(streams) = state.streams.get_mut(&viewer) {
                    streams.remove(&event.session);
                }
                writes.streams.insert((viewer, event.session), None);
            }
            writes.records.push(&event.record);
            Ok(Decided::Recorded)
        }
    }
}

fn decide_grant<'a>(
    state: &mut State,
    writes: &mut Writes<'a>,
    grant: &'a Grant,
) -> Result<Decided, StorageError> {
    let now = grant.record.time;
    if let Some(known) = grant.answer.as_ref().and_then(|answer| state.answer(answer, now)) {
        return Ok(Decided::Refused(GrantOutcome::AlreadyAnswered(known.clone())));
    }
    let account = i64::from(grant.account.0);
    let Some(&balance) = state.balances.get(&account) else {
        return Ok(Decided::Refused(GrantOutcome::AccountGone));
    };
    if grant.one_time.as_ref().is_some_and(|one_time| state.is_used(one_time)) {
        return Ok(Decided::Refused(GrantOutcome::TokenUsed));
    }
    if let Some(stream) = &grant.stream {
        let playing = state.playing(grant.account, &stream.user_id, now);
        if playing.len() >= usize::from(stream.limit) {
            return Ok(Decided::Refused(GrantOutcome::TooManyStreams(playing)));
        }
    }
    let balance = match column::to_balance(balance)? {
        Balance::Unlimited => Balance::Unlimited,
        Balance::Licences(licences) => match licences.checked_sub(1) {
            None => return Ok(Decided::Refused(GrantOutcome::InsufficientBalance)),
            Some(left) => {
                *writes.debits.entry(account).or_default() += 1;
                state.balances.insert(account, column::from_balance(Balance::Licences(left)));
                Balance::Licences(left)
            }
        },
    };
    if let Some(one_time) = &grant.one_time {
        for used in uses(one_time) {
            state.used.insert(used.clone());
            writes.used.insert(used, one_time.expires);
        }
    }
    if let Some(stream) = &grant.stream {
        let begun = (grant.account, stream.user_id.as_str(), stream.session);
        keep_alive(state, writes, begun, now, stream.active_until);
    }
    if let Some(answer) = &grant.answer {
        let key = remember(state, writes, answer, now);
        writes.needed_answers.insert(key);
    }
    writes.records.push(&grant.record);
    Ok(Decided::Granted(balance))
}

/// A stream that is there keeps its beginning.
fn keep_alive(
    state: &mut State,
    writes: &mut Writes<'_>,
    (account, user_id, session): (AccountId, &str, [u8; 16]),
    now: Timestamp,
    active_until: Timestamp,
) {
    let viewer = (i64::from(account.0), user_id.to_owned());
    let times =
        state.streams.entry(viewer.clone()).or_default().entry(session).or_insert((now, active_until));
    times.1 = active_until;
    writes.streams.insert((viewer, session), Some(*times));
}

fn remember<'a>(
    state: &mut State,
    writes: &mut Writes<'a>,
    answer: &'a RememberedAnswer,
    now: Timestamp,
) -> (i64, &'a str) {
    let environment = i64::from(answer.environment.number());
    state.answers.insert((environment, answer.key.clone()), answer.clone());
    writes.answers.insert((environment, answer.key.as_str()), (answer, now));
    (environment, answer.key.as_str())
}

pub(super) async fn is_used(client: &impl GenericClient, one_time: &OneTimeUse) -> Result<bool, Fault> {
    let select = client
        .prepare_cached("SELECT 1 FROM used_tokens WHERE token_id = $1 AND kid = ANY($2) LIMIT 1")
        .await?;
    let token = one_time.token_id.as_bytes().as_slice();
    let kids: Vec<_> = uses(one_time).map(|(_, kid)| kid).collect();
    Ok(client.query_opt(&select, &[&token, &kids]).await?.is_some())
}

pub(super) async fn streams(
    client: &impl GenericClient,
    account: AccountId,
    user_id: &str,
    now: Timestamp,
) -> Result<Vec<Stream>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT session, started_at, active_until FROM streams \
             WHERE account = $1 AND user_id = $2 AND active_until > $3 ORDER BY started_at, session",
        )
        .await?;
    let found =
        client.query(&select, &[&i64::from(account.0), &user_id.as_bytes(), &column::from_time(now)]).await?;
    found
        .iter()
        .map(|from| {
            Ok(Stream {
                session: row::array(from, 0, "a session")?,
                started_at: column::to_time(row::get(from, 1)?)?,
                active_until: column::to_time(row::get(from, 2)?)?,
            })
        })
        .collect()
}

pub(super) async fn remembered_answer(
    client: &impl GenericClient,
    environment: Environment,
    key: &str,
    now: Timestamp,
) -> Result<Option<RememberedAnswer>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT environment, key, body_hash, sealed, expires FROM remembered_answers \
             WHERE environment = $1 AND key = $2 AND expires > $3",
        )
        .await?;
    let found = client
        .query_opt(&select, &[&i64::from(environment.number()), &key.as_bytes(), &column::from_time(now)])
        .await?;
    found.as_ref().map(read_answer).transpose()
}

/// Nodes that sweep at the same time take different rows.
pub(super) async fn sweep(client: &impl GenericClient, now: Timestamp, limit: u32) -> Result<u32, Fault> {
    let statements = [
        "DELETE FROM used_tokens WHERE (token_id, kid) IN (SELECT token_id, kid FROM used_tokens \
         WHERE expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        "DELETE FROM streams WHERE (account, user_id, session) IN (SELECT account, user_id, session FROM streams \
         WHERE active_until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        "DELETE FROM released_sessions WHERE session IN (SELECT session FROM released_sessions \
         WHERE expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        "DELETE FROM remembered_answers WHERE (environment, key) IN (SELECT environment, key \
         FROM remembered_answers WHERE expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    ];
    let mut forgotten = 0;
    for statement in statements {
        let delete = client.prepare_cached(statement).await?;
        forgotten += client.execute(&delete, &[&column::from_time(now), &i64::from(limit)]).await?;
    }
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}
