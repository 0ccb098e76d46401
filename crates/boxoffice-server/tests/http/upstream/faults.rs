//! The service in trouble (widevine.md, sections 8, 9.2 and 9.3): players get a clear error, in time.

use std::time::Duration;

use boxoffice_core::account::Balance;
use http::StatusCode;
use serde_json::Value;
use testkit::widevine_cloud::AnswerFault;
use testkit::{Fault, TransportFault};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::world::{KID, World, challenge, refusal};
use crate::kit::eventually;

/// Code, status and reason.
type Code = (i64, u16, &'static str);

const UNAVAILABLE: Code = (-7008, 503, "upstream-unavailable");
const CONFIGURATION: Code = (-7008, 502, "upstream-configuration");
const REFUSED: Code = (-7008, 400, "upstream-refused");
const REVOKED: Code = (-4001, 403, "device-revoked");

fn status(status: &str, internal_status: Option<i64>) -> Fault<AnswerFault> {
    AnswerFault::Status { status: status.to_owned(), internal_status }.into()
}

#[tokio::test]
async fn every_answer_that_is_no_licence_has_its_code_and_its_attempts_and_costs_nothing() {
    let world = World::new().await;
    world.set_balance(9).await;
    let target = world.target("").await;
    let http = |code| Fault::from(TransportFault::Status(StatusCode::from_u16(code).unwrap()));
    let cases: Vec<(Fault<AnswerFault>, Code, u32)> = vec![
        (status("INVALID_LICENSE_CHALLENGE", None), REFUSED, 1),
        (status("INVALID_LICENSE_CHALLENGE", Some(101)), REFUSED, 1),
        (status("INVALID_LICENSE_CHALLENGE", Some(127)), REVOKED, 1),
        (status("INVALID_LICENSE_CHALLENGE", Some(175)), REVOKED, 1),
        (status("MALFORMED_REQUEST", None), CONFIGURATION, 1),
        (status("INVALID_REQUEST", None), CONFIGURATION, 1),
        (status("SIGNATURE_FAILED", None), CONFIGURATION, 1),
        (status("ACCESS_DENIED", None), CONFIGURATION, 1),
        (status("INTERNAL_ERROR", None), UNAVAILABLE, 2),
        (status("SOMETHING_NEW", Some(7)), REFUSED, 1),
        (http(400), CONFIGURATION, 1),
        (http(403), CONFIGURATION, 1),
        (http(404), CONFIGURATION, 1),
        (http(204), CONFIGURATION, 1),
        (http(500), UNAVAILABLE, 2),
        (http(502), UNAVAILABLE, 2),
        (http(503), UNAVAILABLE, 2),
        (TransportFault::TooManyRequests(Some(7)).into(), UNAVAILABLE, 1),
        (TransportFault::TooManyRequests(None).into(), UNAVAILABLE, 1),
        (TransportFault::BrokenJson.into(), CONFIGURATION, 1),
        (TransportFault::Half.into(), UNAVAILABLE, 2),
        (TransportFault::Endless.into(), UNAVAILABLE, 2),
        (TransportFault::Redirect.into(), UNAVAILABLE, 2),
        (TransportFault::Refuse.into(), UNAVAILABLE, 2),
        (AnswerFault::NoLicence.into(), CONFIGURATION, 1),
    ];
    for (fault, (code, status, reason), attempts) in cases {
        world.mock.faults().always(fault.clone());
        let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
        assert_eq!(refusal(&answer), (code, status, reason.to_owned()), "{fault:?}: {}", answer.text());
        let record = world.last_record().await;
        assert_eq!(
            (record.granted, record.code, record.attempts),
            (false, i32::try_from(code).unwrap(), attempts),
            "{fault:?}"
        );
        let detail: Value = serde_json::from_str(record.detail.as_deref().unwrap()).unwrap();
        assert!(detail["upstream"]["milliseconds"].is_u64(), "{detail}");
        if fault == TransportFault::TooManyRequests(Some(7)).into() {
            assert_eq!(answer.header("retry-after"), "7");
        }
        // And then it is well again: no failure has let it rest.
        world.mock.faults().clear();
        world.redeem("chrome-l3", &target).await.unwrap();
        world.set_balance(9).await;
    }
    assert_eq!(world.balance().await, Balance::Licences(9));
}

#[tokio::test]
async fn the_hint_has_the_status_and_the_message_of_the_service() {
    let world = World::new().await;
    let target = world.target("").await;
    world.mock.faults().next(status("SOMETHING_NEW", Some(7)));
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("SOMETHING_NEW (internal status 7), broken on request"), "{hint}");
}

#[tokio::test]
async fn a_failure_is_repaired_by_the_second_attempt_and_the_record_says_so() {
    let world = World::new().await;
    world.set_balance(9).await;
    let target = world.target("").await;
    for fault in [
        status("INTERNAL_ERROR", None),
        TransportFault::Half.into(),
        TransportFault::Refuse.into(),
        TransportFault::Status(StatusCode::BAD_GATEWAY).into(),
    ] {
        world.mock.faults().next(fault);
        world.redeem("chrome-l3", &target).await.unwrap();
        let record = world.last_record().await;
        assert_eq!((record.granted, record.attempts), (true, 2));
    }
    assert_eq!(world.balance().await, Balance::Licences(5), "two attempts are one licence");
}

