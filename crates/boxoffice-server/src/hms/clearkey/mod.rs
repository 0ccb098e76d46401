//! Clear Key redemption (clearkey.md).

pub mod rights;
