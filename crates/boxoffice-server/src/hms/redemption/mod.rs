//! What every redemption goes through, whatever its DRM: the token, the account, the address, and the books.

mod admission;
pub mod books;
mod facts;
mod token;

use std::net::IpAddr;

use boxoffice_core::{Environment, Parameters};

pub use admission::Admitted;
pub use facts::{Facts, description};
pub(crate) use facts::{MOST, shown};

/// A redemption as it came: everything but the challenge.
pub struct Redemption<'a> {
    /// The environment that its host belongs to.
    pub environment: Environment,
    /// The query.
    pub parameters: &'a Parameters,
    /// The headers `ExpressPlayToken`.
    pub token_headers: Vec<&'a [u8]>,
    /// The headers `Authorization`.
    pub authorizations: Vec<&'a [u8]>,
    /// Whence it came.
    pub address: IpAddr,
}

/// A licence that leaves.
#[derive(Debug)]
pub struct Licence {
    /// The body.
    pub body: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
    /// The value of `x-boxoffice-not-granted`: KIDs that were asked for and not granted, and keys that this device
    /// may not have; `None` where there are none.
    pub not_granted: Option<String>,
}
