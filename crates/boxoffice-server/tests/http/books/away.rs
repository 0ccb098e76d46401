//! When the database is away (the issue of records and balances, section 7): what still goes out, and what waits.

use boxoffice_storage::{Fault, Storage as _};

use super::world::{KEY, KID, World, refusal};
use crate::kit::{Answer, Lab};

const WRAPPED: &str = "kid=%5Ea&kek=000102030405060708090a0b0c0d0e0f\
                       &ek=1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5";

fn assert_away(answer: &Answer, code: i64) {
    assert_eq!((refusal(answer).0, answer.status), (code, 503), "{}", answer.text());
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn tokens_with_keys_of_their_own_go_out_for_accounts_that_were_seen_and_nothing_else_does() {
    let world = World::new().await;
    let target = world.target("").await;
    let unseen = world.lab.account().await;
    world.lab.storage.set_away(true);
    let with_key = format!("kid={KID}&contentKey={KEY}&errorFormat=json");
    for drm in ["ck", "wv", "pr"] {
        let rules = match drm {
            "wv" => "&securityLevel=1&hdcpOutputControl=0",
            "pr" => {
                "&rightsType=BuyToOwn&analogVideoOPL=0&compressedDigitalAudioOPL=0&compressedDigitalVideoOPL=0\
                     &uncompressedDigitalAudioOPL=0&uncompressedDigitalVideoOPL=0"
            }
            _ => "",
        };
        let answer = world.lab.ask_for_token(&world.customer, drm, &format!("{with_key}{rules}")).await;
        assert_eq!(answer.status, 200, "{drm}: {}", answer.text());
    }
    assert_eq!(world.ask(&format!("{WRAPPED}&errorFormat=json")).await.status, 200);
    // What needs the key storage has its code.
    assert_away(&world.ask("kid=%5Estored&errorFormat=json").await, -4019);
    assert_away(&world.lab.ask_for_token(&unseen, "ck", &with_key).await, -2030);
    // No licence without a record.
    assert_away(&world.redeem(&target, &[KID]).await, -2030);
    let answer = world.lab.get("/readyz").await;
    assert_eq!((answer.status, answer.text()), (503, "the database does not answer\n"));
    assert_eq!(world.lab.get("/healthz").await.status, 200);

    world.lab.storage.set_away(false);
    assert_eq!(world.lab.get("/readyz").await.status, 200);
    assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
    assert_eq!(world.lab.ask_for_token(&unseen, "ck", &with_key).await.status, 200);
    assert_eq!(refusal(&world.ask("kid=%5Estored&errorFormat=json").await).0, -4019);
    assert_eq!(world.records().await.len(), 1);
}

#[tokio::test]
async fn a_token_of_a_key_that_cannot_be_read_now_is_told_to_come_back() {
    // Two nodes on one installation would be needed to seal under a key that this one has not read; a token whose key
    // number is unknown looks the same.
    let world = World::new().await;
    let target = world.target("").await;
    let (path, token) = target.split_once("?ExpressPlayToken=").unwrap();
    let mut bytes = drm_primitives::base64::decode(token.as_bytes()).unwrap();
    bytes[4] ^= 0x10;
    let unknown = format!("{path}?ExpressPlayToken={}", drm_primitives::base64::encode_url(&bytes));
    assert_eq!(refusal(&world.redeem(&unknown, &[KID]).await).2, "token-not-ours");
    world.lab.storage.fail("ring_keys", 1, Fault::Before);
    world.lab.storage.set_away(true);
    let read = || async { refusal(&world.redeem(&unknown, &[KID]).await) };
    // A reading of a moment ago counts.
    let mut answer = read().await;
    while answer.2 == "token-not-ours" {
        tokio::task::yield_now().await;
        answer = read().await;
    }
    assert_eq!(answer, (-2030, 503, "storage-unavailable".to_owned()));
}

#[tokio::test]
async fn it_recovers_by_itself_however_often_it_goes() {
    let world = World::new().await;
    let target = world.target("").await;
    for _ in 0..5 {
        world.lab.storage.set_away(true);
        assert_away(&world.redeem(&target, &[KID]).await, -2030);
        world.lab.storage.set_away(false);
        assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
    }
    assert!(is_ready(&world.lab).await && world.lab.storage.check().await.is_ok());
    assert_eq!(world.records().await.len(), 5);
}

async fn is_ready(lab: &Lab) -> bool {
    lab.get("/readyz").await.status == 200
}
