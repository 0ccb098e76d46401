//! `[environments.*.widevine]` (widevine.md, sections 1, 6, 9 and 10).

use std::path::PathBuf;
use std::time::Duration;

use boxoffice_core::Environment;

use super::encryption;
use super::error::ConfigError;
use super::reader::Reader;
use super::server::{milliseconds, size};
use super::url::ServiceUrl;
use super::value::words;

/// What stands behind `/hms/wv/rights/` in one environment.
#[derive(Clone, Debug)]
pub struct WidevineConfig {
    /// Who makes licences.
    pub backend: WidevineBackend,
    /// Devices that get none.
    pub revocation_file: Option<PathBuf>,
    /// Renewal of streaming licences, where it is on.
    pub renewal: Option<RenewalConfig>,
    /// How long a session may be renewed or released, in seconds from its beginning; releases work without renewal.
    pub max_session_seconds: u32,
}

/// Who makes Widevine licences.
#[derive(Clone, Debug)]
pub enum WidevineBackend {
    /// The embedded issuer; test alone.
    Lab,
    /// Nobody.
    Off,
    /// The operator's licensed service.
    Upstream(Box<WidevineUpstream>),
}

/// How the operator's licensed service is reached.
#[derive(Clone, Debug)]
pub struct WidevineUpstream {
    /// Its addresses; `/<provider>` is appended.
    pub endpoints: Vec<ServiceUrl>,
    /// A private authority that vouches for them, as PEM.
    pub ca: Option<PathBuf>,
    /// The provider's name.
    pub provider: String,
    /// Who signs requests.
    pub signer: String,
    /// What they are signed with.
    pub signing: UpstreamSigning,
    /// The service certificate, where it is not fetched.
    pub service_certificate_file: Option<PathBuf>,
    /// Bounds of a call.
    pub limits: CallLimits,
    /// The least platform verification that devices must have.
    pub min_vmp: MinimumVmp,
}

/// What requests to the upstream are signed with.
#[derive(Clone, Debug)]
pub enum UpstreamSigning {
    /// AES-256-CBC: files with 64 and 32 hex digits.
    Aes {
        /// The key's file.
        key_file: PathBuf,
        /// The initialisation vector's file.
        iv_file: PathBuf,
    },
    /// RSASSA-PSS with a key in a PEM file.
    Rsa {
        /// The key's file.
        key_file: PathBuf,
    },
}

/// Bounds of a call to somebody else's service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CallLimits {
    /// One attempt.
    pub timeout: Duration,
    /// All attempts together.
    pub budget: Duration,
    /// Calls at once.
    pub max_in_flight: usize,
}

/// Renewal of streaming licences.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RenewalConfig {
    /// Seconds to the first renewal.
    pub delay_seconds: u32,
    /// Seconds between attempts.
    pub retry_interval_seconds: u32,
    /// Seconds that playback goes on without one.
    pub recovery_seconds: u32,
}

/// The least platform verification (VMP) that a device must have.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum MinimumVmp {
    /// Any.
    None,
    /// Verified in software.
    Software,
    /// Verified in hardware.
    Hardware,
}
words!(MinimumVmp, "none, software or hardware", "none" => None, "software" => Software, "hardware" => Hardware);

enum Backend {
    Lab,
    Off,
    Upstream,
}
words!(Backend, "lab, upstream or off", "lab" => Lab, "off" => Off, "upstream" => Upstream);

impl WidevineConfig {
    pub(super) fn read(reader: &mut Reader, environment: Environment) -> Result<Self, ConfigError> {
        let table = format!("environments.{environment}.widevine");
        let default = match environment {
            Environment::Test => Backend::Lab,
            Environment::Production => Backend::Off,
        };
        let key = format!("{table}.backend");
        let backend =
            reader.or(&key, "who makes Widevine licences: lab (test only), upstream, off", default)?;
        let upstream = WidevineUpstream::read(reader, &table, matches!(backend, Backend::Upstream))?;
        let backend = match (backend, upstream) {
            (Backend::Lab, _) if environment == Environment::Production => {
                return Err(reader.refuse(
                    &key,
                    "lab is for the test environment only: no device in the field takes its licences",
                ));
            }
            (Backend::Lab, _) => WidevineBackend::Lab,
            (Backend::Upstream, Some(upstream)) => WidevineBackend::Upstream(Box::new(upstream)),
            (Backend::Upstream, None) | (Backend::Off, _) => WidevineBackend::Off,
        };
        let about = "JSON file of revoked devices, read again when it changes";
        let revocation_file = reader.optional(&format!("{table}.revocation_file"), about)?;
        let (renewal, max_session_seconds) = RenewalConfig::read(reader, &table)?;
        Ok(Self { backend, revocation_file, renewal, max_session_seconds })
    }
}

