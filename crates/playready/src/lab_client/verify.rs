//! What a strict verifier must check (section 14.3).

use std::collections::HashSet;

use drm_primitives::{ContentKey, Kid, hex};
use thiserror::Error;

use super::fault::ReceivedFault;
use super::licence::{ReadLicence, ReadPolicy, signed_part};
use super::{ChallengeRequest, LabDevice, crypto, response};
use crate::policy::LicencePolicy;

/// Remembers what it has seen: no `ResponseID` may come twice.
#[derive(Debug)]
pub struct Verifier {
    root: [u8; 64],
    seen: HashSet<Vec<u8>>,
}

/// An HTTP answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// 200 or 500.
    pub status: u16,
    /// The header.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// What the answer has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// One a licence, in the header's order.
    pub policies: &'a [LicencePolicy],
    /// How far `begin_date` may be off, in seconds: 0 where the test owns the clock.
    pub begin_tolerance: u32,
}

/// A rule of section 14.3 that an answer breaks.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("rule {rule} of section 14.3: {what}")]
pub struct Violation {
    /// Its number there.
    pub rule: u8,
    /// What is wrong.
    pub what: String,
}

impl Violation {
    pub(super) const fn new(rule: u8, what: String) -> Self {
        Self { rule, what }
    }
}

/// An answer that passed.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Its licences, in order.
    pub licences: Vec<GrantedLicence>,
    /// `ResponseID`.
    pub response_id: Vec<u8>,
}

/// A licence that passed.
#[derive(Clone, Debug)]
pub struct GrantedLicence {
    /// The key.
    pub content_key: ContentKey,
    /// Everything else.
    pub licence: ReadLicence,
}

impl Verifier {
    /// For the lab whose root has this public key (X‖Y).
    #[must_use]
    pub fn new(root: [u8; 64]) -> Self {
        Self { root, seen: HashSet::new() }
    }

    /// Checks an answer to `request` of `device`; `asked` are the KIDs of its header, in order. With an expectation
    /// everything is checked, without one whatever can be known without it.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn verify(
        &mut self,
        device: &LabDevice,
        request: &ChallengeRequest,
        asked: &[Kid],
        answer: &Answer<'_>,
        now: i64,
        expectation: Option<&Expectation<'_>>,
    ) -> Result<Granted, Violation> {
        let text = check_http(answer, 200, 1)?;
        let response = response::read(text, &self.root)?;
        if response.nonce != request.nonce {
            return Err(Violation::new(3, "LicenseNonce is not the request's".to_owned()));
        }
        if response.id.len() != 32 || !self.seen.insert(response.id.clone()) {
            return Err(Violation::new(3, "ResponseID has not 32 bytes, or came before".to_owned()));
        }
        let licences =
            response.licences.iter().map(|bytes| open(device, bytes)).collect::<Result<Vec<_>, _>>()?;
        check_kids(&licences, asked, expectation)?;
        check_rights_ids(&licences, request)?;
        for granted in &licences {
            check_times(&granted.licence, now)?;
            check_secrecy(&granted.content_key, text, &response.licences)?;
        }
        if let Some(expectation) = expectation {
            for (granted, policy) in licences.iter().zip(expectation.policies) {
                check_policy(granted, policy, expectation.begin_tolerance)?;
            }
        }
        Ok(Granted { licences, response_id: response.id })
    }

    /// Checks a refusal.
    ///
    /// # Errors
    /// The first [`Violation`], of rule 9.
    pub fn verify_fault(answer: &Answer<'_>) -> Result<ReceivedFault, Violation> {
        ReceivedFault::read(check_http(answer, 500, 9)?)
    }
}

fn check_http<'a>(answer: &Answer<'a>, status: u16, rule: u8) -> Result<&'a str, Violation> {
    if answer.status != status {
        return Err(Violation::new(rule, format!("status {}, expected {status}", answer.status)));
    }
    if answer.content_type != "text/xml; charset=utf-8" {
        return Err(Violation::new(rule, format!("content type {:?}", answer.content_type)));
    }
    std::str::from_utf8(answer.body).map_err(|_| Violation::new(rule, "the body is not UTF-8".to_owned()))
}

