//! Several servers on one PostgreSQL. They run where PostgreSQL's programs are installed.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use boxoffice_core::key_ring::Purpose;
use boxoffice_storage::{PostgresStorage, Storage};
use drm_primitives::SystemRandom;
use serde_json::Value;
use throwaway_postgres::Cluster;

use crate::http::{self, Answer};
use crate::program::{Place, Server, done, poll, refused, say};

/// The pair of clearkey.md, section 3.
const KID: &str = "9eb4050de44b4802932e27d75083e266";
const KEY: &str = "166634c675823c235a4a9446fad52e4d";
const REQUEST: &[u8] = br#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#;

const MASTER_KEY: &str = "3f9d0c5a7be1426884d1c0aa55e7b3901f2e6d7c8b9a0f1e2d3c4b5a69788796";

/// Operations.md, section 1, and the promise of several nodes: every node sees a change within one second.
const SOON: Duration = Duration::from_secs(1);

/// One machine of several: its own data directory, the same master key, the same database.
pub struct Node {
    place: Place,
    url: String,
}

impl Node {
    pub fn new(cluster: &Cluster) -> Self {
        let place = Place::new();
        DirBuilder::new().mode(0o700).create(place.data()).unwrap();
        let path = place.data().join("master.key");
        fs::File::create(&path).unwrap().write_all(MASTER_KEY.as_bytes()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Self { place, url: cluster.url() }
    }

    pub fn data(&self) -> PathBuf {
        self.place.data()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("BOXOFFICE_DATABASE__URL", &self.url).env("BOXOFFICE_DEMO__ENABLED", "on");
        command
    }

    pub fn succeed(&self, arguments: &[&str]) -> String {
        let done = done(&mut self.command(arguments));
        assert_eq!(done.status, Some(0), "{arguments:?}: {done:?}");
        done.stdout
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeed(arguments)).unwrap()
    }

