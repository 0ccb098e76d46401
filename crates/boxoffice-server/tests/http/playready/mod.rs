//! PlayReady: token requests (token-api.md, section 6), and redemptions by the strict client of the lab
//! (playready.md, sections 2 to 8 and 14).

mod bindings;
mod carriers;
mod codes;
mod grants;
mod hostile;
mod refusals;
mod revocation;
mod token;
mod withheld;
pub mod world;
