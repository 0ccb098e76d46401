//! What every request may use: the parts of the running service.

use std::sync::Arc;

use boxoffice_core::token_request::playready;
use boxoffice_core::{Clock, Environment};
use drm_primitives::Random;

use widevine::{Issuer, RevocationList};

use crate::accounts::Accounts;
use crate::config::{Config, EnvironmentConfig, PublicUrl, WidevineBackend};
use crate::crypto::Crypto;
use crate::installation::{Installation, Rings};
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
    lab: Lab,
    test: EnvironmentParts,
    production: EnvironmentParts,
}

/// The embedded issuers, which trust the lab's roots.
pub struct Lab {
    /// Widevine's.
    pub widevine: Arc<Issuer>,
}

/// What an environment has beyond its configuration.
pub struct EnvironmentParts {
    /// The base of the URLs that it hands out.
    pub public_url: PublicUrl,
    /// What its configuration says about PlayReady token requests.
    pub playready_settings: playready::Settings,
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
        }
    }

    /// The embedded Widevine issuer, where it is the environment's back end.
    #[must_use]
    pub fn widevine_issuer(&self, environment: Environment) -> Option<&Arc<Issuer>> {
        let lab = matches!(self.config.environment(environment).widevine.backend, WidevineBackend::Lab);
        (lab && environment == Environment::Test).then_some(&self.lab.widevine)
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
        let playready_settings = playready::Settings {
            defined_output_flags: flags.keys().fold(0, |bits, bit| bits | bit),
            digital_only_flags: flags
                .iter()
                .filter(|(_, control)| digital_only(&control.guid))
                .fold(0, |bits, (bit, _)| bits | bit),
            min_security_level: config.playready.default_min_security_level,
        };
        Self { public_url, playready_settings, widevine_revocations: Revocations::default() }
    }
}
