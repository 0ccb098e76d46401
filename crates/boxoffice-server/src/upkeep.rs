//! What a running service does by itself: it reads its lists of revoked devices again when they change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use boxoffice_core::Environment;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::config::Config;

/// How often a revocation file is looked at: a change is in force within five seconds.
const REVOCATIONS: Duration = Duration::from_secs(2);

/// A revocation file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the revocation file {}: {problem}", path.display())]
pub struct RevocationFileError {
    path: PathBuf,
    problem: String,
}

impl App {
    /// Reads every revocation file that is configured, at the start.
    ///
    /// # Errors
    /// [`RevocationFileError`]: then there is no start, for a list that is not in force protects nobody.
    pub fn read_revocations(&self) -> Result<(), RevocationFileError> {
        Environment::ALL.into_iter().flat_map(|environment| lists(self.config(), environment)).try_for_each(
            |(environment, list, path)| self.replace_revocations(environment, list, path).map(|_| ()),
        )
    }

    fn replace_revocations(
        &self,
        environment: Environment,
        list: List,
        path: &Path,
    ) -> Result<u64, RevocationFileError> {
        let failed = |problem: String| RevocationFileError { path: path.to_owned(), problem };
        let json = std::fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
        let parts = self.issuers().of(environment);
        match list {
            List::PlayReady => {
                let new = playready::Revocations::parse(&json).map_err(|error| failed(error.to_string()))?;
                let (version, there) = (new.version(), parts.playready_revocations.current().version());
                if version < there {
                    return Err(failed(format!("has version {version}, and version {there} is in force")));
                }
                parts.playready_revocations.replace(new);
                Ok(version)
            }
            List::Widevine => {
                let there = parts.widevine_revocations.current();
                let new = there.parse_successor(&json).map_err(|error| failed(error.to_string()))?;
                let version = new.version();
                parts.widevine_revocations.replace(new);
                Ok(version)
            }
        }
    }
}

/// Whose list.
#[derive(Clone, Copy, Debug)]
enum List {
    PlayReady,
    Widevine,
}

/// The revocation files of an environment.
fn lists(config: &Config, environment: Environment) -> Vec<(Environment, List, &Path)> {
    let config = config.environment(environment);
    let playready =
        config.playready.revocation_file.as_deref().map(|path| (environment, List::PlayReady, path));
    let widevine = config.widevine.revocation_file.as_deref().map(|path| (environment, List::Widevine, path));
    playready.into_iter().chain(widevine).collect()
}

/// Looks at the revocation files, for ever, and reads all of them when the program is sent SIGHUP. A bad new file is
/// refused, and the old list stays.
pub async fn keep_revocations(app: App) {
    let mut hangups = signal(SignalKind::hangup()).ok();
    let mut ticks = interval(REVOCATIONS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = std::collections::HashMap::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = hangup(hangups.as_mut()) => seen.clear(),
        }
        for (environment, list, path) in
            Environment::ALL.into_iter().flat_map(|each| lists(app.config(), each))
        {
            let stamp = tokio::fs::metadata(path).await.ok().map(|file| (file.modified().ok(), file.len()));
            if seen.insert(path.to_owned(), stamp) == Some(stamp) {
                continue;
            }
            let (there, at) = (app.clone(), path.to_owned());
            let replaced =
                tokio::task::spawn_blocking(move || there.replace_revocations(environment, list, &at));
            match replaced.await {
                Ok(Ok(version)) => {
                    tracing::info!(%environment, ?list, version, "a revocation list is in force");
                }
                Ok(Err(error)) => {
                    app.metrics().refused_revocations(environment);
                    tracing::error!(%environment, ?list, %error, "a revocation file is refused; the old list stays");
                }
                Err(error) => tracing::error!(%error, "reading a revocation file was lost"),
            }
        }
    }
}

/// The next SIGHUP; never, where the system gives no signals.
async fn hangup(signals: Option<&mut Signal>) {
    match signals {
        Some(signals) => {
            signals.recv().await;
        }
        None => std::future::pending().await,
    }
}
