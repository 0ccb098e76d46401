//! Damaged requests: none panics, none gets a licence.

use drm_primitives::Random as _;
use drm_primitives::SequenceRandom;
use widevine::lab_client::{AskedInitData, Plan};
use widevine::{Request, RevocationList};

use crate::kit::{ISSUER, NOW, Server, TOKEN_ID, device, grant, kid, random, service, session_key};

fn bodies() -> [Vec<u8>; 2] {
    let plan = Plan::streaming(AskedInitData::kids(&[kid(0x11)]), NOW, &*random());
    let device = device("chrome-l3");
    [None, Some(service())].map(|service| device.challenge(&plan, service.as_ref(), &*random()).body)
}

/// Whether a body gets anything that only the device may have.
fn gets_something(body: &[u8]) -> bool {
    match Request::parse(body) {
        Ok(Request::Licence(_)) => Server::default().redeem(body, &grant()).is_ok(),
        Ok(Request::Session(request)) => {
            let _ = ISSUER.identify_session(&request, NOW, &RevocationList::default());
            request.verify(&[session_key()], &TOKEN_ID, 86_400, NOW).is_ok()
        }
        Ok(Request::ServiceCertificate) | Err(_) => false,
    }
}

#[test]
fn a_challenge_cut_at_any_byte_gets_nothing() {
    for body in bodies() {
        assert!(gets_something(&body));
        for end in 0..body.len() {
            assert!(!gets_something(&body[..end]), "{end} bytes");
        }
    }
}

#[test]
fn ten_thousand_mutations_of_a_good_challenge_get_nothing_but_what_it_gets_itself() {
    let dice = SequenceRandom::new(99);
    let draw = |below: usize| {
        let mut bytes = [0; 8];
        dice.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % u64::try_from(below).unwrap()).unwrap()
    };
    let bodies = bodies();
    for round in 0..10_000 {
        let original = &bodies[round % 2];
        let mut body = original.clone();
        for _ in 0..=draw(3) {
            let at = draw(body.len());
            match draw(5) {
                0 => body[at] ^= 1 << draw(8),
                1 => body[at] = u8::try_from(draw(256)).unwrap(),
                2 => body.insert(at, u8::try_from(draw(256)).unwrap()),
                3 => drop(body.remove(at)),
                _ => {
                    let end = (at + draw(40)).min(body.len());
                    let copy = body[at..end].to_vec();
                    let to = draw(body.len());
                    body.splice(to..to, copy);
                }
            }
        }
        // The envelope is not signed: what only it says may change without harm.
        let same_request = |body: &[u8]| match Request::parse(body) {
            Ok(Request::Licence(challenge)) => Some(challenge.licence_request().to_vec()),
            _ => None,
        };
        if gets_something(&body) {
            assert_eq!(same_request(&body), same_request(original), "round {round}: {body:02x?}");
        }
    }
}
