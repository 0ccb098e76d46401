//! `POST /hms/{wv,pr,fp,ck}/rights/` (token-api.md, section 10).

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use boxoffice_core::{Drm, Event, Parameters, Refusal};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::admission::Kind;
use crate::answer::{ErrorFormat, custom_data, mark, refuse};
use crate::app::App;
use crate::body::{self, BodyError};
use crate::call::body_refusal;
use crate::context::Context;
use crate::edge::NOT_GRANTED;
use crate::hms::redemption::{Facts, Licence, Redemption};
use crate::hms::{clearkey, fairplay, playready, widevine};

/// The header that may carry the token.
const TOKEN: HeaderName = HeaderName::from_static("expressplaytoken");

/// The longest challenge of Widevine and PlayReady.
const CHALLENGE_LIMIT: usize = 65_536;

/// The longest request of Clear Key (clearkey.md, section 3).
const CLEAR_KEY_LIMIT: usize = 16_384;

/// Widevine.
pub(crate) async fn widevine(app: App, context: Context, request: Request) -> Response {
    let (asked, mut facts) = match Asked::read(&app, Drm::Widevine, context, request, CHALLENGE_LIMIT).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    if !app.takes_turns(Drm::Widevine, asked.context.environment) {
        return answer_widevine(app, asked, &mut facts).await;
    }
    let there = app.clone();
    // RSA takes half a millisecond: on the cryptography threads, or nobody else is served meanwhile.
    app.in_turn(move |turn| async move {
        match turn {
            Ok(()) => answer_widevine(there, asked, &mut facts).await,
            Err(busy) => asked.turn_away(&busy),
        }
    })
    .await
}

async fn answer_widevine(app: App, asked: Asked, facts: &mut Facts) -> Response {
    let outcome = match &asked.body {
        Ok(body) => widevine::rights::redeem(&app, &asked.redemption(), facts, body).await,
        Err(error) => Err(bad_body(Event::WidevineLicenseFailed, *error)),
    };
    asked.answer(&app, facts, outcome).await
}

