//! Who may ask: client certificates of the operator's authority (playready.md, section 9, `mtls`).

use std::sync::Arc;

use boxoffice_core::Environment;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::sdk::{NEXT_SECRET, PATH, SECRET, call_in, question};
use crate::kit::{Answer, Customer, Lab, Request};
use crate::playready::world::{OPLS, tracks};

const AUTHORITY: &str = include_str!("certificates/authority.pem");
const ANOTHER_AUTHORITY: &str = include_str!("certificates/another-authority.pem");
const SERVER: &str = include_str!("certificates/server.pem");
const SDK: &str = include_str!("certificates/sdk-1.pem");
const STRANGER: &str = include_str!("certificates/stranger.pem");
const EXPIRED: &str = include_str!("certificates/expired.pem");
const FOREIGN: &str = include_str!("certificates/foreign.pem");

/// TLS with an authority for each environment; in test a signature is enough too.
const SETTINGS: &str = "\
[server]
tls = { certificate = \"DIR/server\", key = \"DIR/server\" }
[environments.test.playready.webhook]
auth = [\"mtls\", \"hmac\"]
client_ca_file = \"DIR/authority\"
client_names = [\"sdk-2.internal\", \"sdk-1.internal\"]
secret_files = { k1 = \"DIR/k1\" }
[environments.production.playready.webhook]
auth = [\"mtls\"]
client_ca_file = \"DIR/another-authority\"
";

async fn lab(settings: &str) -> Lab {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("server", SERVER),
        ("authority", AUTHORITY),
        ("another-authority", ANOTHER_AUTHORITY),
        ("k1", SECRET),
        ("k2", NEXT_SECRET),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    Lab::in_directory(directory, settings).await
}

/// A connection over which a certificate was shown, or none. That the server refuses it shows at the first read.
async fn connect(lab: &Lab, certificate: Option<&str>) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match certificate {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap();
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(lab.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

async fn token(lab: &Lab, environment: Environment) -> String {
    let customer: Customer = lab.account_in(environment).await;
    let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    let authenticator = &customer.authenticator;
    let target = format!("/hms/pr/token?customerAuthenticator={authenticator}&{parameters}");
    let host = if environment == Environment::Test { "127.0.0.1" } else { "prod.localhost" };
    let answer = Request::get(target).host(host).send_over(connect(lab, None).await).await;
    answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

/// A question without any header that proves something.
fn ask(environment: Environment, body: &str) -> Request {
    let request = Request::post(PATH, "application/json", body).header("Idempotency-Key", "12345678");
    if environment == Environment::Test { request } else { request.host("prod.localhost") }
}

fn check_unknown(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["code"]), (401, &json!(401)));
    assert!(answer.json().get("hint").is_none());
}

#[tokio::test]
async fn a_certificate_of_the_authority_with_a_listed_name_is_enough() {
    let lab = lab(SETTINGS).await;
    let body = question(&token(&lab, Environment::Test).await).to_string();
    let stream = connect(&lab, Some(SDK)).await;
    let answer = ask(Environment::Test, &body).send_over(stream).await;
    assert_eq!((answer.status, &answer.json()["decision"]), (200, &json!("grant")));
}

#[tokio::test]
async fn another_name_another_authority_or_no_certificate_is_not() {
    let lab = lab(SETTINGS).await;
    let body = question(&token(&lab, Environment::Test).await).to_string();
    for certificate in [Some(STRANGER), Some(FOREIGN), None] {
        let stream = connect(&lab, certificate).await;
        check_unknown(&ask(Environment::Test, &body).send_over(stream).await);
    }
    // What is listed beside is enough, whatever the certificate.
    for certificate in [Some(STRANGER), None] {
        let stream = connect(&lab, certificate).await;
        let answer = call_in(Environment::Test, lab.app.now(), "12345678", &body).send_over(stream).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn each_environment_trusts_its_own_authority_and_without_names_any_certificate_of_it() {
    let lab = lab(SETTINGS).await;
    let body = question(&token(&lab, Environment::Production).await).to_string();
    let foreign = connect(&lab, Some(FOREIGN)).await;
    assert_eq!(ask(Environment::Production, &body).send_over(foreign).await.status, 200);
    let ours = connect(&lab, Some(SDK)).await;
    check_unknown(&ask(Environment::Production, &body).send_over(ours).await);
    // A signature is not listed there.
    let signed = connect(&lab, None).await;
    let answer = call_in(Environment::Production, lab.app.now(), "12345678", &body).send_over(signed).await;
    check_unknown(&answer);
}

#[tokio::test]
async fn an_expired_certificate_and_one_of_an_unknown_authority_get_no_connection() {
    let only_test = SETTINGS.split("[environments.production").next().unwrap();
    let lab = lab(only_test).await;
    for certificate in [EXPIRED, FOREIGN] {
        let mut stream = connect(&lab, Some(certificate)).await;
        let _ =
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
        let mut answer = Vec::new();
        assert!(stream.read_to_end(&mut answer).await.is_err(), "{}", String::from_utf8_lossy(&answer));
        assert!(answer.is_empty());
    }
}

/// Players share the address with handlers: they have no certificate, and are not asked for one in vain.
#[tokio::test]
async fn players_and_customers_need_no_certificate() {
    let lab = lab(SETTINGS).await;
    let answer = Request::get("/healthz").send_over(connect(&lab, None).await).await;
    assert_eq!(answer.status, 200);
    let with = Request::get("/healthz").send_over(connect(&lab, Some(SDK)).await).await;
    assert_eq!(with.status, 200);
}

/// The clock of the service judges at each request, not only the handshake's: connections live long.
#[tokio::test]
async fn a_certificate_is_judged_by_the_service_s_clock_too() {
    let lab = lab(SETTINGS).await;
    let body = question(&token(&lab, Environment::Test).await).to_string();
    // 2120 is over.
    lab.clock.advance(100 * 366 * 86_400);
    let stream = connect(&lab, Some(SDK)).await;
    check_unknown(&ask(Environment::Test, &body).send_over(stream).await);
}
