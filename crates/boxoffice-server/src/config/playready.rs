//! `[environments.*.playready]` (playready.md, sections 3, 8 and 9).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use boxoffice_core::Environment;

use super::error::ConfigError;
use super::reader::Reader;
use super::url::PublicUrl;
use super::value::words;

/// What stands behind `/hms/pr/rights/` in one environment.
#[derive(Clone, Debug)]
pub struct PlayReadyConfig {
    /// Who makes licences.
    pub backend: PlayReadyBackend,
    /// Where players are sent in place of our own address.
    pub license_acquisition_url: Option<PublicUrl>,
    /// What a key asks of a device where its token does not say: 150, 2000 or 3000.
    pub default_min_security_level: u16,
    /// Devices that get none.
    pub revocation_file: Option<PathBuf>,
    /// What the bits of `outputControlFlags` mean, by bit.
    pub output_control_flags: BTreeMap<u32, OutputControl>,
    /// Where the operator's handler may redeem tokens.
    pub webhook: Option<WebhookConfig>,
}

/// Who makes PlayReady licences.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PlayReadyBackend {
    /// The embedded issuer; test alone.
    Lab,
    /// Nobody.
    Off,
    /// Challenges come here and are passed on to the operator's SDK service.
    Push {
        /// Where.
        sdk_url: String,
    },
    /// Players post to the operator's SDK service, which asks us.
    Sdk,
}

/// What one bit of `outputControlFlags` becomes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutputControl {
    /// The kind of output.
    pub output: OutputKind,
    /// The GUID of the restriction, as text.
    pub guid: String,
    /// Its configuration, as base64.
    pub data: String,
}

/// A kind of output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OutputKind {
    /// Analog video.
    AnalogVideo,
    /// Digital audio.
    DigitalAudio,
    /// Digital video.
    DigitalVideo,
    /// A play enabler.
    PlayEnabler,
}
words!(
    OutputKind, "digital-video, digital-audio, analog-video or play-enabler",
    "analog-video" => AnalogVideo, "digital-audio" => DigitalAudio,
    "digital-video" => DigitalVideo, "play-enabler" => PlayEnabler,
);

/// Who may redeem tokens over the webhook.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// Each is enough by itself.
    pub auth: Vec<HookAuth>,
    /// Whose client certificates are accepted.
    pub client_ca_file: Option<PathBuf>,
    /// The DNS names that they must have, where any are listed.
    pub client_names: Vec<String>,
    /// Files with shared secrets, by the name that a caller gives.
    pub secret_files: BTreeMap<String, PathBuf>,
    /// File with the 32 bytes under which keys are sent wrapped.
    pub wrap_key_file: Option<PathBuf>,
    /// An address of its own.
    pub listen: Option<SocketAddr>,
}

/// How the two ends of a hook know each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HookAuth {
    /// A shared secret in `Authorization`.
    Bearer,
    /// A signature over the body.
    Hmac,
    /// Client certificates.
    Mtls,
}
words!(HookAuth, "mtls, hmac or bearer", "bearer" => Bearer, "hmac" => Hmac, "mtls" => Mtls);

enum Backend {
    Lab,
    Off,
    Push,
    Sdk,
}
words!(Backend, "lab, sdk, push or off", "lab" => Lab, "off" => Off, "push" => Push, "sdk" => Sdk);