#[tokio::test]
async fn a_slow_service_is_given_up_within_the_budget() {
    let world = World::with("timeout_ms = 500\nbudget_ms = 1200").await;
    let target = world.target("").await;
    world.mock.faults().always(TransportFault::Hold);
    let started = Instant::now();
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(answer.json()["hint"].as_str().unwrap().contains("2 attempt(s)"), "{}", answer.text());
    assert_eq!(world.last_record().await.attempts, 2);
    world.mock.faults().clear();
    world.mock.faults().always(TransportFault::Delay(Duration::from_millis(50)));
    world.redeem("chrome-l3", &target).await.unwrap();
}

#[tokio::test]
async fn after_five_failures_nothing_is_sent_for_ten_seconds_and_then_it_opens_again() {
    let world = World::new().await;
    let target = world.target("").await;
    world.mock.faults().always(TransportFault::Status(StatusCode::BAD_GATEWAY));
    for _ in 0..3 {
        world.redeem("chrome-l3", &target).await.unwrap_err();
    }
    assert_eq!(world.mock.request_count(), 5);
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), "10");
    assert_eq!(world.last_record().await.attempts, 0);
    world.mock.faults().clear();
    world.lab.clock.advance(4);
    assert_eq!(world.redeem("chrome-l3", &target).await.unwrap_err().header("retry-after"), "6");
    assert_eq!(world.mock.request_count(), 5);
    world.lab.clock.advance(6);
    world.redeem("chrome-l3", &target).await.unwrap();
    world.redeem("chrome-l3", &target).await.unwrap();
    assert!(
        world
            .lab
            .get("/metrics")
            .await
            .text()
            .contains("boxoffice_upstream_resting_endpoints{service=\"widevine\",environment=\"test\"} 0")
    );
}

#[tokio::test]
async fn a_flapping_service_costs_nobody_a_licence() {
    let world = World::new().await;
    let target = world.target("").await;
    world.mock.faults().every(3, status("INTERNAL_ERROR", None));
    for _ in 0..12 {
        world.redeem("chrome-l3", &target).await.unwrap();
    }
    let records = world.records().await;
    assert!(records.iter().all(|record| record.granted));
    assert_eq!(
        u64::from(records.iter().map(|record| record.attempts).sum::<u32>()),
        world.mock.request_count()
    );
}

#[tokio::test]
async fn whoever_the_service_rejects_is_counted_for_an_alert() {
    let world = World::new().await;
    let target = world.target("").await;
    let line = |count| {
        format!("boxoffice_upstream_misconfigured_total{{service=\"widevine\",environment=\"test\"}} {count}")
    };
    assert!(world.lab.get("/metrics").await.text().contains(&line(0)));
    world.mock.faults().next(status("SIGNATURE_FAILED", None));
    world.redeem("chrome-l3", &target).await.unwrap_err();
    assert!(world.lab.get("/metrics").await.text().contains(&line(1)));
}

#[tokio::test]
async fn no_licence_leaves_while_the_books_are_away() {
    let world = World::new().await;
    let target = world.target("").await;
    world.lab.storage.fail("grant", 1, boxoffice_storage::Fault::Before);
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-2030, 503, "storage-unavailable".to_owned()));
    world.redeem("chrome-l3", &target).await.unwrap();
}

#[tokio::test]
async fn a_player_who_hangs_up_frees_his_place_and_leaves_no_licence() {
    let world = World::with("max_in_flight = 1").await;
    world.set_balance(9).await;
    let target = world.target("").await;
    world.mock.faults().next(TransportFault::Hold);
    let body = challenge("chrome-l3", &[KID]).body;
    let head = format!("POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut player = TcpStream::connect(world.lab.address()).await.unwrap();
    player.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    world.mock.received(1).await;
    let full = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!((full.status, full.header("retry-after")), (503, "1"));
    drop(player);
    eventually(async || world.redeem("chrome-l3", &target).await, Result::is_ok).await.unwrap();
    assert_eq!(world.balance().await, Balance::Licences(8));
    assert_eq!(world.records().await.iter().filter(|record| record.granted).count(), 1);
}

#[tokio::test]
async fn what_is_dead_from_the_start_is_told_too() {
    let world = World::new().await;
    let target = world.target("").await;
    let World { mock, lab, customer, mock_clock } = world;
    mock.stop().await;
    let (mock, _) = super::world::mock().await;
    let world = World { mock, mock_clock, lab, customer };
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
    assert!(answer.json()["hint"].as_str().unwrap().contains("cannot be reached"), "{}", answer.text());
    let certificate = world.post("/hms/wv/rights/", b"\x08\x04").await;
    assert_eq!(refusal(&certificate), (-7008, 503, "upstream-unavailable".to_owned()));
}
