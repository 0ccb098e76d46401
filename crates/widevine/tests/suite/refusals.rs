//! Everything that gets no licence, with the reason of widevine.md, section 8.

use drm_primitives::Kid;
use prost::Message as _;
use widevine::lab_client::{AskedInitData, ClientDevice, Plan, SignedChallenge, pssh_data};
use widevine::messages::{
    CertificateAlgorithm, CertificateType, ClientIdentification, DrmCertificate, HashAlgorithm, LicenseType,
    SignedDrmCertificate,
};
use widevine::{
    ChainFault, DeviceLevel, Grant, InitDataFault, KeyGrant, Link, MessageFault, Refusal, RevocationList,
    Revoked, SecurityLevel, Serial,
};

use crate::kit::{
    DEVICES, LAB, NOW, Server, challenge, device, edited, flipped, grant, key, kid, random, service, signed,
};

fn plan() -> Plan {
    Plan::streaming(AskedInitData::kids(&[kid(0x11)]), NOW, &*random())
}

fn asked(name: &str) -> SignedChallenge {
    device(name).challenge(&plan(), None, &*random())
}

fn refusal(body: &[u8]) -> Refusal {
    Server::default().redeem(body, &grant()).unwrap_err()
}

/// The refusal of a device whose identity was changed, in clear and in privacy mode, which must agree.
fn refusal_of(edit: impl Fn(&mut ClientIdentification)) -> Refusal {
    let device = device("android-l3");
    let mut identity = ClientIdentification::decode(device.client_id()).unwrap();
    edit(&mut identity);
    let identity = identity.encode_to_vec();
    let clear = refusal(&device.draft(&plan()).identify_clearly(&identity).sign().body);
    let draft = device.draft(&plan()).identify_privately(&service(), &identity, &[9; 16], &*random());
    assert_eq!(refusal(&draft.sign().body), clear);
    clear
}

/// The refusal of a device with another certificate of its own, signed by its model as it should be.
fn refusal_of_certificate(edit: impl Fn(&mut DrmCertificate)) -> Refusal {
    refusal_of_token(|device, model| {
        let mut certificate = DrmCertificate::decode(device.drm_certificate.as_deref().unwrap()).unwrap();
        edit(&mut certificate);
        let lab = LAB.device("android-l3").unwrap();
        SignedDrmCertificate { signer: Some(model), ..lab.model().sign(&certificate) }
    })
}

/// The refusal of a device whose model has another certificate, signed by the root as it should be.
fn refusal_of_model(edit: impl Fn(&mut DrmCertificate)) -> Refusal {
    refusal_of_token(|device, model| {
        let model = signed(&model).drm_certificate.unwrap();
        let mut certificate = DrmCertificate::decode(&model[..]).unwrap();
        edit(&mut certificate);
        let model = LAB.root().sign(&certificate).encode_to_vec();
        SignedDrmCertificate { signer: Some(model), ..device }
    })
}

/// The refusal of a device with other certificates.
fn refusal_of_token(edit: impl Fn(SignedDrmCertificate, Vec<u8>) -> SignedDrmCertificate) -> Refusal {
    refusal_of(|identity| {
        let token = signed(identity.token.as_deref().unwrap());
        let model = token.signer.clone().unwrap();
        identity.token = Some(edit(token, model).encode_to_vec());
    })
}

fn untrusted(fault: ChainFault) -> Refusal {
    Refusal::DeviceUntrusted(fault)
}

#[test]
fn a_flipped_byte_in_the_request_or_its_signature_is_refused() {
    let body = asked("android-l3").body;
    let signature = edited(&body, |message| message.signature.as_mut().unwrap()[100] ^= 1);
    assert_eq!(refusal(&signature), Refusal::DeviceSignature);
    let core = edited(&body, |message| message.oemcrypto_core_message = Some(vec![1]));
    assert_eq!(refusal(&core), Refusal::DeviceSignature);
    let none = edited(&body, |message| message.signature = None);
    assert_eq!(refusal(&none), Refusal::DeviceSignature);
    let hash = edited(&body, |message| message.hash_algorithm = Some(HashAlgorithm::Sha256.into()));
    assert_eq!(refusal(&hash), Refusal::DeviceSignature);
    let request = edited(&body, |message| *message.msg.as_mut().unwrap().last_mut().unwrap() ^= 2);
    assert!(matches!(refusal(&request), Refusal::DeviceSignature | Refusal::ProtocolVersion { .. }));
    assert_eq!(Refusal::DeviceSignature.reason(), "device-signature");
}