/// Clear Key.
pub(crate) async fn clearkey(app: App, context: Context, request: Request) -> Response {
    let (asked, mut facts) = match Asked::read(&app, Drm::ClearKey, context, request, CLEAR_KEY_LIMIT).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let outcome = match &asked.body {
        Ok(body) => clearkey::rights::redeem(&app, &asked.redemption(), &mut facts, body).await,
        Err(error) => Err(bad_body(Event::KeyData, *error)),
    };
    let mut response = asked.answer(&app, &mut facts, outcome).await;
    response.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// PlayReady. Its errors are SOAP faults, unless the request says `errorFormat` (playready.md, section 6).
pub(crate) async fn playready(app: App, context: Context, request: Request) -> Response {
    let actor = request.uri().path().to_owned();
    let (asked, mut facts) = match Asked::read(&app, Drm::PlayReady, context, request, CHALLENGE_LIMIT).await
    {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let there = app.clone();
    // Curve arithmetic takes as long.
    app.in_turn(move |turn| async move {
        if let Err(busy) = turn {
            return asked.turn_away(&busy);
        }
        let app = there;
        let outcome = match &asked.body {
            Ok(body) => playready::rights::redeem(&app, &asked.redemption(), &mut facts, body).await,
            Err(error @ BodyError::TooLong { .. }) => Err(playready::Fault::too_long(error.to_string())),
            Err(error) => Err(body_refusal(*error).into()),
        };
        app.metrics().redeemed(Drm::PlayReady, outcome.is_ok());
        match outcome {
            Ok(licence) => licence_answer(licence),
            Err(fault) => asked.answer_fault(&app, &mut facts, &fault, &actor).await,
        }
    })
    .await
}

/// FairPlay. Its licences come from the operator's own key server (fairplay.md).
pub(crate) async fn fairplay(app: App, context: Context, request: Request) -> Response {
    let (asked, mut facts) =
        match Asked::read(&app, Drm::FairPlay, context, request, ::fairplay::BODY_LIMIT).await {
            Ok(read) => read,
            Err(refused) => return refused,
        };
    let outcome = match &asked.body {
        Ok(body) => {
            let accept = accept(&asked.parts);
            fairplay::rights::redeem(&app, &asked.redemption(), &mut facts, body, accept.as_deref()).await
        }
        // Of a body that is too long, too, the code and status are those of a bad one (fairplay.md, section 3).
        Err(error @ BodyError::TooLong { .. }) => Err(fairplay::bad_body(error.to_string())),
        Err(error) => Err(body_refusal(*error)),
    };
    asked.answer(&app, &mut facts, outcome).await
}

/// All that `Accept` says, in however many lines.
fn accept(parts: &Parts) -> Option<String> {
    let lines: Vec<_> = parts.headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// A redemption as it came.
struct Asked {
    context: Context,
    parts: Parts,
    parameters: Parameters,
    format: ErrorFormat,
    body: Result<Bytes, BodyError>,
}

impl Asked {
    /// Reads a redemption, and begins to gather what its record will say.
    async fn read(
        app: &App,
        drm: Drm,
        context: Context,
        request: Request,
        limit: usize,
    ) -> Result<(Self, Facts), Response> {
        let (environment, address) = (context.environment, Some(context.address));
        let mut facts = Facts::new(app.now(), (environment, drm), address, context.request_id);
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let parameters = Parameters::parse(query.as_bytes(), b"").map_err(|error| {
            refuse(&Refusal::of_status(400, error.to_string()), &context, ErrorFormat::Json)
        })?;
        let format = ErrorFormat::of(&parameters, ErrorFormat::Json);
        let body = body::read(body, limit, app.config().server.body_timeout).await;
        let known_format = *format.as_ref().unwrap_or(&ErrorFormat::Html);
        // The edge has looked at the rates of the others, which show in their paths.
        if drm == Drm::Widevine {
            let kind = body.as_ref().map_or(Kind::Licences, |body| widevine::rights::kind(body));
            let allowed = app.admission().check_rate(kind);
            allowed.map_err(|refusal| refuse(&refusal, &context, known_format))?;
        }
        let asked = Self { context, parts, parameters, format: known_format, body };
        match format {
            Ok(_) => Ok((asked, facts)),
            Err(refusal) => Err(asked.answer(app, &mut facts, Err(refusal)).await),
        }
    }

    fn redemption(&self) -> Redemption<'_> {
        let headers = &self.parts.headers;
        Redemption {
            environment: self.context.environment,
            parameters: &self.parameters,
            token_headers: headers.get_all(TOKEN).iter().map(HeaderValue::as_bytes).collect(),
            authorizations: headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect(),
            address: self.context.address,
        }
    }

    /// Of those there is no time for nobody opens the token, and no record is left: it is said as to those whom the edge
    /// turns away unread.
    fn turn_away(&self, busy: &Refusal) -> Response {
        refuse(busy, &self.context, self.format)
    }

    async fn answer(&self, app: &App, facts: &mut Facts, outcome: Result<Licence, Refusal>) -> Response {
        app.metrics().redeemed(facts.drm, outcome.is_ok());
        match outcome {
            Ok(licence) => licence_answer(licence),
            Err(refusal) => {
                self.redemption().refuse(app, facts, &refusal).await;
                refuse(&refusal, &self.context, self.format)
            }
        }
    }

    /// `actor` is the path that was asked.
    async fn answer_fault(
        &self,
        app: &App,
        facts: &mut Facts,
        fault: &playready::Fault,
        actor: &str,
    ) -> Response {
        let refusal = &fault.refusal;
        self.redemption().refuse(app, facts, refusal).await;
        if matches!(self.parameters.one("errorFormat"), Ok(Some(_))) {
            return refuse(refusal, &self.context, self.format);
        }
        let soap = fault.to_soap(actor, &custom_data(refusal, &self.context.request_id));
        let mut response = Response::new(Body::from(soap));
        // Players take a fault from a 500 alone (playready.md, section 6).
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let content_type = HeaderValue::from_static("text/xml; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        mark(&mut response, refusal);
        response
    }
}

fn licence_answer(licence: Licence) -> Response {
    let mut response = Response::new(Body::from(licence.body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(licence.content_type));
    if let Some(not_granted) = licence.not_granted {
        let value = HeaderValue::from_str(&not_granted).expect("KIDs in hex make a header value");
        headers.insert(NOT_GRANTED, value);
    }
    response
}

/// A challenge that is too long has the DRM's code (widevine.md, section 8); one that does not come has none.
fn bad_body(event: Event, error: BodyError) -> Refusal {
    match error {
        BodyError::TooLong { .. } => Refusal::new(event, error.to_string()).reason("body").status(413),
        BodyError::Broken | BodyError::Slow { .. } => body_refusal(error),
    }
}
