//! Calls from pages of other origins (clearkey.md, section 4).

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::WebOrigin;
use crate::route::Route;

/// The header that names what was asked for and not granted; players may read it.
pub const NOT_GRANTED: HeaderName = HeaderName::from_static("x-boxoffice-not-granted");

/// Which origins may call: all, or those that are configured.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    origins: Vec<HeaderValue>,
}

/// What one answer gets.
#[derive(Debug, Default)]
pub(super) struct OfAnswer {
    methods: Option<&'static str>,
    headers: Option<HeaderValue>,
    origin: Allowed,
}

#[derive(Debug, Default)]
enum Allowed {
    Any,
    /// Of the configured origins; the answer depends on who asks.
    Named(HeaderValue),
    #[default]
    Nobody,
}

impl Cors {
    pub(super) fn new(origins: &[WebOrigin]) -> Self {
        let value = |origin: &WebOrigin| HeaderValue::from_str(&origin.0).ok();
        Self { origins: origins.iter().filter_map(value).collect() }
    }

    /// Notes what the request asks for.
    pub(super) fn of(&self, route: Route, headers: &HeaderMap) -> OfAnswer {
        let methods = route.cross_origin_methods();
        if methods.is_none() {
            return OfAnswer::default();
        }
        let origin = headers.get(ORIGIN);
        let origin = match origin.filter(|origin| self.origins.contains(origin)) {
            _ if self.origins.is_empty() => Allowed::Any,
            Some(origin) => Allowed::Named(origin.clone()),
            None => Allowed::Nobody,
        };
        OfAnswer { methods, headers: headers_asked_for(headers), origin }
    }
}

impl OfAnswer {
    /// Adds the headers, to errors as well.
    pub(super) fn add_to(self, response: &mut Response) {
        let Some(methods) = self.methods else { return };
        let headers = response.headers_mut();
        match self.origin {
            Allowed::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            Allowed::Named(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
            Allowed::Nobody => {
                headers.append(VARY, HeaderValue::from_static("Origin"));
                return;
            }
        }
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        let exposed = HeaderValue::from_static("x-request-id, x-boxoffice-not-granted");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        if let Some(asked) = self.headers {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
    }
}

/// The headers that a preflight asks for, if they are header names and at most 32.
fn headers_asked_for(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS)?;
    let names = asked.to_str().ok()?.split(',').map(str::trim);
    let mut count = 0;
    for name in names {
        count += 1;
        if count > 32 || name.parse::<HeaderName>().is_err() {
            return None;
        }
    }
    Some(asked.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use boxoffice_core::Drm;

    fn answer(cors: &Cors, route: Route, request: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in request {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let mut response = Response::new(Body::empty());
        cors.of(route, &headers).add_to(&mut response);
        response.headers().clone()
    }

    #[test]
    fn any_page_may_redeem_and_none_may_ask_for_tokens() {
        let cors = Cors::new(&[]);
        let asked = [
            ("origin", "https://a.example"),
            ("access-control-request-headers", "content-type,expressplaytoken"),
        ];
        let headers = answer(&cors, Route::Rights(Drm::ClearKey), &asked);
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["access-control-allow-methods"], "POST, OPTIONS");
        assert_eq!(headers["access-control-max-age"], "600");
        assert_eq!(headers["access-control-allow-headers"], "content-type,expressplaytoken");
        assert_eq!(headers["access-control-expose-headers"], "x-request-id, x-boxoffice-not-granted");
        assert!(answer(&cors, Route::Token(Drm::ClearKey), &asked).is_empty());
    }

    #[test]
    fn with_origins_configured_each_is_named_and_others_get_nothing() {
        let cors = Cors::new(&[WebOrigin("https://a.example".to_owned())]);
        let route = Route::Rights(Drm::Widevine);
        let headers = answer(&cors, route, &[("origin", "https://a.example")]);
        assert_eq!(headers["access-control-allow-origin"], "https://a.example");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "Origin");
        let headers = answer(&cors, route, &[("origin", "https://b.example")]);
        assert_eq!((headers.len(), &headers["vary"]), (1, &HeaderValue::from_static("Origin")));
    }

    #[test]
    fn only_header_names_are_echoed_and_only_32() {
        let cors = Cors::new(&[]);
        let echoed = |asked: &str| {
            let headers = answer(&cors, Route::Unknown, &[("access-control-request-headers", asked)]);
            headers.contains_key("access-control-allow-headers")
        };
        assert!(echoed(&vec!["a"; 32].join(", ")));
        assert!(!echoed(&vec!["a"; 33].join(", ")));
        assert!(!echoed("a b"));
        assert!(!echoed("a,,b"));
    }
}
