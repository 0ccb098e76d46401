//! Licences that the issuer would never write, signed as only it can: the client has to find each of them
//! wrong (widevine.md, section 13.2). Stands inside the crate, as it takes the issuer's own keys.

use std::sync::{Arc, LazyLock};

use drm_primitives::{ContentKey, Kid, Random, SequenceRandom};
use prost::Message as _;

use super::device::ClientDevice;
use super::draft::SignedChallenge;
use super::fault::AnswerFault;
use super::plan::{AskedInitData, Plan};
use crate::grant::{Grant, Hdcp, KeyGrant, SecurityLevel, Terms, TrackLabel};
use crate::issuer::Issuer;
use crate::key_wrap::KeyWrap;
use crate::lab::LabRoot;
use crate::licence::{Licence, signed_licence};
use crate::messages::{
    KeyContainer, License, LicenseIdentification, LicenseType, OutputProtection, Policy, SignedMessage,
};
use crate::policy::RenewalPolicy;
use crate::request::Request;
use crate::revocation::RevocationList;
use crate::session::LicenceSessionKey;
use crate::session_keys::SessionKeys;

const NOW: i64 = 1_842_713_600;

static LAB: LazyLock<(LabRoot, Issuer, Arc<ClientDevice>)> = LazyLock::new(|| {
    let lab = LabRoot::generate(NOW, &SequenceRandom::new(1));
    let issuer = lab.issuer().unwrap();
    let device = ClientDevice::from_device_file(&lab.device("android-l3").unwrap().device_file()).unwrap();
    (lab, issuer, Arc::new(device))
});

/// A challenge with its answer, and the keys that the answer was written with.
struct Exchange {
    asked: SignedChallenge,
    answer: SignedMessage,
    keys: SessionKeys,
}

impl Exchange {
    fn new(plan: &Plan, terms: Terms, renewal: Option<&RenewalPolicy>) -> Self {
        let (_, issuer, device) = &*LAB;
        let random: &dyn Random = &SequenceRandom::new(7);
        let asked = device.challenge(plan, None, random);
        let Request::Licence(challenge) = Request::parse(&asked.body).unwrap() else {
            panic!("no challenge")
        };
        let granted = issuer.identify(&challenge, NOW, &RevocationList::default()).unwrap();
        let key = |number| KeyGrant {
            kid: Kid::from_bytes([number; 16]),
            key: ContentKey::from_bytes([number; 16]),
            level: SecurityLevel::SoftwareDecode,
            hdcp: Hdcp::V2_2,
            track: Some(TrackLabel::Uhd1),
        };
        let grant = Grant { keys: vec![key(1), key(2)], content_id: None, terms };
        let content = challenge.content().unwrap();
        let decision = grant.decide(&content, granted.level).unwrap();
        let renewal = renewal.map(|renewal| renewal.draw(random));
        let licence = Licence {
            challenge: &challenge,
            content: &content,
            device: &granted,
            decision: &decision,
            renewal: renewal.as_ref(),
            session_key: &LicenceSessionKey::new(1, [1; 32]),
            token_id: &[2; 16],
            now: NOW,
        };
        let answer = SignedMessage::decode(&licence.issue(random).answer[..]).unwrap();
        let session_key = device.session_key(answer.session_key.as_deref().unwrap()).unwrap();
        let keys = SessionKeys::derive(&session_key, challenge.licence_request());
        Self { asked, answer, keys }
    }

    fn plain() -> Self {
        Self::new(&plan(LicenseType::Streaming), Terms::default(), None)
    }

    /// Opens the licence after `edit`, signed anew.
    fn with_licence(self, edit: impl FnOnce(&mut License)) -> AnswerFault {
        let mut licence = License::decode(self.answer.msg.as_deref().unwrap()).unwrap();
        edit(&mut licence);
        let msg = licence.encode_to_vec();
        self.with_bytes(msg)
    }

    /// Opens these bytes as the licence, signed anew.
    fn with_bytes(self, msg: Vec<u8>) -> AnswerFault {
        let signed = signed_licence(&License::default(), self.keys.mac_server.as_slice());
        let signature = crate::licence::mac(self.keys.mac_server.as_slice(), &[&msg]).as_ref().to_vec();
        let answer = SignedMessage {
            msg: Some(msg),
            signature: Some(signature),
            session_key: self.answer.session_key.clone(),
            session_key_type: self.answer.session_key_type,
            ..signed
        };
        self.open(&answer.encode_to_vec())
    }

