//! How the lab root of trust is stored: in clear, so the caller wraps it.
//!
//! `BXWV`, one byte of version, then fields, each behind its length as a big-endian u32:
//!
//! - the root: certificate, private key
//! - the number of services (big-endian u32); each: certificate, private key, and 0 or 8 bytes of the time at
//!   which it was replaced (big-endian i64, unix seconds)
//! - the number of devices (big-endian u32); each: name, model certificate, model private key, device private
//!   key, `ClientIdentification`
//!
//! Certificates are `SignedDrmCertificate`, private keys PKCS#1 DER. Nothing follows.

use thiserror::Error;
use zeroize::Zeroizing;

use super::authority::Authority;
use super::credentials::Credentials;
use super::profile::Profile;
use super::root::{LabDevice, LabRoot, LabService};

const MAGIC: &[u8; 4] = b"BXWV";
const VERSION: u8 = 1;

/// Why bytes are no stored lab root of trust.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum LabRootError {
    /// Something else altogether.
    #[error("not a stored Widevine lab root of trust")]
    Magic,
    /// Written by a newer program.
    #[error("the stored lab root of trust has version {got}, expected {VERSION}")]
    Version {
        /// The version.
        got: u8,
    },
    /// Cut short, or with something behind it.
    #[error("the stored lab root of trust is cut short or has a tail")]
    Length,
    /// A private key that is none.
    #[error("the stored lab root of trust has a private key that is none")]
    PrivateKey,
    /// A device that this program does not know.
    #[error("the stored lab root of trust has an unknown device")]
    UnknownDevice,
    /// The certificates do not belong together.
    #[error("the stored lab root of trust: {0}")]
    Certificates(#[from] crate::issuer::IssuerError),
}

impl LabRoot {
    /// All of it, private keys in clear: for a place that is wrapped by somebody else.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer(Zeroizing::new(Vec::with_capacity(32 * 1024)));
        writer.0.extend_from_slice(MAGIC);
        writer.0.push(VERSION);
        writer.field(&self.root.certificate);
        writer.field(&self.root.credentials.private_key);
        writer.count(self.services.len());
        for service in &self.services {
            writer.field(&service.certificate);
            writer.field(&service.credentials.private_key);
            match service.retired_at {
                None => writer.field(&[]),
                Some(at) => writer.field(&at.to_be_bytes()),
            }
        }
        writer.count(self.devices.len());
        for device in &self.devices {
            writer.field(device.name().as_bytes());
            writer.field(&device.model.certificate);
            writer.field(&device.model.credentials.private_key);
            writer.field(&device.credentials.private_key);
            writer.field(&device.client_id);
        }
        writer.0
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`LabRootError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LabRootError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(LabRootError::Magic)?;
        let mut reader = match rest.split_first() {
            Some((&VERSION, rest)) => Reader(rest),
            Some((&got, _)) => return Err(LabRootError::Version { got }),
            None => return Err(LabRootError::Length),
        };
        let root = reader.authority()?;
        let mut services = Vec::new();
        for _ in 0..reader.number()? {
            let certificate = reader.field()?.to_vec();
            let credentials = reader.credentials()?;
            let retired_at = match reader.field()? {
                [] => None,
                time => Some(i64::from_be_bytes(time.try_into().map_err(|_| LabRootError::Length)?)),
            };
            services.push(LabService { certificate, credentials, retired_at });
        }
        let mut devices = Vec::new();
        for _ in 0..reader.number()? {
            let profile = Profile::named(reader.field()?).ok_or(LabRootError::UnknownDevice)?;
            let model = reader.authority()?;
            let credentials = reader.credentials()?;
            let client_id = reader.field()?.to_vec();
            devices.push(LabDevice { profile, model, credentials, client_id });
        }
        if !reader.0.is_empty() {
            return Err(LabRootError::Length);
        }
        let lab = Self { root, services, devices };
        lab.issuer()?;
        Ok(lab)
    }
}

struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    fn field(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("certificates and keys are a few kilobytes");
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn count(&mut self, count: usize) {
        let count = u32::try_from(count).expect("fewer than 2^32 of anything fit into memory");
        self.0.extend_from_slice(&count.to_be_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<u32, LabRootError> {
        let (&number, rest) = self.0.split_first_chunk().ok_or(LabRootError::Length)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(number))
    }

    fn field(&mut self) -> Result<&'a [u8], LabRootError> {
        let length = usize::try_from(self.number()?).map_err(|_| LabRootError::Length)?;
        let (field, rest) = self.0.split_at_checked(length).ok_or(LabRootError::Length)?;
        self.0 = rest;
        Ok(field)
    }

    fn credentials(&mut self) -> Result<Credentials, LabRootError> {
        Credentials::from_private_key(self.field()?).ok_or(LabRootError::PrivateKey)
    }

    fn authority(&mut self) -> Result<Authority, LabRootError> {
        let certificate = self.field()?.to_vec();
        Authority::new(certificate, self.credentials()?).ok_or(LabRootError::PrivateKey)
    }
}
