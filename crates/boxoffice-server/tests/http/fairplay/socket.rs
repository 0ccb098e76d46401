//! A key server behind a Unix socket (fairplay.md, section 5).

use std::path::Path;

use testkit::key_server::KeyServer;
use testkit::{MockServer, Place, TransportFault};

use super::world::{GOOD, World, refusal, refused};
use crate::kit::Lab;

const UNAVAILABLE: &str = "upstream-unavailable";

async fn key_server(directory: &Path) -> MockServer<KeyServer> {
    MockServer::start_at(KeyServer, Place::Unix(directory.join("ksm.sock")), None).await.unwrap()
}

async fn world(key_server: MockServer<KeyServer>, endpoints: &[String]) -> World {
    let lab = Lab::with_settings(&format!("[environments.test.fairplay]\nendpoints = {endpoints:?}")).await;
    World { customer: lab.account().await, lab, key_server }
}

#[tokio::test]
async fn a_key_server_behind_a_unix_socket_is_asked_at_the_path_of_its_address() {
    let directory = tempfile::tempdir().unwrap();
    let key_server = key_server(directory.path()).await;
    let endpoint = key_server.url("/ckc");
    let world = world(key_server, &[endpoint]).await;
    let target = world.target(GOOD).await;
    assert_eq!(world.redeem(&target).await.status, 200);
    let asked = world.key_server.last_request().unwrap();
    assert_eq!((asked.path.as_str(), asked.headers["host"].to_str().unwrap()), ("/ckc", "localhost"));
    assert!(world.records().await.pop().unwrap().granted);
}

#[tokio::test]
async fn without_a_path_its_root_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let key_server = key_server(directory.path()).await;
    let endpoint = key_server.place().to_string();
    let world = world(key_server, &[endpoint]).await;
    let target = world.target(GOOD).await;
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.key_server.last_request().unwrap().path, "/");
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_a_failed_attempt_and_the_next_endpoint_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = format!("unix:{}:/ckc", directory.path().join("nobody.sock").display());
    // The other endpoints are a socket too, and an address of the network: each has its own way.
    for key_server in [key_server(directory.path()).await, MockServer::start(KeyServer).await.unwrap()] {
        let endpoints = [nobody.clone(), key_server.url("/ckc")];
        let world = world(key_server, &endpoints).await;
        let target = world.target(GOOD).await;
        for attempts in [2, 1] {
            assert_eq!(world.redeem(&target).await.status, 200);
            assert_eq!(world.records().await.pop().unwrap().attempts, attempts);
        }
    }
    let world = world(key_server(directory.path()).await, &[nobody]).await;
    let target = world.target(GOOD).await;
    let answer = world.redeem(&target).await;
    assert_eq!(refusal(&answer), refused(-6004, 503, UNAVAILABLE));
    assert!(answer.json()["hint"].as_str().unwrap().contains("cannot be reached"), "{}", answer.text());
    assert!(!answer.text().contains("sock"), "no address is told: {}", answer.text());
    assert_eq!(world.key_server.request_count(), 0);
}

#[tokio::test]
async fn faults_of_a_socket_are_as_those_of_the_network() {
    let directory = tempfile::tempdir().unwrap();
    let key_server = key_server(directory.path()).await;
    let endpoint = key_server.url("/ckc");
    let world = world(key_server, &[endpoint]).await;
    let target = world.target(GOOD).await;
    for (fault, hint) in [
        (TransportFault::Refuse, "after 2 attempt(s)"),
        (TransportFault::Half, "broke off"),
        (TransportFault::Endless, "65536"),
        (TransportFault::Redirect, "307"),
    ] {
        world.key_server.faults().always(fault.clone());
        let answer = world.redeem(&target).await;
        assert_eq!(refusal(&answer), refused(-6004, 503, UNAVAILABLE), "{fault:?}");
        assert!(answer.json()["hint"].as_str().unwrap().contains(hint), "{fault:?}: {}", answer.text());
        world.key_server.faults().clear();
        assert_eq!(world.redeem(&target).await.status, 200, "{fault:?}");
    }
}
