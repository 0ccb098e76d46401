//! What is refused before the key server is asked (fairplay.md, section 3; token-api.md, section 10).

use boxoffice_core::Environment;
use boxoffice_core::account::{AccountChange, Balance};
use http::Method;

use super::world::{GOOD, KEY, KID, World, refusal, refused, spc};
use crate::kit::{Lab, Request};

#[tokio::test]
async fn the_token_comes_in_the_query_a_header_or_as_a_bearer() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    assert!(target.starts_with("/hms/fp/rights/?ExpressPlayToken="));
    let (path, token) = target.split_once("?ExpressPlayToken=").unwrap();
    let bearer = format!("Bearer {token}");
    for (name, value) in [("ExpressPlayToken", token), ("Authorization", bearer.as_str())] {
        let asked = Request::new(Method::POST, path).body(spc().to_bytes()).header(name, value);
        assert_eq!(world.lab.send(asked).await.status, 200, "{name}");
    }
    let trailing = target.replace("/rights/?", "/rights?");
    assert_eq!(world.redeem(&trailing).await.status, 200);
}

#[tokio::test]
async fn whatever_is_wrong_with_the_token_is_told_and_the_key_server_not_asked() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    let clear_key = format!("kid={KID}&contentKey={KEY}");
    let other = world.lab.ask_for_token(&world.customer, "ck", &clear_key).await.text().to_owned();
    let other = other.split_once('?').unwrap().1.to_owned();
    let short = world.target(&format!("{GOOD}&expirationTime=%2B60")).await;
    let elsewhere = world.target(&format!("{GOOD}&ipAddress=203.0.113.7")).await;
    for (target, expected) in [
        ("/hms/fp/rights/", refused(-4010, 401, "token-missing")),
        ("/hms/fp/rights/?ExpressPlayToken=x", refused(-4010, 400, "token-malformed")),
        (&format!("/hms/fp/rights/?{other}"), refused(-4010, 400, "token-other-drm")),
        (&elsewhere, refused(-2003, 403, "address")),
    ] {
        let answer = world.redeem(target).await;
        assert_eq!(refusal(&answer), expected, "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
    }
    let production = world.redeem_in_production(&target).await;
    assert_eq!(production, refused(-4010, 401, "token-not-ours"));
    world.lab.clock.advance(60);
    assert_eq!(refusal(&world.redeem(&short).await), refused(-4010, 401, "token-expired"));
    assert_eq!(world.key_server.request_count(), 0);
    let codes: Vec<_> = world.records().await.iter().map(|record| record.code).collect();
    assert_eq!(codes, [-4010, -4010, -4010, -2003, -4010, -4010]);
}

impl World {
    async fn redeem_in_production(&self, target: &str) -> (i64, u16, String) {
        let asked = Request::new(Method::POST, target).host("prod.localhost").body(spc().to_bytes());
        refusal(&self.lab.send(asked).await)
    }
}

#[tokio::test]
async fn an_account_without_means_gets_nothing_and_the_key_server_is_not_asked() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    world.set_balance(0).await;
    assert_eq!(refusal(&world.redeem(&target).await), refused(-2019, 400, ""));
    world.set_balance(1).await;
    for (change, expected) in [
        (AccountChange { fairplay: Some(false), ..AccountChange::default() }, refused(-6009, 400, "")),
        (
            AccountChange { fairplay: Some(true), enabled: Some(false), ..AccountChange::default() },
            refused(-2031, 401, ""),
        ),
    ] {
        world.lab.change(&world.customer, change).await;
        assert_eq!(refusal(&world.redeem(&target).await), expected);
    }
    assert_eq!(world.key_server.request_count(), 0);
    assert_eq!(world.balance().await, Balance::Licences(1));
}

#[tokio::test]
async fn without_a_key_server_tokens_are_made_in_test_and_none_in_production() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let token = lab.ask_for_token(&customer, "fp", GOOD).await;
    assert_eq!(token.status, 200);
    let asked = Request::new(Method::POST, token.text().strip_prefix(&lab.base()).unwrap());
    let answer = lab.send(asked.body(spc().to_bytes())).await;
    assert_eq!(refusal(&answer), refused(-6004, 503, "upstream-unavailable"));
    assert!(!answer.header("retry-after").is_empty());
    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.starts_with("no FairPlay key server is configured for the test environment"), "{hint}");
    let production = lab.account_in(Environment::Production).await;
    let answer = lab.ask_for_token(&production, "fp", &format!("{GOOD}&errorFormat=json")).await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (400, Some(-6006)));
}
