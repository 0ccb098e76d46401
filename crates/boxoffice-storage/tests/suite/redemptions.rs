//! Redemptions: debit, one-time use, stream, answer and record, all or nothing.

use std::sync::Arc;

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_core::entitlement::TokenId;
use boxoffice_core::{AccountId, Drm, Environment};
use boxoffice_storage::{
    Grant, GrantOutcome, NewStream, NewestRecords, OneTimeUse, Record, RecordKind, RememberedAnswer,
    RenewOutcome, SessionEvent, Storage, StoredRecord,
};
use jiff::Timestamp;

use crate::accounts::new_account;
use crate::backend::on_every_database;
use crate::content_keys::kid;

on_every_database! {
    a_balance_pays_for_exactly_as_many_licences,
    a_question_that_comes_again_gets_its_answer_again_without_a_debit,
    a_refused_answer_is_remembered_too,
    a_refused_grant_changes_nothing,
    a_released_session_is_not_renewed,
    a_used_token_is_forgotten_once_it_has_expired,
    an_account_that_is_not_there_pays_for_nothing,
    an_unlimited_balance_is_not_debited,
    each_kid_of_a_one_time_token_is_handed_out_once,
    of_simultaneous_redemptions_of_a_one_time_token_one_is_granted,
    of_simultaneous_streams_no_more_than_the_limit_begin,
    streams_count_until_they_end,
    what_is_over_is_swept_and_nothing_else,
}

const NOW: i64 = 1_700_000_000;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub fn new_record(account: AccountId, time: i64) -> Record {
    Record {
        time: at(time),
        environment: Environment::Test,
        account: Some(account),
        drm: Drm::ClearKey,
        kind: RecordKind::Licence,
        granted: true,
        code: 0,
        kids: vec![kid(1), kid(2)],
        cookie: None,
        token_id: Some(TokenId::from_bytes([7; 16])),
        device_id: None,
        device: None,
        address: None,
        attempts: 0,
        request_id: "request".to_owned(),
        detail: None,
    }
}

pub fn new_grant(account: AccountId) -> Grant {
    let record = new_record(account, NOW);
    Grant { account, record, one_time: None, stream: None, answer: None, others_follow: false }
}

fn one_time(token: u8, kids: &[u32]) -> OneTimeUse {
    let kids = kids.iter().copied().map(kid).collect();
    OneTimeUse { token_id: TokenId::from_bytes([token; 16]), kids, expires: at(NOW + 100) }
}

fn stream(session: u8, limit: u8) -> NewStream {
    let user_id = "viewer".to_owned();
    NewStream { user_id, session: [session; 16], limit, active_until: at(NOW + 180) }
}

fn answer(key: &str, byte: u8) -> RememberedAnswer {
    RememberedAnswer {
        environment: Environment::Test,
        key: key.to_owned(),
        body_hash: [byte; 32],
        sealed: vec![byte; 40],
        expires: at(NOW + 600),
    }
}

async fn account_with(storage: &dyn Storage, licences: u64) -> AccountId {
    let account = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let change = AccountChange { balance: Some(BalanceChange::Set(licences)), ..AccountChange::default() };
    storage.change_account(account, change).await.unwrap().unwrap();
    account
}

async fn balance(storage: &dyn Storage, account: AccountId) -> Balance {
    storage.account(account).await.unwrap().unwrap().balance
}

async fn records(storage: &dyn Storage, account: AccountId) -> Vec<StoredRecord> {
    let query = NewestRecords { account, cookie: None, from: None, to: None, start: 0, length: 1_000 };
    storage.newest_records(query).await.unwrap()
}

/// Makes every grant at once and returns what came of them.
async fn at_once(storage: &Arc<dyn Storage>, grants: Vec<Grant>) -> Vec<GrantOutcome> {
    let tasks: Vec<_> = grants
        .into_iter()
        .map(|grant| {
            let storage = Arc::clone(storage);
            tokio::spawn(async move { storage.grant(grant).await.unwrap() })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

fn is_granted(outcome: &GrantOutcome) -> bool {
    matches!(outcome, GrantOutcome::Granted { .. })
}

async fn a_balance_pays_for_exactly_as_many_licences(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 50).await;
    let outcomes = at_once(&storage, vec![new_grant(account); 80]).await;
    let mut left: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            GrantOutcome::Granted { balance: Balance::Licences(left), .. } => Some(*left),
            other => {
                assert_eq!(*other, GrantOutcome::InsufficientBalance);
                None
            }
        })
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..50).collect::<Vec<_>>());
    assert_eq!(balance(&*storage, account).await, Balance::Licences(0));
    let mut ids: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            GrantOutcome::Granted { record, .. } => Some(*record),
            _ => None,
        })
        .collect();
    ids.sort();
    let mut found: Vec<_> = records(&*storage, account).await.into_iter().map(|stored| stored.id).collect();
    found.sort();
    assert_eq!(found, ids);
}

