//! Many players at once (widevine.md, section 9.3).

use std::sync::Arc;
use std::time::Duration;

use testkit::TransportFault;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::world::{KID, World, challenge, refusal};
use crate::kit::Answer;

/// Everything that a thousand players send at once.
async fn redeem_at_once(world: &Arc<World>, target: &str, bodies: Vec<Vec<u8>>) -> JoinSet<Answer> {
    let mut asking = JoinSet::new();
    for body in bodies {
        let (world, target) = (Arc::clone(world), target.to_owned());
        asking.spawn(async move { world.post(&target, body).await });
    }
    tokio::task::yield_now().await;
    asking
}

fn bodies(count: usize) -> Vec<Vec<u8>> {
    // Signing one takes a millisecond; the service does not mind meeting the same challenge twice.
    let challenges: Vec<_> = (0..8).map(|_| challenge("android-l3", &[KID]).body).collect();
    challenges.into_iter().cycle().take(count).collect()
}

/// What a thousand redemptions at once may add to a process: threads, and kilobytes of memory. Where other tests run in
/// the same process, what they begin meanwhile counts too; a thread or a megabyte a redemption would be seen all the same.
fn allowance() -> (u64, u64) {
    let alone = std::env::var("NEXTEST_EXECUTION_MODE").is_ok_and(|mode| mode == "process-per-test");
    if alone { (4, 200_000) } else { (100, 400_000) }
}

/// Threads of this process, and its memory in kilobytes.
fn footprint() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_ascii_whitespace().next().unwrap().parse().unwrap()
    };
    (number("Threads:"), number("VmRSS:"))
}

#[tokio::test]
async fn a_thousand_wait_for_the_service_alone() {
    let settings = "max_in_flight = 1000\ntimeout_ms = 60000\nbudget_ms = 90000\n[server]\nrequest_timeout_ms = 120000\nmax_requests = 2000\nmax_connections = 4000";
    let world = Arc::new(World::with(settings).await);
    let target = world.target("").await;
    let bodies = bodies(1_000);
    // What there is once for all redemptions is there after the first.
    assert_eq!(world.post(&target, bodies[0].clone()).await.status, 200);
    let (threads, memory) = footprint();
    // All thousand are with the service at the same time: nothing here holds any of them back.
    world.mock.faults().always(TransportFault::Hold);
    let asking = redeem_at_once(&world, &target, bodies.clone()).await;
    let received = tokio::time::timeout(Duration::from_mins(1), world.mock.received(1_001)).await;
    assert!(received.is_ok(), "{} of a thousand came to the service", world.mock.request_count());
    let (threads_then, memory_then) = footprint();
    let (more_threads, more_memory) = allowance();
    assert!(threads_then <= threads + more_threads, "{threads} threads became {threads_then}");
    assert!(memory_then <= memory + more_memory, "{memory} kB became {memory_then}");
    let metrics = world.lab.get("/metrics").await;
    assert!(
        metrics
            .text()
            .contains("boxoffice_upstream_in_flight{service=\"widevine\",environment=\"test\"} 1000")
    );
    world.mock.faults().clear();
    let answers = asking.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(
        world.records().await.iter().filter(|record| record.granted && record.attempts == 1).count(),
        1_001
    );
}

#[tokio::test]
async fn a_service_that_takes_200_ms_is_all_that_bounds_them() {
    let settings = "max_in_flight = 1000\ntimeout_ms = 60000\nbudget_ms = 90000\n[server]\nrequest_timeout_ms = 120000\nmax_requests = 2000\nmax_connections = 4000";
    let world = Arc::new(World::with(settings).await);
    let target = world.target("").await;
    let took = async |count| {
        let bodies = bodies(count);
        let started = Instant::now();
        let answers = redeem_at_once(&world, &target, bodies).await.join_all().await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        started.elapsed()
    };
    // Connections are made, the mock's threads too.
    took(1_000).await;
    let delay = Duration::from_millis(200);
    let mut measured = Vec::new();
    // The work takes the processors' time, which other tests may take too: what counts is how much longer it is with the
    // waiting. All together they wait once; by hundreds they would wait ten times, one after the other a thousand times.
    // Of several tries one has to show it, as nothing makes waiting shorter than it is.
    let waits_once = |(work, with_waiting): &(Duration, Duration)| *with_waiting < *work + delay * 5;
    while measured.len() < 20 && !measured.iter().any(waits_once) {
        let work = took(1_000).await;
        world.mock.faults().always(TransportFault::Delay(delay));
        measured.push((work, took(1_000).await));
        world.mock.faults().clear();
    }
    assert!(measured.iter().any(waits_once), "without and with waiting: {measured:?}");
}

#[tokio::test]
async fn with_the_default_those_beyond_256_are_refused_at_once() {
    let settings = "timeout_ms = 60000\nbudget_ms = 90000\n[server]\nrequest_timeout_ms = 120000\nmax_requests = 2000\nmax_connections = 4000";
    let world = Arc::new(World::with(settings).await);
    let target = world.target("").await;
    world.mock.faults().always(TransportFault::Hold);
    let mut asking = redeem_at_once(&world, &target, bodies(400)).await;
    world.mock.received(256).await;
    // At once: while all those are still waiting that came before them.
    let mut refused = 0;
    while refused < 144 {
        let answer = asking.join_next().await.unwrap().unwrap();
        assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
        assert_eq!(answer.header("retry-after"), "1");
        refused += 1;
    }
    assert_eq!(world.mock.request_count(), 256);
    world.mock.faults().clear();
    let granted = asking.join_all().await;
    assert_eq!(granted.len(), 256);
    assert!(granted.iter().all(|answer| answer.status == 200));
}
