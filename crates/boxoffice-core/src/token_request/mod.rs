//! Token requests: from parameters to an [`Entitlement`], with the first thing that is wrong as the refusal.
//!
//! The order of the checks is the interface's (token-api.md, section 2), so the code stands in that order. A
//! request goes through [`check_account`], [`KeyRequest::parse_all`], the caller's key storage, [`Keys::collect`],
//! and then the `terms` of its DRM and [`Common::parse`], which [`Entitlement`] joins.

mod account;
pub mod clearkey;
mod common;
mod device;
mod expiration;
mod extension;
pub mod fairplay;
mod keys;
pub mod playready;
mod value;
pub mod widevine;

pub use account::check_account;
pub use common::Common;
pub use keys::{KeyRequest, KeySource, Keys, RequestedKey};

use drm_primitives::Random;
use jiff::Timestamp;

use crate::entitlement::{Entitlement, Terms, TokenId};
use crate::{AccountId, Environment};

impl Entitlement {
    /// Joins what a token request asked for.
    #[must_use]
    pub fn grant(
        (environment, account): (Environment, AccountId),
        issued_at: Timestamp,
        common: Common,
        terms: Terms,
        random: &dyn Random,
    ) -> Self {
        Self {
            environment,
            account,
            token_id: TokenId::draw(random),
            issued_at,
            expires_at: common.expires_at,
            one_time: common.one_time,
            cookie: common.cookie,
            address: common.address,
            terms,
        }
    }
}
