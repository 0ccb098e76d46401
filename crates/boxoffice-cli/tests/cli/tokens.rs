//! Looking into tokens, redeeming them, and rolling the keys that seal them.

use crate::program::{Place, poll};

#[test]
fn inspect_says_what_a_token_grants_and_shows_keys_only_when_asked() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let url = server.widevine_token(
        "&securityLevel=5&hdcpOutputControl=2&licenseDuration=3600&cookie=viewer-7&expirationTime=%2B600&oneTime=true",
    );
    let told = place.succeed(&["token", "inspect", &url]);
    for words in [
        "a Widevine token of the test environment, for account 100001 (demo)",
        "redeemed  once",
        "cookie    viewer-7",
        "playback  1 hour from the first play",
        "0123456789abcdef0123456789abcdef: HD, HW_SECURE_ALL, HDCP_V2",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert!(!told.contains("00112233445566778899aabbccddeeff"), "{told}");
    let json = place.json(&["token", "inspect", &url, "--json"]);
    assert_eq!((&json["drm"], &json["account_id"]), (&"wv".into(), &100_001.into()));
    assert_eq!((&json["license_duration"], &json["one_time"]), (&3600.into(), &true.into()));
    assert!(json["keys"][0].get("content_key").is_none());
    let revealed = place.json(&["token", "inspect", &url, "--json", "--reveal-keys"]);
    assert_eq!(revealed["keys"][0]["content_key"], "00112233445566778899aabbccddeeff");
    server.end();
}

#[test]
fn inspect_refuses_what_is_no_token_of_this_directory() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let url = server.widevine_token("&securityLevel=1&hdcpOutputControl=0");
    server.end();
    let other = Place::new();
    other.succeed(&["account", "create", "A"]);
    let refused = other.refused(&["token", "inspect", &url]);
    assert!(refused.contains("none of this environment's sealing keys opens it"), "{refused}");
    assert!(other.refused(&["token", "inspect", "AQAAAAE!"]).contains("position 8"));
    assert_eq!(other.run(&["token", "inspect", "http://h/hms/wv/rights/"]).status, Some(2));
}

#[test]
fn redeem_speaks_for_every_device_in_every_mode() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let url = server.widevine_token("&securityLevel=1&hdcpOutputControl=1&persistent=true");
    for device in ["android-l1", "android-l3", "chrome-l3"] {
        for asked in ["streaming", "offline", "automatic"] {
            for privacy in [None, Some("--privacy")] {
                let mut arguments =
                    vec!["redeem", url.as_str(), "--device", device, "--type", asked, "--json"];
                arguments.extend(privacy);
                let redeemed = place.json(&arguments);
                assert_eq!(redeemed["device"], device);
                let expected = if asked == "streaming" { "streaming" } else { "offline" };
                assert_eq!(redeemed["licence_type"], expected, "{arguments:?}");
                assert_eq!(redeemed["policy"]["can_persist"], true);
                assert_eq!(redeemed["keys"][0]["content_key"], "matches", "{arguments:?}");
            }
        }
    }
    server.end();
}

#[test]
fn redeem_takes_the_first_device_that_fits_and_says_what_the_server_refuses() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let url = server.widevine_token("&securityLevel=5&hdcpOutputControl=0");
    assert_eq!(place.json(&["redeem", &url, "--json"])["device"], "android-l1");
    let refused = place.refused(&["redeem", &url, "--device", "chrome-l3"]);
    assert!(refused.contains("403 [-4001]") && refused.contains("device-level"), "{refused}");
    let refused = place.refused(&["redeem", &url, "--type", "offline"]);
    assert!(refused.contains("[-7008]") && refused.contains("persistence-not-granted"), "{refused}");
    let refused = place.refused(&["redeem", &url, "--device", "toaster"]);
    assert!(refused.contains("android-l1, android-l3, chrome-l3"), "{refused}");
    // One letter of the sealed part is another one.
    let last = url.len() - 5;
    let other = if url.as_bytes()[last] == b'A' { "B" } else { "A" };
    let altered = format!("{}{other}{}", &url[..last], &url[last + 1..]);
    let refused = place.refused(&["redeem", &altered]);
    assert!(refused.contains("401 [-4010]") && refused.contains("token-not-ours"), "{refused}");
    server.end();
}

