//! Calls and their bounds (widevine.md, section 9.3; fairplay.md, section 5).

use std::sync::Arc;
use std::time::Duration;

use boxoffice_core::{Environment, FixedClock};
use boxoffice_server::config::CallLimits;
use boxoffice_server::telemetry::Metrics;
use boxoffice_server::upstream::{
    Address, Called, Cause, Message, Service, Unreached, Upstream, UpstreamSettings, Verdict,
};
use bytes::Bytes;
use drm_primitives::SequenceRandom;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use testkit::{MockServer, TransportFault, key_server::KeyServer};

use crate::kit::NOW;

struct World {
    mock: MockServer<KeyServer>,
    upstream: Arc<Upstream>,
    clock: Arc<FixedClock>,
    metrics: Metrics,
}

/// Times that nothing here reaches, unless it is held.
fn limits() -> CallLimits {
    CallLimits { timeout: Duration::from_secs(20), budget: Duration::from_secs(40), max_in_flight: 8 }
}

fn settings(endpoints: Vec<String>, limits: CallLimits) -> UpstreamSettings {
    UpstreamSettings {
        service: Service::FairPlay,
        environment: Environment::Test,
        endpoints: endpoints.into_iter().map(|url| Address { url, socket: None }).collect(),
        ca: None,
        client: None,
        limits,
        attempts: 2,
        answer_limit: 65_536,
    }
}

async fn world(limits: CallLimits) -> World {
    let mock = MockServer::start(KeyServer).await.unwrap();
    let (clock, metrics) = (Arc::new(FixedClock::at(NOW)), Metrics::default());
    let settings = settings(vec![mock.url("/ckc")], limits);
    let random = Arc::new(SequenceRandom::new(1));
    let upstream =
        Upstream::open(&settings, Arc::clone(&clock) as Arc<_>, random, metrics.upstreams()).unwrap();
    World { mock, upstream: Arc::new(upstream), clock, metrics }
}

fn message() -> Message {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))].into_iter().collect();
    Message { headers, body: Bytes::from_static(b"{}") }
}

async fn call(upstream: &Upstream) -> Called<u16> {
    upstream.call(&message(), |answer| Verdict::Settled(answer.status)).await
}

impl World {
    async fn call(&self) -> Called<u16> {
        call(&self.upstream).await
    }

    /// Five failures in a row.
    async fn let_it_rest(&self) {
        for _ in 0..5 {
            self.mock.faults().next(TransportFault::Status(StatusCode::BAD_GATEWAY));
        }
        for _ in 0..3 {
            let called = self.call().await;
            assert!(matches!(called.outcome, Err(Unreached::Failed { .. })), "{called:?}");
        }
        assert_eq!(self.mock.request_count(), 5);
    }
}

#[tokio::test]
async fn an_attempt_that_fails_is_made_once_more_and_both_are_counted() {
    let world = world(limits()).await;
    for fault in [
        TransportFault::Status(StatusCode::INTERNAL_SERVER_ERROR),
        TransportFault::Half,
        TransportFault::Refuse,
        TransportFault::Redirect,
        TransportFault::Endless,
    ] {
        world.mock.faults().next(fault.clone());
        let called = world.call().await;
        assert_eq!((called.outcome, called.attempts), (Ok(200), 2), "{fault:?}");
        assert!(called.duration >= Duration::from_millis(50));
    }
}

#[tokio::test]
async fn two_failures_are_the_end_and_name_the_last() {
    let world = world(limits()).await;
    world.mock.faults().next(TransportFault::Half);
    world.mock.faults().next(TransportFault::Status(StatusCode::BAD_GATEWAY));
    let called = world.call().await;
    let Err(refused @ Unreached::Failed { attempts: 2, last, .. }) = called.outcome else {
        panic!("{called:?}")
    };
    assert_eq!((last, refused.retry_after()), (Cause::Status { status: 502 }, 2));
    assert_eq!(world.mock.request_count(), 2);
}

#[tokio::test]
async fn a_redirection_is_not_followed_and_an_endless_answer_not_read_to_the_end() {
    let world = world(limits()).await;
    world.mock.faults().always(TransportFault::Redirect);
    let Err(Unreached::Failed { last, .. }) = world.call().await.outcome else { panic!() };
    assert_eq!(last, Cause::Redirect { status: 307 });
    assert_eq!(world.mock.request_count(), 2);
    world.mock.faults().always(TransportFault::Endless);
    let Err(Unreached::Failed { last, .. }) = world.call().await.outcome else { panic!() };
    assert_eq!(last, Cause::TooLong { limit: 65_536 });
}

