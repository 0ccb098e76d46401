//! The RSA operations that no Widevine licence can do without (widevine.md, section 12).

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use rsa_pss_sha1::{Hash, PrivateKey, PublicKey};

use crate::chore::Failure;

/// Keys, signatures and a wrapped key to work on. The root's and the service's keys are read once, as the
/// service does; the model's and the device's are new to it with every request.
pub struct RsaFloor {
    root: PublicKey,
    pkcs1: Vec<u8>,
    spki: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    service: OaepPrivateDecryptingKey,
    wrapped: Vec<u8>,
}

/// What `PrivateKeyInfo` puts in front of the PKCS#1 form of a key of 2048 bits.
const PKCS8_HEADER: usize = 26;
/// What `SubjectPublicKeyInfo` puts in front of it.
const SPKI_HEADER: usize = 24;

impl RsaFloor {
    /// Draws a key of 2048 bits, which stands for all of them.
    pub fn new() -> Result<Self, Failure> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048)?;
        let pkcs8: Pkcs8V1Der<'_> = key.as_der()?;
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der()?;
        let signer =
            PrivateKey::from_pkcs1(pkcs8.as_ref().get(PKCS8_HEADER..).ok_or("a short private key")?)?;
        let pkcs1 = spki.as_ref().get(SPKI_HEADER..).ok_or("a short public key")?.to_vec();
        // The length of a clear challenge's request.
        let message = vec![0x42; 2_000];
        let signature = signer.sign(Hash::Sha1, &message);
        let mut wrapped = vec![0; 256];
        let encrypting = OaepPublicEncryptingKey::new(key.public_key())?;
        encrypting.encrypt(&OAEP_SHA1_MGF1SHA1, &[7; 16], &mut wrapped, None)?;
        Ok(Self {
            root: PublicKey::from_pkcs1(&pkcs1)?,
            pkcs1,
            spki: spki.as_ref().to_vec(),
            message,
            signature,
            service: OaepPrivateDecryptingKey::new(key)?,
            wrapped,
        })
    }

    /// All of it, once; with the private decryption in privacy mode.
    pub fn once(&self, privacy: bool) -> Result<(), Failure> {
        if privacy {
            let mut key = [0; 256];
            self.service.decrypt(&OAEP_SHA1_MGF1SHA1, &self.wrapped, &mut key, None)?;
        }
        self.root.verify(Hash::Sha1, &self.message, &self.signature)?;
        PublicKey::from_pkcs1(&self.pkcs1)?.verify(Hash::Sha1, &self.message, &self.signature)?;
        PublicKey::from_pkcs1(&self.pkcs1)?.verify(Hash::Sha1, &self.message, &self.signature)?;
        let device = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&self.spki)?)?;
        let mut session_key = [0; 256];
        device.encrypt(&OAEP_SHA1_MGF1SHA1, &[7; 16], &mut session_key, None)?;
        Ok(())
    }
}
