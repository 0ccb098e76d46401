//! A small HTTP server that plays a role, and fails on command.

mod body;
mod connection;
mod control;
mod fault;
mod listener;
mod place;
mod plan;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use rustls::ServerConfig;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use fault::{Fault, FaultTextError, RoleFault, TransportFault};
pub use place::{Place, PlaceError};
pub use plan::FaultPlan;

/// What a mock server answers when nothing is broken, and how its own answers can be.
pub trait Role: Send + Sync + 'static {
    /// The ways in which its answers can be wrong.
    type Fault: RoleFault;

    /// Answers a request. May block: it is called on a thread that may.
    fn answer(&self, request: &Received, fault: Option<&Self::Fault>) -> Reply;
}

/// A request that came.
#[derive(Clone)]
pub struct Received {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, which may hold content keys.
    pub body: Bytes,
}

/// An answer.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its body.
    pub body: Vec<u8>,
}

/// A running server. It stops when this is dropped.
pub struct MockServer<R: Role> {
    place: Place,
    scheme: &'static str,
    shared: Arc<Shared<R>>,
    accepting: JoinHandle<()>,
}

/// What all connections of a server share.
struct Shared<R: Role> {
    role: R,
    faults: FaultPlan<R::Fault>,
    received: watch::Sender<u64>,
    last: Mutex<Option<Received>>,
}

impl Received {
    /// Whether the body is said to be JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        let content_type = self.headers.get(http::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (name, _) = content_type.split_once(';').unwrap_or((content_type, ""));
        name.trim().eq_ignore_ascii_case("application/json")
    }
}

impl Reply {
    /// JSON with status 200.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "application/json",
            body: value.to_string().into_bytes(),
        }
    }

    /// A sentence with another status.
    #[must_use]
    pub fn text(status: StatusCode, text: &str) -> Self {
        Self { status, content_type: "text/plain", body: format!("{text}\n").into_bytes() }
    }
}

impl<R: Role> MockServer<R> {
    /// Starts on a free port of 127.0.0.1, with plain HTTP.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn start(role: R) -> io::Result<Self> {
        Self::start_at(role, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await
    }

    /// Starts anywhere, with TLS where there is a configuration for it. The file of a Unix socket must not be there
    /// yet, and goes when the server does.
    ///
    /// # Errors
    /// The address cannot be had.
    #[expect(
        clippy::unused_async,
        reason = "it listens in the runtime that it is awaited in, and in no other"
    )]
    pub async fn start_at(
        role: R,
        place: impl Into<Place>,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            role,
            faults: FaultPlan::new(),
            received: watch::Sender::new(0),
            last: Mutex::new(None),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let connections = Arc::clone(&shared);
        let (place, accepting) = match place.into() {
            Place::Tcp(address) => {
                let listener = listener::listen(address)?;
                let place = Place::Tcp(listener.local_addr()?);
                (place, tokio::spawn(connection::accept(listener, tls, connections)))
            }
            Place::Unix(path) => {
                let listener = UnixListener::bind(&path)?;
                (Place::Unix(path), tokio::spawn(connection::accept(listener, tls, connections)))
            }
        };
        Ok(Self { place, scheme, shared, accepting })
    }

    /// What it plays.
    #[must_use]
    pub fn role(&self) -> &R {
        &self.shared.role
    }

    /// Where it listens.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// `http://address/path`, or `https://…`, or `unix:/socket:/path`; `path` starts with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match &self.place {
            Place::Tcp(address) => format!("{}://{address}{path}", self.scheme),
            Place::Unix(_) => format!("{}:{path}", self.place),
        }
    }

    /// What goes wrong next.
    #[must_use]
    pub fn faults(&self) -> &FaultPlan<R::Fault> {
        &self.shared.faults
    }

    /// How many requests have come, those that a fault swallowed included, but for those of connections that
    /// were refused.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        *self.shared.received.borrow()
    }

    /// Waits until that many requests have come.
    pub async fn received(&self, count: u64) {
        let mut received = self.shared.received.subscribe();
        received.wait_for(|got| *got >= count).await.expect("the sender lives in self");
    }

    /// The last request that came.
    #[must_use]
    pub fn last_request(&self) -> Option<Received> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops; from then on, connections to the address are refused by the system itself.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // Only when the task is gone is its port free.
        let _aborted = (&mut self.accepting).await;
    }
}

impl<R: Role> Drop for MockServer<R> {
    fn drop(&mut self) {
        self.accepting.abort();
        if let Place::Unix(path) = &self.place {
            // Somebody may have taken it away before.
            let _gone = std::fs::remove_file(path);
        }
    }
}

impl<R: Role> std::fmt::Debug for MockServer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockServer").field("place", &self.place).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.path, self.body.len())
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes)", self.status, self.content_type, self.body.len())
    }
}
