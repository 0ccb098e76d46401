//! The databases that the suite runs on.

use std::sync::Arc;

use boxoffice_storage::{FaultyStorage, SqliteStorage, Storage};
use tempfile::TempDir;

/// An empty database of its own; what it stands on goes with it.
pub struct Backend {
    pub storage: Arc<dyn Storage>,
    _directory: TempDir,
}

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
        Self { storage: wrap(storage), _directory: directory }
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
    };
}
pub(crate) use on_every_database;
