//! `GET /cmiapi/getrecord/` (token-api.md, sections 10 and 11).

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use boxoffice_core::{Parameters, Refusal};
use boxoffice_storage::StoredRecord;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::line::event;
use super::query::{MOST, Query};
use crate::accounts::storage_failed;
use crate::answer::{ErrorFormat, refuse};
use crate::app::App;
use crate::context::Context;

/// The events of the account that asks, the newest first.
pub(crate) async fn getrecord(app: App, context: Context, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let parameters = match Parameters::parse(query.as_bytes(), b"") {
        Ok(parameters) => parameters,
        Err(error) => {
            return refuse(&Refusal::of_status(400, error.to_string()), &context, ErrorFormat::Json);
        }
    };
    let format = match ErrorFormat::of(&parameters, ErrorFormat::Json) {
        Ok(format) => format,
        Err(refusal) => return refuse(&refusal, &context, ErrorFormat::Html),
    };
    match events(&app, &context, &parameters).await {
        Ok(events) => {
            let mut response = Response::new(Body::from(events.to_string()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(refusal) => refuse(&refusal, &context, format),
    }
}

async fn events(app: &App, context: &Context, parameters: &Parameters) -> Result<Value, Refusal> {
    // Whatever an authenticator is for, its account's records are its own.
    let caller = app.authenticate(parameters, context.environment, None).await?;
    let account = caller.account.id;
    let storage = app.installation().storage();
    let failed = |error| storage_failed(&error);
    let found = match Query::parse(parameters, account)? {
        Query::Nothing => Vec::new(),
        Query::Id(id) => {
            let found = storage.record(id).await.map_err(failed)?;
            found.filter(|stored| stored.record.account == Some(account)).into_iter().collect()
        }
        Query::Newest(query) => storage.newest_records(query).await.map_err(failed)?,
    };
    Ok(answer(&found))
}

fn answer(found: &[StoredRecord]) -> Value {
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let events: Vec<_> = found.iter().take(most).map(event).collect();
    // A list that was cut must not look complete.
    if found.len() > most {
        return json!({ "valid": true, "events": events, "more": true });
    }
    json!({ "valid": true, "events": events })
}
