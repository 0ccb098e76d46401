//! `[environments.test]` and `[environments.production]`.

use boxoffice_core::Environment;

use super::error::ConfigError;
use super::fairplay::FairPlayConfig;
use super::hook::PolicyHookConfig;
use super::playready::PlayReadyConfig;
use super::reader::Reader;
use super::url::PublicUrl;
use super::widevine::WidevineConfig;

/// One environment.
#[derive(Clone, Debug)]
pub struct EnvironmentConfig {
    /// The hosts that it answers to, in lower case, without ports.
    pub hosts: Vec<String>,
    /// The base of the URLs that it hands out; `None`: it follows the first address that is listened on.
    pub public_url: Option<PublicUrl>,
    /// Widevine.
    pub widevine: WidevineConfig,
    /// PlayReady.
    pub playready: PlayReadyConfig,
    /// FairPlay, where a key server module is configured.
    pub fairplay: Option<FairPlayConfig>,
    /// The operator's say at each licence.
    pub policy_hook: Option<PolicyHookConfig>,
}

impl EnvironmentConfig {
    pub(super) fn read(
        reader: &mut Reader,
        environment: Environment,
        has_tls: bool,
    ) -> Result<Self, ConfigError> {
        let key = |name: &str| format!("environments.{environment}.{name}");
        let default = match environment {
            Environment::Test => vec!["localhost", "127.0.0.1", "[::1]"],
            Environment::Production => vec!["prod.localhost"],
        };
        let default = default.into_iter().map(ToOwned::to_owned).collect();
        let hosts: Vec<String> =
            reader.or(&key("hosts"), "hosts whose requests are this environment's", default)?;
        let hosts: Vec<String> = hosts.iter().map(|host| host.to_lowercase()).collect();
        let is_host = |host: &&String| match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            }
        };
        if let Some(bad) = hosts.iter().find(|host| !is_host(host)) {
            let problem = format!("got {bad:?}, expected a host name or address without scheme and port");
            return Err(reader.refuse(&key("hosts"), problem));
        }
        let about = "base of the URLs that are handed out; default: the first address that is listened on";
        Ok(Self {
            hosts,
            public_url: reader.optional(&key("public_url"), about)?,
            widevine: WidevineConfig::read(reader, environment)?,
            playready: PlayReadyConfig::read(reader, environment, has_tls)?,
            fairplay: FairPlayConfig::read(reader, environment.as_str())?,
            policy_hook: PolicyHookConfig::read(reader, environment.as_str())?,
        })
    }
}
