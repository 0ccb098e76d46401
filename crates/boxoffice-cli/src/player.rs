//! The HTTP client of a player: what `redeem` and `doctor` reach a server with.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use crate::failure::Failure;

/// Asks servers, as a player does.
pub struct Player {
    client: reqwest::Client,
}

/// What a server answered.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// How long a server may take. Longer than any server of ours does, so that its own answer is seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// No answer of a licence server is longer.
const BODY_LIMIT: usize = 4 << 20;

impl Player {
    /// A player for the server at `url`.
    pub fn new(url: &Url) -> Result<Self, Failure> {
        // Installed already where another command of this process asked first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut client =
            reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let host = url.host_str().unwrap_or_default();
        let loopback = host == "localhost"
            || host.ends_with(".localhost")
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if loopback {
            client = client.no_proxy();
        }
        if host.ends_with(".localhost") {
            // RFC 6761, section 6.3: these names are this machine, whatever its resolver knows. The port is the URL's.
            client = client.resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        }
        let client =
            client.build().map_err(|error| Failure::refused(format!("cannot speak HTTP: {error}")))?;
        Ok(Self { client })
    }

    /// Sends a request and reads the answer, whatever its status.
    pub async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let failed = |error: reqwest::Error| {
            // The URL may hold a token or an authenticator.
            let reason = root_cause(&error.without_url());
            Failure::refused(format!("{} does not answer: {reason}", url.origin().ascii_serialization()))
        };
        let request = self.client.request(method, url.clone()).headers(headers).body(body);
        let mut answer = request.send().await.map_err(failed)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_LIMIT {
                return Err(Failure::refused(format!("the answer is longer than {BODY_LIMIT} bytes")));
            }
        }
        Ok(Answer { status, headers, body })
    }

    /// Posts a challenge.
    pub async fn post(
        &self,
        url: &Url,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        headers
            .insert(reqwest::header::CONTENT_TYPE, reqwest::header::HeaderValue::from_static(content_type));
        self.ask(Method::POST, url, headers, body).await
    }
}

impl Answer {
    /// The body of a success; a refusal with what the server says about it otherwise.
    pub fn success(self) -> Result<Vec<u8>, Failure> {
        if self.status == 200 {
            return Ok(self.body);
        }
        Err(Failure::refused(format!("the server refused: {} {}", self.status, self.said())))
    }

    /// What an answer that is no success says: message, hint and request id of our JSON, or its first words.
    pub fn said(&self) -> String {
        let json: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(ToOwned::to_owned);
        if let Some(message) = member("message") {
            let parts = [
                Some(message),
                member("reason").map(|reason| format!("({reason})")),
                member("hint").map(|hint| format!("— {hint}")),
                member("request_id").map(|id| format!("[request {id}]")),
            ];
            return parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        }
        let text = String::from_utf8_lossy(&self.body);
        text.chars().filter(|character| !character.is_control()).take(200).collect()
    }

    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The innermost error: "connection refused" rather than "error sending request".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
