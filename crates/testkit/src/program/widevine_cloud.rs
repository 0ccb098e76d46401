//! `boxoffice-testkit widevine-cloud`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use drm_primitives::{base64, hex};
use rsa_pss_sha1::PublicKey;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::lab_root;
use super::listen::Listen;
use crate::widevine_cloud::{Customer, RequestKey, WidevineCloud};

/// The arguments.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    listen: Listen,
    /// The data directory whose lab devices are served; made if there is none
    #[arg(long, value_name = "DIR", default_value = "boxoffice-data")]
    data_dir: PathBuf,
    /// The provider, which is the last part of the path too
    #[arg(long, value_name = "NAME")]
    provider: String,
    /// The signer [default: the provider]
    #[arg(long, value_name = "NAME")]
    signer: Option<String>,
    /// The file of the signing key: 64 hex digits
    #[arg(long, value_name = "FILE", requires = "signing_iv_file")]
    signing_key_file: Option<PathBuf>,
    /// The file of the signing key's initialisation vector: 32 hex digits
    #[arg(long, value_name = "FILE", requires = "signing_key_file")]
    signing_iv_file: Option<PathBuf>,
    /// The file of the signer's public RSA key, PKCS#1 PEM, in place of both
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "signing_key_file",
        required_unless_present = "signing_key_file"
    )]
    signing_rsa_public_key_file: Option<PathBuf>,
}

impl Arguments {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let key = self.request_key()?;
        let path = format!("/cenc/getlicense/{}", self.provider);
        let signer = self.signer.unwrap_or_else(|| self.provider.clone());
        let customer = Customer { provider: self.provider, signer, key };
        let root = lab_root::open(self.data_dir).await?;
        let role = WidevineCloud::new(&root, customer)?;
        self.listen.serve(role, "Widevine licence service", &path).await
    }

    fn request_key(&self) -> Result<RequestKey, Failure> {
        if let (Some(key), Some(iv)) = (&self.signing_key_file, &self.signing_iv_file) {
            return Ok(RequestKey::Aes { key: Zeroizing::new(hex_file(key)?), iv: hex_file(iv)? });
        }
        let path = self.signing_rsa_public_key_file.as_deref().unwrap_or(Path::new(""));
        let text = read(path)?;
        let der = rsa_public_key(&text)
            .ok_or_else(|| key_file(path, &"expected PEM that begins with BEGIN RSA PUBLIC KEY"))?;
        let key = PublicKey::from_pkcs1(&der).map_err(|error| key_file(path, &error))?;
        Ok(RequestKey::Rsa(Arc::new(key)))
    }
}

fn rsa_public_key(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once("-----BEGIN RSA PUBLIC KEY-----")?;
    let (body, _) = rest.split_once("-----END RSA PUBLIC KEY-----")?;
    let body: String = body.split_ascii_whitespace().collect();
    base64::decode(body.as_bytes()).ok()
}

fn hex_file<const N: usize>(path: &Path) -> Result<[u8; N], Failure> {
    hex::decode(read(path)?.trim().as_bytes()).map_err(|error| key_file(path, &error))
}

fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| key_file(path, &error))
}

fn key_file(path: &Path, what: &impl ToString) -> Failure {
    Failure::KeyFile { path: path.to_owned(), what: what.to_string() }
}
