//! The configuration: a TOML file, environment variables and flags, in rising precedence
//! (operations.md, section 4).
//!
//! Each setting is read in one place, with its explanation and its default; `config show` and the reference
//! print what was read there. What nobody reads is an error that names the key, the file and the line.

mod database;
mod deadline;
mod encryption;
mod environment;
mod error;
mod fairplay;
mod hook;
mod keys;
mod layers;
mod limits;
mod playready;
mod reader;
mod records;
mod server;
mod show;
#[cfg(test)]
mod tests;
mod url;
mod value;
mod widevine;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use boxoffice_core::Environment;

use crate::installation::MasterKeySource;

pub use database::DatabaseConfig;
pub use environment::EnvironmentConfig;
pub use error::{ConfigError, Origin};
pub use fairplay::FairPlayConfig;
pub use hook::PolicyHookConfig;
pub use limits::{DemoMode, KeystoreConfig, LimitsConfig, LogConfig, LogLevel};
pub use playready::{HookAuth, OutputControl, OutputKind, PlayReadyBackend, PlayReadyConfig, WebhookConfig};
pub use reader::Setting;
pub use records::RecordsConfig;
pub use server::{ServerConfig, TlsFiles};
pub use url::{PublicUrl, ServiceUrl, WebOrigin};
pub use widevine::{
    CallLimits, MinimumVmp, RenewalConfig, UpstreamSigning, WidevineBackend, WidevineConfig, WidevineUpstream,
};

use layers::Layers;
use reader::Reader;

/// Where a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct ConfigSources {
    /// `--config`; else `BOXOFFICE_CONFIG`; else no file.
    pub file: Option<PathBuf>,
    /// `--data-dir`; else `BOXOFFICE_DATA_DIR`; else `boxoffice-data`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// The environment variables, all of them; those that are not ours are not looked at.
    pub variables: Vec<(OsString, OsString)>,
}

/// Everything that an operator can set, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the master key, the lock and the embedded database are.
    pub data_dir: PathBuf,
    /// How the service listens.
    pub server: ServerConfig,
    /// The test environment.
    pub test: EnvironmentConfig,
    /// The production environment.
    pub production: EnvironmentConfig,
    /// Where everything is remembered.
    pub database: DatabaseConfig,
    /// Whether that is the embedded one, because none was configured.
    pub database_is_embedded: bool,
    /// Where the master key comes from.
    pub master_key: MasterKeySource,
    /// What becomes of records.
    pub records: RecordsConfig,
    /// What is let in each second.
    pub limits: LimitsConfig,
    /// The key storage.
    pub keystore: KeystoreConfig,
    /// Who sees the demo.
    pub demo: DemoMode,
    /// Whether anybody said who does: then a demo account is made with any database.
    pub demo_is_configured: bool,
    /// The origins of web pages that may redeem; empty: any.
    pub player_origins: Vec<WebOrigin>,
    /// What is logged.
    pub log: LogConfig,
    settings: Vec<Setting>,
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`]: the first thing that is wrong, and where.
    pub fn load(sources: ConfigSources) -> Result<Self, ConfigError> {
        let variables: Vec<(String, String)> = sources
            .variables
            .into_iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        let reserved = |wanted: &str| {
            let found = variables.iter().find(|(name, value)| name == wanted && !value.is_empty());
            found.map(|(_, value)| PathBuf::from(value))
        };
        let file = sources.file.or_else(|| reserved(layers::RESERVED[0]));
        let data_dir = sources.data_dir.or_else(|| reserved(layers::RESERVED[1]));
        let data_dir = data_dir.unwrap_or_else(|| PathBuf::from("boxoffice-data"));
        let mut layers = Layers::default();
        if let Some(file) = file {
            let text = std::fs::read_to_string(&file).map_err(|error| ConfigError::Unreadable {
                file: file.clone(),
                problem: error.to_string(),
            })?;
            layers.add_file(&file, &text)?;
        }
        layers.add_variables(variables);
        if let Some(listen) = sources.listen {
            layers.add("server.listen".to_owned(), listen, Origin::Flag("--listen"));
        }
        Self::read(Reader::new(layers), &data_dir)
    }

    /// What there is without any file, variable or flag, in this data directory.
    #[must_use]
    pub fn defaults(data_dir: &Path) -> Self {
        Self::read(Reader::new(Layers::default()), data_dir).expect("every default is valid")
    }

    fn read(mut reader: Reader, data_dir: &Path) -> Result<Self, ConfigError> {
        let reader_mut = &mut reader;
        let server = ServerConfig::read(reader_mut)?;
        let has_tls = server.tls.is_some();
        let test = EnvironmentConfig::read(reader_mut, Environment::Test, has_tls)?;
        let production = EnvironmentConfig::read(reader_mut, Environment::Production, has_tls)?;
        if let Some(host) = production.hosts.iter().find(|host| test.hosts.contains(host)) {
            let problem =
                format!("{host} is a host of the test environment too: a host decides the environment");
            return Err(reader_mut.refuse("environments.production.hosts", problem));
        }
        for (environment, config) in [(Environment::Test, &test), (Environment::Production, &production)] {
            deadline::check(reader_mut, environment, config, server.request_timeout)?;
        }
        let (database, database_is_embedded) = DatabaseConfig::read(reader_mut, data_dir)?;
        let master_key = keys::read(reader_mut, data_dir)?;
        let records = RecordsConfig::read(reader_mut, data_dir)?;
        let limits = LimitsConfig::read(reader_mut)?;
        let keystore = KeystoreConfig::read(reader_mut)?;
        let demo_is_configured = reader_mut.has("demo.enabled");
        let demo = DemoMode::read(reader_mut)?;
        let about = "origins of web pages that may redeem, with credentials; empty: any, without";
        let player_origins = reader_mut.or("players.origins", about, Vec::new())?;
        let log = LogConfig::read(reader_mut)?;
        Ok(Self {
            data_dir: data_dir.to_owned(),
            server,
            test,
            production,
            database,
            database_is_embedded,
            master_key,
            records,
            limits,
            keystore,
            demo,
            demo_is_configured,
            player_origins,
            log,
            settings: reader.finish()?,
        })
    }

    /// The settings of an environment.
    #[must_use]
    pub const fn environment(&self, environment: Environment) -> &EnvironmentConfig {
        match environment {
            Environment::Test => &self.test,
            Environment::Production => &self.production,
        }
    }
}
