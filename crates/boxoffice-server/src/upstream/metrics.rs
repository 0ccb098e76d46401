//! What operators see of calls to the services of others.

use std::time::Duration;

use boxoffice_core::Environment;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::settings::Service;

/// Counts attempts by outcome, durations, calls in flight, and endpoints that rest. Cloning it shares the counts.
#[derive(Clone, Debug)]
pub struct UpstreamMetrics {
    attempts: Family<AttemptLabels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    in_flight: Family<Labels, Gauge>,
    misconfigured: Family<Labels, Counter>,
    resting: Family<Labels, Gauge>,
}

#[derive(Clone, Copy, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    service: &'static str,
    environment: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct AttemptLabels {
    service: &'static str,
    environment: &'static str,
    outcome: &'static str,
}

/// The counts of one service.
#[derive(Clone, Debug)]
pub(super) struct ServiceMetrics {
    all: UpstreamMetrics,
    labels: Labels,
    duration: Histogram,
    in_flight: Gauge,
    resting: Gauge,
}

/// A call in flight; the count ends with it.
pub(super) struct InFlight<'a>(&'a Gauge);

/// Upper ends of the durations' buckets, in seconds.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0];

impl Default for UpstreamMetrics {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Family::default(),
            misconfigured: Family::default(),
            resting: Family::default(),
        }
    }
}

impl UpstreamMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Attempts to call the services of others, by outcome";
        registry.register("upstream_attempts", help, self.attempts.clone());
        let help = "How long attempts to call the services of others took";
        registry.register_with_unit("upstream_duration", help, Unit::Seconds, self.durations.clone());
        let help = "Calls to the services of others that are in flight";
        registry.register("upstream_in_flight", help, self.in_flight.clone());
        let help = "Answers by which a service of others rejects us: its settings here, or there, are wrong";
        registry.register("upstream_misconfigured", help, self.misconfigured.clone());
        let help = "Endpoints that failed too often in a row, and rest";
        registry.register("upstream_resting_endpoints", help, self.resting.clone());
    }

    /// The service rejects us: signature, name, request.
    pub fn misconfigured(&self, service: Service, environment: Environment) {
        self.misconfigured.get_or_create(&Labels::of(service, environment)).inc();
    }

    pub(super) fn of(&self, service: Service, environment: Environment) -> ServiceMetrics {
        let labels = Labels::of(service, environment);
        // From the start, or an alert on it would miss the first time.
        let _from_zero = self.misconfigured.get_or_create(&labels).get();
        ServiceMetrics {
            all: self.clone(),
            labels,
            duration: self.durations.get_or_create(&labels).clone(),
            in_flight: self.in_flight.get_or_create(&labels).clone(),
            resting: self.resting.get_or_create(&labels).clone(),
        }
    }
}

impl Labels {
    const fn of(service: Service, environment: Environment) -> Self {
        Self { service: service.name(), environment: environment.as_str() }
    }
}

impl ServiceMetrics {
    pub fn enter(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    pub fn attempted(&self, outcome: &'static str, duration: Duration) {
        let Labels { service, environment } = self.labels;
        self.all.attempts.get_or_create(&AttemptLabels { service, environment, outcome }).inc();
        self.duration.observe(duration.as_secs_f64());
    }

    pub fn rests(&self) {
        self.resting.inc();
    }

    pub fn is_back(&self) {
        self.resting.dec();
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
