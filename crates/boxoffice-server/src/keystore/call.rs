//! Who calls, and what comes of it.

use std::net::IpAddr;

use boxoffice_core::key_storage::KeyRefusal;
use boxoffice_core::{AccountId, Environment};
use drm_primitives::Kid;

use super::row::Holders;

/// Who makes a call, and from where.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where the account lives.
    pub environment: Environment,
    /// Whose keys.
    pub account: AccountId,
    /// The number of the authenticator; `None` for a command.
    pub authenticator: Option<u64>,
    /// Whether the account stores keys that the service itself can open.
    pub service_keys: bool,
    /// Where the caller is; `None` for a command.
    pub address: Option<IpAddr>,
    /// The answer's `x-request-id`.
    pub request_id: String,
}

/// What came of an operation, with what its record has to say. The answer stays in here until it is written.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The answer, or why there is none.
    pub result: Result<T, KeyRefusal>,
    /// The KIDs that the call named or made.
    pub kids: Vec<Kid>,
    /// Who can open these keys.
    pub(super) holders: Holders,
    /// Whether its record is durable already.
    pub(super) recorded: bool,
}

/// An operation that is done, with its status in the record.
#[derive(Debug)]
pub struct Done<T> {
    /// The answer.
    pub answer: T,
    /// Who can open the keys in it.
    pub(super) holders: Holders,
    /// Whether its record is durable already.
    recorded: bool,
}

impl<T> Done<T> {
    pub(super) const fn new(answer: T, holders: Holders) -> Self {
        Self { answer, holders, recorded: false }
    }

    /// An operation whose record was made durable together with what it changed.
    pub(super) const fn recorded(answer: T, holders: Holders) -> Self {
        Self { answer, holders, recorded: true }
    }
}

impl<T> Outcome<T> {
    pub(super) fn new(kids: Vec<Kid>, result: Result<Done<T>, KeyRefusal>) -> Self {
        match result {
            Ok(Done { answer, holders, recorded }) => Self { result: Ok(answer), kids, holders, recorded },
            Err(refusal) => Self { result: Err(refusal), kids, holders: Holders::default(), recorded: false },
        }
    }
}
