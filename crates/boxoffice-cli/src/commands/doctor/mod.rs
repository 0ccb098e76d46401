//! `boxoffice doctor`: checks a running server as a player would, and says what to do about each finding.

mod fairplay;
mod finding;
mod reach;
mod tokens;
mod widevine;

use std::path::PathBuf;

use boxoffice_core::authenticator::CustomerAuthenticator;
use boxoffice_core::{Account, Clock as _, SystemClock};
use boxoffice_server::installation::Rings;
use boxoffice_server::lab::Lab;
use reqwest::Url;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::{self, Place, Presence};
use crate::player::Player;
use crate::serve_address::ServeAddress;
use finding::{Finding, Verdict};

#[derive(clap::Args)]
pub struct Doctor {
    /// The base of the server's URLs [default: the server running on this data directory]
    #[arg(value_name = "URL")]
    server: Option<Url>,
    /// What to ask for tokens with [default: the demo account's]
    #[arg(long, value_name = "ID,HEX")]
    authenticator: Option<String>,
    /// The origin of the page that the player is on
    #[arg(long, value_name = "ORIGIN", default_value = "https://player.example.com")]
    origin: String,
    /// A FairPlay request (SPC), raw or in base64, that the key server is tried with in place of a lab SPC
    #[arg(long, value_name = "FILE")]
    fairplay_spc: Option<PathBuf>,
}

/// What this data directory knows about the server, if it is the server's.
struct Known {
    lab: Lab,
    rings: Rings,
    account: Option<Account>,
    authenticator: Option<String>,
}

impl Doctor {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let config = place.config(None)?;
        let running = ServeAddress::read(&config.data_dir);
        let server = self.server.clone().or(running.map(|running| running.test));
        let server =
            server.ok_or_else(|| Failure::refused("no server runs on this data directory: give its URL"))?;
        let player = Player::new(&server)?;
        let mut findings = reach::examine(&player, &server, &self.origin, SystemClock.now()).await;
        let reached = findings.iter().all(|finding| finding.verdict != Verdict::Unreachable);
        let known = self.known(&config).await;
        if reached {
            match known {
                Ok(known) => findings
                    .extend(tokens::examine(&player, &server, &known, self.fairplay_spc.as_deref()).await),
                Err(why) => findings
                    .push(Finding::warning("tokens", format!("not tried: {why}")).advice(
                        "run doctor with the data directory of this server, or with --authenticator",
                    )),
            }
        }
        writeln!(console, "{}", server.origin().ascii_serialization())?;
        for finding in &findings {
            finding.write(console)?;
        }
        let problems = findings.iter().filter(|finding| finding.is_problem()).count();
        match problems {
            0 => Ok(()),
            1 => Err(Failure::refused("doctor found 1 problem")),
            more => Err(Failure::refused(format!("doctor found {more} problems"))),
        }
    }

    async fn known(&self, config: &boxoffice_server::config::Config) -> Result<Known, Failure> {
        let installation = place::open(config, Presence::MustExist).await?;
        let rings = installation.rings().await?;
        let lab = Lab::open(&installation, &rings.current()).await?;
        let shown = match &self.authenticator {
            Some(text) => Some(
                CustomerAuthenticator::parse(text.as_bytes())
                    .map_err(|error| Failure::refused(format!("--authenticator is none: {error}")))?,
            ),
            None => installation.demo_authenticator().await?,
        };
        let account = match &shown {
            Some(shown) => installation.storage().account(shown.account).await?,
            None => None,
        };
        Ok(Known { lab, rings, account, authenticator: shown.map(|shown| shown.reveal()) })
    }
}
