//! `[environments.*.fairplay]`: the operator's key server module (fairplay.md, section 5).

use std::path::PathBuf;

use super::encryption;
use super::error::ConfigError;
use super::reader::Reader;
use super::server::TlsFiles;
use super::url::ServiceUrl;
use super::widevine::CallLimits;

/// How the operator's key server module is reached.
#[derive(Clone, Debug)]
pub struct FairPlayConfig {
    /// Its addresses.
    pub endpoints: Vec<ServiceUrl>,
    /// A private authority that vouches for them, as PEM.
    pub ca: Option<PathBuf>,
    /// What we show of ourselves.
    pub client: Option<TlsFiles>,
    /// Bounds of a call.
    pub limits: CallLimits,
    /// The least copy protection of outputs: -1, 0 or 1; it raises what a track has by itself.
    pub min_hdcp_type: i64,
    /// Item statuses that blame the player's message.
    pub spc_statuses: Vec<i64>,
    /// The public certificate that players need.
    pub certificate: Option<PathBuf>,
}

impl FairPlayConfig {
    /// `None` where no module is configured.
    pub(super) fn read(reader: &mut Reader, environment: &str) -> Result<Option<Self>, ConfigError> {
        let table = format!("environments.{environment}.fairplay");
        let present = reader.has_table(&table);
        let key = |name: &str| format!("{table}.{name}");
        let endpoints: Vec<ServiceUrl> = reader.or(
            &key("endpoints"),
            "addresses of the key server module: https, or http or unix: to this machine",
            Vec::new(),
        )?;
        let ca = reader.optional(&key("ca"), "PEM file of a private authority for the endpoints")?;
        let certificate =
            reader.optional(&key("client.certificate"), "PEM file: our certificate for the module")?;
        let client_key = reader.optional(&key("client.key"), "PEM file: its private key")?;
        let limits = CallLimits::read(reader, &table, (1_500, 4_000, 64))?;
        let about = "least HDCP type of every licence: -1 (what its track has), 0 or 1; raises, never lowers";
        let min_hdcp_type = reader.or(&key("min_hdcp_type"), about, -1)?;
        if !(-1..=1).contains(&min_hdcp_type) {
            let problem = format!("got {min_hdcp_type}, expected -1, 0 or 1");
            return Err(reader.refuse(&key("min_hdcp_type"), problem));
        }
        let about = "item statuses that blame the player's message";
        let spc_statuses = reader.or(&key("spc_statuses"), about, vec![-42_580])?;
        let public = reader.optional(&key("certificate"), "the public certificate that players need")?;
        if !present {
            reader.is_off(&table);
            return Ok(None);
        }
        if endpoints.is_empty() {
            return Err(reader.refuse(&key("endpoints"), "got none, expected at least one address"));
        }
        let of_tls = [key("ca"), key("client.certificate"), key("client.key")];
        encryption::check(reader, &of_tls.each_ref().map(String::as_str), &endpoints)?;
        let client = match (certificate, client_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(reader.refuse(&key("client"), "needs both certificate and key"));
            }
        };
        Ok(Some(Self { endpoints, ca, client, limits, min_hdcp_type, spc_statuses, certificate: public }))
    }
}
