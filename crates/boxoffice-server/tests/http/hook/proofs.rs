//! How the operator's service knows that it is us who ask, and we that it is it who answers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use testkit::MockServer;
use testkit::policy_hook::{PolicyHook, Proof};
use zeroize::Zeroizing;

use super::world::World;
use crate::books::world::{KEY, refusal};
use crate::kit::Lab;

const SECRET: &str = "b4f2a6d0c8e1";
const AUTHORITY: &str = include_str!("../webhook/certificates/authority.pem");
const ANOTHER_AUTHORITY: &str = include_str!("../webhook/certificates/another-authority.pem");
const SERVER: &str = include_str!("../webhook/certificates/server.pem");
const CLIENT: &str = include_str!("../webhook/certificates/sdk-1.pem");
const FOREIGN: &str = include_str!("../webhook/certificates/foreign.pem");

async fn world(proof: Proof, settings: &str, files: &[(&str, &str)]) -> World {
    over(MockServer::start(PolicyHook::new(proof)).await.unwrap(), settings, files).await
}

async fn over(hook: MockServer<PolicyHook>, settings: &str, files: &[(&str, &str)]) -> World {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(Path::new(directory.path()).join(name), text).unwrap();
    }
    let url = hook.url("/policy/v1?tenant=a");
    let table = format!("[environments.test.policy_hook]\nurl = '{url}'\n{settings}\n[log]\nlevel = 'debug'");
    let lab = Lab::in_directory(directory, &table).await;
    World { customer: lab.account().await, lab, hook }
}

async fn reason(world: &World) -> String {
    let answer = world.redeem(&world.target().await).await;
    if answer.status == 200 { "granted".to_owned() } else { refusal(&answer).2 }
}

#[tokio::test]
async fn a_signature_proves_who_asks() {
    let proof =
        |secret: &str| Proof::Hmac { key_id: "k1".to_owned(), secret: Zeroizing::new(secret.to_owned()) };
    let settings = "auth = 'hmac'\nkey_id = 'k1'\nsecret_file = 'DIR/k1'";
    let secret = format!("{SECRET}\n");
    let right = world(proof(SECRET), settings, &[("k1", &secret)]).await;
    assert_eq!(reason(&right).await, "granted");
    let asked = right.hook.last_request().unwrap();
    assert_eq!(asked.headers["x-boxoffice-timestamp"], right.lab.app.now().as_second().to_string());
    assert_eq!(asked.path, "/policy/v1");
    assert!(!asked.headers.contains_key("authorization"));
    let other_secret = world(proof("another"), settings, &[("k1", &secret)]).await;
    assert_eq!(reason(&other_secret).await, "policy-unavailable");
    let other_name = "auth = 'hmac'\nkey_id = 'k2'\nsecret_file = 'DIR/k1'";
    assert_eq!(
        reason(&world(proof(SECRET), other_name, &[("k1", &secret)]).await).await,
        "policy-unavailable"
    );
    assert_eq!(reason(&world(proof(SECRET), "", &[]).await).await, "policy-unavailable");
}

#[tokio::test]
async fn a_bearers_secret_proves_who_asks_and_stands_in_no_log() {
    let proof = || Proof::Bearer(Zeroizing::new(SECRET.to_owned()));
    let settings = "auth = 'bearer'\nsecret_file = 'DIR/secret'";
    let right = world(proof(), settings, &[("secret", &format!("{SECRET}\r\n"))]).await;
    let subscriber = boxoffice_server::telemetry::subscriber(
        &right.lab.log_sink(),
        boxoffice_server::config::LogLevel::Debug,
    );
    let _guard = tracing::subscriber::set_default(subscriber);
    assert_eq!(reason(&right).await, "granted");
    right.hook.faults().always(testkit::TransportFault::Half);
    assert_eq!(reason(&right).await, "policy-unavailable");
    let log = right.lab.log();
    assert!(log.contains("hms.ck.rights"), "the log has something to search");
    for secret in [SECRET, KEY, &right.hook.place().to_string()] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
    assert_eq!(reason(&world(proof(), settings, &[("secret", "another")]).await).await, "policy-unavailable");
}

/// TLS of an operator's service, which wants certificates of its authority.
pub fn tls() -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let chain = CertificateDer::pem_slice_iter(SERVER.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(SERVER.as_bytes()).unwrap();
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_client_cert_verifier(verifier.unwrap()).with_single_cert(chain, key).unwrap())
}

#[tokio::test]
async fn certificates_prove_both_sides() {
    let start = || {
        MockServer::start_at(PolicyHook::new(Proof::None), SocketAddr::from(([127, 0, 0, 1], 0)), Some(tls()))
    };
    let settings =
        "auth = 'mtls'\nca_file = 'DIR/ca'\nclient_certificate_file = 'DIR/us'\nclient_key_file = 'DIR/us'";
    for (authority, certificate, expected) in [
        (AUTHORITY, CLIENT, "granted"),
        (AUTHORITY, FOREIGN, "policy-unavailable"),
        (ANOTHER_AUTHORITY, CLIENT, "policy-unavailable"),
    ] {
        let world = over(start().await.unwrap(), settings, &[("ca", authority), ("us", certificate)]).await;
        assert_eq!(reason(&world).await, expected);
    }
    let anonymous = over(start().await.unwrap(), "ca_file = 'DIR/ca'", &[("ca", AUTHORITY)]).await;
    assert_eq!(reason(&anonymous).await, "policy-unavailable");
    assert_eq!(anonymous.hook.request_count(), 0);
}
