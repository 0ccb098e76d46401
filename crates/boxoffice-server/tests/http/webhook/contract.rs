//! The question, member by member (playready.md, section 9.1).

use http::Method;
use serde_json::{Value, json};

use super::sdk::{PATH, SETTINGS, ask, call, lab, question};
use crate::kit::{Lab, Request};
use crate::playready::world::{OPLS, TRACKS, tracks};

/// The longest question.
const LIMIT: usize = 65_536;

async fn purchase(lab: &Lab, count: usize, further: &str) -> String {
    let customer = lab.account().await;
    let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}&{further}", tracks(count));
    let answer = lab.ask_for_token(&customer, "pr", &parameters).await;
    answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

/// A question with every member.
fn whole(token: &str) -> Value {
    json!({
        "token": token,
        "kids": [TRACKS[0].0],
        "algId": "AESCTR", "headerVersion": "4.0.0.0", "protocolVersion": 1,
        "client": {
            "securityLevel": 2000, "clientVersion": "3.1.0.1017", "clientTime": "2026-01-01T00:00:05Z",
            "deviceId": "000102030405060708090a0b0c0d0e0f",
            "certificateDigests": ["4YrPM6Y69tNEt/Rd90x4tFRA7YzUgy5Y+8ZCOWr6QE0="],
            "manufacturer": "LabCo", "model": "Lab Model", "modelNumber": "L-1", "features": ["SecureClock"],
        },
        "clientAddress": "203.0.113.7",
    })
}

/// The members of a path like `client.deviceId`.
fn members<'a>(question: &'a mut Value, path: &str) -> &'a mut serde_json::Map<String, Value> {
    match path.split_once('.') {
        Some((object, _)) => question[object].as_object_mut().unwrap(),
        None => question.as_object_mut().unwrap(),
    }
}

fn name(path: &str) -> &str {
    path.rsplit('.').next().unwrap()
}

/// The KIDs of a grant, in its order.
fn granted(json: &Value) -> Vec<&str> {
    json["licenses"].as_array().unwrap().iter().map(|licence| licence["kid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_member_that_is_needed_and_missing_is_named() {
    let lab = lab("").await;
    let token = purchase(&lab, 1, "").await;
    for path in ["token", "kids", "client", "client.securityLevel"] {
        for null in [false, true] {
            let mut asked = whole(&token);
            let members = members(&mut asked, path);
            if null {
                members.insert(name(path).to_owned(), Value::Null);
            } else {
                members.remove(name(path));
            }
            let answer = ask(&lab, &asked).await;
            let json = answer.json();
            assert_eq!((answer.status, &json["code"]), (400, &json!(400)), "{path}");
            let hint = json["hint"].as_str().unwrap();
            assert!(hint.starts_with(&format!("{path} is missing: expected ")), "{hint}");
            assert!(json.get("fault").is_none(), "the handler is wrong, not the player: {json}");
            assert_eq!(json["request_id"], answer.header("x-request-id"));
        }
    }
}

#[tokio::test]
async fn a_malformed_member_is_named() {
    let lab = lab("").await;
    let token = purchase(&lab, 1, "").await;
    let long_kid = format!("{}00", TRACKS[0].0);
    let guid = "33e0008c-c444-4770-9899-a321e079dd36";
    for (path, value, named) in [
        ("token", json!(7), "token: "),
        ("token", json!(["a"]), "token: "),
        ("kids", json!(TRACKS[0].0), "kids: "),
        ("kids", json!([TRACKS[0].0, long_kid]), "kids[1]: "),
        ("kids", json!([guid]), "kids[0]: "),
        ("kids", json!(["jADgM0TEcEeYmaMh4HndNg=="]), "kids[0]: "),
        ("kids", json!([null]), "kids[0]: "),
        ("algId", json!("cenc"), "algId: "),
        ("algId", json!("COCKTAIL"), "algId: "),
        ("headerVersion", json!(4), "headerVersion: "),
        ("protocolVersion", json!("1"), "protocolVersion: "),
        ("protocolVersion", json!(-1), "protocolVersion: "),
        ("client", json!("device"), "client: "),
        ("client.securityLevel", json!("2000"), "client.securityLevel: "),
        ("client.securityLevel", json!(2000.5), "client.securityLevel: "),
        ("client.securityLevel", json!(4_294_967_296_u64), "client.securityLevel: "),
        ("client.clientVersion", json!(3), "client.clientVersion: "),
        ("client.clientTime", json!(1_767_225_605), "client.clientTime: "),
        ("client.clientTime", json!("yesterday"), "client.clientTime: "),
        ("client.deviceId", json!("0001"), "client.deviceId: "),
        ("client.certificateDigests", json!("AAAA"), "client.certificateDigests: "),
        ("client.certificateDigests", json!(["AAAA"]), "client.certificateDigests[0]: "),
        ("client.manufacturer", json!({}), "client.manufacturer: "),
        ("client.model", json!(1), "client.model: "),
        ("client.modelNumber", json!(1), "client.modelNumber: "),
        ("client.features", json!(["SecureClock", 1]), "client.features[1]: "),
        ("clientAddress", json!("localhost"), "clientAddress: "),
        ("clientAddress", json!("203.0.113.7:443"), "clientAddress: "),
    ] {
        let mut asked = whole(&token);
        members(&mut asked, path).insert(name(path).to_owned(), value.clone());
        let answer = ask(&lab, &asked).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["code"]), (400, &json!(400)), "{path}: {value}");
        let hint = json["hint"].as_str().unwrap();
        assert!(hint.starts_with(named) && hint.contains("expected "), "{path}: {value}: {hint}");
        assert!(!answer.text().contains(&token));
    }
}

