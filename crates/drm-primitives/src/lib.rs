//! What every DRM shares: the names of keys, the keys, and the ways in which both are written.
//!
//! No DRM is known here, no clock, no network and no storage. Randomness is an argument
//! ([`Random`]). Start with [`Kid`], [`ContentKey`], [`Kek`] and [`WrappedKey`].

pub mod base64;
mod content_key;
pub mod hex;
mod kek;
mod kid;
mod random;

pub use content_key::{ContentKey, ContentKeyError};
pub use kek::{Kek, KekError, UnwrapError, WrappedKey, WrappedKeyError};
pub use kid::{Kid, KidError};
pub use random::{Random, SequenceRandom, SystemRandom};
