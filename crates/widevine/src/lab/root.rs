//! The lab root of trust, with all its keys.

use std::fmt;
use std::thread;

use aws_lc_rs::rsa::KeySize;
use drm_primitives::Random;
use prost::Message as _;

use super::authority::Authority;
use super::credentials::Credentials;
use super::profile::{DeviceType, PROFILES, Profile};
use crate::device::DeviceLevel;
use crate::issuer::{Issuer, IssuerError, ServiceCredential};
use crate::messages::{CertificateType, DrmCertificate, ServiceType, SignedDrmCertificate};
use crate::service::SERVICE_KEY_HISTORY_SECONDS;

/// Whose the lab's service certificate is.
const PROVIDER: &[u8] = b"lab.boxoffice";

/// The lab root of trust, with all its keys. Never printed.
pub struct LabRoot {
    pub(super) root: Authority,
    /// The newest first: it is in use, the others are kept.
    pub(super) services: Vec<LabService>,
    pub(super) devices: Vec<LabDevice>,
}

/// A service certificate of the lab with its key.
pub struct LabService {
    pub(super) certificate: Vec<u8>,
    pub(super) credentials: Credentials,
    pub(super) retired_at: Option<i64>,
}

/// A lab device with its model.
pub struct LabDevice {
    pub(super) profile: &'static Profile,
    pub(super) model: Authority,
    pub(super) credentials: Credentials,
    pub(super) client_id: Vec<u8>,
}

impl LabRoot {
    /// Makes a root of trust with new keys, all at once on threads of their own. `now` is in unix seconds;
    /// `random` gives the serial numbers, the RSA library its own keys. Takes a second or so.
    #[must_use]
    pub fn generate(now: i64, random: &dyn Random) -> Self {
        let keys = Keys::generate();
        let certificate = DrmCertificate {
            certificate_type: Some(CertificateType::Root.into()),
            serial_number: Some(vec![0]),
            creation_time_seconds: Some(creation_time(now)),
            public_key: Some(keys.root.public_key.clone()),
            ..DrmCertificate::default()
        };
        let root = Authority::self_signed(&certificate, keys.root);
        let services = vec![LabService::certified_by(&root, keys.service, now, random)];
        let devices = PROFILES.iter().zip(keys.devices).map(|(profile, (model, device))| {
            LabDevice::certified_by(&root, profile, model, device, now, random)
        });
        let devices = devices.collect();
        Self { root, services, devices }
    }

    /// Puts a new service certificate in use. The old one keeps opening identities for 30 days; those that
    /// are past that are dropped.
    pub fn replace_service_certificate(&mut self, now: i64, random: &dyn Random) {
        for service in &mut self.services {
            service.retired_at.get_or_insert(now);
        }
        self.services.retain(|service| {
            service.retired_at.is_none_or(|at| now <= at.saturating_add(SERVICE_KEY_HISTORY_SECONDS))
        });
        let credentials = Credentials::generate(KeySize::Rsa2048);
        self.services.insert(0, LabService::certified_by(&self.root, credentials, now, random));
    }

    /// The issuer that serves these devices.
    ///
    /// # Errors
    /// [`IssuerError`], which only stored bytes that were tampered with can cause.
    pub fn issuer(&self) -> Result<Issuer, IssuerError> {
        let services: Vec<ServiceCredential<'_>> = self
            .services
            .iter()
            .map(|service| ServiceCredential {
                certificate: &service.certificate,
                private_key: &service.credentials.private_key,
                retired_at: service.retired_at,
            })
            .collect();
        Issuer::new(self.root.certificate(), &services)
    }

    /// The root, which certifies services and models.
    #[must_use]
    pub const fn root(&self) -> &Authority {
        &self.root
    }

    /// The service certificates, the one in use first.
    #[must_use]
    pub fn services(&self) -> &[LabService] {
        &self.services
    }

    /// The devices.
    #[must_use]
    pub fn devices(&self) -> &[LabDevice] {
        &self.devices
    }

    /// The device called `name`: `android-l1`, `android-l3` or `chrome-l3`.
    #[must_use]
    pub fn device(&self, name: &str) -> Option<&LabDevice> {
        self.devices.iter().find(|device| device.name() == name)
    }
}

