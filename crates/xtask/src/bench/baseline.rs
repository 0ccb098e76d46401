//! The baseline of everything over HTTP: a plain axum handler that returns a constant.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use axum::Router;
use axum::http::header;
use axum::routing::any;

use super::process::Process;
use crate::chore::{Failure, say};

/// What the baseline returns.
#[derive(clap::Args)]
pub struct Arguments {
    /// The length of its body in bytes.
    #[arg(long)]
    length: usize,
    /// The type of its body.
    #[arg(long)]
    content_type: String,
}

/// Serves the constant at a free port, which it prints, for ever.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let body: &'static str = "x".repeat(arguments.length).leak();
    let kind: &'static str = arguments.content_type.clone().leak();
    let answer =
        move || async move { ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        say(&format!("baseline: listening on http://{}", listener.local_addr()?));
        axum::serve(listener, Router::new().fallback(any(answer))).await?;
        Ok(())
    })
}

/// The baseline in a process of its own, so that it has a runtime of its own, as the service has.
pub fn start(length: usize, content_type: &str) -> Result<(Process, SocketAddr), Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["baseline", "--length", &length.to_string(), "--content-type", content_type]);
    let mut process = Process::start(command.stderr(Stdio::inherit()))?;
    let line = process.line_that_starts_with("baseline: listening on http://")?;
    Ok((process, line.parse()?))
}
