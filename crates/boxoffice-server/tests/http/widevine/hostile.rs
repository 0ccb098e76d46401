//! What hostile clients do: never a panic, never a 500, and no secret anywhere but in tokens and licences.

use drm_primitives::{Random as _, SequenceRandom};

use super::world::{GOOD, KEY, World};
use crate::kit::Request;

#[tokio::test]
async fn oversized_requests_are_refused_by_their_size() {
    let world = World::new().await;
    let form = "application/x-www-form-urlencoded";
    let many = "a=1&".repeat(10_000);
    assert_eq!(world.lab.send(Request::post("/hms/wv/token", form, many)).await.status, 400);
    let long = format!("a={}", "x".repeat(70_000));
    assert_eq!(
        world.lab.send(Request::post("/hms/wv/token?errorFormat=json", form, long)).await.json()["code"],
        413
    );
    let query = world.lab.get(format!("/hms/wv/token?a={}", "x".repeat(40_000))).await;
    assert_eq!(query.status, 414);
    let megabyte = world.lab.get(format!("/hms/wv/token?a={}", "x".repeat(1 << 20))).await;
    assert!([414, 431, 400].contains(&megabyte.status), "{}", megabyte.status);
}

#[tokio::test]
async fn broken_escapes_and_odd_bytes_get_a_documented_code() {
    let world = World::new().await;
    for value in
        ["%zz", "%", "%4", "%00", "%FF%FE", "%F0%9F%92%A9", "..%2F..%2Fetc", "'%20OR%201=1--", "%0d%0aX:%20y"]
    {
        for name in [
            "kid",
            "contentKey",
            "kek",
            "ek",
            "securityLevel",
            "hdcpOutputControl",
            "cookie",
            "contentId",
            "wvExtension",
            "expirationTime",
            "ipAddress",
            "customerAuthenticator",
            "errorFormat",
        ] {
            let answer = world.ask(&format!("{name}={value}&errorFormat=json")).await;
            assert!((400..500).contains(&answer.status), "{name}={value}: {}", answer.status);
            assert!(answer.headers.get("x").is_none(), "{name}={value}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_foreign_host_is_no_crash() {
    let world = World::new().await;
    let request = Request::get("/hms/wv/token").header("host", "another.example.com");
    assert_eq!(world.lab.send(request).await.status, 400, "two hosts");
}

#[tokio::test]
async fn no_mutation_of_a_challenge_is_a_server_error() {
    let world = World::new().await;
    let target = world.target("GOOD").await;
    let good = world.challenge("android-l3").body;
    let random = SequenceRandom::new(6);
    for _ in 0..300 {
        let mut body = good.clone();
        let mut dice = [0; 8];
        random.fill(&mut dice);
        let at = usize::from(u16::from_le_bytes([dice[0], dice[1]])) % body.len();
        match dice[2] % 3 {
            0 => body[at] ^= dice[3] | 1,
            1 => body.truncate(at),
            _ => body.insert(at, dice[3]),
        }
        let answer = world.redeem(&target, &body).await;
        assert!(answer.status < 500, "{}: {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn deeply_nested_and_lying_protobuf_is_refused() {
    let world = World::new().await;
    let target = world.target("GOOD").await;
    let mut nested = Vec::new();
    for _ in 0..10_000 {
        nested.extend_from_slice(&[0x12, 0x7F]);
    }
    for body in
        [nested, [&[8, 1, 0x12][..], &[0xFF; 9], &[1]].concat(), vec![0xFF; 60_000], vec![0x0B; 5_000]]
    {
        let answer = world.redeem(&target, &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

/// Everything that may never be seen outside tokens and licences.
#[tokio::test]
async fn no_secret_is_in_a_log_a_metric_or_an_error() {
    let world = World::new().await;
    let kek = "000102030405060708090a0b0c0d0e0f";
    let target = world.target("GOOD").await;
    let token = target.split_once('=').unwrap().1.to_owned();
    let challenge = world.challenge("android-l3").body;
    let mut shown = String::new();
    for answer in [
        world.redeem(&target, &challenge).await,
        world.redeem(&target, &challenge[..challenge.len() - 1]).await,
        world.redeem(&format!("{target}AAAA"), &challenge).await,
        world.ask(&format!("GOOD&kek={kek}&errorFormat=json")).await,
        world.ask(&format!("GOOD&kek={kek}")).await,
        world.ask(&format!("kid=%5Ea&contentKey={KEY}0&errorFormat=json")).await,
        world.ask(&format!("{}&hdcpOutputControl=9", GOOD.replace("&hdcpOutputControl=0", ""))).await,
        world.lab.get(format!("/nothing?customerAuthenticator={}", world.customer.authenticator)).await,
    ] {
        if answer.status != 200 {
            shown += &String::from_utf8_lossy(&answer.body);
        }
    }
    shown += world.lab.get("/metrics").await.text();
    let log = world.lab.log();
    assert!(log.contains("hms.wv.token") && log.contains("hms.wv.rights"), "the log tells what was asked");
    shown += &log;
    let secret = world.customer.authenticator.split_once(',').unwrap().1;
    let base64_key = drm_primitives::base64::encode(&[0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);
    for secret in [
        secret,
        KEY,
        kek,
        token.as_str(),
        &base64_key[..10],
        &drm_primitives::base64::encode(&challenge)[..60],
    ] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
        assert!(!shown.contains(&secret.to_uppercase()), "{secret} is in {shown}");
    }
}
