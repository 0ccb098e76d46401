//! Clear Key: whole questions, refusals, and nothing that could be tighter.

use boxoffice_core::Environment;
use boxoffice_core::account::Balance;
use http::Method;
use serde_json::json;

use super::world::{World, grant, refuse};
use crate::books::world::{KEY, KID, refusal, request};
use crate::kit::Request;

#[tokio::test]
async fn the_operator_is_told_who_what_and_on_which_terms_and_never_a_key() {
    let world = World::new().await;
    let answer = world.redeem(&world.target().await).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let asked = world.hook.last_request().unwrap();
    assert_eq!((asked.method, asked.path.as_str()), (Method::POST, "/policy"));
    assert_eq!(asked.headers["content-type"], "application/json");
    let (record, policy) = world.last_record().await;
    let expected = json!({
        "request_id": answer.header("x-request-id"),
        "environment": "test",
        "account": world.customer.id.0,
        "drm": "clearkey",
        "request": "licence",
        "token_id": record.token_id.unwrap().to_string(),
        "cookie": "order-17",
        "device": {},
        "content": { "kids": [KID] },
        "keys": [{ "kid": KID }],
        "policy": { "can_persist": false, "rental_duration_seconds": null, "playback_duration_seconds": null },
        "extensions": [],
    });
    assert_eq!(world.question(), expected);
    assert!(!String::from_utf8(asked.body.to_vec()).unwrap().contains(KEY));
    assert_eq!(policy, json!({ "decision": "grant", "tightened": [], "ignored": [] }));
}

#[tokio::test]
async fn a_refusal_is_told_recorded_and_costs_nothing() {
    let world = World::new().await;
    world.set_balance(3).await;
    let target = world.target().await;
    world.answers(refuse("not in <your> country"));
    let answer = world.redeem(&target).await;
    assert_eq!(refusal(&answer), (-6005, 403, "policy".to_owned()));
    assert_eq!(answer.json()["hint"], "not in <your> country");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let (record, policy) = world.last_record().await;
    assert_eq!((record.granted, record.code), (false, -6005));
    assert_eq!(record.account, Some(world.customer.id));
    assert_eq!(policy, json!({ "decision": "refuse" }));
    let page = world.redeem(&format!("{target}&errorFormat=html")).await;
    assert!(page.text().contains("[-6005]") && !page.text().contains("<your>"), "{}", page.text());
    world.answers(json!({ "decision": "refuse" }));
    let hint = world.redeem(&target).await.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("policy"), "{hint}");
    assert_eq!(world.balance().await, Balance::Licences(3));
    world.answers(json!({ "decision": "grant" }));
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.balance().await, Balance::Licences(2));
}

#[tokio::test]
async fn what_clear_key_cannot_say_is_ignored_by_name() {
    let world = World::new().await;
    let policy = json!({
        "can_persist": true, "rental_duration_seconds": 60, "playback_duration_seconds": 60,
        "security_level": 5, "hdcp": 2, "can_play": false,
    });
    world.answers(grant(&policy));
    assert_eq!(world.redeem(&world.target().await).await.status, 200);
    let (_, policy) = world.last_record().await;
    let mut ignored: Vec<_> =
        policy["ignored"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    ignored.sort_unstable();
    assert_eq!(
        ignored,
        [
            "can_persist",
            "can_play",
            "hdcp",
            "playback_duration_seconds",
            "rental_duration_seconds",
            "security_level"
        ]
    );
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_refused_anyway_or_about_the_other_environment() {
    let world = World::new().await;
    let target = world.target().await;
    assert_eq!(world.lab.send(Request::new(Method::POST, &target).body("x")).await.status, 400);
    let stranger = "00112233445566778899aabbccddeeff";
    let answer = world.lab.send(Request::new(Method::POST, &target).body(request(&[stranger]))).await;
    assert_eq!(refusal(&answer).2, "kid-not-granted");
    let production = world.lab.account_in(Environment::Production).await;
    let change = boxoffice_core::account::AccountChange { clearkey: Some(true), ..Default::default() };
    world.lab.change(&production, change).await;
    let token = world.lab.ask_for_token(&production, "ck", &format!("kid={KID}&contentKey={KEY}")).await;
    let (_, query) = token.text().split_once('?').unwrap();
    let asked = Request::new(Method::POST, format!("/hms/ck/rights/?{query}")).host("prod.localhost");
    assert_eq!(world.lab.send(asked.body(request(&[KID]))).await.status, 200);
    assert_eq!(world.hook.request_count(), 0);
    // The balance is looked at after the hook, and an empty one is no secret from it.
    world.set_balance(0).await;
    assert_eq!(refusal(&world.redeem(&target).await).0, -2019);
    assert_eq!(world.hook.request_count(), 1);
}
