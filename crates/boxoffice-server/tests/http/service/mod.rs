//! What is the same for every operation: hosts, methods, limits, headers, browsers, health.

mod browsers;
mod connections;
mod headers;
mod health;
mod hosts;
mod limits;
mod methods;
mod overload;
mod protocols;
mod secrets;
