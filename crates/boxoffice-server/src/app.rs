//! What every operation is given: configuration, installation, clock, caches, counters.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::Guard;
use boxoffice_core::authenticator::Scope;
use boxoffice_core::{Clock, Drm, Environment, Parameters, PerEnvironment, Refusal};
use drm_primitives::Random;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::accounts::{Accounts, Caller};
use crate::admission::Admission;
use crate::config::{Config, PublicUrl};
use crate::hms::Issuers;
use crate::hms::fairplay::KeyServers;
use crate::hook::Hooks;
use crate::hosts::Hosts;
use crate::installation::{Installation, InstallationError, RingSet, Rings};
use crate::keystore::KeyStorage;
use crate::request_id::RequestIds;
use crate::telemetry::{AccessLog, LogSink, Metrics};
use crate::webhook::Webhooks;
use crate::work_pool::{Busy, Panicked, WorkPool};

pub use crate::work_pool::Overload;

/// What the service is made of. A program has one; a test makes one for itself.
pub struct AppParts {
    /// The settings.
    pub config: Config,
    /// The database and the master key.
    pub installation: Installation,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Where access lines go, if the settings want any.
    pub log: LogSink,
    /// The first address that is listened on, with its real port: what `public_url` follows where it is not set.
    pub first_address: SocketAddr,
    /// How long a cached account is fresh: [`Accounts::FRESH`], or less in tests.
    pub accounts_fresh_for: Duration,
    /// What the runtime was made with that the service runs on, where [`crate::serve::runtime`] made it.
    pub overload: Overload,
}

/// The running service, shared by every request. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    installation: Installation,
    rings: Rings,
    /// When the rings were last read because a token named a key that was not there, and whether they were.
    rings_asked: tokio::sync::Mutex<Option<(Instant, bool)>>,
    accounts: Accounts,
    admission: Admission,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hosts: Hosts,
    public_urls: PerEnvironment<PublicUrl>,
    request_ids: RequestIds,
    metrics: Metrics,
    access_log: AccessLog,
    work: WorkPool,
    issuers: Issuers,
    key_servers: KeyServers,
    hooks: Hooks,
    key_storage: Arc<KeyStorage>,
    webhooks: Webhooks,
}

/// How often the rings are read, so that a new key is known on every node before it seals.
const RINGS_EVERY: Duration = Duration::from_millis(500);

/// How many pieces of work may wait for each thread of the pool: a fifth of a second's worth of RSA.
const WAITING_A_THREAD: usize = 256;

