//! Who may ask: a secret, or a signature over the request (playready.md, section 9, "Authentication").

use drm_primitives::hex;
use serde_json::json;

use super::sdk::{NEXT_SECRET, PATH, SECRET, SETTINGS, call, lab, question, sign};
use crate::kit::{Answer, Lab, Request};
use crate::playready::world::{OPLS, tracks};

/// A webhook that takes these proofs alone.
async fn only(auth: &str, further: &str) -> Lab {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("k1"), SECRET).unwrap();
    std::fs::write(directory.path().join("k2"), NEXT_SECRET).unwrap();
    let settings = SETTINGS.replace("[\"hmac\", \"bearer\"]", auth);
    Lab::in_directory(directory, &format!("{settings}{further}")).await
}

/// A question that is granted to whoever may ask.
async fn body(lab: &Lab) -> String {
    let customer = lab.account().await;
    let answer =
        lab.ask_for_token(&customer, "pr", &format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1))).await;
    question(answer.json()["token"].as_str().unwrap()).to_string()
}

fn unproven(body: &str) -> Request {
    Request::post(PATH, "application/json", body).header("Idempotency-Key", "12345678")
}

fn signed(body: &str, key: &str, timestamp: &str, signature: &str) -> Request {
    unproven(body)
        .header("X-Boxoffice-Key", key)
        .header("X-Boxoffice-Timestamp", timestamp)
        .header("X-Boxoffice-Signature", signature)
}

/// A signature by the rule.
fn ruled(lab: &Lab, body: &str, secret: &str, off: i64) -> (String, String) {
    let timestamp = (lab.app.now().as_second() + off).to_string();
    let signature = sign(secret, &format!("{timestamp}.POST {PATH}\n{body}"));
    (timestamp, signature)
}

