//! The key storage without its store: key objects, names, times, seals and seeds, and what each call does
//! (key-storage.md).
//!
//! No database and no HTTP: a caller fetches rows, asks [`reveal`], [`NewMaterial::plan`] or
//! [`MaterialChange::plan`] what becomes of them, and writes the answer with [`KeyView`]. Start with
//! [`NewKey::parse`] and [`KeyChange::parse`].

mod cursor;
mod envelope;
mod expiration;
mod kek_id;
mod kid;
mod material;
mod object;
mod plan;
mod refusal;
mod seed;
mod view;

pub use cursor::{Cursor, CursorError, ListFilter};
pub use envelope::{AccountKey, SeedPlace, StorageKey};
pub use expiration::parse as parse_time;
pub use kek_id::{KekId, KekIdError, SEED_PREFIX, SERVICE};
pub use kid::{parse_kid, parse_kid_list, parse_one_kid};
pub use material::{KeyMaterial, MaterialKind};
pub use object::{Change, GivenMaterial, KeyChange, NewKey};
pub use plan::{MaterialChange, NewMaterial, Revealed, check_kek, reveal};
pub use refusal::{KeyProblem, KeyRefusal};
pub use seed::{DerivedName, KeySeed, Tag};
pub use view::KeyView;
