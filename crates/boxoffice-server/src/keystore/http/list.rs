//! `GET /keystore/keys`: all keys, or a page of them.

use std::fmt::Write as _;

use axum::response::Response;
use boxoffice_core::Parameters;
use boxoffice_core::key_storage::{KeyProblem, KeyRefusal, ListFilter};
use drm_primitives::Kek;
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::Asked;
use super::answer::{JSON, of_key_refusal, secret};
use super::get::write_array;
use crate::keystore::{ListRequest, Listed};

const WORD: &str = "list";

/// The most keys of a page.
const PAGE: u32 = 1_000;

/// What stands for itself in a query (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) async fn handle(asked: Asked, kek: Option<Kek>) -> Response {
    let request = match read(&asked.parameters) {
        Ok(request) => request,
        Err(refusal) => return asked.refuse(WORD, refusal).await,
    };
    let keys = asked.app.key_storage();
    let outcome = keys.list(&asked.call, &request, kek.as_ref()).await;
    match keys.release(&asked.call, WORD, |_| 200, outcome).await {
        Ok(listed) => answer(&request, &listed),
        Err(refusal) => of_key_refusal(&refusal, &asked.context),
    }
}

fn read(parameters: &Parameters) -> Result<ListRequest, KeyRefusal> {
    let limit = match one(parameters, "limit")? {
        None => None,
        Some(value) => Some(limit(value)?),
    };
    let text = |name| match one(parameters, name)? {
        None => Ok(None),
        Some(value) => match std::str::from_utf8(value) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(refuse(name, format!("{name} is not UTF-8"))),
        },
    };
    let filter = ListFilter { content_id: text("contentId")?, kek_id: text("kekId")? };
    Ok(ListRequest { filter, limit, cursor: one(parameters, "cursor")?.map(ToOwned::to_owned) })
}

fn limit(value: &[u8]) -> Result<u32, KeyRefusal> {
    let digits =
        std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let limit = digits.and_then(|digits| digits.parse().ok()).filter(|limit| (1..=PAGE).contains(limit));
    limit.ok_or_else(|| refuse("limit", format!("limit is no number from 1 to {PAGE}")))
}

fn one<'a>(parameters: &'a Parameters, name: &'static str) -> Result<Option<&'a [u8]>, KeyRefusal> {
    parameters.one_or_empty(name).map_err(|conflict| refuse(name, format!("{name} is {conflict}")))
}

fn refuse(name: &'static str, hint: String) -> KeyRefusal {
    KeyRefusal::new(KeyProblem::InvalidParameters, hint).parameter(name)
}

fn answer(request: &ListRequest, listed: &Listed) -> Response {
    let mut body = Zeroizing::new(Vec::with_capacity(listed.keys.len() * 256 + 2));
    write_array(&listed.keys, &mut body);
    let mut response = secret(StatusCode::OK, JSON, body);
    if let Some(cursor) = &listed.next {
        let link = HeaderValue::from_str(&link(request, cursor)).expect("escaped texts make a header value");
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The next page, with the same filters; neither authenticator nor KEK.
fn link(request: &ListRequest, cursor: &str) -> String {
    let mut link = format!("</keystore/keys?limit={}", request.limit.unwrap_or(PAGE));
    let filters = [("contentId", &request.filter.content_id), ("kekId", &request.filter.kek_id)];
    for (name, text) in filters {
        let Some(text) = text else { continue };
        // Writing into a string cannot fail.
        let _ = write!(link, "&{name}={}", utf8_percent_encode(text, ESCAPED));
    }
    link.push_str("&cursor=");
    link.push_str(cursor);
    link.push_str(">; rel=\"next\"");
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_up_to_a_thousand() {
        assert_eq!(limit(b"1"), Ok(1));
        assert_eq!(limit(b"1000"), Ok(1_000));
        for wrong in ["", "0", "1001", "-1", "+1", "1.0", "ten", "99999999999999999999"] {
            assert_eq!(
                limit(wrong.as_bytes()).unwrap_err().problem,
                KeyProblem::InvalidParameters,
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_link_has_limit_filters_and_cursor() {
        let filter = ListFilter { content_id: Some("a b&\"é".to_owned()), kek_id: Some("#1.x".to_owned()) };
        let request = ListRequest { filter, limit: Some(2), cursor: Some(b"old".to_vec()) };
        assert_eq!(
            link(&request, "new"),
            "</keystore/keys?limit=2&contentId=a%20b%26%22%C3%A9&kekId=%231.x&cursor=new>; rel=\"next\""
        );
    }
}
