//! The same operator before every DRM and back end: what he refuses, tightens, says wrongly or does not say has everywhere
//! the same consequence, in the words of each (widevine.md, section 7.4).

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::Storage as _;
use fairplay::lab::LabCkc;
use playready::LicencePolicy;
use serde_json::{Value, json};
use testkit::policy_hook::PolicyHook;
use testkit::{MockServer, TransportFault};

use super::silence::faults;
use super::world::{grant, hook, last_record, refuse};
use crate::kit::{Answer, Customer, Lab, NOW};
use crate::{fairplay as fp, playready as pr, upstream as cloud, widevine as wv};

/// How long everything plays that the tokens here grant, and what the operator makes of it, in seconds.
const GRANTED: u32 = 3_600;
const TIGHTENED: u32 = 60;

/// Code, status and reason.
type Refusal = (i64, u16, String);

/// A player of one DRM, at one back end.
enum Player {
    FairPlay { world: fp::world::World, target: String },
    PlayReady { world: pr::world::World, token: String },
    WidevineCloud { world: cloud::world::World, target: String },
    WidevineLab { world: wv::world::World, target: String },
}

impl Player {
    /// One of each; `settings` are the tables of the hook.
    async fn all(settings: &str) -> [Self; 4] {
        let world = fp::world::World::with_settings(settings).await;
        let target = world.target(&format!("{}&rentalDuration={GRANTED}", fp::world::GOOD)).await;
        let fairplay = Self::FairPlay { world, target };
        let world = pr::world::World::with_settings(settings).await;
        let rental = "rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B172800";
        let opls = pr::world::OPLS;
        let token = format!("{}&{opls}&{rental}&rental.playDuration={GRANTED}", pr::world::tracks(1));
        let playready = Self::PlayReady { token: world.token(&token).await, world };
        let world = cloud::world::World::with(&format!("\n{settings}")).await;
        let target = world.target(&format!("licenseDuration={GRANTED}")).await;
        let cloud = Self::WidevineCloud { world, target };
        let world = wv::world::World::with_settings(settings).await;
        let target = world.target(&format!("GOOD&licenseDuration={GRANTED}")).await;
        [fairplay, playready, cloud, Self::WidevineLab { world, target }]
    }

    const fn lab(&self) -> (&Lab, &Customer) {
        match self {
            Self::FairPlay { world, .. } => (&world.lab, &world.customer),
            Self::PlayReady { world, .. } => (&world.lab, &world.customer),
            Self::WidevineCloud { world, .. } => (&world.lab, &world.customer),
            Self::WidevineLab { world, .. } => (&world.lab, &world.customer),
        }
    }

    /// The code of a refusal.
    const fn code(&self) -> i64 {
        match self {
            Self::FairPlay { .. } => -6004,
            Self::PlayReady { .. } => -2030,
            Self::WidevineCloud { .. } | Self::WidevineLab { .. } => -7008,
        }
    }

    /// The wish for a shorter licence.
    fn shorter(&self) -> Value {
        match self {
            Self::FairPlay { .. } => json!({ "rental_duration_seconds": TIGHTENED }),
            Self::PlayReady { .. } | Self::WidevineCloud { .. } | Self::WidevineLab { .. } => {
                json!({ "playback_duration_seconds": TIGHTENED })
            }
        }
    }

    /// How often the service was asked that makes the licences, where it is somebody else's.
    fn asked(&self) -> u64 {
        match self {
            Self::FairPlay { world, .. } => world.key_server.request_count(),
            Self::WidevineCloud { world, .. } => world.mock.request_count(),
            Self::PlayReady { .. } | Self::WidevineLab { .. } => 0,
        }
    }

