//! What goes wrong on command, whatever the role.

use std::time::Duration;

use http::StatusCode;
use testkit::key_server::{AnswerFault, KeyServer};
use testkit::{Fault, MockServer, TransportFault};

use super::kit::{client, client_at, post};

async fn start() -> MockServer<KeyServer> {
    MockServer::start(KeyServer).await.unwrap()
}

#[tokio::test]
async fn statuses_redirections_and_retry_after_come_as_ordered() {
    let server = start().await;
    let faults = server.faults();
    faults.next(TransportFault::Status(StatusCode::INTERNAL_SERVER_ERROR));
    faults.next(TransportFault::TooManyRequests(Some(7)));
    faults.next(TransportFault::TooManyRequests(None));
    faults.next(TransportFault::Redirect);
    let url = server.url("/");
    assert_eq!(post(&url, "{}").await.unwrap().status, 500);
    let many = post(&url, "{}").await.unwrap();
    assert_eq!((many.status, many.retry_after.as_deref()), (429, Some("7")));
    let many = post(&url, "{}").await.unwrap();
    assert_eq!((many.status, many.retry_after), (429, None));
    assert_eq!(post(&url, "{}").await.unwrap().status, 307);
    assert_eq!(post(&url, "{}").await.unwrap().status, 200);
    assert_eq!(server.request_count(), 5);
}

#[tokio::test]
async fn a_refused_connection_brings_no_answer_and_the_next_one_does() {
    let server = start().await;
    server.faults().next(TransportFault::Refuse);
    assert!(post(&server.url("/"), "{}").await.is_err());
    assert!(post(&server.url("/"), "{}").await.is_ok());
}

#[tokio::test]
async fn a_kept_connection_is_cut_too() {
    let server = start().await;
    let client = client();
    let send = || client.post(server.url("/")).header("content-type", "application/json").body("{}").send();
    send().await.unwrap().bytes().await.unwrap();
    server.faults().next(TransportFault::Status(StatusCode::BAD_GATEWAY));
    server.faults().next(TransportFault::Refuse);
    assert_eq!(send().await.unwrap().status().as_u16(), 502);
    assert!(send().await.is_err());
}

#[tokio::test]
async fn half_an_answer_breaks_off_and_broken_json_does_not() {
    let server = start().await;
    server.faults().next(TransportFault::Half);
    assert!(post(&server.url("/"), "{}").await.is_err());
    server.faults().next(TransportFault::BrokenJson);
    let broken = post(&server.url("/"), "{}").await.unwrap();
    assert_eq!(broken.status, 200);
    assert!(broken.body.starts_with(b"{\"fairplay"));
    assert!(serde_json::from_slice::<serde_json::Value>(&broken.body).is_err());
}

