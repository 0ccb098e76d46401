//! What an upstream is made of.

use std::path::PathBuf;

use boxoffice_core::Environment;

use crate::config::{CallLimits, TlsFiles};

/// Which service it is; a label of logs and metrics.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Service {
    /// FairPlay's key server module.
    FairPlay,
    /// The operator's policy.
    PolicyHook,
    /// Widevine's licence service.
    Widevine,
}

/// What an upstream is made of.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// Which service it is.
    pub service: Service,
    /// Whose.
    pub environment: Environment,
    /// Its addresses, complete, at least one.
    pub endpoints: Vec<String>,
    /// A private authority that vouches for them, as PEM.
    pub ca: Option<PathBuf>,
    /// What we show of ourselves.
    pub client: Option<TlsFiles>,
    /// Bounds of a call.
    pub limits: CallLimits,
    /// How often a call is attempted at most.
    pub attempts: u32,
    /// The longest answer, in bytes.
    pub answer_limit: usize,
}

impl Service {
    /// Its name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FairPlay => "fairplay",
            Self::PolicyHook => "policy_hook",
            Self::Widevine => "widevine",
        }
    }
}
