//! Every code that a PlayReady token request can raise, over HTTP, in both formats, and the order in which they are
//! raised (token-api.md, sections 2, 3, 4, 6 and 8).

use std::collections::BTreeSet;

use boxoffice_core::account::{AccountChange, BalanceChange};
use boxoffice_core::{Drm, Environment, Event};

use super::world::{OPLS, TRACKS, World, tracks};
use crate::kit::{Answer, Request};

/// One bad parameter in a request that is good otherwise: code and name that come back. `KEY` is a KID with its key,
/// `BUY` and `RENT` are the two kinds of rights, `OPLS` the five levels.
const ROWS: &[(&str, i64, &str)] = &[
    // Section 3.
    ("KEY&BUY&OPLS&expirationTime=soon", -2002, "expirationTime"),
    ("KEY&BUY&OPLS&expirationTime=2026-01-01T00:00:00%2B00:00", -2002, "expirationTime"),
    ("KEY&BUY&OPLS&expirationTime=2025-12-31T23:59:59Z", -2002, "expirationTime"),
    ("KEY&BUY&OPLS&expirationTime=%2B2592001", -2002, "expirationTime"),
    ("KEY&BUY&OPLS&expirationTime=%2B0", -2002, "expirationTime"),
    ("KEY&BUY&OPLS&cookie=123456789012345678901234567890123", -2033, "cookie"),
    ("KEY&BUY&OPLS&cookie=a%07", -2033, "cookie"),
    ("KEY&BUY&OPLS&deviceId=00", -5004, "deviceId"),
    ("KEY&BUY&OPLS&deviceId=000102030405060708090a0b0c0d0e0g", -5005, "deviceId"),
    ("KEY&BUY&OPLS&ipAddress=localhost", -2003, "ipAddress"),
    ("KEY&BUY&OPLS&ipAddress=203.0.113.7/24", -2003, "ipAddress"),
    ("KEY&BUY&OPLS&oneTime=yes", -2035, "oneTime"),
    // Section 4.
    ("contentKey=00112233445566778899aabbccddeeff&BUY&OPLS", -4018, "kid"),
    ("kid=33e0&contentKey=00112233445566778899aabbccddeeff&BUY&OPLS", -4020, "kid"),
    (
        "kid=%5E00000000001111111111222222222233333333334444444444555555555566666&contentKey=00112233445566778899aabbccddeeff&BUY&OPLS",
        -4021,
        "kid",
    ),
    (
        "kid=33e0008cc44447709899a321e079dd3g&contentKey=00112233445566778899aabbccddeeff&BUY&OPLS",
        -4022,
        "kid",
    ),
    ("kid=%5E&contentKey=00112233445566778899aabbccddeeff&BUY&OPLS", -4022, "kid"),
    ("kid=33e0008cc44447709899a321e079dd36&contentKey=0011&BUY&OPLS", -2027, "contentKey"),
    (
        "kid=33e0008cc44447709899a321e079dd36&contentKey=0011223344556677889900112233445g&BUY&OPLS",
        -2005,
        "contentKey",
    ),
    ("kid=33e0008cc44447709899a321e079dd36&kek=00&BUY&OPLS", -4024, "kek"),
    ("kid=33e0008cc44447709899a321e079dd36&kek=000102030405060708090a0b0c0d0e0f&ek=00&BUY&OPLS", -4024, "ek"),
    (
        "kid=33e0008cc44447709899a321e079dd36&kek=000102030405060708090a0b0c0d0e0f&ek=000000000000000000000000000000000000000000000000&BUY&OPLS",
        -4024,
        "ek",
    ),
    (
        "kid=33e0008cc44447709899a321e079dd36&ek=1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5&BUY&OPLS",
        -4024,
        "ek",
    ),
    ("KEY&kek=000102030405060708090a0b0c0d0e0f&BUY&OPLS", -5007, "contentKey"),
    ("kid=33e0008cc44447709899a321e079dd36&BUY&OPLS", -4019, "kid"),
    ("kid=33e0008cc44447709899a321e079dd36&kek=000102030405060708090a0b0c0d0e0f&BUY&OPLS", -4019, "kid"),
    (
        "kid.0=33e0008cc44447709899a321e079dd36&contentKey.1=00112233445566778899aabbccddeeff&BUY&OPLS",
        -4018,
        "kid.1",
    ),
    ("kid.0=%5Ea&contentKey.0=00112233445566778899aabbccddeeff&kid.1=%5Eb&BUY&OPLS", -4019, "kid.1"),
    (
        "kid.16=33e0008cc44447709899a321e079dd36&contentKey=00112233445566778899aabbccddeeff&BUY&OPLS",
        -2005,
        "kid.16",
    ),
    ("kid.0=%5Ea&contentKey.0=0011&BUY&OPLS", -2027, "contentKey.0"),
    (
        "kid.0=%5Ea&contentKey.0=00112233445566778899aabbccddeeff&kid.1=%5Ea&contentKey.1=ff112233445566778899aabbccddeeff&BUY&OPLS",
        -4022,
        "kid.1",
    ),
    // Section 6, row by row.
    ("KEY&generalFlags=0000&BUY&OPLS", -5003, "generalFlags"),
    ("KEY&generalFlags=00000002&BUY&OPLS", -5003, "generalFlags"),
    ("KEY&generalFlags=00000001&generalFlags=00000000&BUY&OPLS", -5003, "generalFlags"),
    ("KEY&rightsType=Rental&rental.periodEndTime=%2B60&OPLS", -5003, "generalFlags"),
    ("KEY&rightsType=Rental&generalFlags=00000000&rental.periodEndTime=%2B60&OPLS", -5003, "generalFlags"),
    ("KEY&OPLS", -2020, "rightsType"),
    ("KEY&rightsType=&OPLS", -2020, "rightsType"),
    ("KEY&rightsType=buytoown&OPLS", -2021, "rightsType"),
    ("KEY&rightsType=BuyTown&OPLS", -2021, "rightsType"),
    ("KEY&RENT&OPLS", -2022, "rental.periodEndTime"),
    ("KEY&RENT&rental.periodEndTime=&OPLS", -2022, "rental.periodEndTime"),
    ("KEY&RENT&rental.periodEndTime=tomorrow&OPLS", -2002, "rental.periodEndTime"),
    ("KEY&RENT&rental.periodEndTime=2026-01-02T00:00:00&OPLS", -2002, "rental.periodEndTime"),
    ("KEY&RENT&rental.periodEndTime=2025-12-31T23:59:59Z&OPLS", -2002, "rental.periodEndTime"),
    ("KEY&RENT&rental.periodEndTime=2106-02-07T06:28:15Z&OPLS", -2002, "rental.periodEndTime"),
    ("KEY&RENT&rental.periodEndTime=%2B60&rental.playDuration=0&OPLS", -2025, "rental.playDuration"),
    ("KEY&RENT&rental.periodEndTime=%2B60&rental.playDuration=-1&OPLS", -2025, "rental.playDuration"),
    ("KEY&RENT&rental.periodEndTime=%2B60&rental.playDuration=2147483648&OPLS", -2025, "rental.playDuration"),
    ("KEY&RENT&rental.periodEndTime=%2B60&rental.playDuration=&OPLS", -2023, "rental.playDuration"),
    ("KEY&BUY", -5006, "analogVideoOPL"),
    ("KEY&BUY&analogVideoOPL=1", -5006, "compressedDigitalAudioOPL"),
    ("KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=1", -5006, "compressedDigitalVideoOPL"),
    (
        "KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=1&compressedDigitalVideoOPL=1",
        -5006,
        "uncompressedDigitalAudioOPL",
    ),
    (
        "KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=1&compressedDigitalVideoOPL=1&uncompressedDigitalAudioOPL=1&uncompressedDigitalVideoOPL=",
        -5006,
        "uncompressedDigitalVideoOPL",
    ),
    ("KEY&BUY&analogVideoOPL=1000", -2034, "analogVideoOPL"),
    ("KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=-1", -2034, "compressedDigitalAudioOPL"),
    (
        "KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=1&compressedDigitalVideoOPL=1.5",
        -2034,
        "compressedDigitalVideoOPL",
    ),
    (
        "KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=1&compressedDigitalVideoOPL=1&uncompressedDigitalAudioOPL=x",
        -2034,
        "uncompressedDigitalAudioOPL",
    ),
    (
        "KEY&BUY&analogVideoOPL=1&compressedDigitalAudioOPL=1&compressedDigitalVideoOPL=1&uncompressedDigitalAudioOPL=1&uncompressedDigitalVideoOPL=%2B1",
        -2034,
        "uncompressedDigitalVideoOPL",
    ),
    ("KEY&BUY&OPLS&unknownOutputBehavior=allow", -5001, "unknownOutputBehavior"),
    ("KEY&BUY&OPLS&outputControlFlags=0", -2040, "outputControlFlags"),
    ("KEY&BUY&OPLS&outputControlFlags=000000000", -2040, "outputControlFlags"),
    ("KEY&BUY&OPLS&outputControlFlags=0000000g", -2008, "outputControlFlags"),
    ("KEY&BUY&OPLS&outputControlFlags=00000004", -2008, "outputControlFlags"),
    ("KEY&BUY&OPLS&outputControlFlags=00000001&outputControlFlags=00000000", -2008, "outputControlFlags"),
    ("KEY&BUY&OPLS&outputControlFlags=00000002&unknownOutputBehavior=Allow", -2008, "outputControlFlags"),
    ("KEY&BUY&OPLS&outputControlFlags=00000002&unknownOutputBehavior=SDOnly", -2008, "outputControlFlags"),
    ("KEY&BUY&OPLS&minCertSecurityLevel=1", -2034, "minCertSecurityLevel"),
    ("KEY&BUY&OPLS&minCertSecurityLevel=2001", -2034, "minCertSecurityLevel"),
    (
        "kid.3=%5Ea&contentKey.3=00112233445566778899aabbccddeeff&BUY&OPLS&minCertSecurityLevel.3=1000",
        -2034,
        "minCertSecurityLevel.3",
    ),
    ("KEY&BUY&OPLS&algId=AESCTR", -2005, "algId"),
    ("KEY&BUY&OPLS&algId=cocktail", -2005, "algId"),
    ("kid.3=%5Ea&contentKey.3=00112233445566778899aabbccddeeff&BUY&OPLS&algId.3=cenc", -2005, "algId.3"),
    ("KEY&BUY&OPLS&extensionType=abc&extensionPayload=AA", -2036, "extensionType"),
    ("KEY&BUY&OPLS&extensionType=ab%C3%A9&extensionPayload=AA", -2036, "extensionType"),
    ("KEY&BUY&OPLS&extensionType=abcde&extensionPayload=AA", -2036, "extensionType"),
    ("KEY&BUY&OPLS&extensionType=abcd&extensionPayload=*", -2037, "extensionPayload"),
    ("KEY&BUY&OPLS&extensionType=abcd", -2035, "extensionPayload"),
    ("KEY&BUY&OPLS&extensionPayload=AA", -2035, "extensionType"),
];