/// 401 and nothing to learn from.
fn check_unknown(answer: &Answer) {
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/json"));
    let expected = json!({
        "code": 401, "message": "[401] Unauthorized", "request_id": answer.header("x-request-id"),
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn any_of_the_secrets_is_enough_as_a_bearer_or_as_a_signature() {
    let lab = lab("").await;
    let body = body(&lab).await;
    for (name, secret) in [("k1", SECRET), ("k2", NEXT_SECRET)] {
        let bearer = unproven(&body).header("Authorization", &format!("Bearer {secret}"));
        assert_eq!(lab.send(bearer).await.status, 200, "{name}");
        for off in [-300, 0, 300] {
            let (timestamp, signature) = ruled(&lab, &body, secret, off);
            assert_eq!(
                lab.send(signed(&body, name, &timestamp, &signature)).await.status,
                200,
                "{name}: {off}"
            );
        }
    }
}

#[tokio::test]
async fn whoever_proves_nothing_or_the_wrong_thing_learns_nothing() {
    let lab = lab("").await;
    let body = body(&lab).await;
    let (timestamp, good) = ruled(&lab, &body, SECRET, 0);
    let with = |key: &str, timestamp: &str, signature: &str| signed(&body, key, timestamp, signature);
    let bearer = |value: &str| unproven(&body).header("Authorization", value);
    let over = |text: String| sign(SECRET, &text);
    let mut altered = good.clone().into_bytes();
    *altered.last_mut().unwrap() ^= 1;
    let altered = String::from_utf8(altered).unwrap();
    let (early, too_early) = ruled(&lab, &body, SECRET, -301);
    let (late, too_late) = ruled(&lab, &body, SECRET, 301);
    let without_key =
        unproven(&body).header("X-Boxoffice-Timestamp", &timestamp).header("X-Boxoffice-Signature", &good);
    let without_timestamp =
        unproven(&body).header("X-Boxoffice-Key", "k1").header("X-Boxoffice-Signature", &good);
    let twice = with("k1", &timestamp, &good).header("X-Boxoffice-Signature", &good);
    for request in [
        unproven(&body),
        bearer("Bearer"),
        bearer("Bearer "),
        bearer(&format!("Basic {SECRET}")),
        bearer(&format!("Bearer {SECRET}0")),
        bearer(&format!("Bearer {}", &SECRET[1..])),
        bearer(&format!("Bearer {SECRET}")).header("Authorization", &format!("Bearer {SECRET}")),
        with("k2", &timestamp, &good),
        with("k3", &timestamp, &good),
        with("", &timestamp, &good),
        with("k1", &timestamp, &altered),
        with("k1", &timestamp, &good[3..]),
        with("k1", &timestamp, &good.replace("v1=", "v2=")),
        with("k1", &timestamp, "v1="),
        with("k1", &early, &too_early),
        with("k1", &late, &too_late),
        with("k1", &format!("{timestamp}0"), &good),
        with("k1", &format!("+{timestamp}"), &good),
        with("k1", "", &good),
        with("k1", &timestamp, &over(format!("{timestamp}.GET {PATH}\n{body}"))),
        with("k1", &timestamp, &over(format!("{timestamp}.POST {PATH}/\n{body}"))),
        with("k1", &timestamp, &over(format!("{timestamp}.POST {PATH}\r\n{body}"))),
        with("k1", &timestamp, &over(format!("{timestamp}.POST {PATH}\n{body} "))),
        with("k1", &timestamp, &over(format!("{}.POST {PATH}\n{body}", &timestamp[1..]))),
        without_key,
        without_timestamp,
        twice,
    ] {
        check_unknown(&lab.send(request).await);
    }
    // Signed for one body, sent with another: neither what it says nor whether it could be read is told.
    for other in ["", "{}", "{", &body.replace("2000", "3000")] {
        check_unknown(&lab.send(signed(other, "k1", &timestamp, &good)).await);
    }
    assert_eq!(lab.storage.calls("remembered_answer"), 0, "the database is not asked for strangers");
    assert_eq!(lab.storage.calls("add_record"), 0);
    assert_eq!(lab.send(with("k1", &timestamp, &good)).await.status, 200);
}

#[tokio::test]
async fn strangers_are_refused_before_anything_is_said_of_their_request() {
    let lab = lab("").await;
    for request in [
        Request::post(PATH, "application/json", "{"),
        Request::post(PATH, "text/plain", vec![0xFF; 100]),
        unproven("{}").header("Idempotency-Key", "x"),
    ] {
        check_unknown(&lab.send(request).await);
    }
}

#[tokio::test]
async fn only_what_is_listed_counts() {
    for (auth, by_bearer, by_signature) in [("[\"bearer\"]", 200, 401), ("[\"hmac\"]", 401, 200)] {
        let lab = only(auth, "").await;
        let body = body(&lab).await;
        let bearer = unproven(&body).header("Authorization", &format!("Bearer {SECRET}"));
        assert_eq!(lab.send(bearer).await.status, by_bearer, "{auth}");
        let signature = call(&lab, "12345678", &body);
        assert_eq!(lab.send(signature).await.status, by_signature, "{auth}");
    }
}

#[tokio::test]
async fn the_signed_path_has_no_query() {
    let lab = lab("").await;
    let body = body(&lab).await;
    let (timestamp, signature) = ruled(&lab, &body, SECRET, 0);
    let request = Request::post(format!("{PATH}?x=1"), "application/json", &*body)
        .header("Idempotency-Key", "12345678")
        .header("X-Boxoffice-Key", "k1")
        .header("X-Boxoffice-Timestamp", &timestamp)
        .header("X-Boxoffice-Signature", &signature);
    assert_eq!(lab.send(request).await.status, 200);
}

#[tokio::test]
async fn plain_http_from_elsewhere_is_refused_but_through_a_trusted_proxy_with_tls() {
    let lab = lab("[server]\ntrusted_proxies = [\"127.0.0.1/32\"]\n").await;
    let body = body(&lab).await;
    let from = async |scheme: Option<&str>| {
        let request = call(&lab, "12345678", &body).header("X-Forwarded-For", "203.0.113.9");
        let request =
            scheme.into_iter().fold(request, |request, scheme| request.header("X-Forwarded-Proto", scheme));
        lab.send(request).await
    };
    for scheme in [None, Some("http"), Some("nonsense")] {
        let answer = from(scheme).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["code"]), (403, &json!(403)), "{scheme:?}");
        assert!(json["hint"].as_str().unwrap().contains("X-Forwarded-Proto: https"), "{json}");
    }
    assert_eq!(from(Some("https")).await.status, 200);
}

#[tokio::test]
async fn whoever_is_no_trusted_proxy_cannot_say_that_he_is_elsewhere() {
    let lab = lab("").await;
    let body = body(&lab).await;
    let request = call(&lab, "12345678", &body).header("X-Forwarded-For", "203.0.113.9");
    assert_eq!(lab.send(request).await.status, 200, "the connection is from this machine");
}

#[tokio::test]
async fn an_address_of_its_own_serves_nothing_else_whatever_the_host() {
    let own = "webhook_listen = \"127.0.0.1:0\"\n";
    let lab = only("[\"hmac\", \"bearer\"]", own).await;
    let body = body(&lab).await;
    let &[address] = lab.webhook_addresses() else { panic!("{:?}", lab.webhook_addresses()) };
    for host in ["127.0.0.1", "prod.localhost", "sdk.internal:9000"] {
        let answer = call(&lab, "12345678", &body).host(host).send(address).await;
        assert_eq!(answer.status, 200, "{host}");
        for path in ["/healthz", "/metrics", "/hms/pr/token", "/hms/pr/rights/", "/keystore", "/"] {
            let answer = Request::get(path).host(host).send(address).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    check_unknown(&unproven(&body).send(address).await);
    // The others go on to serve it too.
    assert_eq!(lab.send(call(&lab, "12345678", &body)).await.status, 200);
}

#[tokio::test]
async fn the_log_says_why_and_has_no_secret() {
    let lab = lab("").await;
    let subscriber =
        boxoffice_server::telemetry::subscriber(&lab.log_sink(), boxoffice_server::config::LogLevel::Debug);
    let _guard = tracing::subscriber::set_default(subscriber);
    let body = body(&lab).await;
    let wrong = hex::encode(b"a secret of somebody else");
    lab.send(unproven(&body).header("Authorization", &format!("Bearer {wrong}"))).await;
    let (timestamp, signature) = ruled(&lab, &body, &wrong, 0);
    lab.send(signed(&body, "k1", &timestamp, &signature)).await;
    let log = lab.log();
    for evidence in ["Authorization: Bearer names no secret", "X-Boxoffice-Signature does not fit"] {
        assert!(log.contains(evidence), "{log}");
    }
    for secret in [SECRET, NEXT_SECRET, &wrong, &signature[3..]] {
        assert!(!log.contains(secret), "{log}");
    }
}
