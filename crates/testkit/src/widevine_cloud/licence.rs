//! From `content_key_specs` and `policy_overrides` to a licence, by the lab issuer.

use serde_json::Value;
use widevine::{Challenge, Grant, Licence, Refusal, RenewalTerms, SessionRequest, SessionRequestKind, Terms};

use super::answer::{self, Refused, Session};
use super::request::{PolicyOverrides, Request};
use super::{WidevineCloud, track};

/// The token that sessions are bound to: upstream, there is none.
const NO_TOKEN: [u8; 16] = [0; 16];

/// How long a session may be renewed, in seconds: a day.
const SESSION_SECONDS: u32 = 86_400;

/// `internal_status` of a revoked device.
const REVOKED: i64 = 127;

impl WidevineCloud {
    /// Answers everything but a request for the service certificate.
    pub(super) fn licence(&self, request: &Request) -> Result<Value, Refused> {
        let members = &request.members;
        if members.content_key_specs.is_some() && members.allowed_track_types.is_some() {
            let why = "content_key_specs and allowed_track_types exclude each other";
            return Err(Refused::new("INVALID_REQUEST", why));
        }
        match widevine::Request::parse(&request.payload).map_err(|refusal| challenge_refused(&refusal))? {
            widevine::Request::ServiceCertificate => {
                Ok(answer::service_certificate(&self.issuer.service_certificate_answer()))
            }
            widevine::Request::Licence(challenge) => self.new_licence(request, &challenge),
            widevine::Request::Session(session) => self.go_on(request, &session),
        }
    }

    fn new_licence(&self, request: &Request, challenge: &Challenge) -> Result<Value, Refused> {
        let now = self.clock.now().as_second();
        let content = challenge.content().map_err(|refusal| challenge_refused(&refusal))?;
        let device = self
            .issuer
            .identify(challenge, now, &self.revocations)
            .map_err(|refusal| challenge_refused(&refusal))?;
        if request.members.parse_only {
            return Ok(answer::parsed(&content, &device));
        }
        let specs = request.members.content_key_specs.as_deref().unwrap_or_default();
        if specs.is_empty() {
            return Err(Refused::new(
                "INVALID_REQUEST",
                "this service knows no keys: send content_key_specs",
            ));
        }
        let keys = specs.iter().map(track::key_grant).collect::<Result<_, _>>()?;
        let policy = &request.members.policy_overrides;
        if policy.can_play == Some(false) {
            return Err(Refused::new("NOT_GRANTED", "policy_overrides has can_play false"));
        }
        let grant = Grant { keys, content_id: None, terms: terms(policy) };
        let decision = grant
            .decide(&content, device.level)
            .map_err(|refusal| Refused::new("NOT_GRANTED", refusal.to_string()))?;
        let renewal = renewal(policy);
        let licence = Licence {
            challenge,
            content: &content,
            device: &device,
            decision: &decision,
            renewal: renewal.as_ref(),
            session_key: &self.session_key,
            token_id: &NO_TOKEN,
            now,
        };
        let issued = licence.issue(&*self.random);
        let session = Session {
            request_id: challenge.request_id(),
            id: issued.session_id,
            request_type: "NEW",
            content_id: request.members.content_id.as_deref(),
        };
        Ok(answer::licence(&issued.answer, &content, &device, &decision, &session))
    }

    /// Renewals and releases: the service holds the session, and the request brings its policy again.
    fn go_on(&self, request: &Request, session: &SessionRequest) -> Result<Value, Refused> {
        let now = self.clock.now().as_second();
        let device = self
            .issuer
            .identify_session(session, now, &self.revocations)
            .map_err(|refusal| challenge_refused(&refusal))?;
        let keys = std::slice::from_ref(&self.session_key);
        let verified = session
            .verify(keys, &NO_TOKEN, SESSION_SECONDS, now)
            .map_err(|refusal| challenge_refused(&refusal))?;
        let policy = &request.members.policy_overrides;
        let (licence, request_type) = match (session.kind(), renewal(policy)) {
            (SessionRequestKind::Release, _) => (verified.release(), "RELEASE"),
            (SessionRequestKind::Renewal, Some(renewal)) => {
                (verified.renew(&terms(policy), &renewal), "RENEWAL")
            }
            (SessionRequestKind::Renewal, None) => {
                return Err(Refused::new("NOT_GRANTED", "policy_overrides has no can_renew"));
            }
        };
        let session = Session {
            request_id: session.request_id(),
            id: verified.session_id(),
            request_type,
            content_id: request.members.content_id.as_deref(),
        };
        Ok(answer::session(&licence, &session, device.as_ref()))
    }
}

fn terms(policy: &PolicyOverrides) -> Terms {
    Terms {
        persistent: policy.can_persist,
        playback_duration: Some(policy.playback_duration_seconds),
        rental_duration: Some(policy.rental_duration_seconds),
    }
}

fn renewal(policy: &PolicyOverrides) -> Option<RenewalTerms> {
    policy.can_renew.then_some(RenewalTerms {
        delay_seconds: policy.renewal_delay_seconds,
        retry_interval_seconds: policy.renewal_retry_interval_seconds,
        recovery_seconds: policy.renewal_recovery_duration_seconds,
        licence_duration_seconds: policy.license_duration_seconds,
    })
}

fn challenge_refused(refusal: &Refusal) -> Refused {
    let internal_status = matches!(refusal, Refusal::DeviceRevoked(_)).then_some(REVOKED);
    Refused { internal_status, ..Refused::new("INVALID_LICENSE_CHALLENGE", refusal.to_string()) }
}
