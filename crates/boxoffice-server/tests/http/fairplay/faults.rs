//! A key server in trouble (fairplay.md, section 5): what players get, what it costs, and that it recovers.

use std::sync::Arc;

use boxoffice_core::account::Balance;
use http::StatusCode;
use testkit::key_server::{AnswerFault, KeyServer};
use testkit::{Fault, MockServer, TransportFault};
use tokio::task::JoinSet;

use super::world::{GOOD, World, refusal, refused};
use crate::kit::Lab;

/// Fault, status, reason, Retry-After, attempts, what the hint says.
type Row = (Fault<AnswerFault>, u16, &'static str, &'static str, u32, &'static str);

const UNAVAILABLE: &str = "upstream-unavailable";

#[tokio::test]
async fn every_fault_has_its_status_is_recorded_with_its_attempts_and_costs_nothing() {
    let world = World::with_settings("timeout_ms = 200\nbudget_ms = 1000\nspc_statuses = [-42601]").await;
    world.set_balance(1_000).await;
    let target = world.target(GOOD).await;
    let status = |status: u16| Fault::from(TransportFault::Status(StatusCode::from_u16(status).unwrap()));
    let item = |status: i64| Fault::from(AnswerFault::ItemStatus(status));
    let faults: [Row; 20] = [
        (TransportFault::Refuse.into(), 503, UNAVAILABLE, "2", 2, "after 2 attempt(s)"),
        (TransportFault::Half.into(), 503, UNAVAILABLE, "2", 2, "broke off"),
        (TransportFault::Hold.into(), 503, UNAVAILABLE, "2", 2, "takes longer than"),
        (TransportFault::Endless.into(), 503, UNAVAILABLE, "2", 2, "65536"),
        (TransportFault::Redirect.into(), 503, UNAVAILABLE, "2", 2, "307"),
        (status(500), 503, UNAVAILABLE, "2", 2, "500"),
        (status(503), 503, UNAVAILABLE, "2", 2, "503"),
        (TransportFault::TooManyRequests(Some(7)).into(), 503, UNAVAILABLE, "7", 1, "too many"),
        (TransportFault::TooManyRequests(None).into(), 503, UNAVAILABLE, "2", 1, "too many"),
        (status(404), 502, "upstream-configuration", "", 1, "404"),
        (status(401), 502, "upstream-configuration", "", 1, "401"),
        (TransportFault::BrokenJson.into(), 502, "upstream-configuration", "", 1, "asked 1 time(s)"),
        (AnswerFault::WrongId.into(), 502, "upstream-configuration", "", 1, "item 2"),
        (AnswerFault::NoCkc.into(), 502, "upstream-configuration", "", 1, "without a ckc"),
        (AnswerFault::CkcNotBase64.into(), 502, "upstream-configuration", "", 1, "not base64"),
        (item(-42_585), 502, "upstream-configuration", "", 1, "-42585"),
        (item(1), 502, "upstream-configuration", "", 1, "status 1"),
        (item(-42_580), 400, "upstream-refused", "", 1, "-42580"),
        (item(-42_601), 400, "upstream-refused", "", 1, "-42601"),
        (item(-42_602), 502, "upstream-configuration", "", 1, "-42602"),
    ];
    for (fault, status, reason, retry_after, attempts, hint) in faults {
        world.key_server.faults().always(fault.clone());
        let answer = world.redeem(&target).await;
        assert_eq!(refusal(&answer), refused(-6004, status, reason), "{fault:?}: {}", answer.text());
        assert_eq!(answer.header("retry-after"), retry_after, "{fault:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let told = answer.json()["hint"].as_str().unwrap().to_owned();
        assert!(told.contains(hint), "{fault:?}: {told}");
        assert!(!told.contains("127.0.0.1"), "no address is told: {told}");
        let record = world.records().await.pop().unwrap();
        assert_eq!((record.granted, record.code, record.attempts), (false, -6004, attempts), "{fault:?}");
        assert_eq!(record.request_id, answer.header("x-request-id"));
        // Whole again: the next one is served, and none of them lets the endpoint rest.
        world.key_server.faults().clear();
        assert_eq!(world.redeem(&target).await.status, 200, "{fault:?}");
    }
    assert_eq!(world.balance().await, Balance::Licences(1_000 - 20));
}

#[tokio::test]
async fn one_failure_is_made_good_by_a_second_attempt() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    world.key_server.faults().every(2, TransportFault::Half);
    for _ in 0..10 {
        assert_eq!(world.redeem(&target).await.status, 200);
    }
    let attempts: Vec<_> = world.records().await.iter().map(|record| record.attempts).collect();
    assert_eq!((attempts.iter().sum::<u32>(), attempts.iter().max()), (19, Some(&2)));
}

#[tokio::test]
async fn with_the_first_of_two_endpoints_dead_the_second_answers_and_is_asked_first_then() {
    let (dead, alive) =
        (MockServer::start(KeyServer).await.unwrap(), MockServer::start(KeyServer).await.unwrap());
    let endpoints = format!("['{}', '{}']", dead.url("/ckc"), alive.url("/ckc"));
    let lab = Lab::with_settings(&format!("[environments.test.fairplay]\nendpoints = {endpoints}")).await;
    let world = World { customer: lab.account().await, lab, key_server: alive };
    dead.stop().await;
    let target = world.target(GOOD).await;
    for attempts in [2, 1, 1] {
        assert_eq!(world.redeem(&target).await.status, 200);
        assert_eq!(world.records().await.pop().unwrap().attempts, attempts);
    }
}

#[tokio::test]
async fn a_key_server_that_fails_five_times_in_a_row_rests_and_comes_back() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    world.key_server.faults().always(TransportFault::Status(StatusCode::BAD_GATEWAY));
    for _ in 0..3 {
        assert_eq!(refusal(&world.redeem(&target).await), refused(-6004, 503, UNAVAILABLE));
    }
    assert_eq!(world.key_server.request_count(), 5);
    let answer = world.redeem(&target).await;
    assert_eq!(refusal(&answer), refused(-6004, 503, UNAVAILABLE));
    assert_eq!(answer.header("retry-after"), "10", "to the next trial");
    assert_eq!(world.records().await.pop().unwrap().attempts, 0);
    let resting = "boxoffice_upstream_resting_endpoints{service=\"fairplay\",environment=\"test\"} 1";
    assert!(world.lab.get("/metrics").await.text().contains(resting));
    assert_eq!(world.lab.get("/readyz").await.status, 200, "a key server is no reason not to be ready");
    world.key_server.faults().clear();
    world.lab.clock.advance(9);
    assert_eq!(world.redeem(&target).await.header("retry-after"), "1");
    world.lab.clock.advance(1);
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.redeem(&target).await.status, 200);
}

