//! OpenMetrics: requests, durations, refusals, redemptions.
//!
//! What each request counts is an array of atomic numbers by route, one array for each of a few groups of threads, and
//! costs some nanoseconds; what is rare goes through the library's families.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use boxoffice_core::{Code, Drm, Environment};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::thread_group::{THREAD_GROUPS, thread_group};
use crate::answer::Outcome;
use crate::route::{ROUTES, Route};
use crate::upstream::UpstreamMetrics;

/// Counts what happens.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Arc<Requests>,
    refusals: Family<RefusalLabels, Counter>,
    redemptions: Family<RedemptionLabels, Counter>,
    connections: Gauge,
    upstreams: UpstreamMetrics,
    refused_revocations: Family<RevocationLabels, Counter>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RevocationLabels {
    environment: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RefusalLabels {
    route: &'static str,
    code: i32,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RedemptionLabels {
    drm: &'static str,
    outcome: &'static str,
}

/// What every request counts.
#[derive(Debug, Default)]
struct Requests([Part; THREAD_GROUPS]);

/// What the requests of a group of threads count. Aligned so that no two groups share a line of a processor's cache.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Part {
    by_route: [OfRoute; ROUTES],
    /// Of a request that goes from thread to thread the end may count in another part than the beginning.
    in_flight: AtomicI64,
}

#[derive(Debug, Default)]
struct OfRoute {
    by_status: [AtomicU64; STATUSES.len() + 1],
    by_duration: [AtomicU64; BUCKETS.len() + 1],
    nanoseconds: AtomicU64,
}

/// The statuses that we answer with; any other counts as 0.
const STATUSES: [u16; 18] =
    [200, 204, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 429, 431, 500, 502, 503, 504];

/// Upper ends of the durations' buckets, in microseconds.
const BUCKETS: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

impl Default for Metrics {
    fn default() -> Self {
        let requests = Arc::new(Requests::default());
        let mut registry = Registry::with_prefix("boxoffice");
        registry.register_collector(Box::new(Arc::clone(&requests)));
        let refusals = Family::default();
        registry.register("refusals", "Refused requests by event code and reason", refusals.clone());
        let redemptions = Family::default();
        registry.register("redemptions", "Redemptions by DRM", redemptions.clone());
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let upstreams = UpstreamMetrics::default();
        upstreams.register(&mut registry);
        let refused_revocations = Family::default();
        let help = "Revocation files that were refused, so that the old list stayed";
        registry.register("refused_revocation_files", help, refused_revocations.clone());
        Self { registry, requests, refusals, redemptions, connections, upstreams, refused_revocations }
    }
}

impl Metrics {
    /// Counts a request that came; the count ends with what is returned.
    #[must_use]
    pub fn enter(&self) -> InFlight<'_> {
        self.requests.part().in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.requests)
    }

    /// Counts a request that was answered.
    pub fn answered(&self, route: Route, status: u16, duration: Duration, outcome: Option<&Outcome>) {
        if let Some(of_route) = self.requests.part().by_route.get(route.index()) {
            of_route.count(status, duration);
        }
        if let Some(outcome) = outcome {
            let code = match outcome.code {
                Code::Event(event) => event.code(),
                Code::Status(status) => i32::from(status),
            };
            let labels =
                RefusalLabels { route: route.name(), code, reason: outcome.reason.unwrap_or_default() };
            self.refusals.get_or_create(&labels).inc();
        }
    }

    /// Counts a redemption.
    pub fn redeemed(&self, drm: Drm, granted: bool) {
        let outcome = if granted { "granted" } else { "refused" };
        self.redemptions.get_or_create(&RedemptionLabels { drm: drm.code(), outcome }).inc();
    }

    /// Calls to the services of others.
    #[must_use]
    pub const fn upstreams(&self) -> &UpstreamMetrics {
        &self.upstreams
    }

    /// A new revocation file was refused, and the old list stays.
    pub fn refused_revocations(&self, environment: Environment) {
        let labels = RevocationLabels { environment: environment.as_str() };
        self.refused_revocations.get_or_create(&labels).inc();
    }

    /// A connection was accepted.
    pub fn connected(&self) {
        self.connections.inc();
    }

    /// A connection has ended.
    pub fn disconnected(&self) {
        self.connections.dec();
    }

    /// Everything as OpenMetrics text.
    ///
    /// # Errors
    /// None that a text in memory knows.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// A request in work.