    /// How long the licence of a new device plays, which is opened and verified for that.
    async fn redeem(&self) -> Result<u32, Refusal> {
        match self {
            Self::FairPlay { world, target } => {
                let spc = fp::world::spc();
                let answer = granted(world.post(target, spc.to_bytes()).await)?;
                Ok(LabCkc::read(&answer.body, &spc).unwrap().asset.lease_seconds.unwrap())
            }
            Self::PlayReady { world, token } => {
                let (device, request) = (world.device(), pr::world::plain());
                let answer = world.post(token, world.challenge(&device, &request)).await;
                if answer.status != 200 {
                    let refused = pr::world::fault(&answer, pr::world::RIGHTS);
                    let (status_code, code, status, reason) = refused.row();
                    let refused_by_will = if status == 403 { "0x8004c604" } else { "0x8004c600" };
                    assert_eq!(status_code, refused_by_will);
                    return Err((code, u16::try_from(status).unwrap(), reason.to_owned()));
                }
                let plays = |seconds: u32| {
                    let policy = LicencePolicy {
                        persistent: true,
                        begin_date: Some(NOW - 300),
                        expiration_date: Some(NOW + 172_800),
                        expiration_after_first_play: Some(seconds),
                        ..pr::world::purchased(0)
                    };
                    let kids = pr::world::kids(1);
                    world.verify(&device, &request, &kids, &answer, &[policy]).is_ok()
                };
                Ok([GRANTED, TIGHTENED].into_iter().find(|seconds| plays(*seconds)).unwrap())
            }
            Self::WidevineCloud { world, target } => {
                let mut challenge = cloud::world::challenge("android-l3", &[cloud::world::KID]);
                let answer = granted(world.post(target, challenge.body).await)?;
                let licence = challenge.session.open(&answer.body, None).unwrap();
                Ok(u32::try_from(licence.policy.playback_duration_seconds.unwrap()).unwrap())
            }
            Self::WidevineLab { world, target } => {
                let mut challenge = world.challenge("android-l3");
                let answer = granted(world.redeem(target, &challenge.body).await)?;
                let licence = challenge.session.open(&answer.body, None).unwrap();
                Ok(u32::try_from(licence.policy.playback_duration_seconds.unwrap()).unwrap())
            }
        }
    }

    async fn set_balance(&self, licences: u64) {
        let (lab, customer) = self.lab();
        let balance = Some(BalanceChange::Set(licences));
        lab.change(customer, AccountChange { balance, ..AccountChange::default() }).await;
    }

    async fn balance(&self) -> Balance {
        let (lab, customer) = self.lab();
        lab.storage.inner().account(customer.id).await.unwrap().unwrap().balance
    }

    /// Whether the last record is of a licence, its code, and what it says of the operator.
    async fn recorded(&self) -> (bool, i64, Value) {
        let (record, policy) = last_record(self.lab().0).await;
        (record.granted, record.code.into(), policy)
    }

    /// What is expected of a refusal.
    fn refused(&self, status: u16, reason: &str) -> Result<u32, Refusal> {
        Err((self.code(), status, reason.to_owned()))
    }
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::FairPlay { .. } => "FairPlay",
            Self::PlayReady { .. } => "PlayReady",
            Self::WidevineCloud { .. } => "Widevine of the licence service",
            Self::WidevineLab { .. } => "Widevine of the lab",
        })
    }
}

/// A licence, or the refusal, which every page can read.
fn granted(answer: Answer) -> Result<Answer, Refusal> {
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    if answer.status == 200 {
        return Ok(answer);
    }
    assert_eq!(answer.header("retry-after"), if answer.status == 503 { "2" } else { "" });
    let json = answer.json();
    Err((json["code"].as_i64().unwrap(), answer.status, json["reason"].as_str().unwrap().to_owned()))
}

async fn players(further: &str) -> (MockServer<PolicyHook>, [Player; 4]) {
    let (hook, settings) = hook().await;
    let players = Player::all(&format!("{settings}timeout_ms = 1000\n{further}")).await;
    (hook, players)
}