#[test]
fn a_flipped_byte_in_either_certificate_is_refused() {
    // Far inside, where the public keys are.
    let device = refusal_of_token(|device, _| {
        let certificate = flipped(device.drm_certificate.as_deref().unwrap(), 150);
        SignedDrmCertificate { drm_certificate: Some(certificate), ..device }
    });
    assert_eq!(device, untrusted(ChainFault::Signature(Link::Device)));
    let model = refusal_of_token(|device, model| {
        let mut model = signed(&model);
        model.drm_certificate.as_mut().unwrap()[150] ^= 1;
        SignedDrmCertificate { signer: Some(model.encode_to_vec()), ..device }
    });
    assert_eq!(model, untrusted(ChainFault::Signature(Link::Model)));
    let signature = refusal_of_token(|device, model| {
        let mut model = signed(&model);
        model.signature.as_mut().unwrap()[0] ^= 1;
        SignedDrmCertificate { signer: Some(model.encode_to_vec()), ..device }
    });
    assert_eq!(signature, untrusted(ChainFault::Signature(Link::Model)));
    assert_eq!(signature.reason(), "device-untrusted");
}

#[test]
fn a_device_of_another_root_is_refused() {
    // The service's key stands for another root: it signs, and nobody trusts it to.
    let refusal = refusal_of_token(|device, model| {
        let certificate = DrmCertificate::decode(&signed(&model).drm_certificate.unwrap()[..]).unwrap();
        let forger = LAB.device("chrome-l3").unwrap().model();
        SignedDrmCertificate { signer: Some(forger.sign(&certificate).encode_to_vec()), ..device }
    });
    assert_eq!(refusal, untrusted(ChainFault::Signature(Link::Model)));
}

#[test]
fn the_model_may_carry_the_root_and_no_other_signer() {
    let with_signer = |signer: &[u8]| {
        let identity = |identity: &mut ClientIdentification| {
            let token = signed(identity.token.as_deref().unwrap());
            let model = signed(token.signer.as_deref().unwrap());
            let model = SignedDrmCertificate { signer: Some(signer.to_vec()), ..model };
            let token = SignedDrmCertificate { signer: Some(model.encode_to_vec()), ..token };
            identity.token = Some(token.encode_to_vec());
        };
        let device = device("android-l3");
        let mut client_id = ClientIdentification::decode(device.client_id()).unwrap();
        identity(&mut client_id);
        let body = device.draft(&plan()).identify_clearly(&client_id.encode_to_vec()).sign().body;
        Server::default().redeem(&body, &grant())
    };
    assert!(with_signer(LAB.root().certificate()).is_ok());
    let another = with_signer(LAB.services()[0].certificate()).unwrap_err();
    assert_eq!(another, untrusted(ChainFault::AnotherRoot));
    let deeper = SignedDrmCertificate {
        signer: Some(LAB.root().certificate().to_vec()),
        ..signed(LAB.root().certificate())
    };
    assert_eq!(with_signer(&deeper.encode_to_vec()).unwrap_err(), untrusted(ChainFault::AnotherRoot));
}

#[test]
fn another_model_of_the_same_root_did_not_sign_the_device() {
    let refusal = refusal_of_token(|device, _| {
        let another = LAB.device("android-l1").unwrap().model().certificate().to_vec();
        SignedDrmCertificate { signer: Some(another), ..device }
    });
    assert_eq!(refusal, untrusted(ChainFault::Signature(Link::Device)));
}

#[test]
fn a_device_without_model_is_refused() {
    let refusal = refusal_of_token(|device, _| SignedDrmCertificate { signer: None, ..device });
    assert_eq!(refusal, untrusted(ChainFault::NoModel));
}

