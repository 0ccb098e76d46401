//! How the material is stored: `BXPR`, u8 version 1, six scalars of 32 bytes (root, company, group, server,
//! licence CA, licence signer), then the two chains, each after its length as u32. Big-endian.

use thiserror::Error;
use zeroize::Zeroizing;

use super::Material;
use crate::bcert::{Chain, ChainSyntaxError};
use crate::curve::{self, PrivateKey};
use crate::reader::Reader;

const MAGIC: [u8; 4] = *b"BXPR";
const VERSION: u8 = 1;

/// Why bytes are no material.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum MaterialError {
    /// Another magic or version, or lengths that do not add up.
    #[error("the bytes are no PlayReady lab material of version {VERSION}")]
    Form,
    /// A scalar out of range.
    #[error("a private key is out of range")]
    PrivateKey,
    /// A chain that is none.
    #[error(transparent)]
    Chain(#[from] ChainSyntaxError),
    /// Keys and certificates of different labs.
    #[error("the certificates do not belong to the keys")]
    Mismatch,
}

impl Material {
    /// The bytes to store, after wrapping them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let chains = [&self.group_chain, &self.signing_chain].map(Chain::to_bytes);
        let length = MAGIC.len() + 1 + 6 * 32 + chains.iter().map(|chain| 4 + chain.len()).sum::<usize>();
        // Reserved at once: what a growing vector leaves behind is not wiped.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.extend(MAGIC);
        bytes.push(VERSION);
        for key in self.keys() {
            bytes.extend(key.expose().iter());
        }
        for chain in chains {
            bytes.extend(
                u32::try_from(chain.len()).expect("a chain is a few hundred bytes long").to_be_bytes(),
            );
            bytes.extend(chain);
        }
        bytes
    }

    /// Reads what [`Material::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`MaterialError`], also where keys and certificates do not belong together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MaterialError> {
        let mut reader = Reader::new(bytes);
        if reader.array() != Some(MAGIC) || reader.array() != Some([VERSION]) {
            return Err(MaterialError::Form);
        }
        let mut key = || {
            let scalar = Zeroizing::new(reader.array().ok_or(MaterialError::Form)?);
            PrivateKey::from_bytes(&scalar).map_err(|_| MaterialError::PrivateKey)
        };
        let (root, company, group) = (key()?, key()?, key()?);
        let (server, licence_authority, licence_signer) = (key()?, key()?, key()?);
        let mut chain = || {
            let length = reader.length().ok_or(MaterialError::Form)?;
            let bytes = reader.take(length).ok_or(MaterialError::Form)?;
            Chain::parse(bytes).map_err(MaterialError::from)
        };
        let (group_chain, signing_chain) = (chain()?, chain()?);
        if !reader.is_empty() {
            return Err(MaterialError::Form);
        }
        let material = Self {
            root,
            company,
            group,
            server,
            licence_authority,
            licence_signer,
            group_chain,
            signing_chain,
        };
        if material.belongs_together() { Ok(material) } else { Err(MaterialError::Mismatch) }
    }

    fn keys(&self) -> [&PrivateKey; 6] {
        [&self.root, &self.company, &self.group, &self.server, &self.licence_authority, &self.licence_signer]
    }

    fn belongs_together(&self) -> bool {
        let chains = [
            (&self.group_chain, [&self.group, &self.company]),
            (&self.signing_chain, [&self.licence_signer, &self.licence_authority]),
        ];
        chains.into_iter().all(|(chain, [leaf, authority])| {
            let certificates = chain.certificates();
            let links = [(leaf, authority), (authority, &self.root)];
            certificates.len() == links.len()
                && certificates.iter().zip(links).all(|(certificate, (own, issuer))| {
                    let key = certificate.body().keys().first().map(|certified| certified.key);
                    key == Some(*own.public().as_bytes())
                        && certificate.issuer_key() == issuer.public().as_bytes()
                        && curve::verify(
                            certificate.issuer_key(),
                            certificate.signed_bytes(),
                            certificate.signature(),
                        )
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use drm_primitives::SequenceRandom;

    use super::*;

    #[test]
    fn material_comes_back_as_it_was_stored() {
        let material = Material::generate(&SequenceRandom::new(1)).unwrap();
        let bytes = material.to_bytes();
        let read = Material::from_bytes(&bytes).unwrap();
        assert_eq!(*read.to_bytes(), *bytes);
        assert_eq!(read.root_public_key(), material.root_public_key());
        assert!(material.group_chain().to_bytes().len() < 900);
    }

    #[test]
    fn truncated_longer_and_mixed_material_is_refused() {
        let [one, two] =
            [1, 2].map(|seed| Material::generate(&SequenceRandom::new(seed)).unwrap().to_bytes());
        for end in 0..one.len() {
            assert!(Material::from_bytes(&one[..end]).is_err(), "{end}");
        }
        assert_eq!(Material::from_bytes(&[one.as_slice(), &[0]].concat()).unwrap_err(), MaterialError::Form);
        let mixed = [&one[..5 + 6 * 32], &two[5 + 6 * 32..]].concat();
        assert_eq!(Material::from_bytes(&mixed).unwrap_err(), MaterialError::Mismatch);
        let mut zero = one.to_vec();
        zero[5..37].fill(0);
        assert_eq!(Material::from_bytes(&zero).unwrap_err(), MaterialError::PrivateKey);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let material = Material::generate(&SequenceRandom::new(1)).unwrap();
        let scalar = drm_primitives::hex::encode(material.group.expose().as_slice());
        let printed = format!("{material:?} {:?} {:?}", material.export(), material.group_files());
        assert!(!printed.contains(&scalar));
    }

    #[test]
    fn the_exported_files_have_their_lengths() {
        let files = Material::generate(&SequenceRandom::new(1)).unwrap().export();
        let listed: Vec<_> = files.iter().map(|file| (file.name, file.bytes.len(), file.secret)).collect();
        assert_eq!(
            listed,
            [
                ("playready/root-public-key.bin", 64, false),
                ("playready/server-public-key.bin", 64, false),
                ("playready/bgroupcert.dat", 792, false),
                ("playready/zgpriv.dat", 32, true),
            ]
        );
    }
}
