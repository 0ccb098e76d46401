//! A lab, a customer, and players: what a PlayReady test begins with.

use drm_primitives::{ContentKey, Kid, Random, SystemRandom};
use playready::checksum::checksum;
use playready::lab::{GroupFiles, Material};
use playready::lab_client::{
    self, ChallengeRequest, Expectation, Granted, HeaderKey, LabDevice, LeafSettings, ReceivedFault,
    Verifier, Violation, header_text, protocol_version_for,
};
use playready::policy::OutputProtectionLevels;
use playready::{Algorithm, LicencePolicy, SecurityLevel};
use serde_json::Value;

use crate::kit::{Answer, Customer, Lab, NOW, Request};

/// KIDs and content keys of three tracks, big-endian.
pub const TRACKS: [(&str, &str); 3] = [
    ("33e0008cc44447709899a321e079dd36", "00112233445566778899aabbccddeeff"),
    ("0123456789abcdef0123456789abcdef", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    ("80ea8bc8a58f990ad1f76bc665b30bfa", "fedcba98765432100123456789abcdef"),
];

/// Five levels, each another one, so that none can stand in for another.
pub const OPLS: &str = "analogVideoOPL=200&compressedDigitalAudioOPL=250&compressedDigitalVideoOPL=400\
                        &uncompressedDigitalAudioOPL=300&uncompressedDigitalVideoOPL=270";

/// Where PlayReady tokens are redeemed.
pub const RIGHTS: &str = "/hms/pr/rights/";

/// A lab and a customer of its test environment.
pub struct World {
    pub lab: Lab,
    pub customer: Customer,
}

/// A refusal, as a player and as a person read it.
#[derive(Debug)]
pub struct Refused {
    pub fault: ReceivedFault,
    /// The JSON of `CustomData`.
    pub json: Value,
}

impl World {
    pub async fn new() -> Self {
        Self::with_settings("").await
    }

    pub async fn with_settings(settings: &str) -> Self {
        let lab = Lab::with_settings(settings).await;
        Self { customer: lab.account().await, lab }
    }

    /// Asks for a token of this customer.
    pub async fn ask(&self, parameters: &str) -> Answer {
        self.lab.ask_for_token(&self.customer, "pr", parameters).await
    }

    /// A token: `parameters` as they stand in a query.
    pub async fn token(&self, parameters: &str) -> String {
        let answer = self.ask(parameters).await;
        assert_eq!(answer.status, 200, "{parameters}: {}", answer.text());
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// A purchase of the first `count` tracks, and what else is said.
    pub async fn purchase(&self, count: usize, further: &str) -> String {
        self.token(&format!("{}&rightsType=BuyToOwn&{OPLS}&{further}", tracks(count))).await
    }

    /// The lab's files, as `boxoffice lab export` writes them.
    pub fn material(&self) -> &Material {
        &self.lab.app.issuers().lab().playready_material
    }

    /// A device of the lab's own group, level 2000.
    pub fn device(&self) -> LabDevice {
        self.device_with(&LeafSettings::new((&SystemRandom as &dyn drm_primitives::Random).array()))
    }

    pub fn device_with(&self, settings: &LeafSettings) -> LabDevice {
        provision(&self.material().group_files(), settings)
    }

    /// A device of another model of the same company.
    pub fn device_at(&self, level: u32) -> LabDevice {
        let group = self.material().make_group(level, &SystemRandom).unwrap();
        provision(&group, &LeafSettings::new((&SystemRandom as &dyn drm_primitives::Random).array()))
    }

    pub fn challenge(&self, device: &LabDevice, request: &ChallengeRequest) -> Vec<u8> {
        let server = self.material().server_public_key();
        device.challenge(request, server.as_bytes(), &SystemRandom).unwrap()
    }

    /// Posts a challenge with the token in the query.
    pub async fn post(&self, token: &str, challenge: impl Into<Vec<u8>>) -> Answer {
        self.lab.send(at(token, challenge)).await
    }

    /// Posts a challenge whose answer has to be a fault.
    pub async fn refused(&self, token: &str, challenge: impl Into<Vec<u8>>) -> Refused {
        fault(&self.post(token, challenge).await, RIGHTS)
    }

    /// A new device redeems a token for the tracks, and gets a licence for these policies.
    pub async fn redeem(
        &self,
        token: &str,
        request: &ChallengeRequest,
        asked: &[Kid],
        policies: &[LicencePolicy],
    ) {
        let device = self.device();
        let answer = self.post(token, self.challenge(&device, request)).await;
        self.verify(&device, request, asked, &answer, policies).unwrap();
    }

    /// What the strict client says of an answer.
    pub fn verify(
        &self,
        device: &LabDevice,
        request: &ChallengeRequest,
        asked: &[Kid],
        answer: &Answer,
        policies: &[LicencePolicy],
    ) -> Result<Granted, Violation> {
        check_player_headers(answer);
        let expectation = Expectation { policies, begin_tolerance: 0 };
        let mut verifier = Verifier::new(*self.material().root_public_key().as_bytes());
        verifier.verify(device, request, asked, &received(answer), self.now(), Some(&expectation))
    }

    /// The service's time.
    pub fn now(&self) -> i64 {
        self.lab.app.now().as_second()
    }
}

/// Posts a challenge with a token in the query, as players do.
pub fn at(token: &str, challenge: impl Into<Vec<u8>>) -> Request {
    let target = format!("{RIGHTS}?ExpressPlayToken={token}");
    let action = "\"http://schemas.microsoft.com/DRM/2007/03/protocols/AcquireLicense\"";
    Request::post(target, "text/xml; charset=utf-8", challenge).header("SOAPAction", action)
}

/// `kid` and `contentKey` of the first tracks: plain for one, with indices for several.
pub fn tracks(count: usize) -> String {
    if count == 1 {
        let (kid, key) = TRACKS[0];
        return format!("kid={kid}&contentKey={key}");
    }
    let of_index =
        |(index, (kid, key)): (usize, &(&str, &str))| format!("kid.{index}={kid}&contentKey.{index}={key}");
    TRACKS[..count].iter().enumerate().map(of_index).collect::<Vec<_>>().join("&")
}

pub fn kid(track: usize) -> Kid {
    Kid::from_hex(TRACKS[track].0.as_bytes()).unwrap()
}

pub fn kids(count: usize) -> Vec<Kid> {
    (0..count).map(kid).collect()
}

fn content_key(track: usize) -> ContentKey {
    ContentKey::from_hex(TRACKS[track].1.as_bytes()).unwrap()
}

/// What a purchase of a track grants: nothing but what its token request says.
pub fn purchased(track: usize) -> LicencePolicy {
    LicencePolicy {
        kid: kid(track),
        content_key: content_key(track),
        algorithm: Algorithm::AesCtr,
        minimum_security_level: SecurityLevel::Sl2000,
        persistent: false,
        begin_date: None,
        expiration_date: None,
        expiration_after_first_play: None,
        output_protection: OutputProtectionLevels {
            compressed_digital_video: 400,
            uncompressed_digital_video: 270,
            analog_video: 200,
            compressed_digital_audio: 250,
            uncompressed_digital_audio: 300,
        },
        play_enablers: Vec::new(),
        explicit_outputs: Vec::new(),
        output_control_flags: 0,
        extension: None,
    }
}

/// A header of a version for these tracks, with checksums where the cipher has them.
pub fn header(version: &str, algorithm: Option<&str>, tracks: &[usize]) -> ChallengeRequest {
    let counted = algorithm != Some("AESCBC") && (version < "4.3" || algorithm.is_some());
    let key = |&track: &usize| HeaderKey {
        kid: kid(track),
        checksum: counted.then(|| checksum(&content_key(track), &kid(track))),
    };
    header_of(version, algorithm, &tracks.iter().map(key).collect::<Vec<_>>())
}

pub fn header_of(version: &str, algorithm: Option<&str>, keys: &[HeaderKey]) -> ChallengeRequest {
    let text = header_text(version, algorithm, keys);
    ChallengeRequest::new(text, protocol_version_for(version), NOW, &SystemRandom)
}

/// So many random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let random: &dyn Random = &SystemRandom;
    random.array()
}

/// A request for the first track, of an ordinary client.
pub fn plain() -> ChallengeRequest {
    header("4.0.0.0", Some("AESCTR"), &[0])
}

fn provision(group: &GroupFiles, settings: &LeafSettings) -> LabDevice {
    LabDevice::provision(&group.bgroupcert, &group.zgpriv, settings, &SystemRandom).unwrap()
}

/// An answer as the lab's client takes it.
fn received(answer: &Answer) -> lab_client::Answer<'_> {
    lab_client::Answer {
        status: answer.status,
        content_type: answer.header("content-type"),
        body: &answer.body,
    }
}

/// An answer that has to be a fault by the rules of playready.md, section 6.
pub fn fault(answer: &Answer, actor: &str) -> Refused {
    check_player_headers(answer);
    let fault = Verifier::verify_fault(&received(answer)).unwrap();
    let json: Value = serde_json::from_str(&fault.custom_data).unwrap();
    assert_eq!(fault.actor, actor);
    assert_eq!(json["request_id"], answer.header("x-request-id"));
    assert!(json["status"].is_u64() && json["hint"].is_string(), "{json}");
    Refused { fault, json }
}

/// What a player in a browser needs of every answer.
pub fn check_player_headers(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-expose-headers"), "x-request-id, x-boxoffice-not-granted");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-request-id").len(), 26);
}

impl Refused {
    /// `StatusCode`, event code, `status` and `reason`: a row of the table in section 6.
    pub fn row(&self) -> (&str, i64, u64, &str) {
        let reason = self.fault.reason.as_deref().unwrap_or("");
        (self.fault.status_code, self.fault.code, self.json["status"].as_u64().unwrap(), reason)
    }

    pub fn hint(&self) -> &str {
        self.json["hint"].as_str().unwrap()
    }
}
