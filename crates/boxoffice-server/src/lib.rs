//! Boxoffice over HTTP: one file an operation, the configuration, and what is told to operators.
//!
//! What a token or a licence is, the core and the protocol crates know; what is remembered, the storage knows.
//! Here requests are read, refusals get their statuses and texts, and everything is bounded. Start with
//! [`config::Config`].

pub mod accounts;
mod admission;
mod answer;
pub mod app;
mod body;
mod call;
pub mod config;
mod context;
mod edge;
pub mod hms;
mod hook;
mod hosts;
mod http;
pub mod installation;
pub mod keystore;
pub mod lab;
mod operations;
mod operators;
pub mod records;
mod request_id;
pub mod revocations;
mod route;
pub mod serve;
pub mod telemetry;
pub mod upkeep;
pub mod upstream;
pub mod webhook;
mod work_pool;
