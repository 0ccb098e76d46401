//! Pages of other origins (clearkey.md, section 4).

use http::Method;

use crate::kit::{Lab, Request};

fn preflight(path: &str) -> Request {
    Request::new(Method::OPTIONS, path)
        .header("origin", "https://player.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,expressplaytoken")
}

#[tokio::test]
async fn a_preflight_is_204_and_needs_no_token() {
    let lab = Lab::start().await;
    for path in ["/hms/wv/rights/", "/hms/wv/rights", "/hms/pr/rights/", "/hms/ck/rights/"] {
        let answer = lab.send(preflight(path)).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-methods"), "POST, OPTIONS");
        assert_eq!(answer.header("access-control-max-age"), "600");
        assert_eq!(answer.header("access-control-allow-headers"), "content-type,expressplaytoken");
        assert!(answer.body.is_empty());
    }
    let answer = lab.send(preflight("/hms/wv/certificate")).await;
    assert!(answer.header("access-control-allow-methods").contains("GET"));
}

#[tokio::test]
async fn errors_can_be_read_by_a_page_too() {
    let lab = Lab::start().await;
    for request in [
        Request::post("/hms/wv/rights/", "text/plain", b""),
        Request::post("/hms/wv/rights/?ExpressPlayToken=x", "text/plain", b"x"),
        Request::post("/hms/wv/rights/", "text/plain", vec![0; 70_000]),
        Request::get("/hms/wv/rights/"),
        Request::get("/hms/nothing"),
        Request::post("/hms/pr/rights/", "text/xml", b"x"),
        Request::post("/hms/ck/rights/", "application/json", b"x"),
    ] {
        let answer = lab.send(request.header("origin", "https://player.example")).await;
        assert!(answer.status >= 400);
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{}", answer.text());
        assert_eq!(answer.header("access-control-expose-headers"), "x-request-id, x-boxoffice-not-granted");
    }
}

#[tokio::test]
async fn a_token_request_has_no_business_in_a_browser() {
    let lab = Lab::start().await;
    let answer = lab.send(Request::get("/hms/wv/token").header("origin", "https://player.example")).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    assert_eq!(lab.send(preflight("/hms/wv/token")).await.status, 405);
}

#[tokio::test]
async fn configured_origins_are_named_with_credentials_and_others_get_nothing() {
    let lab = Lab::with_settings("[players]\norigins = ['https://player.example']").await;
    let ask = |origin| Request::post("/hms/wv/rights/", "text/plain", b"x").header("origin", origin);
    let answer = lab.send(ask("https://player.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://player.example");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("vary"), "Origin");
    let answer = lab.send(ask("https://elsewhere.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("vary"), "Origin");
}
