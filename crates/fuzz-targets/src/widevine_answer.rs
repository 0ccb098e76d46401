use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use drm_primitives::{Kid, SequenceRandom};
use widevine::lab::LabRoot;
use widevine::lab_client::{AskedInitData, ClientDevice, Plan, ServiceCertificate, Session};

/// 2028-05-23.
const NOW: i64 = 1_842_713_600;

/// The lab's keys take seconds to make.
static LAB: LazyLock<LabRoot> = LazyLock::new(|| LabRoot::generate(NOW, &SequenceRandom::new(1)));

/// A session stays as it was until it has opened something.
static SESSION: LazyLock<Mutex<Session>> = LazyLock::new(|| {
    let device = LAB.device("android-l3").expect("the lab has this device");
    let device = ClientDevice::new(device.private_key(), device.client_id(), 3).expect("the lab made it");
    let asked = AskedInitData::kids(&[Kid::from_bytes([1; 16])]);
    let plan = Plan::streaming(asked, NOW, &SequenceRandom::new(2));
    let device = Arc::new(device);
    Mutex::new(device.challenge(&plan, None, &SequenceRandom::new(3)).session)
});

/// An answer to the lab's Widevine client: it opens no licence and takes no certificate that the lab did not make.
pub fn widevine_answer(bytes: &[u8]) {
    let mut session = SESSION.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(session.open(bytes, None).is_err());
    assert!(ServiceCertificate::from_answer(bytes, LAB.root().certificate(), "lab.boxoffice").is_err());
}
