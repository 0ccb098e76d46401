//! What a group of redemptions is decided by, read once for all of them, the rows of their accounts locked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use boxoffice_core::AccountId;
use boxoffice_core::entitlement::TokenId;
use deadpool_postgres::Transaction;
use drm_primitives::Kid;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::error::Fault;
use super::redemptions::Redemption;
use super::row;
use crate::{OneTimeUse, RememberedAnswer, Stream, column};

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A viewer.
pub(super) type Viewer = (i64, String);

/// A session.
pub(super) type Session = [u8; 16];

/// A token, and one of its KIDs; or no bytes, which stand for the whole token.
pub(super) type Use = ([u8; 16], Vec<u8>);

/// What is in the database, and what redemptions of this group have changed of it so far.
#[derive(Default)]
pub(super) struct State {
    /// `None` inside for an unlimited one.
    pub(super) balances: BTreeMap<i64, Option<i64>>,
    pub(super) used: HashSet<Use>,
    pub(super) streams: HashMap<Viewer, BTreeMap<Session, (Timestamp, Timestamp)>>,
    pub(super) released: HashSet<Session>,
    pub(super) answers: HashMap<(i64, String), RememberedAnswer>,
}

/// What has to be looked up.
#[derive(Default)]
struct Wanted {
    accounts: BTreeSet<i64>,
    /// Those that are locked also where their balance is unlimited, since something else is counted.
    counted: BTreeSet<i64>,
    tokens: BTreeSet<[u8; 16]>,
    viewers: BTreeSet<Viewer>,
    sessions: BTreeSet<Session>,
    answers: BTreeSet<(i64, String)>,
}

impl Wanted {
    fn of(jobs: &[Redemption]) -> Self {
        let mut wanted = Self::default();
        for job in jobs {
            match job {
                Redemption::Grant(grant) => {
                    let account = i64::from(grant.account.0);
                    wanted.accounts.insert(account);
                    if let Some(one_time) = &grant.one_time {
                        wanted.counted.insert(account);
                        wanted.tokens.insert(*one_time.token_id.as_bytes());
                    }
                    if let Some(stream) = &grant.stream {
                        wanted.counted.insert(account);
                        wanted.viewers.insert((account, stream.user_id.clone()));
                    }
                    wanted.answer(grant.answer.as_ref());
                }
                Redemption::Record { answer, .. } => wanted.answer(answer.as_ref()),
                Redemption::Renew { event, .. } | Redemption::Release { event, .. } => {
                    wanted.sessions.insert(event.session);
                    if let Some(user_id) = &event.user_id {
                        wanted.viewers.insert((i64::from(event.account.0), user_id.clone()));
                    }
                }
            }
        }
        wanted
    }

    fn answer(&mut self, answer: Option<&RememberedAnswer>) {
        self.answers
            .extend(answer.map(|answer| (i64::from(answer.environment.number()), answer.key.clone())));
    }
}

