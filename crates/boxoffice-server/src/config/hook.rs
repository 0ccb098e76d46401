//! `[environments.*.policy_hook]`: the operator's say at each licence (widevine.md, section 7.4).

use std::path::PathBuf;
use std::time::Duration;

use super::encryption;
use super::error::ConfigError;
use super::playready::HookAuth;
use super::reader::Reader;
use super::server::milliseconds;
use super::url::ServiceUrl;

/// Where the operator's policy is asked for.
#[derive(Clone, Debug)]
pub struct PolicyHookConfig {
    /// Where.
    pub url: ServiceUrl,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether licences are made without it when it is away.
    pub fail_open: bool,
    /// How we prove ourselves.
    pub auth: Option<HookAuth>,
    /// The name of the shared secret.
    pub key_id: Option<String>,
    /// File with the shared secret.
    pub secret_file: Option<PathBuf>,
    /// A private authority that vouches for it, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, as PEM.
    pub client_certificate_file: Option<PathBuf>,
    /// Its private key, as PEM.
    pub client_key_file: Option<PathBuf>,
}

impl PolicyHookConfig {
    /// `None` where there is no hook.
    pub(super) fn read(reader: &mut Reader, environment: &str) -> Result<Option<Self>, ConfigError> {
        let table = format!("environments.{environment}.policy_hook");
        let present = reader.has_table(&table);
        let key = |name: &str| format!("{table}.{name}");
        let url = reader.optional(&key("url"), "where the policy of each licence is asked for")?;
        let timeout = milliseconds(reader, &key("timeout_ms"), "longest time for its answer", 500)?;
        let fail_open = reader.or(&key("fail_open"), "whether licences are made while it is away", false)?;
        let auth = reader.optional(&key("auth"), "how we prove ourselves: mtls, hmac or bearer")?;
        let key_id = reader.optional(&key("key_id"), "the name of the shared secret")?;
        let secret_file = reader.optional(&key("secret_file"), "file with the shared secret")?;
        let ca_file = reader.optional(&key("ca_file"), "PEM file of a private authority for it")?;
        let client_certificate_file =
            reader.optional(&key("client_certificate_file"), "PEM file: our certificate")?;
        let client_key_file = reader.optional(&key("client_key_file"), "PEM file: its private key")?;
        if !present {
            reader.is_off(&table);
            return Ok(None);
        }
        let url = url.ok_or_else(|| reader.refuse(&key("url"), "is missing"))?;
        let lacking = match auth {
            Some(HookAuth::Mtls) if client_certificate_file.is_none() => {
                Some("mtls needs client_certificate_file")
            }
            Some(HookAuth::Mtls) if client_key_file.is_none() => Some("mtls needs client_key_file"),
            Some(HookAuth::Hmac | HookAuth::Bearer) if secret_file.is_none() => {
                Some("hmac and bearer need secret_file")
            }
            Some(HookAuth::Hmac) if key_id.is_none() => Some("hmac needs key_id"),
            Some(_) | None => None,
        };
        if let Some(problem) = lacking {
            return Err(reader.refuse(&key("auth"), problem));
        }
        if secret_file.is_some() && !matches!(auth, Some(HookAuth::Hmac | HookAuth::Bearer)) {
            let problem =
                "is read with auth = \"hmac\" or \"bearer\" alone, and would prove nothing as it is";
            return Err(reader.refuse(&key("secret_file"), problem));
        }
        let lonely = match (&client_certificate_file, &client_key_file) {
            (Some(_), None) => Some(("client_certificate_file", "client_key_file")),
            (None, Some(_)) => Some(("client_key_file", "client_certificate_file")),
            (Some(_), Some(_)) | (None, None) => None,
        };
        if let Some((given, lacking)) = lonely {
            return Err(reader.refuse(&key(given), format!("needs {} beside it", key(lacking))));
        }
        let of_tls = [key("ca_file"), key("client_certificate_file"), key("client_key_file")];
        encryption::check(reader, &of_tls.each_ref().map(String::as_str), std::slice::from_ref(&url))?;
        Ok(Some(Self {
            url,
            timeout,
            fail_open,
            auth,
            key_id,
            secret_file,
            ca_file,
            client_certificate_file,
            client_key_file,
        }))
    }
}
