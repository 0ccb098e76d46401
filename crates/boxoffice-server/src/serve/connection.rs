//! One connection: TLS, HTTP/1.1 or HTTP/2, and a watch over those that only hold a place.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use boxoffice_core::Environment;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;

use super::only_when_woken::OnlyWhenWoken;
use crate::edge::Edge;
use crate::hosts::Peer;
use crate::webhook::{ClientCertificate, WebhookOnly};

/// Request heads up to this are read; the longest request line that is answered is 32 KiB.
const HEAD_LIMIT: usize = 128 << 10;

/// Serves a connection to its end.
pub(super) async fn serve(
    edge: Arc<Edge>,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
    address: SocketAddr,
    webhook_of: Option<Environment>,
    ended: watch::Receiver<bool>,
) {
    // Answers are small and whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    edge.app().metrics().connected();
    let patience = edge.app().config().server.idle_timeout;
    let peer = Peer { address, https: tls.is_some() };
    let only = webhook_of.map(WebhookOnly);
    match tls {
        None => drive(&edge, peer, (only, None), stream, ended, patience).await,
        Some(tls) => match timeout(patience, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let client = ClientCertificate::new(certificates);
                drive(&edge, peer, (only, client), stream, ended, patience).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
    edge.app().metrics().disconnected();
}

/// What the requests of a connection share, and what the watch knows of it.
#[derive(Debug)]
struct Activity {
    /// Here as well, so that a request counts no reference that other connections count.
    edge: Arc<Edge>,
    begun: AtomicU64,
    done: AtomicU64,
}

async fn drive(
    edge: &Arc<Edge>,
    peer: Peer,
    (only, client): (Option<WebhookOnly>, Option<ClientCertificate>),
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    mut ended: watch::Receiver<bool>,
    patience: Duration,
) {
    let activity =
        Arc::new(Activity { edge: Arc::clone(edge), begun: AtomicU64::new(0), done: AtomicU64::new(0) });
    let service = service_fn(|mut request: Request<Incoming>| {
        let activity = Arc::clone(&activity);
        if let Some(only) = only {
            request.extensions_mut().insert(only);
        }
        if let Some(client) = &client {
            request.extensions_mut().insert(client.clone());
        }
        async move {
            activity.begun.fetch_add(1, Ordering::Relaxed);
            let response: Response<Body> = activity.edge.respond(peer, request.map(Body::new)).await;
            activity.done.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut idle = pin!(OnlyWhenWoken::new(until_idle(&activity, patience)));
    loop {
        let mut changed = pin!(OnlyWhenWoken::new(ended.changed()));
        tokio::select! {
            biased;
            served = connection.as_mut() => {
                if let Err(error) = served {
                    // Clients go away all the time.
                    tracing::debug!(%error, "a connection broke");
                }
                return;
            }
            () = idle.as_mut() => return,
            changed = changed.as_mut() => {
                connection.as_mut().graceful_shutdown();
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Waits until a connection has neither had a request in work nor begun one for `patience`.
///
/// This one watch stands for the time that a request head may take, for the time that a kept connection may
/// idle, and for clients that send their bytes one by one or never read an answer. A timer of the parser's
/// own would be set anew for every request; this one fires four times in `patience`, whatever the load.
async fn until_idle(activity: &Activity, patience: Duration) {
    let mut ticks = interval((patience / 4).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let (mut seen, mut quiet) = (0, 0);
    loop {
        ticks.tick().await;
        let (begun, done) = (activity.begun.load(Ordering::Relaxed), activity.done.load(Ordering::Relaxed));
        if begun != seen || begun != done {
            (seen, quiet) = (begun, 0);
            continue;
        }
        quiet += 1;
        if quiet == 4 {
            return;
        }
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Answers are short: to copy a body behind its head takes less than to hand the kernel two pieces.
    builder.http1().header_read_timeout(None).max_buf_size(HEAD_LIMIT).half_close(false).writev(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(u32::try_from(HEAD_LIMIT).unwrap_or(u32::MAX))
        .max_frame_size(16_384)
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}