impl State {
    /// Locks accounts in the order of their numbers, so that two groups wait for each other and never stop each
    /// other. Tokens and streams are those of one account, so its lock is theirs too.
    pub(super) async fn load(transaction: &Transaction<'_>, jobs: &[Redemption]) -> Result<Self, Fault> {
        let wanted = Wanted::of(jobs);
        let lock = transaction.prepare_cached(
            "SELECT id FROM accounts WHERE id = ANY($1) AND (balance IS NOT NULL OR id = ANY($2)) \
             ORDER BY id FOR UPDATE",
        );
        let balances = transaction.prepare_cached("SELECT id, balance FROM accounts WHERE id = ANY($1)");
        let used =
            transaction.prepare_cached("SELECT token_id, kid FROM used_tokens WHERE token_id = ANY($1)");
        let streams = transaction.prepare_cached(
            "SELECT account, user_id, session, started_at, active_until FROM streams \
             WHERE (account, user_id) IN (SELECT * FROM unnest($1::int8[], $2::bytea[]))",
        );
        let released =
            transaction.prepare_cached("SELECT session FROM released_sessions WHERE session = ANY($1)");
        let answers = transaction.prepare_cached(
            "SELECT environment, key, body_hash, sealed, expires FROM remembered_answers \
             WHERE (environment, key) IN (SELECT * FROM unnest($1::int8[], $2::bytea[]))",
        );
        // Prepared before the first is sent, so that they go out in this order and the lock is the first.
        let (lock, balances, used, streams, released, answers) =
            tokio::try_join!(lock, balances, used, streams, released, answers)?;
        let accounts: Vec<_> = wanted.accounts.iter().copied().collect();
        let counted: Vec<_> = wanted.counted.iter().copied().collect();
        let tokens: Vec<_> = wanted.tokens.iter().map(<[u8; 16]>::as_slice).collect();
        let sessions: Vec<_> = wanted.sessions.iter().map(<Session>::as_slice).collect();
        let (viewer_accounts, viewers) = columns(&wanted.viewers);
        let (environments, keys) = columns(&wanted.answers);
        let of_lock: Parameters<'_> = &[&accounts, &counted];
        let of_balances: Parameters<'_> = &[&accounts];
        let of_used: Parameters<'_> = &[&tokens];
        let of_streams: Parameters<'_> = &[&viewer_accounts, &viewers];
        let of_released: Parameters<'_> = &[&sessions];
        let of_answers: Parameters<'_> = &[&environments, &keys];
        let (_, balances, used, streams, released, answers) = tokio::try_join!(
            look_up(transaction, &lock, of_lock, accounts.is_empty()),
            look_up(transaction, &balances, of_balances, accounts.is_empty()),
            look_up(transaction, &used, of_used, tokens.is_empty()),
            look_up(transaction, &streams, of_streams, viewers.is_empty()),
            look_up(transaction, &released, of_released, sessions.is_empty()),
            look_up(transaction, &answers, of_answers, keys.is_empty()),
        )?;
        let mut state = Self::default();
        for from in &balances {
            state.balances.insert(row::get(from, 0)?, row::get(from, 1)?);
        }
        for from in &used {
            state.used.insert((row::array(from, 0, "a token's number")?, row::get(from, 1)?));
        }
        for from in &streams {
            let times = (column::to_time(row::get(from, 3)?)?, column::to_time(row::get(from, 4)?)?);
            let viewer = (row::get(from, 0)?, row::text(from, 1)?);
            state.streams.entry(viewer).or_default().insert(row::array(from, 2, "a session")?, times);
        }
        for from in &released {
            state.released.insert(row::array(from, 0, "a session")?);
        }
        for from in &answers {
            let answer = read_answer(from)?;
            state.answers.insert((row::get(from, 0)?, answer.key.clone()), answer);
        }
        Ok(state)
    }

    /// The answer that is remembered for the question of `asked`.
    pub(super) fn answer(&self, asked: &RememberedAnswer, now: Timestamp) -> Option<&RememberedAnswer> {
        let key = (i64::from(asked.environment.number()), asked.key.clone());
        self.answers.get(&key).filter(|answer| answer.expires > now)
    }

    pub(super) fn is_used(&self, one_time: &OneTimeUse) -> bool {
        uses(one_time).any(|used| self.used.contains(&used))
    }

    /// The streams of a viewer that count at `now`, in the order in which they began.
    pub(super) fn playing(&self, account: AccountId, user_id: &str, now: Timestamp) -> Vec<Stream> {
        let viewer = (i64::from(account.0), user_id.to_owned());
        let mut playing: Vec<_> = self
            .streams
            .get(&viewer)
            .into_iter()
            .flatten()
            .filter(|(_, (_, active_until))| *active_until > now)
            .map(|(&session, &(started_at, active_until))| Stream { session, started_at, active_until })
            .collect();
        playing.sort_by_key(|stream| (stream.started_at, stream.session));
        playing
    }
}

/// The KIDs; or no bytes, which stand for the whole token.
pub(super) fn uses(one_time: &OneTimeUse) -> impl Iterator<Item = Use> {
    let token = *TokenId::as_bytes(&one_time.token_id);
    let whole = one_time.kids.is_empty().then(Vec::new);
    one_time.kids.iter().map(|kid: &Kid| kid.as_bytes().to_vec()).chain(whole).map(move |kid| (token, kid))
}

pub(super) fn read_answer(from: &Row) -> Result<RememberedAnswer, Fault> {
    Ok(RememberedAnswer {
        environment: column::to_environment(row::get(from, 0)?)?,
        key: row::text(from, 1)?,
        body_hash: row::array(from, 2, "a question's hash")?,
        sealed: row::get(from, 3)?,
        expires: column::to_time(row::get(from, 4)?)?,
    })
}

fn columns(pairs: &BTreeSet<(i64, String)>) -> (Vec<i64>, Vec<&[u8]>) {
    pairs.iter().map(|(number, text)| (*number, text.as_bytes())).unzip()
}

/// Sends nothing where nothing is wanted.
async fn look_up(
    transaction: &Transaction<'_>,
    statement: &Statement,
    parameters: Parameters<'_>,
    skip: bool,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    if skip { Ok(Vec::new()) } else { transaction.query(statement, parameters).await }
}
