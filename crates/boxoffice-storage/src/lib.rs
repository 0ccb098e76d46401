//! What Boxoffice remembers: accounts, rings of wrapped keys, and sealed values.
//!
//! Nothing here knows what a licence is, and nothing here ever sees a key in clear: values are sealed before
//! they come. Start with [`Storage`].

mod storage;

pub use storage::{NewAccount, NewAuthenticator, Storage, StorageError};
