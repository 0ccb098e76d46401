//! Lists of revoked devices, in force and replaceable while the service runs.

use std::sync::{Arc, PoisonError, RwLock};

/// The list in force.
pub struct Revocations<List>(RwLock<Arc<List>>);

impl<List> Revocations<List> {
    /// The list in force now.
    #[must_use]
    pub fn current(&self) -> Arc<List> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a newer list in force.
    pub fn replace(&self, list: List) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(list);
    }
}

impl<List: Default> Default for Revocations<List> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}
