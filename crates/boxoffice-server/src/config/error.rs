//! Why a configuration is refused: always with the key, and where it stands.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Why the program does not start with this configuration.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ConfigError {
    /// A value that its setting cannot have.
    #[error("{origin}: {key}: {problem}")]
    BadValue {
        /// The setting, with dots between levels.
        key: String,
        /// Where the value stands.
        origin: Origin,
        /// What was got and what was expected.
        problem: String,
    },
    /// A file that is no TOML.
    #[error("{file}:{line}: {problem}", file = file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A setting that there is not.
    #[error("{origin}: {key}: there is no such setting{}", hint(.closest.as_deref()))]
    Unknown {
        /// What was written, with dots between levels.
        key: String,
        /// Where.
        origin: Origin,
        /// The setting that looks most like it.
        closest: Option<String>,
    },
    /// A file that cannot be read.
    #[error("{file}: {problem}", file = file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        problem: String,
    },
}

fn hint(closest: Option<&str>) -> String {
    closest.map(|key| format!("; did you mean {key}?")).unwrap_or_default()
}

/// Where a value comes from.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// A file of TOML.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}
