//! The services of others, which are mocks that fail on command.

mod calls;
mod certificate;
mod configuration;
mod faults;
mod licences;
mod lists;
mod load;
mod sessions;
mod timeline;
mod tls;
pub mod world;
