//! Whether a token may be redeemed here and now.

use std::sync::Arc;

use boxoffice_core::entitlement::Entitlement;
use boxoffice_core::token_request::check_account;
use boxoffice_core::{Account, Drm, Event, Refusal};

use super::{Redemption, token};
use crate::accounts::storage_failed;
use crate::app::App;

/// A token that is good, and the account that it belongs to.
pub struct Admitted {
    /// What was granted.
    pub entitlement: Entitlement,
    /// To whom.
    pub account: Arc<Account>,
}

impl Redemption<'_> {
    /// Opens the token, and sees that its account is enabled and has the DRM on.
    ///
    /// # Errors
    /// -4010, -2031, the DRM's "disabled" code, -2030 where the database is away.
    pub async fn admit(&self, app: &App, drm: Drm, further: Option<&[u8]>) -> Result<Admitted, Refusal> {
        let token = self.token(further)?;
        let entitlement = token::open(app, self.environment, drm, &token).await?;
        let account =
            app.accounts().get(entitlement.account).await.map_err(|error| storage_failed(&error))?;
        let gone = || Refusal::new(Event::AccountDisabled, "the account of this token is not there any more");
        let account = account.ok_or_else(gone)?;
        check_account(&account, drm)?;
        Ok(Admitted { entitlement, account })
    }

    /// Whether the token is good from the address that it came from.
    ///
    /// # Errors
    /// -2003, 403.
    pub fn check_address(&self, admitted: &Admitted) -> Result<(), Refusal> {
        admitted.entitlement.check_address(self.address).map_err(|error| token::restricted(&error))
    }
}

impl Admitted {
    /// Whether the account has a licence left.
    ///
    /// # Errors
    /// -2019.
    pub fn check_balance(&self) -> Result<(), Refusal> {
        if !self.account.balance.is_empty() {
            return Ok(());
        }
        let hint = format!(
            "the balance of account {0} is zero; `boxoffice account set {0} --balance +N` tops it up",
            self.account.id
        );
        Err(Refusal::new(Event::InsufficientTokens, hint))
    }
}
