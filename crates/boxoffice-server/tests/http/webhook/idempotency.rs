//! `Idempotency-Key`: a question that is asked again is free, and gets what was decided (playready.md, section 9).

use boxoffice_core::Environment;
use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{Fault, RecordFilter, Records as _, Storage as _};
use serde_json::json;

use super::sdk::{PATH, SECRET, SETTINGS, call, call_in, lab, question};
use crate::kit::{Answer, Customer, Lab, Request};
use crate::playready::world::{OPLS, tracks};

/// A lab with a customer who has so many licences left, and a question that is good for one.
struct Scene {
    lab: Lab,
    customer: Customer,
    body: String,
}

impl Scene {
    async fn new(balance: u64) -> Self {
        let lab = lab("").await;
        let customer = lab.account().await;
        let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
        let answer = lab.ask_for_token(&customer, "pr", &parameters).await;
        let body = question(answer.json()["token"].as_str().unwrap()).to_string();
        let scene = Self { lab, customer, body };
        scene.set(balance).await;
        scene
    }

    async fn set(&self, balance: u64) {
        let change = AccountChange { balance: Some(BalanceChange::Set(balance)), ..AccountChange::default() };
        self.lab.change(&self.customer, change).await;
    }

    async fn ask(&self, key: &str) -> Answer {
        self.lab.send(call(&self.lab, key, &self.body)).await
    }

    /// What is left, and how many records there are: of grants, of refusals.
    async fn books(&self) -> (u64, usize, usize) {
        let account = self.lab.storage.account(self.customer.id).await.unwrap().unwrap();
        let Balance::Licences(left) = account.balance else { panic!("a balance was set") };
        let page = self.lab.storage.search_records(RecordFilter::default(), None, 1_000).await.unwrap();
        let granted = page.records.iter().filter(|stored| stored.record.granted).count();
        (left, granted, page.records.len() - granted)
    }
}

#[tokio::test]
async fn the_key_is_needed_once_and_has_8_to_64_printable_characters() {
    let scene = Scene::new(100).await;
    let body = &scene.body;
    let without = || {
        let timestamp = scene.lab.app.now().as_second().to_string();
        Request::post(PATH, "application/json", &**body)
            .header("Authorization", &format!("Bearer {SECRET}"))
            .header("X-Boxoffice-Timestamp", &timestamp)
    };
    for (keys, got) in [
        (vec![], "got none"),
        (vec!["12345678", "12345678"], "got several"),
        (vec![""], "got 0 characters"),
        (vec!["1234567"], "got 7 characters"),
        (vec![&*"x".repeat(65)], "got 65 characters"),
        (vec!["1234567\t8"], "not printable"),
        (vec!["1234567é"], "not printable"),
    ] {
        let request = keys.iter().fold(without(), |request, key| request.header("Idempotency-Key", key));
        let answer = scene.lab.send(request).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["code"]), (400, &json!(400)), "{keys:?}");
        assert_eq!(json["parameter"], "Idempotency-Key");
        let hint = json["hint"].as_str().unwrap();
        assert!(hint.contains(got) && hint.contains("8 to 64 printable"), "{keys:?}: {hint}");
        assert!(json.get("fault").is_none());
    }
    assert_eq!(scene.books().await, (100, 0, 0));
    for key in ["12345678", &"x".repeat(64), "a b!~\"'{}", "ABCDEFGH", "abcdefgh"] {
        assert_eq!(scene.ask(key).await.status, 200, "{key}");
    }
    assert_eq!(scene.books().await, (95, 5, 0), "keys differ by case");
}

#[tokio::test]
async fn the_same_question_gets_the_same_grant_for_ten_minutes_and_is_paid_once() {
    let scene = Scene::new(5).await;
    let first = scene.ask("challenge-1").await;
    assert_eq!(first.status, 200);
    for seconds in [0, 299, 300] {
        scene.lab.clock.advance(seconds);
        let again = scene.ask("challenge-1").await;
        assert_eq!(
            (again.status, again.text()),
            (200, first.text()),
            "request and record are those of the first"
        );
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(again.header("cache-control"), "no-store");
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    assert_eq!(scene.books().await, (4, 1, 0));
    scene.lab.clock.advance(2);
    let later = scene.ask("challenge-1").await;
    assert_eq!(later.status, 200);
    assert_ne!(later.json()["recordId"], first.json()["recordId"]);
    assert_eq!(scene.books().await, (3, 2, 0));
}

#[tokio::test]
async fn a_key_with_another_body_is_409_and_costs_nothing() {
    let scene = Scene::new(5).await;
    assert_eq!(scene.ask("challenge-1").await.status, 200);
    for body in [scene.body.replace("2000", "3000"), format!("{} ", scene.body)] {
        let answer = scene.lab.send(call(&scene.lab, "challenge-1", &body)).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["code"]), (409, &json!(409)));
        assert_eq!(json["parameter"], "Idempotency-Key");
        assert!(json.get("fault").is_none() && !answer.text().contains("contentKey"));
    }
    assert_eq!(scene.books().await, (4, 1, 0));
    assert_eq!(scene.ask("challenge-1").await.status, 200, "the first is still known");
}

