//! Accounts and authenticators, beside a running server.

use std::time::Duration;

use crate::program::{Place, poll};

/// Operations.md, section 1: a running server sees a change within one second.
const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_new_account_prints_its_authenticator_once_and_asks_for_tokens_at_once() {
    let place = Place::new();
    let server = place.serve();
    let made = place.json(&["account", "create", "Küche & Söhne", "--json"]);
    assert_eq!(made["account_id"], 100_002);
    assert_eq!(made["name"], "Küche & Söhne");
    assert_eq!(made["environment"], "test");
    let authenticator = made["customer_authenticator"].as_str().unwrap();
    let ask = || {
        server.get(&format!(
            "/hms/wv/token?customerAuthenticator={authenticator}&kid=^a&contentKey={}&securityLevel=1&hdcpOutputControl=0",
            "0".repeat(32)
        ))
    };
    assert_eq!(ask().status, 200);
    let shown = place.succeed(&["account", "show", "100002", "--json"]);
    assert!(!shown.contains(authenticator.split_once(',').unwrap().1));
    server.end();
}

#[test]
fn an_account_has_the_members_and_defaults_of_its_environment() {
    let place = Place::new();
    place.succeed(&["account", "create", "T"]);
    place.succeed(&["account", "create", "P", "--environment", "production"]);
    let test = place.json(&["account", "show", "100001", "--json"]);
    let production = place.json(&["account", "show", "100002", "--json"]);
    for (account, environment, clearkey) in [(&test, "test", true), (&production, "production", false)] {
        assert_eq!(account["environment"], environment);
        assert_eq!(account["enabled"], true);
        assert!(account["balance"].is_null());
        let drm =
            serde_json::json!({"widevine": true, "playready": true, "fairplay": true, "clearkey": clearkey});
        assert_eq!(account["drm"], drm);
        assert_eq!((&account["lenient"], &account["one_time"]), (&false.into(), &false.into()));
        assert_eq!(account["service_keys"], true);
        assert!(account["max_streams"].is_null() && account["min_level"].is_null());
        assert!(account["min_hdcp_type"].is_null());
    }
    assert_eq!(place.json(&["account", "list", "--json"]), serde_json::json!([test, production]));
}

#[test]
fn every_option_of_an_account_can_be_set_and_unset() {
    let place = Place::new();
    place.succeed(&["account", "create", "A"]);
    let set = |option: &str, value: &str, member: &str| {
        let account = place.json(&["account", "set", "100001", option, value, "--json"]);
        member.split('.').fold(account, |value, name| value[name].clone())
    };
    for drm in ["widevine", "playready", "fairplay", "clearkey"] {
        assert_eq!(set(&format!("--{drm}"), "off", &format!("drm.{drm}")), false);
        assert_eq!(set(&format!("--{drm}"), "on", &format!("drm.{drm}")), true);
    }
    for (option, member) in
        [("--lenient", "lenient"), ("--one-time", "one_time"), ("--service-keys", "service_keys")]
    {
        assert_eq!(set(option, "on", member), true);
        assert_eq!(set(option, "off", member), false);
    }
    assert_eq!(set("--balance", "10", "balance"), 10);
    assert_eq!(set("--balance", "+5", "balance"), 15);
    assert_eq!(set("--balance", "-20", "balance"), 0);
    assert!(set("--balance", "unlimited", "balance").is_null());
    assert_eq!(set("--max-streams", "3", "max_streams"), 3);
    assert!(set("--max-streams", "unlimited", "max_streams").is_null());
    assert_eq!(set("--min-level", "L1", "min_level"), "L1");
    assert!(set("--min-level", "none", "min_level").is_null());
    assert_eq!(set("--min-hdcp-type", "0", "min_hdcp_type"), 0);
    assert_eq!(set("--min-hdcp-type", "1", "min_hdcp_type"), 1);
    assert!(place.succeed(&["account", "show", "100001"]).contains("min-hdcp-type 1\n"));
    assert!(set("--min-hdcp-type", "none", "min_hdcp_type").is_null());
}

#[test]
fn wrong_usage_is_2_and_an_account_that_is_not_there_is_1() {
    let place = Place::new();
    place.succeed(&["account", "create", "A"]);
    for wrong in [
        &["account", "set", "100001"][..],
        &["account", "set", "100001", "--widevine", "perhaps"],
        &["account", "set", "100001", "--max-streams", "0"],
        &["account", "set", "100001", "--min-hdcp-type", "2"],
        &["account", "set", "100001", "--min-hdcp-type", "-1"],
        &["account", "set", "100001", "--balance", "many"],
        &["account", "create", ""],
        &["account", "create", "a\nb"],
        &["account", "show", "one"],
        &["account", "create", "A", "--environment", "staging"],
        &["frobnicate"],
        &[],
    ] {
        let done = place.run(wrong);
        assert_eq!((done.status, done.stdout.as_str()), (Some(2), ""), "{wrong:?}: {done:?}");
        assert!(!done.stderr.is_empty(), "{wrong:?}");
    }
    for unknown in [
        &["account", "show", "7"][..],
        &["account", "disable", "7"],
        &["account", "set", "7", "--balance", "1"],
        &["authenticator", "add", "7"],
        &["authenticator", "list", "7"],
        &["authenticator", "revoke", "7"],
        &["authenticator", "revoke", "7,0123456789abcdef0123456789abcdef"],
    ] {
        let refused = place.refused(unknown);
        assert!(refused.contains('7'), "{unknown:?}: {refused}");
    }
}

