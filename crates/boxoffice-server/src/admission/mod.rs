//! Who is let in: so that no kind of request starves another, and no account the others (design.md, section 3).
//!
//! Each kind has places of its own and may have a rate; an account may have a rate over all kinds. Both are this node's:
//! with several nodes, give each its share.

mod rate;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use boxoffice_core::{AccountId, Clock, Refusal};

use crate::config::LimitsConfig;
use crate::route::Route;
use rate::{ByAccount, Rate};

/// A kind of request, which gets places of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Calls of the key storage.
    Keys,
    /// Redemptions, and the webhook's.
    Licences,
    /// Renewals and releases, which show in the body alone: they have a rate of their own, and their places are those of
    /// redemptions.
    Renewals,
    /// Token requests, and whatever else a customer's back end asks for.
    Tokens,
}

impl Kind {
    /// The kind of a route, as far as it shows there; what is cheap and public has none.
    pub const fn of(route: Route) -> Option<Self> {
        match route {
            Route::Rights(_) | Route::PlayReadyWebhook | Route::WidevineCertificate => Some(Self::Licences),
            Route::Token(_) | Route::Records => Some(Self::Tokens),
            Route::KeyStorage => Some(Self::Keys),
            Route::FairPlayCertificate | Route::Health | Route::Ready | Route::Metrics | Route::Unknown => {
                None
            }
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Keys => "calls of the key storage",
            Self::Licences => "redemptions",
            Self::Renewals => "renewals",
            Self::Tokens => "token requests",
        }
    }
}

/// Lets requests in, or tells them to come back.
#[derive(Debug)]
pub(crate) struct Admission {
    places: usize,
    keys: OfKind,
    licences: OfKind,
    renewals: Option<Rate>,
    tokens: OfKind,
    accounts: Option<ByAccount>,
}

#[derive(Debug)]
struct OfKind {
    in_work: AtomicUsize,
    rate: Option<Rate>,
}

/// A place among those in work, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Admission {
    /// With so many places for each kind, and the rates of the settings.
    pub fn new(places: usize, limits: LimitsConfig, clock: &Arc<dyn Clock>) -> Self {
        let rate =
            |rate: Option<u32>| rate.and_then(NonZeroU32::new).map(|per_second| Rate::new(per_second, clock));
        let of_kind = |limit| OfKind { in_work: AtomicUsize::new(0), rate: rate(limit) };
        let per_account = limits.per_account.and_then(NonZeroU32::new);
        Self {
            places,
            keys: of_kind(limits.keys),
            licences: of_kind(limits.licences),
            renewals: rate(limits.renewals),
            tokens: of_kind(limits.tokens),
            accounts: per_account.map(|rate| ByAccount::new(rate, clock)),
        }
    }

    /// A place for a request of a kind.
    ///
    /// # Errors
    /// 503 with `Retry-After`.
    pub fn enter(&self, kind: Kind) -> Result<Place<'_>, Refusal> {
        let of_kind = self.of(kind);
        let before = of_kind.in_work.fetch_add(1, Ordering::Relaxed);
        let place = Place(&of_kind.in_work);
        if before < self.places {
            return Ok(place);
        }
        let hint = format!("the service has as many {} in work as it bears; try again", kind.plural());
        Err(Refusal::of_status(503, hint).retry_after(1))
    }

    /// Whether the rate of a kind allows for one more.
    ///
    /// # Errors
    /// 503 with `Retry-After`.
    pub fn check_rate(&self, kind: Kind) -> Result<(), Refusal> {
        let Some(rate) = self.rate(kind) else { return Ok(()) };
        rate.check().map_err(|seconds| {
            let hint = format!("more {} than {} a second; try again", kind.plural(), rate.per_second());
            Refusal::of_status(503, hint).retry_after(seconds)
        })
    }

    /// Whether the rate of an account allows for one more.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn check_account(&self, account: AccountId) -> Result<(), Refusal> {
        let Some(accounts) = &self.accounts else { return Ok(()) };
        accounts.check(account).map_err(|seconds| {
            let hint = format!(
                "account {account} asks more often than {} times a second; try again",
                accounts.per_second()
            );
            Refusal::of_status(429, hint).retry_after(seconds)
        })
    }

    const fn of(&self, kind: Kind) -> &OfKind {
        match kind {
            Kind::Keys => &self.keys,
            Kind::Licences | Kind::Renewals => &self.licences,
            Kind::Tokens => &self.tokens,
        }
    }

    const fn rate(&self, kind: Kind) -> Option<&Rate> {
        match kind {
            Kind::Renewals => self.renewals.as_ref(),
            Kind::Keys | Kind::Licences | Kind::Tokens => self.of(kind).rate.as_ref(),
        }
    }
}
