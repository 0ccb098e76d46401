//! Sockets that listen.

use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::tls::{self, TlsError};
use crate::config::ServerConfig;

/// A socket that accepts, with or without TLS.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
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
}

/// Binds every address of the settings; each accepts once this returns.
///
/// # Errors
/// [`BindError`], the first.
pub async fn bind(config: &ServerConfig) -> Result<Vec<Listener>, BindError> {
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let mut listeners = Vec::with_capacity(config.listen.len());
    for &address in &config.listen {
        let failed = |error| BindError::Address { address, error };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        listeners.push(Listener { socket, address, tls: tls.clone() });
    }
    Ok(listeners)
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

    pub(super) async fn accept(&self) -> std::io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept().await
    }

    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.clone()
    }
}
