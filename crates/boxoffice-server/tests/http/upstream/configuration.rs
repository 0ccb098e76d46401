//! The settings of an upstream, as the service reads them at its start.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use drm_primitives::base64;
use rsa_pss_sha1::PublicKey;
use std::sync::Arc;
use testkit::MockServer;
use testkit::widevine_cloud::{Customer as Signer, RequestKey, WidevineCloud};

use super::world::{KEY, KID, challenge};
use crate::kit::{Lab, Request, widevine_root};

#[tokio::test]
async fn requests_may_be_signed_with_rsa_too() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        base64::encode(pkcs8.as_ref())
    );
    let public = PublicKey::from_pkcs1(pair.public_key().as_ref()).unwrap();
    let signer = Signer {
        provider: "acme".to_owned(),
        signer: "acme".to_owned(),
        key: RequestKey::Rsa(Arc::new(public)),
    };
    let mock = MockServer::start(WidevineCloud::new(&widevine_root(), signer).unwrap()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("rsa.pem"), pem).unwrap();
    let settings = format!(
        "[environments.test.widevine]\nbackend = \"upstream\"\nendpoints = [\"{}\"]\nprovider = \"acme\"\n\
         signing_rsa_key_file = \"DIR/rsa.pem\"\n",
        mock.url("")
    );
    let lab = Lab::in_directory(directory, &settings).await;
    let customer = lab.account().await;
    let parameters = format!("kid={KID}&contentKey={KEY}&securityLevel=1&hdcpOutputControl=0");
    let url = lab.ask_for_token(&customer, "wv", &parameters).await.text().to_owned();
    let mut challenge = challenge("android-l3", &[KID]);
    let target = url.strip_prefix(&lab.base()).unwrap();
    let answer = lab.send(Request::new(http::Method::POST, target).body(challenge.body)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    challenge.session.open(&answer.body, None).unwrap();
}
