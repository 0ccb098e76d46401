//! Client certificates: who vouches for them, and whose they are.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use boxoffice_core::Environment;
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};

use super::settings::WebhookError;
use crate::config::{Config, HookAuth};

/// The certificates that a client has shown in its TLS handshake, its own first, with proof of their key. An
/// extension of the request; whose they are is judged by the environment that the request is for.
#[derive(Clone, Debug)]
pub struct ClientCertificate(Arc<[CertificateDer<'static>]>);

impl ClientCertificate {
    /// Takes what the handshake gave; `None` where that is nothing.
    #[must_use]
    pub fn new(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let chain: Arc<[_]> = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        (!chain.is_empty()).then_some(Self(chain))
    }
}

/// What a TLS listener asks clients with: a certificate of either environment's authority, or none. `None` where
/// neither has `mtls`, and clients need not be asked.
///
/// # Errors
/// [`WebhookError`]: an authority's file cannot be read, or has no certificate.
pub fn client_certificates(config: &Config) -> Result<Option<Arc<dyn ClientCertVerifier>>, WebhookError> {
    let mut roots = RootCertStore::empty();
    let mut last = None;
    for environment in Environment::ALL {
        let Some(webhook) = &config.environment(environment).playready.webhook else { continue };
        let Some(file) = webhook.client_ca_file.as_deref() else { continue };
        if webhook.auth.contains(&HookAuth::Mtls) {
            add_roots(&mut roots, file)?;
            last = Some(file);
        }
    }
    let Some(file) = last else { return Ok(None) };
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let verifier = builder.allow_unauthenticated().build();
    verifier.map(|verifier| Some(verifier as _)).map_err(|error| WebhookError::new(file, error.to_string()))
}

/// One environment's authority, and the names that it must have vouched for.
pub(super) struct ClientAuthority {
    verifier: Arc<dyn ClientCertVerifier>,
    /// One of them is enough; none: any certificate of the authority is.
    names: Vec<ServerName<'static>>,
}

impl ClientAuthority {
    /// Reads a PEM file of root certificates.
    pub fn read(file: &Path, names: &[String]) -> Result<Self, WebhookError> {
        let failed = |problem: String| WebhookError::new(file, problem);
        let mut roots = RootCertStore::empty();
        add_roots(&mut roots, file)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        let name = |name: &String| {
            let parsed = ServerName::try_from(name.clone());
            parsed.map_err(|_| failed(format!("client_names: {name:?} is no DNS name")))
        };
        Ok(Self {
            verifier: verifier.map_err(|error| failed(error.to_string()))?,
            names: names.iter().map(name).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the authority vouches for this client, under one of the names.
    pub fn vouches_for(&self, certificate: &ClientCertificate, now: Timestamp) -> bool {
        let Some((own, intermediates)) = certificate.0.split_first() else { return false };
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        if self.verifier.verify_client_cert(own, intermediates, now).is_err() {
            return false;
        }
        let Ok(own) = ParsedCertificate::try_from(own) else { return false };
        self.names.is_empty() || self.names.iter().any(|name| verify_server_name(&own, name).is_ok())
    }
}

impl fmt::Debug for ClientAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAuthority").field("names", &self.names).finish_non_exhaustive()
    }
}

fn add_roots(roots: &mut RootCertStore, file: &Path) -> Result<(), WebhookError> {
    let failed = |problem: String| WebhookError::new(file, problem);
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("has no certificate".to_owned()));
    }
    certificates.into_iter().try_for_each(|root| roots.add(root)).map_err(|error| failed(error.to_string()))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
