//! The rules for every call (key-storage.md, sections 2, 3 and 5).

use http::Method;

use super::{EK, KEK, KEY, KID1, Keys, expect, not_found, refusal};
use crate::kit::Request;

#[tokio::test]
async fn other_paths_are_not_found_and_other_methods_named() {
    let keys = Keys::start().await;
    for path in ["", "/", "/Keys", "/keys//", "/keys/a/b", "/keys/a/value/x", "/keycount/x", "/count"] {
        let answer = keys.lab.get(format!("/keystore{path}")).await;
        not_found(&answer);
    }
    for (path, methods, allow) in [
        ("/keys", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"].as_slice(), "GET, POST"),
        ("/keys/^a", &["POST", "OPTIONS", "HEAD"], "GET, PUT, DELETE"),
        ("/keys/^a/value", &["POST", "PUT", "DELETE", "OPTIONS"], "GET"),
        ("/keycount", &["POST", "OPTIONS"], "GET"),
    ] {
        for method in methods {
            let method: Method = method.parse().unwrap();
            let request = Request::new(method.clone(), format!("/keystore{path}"));
            let answer = keys.lab.send(request.header("Origin", "https://a.example")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
            assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")));
            if method != Method::HEAD {
                assert_eq!(refusal(&answer), (405, 405, "Method Not Allowed".to_owned()));
            }
        }
    }
}

#[tokio::test]
async fn kids_are_hex_in_either_case_or_names_of_up_to_1024_bytes() {
    let keys = Keys::start().await;
    let long = format!("^{}", "n".repeat(1_024));
    for (kid, hex) in [
        ("^kid1", Some(KID1)),
        ("^movie1", Some("453750c3a2f8974034be247474a8a1cd")),
        ("^CNN.2014.12.18", Some("874cc4da3e96faf052d2a7f1d8dab7c2")),
        ("^café", Some("f424452a9673918c6f09b0cdd35b20be")),
        (&format!("^{}", "a".repeat(64)), Some("0098ba824b5c16427bd7a1122a5a442a")),
        (&long, None),
        ("^a,b/c?d#e%", None),
    ] {
        let made = keys.post("/keys", &serde_json::json!({ "kid": kid }).to_string()).await;
        assert_eq!(made.status, 201, "{kid}");
        let made = made.json();
        if let Some(hex) = hex {
            assert_eq!(made["kid"], hex, "{kid}");
        }
        let encoded: String = kid.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        let upper = made["kid"].as_str().unwrap().to_uppercase();
        for path in [encoded, upper] {
            assert_eq!(keys.get(&format!("/keys/{path}")).await.json()["kid"], made["kid"], "{kid}");
        }
    }
    for path in ["00", "^", "%5E", &"g".repeat(32), "^%FF", &format!("^{}", "n".repeat(1_025)), "%00"] {
        expect(&keys.get(&format!("/keys/{path}")).await, 400, 2, "Invalid KID");
        expect(&keys.put(&format!("/keys/{path}"), r#"{"info":"x"}"#).await, 400, 2, "Invalid KID");
        expect(&keys.delete(&format!("/keys/{path}")).await, 400, 2, "Invalid KID");
    }
    for kid in ["", "00", "^", &format!("^{}", "n".repeat(1_025))] {
        let body = serde_json::json!({ "kid": kid }).to_string();
        expect(&keys.post("/keys", &body).await, 400, 2, "Invalid KID");
    }
}

#[tokio::test]
async fn lists_of_kids_have_1_to_256_elements() {
    let keys = Keys::start().await;
    keys.post("/keys", r#"{"kid":"^kid1"}"#).await;
    let many = keys.get(&format!("/keys/{}", vec![KID1; 256].join(","))).await;
    assert_eq!(many.json().as_array().unwrap().len(), 256);
    let long = format!("%5E{}", "%41".repeat(64));
    let answer = keys.get(&format!("/keys/{}", vec![long.as_str(); 150].join(","))).await;
    not_found(&answer);
    expect(&keys.get(&format!("/keys/{}", vec![KID1; 257].join(","))).await, 400, 2, "Invalid Parameters");
    for list in [",", "^kid1,", "^kid1,,^kid1", "%2C"] {
        expect(&keys.get(&format!("/keys/{list}")).await, 400, 2, "Invalid KID");
    }
}

#[tokio::test]
async fn a_kek_is_hex_of_three_lengths_and_only_one() {
    let keys = Keys::start().await;
    for (parameters, header) in [
        ("kek=", None),
        ("kek=00", None),
        ("kek=zz0102030405060708090a0b0c0d0e0f", None),
        ("kek=000102030405060708090a0b0c0d0e0f&kek=11111111111111111111111111111111", None),
        ("kek=000102030405060708090a0b0c0d0e0f", Some("11111111111111111111111111111111")),
        ("", Some("00")),
        ("", Some("")),
    ] {
        for target in ["/keys", "/keys/^a", "/keys/^a/value", "/keycount"] {
            let authenticator = &keys.customer.authenticator;
            let mut request =
                Request::get(format!("/keystore{target}?customerAuthenticator={authenticator}&{parameters}"));
            if let Some(header) = header {
                request = request.header("X-Kek", header);
            }
            expect(&keys.lab.send(request).await, 400, 2, "Invalid Parameters");
        }
    }
    // In the header it does the same as in the query; both may say the same.
    let target = format!(
        "/keystore/keys?customerAuthenticator={}&kek={}",
        keys.customer.authenticator,
        KEK.to_uppercase()
    );
    let request = Request::new(Method::POST, target).header("x-kek", KEK).body(format!(r#"{{"k":"{KEY}"}}"#));
    assert_eq!(keys.lab.send(request).await.json()["ek"], EK);
}

#[tokio::test]
async fn bodies_are_json_objects_of_64_kib_whatever_their_type_says() {
    let keys = Keys::start().await;
    for (body, message) in [
        ("kid=^a", "Invalid JSON Body"),
        ("{\"kid\":", "Invalid JSON Body"),
        ("{} x", "Invalid JSON Body"),
        ("[]", "Invalid Key Object"),
        ("\"x\"", "Invalid Key Object"),
        ("null", "Invalid Key Object"),
        (r#"{"kid":5}"#, "Invalid Key Object"),
        (r#"{"k":"a9b9033df0b9ca5447839e3d0748"}"#, "Invalid Key Object"),
        (r#"{"k":"a9b9033df0b9ca5447839e3d074817a0a9b9033df0b9ca5447839e3d074817a0"}"#, "Invalid Key Object"),
        (r#"{"ek":"a9b9033df0b9ca5447839e3d074817a0"}"#, "Invalid Key Object"),
        (r#"{"info":["x"]}"#, "Invalid Key Object"),
        (&"[".repeat(60_000), "Invalid JSON Body"),
    ] {
        expect(&keys.post("/keys", body).await, 400, 3, message);
        assert!(!keys.post("/keys", body).await.text().contains("a9b9"), "no key is quoted");
    }
    let target = format!("/keystore/keys?customerAuthenticator={}", keys.customer.authenticator);
    for content_type in ["application/x-www-form-urlencoded", "text/xml", "", "application/json; charset=x"] {
        let request = Request::post(target.as_str(), content_type, r#"{"info":"x"}"#);
        assert_eq!(keys.lab.send(request).await.status, 201, "{content_type}");
    }
    let padded = |length: usize| format!(r#"{{"x":"{}"}}"#, "x".repeat(length - 8));
    assert_eq!(keys.post("/keys", &padded(65_536)).await.status, 201);
    for length in [65_537, 10 << 20] {
        let answer = keys.post("/keys", &padded(length)).await;
        assert_eq!(refusal(&answer), (413, 413, "Content Too Large".to_owned()));
    }
    assert_eq!(keys.count().await, 5);
}

#[tokio::test]
async fn the_first_thing_that_is_wrong_is_told() {
    let keys = Keys::start().await;
    // Each call is wrong in all that its row names and in all of the rows below it.
    let bad_kek = "kek=00";
    let unauthenticated =
        keys.lab.send(Request::new(Method::PUT, format!("/keystore/keys/zz?{bad_kek}")).body("{"));
    assert_eq!(refusal(&unauthenticated.await).1, -2017);
    expect(&keys.put(&format!("/keys/zz?{bad_kek}"), "{").await, 400, 2, "Invalid Parameters");
    expect(&keys.put("/keys/zz", "{").await, 400, 2, "Invalid KID");
    expect(&keys.put(&format!("/keys/^unknown?kek={KEK}"), "{").await, 400, 3, "Invalid JSON Body");
    let body = format!(r#"{{"k":"{KEY}","kekId":"mine"}}"#);
    not_found(&keys.put(&format!("/keys/^unknown?kek={KEK}"), &body).await);
}
