//! Makes challenges, in steps that a test can alter: request → draft (LA) → pieces → SOAP.

use std::fmt;

use drm_primitives::{Random, base64};

use super::LabDevice;
use super::crypto::{encrypt_cbc, encrypt_random_point, sha_256};

/// What a challenge shall say.
#[derive(Clone)]
pub struct ChallengeRequest {
    /// WRMHEADER.
    pub header: String,
    /// Whether it is sent as escaped text instead of as an element.
    pub header_as_text: bool,
    /// LA/Version.
    pub protocol_version: u32,
    /// CLIENTVERSION.
    pub client_version: Option<String>,
    /// `CustomData`.
    pub custom_data: Option<String>,
    /// `ClientTime`, unix seconds.
    pub client_time: Option<i64>,
    /// `LicenseNonce`.
    pub nonce: [u8; 16],
    /// `KeyName`.
    pub key_name: String,
    /// Names of the feature list.
    pub features: Vec<String>,
    /// Where the iv of the data comes from.
    pub iv: IvChoice,
    /// Whether there are line breaks inside base64 and blanks around the chain.
    pub blanks: bool,
}

/// Where the iv comes from; servers must not care.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IvChoice {
    /// Random, as some clients do.
    Random,
    /// The first half of the point's x-coordinate, as others do.
    FromPoint,
}

/// Everything in LA.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What was asked for.
    pub request: ChallengeRequest,
    /// The ElGamal ciphertext, 128 bytes.
    pub encrypted_key: Vec<u8>,
    /// iv and AES-CBC ciphertext.
    pub encrypted_data: Vec<u8>,
}

/// A signed challenge, in pieces.
#[derive(Clone)]
pub struct Pieces {
    /// `<LA …>…</LA>`.
    pub acquisition: String,
    /// `<SignedInfo …>…</SignedInfo>`.
    pub signed_info: String,
    /// r‖s.
    pub signature: Vec<u8>,
    /// X‖Y.
    pub public_key: Vec<u8>,
}

impl ChallengeRequest {
    /// An ordinary request of a client of version 4, at its time.
    #[must_use]
    pub fn new(header: String, protocol_version: u32, client_time: i64, random: &dyn Random) -> Self {
        Self {
            header,
            header_as_text: false,
            protocol_version,
            client_version: Some("4.0.0.5102".to_owned()),
            custom_data: None,
            client_time: Some(client_time),
            nonce: random.array(),
            key_name: "WMRMServer".to_owned(),
            features: vec!["AESCBC".to_owned()],
            iv: IvChoice::Random,
            blanks: false,
        }
    }
}

impl LabDevice {
    /// The SOAP body of a request, encrypted to the server's public key (X‖Y). `None` where that is no point.
    #[must_use]
    pub fn challenge(
        &self,
        request: &ChallengeRequest,
        server_key: &[u8; 64],
        random: &dyn Random,
    ) -> Option<Vec<u8>> {
        let draft = self.draft(request, server_key, random)?;
        Some(self.sign(draft.acquisition()).to_soap())
    }

    /// Encrypts the chain. `None` where the server's key is no point.
    #[must_use]
    pub fn draft(
        &self,
        request: &ChallengeRequest,
        server_key: &[u8; 64],
        random: &dyn Random,
    ) -> Option<Draft> {
        self.draft_around(request, &self.data(request), server_key, random)
    }

    /// Encrypts a text of the caller's in place of the usual `Data`.
    #[must_use]
    pub fn draft_around(
        &self,
        request: &ChallengeRequest,
        data: &str,
        server_key: &[u8; 64],
        random: &dyn Random,
    ) -> Option<Draft> {
        let (ciphertext, x) = encrypt_random_point(server_key, random)?;
        let (first, key) = (x.first_chunk::<16>()?, x.last_chunk::<16>()?);
        let iv = match request.iv {
            IvChoice::Random => random.array(),
            IvChoice::FromPoint => *first,
        };
        let encrypted_data = [iv.as_slice(), &encrypt_cbc(key, iv, data.as_bytes())].concat();
        Some(Draft { request: request.clone(), encrypted_key: ciphertext.to_vec(), encrypted_data })
    }

    /// What a client encrypts: its chain and its features.
    #[must_use]
    pub fn data(&self, request: &ChallengeRequest) -> String {
        let features: Vec<String> =
            request.features.iter().map(|name| format!("<Feature Name=\"{name}\">Yes</Feature>")).collect();
        let blank = if request.blanks { " " } else { "" };
        format!(
            "<Data><CertificateChains><CertificateChain>{blank}{}{blank}</CertificateChain></CertificateChains><Features>{}</Features></Data>",
            base64::encode(&self.chain),
            features.concat(),
        )
    }

