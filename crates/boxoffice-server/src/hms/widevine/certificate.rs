//! `GET /hms/wv/certificate`: the service certificate, as EME's `setServerCertificate` takes it.

use boxoffice_core::{Environment, Refusal};

use super::{cloud, refusal};
use crate::app::App;

/// The bare `SignedDrmCertificate`. It is public: no token, no price, no record.
///
/// # Errors
/// -7008, 503, where no back end is configured; what [`cloud::Cloud`] refuses, where it has none yet.
pub async fn certificate(app: &App, environment: Environment) -> Result<Vec<u8>, Refusal> {
    if let Some(issuer) = app.issuers().widevine(environment) {
        return Ok(issuer.service_certificate().to_vec());
    }
    let cloud = app.issuers().widevine_cloud(environment).ok_or_else(|| refusal::no_back_end(environment))?;
    cloud::certificate::certificate(cloud, app.now()).await
}
