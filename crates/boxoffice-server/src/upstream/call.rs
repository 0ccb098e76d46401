//! A call: one or two attempts at the endpoints of a service.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use boxoffice_core::{Clock, Environment};
use bytes::Bytes;
use drm_primitives::Random;
use http::HeaderMap;
use reqwest::{Client, Url};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::attempt::{Answer, Failed, attempt};
use super::breaker::{Breaker, Change, Leave};
use super::client::{self, UpstreamError};
use super::failure::{Cause, Unreached};
use super::metrics::{ServiceMetrics, UpstreamMetrics};
use super::settings::{Service, UpstreamSettings};
use crate::config::CallLimits;

/// A service of somebody else's, with its endpoints.
pub struct Upstream {
    service: Service,
    environment: Environment,
    endpoints: Vec<Endpoint>,
    /// The endpoint of the last success, where the next call begins.
    preferred: AtomicUsize,
    places: Semaphore,
    limits: CallLimits,
    attempts: u32,
    answer_limit: usize,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: ServiceMetrics,
}

struct Endpoint {
    client: Client,
    url: Url,
    breaker: Breaker,
}

/// What is sent, to any of the endpoints. The body may hold content keys: make it with [`Bytes::from_owner`] of
/// something that wipes itself.
pub struct Message {
    /// The headers, `Content-Type` among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What an answer means.
#[derive(Debug)]
pub enum Verdict<T> {
    /// The service has decided, whatever it was: the endpoint is well.
    Settled(T),
    /// The service has answered, and not as it should; to ask once more would be of no use.
    Faulty(T),
    /// The service could not, this time.
    Again(Cause),
}

/// The end of a call.
#[derive(Debug)]
pub struct Called<T> {
    /// What the service decided, or why it could not be asked.
    pub outcome: Result<T, Unreached>,
    /// How often it was asked: for the record.
    pub attempts: u32,
    /// How long all attempts took together.
    pub duration: Duration,
}

impl Upstream {
    /// Reads the files that the settings name. Nothing is called yet.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn open(
        settings: &UpstreamSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        let endpoints = client::open(settings)?.into_iter();
        Ok(Self {
            service: settings.service,
            environment: settings.environment,
            endpoints: endpoints
                .map(|(client, url)| Endpoint { client, url, breaker: Breaker::default() })
                .collect(),
            preferred: AtomicUsize::new(0),
            places: Semaphore::new(settings.limits.max_in_flight),
            limits: settings.limits,
            attempts: settings.attempts,
            answer_limit: settings.answer_limit,
            clock,
            random,
            metrics: metrics.of(settings.service, settings.environment),
        })
    }

    /// Whether there is room for one more call now: for whoever would do something in vain before it. The call has the last
    /// word.
    ///
    /// # Errors
    /// [`Unreached::Full`].
    pub fn check_room(&self) -> Result<(), Unreached> {
        if self.places.available_permits() > 0 {
            return Ok(());
        }
        self.metrics.attempted("full", Duration::ZERO);
        Err(Unreached::Full { max_in_flight: self.limits.max_in_flight })
    }

    /// Sends a message until `judge` calls an answer decided, at most as often and as long as the settings allow.
    /// Whoever drops the call ends it.
    pub async fn call<T>(&self, message: &Message, judge: impl Fn(Answer) -> Verdict<T>) -> Called<T> {
        let started = Instant::now();
        let Ok(_place) = self.places.try_acquire() else {
            let max_in_flight = self.limits.max_in_flight;
            self.metrics.attempted("full", Duration::ZERO);
            return Called {
                outcome: Err(Unreached::Full { max_in_flight }),
                attempts: 0,
                duration: Duration::ZERO,
            };
        };
        let _in_flight = self.metrics.enter();
        let (mut attempts, mut failed) = (0, None);
        let outcome = loop {
            if attempts == self.attempts || attempts > 0 && !self.pause(started).await {
                break None;
            }
            let (index, endpoint, leave) = match self.admit(attempts) {
                Ok(admitted) => admitted,
                Err(seconds) if attempts == 0 => {
                    failed = Some(Unreached::Resting { seconds });
                    break None;
                }
                Err(_) => break None,
            };
            attempts += 1;
            match self.attempt(index, endpoint, leave, message, started, &judge).await {
                Ok(outcome) => break Some(outcome),
                Err(last) => {
                    failed = Some(Unreached::Failed { attempts, milliseconds: milliseconds(started), last });
                }
            }
        };
        let refused = failed.unwrap_or(Unreached::Resting { seconds: 1 });
        Called { outcome: outcome.ok_or(refused), attempts, duration: started.elapsed() }
    }

