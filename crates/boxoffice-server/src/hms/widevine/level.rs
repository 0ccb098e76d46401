//! The least level of devices that an account gives licences to.

use boxoffice_core::{Account, Refusal};
use widevine::DeviceLevel;

use super::refusal;

/// The account may want more of a device than its keys do.
pub(super) fn check(account: &Account, actual: DeviceLevel) -> Result<(), Refusal> {
    let required =
        account.options.min_level.and_then(|level| DeviceLevel::from_number(level.number().into()));
    match required {
        Some(required) if !actual.meets(required) => {
            Err(refusal::of(&widevine::Refusal::DeviceLevel { required, actual }))
        }
        Some(_) | None => Ok(()),
    }
}
