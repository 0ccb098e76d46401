//! The two environments, which share nothing but the process, the database and the numbering of accounts.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Test or production (operations.md, section 4): separate keys, accounts and records.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Environment {
    /// For trying: the lab issuers work here.
    Test,
    /// For real viewers.
    Production,
}

/// One of something for each environment.
#[derive(Clone, Debug)]
pub struct PerEnvironment<T> {
    /// The test environment's.
    pub test: T,
    /// The production environment's.
    pub production: T,
}

/// A text that is neither `test` nor `production`.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("got {got:?}, expected test or production")]
pub struct EnvironmentError {
    got: String,
}

impl Environment {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Test, Self::Production];

    /// `test` or `production`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Production => "production",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Test => Self::Production,
            Self::Production => Self::Test,
        }
    }

    /// The byte that stands for it in sealed values: 0 test, 1 production.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Test => 0,
            Self::Production => 1,
        }
    }
}

impl<T> PerEnvironment<T> {
    /// Makes the test environment's first, and then the production environment's.
    ///
    /// # Errors
    /// The first that `make` returns.
    pub fn try_new<E>(make: impl Fn(Environment) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self { test: make(Environment::Test)?, production: make(Environment::Production)? })
    }

    /// That of an environment.
    #[must_use]
    pub const fn of(&self, environment: Environment) -> &T {
        match environment {
            Environment::Test => &self.test,
            Environment::Production => &self.production,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = EnvironmentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|environment| environment.as_str() == text)
            .ok_or_else(|| EnvironmentError { got: text.to_owned() })
    }
}
