//! The revocation file, replaced while the service runs (playready.md, section 3).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use drm_primitives::{base64, hex};
use playready::bcert::Chain;
use playready::lab_client::LabDevice;

use super::world::{World, plain};

/// A world with a revocation file, and a device that it may name.
struct Scene {
    world: World,
    token: String,
    device: LabDevice,
}

impl Scene {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("revoked.json"), "{\"version\":1,\"digests\":[]}").unwrap();
        let settings = "[environments.test.playready]\nrevocation_file = \"DIR/revoked.json\"";
        let lab = crate::kit::Lab::in_directory(directory, settings).await;
        let world = World { customer: lab.account().await, lab };
        Self { token: world.purchase(1, "").await, device: world.device(), world }
    }

    fn file(&self) -> PathBuf {
        self.world.lab.directory().join("revoked.json")
    }

    /// Replaces the file, as one does: beside it, and then under its name.
    fn write(&self, json: &str) {
        let beside = self.world.lab.directory().join("revoked.new");
        std::fs::write(&beside, json).unwrap();
        std::fs::rename(beside, self.file()).unwrap();
    }

    /// The `StatusCode` of the device's next challenge; `None` where it gets a licence.
    async fn outcome(&self, device: &LabDevice) -> Option<String> {
        let challenge = self.world.challenge(device, &plain());
        let answer = self.world.post(&self.token, challenge).await;
        (answer.status != 200).then(|| {
            let refused = super::world::fault(&answer, super::world::RIGHTS);
            assert_eq!(refused.row(), ("0x8004c065", -4001, 403, "device-revoked"));
            refused.fault.status_code.to_owned()
        })
    }

    /// Asks until the list is in force, which takes five seconds at most.
    async fn wait_for(&self, device: &LabDevice, revoked: bool) {
        let begun = Instant::now();
        while self.outcome(device).await.is_some() != revoked {
            assert!(begun.elapsed() < Duration::from_secs(20), "no new list came into force");
        }
    }
}

#[tokio::test]
async fn a_certificate_is_revoked_by_either_digest_while_the_service_runs() {
    let scene = Scene::new().await;
    let other = scene.world.device();
    assert_eq!(scene.outcome(&scene.device).await, None);
    let chain = Chain::parse(&scene.device.chain).unwrap();
    let leaf = &chain.certificates()[0];
    let by_certificate = hex::encode(&leaf.digest());
    scene.write(&format!("{{\"version\":2,\"digests\":[\"{by_certificate}\"]}}"));
    scene.wait_for(&scene.device, true).await;
    assert_eq!(scene.outcome(&other).await, None, "only the one that is named");
    scene.write("{\"version\":3,\"digests\":[]}");
    scene.wait_for(&scene.device, false).await;
    let by_key = base64::encode(&leaf.body().basic.key_digest);
    scene.write(&format!("{{\"version\":4,\"digests\":[\"{by_key}\"]}}"));
    scene.wait_for(&scene.device, true).await;
    // The whole model, by its group's key.
    let group = base64::encode(&chain.certificates()[1].body().basic.key_digest);
    scene.write(&format!("{{\"version\":5,\"digests\":[\"{group}\"]}}"));
    scene.wait_for(&other, true).await;
}

#[tokio::test]
async fn neither_a_broken_file_nor_an_older_one_takes_a_list_out_of_force() {
    let scene = Scene::new().await;
    let other = scene.world.device();
    let digest =
        |device: &LabDevice| hex::encode(&Chain::parse(&device.chain).unwrap().certificates()[0].digest());
    scene.write(&format!("{{\"version\":7,\"digests\":[\"{}\"]}}", digest(&scene.device)));
    scene.wait_for(&scene.device, true).await;
    scene.write("{\"version\":8,\"digests\":[\"nonsense\"]}");
    scene.write("{\"version\":6,\"digests\":[]}");
    // A later list that is good shows that the two before it were looked at, or never will be.
    scene.write(&format!(
        "{{\"version\":9,\"digests\":[\"{}\",\"{}\"]}}",
        digest(&scene.device),
        digest(&other)
    ));
    scene.wait_for(&other, true).await;
    assert!(scene.outcome(&scene.device).await.is_some());
}
