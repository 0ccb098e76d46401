//! Whether a token may be redeemed here and now.

use std::sync::Arc;

use boxoffice_core::entitlement::Entitlement;
use boxoffice_core::token_request::check_account;
use boxoffice_core::{Account, Drm, Event, Refusal};
use jiff::Timestamp;

use super::{Facts, Redemption, token};
use crate::accounts::{no_balance, storage_failed};
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
    /// -4010, -2031, the DRM's "disabled" code, -2030 where the database is away; 429 where the account asks more often
    /// than it may.
    pub async fn admit(
        &self,
        app: &App,
        drm: Drm,
        further: Option<&[u8]>,
        facts: &mut Facts,
    ) -> Result<Admitted, Refusal> {
        let now = facts.time;
        self.admit_at(app, drm, further, facts, now).await
    }

    /// The same where the token need not be good any more, and had to be at `began`: for what goes on since then.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub async fn admit_at(
        &self,
        app: &App,
        drm: Drm,
        further: Option<&[u8]>,
        facts: &mut Facts,
        began: Timestamp,
    ) -> Result<Admitted, Refusal> {
        let token = self.token(further)?;
        let entitlement = token::open(app, self.environment, &token).await?;
        facts.opened(&entitlement);
        token::check(&entitlement, drm, began)?;
        let account =
            app.accounts().get(entitlement.account).await.map_err(|error| storage_failed(&error))?;
        let gone = || Refusal::new(Event::AccountDisabled, "the account of this token is not there any more");
        let account = account.ok_or_else(gone)?;
        check_account(&account, drm)?;
        app.admission().check_account(account.id)?;
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
    /// Whether the account had a licence left when it was last read, so that no licence is made in vain. The
    /// database has the last word, when it debits. It alone knows whether a one-time token was used before, which comes
    /// before the balance: such a token goes on to it.
    ///
    /// # Errors
    /// -2019.
    pub fn check_balance(&self) -> Result<(), Refusal> {
        if self.account.balance.is_empty() && !self.entitlement.one_time {
            return Err(no_balance(self.account.id));
        }
        Ok(())
    }
}
