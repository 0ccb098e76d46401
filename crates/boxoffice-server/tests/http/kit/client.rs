//! As little of HTTP/1.1 as a test needs: one request on a connection of its own, and its answer.

use std::fmt::Write as _;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request; what it says of itself is sent as it is, sensible or not.
#[derive(Clone)]
pub struct Request {
    method: Method,
    target: String,
    host: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request of the test environment.
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        let (host, headers, body) = ("127.0.0.1".to_owned(), Vec::new(), Vec::new());
        Self { method, target: target.into(), host, headers, body }
    }

    pub fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    pub fn post(target: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let request = Self::new(Method::POST, target).header("content-type", content_type);
        Self { body: body.into(), ..request }
    }

    /// The same with a body of no type.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The same to another host: `prod.localhost` is the production environment.
    pub fn host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it, and reads the answer to the end of the connection.
    pub async fn send(&self, address: SocketAddr) -> Answer {
        self.send_over(TcpStream::connect(address).await.unwrap()).await
    }

    /// The same on a connection that there is already, which ends with it.
    pub async fn send_over(&self, stream: impl AsyncRead + AsyncWrite) -> Answer {
        let mut bytes = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        write!(bytes, "Connection: close\r\nContent-Length: {}\r\n", self.body.len()).unwrap();
        for (name, value) in &self.headers {
            write!(bytes, "{name}: {value}\r\n").unwrap();
        }
        let bytes = [bytes.as_bytes(), b"\r\n", &self.body].concat();
        let answer = exchange_over(stream, &bytes).await;
        if let Some(length) = answer.headers.get("content-length").filter(|_| self.method != Method::HEAD) {
            assert_eq!(length.to_str().unwrap(), answer.body.len().to_string(), "the body is whole");
        }
        answer
    }
}

/// Sends bytes on a connection of their own, and reads the answer to its end.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    exchange_over(TcpStream::connect(address).await.unwrap(), bytes).await
}

async fn exchange_over(stream: impl AsyncRead + AsyncWrite, bytes: &[u8]) -> Answer {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let mut answered = Vec::new();
    // A body that is too long is answered before it was read: writing may fail then, and that is no failure.
    let (_, read) = tokio::join!(writing.write_all(bytes), reading.read_to_end(&mut answered));
    if answered.is_empty() {
        read.unwrap();
    }
    Answer::parse(&answered)
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            let value = HeaderValue::from_str(value.trim()).unwrap();
            (name.parse::<HeaderName>().unwrap(), value)
        });
        let headers: HeaderMap = headers.collect();
        let body = bytes[end + 4..].to_vec();
        Self { status, headers, body }
    }

    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON, whatever its type says.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }
}