    /// Opens the envelope after `edit`.
    fn with_envelope(self, edit: impl FnOnce(&mut SignedMessage)) -> AnswerFault {
        let mut answer = self.answer.clone();
        edit(&mut answer);
        self.open(&answer.encode_to_vec())
    }

    /// The answer has to be refused, and the untouched one still opens after that.
    fn open(mut self, answer: &[u8]) -> AnswerFault {
        let fault = self.asked.session.open(answer, None).unwrap_err();
        self.asked.session.open(&self.answer.encode_to_vec(), None).unwrap();
        fault
    }
}

fn plan(licence_type: LicenseType) -> Plan {
    let init_data = AskedInitData::kids(&[Kid::from_bytes([1; 16])]);
    Plan::streaming(init_data, NOW, &SequenceRandom::new(3)).with_type(licence_type)
}

fn field(fault: AnswerFault) -> &'static str {
    match fault {
        AnswerFault::Unexpected { field, .. } => field,
        other => panic!("{other}"),
    }
}

/// The field that an edit of the licence makes the client complain about.
fn complaint(edit: impl FnOnce(&mut License)) -> &'static str {
    field(Exchange::plain().with_licence(edit))
}

fn id_complaint(edit: impl FnOnce(&mut LicenseIdentification)) -> &'static str {
    complaint(|licence| edit(licence.id.as_mut().unwrap()))
}

fn policy_complaint(edit: impl FnOnce(&mut Policy)) -> &'static str {
    complaint(|licence| edit(licence.policy.as_mut().unwrap()))
}

fn key_complaint(position: usize, edit: impl FnOnce(&mut KeyContainer)) -> &'static str {
    complaint(|licence| edit(&mut licence.key[position]))
}

#[test]
fn envelopes() {
    let complaint = |edit: fn(&mut SignedMessage)| field(Exchange::plain().with_envelope(edit));
    assert_eq!(complaint(|answer| answer.message_type = Some(5)), "the type of the answer");
    assert_eq!(complaint(|answer| answer.message_type = None), "the type of the answer");
    assert_eq!(complaint(|answer| answer.session_key_type = None), "session_key_type");
    assert_eq!(complaint(|answer| answer.session_key_type = Some(2)), "session_key_type");
    assert_eq!(complaint(|answer| answer.hash_algorithm = Some(1)), "hash_algorithm");
    assert_eq!(complaint(|answer| answer.oemcrypto_core_message = Some(vec![])), "oemcrypto_core_message");
    assert_eq!(complaint(|answer| answer.msg = None), "the answer");
    assert_eq!(complaint(|answer| answer.signature = None), "the answer");
    assert_eq!(complaint(|answer| answer.session_key = None), "the answer");
    assert_eq!(complaint(|answer| answer.session_key.as_mut().unwrap().push(0)), "the length of session_key");
}

#[test]
fn secrets() {
    let fault = |edit: fn(&mut SignedMessage)| Exchange::plain().with_envelope(edit);
    assert_eq!(fault(|answer| answer.session_key.as_mut().unwrap()[200] ^= 1), AnswerFault::SessionKey);
    assert_eq!(fault(|answer| answer.signature.as_mut().unwrap()[0] ^= 1), AnswerFault::Mac);
    assert_eq!(fault(|answer| answer.signature.as_mut().unwrap().truncate(16)), AnswerFault::Mac);
    assert_eq!(fault(|answer| answer.msg.as_mut().unwrap()[40] ^= 1), AnswerFault::Mac);
}

#[test]
fn forms_that_are_not_canonical() {
    let not_canonical = |exchange: Exchange, answer: &[u8]| exchange.open(answer);
    let whole = |exchange: &Exchange| exchange.answer.encode_to_vec();
    let exchange = Exchange::plain();
    let tail = [&whole(&exchange)[..], &[0x58, 0x00]].concat();
    assert_eq!(not_canonical(exchange, &tail), AnswerFault::NotCanonical("answer"));
    let exchange = Exchange::plain();
    let twice = [&[0x08, 0x02], &whole(&exchange)[..]].concat();
    assert_eq!(not_canonical(exchange, &twice), AnswerFault::NotCanonical("answer"));
    let exchange = Exchange::plain();
    let long = [&[0x08, 0x82, 0x00], &whole(&exchange)[2..]].concat();
    assert_eq!(not_canonical(exchange, &long), AnswerFault::NotCanonical("answer"));
    let exchange = Exchange::plain();
    let cut = &whole(&exchange)[..300];
    assert_eq!(not_canonical(exchange, cut), AnswerFault::Unreadable("answer"));

    let exchange = Exchange::plain();
    let unknown = [exchange.answer.msg.clone().unwrap(), vec![0x68, 0x01]].concat();
    assert_eq!(exchange.with_bytes(unknown), AnswerFault::NotCanonical("licence"));
    assert_eq!(Exchange::plain().with_bytes(vec![0xFF]), AnswerFault::Unreadable("licence"));
}

