//! A lab with a customer, lab devices, and a good token request to change.

use std::sync::Arc;

use drm_primitives::{Kid, SystemRandom};
use widevine::lab_client::{AskedInitData, ClientDevice, Plan, SignedChallenge};
use widevine::messages::LicenseType;

use crate::kit::{Answer, Customer, Lab, NOW, Request};

/// A KID and its key, as a token request has them.
pub const KID: &str = "0123456789abcdef0123456789abcdef";
pub const KEY: &str = "00112233445566778899aabbccddeeff";

/// A token request that is good.
pub const GOOD: &str = "kid=0123456789abcdef0123456789abcdef&contentKey=00112233445566778899aabbccddeeff&securityLevel=1&hdcpOutputControl=0";

pub struct World {
    pub lab: Lab,
    pub customer: Customer,
}

impl World {
    pub async fn new() -> Self {
        Self::with_settings("").await
    }

    pub async fn with_settings(settings: &str) -> Self {
        let lab = Lab::with_settings(settings).await;
        let customer = lab.account().await;
        Self { lab, customer }
    }

    /// Asks for a token with `GOOD` in its place.
    pub async fn ask(&self, parameters: &str) -> Answer {
        self.lab.ask_for_token(&self.customer, "wv", &parameters.replace("GOOD", GOOD)).await
    }

    /// The target of a redemption: path and query of the URL that a good request gives.
    pub async fn target(&self, parameters: &str) -> String {
        let answer = self.ask(parameters).await;
        assert_eq!(answer.status, 200, "{parameters}: {}", answer.text());
        answer.text().strip_prefix(&self.lab.base()).expect("the URL leads here").to_owned()
    }

    pub fn device(&self, name: &str) -> Arc<ClientDevice> {
        let device = self.lab.app.issuers().lab().widevine_root.device(name).unwrap();
        Arc::new(ClientDevice::from_device_file(&device.device_file()).unwrap())
    }

    /// A streaming challenge of a device, in the clear, for the KID of `GOOD`.
    pub fn challenge(&self, device: &str) -> SignedChallenge {
        let plan = plan(&[KID], LicenseType::Streaming);
        self.device(device).challenge(&plan, None, &SystemRandom)
    }

    pub async fn redeem(&self, target: &str, challenge: &[u8]) -> Answer {
        self.lab.send(Request::new(http::Method::POST, target).body(challenge)).await
    }
}

/// What a device asks for.
pub fn plan(kids: &[&str], licence_type: LicenseType) -> Plan {
    let kids: Vec<_> = kids.iter().map(|kid| Kid::parse(kid.as_bytes()).unwrap()).collect();
    Plan::streaming(AskedInitData::kids(&kids), NOW, &SystemRandom).with_type(licence_type)
}