    /// Waits for 50 to 150 ms, so that callers who failed together do not come back together. Whether there is
    /// time for another attempt.
    async fn pause(&self, started: Instant) -> bool {
        let pause = Duration::from_millis(50 + u64::from(u32::from_be_bytes(self.random.array())) % 101);
        if started.elapsed() + pause >= self.limits.budget {
            return false;
        }
        sleep(pause).await;
        true
    }

    /// The endpoint of an attempt: of those that do not rest, the one of the last success, then the one behind it.
    fn admit(&self, attempts: u32) -> Result<(usize, &Endpoint, Leave<'_>), u32> {
        let now = self.clock.now();
        let first = self.preferred.load(Ordering::Relaxed) + usize::try_from(attempts).unwrap_or_default();
        let mut soonest = u32::MAX;
        for offset in 0..self.endpoints.len() {
            let index = (first + offset) % self.endpoints.len();
            let Some(endpoint) = self.endpoints.get(index) else { continue };
            match endpoint.breaker.admit(now) {
                Ok(leave) => return Ok((index, endpoint, leave)),
                Err(seconds) => soonest = soonest.min(seconds),
            }
        }
        Err(soonest)
    }

    async fn attempt<T>(
        &self,
        index: usize,
        endpoint: &Endpoint,
        leave: Leave<'_>,
        message: &Message,
        started: Instant,
        judge: &impl Fn(Answer) -> Verdict<T>,
    ) -> Result<T, Cause> {
        let began = Instant::now();
        let time = self.limits.timeout.min(self.limits.budget.saturating_sub(started.elapsed()));
        let answer = attempt(&endpoint.client, &endpoint.url, message, time, self.answer_limit).await;
        let (outcome, name, failed) = match answer.map(judge) {
            Ok(Verdict::Settled(outcome)) => (Ok(outcome), "settled", None),
            Ok(Verdict::Faulty(outcome)) => {
                (Ok(outcome), "faulty", Some("it answers not as it should".to_owned()))
            }
            Ok(Verdict::Again(cause)) => (Err(cause), cause.name(), Some(cause.to_string())),
            Err(Failed { cause, details }) => {
                let told = if details.is_empty() { cause.to_string() } else { format!("{cause}: {details}") };
                (Err(cause), cause.name(), Some(told))
            }
        };
        self.metrics.attempted(name, began.elapsed());
        let change = match failed {
            None => {
                self.preferred.store(index, Ordering::Relaxed);
                leave.succeeded()
            }
            Some(problem) => {
                let (service, environment) = (self.service.name(), self.environment);
                let milliseconds = milliseconds(began);
                tracing::warn!(service, %environment, endpoint = index, milliseconds, problem, "an attempt to call a service has failed");
                leave.failed(self.clock.now())
            }
        };
        self.tell(index, change);
        outcome
    }

    fn tell(&self, index: usize, change: Change) {
        let (service, environment) = (self.service.name(), self.environment);
        match change {
            Change::None => {}
            Change::Rests => {
                self.metrics.rests();
                tracing::error!(service, %environment, endpoint = index, "an endpoint failed too often in a row, and rests");
            }
            Change::IsBack => {
                self.metrics.is_back();
                tracing::info!(service, %environment, endpoint = index, "an endpoint answers again");
            }
        }
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("service", &self.service).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({} bytes)", self.body.len())
    }
}
