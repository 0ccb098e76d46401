//! `[database]`: embedded SQLite or PostgreSQL.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::ConfigError;
use super::layers::Raw;
use super::reader::Reader;
use super::url::mask_credentials;
use super::value::{Value, quoted, text};

/// Where everything is remembered.
#[derive(Clone)]
pub enum DatabaseConfig {
    /// PostgreSQL.
    Postgres {
        /// `postgres://…`; may hold a password.
        url: Zeroizing<String>,
        /// Connections at most.
        connections: usize,
    },
    /// A file of SQLite.
    Sqlite(PathBuf),
}

impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Postgres { url, .. } => f.write_str(&mask_credentials(url)),
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}

impl DatabaseConfig {
    /// Reads `sqlite://PATH` or `postgres://…`; `None` for any other text.
    #[must_use]
    pub fn parse(url: &str, connections: usize) -> Option<Self> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return (!path.is_empty()).then(|| Self::Sqlite(path.into()));
        }
        let postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        postgres.then(|| Self::Postgres { url: Zeroizing::new(url.to_owned()), connections })
    }

    /// Whether it is the embedded one of the data directory, that is, none was configured.
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Result<(Self, bool), ConfigError> {
        let about = "sqlite://PATH or postgres://…; default: boxoffice.db in the data directory";
        let url: Option<Url> = reader.optional("database.url", about)?;
        let connections =
            reader.number("database.connections", "connections to PostgreSQL at most", 16, 1..=1_000)?;
        let database = url.as_ref().and_then(|url| Self::parse(&url.0, super::server::size(connections)));
        let embedded = database.is_none();
        Ok((database.unwrap_or_else(|| Self::Sqlite(data_dir.join("boxoffice.db"))), embedded))
    }
}

struct Url(Zeroizing<String>);

impl Value for Url {
    const EXPECTED: &'static str = "sqlite://PATH or postgres://…";

    fn read(raw: &Raw) -> Option<Self> {
        let url = text(raw)?;
        DatabaseConfig::parse(url, 1).map(|_| Self(Zeroizing::new(url.to_owned())))
    }

    fn show(&self) -> String {
        quoted(&mask_credentials(&self.0))
    }
}
