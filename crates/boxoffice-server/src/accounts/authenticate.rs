//! Who asks: `customerAuthenticator` becomes an account, or one of the refusals of token-api.md, section 3.

use std::sync::Arc;

use boxoffice_core::authenticator::{AuthenticatorHashKey, CustomerAuthenticator, Scope};
use boxoffice_core::{Account, AccountId, Environment, Event, Parameters, Refusal};
use boxoffice_storage::StorageError;

use super::Accounts;

/// Who is asking: an account, and which of its authenticators.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account, enabled and of the right environment.
    pub account: Arc<Account>,
    /// The number of the authenticator.
    pub authenticator: u64,
}

impl Accounts {
    /// The account whose authenticator came with the parameters, enabled and of this environment.
    ///
    /// # Errors
    /// -2017 without an authenticator; -2018 where it is malformed, unknown, revoked, of the other environment or
    /// beyond its scope; -2031 for a disabled account; -2030 where the database does not answer.
    pub async fn authenticate(
        &self,
        parameters: &Parameters,
        keys: &AuthenticatorHashKey,
        environment: Environment,
        scope: Option<Scope>,
    ) -> Result<Caller, Refusal> {
        let given = match parameters.one_or_empty("customerAuthenticator") {
            Ok(None | Some(b"")) => {
                let hint = "give customerAuthenticator, as <account id>,<32 hex digits>";
                return Err(
                    Refusal::new(Event::AuthenticatorMissing, hint).parameter("customerAuthenticator")
                );
            }
            Ok(Some(given)) => given,
            Err(conflict) => {
                return Err(invalid("malformed", format!("customerAuthenticator is {conflict}")));
            }
        };
        self.authenticate_value(given, keys, environment, scope).await
    }

    /// The same for an authenticator that stood elsewhere than in the parameters.
    ///
    /// # Errors
    /// As [`Accounts::authenticate`].
    pub async fn authenticate_value(
        &self,
        given: &[u8],
        keys: &AuthenticatorHashKey,
        environment: Environment,
        scope: Option<Scope>,
    ) -> Result<Caller, Refusal> {
        let given =
            CustomerAuthenticator::parse(given).map_err(|error| invalid("malformed", error.to_string()))?;
        let found = self.find(given.account).await;
        let found = found.map_err(|error| storage_failed(&error).parameter("customerAuthenticator"))?;
        let unknown = || {
            invalid(
                "unknown",
                "no account has this authenticator; `boxoffice authenticator list` shows which there are",
            )
        };
        let (entry, account) = found.ok_or_else(unknown)?;
        let hash = entry.hash(keys, &given);
        // Every one is compared, so that the time does not tell which it was.
        let matching = account
            .authenticators
            .iter()
            .fold(None, |found, stored| if stored.matches(&hash) { Some(stored) } else { found });
        let authenticator = matching.ok_or_else(unknown)?;
        entry.remember(given.secret, hash);
        if let Some(at) = authenticator.revoked_at {
            return Err(invalid("revoked", format!("this authenticator was revoked at {at}")));
        }
        if account.environment != environment {
            let hint = format!(
                "this is an authenticator of the {} environment, and the host is one of the {environment} environment",
                account.environment
            );
            return Err(invalid("environment", hint));
        }
        if let Some(scope) = scope
            && !authenticator.scopes.contain(scope)
        {
            let wanted = match scope {
                Scope::Keys => "keys",
                Scope::Packagers => "packagers",
                Scope::Tokens => "tokens",
            };
            let hint = format!("this authenticator is for {}, and not for {wanted}", authenticator.scopes);
            return Err(invalid("scope", hint));
        }
        if !account.enabled {
            let hint =
                format!("account {0} is disabled; `boxoffice account enable {0}` enables it", account.id);
            return Err(Refusal::new(Event::AccountDisabled, hint).parameter("customerAuthenticator"));
        }
        Ok(Caller { authenticator: authenticator.id, account })
    }
}

fn invalid(reason: &'static str, hint: impl Into<String>) -> Refusal {
    Refusal::new(Event::AuthenticatorInvalid, hint).reason(reason).parameter("customerAuthenticator")
}

/// -2030: 503 where the database is away, 500 where it answers nonsense. What exactly happened is for the log.
pub(crate) fn storage_failed(error: &StorageError) -> Refusal {
    match error {
        StorageError::Unavailable(_) => {
            tracing::warn!(%error, "the database is out of reach");
            Refusal::new(Event::AdminError, "the database is out of reach; try again soon")
                .reason("storage-unavailable")
                .retry_after(2)
        }
        StorageError::Broken(_) | StorageError::UnknownVersion { .. } => {
            tracing::error!(%error, "the database answered what it should not");
            Refusal::new(Event::AdminError, "the service has failed; its log says why")
                .reason("internal")
                .status(500)
        }
    }
}

/// -2019: the account has no licence left.
pub(crate) fn no_balance(account: AccountId) -> Refusal {
    let hint = format!(
        "the balance of account {account} is zero; `boxoffice account set {account} --balance +N` tops it up"
    );
    Refusal::new(Event::InsufficientTokens, hint)
}
