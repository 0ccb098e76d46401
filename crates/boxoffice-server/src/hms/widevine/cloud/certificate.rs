//! The service certificate of the licence service: fetched once, kept, and refreshed in the background.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use boxoffice_core::Refusal;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use widevine::cloud::{CloudFault, service_certificate, service_certificate_request};

use super::{Cloud, refusal};

/// How long a certificate is good without another look (section 9.1).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What is known of the certificate.
pub(super) struct KeptCertificate {
    kept: RwLock<Option<Kept>>,
    refreshing: AtomicBool,
}

#[derive(Clone)]
struct Kept {
    bare: Vec<u8>,
    /// None for one out of a file, which stays as it is.
    fetched_at: Option<Timestamp>,
}

impl KeptCertificate {
    pub const fn none() -> Self {
        Self { kept: RwLock::new(None), refreshing: AtomicBool::new(false) }
    }

    pub const fn from_file(bare: Vec<u8>) -> Self {
        let kept = Kept { bare, fetched_at: None };
        Self { kept: RwLock::new(Some(kept)), refreshing: AtomicBool::new(false) }
    }

    fn current(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, bare: Vec<u8>, now: Timestamp) {
        let kept = Kept { bare, fetched_at: Some(now) };
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

/// The bare certificate. An old one is handed out while a new one is fetched; a failed refresh keeps it.
pub(in super::super) async fn certificate(cloud: &Arc<Cloud>, now: Timestamp) -> Result<Vec<u8>, Refusal> {
    let Some(kept) = cloud.certificate.current() else {
        return fetch(cloud, now).await;
    };
    let is_old = kept.fetched_at.is_some_and(|fetched_at| now.duration_since(fetched_at) >= KEPT);
    if is_old && !cloud.certificate.refreshing.swap(true, Ordering::AcqRel) {
        let cloud = Arc::clone(cloud);
        tokio::spawn(async move {
            if let Err(refusal) = fetch(&cloud, now).await {
                tracing::warn!(environment = %cloud.environment, %refusal, "the Widevine service certificate could not be refreshed, and is used as it was");
            }
            cloud.certificate.refreshing.store(false, Ordering::Release);
        });
    }
    Ok(kept.bare)
}

async fn fetch(cloud: &Cloud, now: Timestamp) -> Result<Vec<u8>, Refusal> {
    let called = cloud.ask(Bytes::from(service_certificate_request(&cloud.signer))).await;
    let response = called
        .outcome
        .map_err(refusal::unreached)?
        .and_then(|response| {
            service_certificate(response.licence.as_bytes())
                .ok_or(CloudFault::NotUnderstood("its license is no service certificate"))
        })
        .map_err(|fault| refusal::of_service(cloud, &fault))?;
    cloud.certificate.keep(response.clone(), now);
    Ok(response)
}

impl std::fmt::Debug for KeptCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptCertificate(..)")
    }
}
