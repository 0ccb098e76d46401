//! Who makes licences in each environment, and which devices get none.

use std::sync::Arc;

use boxoffice_core::token_request::playready::Settings;
use boxoffice_core::{Environment, PerEnvironment};

use super::widevine::cloud::Cloud;
use crate::config::{Config, EnvironmentConfig, PlayReadyBackend, WidevineBackend};
use crate::installation::{Installation, InstallationError, RingSet};
use crate::lab::Lab;
use crate::revocations::Revocations;
use crate::upstream::UpstreamMetrics;

/// Who makes licences.
pub struct Issuers {
    lab: Lab,
    each: PerEnvironment<EnvironmentIssuers>,
}

/// What one environment has of them.
pub(crate) struct EnvironmentIssuers {
    widevine_lab: bool,
    /// The operator's Widevine licence service, where it is the back end.
    widevine_cloud: Option<Arc<Cloud>>,
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
        metrics: &UpstreamMetrics,
    ) -> Result<Self, InstallationError> {
        let cloud = |environment: Environment| {
            let WidevineBackend::Upstream(settings) = &config.environment(environment).widevine.backend
            else {
                return Ok(None);
            };
            let (clock, random) = (Arc::clone(installation.clock()), Arc::clone(installation.random()));
            Cloud::open(settings, environment, (clock, random), metrics).map(|cloud| Some(Arc::new(cloud)))
        };
        Ok(Self {
            each: PerEnvironment::try_new(|environment| {
                let cloud = cloud(environment)?;
                Ok::<_, InstallationError>(EnvironmentIssuers::new(config.environment(environment), cloud))
            })?,
            lab: Lab::open(installation, rings).await?,
        })
    }

    /// The embedded Widevine issuer, where it is the environment's back end.
    #[must_use]
    pub fn widevine(&self, environment: Environment) -> Option<&Arc<widevine::Issuer>> {
        // The configuration refuses `lab` in production; here it is refused once more.
        let lab = environment == Environment::Test && self.of(environment).widevine_lab;
        lab.then_some(&self.lab.widevine)
    }

    /// The operator's Widevine licence service, where it is the environment's back end.
    #[must_use]
    pub fn widevine_cloud(&self, environment: Environment) -> Option<&Arc<Cloud>> {
        self.of(environment).widevine_cloud.as_ref()
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
        self.each.of(environment)
    }
}

impl EnvironmentIssuers {
    fn new(config: &EnvironmentConfig, widevine_cloud: Option<Arc<Cloud>>) -> Self {
        let flags = &config.playready.output_control_flags;
        let digital_only = |guid: &str| guid.eq_ignore_ascii_case(DIGITAL_VIDEO_ONLY);
        let digital_only = flags.iter().filter(|(_, control)| digital_only(&control.guid));
        Self {
            widevine_lab: matches!(config.widevine.backend, WidevineBackend::Lab),
            widevine_cloud,
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
