//! `[server]`: addresses, TLS, trusted proxies, bounds.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::error::ConfigError;
use super::reader::Reader;

/// How the service listens, and what it bears.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// At least one address; port 0 picks a free port.
    pub listen: Vec<SocketAddr>,
    /// Where TLS is ended here.
    pub tls: Option<TlsFiles>,
    /// Whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Open connections at once; further ones wait in the backlog of the operating system.
    pub max_connections: usize,
    /// Requests in work at once; further ones get 503.
    pub max_requests: usize,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How long a request's body may take to come in.
    pub body_timeout: Duration,
    /// How long a connection may go without a complete request head.
    pub idle_timeout: Duration,
    /// How long requests in flight may take to finish once the program is told to end.
    pub shutdown_timeout: Duration,
}

/// PEM files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl ServerConfig {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, ConfigError> {
        let default_address = SocketAddr::from(([127, 0, 0, 1], 8080));
        let listen = reader.or(
            "server.listen",
            "addresses to listen on; port 0 picks a free one",
            vec![default_address],
        )?;
        if listen.is_empty() {
            return Err(reader.refuse("server.listen", "got no address, expected at least one"));
        }
        let certificate = reader.optional("server.tls.certificate", "PEM file with the certificate chain")?;
        let key = reader.optional("server.tls.key", "PEM file with the private key")?;
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(reader.refuse("server.tls.certificate", "needs server.tls.key beside it"));
            }
            (None, Some(_)) => {
                return Err(reader.refuse("server.tls.key", "needs server.tls.certificate beside it"));
            }
        };
        let trusted_proxies = reader.or(
            "server.trusted_proxies",
            "networks whose X-Forwarded-For, -Host and -Proto are believed",
            Vec::new(),
        )?;
        Ok(Self {
            listen,
            tls,
            trusted_proxies,
            max_connections: size(reader.number(
                "server.max_connections",
                "connections at once; further ones wait",
                10_000,
                1..=1_000_000,
            )?),
            max_requests: size(reader.number(
                "server.max_requests",
                "requests of each kind (licences, tokens, keys) in work at once; further ones get 503",
                4_096,
                1..=1_000_000,
            )?),
            request_timeout: milliseconds(
                reader,
                "server.request_timeout_ms",
                "longest time for one request; then 503",
                15_000,
            )?,
            body_timeout: milliseconds(
                reader,
                "server.body_timeout_ms",
                "longest time for a request's body to come in; then 408",
                10_000,
            )?,
            idle_timeout: milliseconds(
                reader,
                "server.idle_timeout_ms",
                "longest time without a complete request head; then the connection is closed",
                30_000,
            )?,
            shutdown_timeout: milliseconds(
                reader,
                "server.shutdown_timeout_ms",
                "longest time for requests in flight to finish at the end",
                30_000,
            )?,
        })
    }

    /// Whether only this machine can reach the service; then a host that no environment names is the test one.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.listen.iter().all(|address| match address.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        })
    }
}

/// A duration in milliseconds, from one to an hour.
pub(super) fn milliseconds(
    reader: &mut Reader,
    key: &str,
    about: &'static str,
    default: u64,
) -> Result<Duration, ConfigError> {
    reader.number(key, about, default, 1..=3_600_000).map(Duration::from_millis)
}

/// A number that was bounded when it was read.
pub(super) fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
