//! Counts that go up and down with rows, added up, so that many rows cost one update.

use std::collections::BTreeMap;

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use deadpool_postgres::Transaction;

use super::error::Fault;
use crate::StorageError;

/// What a transaction changes of the counts of account keys, in the order in which they are locked.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<(i64, i64), (i64, i64)>);

impl Tally {
    /// Counts `by` rows more, or fewer, that an account key seals.
    pub(super) fn count(&mut self, account: AccountId, key: KeyId, swept: bool, by: i64) {
        let (live, expired) = self.0.entry((i64::from(account.0), i64::from(key.0))).or_default();
        *(if swept { expired } else { live }) += by;
    }

    pub(super) async fn write(self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        let update = transaction
            .prepare_cached(
                "UPDATE account_keys SET live_keys = live_keys + $3, expired_keys = expired_keys + $4 \
                 WHERE account = $1 AND id = $2",
            )
            .await?;
        for ((account, key), (live, expired)) in self.0 {
            if (live, expired) == (0, 0) {
                continue;
            }
            if transaction.execute(&update, &[&account, &key, &live, &expired]).await? != 1 {
                return Err(Fault::Failed(StorageError::Broken(format!(
                    "account {account} has rows under its key {key}, which is not there"
                ))));
            }
        }
        Ok(())
    }
}