#[test]
fn a_running_server_sees_an_account_disabled_and_enabled_within_a_second() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let request = server.token_request("&securityLevel=1&hdcpOutputControl=0");
    assert_eq!(server.get(&request).status, 200);
    let token = server.widevine_token("&securityLevel=1&hdcpOutputControl=0");
    place.succeed(&["account", "disable", "100001"]);
    let (refused, late) = poll(|| server.get(&request), |answer| answer.status != 200);
    assert_eq!((refused.status, refused.code()), (401, Some(-2031)));
    assert!(late < SOON, "{late:?}");
    let refused = place.refused(&["redeem", &token]);
    assert!(refused.contains("401 [-2031]"), "{refused}");
    place.succeed(&["account", "enable", "100001"]);
    let (_, late) = poll(|| server.get(&request), |answer| answer.status == 200);
    assert!(late < SOON, "{late:?}");
    server.end();
}

#[test]
fn a_running_server_sees_an_option_and_a_balance_change_within_a_second() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let request = server.token_request("");
    assert_eq!(server.get(&request).code(), Some(-7003));
    place.succeed(&["account", "set", "100001", "--lenient", "on"]);
    let (_, late) = poll(|| server.get(&request), |answer| answer.status == 200);
    assert!(late < SOON, "{late:?}");
    place.succeed(&["account", "set", "100001", "--balance", "0"]);
    let (refused, late) = poll(|| server.get(&request), |answer| answer.status != 200);
    assert_eq!((refused.status, refused.code()), (400, Some(-2019)));
    assert!(late < SOON, "{late:?}");
    place.succeed(&["account", "set", "100001", "--balance", "unlimited", "--widevine", "off"]);
    let (_, late) = poll(|| server.get(&request), |answer| answer.code() == Some(-7011));
    assert!(late < SOON, "{late:?}");
    server.end();
}

#[test]
fn an_authenticator_is_rolled_without_an_outage() {
    let place = Place::new();
    let mut server = place.serve();
    let old = server.authenticator();
    let ask = |authenticator: &str| {
        server.get(&format!(
            "/hms/wv/token?customerAuthenticator={authenticator}&errorFormat=json&kid=^a&contentKey={}&securityLevel=1&hdcpOutputControl=0",
            "0".repeat(32)
        ))
    };
    assert_eq!(ask(&old).status, 200);
    let added = place.json(&["authenticator", "add", "100001", "--json"]);
    let new = added["customer_authenticator"].as_str().unwrap().to_owned();
    let (_, late) = poll(|| ask(&new), |answer| answer.status == 200);
    assert!(late < SOON, "{late:?}");
    assert_eq!(ask(&old).status, 200);
    place.succeed(&["authenticator", "revoke", &old.replace(',', "%2C")]);
    let (refused, late) = poll(|| ask(&old), |answer| answer.status != 200);
    assert_eq!((refused.status, refused.code()), (401, Some(-2018)));
    assert!(late < SOON, "{late:?}");
    assert_eq!(ask(&new).status, 200);
    let listed = place.json(&["authenticator", "list", "100001", "--json"]);
    assert!(listed[0]["revoked_at"].is_string() && listed[1]["revoked_at"].is_null(), "{listed}");
    // By its number too, which needs no secret.
    place.succeed(&["authenticator", "revoke", &added["id"].to_string()]);
    poll(|| ask(&new), |answer| answer.status == 401);
    server.end();
}

#[test]
fn an_authenticator_beyond_its_scope_gets_2018() {
    let place = Place::new();
    let server = place.serve();
    let added = place.json(&["authenticator", "add", "100001", "--scope", "keys,packagers", "--json"]);
    assert_eq!(added["scopes"], serde_json::json!(["keys", "packagers"]));
    let authenticator = added["customer_authenticator"].as_str().unwrap();
    let refused =
        server.get(&format!("/hms/wv/token?customerAuthenticator={authenticator}&errorFormat=json"));
    assert_eq!((refused.status, refused.code()), (401, Some(-2018)));
    assert_eq!(place.run(&["authenticator", "add", "100001", "--scope", "everything"]).status, Some(2));
    server.end();
}
