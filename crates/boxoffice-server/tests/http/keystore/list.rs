//! `GET /keystore/keys`.

use http::Method;

use super::{EK, KEK, KEY, Keys, OTHER_EK, OTHER_KEK, expect};
use crate::kit::Answer;

fn kids(answer: &Answer) -> Vec<String> {
    let listed = answer.json();
    listed.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// What stands between `<` and `>`.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.headers.get("link")?.to_str().unwrap();
    let (target, rest) = link.strip_prefix("</keystore").unwrap().split_once('>').unwrap();
    assert_eq!(rest, "; rel=\"next\"");
    assert!(!link.contains("ustomer") && !link.contains("kek="), "{link}");
    Some(target.to_owned())
}

async fn stored(count: u8) -> (Keys, Vec<String>) {
    let keys = Keys::start().await;
    let mut made = Vec::new();
    for number in 0..count {
        let kid = format!("{:02x}{}", number.reverse_bits(), "0".repeat(30));
        let body = format!(r#"{{"kid":"{kid}","contentId":"movie-{}"}}"#, number % 2);
        assert_eq!(keys.post("/keys", &body).await.status, 201);
        made.push(kid);
    }
    made.sort_unstable();
    (keys, made)
}

#[tokio::test]
async fn keys_are_listed_by_kid_without_the_keys_that_the_service_holds() {
    let keys = Keys::start().await;
    assert_eq!(keys.get("/keys").await.text(), "[]");
    keys.post(&format!("/keys?kek={KEK}"), &format!(r#"{{"kid":"{}","k":"{KEY}"}}"#, "c".repeat(32))).await;
    keys.post("/keys", &format!(r#"{{"kid":"{}","ek":"{OTHER_EK}"}}"#, "A".repeat(32))).await;
    keys.post("/keys", &format!(r#"{{"kid":"{}","k":"{KEY}"}}"#, "b".repeat(32))).await;
    let answer = keys.get("/keys/").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.headers.contains_key("link"));
    assert_eq!(kids(&answer), ["a".repeat(32), "b".repeat(32), "c".repeat(32)]);
    let listed = answer.json();
    assert_eq!((&listed[0]["ek"], &listed[2]["ek"]), (&OTHER_EK.into(), &EK.into()));
    assert_eq!(listed[1]["kekId"], "#service");
    assert!(!answer.text().contains("\"k\""), "{}", answer.text());
    // Each key that the KEK opens carries it in place of the wrapped one; the others are listed as they are.
    let listed = keys.get(&format!("/keys?kek={KEK}")).await.json();
    assert_eq!((&listed[0]["ek"], &listed[2]["k"]), (&OTHER_EK.into(), &KEY.into()));
    assert!(listed[0].get("k").is_none() && listed[1].get("k").is_none() && listed[2].get("ek").is_none());
}

#[tokio::test]
async fn filters_compare_the_whole_value() {
    let (keys, _) = stored(6).await;
    keys.post(&format!("/keys?kek={KEK}"), r#"{"kid":"^client","contentId":"movie-0"}"#).await;
    assert_eq!(kids(&keys.get("/keys?contentId=movie-0").await).len(), 4);
    assert_eq!(kids(&keys.get("/keys?contentId=movie").await).len(), 0);
    assert_eq!(kids(&keys.get("/keys?contentId=").await).len(), 0);
    assert_eq!(kids(&keys.get("/keys?kekId=%23service").await).len(), 6);
    let of_kek = "/keys?kekId=%231.afe008a381bdac03b412a92d54b92ddf";
    assert_eq!(kids(&keys.get(of_kek).await).len(), 1);
    assert_eq!(kids(&keys.get(&format!("{of_kek}&contentId=movie-1")).await).len(), 0);
    assert_eq!(kids(&keys.get("/keys?kekId=%23seed.1").await).len(), 0);
    expect(&keys.get("/keys?contentId=a&contentId=b").await, 400, 2, "Invalid Parameters");
    expect(&keys.get("/keys?contentId=%FF").await, 400, 2, "Invalid Parameters");
}

#[tokio::test]
async fn pages_miss_and_repeat_nothing_that_is_there_throughout() {
    let (keys, made) = stored(23).await;
    let mut target = Some("/keys?limit=5".to_owned());
    let (mut seen, mut pages) = (Vec::new(), 0);
    while let Some(page) = target {
        let answer = keys.get(&page).await;
        assert_eq!(answer.status, 200);
        let found = kids(&answer);
        assert!(found.len() <= 5);
        target = next(&answer);
        // What comes and goes meanwhile disturbs nobody.
        keys.post("/keys", &format!(r#"{{"kid":"^new {pages}"}}"#)).await;
        let last = found.last().unwrap().clone();
        if pages == 1 {
            assert_eq!(keys.delete(&format!("/keys/{last}")).await.status, 200);
        }
        seen.extend(found);
        pages += 1;
    }
    seen.retain(|kid| made.contains(kid));
    assert_eq!(seen, made);
    // A page that ends with the last key announces none.
    let all = keys.get("/keys?limit=1000").await;
    assert!(next(&all).is_none());
    let exact = keys.get(&format!("/keys?limit={}", kids(&all).len())).await;
    assert!(next(&exact).is_none());
}

#[tokio::test]
async fn a_cursor_is_bound_to_account_and_filters_and_good_for_a_day() {
    let (keys, made) = stored(8).await;
    let page = keys.get("/keys?limit=2&contentId=movie-0").await;
    let target = next(&page).unwrap();
    assert!(target.starts_with("/keys?limit=2&contentId=movie-0&cursor="), "{target}");
    let cursor = target.rsplit_once('=').unwrap().1.to_owned();
    let second = keys.get(&target).await;
    assert_eq!(kids(&second).len(), 2);
    assert!(kids(&second).iter().all(|kid| made.contains(kid) && !kids(&page).contains(kid)));
    let refused = |answer: Answer| expect(&answer, 400, 2, "Invalid Parameters");
    refused(keys.get(&format!("/keys?limit=2&cursor={cursor}")).await);
    refused(keys.get(&format!("/keys?limit=2&contentId=movie-1&cursor={cursor}")).await);
    refused(keys.get("/keys?limit=2&cursor=").await);
    refused(keys.get("/keys?limit=2&cursor=nonsense").await);
    let other = keys.lab.account().await;
    refused(keys.call_as(&other, Method::GET, &target, "").await);
    keys.lab.clock.advance(86_400);
    assert_eq!(keys.get(&target).await.status, 200);
    keys.lab.clock.advance(1);
    refused(keys.get(&target).await);
    for limit in ["0", "1001", "-1", "x", ""] {
        refused(keys.get(&format!("/keys?limit={limit}")).await);
    }
    refused(keys.get("/keys?limit=1&limit=2").await);
}

#[tokio::test]
async fn a_list_that_would_be_cut_is_refused_instead() {
    let keys = Keys::with_settings("[keystore]\nlist_max = 3\n").await;
    for number in 0..3 {
        keys.post(&format!("/keys?kek={OTHER_KEK}"), &format!(r#"{{"kid":"^{number}"}}"#)).await;
    }
    assert_eq!(kids(&keys.get("/keys").await).len(), 3);
    keys.post("/keys", r#"{"kid":"^3","contentId":"one"}"#).await;
    let refused = keys.get("/keys").await;
    expect(&refused, 400, 2, "Invalid Parameters");
    assert!(refused.json()["hint"].as_str().unwrap().contains("limit"), "it says how to page");
    assert_eq!(kids(&keys.get("/keys?contentId=one").await).len(), 1);
    assert_eq!(kids(&keys.get("/keys?limit=1000").await).len(), 4);
}
