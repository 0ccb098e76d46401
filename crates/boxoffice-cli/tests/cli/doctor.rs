//! What the doctor says of a Widevine licence service.

use reqwest::StatusCode;
use testkit::widevine_cloud::AnswerFault;
use testkit::{Fault, TransportFault};

use crate::licence_service::LicenceService;
use crate::program::Place;

#[test]
fn the_doctor_tells_a_vendor_who_refuses_the_lab_from_one_who_refuses_us_or_is_away() {
    let (place, service) = (Place::new(), LicenceService::start());
    let server = service.serve(&place, "", "");
    // The address, the provider, the signer and the key are right; the lab's device is a stranger there.
    let told = place.succeed(&["doctor"]);
    for words in [
        "good     widevine: the back end gives its service certificate",
        "warning  Widevine: a token was minted; the licence service answers, and refuses the lab's device",
        "try a player on a certified device",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    let faults = service.mock.faults();
    let cases: [(Fault<AnswerFault>, &str, &str); 2] = [
        (
            AnswerFault::Status { status: "SIGNATURE_FAILED".to_owned(), internal_status: None }.into(),
            "(upstream-configuration)",
            "look at provider, signer, signing key and endpoints",
        ),
        (
            TransportFault::Status(StatusCode::BAD_GATEWAY).into(),
            "(upstream-unavailable)",
            "see whether it is up; docs/setup/widevine-cloud.md",
        ),
    ];
    for (fault, said, advice) in cases {
        faults.always(fault);
        let done = place.run(&["doctor"]);
        assert_eq!(done.status, Some(1), "{done:?}");
        assert!(done.stdout.contains("PROBLEM  Widevine: a token was minted, and not redeemed"), "{done:?}");
        assert!(done.stdout.contains(said) && done.stdout.contains(advice), "{done:?}");
        faults.clear();
    }
    server.end();
}
