//! `GET /hms/wv/certificate`: the service certificate, as EME's `setServerCertificate` takes it.

use boxoffice_core::{Environment, Refusal};

use super::refusal;
use crate::app::App;

/// The bare `SignedDrmCertificate`. It is public: no token, no price, no record.
///
/// # Errors
/// -7008, 503, where no back end is configured.
pub fn certificate(app: &App, environment: Environment) -> Result<Vec<u8>, Refusal> {
    let issuer = app.issuers().widevine(environment).ok_or_else(|| refusal::no_back_end(environment))?;
    Ok(issuer.service_certificate().to_vec())
}
