//! `customerAuthenticator` (token-api.md, section 3).

use boxoffice_core::authenticator::{AuthenticatorSecret, CustomerAuthenticator, Scopes};
use boxoffice_core::{AccountId, Clock as _};
use boxoffice_storage::{NewAuthenticator, Storage as _};
use drm_primitives::SystemRandom;

use crate::kit::{Customer, Lab};
use crate::token::GOOD;

/// Status, code and reason for an authenticator as it stands in a query.
async fn ask(lab: &Lab, authenticator: &str) -> (u16, i64, String) {
    let target = format!("/hms/wv/token?errorFormat=json&customerAuthenticator={authenticator}&{GOOD}");
    let answer = lab.get(target).await;
    if answer.status == 200 {
        return (200, 0, String::new());
    }
    let json = answer.json();
    assert_eq!(json["parameter"], "customerAuthenticator");
    let code = json["code"].as_i64().unwrap();
    (answer.status, code, json["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_comma_may_be_raw_or_encoded_and_the_hex_in_either_case() {
    let lab = Lab::start().await;
    let given = lab.account().await.authenticator;
    for authenticator in
        [given.clone(), given.replace(',', "%2C"), given.replace(',', "%2c"), given.to_uppercase()]
    {
        assert_eq!(ask(&lab, &authenticator).await.0, 200);
    }
}

#[tokio::test]
async fn every_way_in_which_an_authenticator_is_wrong_has_its_details() {
    let lab = Lab::start().await;
    let given = lab.account().await.authenticator;
    let other = lab.account().await.authenticator;
    let (id, secret) = given.split_once(',').unwrap();
    assert_eq!(lab.get("/hms/wv/token?errorFormat=json").await.json()["code"], -2017);
    for (authenticator, code, reason) in [
        (String::new(), -2017, ""),
        ("x".to_owned(), -2018, "malformed"),
        (format!("{id},{}", &secret[1..]), -2018, "malformed"),
        (format!("{id},{secret}0"), -2018, "malformed"),
        (format!("{id},{}g", &secret[1..]), -2018, "malformed"),
        (format!("0{given}"), -2018, "malformed"),
        (format!("+{given}"), -2018, "malformed"),
        (format!("{given}&customerAuthenticator={other}"), -2018, "malformed"),
        (format!("999999,{secret}"), -2018, "unknown"),
        (format!("{id},{}", "0".repeat(32)), -2018, "unknown"),
        (format!("{},{secret}", other.split(',').next().unwrap()), -2018, "unknown"),
    ] {
        assert_eq!(ask(&lab, &authenticator).await, (401, code, reason.to_owned()), "{authenticator}");
    }
}

async fn add(lab: &Lab, customer: &Customer, scopes: &str) -> (u64, String) {
    let shown =
        CustomerAuthenticator { account: customer.id, secret: AuthenticatorSecret::draw(&SystemRandom) };
    let hash = lab.app.installation().master_key().authenticators().hash(customer.id, &shown.secret);
    let scopes: Scopes = scopes.parse().unwrap();
    let new = NewAuthenticator { hash, scopes, created_at: lab.clock.now() };
    let id = lab.storage.add_authenticator(customer.id, new).await.unwrap().unwrap();
    (id, shown.reveal().clone())
}

#[tokio::test]
async fn an_authenticator_is_rolled_without_an_outage() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let (_, second) = add(&lab, &customer, "tokens,keys,packagers").await;
    assert_eq!(ask(&lab, &customer.authenticator).await.0, 200);
    assert_eq!(ask(&lab, &second).await.0, 200);
    let account = lab.storage.account(customer.id).await.unwrap().unwrap();
    let first = account.authenticators.iter().map(|authenticator| authenticator.id).min().unwrap();
    lab.storage.revoke_authenticator(first, lab.clock.now()).await.unwrap();
    assert_eq!(ask(&lab, &customer.authenticator).await, (401, -2018, "revoked".to_owned()));
    assert_eq!(ask(&lab, &second).await.0, 200);
}

#[tokio::test]
async fn an_authenticator_beyond_its_scope_is_refused() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let (_, keys) = add(&lab, &customer, "keys,packagers").await;
    assert_eq!(ask(&lab, &keys).await, (401, -2018, "scope".to_owned()));
    let (_, tokens) = add(&lab, &customer, "tokens").await;
    assert_eq!(ask(&lab, &tokens).await.0, 200);
}

#[tokio::test]
async fn accounts_are_numbered_from_100001() {
    let lab = Lab::start().await;
    assert_eq!(lab.account().await.id, AccountId::FIRST);
}
