//! `boxoffice account show`, and how an account looks in words and in JSON.

use boxoffice_core::account::{Balance, MinimumHdcpType, MinimumLevel};
use boxoffice_core::{Account, AccountId, Drm};
use serde_json::{Map, Value, json};

use super::account_id;
use crate::commands::authenticator;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place, Presence};
use crate::times;

#[derive(clap::Args)]
pub struct Show {
    /// The account's number
    #[arg(value_name = "ID", value_parser = account_id)]
    account: AccountId,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let account = place::account(&installation, self.account).await?;
        if self.json { write_json(console, &as_json(&account)) } else { write(console, &account) }
    }
}

/// An account in JSON: operations.md, section 1, and its options.
pub fn as_json(account: &Account) -> Value {
    let options = &account.options;
    let drm = |drm: Drm| (json_name(drm).to_owned(), Value::Bool(options.allows(drm)));
    let balance = match account.balance {
        Balance::Licences(licences) => Value::from(licences),
        Balance::Unlimited => Value::Null,
    };
    json!({
        "account_id": account.id.0,
        "name": account.name,
        "environment": account.environment.as_str(),
        "enabled": account.enabled,
        "balance": balance,
        "drm": Value::Object(Drm::ALL.into_iter().map(drm).collect::<Map<_, _>>()),
        "lenient": options.lenient,
        "one_time": options.one_time,
        "service_keys": options.service_keys,
        "max_streams": options.max_streams,
        "min_level": options.min_level.map(MinimumLevel::as_str),
        "min_hdcp_type": options.min_hdcp_type.map(MinimumHdcpType::number),
        "created_at": times::text(account.created_at),
        "authenticators": account.authenticators.iter().map(authenticator::as_json).collect::<Vec<_>>(),
    })
}

const fn json_name(drm: Drm) -> &'static str {
    match drm {
        Drm::ClearKey => "clearkey",
        Drm::FairPlay => "fairplay",
        Drm::PlayReady => "playready",
        Drm::Widevine => "widevine",
    }
}

/// A balance in a word.
pub fn balance(account: &Account) -> String {
    match account.balance {
        Balance::Licences(licences) => licences.to_string(),
        Balance::Unlimited => "unlimited".to_owned(),
    }
}

/// An account in words.
pub fn write(console: Console<'_>, account: &Account) -> Result<(), Failure> {
    let on = |on: bool| if on { "on" } else { "off" };
    let options = &account.options;
    writeln!(console, "account       {}", account.id)?;
    writeln!(console, "name          {}", account.name)?;
    writeln!(console, "environment   {}", account.environment)?;
    writeln!(console, "state         {}", if account.enabled { "enabled" } else { "disabled" })?;
    writeln!(console, "balance       {}", balance(account))?;
    for drm in Drm::ALL {
        writeln!(console, "{:<13} {}", json_name(drm), on(options.allows(drm)))?;
    }
    writeln!(console, "lenient       {}", on(options.lenient))?;
    writeln!(console, "one-time      {}", on(options.one_time))?;
    writeln!(console, "service-keys  {}", on(options.service_keys))?;
    let max_streams = options.max_streams.map_or_else(|| "unlimited".to_owned(), |max| max.to_string());
    writeln!(console, "max-streams   {max_streams}")?;
    writeln!(console, "min-level     {}", options.min_level.map_or("none", MinimumLevel::as_str))?;
    let min_hdcp_type =
        options.min_hdcp_type.map_or_else(|| "none".to_owned(), |least| least.number().to_string());
    writeln!(console, "min-hdcp-type {min_hdcp_type}")?;
    writeln!(console, "created       {}", times::text(account.created_at))?;
    let valid = account.authenticators.iter().filter(|authenticator| authenticator.revoked_at.is_none());
    writeln!(console, "authenticators  {} valid, {} in all", valid.count(), account.authenticators.len())?;
    Ok(())
}
