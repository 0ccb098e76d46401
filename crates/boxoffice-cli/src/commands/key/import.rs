//! `boxoffice key import`.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use boxoffice_core::AccountId;
use boxoffice_server::keystore::{Call, ImportOutcome, KeyStorage};
use drm_primitives::Kek;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::lines::{self, Batch};
use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::{self, Place};

/// Stores the keys of a file; keys that are there already stay as they are
///
/// The file has lines of CSV (kid,k[,contentId]) or of JSON (key objects, as the key storage answers them). Each
/// key is created as POST does: with --kek wrapped under it, else held by the service. The import can be repeated,
/// and goes on at a line with --from-line. Lines that are refused, and those whose KID has another key, are named
/// on standard error; then the command ends with 1.
#[derive(clap::Args)]
pub struct Import {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The KEK that the keys go under, or that opens those which the file has wrapped
    #[arg(long, value_name = "HEX", value_parser = key_storage::kek)]
    kek: Option<Kek>,
    /// Where to go on: the number that an import which stopped has printed
    #[arg(long, value_name = "LINE", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from_line: u64,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// What is known of the lines so far.
#[derive(Debug, Default)]
struct Tally {
    created: u64,
    already_there: u64,
    other_key: u64,
    refused: u64,
    /// The line behind the last one that is done.
    next_line: u64,
}

impl Import {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        let account = place::account(&installation, self.account).await?;
        let unreadable = |error: io::Error| unreadable(&self.file, &error);
        let file = File::open(&self.file).map_err(unreadable)?;
        let bar = progress(file.metadata().map_err(unreadable)?.len());
        let call = key_storage::call(&account);
        let mut tally = Tally { next_line: self.from_line, ..Tally::default() };
        let done = tokio::select! {
            _ = tokio::signal::ctrl_c() => Err(Failure::refused("the import was interrupted")),
            done = self.import(&keys, &call, file, &mut tally, &bar) => done,
        };
        bar.finish_and_clear();
        if let Err(failure) = done {
            let next = tally.next_line;
            return Err(Failure::refused(format!("{failure}; go on with --from-line {next}")));
        }
        self.report(&tally, console)
    }

    async fn import(
        &self,
        keys: &KeyStorage,
        call: &Call,
        file: File,
        tally: &mut Tally,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let mut batches = lines::read(file, self.from_line);
        while let Some(batch) = batches.recv().await {
            let Batch { rows, refused, next_line, read } =
                batch.map_err(|error| unreadable(&self.file, &error))?;
            let (lines, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let outcomes = keys.import(call, self.kek.as_ref(), rows).await?;
            tally.refused += refused.len() as u64;
            for (line, problem) in refused {
                name_line(bar, line, &problem);
            }
            for (line, outcome) in lines.into_iter().zip(outcomes) {
                tally.count(line, outcome, bar);
            }
            tally.next_line = next_line;
            bar.set_position(read);
            bar.set_message(format!("{} keys", tally.created + tally.already_there));
        }
        Ok(())
    }

    fn report(&self, tally: &Tally, console: Console<'_>) -> Result<(), Failure> {
        let Tally { created, already_there, other_key, refused, .. } = *tally;
        if self.json {
            let report = json!({
                "created": created,
                "already_there": already_there,
                "other_key": other_key,
                "refused": refused,
            });
            write_json(console, &report)?;
        } else {
            writeln!(
                console,
                "{created} created, {already_there} already there, {other_key} already there with another key, \
                 {refused} lines refused"
            )?;
        }
        if other_key + refused == 0 {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{} lines of {} are not stored",
            other_key + refused,
            self.file.display()
        )))
    }
}

impl Tally {
    /// Counts what became of a line, and names it where it is not stored.
    fn count(&mut self, line: u64, outcome: ImportOutcome, bar: &ProgressBar) {
        match outcome {
            ImportOutcome::Created => self.created += 1,
            ImportOutcome::AlreadyThere => self.already_there += 1,
            ImportOutcome::OtherKey => {
                self.other_key += 1;
                name_line(bar, line, "its KID has another key already");
            }
            ImportOutcome::Refused(refusal) => {
                self.refused += 1;
                name_line(bar, line, &refusal.hint);
            }
        }
    }
}

/// Says what is wrong with a line, above the bar.
fn name_line(bar: &ProgressBar, line: u64, problem: &str) {
    bar.suspend(|| {
        // Where standard error is gone the counts still tell.
        let _ = writeln!(io::stderr(), "line {line}: {problem}");
    });
}

/// A bar on standard error, where that is a terminal.
fn progress(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
    }
    let template = "{bar:32} {percent:>3} %  {msg}  {elapsed} of {duration}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style)
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::refused(format!("cannot read {}: {error}", file.display()))
}
