//! The parameters of every token request (token-api.md, sections 3, 4 and 11).

use crate::kit::Lab;
use crate::token::GOOD;

struct World {
    lab: Lab,
    customer: crate::kit::Customer,
}

impl World {
    async fn start() -> Self {
        let lab = Lab::start().await;
        let customer = lab.account().await;
        Self { lab, customer }
    }

    /// 0 for a token, or the code.
    async fn code(&self, parameters: &str) -> i64 {
        let answer =
            self.lab.ask_for_token(&self.customer, "wv", &format!("errorFormat=json&{parameters}")).await;
        if answer.status == 200 { 0 } else { answer.json()["code"].as_i64().unwrap() }
    }
}

#[tokio::test]
async fn expiration_times_are_absolute_in_z_or_seconds_from_now() {
    let world = World::start().await;
    for (time, code) in [
        ("", 0),
        ("2026-01-01T00:00:01Z", 0),
        ("2026-01-01t00:00:01.5z", 0),
        ("2026-01-31T00:00:00Z", 0),
        ("2026-01-31T00:00:01Z", -2002),
        ("2026-01-01T00:00:00Z", -2002),
        ("2025-12-31T23:59:59Z", -2002),
        ("2026-01-02T00:00:00%2B01:00", -2002),
        ("2026-01-02%2000:00:00Z", -2002),
        ("2026-01-02", -2002),
        ("tomorrow", -2002),
        ("%2B60", 0),
        ("+60", 0),
        ("%2B0060", 0),
        ("%2B0", -2002),
        ("%2B2592000", 0),
        ("%2B2592001", -2002),
        ("%2B-1", -2002),
        ("60", -2002),
        ("%2B99999999999999999999", -2002),
    ] {
        assert_eq!(world.code(&format!("{GOOD}&expirationTime={time}")).await, code, "{time}");
    }
}

#[tokio::test]
async fn a_parameter_twice_is_one_unless_its_values_differ() {
    let world = World::start().await;
    assert_eq!(world.code(&format!("{GOOD}&kid=%5Ekid1&securityLevel=1")).await, 0);
    for (parameters, code) in [
        ("kid=^other", -4022),
        ("contentKey=00000000000000000000000000000000", -2005),
        ("securityLevel=2", -7004),
        ("hdcpOutputControl=1", -2034),
        ("expirationTime=%2B60&expirationTime=%2B61", -2002),
        ("cookie=a&cookie=b", -2033),
        ("generalFlags=0000&generalFlags=00000000", -5003),
        ("oneTime=true&oneTime=false", -2035),
        ("ipAddress=203.0.113.7&ipAddress=203.0.113.8", -2003),
        ("licenseDuration=1&licenseDuration=2", -7007),
        ("contentId=a&contentId=b", -6005),
    ] {
        assert_eq!(world.code(&format!("{GOOD}&{parameters}")).await, code, "{parameters}");
    }
    // Any number of extensions.
    assert_eq!(world.code(&format!("{GOOD}&wvExtension=wudo,AAAA&wvExtension=abcd,AAAA")).await, 0);
}

#[tokio::test]
async fn keys_come_from_the_request_in_the_documented_ways() {
    let world = World::start().await;
    let rules = "securityLevel=1&hdcpOutputControl=0";
    let (kek, ek) = ("00112233445566778899aabbccddeeff", "ffaf1dae9201d1adf62770dca5ddb77ad773a79369e39986");
    let key = "00112233445566778899aabbccddeeff";
    for (parameters, code) in [
        (format!("kid=^a&contentKey={key}"), 0),
        (format!("kid=80EA8BC8a58f990ad1f76bc665b30bfa&contentKey={}", key.to_uppercase()), 0),
        (format!("kid=^a&kek={kek}&ek={ek}"), 0),
        (format!("kid=^a&kek={}&ek={ek}", key.replace("00", "11")), -4024),
        (format!("kid=^a&kek={kek}&ek={}", &ek[2..]), -4024),
        (format!("kid=^a&kek=00&ek={ek}"), -4024),
        (format!("kid=^a&ek={ek}"), -4024),
        (format!("kid=^a&kek={kek}&contentKey={key}"), -6005),
        (format!("kid=^a&kek={kek}"), -4019),
        ("kid=^a".to_owned(), -4019),
        (format!("contentKey={key}"), -4018),
        (String::new(), -4018),
        (format!("kid=^&contentKey={key}"), -4022),
        (format!("kid=^{}&contentKey={key}", "a".repeat(64)), 0),
        (format!("kid=^{}&contentKey={key}", "a".repeat(65)), -4021),
        (format!("kid=^{}&contentKey={key}", "%C3%A9".repeat(64)), 0),
        (format!("kid=80ea8bc8a58f990ad1f76bc665b30bf&contentKey={key}"), -4020),
        (format!("kid=80ea8bc8a58f990ad1f76bc665b30bfg&contentKey={key}"), -4022),
        ("kid=^a&contentKey=0".to_owned(), -2027),
        (format!("kid=^a&contentKey={}g", &key[1..]), -2005),
    ] {
        assert_eq!(world.code(&format!("{parameters}&{rules}")).await, code, "{parameters}");
    }
}

#[tokio::test]
async fn cookies_addresses_and_devices_are_read_strictly() {
    let world = World::start().await;
    for (parameters, code) in [
        (format!("cookie={}", "c".repeat(32)), 0),
        (format!("cookie={}", "%E4%B8%AD".repeat(32)), 0),
        (format!("cookie={}", "c".repeat(33)), -2033),
        ("cookie=a%0Ab".to_owned(), -2033),
        ("cookie=%FF".to_owned(), -2033),
        ("ipAddress=203.0.113.7".to_owned(), 0),
        ("ipAddress=2001:db8::/32".to_owned(), 0),
        ("ipAddress=203.0.113.7/24".to_owned(), -2003),
        ("ipAddress=%5B::1%5D".to_owned(), -2003),
        ("ipAddress=here".to_owned(), -2003),
        ("deviceId=00112233445566778899aabbccddeeff".to_owned(), -7002),
        ("deviceId=".to_owned(), 0),
        ("oneTime=true".to_owned(), 0),
        ("oneTime=1".to_owned(), -2035),
    ] {
        assert_eq!(world.code(&format!("{GOOD}&{parameters}")).await, code, "{parameters}");
    }
}

#[tokio::test]
async fn an_empty_value_counts_as_absent() {
    let world = World::start().await;
    let empty =
        "expirationTime=&cookie=&deviceId=&ipAddress=&oneTime=&generalFlags=&contentId=&licenseDuration=";
    assert_eq!(world.code(&format!("{GOOD}&{empty}")).await, 0);
    assert_eq!(world.code(&format!("{GOOD}&wvExtension=")).await, -7009);
}

#[tokio::test]
async fn two_tokens_for_one_request_differ() {
    let world = World::start().await;
    let mint = async || world.lab.ask_for_token(&world.customer, "wv", GOOD).await.text().to_owned();
    assert_ne!(mint().await, mint().await);
}