/// What the operator may answer, and no licence can say.
fn meaningless(player: &Player) -> Vec<Value> {
    let mut answers = vec![
        json!({ "decision": "Grant" }),
        json!({ "allow": true }),
        json!([]),
        grant(&json!({ "can_persist": "no" })),
        grant(&json!({ "rental_duration_seconds": -1 })),
        grant(&json!({ "playback_duration_seconds": 4_294_967_296_u64 })),
    ];
    answers.push(match player {
        Player::FairPlay { .. } => grant(&json!({ "hdcp": 2 })),
        Player::PlayReady { .. } => grant(&json!({ "security_level": 5 })),
        Player::WidevineCloud { .. } | Player::WidevineLab { .. } => grant(&json!({ "security_level": 6 })),
    });
    answers
}

#[tokio::test]
async fn every_back_end_does_as_the_operator_wills_and_a_refusal_costs_nothing() {
    let (hook, players) = players("").await;
    for player in players {
        player.set_balance(10).await;
        assert_eq!(player.redeem().await, Ok(GRANTED), "{player:?}");
        assert_eq!(
            player.recorded().await.2,
            json!({ "decision": "grant", "tightened": [], "ignored": [] }),
            "{player:?}"
        );
        hook.role().answer_with(grant(&player.shorter()));
        assert_eq!(player.redeem().await, Ok(TIGHTENED), "{player:?}");
        let (_, _, policy) = player.recorded().await;
        assert_eq!(policy["tightened"].as_array().unwrap().len(), 1, "{player:?}: {policy}");
        let asked = player.asked();
        hook.role().answer_with(refuse("not today"));
        assert_eq!(player.redeem().await, player.refused(403, "policy"), "{player:?}");
        assert_eq!(
            player.recorded().await,
            (false, player.code(), json!({ "decision": "refuse" })),
            "{player:?}"
        );
        assert_eq!(player.asked(), asked, "{player:?}: nobody is asked for what is refused");
        assert_eq!(player.balance().await, Balance::Licences(8), "{player:?}");
        hook.role().answer_with(json!({ "decision": "grant" }));
    }
}

#[tokio::test]
async fn no_back_end_makes_a_licence_without_an_answer_that_is_one() {
    let (hook, players) = players("").await;
    for player in players {
        player.set_balance(100).await;
        let mut granted = 0;
        for fault in faults() {
            let asked = player.asked();
            hook.faults().always(fault.clone());
            assert_eq!(
                player.redeem().await,
                player.refused(503, "policy-unavailable"),
                "{player:?} {fault:?}"
            );
            let (licence, code, policy) = player.recorded().await;
            assert_eq!((licence, code), (false, player.code()), "{player:?} {fault:?}");
            assert_eq!(policy["decision"], "none", "{player:?} {fault:?}");
            assert_eq!(player.asked(), asked, "{player:?} {fault:?}");
            hook.faults().clear();
            assert_eq!(player.redeem().await, Ok(GRANTED), "{player:?} {fault:?}");
            granted += 1;
        }
        for answer in meaningless(&player) {
            hook.role().answer_with(answer.clone());
            assert_eq!(
                player.redeem().await,
                player.refused(503, "policy-unavailable"),
                "{player:?} {answer}"
            );
            hook.role().answer_with(json!({ "decision": "grant" }));
            assert_eq!(player.redeem().await, Ok(GRANTED), "{player:?} {answer}");
            granted += 1;
        }
        assert_eq!(player.balance().await, Balance::Licences(100 - granted), "{player:?}");
    }
}

#[tokio::test]
async fn with_fail_open_every_back_end_goes_on_by_the_token_alone_and_a_refusal_is_no_silence() {
    let (hook, players) = players("fail_open = true\n").await;
    for player in players {
        // Whatever he said before, and would say: it is not heard.
        hook.role().answer_with(grant(&player.shorter()));
        for fault in faults() {
            hook.faults().always(fault.clone());
            assert_eq!(player.redeem().await, Ok(GRANTED), "{player:?} {fault:?}");
            let (licence, _, policy) = player.recorded().await;
            assert_eq!((licence, &policy["decision"]), (true, &json!("none")), "{player:?} {fault:?}");
            hook.faults().clear();
            assert_eq!(player.redeem().await, Ok(TIGHTENED), "{player:?} {fault:?}");
        }
        for answer in meaningless(&player) {
            hook.role().answer_with(answer.clone());
            assert_eq!(player.redeem().await, Ok(GRANTED), "{player:?} {answer}");
            hook.role().answer_with(json!({ "decision": "grant" }));
            assert_eq!(player.redeem().await, Ok(GRANTED), "{player:?} {answer}");
        }
        hook.role().answer_with(refuse("not today"));
        assert_eq!(player.redeem().await, player.refused(403, "policy"), "{player:?}");
        hook.role().answer_with(json!({ "decision": "grant" }));
    }
}

