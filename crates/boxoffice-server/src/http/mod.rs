//! The token API's operations over HTTP: each reads a request, calls the operation, and writes its answer.

pub(crate) mod certificate;
pub(crate) mod rights;
pub(crate) mod token;
