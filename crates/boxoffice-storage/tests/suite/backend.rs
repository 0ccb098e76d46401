//! The databases that the suite runs on.

use std::sync::Arc;

use boxoffice_storage::{FaultyStorage, PostgresStorage, SqliteStorage, Storage};
use drm_primitives::SystemRandom;
use tempfile::TempDir;

use crate::schema::Schema;

/// An empty database of its own; what it stands on goes with it.
pub struct Backend {
    pub storage: Arc<dyn Storage>,
    _ground: Ground,
}

/// What a database stands on.
#[expect(dead_code, reason = "held for what its end removes")]
enum Ground {
    Directory(TempDir),
    Schema(Schema),
}

/// How many connections a test has.
pub const CONNECTIONS: usize = 8;

impl Backend {
    pub fn sqlite() -> Self {
        Self::sqlite_as(|storage| Arc::new(storage))
    }

    /// The faulty wrapper, told nothing.
    pub fn faulty() -> Self {
        Self::sqlite_as(|storage| Arc::new(FaultyStorage::new(storage)))
    }

    fn sqlite_as(wrap: impl FnOnce(SqliteStorage) -> Arc<dyn Storage>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("boxoffice.db")).unwrap();
        Self { storage: wrap(storage), _ground: Ground::Directory(directory) }
    }

    /// None, with a word, where no PostgreSQL was given.
    pub async fn postgres() -> Option<Self> {
        Self::postgres_as(|storage| Arc::new(storage)).await
    }

    pub async fn faulty_postgres() -> Option<Self> {
        Self::postgres_as(|storage| Arc::new(FaultyStorage::new(storage))).await
    }

    async fn postgres_as(wrap: impl FnOnce(PostgresStorage) -> Arc<dyn Storage>) -> Option<Self> {
        let schema = Schema::new().await?;
        let storage = PostgresStorage::open(schema.url(), CONNECTIONS, Arc::new(SystemRandom)).await.unwrap();
        Some(Self { storage: wrap(storage), _ground: Ground::Schema(schema) })
    }
}

/// Makes a test on every database of each function `async fn name(storage: Arc<dyn Storage>)`.
macro_rules! on_every_database {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let backend = crate::backend::Backend::sqlite();
                super::$name(backend.storage.clone()).await;
            })+
        }
        mod on_faulty {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let backend = crate::backend::Backend::faulty();
                super::$name(backend.storage.clone()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(backend) = crate::backend::Backend::postgres().await else { return };
                super::$name(backend.storage.clone()).await;
            })+
        }
        mod on_faulty_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(backend) = crate::backend::Backend::faulty_postgres().await else { return };
                super::$name(backend.storage.clone()).await;
            })+
        }
    };
}
pub(crate) use on_every_database;