#[tokio::test]
async fn one_players_bad_messages_do_not_shut_out_the_others() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    let foreign = [&[0, 0, 0, 3][..], &[7; 100]].concat();
    for _ in 0..12 {
        let answer = world.post(&target, foreign.clone()).await;
        assert_eq!(refusal(&answer), refused(-6004, 400, "upstream-refused"));
    }
    assert_eq!(world.redeem(&target).await.status, 200);
}

#[tokio::test]
async fn beyond_max_in_flight_players_are_told_at_once_and_nothing_queues() {
    let world = Arc::new(World::with_settings("max_in_flight = 2").await);
    let target = world.target(GOOD).await;
    for _ in 0..2 {
        world.key_server.faults().next(TransportFault::Hold);
    }
    let held: Vec<_> = (0..2)
        .map(|_| {
            let (world, target) = (Arc::clone(&world), target.clone());
            tokio::spawn(async move { world.redeem(&target).await })
        })
        .collect();
    world.key_server.received(2).await;
    let answer = world.redeem(&target).await;
    assert_eq!(refusal(&answer), refused(-6004, 503, UNAVAILABLE));
    assert_eq!(answer.header("retry-after"), "1");
    world.key_server.faults().release();
    for redeemed in held {
        assert_eq!(redeemed.await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn through_a_key_server_that_fails_one_time_in_three_the_balance_is_what_was_granted() {
    const PLAYERS: usize = 10;
    const EACH: usize = 100;
    let world = Arc::new(World::new().await);
    world.set_balance(5_000).await;
    let target = world.target(GOOD).await;
    world.key_server.faults().every(3, AnswerFault::NoCkc);
    let players = (0..PLAYERS).map(|_| {
        let (world, target) = (Arc::clone(&world), target.clone());
        async move {
            let mut granted = 0_u64;
            for _ in 0..EACH {
                let answer = world.redeem(&target).await;
                assert!(matches!(answer.status, 200 | 502 | 503), "{}", answer.text());
                granted += u64::from(answer.status == 200);
            }
            granted
        }
    });
    let granted: u64 = players.collect::<JoinSet<_>>().join_all().await.into_iter().sum();
    let records = world.records().await;
    assert_eq!(records.len(), PLAYERS * EACH);
    assert_eq!(records.iter().filter(|record| record.granted).count() as u64, granted);
    assert_eq!(world.balance().await, Balance::Licences(5_000 - granted));
    assert!((600..700).contains(&granted), "{granted}");
}
