//! When several things are wrong, the first in the interface's order is reported (token-api.md, section 2).

use boxoffice_core::account::{AccountChange, BalanceChange};

use crate::kit::Lab;

/// Parameters in the order of the checks: name, a bad value, the code for it, a good value.
const ORDER: [(&str, &str, i64, &str); 20] = [
    ("kid", "x", -4020, "^kid1"),
    ("contentKey", "00", -2027, "00000000000000000000000000000000"),
    ("generalFlags", "1", -5003, "0000"),
    ("persistent", "yes", -5003, "true"),
    ("licenseDuration", "0", -7007, "1"),
    ("rentalDuration", "0", -6007, "1"),
    ("securityLevel", "9", -7004, "1"),
    ("hdcpOutputControl", "9", -2034, "0"),
    ("trackType", "9", -2035, "1"),
    ("contentId", "0123456789012345678901234567890123456789012345678901234567890123x", -6005, "film"),
    ("wvExtension", "x", -7009, "wudo,AAAA"),
    ("expirationTime", "x", -2002, "%2B60"),
    ("oneTime", "yes", -2035, "true"),
    ("userId", "%00", -2035, "viewer"),
    ("maxStreams", "0", -2035, "2"),
    ("deviceId", "x", -7002, ""),
    ("ipAddress", "x", -2003, "203.0.113.7"),
    ("cookie", "0123456789012345678901234567890123", -2033, "order"),
    ("balance", "", -2019, ""),
    ("nothing", "", 0, ""),
];

#[tokio::test]
async fn the_first_in_the_order_is_reported() {
    let lab = Lab::with_settings("[environments.test.widevine.renewal]\nenabled = true").await;
    let customer = lab.account().await;
    let none = AccountChange::default;
    let ask = async |mended: usize| {
        let value = |(at, (name, bad, _, good)): (usize, &(&str, &str, i64, &str))| {
            format!("&{name}={}", if at < mended { good } else { bad })
        };
        let parameters: String = ORDER.iter().enumerate().map(value).collect();
        let answer = lab.ask_for_token(&customer, "wv", &format!("errorFormat=json{parameters}")).await;
        if answer.status == 200 { 0 } else { answer.json()["code"].as_i64().unwrap() }
    };
    let broken = AccountChange {
        enabled: Some(false),
        widevine: Some(false),
        balance: Some(BalanceChange::Set(0)),
        ..none()
    };
    lab.change(&customer, broken).await;
    let answer = lab.get("/hms/wv/token?errorFormat=xml&kid=x").await;
    assert!(answer.text().contains("-3004"));
    assert_eq!(lab.get("/hms/wv/token?errorFormat=json&kid=x").await.json()["code"], -2017);
    assert_eq!(ask(0).await, -2031);
    lab.change(&customer, AccountChange { enabled: Some(true), ..none() }).await;
    assert_eq!(ask(0).await, -7011);
    lab.change(&customer, AccountChange { widevine: Some(true), ..none() }).await;
    for (mended, (name, _, code, _)) in ORDER.iter().enumerate() {
        if *name == "nothing" {
            lab.change(&customer, AccountChange { balance: Some(BalanceChange::Set(1)), ..none() }).await;
        }
        assert_eq!(ask(mended).await, *code, "{name}");
    }
}

#[tokio::test]
async fn every_kid_is_checked_before_any_key_and_keys_by_index() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    for (parameters, code, parameter) in [
        ("kid.0=^a&contentKey.0=zz&kid.1=x", -4020, "kid.1"),
        ("kid.0=^a&contentKey.0=zz&kid.1=^b", -2027, "contentKey.0"),
        ("kid.3=^a&contentKey.3=zz&kid.10=^b&kek.10=z", -2027, "contentKey.3"),
        ("kid.10=^a&contentKey.10=zz&kid.3=^b&kek.3=z", -4024, "kek.3"),
    ] {
        let answer = lab.ask_for_token(&customer, "wv", &format!("{parameters}&errorFormat=json")).await;
        let json = answer.json();
        assert_eq!((&json["code"], &json["parameter"]), (&code.into(), &parameter.into()), "{parameters}");
    }
}
