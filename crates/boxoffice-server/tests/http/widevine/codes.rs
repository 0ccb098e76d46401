//! Every code that a Widevine token request can raise, over HTTP, in both formats (token-api.md, sections 2 to 5
//! and 8).

use boxoffice_core::account::{AccountChange, BalanceChange};
use boxoffice_core::{Environment, Event};

use super::world::{GOOD, World};
use crate::kit::{Answer, Request};

const KEY: &str = "kid=0123456789abcdef0123456789abcdef&contentKey=00112233445566778899aabbccddeeff";

/// What is wrong, the code and the parameter that come back.
const ROWS: &[(&str, i64, &str)] = &[
    ("GOOD&expirationTime=soon", -2002, "expirationTime"),
    ("GOOD&expirationTime=2026-01-02T00:00:00%2B00:00", -2002, "expirationTime"),
    ("GOOD&expirationTime=2025-12-31T23:59:59Z", -2002, "expirationTime"),
    ("GOOD&expirationTime=%2B2592001", -2002, "expirationTime"),
    ("GOOD&expirationTime=%2B0", -2002, "expirationTime"),
    ("GOOD&expirationTime=%2B60&expirationTime=%2B61", -2002, "expirationTime"),
    ("GOOD&ipAddress=localhost", -2003, "ipAddress"),
    ("GOOD&ipAddress=203.0.113.7/24", -2003, "ipAddress"),
    ("GOOD&cookie=123456789012345678901234567890123", -2033, "cookie"),
    ("GOOD&cookie=a%00b", -2033, "cookie"),
    ("GOOD&cookie=%FF", -2033, "cookie"),
    ("GOOD&deviceId=00", -7002, "deviceId"),
    ("GOOD&oneTime=yes", -2035, "oneTime"),
    ("GOOD&maxStreams=2", -2035, "maxStreams"),
    ("GOOD&userId=a&maxStreams=2", -2035, "maxStreams"),
    ("RULES", -4018, "kid"),
    ("RULES&kid=12", -4020, "kid"),
    ("RULES&kid=%5Eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -4021, "kid"),
    ("RULES&kid=%5E", -4022, "kid"),
    ("RULES&kid=%5E%FF", -4022, "kid"),
    ("RULES&kid=g123456789abcdef0123456789abcdef", -4022, "kid"),
    ("GOOD&kid=%5Ea", -4022, "kid"),
    ("RULES&kid=%5Ea", -4019, "kid"),
    ("RULES&kid=%5Ea&kek=000102030405060708090a0b0c0d0e0f", -4019, "kid"),
    ("RULES&kid=%5Ea&contentKey=00", -2027, "contentKey"),
    ("RULES&kid=%5Ea&contentKey=g0112233445566778899aabbccddeeff", -2005, "contentKey"),
    ("RULES&kid=%5Ea&kek=00", -4024, "kek"),
    ("RULES&kid=%5Ea&kek=000102030405060708090a0b0c0d0e0f&ek=00", -4024, "ek"),
    ("RULES&kid=%5Ea&ek=1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5", -4024, "ek"),
    (
        "RULES&kid=%5Ea&kek=11111111111111111111111111111111&ek=1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
        -4024,
        "ek",
    ),
    ("GOOD&kek=000102030405060708090a0b0c0d0e0f", -6005, "contentKey"),
    ("RULES&kid.16=%5Ea", -6005, "kid.16"),
    ("RULES&kid.0=%5Ea&contentKey.0=00112233445566778899aabbccddeeff&kid.1=%5Eb", -4019, "kid.1"),
    ("RULES&kid.0=%5Ea&contentKey=00112233445566778899aabbccddeeff&kid.1=12", -4020, "kid.1"),
    ("GOOD&generalFlags=0001", -5003, "generalFlags"),
    ("GOOD&persistent=1", -5003, "persistent"),
    ("GOOD&licenseDuration=0", -7007, "licenseDuration"),
    ("GOOD&licenseDuration=-1", -7007, "licenseDuration"),
    ("GOOD&rentalDuration=x", -6007, "rentalDuration"),
    ("KEY&hdcpOutputControl=0", -7003, "securityLevel"),
    ("KEY&hdcpOutputControl=0&securityLevel=", -7003, "securityLevel"),
    ("KEY&hdcpOutputControl=0&securityLevel=6", -7004, "securityLevel"),
    ("KEY&securityLevel=1", -7006, "hdcpOutputControl"),
    ("KEY&securityLevel=1&hdcpOutputControl=3", -2034, "hdcpOutputControl"),
    ("GOOD&trackType=5", -2035, "trackType"),
    ("GOOD&contentId=%FF", -6005, "contentId"),
    ("GOOD&wvExtension=", -7009, "wvExtension"),
    ("GOOD&wvExtension=wudo", -7009, "wvExtension"),
    ("GOOD&wvExtension=wud,AAAA", -2036, "wvExtension"),
    ("GOOD&wvExtension=wudo,", -2035, "wvExtension"),
    ("GOOD&wvExtension=wudo,A*AA", -2037, "wvExtension"),
];

fn in_full(query: &str) -> String {
    query.replace("RULES", "securityLevel=1&hdcpOutputControl=0").replace("GOOD", GOOD).replace("KEY", KEY)
}

/// A refusal as a program gets it.
fn assert_json(answer: &Answer, code: i64, status: u16, parameter: &str, query: &str) {
    let json = answer.json();
    assert_eq!(answer.status, status, "{query}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json", "{query}");
    assert_eq!(json["code"], code, "{query}: {}", answer.text());
    assert_eq!(json["parameter"], parameter, "{query}");
    assert_eq!(json["request_id"], answer.header("x-request-id"), "{query}");
    let message = json["message"].as_str().unwrap();
    let text = Event::from_code(code.try_into().unwrap()).unwrap().info().text;
    assert!(message.starts_with(&format!("[{code}] {text}")), "{message}");
    assert!(!json["hint"].as_str().unwrap().is_empty(), "{query}");
}

/// The same as a person gets it.
fn assert_page(answer: &Answer, code: i64, status: u16, query: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "text/html; charset=utf-8"),
        "{query}"
    );
    let page = answer.text();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains(&code.to_string()), "{query}: {page}");
}

