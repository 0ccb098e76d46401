//! What Boxoffice remembers: accounts, rings of wrapped keys, sealed values, the key storage,
//! redemptions and their records.
//!
//! Nothing here knows what a licence is, and nothing here ever sees a key in clear: values are sealed before
//! they come. Start with [`Storage`], and [`SqliteStorage::open`] or
//! [`PostgresStorage::open`].

mod account_keys;
mod column;
mod content_keys;
mod faulty;
mod key_audit;
mod migration;
mod postgres;
mod read_keys;
mod records;
mod redemptions;
mod seeds;
mod sqlite;
mod storage;

pub use account_keys::{AccountKeyUse, AccountKeys, RemovedAccountKey, WrappedAccountKey};
pub use content_keys::{
    ContentKeys, CreatedKey, KekFilter, KeyFilter, KeyKind, Reseal, SealedPage, StoredKey, UpdatedKey,
};
pub use faulty::{Fault, FaultyStorage};
pub use key_audit::{KeyAudit, KeyAuditCursor, KeyAuditFilter, KeyAuditPage, KeyAuditRecord};
pub use migration::{MigratedTable, MigrationError, MigrationProgress, migrate};
pub use postgres::PostgresStorage;
pub use read_keys::{KindOfRows, ReadKeys};
pub use records::{
    NewestRecords, Record, RecordCursor, RecordFilter, RecordId, RecordKind, RecordPage, Records,
    StoredRecord,
};
pub use redemptions::{
    Grant, GrantOutcome, NewStream, OneTimeUse, Redemptions, RememberedAnswer, RenewOutcome, SessionEvent,
    Stream,
};
pub use seeds::{
    AddedSeed, Content, ContentNames, NewSeed, RecordedContent, RetiredSeed, Seed, SeedId, SeedKind, Seeds,
};
pub use sqlite::SqliteStorage;
pub use storage::{NewAccount, NewAuthenticator, Storage, StorageError};
