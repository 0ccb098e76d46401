//! The books: no licence without its debit and its record, no debit without its licence's record (token-api.md,
//! section 10; design.md, "record, then release").
//!
//! Whatever makes licences ends here: it calls [`grant`] (or [`renew`], [`release`]) with the licence ready, and lets it
//! go only when that has returned. Whoever refuses calls [`Redemption::refuse`].

use std::time::Duration;

use boxoffice_core::{Code, Drm, Event, Refusal};
use boxoffice_storage::{
    Grant, GrantOutcome, NewStream, OneTimeUse, RecordId, RememberedAnswer, RenewOutcome, SessionEvent,
    Stream,
};
use jiff::Timestamp;
use serde_json::json;
use tokio::time::timeout;

use super::{Admitted, Facts, Redemption, token};
use crate::accounts::{no_balance, storage_failed};
use crate::app::App;

/// How long a refusal waits for its record: it shows no key, and its reader is owed an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands in the books for a redemption that may be asked again.
pub(crate) enum Booked {
    /// It was granted, now; this is its record.
    Granted(RecordId),
    /// It was asked before, and had this answer.
    Before(RememberedAnswer),
}

/// Debits one licence, uses up what a one-time token grants, lets the stream begin, and keeps the record: all or
/// nothing, and durable when it returns. The KIDs of `facts` are those of the licence.
///
/// # Errors
/// -2031 where the account is gone, -4010 `token-used`, -7008 `stream-limit` (the facts then say what is playing),
/// -2019; -2030 where the database is away: then the licence must not leave.
pub async fn grant(
    app: &App,
    admitted: &Admitted,
    facts: &mut Facts,
    stream: Option<NewStream>,
) -> Result<RecordId, Refusal> {
    match book(app, admitted, facts, stream, None).await? {
        Booked::Granted(record) => Ok(record),
        Booked::Before(_) => Err(defect()),
    }
}

/// The same for a question that may be asked again: `answer` is then given again, with no second debit.
pub(crate) async fn grant_once(
    app: &App,
    admitted: &Admitted,
    facts: &mut Facts,
    answer: RememberedAnswer,
) -> Result<Booked, Refusal> {
    book(app, admitted, facts, None, Some(answer)).await
}

async fn book(
    app: &App,
    admitted: &Admitted,
    facts: &mut Facts,
    stream: Option<NewStream>,
    answer: Option<RememberedAnswer>,
) -> Result<Booked, Refusal> {
    let entitlement = &admitted.entitlement;
    let grant = Grant {
        account: entitlement.account,
        record: facts.record(0),
        one_time: one_time(admitted, facts),
        stream,
        answer,
        others_follow: app.turns_away(),
    };
    let booked = app.installation().storage().grant(grant).await.map_err(|error| storage_failed(&error))?;
    match booked {
        GrantOutcome::Granted { record, .. } => Ok(Booked::Granted(record)),
        GrantOutcome::AlreadyAnswered(answer) => Ok(Booked::Before(answer)),
        GrantOutcome::AccountGone => {
            Err(Refusal::new(Event::AccountDisabled, "the account of this token is not there any more"))
        }
        GrantOutcome::InsufficientBalance => Err(no_balance(entitlement.account)),
        GrantOutcome::TokenUsed => Err(token_used()),
        GrantOutcome::TooManyStreams(playing) => Err(too_many_streams(facts, &playing)),
    }
}

/// What a licence for a one-time token uses up.
fn one_time(admitted: &Admitted, facts: &Facts) -> Option<OneTimeUse> {
    let entitlement = &admitted.entitlement;
    entitlement.one_time.then(|| OneTimeUse {
        token_id: entitlement.token_id,
        // Players of these two ask KID by KID (token-api.md, section 9).
        kids: match facts.drm {
            Drm::ClearKey | Drm::PlayReady => facts.kids.clone(),
            Drm::FairPlay | Drm::Widevine => Vec::new(),
        },
        expires: entitlement.expires_at,
    })
}

fn token_used() -> Refusal {
    let hint = "this token is good once, and was redeemed; ask for a new one";
    Refusal::new(Event::TokenInvalid, hint).reason("token-used").status(401)
}