#[tokio::test]
async fn an_endless_answer_goes_on_for_as_long_as_it_is_read() {
    let server = start().await;
    server.faults().next(TransportFault::Endless);
    let client = client();
    let request = client.post(server.url("/")).header("content-type", "application/json").body("{}");
    let mut response = request.send().await.unwrap();
    let mut got = 0;
    while got < 1024 * 1024 {
        got += response.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn a_held_answer_comes_when_it_is_released() {
    let server = start().await;
    server.faults().next(TransportFault::Hold);
    let url = server.url("/");
    let held = tokio::spawn(async move { post(&url, "{}").await });
    server.received(1).await;
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 200);
    assert!(!held.is_finished());
    server.faults().release();
    assert_eq!(held.await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn a_delayed_answer_comes_after_all() {
    let server = start().await;
    server.faults().next(TransportFault::Delay(Duration::from_millis(20)));
    let started = std::time::Instant::now();
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 200);
    assert!(started.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn a_standing_fault_breaks_every_so_many_requests_until_it_is_cleared() {
    let server = start().await;
    let statuses = async |count: usize| {
        let mut statuses = Vec::new();
        for _ in 0..count {
            let answer = post(&server.url("/"), "{}").await;
            statuses.push(answer.map_or(0, |answer| answer.status));
        }
        statuses
    };
    server.faults().every(3, TransportFault::Status(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(statuses(7).await, [200, 200, 503, 200, 200, 503, 200]);
    server.faults().every(2, TransportFault::Refuse);
    assert_eq!(statuses(4).await, [200, 0, 200, 0]);
    server.faults().always(AnswerFault::NoCkc);
    server.faults().next(TransportFault::Status(StatusCode::IM_A_TEAPOT));
    assert_eq!(statuses(2).await, [418, 200]);
    server.faults().clear();
    assert_eq!(statuses(1).await, [200]);
}

#[tokio::test]
async fn a_stopped_server_leaves_its_port() {
    let server = start().await;
    let url = server.url("/");
    assert!(post(&url, "{}").await.is_ok());
    server.stop().await;
    assert!(post(&url, "{}").await.unwrap_err().is_connect());
}

#[tokio::test]
async fn faults_are_ordered_over_http_too() {
    let server = start().await;
    let url = server.url("/testkit/faults");
    let client = client();
    let done = client.post(&url).body("status=503\n\nno-ckc\n").send().await.unwrap();
    assert_eq!(done.status().as_u16(), 200);
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 503);
    client.put(&url).body("2 too-many-requests=9").send().await.unwrap();
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 200);
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 200);
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 429);
    client.put(&url).body("status=500").send().await.unwrap();
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 500);
    client.delete(&url).send().await.unwrap();
    assert_eq!(post(&server.url("/"), "{}").await.unwrap().status, 200);
    let count = client.get(server.url("/testkit/requests")).send().await.unwrap().text().await.unwrap();
    assert_eq!(count, "6\n");
    let unknown = client.post(&url).body("no-ckc\nno-such-thing").send().await.unwrap();
    assert_eq!(unknown.status().as_u16(), 400);
    assert!(unknown.text().await.unwrap().starts_with("\"no-such-thing\" is no fault; expected broken-json"));
}

#[tokio::test]
async fn a_refusal_is_ordered_and_taken_back_over_http_and_swallows_neither() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("ksm.sock");
    let behind_socket =
        MockServer::start_at(KeyServer, testkit::Place::Unix(socket.clone()), None).await.unwrap();
    for (server, over_socket) in [(start().await, false), (behind_socket, true)] {
        let base = if over_socket { "http://localhost".to_owned() } else { server.url("") };
        let url = |path: &str| format!("{base}{path}");
        // A connection of its own for each order, as a program on the command line has.
        let another = || if over_socket { client_at(&socket) } else { client() };
        let client = another();
        let status = async || {
            let request = client.post(url("/")).header("content-type", "application/json").body("{}");
            request.send().await.map_or(0, |answer| answer.status().as_u16())
        };
        client.put(url("/testkit/faults")).body("refuse").send().await.unwrap();
        assert_eq!([status().await, status().await], [0, 0]);
        let cleared = another().delete(url("/testkit/faults")).send().await;
        assert_eq!(cleared.unwrap().status().as_u16(), 200);
        assert_eq!(status().await, 200);
        client.post(url("/testkit/faults")).body("refuse").send().await.unwrap();
        let count = another().get(url("/testkit/requests")).send().await;
        assert_eq!(count.unwrap().status().as_u16(), 200);
        assert_eq!([status().await, status().await], [0, 200]);
    }
}

#[test]
fn faults_are_read_by_name_and_value() {
    type Any = Fault<AnswerFault>;
    for (text, expected) in [
        ("delay=250", Some(TransportFault::Delay(Duration::from_millis(250)).into())),
        ("refuse", Some(TransportFault::Refuse.into())),
        ("hold", Some(TransportFault::Hold.into())),
        ("too-many-requests", Some(TransportFault::TooManyRequests(None).into())),
        ("item-status=-42585", Some(AnswerFault::ItemStatus(-42_585).into())),
        ("wrong-id", Some(AnswerFault::WrongId.into())),
        ("delay", None),
        ("delay=soon", None),
        ("status=99", None),
        ("refuse=1", None),
        ("", None),
    ] {
        assert_eq!(text.parse::<Any>().ok(), expected, "{text}");
    }
}
