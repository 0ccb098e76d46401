//! Lists that change while the service runs: who is taken off an allow list gets nothing more, and who is put on it gets
//! licences (widevine.md, section 10).

use std::path::Path;

use widevine::lab_client::OpenedLicence;

use super::world::World;
use crate::kit::{Answer, NOW, eventually};

const RENEWAL: &str = "[environments.test.widevine.renewal]\nenabled = true";

/// An allow list of these models.
fn allow(file: &Path, version: u32, systems: &[u32]) {
    let active = systems.iter().map(|id| (id.to_string(), serde_json::json!({ "status": "active" })));
    let systems: serde_json::Map<_, _> = active.collect();
    let list = serde_json::json!({ "version": version, "unlisted": "revoked", "systems": systems });
    std::fs::write(file, list.to_string()).unwrap();
}

fn refusal(answer: &Answer) -> (i64, u16, String) {
    let json = answer.json();
    (json["code"].as_i64().unwrap(), answer.status, json["reason"].as_str().unwrap_or_default().to_owned())
}

async fn ask(world: &World, target: &str, device: &str) -> Result<OpenedLicence, (i64, u16, String)> {
    let mut challenge = world.challenge(device);
    let answer = world.redeem(target, &challenge.body).await;
    if answer.status != 200 {
        return Err(refusal(&answer));
    }
    Ok(challenge.session.open(&answer.body, None).unwrap())
}

#[tokio::test]
async fn an_allow_list_opens_and_closes_while_the_service_runs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("allowed.json");
    allow(&file, 1, &[31_001]);
    let settings =
        format!("[environments.test.widevine]\nrevocation_file = \"{}\"\n{RENEWAL}", file.display());
    let world = World::with_settings(&settings).await;
    let target = world.target("GOOD").await;
    let device = world.lab.app.issuers().lab().widevine_root.device("android-l3").unwrap();
    let identity = device.client_id().to_vec();
    let revoked = (-4001, 403, "device-revoked".to_owned());
    assert_eq!(ask(&world, &target, "android-l3").await.unwrap_err(), revoked);
    allow(&file, 2, &[31_001, 31_003]);
    let licence = eventually(async || ask(&world, &target, "android-l3").await, Result::is_ok).await.unwrap();
    assert_eq!(ask(&world, &target, "chrome-l3").await.unwrap_err(), revoked);
    let renew = async |identity| world.redeem(&target, &licence.renewal(NOW, identity).body).await;
    assert_eq!(renew(Some(&identity)).await.status, 200);
    // A file that is none leaves the list in force, and so does one that is older.
    let refused = |count| format!("boxoffice_refused_revocation_files_total{{environment=\"test\"}} {count}");
    let counted = async |count| {
        let metrics = async || world.lab.get("/metrics").await.text().to_owned();
        eventually(metrics, |text| text.contains(&refused(count))).await;
    };
    std::fs::write(&file, r#"{"version":3,"unlisted":"refused"}"#).unwrap();
    counted(1).await;
    allow(&file, 1, &[31_103]);
    counted(2).await;
    assert!(ask(&world, &target, "android-l3").await.is_ok());
    assert_eq!(ask(&world, &target, "chrome-l3").await.unwrap_err(), revoked);
    // Taken off it, a device gets no licence and, where it is named, no renewal; what plays without a name plays on.
    allow(&file, 3, &[31_001]);
    eventually(async || ask(&world, &target, "android-l3").await, Result::is_err).await.unwrap_err();
    assert_eq!(refusal(&renew(Some(&identity)).await), revoked);
    assert_eq!(renew(None).await.status, 200);
    assert!(ask(&world, &target, "android-l1").await.is_ok());
}
