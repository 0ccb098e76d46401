//! What the answers of the licence service are called outside (widevine.md, sections 8 and 9.2).

use boxoffice_core::{Event, Refusal};
use widevine::cloud::{CloudFault, PlatformVerification};

use super::Cloud;
use crate::upstream::{Service, Unreached};

/// How long to wait where the service does not say, in seconds.
const PATIENCE: u32 = 2;

/// The service could not be asked.
pub(super) fn unreached(cause: Unreached) -> Refusal {
    let hint = format!("the Widevine licence service could not be asked: {cause}");
    unavailable(hint, cause.retry_after())
}

/// The service has answered, and there is no licence.
pub(super) fn of_service(cloud: &Cloud, fault: &CloudFault) -> Refusal {
    let hint = fault.to_string();
    match fault {
        CloudFault::Challenge(_) | CloudFault::Refused(_) => {
            Refusal::new(Event::WidevineLicenseFailed, hint).reason("upstream-refused").status(400)
        }
        CloudFault::Revoked(_) => {
            Refusal::new(Event::DeviceNotAuthenticated, hint).reason("device-revoked").status(403)
        }
        CloudFault::Overloaded { retry_after_seconds } => {
            unavailable(hint, retry_after_seconds.unwrap_or(PATIENCE).max(1))
        }
        // A call that ends with one has been repeated, and has no answer then.
        CloudFault::Internal(_) => unavailable(hint, PATIENCE),
        CloudFault::NotUnderstood(_) | CloudFault::Rejected(_) => {
            cloud.metrics.misconfigured(Service::Widevine, cloud.environment);
            let environment = cloud.environment;
            tracing::error!(%environment, problem = hint, "the Widevine licence service rejects this service, or is none: look at provider, signer, signing key and endpoints");
            Refusal::new(Event::WidevineLicenseFailed, hint).reason("upstream-configuration").status(502)
        }
    }
}

/// The service trusts the device's platform less than the settings ask for.
pub(super) fn platform(required: PlatformVerification, told: &str) -> Refusal {
    let required = match required {
        PlatformVerification::None => "none",
        PlatformVerification::Software => "software",
        PlatformVerification::Hardware => "hardware",
    };
    let hint = format!(
        "the platform of this device is not verified as it has to be: min_vmp asks for {required}, the licence service says {told}"
    );
    Refusal::new(Event::DeviceNotAuthenticated, hint).reason("device-vmp").status(403)
}

fn unavailable(hint: String, retry_after: u32) -> Refusal {
    Refusal::new(Event::WidevineLicenseFailed, hint)
        .reason("upstream-unavailable")
        .status(503)
        .retry_after(retry_after)
}
