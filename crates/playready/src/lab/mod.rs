//! The lab's root of trust: six P-256 keys, two chains, and the files that another client
//! provisions itself from (playready.md, section 11). Test environments only.

mod encoding;
mod export;
mod make;

pub use encoding::MaterialError;
pub use export::{ExportedFile, GroupFiles};

use crate::bcert::{Chain, Trust};
use crate::curve::{PrivateKey, PublicKey};
use crate::issuer::Issuer;

/// Everything that the lab is made of. Wrapped before it is stored: it holds private keys.
#[derive(Debug)]
pub struct Material {
    root: PrivateKey,
    company: PrivateKey,
    group: PrivateKey,
    server: PrivateKey,
    licence_authority: PrivateKey,
    licence_signer: PrivateKey,
    /// [group, company].
    group_chain: Chain,
    /// [licence signer, licence CA].
    signing_chain: Chain,
}

impl Material {
    /// The root's public key, the lab's only trust.
    #[must_use]
    pub fn root_public_key(&self) -> PublicKey {
        self.root.public()
    }

    /// The key that challenges are encrypted to.
    #[must_use]
    pub fn server_public_key(&self) -> PublicKey {
        self.server.public()
    }

    /// The chain of the group: [group, company].
    #[must_use]
    pub const fn group_chain(&self) -> &Chain {
        &self.group_chain
    }

    /// The chain of the licence signer: [licence signer, licence CA].
    #[must_use]
    pub const fn signing_chain(&self) -> &Chain {
        &self.signing_chain
    }

    /// The issuer of this lab.
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        let trust = Trust::new(self.root_public_key());
        Issuer::new(trust, self.server.clone(), &self.signing_chain, self.licence_signer.to_signing_key())
    }
}