const SETTINGS: &str = "[environments.test.playready.output_control_flags]\n\
    \"00000001\" = { output = \"digital-video\", guid = \"ABB2C6F1-E663-4625-A945-972D17B231E7\", data = \"AAAAAQ==\" }\n\
    \"00000002\" = { output = \"analog-video\", guid = \"760ae755-682a-41e0-b1b3-dcdf836a7306\" }";

fn spelled_out(row: &str) -> String {
    let (kid, key) = TRACKS[0];
    row.replace("KEY", &format!("kid={kid}&contentKey={key}"))
        .replace("BUY", "rightsType=BuyToOwn")
        .replace("RENT", "rightsType=Rental&generalFlags=00000001")
        .replace("OPLS", OPLS)
}

/// A refusal in JSON: code, status and parameter.
fn json(answer: &Answer) -> (i64, u16, String) {
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = answer.json();
    let code = json["code"].as_i64().unwrap();
    assert!(json["message"].as_str().unwrap().starts_with(&format!("[{code}] ")), "{json}");
    assert_eq!(json["request_id"], answer.header("x-request-id"));
    assert!(json["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{json}");
    (code, answer.status, json["parameter"].as_str().unwrap_or_default().to_owned())
}

/// A refusal as a page: it names the code.
fn check_page(answer: &Answer, code: i64) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text().starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{}", answer.text());
    assert!(answer.text().contains(&code.to_string()), "{code}: {}", answer.text());
}

