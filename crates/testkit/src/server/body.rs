//! Bodies that end as they should, too early, or never.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use thiserror::Error;

/// What an endless body repeats.
static SPACES: [u8; 4096] = [b' '; 4096];

/// The body of an answer.
pub(super) enum ReplyBody {
    /// All of it, or, once sent, nothing more.
    Whole(Option<Bytes>),
    /// Some bytes of more that were promised; then the connection breaks off.
    Broken {
        /// What is still to be sent.
        part: Option<Bytes>,
        /// How many were promised.
        promised: u64,
    },
    /// Some bytes, and then spaces for ever.
    Endless(Option<Bytes>),
}

/// The connection breaks off, as the fault wants it.
#[derive(Debug, Error)]
#[error("cut on request")]
pub(super) struct Cut;

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let frame = match self.get_mut() {
            Self::Whole(bytes) => bytes.take().map(Ok),
            Self::Broken { part, .. } => Some(part.take().ok_or(Cut)),
            Self::Endless(bytes) => Some(Ok(bytes.take().unwrap_or_else(|| Bytes::from_static(&SPACES)))),
        };
        Poll::Ready(frame.map(|frame| frame.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(length(bytes.as_ref())),
            Self::Broken { promised, .. } => SizeHint::with_exact(*promised),
            Self::Endless(_) => SizeHint::default(),
        }
    }
}

fn length(bytes: Option<&Bytes>) -> u64 {
    bytes.map_or(0, |bytes| u64::try_from(bytes.len()).expect("memory is smaller than 2^64 bytes"))
}
