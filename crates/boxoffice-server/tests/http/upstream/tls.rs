//! The connection to the service is encrypted, and who answers is verified (widevine.md, section 9.3).

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use testkit::MockServer;

use super::world::{KEY, KID, challenge, lab, refusal, role};
use crate::kit::{Lab, Request};

const CERTIFICATE: &[u8] = include_bytes!("../service/tls/certificate.pem");
const PRIVATE_KEY: &[u8] = include_bytes!("../service/tls/key.pem");

fn tls() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(PRIVATE_KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}

async fn redeem(lab: &Lab) -> crate::kit::Answer {
    let customer = lab.account().await;
    let parameters = format!("kid={KID}&contentKey={KEY}&securityLevel=1&hdcpOutputControl=0");
    let url = lab.ask_for_token(&customer, "wv", &parameters).await.text().to_owned();
    let target = url.strip_prefix(&lab.base()).unwrap().to_owned();
    lab.send(Request::new(http::Method::POST, target).body(challenge("android-l3", &[KID]).body)).await
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_the_settings_say_so_and_for_its_names_alone() {
    let (role, _) = role();
    // On every address of this machine, for it has names that the certificate does not have.
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let mock = MockServer::start_at(role, everywhere, Some(tls())).await.unwrap();
    let testkit::Place::Tcp(address) = mock.place() else { unreachable!("it was told to be there") };
    let port = address.port();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, CERTIFICATE).unwrap();
    let ca = format!("ca = \"{}\"", file.display());
    let trusted = lab(&format!("https://127.0.0.1:{port}/cenc/getlicense"), &ca).await;
    assert_eq!(redeem(&trusted).await.status, 200);
    let elsewhere = lab(&format!("https://127.0.0.2:{port}/cenc/getlicense"), &ca).await;
    let answer = redeem(&elsewhere).await;
    assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
    assert!(answer.json()["hint"].as_str().unwrap().contains("cannot be reached"), "{}", answer.text());
    assert_eq!(mock.request_count(), 1);
}
