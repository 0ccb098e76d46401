//! `DrmCertificate`: a key and what it may be used for.

/// The signed part of a certificate.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DrmCertificate {
    /// What the key is for.
    #[prost(enumeration = "CertificateType", optional, tag = "1")]
    pub certificate_type: Option<i32>,
    /// 16 bytes; the root's is one zero byte.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub serial_number: Option<Vec<u8>>,
    /// When it was made, unix seconds.
    #[prost(uint32, optional, tag = "3")]
    pub creation_time_seconds: Option<u32>,
    /// PKCS#1 `RSAPublicKey`, DER.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub public_key: Option<Vec<u8>>,
    /// The device model; never 0 in a device.
    #[prost(uint32, optional, tag = "5")]
    pub system_id: Option<u32>,
    /// A model for tests.
    #[prost(bool, optional, tag = "6")]
    pub test_device_deprecated: Option<bool>,
    /// Whose service, in a service certificate.
    #[prost(bytes = "vec", optional, tag = "7")]
    pub provider_id: Option<Vec<u8>>,
    /// Which services, in a service certificate.
    #[prost(enumeration = "ServiceType", repeated, packed = "false", tag = "8")]
    pub service_types: Vec<i32>,
    /// The kind of key; RSA if absent.
    #[prost(enumeration = "CertificateAlgorithm", optional, tag = "9")]
    pub algorithm: Option<i32>,
    /// When it ends, unix seconds; 0 or absent: never.
    #[prost(uint32, optional, tag = "12")]
    pub expiration_time_seconds: Option<u32>,
}

/// `DrmCertificate.type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum CertificateType {
    /// Signs models and services.
    Root = 0,
    /// Signs devices.
    DeviceModel = 1,
    /// Signs requests.
    Device = 2,
    /// Opens identities.
    Service = 3,
    /// Not used here.
    Provisioner = 4,
    /// Not used here.
    DeviceEmbedded = 5,
}

/// `DrmCertificate.service_types`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum ServiceType {
    /// No service; stands for absence.
    Unknown = 0,
    /// A licence server.
    LicenseServerSdk = 1,
    /// A licence proxy.
    LicenseServerProxySdk = 2,
    /// Provisioning.
    ProvisioningSdk = 3,
    /// A proxy for broadcast.
    CasProxySdk = 4,
}

/// `DrmCertificate.algorithm`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum CertificateAlgorithm {
    /// Not said.
    Unknown = 0,
    /// RSA.
    Rsa = 1,
    /// P-256.
    EccSecp256r1 = 2,
    /// P-384.
    EccSecp384r1 = 3,
    /// P-521.
    EccSecp521r1 = 4,
}