    /// Signs an LA.
    #[must_use]
    pub fn sign(&self, acquisition: String) -> Pieces {
        let signed_info = signed_info(&sha_256(acquisition.as_bytes()));
        let signature = self.signing_key.sign(signed_info.as_bytes()).to_vec();
        Pieces { acquisition, signed_info, signature, public_key: self.signing_key.public().to_vec() }
    }
}

impl Draft {
    /// LA.
    #[must_use]
    pub fn acquisition(&self) -> String {
        let request = &self.request;
        let optional = |value: Option<String>, name: &str| {
            value.map(|value| format!("<{name}>{value}</{name}>")).unwrap_or_default()
        };
        let header = if request.header_as_text { escaped(&request.header) } else { request.header.clone() };
        let version = optional(request.client_version.clone(), "CLIENTVERSION");
        let base64 = |bytes: &[u8]| {
            let text = base64::encode(bytes);
            if request.blanks { text.replace('A', "A\r\n ") } else { text }
        };
        [
            "<LA xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\" Id=\"SignedData\" xml:space=\"preserve\">",
            &format!("<Version>{}</Version>", request.protocol_version),
            &format!("<ContentHeader>{header}</ContentHeader>"),
            &format!("<CLIENTINFO>{version}</CLIENTINFO>"),
            "<RevocationLists><RevListInfo><ListID>ioydTlK2p0WXkWklprR5Hw==</ListID><Version>0</Version></RevListInfo></RevocationLists>",
            &optional(request.custom_data.as_deref().map(escaped), "CustomData"),
            &format!("<LicenseNonce>{}</LicenseNonce>", base64(&request.nonce)),
            &optional(request.client_time.map(|time| time.to_string()), "ClientTime"),
            "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\" Type=\"http://www.w3.org/2001/04/xmlenc#Element\">",
            "<EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"></EncryptionMethod>",
            "<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\">",
            "<EncryptionMethod Algorithm=\"http://schemas.microsoft.com/DRM/2007/03/protocols#ecc256\"></EncryptionMethod>",
            &format!(
                "<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><KeyName>{}</KeyName></KeyInfo>",
                escaped(&request.key_name)
            ),
            &format!(
                "<CipherData><CipherValue>{}</CipherValue></CipherData></EncryptedKey></KeyInfo>",
                base64(&self.encrypted_key)
            ),
            &format!(
                "<CipherData><CipherValue>{}</CipherValue></CipherData></EncryptedData></LA>",
                base64(&self.encrypted_data)
            ),
        ]
        .concat()
    }
}

impl Pieces {
    /// The SOAP body.
    #[must_use]
    pub fn to_soap(&self) -> Vec<u8> {
        [
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
            "<soap:Envelope xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>",
            "<AcquireLicense xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\"><challenge>",
            "<Challenge xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols/messages\">",
            &self.acquisition,
            "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">",
            &self.signed_info,
            &format!("<SignatureValue>{}</SignatureValue>", base64::encode(&self.signature)),
            &format!(
                "<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><KeyValue><ECCKeyValue><PublicKey>{}</PublicKey></ECCKeyValue></KeyValue></KeyInfo>",
                base64::encode(&self.public_key)
            ),
            "</Signature></Challenge></challenge></AcquireLicense></soap:Body></soap:Envelope>",
        ]
        .concat()
        .into_bytes()
    }
}

// Neither prints CustomData, which is where the token is.

impl fmt::Debug for ChallengeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeRequest")
            .field("header", &self.header)
            .field("protocol_version", &self.protocol_version)
            .field("client_version", &self.client_version)
            .field("client_time", &self.client_time)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("signed_info", &self.signed_info).finish_non_exhaustive()
    }
}

/// `SignedInfo`, in the form that both directions use (section 5).
pub(super) fn signed_info(digest: &[u8; 32]) -> String {
    let digest = base64::encode(digest);
    format!(
        r##"<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></CanonicalizationMethod><SignatureMethod Algorithm="http://schemas.microsoft.com/DRM/2007/03/protocols#ecdsa-sha256"></SignatureMethod><Reference URI="#SignedData"><DigestMethod Algorithm="http://schemas.microsoft.com/DRM/2007/03/protocols#sha256"></DigestMethod><DigestValue>{digest}</DigestValue></Reference></SignedInfo>"##
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
