//! Who may call (key-storage.md, section 2).

use boxoffice_core::Environment;
use boxoffice_core::account::AccountChange;
use boxoffice_core::authenticator::{AuthenticatorSecret, CustomerAuthenticator, Scopes};
use boxoffice_storage::{NewAuthenticator, Storage as _};
use drm_primitives::base64;

use super::{Keys, refusal};
use crate::kit::{Answer, Customer, Request};

impl Keys {
    async fn with(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(format!("/keystore/keycount?{query}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.lab.send(request).await
    }

    /// Another authenticator of the customer.
    async fn add_authenticator(&self, scopes: &str) -> String {
        let secret = AuthenticatorSecret::from_bytes([7; 16]);
        let hash = self.lab.app.installation().master_key().authenticators().hash(self.customer.id, &secret);
        let scopes: Scopes = scopes.parse().unwrap();
        let new = NewAuthenticator { hash, scopes, created_at: self.lab.app.now() };
        self.lab.storage.add_authenticator(self.customer.id, new).await.unwrap().unwrap();
        CustomerAuthenticator { account: self.customer.id, secret }.reveal().clone()
    }
}

fn missing(answer: &Answer) {
    let expected = (401, -2017, "[-2017] Authentication token must be supplied".to_owned());
    assert_eq!(refusal(answer), expected);
}

fn invalid(answer: &Answer) {
    let (status, code, message) = refusal(answer);
    assert_eq!((status, code), (401, -2018));
    assert!(message.starts_with("[-2018] Authentication token invalid: "), "{message}");
}

#[tokio::test]
async fn query_header_bearer_and_basic_are_looked_at_in_this_order() {
    let keys = Keys::start().await;
    let good = keys.customer.authenticator.as_str();
    let (id, secret) = good.split_once(',').unwrap();
    let escaped = good.replace(',', "%2C");
    let bearer = format!("Bearer {good}");
    let basic = format!("Basic {}", base64::encode(format!("{id}:{secret}").as_bytes()));
    for (query, headers) in [
        (format!("customerAuthenticator={good}"), vec![]),
        (format!("customerAuthenticator={escaped}"), vec![("X-Customer-Authenticator", "bad")]),
        (String::new(), vec![("X-Customer-Authenticator", good), ("Authorization", "Bearer bad")]),
        (String::new(), vec![("x-customer-authenticator", &escaped)]),
        (String::new(), vec![("Authorization", &bearer)]),
        (String::new(), vec![("Authorization", &basic)]),
    ] {
        assert_eq!(keys.with(&query, &headers).await.status, 200, "{query} {headers:?}");
    }
    missing(&keys.with("", &[]).await);
    missing(&keys.with("customerAuthenticator=", &[("X-Customer-Authenticator", good)]).await);
    missing(&keys.with("", &[("X-Customer-Authenticator", ""), ("Authorization", &bearer)]).await);
    invalid(&keys.with("customerAuthenticator=bad", &[("X-Customer-Authenticator", good)]).await);
    invalid(&keys.with("", &[("X-Customer-Authenticator", "bad"), ("Authorization", &bearer)]).await);
    invalid(&keys.with("", &[("Authorization", "Digest x")]).await);
}

#[tokio::test]
async fn unknown_revoked_foreign_and_narrow_authenticators_are_refused_with_the_reason() {
    let keys = Keys::start().await;
    let id = keys.customer.id;
    let with =
        async |authenticator: &str| keys.with(&format!("customerAuthenticator={authenticator}"), &[]).await;
    invalid(&with(&format!("{id},{}", "0".repeat(32))).await);
    invalid(&with(&format!("999999,{}", "0".repeat(32))).await);
    let production = keys.lab.account_in(Environment::Production).await;
    let foreign = with(&production.authenticator).await;
    invalid(&foreign);
    assert!(foreign.text().contains("environment"), "{}", foreign.text());
    let narrow = keys.add_authenticator("tokens,packagers").await;
    let refused = with(&narrow).await;
    invalid(&refused);
    assert!(refused.text().contains("not for keys"), "{}", refused.text());
    let account = keys.lab.storage.account(id).await.unwrap().unwrap();
    keys.lab.storage.revoke_authenticator(account.authenticators[0].id, keys.lab.app.now()).await.unwrap();
    invalid(&with(&keys.customer.authenticator).await);
}

#[tokio::test]
async fn an_authenticator_for_keys_alone_is_enough() {
    let keys = Keys::start().await;
    let narrow = Customer {
        id: keys.customer.id,
        environment: Environment::Test,
        authenticator: keys.add_authenticator("keys").await,
    };
    assert_eq!(keys.call_as(&narrow, http::Method::GET, "/keycount", "").await.status, 200);
    let token = keys.lab.ask_for_token(&narrow, "wv", "errorFormat=json&kid=%5Ea").await;
    assert_eq!(token.json()["code"], -2018);
}

#[tokio::test]
async fn a_disabled_account_may_do_nothing() {
    let keys = Keys::start().await;
    let off = AccountChange { enabled: Some(false), ..AccountChange::default() };
    keys.lab.change(&keys.customer, off).await;
    let answer = keys.get("/keycount").await;
    assert_eq!(refusal(&answer), (401, -2031, "[-2031] Service Account Disabled".to_owned()));
}
