//! `--environment`: which environments a command is about.

use boxoffice_core::Environment;

/// The one that was named, or both.
#[derive(clap::Args)]
pub struct WhichEnvironments {
    /// test or production [default: both]
    #[arg(long)]
    pub environment: Option<Environment>,
}

impl WhichEnvironments {
    /// Them, test first.
    pub fn environments(&self) -> impl Iterator<Item = Environment> + use<> {
        let only = self.environment;
        Environment::ALL.into_iter().filter(move |&environment| only.is_none_or(|only| only == environment))
    }
}
