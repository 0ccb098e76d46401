//! The connections, and who may have how many of them at a time.

use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use drm_primitives::Random;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::IsolationLevel;

use super::error::Fault;
use super::retry::Attempts;
use super::settings::{ACQUIRE, CONNECT, Settings};
use super::tls::Tls;
use crate::StorageError;

/// How many calls may wait, each kind for itself.
const WAITING: usize = 8_192;

/// The connections to one database.
pub(crate) struct Connections {
    pool: Pool,
    random: Arc<dyn Random>,
}

impl Connections {
    pub(super) fn new(
        settings: Settings,
        most: usize,
        random: Arc<dyn Random>,
    ) -> Result<Self, StorageError> {
        let manager = Manager::from_config(
            settings.connection,
            Tls::new(&settings.trust)?,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let timeouts =
            Timeouts { wait: Some(ACQUIRE), create: Some(CONNECT + CONNECT), recycle: Some(CONNECT) };
        let pool = Pool::builder(manager)
            .max_size(most)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StorageError::Unavailable(format!("no pool of connections: {error}")))?;
        Ok(Self { pool, random })
    }

    /// How many there may be.
    pub(super) fn most(&self) -> usize {
        self.pool.status().max_size
    }

    pub(crate) async fn get(&self) -> Result<Object, Fault> {
        Ok(self.pool.get().await?)
    }

    pub(super) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&*self.random)
    }
}

/// A kind of call: so many run at a time, and a bounded number of others waits.
pub(super) struct Lane {
    waiting: Semaphore,
    running: Semaphore,
}

impl Lane {
    pub(super) fn new(running: usize) -> Self {
        Self { waiting: Semaphore::new(WAITING), running: Semaphore::new(running.max(1)) }
    }

    /// Waits for its turn, unless too many do.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, StorageError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| too_many())?;
        let turn = tokio::time::timeout(ACQUIRE, self.running.acquire()).await;
        turn.map_err(|_| too_many())?.map_err(|_| too_many())
    }
}

pub(super) fn too_many() -> StorageError {
    StorageError::Unavailable("too many calls wait for the database".to_owned())
}

/// Begins a transaction. Every statement of ours is right at this level, since it locks what it decides by; an
/// engine that only has stricter ones gives one of those.
pub(crate) async fn begin(client: &mut Object) -> Result<deadpool_postgres::Transaction<'_>, Fault> {
    Ok(client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?)
}

/// Commits. Where the answer is lost nobody knows what became of it, and the call is not made again.
pub(crate) async fn commit(transaction: deadpool_postgres::Transaction<'_>) -> Result<(), Fault> {
    transaction.commit().await.map_err(|error| Fault::from(error).in_commit())
}

/// Runs `$body`, which may use `?` on a [`Fault`], with a connection of `$connections`, and once more where that
/// helps. For what only reads, and for single statements that may be repeated.
///
/// A macro and not a function with a closure, whose future could not be named as `Send` while it borrows both the
/// connection and the arguments of the call.
macro_rules! with_connection {
    ($connections:expr, |$client:ident| $body:expr) => {
        $crate::postgres::pool::attempt!($connections, |client| {
            let $client: &deadpool_postgres::Object = &mut client;
            $body
        })
    };
}

/// Runs `$body` in a transaction and commits it; where it got into another one's way, again from its beginning.
macro_rules! in_transaction {
    ($connections:expr, |$transaction:ident| $body:expr) => {
        $crate::postgres::pool::attempt!($connections, |client| {
            let transaction = $crate::postgres::pool::begin(&mut client).await?;
            let $transaction = &transaction;
            let value = $body;
            $crate::postgres::pool::commit(transaction).await?;
            value
        })
    };
}

macro_rules! attempt {
    ($connections:expr, |$client:ident| $body:expr) => {{
        let connections = &*$connections;
        let mut attempts = connections.attempts();
        loop {
            let fault = match connections.get().await {
                Err(fault) => fault,
                Ok(mut $client) => {
                    let work = async { Ok::<_, $crate::postgres::error::Fault>($body) };
                    let outcome = tokio::time::timeout($crate::postgres::settings::CALL, work).await;
                    match outcome {
                        Ok(Ok(value)) => break Ok(value),
                        Ok(Err(fault)) => fault,
                        Err(_) => {
                            // Its answer may come yet, so nobody else may have this connection.
                            drop(deadpool_postgres::Object::take($client));
                            break Err($crate::StorageError::Unavailable(
                                "the database took too long to answer".to_owned(),
                            ));
                        }
                    }
                }
            };
            if let Err(error) = attempts.again(fault).await {
                break Err(error);
            }
        }
    }};
}
pub(super) use {attempt, in_transaction, with_connection};
