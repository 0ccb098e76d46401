//! Redemptions: a licence, its debit and its record in one transaction, or none of them.

use boxoffice_core::account::Balance;
use boxoffice_core::entitlement::TokenId;
use boxoffice_core::{AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::{Record, RecordId, StorageError};

/// A licence that is about to be granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Who pays.
    pub account: AccountId,
    /// The record that says so.
    pub record: Record,
    /// For a one-time token: what is used up.
    pub one_time: Option<OneTimeUse>,
    /// Where streams are limited: the one that begins.
    pub stream: Option<NewStream>,
    /// Where the caller may ask again: the answer that is given again, with no second debit.
    pub answer: Option<RememberedAnswer>,
    /// Whether others are sure to follow at once, because more come than can be served: then the embedded database waits a
    /// little, so that several share a commit. `PostgreSQL`'s are shared by all who come while another one is under way.
    pub others_follow: bool,
}

/// What a redemption of a one-time token uses up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OneTimeUse {
    /// The token.
    pub token_id: TokenId,
    /// The KIDs that are handed out, where each may be once; none where the whole token is used up.
    pub kids: Vec<Kid>,
    /// From when on nobody needs to remember it, since the token has expired.
    pub expires: Timestamp,
}

/// A stream that begins (widevine.md, section 6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewStream {
    /// The viewer.
    pub user_id: String,
    /// The session.
    pub session: [u8; 16],
    /// How many streams the viewer may have, this one counted.
    pub limit: u8,
    /// Until when it counts, unless it is renewed.
    pub active_until: Timestamp,
}

/// A stream that plays.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stream {
    /// The session.
    pub session: [u8; 16],
    /// When it began.
    pub started_at: Timestamp,
    /// Until when it counts, unless it is renewed.
    pub active_until: Timestamp,
}

/// An answer that is given again to the same question (playready.md, section 9).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RememberedAnswer {
    /// Where the question was asked.
    pub environment: Environment,
    /// The `Idempotency-Key`.
    pub key: String,
    /// SHA-256 over the question: another one with the same key is refused.
    pub body_hash: [u8; 32],
    /// The answer, sealed like a token.
    pub sealed: Vec<u8>,
    /// Until when it is given again.
    pub expires: Timestamp,
}

/// What became of a [`Grant`]. In every case but the first nothing was changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GrantOutcome {
    /// Debit, one-time use, stream, answer and record are durable: let the licence go.
    Granted {
        /// The record's number.
        record: RecordId,
        /// What is left.
        balance: Balance,
    },
    /// There is no such account.
    AccountGone,
    /// The question was asked before: give this answer again, if its hash is the question's.
    AlreadyAnswered(RememberedAnswer),
    /// The balance is at zero.
    InsufficientBalance,
    /// The token, or one of the KIDs, was handed out before.
    TokenUsed,
    /// The viewer has as many streams as may be: these.
    TooManyStreams(Vec<Stream>),
}

/// More time for a session, or its end. Costs nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionEvent {
    /// Whose.
    pub account: AccountId,
    /// The record that says so.
    pub record: Record,
    /// The session.
    pub session: [u8; 16],
    /// The viewer, where streams are counted.
    pub user_id: Option<String>,
}

/// What became of a renewal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RenewOutcome {
    /// The session was released before; nothing was changed.
    Released,
    /// The record is durable: let the renewal go.
    Renewed(RecordId),
}

/// The redemptions.
#[async_trait::async_trait]
pub trait Redemptions: Send + Sync {
    /// Debits one licence, and keeps its record and whatever it uses up, all or nothing; redemptions that wait
    /// together share one commit. What stands against it is looked for in this order: an answer that is remembered, the account,
    /// the one-time use, the streams, the balance.
    async fn grant(&self, grant: Grant) -> Result<GrantOutcome, StorageError>;

    /// Whether the token, or one of the KIDs, was handed out before: for whoever would otherwise do in vain what costs
    /// more than this look. [`Self::grant`] has the last word.
    async fn is_used(&self, one_time: OneTimeUse) -> Result<bool, StorageError>;

    /// Keeps the record of a renewal, and the stream alive until `active_until`.
    async fn renew(&self, event: SessionEvent, active_until: Timestamp)
    -> Result<RenewOutcome, StorageError>;

    /// Keeps the record of a release, ends the stream, and remembers until `expires` that the session is released.
    async fn release(&self, event: SessionEvent, expires: Timestamp) -> Result<RecordId, StorageError>;

    /// The streams of a viewer that count at `now`, in the order in which they began.
    async fn streams(
        &self,
        account: AccountId,
        user_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Stream>, StorageError>;

    /// The answer that is remembered for a key at `now`.
    async fn remembered_answer(
        &self,
        environment: Environment,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<RememberedAnswer>, StorageError>;

    /// Forgets up to `limit` each of used tokens, streams, released sessions and answers that are over at `now`,
    /// and says how many: call again while that is no less than `limit`.
    async fn sweep_redemptions(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError>;
}
