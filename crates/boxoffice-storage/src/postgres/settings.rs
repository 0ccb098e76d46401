//! What a `postgres://…` URL says.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::SslMode;

use super::tls::Trust;
use crate::StorageError;

/// How long making one connection may take, handshakes included.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// How long a call may wait for its turn, and then for a connection that is free.
pub(super) const ACQUIRE: Duration = Duration::from_secs(5);

/// How long all statements of one attempt at a call may take together, seen from here.
pub(super) const CALL: Duration = Duration::from_secs(10);

/// How long one statement may take, and how long a transaction may wait for its next one, seen from the server: no
/// longer than [`CALL`], so that what we have given up holds no locks.
const SERVER_OPTIONS: &str = "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=10000";

/// A dead peer is noticed after so long, also where nothing is on its way.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Where PostgreSQL is, and whom to believe that it is the one.
pub(super) struct Settings {
    pub(super) connection: tokio_postgres::Config,
    pub(super) trust: Trust,
}

impl Settings {
    /// Reads a URL. On top of what the driver knows this knows libpq's `sslmode=verify-ca` and `verify-full`, of
    /// which the stricter is meant in both cases, and `sslrootcert`.
    pub(super) fn parse(url: &str) -> Result<Self, StorageError> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut root, mut rest) = (SslMode::Prefer, None, String::new());
        let mut verify = false;
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", "disable")) => mode = SslMode::Disable,
                Some(("sslmode", "prefer")) => mode = SslMode::Prefer,
                Some(("sslmode", "require")) => mode = SslMode::Require,
                Some(("sslmode", "verify-ca" | "verify-full")) => (mode, verify) = (SslMode::Require, true),
                Some(("sslmode", other)) => {
                    return Err(unusable(&format!(
                        "sslmode is {other:?}, expected disable, prefer, require or verify-full"
                    )));
                }
                Some(("sslrootcert", path)) => root = Some(decode_path(path)?),
                _ => {
                    rest.push(if rest.is_empty() { '?' } else { '&' });
                    rest.push_str(parameter);
                }
            }
        }
        let mut connection: tokio_postgres::Config =
            format!("{address}{rest}").parse().map_err(|error| unusable(&super::error::describe(&error)))?;
        let options = match connection.get_options() {
            Some(given) => format!("{SERVER_OPTIONS} {given}"),
            None => SERVER_OPTIONS.to_owned(),
        };
        connection.options(options).ssl_mode(mode);
        if connection.get_application_name().is_none() {
            connection.application_name("boxoffice");
        }
        if connection.get_connect_timeout().is_none() {
            connection.connect_timeout(CONNECT);
        }
        connection.keepalives(true).keepalives_idle(KEEPALIVE).tcp_user_timeout(KEEPALIVE);
        let trust = match (root, verify) {
            (Some(path), _) => Trust::Roots(path),
            (None, true) => Trust::SystemRoots,
            (None, false) => Trust::Anyone,
        };
        Ok(Self { connection, trust })
    }
}

fn decode_path(encoded: &str) -> Result<PathBuf, StorageError> {
    let path = percent_encoding::percent_decode_str(encoded).decode_utf8();
    path.map(|path| PathBuf::from(path.as_ref())).map_err(|error| unusable(&error))
}

fn unusable(reason: &dyn std::fmt::Display) -> StorageError {
    StorageError::Unavailable(format!("the URL of PostgreSQL cannot be used: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_on_tls_it_is_taken_where_offered() {
        let settings = Settings::parse("postgres://me:word@db.example:5433/boxoffice").unwrap();
        assert_eq!(settings.connection.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(settings.trust, Trust::Anyone);
        assert_eq!(settings.connection.get_dbname(), Some("boxoffice"));
    }

    #[test]
    fn verify_full_asks_for_a_certificate_of_the_roots_named() {
        let url = "postgres://db/b?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&application_name=a";
        let settings = Settings::parse(url).unwrap();
        assert_eq!(settings.connection.get_ssl_mode(), SslMode::Require);
        assert_eq!(settings.trust, Trust::Roots("/etc/ca.pem".into()));
        assert_eq!(settings.connection.get_application_name(), Some("a"));
    }

    #[test]
    fn options_that_are_given_come_after_ours_and_win() {
        let settings = Settings::parse("postgres://db/b?options=-c%20search_path%3Dmine").unwrap();
        let options = settings.connection.get_options().unwrap();
        assert!(options.starts_with("-c statement_timeout=") && options.ends_with(" -c search_path=mine"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (url, named) in [
            ("postgres://db/b?sslmode=allow", "sslmode is \"allow\""),
            ("postgres://db/b?nonsense=1", "nonsense"),
            ("postgres://db:port/b", "port"),
        ] {
            let refused = Settings::parse(url).err().unwrap().to_string();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
