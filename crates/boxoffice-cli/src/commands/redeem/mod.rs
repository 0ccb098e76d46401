//! `boxoffice redeem`: a lab device redeems a token.

mod clearkey;
mod fairplay;
mod playready;
mod report;
mod widevine;

use boxoffice_core::Drm;
use boxoffice_core::entitlement::Entitlement;
use boxoffice_server::lab::Lab;
use clap::ValueEnum;
use reqwest::Url;

use super::token::{self, GivenToken};
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place, Presence};
use crate::player::Player;
use crate::serve_address::ServeAddress;
pub use report::Report;

#[derive(clap::Args)]
pub struct Redeem {
    /// The token, the URL that a token request answered with, or a PlayReady answer in JSON
    #[arg(value_name = "TOKEN_OR_URL")]
    token: GivenToken,
    /// The base of the server's URLs [default: the URL's, else the server running on this data directory]
    #[arg(long, value_name = "URL")]
    server: Option<Url>,
    /// Whose token it is [default: what the URL or the token says]
    #[arg(long)]
    drm: Option<RedeemableDrm>,
    /// The lab device [default: the first whose level fits every key]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// The kind of licence to ask for
    #[arg(long = "type", value_name = "TYPE", default_value = "streaming")]
    licence_type: AskedType,
    /// Encrypts the device's identity for the service's certificate
    #[arg(long)]
    privacy: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// A DRM that a lab device redeems tokens of.
#[derive(Clone, Copy, ValueEnum)]
enum RedeemableDrm {
    Widevine,
    Playready,
    Clearkey,
    Fairplay,
}

/// The kind of licence that a player asks for.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub enum AskedType {
    Streaming,
    Offline,
    Automatic,
}

/// What every DRM's redemption works with.
pub struct Redemption<'a> {
    /// The devices, and the roots that they trust.
    pub lab: &'a Lab,
    /// What reaches the server.
    pub player: &'a Player,
    /// Where the token is redeemed, with the token in the query.
    pub url: &'a Url,
    /// What the token grants, where this directory can open it.
    pub granted: Option<&'a Entitlement>,
    /// The device that was named.
    pub device: Option<&'a str>,
    /// The kind of licence to ask for.
    pub licence_type: AskedType,
    /// Whether the device's identity is encrypted.
    pub privacy: bool,
}

/// Redeems a token with the lab device of its DRM.
pub async fn redeem(drm: Drm, redemption: &Redemption<'_>) -> Result<Report, Failure> {
    match drm {
        Drm::Widevine => widevine::redeem(redemption).await,
        Drm::PlayReady => playready::redeem(redemption).await,
        Drm::ClearKey => clearkey::redeem(redemption).await,
        Drm::FairPlay => fairplay::redeem(redemption).await,
    }
}

impl Redeem {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let config = place.config(None)?;
        let installation = place::open(&config, Presence::MustExist).await?;
        let rings = installation.rings().await?.current();
        let lab = Lab::open(&installation, &rings).await?;
        let granted = token::open(&rings, &self.token).ok();
        let drm = self.drm(granted.as_ref())?;
        let url = self.url(drm, granted.as_ref(), || ServeAddress::read(&config.data_dir))?;
        let player = Player::new(&url)?;
        let redemption = Redemption {
            lab: &lab,
            player: &player,
            url: &url,
            granted: granted.as_ref(),
            device: self.device.as_deref(),
            licence_type: self.licence_type,
            privacy: self.privacy,
        };
        let report = redeem(drm, &redemption).await?;
        if self.json {
            write_json(console, &report.as_json())?;
        } else {
            report.write(console)?;
        }
        report.verdict()
    }

    /// Whose token it is: as was said, as the path says, or as the token itself says.
    fn drm(&self, granted: Option<&Entitlement>) -> Result<Drm, Failure> {
        let said = self.drm.map(|drm| match drm {
            RedeemableDrm::Widevine => Drm::Widevine,
            RedeemableDrm::Playready => Drm::PlayReady,
            RedeemableDrm::Clearkey => Drm::ClearKey,
            RedeemableDrm::Fairplay => Drm::FairPlay,
        });
        let known = said.or_else(|| self.token.drm_of_path()).or_else(|| granted.map(Entitlement::drm));
        known.ok_or_else(|| {
            Failure::refused(
                "this data directory cannot open the token, and so cannot tell whose it is: give --drm",
            )
        })
    }

    /// Where it is redeemed.
    fn url(
        &self,
        drm: Drm,
        granted: Option<&Entitlement>,
        running: impl Fn() -> Option<ServeAddress>,
    ) -> Result<Url, Failure> {
        if let Some(server) = &self.server {
            return Ok(self.token.at(server, drm));
        }
        if let Some(url) = &self.token.url {
            return Ok(url.clone());
        }
        let running = running().ok_or_else(|| {
            Failure::refused("no server runs on this data directory: give the token's URL, or --server")
        })?;
        Ok(self.token.at(running.of(granted), drm))
    }
}
