//! What every test needs: one lab for all, and a server in a few lines.

use std::sync::{Arc, LazyLock};

use drm_primitives::{ContentKey, Kid, Random, SequenceRandom};
use prost::Message as _;
use widevine::lab::LabRoot;
use widevine::lab_client::{ClientDevice, Expectation, ExpectedKey, ServiceCertificate};
use widevine::messages::{SignedDrmCertificate, SignedMessage};
use widevine::{
    Challenge, Device, Grant, Hdcp, Issued, Issuer, KeyGrant, Licence, LicenceSessionKey, Refusal,
    RenewalPolicy, Request, RevocationList, SecurityLevel, SessionRequest, Terms, TrackLabel,
};

/// 2028-05-23, the time of every test.
pub const NOW: i64 = 1_842_713_600;
pub const TOKEN_ID: [u8; 16] = [0xA0; 16];
pub const DEVICES: [&str; 3] = ["android-l1", "android-l3", "chrome-l3"];
pub const PROVIDER: &str = "lab.boxoffice";
pub const RENEWAL: RenewalPolicy =
    RenewalPolicy { delay_seconds: 60, retry_interval_seconds: 10, recovery_seconds: 120 };
pub const MAX_SESSION_SECONDS: u32 = 86_400;

/// One lab for all tests, as its keys take seconds to make.
pub static LAB: LazyLock<LabRoot> = LazyLock::new(|| LabRoot::generate(NOW - 1000, &SequenceRandom::new(1)));
pub static ISSUER: LazyLock<Issuer> = LazyLock::new(|| LAB.issuer().unwrap());

pub fn random() -> Box<dyn Random> {
    Box::new(SequenceRandom::new(7))
}

pub fn device(name: &str) -> Arc<ClientDevice> {
    let file = LAB.device(name).unwrap().device_file();
    Arc::new(ClientDevice::from_device_file(&file).unwrap())
}

pub fn service() -> ServiceCertificate {
    let answer = ISSUER.service_certificate_answer();
    ServiceCertificate::from_answer(&answer, LAB.root().certificate(), PROVIDER).unwrap()
}

pub fn kid(number: u8) -> Kid {
    Kid::from_bytes([number; 16])
}

pub fn session_key() -> LicenceSessionKey {
    LicenceSessionKey::new(1, [0x5A; 32])
}

/// A key that every device may have.
pub fn key(number: u8) -> KeyGrant {
    KeyGrant {
        kid: kid(number),
        key: ContentKey::from_bytes([number ^ 0xFF; 16]),
        level: SecurityLevel::SoftwareCrypto,
        hdcp: Hdcp::None,
        track: Some(TrackLabel::Hd),
    }
}

/// A token with one key.
pub fn grant() -> Grant {
    Grant { keys: vec![key(0x11)], content_id: None, terms: Terms::default() }
}

/// What the licence of a grant should say, on a device that may have all of it.
pub fn expectation(grant: &Grant) -> Expectation {
    let expected = |key: &KeyGrant| ExpectedKey {
        kid: key.kid,
        key: Some(key.key.clone()),
        level: key.level.number(),
        hdcp: key.hdcp.number(),
        track_label: key.track.map(|track| track.label().to_owned()),
    };
    Expectation {
        keys: grant.keys.iter().map(expected).collect(),
        persistent: grant.terms.persistent,
        playback_duration: grant.terms.playback_duration,
        rental_duration: grant.terms.rental_duration,
        renewal: None,
    }
}

/// A server in a few lines: no records, no accounts.
pub struct Server {
    pub revocations: RevocationList,
    pub renewal: Option<RenewalPolicy>,
    pub now: i64,
}

impl Default for Server {
    fn default() -> Self {
        Self { revocations: RevocationList::default(), renewal: None, now: NOW }
    }
}

impl Server {
    pub fn redeem(&self, body: &[u8], grant: &Grant) -> Result<Vec<u8>, Refusal> {
        self.issue(body, grant).map(|issued| issued.answer)
    }

    pub fn issue(&self, body: &[u8], grant: &Grant) -> Result<Issued, Refusal> {
        let challenge = challenge(body)?;
        let device = self.identify(&challenge)?;
        let content = challenge.content()?;
        let decision = grant.decide(&content, device.level)?;
        let renewal = self.renewal.map(|renewal| renewal.draw(&*random()));
        let licence = Licence {
            challenge: &challenge,
            content: &content,
            device: &device,
            decision: &decision,
            renewal: renewal.as_ref(),
            session_key: &session_key(),
            token_id: &TOKEN_ID,
            now: self.now,
        };
        Ok(licence.issue(&*random()))
    }

    pub fn identify(&self, challenge: &Challenge) -> Result<Device, Refusal> {
        ISSUER.identify(challenge, self.now, &self.revocations)
    }
}

pub fn challenge(body: &[u8]) -> Result<Challenge, Refusal> {
    match Request::parse(body)? {
        Request::Licence(challenge) => Ok(challenge),
        other => panic!("expected a challenge, got {other:?}"),
    }
}

pub fn session_request(body: &[u8]) -> SessionRequest {
    match Request::parse(body).unwrap() {
        Request::Session(request) => request,
        other => panic!("expected a renewal or release, got {other:?}"),
    }
}

/// A message, changed.
pub fn edited(body: &[u8], edit: impl FnOnce(&mut SignedMessage)) -> Vec<u8> {
    let mut message = SignedMessage::decode(body).unwrap();
    edit(&mut message);
    message.encode_to_vec()
}

/// Bytes, one of them changed.
pub fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// A signed certificate, decoded.
pub fn signed(bytes: &[u8]) -> SignedDrmCertificate {
    SignedDrmCertificate::decode(bytes).unwrap()
}