#[tokio::test]
async fn a_decided_answer_is_not_asked_for_again_whatever_its_status() {
    let world = world(limits()).await;
    world.mock.faults().next(TransportFault::TooManyRequests(Some(7)));
    let message = message();
    let called = world.upstream.call(&message, Verdict::Settled).await;
    let answer = called.outcome.unwrap();
    assert_eq!((answer.status, answer.retry_after.as_deref(), called.attempts), (429, Some("7"), 1));
}

#[tokio::test]
async fn what_the_service_says_of_itself_can_be_worth_another_attempt_or_not() {
    let world = world(limits()).await;
    let message = message();
    let called: Called<()> =
        world.upstream.call(&message, |_| Verdict::Again(Cause::Said("INTERNAL_ERROR"))).await;
    assert_eq!(called.attempts, 2);
    let called = world.upstream.call(&message, |_| Verdict::Faulty(())).await;
    assert_eq!((called.outcome, called.attempts), (Ok(()), 1));
}

#[tokio::test]
async fn a_slow_service_is_waited_for_as_long_as_an_attempt_may_take() {
    let limits = CallLimits {
        timeout: Duration::from_millis(150),
        budget: Duration::from_millis(500),
        max_in_flight: 8,
    };
    let world = world(limits).await;
    world.mock.faults().always(TransportFault::Hold);
    let called = world.call().await;
    let Err(Unreached::Failed { attempts: 2, last, .. }) = called.outcome else { panic!("{called:?}") };
    assert!(matches!(last, Cause::TimedOut { .. }));
    assert!(called.duration < Duration::from_secs(5), "{:?}", called.duration);
}

#[tokio::test]
async fn no_attempt_begins_that_the_budget_has_no_time_for() {
    let limits = CallLimits {
        timeout: Duration::from_millis(100),
        budget: Duration::from_millis(120),
        max_in_flight: 8,
    };
    let world = world(limits).await;
    world.mock.faults().always(TransportFault::Hold);
    assert_eq!(world.call().await.attempts, 1);
}

#[tokio::test]
async fn after_five_failures_it_rests_for_ten_seconds_and_one_trial_decides() {
    let world = world(limits()).await;
    world.let_it_rest().await;
    let called = world.call().await;
    assert_eq!((called.outcome, called.attempts), (Err(Unreached::Resting { seconds: 10 }), 0));
    world.clock.advance(9);
    assert_eq!(world.call().await.outcome, Err(Unreached::Resting { seconds: 1 }));
    assert_eq!(world.mock.request_count(), 5, "nothing is sent to what rests");
    world.clock.advance(1);
    world.mock.faults().next(TransportFault::Status(StatusCode::BAD_GATEWAY));
    assert_eq!(world.call().await.attempts, 1, "one trial, and no more");
    assert_eq!(world.call().await.outcome, Err(Unreached::Resting { seconds: 10 }));
    world.clock.advance(10);
    assert_eq!(world.call().await.outcome, Ok(200));
    assert_eq!(world.call().await.outcome, Ok(200));
}

#[tokio::test]
async fn while_a_trial_is_under_way_the_others_are_refused_and_a_given_up_one_is_no_answer() {
    let world = world(limits()).await;
    world.let_it_rest().await;
    world.clock.advance(10);
    world.mock.faults().next(TransportFault::Hold);
    let upstream = Arc::clone(&world.upstream);
    let trial = tokio::spawn(async move { call(&upstream).await });
    world.mock.received(6).await;
    assert_eq!(world.call().await.outcome, Err(Unreached::Resting { seconds: 1 }));
    trial.abort();
    assert!(trial.await.unwrap_err().is_cancelled());
    assert_eq!(world.call().await.outcome, Ok(200), "the next one is the trial");
}

