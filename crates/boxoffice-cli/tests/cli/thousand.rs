//! A thousand players at once before a licence service that takes 200 ms (widevine.md, section 9.3): what that costs the
//! program, looked at from outside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use boxoffice_core::{Clock as _, SystemClock};
use drm_primitives::{Kid, SystemRandom};
use reqwest::Client;
use testkit::TransportFault;
use tokio::task::JoinSet;
use widevine::lab_client::{AskedInitData, ClientDevice, Plan};

use crate::licence_service::LicenceService;
use crate::program::{DEADLINE, Footprint, Place, Server, say};

const PLAYERS: usize = 1_000;
const DELAY: Duration = Duration::from_millis(200);

/// What a thousand redemptions that wait may add to a program at rest: nothing to its threads, and of memory what a
/// connection each from the player and to the service takes, with their buffers.
const MORE_KILOBYTES: u64 = 150_000;
/// What further thousands may add to that, in places where the allocator had none before.
const GROWTH_KILOBYTES: u64 = 20_000;

/// The program, the service that it waits for, and who waits for both.
struct World {
    service: LicenceService,
    server: Server,
    players: Arc<Players>,
}

/// A thousand players, each with a connection.
struct Players {
    client: Client,
    url: String,
    challenges: Vec<Vec<u8>>,
}

impl World {
    fn start(place: &Place) -> Self {
        let service = LicenceService::start();
        // Longer times than by default, for a machine that is busy with other tests; everything else as it comes.
        let settings = "timeout_ms = 60000\nbudget_ms = 90000\nmax_in_flight = 1000";
        let mut server = service.serve(place, settings, "[server]\nrequest_timeout_ms = 120000");
        let url = server.widevine_token("&securityLevel=1&hdcpOutputControl=0");
        let file = service.root.device("android-l3").unwrap().device_file();
        let device = Arc::new(ClientDevice::from_device_file(&file).unwrap());
        let kid = Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
        let plan = Plan::streaming(AskedInitData::kids(&[kid]), SystemClock.now().as_second(), &SystemRandom);
        // Signing one takes a while; the service does not mind meeting the same challenge twice.
        let challenges = (0..8).map(|_| device.challenge(&plan, None, &SystemRandom).body).collect();
        // The library wants one, and nothing here is encrypted. Where it is there already, another test asked first.
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let players = Arc::new(Players { client, url, challenges });
        Self { service, server, players }
    }

    /// All thousand at once; how long it took until the last had its licence. `meanwhile` looks on once all of them are
    /// with the service.
    fn redeem(&self, meanwhile: impl FnOnce()) -> Duration {
        self.service.runtime.block_on(async {
            let (began, before) = (Instant::now(), self.service.mock.request_count());
            let mut asking = JoinSet::new();
            for player in 0..PLAYERS {
                let players = Arc::clone(&self.players);
                asking.spawn(async move {
                    let challenge = players.challenges[player % players.challenges.len()].clone();
                    let answer = players.client.post(&players.url).body(challenge).send().await.unwrap();
                    let status = answer.status().as_u16();
                    (status, if status == 200 { String::new() } else { answer.text().await.unwrap() })
                });
            }
            // All at once, and nobody is told to come back.
            let all = self.service.mock.received(before + u64::try_from(PLAYERS).unwrap());
            let came = tokio::time::timeout(DEADLINE, all).await;
            assert!(came.is_ok(), "{} of a thousand came", self.service.mock.request_count() - before);
            meanwhile();
            let answers = asking.join_all().await;
            let refused = answers.iter().find(|(status, _)| *status != 200);
            assert_eq!(refused, None);
            began.elapsed()
        })
    }
}

#[test]
fn a_thousand_who_wait_for_the_licence_service_cost_no_thread_and_no_memory_that_grows() {
    let place = Place::new();
    let world = World::start(&place);
    let at_rest = world.server.footprint();
    // All thousand are with the service at the same time: nothing here holds any of them back.
    world.service.mock.faults().always(TransportFault::Hold);
    let mut waiting = Footprint::default();
    world.redeem(|| {
        waiting = world.server.footprint();
        world.service.mock.faults().clear();
    });
    let rounds = |count| -> Vec<(Duration, Duration)> {
        let round = |_| {
            let work = world.redeem(|| {});
            world.service.mock.faults().always(TransportFault::Delay(DELAY));
            let waited = world.redeem(|| {});
            world.service.mock.faults().clear();
            (work, waited)
        };
        (0..count).map(round).collect()
    };
    // The allocator settles, and then nothing grows any more.
    let mut times = rounds(4);
    let settled = world.server.footprint();
    times.extend(rounds(4));
    let after_all = world.server.footprint();
    say(&format!(
        "at rest {at_rest:?}; a thousand waiting {waiting:?}; after eight thousand more {settled:?}, and eight thousand \
         again {after_all:?}; a thousand without and with 200 ms of the service's: {times:?}"
    ));
    for then in [waiting, settled, after_all] {
        assert!(then.threads <= at_rest.threads, "{at_rest:?} became {then:?}");
        assert!(then.kilobytes <= at_rest.kilobytes + MORE_KILOBYTES, "{at_rest:?} became {then:?}");
    }
    assert!(after_all.kilobytes <= settled.kilobytes + GROWTH_KILOBYTES, "{settled:?} became {after_all:?}");
    // All together they wait once: by hundreds they would wait ten times, one after the other a thousand times. What the
    // processors do meanwhile is the work, which takes as long without any waiting. Of several tries one has to show it,
    // as nothing makes waiting shorter than it is.
    assert!(times.iter().any(|(work, waited)| *waited < *work + DELAY * 3), "{times:?}");
    world.server.end();
}