#[tokio::test]
async fn members_that_are_optional_may_be_absent_or_null_and_unknown_ones_are_ignored() {
    let lab = lab("").await;
    let token = purchase(&lab, 1, "").await;
    let optional = [
        "algId",
        "headerVersion",
        "protocolVersion",
        "client.clientVersion",
        "client.clientTime",
        "client.deviceId",
        "client.certificateDigests",
        "client.manufacturer",
        "client.model",
        "client.modelNumber",
        "client.features",
        "clientAddress",
    ];
    for path in optional {
        let mut absent = whole(&token);
        members(&mut absent, path).remove(name(path));
        assert_eq!(ask(&lab, &absent).await.status, 200, "{path} absent");
        let mut null = whole(&token);
        members(&mut null, path).insert(name(path).to_owned(), Value::Null);
        assert_eq!(ask(&lab, &null).await.status, 200, "{path} null");
    }
    let mut more = whole(&token);
    more["grant"] = json!({ "id": [1, 2] });
    more["client"]["tee"] = json!(["X", null]);
    assert_eq!(ask(&lab, &more).await.status, 200);
}

#[tokio::test]
async fn the_token_is_what_the_handler_found_alone_or_after_its_name() {
    let lab = lab("").await;
    let token = purchase(&lab, 1, "").await;
    for found in [
        token.clone(),
        format!(" {token}\n"),
        format!("ExpressPlayToken={token}"),
        format!("user=17&ExpressPlayToken={token}&x=<é>"),
        format!("{{\"a\":\"ExpressPlayToken={token}\"}}"),
    ] {
        assert_eq!(ask(&lab, &question(&found)).await.status, 200, "{found}");
    }
    // The handler's own request carries no player's token: neither its query nor its headers count.
    let body = question("").to_string();
    let request = call(&lab, "12345678", &body).header("ExpressPlayToken", &token);
    assert_eq!(lab.send(request).await.json()["reason"], "token-missing");
    let request = call(&lab, "12345679", &question(&token).to_string()).header("ExpressPlayToken", "AAAA");
    assert_eq!(lab.send(request).await.status, 200);
}

