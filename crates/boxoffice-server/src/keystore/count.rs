//! How many keys (key-storage.md, section 4).

use boxoffice_core::key_storage::KeyRefusal;

use super::row::Holders;
use super::{Call, Done, KeyStorage, KeyStorageError, Outcome};

impl KeyStorage {
    /// `GET /keystore/keycount`: stored keys that have not ended. Derived keys are not stored.
    pub async fn count(&self, call: &Call) -> Outcome<u64> {
        let count = self.storage.count_keys(call.account).await.map_err(KeyStorageError::from);
        let result = count.map(|count| Done::new(count, Holders::NONE)).map_err(KeyRefusal::from);
        Outcome::new(Vec::new(), result)
    }
}
