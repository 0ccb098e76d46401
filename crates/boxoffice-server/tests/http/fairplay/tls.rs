//! The connection to a key server over TLS: each side knows the other (fairplay.md, section 5).

use std::net::SocketAddr;

use testkit::MockServer;
use testkit::key_server::KeyServer;

use super::world::{GOOD, World, refusal, refused};
use crate::hook::proofs::tls;
use crate::kit::Lab;

const AUTHORITY: &str = include_str!("../webhook/certificates/authority.pem");
const ANOTHER_AUTHORITY: &str = include_str!("../webhook/certificates/another-authority.pem");
const CLIENT: &str = include_str!("../webhook/certificates/sdk-1.pem");
const FOREIGN: &str = include_str!("../webhook/certificates/foreign.pem");
const EXPIRED: &str = include_str!("../webhook/certificates/expired.pem");

const WITH_CLIENT: &str = "ca = 'DIR/ca'\nclient = { certificate = 'DIR/us', key = 'DIR/us' }";

async fn world(settings: &str, authority: &str, us: &str) -> World {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let key_server = MockServer::start_at(KeyServer, anywhere, Some(tls())).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ca"), authority).unwrap();
    std::fs::write(directory.path().join("us"), us).unwrap();
    let table =
        format!("[environments.test.fairplay]\nendpoints = ['{}']\n{settings}", key_server.url("/ckc"));
    let lab = Lab::in_directory(directory, &table).await;
    World { customer: lab.account().await, lab, key_server }
}

#[tokio::test]
async fn a_key_server_that_wants_our_certificate_gets_it() {
    let world = world(WITH_CLIENT, AUTHORITY, CLIENT).await;
    let target = world.target(GOOD).await;
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.key_server.request_count(), 1);
}

#[tokio::test]
async fn no_key_leaves_where_either_side_does_not_trust_the_other() {
    for (settings, authority, us) in [
        (WITH_CLIENT, AUTHORITY, FOREIGN),
        (WITH_CLIENT, AUTHORITY, EXPIRED),
        (WITH_CLIENT, ANOTHER_AUTHORITY, CLIENT),
        ("ca = 'DIR/ca'", AUTHORITY, CLIENT),
        // Without its authority, those of the system vouch for nobody here.
        ("client = { certificate = 'DIR/us', key = 'DIR/us' }", AUTHORITY, CLIENT),
    ] {
        let world = world(settings, authority, us).await;
        let target = world.target(GOOD).await;
        let answer = world.redeem(&target).await;
        assert_eq!(refusal(&answer), refused(-6004, 503, "upstream-unavailable"), "{settings}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(world.records().await.pop().unwrap().attempts, 2, "{settings}");
        assert_eq!(world.key_server.request_count(), 0, "{settings}");
    }
}
