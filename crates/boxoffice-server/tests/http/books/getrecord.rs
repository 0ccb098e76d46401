//! `GET /cmiapi/getrecord/`, row by row (token-api.md, sections 10 and 11).

use boxoffice_core::Environment;
use boxoffice_core::account::AccountChange;
use http::Method;
use serde_json::Value;

use super::world::{KID, OTHER_KID, World, refusal};
use crate::kit::{Answer, Request};

const MEMBERS: [&str; 13] = [
    "event_id",
    "time",
    "granted",
    "error_code",
    "drm",
    "kids",
    "cookie",
    "token_id",
    "device_id",
    "device",
    "address",
    "attempts",
    "request_id",
];

async fn get(world: &World, parameters: &str) -> Answer {
    let authenticator = &world.customer.authenticator;
    world.lab.get(format!("/cmiapi/getrecord/?customerAuthenticator={authenticator}&{parameters}")).await
}

async fn events(world: &World, parameters: &str) -> Vec<Value> {
    let answer = get(world, parameters).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    let json = answer.json();
    assert_eq!(json["valid"], true);
    json["events"].as_array().unwrap().clone()
}

/// So many redemptions, a second apart, each with its number as cookie; the first at the lab's beginning.
async fn redeemed(count: usize) -> World {
    let world = World::new().await;
    for number in 0..count {
        let target = world.target(&format!("cookie=c{number}")).await;
        assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
        world.lab.clock.advance(1);
    }
    world
}