#[test]
fn certificates_with_strange_fields_are_refused() {
    let malformed = untrusted(ChainFault::Malformed(Link::Device));
    assert_eq!(refusal_of_certificate(|fields| fields.certificate_type = None), malformed);
    assert_eq!(refusal_of_certificate(|fields| fields.serial_number = Some(vec![1; 15])), malformed);
    assert_eq!(refusal_of_certificate(|fields| fields.serial_number = None), malformed);
    assert_eq!(refusal_of_certificate(|fields| fields.public_key = None), malformed);
    assert_eq!(refusal_of(|identity| identity.token = Some(vec![0xFF])), malformed);
    assert_eq!(refusal_of(|identity| identity.token = None), untrusted(ChainFault::NoModel));
    let key = untrusted(ChainFault::Key(Link::Device));
    assert_eq!(refusal_of_certificate(|fields| fields.public_key = Some(vec![1; 270])), key);
    let curve = i32::from(CertificateAlgorithm::EccSecp256r1);
    assert_eq!(refusal_of_certificate(|fields| fields.algorithm = Some(curve)), key);
    assert_eq!(
        refusal_of_certificate(|fields| fields.certificate_type = Some(CertificateType::Provisioner.into())),
        untrusted(ChainFault::CertificateType { link: Link::Device, got: 4, expected: 2 })
    );
    assert_eq!(
        refusal_of_model(|fields| fields.certificate_type = Some(CertificateType::Service.into())),
        untrusted(ChainFault::CertificateType { link: Link::Model, got: 3, expected: 1 })
    );
}

#[test]
fn system_ids_that_differ_or_are_0_are_refused() {
    let fault = |device, model| untrusted(ChainFault::SystemId { device, model });
    assert_eq!(refusal_of_certificate(|fields| fields.system_id = Some(31001)), fault(31001, 31003));
    assert_eq!(refusal_of_certificate(|fields| fields.system_id = None), fault(0, 31003));
    assert_eq!(refusal_of_model(|fields| fields.system_id = Some(31001)), fault(31003, 31001));
}

#[test]
fn an_expired_certificate_is_refused_with_both_times() {
    let end = u32::try_from(NOW).unwrap();
    let expired = |link| untrusted(ChainFault::Expired { link, expired: end, now: NOW });
    assert_eq!(
        refusal_of_certificate(|fields| fields.expiration_time_seconds = Some(end)),
        expired(Link::Device)
    );
    assert_eq!(refusal_of_model(|fields| fields.expiration_time_seconds = Some(end)), expired(Link::Model));
}

#[test]
fn a_certificate_that_never_or_later_expires_is_good() {
    let device = device("android-l3");
    let lab = LAB.device("android-l3").unwrap();
    for end in [0, u32::try_from(NOW).unwrap() + 1] {
        let mut identity = ClientIdentification::decode(device.client_id()).unwrap();
        let token = signed(identity.token.as_deref().unwrap());
        let mut fields = DrmCertificate::decode(token.drm_certificate.as_deref().unwrap()).unwrap();
        fields.expiration_time_seconds = Some(end);
        let token = SignedDrmCertificate { signer: token.signer, ..lab.model().sign(&fields) };
        identity.token = Some(token.encode_to_vec());
        let body = device.draft(&plan()).identify_clearly(&identity.encode_to_vec()).sign().body;
        assert!(Server::default().redeem(&body, &grant()).is_ok());
    }
}

