//! `/keystore` (key-storage.md), row by row.

mod audit;
mod authentication;
mod count;
mod create;
mod delete;
mod expiration;
mod failure;
mod get;
mod list;
mod put;
mod rotation;
mod rules;
mod secrets;
mod seeds;
mod tokens;

use boxoffice_core::Environment;
use http::Method;

use crate::kit::{Answer, Customer, Lab, Request};

/// The KEK of most vectors, its id, and a key wrapped under it.
const KEK: &str = "000102030405060708090a0b0c0d0e0f";
const KEK_ID: &str = "#1.afe008a381bdac03b412a92d54b92ddf";
const KEY: &str = "a9b9033df0b9ca5447839e3d074817a0";
const EK: &str = "5dbd06c0056b42fe0b8cf406679620c31bd619732730433d";

/// The KEK and key of the specification's example of `/value`.
const OTHER_KEK: &str = "00112233445566778899aabbccddeeff";
const OTHER_KID: &str = "00112233445566778899aabbccddeefc";
const OTHER_KEY: &str = "12341234123412341234123412341234";
const OTHER_EK: &str = "ffaf1dae9201d1adf62770dca5ddb77ad773a79369e39986";

/// The KID of `^kid1`.
const KID1: &str = "80ea8bc8a58f990ad1f76bc665b30bfa";

/// How many keys there are where their number does not matter.
const MANY: u64 = 20;

/// A customer's key storage.
struct Keys {
    lab: Lab,
    customer: Customer,
}

impl Keys {
    async fn start() -> Self {
        Self::with_settings("").await
    }

    async fn with_settings(settings: &str) -> Self {
        let lab = Lab::with_settings(settings).await;
        let customer = lab.account().await;
        Self { lab, customer }
    }

    /// A call of the customer: `target` is what stands behind `/keystore`, parameters too.
    async fn call(&self, method: Method, target: &str, body: &str) -> Answer {
        self.call_as(&self.customer, method, target, body).await
    }

    async fn call_as(&self, customer: &Customer, method: Method, target: &str, body: &str) -> Answer {
        let separator = if target.contains('?') { '&' } else { '?' };
        let authenticator = &customer.authenticator;
        let target = format!("/keystore{target}{separator}customerAuthenticator={authenticator}");
        let host = match customer.environment {
            Environment::Test => "127.0.0.1",
            Environment::Production => "prod.localhost",
        };
        self.lab.send(Request::new(method, target).host(host).body(body)).await
    }

    async fn get(&self, target: &str) -> Answer {
        self.call(Method::GET, target, "").await
    }

    async fn post(&self, target: &str, body: &str) -> Answer {
        self.call(Method::POST, target, body).await
    }

    async fn put(&self, target: &str, body: &str) -> Answer {
        self.call(Method::PUT, target, body).await
    }

    async fn delete(&self, target: &str) -> Answer {
        self.call(Method::DELETE, target, "").await
    }

    /// Makes the service's time this one.
    fn at(&self, time: &str) {
        let time: jiff::Timestamp = time.parse().unwrap();
        self.lab.clock.advance(time.as_second() - self.lab.app.now().as_second());
    }

    async fn count(&self) -> u64 {
        self.get("/keycount").await.json()["keyCount"].as_u64().unwrap()
    }
}

/// Status, code and message of a refusal of the key storage's own; its other members are there too.
fn refusal(answer: &Answer) -> (u16, i64, String) {
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    let error = answer.json();
    assert_eq!(error["request_id"], answer.header("x-request-id"));
    assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{error}");
    (answer.status, error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
}

fn expect(answer: &Answer, status: u16, code: i64, message: &str) {
    assert_eq!(refusal(answer), (status, code, message.to_owned()), "{}", answer.text());
}

fn incorrect_kek(answer: &Answer) {
    expect(answer, 400, 5, "Incorrect KEK");
}

fn not_found(answer: &Answer) {
    expect(answer, 404, 404, "Not Found");
}

/// An empty 200 has neither body nor type.
fn empty(answer: &Answer) {
    assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, "", ""), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
}
