//! Hosts and environments (operations.md, section 4).

use boxoffice_core::Environment;

use crate::kit::{Lab, Request};

#[tokio::test]
async fn an_authenticator_is_good_on_the_hosts_of_its_own_environment() {
    let lab = Lab::start().await;
    let production = lab.account_in(Environment::Production).await;
    let target = format!(
        "/hms/wv/token?errorFormat=json&customerAuthenticator={}&kid=^a&contentKey={}&securityLevel=1&hdcpOutputControl=0",
        production.authenticator,
        "0".repeat(32)
    );
    let answer = lab.send(Request::get(&target).host("prod.localhost:8080")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let port = lab.base().rsplit(':').next().unwrap().to_owned();
    assert!(
        answer.text().starts_with(&format!("http://prod.localhost:{port}/hms/wv/rights/?")),
        "{}",
        answer.text()
    );
    let answer = lab.send(Request::get(&target).host("localhost")).await;
    assert_eq!((answer.status, &answer.json()["reason"]), (401, &"environment".into()));
    let hint =
        "this is an authenticator of the production environment, and the host is one of the test environment";
    assert_eq!(answer.json()["message"], format!("[-2018] Authentication token invalid: {hint}"));
}

#[tokio::test]
async fn a_missing_or_doubled_host_is_400_in_both_formats() {
    let lab = Lab::start().await;
    for (head, format) in [
        ("GET /hms/wv/token?errorFormat=json HTTP/1.1\r\n", "json"),
        ("GET /hms/wv/token HTTP/1.1\r\n", "html"),
        ("GET /hms/wv/token?errorFormat=json HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "json"),
        ("GET /hms/wv/token?errorFormat=json HTTP/1.1\r\nHost:\r\n", "json"),
    ] {
        let answer = lab.send_raw(format!("{head}Connection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(answer.status, 400, "{head}");
        match format {
            "json" => assert_eq!(answer.json()["code"], 400, "{head}"),
            _ => assert_eq!(answer.header("content-type"), "text/html; charset=utf-8"),
        }
    }
}

#[tokio::test]
async fn an_unknown_host_is_not_found_once_others_than_this_machine_can_ask() {
    let lab = Lab::start().await;
    let unknown = || Request::get("/hms/wv/token?errorFormat=json").host("unknown.example");
    assert_eq!(lab.send(unknown()).await.json()["code"], -2017);
    // The kit listens on 127.0.0.1 alone; a second address makes the difference.
    let lab = Lab::listening_on("127.0.0.1:0,0.0.0.0:0", "").await;
    let answer = lab.send(unknown()).await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &404.into()));
}

#[tokio::test]
async fn use_https_changes_the_scheme_of_the_url() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let key = "0".repeat(32);
    for (use_https, scheme) in [
        ("", "http:"),
        ("&useHttps=true", "https:"),
        ("&useHttps=false", "http:"),
        ("&useHttps=TRUE", "http:"),
        ("&useHttps=true&useHttps=false", "http:"),
    ] {
        let parameters = format!("kid=^a&contentKey={key}&securityLevel=1&hdcpOutputControl=0{use_https}");
        let answer = lab.ask_for_token(&customer, "wv", &parameters).await;
        assert!(answer.text().starts_with(scheme), "{use_https}: {}", answer.text());
    }
}