    pub fn serve(&self) -> Server {
        Server::start(&self.place, &mut self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }
}

/// None, with a word, where PostgreSQL is not installed.
pub fn cluster() -> Option<Cluster> {
    match Cluster::start() {
        Ok(cluster) => Some(cluster),
        Err(reason) => {
            say(&format!("skipped: {reason}"));
            None
        }
    }
}

/// Starts all of them at the same moment.
pub fn serve_at_once(nodes: &[Node]) -> Vec<Server> {
    thread::scope(|scope| {
        let starting: Vec<_> = nodes.iter().map(|node| scope.spawn(|| node.serve())).collect();
        starting.into_iter().map(|starting| starting.join().unwrap()).collect()
    })
}

/// The database, past the program.
pub async fn storage(cluster: &Cluster) -> Arc<dyn Storage> {
    Arc::new(PostgresStorage::open(&cluster.url(), 4, Arc::new(SystemRandom)).await.unwrap())
}

/// Makes an account and gives its number and its authenticator.
pub fn account(node: &Node, name: &str) -> (String, String) {
    let made = node.json(&["account", "create", name, "--json"]);
    let authenticator = made["customer_authenticator"].as_str().unwrap().to_owned();
    (made["account_id"].to_string(), authenticator)
}

/// Asks for a Clear Key token.
pub fn ask(server: &Server, authenticator: &str, keys: &str) -> Answer {
    server.get(&format!("/hms/ck/token?customerAuthenticator={authenticator}&errorFormat=json&{keys}"))
}

/// Asks for the token of [`KID`], and gives where any node redeems it.
pub fn target(server: &Server, authenticator: &str) -> String {
    let answer = ask(server, authenticator, &format!("kid={KID}&contentKey={KEY}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    http::split(&answer.text()).1
}

pub fn redeem(server: &Server, target: &str) -> Answer {
    http::ask(server.address, "POST", target, &["Content-Type: application/json"], REQUEST)
}

#[test]
fn nodes_that_start_at_once_on_an_empty_database_agree_on_everything() {
    let Some(cluster) = cluster() else { return };
    let nodes = [Node::new(&cluster), Node::new(&cluster), Node::new(&cluster)];
    let mut servers = serve_at_once(&nodes);
    let accounts = nodes[0].json(&["account", "list", "--json"]);
    assert_eq!(accounts.as_array().unwrap().len(), 1, "{accounts}");
    let (made, _) = poll(
        || nodes[1].json(&["authenticator", "list", "100001", "--json"]),
        |list| list.as_array().is_some_and(|list| list.len() == 1),
    );
    assert_eq!(made.as_array().unwrap().len(), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rings = runtime.block_on(async { storage(&cluster).await.ring_keys().await.unwrap() });
    // One key a ring: two environments, each purpose.
    assert_eq!(rings.len(), 2 * Purpose::ALL.len());
    // A restart prints the demo authenticator, which every node takes; a token of each opens on each.
    servers.pop().unwrap().end();
    servers.push(nodes[2].serve());
    let authenticator = servers[2].authenticator();
    for minting in &servers {
        let target = target(minting, &authenticator);
        for redeeming in &servers {
            let answer = redeem(redeeming, &target);
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
    // The lab is one, too: a device that trusts one node's certificate trusts all of them.
    let certificates: Vec<_> = servers
        .iter()
        .map(|server| http::ask(server.address, "POST", "/hms/wv/rights/", &[], &[8, 4]).body)
        .collect();
    assert!(certificates.iter().all(|certificate| *certificate == certificates[0]));
}

#[test]
fn a_node_with_another_master_key_is_refused_and_changes_nothing() {
    let Some(cluster) = cluster() else { return };
    let (first, second) = (Node::new(&cluster), Node::new(&cluster));
    let server = first.serve();
    fs::write(second.data().join("master.key"), "0".repeat(64)).unwrap();
    let sentence = refused(&mut second.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(sentence.contains("master key"), "{sentence}");
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn a_command_on_an_empty_database_makes_nothing_and_says_what_to_do() {
    let Some(cluster) = cluster() else { return };
    let node = Node::new(&cluster);
    let sentence = refused(&mut node.command(&["account", "list"]));
    assert!(sentence.contains("run boxoffice serve"), "{sentence}");
    let sentence = refused(&mut node.command(&["account", "list"]));
    assert!(sentence.contains("there is nothing in the database"), "{sentence}");
}

/// Polls a node until it answers so, and asserts that this was soon after `change`.
fn seen_soon(change: impl FnOnce(), ask: impl FnMut() -> Answer, expected: impl Fn(&Answer) -> bool) {
    change();
    let (_, after) = poll(ask, expected);
    assert!(after < SOON, "seen after {after:?}");
}

#[test]
fn what_changes_on_one_node_is_seen_by_the_others_within_a_second() {
    let Some(cluster) = cluster() else { return };
    let nodes = [Node::new(&cluster), Node::new(&cluster)];
    let mut servers = serve_at_once(&nodes);
    let (here, there) = (servers.remove(0), servers.remove(0));
    let (id, authenticator) = account(&nodes[0], "a");
    // Both have seen the account, so that both have it in memory.
    let first = target(&here, &authenticator);
    assert_eq!(redeem(&there, &first).status, 200);
    let pair = format!("kid={KID}&contentKey={KEY}");
    let on_there = || ask(&there, &authenticator, &pair);
    let set = |option: &str, value: &str| {
        nodes[0].succeed(&["account", "set", &id, option, value]);
    };
    seen_soon(|| set("--balance", "0"), on_there, |answer| answer.code() == Some(-2019));
    assert_eq!(redeem(&there, &first).code(), Some(-2019));
    seen_soon(|| set("--balance", "+5"), on_there, |answer| answer.status == 200);
    seen_soon(|| set("--clearkey", "off"), on_there, |answer| answer.code() == Some(-2031));
    seen_soon(|| set("--clearkey", "on"), on_there, |answer| answer.status == 200);
    let added = nodes[0].json(&["authenticator", "add", &id, "--json"]);
    let other = added["customer_authenticator"].as_str().unwrap().to_owned();
    let number = added["id"].to_string();
    let with_other = || ask(&there, &other, &pair);
    seen_soon(|| (), with_other, |answer| answer.status == 200);
    seen_soon(
        || drop(nodes[0].succeed(&["authenticator", "revoke", &number])),
        with_other,
        |answer| answer.status != 200,
    );
    // A key that one node was given is in the other one's tokens at once.
    let kid = "00112233445566778899aabbccddeeff";
    let key = format!(r#"{{"kid":"{kid}","k":"a9b9033df0b9ca5447839e3d074817a0"}}"#);
    let keystore = format!("/keystore/keys?customerAuthenticator={authenticator}");
    let made =
        http::ask(here.address, "POST", &keystore, &["Content-Type: application/json"], key.as_bytes());
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let by_kid = ask(&there, &authenticator, &format!("kid={kid}"));
    assert_eq!(by_kid.status, 200, "{by_kid:?}");
    // A new sealing key seals on both, and each opens what the other one sealed.
    nodes[1].succeed(&["sealing-key", "rotate", "--environment", "test"]);
    for (minting, redeeming) in [(&here, &there), (&there, &here)] {
        assert_eq!(redeem(redeeming, &target(minting, &authenticator)).status, 200);
    }
}

#[test]
fn a_database_that_comes_back_is_used_again_without_a_word() {
    let Some(cluster) = cluster() else { return };
    let node = Node::new(&cluster);
    let mut server = node.serve();
    let authenticator = server.authenticator();
    let target = target(&server, &authenticator);
    assert_eq!(redeem(&server, &target).status, 200);
    cluster.crash_and_restart().unwrap();
    poll(|| redeem(&server, &target).status, |status| *status == 200);
    poll(|| server.get("/readyz").status, |status| *status == 200);
    server.end();
}
