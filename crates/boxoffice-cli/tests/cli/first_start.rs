//! Operations.md, section 2.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::http;
use crate::program::Place;

#[test]
fn the_first_start_prints_its_lines_and_the_pasted_one_answers_with_a_licence_url() {
    let place = Place::new();
    let mut server = place.serve();
    let url = server.curl_url();
    let authenticator = server.authenticator();
    let (id, secret) = authenticator.split_once(',').unwrap();
    assert_eq!((id, secret.len()), ("100001", 32));
    assert!(secret.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    // Quoted, so that a shell takes it as it is.
    let pasted = server.line("curl ").unwrap();
    assert!(pasted.starts_with('\'') && pasted.ends_with('\''), "{pasted}");
    let (address, target) = http::split(&url);
    assert_eq!(address, server.address);
    let answer = http::ask(address, "GET", &target, &[], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/uri-list")));
    let licence_url = answer.text();
    assert!(
        licence_url.starts_with(&format!("http://{address}/hms/wv/rights/?ExpressPlayToken=")),
        "{licence_url}"
    );
    let redeemed = place.succeed(&["redeem", &licence_url]);
    assert!(redeemed.contains("content key matches"), "{redeemed}");
    assert!(redeemed.contains("80ea8bc8a58f990ad1f76bc665b30bfa"), "{redeemed}");
    assert!(redeemed.contains("may be played, may not be stored"), "{redeemed}");
    server.end();
}

#[test]
fn the_data_directory_and_the_master_key_are_for_their_owner_alone() {
    let place = Place::new();
    place.serve().end();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.data()), 0o700);
    let key = place.data().join("master.key");
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(&place.data().join("boxoffice.db")), 0o600);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let refused = place.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        refused.contains("master.key") && refused.contains("0644") && refused.contains("chmod 600"),
        "{refused}"
    );
}

#[test]
fn a_database_under_another_master_key_is_refused_and_left_alone() {
    let place = Place::new();
    place.serve().end();
    let key = place.data().join("master.key");
    fs::remove_file(&key).unwrap();
    let refused = place.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("master.key is missing"), "{refused}");
    assert!(!key.exists());
    fs::write(&key, "ab".repeat(32)).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let refused = place.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("another master key"), "{refused}");
}

#[test]
fn every_start_prints_the_demo_lines_until_the_demo_authenticator_is_revoked() {
    let place = Place::new();
    let mut server = place.serve();
    let authenticator = server.authenticator();
    server.end();
    let mut server = place.serve();
    assert_eq!(server.authenticator(), authenticator);
    // A second one does not stand in for the first.
    place.succeed(&["authenticator", "add", "100001"]);
    place.succeed(&["authenticator", "revoke", &authenticator]);
    server.end();
    let server = place.serve();
    server.signal("TERM");
    let printed = server.printed.clone();
    let (status, rest) = server.ended();
    assert_eq!((status.code(), printed.len(), rest.len()), (Some(0), 1, 0), "{printed:?} {rest:?}");
}

#[test]
fn a_disabled_demo_account_is_not_advertised() {
    let place = Place::new();
    place.serve().end();
    place.succeed(&["account", "disable", "100001"]);
    let server = place.serve();
    server.signal("TERM");
    let printed = server.printed.clone();
    let (_, rest) = server.ended();
    assert_eq!((printed.len(), rest.len()), (1, 0), "{printed:?} {rest:?}");
}

#[test]
fn a_command_may_come_before_the_first_start() {
    let place = Place::new();
    let made = place.json(&["account", "create", "First", "--json"]);
    assert_eq!(made["account_id"], 100_001);
    let server = place.serve();
    // There is an account already, so there is no demo.
    server.signal("TERM");
    let (status, rest) = server.ended();
    assert_eq!((status.code(), rest), (Some(0), Vec::new()));
}

#[test]
fn a_command_that_only_looks_makes_nothing() {
    let place = Place::new();
    let refused = place.refused(&["account", "list"]);
    assert!(refused.contains("there is no database at") && refused.contains("--data-dir"), "{refused}");
    assert!(!place.data().exists());
}
