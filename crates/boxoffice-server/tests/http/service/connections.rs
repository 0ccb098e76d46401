//! Connections: slow ones, many, and the end.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::kit::{Lab, Request};

async fn connect(lab: &Lab) -> TcpStream {
    TcpStream::connect(lab.base().strip_prefix("http://").unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_connection_without_a_whole_request_is_closed() {
    let lab = Lab::with_settings("[server]\nidle_timeout_ms = 40").await;
    for begun in ["", "P", "GET /healthz HTTP/1.1\r\nHost: a\r\n"] {
        let mut stream = connect(&lab).await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // Ends when the service closes it; the test would hang otherwise.
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{begun}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let lab = Lab::with_settings("[server]\nbody_timeout_ms = 20").await;
    let head = "POST /hms/wv/token?errorFormat=json HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\nabc";
    let mut stream = connect(&lab).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":408"), "{answer}");
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let lab = Lab::start().await;
    let mut stream = connect(&lab).await;
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 4_096];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[tokio::test]
async fn http2_is_spoken_without_asking() {
    let lab = Lab::start().await;
    let mut stream = connect(&lab).await;
    // The preface and an empty SETTINGS frame (RFC 9113, section 3.4).
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the first frame of a server is SETTINGS");
}

#[tokio::test]
async fn too_many_requests_at_once_are_503_and_health_is_not() {
    let lab = Lab::with_settings("[server]\nmax_requests = 1").await;
    // One request whose body never comes holds the only place.
    let mut holding = connect(&lab).await;
    let head = "POST /hms/wv/token HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    holding.write_all(head.as_bytes()).await.unwrap();
    loop {
        let answer = lab.get("/hms/wv/token?errorFormat=json").await;
        if answer.status == 401 {
            tokio::task::yield_now().await;
            continue;
        }
        assert_eq!((answer.status, &answer.json()["code"]), (503, &503.into()));
        assert_eq!(answer.header("retry-after"), "1");
        break;
    }
    assert_eq!(lab.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn at_the_end_requests_in_flight_finish_and_idle_connections_do_not_delay_it() {
    let mut lab = Lab::start().await;
    let mut idle = connect(&lab).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 4_096];
    assert!(idle.read(&mut answer).await.unwrap() > 0);
    let mut busy = connect(&lab).await;
    let head = "POST /hms/wv/token?errorFormat=json HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    busy.write_all(head.as_bytes()).await.unwrap();
    // "100 Continue" says that the operation has begun to read.
    let read = busy.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 100 "));
    let served = lab.end();
    assert_eq!(idle.read(&mut answer).await.unwrap(), 0, "an idle connection is closed");
    busy.write_all(b"a=b").await.unwrap();
    let mut rest = Vec::new();
    busy.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&rest));
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
    let refused = TcpStream::connect(lab.base().strip_prefix("http://").unwrap()).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_request_timeout_ends_what_takes_too_long() {
    let lab = Lab::with_settings("[server]\nrequest_timeout_ms = 20").await;
    let head = "POST /hms/wv/rights/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n";
    let mut stream = connect(&lab).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 2"), "{answer}");
    assert_eq!(lab.send(Request::get("/healthz")).await.status, 200);
}
