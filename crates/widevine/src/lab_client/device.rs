//! The device itself: its key and its identity.

use std::fmt;

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use prost::Message as _;
use rsa_pss_sha1::{Hash, PrivateKey};
use zeroize::Zeroizing;

use super::device_file::DeviceFile;
use super::fault::DeviceFileError;
use crate::messages::ClientIdentification;

/// A lab device. Its private key is never printed.
pub struct ClientDevice {
    client_id: Vec<u8>,
    level: u8,
    signing: PrivateKey,
    opening: OaepPrivateDecryptingKey,
}

impl ClientDevice {
    /// Reads a device file (`.wvd`), version 2.
    ///
    /// # Errors
    /// [`DeviceFileError`].
    pub fn from_device_file(file: &[u8]) -> Result<Self, DeviceFileError> {
        let file = DeviceFile::read(file)?;
        Self::new(file.private_key, file.client_id, file.level)
    }

    /// Takes a private key (PKCS#1 DER), a `ClientIdentification`, and the level, 1 to 3.
    ///
    /// # Errors
    /// [`DeviceFileError::PrivateKey`] or [`DeviceFileError::ClientId`].
    pub fn new(private_key: &[u8], client_id: &[u8], level: u8) -> Result<Self, DeviceFileError> {
        let identity = ClientIdentification::decode(client_id).map_err(|_| DeviceFileError::ClientId)?;
        if identity.encode_to_vec() != client_id {
            return Err(DeviceFileError::ClientId);
        }
        let signing = PrivateKey::from_pkcs1(private_key).map_err(|_| DeviceFileError::PrivateKey)?;
        let pkcs8 = pkcs8(private_key).ok_or(DeviceFileError::PrivateKey)?;
        let opening = PrivateDecryptingKey::from_pkcs8(&pkcs8)
            .ok()
            .and_then(|key| OaepPrivateDecryptingKey::new(key).ok())
            .ok_or(DeviceFileError::PrivateKey)?;
        Ok(Self { client_id: client_id.to_vec(), level, signing, opening })
    }

    /// Its `ClientIdentification`.
    #[must_use]
    pub fn client_id(&self) -> &[u8] {
        &self.client_id
    }

    /// How well it guards keys: 1 best, 3 least.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    pub(super) fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        self.signing.sign(hash, message)
    }

    /// How many bytes a session key for this device has.
    pub(super) fn modulus_bytes(&self) -> usize {
        self.opening.key_size_bytes()
    }

    /// Opens a session key.
    pub(super) fn session_key(&self, wrapped: &[u8]) -> Option<Zeroizing<[u8; 16]>> {
        let mut buffer = Zeroizing::new(vec![0; self.opening.min_output_size()]);
        let opened = self.opening.decrypt(&OAEP_SHA1_MGF1SHA1, wrapped, &mut buffer, None).ok()?;
        <[u8; 16]>::try_from(&*opened).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for ClientDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientDevice(L{})", self.level)
    }
}

/// PKCS#8 around PKCS#1, both lengths in two bytes: an RSA key is never so short that fewer would do.
fn pkcs8(pkcs1: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let inner = u16::try_from(pkcs1.len()).ok()?;
    let outer = inner.checked_add(22)?;
    let parts: [&[u8]; 5] = [
        &[0x30, 0x82],
        &outer.to_be_bytes(),
        b"\x02\x01\x00\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00\x04\x82",
        &inner.to_be_bytes(),
        pkcs1,
    ];
    Some(Zeroizing::new(parts.concat()))
}
