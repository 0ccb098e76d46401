//! Why a service was not reached.

use thiserror::Error;

/// Why one attempt failed. Names no address and nothing of what was sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Cause {
    /// The connection broke off before the answer was whole.
    #[error("the connection broke off")]
    BrokeOff,
    /// No connection, or none that is trusted.
    #[error("it cannot be reached")]
    Connect,
    /// A redirection, which is never followed.
    #[error("it redirects, with status {status}")]
    Redirect {
        /// The status.
        status: u16,
    },
    /// A word of the service itself that means as much as a 5xx.
    #[error("it answers {0}")]
    Said(&'static str),
    /// A status of the server's own failure.
    #[error("it answers with status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// No whole answer in time.
    #[error("it takes longer than {milliseconds} ms")]
    TimedOut {
        /// How long was waited.
        milliseconds: u64,
    },
    /// An answer that is too long to be one.
    #[error("its answer is longer than {limit} bytes")]
    TooLong {
        /// The longest that is read.
        limit: usize,
    },
}

/// Why a call has no outcome.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Unreached {
    /// Every attempt failed.
    #[error("after {attempts} attempt(s) in {milliseconds} ms: {last}")]
    Failed {
        /// How many there were.
        attempts: u32,
        /// How long they took together.
        milliseconds: u64,
        /// Why the last one failed.
        last: Cause,
    },
    /// As many calls as are allowed are in flight.
    #[error("{max_in_flight} calls are in flight, as many as max_in_flight allows")]
    Full {
        /// How many are allowed.
        max_in_flight: usize,
    },
    /// All endpoints have failed too often, and rest.
    #[error("it failed too often in a row, and is tried again in {seconds} s")]
    Resting {
        /// When the next trial is, in seconds from now.
        seconds: u32,
    },
}

impl Cause {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BrokeOff => "broke_off",
            Self::Connect => "connect",
            Self::Redirect { .. } => "redirect",
            Self::Said(_) => "said",
            Self::Status { .. } => "status",
            Self::TimedOut { .. } => "timed_out",
            Self::TooLong { .. } => "too_long",
        }
    }
}

impl Unreached {
    /// When to try again, in seconds: the `Retry-After` of the 503.
    #[must_use]
    pub const fn retry_after(self) -> u32 {
        match self {
            Self::Failed { .. } => 2,
            Self::Full { .. } => 1,
            Self::Resting { seconds } => seconds,
        }
    }
}
