//! A lab whose Widevine licences come from a mock of the cloud service, a customer, and players.

use std::sync::Arc;

use boxoffice_core::FixedClock;
use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{Record, RecordFilter, Records as _, Storage as _};
use drm_primitives::{ContentKey, Kid, SystemRandom};
use testkit::MockServer;
use testkit::widevine_cloud::{Customer as Signer, RequestKey, WidevineCloud};
use widevine::lab_client::{
    AskedInitData, ClientDevice, Expectation, ExpectedKey, OpenedLicence, Plan, SignedChallenge,
};
use zeroize::Zeroizing;

use crate::kit::{Answer, Customer, Lab, NOW, Request, widevine_root};

pub const SIGNING_KEY: &str = "1ae8ccd0e7985cc0b6203a55855a1034afc252980e970ca90e5202689f947ab9";
pub const SIGNING_IV: &str = "d58ce954203b7c9a9a9d467f59839249";
/// The keys of every token here: one for any device, one for those with hardware.
pub const KID: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
pub const KEY: &str = "b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1";
pub const HARDWARE_KID: &str = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2";
pub const HARDWARE_KEY: &str = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";

pub struct World {
    pub mock: MockServer<WidevineCloud>,
    pub mock_clock: Arc<FixedClock>,
    pub lab: Lab,
    pub customer: Customer,
}

impl World {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// `settings` stand in `[environments.test.widevine]` and below.
    pub async fn with(settings: &str) -> Self {
        let (mock, mock_clock) = mock().await;
        let lab = lab(&mock.url("/cenc/getlicense/"), settings).await;
        let customer = lab.account().await;
        Self { mock, mock_clock, lab, customer }
    }

    /// Where a token with both keys is redeemed.
    pub async fn target(&self, parameters: &str) -> String {
        let keys = format!(
            "kid.0={KID}&contentKey.0={KEY}&securityLevel.0=1&hdcpOutputControl.0=2&trackType.0=0\
             &kid.1={HARDWARE_KID}&contentKey.1={HARDWARE_KEY}&securityLevel.1=5&hdcpOutputControl.1=0&trackType.1=3"
        );
        let answer = self.lab.ask_for_token(&self.customer, "wv", &format!("{keys}&{parameters}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().strip_prefix(&self.lab.base()).unwrap().to_owned()
    }

    pub async fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.lab.send(Request::new(http::Method::POST, target).body(body)).await
    }

    /// A device's challenge, sent and answered; the licence is opened where there is one.
    pub async fn redeem(&self, device: &str, target: &str) -> Result<OpenedLicence, Answer> {
        let mut challenge = challenge(device, &[KID]);
        let answer = self.post(target, challenge.body).await;
        if answer.status != 200 {
            return Err(answer);
        }
        Ok(challenge.session.open(&answer.body, None).unwrap())
    }

    /// Both clocks go on.
    pub fn advance(&self, seconds: i64) {
        self.lab.clock.advance(seconds);
        self.mock_clock.advance(seconds);
    }

    pub fn now(&self) -> i64 {
        self.lab.app.now().as_second()
    }

    pub async fn change(&self, change: AccountChange) {
        self.lab.change(&self.customer, change).await;
    }

    pub async fn set_balance(&self, licences: u64) {
        let balance = Some(BalanceChange::Set(licences));
        self.change(AccountChange { balance, ..AccountChange::default() }).await;
    }

    pub async fn balance(&self) -> Balance {
        self.lab.storage.inner().account(self.customer.id).await.unwrap().unwrap().balance
    }

    /// Everything in the books, in the order of its numbers.
    pub async fn records(&self) -> Vec<Record> {
        let page = self.lab.storage.inner().search_records(RecordFilter::default(), None, 10_000).await;
        page.unwrap().records.into_iter().map(|stored| stored.record).collect()
    }

    pub async fn last_record(&self) -> Record {
        self.records().await.pop().unwrap()
    }
}

/// A mock that serves the lab's devices.
pub async fn mock() -> (MockServer<WidevineCloud>, Arc<FixedClock>) {
    let (role, clock) = role();
    (MockServer::start(role).await.unwrap(), clock)
}

/// What such a mock does, and its time.
pub fn role() -> (WidevineCloud, Arc<FixedClock>) {
    let key = Zeroizing::new(drm_primitives::hex::decode(SIGNING_KEY.as_bytes()).unwrap());
    let iv = drm_primitives::hex::decode(SIGNING_IV.as_bytes()).unwrap();
    let signer = Signer {
        provider: "acme".to_owned(),
        signer: "acme-signer".to_owned(),
        key: RequestKey::Aes { key, iv },
    };
    let clock = Arc::new(FixedClock::at(NOW));
    let role =
        WidevineCloud::with(&widevine_root(), signer, Arc::clone(&clock) as Arc<_>, Arc::new(SystemRandom));
    (role.unwrap(), clock)
}

/// A lab that asks the service at `endpoint`.
pub async fn lab(endpoint: &str, settings: &str) -> Lab {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key"), format!("{SIGNING_KEY}\n")).unwrap();
    std::fs::write(directory.path().join("iv"), format!("{SIGNING_IV}\n")).unwrap();
    let table = format!(
        "[environments.test.widevine]\nbackend = \"upstream\"\nendpoints = [\"{endpoint}\"]\nprovider = \"acme\"\n\
         signer = \"acme-signer\"\nsigning_key_file = \"DIR/key\"\nsigning_iv_file = \"DIR/iv\"\n{settings}\n"
    );
    Lab::in_directory(directory, &table).await
}

pub fn device(name: &str) -> Arc<ClientDevice> {
    let file = widevine_root().device(name).unwrap().device_file();
    Arc::new(ClientDevice::from_device_file(&file).unwrap())
}

pub fn challenge(name: &str, kids: &[&str]) -> SignedChallenge {
    device(name).challenge(&plan(kids), None, &SystemRandom)
}

pub fn plan(kids: &[&str]) -> Plan {
    let kids: Vec<_> = kids.iter().map(|kid| Kid::from_hex(kid.as_bytes()).unwrap()).collect();
    Plan::streaming(AskedInitData::kids(&kids), NOW, &SystemRandom)
}

/// What a licence for a device with software alone says.
pub fn expectation() -> Expectation {
    Expectation { keys: vec![expected(KID, KEY, 1, 2, "SD")], ..Expectation::default() }
}

pub fn expected(kid: &str, key: &str, level: u8, hdcp: u8, label: &str) -> ExpectedKey {
    ExpectedKey {
        kid: Kid::from_hex(kid.as_bytes()).unwrap(),
        key: Some(ContentKey::from_hex(key.as_bytes()).unwrap()),
        level,
        hdcp,
        track_label: Some(label.to_owned()),
    }
}

/// Code, status and reason of a refusal, which every player can read.
pub fn refusal(answer: &Answer) -> (i64, u16, String) {
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("retry-after").is_empty(), answer.status != 503, "{}", answer.text());
    let json = answer.json();
    let reason = json["reason"].as_str().unwrap_or_default().to_owned();
    (json["code"].as_i64().unwrap(), answer.status, reason)
}