impl LabService {
    fn certified_by(root: &Authority, credentials: Credentials, now: i64, random: &dyn Random) -> Self {
        let certificate = DrmCertificate {
            certificate_type: Some(CertificateType::Service.into()),
            serial_number: Some(random.array::<16>().to_vec()),
            creation_time_seconds: Some(creation_time(now)),
            public_key: Some(credentials.public_key.clone()),
            provider_id: Some(PROVIDER.to_vec()),
            service_types: vec![ServiceType::LicenseServerSdk.into()],
            ..DrmCertificate::default()
        };
        Self { certificate: root.sign(&certificate).encode_to_vec(), credentials, retired_at: None }
    }

    /// The `SignedDrmCertificate`.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// When it was replaced, unix seconds.
    #[must_use]
    pub const fn retired_at(&self) -> Option<i64> {
        self.retired_at
    }
}

impl LabDevice {
    fn certified_by(
        root: &Authority,
        profile: &'static Profile,
        model: Credentials,
        device: Credentials,
        now: i64,
        random: &dyn Random,
    ) -> Self {
        let certificate = DrmCertificate {
            certificate_type: Some(CertificateType::DeviceModel.into()),
            serial_number: Some(random.array::<16>().to_vec()),
            creation_time_seconds: Some(creation_time(now)),
            public_key: Some(model.public_key.clone()),
            system_id: Some(profile.system_id),
            test_device_deprecated: Some(true),
            ..DrmCertificate::default()
        };
        let model = Authority::new(root.sign(&certificate).encode_to_vec(), model)
            .expect("a key pair of 2048 bits can sign");
        let certificate = DrmCertificate {
            certificate_type: Some(CertificateType::Device.into()),
            serial_number: Some(random.array::<16>().to_vec()),
            creation_time_seconds: Some(creation_time(now)),
            public_key: Some(device.public_key.clone()),
            system_id: Some(profile.system_id),
            ..DrmCertificate::default()
        };
        let token =
            SignedDrmCertificate { signer: Some(model.certificate().to_vec()), ..model.sign(&certificate) };
        let client_id = profile.client_id(token.encode_to_vec());
        Self { profile, model, credentials: device, client_id }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.profile.name
    }

    /// What kind of device it is.
    #[must_use]
    pub const fn device_type(&self) -> DeviceType {
        self.profile.device_type
    }

    /// How well it guards keys.
    #[must_use]
    pub const fn level(&self) -> DeviceLevel {
        self.profile.level
    }

    /// Its model's system id.
    #[must_use]
    pub const fn system_id(&self) -> u32 {
        self.profile.system_id
    }

    /// Its model, which certifies devices.
    #[must_use]
    pub const fn model(&self) -> &Authority {
        &self.model
    }

    /// Its `ClientIdentification`.
    #[must_use]
    pub fn client_id(&self) -> &[u8] {
        &self.client_id
    }

    /// Its private key, PKCS#1 DER.
    #[must_use]
    pub fn private_key(&self) -> &[u8] {
        &self.credentials.private_key
    }

    /// Its public key, PKCS#1 DER.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.credentials.public_key
    }
}

impl fmt::Debug for LabRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabRoot").field("devices", &self.devices).finish_non_exhaustive()
    }
}

impl fmt::Debug for LabService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabService").field("retired_at", &self.retired_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for LabDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabDevice({})", self.name())
    }
}

/// The eight keys.
struct Keys {
    root: Credentials,
    service: Credentials,
    /// Of model and device, in the order of the profiles.
    devices: Vec<(Credentials, Credentials)>,
}

impl Keys {
    /// Makes each on a thread of its own: RSA keys are found by luck, which is best sought in parallel.
    fn generate() -> Self {
        thread::scope(|scope| {
            let start = |size| move || Credentials::generate(size);
            let root = scope.spawn(start(KeySize::Rsa3072));
            let service = scope.spawn(start(KeySize::Rsa2048));
            let pair =
                |_: &Profile| [scope.spawn(start(KeySize::Rsa2048)), scope.spawn(start(KeySize::Rsa2048))];
            let devices: Vec<_> = PROFILES.iter().map(pair).collect();
            let devices = devices.into_iter().map(|[model, device]| (finish(model), finish(device)));
            let devices = devices.collect();
            Self { root: finish(root), service: finish(service), devices }
        })
    }
}

fn finish(thread: thread::ScopedJoinHandle<'_, Credentials>) -> Credentials {
    thread.join().expect("making a key does not panic")
}

fn creation_time(now: i64) -> u32 {
    u32::try_from(now.max(0)).unwrap_or(u32::MAX)
}
