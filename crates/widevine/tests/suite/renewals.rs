//! Renewal and release (widevine.md, section 6).

use prost::Message as _;
use widevine::lab_client::{AnswerFault, AskedInitData, Expectation, ExpectedRenewal, OpenedLicence, Plan};
use widevine::messages::{License, LicenseRequest, SignedMessage};
use widevine::{
    ChainFault, LicenceSessionKey, MessageFault, Refusal, RenewalFault, Request, RevocationList, Revoked,
    SessionRequestKind,
};

use crate::kit::{
    ISSUER, LAB, MAX_SESSION_SECONDS, NOW, RENEWAL, Server, TOKEN_ID, device, edited, expectation, grant,
    kid, random, session_key, session_request,
};

fn expected() -> Expectation {
    let renewal = Some(ExpectedRenewal { delay: 60, retry_interval: 10, recovery: 120 });
    Expectation { renewal, ..expectation(&grant()) }
}

fn licence() -> OpenedLicence {
    let plan = Plan::streaming(AskedInitData::kids(&[kid(0x11)]), NOW, &*random());
    let mut asked = device("android-l3").challenge(&plan, None, &*random());
    let server = Server { renewal: Some(RENEWAL), ..Server::default() };
    let answer = server.redeem(&asked.body, &grant()).unwrap();
    asked.session.open(&answer, Some(&expected())).unwrap()
}

fn renew(body: &[u8], now: i64) -> Result<Vec<u8>, Refusal> {
    let request = session_request(body);
    assert_eq!(request.kind(), SessionRequestKind::Renewal);
    let session = request.verify(&[session_key()], &TOKEN_ID, MAX_SESSION_SECONDS, now)?;
    Ok(session.renew(&grant().terms, &RENEWAL.draw(&*random())))
}

#[test]
fn a_licence_is_renewed_again_and_again() {
    let mut licence = licence();
    for version in 1..=3 {
        let now = NOW + 60 * i64::from(version);
        let exchange = licence.renewal(now, None);
        let answer = renew(&exchange.body, now).unwrap();
        licence.accept(&exchange, &answer, Some(&expected())).unwrap();
        assert_eq!((licence.id.version, licence.license_start_time), (Some(version), now));
        assert_eq!(licence.keys.len(), 1);
    }
}

#[test]
fn a_release_ends_playing() {
    let mut licence = licence();
    let exchange = licence.release(NOW + 5, None);
    let request = session_request(&exchange.body);
    assert_eq!(request.kind(), SessionRequestKind::Release);
    assert_eq!(request.request_time(), Some(NOW + 5));
    assert_eq!(request.request_id(), licence.id.request_id.as_deref().unwrap());
    let session = request.verify(&[session_key()], &TOKEN_ID, MAX_SESSION_SECONDS, NOW + 5).unwrap();
    assert_eq!(Some(session.session_id()), request.session_id());
    licence.accept(&exchange, &session.release(), None).unwrap();
    assert_eq!(licence.policy.can_play, Some(false));
}

#[test]
fn a_renewal_needs_the_key_of_its_session_and_its_token() {
    let licence = licence();
    let exchange = licence.renewal(NOW, None);
    let request = session_request(&exchange.body);
    let verify = |keys: &[LicenceSessionKey], token_id: &[u8; 16]| {
        request.verify(keys, token_id, MAX_SESSION_SECONDS, NOW).map(|_| ()).map_err(
            |refusal| match refusal {
                Refusal::Renewal(fault) => fault,
                other => panic!("{other:?}"),
            },
        )
    };
    let another = LicenceSessionKey::new(2, [0x5B; 32]);
    assert_eq!(verify(&[another.clone(), session_key()], &TOKEN_ID), Ok(()));
    assert_eq!(verify(&[session_key()], &[0xA1; 16]), Err(RenewalFault::Mac));
    assert_eq!(verify(&[LicenceSessionKey::new(1, [0x5B; 32])], &TOKEN_ID), Err(RenewalFault::Mac));
    assert_eq!(verify(&[another], &TOKEN_ID), Err(RenewalFault::UnknownSession));
    assert_eq!(verify(&[], &TOKEN_ID), Err(RenewalFault::UnknownSession));
}

#[test]
fn another_sessions_key_does_not_sign_for_this_one() {
    let mut licence = licence();
    licence.id.session_id.as_mut().unwrap()[15] ^= 1;
    let exchange = licence.renewal(NOW, None);
    assert_eq!(renew(&exchange.body, NOW), Err(Refusal::Renewal(RenewalFault::Mac)));
    licence.id.session_id.as_mut().unwrap().pop();
    let exchange = licence.renewal(NOW, None);
    assert_eq!(session_request(&exchange.body).session_id(), None);
    assert_eq!(renew(&exchange.body, NOW), Err(Refusal::Renewal(RenewalFault::UnknownSession)));
}

