//! Sockets that listen.

use std::net::SocketAddr;

use boxoffice_core::Environment;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::tls::{self, TlsError};
use crate::config::Config;
use crate::webhook::{WebhookError, client_certificates};

/// A socket that accepts, with or without TLS.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    webhook_of: Option<Environment>,
}

/// Why the service cannot listen.
#[derive(Debug, Error)]
pub enum BindError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {error}")]
    Address {
        /// Which address.
        address: SocketAddr,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The authority of the webhook's clients.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
}

/// Binds every address of the settings, those of webhooks last; each accepts once this returns.
///
/// # Errors
/// [`BindError`], the first.
pub async fn bind(config: &Config) -> Result<Vec<Listener>, BindError> {
    let clients = client_certificates(config)?;
    let tls = config.server.tls.as_ref().map(|files| tls::acceptor(files, clients)).transpose()?;
    let everything = config.server.listen.iter().map(|&address| (address, None));
    let webhooks = Environment::ALL.into_iter().filter_map(|environment| {
        let webhook = config.environment(environment).playready.webhook.as_ref()?;
        Some((webhook.listen?, Some(environment)))
    });
    let mut listeners = Vec::with_capacity(config.server.listen.len());
    for (address, webhook_of) in everything.chain(webhooks) {
        let failed = |error| BindError::Address { address, error };
        let socket = listen(address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        listeners.push(Listener { socket, address, tls: tls.clone(), webhook_of });
    }
    Ok(listeners)
}

/// Connections that the operating system holds until they are accepted, where it allows so many. Whoever comes beyond
/// them thinks he is connected, and has to say again, a second later, what he said to nobody.
const BACKLOG: u32 = 4_096;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or a restart would have to wait for the last connections of the one before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listener {
    /// The address with its real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients call it: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The environment whose webhook is all that is served here; `None`: everything is.
    #[must_use]
    pub const fn webhook_of(&self) -> Option<Environment> {
        self.webhook_of
    }

    pub(super) async fn accept(&self) -> std::io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept().await
    }

    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.clone()
    }
}
