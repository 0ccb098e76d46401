//! The other baseline of creates: a handler that writes one row a transaction, on stable storage, and returns a
//! constant.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::any;
use drm_primitives::{Random, SystemRandom};
use rusqlite::{Connection, params};

use super::super::process::Process;
use crate::chore::{Failure, say};

/// What the baseline writes to and returns.
#[derive(clap::Args)]
pub struct Arguments {
    /// The database.
    #[arg(long)]
    file: PathBuf,
    /// The length of its body in bytes.
    #[arg(long)]
    length: usize,
}

/// About as long as a sealed key.
const SEALED: usize = 64;

/// Serves at a free port, which it prints, for ever.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let body: &'static str = "x".repeat(arguments.length).leak();
    let connection = Connection::open(&arguments.file)?;
    // As durable as the service's own.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE rows (kid BLOB PRIMARY KEY, sealed BLOB NOT NULL)")?;
    let connection = Arc::new(Mutex::new(connection));
    let answer = move || {
        let connection = Arc::clone(&connection);
        async move {
            let written = tokio::task::spawn_blocking(move || insert(&connection)).await;
            let status = if matches!(written, Ok(Ok(()))) {
                StatusCode::CREATED
            } else {
                StatusCode::INTERNAL_SERVER_ERROR
            };
            (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body)
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        say(&format!("baseline: listening on http://{}", listener.local_addr()?));
        axum::serve(listener, Router::new().fallback(any(answer))).await?;
        Ok(())
    })
}

fn insert(connection: &Mutex<Connection>) -> rusqlite::Result<()> {
    let random: &dyn Random = &SystemRandom;
    let (kid, sealed) = (random.array::<16>(), random.array::<SEALED>());
    let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
    connection.prepare_cached("INSERT INTO rows VALUES (?1, ?2)")?.execute(params![kid, sealed])?;
    Ok(())
}

/// The baseline in a process of its own.
pub fn start(directory: &Path, length: usize) -> Result<(Process, SocketAddr), Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("one-row-baseline").arg("--file").arg(directory.join("one-row.db"));
    command.args(["--length", &length.to_string()]);
    let mut process = Process::start(command.stderr(Stdio::inherit()))?;
    let line = process.line_that_starts_with("baseline: listening on http://")?;
    Ok((process, line.parse()?))
}
