//! The operation: who asks, what was asked before, what is granted; then the record, then the answer.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use boxoffice_core::{Drm, Event, Refusal};
use boxoffice_storage::{RecordFilter, RecordId, RememberedAnswer};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::authentication::Proof;
use super::certificate::ClientCertificate;
use super::decision::{Decision, Question};
use super::entitled::entitle;
use super::grant::GrantText;
use super::record::describe;
use super::request::{BODY_LIMIT, RedeemRequest};
use super::secret::sha256;
use super::settings::Webhook;
use crate::accounts::storage_failed;
use crate::answer::{self, ErrorFormat, ErrorJson, custom_data, mark, refuse};
use crate::app::App;
use crate::body;
use crate::call::body_refusal;
use crate::context::Context;
use crate::hms::playready::Fault;
use crate::hms::redemption::Facts;
use crate::hms::redemption::books::{self, Booked};
use crate::hosts::Client as Whence;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How long a key may be, in characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=64;

/// A refusal, and the fault that the handler shall throw.
#[derive(Serialize)]
struct Refused<'a> {
    #[serde(flatten)]
    error: ErrorJson<'a>,
    fault: Thrown,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Thrown {
    status_code: &'static str,
    custom_data: String,
}

/// `POST /v1/playready/redeem`.
pub(crate) async fn handler(app: App, context: Context, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match answer(&app, &context, &parts, body).await {
        Ok(response) => response,
        Err(refusal) => refuse(&refusal, &context, ErrorFormat::Json),
    }
}

/// An answer, or what stands in the way of any: those refusals are not remembered.
async fn answer(app: &App, context: &Context, parts: &Parts, body: Body) -> Result<Response, Refusal> {
    let environment = context.environment;
    let webhook = app.webhooks().of(environment);
    let webhook = webhook.ok_or_else(|| Refusal::of_status(404, "there is nothing at this path"))?;
    check_transport(parts)?;
    let patience = app.config().server.body_timeout;
    let body = body::read(body, BODY_LIMIT, patience).await.map_err(body_refusal)?;
    check_caller(app, webhook, parts, &body)?;
    let key = idempotency_key(&parts.headers)?;
    let asked = RedeemRequest::parse(&body).map_err(|error| Refusal::of_status(400, error.to_string()))?;
    let question = Question { environment, key, body_hash: sha256(&body) };
    let mut facts = Facts::new(app.now(), (environment, Drm::PlayReady), asked.address, context.request_id);
    describe(&asked, &mut facts);
    let call = Call { app, context, webhook, asked, question, now: facts.time };
    call.answer(&mut facts).await
}

/// Keys leave in this answer: it goes over TLS, here or at a trusted proxy, or stays on this machine.
fn check_transport(parts: &Parts) -> Result<(), Refusal> {
    let whence = parts.extensions.get::<Whence>().expect("the edge says whence each request came");
    if whence.https || whence.address.is_loopback() {
        return Ok(());
    }
    let hint = "the webhook answers over TLS, from this machine, or through a trusted proxy that sends \
                X-Forwarded-Proto: https";
    Err(Refusal::of_status(403, hint))
}

/// Without details: whoever is not known learns nothing. The operator's log has them.
fn check_caller(app: &App, webhook: &Webhook, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
    let proof = Proof {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        headers: &parts.headers,
        body,
        certificate: parts.extensions.get::<ClientCertificate>(),
    };
    webhook.authentication.check(&proof, app.now()).map_err(|error| {
        tracing::info!(%error, "a call of the PlayReady webhook was not authenticated");
        Refusal::of_status(401, "")
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let refuse = |got: String| {
        let hint = format!(
            "Idempotency-Key: {got}, expected one of 8 to 64 printable characters for each challenge"
        );
        Refusal::of_status(400, hint).parameter("Idempotency-Key")
    };
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(refuse("got none".to_owned())),
        (Some(_), Some(_)) => return Err(refuse("got several".to_owned())),
        (Some(value), None) => value,
    };
    let printable = |byte: u8| (b' '..=b'~').contains(&byte);
    match value.to_str() {
        Ok(key) if key.bytes().all(printable) && KEY_LENGTH.contains(&key.len()) => Ok(key),
        Ok(key) if key.bytes().all(printable) => Err(refuse(format!("got {} characters", key.len()))),
        Ok(_) | Err(_) => Err(refuse("got a character that is not printable ASCII".to_owned())),
    }
}

/// A question of a caller who may ask.
struct Call<'a> {
    app: &'a App,
    context: &'a Context,
    webhook: &'a Webhook,
    asked: RedeemRequest,
    question: Question<'a>,
    now: Timestamp,
}

