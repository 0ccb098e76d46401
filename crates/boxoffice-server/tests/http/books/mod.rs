//! The books: records, balances, one-time tokens (token-api.md, sections 9 and 10), and Clear Key, by which most of
//! it is tried (clearkey.md, sections 2 and 3).

mod away;
mod balances;
mod clearkey;
mod faults;
mod getrecord;
mod one_time;
mod records;
pub mod world;
