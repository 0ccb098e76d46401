//! Whether the services of others are given up before a request is: whoever is cut off by the request's own limit is told
//! nothing of the service, and leaves no record of it.

use std::time::Duration;

use boxoffice_core::Environment;

use super::environment::EnvironmentConfig;
use super::error::ConfigError;
use super::reader::Reader;
use super::widevine::WidevineBackend;

/// Compares the times of an environment with the limit of every request. The policy hook is asked before either service.
///
/// # Errors
/// The first service that may take too long, by its setting.
pub(super) fn check(
    reader: &Reader,
    environment: Environment,
    config: &EnvironmentConfig,
    request: Duration,
) -> Result<(), ConfigError> {
    let hook = config.policy_hook.as_ref().map(|hook| hook.timeout);
    let widevine = match &config.widevine.backend {
        WidevineBackend::Upstream(upstream) => Some(upstream.limits.budget),
        WidevineBackend::Lab | WidevineBackend::Off => None,
    };
    let fairplay = config.fairplay.as_ref().map(|fairplay| fairplay.limits.budget);
    let before = hook.unwrap_or_default();
    for (setting, before, time) in [
        ("policy_hook.timeout_ms", Duration::ZERO, hook),
        ("widevine.budget_ms", before, widevine),
        ("fairplay.budget_ms", before, fairplay),
    ] {
        let Some(time) = time.filter(|time| before + *time >= request) else { continue };
        let after = match before.as_millis() {
            0 => String::new(),
            before => format!(" after {before} of policy_hook.timeout_ms"),
        };
        let problem = format!(
            "got {}{after}, expected less than server.request_timeout_ms ({}): that ends every request, and its player is told nothing of the service",
            time.as_millis(),
            request.as_millis()
        );
        return Err(reader.refuse(&format!("environments.{environment}.{setting}"), problem));
    }
    Ok(())
}
