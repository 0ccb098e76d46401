//! What Boxoffice remembers: accounts, rings of wrapped keys, and sealed values.
//!
//! Nothing here knows what a licence is, and nothing here ever sees a key in clear: values are sealed before
//! they come. Start with [`Storage`], and [`SqliteStorage::open`].

mod column;
mod faulty;
mod sqlite;
mod storage;

pub use faulty::{Fault, FaultyStorage};
pub use sqlite::SqliteStorage;
pub use storage::{NewAccount, NewAuthenticator, Storage, StorageError};
