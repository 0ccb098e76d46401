//! `/hms/wv/token`: token-api.md, section 5.

use boxoffice_core::account::AccountChange;

use super::device;
use crate::kit::{Lab, Request};
use crate::token::GOOD;

#[tokio::test]
async fn a_token_is_a_url_of_at_most_200_characters_of_token_without_a_line_break() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let answer = lab.ask_for_token(&customer, "wv", GOOD).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/uri-list"));
    let prefix = format!("{}/hms/wv/rights/?ExpressPlayToken=", lab.base());
    let token = answer.text().strip_prefix(&prefix).expect("the documented URL");
    assert!(token.len() <= 200, "{} characters", token.len());
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
}

#[tokio::test]
async fn get_and_post_and_both_mixed_are_one_set_of_parameters() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let all = format!("customerAuthenticator={}&{GOOD}", customer.authenticator.replace(',', "%2C"));
    let (query, form) = all.split_once("&kid").unwrap();
    let form_type = "application/x-www-form-urlencoded";
    for request in [
        Request::get(format!("/hms/wv/token?{all}")),
        Request::get(format!("/hms/wv/token/?{all}")),
        Request::post("/hms/wv/token", form_type, all.clone()),
        Request::post(format!("/hms/wv/token?{query}"), form_type, format!("kid{form}")),
        // Equal values are one, in query and form alike.
        Request::post(format!("/hms/wv/token?{all}"), form_type, all.clone()),
        Request::get("/hms/wv/token").header("content-type", form_type).body(all.clone()),
    ] {
        let answer = lab.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn unknown_parameters_and_those_of_other_drms_are_ignored() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let others =
        "rightsType=Nonsense&analogVideoOPL=9999&iv=x&KID=zz&Securitylevel=9&kid.00=zz&generalflags=1";
    let answer = lab.ask_for_token(&customer, "wv", &format!("{GOOD}&{others}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn security_level_and_hdcp_have_their_documented_values() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let key = "kid=^a&contentKey=00000000000000000000000000000000";
    let ask = async |parameters: String| {
        let answer =
            lab.ask_for_token(&customer, "wv", &format!("{key}&errorFormat=json&{parameters}")).await;
        if answer.status == 200 { 0 } else { answer.json()["code"].as_i64().unwrap() }
    };
    for level in 1..=5 {
        assert_eq!(ask(format!("securityLevel={level}&hdcpOutputControl=0")).await, 0);
    }
    for bad in ["0", "6", "-1", "+1", "1.0", "one", "%EF%BC%91"] {
        assert_eq!(ask(format!("securityLevel={bad}&hdcpOutputControl=0")).await, -7004, "{bad}");
    }
    for hdcp in 0..=2 {
        assert_eq!(ask(format!("securityLevel=1&hdcpOutputControl={hdcp}")).await, 0);
    }
    for bad in ["3", "4", "5", "255", "x"] {
        assert_eq!(ask(format!("securityLevel=1&hdcpOutputControl={bad}")).await, -2034, "{bad}");
    }
    assert_eq!(ask("securityLevel=&hdcpOutputControl=0".to_owned()).await, -7003);
    assert_eq!(ask("securityLevel=1&hdcpOutputControl=".to_owned()).await, -7006);
    lab.change(&customer, AccountChange { lenient: Some(true), ..AccountChange::default() }).await;
    assert_eq!(ask(String::new()).await, 0, "a lenient account has defaults");
    for hdcp in ["3", "4", "5", "255"] {
        assert_eq!(ask(format!("hdcpOutputControl={hdcp}")).await, 0);
    }
    assert_eq!(ask("hdcpOutputControl=6".to_owned()).await, -2034);
}

#[tokio::test]
async fn general_flags_are_zero_in_two_or_four_bytes() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    for (flags, status) in
        [("0000", 200), ("00000000", 200), ("", 200), ("0001", 400), ("000", 400), ("0", 400)]
    {
        let answer = lab.ask_for_token(&customer, "wv", &format!("{GOOD}&generalFlags={flags}")).await;
        assert_eq!(answer.status, status, "{flags:?}");
    }
}

#[tokio::test]
async fn several_keys_have_their_own_levels_and_a_missing_key_names_its_index() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let (a, b) = ("11111111111111111111111111111111", "22222222222222222222222222222222");
    let two = format!(
        "kid.0=^a&contentKey.0={a}&kid.7=^b&contentKey.7={b}&securityLevel.0=1&securityLevel=2&hdcpOutputControl=0&trackType.7=2"
    );
    let answer = lab.ask_for_token(&customer, "wv", &two).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let licence =
        device::redeem(&lab, &device::named(&lab, "chrome-l3"), answer.text(), &device::plan(&["^a"]))
            .await
            .unwrap();
    let keys: Vec<_> =
        licence.keys.iter().map(|key| (key.level, key.track_label.as_deref().unwrap_or_default())).collect();
    assert_eq!(keys, [(1, "HD"), (2, "AUDIO")]);
    for (parameters, code, parameter) in [
        (format!("kid.0=^a&contentKey.0={a}&kid.1=^b"), -4019, "kid.1"),
        (format!("kid.0=^a&contentKey.0={a}&contentKey.1={b}"), -4018, "kid.1"),
        (format!("kid.0=^a&contentKey={a}&kid.1=xyz"), -4020, "kid.1"),
        (format!("kid.16=^a&contentKey={a}"), -6005, "kid.16"),
        (format!("kid.0=^a&kid.1=^a&contentKey.0={a}&contentKey.1={b}"), -4022, "kid.1"),
        (format!("kid.0=^a&contentKey={a}&securityLevel.0=9"), -7004, "securityLevel.0"),
    ] {
        let answer = lab.ask_for_token(&customer, "wv", &format!("{parameters}&errorFormat=json")).await;
        assert_eq!(
            (&answer.json()["code"], &answer.json()["parameter"]),
            (&code.into(), &parameter.into()),
            "{parameters}"
        );
    }
}

#[tokio::test]
async fn sixteen_keys_are_enough_and_seventeen_too_many() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let keys = |count: u32| {
        let key = |index| format!("kid.{index}=^k{index}&contentKey.{index}={index:032x}&");
        (0..count).map(key).collect::<String>() + "securityLevel=1&hdcpOutputControl=0&errorFormat=json"
    };
    assert_eq!(lab.ask_for_token(&customer, "wv", &keys(16)).await.status, 200);
    assert_eq!(lab.ask_for_token(&customer, "wv", &keys(17)).await.json()["code"], -6005);
}

#[tokio::test]
async fn streams_need_a_user_and_renewal() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let ask = async |lab: &Lab, parameters: &str| {
        lab.ask_for_token(&customer, "wv", &format!("{GOOD}&errorFormat=json&{parameters}")).await
    };
    assert_eq!(ask(&lab, "userId=viewer-1").await.status, 200);
    let answer = ask(&lab, "userId=viewer-1&maxStreams=2").await;
    assert_eq!(
        (&answer.json()["code"], &answer.json()["parameter"]),
        (&(-2035).into(), &"maxStreams".into())
    );
    assert!(answer.json()["hint"].as_str().unwrap().contains("renewal"), "{}", answer.text());
    // What comes later in the order is reported later.
    assert_eq!(ask(&lab, "userId=v&maxStreams=2&deviceId=x").await.json()["code"], -2035);
    let lab = Lab::with_settings("[environments.test.widevine.renewal]\nenabled = true").await;
    let customer = lab.account().await;
    let answer = lab.ask_for_token(&customer, "wv", &format!("{GOOD}&userId=viewer-1&maxStreams=2")).await;
    assert_eq!(answer.status, 200);
}
