//! Servers that stand in for those of others, for the tests of Boxoffice and of its operators.
//!
//! - [`key_server`]: a FairPlay key server module that answers lab SPCs (fairplay.md, section 6).
//! - [`policy_hook`]: an operator's policy, which grants, tightens or refuses as it is told (widevine.md, section 7.4).
//! - [`widevine_cloud`]: a Widevine licence service whose licences lab devices accept (widevine.md, section
//!   9.4).
//!
//! What it is not: part of the released program. Nothing here opens an SPC of Apple's or serves a certified
//! Widevine device, and nothing is meant to face a network that others are on.
//!
//! Start with [`MockServer::start`], which binds to a free port of the loopback address, and break what it
//! does with [`MockServer::faults`]. The program `boxoffice-testkit` runs the same servers by themselves.

pub mod key_server;
pub mod policy_hook;
#[cfg(feature = "program")]
pub mod program;
mod server;
pub mod widevine_cloud;

pub use server::{
    Fault, FaultPlan, FaultTextError, MockServer, Place, PlaceError, Received, Reply, Role, RoleFault,
    TransportFault,
};
