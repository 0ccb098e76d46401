//! What an upstream is made of.

use std::path::PathBuf;

use boxoffice_core::Environment;

use crate::config::{CallLimits, ServiceUrl, TlsFiles};

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
    pub endpoints: Vec<Address>,
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

/// Where an endpoint is.
#[derive(Clone, Debug)]
pub struct Address {
    /// Its URL, complete.
    pub url: String,
    /// The Unix socket that all its connections go to, whatever host the URL names.
    pub socket: Option<PathBuf>,
}

impl Address {
    /// The same with a further segment of the path.
    #[must_use]
    pub fn with_segment(mut self, segment: &str) -> Self {
        self.url.truncate(self.url.trim_end_matches('/').len());
        self.url.push('/');
        self.url.push_str(segment);
        self
    }
}

impl From<&ServiceUrl> for Address {
    fn from(url: &ServiceUrl) -> Self {
        Self { url: url.uri().to_string(), socket: url.socket().map(ToOwned::to_owned) }
    }
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
