//! What every request may use: the parts of the running service.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use boxoffice_core::token_request::playready::Settings;
use boxoffice_core::{Clock, Environment};
use drm_primitives::Random;

use widevine::{Issuer, RevocationList};

use crate::accounts::Accounts;
use crate::config::{Config, EnvironmentConfig, PlayReadyBackend, PublicUrl, WidevineBackend};
use crate::crypto::Crypto;
use crate::installation::{Installation, Rings};
use crate::lab::Lab;
use crate::revocations::Revocations;

/// The running service. One for the process, shared by all requests.
pub struct App {
    /// The configuration in force.
    pub config: Config,
    /// The database and its master key.
    pub installation: Installation,
    /// The keys that seal tokens, and others.
    pub rings: Rings,
    /// Accounts, as they were just now.
    pub accounts: Accounts,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Where long cryptography is done.
    pub crypto: Crypto,
    /// The embedded issuers.
    pub lab: Lab,
    /// How often a revocation file was refused: metrics show it.
    pub revocation_failures: AtomicU64,
    test: EnvironmentParts,
    production: EnvironmentParts,
}

/// What an environment has beyond its configuration.
pub struct EnvironmentParts {
    /// The base of the URLs that it hands out.
    pub public_url: PublicUrl,
    /// What its configuration says about PlayReady token requests.
    pub playready_settings: Settings,
    /// PlayReady certificates that get nothing.
    pub playready_revocations: Revocations<playready::Revocations>,
    /// Widevine devices that get nothing.
    pub widevine_revocations: Revocations<RevocationList>,
}

/// The GUID of "digital video only", which goes with `unknownOutputBehavior=Disallow` alone (playready.md, section 8).
const DIGITAL_VIDEO_ONLY: &str = "760AE755-682A-41E0-B1B3-DCDF836A7306";

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        config: Config,
        installation: Installation,
        rings: Rings,
        lab: Lab,
        (test_url, production_url): (PublicUrl, PublicUrl),
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            accounts: Accounts::new(installation.clone()),
            test: EnvironmentParts::new(test_url, &config.test),
            production: EnvironmentParts::new(production_url, &config.production),
            config,
            installation,
            rings,
            clock,
            random,
            crypto: Crypto::new(),
            lab,
            revocation_failures: AtomicU64::new(0),
        }
    }

    /// The embedded Widevine issuer, where it is the environment's back end.
    #[must_use]
    pub fn widevine_issuer(&self, environment: Environment) -> Option<&Arc<Issuer>> {
        let lab = matches!(self.config.environment(environment).widevine.backend, WidevineBackend::Lab);
        (lab && environment == Environment::Test).then_some(&self.lab.widevine)
    }

    /// The embedded PlayReady issuer, where it is the environment's back end.
    #[must_use]
    pub fn playready_issuer(&self, environment: Environment) -> Option<&Arc<playready::Issuer>> {
        let lab = matches!(self.config.environment(environment).playready.backend, PlayReadyBackend::Lab);
        (lab && environment == Environment::Test).then_some(&self.lab.playready)
    }

    /// The PlayReady certificates that get nothing in this environment.
    #[must_use]
    pub fn playready_revocations(&self, environment: Environment) -> Arc<playready::Revocations> {
        self.environment(environment).playready_revocations.current()
    }

    /// The Widevine devices that get nothing in this environment.
    #[must_use]
    pub fn widevine_revocations(&self, environment: Environment) -> Arc<RevocationList> {
        self.environment(environment).widevine_revocations.current()
    }

    /// The parts of one environment.
    #[must_use]
    pub const fn environment(&self, environment: Environment) -> &EnvironmentParts {
        match environment {
            Environment::Test => &self.test,
            Environment::Production => &self.production,
        }
    }
}

impl EnvironmentParts {
    fn new(public_url: PublicUrl, config: &EnvironmentConfig) -> Self {
        let flags = &config.playready.output_control_flags;
        let digital_only = |guid: &str| guid.eq_ignore_ascii_case(DIGITAL_VIDEO_ONLY);
        let playready_settings = Settings {
            defined_output_flags: flags.keys().fold(0, |bits, bit| bits | bit),
            digital_only_flags: flags
                .iter()
                .filter(|(_, control)| digital_only(&control.guid))
                .fold(0, |bits, (bit, _)| bits | bit),
            min_security_level: config.playready.default_min_security_level,
        };
        Self {
            public_url,
            playready_settings,
            playready_revocations: Revocations::default(),
            widevine_revocations: Revocations::default(),
        }
    }
}
