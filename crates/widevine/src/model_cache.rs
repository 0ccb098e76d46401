//! Remembers which model certificates were verified (widevine.md, section 12).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};

use crate::certificate::Model;
use crate::refusal::ChainFault;

/// How many certificates are remembered. There are far fewer models than devices, so when it is full
/// something is odd, and starting anew is as good as choosing.
const CAPACITY: usize = 1024;

/// Verified model certificates by the SHA-256 of their bytes. Saves one of three verifications.
pub struct ModelCache(RwLock<Cached>);

#[derive(Default)]
struct Cached {
    /// The revocation list that was in force; a new one empties the cache.
    revocations: u64,
    models: HashMap<[u8; 32], Arc<Model>>,
}

impl ModelCache {
    pub fn new() -> Self {
        Self(RwLock::default())
    }

    /// Forgets everything if the revocation list is another than the last time.
    pub fn follow(&self, revocations: u64) {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).revocations != revocations {
            let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
            *cached = Cached { revocations, models: HashMap::new() };
        }
    }

    /// The model of a certificate, verified now or before. What does not verify is not remembered.
    pub fn get_or_verify(
        &self,
        signed: &[u8],
        verify: impl FnOnce(&[u8]) -> Result<Model, ChainFault>,
    ) -> Result<Arc<Model>, ChainFault> {
        let hash = digest(&SHA256, signed);
        let name = <[u8; 32]>::try_from(hash.as_ref()).expect("SHA-256 has 32 bytes");
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).models.get(&name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let model = Arc::new(verify(signed)?);
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cached.models.len() >= CAPACITY {
            cached.models.clear();
        }
        cached.models.insert(name, Arc::clone(&model));
        Ok(model)
    }
}
