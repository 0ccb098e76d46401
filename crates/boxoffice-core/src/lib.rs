//! The domain of Boxoffice: accounts, token requests, entitlements, sealed tokens, event codes.
//!
//! No HTTP, no database, no clock and no source of randomness: requests come as `Parameters`, time as a
//! [`Clock`], randomness as [`drm_primitives::Random`]. Start with `Parameters`, `token_request` and
//! `Entitlement`.

pub mod account;
pub mod authenticator;
mod clock;
mod drm;
pub mod entitlement;
mod environment;
mod event;
pub mod key_ring;
pub mod key_storage;
mod parameters;
mod refusal;
pub mod seal;
pub mod token_request;

pub use account::{Account, AccountId};
pub use clock::{Clock, FixedClock, SystemClock};
pub use drm::Drm;
pub use environment::{Environment, EnvironmentError, PerEnvironment};
pub use event::{Event, EventInfo};
pub use parameters::{Conflict, Parameters, TooManyParameters};
pub use refusal::{Code, Refusal};
