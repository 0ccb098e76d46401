//! `boxoffice records`.

mod follow;
mod form;

use boxoffice_core::AccountId;
use boxoffice_core::key_storage::parse_time;
use boxoffice_server::records::archive::Archive;
use boxoffice_server::records::search::Search;
use boxoffice_storage::RecordFilter;
use drm_primitives::Kid;
use jiff::Timestamp;

use super::account::account_id;
use crate::console::Console;
use crate::failure::Failure;
use crate::place::{self, Place, Presence};
use follow::follow;
use form::{Form, Writer};

/// Searches the records of redemptions, archived ones too, the oldest first
#[derive(clap::Args)]
pub struct Records {
    /// Redemptions of tokens of this account
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: Option<AccountId>,
    /// Of tokens with exactly this cookie
    #[arg(long, value_name = "COOKIE")]
    cookie: Option<String>,
    /// That name this KID: 32 hex digits, or ^ and a name
    #[arg(long, value_name = "KID", value_parser = kid)]
    kid: Option<Kid>,
    /// With this event code; 0: what was granted
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    code: Option<i32>,
    /// Not before this time (RFC 3339, or a date)
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Prints them as they come, until it is ended; with --from those that are there before
    #[arg(long)]
    follow: bool,
    /// Prints JSON lines
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV with a heading
    #[arg(long)]
    csv: bool,
}

impl Records {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let config = place.config(None)?;
        let installation = place::open(&config, Presence::MustExist).await?;
        let storage = installation.storage();
        let filter = RecordFilter {
            account: self.account,
            cookie: self.cookie,
            kid: self.kid,
            code: self.code,
            from: self.from,
            to: self.to,
        };
        let form = match (self.json, self.csv) {
            (true, _) => Form::Json,
            (false, true) => Form::Csv,
            (false, false) => Form::Lines,
        };
        let mut writer = Writer::new(form, console)?;
        // Before the search: nothing that comes meanwhile is missed, and nothing that both find is printed twice.
        let mut new = follow::New::begin(storage).await?;
        if !self.follow || filter.from.is_some() {
            let archive = Archive::new(config.records.archive_dir);
            let mut search = Search::begin(storage.clone(), archive, filter.clone()).await?;
            while let Some(stored) = search.next().await? {
                new.is_known(stored.id);
                writer.write(&stored)?;
            }
        }
        if self.follow { follow(storage, &filter, new, &mut writer).await } else { Ok(()) }
    }
}

fn kid(text: &str) -> Result<Kid, String> {
    Kid::parse(text.as_bytes()).map_err(|error| error.to_string())
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_time(text).map_err(ToOwned::to_owned)
}