/// Asks the same in JSON, as a page by default, and as a page on demand.
async fn refused(world: &World, parameters: &str) -> (i64, u16, String) {
    let told = json(&world.ask(&format!("{parameters}&errorFormat=json")).await);
    for format in ["", "&errorFormat=html"] {
        let page = world.ask(&format!("{parameters}{format}")).await;
        assert_eq!(page.status, told.1);
        check_page(&page, told.0);
    }
    told
}

#[tokio::test]
async fn every_bad_parameter_has_its_code_in_both_formats() {
    let world = World::with_settings(SETTINGS).await;
    for &(row, code, parameter) in ROWS {
        assert_eq!(refused(&world, &spelled_out(row)).await, (code, 400, parameter.to_owned()), "{row}");
    }
}

#[tokio::test]
async fn details_name_what_is_wrong_and_never_a_digit_of_a_key() {
    let world = World::with_settings(SETTINGS).await;
    for (row, named) in [
        ("KEY&BUY&analogVideoOPL=1", "compressedDigitalAudioOPL"),
        ("KEY&RENT&rental.periodEndTime=2025-12-31T23:59:59Z&OPLS", "rental.periodEndTime"),
        ("KEY&BUY&OPLS&minCertSecurityLevel=2001", "150, 2000 or 3000"),
        ("KEY&BUY&OPLS&outputControlFlags=00000005", "00000004"),
        ("KEY&BUY&OPLS&algId=cenc", "aesctr or aescbc"),
        ("KEY&RENT&rental.periodEndTime=2106-02-07T06:28:15Z&OPLS", "2106-02-07T06:28:14Z"),
    ] {
        let answer = world.ask(&format!("{}&errorFormat=json", spelled_out(row))).await.json();
        assert!(answer["hint"].as_str().unwrap().contains(named), "{row}: {answer}");
    }
    for key in ["c0ffee33445566778899aabbccddeeffc0", "c0ffee33445566778899aabbccddeefg"] {
        let row = format!("kid={}&contentKey={key}&rightsType=BuyToOwn&{OPLS}&errorFormat=json", TRACKS[0].0);
        let answer = world.ask(&row).await;
        assert!(!answer.text().contains("c0ffee"), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_unknown_error_format_is_shown_as_a_page() {
    let world = World::new().await;
    for format in ["xml", "JSON", "json&errorFormat=html"] {
        let answer = world.ask(&format!("errorFormat={format}")).await;
        assert_eq!(answer.status, 400);
        check_page(&answer, -3004);
    }
}

#[tokio::test]
async fn whoever_asks_is_refused_as_section_3_says() {
    let world = World::new().await;
    let good = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    let as_somebody = async |authenticator: &str| {
        let target = format!("/hms/pr/token?{authenticator}&{good}");
        let told = json(&world.lab.get(format!("{target}&errorFormat=json")).await);
        let page = world.lab.get(target).await;
        assert_eq!(page.status, 401);
        check_page(&page, told.0);
        assert_eq!((told.1, told.2.as_str()), (401, "customerAuthenticator"));
        told.0
    };
    assert_eq!(as_somebody("").await, -2017);
    assert_eq!(as_somebody("customerAuthenticator=").await, -2017);
    assert_eq!(as_somebody("customerAuthenticator=12").await, -2018);
    let id = world.customer.id;
    assert_eq!(as_somebody(&format!("customerAuthenticator={id},{}", "0".repeat(32))).await, -2018);
    let elsewhere = world.lab.account_in(Environment::Production).await;
    assert_eq!(as_somebody(&format!("customerAuthenticator={}", elsewhere.authenticator)).await, -2018);
}

#[tokio::test]
async fn whatever_concerns_the_account_has_its_code_in_both_formats() {
    let world = World::new().await;
    let good = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    let with = async |change: AccountChange| {
        world.lab.change(&world.customer, change).await;
        refused(&world, &good).await
    };
    let named = |code, status| (code, status, "customerAuthenticator".to_owned());
    let empty = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    assert_eq!(with(empty).await, named(-2019, 400));
    let off = AccountChange { playready: Some(false), ..AccountChange::default() };
    assert_eq!(with(off).await, named(-5002, 400));
    let disabled = AccountChange { enabled: Some(false), ..AccountChange::default() };
    assert_eq!(with(disabled).await, named(-2031, 401));
}

#[tokio::test]
async fn a_database_that_is_away_is_told_with_a_time_to_try_again() {
    let world = World::new().await;
    let good = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    world.lab.storage.set_away(true);
    let told = refused(&world, &good).await;
    assert_eq!((told.0, told.1), (-2030, 503));
    assert!(world.ask(&good).await.headers.contains_key("retry-after"));
    world.lab.storage.set_away(false);
    world.token(&good).await;
}

/// Everything is wrong; then one thing after the other is put right, from the first that is named.
#[tokio::test]
async fn of_several_mistakes_the_first_in_the_interface_s_order_is_told() {
    let world = World::with_settings(SETTINGS).await;
    // What is wrong, what would be right, and the code meanwhile. Further down is later in the order.
    let steps = [
        ("kid=zz", "kid=33e0008cc44447709899a321e079dd36", -4020),
        ("contentKey=zz", "contentKey=00112233445566778899aabbccddeeff", -2027),
        ("generalFlags=zz", "generalFlags=00000001", -5003),
        ("rightsType=zz", "rightsType=Rental", -2021),
        ("rental.periodEndTime=zz", "rental.periodEndTime=%2B60", -2002),
        ("rental.playDuration=zz", "rental.playDuration=60", -2025),
        ("analogVideoOPL=zz", "analogVideoOPL=0", -2034),
        ("", "compressedDigitalAudioOPL=0", -5006),
        ("compressedDigitalVideoOPL=zz", "compressedDigitalVideoOPL=0", -2034),
        ("", "uncompressedDigitalAudioOPL=0", -5006),
        ("uncompressedDigitalVideoOPL=zz", "uncompressedDigitalVideoOPL=0", -2034),
        ("unknownOutputBehavior=zz", "unknownOutputBehavior=Disallow", -5001),
        ("outputControlFlags=zz", "outputControlFlags=00000000", -2040),
        ("minCertSecurityLevel=zz", "minCertSecurityLevel=150", -2034),
        ("algId=zz", "algId=aesctr", -2005),
        ("extensionType=zz", "extensionType=abcd", -2036),
        ("extensionPayload=*", "extensionPayload=AA", -2037),
        ("expirationTime=zz", "expirationTime=%2B60", -2002),
        ("oneTime=zz", "oneTime=false", -2035),
        ("deviceId=zz", "deviceId=000102030405060708090a0b0c0d0e0f", -5004),
        ("ipAddress=zz", "ipAddress=127.0.0.1", -2003),
        ("cookie=%07", "cookie=a", -2033),
    ];
    let empty = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    world.lab.change(&world.customer, empty).await;
    for right in 0..=steps.len() {
        let parts = steps.iter().enumerate().map(|(index, step)| if index < right { step.1 } else { step.0 });
        let parameters = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        let expected = steps.get(right).map_or(-2019, |step| step.2);
        assert_eq!(refused(&world, &parameters).await.0, expected, "{parameters}");
    }
    // The account comes before any of them, and the format of errors before the account.
    let wrong = "kid=zz";
    let off = AccountChange { playready: Some(false), ..AccountChange::default() };
    world.lab.change(&world.customer, off).await;
    assert_eq!(refused(&world, wrong).await.0, -5002);
    let answer = world.lab.send(Request::get("/hms/pr/token?errorFormat=zz")).await;
    check_page(&answer, -3004);
}

/// With the codes of redemption (see `refusals`) these are all that stand in PlayReady's list and can be raised.
#[test]
fn no_code_of_playready_is_left_out() {
    let by_account = [-2017, -2018, -2019, -2030, -2031, -3004, -5002];
    let at_redemption = [-4001, -4010];
    let raised: BTreeSet<i64> = ROWS.iter().map(|row| row.1).chain(by_account).chain(at_redemption).collect();
    let listed =
        Event::ALL.iter().filter(|event| event.info().drms.contains(&Drm::PlayReady) && event.is_raised());
    let listed: BTreeSet<i64> = listed.map(|event| i64::from(event.code())).collect();
    assert_eq!(raised, listed);
}
