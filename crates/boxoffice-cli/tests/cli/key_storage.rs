//! `boxoffice key`, `seed`, `content` and `storage-key`, on a running server and beside none.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::http::{Answer, ask};
use crate::program::{Place, Server, poll};

const KEK: &str = "000102030405060708090a0b0c0d0e0f";
const KEY: &str = "a9b9033df0b9ca5447839e3d074817a0";
const EK: &str = "5dbd06c0056b42fe0b8cf406679620c31bd619732730433d";
const ACCOUNT: &str = "100001";

/// The KID of `^kid1`.
const KID1: &str = "80ea8bc8a58f990ad1f76bc665b30bfa";

/// A call of the demo account.
fn call(server: &mut Server, method: &str, target: &str, body: &str) -> Answer {
    let authenticator = server.authenticator();
    let header = format!("X-Customer-Authenticator: {authenticator}");
    ask(server.address, method, &format!("/keystore{target}"), &[&header], body.as_bytes())
}

fn value(server: &mut Server, target: &str) -> String {
    call(server, "GET", target, "").text()
}

/// A data directory with the demo account, and nobody serving it.
fn place() -> Place {
    let place = Place::new();
    place.serve().end();
    place
}

#[test]
fn keys_are_imported_from_csv_and_json_lines_and_again_to_no_effect() {
    let place = place();
    let file = place.beside("keys.csv");
    let lines = (0..5_000)
        .map(|number| format!("^{number},{number:032x},movie {}\n", number % 7))
        .collect::<Vec<_>>()
        .concat();
    fs::write(&file, format!("kid,k,contentId\n{lines}")).unwrap();
    let file = file.to_str().unwrap();
    let import = ["key", "import", ACCOUNT, file, "--json"];
    let expected = |created: u64, there: u64| json!({ "created": created, "already_there": there, "other_key": 0, "refused": 0 });
    assert_eq!(place.json(&import), expected(5_000, 0));
    assert_eq!(place.json(&import), expected(0, 5_000));
    assert_eq!(place.json(&[&import[..], &["--from-line", "4002"]].concat()), expected(0, 1_000));
    // While the server runs, and for it at once.
    let mut server = place.serve();
    let wrapped = place.beside("keys.jsonl");
    let lines = format!(
        "{{\"kid\":\"^kid1\",\"k\":\"{KEY}\"}}\n{{\"kid\":\"^kid2\",\"ek\":\"{EK}\",\"info\":\"i\"}}\n"
    );
    fs::write(&wrapped, lines).unwrap();
    let done = place.succeed(&["key", "import", ACCOUNT, wrapped.to_str().unwrap(), "--kek", KEK]);
    assert!(done.starts_with("2 created, 0 already there"), "{done}");
    assert_eq!(value(&mut server, "/keycount"), r#"{"keyCount":5002}"#);
    assert_eq!(value(&mut server, "/keys/^4999/value"), format!("{:032x}", 4_999));
    assert_eq!(value(&mut server, "/keys/^kid1,^kid2/value"), format!("#{EK},#{EK}"));
    assert_eq!(value(&mut server, &format!("/keys/^kid2/value?kek={KEK}")), KEY);
    server.end();
}

#[test]
fn an_import_that_is_interrupted_says_where_to_go_on() {
    let place = place();
    let mut server = place.serve();
    let pipe = place.beside("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let lines: Vec<_> = (0..4_500).map(|number| format!("^{number},{number:032x}\n")).collect();
    let mut import = place.command(&["key", "import", ACCOUNT, pipe.to_str().unwrap()]);
    let import = import.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut writer = fs::File::options().write(true).open(&pipe).unwrap();
    writer.write_all(lines.concat().as_bytes()).unwrap();
    poll(|| value(&mut server, "/keycount"), |count| count == r#"{"keyCount":4096}"#);
    let interrupted = Command::new("sh").args(["-c", &format!("kill -INT {}", import.id())]).status();
    assert!(interrupted.unwrap().success());
    let done = import.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    let next = said.trim_end().rsplit_once("go on with --from-line ").unwrap().1;
    // The first batch may be stored and not yet counted.
    assert!(["1", "4097"].contains(&next), "{said}");
    drop(writer);
    let file = place.beside("keys.csv");
    fs::write(&file, lines.concat()).unwrap();
    place.succeed(&["key", "import", ACCOUNT, file.to_str().unwrap(), "--from-line", next]);
    assert_eq!(value(&mut server, "/keycount"), r#"{"keyCount":4500}"#);
    server.end();
}

#[test]
fn lines_that_are_not_stored_are_named_and_the_others_stored() {
    let place = place();
    let file = place.beside("keys.csv");
    let good = format!("^a,{KEY}\n");
    fs::write(&file, format!("{good}^b\nzz,{KEY}\n^c,{}\n^a,{}\n^d,{KEY}\n", &KEY[1..], "0".repeat(32)))
        .unwrap();
    let done = place.run(&["key", "import", ACCOUNT, file.to_str().unwrap()]);
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(
        done.stdout
            .starts_with("2 created, 0 already there, 1 already there with another key, 3 lines refused")
    );
    for line in ["line 2: ", "line 3: ", "line 4: ", "line 5: its KID has another key already"] {
        assert!(done.stderr.contains(line), "{done:?}");
    }
    assert!(!done.stderr.contains(&KEY[4..12]), "no key is quoted: {done:?}");
    assert!(place.refused(&["key", "import", ACCOUNT, "nowhere.csv"]).contains("nowhere.csv"));
}

#[test]
fn what_is_exported_can_be_imported_elsewhere() {
    let (from, to) = (place(), place());
    let file = from.beside("keys.csv");
    fs::write(&file, format!("^kid1,{KEY},movie-1\n^kid2,{}\n", "1".repeat(32))).unwrap();
    from.succeed(&["key", "import", ACCOUNT, file.to_str().unwrap()]);
    let exported = from.succeed(&["key", "export", ACCOUNT, "--kek", KEK]);
    assert!(exported.contains(EK) && !exported.contains(KEY) && !exported.contains("\"k\""), "{exported}");
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let file = to.beside("keys.jsonl");
    fs::write(&file, &exported).unwrap();
    to.succeed(&["key", "import", ACCOUNT, file.to_str().unwrap(), "--kek", KEK]);
    let mut server = to.serve();
    assert_eq!(value(&mut server, &format!("/keys/^kid1/value?kek={KEK}")), KEY);
    // Keys under another KEK are nobody's to wrap anew.
    let done = to.run(&["key", "export", ACCOUNT, "--kek", &"2".repeat(32)]);
    assert_eq!((done.status, done.stdout.as_str()), (Some(1), ""));
    assert!(done.stderr.contains(KID1), "{done:?}");
}

#[test]
fn a_key_is_shown_without_its_value_unless_that_is_asked_for() {
    let place = place();
    let mut server = place.serve();
    let body = format!(r#"{{"kid":"^kid1","k":"{KEY}","contentId":"movie-1"}}"#);
    assert_eq!(call(&mut server, "POST", "/keys", &body).status, 201);
    let shown = place.json(&["key", "show", ACCOUNT, "^kid1", "--json"]);
    assert_eq!((&shown["kid"], &shown["kekId"]), (&json!(KID1), &json!("#service")));
    assert_eq!((&shown["held_by"], &shown["contentId"]), (&json!("service"), &json!("movie-1")));
    assert!(shown.get("k").is_none());
    assert!(!place.succeed(&["key", "show", ACCOUNT, "^kid1"]).contains(KEY));
    assert_eq!(place.json(&["key", "show", ACCOUNT, KID1, "--json", "--reveal-keys"])["k"], KEY);
    assert!(place.succeed(&["key", "show", ACCOUNT, KID1, "--reveal-keys"]).contains(KEY));
    assert!(place.refused(&["key", "show", ACCOUNT, "^unknown"]).contains("no key"));
    assert_eq!(place.run(&["key", "show", ACCOUNT, "zz"]).status, Some(2));
    assert!(place.refused(&["key", "show", "999999", "^kid1"]).contains("999999"));
    place.succeed(&["key", "delete", ACCOUNT, "^kid1"]);
    assert_eq!(call(&mut server, "GET", "/keys/^kid1", "").status, 404);
    assert!(place.refused(&["key", "delete", ACCOUNT, "^kid1"]).contains("no key"));
    // Everybody's calls are in the log.
    let log = place.succeed(&["key", "log", "--account", ACCOUNT, "--kid", "^kid1", "--json"]);
    let calls: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words: Vec<_> = calls
        .iter()
        .map(|call| (call["call"].as_str().unwrap(), call["outcome"].as_str().unwrap()))
        .collect();
    let show = ("show", "200");
    let expected = [
        ("create", "201"),
        show,
        show,
        show,
        show,
        ("delete", "200"),
        ("get", "404 404"),
        ("delete", "404 404"),
    ];
    assert_eq!(words, expected);
    assert_eq!((&calls[0]["account_id"], &calls[0]["address"]), (&json!(100_001), &json!("127.0.0.1")));
    assert!(!log.contains(KEY));
    assert_eq!(place.succeed(&["key", "log", "--to", "2020-01-01"]), "");
    assert!(place.succeed(&["key", "log", "--from", "2020-01-01"]).lines().count() >= 8);
    server.end();
}

#[test]
fn the_demo_account_has_a_native_seed_and_others_get_theirs() {
    let place = place();
    let seeds = place.json(&["seed", "list", "--json"]);
    assert_eq!(seeds.as_array().unwrap().len(), 1);
    assert_eq!((&seeds[0]["account_id"], &seeds[0]["kind"]), (&json!(100_001), &json!("native")));
    let mut server = place.serve();
    assert_eq!(call(&mut server, "GET", "/keys/^kid1", "").status, 404);
    // PlayReady's vector, and what an open seed costs.
    let file = place.beside("seed");
    fs::write(&file, (0..30).collect::<Vec<u8>>()).unwrap();
    let file = file.to_str().unwrap();
    let said = place.succeed(&["seed", "import", ACCOUNT, file, "--kind", "playready"]);
    assert!(said.contains("any KID"), "{said}");
    let (found, _) = poll(|| value(&mut server, "/keys/^kid1/value"), |value| value.len() == 32);
    assert_eq!(found, "dbadfcbf0aa0e0b6a9d1736efdb8dbaf");
    assert!(place.refused(&["seed", "create", ACCOUNT, "--open"]).contains("seed 2"));
    assert!(place.refused(&["seed", "import", ACCOUNT, file, "--kind", "native"]).contains("32"));
    let exported = place.json(&["seed", "export", "2", "--kek", KEK, "--json"]);
    assert_eq!(exported["wrapped"].as_str().unwrap().len(), 80);
    place.succeed(&["seed", "retire", "2"]);
    poll(|| call(&mut server, "GET", "/keys/^kid1", "").status, |&status| status == 404);
    assert!(place.refused(&["seed", "retire", "2"]).contains("no seed 2"));
    // The vectors of a native seed, imported: a tag is recorded as its key is first asked for.
    let file = place.beside("native");
    fs::write(&file, "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n").unwrap();
    place.succeed(&["seed", "import", ACCOUNT, file.to_str().unwrap(), "--kind", "native"]);
    let target = "/keys/532dcf1d9750941203fae2808a885599/value";
    let (found, _) = poll(|| value(&mut server, target), |value| value.len() == 32);
    assert_eq!(found, "d27874fe61d977617963357220c31d38");
    let contents = place.json(&["content", "list", ACCOUNT, "--json"]);
    assert_eq!((&contents[0]["seed_id"], &contents[0]["content_id"]), (&json!(3), &json!(null)));
    assert!(place.refused(&["seed", "retire", "3"]).contains("--force"));
    assert!(place.refused(&["content", "delete", ACCOUNT, "movie-1"]).contains("movie-1"));
    place.succeed(&["seed", "retire", "3", "--force"]);
    poll(|| call(&mut server, "GET", target, "").status, |&status| status == 404);
    server.end();
}

#[test]
fn a_storage_key_rolls_while_the_server_serves() {
    let place = place();
    let file = place.beside("keys.csv");
    let lines = (0..600).map(|number| format!("^{number},{number:032x}\n")).collect::<Vec<_>>().concat();
    fs::write(&file, lines).unwrap();
    place.succeed(&["key", "import", ACCOUNT, file.to_str().unwrap()]);
    let mut server = place.serve();
    let test = |place: &Place| place.json(&["storage-key", "status", "--environment", "test", "--json"]);
    assert_eq!(
        (test(&place)[0]["current"].clone(), test(&place)[0]["needed"].clone()),
        (json!(true), json!(true))
    );
    assert!(place.refused(&["storage-key", "retire", "1"]).contains("rotate first"));
    assert_eq!(place.json(&["storage-key", "rotate", "--environment", "test", "--json"])[0]["key_id"], 2);
    assert_eq!(value(&mut server, "/keys/^599/value"), format!("{:032x}", 599));
    // The server seals everything anew by itself.
    let (status, _) = poll(|| test(&place), |status| status[0]["needed"] == false);
    assert_eq!((&status[0]["account_keys"], &status[0]["left_to_reseal"]), (&json!(0), &json!(0)));
    place.succeed(&["storage-key", "retire", "1"]);
    assert_eq!(test(&place).as_array().unwrap().len(), 1);
    assert_eq!(value(&mut server, "/keys/^0,^599/value"), format!("{:032x},{:032x}", 0, 599));
    server.end();
    // Also for whoever starts afterwards; the lab's material moved along.
    let mut server = place.serve();
    assert_eq!(value(&mut server, "/keys/^1/value"), format!("{:032x}", 1));
    server.end();
}

#[test]
fn a_token_by_kid_alone_is_redeemed_with_the_stored_key() {
    let place = place();
    let mut server = place.serve();
    assert_eq!(call(&mut server, "POST", "/keys", r#"{"kid":"^movie1"}"#).status, 201);
    let authenticator = server.authenticator();
    let target = format!(
        "/hms/wv/token?customerAuthenticator={authenticator}&kid=%5Emovie1&securityLevel=1&hdcpOutputControl=0"
    );
    let token = server.get(&target);
    assert_eq!(token.status, 200, "{token:?}");
    let redeemed = place.succeed(&["redeem", &token.text()]);
    assert!(redeemed.contains("matches"), "{redeemed}");
    server.end();
}