async fn an_unlimited_balance_is_not_debited(storage: Arc<dyn Storage>) {
    let account = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let outcome = storage.grant(new_grant(account)).await.unwrap();
    assert!(matches!(outcome, GrantOutcome::Granted { balance: Balance::Unlimited, .. }));
    assert_eq!(balance(&*storage, account).await, Balance::Unlimited);
    assert_eq!(records(&*storage, account).await.len(), 1);
}

async fn an_account_that_is_not_there_pays_for_nothing(storage: Arc<dyn Storage>) {
    let outcome = storage.grant(new_grant(AccountId(7))).await.unwrap();
    assert_eq!(outcome, GrantOutcome::AccountGone);
    assert!(records(&*storage, AccountId(7)).await.is_empty());
}

async fn of_simultaneous_redemptions_of_a_one_time_token_one_is_granted(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let grant = Grant { one_time: Some(one_time(1, &[])), ..new_grant(account) };
    let outcomes = at_once(&storage, vec![grant; 20]).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_granted(outcome)).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == GrantOutcome::TokenUsed).count(), 19);
    assert_eq!(balance(&*storage, account).await, Balance::Licences(99));
    assert_eq!(records(&*storage, account).await.len(), 1);
}

async fn each_kid_of_a_one_time_token_is_handed_out_once(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let uses = [(&[1, 2][..], true), (&[3], true), (&[4, 2], false), (&[4], true), (&[1], false)];
    for (kids, granted) in uses {
        let grant = Grant { one_time: Some(one_time(1, kids)), ..new_grant(account) };
        assert_eq!(storage.is_used(one_time(1, kids)).await.unwrap(), !granted, "{kids:?}");
        assert_eq!(is_granted(&storage.grant(grant).await.unwrap()), granted, "{kids:?}");
    }
    // Looking uses nothing up, neither of another token nor of this one as a whole.
    for unused in [one_time(2, &[1]), one_time(1, &[5, 6]), one_time(1, &[])] {
        assert!(!storage.is_used(unused.clone()).await.unwrap(), "{unused:?}");
    }
    let other = Grant { one_time: Some(one_time(2, &[1])), ..new_grant(account) };
    assert!(is_granted(&storage.grant(other).await.unwrap()), "another token");
}

async fn a_used_token_is_forgotten_once_it_has_expired(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let grant = Grant { one_time: Some(one_time(1, &[])), ..new_grant(account) };
    storage.grant(grant.clone()).await.unwrap();
    assert_eq!(storage.sweep_redemptions(at(NOW + 99), 10).await.unwrap(), 0);
    assert_eq!(storage.grant(grant).await.unwrap(), GrantOutcome::TokenUsed);
    assert!(storage.is_used(one_time(1, &[])).await.unwrap());
    assert_eq!(storage.sweep_redemptions(at(NOW + 100), 10).await.unwrap(), 1);
    assert!(!storage.is_used(one_time(1, &[])).await.unwrap());
}

async fn a_refused_grant_changes_nothing(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 0).await;
    let full = Grant {
        one_time: Some(one_time(1, &[1])),
        stream: Some(stream(1, 1)),
        answer: Some(answer("key-0001", 1)),
        ..new_grant(account)
    };
    assert_eq!(storage.grant(full.clone()).await.unwrap(), GrantOutcome::InsufficientBalance);
    assert!(records(&*storage, account).await.is_empty());
    assert!(storage.streams(account, "viewer", at(NOW)).await.unwrap().is_empty());
    let remembered = storage.remembered_answer(Environment::Test, "key-0001", at(NOW)).await.unwrap();
    assert_eq!(remembered, None);
    let change = AccountChange { balance: Some(BalanceChange::Add(1)), ..AccountChange::default() };
    storage.change_account(account, change).await.unwrap().unwrap();
    assert!(is_granted(&storage.grant(full).await.unwrap()), "the token was not used up");
}

async fn of_simultaneous_streams_no_more_than_the_limit_begin(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let grants =
        (0..12).map(|session| Grant { stream: Some(stream(session, 3)), ..new_grant(account) }).collect();
    let outcomes = at_once(&storage, grants).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_granted(outcome)).count(), 3);
    for outcome in outcomes.iter().filter(|outcome| !is_granted(outcome)) {
        assert!(
            matches!(outcome, GrantOutcome::TooManyStreams(playing) if playing.len() == 3),
            "{outcome:?}"
        );
    }
    assert_eq!(balance(&*storage, account).await, Balance::Licences(97));
}

fn event(account: AccountId, session: u8, kind: RecordKind) -> SessionEvent {
    SessionEvent {
        account,
        record: Record { kind, ..new_record(account, NOW + 60) },
        session: [session; 16],
        user_id: Some("viewer".to_owned()),
    }
}

