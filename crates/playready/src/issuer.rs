//! The lab's issuer: licences for a verified device, in a signed response.

use std::fmt;

use drm_primitives::{Random, base64};
use thiserror::Error;

use crate::bcert::{Chain, Revocations, Trust};
use crate::challenge::{Challenge, Device};
use crate::curve::{Exhausted, PrivateKey, SigningKey};
use crate::elgamal::Lifted;
use crate::policy::LicencePolicy;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::xmr;

/// Opens challenges and signs licences. Made once, used by all threads.
pub struct Issuer {
    trust: Trust,
    server_key: PrivateKey,
    signing_chain: String,
    signer: SigningKey,
}

/// Why no licence can be made.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum IssueError {
    /// No policy was given: an answer without licences is no answer.
    #[error("there is no licence to issue")]
    NoLicence,
    /// The random source failed.
    #[error(transparent)]
    Random(#[from] Exhausted),
}

impl Issuer {
    /// Trusts `trust`, opens with `server_key`, signs with `signer`, whose chain is `signing_chain`.
    #[must_use]
    pub fn new(trust: Trust, server_key: PrivateKey, signing_chain: &Chain, signer: SigningKey) -> Self {
        Self { trust, server_key, signing_chain: base64::encode(&signing_chain.to_bytes()), signer }
    }

    /// Whom it trusts.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The key that challenges are encrypted to.
    #[must_use]
    pub const fn server_key(&self) -> &PrivateKey {
        &self.server_key
    }

    /// All steps from the digest to the verified device at once (section 4).
    ///
    /// # Errors
    /// The first that fails.
    pub fn identify(
        &self,
        challenge: &Challenge,
        now: i64,
        revocations: &Revocations,
    ) -> Result<Device, Refusal> {
        challenge.check_signature()?.open(&self.server_key)?.verify(&self.trust, now, revocations)
    }

    /// Makes one licence a policy, in their order, and the SOAP response around them (section 5): to
    /// be sent with 200 and `text/xml; charset=utf-8`, after its record is durable.
    ///
    /// `nonce` is the challenge's, `now` unix seconds.
    ///
    /// # Errors
    /// [`IssueError`]; none that a client could cause.
    pub fn issue(
        &self,
        device: &Device,
        policies: &[LicencePolicy],
        nonce: &[u8; 16],
        now: i64,
        random: &dyn Random,
    ) -> Result<Vec<u8>, IssueError> {
        if policies.is_empty() {
            return Err(IssueError::NoLicence);
        }
        // For the i-th licence that is not persistent the RightsID is nonce + i.
        let mut from_nonce = u128::from_be_bytes(*nonce);
        let mut licences = Vec::with_capacity(policies.len());
        for policy in policies {
            let rights_id = if policy.persistent {
                random.array()
            } else {
                let id = from_nonce.to_be_bytes();
                from_nonce = from_nonce.wrapping_add(1);
                id
            };
            let device_key = device.encryption_key();
            let lifted = Lifted::draw(&policy.content_key, random)?;
            let content = xmr::Content {
                rights_id,
                issued: now,
                encrypted_key: lifted.encrypt(device_key, random)?,
                device_key,
                integrity_key: lifted.integrity_key(),
            };
            licences.push(xmr::write(policy, &content));
        }
        let response = Response { licences: &licences, nonce, signing_chain: &self.signing_chain };
        Ok(response.sign(&self.signer, random))
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("trust", &self.trust).finish_non_exhaustive()
    }
}