#[tokio::test]
async fn a_flapping_service_never_rests_while_it_answers_in_between() {
    let world = world(limits()).await;
    world.mock.faults().every(2, TransportFault::Status(StatusCode::BAD_GATEWAY));
    for _ in 0..20 {
        assert_eq!(world.call().await.outcome, Ok(200));
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_at_once() {
    let world = world(CallLimits { max_in_flight: 3, ..limits() }).await;
    for _ in 0..3 {
        world.mock.faults().next(TransportFault::Hold);
    }
    let held: Vec<_> = (0..3)
        .map(|_| {
            let upstream = Arc::clone(&world.upstream);
            tokio::spawn(async move { call(&upstream).await })
        })
        .collect();
    world.mock.received(3).await;
    let refused = world.call().await;
    assert_eq!((refused.outcome, refused.attempts), (Err(Unreached::Full { max_in_flight: 3 }), 0));
    assert!(
        world
            .metrics
            .encode()
            .unwrap()
            .contains("boxoffice_upstream_in_flight{service=\"fairplay\",environment=\"test\"} 3")
    );
    world.mock.faults().release();
    for call in held {
        assert_eq!(call.await.unwrap().outcome, Ok(200));
    }
    assert_eq!(world.call().await.outcome, Ok(200));
}

#[tokio::test]
async fn a_caller_who_goes_away_frees_its_place() {
    let world = world(CallLimits { max_in_flight: 1, ..limits() }).await;
    world.mock.faults().next(TransportFault::Hold);
    let upstream = Arc::clone(&world.upstream);
    let gone = tokio::spawn(async move { call(&upstream).await });
    world.mock.received(1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(world.call().await.outcome, Ok(200));
}

#[tokio::test]
async fn a_dead_endpoint_is_passed_over_and_the_one_that_answered_is_asked_first() {
    let (dead, alive) =
        (MockServer::start(KeyServer).await.unwrap(), MockServer::start(KeyServer).await.unwrap());
    let settings = settings(vec![dead.url("/ckc"), alive.url("/ckc")], limits());
    let (clock, metrics) = (Arc::new(FixedClock::at(NOW)), Metrics::default());
    let random = Arc::new(SequenceRandom::new(1));
    let upstream = Upstream::open(&settings, clock, random, metrics.upstreams()).unwrap();
    dead.stop().await;
    let called = call(&upstream).await;
    assert_eq!((called.outcome, called.attempts), (Ok(200), 2));
    let called = call(&upstream).await;
    assert_eq!((called.outcome, called.attempts), (Ok(200), 1));
    alive.stop().await;
    let Err(Unreached::Failed { last: Cause::Connect, .. }) = call(&upstream).await.outcome else { panic!() };
}

#[tokio::test]
async fn metrics_tell_attempts_by_outcome_and_who_rests() {
    let world = world(limits()).await;
    world.call().await;
    world.let_it_rest_after_one().await;
    let text = world.metrics.encode().unwrap();
    for line in [
        "boxoffice_upstream_attempts_total{service=\"fairplay\",environment=\"test\",outcome=\"settled\"} 1",
        "boxoffice_upstream_attempts_total{service=\"fairplay\",environment=\"test\",outcome=\"status\"} 5",
        "boxoffice_upstream_resting_endpoints{service=\"fairplay\",environment=\"test\"} 1",
        "boxoffice_upstream_in_flight{service=\"fairplay\",environment=\"test\"} 0",
        "boxoffice_upstream_duration_seconds_count{service=\"fairplay\",environment=\"test\"} 6",
        "boxoffice_upstream_misconfigured_total{service=\"fairplay\",environment=\"test\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn files_that_the_settings_name_are_read_at_the_start_and_named_when_they_are_bad() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    let open = || {
        let settings = UpstreamSettings {
            ca: Some(file.clone()),
            ..settings(vec!["https://127.0.0.1:1/".to_owned()], limits())
        };
        let (clock, metrics) = (Arc::new(FixedClock::at(NOW)), Metrics::default());
        let random = Arc::new(SequenceRandom::new(1));
        Upstream::open(&settings, clock, random, metrics.upstreams()).unwrap_err().to_string()
    };
    assert!(open().starts_with(file.to_str().unwrap()));
    std::fs::write(&file, "no certificate").unwrap();
    assert!(open().ends_with("has no certificate"));
}

impl World {
    async fn let_it_rest_after_one(&self) {
        self.mock.faults().always(TransportFault::Status(StatusCode::BAD_GATEWAY));
        for _ in 0..3 {
            assert!(self.call().await.outcome.is_err());
        }
    }
}
