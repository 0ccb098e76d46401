//! What the protocol crate's refusals are called outside (widevine.md, section 8).

use boxoffice_core::{Environment, Event, Refusal};
use widevine::{BodyFault, Refusal as Cause};

/// The code and status of a cause; its text is the hint.
pub(super) fn of(cause: &Cause) -> Refusal {
    let (event, status) = match cause {
        Cause::Body(BodyFault::TooLong { .. }) => (Event::WidevineLicenseFailed, 413),
        Cause::Body(BodyFault::Empty)
        | Cause::ContentMismatch { .. }
        | Cause::Identity
        | Cause::InitData(_)
        | Cause::KidNotGranted { .. }
        | Cause::Message(_)
        | Cause::PersistenceNotGranted
        | Cause::ProtocolVersion { .. }
        | Cause::Renewal(_)
        | Cause::ServiceCertificate { .. } => (Event::WidevineLicenseFailed, 400),
        Cause::DeviceKind { .. }
        | Cause::DeviceLevel { .. }
        | Cause::DeviceRevoked(_)
        | Cause::DeviceSignature
        | Cause::DeviceUntrusted(_)
        | Cause::DeviceVmp => (Event::DeviceNotAuthenticated, 403),
    };
    Refusal::new(event, cause.to_string()).reason(cause.reason()).status(status)
}

/// Nobody makes Widevine licences here.
pub(super) fn no_back_end(environment: Environment) -> Refusal {
    let hint = format!(
        "no Widevine back end is configured for the {environment} environment; the operator sets \
         [environments.{environment}.widevine] backend"
    );
    Refusal::new(Event::WidevineLicenseFailed, hint)
        .reason("upstream-unavailable")
        .status(503)
        .retry_after(60)
}
