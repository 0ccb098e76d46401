//! Grants over HTTP, and what they leave behind (playready.md, section 9.2).

use boxoffice_core::Environment;
use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{RecordId, Records as _, Storage as _};
use drm_primitives::{Kek, WrappedKey, base64, hex};
use serde_json::{Value, json};

use super::sdk::{SETTINGS, ask, call_in, lab, question};
use crate::kit::{Lab, NOW};
use crate::playready::world::{OPLS, TRACKS, tracks};

/// The token request of section 9.2's example.
fn example() -> String {
    let (kid, _) = TRACKS[0];
    format!(
        "kid={kid}&contentKey=00112233445566778899aabbccddeeff&rightsType=Rental&generalFlags=00000001&\
         rental.periodEndTime=2026-01-03T00:00:00Z&rental.playDuration=86400&unknownOutputBehavior=SDOnly&\
         compressedDigitalVideoOPL=400&uncompressedDigitalVideoOPL=300&analogVideoOPL=200&compressedDigitalAudioOPL=250&\
         uncompressedDigitalAudioOPL=300&outputControlFlags=00000001&extensionType=abcd&extensionPayload=aGVsbG8%3D&cookie=order-17"
    )
}

async fn token(lab: &Lab, parameters: &str) -> String {
    let customer = lab.account().await;
    let answer = lab.ask_for_token(&customer, "pr", parameters).await;
    answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

#[tokio::test]
async fn the_grant_of_the_specification_is_written_to_the_member() {
    let output = "[environments.test.playready.output_control_flags]\n\"00000001\" = { output = \"digital-video\", \
                  guid = \"ABB2C6F1-E663-4625-A945-972D17B231E7\", data = \"AAAAAQ==\" }\n";
    let lab = lab(output).await;
    let token = token(&lab, &example()).await;
    let asked = json!({
        "token": token,
        "kids": ["33e0008cc44447709899a321e079dd36"],
        "algId": "AESCTR", "headerVersion": "4.0.0.0", "protocolVersion": 1,
        "client": {
            "securityLevel": 2000, "clientVersion": "3.1.0.1017", "clientTime": "2026-01-01T00:00:05Z",
            "deviceId": "000102030405060708090a0b0c0d0e0f",
            "certificateDigests": ["4YrPM6Y69tNEt/Rd90x4tFRA7YzUgy5Y+8ZCOWr6QE0="],
            "manufacturer": "LabCo", "model": "Lab Model", "modelNumber": "L-1",
            "features": ["SecureClock", "RevocationLists"],
        },
        "clientAddress": "203.0.113.7",
    });
    let answer = ask(&lab, &asked).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let json = answer.json();
    let expected = json!({
        "decision": "grant",
        "requestId": answer.header("x-request-id"), "tokenId": json["tokenId"], "recordId": json["recordId"],
        "account": 100_002, "cookie": "order-17",
        "forceSignature": true,
        "licenses": [{
            "kid": "33e0008cc44447709899a321e079dd36",
            "kidGuid": "33e0008c-c444-4770-9899-a321e079dd36",
            "contentKey": "ABEiM0RVZneImaq7zN3u/w==",
            "algId": "AESCTR",
            "minimumSecurityLevel": 2000,
            "persistent": true,
            "beginDate": "2025-12-31T23:55:00Z",
            "expirationDate": "2026-01-03T00:00:00Z",
            "expirationAfterFirstPlay": 86400,
            "opl": { "compressedDigitalVideo": 400, "uncompressedDigitalVideo": 300, "analogVideo": 200,
                     "compressedDigitalAudio": 250, "uncompressedDigitalAudio": 300 },
            "playEnablers": ["B621D91F-EDCC-4035-8D4B-DC71760D43E9"],
            "explicitOutputs": [
                { "output": "digital-video", "guid": "ABB2C6F1-E663-4625-A945-972D17B231E7", "data": "AAAAAQ==" }],
            "outputControlFlags": "00000001",
            "extension": { "type": "abcd", "id": 1_633_837_924,
                           "guid": "61626364-0000-0010-8000-00AA00389B71", "payload": "aGVsbG8=" },
        }],
    });
    let account = json["account"].clone();
    let expected = Value::Object({
        let mut members = expected.as_object().unwrap().clone();
        members.insert("account".to_owned(), account);
        members
    });
    // The texts, so that the order of the members counts.
    assert_eq!(answer.text(), expected.to_string());
    assert!(json["recordId"].is_u64() && json["tokenId"].as_str().unwrap().len() == 32);

    let record = RecordId(json["recordId"].as_u64().unwrap());
    let record = lab.storage.record(record).await.unwrap().unwrap().record;
    assert_eq!((record.granted, record.code, record.attempts), (true, 0, 0));
    assert_eq!(record.time.as_second(), NOW);
    assert_eq!(record.request_id, answer.header("x-request-id"));
    assert_eq!(record.cookie.as_deref(), Some("order-17"));
    assert_eq!(record.device_id.as_deref(), Some("000102030405060708090a0b0c0d0e0f"));
    assert_eq!(record.device.as_deref(), Some("LabCo Lab Model L-1, SL2000, 3.1.0.1017"));
    assert_eq!(record.address.unwrap().to_string(), "203.0.113.7");
    let detail: Value = serde_json::from_str(&record.detail.unwrap()).unwrap();
    let expected = json!({
        "webhook": true, "headerVersion": "4.0.0.0", "protocolVersion": 1, "clientTime": "2026-01-01T00:00:05Z",
        "certificateDigests": ["4YrPM6Y69tNEt/Rd90x4tFRA7YzUgy5Y+8ZCOWr6QE0="],
        "features": ["SecureClock", "RevocationLists"], "extension": "passed-on",
    });
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn keys_above_the_device_are_withheld_and_kids_of_others_named() {
    let lab = lab("").await;
    let levels = "minCertSecurityLevel.0=2000&minCertSecurityLevel.1=3000";
    let token = token(&lab, &format!("{}&{levels}&rightsType=BuyToOwn&{OPLS}", tracks(2))).await;
    let mut asked = question(&token);
    asked["kids"] = json!([TRACKS[0].0, TRACKS[1].0, TRACKS[2].0]);
    let json = ask(&lab, &asked).await.json();
    assert_eq!(json["licenses"].as_array().unwrap().len(), 1);
    let withheld = json!([
        { "kid": TRACKS[1].0, "reason": "security-level", "required": 3000, "device": 2000 },
        { "kid": TRACKS[2].0, "reason": "kid-not-granted" },
    ]);
    assert_eq!(json["withheld"], withheld);
    assert!(json.get("cookie").is_none());

    asked["client"]["securityLevel"] = json!(3000);
    let json = ask(&lab, &asked).await.json();
    assert_eq!(json["licenses"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn keys_leave_wrapped_where_a_wrap_key_is_set() {
    let settings =
        SETTINGS.replace("k2 = \"DIR/k2\" }\n", "k2 = \"DIR/k2\" }\nwrap_key_file = \"DIR/wrap\"\n");
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("k1", super::sdk::SECRET.as_bytes().to_vec()), ("k2", b"x".to_vec()), ("wrap", (0..32).collect())]
    {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    let lab = Lab::in_directory(directory, &settings).await;
    let token = token(&lab, &format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1))).await;
    let answer = ask(&lab, &question(&token)).await;
    let json = answer.json();
    assert!(!answer.text().contains("contentKey"));
    let wrapped = base64::decode(json["licenses"][0]["wrappedKey"].as_str().unwrap().as_bytes()).unwrap();
    let kek = Kek::from_hex(hex::encode(&(0..32).collect::<Vec<u8>>()).as_bytes()).unwrap();
    let key = kek.unwrap(&WrappedKey::from_bytes(wrapped.try_into().unwrap())).unwrap();
    assert_eq!(hex::encode(key.expose()), TRACKS[0].1);
}

#[tokio::test]
async fn each_grant_costs_one_however_many_keys_it_has() {
    let lab = lab("").await;
    let customer = lab.account().await;
    let change = AccountChange { balance: Some(BalanceChange::Set(2)), ..AccountChange::default() };
    lab.change(&customer, change).await;
    let answer =
        lab.ask_for_token(&customer, "pr", &format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(3))).await;
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let balance = async || lab.storage.account(customer.id).await.unwrap().unwrap().balance;
    for left in [1, 0] {
        let mut asked = question(&token);
        // Another question each time, and so another key.
        asked["client"]["model"] = json!(left);
        asked["client"]["model"] = json!(left.to_string());
        assert_eq!(ask(&lab, &asked).await.status, 200);
        assert_eq!(balance().await, Balance::Licences(left));
    }
    assert_eq!(ask(&lab, &question(&token)).await.json()["code"], -2019);
    assert_eq!(balance().await, Balance::Licences(0));
}

#[tokio::test]
async fn a_one_time_token_gives_each_kid_once() {
    let lab = lab("").await;
    let token = token(&lab, &format!("{}&oneTime=true&rightsType=BuyToOwn&{OPLS}", tracks(2))).await;
    let of = |track: usize, model: &str| {
        let mut asked = question(&token);
        asked["kids"] = json!([TRACKS[track].0]);
        asked["client"]["model"] = json!(model);
        asked
    };
    assert_eq!(ask(&lab, &of(0, "first")).await.status, 200);
    assert_eq!(ask(&lab, &of(1, "first")).await.status, 200);
    let refused = ask(&lab, &of(0, "second")).await;
    let json = refused.json();
    assert_eq!((refused.status, &json["code"], &json["reason"]), (401, &json!(-4010), &json!("token-used")));
}

#[tokio::test]
async fn the_webhook_is_the_environments_own() {
    let lab = lab("").await;
    let token = token(&lab, &format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1))).await;
    let body = question(&token).to_string();
    let there = call_in(Environment::Production, lab.app.now(), "12345678", &body);
    let answer = lab.send(there).await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &json!(404)));
}
