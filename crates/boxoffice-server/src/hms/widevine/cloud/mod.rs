//! The operator's Widevine licence service as the back end (widevine.md, section 9).

pub(super) mod certificate;
pub(super) mod licence;
mod outcome;
mod refusal;
pub(super) mod session;

use std::sync::Arc;

use boxoffice_core::{Clock, Environment, Refusal};
use bytes::Bytes;
use drm_primitives::{Random, hex};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use widevine::cloud::{
    CloudFault, CloudResponse, PlatformVerification, RESPONSE_LIMIT, RequestSigner, service_certificate,
};
use zeroize::Zeroizing;

use self::certificate::KeptCertificate;
use crate::config::{MinimumVmp, UpstreamSigning, WidevineUpstream};
use crate::upstream::{
    Address, Called, Cause, Message, Service, Upstream, UpstreamError, UpstreamMetrics, UpstreamSettings,
    Verdict, read_file,
};

/// One environment's agreement with a licence service.
#[derive(Debug)]
pub struct Cloud {
    environment: Environment,
    provider: String,
    signer: RequestSigner,
    min_vmp: PlatformVerification,
    upstream: Upstream,
    certificate: KeptCertificate,
    metrics: UpstreamMetrics,
}

/// How often a licence is asked for at most (section 9.3).
const ATTEMPTS: u32 = 2;

impl Cloud {
    /// Reads the files that the settings name. Nothing is asked yet.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn open(
        settings: &WidevineUpstream,
        environment: Environment,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        metrics: &UpstreamMetrics,
    ) -> Result<Self, UpstreamError> {
        let endpoint = |url| Address::from(url).with_segment(&settings.provider);
        let upstream = UpstreamSettings {
            service: Service::Widevine,
            environment,
            endpoints: settings.endpoints.iter().map(endpoint).collect(),
            ca: settings.ca.clone(),
            client: None,
            limits: settings.limits,
            attempts: ATTEMPTS,
            answer_limit: RESPONSE_LIMIT,
        };
        let certificate = match &settings.service_certificate_file {
            None => KeptCertificate::none(),
            Some(file) => {
                let bare = service_certificate(&read_file(file)?).ok_or_else(|| {
                    UpstreamError::file(file, &"is no Widevine service certificate (SignedDrmCertificate)")
                })?;
                KeptCertificate::from_file(bare)
            }
        };
        Ok(Self {
            environment,
            provider: settings.provider.clone(),
            signer: signer(settings)?,
            min_vmp: match settings.min_vmp {
                MinimumVmp::None => PlatformVerification::None,
                MinimumVmp::Software => PlatformVerification::Software,
                MinimumVmp::Hardware => PlatformVerification::Hardware,
            },
            upstream: Upstream::open(&upstream, clock, random, metrics)?,
            certificate,
            metrics: metrics.clone(),
        })
    }

    /// Whether there is room for one more request, before others are asked on its account and it is signed.
    ///
    /// # Errors
    /// `upstream-unavailable`, 503.
    fn check_room(&self) -> Result<(), Refusal> {
        self.upstream.check_room().map_err(refusal::unreached)
    }

    /// Sends the body of a request.
    async fn ask(&self, body: Bytes) -> Called<Result<CloudResponse, CloudFault>> {
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let message = Message { headers, body };
        let called = self.upstream.call(&message, |answer| {
            match CloudResponse::read(answer.status, answer.retry_after.as_deref(), &answer.body) {
                Ok(response) => Verdict::Settled(Ok(response)),
                Err(CloudFault::Internal(_)) => Verdict::Again(Cause::Said("INTERNAL_ERROR")),
                Err(fault @ CloudFault::NotUnderstood(_)) => Verdict::Faulty(Err(fault)),
                Err(fault) => Verdict::Settled(Err(fault)),
            }
        });
        called.await
    }
}

fn signer(settings: &WidevineUpstream) -> Result<RequestSigner, UpstreamError> {
    match &settings.signing {
        UpstreamSigning::Aes { key_file, iv_file } => {
            let key = Zeroizing::new(digits::<32>(key_file)?);
            Ok(RequestSigner::aes(&settings.signer, &key, digits(iv_file)?))
        }
        UpstreamSigning::Rsa { key_file } => RequestSigner::rsa(&settings.signer, &read_file(key_file)?)
            .map_err(|error| UpstreamError::file(key_file, &error)),
    }
}

/// A file with hex digits, and perhaps white space around them.
fn digits<const N: usize>(file: &std::path::Path) -> Result<[u8; N], UpstreamError> {
    let text = read_file(file)?;
    hex::decode(text.trim_ascii()).map_err(|error| UpstreamError::file(file, &error))
}