impl WidevineUpstream {
    fn read(reader: &mut Reader, table: &str, needed: bool) -> Result<Option<Self>, ConfigError> {
        let key = |name: &str| format!("{table}.{name}");
        let endpoints: Vec<ServiceUrl> = reader.or(
            &key("endpoints"),
            "addresses of the licence service; /<provider> is appended",
            Vec::new(),
        )?;
        let ca = reader.optional(&key("ca"), "PEM file of a private authority for the endpoints")?;
        let provider: Option<String> = reader.optional(&key("provider"), "the provider's name")?;
        let signer = reader.optional(&key("signer"), "who signs requests; default: the provider")?;
        let aes_key =
            reader.optional(&key("signing_key_file"), "file with the AES-256 key, 64 hex digits")?;
        let aes_iv =
            reader.optional(&key("signing_iv_file"), "file with its initialisation vector, 32 hex digits")?;
        let rsa_key =
            reader.optional(&key("signing_rsa_key_file"), "PEM file with an RSA key, in place of both")?;
        let service_certificate_file =
            reader.optional(&key("service_certificate_file"), "the service certificate; default: fetched")?;
        let limits = CallLimits::read(reader, table, (3_000, 7_000, 256))?;
        let about = "the least platform verification of devices: none, software, hardware";
        let min_vmp = reader.or(&key("min_vmp"), about, MinimumVmp::None)?;
        if !needed {
            return Ok(None);
        }
        let missing = |name: &str| reader.refuse(&key("backend"), format!("upstream needs {}", key(name)));
        if endpoints.is_empty() {
            return Err(missing("endpoints"));
        }
        encryption::check(reader, &[&key("ca")], &endpoints)?;
        let provider = provider.ok_or_else(|| missing("provider"))?;
        let signing = match (aes_key, aes_iv, rsa_key) {
            (Some(key_file), Some(iv_file), None) => UpstreamSigning::Aes { key_file, iv_file },
            (None, None, Some(key_file)) => UpstreamSigning::Rsa { key_file },
            (None, _, None) => return Err(missing("signing_key_file")),
            (Some(_), None, None) => return Err(missing("signing_iv_file")),
            (_, _, Some(_)) => {
                let problem = "stands in place of signing_key_file and signing_iv_file, not beside them";
                return Err(reader.refuse(&key("signing_rsa_key_file"), problem));
            }
        };
        let signer = signer.unwrap_or_else(|| provider.clone());
        Ok(Some(Self { endpoints, ca, provider, signer, signing, service_certificate_file, limits, min_vmp }))
    }
}

impl CallLimits {
    pub(super) fn read(
        reader: &mut Reader,
        table: &str,
        default: (u64, u64, u64),
    ) -> Result<Self, ConfigError> {
        let (timeout, budget, in_flight) = default;
        let key = |name: &str| format!("{table}.{name}");
        let limits = Self {
            timeout: milliseconds(reader, &key("timeout_ms"), "longest time for one attempt", timeout)?,
            budget: milliseconds(
                reader,
                &key("budget_ms"),
                "longest time for all attempts together",
                budget,
            )?,
            max_in_flight: size(reader.number(
                &key("max_in_flight"),
                "calls at once; further ones are refused",
                in_flight,
                1..=100_000,
            )?),
        };
        if limits.budget < limits.timeout {
            return Err(
                reader.refuse(&key("budget_ms"), "is shorter than timeout_ms, the time for one attempt")
            );
        }
        Ok(limits)
    }
}

impl RenewalConfig {
    /// How long a licence lasts that nobody renews, and so a stream counts, in seconds.
    #[must_use]
    pub fn licence_duration_seconds(&self) -> u32 {
        self.delay_seconds.saturating_add(self.recovery_seconds)
    }

    /// Renewal, where it is on, and how long a session lasts at most.
    fn read(reader: &mut Reader, table: &str) -> Result<(Option<Self>, u32), ConfigError> {
        let key = |name: &str| format!("{table}.renewal.{name}");
        let enabled = reader.or(&key("enabled"), "whether streaming licences have to be renewed", false)?;
        let mut seconds = |name: &str, about, default| {
            reader
                .number(&key(name), about, default, 1..=86_400 * 365)
                .map(|value| u32::try_from(value).unwrap_or(u32::MAX))
        };
        let renewal = Self {
            delay_seconds: seconds("delay_seconds", "to the first renewal", 60)?,
            retry_interval_seconds: seconds("retry_interval_seconds", "between attempts", 10)?,
            recovery_seconds: seconds("recovery_seconds", "that playback goes on without a renewal", 120)?,
        };
        let max_session_seconds = seconds("max_session_seconds", "that a session lasts at most", 86_400)?;
        if u64::from(renewal.recovery_seconds) * 5 < u64::from(renewal.delay_seconds) {
            let problem = format!(
                "got {}, expected at least a fifth of delay_seconds ({}): the renewals are spread by a tenth either way",
                renewal.recovery_seconds, renewal.delay_seconds
            );
            return Err(reader.refuse(&key("recovery_seconds"), problem));
        }
        Ok((enabled.then_some(renewal), max_session_seconds))
    }
}
