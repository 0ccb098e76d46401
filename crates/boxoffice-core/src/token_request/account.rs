//! Whether an account may ask for tokens of a DRM.

use crate::{Account, Drm, Event, Refusal};

/// Whether the account is enabled and has the DRM switched on.
///
/// # Errors
/// -2031, or the DRM's own code: -7011, -5002, -6009; -2031 for Clear Key, which has none.
pub fn check_account(account: &Account, drm: Drm) -> Result<(), Refusal> {
    if !account.enabled {
        let hint = format!("account {0} is disabled; `boxoffice account enable {0}` enables it", account.id);
        return Err(Refusal::new(Event::AccountDisabled, hint).parameter("customerAuthenticator"));
    }
    if account.options.allows(drm) {
        return Ok(());
    }
    let (event, option) = match drm {
        Drm::ClearKey => (Event::AccountDisabled, "clearkey"),
        Drm::FairPlay => (Event::FairPlayDisabled, "fairplay"),
        Drm::PlayReady => (Event::PlayReadyDisabled, "playready"),
        Drm::Widevine => (Event::WidevineDisabled, "widevine"),
    };
    let hint = format!(
        "{drm} is switched off for account {0}; `boxoffice account set {0} --{option} on` switches it on",
        account.id
    );
    Err(Refusal::new(event, hint).parameter("customerAuthenticator"))
}
