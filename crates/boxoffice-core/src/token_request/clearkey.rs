//! What a Clear Key token request says beyond the common: nothing.

use super::Keys;
use crate::entitlement::{ClearKeyKey, ClearKeyTerms};

/// The terms: the keys.
#[must_use]
pub fn terms(keys: &Keys) -> ClearKeyTerms {
    let keys =
        keys.as_slice().iter().filter_map(|key| Some(ClearKeyKey { kid: key.kid?, key: key.key.clone() }));
    ClearKeyTerms { keys: keys.collect() }
}