#[test]
fn rotating_a_sealing_key_loses_no_outstanding_token() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let request = server.token_request("&securityLevel=1&hdcpOutputControl=0");
    let old = server.get(&request).text();
    assert_eq!(sealing_key(&old), 1, "{old}");
    place.succeed(&["sealing-key", "rotate", "--environment", "test"]);
    // Without a restart, five seconds later, it is key 2 that seals.
    let (new, _) = poll(|| server.get(&request).text(), |url| sealing_key(url) == 2);
    for url in [&old, &new] {
        assert!(place.succeed(&["redeem", url]).contains("content key matches"));
    }
    let status = place.json(&["sealing-key", "status", "--json"]);
    let rings: Vec<_> = status
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            (key["environment"].as_str().unwrap(), key["key_id"].as_u64().unwrap(), key["current"] == true)
        })
        .collect();
    assert_eq!(rings, [("test", 1, false), ("test", 2, true), ("production", 1, true)]);
    let refused = place.refused(&["sealing-key", "retire"]);
    assert!(refused.contains("--force"), "{refused}");
    place.succeed(&["sealing-key", "retire", "1", "--environment", "test", "--force"]);
    poll(|| place.run(&["redeem", &old]), |done| done.status == Some(1));
    assert!(place.succeed(&["redeem", &new]).contains("content key matches"));
    assert!(
        place
            .refused(&["sealing-key", "retire", "2", "--environment", "test", "--force"])
            .contains("rotate first")
    );
    assert!(place.refused(&["sealing-key", "retire", "9"]).contains("no sealing key 9"));
    server.end();
}

/// The number of the key that sealed a URL's token: its second to fifth byte (one to fifteen is all that a test needs).
fn sealing_key(url: &str) -> u8 {
    let (_, token) = url.split_once("ExpressPlayToken=AQAAA").unwrap();
    let [b'A', low, ..] = token.as_bytes() else { panic!("{token}") };
    // Four bits of the key's number, and two of what follows.
    (low - b'A') / 4
}

#[test]
fn the_environments_share_no_authenticator_and_no_token() {
    let place = Place::new();
    let server = place.serve();
    let made = place.json(&["account", "create", "P", "--environment", "production", "--json"]);
    let authenticator = made["customer_authenticator"].as_str().unwrap();
    let target = format!(
        "/hms/wv/token?customerAuthenticator={authenticator}&errorFormat=json&kid=^a&contentKey={}&securityLevel=1&hdcpOutputControl=0",
        "0".repeat(32)
    );
    assert_eq!(server.get(&target).code(), Some(-2018));
    let port = server.address.port();
    let minted =
        crate::http::ask(server.address, "GET", &target, &[&format!("Host: prod.localhost:{port}")], b"");
    assert_eq!(minted.status, 200, "{minted:?}");
    let url = minted.text();
    assert!(url.starts_with(&format!("http://prod.localhost:{port}/hms/wv/rights/")), "{url}");
    assert_eq!(place.json(&["token", "inspect", &url, "--json"])["environment"], "production");
    // Production has no back end yet; the test environment does not open the token.
    assert!(place.refused(&["redeem", &url]).contains("503 [-7008]"));
    let in_test = url.replace("prod.localhost", "127.0.0.1");
    assert!(place.refused(&["redeem", &in_test]).contains("token-not-ours"));
    server.end();
}

#[test]
fn codes_prints_the_whole_catalogue() {
    let place = Place::new();
    let codes = place.json(&["codes", "--json"]);
    let codes = codes.as_array().unwrap();
    let row = |code: i64| codes.iter().find(|row| row["code"] == code).unwrap();
    let length = row(-4020);
    assert_eq!(length["text"], "kid must be 32 hexadecimal characters long");
    assert_eq!((&length["status"], &length["raised"]), (&400.into(), &true.into()));
    assert_eq!(length["drms"], serde_json::json!(["WV", "PR", "FP", "CK"]));
    assert_eq!(length["raised_by"], serde_json::json!(["kid"]));
    assert_eq!(row(-6002)["raised"], false);
    for row in codes {
        assert!(
            row["name"].is_string() && row["statuses"].as_array().unwrap().contains(&row["status"]),
            "{row}"
        );
    }
    assert_eq!(place.succeed(&["codes"]).lines().count(), codes.len() + 1);
}

#[test]
fn doctor_finds_a_healthy_server_healthy_and_an_absent_one_absent() {
    let place = Place::new();
    let server = place.serve();
    let told = place.succeed(&["doctor"]);
    assert!(
        !told.contains("PROBLEM")
            && told.contains("Widevine: a token was minted and redeemed")
            && told.contains("the back end gives its service certificate"),
        "{told}"
    );
    let url = format!("http://{}", server.address);
    server.end();
    let done = place.run(&["doctor", &url]);
    assert_eq!(done.status, Some(1));
    assert!(done.stdout.contains("PROBLEM  reachable"), "{done:?}");
    assert!(place.refused(&["doctor"]).contains("no server runs"));
}
