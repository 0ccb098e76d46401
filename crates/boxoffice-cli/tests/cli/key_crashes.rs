//! `kill -9` while keys are created: what was acknowledged is there afterwards, and nothing is half there
//! (key-storage.md, section 10).

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::Value;

use crate::http::Answer;
use crate::program::{DEADLINE, Place, Server};

/// How often the server is killed, and how many keys are acknowledged each time before.
const ROUNDS: usize = 20;
const ACKNOWLEDGED: usize = 24;

/// How many clients create at once.
const CLIENTS: usize = 6;

/// A third of the keys go under it, so that both kinds are there.
const KEK: &str = "000102030405060708090a0b0c0d0e0f";

/// What clients know of a round.
#[derive(Default)]
struct Round {
    /// What each answer said that came whole, by KID.
    acknowledged: Mutex<HashMap<String, Acknowledged>>,
    /// Names of all that were asked for.
    asked: AtomicUsize,
}

struct Acknowledged {
    key: String,
    under_kek: bool,
}

#[test]
fn no_acknowledged_key_is_lost_and_none_is_half_there() {
    let place = Place::new();
    let mut server = place.serve();
    let authenticator = server.authenticator();
    let mut all = HashMap::new();
    for number in 0..ROUNDS {
        let round = Arc::new(Round::default());
        create_until_killed(&server, &authenticator, number, &round);
        drop(server);
        server = place.serve();
        all.extend(round.acknowledged.lock().unwrap().drain());
        check_asked(&server, &authenticator, number, round.asked.load(Ordering::Relaxed), &all);
    }
    assert!(all.len() >= ROUNDS * ACKNOWLEDGED);
    check_acknowledged(&server, &authenticator, &all);
    server.end();
}

/// Creates with several clients until enough is acknowledged; then the server is killed under them.
fn create_until_killed(server: &Server, authenticator: &str, number: usize, round: &Arc<Round>) {
    let (acknowledge, acknowledged) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (round, acknowledge) = (Arc::clone(round), acknowledge.clone());
            let (address, authenticator) = (server.address, authenticator.to_owned());
            std::thread::spawn(move || {
                loop {
                    let name = format!("^{number} {}", round.asked.fetch_add(1, Ordering::Relaxed));
                    let under_kek = client % 3 == 0;
                    let kek = if under_kek { format!("&kek={KEK}") } else { String::new() };
                    let target = format!("/keystore/keys?customerAuthenticator={authenticator}{kek}");
                    let body = format!(r#"{{"kid":"{name}"}}"#);
                    let Some(answer) = create(address, &target, &body) else { return };
                    assert_eq!(answer.status, 201, "{answer:?}");
                    let key: Value = serde_json::from_slice(&answer.body).unwrap();
                    let text = |member: &str| key[member].as_str().unwrap().to_owned();
                    let said = Acknowledged { key: text("k"), under_kek };
                    round.acknowledged.lock().unwrap().insert(text("kid"), said);
                    let _ = acknowledge.send(());
                }
            })
        })
        .collect();
    for _ in 0..ACKNOWLEDGED {
        acknowledged.recv().unwrap();
    }
    server.signal("KILL");
    for client in clients {
        client.join().unwrap();
    }
}

/// Creates a key; `None` where the answer did not come whole, as the server was killed.
fn create(address: SocketAddr, target: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let length = body.len();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    if !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        return None;
    }
    let answer = Answer::parse(&bytes);
    let whole =
        answer.header("content-length").and_then(|length| length.parse().ok()) == Some(answer.body.len());
    whole.then_some(answer)
}

/// Each name that was asked for has a whole key that opens, the acknowledged one if it was, or none.
fn check_asked(
    server: &Server,
    authenticator: &str,
    number: usize,
    asked: usize,
    acknowledged: &HashMap<String, Acknowledged>,
) {
    for name in 0..asked {
        let name = format!("%5E{number}%20{name}");
        let mut answer = get(server, authenticator, &name, false);
        if answer.status == 404 {
            continue;
        }
        let under_kek = answer.text().contains(r#""ek":"#);
        if under_kek {
            answer = get(server, authenticator, &name, true);
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        let key: Value = serde_json::from_slice(&answer.body).unwrap();
        let value = key["k"].as_str().unwrap();
        if let Some(expected) = acknowledged.get(key["kid"].as_str().unwrap()) {
            assert_eq!((value, under_kek), (expected.key.as_str(), expected.under_kek));
        }
    }
}

fn check_acknowledged(server: &Server, authenticator: &str, acknowledged: &HashMap<String, Acknowledged>) {
    for under_kek in [false, true] {
        let all: Vec<_> = acknowledged.iter().filter(|(_, said)| said.under_kek == under_kek).collect();
        assert!(!all.is_empty());
        for part in all.chunks(256) {
            let kids: Vec<_> = part.iter().map(|(kid, _)| kid.as_str()).collect();
            let answer = get(server, authenticator, &format!("{}/value", kids.join(",")), under_kek);
            let expected: Vec<_> = part.iter().map(|(_, said)| said.key.as_str()).collect();
            assert_eq!(answer.text(), expected.join(","));
        }
    }
}

fn get(server: &Server, authenticator: &str, target: &str, with_kek: bool) -> Answer {
    let kek = if with_kek { format!("&kek={KEK}") } else { String::new() };
    server.get(&format!("/keystore/keys/{target}?customerAuthenticator={authenticator}{kek}"))
}
