//! What is let in: places and rates of each kind, and rates of accounts (operations.md, section 4, `[limits]`).

use std::sync::Arc;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::kit::{Answer, Customer, Lab, Request};

const KEY: &str =
    "kid=9eb4050de44b4802932e27d75083e266&contentKey=166634c675823c235a4a9446fad52e4d&errorFormat=json";
const REQUEST: &str = r#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"]}"#;

async fn token(lab: &Lab, customer: &Customer) -> Answer {
    lab.ask_for_token(customer, "ck", KEY).await
}

async fn redeem(lab: &Lab, url: &str) -> Answer {
    let target = url.strip_prefix(&lab.base()).unwrap().to_owned();
    lab.send(Request::new(Method::POST, target).body(REQUEST)).await
}

async fn keys(lab: &Lab, customer: &Customer) -> Answer {
    lab.get(format!("/keystore/keycount?customerAuthenticator={}", customer.authenticator)).await
}

fn assert_turned_away(answer: &Answer, status: u16) {
    assert_eq!((answer.status, &answer.json()["code"]), (status, &status.into()), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn each_kind_has_a_rate_of_its_own_which_the_clock_fills_again() {
    let lab = Lab::with_settings("[limits]\nlicences = 2\ntokens = 3\nkeys = 1").await;
    let customer = lab.account().await;
    let url = token(&lab, &customer).await.text().to_owned();
    token(&lab, &customer).await;
    token(&lab, &customer).await;
    assert_turned_away(&token(&lab, &customer).await, 503);
    for _ in 0..2 {
        assert_eq!(redeem(&lab, &url).await.status, 200);
    }
    let refused = redeem(&lab, &url).await;
    assert_turned_away(&refused, 503);
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    // A preflight is none.
    let target = url.strip_prefix(&lab.base()).unwrap();
    assert_eq!(lab.send(Request::new(Method::OPTIONS, target)).await.status, 204);
    assert_eq!(keys(&lab, &customer).await.status, 200);
    assert_turned_away(&keys(&lab, &customer).await, 503);
    lab.clock.advance(1);
    assert_eq!(token(&lab, &customer).await.status, 200);
    assert_eq!(redeem(&lab, &url).await.status, 200);
    assert_eq!(keys(&lab, &customer).await.status, 200);
}

#[tokio::test]
async fn an_account_that_asks_too_often_is_429_everywhere_and_the_others_are_not() {
    let lab = Lab::with_settings("[limits]\nper_account = 2").await;
    let (greedy, modest) = (lab.account().await, lab.account().await);
    let url = token(&lab, &greedy).await.text().to_owned();
    token(&lab, &greedy).await;
    assert_turned_away(&token(&lab, &greedy).await, 429);
    assert_turned_away(&redeem(&lab, &url).await, 429);
    assert_turned_away(&keys(&lab, &greedy).await, 429);
    let records = format!("/cmiapi/getrecord/?customerAuthenticator={}", greedy.authenticator);
    assert_turned_away(&lab.get(records).await, 429);
    assert_eq!(token(&lab, &modest).await.status, 200);
    lab.clock.advance(1);
    assert_eq!(redeem(&lab, &url).await.status, 200);
}

#[tokio::test]
async fn redemptions_that_are_turned_away_leave_no_record_and_cost_nothing() {
    use boxoffice_storage::{RecordFilter, Records as _};
    let lab = Lab::with_settings("[limits]\nlicences = 1").await;
    let customer = lab.account().await;
    let url = token(&lab, &customer).await.text().to_owned();
    assert_eq!(redeem(&lab, &url).await.status, 200);
    assert_eq!(redeem(&lab, &url).await.status, 503);
    let page = lab.storage.search_records(RecordFilter::default(), None, 10).await.unwrap();
    assert_eq!(page.records.len(), 1);
}

#[tokio::test]
async fn a_playready_player_whose_account_asks_too_often_gets_a_fault_of_its_own() {
    let world = crate::playready::world::World::with_settings("[limits]\nper_account = 1").await;
    let token = world.purchase(1, "").await;
    let challenge = world.challenge(&world.device(), &crate::playready::world::plain());
    let refused = world.refused(&token, challenge).await;
    assert_eq!((&refused.json["code"], &refused.json["status"]), (&(-2030).into(), &503.into()));
    assert_eq!(refused.json["reason"], "overload");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_than_may_wait_for_a_processor_those_beyond_are_told_to_come_back_and_the_books_have_the_others()
 {
    use boxoffice_storage::{RecordFilter, Records as _};
    // Of more than the cryptography threads, and than their queue holds, some have to go.
    let players = (std::thread::available_parallelism().unwrap().get() * 257) + 150;
    let settings = format!("[server]\nmax_requests = {players}");
    let world = Arc::new(crate::playready::world::World::with_settings(&settings).await);
    let token = world.purchase(1, "").await;
    let challenge = world.challenge(&world.device(), &crate::playready::world::plain());
    let mut coming = JoinSet::new();
    for _ in 0..players {
        let (world, token, challenge) = (Arc::clone(&world), token.clone(), challenge.clone());
        coming.spawn(async move { world.post(&token, challenge).await });
    }
    let answers = coming.join_all().await;
    let (served, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(!served.is_empty() && !refused.is_empty(), "{} served, {} refused", served.len(), refused.len());
    for answer in refused {
        assert_turned_away(answer, 503);
        assert_eq!(answer.json()["hint"], "too many licences are being made; try again");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let page = world.lab.storage.search_records(RecordFilter::default(), None, 10_000).await.unwrap();
    assert_eq!(page.records.len(), served.len());
}

#[tokio::test]
async fn a_kind_whose_places_are_taken_does_not_starve_the_others() {
    let lab = Lab::with_settings("[server]\nmax_requests = 1").await;
    let customer = lab.account().await;
    let url = token(&lab, &customer).await.text().to_owned();
    let target = url.strip_prefix(&lab.base()).unwrap();
    // One redemption whose body never comes holds the only place of its kind. "100 Continue" says that it is at work.
    let mut holding = TcpStream::connect(lab.base().strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
    );
    holding.write_all(head.as_bytes()).await.unwrap();
    let mut read = [0; 64];
    assert!(holding.read(&mut read).await.unwrap() > 0);
    assert_turned_away(&redeem(&lab, &url).await, 503);
    assert_eq!(token(&lab, &customer).await.status, 200);
    assert_eq!(keys(&lab, &customer).await.status, 200);
    drop(holding);
    // Its place is free again, once the service has seen that it is gone.
    while redeem(&lab, &url).await.status == 503 {
        tokio::task::yield_now().await;
    }
}
