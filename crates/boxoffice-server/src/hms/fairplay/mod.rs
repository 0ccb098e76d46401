//! FairPlay redemption: the token, the rules and the books are ours; the licence is made by the operator's own key
//! server (fairplay.md).

mod certificate;
mod key_server;
mod refusal;
pub mod rights;

pub(crate) use key_server::{KeyServer, KeyServers};
pub(crate) use refusal::bad_body;
