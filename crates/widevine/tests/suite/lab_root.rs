//! The lab root of trust: how it is stored, exported and replaced.

use drm_primitives::base64;
use proptest::prelude::*;
use prost::Message as _;
use widevine::lab::{LabRoot, LabRootError, LabService};
use widevine::lab_client::{AskedInitData, ClientDevice, Plan, ServiceCertificate};
use widevine::messages::{ClientIdentification, DrmCertificate, FileHashes, SignedDrmCertificate};
use widevine::{Refusal, Request, RevocationList, SERVICE_KEY_HISTORY_SECONDS};

use crate::kit::{DEVICES, ISSUER, LAB, NOW, PROVIDER, device, kid, random, signed};

fn canonical<M: prost::Message + Default>(bytes: &[u8]) -> M {
    let message = M::decode(bytes).unwrap();
    assert_eq!(message.encode_to_vec(), bytes);
    message
}

fn fields(certificate: &SignedDrmCertificate) -> DrmCertificate {
    canonical(certificate.drm_certificate.as_deref().unwrap())
}

#[test]
fn the_certificates_have_the_fields_of_the_table_and_no_others() {
    let root: SignedDrmCertificate = canonical(LAB.root().certificate());
    let created = Some(u32::try_from(NOW - 1000).unwrap());
    let root_fields = fields(&root);
    assert_eq!((root.signer, root.hash_algorithm), (None, None));
    assert_eq!(
        root_fields,
        DrmCertificate {
            certificate_type: Some(0),
            serial_number: Some(vec![0]),
            creation_time_seconds: created,
            public_key: root_fields.public_key.clone(),
            ..DrmCertificate::default()
        }
    );
    assert_eq!(root_fields.public_key.as_ref().unwrap().len(), 398);

    let service: SignedDrmCertificate = canonical(LAB.services()[0].certificate());
    let service_fields = fields(&service);
    assert_eq!((service.signer, service.hash_algorithm), (None, None));
    assert_eq!(
        service_fields,
        DrmCertificate {
            certificate_type: Some(3),
            serial_number: service_fields.serial_number.clone(),
            creation_time_seconds: created,
            public_key: service_fields.public_key.clone(),
            provider_id: Some(PROVIDER.as_bytes().to_vec()),
            service_types: vec![1],
            ..DrmCertificate::default()
        }
    );
    assert_eq!(service_fields.serial_number.unwrap().len(), 16);
    assert_eq!(service_fields.public_key.unwrap().len(), 270);

    for (name, system_id) in DEVICES.into_iter().zip([31001, 31003, 31103]) {
        let identity: ClientIdentification = canonical(LAB.device(name).unwrap().client_id());
        let token: SignedDrmCertificate = canonical(identity.token.as_deref().unwrap());
        let model: SignedDrmCertificate = canonical(token.signer.as_deref().unwrap());
        assert_eq!(model.signer, None);
        for (certificate, certificate_type, test_device) in [(model, 1, Some(true)), (token, 2, None)] {
            let got = fields(&certificate);
            assert_eq!(
                got,
                DrmCertificate {
                    certificate_type: Some(certificate_type),
                    serial_number: got.serial_number.clone(),
                    creation_time_seconds: created,
                    public_key: got.public_key.clone(),
                    system_id: Some(system_id),
                    test_device_deprecated: test_device,
                    ..DrmCertificate::default()
                }
            );
            assert_eq!(got.serial_number.unwrap().len(), 16);
        }
    }
}

#[test]
fn the_devices_have_the_capabilities_of_the_table() {
    let hdcp = [4, 0, 1];
    for (name, hdcp) in DEVICES.into_iter().zip(hdcp) {
        let device = LAB.device(name).unwrap();
        let identity: ClientIdentification = canonical(device.client_id());
        let capabilities = identity.client_capabilities.unwrap();
        assert_eq!(capabilities.max_hdcp_version, Some(hdcp));
        assert_eq!(capabilities.client_token, Some(true));
        assert_eq!(capabilities.session_token, Some(true));
        assert_eq!(capabilities.oem_crypto_api_version, Some(17));
        assert_eq!(capabilities.anti_rollback_usage_table, Some(true));
        let vmp: Option<FileHashes> = identity.vmp_data.as_deref().map(canonical);
        assert_eq!(vmp.is_some(), name == "chrome-l3");
        if let Some(vmp) = vmp {
            assert_eq!(vmp.signatures.len(), 1);
            assert_eq!(vmp.signatures[0].test_signing, Some(true));
        }
    }
}

#[test]
fn what_is_stored_is_loaded_and_serves_the_same_devices() {
    let bytes = LAB.to_bytes();
    let loaded = LabRoot::from_bytes(&bytes).unwrap();
    assert_eq!(*loaded.to_bytes(), *bytes);
    assert_eq!(loaded.issuer().unwrap().service_certificate(), ISSUER.service_certificate());
    assert_eq!(loaded.devices().len(), 3);
}

#[test]
fn what_is_stored_and_damaged_is_refused() {
    let bytes = LAB.to_bytes();
    let error = |bytes: &[u8]| LabRoot::from_bytes(bytes).unwrap_err();
    assert_eq!(error(b""), LabRootError::Magic);
    assert_eq!(error(b"something else"), LabRootError::Magic);
    assert_eq!(error(b"BXWV"), LabRootError::Length);
    assert_eq!(error(b"BXWV\x02"), LabRootError::Version { got: 2 });
    assert_eq!(error(&[&bytes[..], &[0]].concat()), LabRootError::Length);
    // Every cut, but only near the ends of fields, as each whole key before the cut is read and checked.
    for end in (5..bytes.len()).step_by(97) {
        assert_eq!(error(&bytes[..end]), LabRootError::Length, "{end} bytes");
    }
}

