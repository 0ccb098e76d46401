//! Lab devices, which ask for licences as players do.

use std::sync::Arc;

use drm_primitives::{Kid, SystemRandom};
use widevine::lab_client::{
    AskedInitData, ClientDevice, OpenedLicence, Plan, ServiceCertificate, SignedChallenge,
};

use crate::kit::{Answer, Lab, NOW, Request};

/// One of `android-l1`, `android-l3`, `chrome-l3`.
pub fn named(lab: &Lab, name: &str) -> Arc<ClientDevice> {
    let file = lab.app.issuers().lab().widevine_root.device(name).unwrap().device_file();
    Arc::new(ClientDevice::from_device_file(&file).unwrap())
}

/// The service certificate, fetched as a player does.
pub async fn service(lab: &Lab) -> ServiceCertificate {
    let answer = lab.send(Request::post("/hms/wv/rights/", "application/octet-stream", b"\x08\x04")).await;
    assert_eq!(answer.status, 200);
    let root = lab.app.issuers().lab().widevine_root.root().certificate().to_vec();
    ServiceCertificate::from_answer(&answer.body, &root, "lab.boxoffice").unwrap()
}

/// The KID of a name like `^kid1`.
pub fn kid(name: &str) -> Kid {
    Kid::parse(name.as_bytes()).unwrap()
}

/// Asks for these KIDs, to stream.
pub fn plan(kids: &[&str]) -> Plan {
    let kids: Vec<_> = kids.iter().copied().map(kid).collect();
    Plan::streaming(AskedInitData::kids(&kids), NOW, &SystemRandom)
}

pub fn challenge(
    device: &Arc<ClientDevice>,
    plan: &Plan,
    service: Option<&ServiceCertificate>,
) -> SignedChallenge {
    device.challenge(plan, service, &SystemRandom)
}

/// Posts a challenge to a token's URL.
pub async fn post(lab: &Lab, url: &str, body: &[u8]) -> Answer {
    let target = url.strip_prefix(&lab.base()).unwrap_or(url);
    lab.send(Request::post(target, "application/octet-stream", body)).await
}

/// Redeems a token; the licence was opened and verified, or the service's answer is returned.
pub async fn redeem(
    lab: &Lab,
    device: &Arc<ClientDevice>,
    url: &str,
    plan: &Plan,
) -> Result<OpenedLicence, Answer> {
    let mut challenge = challenge(device, plan, None);
    let answer = post(lab, url, &challenge.body).await;
    if answer.status != 200 {
        return Err(answer);
    }
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    Ok(challenge.session.open(&answer.body, None).unwrap())
}
