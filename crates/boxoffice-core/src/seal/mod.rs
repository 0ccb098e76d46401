//! Sealing: authenticated encryption of everything that leaves the process or rests in the database.

mod codec;
mod entitlement_codec;
mod envelope;
mod master_key;
mod token;

pub use codec::CodecError;
pub use envelope::{Envelope, OpenError};
pub use master_key::MasterKey;
pub use token::{SealingKey, SealingRing, TokenError};
