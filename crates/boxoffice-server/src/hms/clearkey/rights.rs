//! `POST /hms/ck/rights/`: keys in the clear for a request of the browser's own key system and a token.

use boxoffice_core::entitlement::Terms;
use boxoffice_core::{Drm, Event, Refusal};
use clearkey::{Key, Request, RequestError};

use crate::app::App;
use crate::hms::redemption::{Facts, Licence, Redemption, books};
use crate::hook::{self, Device, Question};

/// Answers a request with those of its keys that the token holds.
///
/// # Errors
/// Every row of clearkey.md, section 3, and of token-api.md, section 10.
pub async fn redeem(
    app: &App,
    redemption: &Redemption<'_>,
    facts: &mut Facts,
    body: &[u8],
) -> Result<Licence, Refusal> {
    let request = Request::parse(body).map_err(|error| malformed(&error))?;
    facts.kids = request.kids().to_vec();
    let admitted = redemption.admit(app, Drm::ClearKey, None, facts).await?;
    redemption.check_address(&admitted)?;
    let Terms::ClearKey(terms) = &admitted.entitlement.terms else {
        // The token's DRM was checked when it was opened.
        return Err(Refusal::new(Event::AdminError, "this is no Clear Key token")
            .reason("internal")
            .status(500));
    };
    let keys: Vec<_> = terms.keys.iter().map(|key| Key { kid: key.kid, key: &key.key }).collect();
    let grant = clearkey::answer(&request, &keys)
        .map_err(|none| Refusal::new(Event::KeyData, none.to_string()).reason("kid-not-granted"))?;
    let asked =
        Question { admitted: &admitted, device: Device::default(), content_id: None, licence_type: None };
    // There is nothing that could be tighter.
    hook::ask(app, facts, &asked).await?;
    admitted.check_balance()?;
    let missing: Vec<_> = grant.not_granted().iter().map(ToString::to_string).collect();
    let not_granted = (!missing.is_empty()).then(|| missing.join(", "));
    facts.kids = grant.kids().collect();
    facts.note_not_granted(grant.not_granted().iter().copied());
    books::grant(app, &admitted, facts, None).await?;
    Ok(Licence { body: grant.write().to_vec(), content_type: "application/json", not_granted })
}

fn malformed(error: &RequestError) -> Refusal {
    Refusal::new(Event::KeyData, error.to_string()).reason("body")
}
