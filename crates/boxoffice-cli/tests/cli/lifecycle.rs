//! Starting, ending, locking, restarting.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::http::{self, Answer};
use crate::program::{Place, poll};

#[test]
fn a_second_server_on_a_data_directory_is_refused_and_names_it() {
    let place = Place::new();
    let server = place.serve();
    let refused = place.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.contains(&place.data().display().to_string()), "{refused}");
    // The first one does not mind.
    assert_eq!(server.get("/healthz").status, 200);
    server.end();
}

#[test]
fn the_lock_goes_with_a_killed_server() {
    let place = Place::new();
    let server = place.serve();
    server.signal("KILL");
    let (status, _) = server.ended();
    assert_eq!(status.code(), None);
    place.serve().end();
}

#[test]
fn sigterm_ends_with_success_once_requests_in_flight_are_done() {
    let place = Place::new();
    let mut server = place.serve();
    let authenticator = server.authenticator();
    let form = format!(
        "customerAuthenticator={authenticator}&kid=^kid1&contentKey=00112233445566778899aabbccddeeff\
         &securityLevel=1&hdcpOutputControl=0"
    );
    let mut stream = http::connect(server.address);
    let head = format!(
        "POST /hms/wv/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        server.address,
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says so once it waits for the body: now the request is in flight.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM");
    poll(|| TcpStream::connect(server.address).is_err(), |&refused| refused);
    stream.write_all(form.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = Answer::parse(&answer);
    assert_eq!(answer.status, 200, "{answer:?}");
    let (status, _) = server.ended();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn ctrl_c_ends_it_in_good_order_too() {
    let place = Place::new();
    let server = place.serve();
    server.signal("INT");
    let (status, _) = server.ended();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_restart_keeps_accounts_options_tokens_and_the_lab() {
    let place = Place::new();
    let mut server = place.serve();
    server.authenticator();
    let token = server.widevine_token("&securityLevel=5&hdcpOutputControl=2&persistent=true");
    place.succeed(&["account", "create", "Kept"]);
    place.succeed(&["account", "set", "100002", "--balance", "7", "--playready", "off"]);
    let root = |name: &str| {
        place.succeed(&["lab", "export", place.beside(name).to_str().unwrap()]);
        std::fs::read(place.beside(name).join("widevine/root.bin")).unwrap()
    };
    let before = root("before");
    server.end();
    let server = place.serve();
    let kept = place.json(&["account", "show", "100002", "--json"]);
    assert_eq!((&kept["balance"], &kept["drm"]["playready"]), (&7.into(), &false.into()));
    assert_eq!(root("after"), before);
    // The port is another one, so the token goes without its URL: to the server that runs here.
    let (_, bare) = token.split_once("ExpressPlayToken=").unwrap();
    let redeemed = place.json(&["redeem", bare, "--json", "--type", "offline"]);
    assert_eq!(redeemed["keys"][0]["content_key"], "matches", "{redeemed}");
    assert_eq!(redeemed["licence_type"], "offline");
    server.end();
    let refused = place.refused(&["redeem", bare]);
    assert!(refused.contains("no server runs on this data directory"), "{refused}");
}

#[test]
fn every_address_is_listened_on_and_printed_with_its_real_port() {
    let place = Place::new();
    let mut command = place.command(&["serve"]);
    command.env("BOXOFFICE_SERVER__LISTEN", "127.0.0.1:0, 127.0.0.1:0");
    let mut server = crate::program::Server::start(&place, &mut command);
    server.authenticator();
    let urls: Vec<_> =
        server.printed.iter().filter_map(|line| line.strip_prefix("boxoffice: listening on ")).collect();
    assert_eq!(urls.len(), 2);
    for url in urls {
        let (address, target) = http::split(&format!("{url}/healthz"));
        assert_ne!(address.port(), 0);
        assert_eq!(http::ask(address, "GET", &target, &[], b"").status, 200);
    }
    server.end();
}
