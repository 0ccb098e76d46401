//! Makes the keys and certificates of section 11.

use drm_primitives::Random;

use super::{ExportedFile, GroupFiles, Material};
use crate::bcert::{
    Basic, Certificate, CertificateBody, CertifiedKey, Chain, Manufacturer, Object, ObjectContent, kind,
    sha256, usage,
};
use crate::curve::{Exhausted, PrivateKey, PublicKey};

const COMPANY_LEVEL: u32 = 3000;
const GROUP_LEVEL: u32 = 2000;
const SIGNER_LEVEL: u32 = 2000;

/// What a certificate of the lab says.
struct Profile<'a> {
    kind: u32,
    level: u32,
    usages: &'a [u32],
    model: Option<(&'a str, &'a str)>,
}

impl Material {
    /// Makes a new lab.
    ///
    /// # Errors
    /// [`Exhausted`] where the random source fails.
    pub fn generate(random: &dyn Random) -> Result<Self, Exhausted> {
        let root = PrivateKey::generate(random)?;
        let company = PrivateKey::generate(random)?;
        let group = PrivateKey::generate(random)?;
        let server = PrivateKey::generate(random)?;
        let licence_authority = PrivateKey::generate(random)?;
        let licence_signer = PrivateKey::generate(random)?;
        let company_certificate = Profile {
            kind: kind::ISSUER,
            level: COMPANY_LEVEL,
            usages: &[usage::ISSUER_DEVICE],
            model: Some(("Lab CA", "1")),
        }
        .certify(&company.public(), &root, random);
        let group_certificate = group_profile(GROUP_LEVEL).certify(&group.public(), &company, random);
        let authority_certificate = Profile {
            kind: kind::ISSUER,
            level: COMPANY_LEVEL,
            usages: &[usage::ISSUER_SIGN_LICENSE],
            model: Some(("Lab Licence CA", "1")),
        }
        .certify(&licence_authority.public(), &root, random);
        let signer_certificate = Profile {
            kind: kind::LICENSE_SIGNER,
            level: SIGNER_LEVEL,
            usages: &[usage::SIGN_RESPONSE, usage::SIGN_LICENSE],
            model: None,
        }
        .certify(&licence_signer.public(), &licence_authority, random);
        let chain = |certificates| Chain::new(certificates).expect("two certificates are a chain");
        Ok(Self {
            root,
            company,
            group,
            server,
            licence_authority,
            licence_signer,
            group_chain: chain(vec![group_certificate, company_certificate]),
            signing_chain: chain(vec![signer_certificate, authority_certificate]),
        })
    }

    /// Another group of the same company, at another level: what devices of level 150 or 3000 are
    /// tested with.
    ///
    /// # Errors
    /// [`Exhausted`] where the random source fails.
    pub fn make_group(&self, level: u32, random: &dyn Random) -> Result<GroupFiles, Exhausted> {
        let group = PrivateKey::generate(random)?;
        let certificate = group_profile(level).certify(&group.public(), &self.company, random);
        let company = self.group_chain.certificates().last().expect("a chain has a certificate");
        let chain = Chain::new(vec![certificate, company.clone()]).expect("two certificates are a chain");
        Ok(GroupFiles { bgroupcert: chain.to_bytes(), zgpriv: group.expose() })
    }

    /// The group's two files, from which a client provisions itself.
    #[must_use]
    pub fn group_files(&self) -> GroupFiles {
        GroupFiles { bgroupcert: self.group_chain.to_bytes(), zgpriv: self.group.expose() }
    }

    /// The files of `boxoffice lab export`.
    #[must_use]
    pub fn export(&self) -> Vec<ExportedFile> {
        ExportedFile::all(self)
    }
}

const fn group_profile(level: u32) -> Profile<'static> {
    Profile { kind: kind::ISSUER, level, usages: &[usage::ISSUER_DEVICE], model: Some(("Lab Model", "L-1")) }
}

impl Profile<'_> {
    fn certify(&self, key: &PublicKey, issuer: &PrivateKey, random: &dyn Random) -> Certificate {
        let keys = vec![CertifiedKey { flags: 0, key: *key.as_bytes(), usages: self.usages.to_vec() }];
        let mut objects = vec![Object { flags: 1, content: ObjectContent::Keys(keys) }];
        if let Some((model, number)) = self.model {
            let manufacturer = Manufacturer {
                flags: 0,
                maker: b"LabCo".to_vec(),
                model: model.as_bytes().to_vec(),
                number: number.as_bytes().to_vec(),
            };
            objects.push(Object { flags: 0, content: ObjectContent::Manufacturer(manufacturer) });
        }
        let basic = Basic {
            certificate_id: random.array(),
            security_level: self.level,
            kind: self.kind,
            key_digest: sha256(key.as_bytes()),
            expiry: u32::MAX,
            client_id: [0; 16],
        };
        CertificateBody { basic, objects }.sign(&issuer.to_signing_key())
    }
}