impl Call<'_> {
    async fn answer(&self, facts: &mut Facts) -> Result<Response, Refusal> {
        let storage = self.app.installation().storage();
        let known = storage.remembered_answer(self.question.environment, self.question.key, self.now).await;
        let outcome = match known {
            Ok(Some(known)) => return self.again(&known).await,
            Ok(None) => self.decide(facts).await,
            Err(error) => Err(storage_failed(&error).into()),
        };
        let fault = match outcome {
            Ok(response) => return Ok(response),
            Err(Stopped::Answered(known)) => return self.again(&known).await,
            Err(Stopped::Refused(fault)) => *fault,
        };
        self.app.metrics().redeemed(Drm::PlayReady, false);
        Ok(self.refuse(&fault, facts).await)
    }

    /// Grants, and answers with what is durable then.
    async fn decide(&self, facts: &mut Facts) -> Result<Response, Stopped> {
        let entitled = entitle(self.app, self.question.environment, &self.asked, facts).await?;
        entitled.admitted.check_balance()?;
        facts.kids = entitled.policies.iter().map(|policy| policy.kid).collect();
        facts.note_not_granted(entitled.not_granted.iter().copied());
        let withheld = entitled.withheld.iter();
        facts.note_withheld(withheld.map(|key| (key.kid, u32::from(key.required.number()), key.device)));
        let text = GrantText::new(&entitled, self.webhook.wrap_key.as_ref(), self.context.request_id);
        let decision = Decision::Grant { text, recorded_at: self.now.as_microsecond() };
        let answer = self.remember(&decision);
        let record = match books::grant_once(self.app, &entitled.admitted, facts, answer).await? {
            Booked::Granted(record) => record,
            Booked::Before(known) => return Err(Stopped::Answered(known)),
        };
        self.app.metrics().redeemed(Drm::PlayReady, true);
        let response = match &decision {
            Decision::Grant { text, .. } => granted_answer(text, record),
            Decision::Refuse { status, body } => json_answer(*status, body.clone()),
        };
        Ok(response)
    }

    fn remember(&self, decision: &Decision) -> RememberedAnswer {
        let rings = self.app.rings();
        let ring = rings.storage(self.question.environment);
        decision.remember(&self.question, ring, self.now, &**self.app.random())
    }

    /// Answers with a refusal, and what the handler shall throw. One that the same question would get again is
    /// remembered; our own failures are not, for they pass.
    async fn refuse(&self, fault: &Fault, facts: &Facts) -> Response {
        let (refusal, request_id) = (&fault.refusal, &self.context.request_id);
        let thrown =
            Thrown { status_code: fault.code.status_code(), custom_data: custom_data(refusal, request_id) };
        let refused = Refused { error: ErrorJson::new(refusal, request_id), fault: thrown };
        let status = StatusCode::from_u16(refusal.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let decision = Decision::Refuse { status, body: answer::text(&refused).into_bytes() };
        let answer = (!status.is_server_error()).then(|| self.remember(&decision));
        books::refuse(self.app, facts, refusal, answer).await;
        let body = match decision {
            Decision::Refuse { body, .. } => body,
            Decision::Grant { .. } => Vec::new(),
        };
        let mut response = json_answer(status, body);
        mark(&mut response, refusal);
        response
    }

    /// Gives a decision again, to the same question.
    async fn again(&self, known: &RememberedAnswer) -> Result<Response, Refusal> {
        if known.body_hash != self.question.body_hash {
            let hint = "this Idempotency-Key came with another body in the last 10 minutes; use one for each challenge";
            return Err(Refusal::of_status(409, hint).parameter("Idempotency-Key"));
        }
        let environment = self.question.environment;
        let recall =
            || Decision::recall(&self.question, self.app.rings().storage(environment), &known.sealed);
        let mut decision = recall();
        // Another node may have rolled the keys a moment ago.
        if decision.is_none() && self.app.reread_rings().await {
            decision = recall();
        }
        let lost = || Refusal::new(Event::AdminError, "what was decided before cannot be read").status(500);
        match decision.ok_or_else(lost)? {
            Decision::Refuse { status, body } => Ok(json_answer(status, body)),
            Decision::Grant { text, recorded_at } => {
                let record = self.find_record(&text, recorded_at).await?;
                Ok(granted_answer(&text, record.ok_or_else(lost)?))
            }
        }
    }

    /// The number of the record that a grant left: by its time, and the id of the request that got it first.
    async fn find_record(&self, text: &GrantText, recorded_at: i64) -> Result<Option<RecordId>, Refusal> {
        let from = Timestamp::from_microsecond(recorded_at).unwrap_or(self.now);
        let to = from.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
        let head: serde_json::Value = serde_json::from_slice(&text.head).unwrap_or_default();
        let request_id = head.get("requestId").and_then(serde_json::Value::as_str).unwrap_or_default();
        let filter = RecordFilter { from: Some(from), to: Some(to), ..RecordFilter::default() };
        let mut after = None;
        loop {
            let storage = self.app.installation().storage();
            let page = storage.search_records(filter.clone(), after, 1_000).await;
            let page = page.map_err(|error| storage_failed(&error))?;
            let found = page.records.iter().find(|stored| stored.record.request_id == request_id);
            match (found, page.next) {
                (Some(stored), _) => return Ok(Some(stored.id)),
                (None, None) => return Ok(None),
                (None, next) => after = next,
            }
        }
    }
}

/// Why a question gets no grant of its own.
enum Stopped {
    /// Somebody asked the same at the same moment, and has his answer.
    Answered(RememberedAnswer),
    /// It is refused.
    Refused(Box<Fault>),
}

impl<T: Into<Fault>> From<T> for Stopped {
    fn from(fault: T) -> Self {
        Self::Refused(Box::new(fault.into()))
    }
}

fn granted_answer(text: &GrantText, record: RecordId) -> Response {
    // The body leaves the process next; a copy that is wiped would still leave the one on the wire.
    json_answer(StatusCode::OK, text.with_record(record.0).to_vec())
}

fn json_answer(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