async fn streams_count_until_they_end(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    for session in [1, 2] {
        let grant = Grant { stream: Some(stream(session, 2)), ..new_grant(account) };
        assert!(is_granted(&storage.grant(grant).await.unwrap()));
    }
    // One is renewed, the other is not; a third one may begin when the second is over.
    let renewal = event(account, 1, RecordKind::Renewal);
    let renewed = storage.renew(renewal, at(NOW + 240)).await.unwrap();
    assert!(matches!(renewed, RenewOutcome::Renewed(_)));
    let later = |session| {
        let mut grant = Grant { stream: Some(stream(session, 2)), ..new_grant(account) };
        grant.record.time = at(NOW + 180);
        grant.stream.as_mut().unwrap().active_until = at(NOW + 360);
        grant
    };
    assert!(is_granted(&storage.grant(later(3)).await.unwrap()));
    let outcome = storage.grant(later(4)).await.unwrap();
    let GrantOutcome::TooManyStreams(playing) = outcome else { panic!("{outcome:?}") };
    let playing: Vec<_> = playing.iter().map(|stream| (stream.session[0], stream.active_until)).collect();
    assert_eq!(playing, [(1, at(NOW + 240)), (3, at(NOW + 360))]);
    // A release makes room at once.
    storage.release(event(account, 1, RecordKind::Release), at(NOW + 86_400)).await.unwrap();
    assert!(is_granted(&storage.grant(later(4)).await.unwrap()));
}

async fn a_released_session_is_not_renewed(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let release = event(account, 1, RecordKind::Release);
    let first = storage.release(release.clone(), at(NOW + 86_400)).await.unwrap();
    let again = storage.release(release, at(NOW + 86_400)).await.unwrap();
    assert!(again > first, "each release has its record");
    let renewal = event(account, 1, RecordKind::Renewal);
    assert_eq!(storage.renew(renewal, at(NOW + 240)).await.unwrap(), RenewOutcome::Released);
    assert_eq!(records(&*storage, account).await.len(), 2);
    assert_eq!(balance(&*storage, account).await, Balance::Licences(100), "neither costs anything");
}

async fn a_question_that_comes_again_gets_its_answer_again_without_a_debit(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let grant = Grant { answer: Some(answer("key-0001", 1)), ..new_grant(account) };
    let outcomes = at_once(&storage, vec![grant; 10]).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_granted(outcome)).count(), 1);
    let same = GrantOutcome::AlreadyAnswered(answer("key-0001", 1));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == same).count(), 9);
    // Another question with that key sees the first one's hash.
    let other = Grant { answer: Some(answer("key-0001", 2)), ..new_grant(account) };
    assert_eq!(storage.grant(other.clone()).await.unwrap(), same);
    assert_eq!(balance(&*storage, account).await, Balance::Licences(99));
    // The other environment's keys are others, and so is a key whose time is over.
    let test = Environment::Test;
    let found = storage.remembered_answer(Environment::Production, "key-0001", at(NOW)).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(storage.remembered_answer(test, "key-0001", at(NOW + 600)).await.unwrap(), None);
    let mut late = other;
    late.record.time = at(NOW + 600);
    late.answer.as_mut().unwrap().expires = at(NOW + 1_200);
    assert!(is_granted(&storage.grant(late).await.unwrap()));
    let found = storage.remembered_answer(test, "key-0001", at(NOW + 600)).await.unwrap().unwrap();
    assert_eq!((found.body_hash, found.expires), ([2; 32], at(NOW + 1_200)));
}

async fn a_refused_answer_is_remembered_too(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    let refused = Record { granted: false, code: -2019, ..new_record(account, NOW) };
    storage.add_record(refused.clone(), Some(answer("key-0001", 1))).await.unwrap();
    storage.add_record(refused, Some(answer("key-0001", 2))).await.unwrap();
    let grant = Grant { answer: Some(answer("key-0001", 1)), ..new_grant(account) };
    let outcome = storage.grant(grant).await.unwrap();
    assert_eq!(outcome, GrantOutcome::AlreadyAnswered(answer("key-0001", 1)));
    assert_eq!(records(&*storage, account).await.len(), 2);
}

async fn what_is_over_is_swept_and_nothing_else(storage: Arc<dyn Storage>) {
    let account = account_with(&*storage, 100).await;
    for number in 0..3 {
        let mut grant = Grant {
            one_time: Some(one_time(number, &[1, 2])),
            stream: Some(stream(number, 9)),
            answer: Some(answer(&format!("key-000{number}"), number)),
            ..new_grant(account)
        };
        let over = at(NOW + 10 + i64::from(number));
        grant.one_time.as_mut().unwrap().expires = over;
        grant.stream.as_mut().unwrap().active_until = over;
        grant.answer.as_mut().unwrap().expires = over;
        assert!(is_granted(&storage.grant(grant).await.unwrap()));
        let release = event(account, 100 + number, RecordKind::Release);
        storage.release(release, over).await.unwrap();
    }
    // Two KIDs, a stream, a session and an answer each.
    assert_eq!(storage.sweep_redemptions(at(NOW + 10), 100).await.unwrap(), 5);
    assert_eq!(storage.sweep_redemptions(at(NOW + 10), 100).await.unwrap(), 0);
    assert_eq!(storage.streams(account, "viewer", at(NOW)).await.unwrap().len(), 2);
    assert_eq!(storage.sweep_redemptions(at(NOW + 12), 1).await.unwrap(), 4);
    assert_eq!(storage.sweep_redemptions(at(NOW + 12), 100).await.unwrap(), 6);
    assert_eq!(balance(&*storage, account).await, Balance::Licences(97));
}
