//! PlayReady, from the token request to the licence: README's lines, and what a lab device is told.

use serde_json::json;

use crate::program::{Place, Server, poll};

/// The levels of README's request.
const LEVELS: &str = "&analogVideoOPL=200&compressedDigitalAudioOPL=300&uncompressedDigitalAudioOPL=300\
                      &compressedDigitalVideoOPL=500&uncompressedDigitalVideoOPL=300";

/// A token request's answer, JSON as it came.
fn token(server: &mut Server, parameters: &str) -> String {
    let authenticator = server.authenticator();
    let answer = server.get(&format!(
        "/hms/pr/token?customerAuthenticator={authenticator}&errorFormat=json{LEVELS}&{parameters}"
    ));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

const KEY: &str = "kid=80ea8bc8a58f990ad1f76bc665b30bfa&contentKey=00112233445566778899aabbccddeeff";

#[test]
fn the_answer_of_a_token_request_is_redeemed_as_it_is() {
    let place = Place::new();
    let mut server = place.serve();
    let answer = token(&mut server, &format!("{KEY}&rightsType=BuyToOwn"));
    let told = place.succeed(&["redeem", &answer]);
    for words in [
        "a streaming licence for sl2000 (level 2000), verified",
        "may be played, may not be stored",
        "plays without a limit of time",
        "analog video 200, compressed audio 300 and video 500, uncompressed audio 300 and video 300",
        "unknown outputs: not allowed",
        "80ea8bc8a58f990ad1f76bc665b30bfa: AESCTR, level 2000 at least; content key matches",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert!(!told.contains("00112233445566778899aabbccddeeff"), "{told}");
    // Bare, to the server that runs on this directory; and its URL alone.
    let json: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let (url, bare) = (json["licenseAcquisitionUrl"].as_str().unwrap(), json["token"].as_str().unwrap());
    assert!(place.succeed(&["redeem", bare]).contains("content key matches"));
    let url = format!("{url}?ExpressPlayToken={bare}");
    assert!(place.succeed(&["redeem", &url]).contains("content key matches"));
    server.end();
}

#[test]
fn a_licence_that_may_be_stored_is_an_offline_one() {
    let place = Place::new();
    let mut server = place.serve();
    let answer = token(&mut server, &format!("{KEY}&rightsType=BuyToOwn&generalFlags=00000001"));
    let told = place.succeed(&["redeem", &answer]);
    assert!(told.starts_with("an offline licence for sl2000 (level 2000), verified\n"), "{told}");
    assert!(told.contains("may be played, may be stored"), "{told}");
    server.end();
}

/// Playready.md, section 1: tokens are minted all the same.
#[test]
fn serve_warns_where_nobody_makes_licences() {
    let place = Place::new();
    let server = place.serve();
    // The log is written behind the service's back.
    let (log, _) = poll(|| server.log(), |log| log.contains("PlayReady has no back end"));
    for (drm, code) in [("Widevine", -7008), ("PlayReady", -2030)] {
        let words = format!(
            "{drm} has no back end in the production environment: tokens are minted there, and redemptions get {code}"
        );
        assert!(log.contains(&words), "{words:?} is not in {log}");
    }
    assert!(!log.contains("the test environment: tokens"), "{log}");
    server.end();
}

#[test]
fn a_rental_of_several_keys_is_told_in_json() {
    let place = Place::new();
    let mut server = place.serve();
    let answer = token(
        &mut server,
        "kid.0=%5Ea&contentKey.0=00112233445566778899aabbccddeeff&kid.1=%5Eb&contentKey.1=ffeeddccbbaa99887766554433221100\
         &rightsType=Rental&generalFlags=00000001&rental.periodEndTime=2100-01-01T00:00:00Z&rental.playDuration=86400\
         &unknownOutputBehavior=SDOnly&extensionType=abcd&extensionPayload=aGVsbG8=&minCertSecurityLevel.1=3000",
    );
    let told = place.json(&["redeem", &answer, "--json"]);
    assert_eq!((&told["drm"], &told["device"]), (&json!("pr"), &json!("sl3000")));
    assert_eq!((&told["licence_type"], &told["differences"]), (&json!("offline"), &json!([])));
    let policy = &told["policy"];
    assert_eq!(policy["persistent"], true);
    assert_eq!(policy["expirationDate"], "2100-01-01T00:00:00Z");
    assert!(policy["beginDate"].is_string());
    assert_eq!(policy["expirationAfterFirstPlay"], 86_400);
    let levels = json!({
        "compressedDigitalVideo": 500, "uncompressedDigitalVideo": 300, "analogVideo": 200,
        "compressedDigitalAudio": 300, "uncompressedDigitalAudio": 300,
    });
    assert_eq!(policy["opl"], levels);
    assert_eq!(policy["playEnablers"], json!(["B621D91F-EDCC-4035-8D4B-DC71760D43E9"]));
    assert_eq!(
        policy["extensions"],
        json!([{ "guid": "61626364-0000-0010-8000-00AA00389B71", "payload": "aGVsbG8=" }])
    );
    let levels: Vec<_> = (0..2).map(|index| &told["keys"][index]["minimumSecurityLevel"]).collect();
    assert_eq!(levels, [&json!(2000), &json!(3000)]);
    assert!((0..2).all(|index| told["keys"][index]["content_key"] == "matches"), "{told}");
    // A device of a lower level gets the other key, and nothing is amiss with that.
    let told = place.json(&["redeem", &answer, "--json", "--device", "sl2000"]);
    assert_eq!((told["keys"].as_array().unwrap().len(), &told["differences"]), (1, &json!([])));
    server.end();
}

#[test]
fn every_cipher_and_binding_is_redeemed() {
    let place = Place::new();
    let mut server = place.serve();
    let several = "kid.0=%5Ea&contentKey.0=00112233445566778899aabbccddeeff&kid.1=%5Eb&contentKey.1=ffeeddccbbaa99887766554433221100";
    for parameters in [
        format!("{KEY}&algId=aescbc"),
        format!("{several}&algId=aescbc"),
        format!("{several}&algId.0=aescbc&algId.1=aesctr"),
        format!("{KEY}&generalFlags=00000001&unknownOutputBehavior=Allow"),
        format!("{KEY}&deviceId=00112233445566778899aabbccddeeff&ipAddress=127.0.0.1"),
        format!("{KEY}&minCertSecurityLevel=150"),
    ] {
        let answer = token(&mut server, &format!("{parameters}&rightsType=BuyToOwn"));
        assert!(place.succeed(&["redeem", &answer]).contains("content key matches"), "{parameters}");
    }
    server.end();
}

#[test]
fn what_the_server_refuses_is_told_from_inside_the_fault() {
    let place = Place::new();
    let mut server = place.serve();
    let answer = token(&mut server, &format!("{KEY}&rightsType=BuyToOwn&minCertSecurityLevel=3000"));
    let refused = place.refused(&["redeem", &answer, "--device", "sl150"]);
    for words in ["403 [-4001]", "(device-level)", "level 150", "fault 0x8004c604"] {
        assert!(refused.contains(words), "{words:?} is not in {refused}");
    }
    let refused = place.refused(&["redeem", &answer, "--device", "android-l1"]);
    assert!(refused.contains("there are sl2000, sl3000, sl150"), "{refused}");
    let refused = place.refused(&["redeem", &answer, "--type", "offline"]);
    assert!(refused.contains("generalFlags=00000001"), "{refused}");
    // A directory that cannot open the token does not know the lab that the server trusts either.
    let other = Place::new();
    other.succeed(&["account", "create", "A"]);
    let refused = other.refused(&["redeem", &answer]);
    assert!(refused.contains("400 [-4001]") && refused.contains("(challenge-unreadable)"), "{refused}");
    server.end();
}

#[test]
fn inspect_warns_of_levels_that_are_not_documented() {
    let place = Place::new();
    let mut server = place.serve();
    let documented = token(&mut server, &format!("{KEY}&rightsType=BuyToOwn"));
    assert!(!place.succeed(&["token", "inspect", &documented]).contains("warning"));
    let authenticator = server.authenticator();
    let levels = LEVELS.replace("=200", "=201").replace("=500", "=0");
    let answer = server.get(&format!(
        "/hms/pr/token?customerAuthenticator={authenticator}{levels}&{KEY}&rightsType=BuyToOwn"
    ));
    let told = place.succeed(&["token", "inspect", &answer.text()]);
    assert!(told.contains("warning   analogVideoOPL is 201; documented are 100, 150, 200"), "{told}");
    let told = place.json(&["token", "inspect", &answer.text(), "--json"]);
    assert_eq!(
        told["warnings"],
        json!([
            "analogVideoOPL is 201; documented are 100, 150, 200",
            "compressedDigitalVideoOPL is 0; documented are 400, 500"
        ])
    );
    server.end();
}
