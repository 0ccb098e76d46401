//! The service certificate through the service (widevine.md, section 9.1).

use http::StatusCode;
use testkit::widevine_cloud::AnswerFault;
use testkit::{Fault, TransportFault};
use widevine::lab_client::ServiceCertificate;

use super::world::{World, mock, refusal};
use crate::kit::widevine_root;

fn verify(bare: &[u8]) {
    let root = widevine_root().root().certificate().to_vec();
    ServiceCertificate::verify(bare, &root, "lab.boxoffice").unwrap();
}

#[tokio::test]
async fn it_is_fetched_once_and_answered_in_both_forms() {
    let world = World::new().await;
    let bare = world.lab.get("/hms/wv/certificate").await;
    assert_eq!((bare.status, bare.header("cache-control")), (200, "max-age=3600"));
    verify(&bare.body);
    for _ in 0..3 {
        let answer = world.post("/hms/wv/rights/", b"\x08\x04").await;
        assert_eq!((answer.status, &answer.body[..3]), (200, &b"\x08\x05\x12"[..]));
        assert!(answer.body.ends_with(&bare.body));
    }
    assert_eq!(world.mock.request_count(), 1);
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn after_a_day_it_is_refreshed_in_the_background_and_a_failure_keeps_the_old_one() {
    let world = World::new().await;
    let first = world.lab.get("/hms/wv/certificate").await;
    world.advance(86_399);
    assert_eq!(world.lab.get("/hms/wv/certificate").await.body, first.body);
    assert_eq!(world.mock.request_count(), 1);
    world.advance(1);
    world.mock.faults().always(TransportFault::Status(StatusCode::BAD_GATEWAY));
    assert_eq!(world.lab.get("/hms/wv/certificate").await.body, first.body);
    world.mock.received(3).await;
    assert_eq!(world.lab.get("/hms/wv/certificate").await.body, first.body);
    world.mock.faults().clear();
    let mut asked = world.mock.request_count();
    // The refresh that failed ends in the background; the one after it is a request's to begin.
    while world.mock.request_count() == asked {
        assert_eq!(world.lab.get("/hms/wv/certificate").await.status, 200);
        tokio::task::yield_now().await;
    }
    asked = world.mock.request_count();
    assert!(asked > 3);
}

#[tokio::test]
async fn without_one_the_failure_is_told_and_the_next_one_tries_again() {
    let world = World::new().await;
    world.mock.faults().always(TransportFault::Half);
    let answer = world.lab.get("/hms/wv/certificate").await;
    assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
    world.mock.faults().clear();
    verify(&world.lab.get("/hms/wv/certificate").await.body);
}

#[tokio::test]
async fn whatever_the_service_says_in_its_place_is_told_to_players_in_both_forms() {
    let world = World::new().await;
    let said = |status: &str| AnswerFault::Status { status: status.to_owned(), internal_status: None };
    for (fault, expected) in [
        (Fault::from(said("SIGNATURE_FAILED")), (502, "upstream-configuration")),
        (said("ACCESS_DENIED").into(), (502, "upstream-configuration")),
        (AnswerFault::NoLicence.into(), (502, "upstream-configuration")),
        (TransportFault::BrokenJson.into(), (502, "upstream-configuration")),
        (TransportFault::Status(StatusCode::NOT_FOUND).into(), (502, "upstream-configuration")),
        (said("SOMETHING_NEW").into(), (400, "upstream-refused")),
        (said("INTERNAL_ERROR").into(), (503, "upstream-unavailable")),
        (TransportFault::TooManyRequests(Some(7)).into(), (503, "upstream-unavailable")),
        (TransportFault::Redirect.into(), (503, "upstream-unavailable")),
    ] {
        world.mock.faults().always(fault.clone());
        let answers =
            [world.lab.get("/hms/wv/certificate").await, world.post("/hms/wv/rights/", b"\x08\x04").await];
        for answer in answers {
            assert_eq!(refusal(&answer), (-7008, expected.0, expected.1.to_owned()), "{fault:?}");
        }
        world.mock.faults().clear();
        // An endpoint that failed four times in a row is well again with one answer.
        let target = world.target("").await;
        world.redeem("android-l3", &target).await.unwrap();
    }
    verify(&world.lab.get("/hms/wv/certificate").await.body);
}

#[tokio::test]
async fn one_out_of_a_file_is_never_fetched() {
    let (mock, _) = mock().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("service.bin");
    std::fs::write(&file, widevine_root().issuer().unwrap().service_certificate()).unwrap();
    let settings = format!("service_certificate_file = \"{}\"", file.display());
    let lab = super::world::lab(&mock.url("/cenc/getlicense"), &settings).await;
    verify(&lab.get("/hms/wv/certificate").await.body);
    lab.clock.advance(200_000);
    verify(&lab.get("/hms/wv/certificate").await.body);
    assert_eq!(mock.request_count(), 0);
}
