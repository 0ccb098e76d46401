//! The faults of a server that runs by itself, over HTTP:
//!
//! - `POST /testkit/faults`: one fault a line, for the next requests.
//! - `PUT /testkit/faults`: one fault, for every request; or a number and a fault, for every so many.
//! - `DELETE /testkit/faults`: no fault any more, and what is held is released.
//! - `GET /testkit/requests`: how many requests have come.

use http::{Method, StatusCode};

use super::fault::{Fault, FaultTextError};
use super::{Received, Reply, Role, Shared};

/// Where this is, so that it is never taken for the role's own.
pub(super) const PREFIX: &str = "/testkit/";

pub(super) fn answer<R: Role>(request: &Received, shared: &Shared<R>) -> Reply {
    let Ok(text) = std::str::from_utf8(&request.body) else {
        return Reply::text(StatusCode::BAD_REQUEST, "the body is not UTF-8");
    };
    let done = match (&request.method, request.path.as_str()) {
        (&Method::POST, "/testkit/faults") => plan_next(text, shared),
        (&Method::PUT, "/testkit/faults") => plan_standing(text, shared),
        (&Method::DELETE, "/testkit/faults") => {
            shared.faults.clear();
            Ok(())
        }
        (&Method::GET, "/testkit/requests") => {
            return Reply::text(StatusCode::OK, &shared.received.borrow().to_string());
        }
        _ => return Reply::text(StatusCode::NOT_FOUND, "there is /testkit/faults and /testkit/requests"),
    };
    match done {
        Ok(()) => Reply::text(StatusCode::OK, "done"),
        Err(error) => Reply::text(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// All lines are read before one counts.
fn plan_next<R: Role>(text: &str, shared: &Shared<R>) -> Result<(), FaultTextError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let faults: Vec<Fault<R::Fault>> = lines.map(str::parse).collect::<Result<_, _>>()?;
    for fault in faults {
        shared.faults.next(fault);
    }
    Ok(())
}

fn plan_standing<R: Role>(text: &str, shared: &Shared<R>) -> Result<(), FaultTextError> {
    let text = text.trim();
    let (every, fault) = match text.split_once(' ').map(|(every, fault)| (every.parse(), fault)) {
        Some((Ok(every), fault)) => (every, fault.trim()),
        Some((Err(_), _)) | None => (1, text),
    };
    shared.faults.every(every, fault.parse::<Fault<R::Fault>>()?);
    Ok(())
}
