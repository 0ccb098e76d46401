//! The operator's services, one an environment.

use std::sync::Arc;

use boxoffice_core::{Clock, Environment, PerEnvironment};
use bytes::Bytes;
use drm_primitives::Random;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use thiserror::Error;

use super::answer::{ANSWER_LIMIT, AnswerError, Decision};
use super::proof::Proof;
use super::question::Question;
use super::tighten::check;
use crate::config::{CallLimits, Config, PolicyHookConfig, TlsFiles};
use crate::hms::redemption::Facts;
use crate::upstream::{
    Address, Answer, Message, Service, Unreached, Upstream, UpstreamError, UpstreamMetrics, UpstreamSettings,
    Verdict,
};

/// How often a question is asked at most, inside the one time limit: asking changes nothing.
const ATTEMPTS: u32 = 2;

/// Questions at once; further ones meet silence.
const MAX_IN_FLIGHT: usize = 1_024;

/// `Retry-After` where the service answered nonsense.
const PATIENCE: u32 = 2;

/// The hooks of both environments.
pub(crate) struct Hooks(PerEnvironment<Option<Hook>>);

/// The hook of one environment.
pub(crate) struct Hook {
    upstream: Upstream,
    proof: Proof,
    path: String,
    clock: Arc<dyn Clock>,
    /// What silence means: that licences are made as if nobody had been asked.
    pub fail_open: bool,
}

/// Why there is no decision.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum Silence {
    /// Something came that is none.
    #[error(transparent)]
    Answer(AnswerError),
    /// Nothing came.
    #[error(transparent)]
    Unreached(Unreached),
}

impl Silence {
    /// When to try again, in seconds.
    pub const fn retry_after(&self) -> u32 {
        match self {
            Self::Answer(_) => PATIENCE,
            Self::Unreached(unreached) => unreached.retry_after(),
        }
    }
}

impl Hooks {
    /// Reads the files that the settings name. Nobody is asked yet.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn open(
        config: &Config,
        (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        let open = |environment: Environment| {
            let settings = config.environment(environment).policy_hook.as_ref();
            let open = |settings| {
                Hook::open(settings, environment, (Arc::clone(clock), Arc::clone(random)), metrics)
            };
            settings.map(open).transpose()
        };
        PerEnvironment::try_new(open).map(Self)
    }

    /// That of an environment, where there is one.
    pub const fn of(&self, environment: Environment) -> Option<&Hook> {
        self.0.of(environment).as_ref()
    }
}

impl Hook {
    fn open(
        settings: &PolicyHookConfig,
        environment: Environment,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        let files = (&settings.client_certificate_file, &settings.client_key_file);
        let client = match files {
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
            }
            (Some(_) | None, _) => None,
        };
        let (timeout, budget) = (settings.timeout, settings.timeout);
        let upstream = UpstreamSettings {
            service: Service::PolicyHook,
            environment,
            endpoints: vec![Address::from(&settings.url)],
            ca: settings.ca_file.clone(),
            client,
            limits: CallLimits { timeout, budget, max_in_flight: MAX_IN_FLIGHT },
            attempts: ATTEMPTS,
            answer_limit: ANSWER_LIMIT,
        };
        Ok(Self {
            upstream: Upstream::open(&upstream, Arc::clone(&clock), random, metrics)?,
            proof: Proof::open(settings)?,
            path: settings.url.uri().path().to_owned(),
            clock,
            fail_open: settings.fail_open,
        })
    }

    /// Asks, and waits as long as the settings allow.
    pub(super) async fn ask(&self, facts: &Facts, question: &Question<'_>) -> Result<Decision, Silence> {
        let body = question.write(facts);
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.proof.add_to(&mut headers, &self.path, &body, self.clock.now());
        let message = Message { headers, body: Bytes::from(body) };
        let judge = |answer: Answer| match read(&answer, facts) {
            Ok(decision) => Verdict::Settled(Ok(decision)),
            Err(error) => Verdict::Faulty(Err(error)),
        };
        let called = self.upstream.call(&message, judge).await;
        called.outcome.map_err(Silence::Unreached)?.map_err(Silence::Answer)
    }
}

fn read(answer: &Answer, facts: &Facts) -> Result<Decision, AnswerError> {
    let decision = Decision::read(answer.status, &answer.body)?;
    if let Decision::Grant { policy, .. } = &decision {
        check(facts.drm, policy)?;
    }
    Ok(decision)
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks(..)")
    }
}
