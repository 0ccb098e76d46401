//! Each storage call failed once in every place: no licence that is not in the books, no debit without its record.

use boxoffice_core::account::Balance;
use boxoffice_storage::Fault;

use super::world::{KID, World, refusal};
use crate::{playready, widevine};

const BALANCE: u64 = 100;

/// What must hold, whatever failed: every licence that left is in the books, and each debit has its record.
async fn check_books(world: &World, licences: &[String]) {
    let records = world.records().await;
    let granted: Vec<_> = records.iter().filter(|record| record.granted).collect();
    for licence in licences {
        assert_eq!(granted.iter().filter(|record| record.request_id == *licence).count(), 1, "{licence}");
    }
    let Balance::Licences(left) = world.balance().await else { panic!("the balance is limited") };
    assert_eq!(BALANCE - left, granted.len() as u64);
}

#[tokio::test]
async fn whatever_call_fails_and_whenever_the_books_balance() {
    let world = World::new().await;
    let target = world.target("").await;
    world.set_balance(BALANCE).await;
    let mut licences = Vec::new();
    for method in ["account", "grant", "add_record"] {
        for fault in [Fault::Before, Fault::After] {
            for nth in [1, 2] {
                world.lab.storage.fail(method, nth, fault);
                // One that is granted, unless the fault is in its way, and one that is refused.
                for _ in 0..3 {
                    let answer = world.redeem(&target, &[KID]).await;
                    if answer.status == 200 {
                        licences.push(answer.header("x-request-id").to_owned());
                    } else {
                        assert_eq!(refusal(&answer), (-2030, 503, "storage-unavailable".to_owned()));
                        assert!(!answer.header("retry-after").is_empty());
                    }
                    assert_eq!(refusal(&world.post(&target, "x").await).0, -6005);
                    check_books(&world, &licences).await;
                }
            }
        }
    }
    // Four of the calls of `grant` failed, and nothing else was in the way.
    assert_eq!(licences.len(), 36 - 4);
}

#[tokio::test]
async fn without_the_database_no_licence_leaves_for_any_drm_and_it_recovers_by_itself() {
    let clearkey = World::new().await;
    let target = clearkey.target("").await;
    clearkey.lab.storage.set_away(true);
    let away = (-2030, 503, "storage-unavailable".to_owned());
    let answer = clearkey.redeem(&target, &[KID]).await;
    assert_eq!(refusal(&answer), away);
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    // A refusal that is not the database's fault is told all the same.
    assert_eq!(refusal(&clearkey.post(&target, "x").await).0, -6005);
    clearkey.lab.storage.set_away(false);
    assert_eq!(clearkey.redeem(&target, &[KID]).await.status, 200);
    let records = clearkey.records().await;
    assert_eq!(records.len(), 1, "no record of what was refused while the database was away");

    let widevine = widevine::world::World::new().await;
    let target = widevine.target("GOOD").await;
    let challenge = widevine.challenge("android-l1");
    widevine.lab.storage.set_away(true);
    assert_eq!(refusal(&widevine.redeem(&target, &challenge.body).await), away);

    let playready = playready::world::World::new().await;
    let token = playready.purchase(1, "").await;
    let challenge = playready.challenge(&playready.device(), &playready::world::plain());
    playready.lab.storage.set_away(true);
    let refused = playready.refused(&token, challenge).await;
    assert_eq!(refused.json["code"], -2030);
    assert_eq!(refused.json["status"], 503);
    assert_eq!(refused.json["reason"], "storage-unavailable");
}

#[tokio::test]
async fn a_grant_that_fails_before_or_after_its_commit_gives_no_widevine_and_no_playready_licence() {
    use boxoffice_core::account::{AccountChange, BalanceChange};
    use boxoffice_storage::{RecordFilter, Records as _, Storage as _};

    let widevine = widevine::world::World::new().await;
    let playready = playready::world::World::new().await;
    let target = widevine.target("GOOD").await;
    let token = playready.purchase(1, "").await;
    let change = AccountChange { balance: Some(BalanceChange::Set(BALANCE)), ..AccountChange::default() };
    widevine.lab.change(&widevine.customer, change.clone()).await;
    playready.lab.change(&playready.customer, change).await;
    let mut licences = [0_u64; 2];
    for fault in [None, Some(Fault::Before), Some(Fault::After), None] {
        for lab in [&widevine.lab, &playready.lab] {
            if let Some(fault) = fault {
                lab.storage.fail("grant", 1, fault);
            }
        }
        let answers = [
            widevine.redeem(&target, &widevine.challenge("android-l1").body).await,
            playready
                .post(&token, playready.challenge(&playready.device(), &playready::world::plain()))
                .await,
        ];
        for (answer, licences) in answers.iter().zip(&mut licences) {
            assert_eq!(answer.status == 200, fault.is_none(), "{fault:?}: {}", answer.status);
            *licences += u64::from(answer.status == 200);
        }
    }
    assert_eq!(licences, [2, 2]);
    for (lab, customer) in [(&widevine.lab, &widevine.customer), (&playready.lab, &playready.customer)] {
        let page = lab.storage.search_records(RecordFilter::default(), None, 100).await.unwrap();
        let granted = page.records.iter().filter(|stored| stored.record.granted).count() as u64;
        let account = lab.storage.account(customer.id).await.unwrap().unwrap();
        // The one that failed after its commit was paid, and is in the books: no debit without its record.
        assert_eq!(granted, 3);
        assert_eq!(account.balance, Balance::Licences(BALANCE - granted));
    }
}
