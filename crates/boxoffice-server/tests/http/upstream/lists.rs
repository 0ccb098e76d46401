//! Lists that change while the service runs, of devices that only the licence service can name (widevine.md, sections 9.3
//! and 10).

use std::path::Path;

use boxoffice_core::account::Balance;
use drm_primitives::SystemRandom;
use widevine::lab_client::{OpenedLicence, ServiceCertificate};

use super::world::{KID, World, device, plan, refusal};
use crate::kit::{eventually, widevine_root};

type Refusal = (i64, u16, String);

/// Asks for a licence without saying who asks.
async fn ask(
    world: &World,
    target: &str,
    service: &ServiceCertificate,
    name: &str,
) -> Result<OpenedLicence, Refusal> {
    let mut challenge = device(name).challenge(&plan(&[KID]), Some(service), &SystemRandom);
    let answer = world.post(target, challenge.body).await;
    if answer.status != 200 {
        return Err(refusal(&answer));
    }
    Ok(challenge.session.open(&answer.body, None).unwrap())
}

fn write(file: &Path, list: &str) {
    std::fs::write(file, list).unwrap();
}

#[tokio::test]
async fn lists_of_devices_that_hide_are_in_force_while_the_service_runs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("devices.json");
    write(&file, r#"{"version":1}"#);
    let renewal = "[environments.test.widevine.renewal]\nenabled = true";
    let world = World::with(&format!("revocation_file = \"{}\"\n{renewal}", file.display())).await;
    let target = world.target("").await;
    let certificate = world.post("/hms/wv/rights/", b"\x08\x04").await.body;
    let root = widevine_root().root().certificate().to_vec();
    let service = ServiceCertificate::from_answer(&certificate, &root, "lab.boxoffice").unwrap();
    let ask = async |name| ask(&world, &target, &service, name).await;
    let revoked = (-4001, 403, "device-revoked".to_owned());
    let licence = ask("chrome-l3").await.unwrap();
    let identity = widevine_root().device("chrome-l3").unwrap().client_id().to_vec();
    let renew = async |identity| world.post(&target, licence.renewal(world.now(), identity).body).await;
    assert_eq!(renew(Some(&identity)).await.status, 200);
    // Revoked; then nobody but another model is allowed; then this one is, too.
    write(&file, r#"{"version":2,"systems":{"31103":{"status":"revoked"}}}"#);
    assert_eq!(eventually(async || ask("chrome-l3").await, Result::is_err).await.unwrap_err(), revoked);
    assert!(ask("android-l3").await.is_ok());
    write(&file, r#"{"version":3,"unlisted":"revoked","systems":{"31001":{"status":"active"}}}"#);
    assert_eq!(eventually(async || ask("android-l3").await, Result::is_err).await.unwrap_err(), revoked);
    assert_eq!(ask("chrome-l3").await.unwrap_err(), revoked);
    assert!(ask("android-l1").await.is_ok());
    world.set_balance(1).await;
    assert_eq!(ask("chrome-l3").await.unwrap_err(), revoked);
    assert_eq!(world.balance().await, Balance::Licences(1), "what is refused behind the call costs nothing");
    // Of a renewal the service knows no more than the request says.
    assert_eq!(refusal(&renew(Some(&identity)).await), revoked);
    assert_eq!(renew(None).await.status, 200);
    write(
        &file,
        r#"{"version":4,"unlisted":"revoked","systems":{"31001":{"status":"active"},"31103":{"status":"active"}}}"#,
    );
    eventually(async || renew(Some(&identity)).await.status, |status| *status == 200).await;
    ask("chrome-l3").await.unwrap();
    assert_eq!(world.balance().await, Balance::Licences(0));
}
