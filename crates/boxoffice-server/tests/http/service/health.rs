//! `/healthz`, `/readyz`, `/metrics`.

use crate::kit::{Lab, Request};

#[tokio::test]
async fn health_answers_on_any_host_and_with_any_database() {
    let lab = Lab::with_settings("[environments.test]\nhosts = ['only.example']").await;
    lab.storage.set_away(true);
    let answer = lab.send(Request::get("/healthz").host("elsewhere.example")).await;
    assert_eq!((answer.status, answer.text()), (200, "ok\n"));
}

#[tokio::test]
async fn ready_means_that_the_database_answers() {
    let lab = Lab::start().await;
    assert_eq!(lab.get("/readyz").await.status, 200);
    lab.storage.set_away(true);
    let answer = lab.get("/readyz").await;
    assert_eq!((answer.status, answer.text()), (503, "the database does not answer\n"));
    lab.storage.set_away(false);
    assert_eq!(lab.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn metrics_are_openmetrics_and_count_refusals_by_code() {
    let lab = Lab::start().await;
    lab.get("/hms/wv/token").await;
    let answer = lab.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text();
    assert!(text.contains("boxoffice_requests_total{route=\"hms.wv.token\",status=\"401\"} 1"), "{text}");
    assert!(
        text.contains("boxoffice_refusals_total{route=\"hms.wv.token\",code=\"-2017\",reason=\"\"} 1"),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"));
}
