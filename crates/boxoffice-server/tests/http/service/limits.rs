//! Limits (token-api.md, section 11), and whatever a hostile client sends.

use crate::kit::{Lab, Request};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_form_has_64_kib_at_most() {
    let lab = Lab::start().await;
    let form = |length: usize| Request::post("/hms/wv/token?errorFormat=json", FORM, vec![b'a'; length]);
    assert_eq!(lab.send(form(65_536)).await.json()["code"], -2017);
    let answer = lab.send(form(65_537)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &413.into()));
}

#[tokio::test]
async fn a_request_line_has_32_kib_at_most() {
    let lab = Lab::start().await;
    let line = |length: usize| {
        let fixed = "GET /hms/wv/token?errorFormat=json&x= HTTP/1.1".len();
        Request::get(format!("/hms/wv/token?errorFormat=json&x={}", "a".repeat(length - fixed)))
    };
    assert_eq!(lab.send(line(32_768)).await.json()["code"], -2017);
    let answer = lab.send(line(32_769)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (414, &414.into()));
    // Beyond what the parser itself reads there is no body (token-api.md, section 11).
    let answer = lab.send(line(1 << 20)).await;
    assert!(matches!(answer.status, 400 | 414 | 431), "{}", answer.status);
}

#[tokio::test]
async fn a_thousand_parameters_are_enough() {
    let lab = Lab::start().await;
    let form = |count: usize| Request::post("/hms/wv/token", FORM, "a&".repeat(count));
    assert_eq!(lab.send(form(1_000)).await.status, 401);
    for count in [1_001, 10_000] {
        let answer = lab.send(form(count)).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("more than 1000 parameters"), "{}", answer.text());
    }
    let query = format!("/hms/wv/token?{}", "a&".repeat(10_000));
    assert_eq!(lab.get(query).await.status, 400);
}

#[tokio::test]
async fn a_head_with_too_many_headers_is_refused() {
    let lab = Lab::start().await;
    let mut request = Request::get("/hms/wv/token");
    for number in 0..200 {
        request = request.header(&format!("x-{number}"), "1");
    }
    assert_eq!(lab.send(request).await.status, 431);
}

#[tokio::test]
async fn a_body_that_is_no_form_is_not_read_and_the_hint_says_so() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let body = format!("customerAuthenticator={}", customer.authenticator);
    let post = |content_type| Request::post("/hms/wv/token?errorFormat=json", content_type, body.clone());
    assert_eq!(
        lab.send(post("Application/X-WWW-form-urlencoded; charset=utf-8")).await.json()["code"],
        -4018
    );
    let answer = lab.send(post("application/json")).await;
    assert_eq!(answer.json()["code"], -2017);
    assert!(answer.json()["hint"].as_str().unwrap().contains("the body was not read"), "{}", answer.text());
}

#[tokio::test]
async fn bytes_that_are_no_text_get_a_code() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    for (parameters, code) in [
        ("kid=%FF", -4020),
        ("kid=^%FF", -4022),
        ("kid=^a%00b&contentKey=%00", -2027),
        ("kid=%zz", -4020),
        ("kid=^a&contentKey=%F0%9F%98%80", -2027),
        ("customerAuthenticator=%00", -2018),
        ("errorFormat=%FF", -3004),
    ] {
        let separator = if parameters.starts_with("errorFormat") { "" } else { "&errorFormat=json" };
        let answer = lab.ask_for_token(&customer, "wv", &format!("{parameters}{separator}")).await;
        assert!((400..500).contains(&answer.status), "{parameters}");
        assert!(answer.text().contains(&code.to_string()), "{parameters}: {}", answer.text());
    }
}

#[tokio::test]
async fn broken_framing_never_hangs_and_never_fails_the_service() {
    let lab = Lab::start().await;
    for raw in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET /hms/wv/token HTTP/9.9\r\n\r\n",
        b"GET /hms/wv/token\r\n\r\n",
        b"POST /hms/wv/token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /hms/wv/token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /hms/wv/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nzz\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let answer = lab.send_raw(raw).await;
        assert!((400..500).contains(&answer.status), "{raw:?}: {}", answer.status);
    }
    assert_eq!(lab.get("/healthz").await.status, 200);
}
