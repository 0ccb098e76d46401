//! The embedded issuers and the lab's roots of trust behind them, in the test environment alone.

use std::sync::Arc;

use widevine::lab::LabRoot;

use crate::installation::{Installation, InstallationError, LabMaterial, RingSet};

/// What the lab is made of, as the database keeps it.
pub struct Lab {
    /// PlayReady's keys and certificates.
    pub playready_material: Arc<playready::lab::Material>,
    /// The PlayReady issuer over them.
    pub playready: Arc<playready::Issuer>,
    /// Widevine's root, service certificates and devices.
    pub widevine_root: Arc<LabRoot>,
    /// The Widevine issuer over them.
    pub widevine: Arc<widevine::Issuer>,
}

impl Lab {
    /// Takes the lab out of the database, or makes it there: a second or two, at the very first start.
    ///
    /// # Errors
    /// [`InstallationError`]: the database does not answer, or what is in it does not decode.
    pub async fn open(installation: &Installation, rings: &RingSet) -> Result<Self, InstallationError> {
        let widevine_root = widevine_root(installation, rings).await?;
        let playready_material = playready_material(installation, rings).await?;
        let widevine = widevine_root.issuer().map_err(|error| InstallationError::Lab(error.to_string()))?;
        Ok(Self {
            playready: Arc::new(playready_material.issuer()),
            playready_material: Arc::new(playready_material),
            widevine: Arc::new(widevine),
            widevine_root: Arc::new(widevine_root),
        })
    }
}

async fn widevine_root(installation: &Installation, rings: &RingSet) -> Result<LabRoot, InstallationError> {
    let (now, random) = (installation.clock().now().as_second(), Arc::clone(installation.random()));
    let make = async move || {
        let made = tokio::task::spawn_blocking(move || LabRoot::generate(now, &*random).to_bytes());
        made.await.map_err(|error| InstallationError::Lab(error.to_string()))
    };
    let bytes = installation.lab_material(rings, LabMaterial::Widevine, make).await?;
    LabRoot::from_bytes(&bytes).map_err(|error| InstallationError::Lab(error.to_string()))
}

async fn playready_material(
    installation: &Installation,
    rings: &RingSet,
) -> Result<playready::lab::Material, InstallationError> {
    let random = Arc::clone(installation.random());
    let failed = |error: String| InstallationError::Lab(error);
    let make = async move || {
        let made = tokio::task::spawn_blocking(move || {
            playready::lab::Material::generate(&*random).map(|material| material.to_bytes())
        });
        let made = made.await.map_err(|error| failed(error.to_string()))?;
        made.map_err(|error| failed(error.to_string()))
    };
    let bytes = installation.lab_material(rings, LabMaterial::PlayReady, make).await?;
    playready::lab::Material::from_bytes(&bytes).map_err(|error| failed(error.to_string()))
}