#[tokio::test]
async fn a_refusal_is_given_again_though_its_cause_has_passed() {
    let scene = Scene::new(0).await;
    let first = scene.ask("challenge-1").await;
    assert_eq!((first.status, &first.json()["code"]), (400, &json!(-2019)));
    scene.set(1).await;
    let again = scene.ask("challenge-1").await;
    assert_eq!((again.status, again.text()), (400, first.text()));
    assert_eq!(scene.books().await, (1, 0, 1));
    // A new challenge is judged anew.
    assert_eq!(scene.ask("challenge-2").await.status, 200);
    assert_eq!(scene.books().await, (0, 1, 1));
    // And a grant stays one, though nothing is left.
    assert_eq!(scene.ask("challenge-2").await.status, 200);
}

#[tokio::test]
async fn a_failure_of_ours_is_not_remembered_and_the_retry_is_paid_once() {
    for (fault, method) in
        [(Fault::Before, "remembered_answer"), (Fault::Before, "grant"), (Fault::After, "grant")]
    {
        let scene = Scene::new(5).await;
        scene.lab.storage.fail(method, 1, fault);
        let failed = scene.ask("challenge-1").await;
        let json = failed.json();
        assert_eq!((failed.status, &json["code"]), (503, &json!(-2030)), "{method}");
        assert_eq!(json["fault"]["statusCode"], "0x8004c600");
        assert!(failed.headers.contains_key("retry-after"));
        let answer = scene.ask("challenge-1").await;
        assert_eq!((answer.status, &answer.json()["decision"]), (200, &json!("grant")));
        let (left, granted, _) = scene.books().await;
        assert_eq!((left, granted), (4, 1), "{method} failed {fault:?}");
    }
}

#[tokio::test]
async fn many_at_the_same_moment_get_one_answer_and_pay_once() {
    let scene = Scene::new(5).await;
    let answers = (0..24).map(|_| call(&scene.lab, "challenge-1", &scene.body));
    let answers: Vec<_> = answers
        .map(|request| {
            let address = scene.lab.address();
            tokio::spawn(async move { request.send(address).await })
        })
        .collect();
    let mut texts = std::collections::BTreeSet::new();
    for answer in answers {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        texts.insert(answer.text().to_owned());
    }
    assert_eq!(texts.len(), 1);
    assert_eq!(scene.books().await, (4, 1, 0));
}

#[tokio::test]
async fn another_node_gives_the_same_answer() {
    let scene = Scene::new(5).await;
    let first = scene.ask("challenge-1").await;
    let node = scene.lab.another_node().await;
    let again = node.send(call(&node, "challenge-1", &scene.body)).await;
    assert_eq!((again.status, again.text()), (200, first.text()));
    let other = node.send(call(&node, "challenge-1", &scene.body.replace("2000", "3000"))).await;
    assert_eq!(other.status, 409);
    assert_eq!(scene.books().await, (4, 1, 0));
}

#[tokio::test]
async fn environments_do_not_share_keys() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("k1"), SECRET).unwrap();
    std::fs::write(directory.path().join("k2"), "x").unwrap();
    let both = format!("{SETTINGS}{}", SETTINGS.replace("environments.test", "environments.production"));
    let lab = Lab::in_directory(directory, &both).await;
    for environment in [Environment::Test, Environment::Production] {
        let customer = lab.account_in(environment).await;
        let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
        let answer = lab.ask_for_token(&customer, "pr", &parameters).await.json();
        let body = question(answer["token"].as_str().unwrap()).to_string();
        let answer = lab.send(call_in(environment, lab.app.now(), "challenge-1", &body)).await;
        assert_eq!(answer.status, 200, "{environment}");
    }
}