#[test]
fn names_of_licences() {
    assert_eq!(id_complaint(|id| id.request_id = Some(vec![1])), "the id of the licence");
    assert_eq!(id_complaint(|id| id.request_id = None), "the id of the licence");
    assert_eq!(id_complaint(|id| id.session_id = Some(vec![1; 15])), "the length of session_id");
    assert_eq!(id_complaint(|id| id.version = None), "the id of the licence");
    assert_eq!(id_complaint(|id| id.version = Some(1)), "the id of the licence");
    assert_eq!(id_complaint(|id| id.license_type = Some(2)), "the id of the licence");
    assert_eq!(id_complaint(|id| id.license_type = None), "the id of the licence");
    assert_eq!(id_complaint(|id| id.purchase_id = Some(vec![])), "the id of the licence");
    assert_eq!(complaint(|licence| licence.id = None), "the length of session_id");
}

#[test]
fn times_and_schemes() {
    assert_eq!(complaint(|licence| licence.license_start_time = Some(NOW + 1)), "license_start_time");
    assert_eq!(complaint(|licence| licence.license_start_time = None), "license_start_time");
    assert_eq!(complaint(|licence| licence.protection_scheme = Some(0x6362_6373)), "protection_scheme");
    assert_eq!(complaint(|licence| licence.protection_scheme = None), "protection_scheme");
}

#[test]
fn policies() {
    assert_eq!(policy_complaint(|policy| policy.can_play = None), "can_play");
    assert_eq!(policy_complaint(|policy| policy.can_play = Some(false)), "can_play");
    assert_eq!(policy_complaint(|policy| policy.can_persist = None), "can_persist or can_renew");
    assert_eq!(policy_complaint(|policy| policy.can_renew = None), "can_persist or can_renew");
    let edits: [fn(&mut Policy); 9] = [
        |policy| policy.soft_enforce_playback_duration = Some(false),
        |policy| policy.soft_enforce_rental_duration = Some(true),
        |policy| policy.playback_duration_seconds = Some(60),
        |policy| policy.rental_duration_seconds = Some(60),
        |policy| policy.license_duration_seconds = Some(60),
        |policy| policy.renewal_delay_seconds = Some(60),
        |policy| policy.renew_with_usage = Some(true),
        |policy| policy.always_include_client_id = Some(false),
        |policy| policy.play_start_grace_period_seconds = Some(1),
    ];
    for edit in edits {
        assert_eq!(policy_complaint(edit), "the policy");
    }
    let zero = policy_complaint(|policy| {
        policy.playback_duration_seconds = Some(0);
        policy.soft_enforce_playback_duration = Some(false);
    });
    assert_eq!(zero, "a duration");
    assert_eq!(complaint(|licence| licence.policy = None), "can_play");
}

#[test]
fn policies_of_renewed_and_of_offline_licences() {
    let renewal = RenewalPolicy { delay_seconds: 60, retry_interval_seconds: 10, recovery_seconds: 120 };
    let persistent = Terms { persistent: true, ..Terms::default() };
    let edits: [fn(&mut Policy); 4] = [
        |policy| policy.renewal_delay_seconds = None,
        |policy| policy.renewal_retry_interval_seconds = None,
        |policy| policy.renewal_recovery_duration_seconds = None,
        |policy| policy.license_duration_seconds = None,
    ];
    for edit in edits {
        let exchange = Exchange::new(&plan(LicenseType::Streaming), persistent, Some(&renewal));
        let fault = exchange.with_licence(|licence| edit(licence.policy.as_mut().unwrap()));
        assert_eq!(field(fault), "the policy");
    }
    let edits: [fn(&mut Policy); 2] =
        [|policy| policy.can_persist = Some(false), |policy| policy.can_renew = Some(true)];
    for edit in edits {
        let exchange = Exchange::new(&plan(LicenseType::Offline), persistent, None);
        let fault = exchange.with_licence(|licence| edit(licence.policy.as_mut().unwrap()));
        assert!(field(fault).ends_with("of an offline licence"));
    }
}

