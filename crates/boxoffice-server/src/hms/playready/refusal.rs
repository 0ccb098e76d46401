//! What is refused, as a SOAP fault (playready.md, section 6).

use boxoffice_core::{Code, Environment, Event, Refusal};
use playready::refusal::MessageError;
use playready::{FaultCode, Refusal as Cause};

use crate::config::PublicUrl;

/// A refusal, and the fault that a player gets for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What is refused.
    pub refusal: Refusal,
    /// `StatusCode` of the fault.
    pub code: FaultCode,
}

impl Fault {
    /// The SOAP body: `custom_data` is the refusal's JSON, `actor` the request's path.
    #[must_use]
    pub fn to_soap(&self, actor: &str, custom_data: &str) -> Vec<u8> {
        playready::Fault { code: self.code, message: &self.refusal.message(), actor, custom_data }.to_soap()
    }
}

/// Refusals that no protocol knows of: token, account, address. Those of ours are an internal error.
///
/// A player knows the codes of the catalogue alone, so a bare status gets one here: a body that did not come whole
/// is no message, and a service that is too busy, or broken, is an internal error.
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = refusal.http_status();
        let refusal = match refusal.code() {
            Code::Event(_) => refusal,
            Code::Status(400..=428 | 430..500) => {
                let refusal = Refusal::new(Event::DeviceNotAuthenticated, refusal.hint()).reason("message");
                return Self { refusal: refusal.status(400), code: FaultCode::InvalidMessage };
            }
            Code::Status(_) => {
                let (reason, status) =
                    if matches!(status, 429 | 503) { ("overload", 503) } else { ("internal", 500) };
                let named = Refusal::new(Event::AdminError, refusal.hint()).reason(reason).status(status);
                refusal.retry_seconds().into_iter().fold(named, Refusal::retry_after)
            }
        };
        let code =
            if refusal.http_status() >= 500 { FaultCode::InternalError } else { FaultCode::ServiceSpecific };
        Self { refusal, code }
    }
}

impl From<&Cause> for Fault {
    fn from(cause: &Cause) -> Self {
        let (event, status) = match cause {
            Cause::AlgorithmConflict { .. } | Cause::Checksum { .. } => (Event::ContentKey, 400),
            Cause::KidNotGranted { .. } => (Event::KidInvalid, 400),
            Cause::RentalEnded { .. } => (Event::TokenInvalid, 401),
            Cause::Internal(_) => (Event::AdminError, 500),
            Cause::Message(MessageError::TooLong { .. }) => (Event::DeviceNotAuthenticated, 413),
            Cause::DeviceClock { .. }
            | Cause::Header(_)
            | Cause::HeaderVersion { .. }
            | Cause::Message(_)
            | Cause::ProtocolVersion { .. }
            | Cause::Unreadable => (Event::DeviceNotAuthenticated, 400),
            Cause::DeviceLevel { .. }
            | Cause::DeviceRevoked { .. }
            | Cause::DeviceSignature(_)
            | Cause::DeviceUntrusted(_) => (Event::DeviceNotAuthenticated, 403),
        };
        let refusal = Refusal::new(event, cause.to_string()).reason(cause.reason()).status(status);
        Self { refusal, code: cause.fault() }
    }
}

impl Fault {
    /// Nobody makes PlayReady licences at this address.
    pub(super) fn no_back_end(environment: Environment, elsewhere: Option<&PublicUrl>) -> Self {
        let hint = match elsewhere {
            Some(url) => {
                let mut text = String::from("PlayReady licences are made at ");
                url.write_to(&mut text, false);
                text.push_str("; send the challenge there");
                text
            }
            None => format!(
                "no PlayReady back end is configured for the {environment} environment; the operator sets \
                 [environments.{environment}.playready] backend"
            ),
        };
        let refusal =
            Refusal::new(Event::AdminError, hint).reason("backend-unavailable").status(503).retry_after(60);
        Self { refusal, code: FaultCode::InternalError }
    }

    /// The body has more bytes than are read.
    pub(crate) fn too_long(hint: String) -> Self {
        let refusal = Refusal::new(Event::DeviceNotAuthenticated, hint).reason("message").status(413);
        Self { refusal, code: FaultCode::InvalidMessage }
    }

    /// The token is good on another device only.
    pub(crate) fn other_device(device_id: &str) -> Self {
        let hint = format!("this token is good on one device only, and the challenge came from {device_id}");
        let refusal = Refusal::new(Event::DeviceIdInvalid, hint).reason("device-binding").status(403);
        Self { refusal, code: FaultCode::ServiceSpecific }
    }
}
