//! A lab: its material, its issuer, a device of each level, and what a service does between the steps.

use std::sync::LazyLock;

use drm_primitives::{ContentKey, Kid, Random as _, SequenceRandom};
use playready::checksum::checksum;
use playready::lab::{GroupFiles, Material};
use playready::lab_client::{
    Answer, ChallengeRequest, Expectation, Granted, HeaderKey, LabDevice, LeafSettings, Verifier, Violation,
    header_text, protocol_version_for,
};
use playready::policy::{self, OutputProtectionLevels};
use playready::{
    Algorithm, Asked, Challenge, GrantedKey, Issuer, LicencePolicy, Refusal, Revocations, SecurityLevel,
};

/// 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600;

/// Made once: keys and certificates cost time, and nobody alters them.
pub static MATERIAL: LazyLock<Material> =
    LazyLock::new(|| Material::generate(&SequenceRandom::new(1)).unwrap());

pub struct Lab {
    pub issuer: Issuer,
    pub random: SequenceRandom,
    pub revocations: Revocations,
    pub now: i64,
    /// What the token grants.
    pub keys: Vec<TokenKey>,
    pub token_algorithm: Option<Algorithm>,
    pub terms: Terms,
}

pub struct TokenKey {
    pub kid: Kid,
    pub content_key: ContentKey,
    pub minimum_security_level: SecurityLevel,
}

#[derive(Clone, Default)]
pub struct Terms {
    pub persistent: bool,
    pub rental_end: Option<i64>,
    pub play_duration: Option<u32>,
}

impl Lab {
    /// A lab whose token has `count` keys for level 2000 devices.
    pub fn new(seed: u64, count: u8) -> Self {
        // Neighbouring seeds give the same sequence, one step apart.
        let random = SequenceRandom::new((seed + 1) << 32);
        let keys = (0..count)
            .map(|_| TokenKey {
                kid: Kid::from_bytes(bytes(&random)),
                content_key: ContentKey::from_bytes(bytes(&random)),
                minimum_security_level: SecurityLevel::Sl2000,
            })
            .collect();
        Self {
            issuer: MATERIAL.issuer(),
            random,
            revocations: Revocations::default(),
            now: NOW,
            keys,
            token_algorithm: None,
            terms: Terms::default(),
        }
    }

    pub fn device(&self) -> LabDevice {
        self.device_of(&MATERIAL.group_files())
    }

    pub fn device_of(&self, group: &GroupFiles) -> LabDevice {
        self.device_with(group, &LeafSettings::new(bytes(&self.random)))
    }

    pub fn device_with(&self, group: &GroupFiles, settings: &LeafSettings) -> LabDevice {
        LabDevice::provision(&group.bgroupcert, &group.zgpriv, settings, &self.random).unwrap()
    }

    pub fn device_at(&self, level: u32) -> LabDevice {
        self.device_of(&MATERIAL.make_group(level, &self.random).unwrap())
    }

    pub fn kids(&self) -> Vec<Kid> {
        self.keys.iter().map(|key| key.kid).collect()
    }

    /// A request for all of the token's keys, with checksums where the cipher has them.
    pub fn request(&self, version: &str, algorithm: Option<&str>) -> ChallengeRequest {
        let keys: Vec<HeaderKey> = self
            .keys
            .iter()
            .map(|key| HeaderKey {
                kid: key.kid,
                checksum: (algorithm == Some("AESCTR")).then(|| checksum(&key.content_key, &key.kid)),
            })
            .collect();
        self.request_for(version, algorithm, &keys)
    }

    pub fn request_for(
        &self,
        version: &str,
        algorithm: Option<&str>,
        keys: &[HeaderKey],
    ) -> ChallengeRequest {
        let header = header_text(version, algorithm, keys);
        ChallengeRequest::new(header, protocol_version_for(version), self.now, &self.random)
    }

    pub fn challenge(&self, device: &LabDevice, request: &ChallengeRequest) -> Vec<u8> {
        device.challenge(request, MATERIAL.server_public_key().as_bytes(), &self.random).unwrap()
    }

    /// What a service does with a body, in the order of section 4.
    pub fn answer(&self, body: &[u8]) -> Result<(Vec<u8>, Vec<LicencePolicy>), Refusal> {
        let challenge = Challenge::parse(body)?;
        challenge.check_version()?;
        let device = challenge.check_signature()?.open(self.issuer.server_key())?.verify(
            self.issuer.trust(),
            self.now,
            &self.revocations,
        )?;
        if let Some(end) = self.terms.rental_end {
            policy::check_rental_end(end, self.now)?;
            challenge.check_clock(self.now)?;
        }
        let granted: Vec<GrantedKey<'_>> = self
            .keys
            .iter()
            .map(|key| GrantedKey {
                kid: key.kid,
                content_key: &key.content_key,
                minimum_security_level: key.minimum_security_level,
            })
            .collect();
        let choice = Asked::from(&challenge.header()?).choose(
            &granted,
            self.token_algorithm,
            device.security_level(),
        )?;
        let policies: Vec<LicencePolicy> = choice
            .chosen
            .iter()
            .map(|&place| self.policy(&self.keys[place], choice.algorithm, challenge.client_time()))
            .collect();
        let body = self.issuer.issue(&device, &policies, challenge.nonce(), self.now, &self.random)?;
        Ok((body, policies))
    }

    fn policy(&self, key: &TokenKey, algorithm: Algorithm, client_time: Option<i64>) -> LicencePolicy {
        LicencePolicy {
            kid: key.kid,
            content_key: key.content_key.clone(),
            algorithm,
            minimum_security_level: key.minimum_security_level,
            persistent: self.terms.persistent,
            begin_date: self.terms.rental_end.map(|_| policy::rental_begin(self.now, client_time)),
            expiration_date: self.terms.rental_end,
            expiration_after_first_play: self.terms.play_duration,
            output_protection: OutputProtectionLevels::default(),
            play_enablers: vec![],
            explicit_outputs: vec![],
            output_control_flags: 0,
            extension: None,
        }
    }

    /// Redeems, and verifies the answer against the policies that it was made from.
    pub fn redeem(
        &self,
        device: &LabDevice,
        request: &ChallengeRequest,
        asked: &[Kid],
        verifier: &mut Verifier,
    ) -> Result<Granted, Violation> {
        let (body, policies) = self.answer(&self.challenge(device, request)).unwrap();
        let expectation = Expectation { policies: &policies, begin_tolerance: 0 };
        verifier.verify(device, request, asked, &ok(&body), self.now, Some(&expectation))
    }

    pub fn refusal(&self, body: &[u8]) -> Refusal {
        self.answer(body).unwrap_err()
    }
}

pub fn verifier() -> Verifier {
    Verifier::new(*MATERIAL.root_public_key().as_bytes())
}

pub fn ok(body: &[u8]) -> Answer<'_> {
    Answer { status: 200, content_type: "text/xml; charset=utf-8", body }
}

pub fn bytes<const N: usize>(random: &SequenceRandom) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}