#[test]
fn the_exported_files_are_those_of_the_specification() {
    let files = LAB.export();
    let mut expected = vec!["root.bin".to_owned(), "service.bin".to_owned()];
    for name in DEVICES {
        expected.push(format!("{name}.wvd"));
        expected.push(format!("{name}/private_key.pem"));
        expected.push(format!("{name}/client_id.bin"));
    }
    assert_eq!(files.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), expected);
    let contents = |path: &str| files.iter().find(|file| file.path == path).unwrap().contents.clone();
    assert_eq!(*contents("root.bin"), LAB.root().certificate());
    assert_eq!(*contents("service.bin"), ISSUER.service_certificate());
    for device in LAB.devices() {
        let name = device.name();
        let pem = String::from_utf8(contents(&format!("{name}/private_key.pem")).to_vec()).unwrap();
        let body = pem.strip_prefix("-----BEGIN RSA PRIVATE KEY-----\n").unwrap();
        let body = body.strip_suffix("-----END RSA PRIVATE KEY-----\n").unwrap();
        assert!(body.lines().all(|line| line.len() <= 64));
        let key = base64::decode(body.replace('\n', "").as_bytes()).unwrap();
        assert_eq!(key, device.private_key());
        assert_eq!(*contents(&format!("{name}/client_id.bin")), device.client_id());

        let file = contents(&format!("{name}.wvd"));
        assert!((2_500..=2_900).contains(&file.len()), "{name}: {} bytes", file.len());
        assert_eq!(file[..3], *b"WVD");
        assert_eq!(file[3..7], [2, device.device_type().number(), device.level().number(), 0]);
        let n = usize::from(u16::from_be_bytes([file[7], file[8]]));
        assert_eq!(file[9..9 + n], *device.private_key());
        let m = usize::from(u16::from_be_bytes([file[9 + n], file[10 + n]]));
        assert_eq!(file[11 + n..], *device.client_id());
        assert_eq!(m, device.client_id().len());
    }
    assert!(!format!("{files:?}{:?}", *LAB).contains("PRIVATE"));
}

#[test]
fn a_device_file_makes_a_device_and_a_damaged_one_does_not() {
    let file = LAB.device("android-l1").unwrap().device_file();
    let device = ClientDevice::from_device_file(&file).unwrap();
    assert_eq!((device.level(), device.client_id()), (1, LAB.device("android-l1").unwrap().client_id()));
    for end in (0..file.len()).step_by(7) {
        assert!(ClientDevice::from_device_file(&file[..end]).is_err());
    }
    let mut tail = file.to_vec();
    let m = tail.len() - 1;
    tail[m] ^= 0x80;
    assert!(ClientDevice::from_device_file(&tail).is_err(), "no canonical identity");
}

#[test]
fn a_replaced_service_certificate_opens_identities_for_30_days_more() {
    let mut lab = LabRoot::from_bytes(&LAB.to_bytes()).unwrap();
    let old = lab.services()[0].certificate().to_vec();
    lab.replace_service_certificate(NOW, &*random());
    let issuer = lab.issuer().unwrap();
    assert_ne!(issuer.service_certificate(), old);
    assert_eq!(lab.services().iter().map(LabService::retired_at).collect::<Vec<_>>(), [None, Some(NOW)]);
    assert_eq!(*LabRoot::from_bytes(&lab.to_bytes()).unwrap().to_bytes(), *lab.to_bytes());

    let identify = |certificate: &[u8], now: i64| {
        let root = lab.root().certificate();
        let service = ServiceCertificate::verify(certificate, root, PROVIDER).unwrap();
        let plan = Plan::streaming(AskedInitData::kids(&[kid(1)]), NOW, &*random());
        let body = device("android-l1").challenge(&plan, Some(&service), &*random()).body;
        let Request::Licence(challenge) = Request::parse(&body).unwrap() else { panic!("no challenge") };
        issuer.identify(&challenge, now, &RevocationList::default()).map(|device| device.system_id)
    };
    let end = NOW + SERVICE_KEY_HISTORY_SECONDS;
    assert_eq!(identify(issuer.service_certificate(), end + 1), Ok(31001));
    assert_eq!(identify(&old, end), Ok(31001));
    assert!(matches!(identify(&old, end + 1), Err(Refusal::ServiceCertificate { .. })));

    lab.replace_service_certificate(end + 1, &*random());
    assert_eq!(lab.services().len(), 2, "what is past its time is dropped");
}

#[test]
fn no_two_certificates_share_a_serial_number() {
    let mut serials = std::collections::HashSet::new();
    let mut count = 0;
    let mut add = |certificate: &[u8]| {
        count += 1;
        serials.insert(fields(&signed(certificate)).serial_number);
    };
    add(LAB.services()[0].certificate());
    for device in LAB.devices() {
        add(device.model().certificate());
        let identity = ClientIdentification::decode(device.client_id()).unwrap();
        add(&identity.token.unwrap());
    }
    assert_eq!((count, serials.len()), (7, 7));
}

proptest! {
    #[test]
    fn no_stored_bytes_panic(bytes: Vec<u8>) {
        let _ = LabRoot::from_bytes(&bytes);
        let _ = LabRoot::from_bytes(&[b"BXWV\x01", &bytes[..]].concat());
    }
}
