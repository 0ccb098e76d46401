//! One attempt: a request, and its whole answer in time.

use std::time::Duration;

use http::header::RETRY_AFTER;
use reqwest::{Client, Response, Url};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::call::Message;
use super::client::told;
use super::failure::Cause;

/// A whole answer of a service, of a status that is not its own failure.
pub struct Answer {
    /// The status: no redirection, and below 500.
    pub status: u16,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
    /// The body, which may hold secrets.
    pub body: Zeroizing<Vec<u8>>,
}

/// What is told of a failed attempt: its cause, and in the log what lies behind it.
pub(super) struct Failed {
    pub cause: Cause,
    pub details: String,
}

/// Sends a message and reads the answer.
pub(super) async fn attempt(
    client: &Client,
    url: &Url,
    message: &Message,
    time: Duration,
    answer_limit: usize,
) -> Result<Answer, Failed> {
    let answer = async {
        let request = client.post(url.clone()).headers(message.headers.clone()).body(message.body.clone());
        let response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        match status {
            300..400 => return Err(Cause::Redirect { status }.into()),
            500.. => return Err(Cause::Status { status }.into()),
            _ => {}
        }
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        Ok(Answer { status, retry_after, body: body(response, answer_limit).await? })
    };
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    timeout(time, answer).await.unwrap_or_else(|_| Err(Cause::TimedOut { milliseconds }.into()))
}

async fn body(mut response: Response, limit: usize) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let too_long = || Failed::from(Cause::TooLong { limit });
    let announced = response.content_length().unwrap_or_default();
    let announced = usize::try_from(announced).ok().filter(|length| *length <= limit).ok_or_else(too_long)?;
    // Of the full size at once, where that is known: a buffer that grows leaves copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(part) = response.chunk().await.map_err(broken)? {
        if body.len() + part.len() > limit {
            return Err(too_long());
        }
        if body.len() + part.len() > body.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(limit));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn broken(error: reqwest::Error) -> Failed {
    let cause = match () {
        // Bounded by the time of one attempt, like everything else.
        () if error.is_connect() => Cause::Connect,
        () => Cause::BrokeOff,
    };
    // The address may hold credentials.
    Failed { cause, details: told(&error.without_url()) }
}

impl From<Cause> for Failed {
    fn from(cause: Cause) -> Self {
        Self { cause, details: String::new() }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}
