//! Who makes licences in each environment, and which devices get none.

use std::sync::Arc;

use boxoffice_core::Environment;
use boxoffice_core::token_request::playready::Settings;

use crate::config::{Config, EnvironmentConfig, PlayReadyBackend, WidevineBackend};
use crate::installation::{Installation, InstallationError, RingSet};
use crate::lab::Lab;
use crate::revocations::Revocations;

/// Who makes licences.
pub struct Issuers {
    lab: Lab,
    test: EnvironmentIssuers,
    production: EnvironmentIssuers,
}

/// What one environment has of them.
pub(crate) struct EnvironmentIssuers {
    widevine_lab: bool,
    playready_lab: bool,
    /// What the configuration says about PlayReady token requests.
    pub playready_settings: Settings,
    /// PlayReady certificates that get nothing.
    pub playready_revocations: Revocations<playready::Revocations>,
    /// Widevine devices that get nothing.
    pub widevine_revocations: Revocations<widevine::RevocationList>,
}

/// The GUID of "digital video only", which goes with `unknownOutputBehavior=Disallow` alone (playready.md, section 8).
const DIGITAL_VIDEO_ONLY: &str = "760AE755-682A-41E0-B1B3-DCDF836A7306";

impl Issuers {
    /// Opens the lab, and makes it at the very first start.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn open(
        config: &Config,
        installation: &Installation,
        rings: &RingSet,
    ) -> Result<Self, InstallationError> {
        Ok(Self {
            lab: Lab::open(installation, rings).await?,
            test: EnvironmentIssuers::new(&config.test),
            production: EnvironmentIssuers::new(&config.production),
        })
    }

    /// The embedded Widevine issuer, where it is the environment's back end.
    #[must_use]
    pub fn widevine(&self, environment: Environment) -> Option<&Arc<widevine::Issuer>> {
        // The configuration refuses `lab` in production; here it is refused once more.
        let lab = environment == Environment::Test && self.of(environment).widevine_lab;
        lab.then_some(&self.lab.widevine)
    }

    /// The embedded PlayReady issuer, where it is the environment's back end.
    #[must_use]
    pub fn playready(&self, environment: Environment) -> Option<&Arc<playready::Issuer>> {
        let lab = environment == Environment::Test && self.of(environment).playready_lab;
        lab.then_some(&self.lab.playready)
    }

    /// The lab's material.
    #[must_use]
    pub const fn lab(&self) -> &Lab {
        &self.lab
    }

    pub(crate) const fn of(&self, environment: Environment) -> &EnvironmentIssuers {
        match environment {
            Environment::Test => &self.test,
            Environment::Production => &self.production,
        }
    }
}

impl EnvironmentIssuers {
    fn new(config: &EnvironmentConfig) -> Self {
        let flags = &config.playready.output_control_flags;
        let digital_only = |guid: &str| guid.eq_ignore_ascii_case(DIGITAL_VIDEO_ONLY);
        let digital_only = flags.iter().filter(|(_, control)| digital_only(&control.guid));
        Self {
            widevine_lab: matches!(config.widevine.backend, WidevineBackend::Lab),
            playready_lab: matches!(config.playready.backend, PlayReadyBackend::Lab),
            playready_settings: Settings {
                defined_output_flags: flags.keys().fold(0, |bits, bit| bits | bit),
                digital_only_flags: digital_only.fold(0, |bits, (bit, _)| bits | bit),
                min_security_level: config.playready.default_min_security_level,
            },
            playready_revocations: Revocations::default(),
            widevine_revocations: Revocations::default(),
        }
    }
}
