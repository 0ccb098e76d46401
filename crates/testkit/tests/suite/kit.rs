//! A client that does nothing by itself: no redirects, no proxies, no repetition.

use std::time::Duration;

use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub fn client() -> reqwest::Client {
    builder().build().unwrap()
}

/// A client of a Unix socket.
pub fn client_at(socket: &std::path::Path) -> reqwest::Client {
    builder().unix_socket(socket).build().unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    // A second installation is refused, which is as good.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(Duration::from_secs(20))
}

pub async fn post(url: &str, body: impl Into<Vec<u8>>) -> Result<Answer, reqwest::Error> {
    let request = client().post(url).header("content-type", "application/json").body(body.into());
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
    Ok(Answer { status, retry_after, body: response.bytes().await?.to_vec() })
}