/// Whether a one-time token was used before, so that nobody else is asked for a licence in vain. The database has the
/// last word, when it debits.
///
/// # Errors
/// -4010 `token-used`; -2030 where the database is away.
pub async fn check_unused(app: &App, admitted: &Admitted, facts: &Facts) -> Result<(), Refusal> {
    let Some(one_time) = one_time(admitted, facts) else { return Ok(()) };
    let used =
        app.installation().storage().is_used(one_time).await.map_err(|error| storage_failed(&error))?;
    if used { Err(token_used()) } else { Ok(()) }
}

/// The refusal of a viewer's stream beyond the limit. The record lists what is playing.
pub(crate) fn too_many_streams(facts: &mut Facts, playing: &[Stream]) -> Refusal {
    let item = |stream: &Stream| {
        json!({
            "session": drm_primitives::hex::encode(&stream.session),
            "startedAt": stream.started_at.to_string(),
            "activeUntil": stream.active_until.to_string(),
        })
    };
    facts.note("playing", playing.iter().map(item).collect::<Vec<_>>());
    let hint =
        format!("this viewer has {} streams playing, as many as may be; stop one first", playing.len());
    Refusal::new(Event::WidevineLicenseFailed, hint).reason("stream-limit").status(403)
}

/// Keeps the record of a renewal, and its stream alive until `active_until`; costs nothing, and uses nothing up.
///
/// # Errors
/// -7008 `renewal` where the session was released; -2030 where the database is away: then the renewal must not leave.
pub async fn renew(
    app: &App,
    facts: &Facts,
    session: Session<'_>,
    active_until: Timestamp,
) -> Result<RecordId, Refusal> {
    let event = session.event(facts);
    let renewed = app.installation().storage().renew(event, active_until).await;
    match renewed.map_err(|error| storage_failed(&error))? {
        RenewOutcome::Renewed(record) => Ok(record),
        RenewOutcome::Released => {
            let hint = "this session was released; ask for a new licence";
            Err(Refusal::new(Event::WidevineLicenseFailed, hint).reason("renewal").status(400))
        }
    }
}

/// Keeps the record of a release, ends the stream, and remembers until `expires` that the session is released.
///
/// # Errors
/// -2030 where the database is away: then the answer must not leave.
pub async fn release(
    app: &App,
    facts: &Facts,
    session: Session<'_>,
    expires: Timestamp,
) -> Result<RecordId, Refusal> {
    let released = app.installation().storage().release(session.event(facts), expires).await;
    released.map_err(|error| storage_failed(&error))
}

/// Whose session goes on, or ends.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The token and its account.
    pub admitted: &'a Admitted,
    /// The session.
    pub id: [u8; 16],
    /// The viewer, where streams are counted.
    pub user_id: Option<&'a str>,
}

impl Session<'_> {
    fn event(self, facts: &Facts) -> SessionEvent {
        SessionEvent {
            account: self.admitted.entitlement.account,
            record: facts.record(0),
            session: self.id,
            user_id: self.user_id.map(ToOwned::to_owned),
        }
    }
}

impl Redemption<'_> {
    /// Keeps the record of a refusal. Where that was before anybody looked at the token, it is opened now, so that the
    /// record is its account's.
    pub async fn refuse(&self, app: &App, facts: &mut Facts, refusal: &Refusal) {
        if is_recorded(refusal)
            && !facts.has_token()
            && let Ok(token) = self.token(None)
        {
            token::read(app, self.environment, &token, facts);
        }
        refuse(app, facts, refusal, None).await;
    }
}

/// Keeps the record of a refusal and, where asked for, its answer. Where the record cannot be kept, the log says so:
/// nothing was granted, so nothing is lost but the record itself.
pub(crate) async fn refuse(app: &App, facts: &Facts, refusal: &Refusal, answer: Option<RememberedAnswer>) {
    if !is_recorded(refusal) {
        return;
    }
    let kept = app.installation().storage().add_record(facts.record(refusal.code_number()), answer);
    match timeout(PATIENCE, kept).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the record of a refusal could not be kept"),
        Err(_) => tracing::warn!("the record of a refusal was not kept in time"),
    }
}

/// Where the database is away there is no record; and a service that has too much to do does not do more.
fn is_recorded(refusal: &Refusal) -> bool {
    let overloaded = matches!(refusal.code(), Code::Status(429 | 503));
    !overloaded && !matches!(refusal.reason_word(), Some("storage-unavailable" | "overload"))
}

fn defect() -> Refusal {
    Refusal::new(Event::AdminError, "the service has failed; its log says why").reason("internal").status(500)
}
