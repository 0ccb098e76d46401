//! FairPlay, with the test kit's key server in place of Apple's: redeeming and the doctor.

use std::fmt::Write as _;

use fairplay::lab::LabSpc;
use testkit::key_server::{AnswerFault, KeyServer};
use testkit::{MockServer, TransportFault};
use tokio::runtime::Runtime;

use crate::program::{Place, Server};

const TOKEN: &str = "kid=9eb4050de44b4802932e27d75083e266&contentKey=166634c675823c235a4a9446fad52e4d\
                     &iv=d5fbd6b82ed93e4ef98ae40931ee33b7";

/// A server with a key server; the runtime serves the latter.
fn start(place: &Place) -> (Runtime, MockServer<KeyServer>, Server) {
    let runtime = Runtime::new().unwrap();
    let key_server = runtime.block_on(MockServer::start(KeyServer)).unwrap();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("BOXOFFICE_ENVIRONMENTS__TEST__FAIRPLAY__ENDPOINTS", key_server.url("/ckc"));
    let server = Server::start(place, &mut command);
    (runtime, key_server, server)
}

fn token(server: &mut Server, parameters: &str) -> String {
    let authenticator = server.authenticator();
    let target = format!("/hms/fp/token?customerAuthenticator={authenticator}&errorFormat=json&{parameters}");
    let answer = server.get(&target);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

#[test]
fn a_lab_spc_is_redeemed_and_the_lab_ckc_compared_with_the_token() {
    let place = Place::new();
    let (_runtime, key_server, mut server) = start(&place);
    let url = token(&mut server, &format!("{TOKEN}&trackType=3&rentalDuration=3600"));
    let told = place.succeed(&["redeem", &url]);
    for words in [
        "a streaming licence for a FairPlay player with a lab SPC (no device of Apple's), verified",
        "plays for 1 hour",
        "9eb4050de44b4802932e27d75083e266: uhd, HDCP type 1; content key matches",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert!(!told.contains("166634c675823c235a4a9446fad52e4d"), "{told}");
    let (_, nameless) = TOKEN.split_once('&').unwrap();
    let url = token(&mut server, nameless);
    let json = place.json(&["redeem", &url, "--drm", "fairplay", "--json"]);
    assert_eq!((&json["drm"], &json["verified"]), (&"fp".into(), &true.into()));
    assert_eq!(json["keys"][0]["kid"], serde_json::Value::Null);
    assert_eq!(json["keys"][0]["content_key"], "matches");
    key_server.faults().next(AnswerFault::ItemStatus(-42_585));
    let refused = place.refused(&["redeem", &url]);
    assert!(refused.contains("-6004") && refused.contains("-42585"), "{refused}");
    let refused = place.refused(&["redeem", &url, "--privacy"]);
    assert!(refused.contains("FairPlay"), "{refused}");
    server.end();
}

#[test]
fn the_doctor_tries_the_key_server_with_a_lab_spc_or_with_ones_own() {
    let place = Place::new();
    let (_runtime, key_server, server) = start(&place);
    let told = place.succeed(&["doctor"]);
    assert!(told.contains("FairPlay: a token was minted and redeemed"), "{told}");
    assert!(told.contains("not claimed: that an Apple device accepts the licence"), "{told}");
    // What a key server of Apple's says to a lab SPC.
    key_server.faults().next(AnswerFault::ItemStatus(-42_580));
    let told = place.succeed(&["doctor"]);
    assert!(told.contains("the key server answers, and refuses the lab's SPC"), "{told}");
    let spc = LabSpc::draw(&drm_primitives::SystemRandom).to_bytes();
    let mut encoded = drm_primitives::base64::encode(&spc);
    writeln!(encoded).unwrap();
    for bytes in [spc, encoded.into_bytes()] {
        let file = place.beside("sample.spc");
        std::fs::write(&file, bytes).unwrap();
        let told = place.succeed(&["doctor", "--fairplay-spc", file.to_str().unwrap()]);
        assert!(told.contains("FairPlay: status 200, a CKC of "), "{told}");
        assert!(told.contains("not claimed: that an Apple device accepts the licence"), "{told}");
    }
    key_server.faults().always(TransportFault::Half);
    let done = place.run(&["doctor"]);
    assert_eq!(done.status, Some(1));
    assert!(done.stdout.contains("docs/topics/fairplay.md"), "{done:?}");
    server.end();
}
