//! No secret is ever written to a log, a metric or an error (operations.md, section 6).

use drm_primitives::hex;

use crate::kit::{Lab, Request};
use crate::widevine::device;

const KEY: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
const KEK: &str = "00112233445566778899aabbccddeeff";
const EK: &str = "ffaf1dae9201d1adf62770dca5ddb77ad773a79369e39986";

#[tokio::test]
async fn no_secret_is_in_any_log_metric_or_error() {
    let lab = Lab::with_settings("[log]\nlevel = 'debug'").await;
    let subscriber =
        boxoffice_server::telemetry::subscriber(&lab.log_sink(), boxoffice_server::config::LogLevel::Debug);
    let _guard = tracing::subscriber::set_default(subscriber);
    let customer = lab.account().await;
    let secret = customer.authenticator.split(',').nth(1).unwrap().to_owned();
    let good = format!("kid=^a&contentKey={KEY}&securityLevel=1&hdcpOutputControl=0&cookie=order-4711");
    let token = lab.ask_for_token(&customer, "wv", &good).await;
    assert_eq!(token.status, 200);
    let url = token.text().to_owned();
    let token = url.split("ExpressPlayToken=").nth(1).unwrap().to_owned();
    let mut errors = Vec::new();
    // Every secret, in every place where it is refused.
    for parameters in [
        format!("kid=^a&contentKey={KEY}0"),
        format!("kid=^a&contentKey={}g", &KEY[..31]),
        format!("kid=^a&kek={KEK}&contentKey={KEY}"),
        format!("kid=^a&kek={KEK}&ek={EK}0"),
        format!("kid=^a&kek={KEY}&ek={EK}"),
        format!("kid=^a&kek={KEK}&ek={EK}&securityLevel=9"),
        format!("kid=^a&contentKey={KEY}&contentKey={KEK}"),
        format!("kid=^a&kek={KEK}"),
        format!("kid=^a&contentKey={KEY}&securityLevel=1&hdcpOutputControl=0&expirationTime=x"),
    ] {
        for format in ["html", "json"] {
            let answer =
                lab.ask_for_token(&customer, "wv", &format!("{parameters}&errorFormat={format}")).await;
            assert_eq!(answer.status, 400, "{parameters}");
            errors.push(answer.text().to_owned());
        }
    }
    for authenticator in [format!("{}0", customer.authenticator), customer.authenticator.replace(',', ";")] {
        let answer = lab.get(format!("/hms/wv/token?customerAuthenticator={authenticator}")).await;
        assert_eq!(answer.status, 401);
        errors.push(answer.text().to_owned());
    }
    let challenge = device::challenge(&device::named(&lab, "android-l3"), &device::plan(&["^a"]), None);
    let granted = lab.send(Request::post(&url, "application/octet-stream", challenge.body.clone())).await;
    assert_eq!(granted.status, 200);
    let query = format!("/hms/wv/rights/?ExpressPlayToken={}x", &token[..token.len() - 4]);
    for request in [
        Request::post(query, "application/octet-stream", challenge.body.clone()),
        Request::post("/hms/wv/rights/", "application/octet-stream", challenge.body.clone())
            .header("expressplaytoken", &token[1..]),
        Request::post("/hms/ck/rights/", "application/json", b"{\"kids\":[]}")
            .header("authorization", &format!("Bearer {token}")),
        Request::post(&url, "application/octet-stream", &challenge.body[1..]),
        Request::get(format!("/{token}?{KEY}")),
    ] {
        let answer = lab.send(request).await;
        assert!(answer.status >= 400);
        errors.push(answer.text().to_owned());
    }
    let metrics = lab.get("/metrics").await.text().to_owned();
    let challenge_hex = hex::encode(&challenge.body[100..116]);
    let written = [lab.log(), metrics, errors.join("\n")];
    assert!(written[0].lines().count() > 20, "the log has something to search");
    for secret in [
        &*secret,
        KEY,
        KEK,
        EK,
        &token,
        &token[10..60],
        &challenge_hex,
        "ExpressPlayToken=",
        "customerAuthenticator=",
    ] {
        for text in &written {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {text}");
        }
    }
}
