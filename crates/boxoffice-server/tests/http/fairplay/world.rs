//! A lab with a mock key server, a customer, and a player with lab SPCs.

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{Record, RecordFilter, Records as _, Storage as _};
use drm_primitives::SystemRandom;
use fairplay::lab::{LabAsset, LabCkc, LabSpc};
use http::Method;
use testkit::MockServer;
use testkit::key_server::KeyServer;

use crate::kit::{Answer, Customer, Lab, Request};

pub const KEY: &str = "166634c675823c235a4a9446fad52e4d";
pub const IV: &str = "d5fbd6b82ed93e4ef98ae40931ee33b7";
pub const KID: &str = "9eb4050de44b4802932e27d75083e266";
/// A good token request.
pub const GOOD: &str = "kid=9eb4050de44b4802932e27d75083e266&contentKey=166634c675823c235a4a9446fad52e4d&\
                        iv=d5fbd6b82ed93e4ef98ae40931ee33b7";

pub struct World {
    pub lab: Lab,
    pub customer: Customer,
    pub key_server: MockServer<KeyServer>,
}

impl World {
    pub async fn new() -> Self {
        Self::with_settings("").await
    }

    /// Further lines of `[environments.test.fairplay]`, and whatever tables follow.
    pub async fn with_settings(settings: &str) -> Self {
        let key_server = MockServer::start(KeyServer).await.unwrap();
        let endpoints = format!("endpoints = ['{}']", key_server.url("/ckc"));
        let lab = Lab::with_settings(&format!("[environments.test.fairplay]\n{endpoints}\n{settings}")).await;
        Self { customer: lab.account().await, lab, key_server }
    }

    pub async fn ask(&self, parameters: &str) -> Answer {
        self.lab.ask_for_token(&self.customer, "fp", parameters).await
    }

    /// Where a token is redeemed.
    pub async fn target(&self, parameters: &str) -> String {
        let answer = self.ask(parameters).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().strip_prefix(&self.lab.base()).unwrap().to_owned()
    }

    pub async fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.lab.send(Request::new(Method::POST, target).body(body)).await
    }

    /// A raw lab SPC, posted.
    pub async fn redeem(&self, target: &str) -> Answer {
        self.post(target, spc().to_bytes()).await
    }

    /// What the key server was told, once the CKC came back for the right SPC.
    pub async fn asset(&self, parameters: &str) -> LabAsset {
        let (target, spc) = (self.target(parameters).await, spc());
        let answer = self.post(&target, spc.to_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        LabCkc::read(&answer.body, &spc).unwrap().asset
    }

    pub async fn set_balance(&self, licences: u64) {
        let change =
            AccountChange { balance: Some(BalanceChange::Set(licences)), ..AccountChange::default() };
        self.lab.change(&self.customer, change).await;
    }

    pub async fn balance(&self) -> Balance {
        self.lab.storage.inner().account(self.customer.id).await.unwrap().unwrap().balance
    }

    /// Everything in the books, in the order of its numbers.
    pub async fn records(&self) -> Vec<Record> {
        let page = self.lab.storage.inner().search_records(RecordFilter::default(), None, 10_000).await;
        page.unwrap().records.into_iter().map(|stored| stored.record).collect()
    }
}

pub fn spc() -> LabSpc {
    LabSpc::draw(&SystemRandom)
}

/// Code, status and reason of a refusal.
pub fn refusal(answer: &Answer) -> (i64, u16, String) {
    let json = answer.json();
    let reason = json["reason"].as_str().unwrap_or_default().to_owned();
    (json["code"].as_i64().unwrap(), answer.status, reason)
}

/// What is expected of a refusal.
pub fn refused(code: i64, status: u16, reason: &str) -> (i64, u16, String) {
    (code, status, reason.to_owned())
}
