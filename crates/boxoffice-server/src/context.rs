//! What is known of a request before anybody has looked into it.

use std::net::IpAddr;

use boxoffice_core::Environment;
use http::HeaderValue;

use crate::request_id::RequestId;

/// Goes with every request.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its id.
    pub request_id: RequestId,
    /// The environment that its host names; test for what answers on any host.
    pub environment: Environment,
    /// The client's address, behind trusted proxies.
    pub address: IpAddr,
    /// The languages that the client likes.
    pub accept_language: Option<HeaderValue>,
}
