//! What every token request has: token-api.md, sections 1 to 4, 8 and 11.

mod authenticator;
mod codes;
mod common;
mod order;

/// A content key.
pub const KEY: &str = "6b2f1c3d4e5f60718293a4b5c6d7e8f9";

/// What a Widevine token request needs, besides an authenticator.
pub const GOOD: &str =
    "kid=^kid1&contentKey=6b2f1c3d4e5f60718293a4b5c6d7e8f9&securityLevel=1&hdcpOutputControl=0";
