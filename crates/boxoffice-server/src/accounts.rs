//! Accounts in memory, and who is asking.
//!
//! A token request may not wait for the database, and a change on the command line shows within a second. So
//! an account that was read less than half a second ago is taken as it is; an older one is read again, once,
//! however many requests wait for it. While the database is away, what was read within five minutes still
//! goes (issue: "When the database is away").

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use boxoffice_core::authenticator::{CustomerAuthenticator, CustomerAuthenticatorError, Scope};
use boxoffice_core::{Account, AccountId, Environment, Event, Parameters, Refusal};
use boxoffice_storage::StorageError;
use tokio::time::Instant;

use crate::installation::Installation;

/// How long an account is taken as it was read.
const FRESH: Duration = Duration::from_millis(500);

/// How long it goes on while the database is away.
const STALE: Duration = Duration::from_mins(5);

/// Accounts as they were last read.
pub struct Accounts {
    installation: Installation,
    entries: RwLock<HashMap<AccountId, Entry>>,
    /// Held while an account is read: whoever waits finds it fresh.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Entry {
    account: Arc<Account>,
    read_at: Instant,
}

/// Who is asking: an account, and which of its authenticators.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account; enabled or not.
    pub account: Arc<Account>,
    /// The number of the authenticator.
    pub authenticator: u64,
}

impl Accounts {
    /// Starts with none in memory.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self { installation, entries: RwLock::default(), reading: tokio::sync::Mutex::default() }
    }

    /// An account as it was half a second ago at most; while the database is away, five minutes.
    ///
    /// # Errors
    /// [`StorageError`] where neither database nor memory has an answer.
    pub async fn account(&self, id: AccountId) -> Result<Option<Arc<Account>>, StorageError> {
        if let Some(account) = self.remembered(id, FRESH) {
            return Ok(Some(account));
        }
        let _reading = self.reading.lock().await;
        if let Some(account) = self.remembered(id, FRESH) {
            return Ok(Some(account));
        }
        let read_at = Instant::now();
        match self.installation.storage().account(id).await {
            Ok(Some(account)) => {
                let account = Arc::new(account);
                let entry = Entry { account: Arc::clone(&account), read_at };
                self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(id, entry);
                Ok(Some(account))
            }
            Ok(None) => {
                self.forget(id);
                Ok(None)
            }
            Err(error) => self.remembered(id, STALE).map(Some).ok_or(error),
        }
    }

    /// Has an account read again when it is next asked for: after this process changed it.
    pub fn forget(&self, id: AccountId) {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Finds out who is asking, by the parameter `customerAuthenticator`.
    ///
    /// # Errors
    /// -2017, -2018 with the reason, -2030 where the database is away.
    pub async fn authenticate(
        &self,
        parameters: &Parameters,
        environment: Environment,
        scope: Scope,
    ) -> Result<Caller, Refusal> {
        let refuse_twice =
            |_| invalid("conflict", "customerAuthenticator is given more than once, with different values");
        match parameters.one("customerAuthenticator").map_err(refuse_twice)? {
            Some(shown) => self.authenticate_value(shown, environment, scope).await,
            None => Err(missing()),
        }
    }

    /// Finds out who is asking, by the text of an authenticator, wherever it stood.
    ///
    /// # Errors
    /// As [`Accounts::authenticate`].
    pub async fn authenticate_value(
        &self,
        shown: &[u8],
        environment: Environment,
        scope: Scope,
    ) -> Result<Caller, Refusal> {
        if shown.is_empty() {
            return Err(missing());
        }
        let shown = CustomerAuthenticator::parse(shown).map_err(malformed)?;
        let account = self.account(shown.account).await.map_err(|error| unavailable(&error))?;
        let unknown = || {
            invalid(
                "unknown",
                "no account has this authenticator; compare it with what `boxoffice account create` or `authenticator add` printed",
            )
        };
        let hash = self.installation.master_key().authenticators().hash(shown.account, &shown.secret);
        let account = account.ok_or_else(unknown)?;
        let stored =
            account.authenticators.iter().find(|stored| stored.matches(&hash)).ok_or_else(unknown)?;
        if account.environment != environment {
            let (is, here) = (account.environment, environment);
            let hint = format!(
                "this is a {is} authenticator, and this is a {here} host; use a {is} host, or an authenticator of the {here} environment"
            );
            return Err(invalid("other-environment", hint));
        }
        if let Some(at) = stored.revoked_at {
            return Err(invalid(
                "revoked",
                format!(
                    "this authenticator was revoked at {at:.0}; use a newer one of account {}",
                    account.id
                ),
            ));
        }
        if !stored.scopes.contain(scope) {
            let scopes = stored.scopes;
            return Err(invalid(
                "scope",
                format!(
                    "this authenticator is for {scopes} only; `boxoffice authenticator add {}` makes one for more",
                    account.id
                ),
            ));
        }
        Ok(Caller { authenticator: stored.id, account })
    }

    fn remembered(&self, id: AccountId, longest: Duration) -> Option<Arc<Account>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(&id)
            .filter(|entry| entry.read_at.elapsed() < longest)
            .map(|entry| Arc::clone(&entry.account))
    }
}

/// The database is away: -2030, 503.
pub(crate) fn unavailable(error: &StorageError) -> Refusal {
    tracing::error!(%error, "the database does not answer");
    let hint = "the database of this service does not answer; try again shortly";
    Refusal::new(Event::AdminError, hint).reason("storage-unavailable").status(503).retry_after(2)
}

fn missing() -> Refusal {
    let hint = "customerAuthenticator is missing: give <account id>,<32 hex digits>";
    Refusal::new(Event::AuthenticatorMissing, hint).parameter("customerAuthenticator")
}

fn malformed(error: CustomerAuthenticatorError) -> Refusal {
    invalid("malformed", error.to_string())
}

fn invalid(reason: &'static str, hint: impl Into<String>) -> Refusal {
    Refusal::new(Event::AuthenticatorInvalid, hint).parameter("customerAuthenticator").reason(reason)
}