#[test]
fn an_automatic_licence_is_offline_if_and_only_if_it_persists() {
    for persistent in [false, true] {
        let terms = Terms { persistent, ..Terms::default() };
        let exchange = Exchange::new(&plan(LicenseType::Automatic), terms, None);
        let fault = exchange.with_licence(|licence| {
            licence.policy.as_mut().unwrap().can_persist = Some(!persistent);
        });
        assert_eq!(field(fault), "the id of the licence");
    }
}

#[test]
fn signing_containers() {
    assert_eq!(complaint(|licence| licence.key.clear()), "the number of keys");
    assert_eq!(complaint(|licence| drop(licence.key.remove(0))), "the first key container");
    assert_eq!(complaint(|licence| licence.key.swap(0, 1)), "the first key container");
    assert_eq!(key_complaint(0, |key| key.id = Some(vec![1; 16])), "the first key container");
    assert_eq!(key_complaint(0, |key| key.level = Some(1)), "the first key container");
    assert_eq!(key_complaint(0, |key| key.track_label = Some("SD".to_owned())), "the first key container");
    let second = complaint(|licence| {
        let signing = KeyContainer { iv: Some(vec![9; 16]), ..licence.key[0].clone() };
        licence.key.push(signing);
    });
    assert_eq!(second, "the type of a key");
}

#[test]
fn content_containers() {
    assert_eq!(key_complaint(1, |key| key.key_type = Some(6)), "the type of a key");
    assert_eq!(key_complaint(1, |key| key.key_type = None), "the type of a key");
    assert_eq!(key_complaint(1, |key| key.id = None), "the length of a KID");
    assert_eq!(key_complaint(1, |key| key.id = Some(vec![1; 32])), "the length of a KID");
    assert_eq!(key_complaint(1, |key| key.id = Some(vec![2; 16])), "a KID");
    assert_eq!(key_complaint(1, |key| key.level = None), "the level of a key");
    assert_eq!(key_complaint(1, |key| key.level = Some(0)), "the level of a key");
    assert_eq!(key_complaint(1, |key| key.level = Some(6)), "the level of a key");
    assert_eq!(key_complaint(1, |key| key.required_protection = None), "the HDCP of a key");
    let hdcp = |hdcp| key_complaint(1, |key| key.required_protection = Some(OutputProtection { hdcp }));
    assert_eq!(
        (hdcp(None), hdcp(Some(6)), hdcp(Some(-1))),
        ("the HDCP of a key", "the HDCP of a key", "the HDCP of a key")
    );
    assert_eq!(key_complaint(1, |key| key.track_label = Some("4K".to_owned())), "the label of a key");
}

#[test]
fn wrapped_keys() {
    let fault = |edit: &dyn Fn(&mut Vec<KeyContainer>, &KeyWrap)| {
        let exchange = Exchange::plain();
        let wrap = KeyWrap::new(&exchange.keys.encryption);
        exchange.with_licence(|licence| edit(&mut licence.key, &wrap))
    };
    let rewrapped = |key: &mut KeyContainer, wrap: &KeyWrap, bytes: &[u8]| {
        let iv = <[u8; 16]>::try_from(key.iv.as_deref().unwrap()).unwrap();
        key.key = Some(wrap.wrap(&iv, bytes));
    };
    let signing = AnswerFault::KeyWrap { position: 1, expected: 64 };
    let content = AnswerFault::KeyWrap { position: 2, expected: 16 };
    assert_eq!(fault(&|keys, wrap| rewrapped(&mut keys[0], wrap, &[1; 32])), signing);
    assert_eq!(fault(&|keys, wrap| rewrapped(&mut keys[1], wrap, &[1; 32])), content);
    assert_eq!(fault(&|keys, wrap| rewrapped(&mut keys[1], wrap, &[1; 15])), content);
    assert_eq!(fault(&|keys, _| drop(keys[1].key.as_mut().unwrap().split_off(16))), content);
    assert_eq!(fault(&|keys, _| keys[1].key.as_mut().unwrap()[31] ^= 1), content);
    assert_eq!(fault(&|keys, _| keys[1].key = None), content);
    assert_eq!(fault(&|keys, _| keys[1].iv = Some(vec![1; 15])), content);
    assert_eq!(fault(&|keys, _| keys[1].iv = None), content);
    assert_eq!(fault(&|keys, _| keys[2].iv = keys[1].iv.clone()), AnswerFault::SharedIv);
}
