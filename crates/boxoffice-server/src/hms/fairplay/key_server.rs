//! The operator's key server modules (fairplay.md, sections 4 and 5).

use std::sync::Arc;

use boxoffice_core::{Clock, Environment, PerEnvironment};
use bytes::Bytes;
use drm_primitives::Random;
use fairplay::{Ckc, CreateCkc, HdcpType, KeyServerFault, RESPONSE_LIMIT, read_response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use super::certificate;
use crate::config::{Config, FairPlayConfig};
use crate::upstream::{
    Address, Called, Message, Service, Unreached, Upstream, UpstreamError, UpstreamMetrics, UpstreamSettings,
    Verdict,
};

/// How often a CKC is asked for at most (section 5).
const ATTEMPTS: u32 = 2;

/// The key servers of both environments.
pub(crate) struct KeyServers(PerEnvironment<Option<KeyServer>>);

/// The key server of one environment.
pub(crate) struct KeyServer {
    upstream: Upstream,
    /// The least copy protection of its licences.
    pub hdcp_at_least: HdcpType,
    spc_statuses: Vec<i64>,
    certificate: Option<Bytes>,
}

impl KeyServers {
    /// Reads the files that the settings name. Nobody is called yet.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn open(
        config: &Config,
        (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        let open = |environment: Environment| {
            let settings = config.environment(environment).fairplay.as_ref();
            let open = |settings| {
                KeyServer::open(settings, environment, (Arc::clone(clock), Arc::clone(random)), metrics)
            };
            settings.map(open).transpose()
        };
        PerEnvironment::try_new(open).map(Self)
    }

    /// That of an environment, where one is configured.
    pub const fn of(&self, environment: Environment) -> Option<&KeyServer> {
        self.0.of(environment).as_ref()
    }
}

impl KeyServer {
    fn open(
        settings: &FairPlayConfig,
        environment: Environment,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        let upstream = UpstreamSettings {
            service: Service::FairPlay,
            environment,
            endpoints: settings.endpoints.iter().map(Address::from).collect(),
            ca: settings.ca.clone(),
            client: settings.client.clone(),
            limits: settings.limits,
            attempts: ATTEMPTS,
            answer_limit: RESPONSE_LIMIT,
        };
        Ok(Self {
            upstream: Upstream::open(&upstream, clock, random, metrics)?,
            hdcp_at_least: HdcpType::from_number(settings.min_hdcp_type).unwrap_or_default(),
            spc_statuses: settings.spc_statuses.clone(),
            certificate: settings.certificate.as_deref().map(certificate::read).transpose()?,
        })
    }

    /// What players make their SPCs from.
    pub const fn certificate(&self) -> Option<&Bytes> {
        self.certificate.as_ref()
    }

    /// Whether there is room for one more question, before others are asked on its account.
    ///
    /// # Errors
    /// [`Unreached::Full`].
    pub fn check_room(&self) -> Result<(), Unreached> {
        self.upstream.check_room()
    }

    /// Asks for a CKC, once or twice: asking changes nothing on either side.
    pub async fn ask(&self, question: &CreateCkc<'_>) -> Called<Result<Ckc, KeyServerFault>> {
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let message = Message { headers, body: Bytes::from_owner(question.write()) };
        let judge = |answer: crate::upstream::Answer| {
            let retry_after = answer.retry_after.as_deref();
            match read_response(answer.status, retry_after, &answer.body, &self.spc_statuses) {
                Ok(ckc) => Verdict::Settled(Ok(ckc)),
                Err(fault) if speaks(&fault) => Verdict::Settled(Err(fault)),
                Err(fault) => Verdict::Faulty(Err(fault)),
            }
        };
        self.upstream.call(&message, judge).await
    }
}

/// Whether a key server that answers so is well. Players choose what is in an SPC: if what it is refused for let the
/// endpoint rest, one player could shut out the others.
const fn speaks(fault: &KeyServerFault) -> bool {
    matches!(
        fault,
        KeyServerFault::Item { .. }
            | KeyServerFault::ItemSpc { .. }
            | KeyServerFault::Overloaded { .. }
            | KeyServerFault::Status { .. }
    )
}

impl std::fmt::Debug for KeyServers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyServers(..)")
    }
}
