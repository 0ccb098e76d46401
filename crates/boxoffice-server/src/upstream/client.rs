//! The HTTP client under an upstream.

use std::path::{Path, PathBuf};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Url, retry};
use thiserror::Error;
use zeroize::Zeroizing;

use super::names::Names;
use super::settings::UpstreamSettings;
use crate::config::TlsFiles;

/// Why an upstream cannot be used. Known at the start.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// The system has no authorities, or a certificate and its key do not go together.
    #[error("the connection to the {service} service of the {environment} environment: {problem}")]
    Client {
        /// Which service.
        service: &'static str,
        /// Whose.
        environment: boxoffice_core::Environment,
        /// What is wrong.
        problem: String,
    },
    /// A file that the settings name.
    #[error("{file}: {problem}", file = file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl UpstreamError {
    pub(crate) fn file(file: &Path, problem: &impl ToString) -> Self {
        Self::File { file: file.to_owned(), problem: problem.to_string() }
    }
}

/// Reads a file that the settings name. It may hold a secret.
pub(crate) fn read_file(file: &Path) -> Result<Zeroizing<Vec<u8>>, UpstreamError> {
    std::fs::read(file).map(Zeroizing::new).map_err(|error| UpstreamError::file(file, &error))
}

/// The addresses that are called, each with its client: those of the network share one, and each socket has its own.
pub(super) fn open(settings: &UpstreamSettings) -> Result<Vec<(Client, Url)>, UpstreamError> {
    let failed = |problem: String| UpstreamError::Client {
        service: settings.service.name(),
        environment: settings.environment,
        problem,
    };
    // The library takes it from here. Where it is there already, somebody else of this process asked first.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let build = |client: ClientBuilder| client.build().map_err(|error| failed(told(&error.without_url())));
    let mut network: Option<Client> = None;
    let mut endpoints = Vec::with_capacity(settings.endpoints.len());
    for address in &settings.endpoints {
        let url =
            address.url.parse().map_err(|error| failed(format!("an endpoint is no address: {error}")))?;
        let client = match (&address.socket, &network) {
            (Some(socket), _) => build(at_socket(plain(settings), socket))?,
            (None, Some(client)) => client.clone(),
            (None, None) => network.insert(build(of_network(settings)?)?).clone(),
        };
        endpoints.push((client, url));
    }
    Ok(endpoints)
}

/// What all clients have in common.
fn plain(settings: &UpstreamSettings) -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(retry::never())
        .connect_timeout(settings.limits.timeout)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(settings.limits.max_in_flight)
}

/// A client whose connections all go to one Unix socket. Nothing on the way needs encryption.
fn at_socket(client: ClientBuilder, socket: &Path) -> ClientBuilder {
    client.tls_certs_only([]).unix_socket(socket)
}

/// A client of hosts, with what proves them to us and us to them.
fn of_network(settings: &UpstreamSettings) -> Result<ClientBuilder, UpstreamError> {
    let mut client = plain(settings).dns_resolver(Names::default());
    match &settings.ca {
        Some(file) => {
            let authorities = Certificate::from_pem_bundle(&read_file(file)?);
            let authorities = authorities.map_err(|error| UpstreamError::file(file, &error))?;
            if authorities.is_empty() {
                return Err(UpstreamError::file(file, &"has no certificate"));
            }
            client = client.tls_certs_merge(authorities);
        }
        // Without TLS no authority is needed, and a machine without any may have none.
        None if settings.endpoints.iter().all(|address| address.url.starts_with("http:")) => {
            client = client.tls_certs_only([]);
        }
        None => {}
    }
    if let Some(files) = &settings.client {
        client = client.identity(identity(files)?);
    }
    Ok(client)
}

fn identity(files: &TlsFiles) -> Result<Identity, UpstreamError> {
    let mut pem = Zeroizing::new(Vec::new());
    let (certificate, key) = (read_file(&files.certificate)?, read_file(&files.key)?);
    pem.reserve_exact(certificate.len() + key.len() + 1);
    pem.extend_from_slice(&certificate);
    pem.push(b'\n');
    pem.extend_from_slice(&key);
    Identity::from_pem(&pem).map_err(|error| UpstreamError::file(&files.key, &told(&error)))
}

/// An error with its causes, which say more than itself.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
