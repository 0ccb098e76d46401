//! `boxoffice records`, and what becomes of old ones, beside a running server.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::channel;

use boxoffice_core::{AccountId, Drm, Environment};
use boxoffice_storage::{Record, RecordKind, Records as _, SqliteStorage};
use jiff::Timestamp;
use serde_json::Value;

use crate::http;
use crate::program::{DEADLINE, Place, Server, poll};

const KID: &str = "9eb4050de44b4802932e27d75083e266";
const REQUEST: &[u8] = br#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#;

/// The target at which a Clear Key token of the demo account is redeemed.
fn target(server: &Server, more: &str) -> String {
    let authenticator = server.line("boxoffice: demo authenticator ").unwrap();
    let asked = format!(
        "/hms/ck/token?customerAuthenticator={authenticator}&errorFormat=json\
         &kid={KID}&contentKey=166634c675823c235a4a9446fad52e4d{more}"
    );
    let answer = server.get(&asked);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text().split_once(&server.address.to_string()).unwrap().1.to_owned()
}

fn redeem(server: &Server, target: &str) -> u16 {
    http::ask(server.address, "POST", target, &[], REQUEST).status
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn served() -> (Place, Server) {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    (place, server)
}

#[test]
fn an_account_is_topped_up_redeemed_to_zero_and_its_records_are_read_by_cookie() {
    let (place, server) = served();
    place.succeed(&["account", "set", "100001", "--balance", "1"]);
    let first = target(&server, "&cookie=order-17");
    assert_eq!(redeem(&server, &first), 200);
    let refused = http::ask(server.address, "POST", &first, &[], REQUEST);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("-2019"), "{}", refused.text());
    assert_eq!(place.json(&["account", "show", "100001", "--json"])["balance"], 0);
    place.succeed(&["account", "set", "100001", "--balance", "+1"]);
    let (status, _) = poll(|| redeem(&server, &first), |status| *status == 200);
    assert_eq!(status, 200);
    let found = lines(&place.succeed(&["records", "--cookie", "order-17", "--json"]));
    assert!(found.len() >= 3);
    assert_eq!(found[0]["granted"], true);
    assert_eq!(found[1]["error_code"], -2019);
    assert_eq!(found[0]["account_id"], 100_001);
    let granted = lines(&place.succeed(&["records", "--account", "100001", "--code", "0", "--json"]));
    assert_eq!(granted.len(), 2);
    server.end();
}