#[derive(Debug)]
pub struct InFlight<'a>(&'a Requests);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.part().in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Requests {
    /// The part of this thread.
    fn part(&self) -> &Part {
        let [first, ..] = &self.0;
        self.0.get(thread_group()).unwrap_or(first)
    }

    /// A counter of a route, over all parts.
    fn sum(&self, route: Route, counter: impl Fn(&OfRoute) -> Option<&AtomicU64>) -> u64 {
        let of_route = self.0.iter().filter_map(|part| part.by_route.get(route.index()));
        of_route.filter_map(counter).map(|counter| counter.load(Ordering::Relaxed)).sum()
    }
}

impl OfRoute {
    fn count(&self, status: u16, duration: Duration) {
        let at = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|&end| end < microseconds);
        for (counters, at) in [(&self.by_status[..], at), (&self.by_duration[..], bucket)] {
            if let Some(counter) = counters.get(at) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.nanoseconds.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut requests = encoder.encode_descriptor(
            "requests",
            "Requests by route and status",
            None,
            MetricType::Counter,
        )?;
        for route in Route::ALL {
            for (at, status) in STATUSES.into_iter().chain([0]).enumerate() {
                let count = self.sum(route, |of_route| of_route.by_status.get(at));
                if count > 0 {
                    let labels = [("route", route.name().to_owned()), ("status", status.to_string())];
                    ConstCounter::new(count).encode(requests.encode_family(&labels)?)?;
                }
            }
        }
        let help = "How long requests took";
        let mut durations = encoder.encode_descriptor(
            "request_duration",
            help,
            Some(&prometheus_client::registry::Unit::Seconds),
            MetricType::Histogram,
        )?;
        for route in Route::ALL {
            let ends = BUCKETS.into_iter().map(|end| seconds(end * 1_000)).chain([f64::INFINITY]);
            let counts = ends
                .enumerate()
                .map(|(at, end)| (end, self.sum(route, |of_route| of_route.by_duration.get(at))));
            let buckets: Vec<(f64, u64)> = counts.collect();
            let count = buckets.iter().map(|(_, count)| count).sum();
            if count > 0 {
                let sum = seconds(self.sum(route, |of_route| Some(&of_route.nanoseconds)));
                durations
                    .encode_family(&[("route", route.name())])?
                    .encode_histogram::<prometheus_client::encoding::NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
        let in_flight = self.0.iter().map(|part| part.in_flight.load(Ordering::Relaxed)).sum();
        let help = "Requests in work";
        ConstGauge::<i64>::new(in_flight).encode(encoder.encode_descriptor(
            "requests_in_flight",
            help,
            None,
            MetricType::Gauge,
        )?)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 nanoseconds, a hundred days, a second more or less does not matter"
)]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::Event;

    #[test]
    fn statuses_and_buckets_are_in_order() {
        assert!(STATUSES.is_sorted() && BUCKETS.is_sorted());
    }

    #[test]
    fn what_happened_is_told_as_openmetrics() {
        let metrics = Metrics::default();
        let outcome = Outcome { code: Code::Event(Event::TokenInvalid), reason: Some("token-expired") };
        metrics.answered(Route::Rights(Drm::Widevine), 401, Duration::from_micros(70), Some(&outcome));
        metrics.redeemed(Drm::Widevine, false);
        let _in_flight = metrics.enter();
        // Another thread counts elsewhere, and it is told as one.
        let there = || metrics.answered(Route::Rights(Drm::Widevine), 200, Duration::from_micros(70), None);
        std::thread::scope(|scope| scope.spawn(there).join()).unwrap();
        let text = metrics.encode().unwrap();
        for line in [
            "boxoffice_requests_total{route=\"hms.wv.rights\",status=\"401\"} 1",
            "boxoffice_request_duration_seconds_bucket{le=\"0.0001\",route=\"hms.wv.rights\"} 2",
            "boxoffice_request_duration_seconds_bucket{le=\"+Inf\",route=\"hms.wv.rights\"} 2",
            "boxoffice_refusals_total{route=\"hms.wv.rights\",code=\"-4010\",reason=\"token-expired\"} 1",
            "boxoffice_redemptions_total{drm=\"wv\",outcome=\"refused\"} 1",
            "boxoffice_requests_in_flight 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