#[tokio::test]
async fn kids_are_big_endian_in_any_case_and_none_asks_for_all_in_token_order() {
    let lab = lab("").await;
    let token = purchase(&lab, 3, "").await;
    let of = async |kids: Value| {
        let mut asked = question(&token);
        asked["kids"] = kids;
        ask(&lab, &asked).await.json()
    };
    let all = of(json!([])).await;
    assert_eq!(granted(&all), TRACKS.map(|(kid, _)| kid));
    let json = of(json!([TRACKS[2].0.to_uppercase(), TRACKS[0].0])).await;
    assert_eq!(granted(&json), [TRACKS[2].0, TRACKS[0].0]);
    let json = of(json!([TRACKS[1].0, TRACKS[1].0])).await;
    assert_eq!(granted(&json), [TRACKS[1].0], "one licence a key");
    // The 16 bytes as they stand on the wire.
    let json = of(json!(["8c00e03344c470479899a321e079dd36"])).await;
    assert_eq!((&json["code"], &json["reason"]), (&json!(-4022), &json!("kid-not-granted")));
    assert!(json["hint"].as_str().unwrap().contains("swapped"), "{json}");
}

#[tokio::test]
async fn the_cipher_is_the_token_s_else_the_header_s_else_ctr() {
    let lab = lab("").await;
    let silent = purchase(&lab, 1, "").await;
    let ctr = purchase(&lab, 1, "algId=aesctr").await;
    let cbc = purchase(&lab, 1, "algId=aescbc").await;
    for (token, header, expected) in [
        (&silent, Value::Null, Some("AESCTR")),
        (&silent, json!("AESCTR"), Some("AESCTR")),
        (&silent, json!("AESCBC"), Some("AESCBC")),
        (&ctr, Value::Null, Some("AESCTR")),
        (&cbc, Value::Null, Some("AESCBC")),
        (&cbc, json!("AESCBC"), Some("AESCBC")),
        (&cbc, json!("AESCTR"), None),
        (&ctr, json!("AESCBC"), None),
    ] {
        let mut asked = question(token);
        asked["algId"] = header.clone();
        let json = ask(&lab, &asked).await.json();
        match expected {
            Some(expected) => assert_eq!(json["licenses"][0]["algId"], expected, "{header}"),
            None => assert_eq!((&json["code"], &json["reason"]), (&json!(-2005), &json!("algid"))),
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400_and_one_beyond_64_kib_is_413() {
    let lab = lab("").await;
    let token = purchase(&lab, 1, "").await;
    let send = async |key: &str, body: &str| lab.send(call(&lab, key, body)).await;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for (place, body) in
        ["", "{", "[]", "null", "\"token\"", "{}{}", "{\"token\":\"\\ud800\"}", &deep].iter().enumerate()
    {
        let answer = send(&format!("no-object-{place}"), body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(400)), "{body:.20}");
    }
    let body = question(&token).to_string();
    for end in 0..body.len() {
        let answer = send(&format!("cut-at-{end:04}"), &body[..end]).await;
        assert_eq!(answer.status, 400, "cut at {end}");
    }
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    assert_eq!(send("longest-1", &padded(LIMIT)).await.status, 200);
    let answer = send("longest-2", &padded(LIMIT + 1)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!(413)));
}

#[tokio::test]
async fn the_path_takes_post_alone() {
    let lab = lab("").await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = lab.send(Request::new(method.clone(), PATH)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("access-control-allow-origin"), "", "no browser's business");
    }
}

#[tokio::test]
async fn the_webhook_answers_whatever_the_back_end_is() {
    for (backend, settings) in [
        ("lab", ""),
        ("sdk", "license_acquisition_url = \"https://pr.example.com/rightsmanager.asmx\"\n"),
        ("push", "sdk_url = \"https://pr.example.com/rightsmanager.asmx\"\n"),
        ("off", ""),
    ] {
        let table = format!("[environments.test.playready]\nbackend = \"{backend}\"\n{settings}");
        let lab = lab(&table).await;
        let token = purchase(&lab, 1, "").await;
        assert_eq!(ask(&lab, &question(&token)).await.status, 200, "{backend}");
    }
}

#[tokio::test]
async fn without_a_webhook_there_is_nothing_at_its_path() {
    assert!(SETTINGS.contains("environments.test.playready.webhook"));
    let lab = Lab::start().await;
    let token = purchase(&lab, 1, "").await;
    let answer = ask(&lab, &question(&token)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &json!(404)));
}
