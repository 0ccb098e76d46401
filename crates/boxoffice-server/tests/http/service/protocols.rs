//! TLS and HTTP/2, as their own clients speak them.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::kit::Lab;

const CERTIFICATE: &[u8] = include_bytes!("tls/certificate.pem");
const KEY: &[u8] = include_bytes!("tls/key.pem");

async fn lab() -> Lab {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("certificate.pem"), CERTIFICATE).unwrap();
    std::fs::write(directory.path().join("key.pem"), KEY).unwrap();
    let settings = "[server]\ntls = { certificate = 'DIR/certificate.pem', key = 'DIR/key.pem' }";
    Lab::in_directory(directory, settings).await
}

fn address(lab: &Lab) -> String {
    lab.base().strip_prefix("http://").unwrap().to_owned()
}

async fn connect(lab: &Lab, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(address(lab)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// The status and body of a request over HTTP/2, which has no `Host` header but an authority.
async fn ask_http2(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, uri: &str) -> (u16, String) {
    let io = TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let driver = tokio::spawn(connection);
    let request = hyper::Request::get(uri).body(Full::<Bytes>::default()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["x-request-id"].len(), 26);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    driver.abort();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn http1_is_spoken_over_tls_and_urls_are_https() {
    let lab = lab().await;
    let mut stream = connect(&lab, &[b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let customer = lab.account().await;
    let head = format!(
        "GET /hms/ck/token?customerAuthenticator={}&kid=^a&contentKey={} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        customer.authenticator,
        "0".repeat(32)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("https://127.0.0.1:"), "{answer}");
}

#[tokio::test]
async fn http2_is_negotiated_over_tls_and_its_authority_is_the_host() {
    let lab = lab().await;
    let stream = connect(&lab, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (status, body) = ask_http2(stream, "https://prod.localhost/hms/wv/certificate").await;
    // Production has no back end unless one is configured.
    assert_eq!(status, 503);
    assert!(body.contains("the production environment"), "{body}");
}

#[tokio::test]
async fn http2_is_spoken_in_the_clear_by_those_who_know() {
    let lab = Lab::start().await;
    let stream = TcpStream::connect(address(&lab)).await.unwrap();
    let (status, body) = ask_http2(stream, "http://localhost/hms/wv/token?errorFormat=json").await;
    assert_eq!(status, 401);
    assert!(body.contains("-2017"), "{body}");
}

#[tokio::test]
async fn a_client_without_tls_gets_nothing_where_tls_is_wanted() {
    let lab = lab().await;
    let mut stream = TcpStream::connect(address(&lab)).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    // And the next one is served as if nothing had been.
    let (status, _) = ask_http2(connect(&lab, &[b"h2"]).await, "https://localhost/healthz").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let config = |certificate: &str, key: &str| {
        let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
        let variables = [
            ("BOXOFFICE_SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("BOXOFFICE_SERVER__TLS__CERTIFICATE", path(certificate)),
            ("BOXOFFICE_SERVER__TLS__KEY", path(key)),
        ];
        boxoffice_server::config::Config::load(boxoffice_server::config::ConfigSources {
            variables: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            ..Default::default()
        })
    };
    std::fs::write(directory.path().join("empty.pem"), "").unwrap();
    std::fs::write(directory.path().join("certificate.pem"), CERTIFICATE).unwrap();
    std::fs::write(directory.path().join("key.pem"), KEY).unwrap();
    for (certificate, key, named) in [
        ("missing.pem", "key.pem", "missing.pem"),
        ("empty.pem", "key.pem", "empty.pem"),
        ("certificate.pem", "missing.pem", "missing.pem"),
        ("certificate.pem", "certificate.pem", "certificate.pem"),
    ] {
        let config = config(certificate, key).unwrap();
        let error = boxoffice_server::serve::bind(&config).await.err().unwrap().to_string();
        assert!(error.contains(named), "{error}");
    }
}
