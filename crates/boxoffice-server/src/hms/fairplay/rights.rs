//! `POST /hms/fp/rights/`: a CKC for an SPC and a token.

use boxoffice_core::entitlement::{FairPlayTerms, Terms};
use boxoffice_core::{Drm, Event, Refusal};
use fairplay::{AssetInfo, CreateCkc, HdcpType, Submission, Track};

use super::refusal;
use crate::app::App;
use crate::hms::redemption::{Facts, Licence, Redemption, books};
use crate::hook::{self, Device, Question};

/// Answers an SPC, however it is wrapped, with the CKC of the operator's key server, wrapped as it was or as `accept`
/// wants it.
///
/// The order is the specification's (fairplay.md, section 3): body and SPC, token, account, key server, address,
/// policy hook, one-time use, balance; the key server; then the books. A call that fails costs nothing.
///
/// # Errors
/// Every row of fairplay.md, sections 3 and 5, and of token-api.md, section 10.
pub async fn redeem(
    app: &App,
    redemption: &Redemption<'_>,
    facts: &mut Facts,
    body: &[u8],
    accept: Option<&str>,
) -> Result<Licence, Refusal> {
    let submission = Submission::parse(body).map_err(|error| refusal::bad_body(error.to_string()))?;
    facts.note("spcVersion", submission.spc.version());
    let admitted = redemption.admit(app, Drm::FairPlay, None, facts).await?;
    let terms = terms(&admitted.entitlement.terms)?;
    facts.kids = terms.key.kid.into_iter().collect();
    facts.note_extensions(&terms.extensions, "extension-not-interpreted");
    let key_server = app.key_servers().of(redemption.environment);
    let key_server = key_server.ok_or_else(|| refusal::no_key_server(redemption.environment))?;
    redemption.check_address(&admitted)?;
    key_server.check_room().map_err(refusal::unreached)?;
    let asked =
        Question { admitted: &admitted, device: Device::default(), content_id: None, licence_type: None };
    let ruling = hook::ask(app, facts, &asked).await?;
    let terms = ruling.terms.as_ref().map_or(Ok(terms), self::terms)?;
    let of_account = admitted.account.options.min_hdcp_type;
    let of_account = of_account.and_then(|least| HdcpType::from_number(least.number().into()));
    let of_hook = ruling.hdcp_at_least.and_then(HdcpType::from_number).unwrap_or_default();
    books::check_unused(app, &admitted, facts).await?;
    admitted.check_balance()?;
    let question = CreateCkc {
        spc: &submission.spc,
        asset: AssetInfo {
            key: &terms.key.key,
            iv: &terms.key.iv,
            track: track(terms),
            // Each may raise it, and none lowers what another wants.
            hdcp_at_least: key_server.hdcp_at_least.max(of_account.unwrap_or_default()).max(of_hook),
            lease_seconds: terms.rental_duration,
        },
    };
    let called = key_server.ask(&question).await;
    facts.attempts = called.attempts;
    let milliseconds = u64::try_from(called.duration.as_millis()).unwrap_or(u64::MAX);
    facts.note("upstreamMilliseconds", milliseconds);
    let asked = format!("asked {} time(s) in {milliseconds} ms", called.attempts);
    let ckc = called.outcome.map_err(refusal::unreached)?.map_err(|fault| {
        facts.note("upstreamFault", fault.to_string());
        refusal::of(&fault, &asked)
    })?;
    books::grant(app, &admitted, facts, None).await?;
    let answer = submission.form.answer(&ckc, accept);
    Ok(Licence { body: answer.body, content_type: answer.content_type, not_granted: None })
}

fn terms(terms: &Terms) -> Result<&FairPlayTerms, Refusal> {
    match terms {
        Terms::FairPlay(terms) => Ok(terms),
        // The token's DRM was checked when it was opened.
        Terms::ClearKey(_) | Terms::PlayReady(_) | Terms::Widevine(_) => {
            Err(Refusal::new(Event::CkcFailed, "this is no FairPlay token").reason("internal").status(500))
        }
    }
}

fn track(terms: &FairPlayTerms) -> Track {
    Track::from_number(terms.key.track.number().into()).expect("both sides have the API's numbers")
}