#[test]
fn revoked_systems_and_serials_are_refused_also_after_they_were_served() {
    let asked = asked("android-l3");
    let device = Server::default().identify(&challenge(&asked.body).unwrap()).unwrap();
    let with_list = |json: &str| {
        let revocations = RevocationList::parse(json.as_bytes()).unwrap();
        Server { revocations, ..Server::default() }.redeem(&asked.body, &grant())
    };
    assert!(with_list(r#"{"version":1}"#).is_ok());
    let system = with_list(r#"{"version":2,"systems":{"31003":{"status":"revoked"}}}"#).unwrap_err();
    assert_eq!(system, Refusal::DeviceRevoked(Revoked::System(31003)));
    assert_eq!(system.reason(), "device-revoked");
    for serial in [device.serial, device.model_serial] {
        let refusal = with_list(&format!(r#"{{"version":3,"serials":["{serial}"]}}"#)).unwrap_err();
        assert_eq!(refusal, Refusal::DeviceRevoked(Revoked::Serial(serial)));
    }
    let other = Serial::from_bytes([0; 16]);
    assert!(with_list(&format!(r#"{{"version":4,"serials":["{other}"]}}"#)).is_ok());
}

#[test]
fn the_revocation_list_changes_a_level() {
    let grant =
        Grant { keys: vec![KeyGrant { level: SecurityLevel::HardwareCrypto, ..key(0x11) }], ..grant() };
    let asked = asked("android-l3");
    let level = |level: u8| {
        let json = format!(r#"{{"version":1,"systems":{{"31003":{{"status":"active","level":{level}}}}}}}"#);
        let revocations = RevocationList::parse(json.as_bytes()).unwrap();
        Server { revocations, ..Server::default() }.redeem(&asked.body, &grant)
    };
    assert!(level(2).is_ok() && level(1).is_ok());
    let refusal = level(3).unwrap_err();
    let levels = Refusal::DeviceLevel { required: DeviceLevel::L2, actual: DeviceLevel::L3 };
    assert_eq!((refusal.reason(), refusal), ("device-level", levels));
}

#[test]
fn keys_of_all_five_levels_against_all_three_devices() {
    let allowed = [[true; 5], [true, true, false, false, false], [true, true, false, false, false]];
    for (name, allowed) in DEVICES.into_iter().zip(allowed) {
        let asked = asked(name);
        for (number, allowed) in (1..).zip(allowed) {
            let level = SecurityLevel::from_number(number).unwrap();
            let grant = Grant { keys: vec![KeyGrant { level, ..key(0x11) }], ..grant() };
            let answer = Server::default().redeem(&asked.body, &grant);
            assert_eq!(answer.is_ok(), allowed, "{name} {number}");
        }
    }
}

#[test]
fn other_kinds_of_identity_are_refused() {
    for got in [0, 2, 3, 4, 5, 77] {
        let refusal = refusal_of(|identity| identity.token_type = Some(got));
        assert_eq!((refusal.reason(), refusal), ("device-kind", Refusal::DeviceKind { got }));
    }
    assert_eq!(refusal_of(|identity| identity.token_type = None), Refusal::DeviceKind { got: 0 });
}

#[test]
fn malformed_vmp_data_is_refused() {
    let refusal = refusal_of(|identity| identity.vmp_data = Some(vec![0x12, 0x05, 0x00]));
    assert_eq!((refusal.reason(), refusal), ("device-vmp", Refusal::DeviceVmp));
}

#[test]
fn both_identities_or_none_are_refused() {
    let device = device("android-l3");
    let both = device.draft(&plan()).identify_clearly(device.client_id()).identify_privately(
        &service(),
        device.client_id(),
        &[9; 16],
        &*random(),
    );
    assert_eq!(refusal(&both.sign().body), Refusal::Message(MessageFault::BothIdentities));
    let none = device.draft(&plan()).sign();
    assert_eq!(refusal(&none.body), Refusal::Message(MessageFault::NoIdentity));
}

#[test]
fn an_unknown_service_certificate_is_named() {
    let device = device("android-l3");
    let spoilt = |provider: Option<&[u8]>, serial: Option<&[u8]>| {
        let mut draft =
            device.draft(&plan()).identify_privately(&service(), device.client_id(), &[9; 16], &*random());
        let encrypted = draft.request.encrypted_client_id.as_mut().unwrap();
        if let Some(provider) = provider {
            encrypted.provider_id = Some(provider.to_vec());
        }
        if let Some(serial) = serial {
            encrypted.service_certificate_serial_number = Some(serial.to_vec());
        }
        refusal(&draft.sign().body)
    };
    let refusal = spoilt(None, Some(&[0xAB; 16]));
    assert_eq!(refusal.reason(), "service-certificate");
    assert_eq!(
        refusal.to_string(),
        "the identity is encrypted for the service certificate abababababababababababababababab of \
         \"lab.boxoffice\", which is not in use here: fetch it again"
    );
    assert_eq!(spoilt(Some(b"another"), None).reason(), "service-certificate");
    assert!(spoilt(Some(&[0xFF; 5000]), None).to_string().len() < 500);
}

#[test]
fn every_failure_of_decryption_has_the_same_answer() {
    let device = device("android-l3");
    let service = service();
    let mut refusals = Vec::new();
    for privacy_key in [&[9; 15][..], &[9; 17], &[]] {
        let draft =
            device.draft(&plan()).identify_privately(&service, device.client_id(), privacy_key, &*random());
        refusals.push(refusal(&draft.sign().body));
    }
    let no_message = device.draft(&plan()).identify_privately(&service, &[0xFF; 40], &[9; 16], &*random());
    refusals.push(refusal(&no_message.sign().body));
    let spoil = |spoil: &dyn Fn(&mut widevine::messages::EncryptedClientIdentification)| {
        let mut draft =
            device.draft(&plan()).identify_privately(&service, device.client_id(), &[9; 16], &*random());
        spoil(draft.request.encrypted_client_id.as_mut().unwrap());
        refusal(&draft.sign().body)
    };
    // The last byte of the last but one block: bad padding.
    refusals.push(spoil(&|encrypted| {
        let identity = encrypted.encrypted_client_id.as_mut().unwrap();
        let at = identity.len() - 17;
        identity[at] ^= 0x55;
    }));
    refusals.push(spoil(&|encrypted| encrypted.encrypted_privacy_key = Some(vec![1; 256])));
    refusals.push(spoil(&|encrypted| encrypted.encrypted_privacy_key = Some(vec![])));
    refusals.push(spoil(&|encrypted| encrypted.encrypted_privacy_key = None));
    refusals.push(spoil(&|encrypted| encrypted.encrypted_client_id = Some(vec![1; 15])));
    refusals.push(spoil(&|encrypted| encrypted.encrypted_client_id = Some(vec![])));
    refusals.push(spoil(&|encrypted| encrypted.encrypted_client_id_iv = Some(vec![1; 15])));
    assert!(refusals.iter().all(|refusal| *refusal == Refusal::Identity), "{refusals:?}");
    assert_eq!(Refusal::Identity.reason(), "identity");
    let clear = device.draft(&plan()).identify_clearly(&[0xFF]).sign();
    assert_eq!(refusal(&clear.body), Refusal::Identity);
}

#[test]
fn unknown_versions_of_the_protocol_are_refused() {
    for got in [0, 19, 23, -1] {
        let plan = Plan { protocol_version: Some(got), ..plan() };
        let body = device("android-l3").challenge(&plan, None, &*random()).body;
        let refusal = refusal(&body);
        assert_eq!((refusal.reason(), refusal), ("protocol-version", Refusal::ProtocolVersion { got }));
    }
}

#[test]
fn a_request_without_name_content_or_with_two_contents_is_refused() {
    let device = device("android-l3");
    let fault = |edit: &dyn Fn(&mut widevine::messages::LicenseRequest)| {
        let mut draft = device.draft(&plan()).identify_clearly(device.client_id());
        edit(&mut draft.request);
        match refusal(&draft.sign().body) {
            Refusal::Message(fault) => fault,
            other => panic!("{other:?}"),
        }
    };
    let webm = |request: &mut widevine::messages::LicenseRequest| {
        request.content_id.as_mut().unwrap().webm_key_id = Some(widevine::messages::WebmKeyId::default());
    };
    let unnamed = |name: Option<Vec<u8>>| {
        move |request: &mut widevine::messages::LicenseRequest| {
            let content = request.content_id.as_mut().unwrap();
            content.widevine_pssh_data.as_mut().unwrap().request_id = name.clone();
        }
    };
    assert_eq!(fault(&|request| request.content_id = None), MessageFault::ContentCount { got: 0 });
    assert_eq!(fault(&webm), MessageFault::ContentCount { got: 2 });
    assert_eq!(fault(&unnamed(None)), MessageFault::NoRequestId);
    assert_eq!(fault(&unnamed(Some(vec![]))), MessageFault::NoRequestId);
    assert_eq!(fault(&|request| request.request_type = Some(4)), MessageFault::RequestType { got: 4 });
    assert_eq!(fault(&|request| request.request_type = Some(2)), MessageFault::ContentForAnotherType);
}

#[test]
fn init_data_that_names_nothing_of_the_token_is_refused() {
    let redeem = |init_data: AskedInitData, grant: &Grant| {
        let plan = Plan::streaming(init_data, NOW, &*random());
        let body = device("android-l3").challenge(&plan, None, &*random()).body;
        Server::default().redeem(&body, grant).map_err(|refusal| (refusal.reason(), refusal))
    };
    let token_kid = Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
    let token = Grant { keys: vec![KeyGrant { kid: token_kid, ..key(1) }], ..grant() };
    for (asked, swapped) in [(kid(0x22), None), (token_kid.swapped(), Some(token_kid))] {
        let (asked, granted) = (vec![asked], vec![token_kid]);
        let init_data = AskedInitData::kids(&asked);
        let refusal = Refusal::KidNotGranted { asked, granted, swapped };
        assert_eq!(redeem(init_data, &token), Err(("kid-not-granted", refusal)));
    }
    let film = Grant { content_id: Some(b"film".to_vec()), ..grant() };
    let mismatch = AskedInitData::WidevinePssh(pssh_data(&[], Some(b"another"), None));
    let refusal = Refusal::ContentMismatch { asked: b"another".to_vec(), granted: b"film".to_vec() };
    assert_eq!(redeem(mismatch, &film), Err(("content-mismatch", refusal)));
    for (init_data, fault) in [
        (AskedInitData::WidevinePssh(vec![0xFF]), InitDataFault::Unreadable),
        (AskedInitData::WidevinePssh(vec![0x58, 0x02]), InitDataFault::EntitledKey),
        (AskedInitData::Webm(vec![1; 15]), InitDataFault::KeyIdLength { got: 15 }),
        (AskedInitData::WebmKeyId(vec![]), InitDataFault::KeyIdLength { got: 0 }),
    ] {
        assert_eq!(redeem(init_data, &grant()), Err(("init-data", Refusal::InitData(fault))));
    }
}

#[test]
fn offline_without_the_right_is_refused() {
    let plan = plan().with_type(LicenseType::Offline);
    let body = device("android-l3").challenge(&plan, None, &*random()).body;
    let refusal = refusal(&body);
    assert_eq!((refusal.reason(), refusal), ("persistence-not-granted", Refusal::PersistenceNotGranted));
}

#[test]
fn faults_are_found_in_the_order_of_work() {
    // Everything is wrong with this one; the earliest reason wins, and goes away step by step.
    let lab = LAB.device("android-l3").unwrap();
    let stranger = ClientDevice::new(LAB.device("chrome-l3").unwrap().private_key(), lab.client_id(), 3);
    let stranger = std::sync::Arc::new(stranger.unwrap());
    let bad_content = Plan::streaming(AskedInitData::WidevinePssh(vec![0xFF]), NOW, &*random());
    let server = |json: &str| Server {
        revocations: RevocationList::parse(json.as_bytes()).unwrap(),
        ..Server::default()
    };
    let revoked = server(r#"{"version":9,"systems":{"31003":{"status":"revoked"}}}"#);
    let body = stranger.challenge(&bad_content, None, &*random()).body;
    assert_eq!(revoked.redeem(&body, &grant()).unwrap_err().reason(), "device-revoked");
    assert_eq!(refusal(&body).reason(), "device-signature");
    let body = device("android-l3").challenge(&bad_content, None, &*random()).body;
    assert_eq!(refusal(&body).reason(), "init-data");
}