impl PlayReadyConfig {
    pub(super) fn read(
        reader: &mut Reader,
        environment: Environment,
        has_tls: bool,
    ) -> Result<Self, ConfigError> {
        let table = format!("environments.{environment}.playready");
        let key = |name: &str| format!("{table}.{name}");
        let default = match environment {
            Environment::Test => Backend::Lab,
            Environment::Production => Backend::Off,
        };
        let about = "who makes PlayReady licences: lab (test only), sdk, push, off";
        let backend = reader.or(&key("backend"), about, default)?;
        let sdk_url: Option<PublicUrl> = reader.optional(&key("sdk_url"), "where push sends challenges")?;
        let backend = match (backend, sdk_url) {
            (Backend::Lab, _) if environment == Environment::Production => {
                let problem =
                    "lab is for the test environment only: no device in the field takes its licences";
                return Err(reader.refuse(&key("backend"), problem));
            }
            (Backend::Lab, _) => PlayReadyBackend::Lab,
            (Backend::Off, _) => PlayReadyBackend::Off,
            (Backend::Sdk, _) => PlayReadyBackend::Sdk,
            (Backend::Push, Some(url)) => PlayReadyBackend::Push { sdk_url: url.to_string() },
            (Backend::Push, None) => {
                return Err(reader.refuse(&key("backend"), format!("push needs {}", key("sdk_url"))));
            }
        };
        let about = "where players post challenges, in place of our own address";
        let license_acquisition_url = reader.optional(&key("license_acquisition_url"), about)?;
        let level_key = key("default_min_security_level");
        let about = "what a key asks of a device where its token does not say: 150, 2000 or 3000";
        let level = reader.or(&level_key, about, 2_000_u64)?;
        let default_min_security_level = match level {
            150 => 150,
            2_000 => 2_000,
            3_000 => 3_000,
            got => return Err(reader.refuse(&level_key, format!("got {got}, expected 150, 2000 or 3000"))),
        };
        let about = "JSON file of revoked certificates, read again when it changes";
        Ok(Self {
            backend,
            license_acquisition_url,
            default_min_security_level,
            revocation_file: reader.optional(&key("revocation_file"), about)?,
            output_control_flags: OutputControl::read_all(reader, &key("output_control_flags"))?,
            webhook: WebhookConfig::read(reader, &key("webhook"), has_tls)?,
        })
    }
}

impl OutputControl {
    fn read_all(reader: &mut Reader, table: &str) -> Result<BTreeMap<u32, Self>, ConfigError> {
        let mut flags = BTreeMap::new();
        for name in reader.names_below(table) {
            let key = format!("{table}.{name}");
            let bit = Some(&name)
                .filter(|name| name.len() == 8)
                .and_then(|name| u32::from_str_radix(name, 16).ok());
            let Some(bit) = bit.filter(|bit| bit.is_power_of_two()) else {
                return Err(reader.refuse(&key, "expected a name of 8 hex digits with one bit set"));
            };
            let output = reader.optional(&format!("{key}.output"), "the kind of output")?;
            let guid = reader.optional(&format!("{key}.guid"), "the restriction's GUID")?;
            let data = reader.or(&format!("{key}.data"), "its configuration in base64", String::new())?;
            let (Some(output), Some(guid)) = (output, guid) else {
                return Err(reader.refuse(&key, "needs output and guid"));
            };
            flags.insert(bit, Self { output, guid, data });
        }
        Ok(flags)
    }
}

impl WebhookConfig {
    fn read(reader: &mut Reader, table: &str, has_tls: bool) -> Result<Option<Self>, ConfigError> {
        let present = reader.has_table(table);
        let key = |name: &str| format!("{table}.{name}");
        let auth: Vec<HookAuth> = reader.or(
            &key("auth"),
            "how handlers prove themselves: any of mtls, hmac, bearer",
            Vec::new(),
        )?;
        let client_ca_file =
            reader.optional(&key("client_ca_file"), "PEM file: whose client certificates are accepted")?;
        let client_names =
            reader.or(&key("client_names"), "DNS names that client certificates must have", Vec::new())?;
        let mut secret_files = BTreeMap::new();
        for name in reader.names_below(&key("secret_files")) {
            let path = reader.optional(&key(&format!("secret_files.{name}")), "file with a shared secret")?;
            secret_files.extend(path.map(|path| (name, path)));
        }
        let wrap_key_file =
            reader.optional(&key("wrap_key_file"), "file with 32 bytes: keys are sent wrapped under them")?;
        let listen = reader.optional(&key("webhook_listen"), "an address of the webhook's own")?;
        if !present {
            reader.is_off(table);
            return Ok(None);
        }
        if auth.is_empty() {
            return Err(reader.refuse(&key("auth"), "got none, expected at least one of mtls, hmac, bearer"));
        }
        let mtls = auth.contains(&HookAuth::Mtls);
        if mtls && client_ca_file.is_none() {
            return Err(reader.refuse(&key("auth"), format!("mtls needs {}", key("client_ca_file"))));
        }
        if mtls && !has_tls {
            return Err(
                reader.refuse(&key("auth"), "mtls needs server.tls, for client certificates come with TLS")
            );
        }
        if auth.iter().any(|auth| *auth != HookAuth::Mtls) && secret_files.is_empty() {
            return Err(reader.refuse(&key("auth"), format!("hmac and bearer need {}", key("secret_files"))));
        }
        Ok(Some(Self { auth, client_ca_file, client_names, secret_files, wrap_key_file, listen }))
    }
}
