//! What silence means: nothing is granted, or everything is, as the operator chose.

use std::time::{Duration, Instant};

use boxoffice_core::account::Balance;
use http::StatusCode;
use serde_json::json;
use testkit::policy_hook::AnswerFault;
use testkit::{Fault, TransportFault};

use super::world::{World, grant};
use crate::books::world::refusal;

pub fn faults() -> Vec<Fault<AnswerFault>> {
    let status = |status: u16| Fault::from(TransportFault::Status(StatusCode::from_u16(status).unwrap()));
    vec![
        TransportFault::BrokenJson.into(),
        TransportFault::Endless.into(),
        TransportFault::Half.into(),
        TransportFault::Hold.into(),
        TransportFault::Redirect.into(),
        TransportFault::Refuse.into(),
        TransportFault::TooManyRequests(Some(30)).into(),
        status(204),
        status(401),
        status(404),
        status(500),
        AnswerFault::NoDecision.into(),
    ]
}

#[tokio::test]
async fn without_fail_open_no_licence_is_made_while_nobody_answers_as_they_should() {
    let world = World::with_settings("timeout_ms = 300").await;
    world.set_balance(100).await;
    let target = world.target().await;
    for fault in faults() {
        world.hook.faults().always(fault.clone());
        let answer = world.redeem(&target).await;
        let expected = (-6005, 503, "policy-unavailable".to_owned());
        assert_eq!(refusal(&answer), expected, "{fault:?}: {}", answer.text());
        assert_eq!(answer.header("retry-after"), "2", "{fault:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        let (record, policy) = world.last_record().await;
        assert_eq!((record.granted, record.code, &policy["decision"]), (false, -6005, &json!("none")));
        assert!(policy["problem"].is_string());
        world.hook.faults().clear();
        assert_eq!(world.redeem(&target).await.status, 200, "{fault:?}");
    }
    assert_eq!(world.balance().await, Balance::Licences(100 - 12));
}

#[tokio::test]
async fn with_fail_open_licences_are_made_as_if_nobody_had_been_asked_and_the_record_says_so() {
    let world = World::with_settings("timeout_ms = 300\nfail_open = true").await;
    let target = world.target().await;
    for fault in faults() {
        world.hook.faults().always(fault.clone());
        let answer = world.redeem(&target).await;
        assert_eq!(answer.status, 200, "{fault:?}: {}", answer.text());
        let (record, policy) = world.last_record().await;
        assert_eq!((record.granted, &policy["decision"]), (true, &json!("none")));
        world.hook.faults().clear();
        assert_eq!(world.redeem(&target).await.status, 200);
    }
    // A refusal is no silence.
    world.answers(json!({ "decision": "refuse" }));
    assert_eq!(refusal(&world.redeem(&target).await).2, "policy");
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_as_long_as_the_setting_says_and_no_longer() {
    let world = World::with_settings("timeout_ms = 200").await;
    let target = world.target().await;
    world.hook.faults().next(TransportFault::Delay(Duration::from_millis(20)));
    assert_eq!(world.redeem(&target).await.status, 200);
    world.hook.faults().always(TransportFault::Hold);
    let started = Instant::now();
    assert_eq!(refusal(&world.redeem(&target).await).2, "policy-unavailable");
    assert!(started.elapsed() >= Duration::from_millis(190), "{:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn one_failure_is_made_good_within_the_time_and_a_dead_hook_is_not_asked_for_ever() {
    let world = World::with_settings("timeout_ms = 5000").await;
    let target = world.target().await;
    world.hook.faults().next(TransportFault::Half);
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.hook.request_count(), 2);
    world.hook.faults().always(TransportFault::Status(StatusCode::BAD_GATEWAY));
    for _ in 0..3 {
        assert_eq!(world.redeem(&target).await.status, 503);
    }
    let asked = world.hook.request_count();
    let answer = world.redeem(&target).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "10"));
    assert_eq!(world.hook.request_count(), asked, "it rests");
    let metrics = world.lab.get("/metrics").await.text().to_owned();
    assert!(
        metrics
            .contains("boxoffice_upstream_resting_endpoints{service=\"policy_hook\",environment=\"test\"} 1")
    );
    world.hook.faults().clear();
    world.lab.clock.advance(10);
    assert_eq!(world.redeem(&target).await.status, 200);
}

#[tokio::test]
async fn an_answer_that_means_nothing_is_silence_and_not_consent() {
    let world = World::new().await;
    let target = world.target().await;
    for answer in [
        json!({ "decision": "Grant" }),
        json!({ "allow": true }),
        json!([]),
        grant(&json!({ "can_persist": "no" })),
        grant(&json!({ "rental_duration_seconds": -1 })),
    ] {
        world.answers(answer.clone());
        assert_eq!(refusal(&world.redeem(&target).await).2, "policy-unavailable", "{answer}");
        world.answers(json!({ "decision": "grant", "more": 1 }));
        assert_eq!(world.redeem(&target).await.status, 200);
    }
}
