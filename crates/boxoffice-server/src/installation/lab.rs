//! The lab's roots of trust, in the database, so that every node has the same ones.

use boxoffice_core::Environment;
use boxoffice_core::key_ring::KeyId;
use boxoffice_core::seal::Envelope;
use zeroize::Zeroizing;

use super::{Installation, InstallationError, RingSet};

/// One kind of lab material; each exists in the test environment alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LabMaterial {
    /// PlayReady's six keys and their certificates.
    PlayReady,
    /// Widevine's root, service certificates and devices.
    Widevine,
}

impl LabMaterial {
    /// Both.
    pub const ALL: [Self; 2] = [Self::PlayReady, Self::Widevine];

    const fn name(self) -> &'static str {
        match self {
            Self::PlayReady => "lab-playready",
            Self::Widevine => "lab-widevine",
        }
    }

    fn damaged(self) -> InstallationError {
        InstallationError::Damaged { what: format!("the value {}", self.name()) }
    }
}

impl Installation {
    /// The material, made by `make` where there is none yet. Of several nodes that start at once the first
    /// one's insert wins, and all of them get that one.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn lab_material(
        &self,
        rings: &RingSet,
        material: LabMaterial,
        make: impl AsyncFnOnce() -> Result<Zeroizing<Vec<u8>>, InstallationError>,
    ) -> Result<Zeroizing<Vec<u8>>, InstallationError> {
        let sealed = if let Some(sealed) = self.storage.sealed_value(material.name()).await? {
            sealed
        } else {
            let sealed = self.seal_lab_material(rings, material, &make().await?);
            self.storage.keep_sealed_value(material.name(), sealed).await?
        };
        open(rings, material, &sealed)
    }

    /// Seals all material once more under the newest storage key, so that older ones can be retired.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn reseal_lab_material(&self, rings: &RingSet) -> Result<(), InstallationError> {
        for material in LabMaterial::ALL {
            let Some(sealed) = self.storage.sealed_value(material.name()).await? else { continue };
            let plain = open(rings, material, &sealed)?;
            let sealed = self.seal_lab_material(rings, material, &plain);
            self.storage.replace_sealed_value(material.name(), sealed).await?;
        }
        Ok(())
    }

    /// The storage key's number, big-endian, and the value sealed under that key.
    fn seal_lab_material(&self, rings: &RingSet, material: LabMaterial, plain: &[u8]) -> Vec<u8> {
        let key = rings.storage(Environment::Test).last().expect("a ring is never empty");
        let mut sealed = key.id.0.to_be_bytes().to_vec();
        let envelope = Envelope::new(&key.secret);
        envelope.seal_onto(&mut sealed, material.name().as_bytes(), plain, &*self.random);
        sealed
    }
}

fn open(
    rings: &RingSet,
    material: LabMaterial,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, InstallationError> {
    let (id, sealed) = sealed.split_first_chunk().ok_or_else(|| material.damaged())?;
    let id = KeyId(u32::from_be_bytes(*id));
    let key = rings.storage(Environment::Test).iter().find(|key| key.id == id);
    let envelope = Envelope::new(&key.ok_or_else(|| material.damaged())?.secret);
    envelope.open(material.name().as_bytes(), sealed).map_err(|_| material.damaged())
}
