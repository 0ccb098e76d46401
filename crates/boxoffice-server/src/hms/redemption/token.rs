//! Finding the token of a redemption, and opening it (token-api.md, sections 9 and 10).

use boxoffice_core::entitlement::{Entitlement, RestrictionError};
use boxoffice_core::seal::TokenError;
use boxoffice_core::{Drm, Environment, Event, Refusal};
use jiff::Timestamp;

use super::{Facts, Redemption};
use crate::app::App;

const PARAMETER: &str = "ExpressPlayToken";

impl Redemption<'_> {
    /// The one token: in the query, in the header of its name, as a bearer, or among `further` places that only one
    /// DRM has. Several equal ones are one.
    ///
    /// # Errors
    /// -4010: `token-missing`, 401; `token-malformed`, 400, where there are different ones.
    pub fn token(&self, further: Option<&[u8]>) -> Result<Vec<u8>, Refusal> {
        let bearers = self.authorizations.iter().filter_map(|value| bearer(value));
        let headers = self.token_headers.iter().copied();
        let mut given = self.parameters.all(PARAMETER).chain(headers).chain(bearers).chain(further);
        let mut given = given.by_ref().filter(|token| !token.is_empty());
        let Some(token) = given.next() else {
            let hint = "no token: give it as ?ExpressPlayToken=…, as a header of that name, or as Authorization: Bearer";
            return Err(invalid("token-missing", 401, hint));
        };
        if given.any(|other| other != token) {
            let hint = "two different tokens came with one request; send one";
            return Err(invalid("token-malformed", 400, hint));
        }
        Ok(token.to_vec())
    }
}

/// Opens a token.
///
/// # Errors
/// -4010 with its reason; -2030 where it names a key that is not known, and the database is away.
pub(super) async fn open(app: &App, environment: Environment, token: &[u8]) -> Result<Entitlement, Refusal> {
    let mut opened = app.rings().sealing(environment).open(token);
    // Another node may have rolled the keys a moment ago.
    if matches!(opened, Err(TokenError::UnknownKey { .. })) {
        if !app.reread_rings().await {
            let hint = "the keys that open this token cannot be read now; try again soon";
            return Err(Refusal::new(Event::AdminError, hint).reason("storage-unavailable").retry_after(2));
        }
        opened = app.rings().sealing(environment).open(token);
    }
    opened.map_err(|error| match error {
        TokenError::Malformed(problem) => invalid("token-malformed", 400, problem),
        TokenError::NotOurs | TokenError::UnknownKey { .. } => {
            invalid("token-not-ours", 401, error.to_string())
        }
    })
}

/// Whether a token is for this DRM, and has not expired.
///
/// # Errors
/// -4010 with its reason.
pub(super) fn check(entitlement: &Entitlement, drm: Drm, now: Timestamp) -> Result<(), Refusal> {
    entitlement.check_drm(drm).map_err(|error| restricted(&error))?;
    entitlement.check_time(now).map_err(|error| restricted(&error))
}

/// Whose token it was, for the record of something that was refused before anybody asked.
pub(super) fn read(app: &App, environment: Environment, token: &[u8], facts: &mut Facts) {
    if let Ok(entitlement) = app.rings().sealing(environment).open(token) {
        facts.opened(&entitlement);
    }
}

/// What a restriction that is not met is called outside.
pub(super) fn restricted(error: &RestrictionError) -> Refusal {
    let hint = error.to_string();
    match error {
        RestrictionError::Address { .. } => {
            Refusal::new(Event::IpAddress, hint).reason("address").status(403)
        }
        RestrictionError::Expired { .. } => invalid("token-expired", 401, hint),
        RestrictionError::OtherDrm { .. } => invalid("token-other-drm", 400, hint),
    }
}

fn invalid(reason: &'static str, status: u16, hint: impl Into<String>) -> Refusal {
    Refusal::new(Event::TokenInvalid, hint).parameter(PARAMETER).reason(reason).status(status)
}

/// The token of `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