#[tokio::test]
async fn renewals_through_the_licence_service_are_asked_about_and_releases_are_not() {
    let (hook, settings) = hook().await;
    let renewal = "[environments.test.widevine.renewal]\nenabled = true\n";
    let world = cloud::world::World::with(&format!("\n{settings}{renewal}")).await;
    let target = world.target("licenseDuration=3600").await;
    let mut licence = world.redeem("android-l3", &target).await.unwrap();
    let question = || serde_json::from_slice::<Value>(&hook.last_request().unwrap().body).unwrap();
    world.advance(60);
    hook.role().answer_with(grant(&json!({ "playback_duration_seconds": TIGHTENED })));
    let exchange = licence.renewal(world.now(), None);
    let answer = world.post(&target, exchange.body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    licence.accept(&exchange, &answer.body, None).unwrap();
    assert_eq!(licence.policy.playback_duration_seconds, Some(i64::from(TIGHTENED)));
    assert_eq!((&question()["request"], hook.request_count()), (&json!("renewal"), 2));
    let asked = world.mock.request_count();
    let renew = || world.post(&target, licence.renewal(world.now(), None).body);
    hook.role().answer_with(refuse("enough"));
    assert_eq!(cloud::world::refusal(&renew().await), (-7008, 403, "policy".to_owned()));
    hook.role().answer_with(json!({ "decision": "maybe" }));
    assert_eq!(cloud::world::refusal(&renew().await), (-7008, 503, "policy-unavailable".to_owned()));
    let record = world.last_record().await;
    assert_eq!((record.kind, record.granted), (boxoffice_storage::RecordKind::Renewal, false));
    assert_eq!(world.mock.request_count(), asked, "the service is not asked about what is refused");
    let asked = hook.request_count();
    let release = licence.release(world.now(), None);
    assert_eq!(world.post(&target, release.body).await.status, 200);
    assert_eq!(hook.request_count(), asked);
}

#[tokio::test]
async fn nobody_is_asked_about_a_licence_that_there_is_no_room_for() {
    let (hook, settings) = hook().await;
    let cloud = cloud::world::World::with(&format!("max_in_flight = 1\n{settings}")).await;
    let target = cloud.target("").await;
    cloud.mock.faults().next(TransportFault::Hold);
    let key_server = fp::world::World::with_settings(&format!("max_in_flight = 1\n{settings}")).await;
    let fp_target = key_server.target(fp::world::GOOD).await;
    key_server.key_server.faults().next(TransportFault::Hold);
    let held = async { tokio::join!(cloud.redeem("android-l3", &target), key_server.redeem(&fp_target)) };
    let others = async {
        tokio::join!(cloud.mock.received(1), key_server.key_server.received(1));
        assert_eq!(hook.request_count(), 2);
        let refused =
            [cloud.redeem("android-l3", &target).await.unwrap_err(), key_server.redeem(&fp_target).await];
        for (answer, code) in refused.iter().zip([-7008, -6004]) {
            assert_eq!(answer.header("retry-after"), "1");
            assert_eq!(fp::world::refusal(answer), (code, 503, "upstream-unavailable".to_owned()));
        }
        assert_eq!(hook.request_count(), 2);
        cloud.mock.faults().release();
        key_server.key_server.faults().release();
    };
    let ((licence, ckc), ()) = tokio::join!(held, others);
    assert!(licence.is_ok() && ckc.status == 200);
}