/// Rule 5.
fn open(device: &LabDevice, bytes: &[u8]) -> Result<GrantedLicence, Violation> {
    let broken = |what: &str| Violation::new(5, what.to_owned());
    let licence =
        ReadLicence::read(bytes).ok_or_else(|| broken("the licence has not the form of section 7"))?;
    if licence.device_key != *device.encryption_key.public() {
        return Err(broken("2A is not the device's ENCRYPT_KEY"));
    }
    let x = device
        .encryption_key
        .decrypt_point(&licence.encrypted_key)
        .ok_or_else(|| broken("the ciphertext is no two points, or decrypts to infinity"))?;
    let (Some(integrity_key), Some(content_key)) = (x.first_chunk::<16>(), x.last_chunk::<16>()) else {
        return Err(broken("x has not 32 bytes"));
    };
    if integrity_key.first() == Some(&0) {
        return Err(broken("CI starts with a zero byte"));
    }
    if crypto::cmac(integrity_key, signed_part(bytes)) != Some(licence.signature) {
        return Err(broken("the CMAC is wrong"));
    }
    Ok(GrantedLicence { content_key: ContentKey::from_bytes(*content_key), licence })
}

/// Rule 4.
fn check_kids(
    licences: &[GrantedLicence],
    asked: &[Kid],
    expectation: Option<&Expectation<'_>>,
) -> Result<(), Violation> {
    let kids: Vec<Kid> = licences.iter().map(|granted| granted.licence.kid).collect();
    let broken = |what| Err(Violation::new(4, format!("{what}: {kids:?}, asked for {asked:?}")));
    if kids.is_empty() || kids.iter().collect::<HashSet<_>>().len() != kids.len() {
        return broken("no licence, or two for one KID");
    }
    if let Some(expectation) = expectation
        && !kids.iter().eq(expectation.policies.iter().map(|policy| &policy.kid))
    {
        return broken("the KIDs are not the expected ones in their order");
    }
    if !asked.is_empty() {
        let mut rest = asked.iter();
        if !kids.iter().all(|kid| rest.any(|asked| asked == kid)) {
            return broken("the KIDs are not those of the header in its order");
        }
    }
    Ok(())
}

/// Rule 6.
fn check_rights_ids(licences: &[GrantedLicence], request: &ChallengeRequest) -> Result<(), Violation> {
    let mut next = u128::from_be_bytes(request.nonce);
    let mut seen = HashSet::new();
    for GrantedLicence { licence, .. } in licences {
        if !licence.policy.persistent {
            if licence.rights_id != next.to_be_bytes() {
                return Err(Violation::new(6, "a RightsID is not the nonce counted up".to_owned()));
            }
            next = next.wrapping_add(1);
        }
        if !seen.insert(licence.rights_id) {
            return Err(Violation::new(6, "a RightsID comes twice".to_owned()));
        }
    }
    Ok(())
}

/// Rule 7, what can be known without the token.
fn check_times(licence: &ReadLicence, now: i64) -> Result<(), Violation> {
    if let Some((begin, end)) = licence.policy.dates
        && (i64::from(begin) > now || now > i64::from(end))
    {
        return Err(Violation::new(7, format!("begin {begin}, now {now}, end {end}")));
    }
    if i64::from(licence.issued).abs_diff(now) > 5 {
        return Err(Violation::new(7, format!("issued at {}, now {now}", licence.issued)));
    }
    Ok(())
}

/// Rule 7, the rest, the key type of rule 5, and rule 8.
fn check_policy(
    granted: &GrantedLicence,
    policy: &LicencePolicy,
    begin_tolerance: u32,
) -> Result<(), Violation> {
    let got = &granted.licence.policy;
    let mut demanded = ReadPolicy::demanded_by(policy);
    if let (Some(demanded), Some(got)) = (&mut demanded.dates, got.dates)
        && demanded.0.abs_diff(got.0) <= begin_tolerance
    {
        demanded.0 = got.0;
    }
    if *got != demanded {
        return Err(Violation::new(7, format!("got {got:?}, expected {demanded:?}")));
    }
    let key_type = match policy.algorithm.name() {
        "AESCBC" => 5,
        _ => 1,
    };
    if granted.licence.key_type != key_type {
        return Err(Violation::new(5, format!("key type {}, expected {key_type}", granted.licence.key_type)));
    }
    if granted.content_key != policy.content_key {
        return Err(Violation::new(8, "the content key is another one".to_owned()));
    }
    Ok(())
}

/// Rule 8: no key in clear.
fn check_secrecy(key: &ContentKey, text: &str, licences: &[Vec<u8>]) -> Result<(), Violation> {
    let key = key.expose();
    let in_clear = licences.iter().any(|licence| licence.windows(key.len()).any(|window| window == key))
        || text.to_lowercase().contains(&hex::encode(key))
        || text.contains(&drm_primitives::base64::encode(key));
    if in_clear { Err(Violation::new(8, "the content key stands in the answer".to_owned())) } else { Ok(()) }
}