#[test]
fn a_spoilt_mac_or_request_is_refused() {
    let exchange = licence().renewal(NOW, None);
    for body in [
        edited(&exchange.body, |message| message.signature.as_mut().unwrap()[0] ^= 1),
        edited(&exchange.body, |message| message.signature.as_mut().unwrap().truncate(31)),
        edited(&exchange.body, |message| message.signature = None),
        edited(&exchange.body, |message| message.oemcrypto_core_message = Some(vec![0])),
    ] {
        let refusal = renew(&body, NOW).unwrap_err();
        assert_eq!((refusal.reason(), refusal), ("renewal", Refusal::Renewal(RenewalFault::Mac)));
    }
}

#[test]
fn a_session_is_over_after_its_longest_time() {
    let exchange = licence().renewal(NOW, None);
    let end = NOW + i64::from(MAX_SESSION_SECONDS);
    assert!(renew(&exchange.body, end).is_ok());
    let over = RenewalFault::Over { began: u32::try_from(NOW).unwrap(), ended: end, now: end + 1 };
    assert_eq!(renew(&exchange.body, end + 1), Err(Refusal::Renewal(over)));
}

#[test]
fn a_renewal_may_name_its_device_which_is_then_checked() {
    let licence = licence();
    let none = session_request(&licence.renewal(NOW, None).body);
    let empty = RevocationList::default();
    assert!(!none.has_identity());
    assert!(ISSUER.identify_session(&none, NOW, &empty).unwrap().is_none());
    let lab = LAB.device("android-l3").unwrap();
    let named = session_request(&licence.renewal(NOW, Some(lab.client_id())).body);
    assert!(named.has_identity());
    let device = ISSUER.identify_session(&named, NOW, &empty).unwrap().unwrap();
    assert_eq!(device.system_id, 31003);
    let json = br#"{"version":1,"systems":{"31003":{"status":"revoked"}}}"#;
    let revoked = ISSUER.identify_session(&named, NOW, &RevocationList::parse(json).unwrap());
    assert_eq!(revoked.unwrap_err(), Refusal::DeviceRevoked(Revoked::System(31003)));
    let malformed = session_request(&licence.renewal(NOW, Some(&[0x08, 0x01])).body);
    let refusal = ISSUER.identify_session(&malformed, NOW, &empty).unwrap_err();
    assert_eq!(refusal, Refusal::DeviceUntrusted(ChainFault::NoModel));
}

#[test]
fn a_renewal_that_renews_nothing_is_no_message() {
    let exchange = licence().renewal(NOW, None);
    let fault = |edit: &dyn Fn(&mut LicenseRequest)| {
        let body = edited(&exchange.body, |message| {
            let mut request = LicenseRequest::decode(&message.msg.take().unwrap()[..]).unwrap();
            edit(&mut request);
            message.msg = Some(request.encode_to_vec());
        });
        match Request::parse(&body) {
            Err(Refusal::Message(fault)) => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(fault(&|request| request.content_id = None), MessageFault::ContentCount { got: 0 });
    assert_eq!(fault(&|request| request.request_type = None), MessageFault::NoIdentity);
    assert_eq!(
        fault(&|request| {
            request.request_type = None;
            request.client_id = Some(vec![]);
        }),
        MessageFault::ContentForAnotherType
    );
    assert_eq!(
        fault(&|request| {
            let existing = request.content_id.as_mut().unwrap().existing_license.as_mut().unwrap();
            existing.license_id.as_mut().unwrap().version = Some(i32::MAX);
        }),
        MessageFault::LicenceVersion
    );
}

#[test]
fn the_client_believes_no_answer_but_the_right_one() {
    let mut licence = licence();
    let exchange = licence.renewal(NOW + 60, None);
    let answer = renew(&exchange.body, NOW).unwrap();
    let later = licence.renewal(NOW + 61, None);
    assert!(matches!(licence.accept(&later, &answer, None), Err(AnswerFault::Unexpected { .. })));
    let released = licence.release(NOW + 60, None);
    assert!(matches!(licence.accept(&released, &answer, None), Err(AnswerFault::Unexpected { .. })));
    let spoilt = edited(&answer, |message| *message.msg.as_mut().unwrap().last_mut().unwrap() ^= 1);
    assert_eq!(licence.accept(&exchange, &spoilt, None), Err(AnswerFault::Mac));
    let with_key = edited(&answer, |message| message.session_key = Some(vec![1]));
    assert!(matches!(licence.accept(&exchange, &with_key, None), Err(AnswerFault::Unexpected { .. })));
    let tail = [&answer[..], &[0x28, 0x00]].concat();
    assert_eq!(licence.accept(&exchange, &tail, None), Err(AnswerFault::NotCanonical("answer")));
    licence.accept(&exchange, &answer, Some(&expected())).unwrap();
    assert!(licence.accept(&exchange, &answer, None).is_ok(), "the same answer says the same");
}

#[test]
fn an_answer_to_a_renewal_has_no_keys_and_no_session_key() {
    let exchange = licence().renewal(NOW, None);
    let message = SignedMessage::decode(&renew(&exchange.body, NOW).unwrap()[..]).unwrap();
    assert_eq!((message.session_key, message.session_key_type), (None, None));
    let license = License::decode(&message.msg.unwrap()[..]).unwrap();
    assert_eq!((license.key.len(), license.protection_scheme), (0, None));
}
