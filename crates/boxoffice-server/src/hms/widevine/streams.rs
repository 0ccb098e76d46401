//! The streams of one viewer, counted by renewals (widevine.md, section 6).

use boxoffice_core::Refusal;
use boxoffice_core::entitlement::WidevineTerms;
use boxoffice_storage::NewStream;
use jiff::{SignedDuration, Timestamp};

use crate::accounts::storage_failed;
use crate::app::App;
use crate::config::RenewalConfig;
use crate::hms::redemption::{Admitted, Facts, books};

/// How many streams the viewer of a token may have, where that is limited. Without renewal nobody could tell which
/// ones play.
pub(super) fn limit(
    admitted: &Admitted,
    terms: &WidevineTerms,
    renewal: Option<&RenewalConfig>,
) -> Option<u8> {
    renewal?;
    terms.stream.as_ref()?.max.or(admitted.account.options.max_streams)
}

/// The stream that a licence begins, where streams are limited.
pub(super) fn new_stream(
    admitted: &Admitted,
    terms: &WidevineTerms,
    renewal: Option<&RenewalConfig>,
    session: [u8; 16],
    now: Timestamp,
) -> Option<NewStream> {
    let limit = limit(admitted, terms, renewal)?;
    let user_id = terms.stream.as_ref()?.user_id.clone();
    Some(NewStream { user_id, session, limit, active_until: active_until(renewal?, now) })
}

/// Until when a stream counts that was started or renewed now.
pub(super) fn active_until(renewal: &RenewalConfig, now: Timestamp) -> Timestamp {
    let seconds = SignedDuration::from_secs(renewal.licence_duration_seconds().into());
    now.saturating_add(seconds).unwrap_or(Timestamp::MAX)
}

/// Whether there is room for one more, before a licence is asked for elsewhere. The database has the last word, when
/// it debits.
///
/// # Errors
/// -7008 `stream-limit`; -2030 where the database is away.
pub(super) async fn check(
    app: &App,
    admitted: &Admitted,
    terms: &WidevineTerms,
    renewal: Option<&RenewalConfig>,
    facts: &mut Facts,
) -> Result<(), Refusal> {
    let (Some(limit), Some(stream)) = (limit(admitted, terms, renewal), &terms.stream) else {
        return Ok(());
    };
    let account = admitted.entitlement.account;
    let playing = app.installation().storage().streams(account, &stream.user_id, facts.time).await;
    let playing = playing.map_err(|error| storage_failed(&error))?;
    if playing.len() < usize::from(limit) { Ok(()) } else { Err(books::too_many_streams(facts, &playing)) }
}
