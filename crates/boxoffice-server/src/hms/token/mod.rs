//! Token requests: from parameters to the text of a success, or the first refusal in the interface's order.

mod keys;

use boxoffice_core::authenticator::Scope;
use boxoffice_core::entitlement::{Entitlement, PlayReadyTerms, Terms, WidevineTerms};
use boxoffice_core::token_request::{self, Common, KeyRequest, Keys, check_account};
use boxoffice_core::{Account, Drm, Environment, Event, Parameters, Refusal};
use jiff::Timestamp;

use crate::accounts::no_balance;
use crate::app::App;
use crate::config::PlayReadyBackend;
use crate::context::Context;

/// `GET`, `POST /hms/{wv,pr,fp,ck}/token`: a token for a viewer whom the caller has let in. Returns the body of the
/// success, `text/uri-list`: a URL, or PlayReady's JSON; without a line break.
///
/// # Errors
/// The first of the refusals of token-api.md, section 2, in its order. Nothing is changed in any case.
pub async fn mint(
    app: &App,
    context: &Context,
    drm: Drm,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    let environment = context.environment;
    let caller = app.authenticate(parameters, environment, Scope::Tokens).await?;
    let account = &*caller.account;
    check_account(account, drm)?;
    check_fairplay(app, environment, drm)?;
    let requests = KeyRequest::parse_all(parameters, drm)?;
    let keys = Keys::collect(keys::resolve(app, (context, &caller), parameters, requests).await?)?;
    let now = app.now();
    let terms = terms(app, environment, drm, parameters, &keys, account, now)?;
    let common = Common::parse(parameters, drm, &account.options, now);
    let common = check_streams(app, environment, drm, parameters, common)?;
    if account.balance.is_empty() {
        return Err(no_balance(account.id).parameter("customerAuthenticator"));
    }
    let terms = with_common(terms, &common);
    let issued_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let granted = Entitlement::grant((environment, account.id), issued_at, common, terms, &**app.random());
    let token = app.rings().sealing(environment).seal(&granted, now, &**app.random());
    Ok(success(app, environment, drm, &token, parameters))
}

/// What the DRM has beyond the common.
fn terms(
    app: &App,
    environment: Environment,
    drm: Drm,
    parameters: &Parameters,
    keys: &Keys,
    account: &Account,
    now: Timestamp,
) -> Result<Terms, Refusal> {
    Ok(match drm {
        Drm::ClearKey => Terms::ClearKey(token_request::clearkey::terms(keys)),
        Drm::FairPlay => Terms::FairPlay(token_request::fairplay::terms(parameters, keys)?),
        Drm::PlayReady => {
            let settings = app.issuers().of(environment).playready_settings;
            Terms::PlayReady(token_request::playready::terms(parameters, keys, settings, now)?)
        }
        Drm::Widevine => Terms::Widevine(token_request::widevine::terms(parameters, keys, &account.options)?),
    })
}

/// Moves what stands among the common parameters and belongs to one DRM into its terms.
fn with_common(terms: Terms, common: &Common) -> Terms {
    match terms {
        Terms::PlayReady(terms) => Terms::PlayReady(PlayReadyTerms { device_id: common.device_id, ..terms }),
        Terms::Widevine(terms) => Terms::Widevine(WidevineTerms { stream: common.stream.clone(), ..terms }),
        Terms::ClearKey(_) | Terms::FairPlay(_) => terms,
    }
}

/// A token that nobody could redeem is not made (fairplay.md, section 2).
fn check_fairplay(app: &App, environment: Environment, drm: Drm) -> Result<(), Refusal> {
    let configured = app.config().environment(environment).fairplay.is_some();
    if drm != Drm::FairPlay || environment == Environment::Test || configured {
        return Ok(());
    }
    let hint = "no FairPlay key server is configured for production; the operator sets \
                [environments.production.fairplay] endpoints";
    Err(Refusal::new(Event::FairPlayNotAuthorized, hint).parameter("customerAuthenticator"))
}

/// Streams are counted by renewals, so a limit without renewal could not be kept (widevine.md, section 6). The
/// order of the checks has `maxStreams` before what is wrong with device, address and cookie.
fn check_streams(
    app: &App,
    environment: Environment,
    drm: Drm,
    parameters: &Parameters,
    common: Result<Common, Refusal>,
) -> Result<Common, Refusal> {
    let limited = drm == Drm::Widevine && matches!(parameters.one("maxStreams"), Ok(Some(_)));
    if !limited || app.config().environment(environment).widevine.renewal.is_some() {
        return common;
    }
    let earlier = ["expirationTime", "oneTime", "userId", "maxStreams"];
    match common {
        Err(refusal) if refusal.parameter_name().is_some_and(|name| earlier.contains(&name)) => Err(refusal),
        Ok(_) | Err(_) => {
            let hint = format!(
                "maxStreams counts streams by their renewals, and renewal is off; the operator sets \
                 [environments.{environment}.widevine.renewal] enabled = true"
            );
            Err(Refusal::new(Event::ValueMissing, hint).parameter("maxStreams"))
        }
    }
}

/// The body of a success.
fn success(app: &App, environment: Environment, drm: Drm, token: &str, parameters: &Parameters) -> String {
    // Conflicting values count as none (token-api.md, section 11).
    let https = matches!(parameters.one("useHttps"), Ok(Some(b"true")));
    let public_url = app.public_url(environment);
    if drm == Drm::PlayReady {
        let mut address = String::with_capacity(token.len() + 128);
        let playready = &app.config().environment(environment).playready;
        match &playready.license_acquisition_url {
            Some(url) if !matches!(playready.backend, PlayReadyBackend::Lab) => {
                url.write_to(&mut address, https);
            }
            Some(_) | None => {
                public_url.write_to(&mut address, https);
                address.push_str("/hms/pr/rights/");
            }
        }
        return serde_json::json!({ "licenseAcquisitionUrl": address, "token": token }).to_string();
    }
    let mut url = String::with_capacity(token.len() + 96);
    public_url.write_to(&mut url, https);
    for part in ["/hms/", drm.code(), "/rights/?ExpressPlayToken=", token] {
        url.push_str(part);
    }
    url
}
