//! The service certificate, as it is handed out and as a client believes it.

use prost::Message as _;
use widevine::lab_client::{SERVICE_CERTIFICATE_REQUEST, ServiceCertificate, ServiceCertificateFault};
use widevine::messages::{DrmCertificate, SignedDrmCertificate};
use widevine::{CertificateError, Issuer, IssuerError, Request, ServiceCredential, ServiceKeyError};

use crate::kit::{ISSUER, LAB, PROVIDER, edited, signed};

fn fault(answer: &[u8]) -> ServiceCertificateFault {
    ServiceCertificate::from_answer(answer, LAB.root().certificate(), PROVIDER).unwrap_err()
}

fn bare_fault(certificate: &SignedDrmCertificate) -> ServiceCertificateFault {
    let root = LAB.root().certificate();
    ServiceCertificate::verify(&certificate.encode_to_vec(), root, PROVIDER).unwrap_err()
}

fn certificate() -> (SignedDrmCertificate, DrmCertificate) {
    let signed = signed(ISSUER.service_certificate());
    let fields = DrmCertificate::decode(signed.drm_certificate.as_deref().unwrap()).unwrap();
    (signed, fields)
}

#[test]
fn the_answer_is_a_signed_message_of_type_5_around_the_bare_certificate() {
    assert!(matches!(Request::parse(&SERVICE_CERTIFICATE_REQUEST), Ok(Request::ServiceCertificate)));
    let answer = ISSUER.service_certificate_answer();
    assert_eq!(answer[..3], [0x08, 0x05, 0x12]);
    assert!(answer.ends_with(ISSUER.service_certificate()));
    ServiceCertificate::from_answer(&answer, LAB.root().certificate(), PROVIDER).unwrap();
    ServiceCertificate::verify(ISSUER.service_certificate(), LAB.root().certificate(), PROVIDER).unwrap();
}

#[test]
fn a_client_refuses_every_other_answer() {
    let answer = ISSUER.service_certificate_answer();
    let of_type = edited(&answer, |message| message.message_type = Some(2));
    assert_eq!(fault(&of_type), ServiceCertificateFault::MessageType { got: Some(2) });
    let with_signature = edited(&answer, |message| message.signature = Some(vec![1]));
    assert_eq!(fault(&with_signature), ServiceCertificateFault::NotCanonical("answer"));
    let tail = [&answer[..], &[0x28, 0x00]].concat();
    assert_eq!(fault(&tail), ServiceCertificateFault::NotCanonical("answer"));
    let long_number = [&[0x08, 0x85, 0x00], &answer[2..]].concat();
    assert_eq!(fault(&long_number), ServiceCertificateFault::NotCanonical("answer"));
    assert_eq!(fault(&[0xFF]), ServiceCertificateFault::Unreadable("answer"));
    for end in 0..answer.len() {
        let _ = fault(&answer[..end]);
    }
}

#[test]
fn a_client_refuses_every_other_certificate() {
    let (signed, fields) = certificate();
    let mut spoilt = signed.clone();
    spoilt.signature.as_mut().unwrap()[9] ^= 1;
    assert_eq!(bare_fault(&spoilt), ServiceCertificateFault::Signature);
    let with_signer = SignedDrmCertificate { signer: Some(vec![]), ..signed.clone() };
    assert_eq!(bare_fault(&with_signer), ServiceCertificateFault::Signature);
    let forged = LAB.device("android-l1").unwrap().model().sign(&fields);
    assert_eq!(bare_fault(&forged), ServiceCertificateFault::Signature);

    let resigned = |edit: &dyn Fn(&mut DrmCertificate)| {
        let mut fields = fields.clone();
        edit(&mut fields);
        bare_fault(&LAB.root().sign(&fields))
    };
    assert_eq!(
        resigned(&|fields| fields.certificate_type = Some(2)),
        ServiceCertificateFault::CertificateType { got: Some(2) }
    );
    assert!(matches!(
        resigned(&|fields| fields.provider_id = Some(b"another".to_vec())),
        ServiceCertificateFault::Provider { .. }
    ));
    assert_eq!(
        resigned(&|fields| fields.serial_number = Some(vec![1])),
        ServiceCertificateFault::Serial { got: 1 }
    );
    assert_eq!(resigned(&|fields| fields.public_key = Some(vec![1; 270])), ServiceCertificateFault::Key);
    assert_eq!(resigned(&|fields| fields.public_key = None), ServiceCertificateFault::Key);
}

#[test]
fn an_issuer_takes_no_certificate_or_key_that_does_not_fit() {
    let root = LAB.root().certificate();
    let android = LAB.device("android-l1").unwrap();
    let (_, fields) = certificate();
    // A service certificate for the key of a device, whose private half is at hand.
    let ours = DrmCertificate { public_key: Some(android.public_key().to_vec()), ..fields.clone() };
    let good = LAB.root().sign(&ours).encode_to_vec();
    let private_key = android.private_key();
    let issuer = |certificate: &[u8], private_key: &[u8], retired_at: Option<i64>| {
        let services = [ServiceCredential { certificate, private_key, retired_at }];
        Issuer::new(root, &services).map(|_| ()).map_err(|error| match error {
            IssuerError::Service { position: 1, error } => Some(error),
            IssuerError::NoService => None,
            other => panic!("{other}"),
        })
    };
    assert_eq!(issuer(&good, private_key, None), Ok(()));
    assert_eq!(issuer(&good, private_key, Some(0)), Err(None));
    let another = LAB.device("chrome-l3").unwrap().private_key();
    assert_eq!(issuer(&good, another, None), Err(Some(ServiceKeyError::AnotherKey)));
    assert_eq!(issuer(&good, b"", None), Err(Some(ServiceKeyError::PrivateKey)));
    let certificate = |error| Err(Some(ServiceKeyError::Certificate(error)));
    assert_eq!(issuer(b"\xFF", private_key, None), certificate(CertificateError::Malformed));
    let forged = android.model().sign(&ours).encode_to_vec();
    assert_eq!(issuer(&forged, private_key, None), certificate(CertificateError::Signature));
    let nobody = DrmCertificate { provider_id: None, ..ours };
    let nobody = LAB.root().sign(&nobody).encode_to_vec();
    assert_eq!(issuer(&nobody, private_key, None), certificate(CertificateError::NoProvider));
    let type_of_model = CertificateError::CertificateType { got: Some(1), expected: 3 };
    assert_eq!(issuer(android.model().certificate(), private_key, None), certificate(type_of_model));

    let no_root = Issuer::new(ISSUER.service_certificate(), &[]).unwrap_err();
    let type_of_service = CertificateError::CertificateType { got: Some(3), expected: 0 };
    assert_eq!(no_root, IssuerError::Root(type_of_service));
    assert_eq!(Issuer::new(root, &[]).unwrap_err(), IssuerError::NoService);
}
