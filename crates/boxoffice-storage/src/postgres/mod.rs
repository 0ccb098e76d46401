//! PostgreSQL, and engines that speak its language: the database of several nodes.
//!
//! Nothing is remembered here that the database could contradict, and nothing that is right depends on a session: no
//! advisory locks, no LISTEN, no temporary tables, no settings beyond time limits. What one transaction decides by it
//! has locked in rows, in a fixed order; whoever loses against another one is tried again.

mod account_keys;
mod accounts;
mod content_keys;
mod error;
mod group;
mod key_audit;
mod key_storage;
mod migrations;
mod pool;
mod records;
mod redemption_state;
mod redemption_storage;
mod redemption_writes;
mod redemptions;
mod retry;
mod ring_keys;
mod row;
mod sealed_values;
mod seeds;
mod settings;
mod storage;
mod tally;
mod tls;

use std::sync::Arc;

use drm_primitives::Random;

use crate::StorageError;
use group::Group;
use migrations::Found;
use pool::Lane;
use settings::Settings;

pub(crate) use error::Fault;
pub(crate) use pool::{Connections, begin, commit};

/// The fewest connections with which every kind of call has one.
const FEWEST_CONNECTIONS: usize = 4;

/// How many transactions of redemptions a node has under way: one is filled while the other one commits.
const REDEMPTION_COMMITTERS: usize = 2;

/// What Boxoffice remembers, in a PostgreSQL database that any number of nodes share.
pub struct PostgresStorage {
    connections: Arc<Connections>,
    redemptions: Group<redemptions::Redeem>,
    audit: Group<key_audit::Append>,
    creates: Group<content_keys::Create>,
    /// Changes of the key storage.
    ingest: Lane,
    /// What may be long.
    scans: Lane,
    /// Everything else.
    calls: Lane,
}

impl PostgresStorage {
    /// Connects, makes the tables where there are none, and brings them to the form that this program knows. Any
    /// number of nodes may do so at the same time. Its tasks run on the runtime that this is called on.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the URL cannot be used or the server does not answer;
    /// [`StorageError::UnknownVersion`] where a newer program has changed the tables; [`StorageError::Broken`]
    /// where the schema is somebody else's, or the server may lose commits.
    pub async fn open(url: &str, connections: usize, random: Arc<dyn Random>) -> Result<Self, StorageError> {
        let connections = Self::connect(url, connections, random)?;
        migrations::apply(&connections).await?;
        Ok(Self::start(connections))
    }

    /// As [`open`](Self::open); but where there are no tables it makes none, and returns `None`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_existing(
        url: &str,
        connections: usize,
        random: Arc<dyn Random>,
    ) -> Result<Option<Self>, StorageError> {
        let connections = Self::connect(url, connections, random)?;
        match migrations::inspect(&connections).await? {
            Found::Empty => return Ok(None),
            Found::Current => {}
            Found::Older => migrations::apply(&connections).await?,
        }
        Ok(Some(Self::start(connections)))
    }

    fn connect(
        url: &str,
        connections: usize,
        random: Arc<dyn Random>,
    ) -> Result<Arc<Connections>, StorageError> {
        let settings = Settings::parse(url)?;
        Ok(Arc::new(Connections::new(settings, connections.max(FEWEST_CONNECTIONS), random)?))
    }

    fn start(connections: Arc<Connections>) -> Self {
        let most = connections.most();
        Self {
            redemptions: Group::start(&connections, REDEMPTION_COMMITTERS),
            audit: Group::start(&connections, 1),
            creates: Group::start(&connections, 1),
            ingest: Lane::new(most / 8),
            scans: Lane::new(most / 4),
            calls: Lane::new(most / 2),
            connections,
        }
    }
}

/// Brings a database into the form that everything can be moved into, and connects to it.
pub(crate) async fn prepare_target(
    url: &str,
    random: Arc<dyn Random>,
) -> Result<Arc<Connections>, StorageError> {
    let connections = PostgresStorage::connect(url, FEWEST_CONNECTIONS, random)?;
    migrations::apply(&connections).await?;
    Ok(connections)
}
