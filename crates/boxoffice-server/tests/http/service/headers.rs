//! What every answer has.

use crate::kit::{Lab, Request};

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_is_not_stored() {
    let lab = Lab::start().await;
    let mut ids = Vec::new();
    for request in [
        Request::get("/hms/wv/token"),
        Request::get("/nothing"),
        Request::get("/healthz"),
        Request::new(http::Method::DELETE, "/hms/wv/token"),
        Request::post("/hms/wv/rights/", "application/octet-stream", b"x"),
    ] {
        let answer = lab.send(request).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-request-id").len(), 26);
        ids.push(answer.header("x-request-id").to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn the_request_id_stands_in_the_error_and_in_the_log() {
    let lab = Lab::start().await;
    let answer = lab.get("/hms/wv/token?errorFormat=json").await;
    let id = answer.header("x-request-id");
    assert_eq!(answer.json()["request_id"], id);
    let log = lab.log();
    let line = log.lines().find(|line| line.contains(id)).expect("the request is in the log");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&line["route"], &line["status"], &line["event.code"]),
        (&"hms.wv.token".into(), &401.into(), &(-2017).into())
    );
}

#[tokio::test]
async fn an_access_log_that_is_off_is_silent() {
    let lab = Lab::with_settings("[log]\naccess = false").await;
    lab.get("/hms/wv/token").await;
    assert!(!lab.log().contains("hms.wv.token"));
}
