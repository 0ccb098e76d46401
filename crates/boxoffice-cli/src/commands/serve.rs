//! `boxoffice serve`: the service (operations.md, sections 1 and 2).

use std::fs::{File, TryLockError};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use boxoffice_core::{Environment, SystemClock};
use boxoffice_server::accounts::Accounts;
use boxoffice_server::app::{App, AppParts, Overload};
use boxoffice_server::config::{Config, DemoMode, PlayReadyBackend, WidevineBackend};
use boxoffice_server::installation::Installation;
use boxoffice_server::serve::{self, Listener};
use boxoffice_server::telemetry::{self, LogSink};
use drm_primitives::SystemRandom;
use reqwest::Url;
use tokio::signal::unix::{SignalKind, signal};

use crate::console::Console;
use crate::failure::Failure;
use crate::place::{self, Place, Presence};
use crate::serve_address::ServeAddress;

/// Runs the service until SIGTERM or SIGINT; requests in flight finish
///
/// It needs no configuration: embedded SQLite and everything else in the data directory, listening on
/// 127.0.0.1:8080. The first start makes what is missing, and an account to try it with.
#[derive(clap::Args)]
pub struct Serve {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
}

impl Serve {
    /// `overload` is what the runtime was made with.
    pub async fn run(self, place: &Place, console: Console<'_>, overload: Overload) -> Result<(), Failure> {
        let config = place.config(self.listen)?;
        let log = LogSink::to(io::stderr());
        let subscriber = telemetry::subscriber(&log, config.log.level);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|error| Failure::refused(format!("cannot log: {error}")))?;
        let ended = serve(config, log.clone(), console, overload).await;
        // What was said last is what matters most.
        log.flush();
        ended
    }
}

async fn serve(
    config: Config,
    log: LogSink,
    console: Console<'_>,
    overload: Overload,
) -> Result<(), Failure> {
    place::make_directory(&config.data_dir)?;
    let _lock = lock(&config.data_dir)?;
    let installation = place::open(&config, Presence::MakeMissing).await?;
    if has_demo_account(&config) {
        installation.make_demo_account().await?;
    }
    let listeners = serve::bind(&config).await.map_err(|error| Failure::refused(error.to_string()))?;
    let first = listeners.first().ok_or_else(|| Failure::refused("server.listen names no address"))?;
    let parts = AppParts {
        config: config.clone(),
        installation: installation.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        log,
        first_address: first.address(),
        accounts_fresh_for: Accounts::FRESH,
        overload,
    };
    let app = App::start(parts).await?;
    app.read_revocations().map_err(|error| Failure::refused(error.to_string()))?;
    warn_of_missing_back_ends(&config);
    // Before anybody is told that the service runs: whoever then ends it is heard.
    let shutdown = shutdown()?;
    let address = ServeAddress {
        test: base_url(&app, Environment::Test)?,
        production: base_url(&app, Environment::Production)?,
    };
    let failed = |error| Failure::refused(format!("cannot write to {}: {error}", config.data_dir.display()));
    address.write(&config.data_dir).map_err(failed)?;
    announce(console, &config, &listeners, &address, &installation).await?;
    serve::serve(listeners, app, shutdown).await;
    ServeAddress::remove(&config.data_dir);
    Ok(())
}

/// Keeps a second server off this data directory. The kernel frees the lock however this process ends.
fn lock(data_dir: &Path) -> Result<File, Failure> {
    let path = data_dir.join("serve.lock");
    let unusable = |error: io::Error| Failure::refused(format!("cannot lock {}: {error}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::refused(format!(
            "another boxoffice serve runs on the data directory {}; end it, or give another one with --data-dir",
            data_dir.display()
        ))),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Operations.md, section 2: with the embedded database, or where somebody asked for it.
fn has_demo_account(config: &Config) -> bool {
    match config.demo {
        DemoMode::On => true,
        DemoMode::Off => false,
        DemoMode::Loopback => config.database_is_embedded,
    }
}

fn warn_of_missing_back_ends(config: &Config) {
    for environment in Environment::ALL {
        let settings = config.environment(environment);
        let back_ends = [
            ("Widevine", matches!(settings.widevine.backend, WidevineBackend::Off), -7008),
            ("PlayReady", matches!(settings.playready.backend, PlayReadyBackend::Off), -2030),
        ];
        for (drm, is_off, code) in back_ends {
            if is_off {
                tracing::warn!(
                    "{drm} has no back end in the {environment} environment: tokens are minted there, and redemptions get {code}"
                );
            }
        }
    }
}

/// Done at the first SIGTERM or SIGINT.
fn shutdown() -> Result<impl Future<Output = ()>, Failure> {
    let heard =
        |kind| signal(kind).map_err(|error| Failure::refused(format!("cannot hear signals: {error}")));
    let (mut terminate, mut interrupt) = (heard(SignalKind::terminate())?, heard(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn base_url(app: &App, environment: Environment) -> Result<Url, Failure> {
    let base = app.public_url(environment).to_string();
    Url::parse(&base).map_err(|error| Failure::refused(format!("the public URL {base} is none: {error}")))
}

/// Prints the lines of operations.md, section 2.
async fn announce(
    console: Console<'_>,
    config: &Config,
    listeners: &[Listener],
    address: &ServeAddress,
    installation: &Installation,
) -> Result<(), Failure> {
    for listener in listeners {
        writeln!(console, "boxoffice: listening on {}", listener.url())?;
    }
    let demo = installation.demo_authenticator().await?.filter(|_| has_demo_account(config));
    if let Some(authenticator) = demo {
        let authenticator = authenticator.reveal();
        writeln!(console, "boxoffice: demo authenticator {authenticator}")?;
        let base = reachable_base(config, listeners).unwrap_or_else(|| address.test.to_string());
        let base = base.trim_end_matches('/');
        writeln!(
            console,
            "curl '{base}/hms/wv/token?customerAuthenticator={authenticator}\
             &kid=80ea8bc8a58f990ad1f76bc665b30bfa&contentKey=00112233445566778899aabbccddeeff\
             &securityLevel=1&hdcpOutputControl=0'"
        )?;
    }
    console.flush()?;
    Ok(())
}

/// An address of this machine that is the test environment: it works even where the public URL leads nowhere yet.
fn reachable_base(config: &Config, listeners: &[Listener]) -> Option<String> {
    let is_test =
        |host: &str| config.server.is_loopback_only() || config.test.hosts.iter().any(|test| test == host);
    listeners.iter().find_map(|listener| {
        let mut address = listener.address();
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let host = match address.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let scheme = listener
            .url()
            .split_once("://")
            .map_or("http", |(scheme, _)| if scheme == "https" { "https" } else { "http" });
        is_test(&host).then(|| format!("{scheme}://{address}"))
    })
}
