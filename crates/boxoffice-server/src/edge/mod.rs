//! The edge of the service: what is the same for every request, whatever its operation.
//!
//! It is one function and not a stack of layers, for each layer would cost an allocation and a state machine on
//! the way of every token. Its order: a place among the requests in work, the length of the request line, the
//! host's environment, the path, the method; then the operation; then the headers that every answer has, the
//! counters, and the access line.

mod cors;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use boxoffice_core::{Drm, Environment, Refusal};
use http::header::{ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::admission::Kind;
use crate::answer::{ErrorFormat, Outcome, refuse};
use crate::app::App;
use crate::context::Context;
use crate::hosts::Peer;
use crate::http::token;
use crate::keystore;
use crate::operations::operation;
use crate::request_id::RequestId;
use crate::route::Route;
use crate::telemetry::AccessLine;
use crate::webhook::WebhookOnly;

use cors::Cors;
pub use cors::NOT_GRANTED;

/// Takes requests in, and lets answers out.
#[derive(Clone, Debug)]
pub struct Edge {
    app: App,
    cors: Cors,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request line (token-api.md, section 11).
const REQUEST_LINE_LIMIT: usize = 32_768;

impl Edge {
    /// Around all operations.
    #[must_use]
    pub fn new(app: App) -> Self {
        let cors = Cors::new(&app.config().player_origins);
        Self { app, cors }
    }

    /// What every operation is given.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Answers a request; there is always an answer.
    pub async fn respond(&self, peer: Peer, request: Request) -> Response {
        let started = Instant::now();
        let request_id = self.app.request_ids().next();
        let route = Route::of(request.uri().path());
        let method = method_name(request.method());
        let (mut parts, body) = request.into_parts();
        let client = self.app.hosts().client(&parts.headers, peer);
        if route == Route::PlayReadyWebhook {
            parts.extensions.insert(client);
        }
        let mut context = Context {
            request_id,
            environment: Environment::Test,
            address: client.address,
            accept_language: parts.headers.get(ACCEPT_LANGUAGE).cloned(),
        };
        let cors = self.cors.of(route, &parts.headers);
        let in_flight = self.app.metrics().enter();
        let kind = Kind::of(route);
        let place = kind.map(|kind| self.app.admission().enter(kind)).transpose();
        let mut environment = None;
        let mut response = match self.admit(&parts, route, peer, place.as_ref().err()) {
            Ok(_) if parts.method == Method::OPTIONS && route != Route::KeyStorage => preflight(),
            Ok(admitted) => {
                environment = admitted;
                context.environment = admitted.unwrap_or(Environment::Test);
                self.operate(context, route, parts, body).await
            }
            Err(refusal) => {
                let mut response = refused(&refusal, &context, route, parts.uri.query());
                if refusal.http_status() == 405 {
                    response.headers_mut().insert(ALLOW, allow(route));
                }
                response
            }
        };
        cors.add_to(&mut response);
        add_common_headers(&mut response, request_id);
        let (status, duration) = (response.status().as_u16(), started.elapsed());
        let outcome = response.extensions().get::<Outcome>();
        self.app.metrics().answered(route, status, duration, outcome);
        self.app.access_log().write(&AccessLine {
            time: self.app.now(),
            request_id,
            method,
            route,
            environment,
            status,
            duration,
            address: client.address,
            outcome,
        });
        drop((in_flight, place));
        response
    }

    /// What can be refused before anybody looks at the operation. The environment is `None` where none is needed.
    fn admit(
        &self,
        parts: &Parts,
        route: Route,
        peer: Peer,
        no_place: Option<&Refusal>,
    ) -> Result<Option<Environment>, Refusal> {
        let webhook_only = parts.extensions.get::<WebhookOnly>();
        if webhook_only.is_none() && route.answers_on_any_host() {
            check_method(route, &parts.method)?;
            return Ok(None);
        }
        if let Some(refusal) = no_place {
            return Err(refusal.clone());
        }
        let length = request_line_length(parts);
        if length > REQUEST_LINE_LIMIT {
            let hint = format!(
                "the request line has {length} bytes, expected at most {REQUEST_LINE_LIMIT}; use POST"
            );
            return Err(Refusal::of_status(414, hint));
        }
        let environment = match webhook_only {
            Some(WebhookOnly(environment)) => *environment,
            None => self.app.hosts().environment(parts, peer)?,
        };
        if route == Route::Unknown || webhook_only.is_some() && route != Route::PlayReadyWebhook {
            return Err(Refusal::of_status(404, "there is nothing at this path"));
        }
        check_method(route, &parts.method)?;
        // Preflights are cheap, and a player whose preflight is refused tells its viewer nothing.
        if let Route::Rights(drm) = route
            && parts.method != Method::OPTIONS
            && self.app.takes_turns(drm, environment)
        {
            self.app.check_turn()?;
        }
        // What a Widevine player wants stands in its body, and its rate is looked at when that has been read.
        if let Some(kind) = Kind::of(route)
            && parts.method != Method::OPTIONS
            && route != Route::Rights(Drm::Widevine)
        {
            self.app.admission().check_rate(kind)?;
        }
        Ok(Some(environment))
    }

    /// Lets the operation answer, within its time.
    async fn operate(&self, context: Context, route: Route, parts: Parts, body: Body) -> Response {
        let (uri, in_case_of_need) = (parts.uri.clone(), context.clone());
        let limit = self.app.config().server.request_timeout;
        let answered = if let Route::Token(drm) = route {
            within(limit, pin!(token::answer(&self.app, drm, context, parts, body))).await
        } else {
            let mut operation = operation(&self.app, route, context, Request::from_parts(parts, body));
            within(limit, operation.as_mut()).await
        };
        answered.unwrap_or_else(|| {
            let hint = format!("the request was not done within {} ms; try again", limit.as_millis());
            let refusal = Refusal::of_status(503, hint).retry_after(2);
            refused(&refusal, &in_case_of_need, route, uri.query())
        })
    }
}

/// Waits for an operation, unless it takes longer than `limit`.
async fn within<T>(
    limit: Duration,
    mut operation: Pin<&mut (impl Future<Output = T> + ?Sized)>,
) -> Option<T> {
    // Most operations are done at once, and then there is no need of a timer.
    match poll_fn(|task| Poll::Ready(operation.as_mut().poll(task))).await {
        Poll::Ready(answered) => Some(answered),
        Poll::Pending => tokio::time::timeout(limit, operation).await.ok(),
    }
}

/// What every answer has.
fn add_common_headers(response: &mut Response, request_id: RequestId) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id.header());
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// A preflight needs no token and leaves no record; what may be done stands in the headers of [`Cors`].
fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn check_method(route: Route, method: &Method) -> Result<(), Refusal> {
    let methods = route.methods();
    if methods.is_empty() || methods.contains(method) {
        return Ok(());
    }
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    Err(Refusal::of_status(405, format!("this path has {}", names.join(", "))))
}

fn allow(route: Route) -> HeaderValue {
    let names: Vec<_> = route.methods().iter().map(Method::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).expect("methods make a header value")
}

/// A refusal in the form of its route. The key storage's have one of their own (key-storage.md, section 5).
fn refused(refusal: &Refusal, context: &Context, route: Route, query: Option<&str>) -> Response {
    if route == Route::KeyStorage {
        return keystore::http::refuse(refusal, context);
    }
    refuse(refusal, context, ErrorFormat::of_query(query, default_format(route)))
}

/// Players want JSON, people at a browser pages (token-api.md, sections 2 and 10).
const fn default_format(route: Route) -> ErrorFormat {
    match route {
        Route::Rights(_)
        | Route::WidevineCertificate
        | Route::FairPlayCertificate
        | Route::PlayReadyWebhook
        | Route::KeyStorage
        | Route::Records
        | Route::Health
        | Route::Ready
        | Route::Metrics => ErrorFormat::Json,
        Route::Token(_) | Route::Unknown => ErrorFormat::Html,
    }
}

/// Method, target and version as they stood in the request line.
fn request_line_length(parts: &Parts) -> usize {
    let uri = &parts.uri;
    let origin = uri.authority().map_or(0, |authority| authority.as_str().len())
        + uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    parts.method.as_str().len() + origin + path + "  HTTP/1.1".len()
}

/// A method as logs name it: one that we do not know may be anything.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "CONNECT" => "CONNECT",
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        "TRACE" => "TRACE",
        _ => "OTHER",
    }
}
