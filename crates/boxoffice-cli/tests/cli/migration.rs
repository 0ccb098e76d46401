//! `boxoffice migrate`: everything arrives, and works as before.

use serde_json::Value;

use crate::http;
use crate::nodes::{Node, ask, cluster, redeem, target};
use crate::program::{Place, done, refused};

#[test]
fn everything_moves_and_goes_on_working_in_postgres() {
    let Some(cluster) = cluster() else { return };
    let place = Place::new();
    let mut server = place.serve();
    let authenticator = server.authenticator();
    place.succeed(&["account", "set", "100001", "--balance", "10"]);
    let kid = "00112233445566778899aabbccddeeff";
    let key = format!(r#"{{"kid":"{kid}","k":"a9b9033df0b9ca5447839e3d074817a0","contentId":"movie-1"}}"#);
    let keystore = format!("/keystore/keys?customerAuthenticator={authenticator}");
    let made =
        http::ask(server.address, "POST", &keystore, &["Content-Type: application/json"], key.as_bytes());
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let before = target(&server, &authenticator);
    assert_eq!(redeem(&server, &before).status, 200);
    let from = format!("sqlite://{}", place.data().join("boxoffice.db").display());
    let to = cluster.url();
    let arguments = ["migrate", "--from", &from, "--to", &to];
    let running = place.refused(&arguments);
    assert!(running.contains("end it first"), "{running}");
    server.end();
    let moved = place.json(&["migrate", "--from", &from, "--to", &to, "--json"]);
    for (table, rows) in [("accounts", 1), ("authenticators", 1), ("content_keys", 1), ("records", 1)] {
        assert_eq!(moved[table], rows, "{moved}");
    }
    assert!(moved["key_audit_blocks"].as_u64().is_some_and(|blocks| blocks > 0), "{moved}");
    // The second time it is not empty any more.
    let again = place.refused(&arguments);
    assert!(again.contains("not empty") && again.contains("accounts"), "{again}");

    let node = Node::new(&cluster);
    std::fs::copy(place.data().join("master.key"), node.data().join("master.key")).unwrap();
    let shown = |account: &Value| (account["balance"].clone(), account["name"].clone());
    let account = place.json(&["account", "show", "100001", "--json"]);
    assert_eq!(shown(&node.json(&["account", "show", "100001", "--json"])), shown(&account));
    let server = node.serve();
    // The old token, the old authenticator, the old key, and new numbers behind the old ones.
    assert_eq!(redeem(&server, &before).status, 200);
    let by_kid = ask(&server, &authenticator, &format!("kid={kid}"));
    assert_eq!(by_kid.status, 200, "{by_kid:?}");
    let account = node.json(&["account", "show", "100001", "--json"]);
    assert_eq!(account["balance"], 8);
    let events = server.get(&format!("/cmiapi/getrecord/?customerAuthenticator={authenticator}"));
    assert_eq!(events.status, 200, "{events:?}");
    node.succeed(&["authenticator", "add", "100001"]);
    server.end();
}

#[test]
fn a_direction_that_is_not_offered_and_a_source_that_is_not_there_are_refused() {
    let place = Place::new();
    let refusal =
        |from: &str, to: &str| refused(&mut place.command(&["migrate", "--from", from, "--to", to]));
    let other = refusal("postgres://me:secret@db/a", "sqlite:///tmp/b");
    assert!(other.contains("migrate goes from sqlite://… to postgres://…"), "{other}");
    assert!(!other.contains("secret"), "{other}");
    let missing = refusal("sqlite:///nowhere/boxoffice.db", "postgres://db/a");
    assert!(missing.contains("/nowhere/boxoffice.db"), "{missing}");
    let usage = done(&mut place.command(&["migrate", "--from", "mysql://a", "--to", "postgres://b"]));
    assert_eq!(usage.status, Some(2));
    assert!(usage.stderr.contains("expected sqlite://PATH or postgres://"), "{}", usage.stderr);
}
