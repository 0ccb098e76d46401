//! `boxoffice migrate`.

use std::fs::{File, TryLockError};
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use boxoffice_server::config::DatabaseConfig;
use boxoffice_storage::MigrationProgress;
use drm_primitives::SystemRandom;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::console::{Console, write_json};
use crate::failure::Failure;

/// Moves everything from the embedded database into PostgreSQL
///
/// The source is only read. The target has to be empty, and gets everything in one transaction, whose counts are
/// compared before it counts: whatever fails leaves both as they were. End the service first; afterwards give it
/// the target as [database] url, and the master key that it had.
#[derive(clap::Args)]
pub struct Migrate {
    /// The database that has everything, an embedded one
    #[arg(long, value_name = "sqlite://PATH", value_parser = database)]
    from: DatabaseConfig,
    /// The database that everything goes to, which is empty
    #[arg(long, value_name = "postgres://…", value_parser = database)]
    to: DatabaseConfig,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

fn database(url: &str) -> Result<DatabaseConfig, String> {
    DatabaseConfig::parse(url, 1).ok_or_else(|| "expected sqlite://PATH or postgres://…".to_owned())
}

impl Migrate {
    pub async fn run(self, console: Console<'_>) -> Result<(), Failure> {
        let (DatabaseConfig::Sqlite(from), DatabaseConfig::Postgres { url: to, .. }) = (&self.from, &self.to)
        else {
            return Err(Failure::refused(format!(
                "migrate goes from sqlite://… to postgres://…; got {:?} and {:?}",
                self.from, self.to
            )));
        };
        if !from.exists() {
            return Err(Failure::refused(format!("there is no database at {}", from.display())));
        }
        let _lock = keep_servers_away(from)?;
        let bar = bar();
        let progress = |at: MigrationProgress| {
            bar.set_length(at.rows);
            bar.set_position(at.moved);
            bar.set_message(at.table);
        };
        let moved = boxoffice_storage::migrate(from, to, Arc::new(SystemRandom), progress).await;
        bar.finish_and_clear();
        let moved = moved.map_err(|error| Failure::refused(error.to_string()))?;
        if self.json {
            let counts: serde_json::Map<String, Value> =
                moved.iter().map(|table| (table.table.to_owned(), json!(table.rows))).collect();
            return write_json(console, &Value::Object(counts));
        }
        for table in &moved {
            writeln!(console, "{:<20} {:>12}", table.table, table.rows)?;
        }
        let rows: u64 = moved.iter().map(|table| table.rows).sum();
        writeln!(console, "{rows} rows moved; both databases have the same counts")?;
        Ok(())
    }
}

/// What a server wrote after the last row was read would stay behind. Its lock lies beside its database.
fn keep_servers_away(database: &Path) -> Result<Option<File>, Failure> {
    let path = database.with_file_name("serve.lock");
    let Ok(file) = File::open(&path) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Failure::refused(format!(
            "a boxoffice serve runs on {}; end it first, for what it writes meanwhile would stay behind",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => {
            Err(Failure::refused(format!("cannot lock {}: {error}", path.display())))
        }
    }
}

/// A bar on standard error, where that is a terminal.
fn bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let template = "{bar:32} {percent:>3} %  {pos} of {len}  {msg}  {elapsed}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}
