//! `boxoffice account set`.

use boxoffice_core::AccountId;
use boxoffice_core::account::{AccountChange, BalanceChange, MinimumHdcpType, MinimumLevel};

use super::{account_id, show};
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place, Presence};

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub struct Set {
    /// The account's number
    #[arg(value_name = "ID", value_parser = account_id)]
    account: AccountId,
    /// Licences that it may still take: to N, or N more or less, or as many as it likes
    #[arg(long, group = "change", value_name = "N|+N|-N|unlimited", allow_hyphen_values = true)]
    balance: Option<BalanceChange>,
    /// Widevine tokens and licences
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    widevine: Option<bool>,
    /// PlayReady tokens and licences
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    playready: Option<bool>,
    /// FairPlay tokens and licences
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    fairplay: Option<bool>,
    /// Clear Key tokens and licences
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    clearkey: Option<bool>,
    /// securityLevel and hdcpOutputControl have defaults, and later HDCP values are allowed
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    lenient: Option<bool>,
    /// Tokens are redeemable once, unless their request says otherwise
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    one_time: Option<bool>,
    /// The key storage may hold keys that the service can open itself
    #[arg(long, group = "change", value_name = "on|off", value_parser = switch)]
    service_keys: Option<bool>,
    /// Streams that a viewer may have at once, where a token request does not say
    #[arg(long, group = "change", value_name = "N|unlimited", value_parser = max_streams)]
    max_streams: Option<MaxStreams>,
    /// The least Widevine level that any licence goes to
    #[arg(long, group = "change", value_name = "L1|L2|L3|none", value_parser = min_level)]
    min_level: Option<MinLevel>,
    /// The least HDCP type of any FairPlay licence; raises what track and environment want, never lowers it
    #[arg(long, group = "change", value_name = "0|1|none", value_parser = min_hdcp_type)]
    min_hdcp_type: Option<MinHdcpType>,
    /// Prints the account as `account show --json` does
    #[arg(long)]
    json: bool,
}

/// A limit, or none.
#[derive(Clone, Copy)]
struct MaxStreams(Option<u8>);

/// A level, or none.
#[derive(Clone, Copy)]
struct MinLevel(Option<MinimumLevel>);

/// An HDCP type, or none.
#[derive(Clone, Copy)]
struct MinHdcpType(Option<MinimumHdcpType>);

impl Set {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let change = AccountChange {
            enabled: None,
            balance: self.balance,
            widevine: self.widevine,
            playready: self.playready,
            fairplay: self.fairplay,
            clearkey: self.clearkey,
            lenient: self.lenient,
            one_time: self.one_time,
            service_keys: self.service_keys,
            max_streams: self.max_streams.map(|MaxStreams(max)| max),
            min_level: self.min_level.map(|MinLevel(level)| level),
            min_hdcp_type: self.min_hdcp_type.map(|MinHdcpType(least)| least),
        };
        let installation = place.open(Presence::MustExist).await?;
        let account = installation.storage().change_account(self.account, change).await?;
        let account = account.ok_or_else(|| place::no_account(self.account))?;
        if self.json { write_json(console, &show::as_json(&account)) } else { show::write(console, &account) }
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        got => Err(format!("got {got:?}, expected on or off")),
    }
}

fn max_streams(text: &str) -> Result<MaxStreams, String> {
    if text == "unlimited" {
        return Ok(MaxStreams(None));
    }
    let max = text.parse().ok().filter(|&max| max > 0);
    max.map(|max| MaxStreams(Some(max)))
        .ok_or_else(|| format!("got {text:?}, expected 1 to 255 or unlimited"))
}

fn min_level(text: &str) -> Result<MinLevel, String> {
    match text {
        "none" => Ok(MinLevel(None)),
        level => level
            .parse()
            .map(|level| MinLevel(Some(level)))
            .map_err(|_| format!("got {level:?}, expected L1, L2, L3 or none")),
    }
}

fn min_hdcp_type(text: &str) -> Result<MinHdcpType, String> {
    match text {
        "none" => Ok(MinHdcpType(None)),
        least => least
            .parse()
            .map(|least| MinHdcpType(Some(least)))
            .map_err(|_| format!("got {least:?}, expected 0, 1 or none")),
    }
}
