//! `GET /hms/fp/certificate` (fairplay.md, section 3).

use drm_primitives::base64;
use testkit::MockServer;
use testkit::key_server::KeyServer;

use super::world::{World, refusal};
use crate::kit::{Lab, Request};

#[tokio::test]
async fn the_operators_certificate_is_served_as_der_to_any_page() {
    let der = [&[0x30, 0x82, 0, 4][..], b"FPS!"].concat();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64::encode(&der));
    let key_server = MockServer::start(KeyServer).await.unwrap();
    for file in [der.clone(), pem.into_bytes()] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("fps.cer"), file).unwrap();
        let settings = format!(
            "[environments.test.fairplay]\nendpoints = ['{}']\ncertificate = 'DIR/fps.cer'",
            key_server.url("/ckc")
        );
        let lab = Lab::in_directory(directory, &settings).await;
        for path in ["/hms/fp/certificate", "/hms/fp/certificate/"] {
            let answer = lab.get(path).await;
            assert_eq!((answer.status, answer.body.as_slice()), (200, der.as_slice()));
            assert_eq!(answer.header("content-type"), "application/x-x509-ca-cert");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
        let production = lab.send(Request::get("/hms/fp/certificate").host("prod.localhost")).await;
        assert_eq!(production.status, 404);
    }
    assert_eq!(key_server.request_count(), 0);
}

#[tokio::test]
async fn without_a_certificate_there_is_nothing() {
    for lab in [Lab::start().await, World::new().await.lab] {
        let answer = lab.get("/hms/fp/certificate").await;
        assert_eq!((answer.status, refusal(&answer).0), (404, 404));
        assert!(answer.json()["hint"].as_str().unwrap().contains("[environments.test.fairplay] certificate"));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let answer = Lab::start().await.send(Request::post("/hms/fp/certificate", "", "")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, OPTIONS"));
}
