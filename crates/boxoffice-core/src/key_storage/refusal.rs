//! Why a call of the key storage is refused (key-storage.md, section 5).

use std::fmt;

use thiserror::Error;

/// The rows of the table of errors that are the key storage's own. The codes of the token API, which it also
/// sends, stay [`Refusal`](crate::Refusal)s.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyProblem {
    /// RFC 3394's integrity check fails, or the key is not under a caller's KEK.
    IncorrectKek,
    /// A defect.
    Internal,
    /// The body is no JSON.
    InvalidJson,
    /// The body is JSON, and a member is of the wrong type or no hex of the right length.
    InvalidKeyObject,
    /// Neither 32 hex digits nor `^` and a name.
    InvalidKid,
    /// Everything else that is wrong with a request.
    InvalidParameters,
    /// A new value for a key that only its KEK opens, without the KEK.
    KekRequired,
    /// The KID is that of a key that has ended and is kept.
    KidExists,
    /// The account stores no keys that the service can open.
    NoKek,
    /// No such key, or it has ended.
    NotFound,
    /// The database or the storage key does not answer.
    Unavailable,
}

impl KeyProblem {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::IncorrectKek
            | Self::InvalidJson
            | Self::InvalidKeyObject
            | Self::InvalidKid
            | Self::InvalidParameters
            | Self::KekRequired
            | Self::NoKek => 400,
            Self::NotFound => 404,
            Self::KidExists => 409,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The code: 1 to 5, or 404.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Internal | Self::Unavailable => 1,
            Self::InvalidKid | Self::InvalidParameters | Self::KekRequired | Self::NoKek => 2,
            Self::InvalidJson | Self::InvalidKeyObject => 3,
            Self::KidExists => 4,
            Self::IncorrectKek => 5,
            Self::NotFound => 404,
        }
    }

    /// The text, which clients compare.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::IncorrectKek => "Incorrect KEK",
            Self::Internal => "Internal Server Error",
            Self::InvalidJson => "Invalid JSON Body",
            Self::InvalidKeyObject => "Invalid Key Object",
            Self::InvalidKid => "Invalid KID",
            Self::InvalidParameters => "Invalid Parameters",
            Self::KekRequired => "KEK Required",
            Self::KidExists => "KID already exists",
            Self::NoKek => "No KEK passed: ek required",
            Self::NotFound => "Not Found",
            Self::Unavailable => "Key store unavailable",
        }
    }
}

/// A call that is refused, with everything that helps whoever made it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub struct KeyRefusal {
    /// Which row of the table.
    pub problem: KeyProblem,
    /// One sentence: what was got, what was expected, what to do. Of keys it names only length and position.
    pub hint: String,
    /// The parameter or member at fault, if it is one.
    pub parameter: Option<&'static str>,
}

impl KeyRefusal {
    /// A refusal that no single parameter causes.
    #[must_use]
    pub fn new(problem: KeyProblem, hint: impl Into<String>) -> Self {
        Self { problem, hint: hint.into(), parameter: None }
    }

    /// Names the parameter or member.
    #[must_use]
    pub const fn parameter(mut self, name: &'static str) -> Self {
        self.parameter = Some(name);
        self
    }

    /// Seconds after which to try again, where that helps.
    #[must_use]
    pub const fn retry_seconds(&self) -> Option<u32> {
        match self.problem {
            KeyProblem::Unavailable => Some(1),
            _ => None,
        }
    }
}

impl fmt::Display for KeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.problem;
        write!(f, "{} {} (code {}): {}", problem.status(), problem.message(), problem.code(), self.hint)
    }
}