#[tokio::test]
async fn every_bad_parameter_has_its_code_in_both_formats() {
    let world = World::new().await;
    for &(query, code, parameter) in ROWS {
        let query = in_full(query);
        assert_json(&world.ask(&format!("{query}&errorFormat=json")).await, code, 400, parameter, &query);
        assert_page(&world.ask(&query).await, code, 400, &query);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_authenticator_is_told_apart() {
    let world = World::new().await;
    let production = world.lab.account_in(Environment::Production).await;
    let (id, secret) = world.customer.authenticator.split_once(',').unwrap();
    let flipped =
        if secret.starts_with('0') { secret.replacen('0', "1", 1) } else { format!("0{}", &secret[1..]) };
    for (given, code, reason) in [
        (String::new(), -2017, None),
        ("&customerAuthenticator=".to_owned(), -2017, None),
        (format!("&customerAuthenticator={id}"), -2018, Some("malformed")),
        (format!("&customerAuthenticator=0{id},{secret}"), -2018, Some("malformed")),
        (format!("&customerAuthenticator={id},{secret}0"), -2018, Some("malformed")),
        (format!("&customerAuthenticator={id},{flipped}"), -2018, Some("unknown")),
        (format!("&customerAuthenticator=999999,{secret}"), -2018, Some("unknown")),
        (format!("&customerAuthenticator={}", production.authenticator), -2018, Some("environment")),
    ] {
        for (format, is_json) in [("&errorFormat=json", true), ("", false)] {
            let answer = world.lab.get(format!("/hms/wv/token?{GOOD}{given}{format}")).await;
            if is_json {
                assert_json(&answer, code, 401, "customerAuthenticator", &given);
                assert_eq!(answer.json()["reason"].as_str(), reason, "{given}");
                assert!(!answer.text().contains(secret), "a hint quotes no secret");
            } else {
                assert_page(&answer, code, 401, &given);
            }
        }
    }
}

#[tokio::test]
async fn what_concerns_the_account_comes_before_the_keys() {
    let world = World::new().await;
    let change = AccountChange { widevine: Some(false), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    assert_json(&world.ask("errorFormat=json").await, -7011, 400, "customerAuthenticator", "off");
    let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    assert_json(&world.ask("errorFormat=json").await, -2031, 401, "customerAuthenticator", "disabled");
    assert_page(&world.ask("").await, -2031, 401, "disabled");
}

#[tokio::test]
async fn a_balance_of_zero_is_the_last_thing_that_is_told() {
    let world = World::new().await;
    let change = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    assert_json(&world.ask("GOOD&errorFormat=json").await, -2019, 400, "customerAuthenticator", "empty");
    assert_json(&world.ask("GOOD&cookie=%00&errorFormat=json").await, -2033, 400, "cookie", "cookie first");
    assert_page(&world.ask("GOOD").await, -2019, 400, "empty");
}

#[tokio::test]
async fn a_database_that_is_away_is_503_for_accounts_that_were_not_seen() {
    let world = World::new().await;
    world.lab.storage.set_away(true);
    let answer = world.ask("GOOD&errorFormat=json").await;
    assert_json(&answer, -2030, 503, "customerAuthenticator", "away");
    assert!(!answer.header("retry-after").is_empty());
    assert_page(&world.ask("GOOD").await, -2030, 503, "away");
    world.lab.storage.set_away(false);
    assert_eq!(world.ask("GOOD").await.status, 200);
}

#[tokio::test]
async fn an_unknown_error_format_is_shown_as_a_page_before_anything_else() {
    let world = World::new().await;
    let answer = world.lab.get("/hms/wv/token?errorFormat=%3Cscript%3E").await;
    assert_page(&answer, -3004, 400, "errorFormat");
    assert!(!answer.text().contains("<script>"));
}

#[tokio::test]
async fn pages_come_in_the_five_languages() {
    let world = World::new().await;
    for (asked, lang) in [
        ("", "en"),
        ("zh-CN", "zh-Hans"),
        ("sv", "sv"),
        ("pt", "pt-BR"),
        ("it-IT, en;q=0.5", "it"),
        ("xx", "en"),
    ] {
        let request = Request::get("/hms/wv/token").header("accept-language", asked);
        let answer = world.lab.send(request).await;
        assert!(answer.text().contains(&format!("<html lang=\"{lang}\">")), "{asked}: {}", answer.text());
        assert!(answer.text().contains("customerAuthenticator"), "names are never translated");
    }
}
