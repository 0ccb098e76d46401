use std::sync::{LazyLock, Mutex, PoisonError};

use drm_primitives::SequenceRandom;
use playready::FaultCode;
use playready::lab::Material;
use playready::lab_client::{Answer, ChallengeRequest, LabDevice, LeafSettings, Verifier, header_text};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

struct Client {
    device: LabDevice,
    request: ChallengeRequest,
    verifier: Verifier,
}

static CLIENT: LazyLock<Mutex<Client>> = LazyLock::new(|| {
    let random = SequenceRandom::new(1);
    let lab = Material::generate(&random).expect("numbers do not run out");
    let files = lab.group_files();
    let leaf = LeafSettings::new([1; 16]);
    let device = LabDevice::provision(&files.bgroupcert, &files.zgpriv, &leaf, &random);
    Mutex::new(Client {
        device: device.expect("the lab's own files provision a device"),
        request: ChallengeRequest::new(header_text("4.0.0.0", None, &[]), 1, NOW, &random),
        verifier: Verifier::new(*lab.root_public_key().as_bytes()),
    })
});

/// An answer to the lab's PlayReady client: it accepts no licence that the lab did not sign, and of faults only those
/// with a code that there is.
pub fn playready_answer(bytes: &[u8]) {
    let mut client = CLIENT.lock().unwrap_or_else(PoisonError::into_inner);
    let Client { device, request, verifier } = &mut *client;
    let content_type = "text/xml; charset=utf-8";
    let answer = Answer { status: 200, content_type, body: bytes };
    assert!(verifier.verify(device, request, &[], &answer, NOW, None).is_err());
    let fault = Answer { status: 500, content_type, body: bytes };
    if let Ok(fault) = Verifier::verify_fault(&fault) {
        assert!(FaultCode::from_status_code(fault.status_code).is_some());
    }
}
