//! A lab, a customer, players of Clear Key, and the books.

use std::sync::Arc;

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{Record, RecordFilter, Records as _, Storage as _};
use drm_primitives::{Kid, base64};
use tokio::task::JoinSet;

use crate::kit::{Answer, Customer, Lab, Request};

/// The KID and key of clearkey.md, section 3.
pub const KID: &str = "9eb4050de44b4802932e27d75083e266";
pub const KEY: &str = "166634c675823c235a4a9446fad52e4d";
/// Another pair.
pub const OTHER_KID: &str = "80ea8bc8a58f990ad1f76bc665b30bfa";

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
        Self { customer: lab.account().await, lab }
    }

    pub async fn ask(&self, parameters: &str) -> Answer {
        self.lab.ask_for_token(&self.customer, "ck", parameters).await
    }

    /// Where a Clear Key token for [`KID`] is redeemed.
    pub async fn target(&self, parameters: &str) -> String {
        self.target_of(&format!("kid={KID}&contentKey={KEY}&{parameters}")).await
    }

    /// The same for a token of two keys.
    pub async fn target_of_two(&self, parameters: &str) -> String {
        let keys = format!("kid.0={KID}&contentKey.0={KEY}&kid.1={OTHER_KID}&contentKey.1={KEY}");
        self.target_of(&format!("{keys}&{parameters}")).await
    }

    async fn target_of(&self, parameters: &str) -> String {
        let answer = self.ask(parameters).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().strip_prefix(&self.lab.base()).unwrap().to_owned()
    }

    pub async fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.lab.send(Request::new(http::Method::POST, target).body(body)).await
    }

    /// Asks for these KIDs.
    pub async fn redeem(&self, target: &str, kids: &[&str]) -> Answer {
        self.post(target, request(kids)).await
    }

    /// Asks for [`KID`] so many times at once.
    pub async fn redeem_at_once(self: &Arc<Self>, target: &str, times: usize) -> Vec<Answer> {
        let asking = (0..times).map(|_| {
            let (world, target) = (Arc::clone(self), target.to_owned());
            async move { world.redeem(&target, &[KID]).await }
        });
        asking.collect::<JoinSet<_>>().join_all().await
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

pub fn kid(text: &str) -> Kid {
    Kid::from_hex(text.as_bytes()).unwrap()
}

/// A licence request for these KIDs.
pub fn request(kids: &[&str]) -> String {
    let kids: Vec<_> =
        kids.iter().map(|text| format!("\"{}\"", base64::encode_url(kid(text).as_bytes()))).collect();
    format!(r#"{{"kids":[{}],"type":"temporary"}}"#, kids.join(","))
}

/// Code, status and reason of a refusal.
pub fn refusal(answer: &Answer) -> (i64, u16, String) {
    let json = answer.json();
    let reason = json["reason"].as_str().unwrap_or_default().to_owned();
    (json["code"].as_i64().unwrap(), answer.status, reason)
}
