//! What the settings say, read from the files that they name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boxoffice_core::{Environment, PerEnvironment};
use drm_primitives::{Kek, hex};
use thiserror::Error;
use zeroize::Zeroizing;

use super::authentication::Authentication;
use super::certificate::ClientAuthority;
use super::secret::Secret;
use crate::config::{Config, HookAuth, WebhookConfig};

/// The webhooks of both environments.
#[derive(Debug)]
pub struct Webhooks(PerEnvironment<Option<Webhook>>);

/// The webhook of one environment.
#[derive(Debug)]
pub(super) struct Webhook {
    /// Who may ask.
    pub authentication: Authentication,
    /// Under which content keys leave; `None`: in clear, under TLS.
    pub wrap_key: Option<Kek>,
}

/// A file that the settings name and that is not as it should be.
#[derive(Debug, Error)]
#[error("{file}: {problem}", file = file.display())]
pub struct WebhookError {
    file: PathBuf,
    problem: String,
}

impl Webhooks {
    /// Reads the files of both environments.
    ///
    /// # Errors
    /// [`WebhookError`], the first.
    pub fn open(config: &Config) -> Result<Self, WebhookError> {
        let open = |environment: Environment| {
            let webhook = config.environment(environment).playready.webhook.as_ref();
            webhook.map(Webhook::open).transpose()
        };
        PerEnvironment::try_new(open).map(Self)
    }

    /// The webhook of an environment, where one is configured.
    pub(super) const fn of(&self, environment: Environment) -> Option<&Webhook> {
        self.0.of(environment).as_ref()
    }
}

impl Webhook {
    fn open(config: &WebhookConfig) -> Result<Self, WebhookError> {
        let listed = |way: HookAuth| config.auth.contains(&way);
        let authority = match &config.client_ca_file {
            Some(file) if listed(HookAuth::Mtls) => Some(ClientAuthority::read(file, &config.client_names)?),
            Some(_) | None => None,
        };
        let secrets = config.secret_files.iter().map(|(name, file)| {
            let bytes = read(file)?;
            let secret =
                Secret::from_file(&bytes).ok_or_else(|| WebhookError::new(file, "the file is empty"))?;
            Ok((name.clone(), secret))
        });
        let secrets = secrets.collect::<Result<BTreeMap<_, _>, WebhookError>>()?;
        Ok(Self {
            authentication: Authentication {
                authority,
                bearer: listed(HookAuth::Bearer),
                hmac: listed(HookAuth::Hmac),
                secrets,
            },
            wrap_key: config.wrap_key_file.as_deref().map(wrap_key).transpose()?,
        })
    }
}

impl WebhookError {
    pub(super) fn new(file: &Path, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), problem: problem.into() }
    }
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, WebhookError> {
    std::fs::read(file).map(Zeroizing::new).map_err(|error| WebhookError::new(file, error.to_string()))
}

fn wrap_key(file: &Path) -> Result<Kek, WebhookError> {
    let bytes = read(file)?;
    if bytes.len() != 32 {
        return Err(WebhookError::new(file, format!("got {} bytes, expected the 32 of a key", bytes.len())));
    }
    let digits = Zeroizing::new(hex::encode(&bytes));
    Kek::from_hex(digits.as_bytes()).map_err(|error| WebhookError::new(file, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;

    fn open(toml: &str) -> Result<Webhooks, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("boxoffice.toml");
        let place = directory.path().to_str().unwrap();
        std::fs::write(&file, toml.replace("HERE", place)).unwrap();
        std::fs::write(directory.path().join("secret"), "correct horse\n").unwrap();
        std::fs::write(directory.path().join("empty"), "\n").unwrap();
        std::fs::write(directory.path().join("key"), [7; 32]).unwrap();
        let config = Config::load(ConfigSources { file: Some(file), ..ConfigSources::default() }).unwrap();
        Webhooks::open(&config).map_err(|error| error.to_string().replace(place, "HERE"))
    }

    #[test]
    fn each_environment_has_the_webhook_that_its_settings_describe() {
        let webhooks = open(
            "[environments.production.playready.webhook]\nauth = [\"hmac\", \"bearer\"]\n\
             secret_files = { k1 = \"HERE/secret\" }\nwrap_key_file = \"HERE/key\"\n",
        )
        .unwrap();
        assert!(webhooks.of(Environment::Test).is_none());
        let webhook = webhooks.of(Environment::Production).unwrap();
        assert!(webhook.wrap_key.is_some() && webhook.authentication.secrets.contains_key("k1"));
        assert!(!format!("{webhooks:?}").contains("horse"));
    }

    #[test]
    fn a_file_that_is_missing_empty_or_of_another_length_is_named() {
        let webhook = |rest: &str| {
            open(&format!("[environments.test.playready.webhook]\nauth = [\"bearer\"]\n{rest}")).unwrap_err()
        };
        let secret = |name: &str| webhook(&format!("secret_files = {{ k1 = \"HERE/{name}\" }}\n"));
        assert!(secret("missing").starts_with("HERE/missing: "));
        assert_eq!(secret("empty"), "HERE/empty: the file is empty");
        let wrapped = webhook("secret_files = { k1 = \"HERE/secret\" }\nwrap_key_file = \"HERE/secret\"\n");
        assert_eq!(wrapped, "HERE/secret: got 14 bytes, expected the 32 of a key");
    }
}
