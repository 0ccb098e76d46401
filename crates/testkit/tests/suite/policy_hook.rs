//! The mock policy hook: widevine.md, section 7.4.

use serde_json::{Value, json};
use testkit::policy_hook::{AnswerFault, PolicyHook, Proof};
use testkit::{MockServer, TransportFault};
use zeroize::Zeroizing;

use super::kit::{client, post};

const QUESTION: &str = r#"{"request_id":"r1","drm":"wv"}"#;
const SECRET: &str = "a secret of both";
const TIMESTAMP: &str = "1767225600";
/// HMAC-SHA256 with `SECRET` over `1767225600.POST /policy`, a line feed and `QUESTION`.
const SIGNATURE: &str = "v1=28785c2d8c82d552f05b2e9d61cace67a28759351333bc3650fc031278283623";

fn secret() -> Zeroizing<String> {
    Zeroizing::new(SECRET.to_owned())
}

async fn start(proof: Proof) -> MockServer<PolicyHook> {
    MockServer::start(PolicyHook::new(proof)).await.unwrap()
}

/// Asks with these headers besides the type, and returns the status and what was said.
async fn ask(server: &MockServer<PolicyHook>, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request =
        client().post(server.url(path)).header("content-type", "application/json").body(QUESTION);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap().trim_end().to_owned())
}

#[tokio::test]
async fn everything_is_granted_until_it_is_told_to_answer_otherwise() {
    let server = start(Proof::None).await;
    let decision = async || -> Value { post(&server.url("/policy"), QUESTION).await.unwrap().json() };
    assert_eq!(decision().await, json!({ "decision": "grant" }));
    for answer in [
        json!({ "decision": "refuse", "hint": "not here" }),
        json!({ "decision": "grant", "policy": { "licence_duration_seconds": 60 } }),
        json!({ "decision": "maybe" }),
        json!(["whatever", 1]),
    ] {
        server.role().answer_with(answer.clone());
        assert_eq!([decision().await, decision().await], [answer.clone(), answer]);
    }
    assert_eq!(server.request_count(), 9);
    assert_eq!(server.last_request().unwrap().body, QUESTION.as_bytes());
}

#[tokio::test]
async fn what_is_no_question_gets_no_decision() {
    let server = start(Proof::None).await;
    for body in [
        "",
        "not JSON",
        "[]",
        r#"{"drm":"wv"}"#,
        r#"{"request_id":"r1"}"#,
        r#"{"request_id":1,"drm":"wv"}"#,
        r#"{"request_id":"r1","drm":null}"#,
    ] {
        assert_eq!(post(&server.url("/"), body).await.unwrap().status, 400, "{body}");
    }
    let untyped = client().post(server.url("/")).body(QUESTION).send().await.unwrap();
    assert_eq!(untyped.status().as_u16(), 415);
    let get = client().get(server.url("/")).send().await.unwrap();
    assert_eq!((get.status().as_u16(), get.headers()["allow"].to_str().unwrap()), (405, "POST"));
}

#[tokio::test]
async fn an_answer_without_a_decision_comes_on_command_and_the_next_is_right() {
    let server = start(Proof::None).await;
    server.faults().next(AnswerFault::NoDecision);
    assert_eq!(post(&server.url("/"), QUESTION).await.unwrap().json(), json!({}));
    assert_eq!(post(&server.url("/"), QUESTION).await.unwrap().json(), json!({ "decision": "grant" }));
    for (text, fault) in
        [("no-decision", Some(AnswerFault::NoDecision.into())), ("no-decision=1", None), ("no-ckc", None)]
    {
        assert_eq!(text.parse::<testkit::Fault<AnswerFault>>().ok(), fault, "{text}");
    }
}

#[tokio::test]
async fn it_is_silent_until_it_is_released_and_answers_then_as_it_is_told_by_then() {
    let server = start(Proof::None).await;
    server.faults().next(TransportFault::Hold);
    let url = server.url("/");
    let held = tokio::spawn(async move { post(&url, QUESTION).await.unwrap().json() });
    server.received(1).await;
    assert!(!held.is_finished());
    server.role().answer_with(json!({ "decision": "refuse" }));
    server.faults().release();
    assert_eq!(held.await.unwrap(), json!({ "decision": "refuse" }));
}

