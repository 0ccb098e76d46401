//! Listening, accepting, and ending in good order.

mod connection;
mod listener;
mod only_when_woken;
mod runtime;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::app::App;
use crate::edge::Edge;
use crate::records::retention;
use crate::upkeep;

pub use listener::{BindError, Listener, bind};
pub use runtime::runtime;
pub use tls::TlsError;

/// Serves until `shutdown` is done; then accepts nothing more, lets requests in flight finish, for as long as the
/// settings allow, and returns.
pub async fn serve(listeners: Vec<Listener>, app: App, shutdown: impl Future<Output = ()>) {
    let edge = Arc::new(Edge::new(app.clone()));
    let places = Arc::new(Semaphore::new(app.config().server.max_connections));
    let (end, ended) = watch::channel(false);
    let mut upkeep = JoinSet::new();
    upkeep.spawn(app.clone().keep_rings_current());
    upkeep.spawn(upkeep::keep_revocations(app.clone()));
    upkeep.spawn(retention::keep_records(app.clone()));
    upkeep.spawn(Arc::clone(app.key_storage()).maintain());
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&edge), Arc::clone(&places), ended.clone()));
    }
    drop(ended);
    shutdown.await;
    tracing::info!("ending: no new connections; requests in flight may finish");
    // Whoever accepts and whoever serves a connection holds a receiver until it is done.
    let _ = end.send(true);
    let patience = app.config().server.shutdown_timeout;
    if tokio::time::timeout(patience, end.closed()).await.is_err() {
        tracing::warn!("ending with requests still in flight, after {} ms", patience.as_millis());
    }
}

/// How long to wait after the operating system refuses a connection, for want of file descriptors as a rule.
const BREATHER: Duration = Duration::from_millis(50);

async fn accept(
    listener: Listener,
    edge: Arc<Edge>,
    places: Arc<Semaphore>,
    mut ended: watch::Receiver<bool>,
) {
    loop {
        // Without a place the connection stays in the operating system's backlog.
        let accepted = tokio::select! {
            biased;
            _ = ended.changed() => return,
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (Ok(place), Ok((stream, peer))) => {
                let (edge, tls, ended) = (Arc::clone(&edge), listener.tls(), ended.clone());
                let webhook_of = listener.webhook_of();
                tokio::spawn(async move {
                    connection::serve(edge, tls, stream, peer, webhook_of, ended).await;
                    drop(place);
                });
            }
            (Ok(_), Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATHER).await;
            }
            (Err(_), _) => return,
        }
    }
}
