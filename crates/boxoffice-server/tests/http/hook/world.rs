//! A lab whose licences an operator's service is asked about.

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{Record, RecordFilter, Records as _, Storage as _};
use serde_json::{Value, json};
use testkit::MockServer;
use testkit::policy_hook::{PolicyHook, Proof};

use crate::books::world::{KEY, KID, request};
use crate::kit::{Answer, Customer, Lab, Request};

pub struct World {
    pub lab: Lab,
    pub customer: Customer,
    pub hook: MockServer<PolicyHook>,
}

/// A hook that asks for no proof, and the settings that name it: further lines of its table follow.
pub async fn hook() -> (MockServer<PolicyHook>, String) {
    let hook = MockServer::start(PolicyHook::new(Proof::None)).await.unwrap();
    let settings = format!("[environments.test.policy_hook]\nurl = '{}'\n", hook.url("/policy"));
    (hook, settings)
}

impl World {
    pub async fn new() -> Self {
        Self::with_settings("").await
    }

    /// Further lines of `[environments.test.policy_hook]`, and whatever tables follow.
    pub async fn with_settings(further: &str) -> Self {
        let (hook, settings) = hook().await;
        let lab = Lab::with_settings(&format!("{settings}{further}")).await;
        Self { customer: lab.account().await, lab, hook }
    }

    /// What the hook answers from now on.
    pub fn answers(&self, answer: Value) {
        self.hook.role().answer_with(answer);
    }

    /// What the hook was asked last.
    pub fn question(&self) -> Value {
        serde_json::from_slice(&self.hook.last_request().unwrap().body).unwrap()
    }

    /// A Clear Key token.
    pub async fn target(&self) -> String {
        let parameters = format!("kid={KID}&contentKey={KEY}&cookie=order-17");
        let answer = self.lab.ask_for_token(&self.customer, "ck", &parameters).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().strip_prefix(&self.lab.base()).unwrap().to_owned()
    }

    /// Redeems a Clear Key token.
    pub async fn redeem(&self, target: &str) -> Answer {
        self.lab.send(Request::new(http::Method::POST, target).body(request(&[KID]))).await
    }

    pub async fn set_balance(&self, licences: u64) {
        let change =
            AccountChange { balance: Some(BalanceChange::Set(licences)), ..AccountChange::default() };
        self.lab.change(&self.customer, change).await;
    }

    pub async fn balance(&self) -> Balance {
        self.lab.storage.inner().account(self.customer.id).await.unwrap().unwrap().balance
    }

    /// The last record, and what it says of the hook.
    pub async fn last_record(&self) -> (Record, Value) {
        last_record(&self.lab).await
    }
}

pub async fn last_record(lab: &Lab) -> (Record, Value) {
    let page = lab.storage.inner().search_records(RecordFilter::default(), None, 10_000).await;
    let record = page.unwrap().records.pop().unwrap().record;
    let detail: Value =
        record.detail.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    let policy = detail["policy"].clone();
    (record, policy)
}

/// A grant with a policy.
pub fn grant(policy: &Value) -> Value {
    json!({ "decision": "grant", "policy": policy })
}

pub fn refuse(hint: &str) -> Value {
    json!({ "decision": "refuse", "hint": hint })
}