fn cookies(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["cookie"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_has_exactly_its_members() {
    let world = World::new().await;
    let target = world.target("cookie=order-17").await;
    let licence = world.redeem(&target, &[KID]).await;
    let refused = world.redeem(&target, &[OTHER_KID]).await;
    let found = events(&world, "").await;
    for event in &found {
        let members: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, MEMBERS);
        assert_eq!(event["drm"], "ck");
        assert_eq!(event["cookie"], "order-17");
        assert_eq!(event["time"], "2026-01-01T00:00:00Z");
        assert_eq!(event["address"], "127.0.0.1");
        assert_eq!(
            (&event["attempts"], &event["device"], &event["device_id"]),
            (&0.into(), &Value::Null, &Value::Null)
        );
        assert_eq!(event["token_id"].as_str().unwrap().len(), 32);
    }
    // Newest first.
    assert_eq!((&found[0]["granted"], &found[0]["error_code"]), (&false.into(), &(-6005).into()));
    assert_eq!(found[0]["request_id"], refused.header("x-request-id"));
    assert_eq!((&found[1]["granted"], &found[1]["error_code"]), (&true.into(), &0.into()));
    assert_eq!(found[1]["request_id"], licence.header("x-request-id"));
    assert_eq!(found[1]["kids"], serde_json::json!([KID]));
    assert!(found[0]["event_id"].as_u64() > found[1]["event_id"].as_u64());
}

#[tokio::test]
async fn without_a_word_the_last_thirty_two_come() {
    let world = redeemed(34).await;
    let found = events(&world, "").await;
    assert_eq!(found.len(), 32);
    assert_eq!((found[0]["cookie"].as_str(), found[31]["cookie"].as_str()), (Some("c33"), Some("c2")));
}

#[tokio::test]
async fn events_are_found_by_cookie_by_id_by_place_and_by_time() {
    let world = redeemed(4).await;
    assert_eq!(cookies(&events(&world, "cookie=c1").await), ["c1"]);
    assert!(events(&world, "cookie=other").await.is_empty());
    let id = events(&world, "cookie=c2").await[0]["event_id"].as_u64().unwrap();
    assert_eq!(cookies(&events(&world, &format!("id={id}")).await), ["c2"]);
    assert_eq!(cookies(&events(&world, "start=0&length=2").await), ["c3", "c2"]);
    assert_eq!(cookies(&events(&world, "start=3&length=1000").await), ["c0"]);
    assert!(events(&world, "start=4&length=1").await.is_empty());
    // From inclusive, to exclusive.
    let found = events(&world, "from=2026-01-01T00:00:01Z&to=2026-01-01T00:00:03Z").await;
    assert_eq!(cookies(&found), ["c2", "c1"]);
    assert!(events(&world, "from=2026-01-01T00:00:03Z&to=2026-01-01T00:00:03Z").await.is_empty());
    // An empty value counts as absent.
    assert_eq!(events(&world, "cookie=&id=&start=&from=").await.len(), 4);
    for unknown in ["id=999999", "id=0", "id=99999999999999999999999", "start=99999999999999999999&length=1"]
    {
        assert!(events(&world, unknown).await.is_empty(), "{unknown}");
    }
}

#[tokio::test]
async fn a_list_that_was_cut_says_so() {
    use boxoffice_storage::{Record, RecordKind, Records as _};
    let world = World::new().await;
    let record = Record {
        time: world.lab.app.now(),
        environment: Environment::Test,
        account: Some(world.customer.id),
        drm: boxoffice_core::Drm::ClearKey,
        kind: RecordKind::Licence,
        granted: false,
        code: -6005,
        kids: Vec::new(),
        cookie: Some("many".to_owned()),
        token_id: None,
        device_id: None,
        device: None,
        address: None,
        attempts: 0,
        request_id: String::new(),
        detail: None,
    };
    for _ in 0..1_001 {
        world.lab.storage.add_record(record.clone(), None).await.unwrap();
    }
    let answer = get(&world, "cookie=many").await.json();
    assert_eq!((answer["events"].as_array().unwrap().len(), &answer["more"]), (1_000, &true.into()));
    let answer = get(&world, "start=0&length=1000").await.json();
    assert_eq!((answer["events"].as_array().unwrap().len(), &answer["more"]), (1_000, &Value::Null));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = redeemed(1).await;
    for (parameters, code, parameter) in [
        ("cookie=a&id=1", -2035, "id"),
        ("id=1&start=0&length=1", -2035, "start"),
        ("cookie=a&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", -2035, "from"),
        ("start=0", -2035, "length"),
        ("length=1", -2035, "start"),
        ("from=2026-01-01T00:00:00Z", -2035, "to"),
        ("to=2026-01-01T00:00:00Z", -2035, "from"),
        ("start=0&length=0", -2035, "length"),
        ("start=0&length=1001", -2035, "length"),
        ("start=-1&length=1", -2035, "start"),
        ("id=one", -2035, "id"),
        ("id=1&id=2", -2035, "id"),
        ("from=2026-01-01&to=2026-01-02T00:00:00Z", -2035, "from"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00%2B00:00", -2035, "to"),
        ("cookie=123456789012345678901234567890123", -2033, "cookie"),
        ("cookie=%00", -2033, "cookie"),
    ] {
        let answer = get(&world, parameters).await;
        assert_eq!((refusal(&answer).0, answer.status), (code, 400), "{parameters}: {}", answer.text());
        assert_eq!(answer.json()["parameter"], parameter, "{parameters}");
        let page = get(&world, &format!("{parameters}&errorFormat=html")).await;
        assert!(page.text().starts_with("<!DOCTYPE html>"), "{parameters}");
    }
    assert_eq!(get(&world, "errorFormat=xml").await.header("content-type"), "text/html; charset=utf-8");
}

#[tokio::test]
async fn an_account_sees_its_own_events_alone_and_any_scope_may_look() {
    let world = redeemed(1).await;
    let id = events(&world, "").await[0]["event_id"].clone();
    // Whatever no key opens is nobody's.
    world.redeem("/hms/ck/rights/?ExpressPlayToken=AAAA", &[KID]).await;
    assert_eq!(events(&world, "").await.len(), 1);
    let other = world.lab.account().await;
    let asked = format!("/cmiapi/getrecord?customerAuthenticator={}&id={id}", other.authenticator);
    assert_eq!(world.lab.get(asked).await.text(), r#"{"valid":true,"events":[]}"#);
    for word in ["keys", "packagers", "tokens"] {
        let made = world.lab.app.installation().add_authenticator(world.customer.id, word.parse().unwrap());
        let authenticator = made.await.unwrap().unwrap().reveal().clone();
        let asked = format!("/cmiapi/getrecord/?customerAuthenticator={authenticator}");
        assert_eq!(world.lab.get(asked).await.status, 200, "{word}");
    }
}

#[tokio::test]
async fn who_asks_is_asked_as_everywhere() {
    let world = redeemed(1).await;
    assert_eq!(refusal(&world.lab.get("/cmiapi/getrecord/").await), (-2017, 401, String::new()));
    let production = world.lab.account_in(Environment::Production).await;
    let asked = format!("/cmiapi/getrecord/?customerAuthenticator={}", production.authenticator);
    assert_eq!(refusal(&world.lab.get(&asked).await), (-2018, 401, "environment".to_owned()));
    let there = Request::get(&asked).host("prod.localhost");
    assert_eq!(world.lab.send(there).await.text(), r#"{"valid":true,"events":[]}"#);
    for method in [Method::POST, Method::HEAD, Method::OPTIONS, Method::DELETE] {
        let answer = world.lab.send(Request::new(method, "/cmiapi/getrecord/")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET"));
        assert!(answer.header("access-control-allow-origin").is_empty());
    }
    world.lab.storage.set_away(true);
    let answer = get(&world, "").await;
    assert_eq!(refusal(&answer), (-2030, 503, "storage-unavailable".to_owned()));
    assert!(!answer.header("retry-after").is_empty());
    world.lab.storage.set_away(false);
    let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    assert_eq!(refusal(&get(&world, "").await).0, -2031);
}
