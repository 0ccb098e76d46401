//! Bodies, bounded in length and time.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use thiserror::Error;
use tokio::time::timeout;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum BodyError {
    /// The connection broke, or the framing is wrong.
    #[error("the body ends before its length")]
    Broken,
    /// It took too long to come.
    #[error("the body did not come within {} ms", .after.as_millis())]
    Slow {
        /// How long was waited.
        after: Duration,
    },
    /// It is longer than it may be.
    #[error("the body has more than {limit} bytes")]
    TooLong {
        /// How long it may be.
        limit: usize,
    },
}

/// Reads a body of at most `limit` bytes, within `patience`.
///
/// # Errors
/// [`BodyError`]; no more than the limit was kept in memory.
pub async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLong { limit });
    }
    timeout(patience, collect(body, limit)).await.unwrap_or(Err(BodyError::Slow { after: patience }))
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len() + collected.len() + data.len() > limit {
            return Err(BodyError::TooLong { limit });
        }
        // Most bodies come in one piece, which needs no copy.
        if first.is_empty() && collected.is_empty() {
            first = data;
        } else {
            collected.extend_from_slice(&std::mem::take(&mut first));
            collected.extend_from_slice(&data);
        }
    }
    Ok(if collected.is_empty() { first } else { collected.freeze() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from("abc"), 3, PATIENCE).await, Ok(Bytes::from("abc")));
        assert_eq!(read(Body::from("abcd"), 3, PATIENCE).await, Err(BodyError::TooLong { limit: 3 }));
        assert_eq!(read(Body::empty(), 0, PATIENCE).await, Ok(Bytes::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let (_sender, receiver) = tokio::sync::mpsc::channel::<()>(1);
        let body = Body::new(Never(receiver));
        assert_eq!(read(body, 3, PATIENCE).await, Err(BodyError::Slow { after: PATIENCE }));
    }

    struct Never(tokio::sync::mpsc::Receiver<()>);

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            self.0.poll_recv(context).map(|_| None)
        }
    }
}
