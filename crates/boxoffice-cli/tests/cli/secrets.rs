//! No query string, authenticator, content key, KEK, token or challenge is ever written where it does not belong
//! (operations.md, section 6).

use std::fs;

use crate::http;
use crate::program::Place;

const CONTENT_KEY: &str = "c0ffee00c0ffee11c0ffee22c0ffee33";
// RFC 3394, section 4.1.
const KEK: &str = "000102030405060708090a0b0c0d0e0f";
const WRAPPED: &str = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5";
const UNWRAPPED: &str = "00112233445566778899aabbccddeeff";

#[test]
fn no_secret_is_in_a_log_a_metric_an_error_or_a_file() {
    let place = Place::new();
    let mut server = place.serve();
    let authenticator = server.authenticator();
    let secret = authenticator.split_once(',').unwrap().1.to_owned();
    let base =
        format!("/hms/wv/token?customerAuthenticator={authenticator}&errorFormat=json&cookie=marked-cookie");
    let mut tokens = Vec::new();
    let mut refusals = Vec::new();
    for rest in [
        format!("&kid=^a&contentKey={CONTENT_KEY}&securityLevel=1&hdcpOutputControl=0"),
        format!("&kid=^a&kek={KEK}&ek={WRAPPED}&securityLevel=1&hdcpOutputControl=0"),
        format!("&kid=^a&contentKey={CONTENT_KEY}0&securityLevel=1&hdcpOutputControl=0"),
        format!("&kid=^a&contentKey={CONTENT_KEY}&securityLevel=9&hdcpOutputControl=0"),
        format!("&kid=^a&kek={KEK}&ek={WRAPPED}00&securityLevel=1&hdcpOutputControl=0"),
        format!(
            "&kid=^a&kek={KEK}00000000000000&contentKey={CONTENT_KEY}&securityLevel=1&hdcpOutputControl=0"
        ),
        format!("&kid=short&contentKey={CONTENT_KEY}"),
    ] {
        let answer = server.get(&format!("{base}{rest}"));
        if answer.status == 200 { tokens.push(answer.text()) } else { refusals.push(answer) }
    }
    assert_eq!((tokens.len(), refusals.len()), (2, 5), "{refusals:?}");
    // The same in forms, in HTML, with a wrong authenticator, and at an address that is not ours.
    let form = format!("customerAuthenticator={authenticator}x&kid=^a&contentKey={CONTENT_KEY}&kek={KEK}");
    let headers = ["Content-Type: application/x-www-form-urlencoded"];
    refusals.push(http::ask(server.address, "POST", "/hms/wv/token", &headers, form.as_bytes()));
    refusals.push(
        server.get(&format!("/elsewhere?customerAuthenticator={authenticator}&contentKey={CONTENT_KEY}")),
    );
    let (_, redemption) = http::split(&tokens[0]);
    refusals.push(http::ask(server.address, "POST", &redemption, &[], b"no challenge at all"));
    assert!(refusals.iter().all(|refusal| refusal.status >= 400), "{refusals:?}");
    for url in &tokens {
        assert!(place.succeed(&["redeem", url, "--privacy"]).contains("content key matches"));
    }
    let inspected = place.succeed(&["token", "inspect", &tokens[0]]);
    let shown = place.succeed(&["account", "show", "100001", "--json"]);
    let metrics = server.get("/metrics");
    assert_eq!(metrics.status, 200);

    let token = |url: &String| url.split_once("ExpressPlayToken=").unwrap().1.to_owned();
    let mut secrets: Vec<String> =
        vec![secret, CONTENT_KEY.into(), KEK.into(), UNWRAPPED.into(), "no challenge".into()];
    secrets.extend(tokens.iter().map(token));
    let log = server.log();
    assert!(log.contains("hms.wv.token") && log.contains("hms.wv.rights"), "{log}");
    server.end();
    let mut places = vec![
        ("the log", log.into_bytes()),
        ("the metrics", metrics.body),
        ("token inspect", inspected.into_bytes()),
        ("account show", shown.into_bytes()),
    ];
    for refusal in &refusals {
        places.push(("a refusal", [refusal.head.as_bytes(), &refusal.body].concat()));
    }
    for entry in fs::read_dir(place.data()).unwrap() {
        places.push(("a file of the data directory", fs::read(entry.unwrap().path()).unwrap()));
    }
    for secret in &secrets {
        let raw =
            (0..secret.len() / 2).map(|at| u8::from_str_radix(secret.get(2 * at..2 * at + 2)?, 16).ok());
        let raw: Option<Vec<u8>> = raw.collect();
        for (place, content) in &places {
            let has = |wanted: &[u8]| content.windows(wanted.len()).any(|window| window == wanted);
            assert!(!has(secret.as_bytes()), "{place} has {secret}: {}", String::from_utf8_lossy(content));
            assert!(!raw.as_ref().is_some_and(|raw| has(raw)), "{place} has {secret}, raw");
        }
    }
}