#[test]
fn records_are_found_by_what_they_say_and_printed_in_three_forms() {
    let (place, server) = served();
    for cookie in ["a", "with%20%22quotes%22,%20and%20commas"] {
        assert_eq!(redeem(&server, &target(&server, &format!("&cookie={cookie}"))), 200);
    }
    redeem(&server, "/hms/ck/rights/?ExpressPlayToken=AAAA");
    let found = |arguments: &[&str]| {
        let arguments = [&["records", "--json"], arguments].concat();
        lines(&place.succeed(&arguments)).len()
    };
    assert_eq!(found(&[]), 3);
    assert_eq!(found(&["--account", "100001"]), 2);
    assert_eq!(found(&["--kid", KID]), 3);
    assert_eq!(found(&["--kid", "^other"]), 0);
    assert_eq!(found(&["--code", "-4010"]), 1);
    assert_eq!(found(&["--code", "0"]), 2);
    assert_eq!(found(&["--cookie", "a"]), 1);
    assert_eq!(found(&["--from", "2100-01-01"]), 0);
    assert_eq!(found(&["--to", "2000-01-01T00:00:00Z"]), 0);
    let csv = place.succeed(&["records", "--csv"]);
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.starts_with("event_id,time,granted,error_code,drm,kids,cookie,"), "{csv}");
    assert!(csv.contains(r#","with ""quotes"", and commas","#), "{csv}");
    let shown = place.succeed(&["records"]);
    assert_eq!(shown.lines().count(), 3);
    assert!(shown.contains("  granted  a  "), "{shown}");
    let done = place.run(&["records", "--json", "--csv"]);
    assert_eq!(done.status, Some(2));
    server.end();
}

#[test]
fn records_are_followed_as_they_come() {
    let (place, server) = served();
    assert_eq!(redeem(&server, &target(&server, "&cookie=before")), 200);
    let mut follower = place
        .command(&["records", "--follow", "--json", "--account", "100001"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (send, printed) = channel();
    let stdout = BufReader::new(follower.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in stdout.lines() {
            let _ = send.send(line.unwrap());
        }
    });
    // It says nothing when it begins, so one redemption after the other is made until the first is printed.
    let redeemed = target(&server, "&cookie=after");
    let (first, _) = poll(
        || {
            assert_eq!(redeem(&server, &redeemed), 200);
            printed.recv_timeout(std::time::Duration::from_millis(500)).ok()
        },
        Option::is_some,
    );
    let first: Value = serde_json::from_str(&first.unwrap()).unwrap();
    assert_eq!(first["cookie"], "after");
    assert_eq!(redeem(&server, &target(&server, "&cookie=last")), 200);
    let mut numbers = vec![first["event_id"].as_u64().unwrap()];
    loop {
        let line: Value = serde_json::from_str(&printed.recv_timeout(DEADLINE).unwrap()).unwrap();
        numbers.push(line["event_id"].as_u64().unwrap());
        if line["cookie"] == "last" {
            break;
        }
    }
    assert!(numbers.is_sorted_by(|a, b| a < b), "each once: {numbers:?}");
    let id = follower.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(follower.wait().unwrap().code(), Some(0));
    server.end();
}

/// Puts the record of a refusal of some time into the books.
fn put_old(place: &Place, time: Timestamp, cookie: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let storage = SqliteStorage::open(&place.data().join("boxoffice.db")).unwrap();
    let record = Record {
        time,
        environment: Environment::Test,
        account: Some(AccountId(100_001)),
        drm: Drm::Widevine,
        kind: RecordKind::Licence,
        granted: false,
        code: -7008,
        kids: Vec::new(),
        cookie: Some(cookie.to_owned()),
        token_id: None,
        device_id: None,
        device: None,
        address: None,
        attempts: 3,
        request_id: "01JG".to_owned(),
        detail: Some(r#"{"x":1}"#.to_owned()),
    };
    runtime.block_on(storage.add_record(record, None)).unwrap();
}

#[test]
fn old_records_are_archived_and_the_same_command_reads_them() {
    let (place, server) = served();
    assert_eq!(redeem(&server, &target(&server, "&cookie=young")), 200);
    server.end();
    for (hour, cookie) in [(1, "old-1"), (2, "old-2")] {
        put_old(&place, format!("2020-01-01T0{hour}:00:00Z").parse().unwrap(), cookie);
    }
    let before = place.succeed(&["records", "--json"]);
    std::fs::write(place.beside("boxoffice.toml"), "[records]\nkeep_days = 1\n").unwrap();
    let config = place.beside("boxoffice.toml");
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--config"]);
    let mut server = Server::start(&place, command.arg(&config));
    server.authenticator();
    let files = || std::fs::read_dir(place.data().join("records")).map_or(0, Iterator::count);
    poll(files, |files| *files == 1);
    // They leave the database once they are there.
    let authenticator = server.line("boxoffice: demo authenticator ").unwrap();
    let events = || {
        let asked = format!("/cmiapi/getrecord/?customerAuthenticator={authenticator}");
        let answer: Value = serde_json::from_str(&server.get(&asked).text()).unwrap();
        answer["events"].as_array().unwrap().len()
    };
    poll(events, |events| *events == 1);
    assert_eq!(place.succeed(&["records", "--json"]), before);
    let found = lines(&place.succeed(&["records", "--json", "--cookie", "old-2"]));
    assert_eq!((found.len(), &found[0]["attempts"], &found[0]["detail"]["x"]), (1, &3.into(), &1.into()));
    assert_eq!(lines(&place.succeed(&["records", "--json", "--to", "2020-01-01T02:00:00Z"])).len(), 1);
    server.end();
}