impl App {
    /// Opens the rings and makes or opens the lab's material.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn start(parts: AppParts) -> Result<Self, InstallationError> {
        let AppParts {
            config,
            installation,
            clock,
            random,
            log,
            first_address,
            accounts_fresh_for,
            overload,
        } = parts;
        let webhooks = Webhooks::open(&config)?;
        let metrics = Metrics::default();
        let rings = installation.rings().await?;
        let issuers = Issuers::open(&config, &installation, &rings.current(), metrics.upstreams()).await?;
        let key_servers = KeyServers::open(&config, (&clock, &random), metrics.upstreams())?;
        let hooks = Hooks::open(&config, (&clock, &random), metrics.upstreams())?;
        let public_url = |environment: Environment| {
            let configured = config.environment(environment).public_url.clone();
            let https = config.server.tls.is_some();
            let production = environment == Environment::Production;
            configured.unwrap_or_else(|| PublicUrl::of_address(first_address, https, production))
        };
        let key_storage = KeyStorage::new(
            installation.clone(),
            rings.clone(),
            config.keystore,
            Arc::clone(&clock),
            Arc::clone(&random),
        );
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self(Arc::new(Inner {
            public_urls: PerEnvironment {
                test: public_url(Environment::Test),
                production: public_url(Environment::Production),
            },
            hosts: Hosts::new(&config),
            accounts: Accounts::new(Arc::clone(installation.storage()), accounts_fresh_for),
            admission: Admission::new(config.server.max_requests, config.limits, &clock),
            request_ids: RequestIds::new(clock.now(), &*random),
            metrics,
            access_log: AccessLog::new(config.log.access.then_some(log)),
            work: WorkPool::new(threads, threads * WAITING_A_THREAD, overload),
            rings_asked: tokio::sync::Mutex::new(None),
            config,
            installation,
            rings,
            clock,
            random,
            issuers,
            key_servers,
            hooks,
            key_storage: Arc::new(key_storage),
            webhooks,
        })))
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database and the master key.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.0.installation
    }

    /// The rings of keys in force.
    #[must_use]
    pub fn rings(&self) -> Guard<Arc<RingSet>> {
        self.0.rings.current()
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.0.random
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// Hosts, environments and proxies.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    /// The counters.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Whether licences of a DRM keep a processor busy. A licence service does that elsewhere, and has a bound of its own, of
    /// calls in flight: whoever waits for it waits in no queue here.
    pub(crate) fn takes_turns(&self, drm: Drm, environment: Environment) -> bool {
        match drm {
            Drm::ClearKey | Drm::FairPlay => false,
            Drm::PlayReady => true,
            Drm::Widevine => self.issuers().widevine_cloud(environment).is_none(),
        }
    }

    /// Begins a future that keeps a processor busy beside the reactor, once it has its turn. Where too much is waiting
    /// it is begun with what to answer: 503 with `Retry-After`.
    pub async fn in_turn<F>(&self, make: impl FnOnce(Result<(), Refusal>) -> F + Send + 'static) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        self.0.work.begin(move |turn| make(turn.map_err(|Busy| busy()))).await
    }

    /// Whether a future that came now would be begun by [`Self::in_turn`]; for those who need not even read a request
    /// that is refused.
    ///
    /// # Errors
    /// 503 with `Retry-After`.
    pub(crate) fn check_turn(&self) -> Result<(), Refusal> {
        self.0.work.let_in().map_err(|Busy| busy())
    }

    /// Whether some who came for such work were turned away of late.
    pub(crate) fn turns_away(&self) -> bool {
        self.0.work.turns_away()
    }

    /// Does work that keeps a processor busy for a request that has had its turn.
    ///
    /// # Errors
    /// 500 where the work has a defect.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let failed = |Panicked| Refusal::of_status(500, "the service has failed; its log says why");
        self.0.work.run(work).await.map_err(failed)
    }

    /// Who is let in.
    pub(crate) fn admission(&self) -> &Admission {
        &self.0.admission
    }

    /// The key storage.
    #[must_use]
    pub fn key_storage(&self) -> &Arc<KeyStorage> {
        &self.0.key_storage
    }

    /// Who may redeem PlayReady tokens over the webhook.
    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    /// Who makes FairPlay's.
    pub(crate) fn key_servers(&self) -> &KeyServers {
        &self.0.key_servers
    }

    /// Whom the operator wants asked before licences are made.
    pub(crate) fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    /// Who makes licences.
    #[must_use]
    pub fn issuers(&self) -> &Issuers {
        &self.0.issuers
    }

    /// The base of the URLs that an environment hands out.
    #[must_use]
    pub fn public_url(&self, environment: Environment) -> &PublicUrl {
        self.0.public_urls.of(environment)
    }

    pub(crate) fn request_ids(&self) -> &RequestIds {
        &self.0.request_ids
    }

    pub(crate) fn access_log(&self) -> &AccessLog {
        &self.0.access_log
    }

    /// Who asks: an enabled account, and which of its authenticators; without a scope any of them may.
    ///
    /// # Errors
    /// As [`Accounts::authenticate`]; 429 where the account asks more often than it may.
    pub async fn authenticate(
        &self,
        parameters: &Parameters,
        environment: Environment,
        scope: impl Into<Option<Scope>>,
    ) -> Result<Caller, Refusal> {
        let keys = self.0.installation.master_key().authenticators();
        let caller = self.accounts().authenticate(parameters, keys, environment, scope.into()).await?;
        self.0.admission.check_account(caller.account.id)?;
        Ok(caller)
    }

    /// Reads the rings once more, unless that was done a moment ago: a token names a key that is not there.
    /// Whether they were read.
    pub(crate) async fn reread_rings(&self) -> bool {
        let mut asked = self.0.rings_asked.lock().await;
        if let Some((_, read)) = asked.filter(|(at, _)| at.elapsed() < RINGS_EVERY / 5) {
            return read;
        }
        let read = self.refresh_rings().await;
        *asked = Some((Instant::now(), read));
        read
    }

    async fn refresh_rings(&self) -> bool {
        match self.0.rings.refresh(&self.0.installation).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the rings of keys could not be read again, and are used as they were");
                false
            }
        }
    }

    /// Keeps the rings current for as long as the service runs. To be spawned once.
    pub async fn keep_rings_current(self) {
        let mut every = tokio::time::interval(RINGS_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            self.refresh_rings().await;
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}

fn busy() -> Refusal {
    Refusal::of_status(503, "too many licences are being made; try again").retry_after(1)
}
