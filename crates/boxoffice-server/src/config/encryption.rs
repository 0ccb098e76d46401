//! Whether there is encryption for what proves one side of it to the other: without, such a file would prove nothing, and
//! whoever named it would believe that it does.

use super::error::ConfigError;
use super::reader::Reader;
use super::url::ServiceUrl;

/// Looks for an address that is called over TLS, where one of the settings is given.
///
/// # Errors
/// The first setting that is given for nothing.
pub(super) fn check(reader: &Reader, settings: &[&str], addresses: &[ServiceUrl]) -> Result<(), ConfigError> {
    if addresses.iter().any(ServiceUrl::is_encrypted) {
        return Ok(());
    }
    let Some(given) = settings.iter().find(|setting| reader.has(setting)) else { return Ok(()) };
    let none = if addresses.len() == 1 { "the address is not" } else { "no address is" };
    let problem = format!(
        "{none} https, so that nothing of TLS is looked at there: leave it out, or give an https address"
    );
    Err(reader.refuse(given, problem))
}