#[tokio::test]
async fn a_refused_connection_a_broken_answer_and_a_status_are_no_decisions() {
    let server = start(Proof::None).await;
    let url = server.url("/");
    server.faults().next(TransportFault::Refuse);
    assert!(post(&url, QUESTION).await.is_err());
    server.faults().next(TransportFault::Half);
    assert!(post(&url, QUESTION).await.is_err());
    server.faults().next(TransportFault::BrokenJson);
    let broken = post(&url, QUESTION).await.unwrap();
    assert!(broken.status == 200 && serde_json::from_slice::<Value>(&broken.body).is_err());
    server.faults().next(TransportFault::Status(http::StatusCode::BAD_GATEWAY));
    assert_eq!(post(&url, QUESTION).await.unwrap().status, 502);
    assert_eq!(post(&url, QUESTION).await.unwrap().json(), json!({ "decision": "grant" }));
}

#[tokio::test]
async fn a_bearer_is_the_secret_to_the_letter() {
    let server = start(Proof::Bearer(secret())).await;
    assert_eq!(ask(&server, "/", &[("authorization", "Bearer a secret of both")]).await.0, 200);
    let expected = (401, "expected Authorization: Bearer and the secret".to_owned());
    for headers in [
        &[][..],
        &[("authorization", "")],
        &[("authorization", "a secret of both")],
        &[("authorization", "Bearer a secret of bot")],
        &[("authorization", "Bearer a secret of both!")],
        &[("authorization", "Bearer A secret of both")],
        &[("x-authorization", "Bearer a secret of both")],
    ] {
        assert_eq!(ask(&server, "/", headers).await, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn a_signature_covers_time_method_path_and_body_and_names_its_key() {
    let server = start(Proof::Hmac { key_id: "boxoffice-1".to_owned(), secret: secret() }).await;
    let key = ("x-boxoffice-key", "boxoffice-1");
    let time = ("x-boxoffice-timestamp", TIMESTAMP);
    let signature = ("x-boxoffice-signature", SIGNATURE);
    assert_eq!(ask(&server, "/policy", &[key, time, signature]).await.0, 200);
    // The path goes into the signature; the query does not.
    assert_eq!(ask(&server, "/policy?more=1", &[key, time, signature]).await.0, 200);
    let changed = SIGNATURE.replace("v1=28", "v1=29");
    let unversioned = SIGNATURE.trim_start_matches("v1=");
    for (path, headers, expected) in [
        ("/policy", &[time, signature][..], "X-Boxoffice-Key is another"),
        ("/policy", &[("x-boxoffice-key", "boxoffice-2"), time, signature], "X-Boxoffice-Key is another"),
        ("/policy", &[key, signature], "X-Boxoffice-Timestamp is missing or no number"),
        (
            "/policy",
            &[key, ("x-boxoffice-timestamp", "-1767225600"), signature],
            "X-Boxoffice-Timestamp is missing or no number",
        ),
        ("/policy", &[key, time], "X-Boxoffice-Signature is missing or malformed"),
        (
            "/policy",
            &[key, time, ("x-boxoffice-signature", unversioned)],
            "X-Boxoffice-Signature is missing or malformed",
        ),
        (
            "/policy",
            &[key, time, ("x-boxoffice-signature", &SIGNATURE[..SIGNATURE.len() - 2])],
            "X-Boxoffice-Signature is missing or malformed",
        ),
        ("/policy", &[key, time, ("x-boxoffice-signature", &changed)], "X-Boxoffice-Signature does not fit"),
        (
            "/policy",
            &[key, ("x-boxoffice-timestamp", "1767225601"), signature],
            "X-Boxoffice-Signature does not fit",
        ),
        ("/other", &[key, time, signature], "X-Boxoffice-Signature does not fit"),
    ] {
        let (status, said) = ask(&server, path, headers).await;
        assert_eq!(status, 401, "{path} {headers:?}");
        assert_eq!(said, expected, "{path} {headers:?}");
    }
    let request = client().post(server.url("/policy")).header("content-type", "application/json");
    let request = [key, time, signature]
        .into_iter()
        .fold(request, |request, (name, value)| request.header(name, value));
    let another_body = request.body(r#"{"request_id":"r2","drm":"wv"}"#).send().await.unwrap();
    assert_eq!(another_body.status().as_u16(), 401);
}

#[tokio::test]
async fn neither_it_nor_its_proof_prints_a_secret() {
    let proof = Proof::Hmac { key_id: "boxoffice-1".to_owned(), secret: secret() };
    assert_eq!(format!("{proof:?}"), "Proof(..)");
    assert_eq!(format!("{:?}", PolicyHook::new(proof)), "PolicyHook(..)");
}
