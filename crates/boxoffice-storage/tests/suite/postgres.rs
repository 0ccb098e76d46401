//! What only the database of several nodes has: several nodes.

use std::sync::Arc;
use std::time::Duration;

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_core::{AccountId, Environment};
use boxoffice_storage::{CreatedKey, GrantOutcome, PostgresStorage, RecordId, Storage, StorageError};
use drm_primitives::SystemRandom;

use crate::account_keys::account_with_key;
use crate::accounts::new_account;
use crate::backend::CONNECTIONS;
use crate::content_keys::{create_key, new_key};
use crate::redemptions::{new_grant, new_record};
use crate::schema::Schema;

const NODES: usize = 3;

async fn node(schema: &Schema) -> Arc<dyn Storage> {
    Arc::new(open(schema).await.unwrap())
}

async fn open(schema: &Schema) -> Result<PostgresStorage, StorageError> {
    PostgresStorage::open(schema.url(), CONNECTIONS, Arc::new(SystemRandom)).await
}

async fn refusal(schema: &Schema) -> StorageError {
    open(schema).await.err().unwrap()
}

/// Every node's answer to the same call, made at the same moment.
async fn on_each<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    nodes: &[Arc<dyn Storage>],
    call: impl Fn(Arc<dyn Storage>) -> F,
) -> Vec<T> {
    let calls: Vec<_> = nodes.iter().map(|node| tokio::spawn(call(Arc::clone(node)))).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

async fn nodes(schema: &Schema) -> Vec<Arc<dyn Storage>> {
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(node(schema).await);
    }
    nodes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_open_an_empty_database_at_once_all_succeed() {
    let Some(schema) = Schema::new().await else { return };
    let opened = (0..6).map(|_| {
        let url = schema.url().to_owned();
        tokio::spawn(async move { PostgresStorage::open(&url, CONNECTIONS, Arc::new(SystemRandom)).await })
    });
    for opened in opened.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap().check().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_nodes_that_start_at_once_one_makes_the_first_account() {
    let Some(schema) = Schema::new().await else { return };
    let nodes = nodes(&schema).await;
    let made = on_each(&nodes, |node| async move {
        node.create_first_account(new_account("demo", Environment::Test)).await.unwrap()
    });
    let made: Vec<_> = made.await.into_iter().flatten().map(|account| account.id).collect();
    assert_eq!(made, [AccountId::FIRST]);
    let accounts = on_each(&nodes, |node| async move {
        node.create_account(new_account("more", Environment::Test)).await.unwrap().id.0
    });
    let mut accounts = accounts.await;
    accounts.sort_unstable();
    assert_eq!(accounts, [100_002, 100_003, 100_004]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_value_is_the_first_ones_on_every_node() {
    let Some(schema) = Schema::new().await else { return };
    let nodes = nodes(&schema).await;
    let mine = Arc::new(std::sync::atomic::AtomicU8::new(0));
    let kept = on_each(&nodes, |node| {
        let value = mine.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { node.keep_sealed_value("lab", vec![value]).await.unwrap() }
    });
    let kept = kept.await;
    assert!(kept.iter().all(|value| *value == kept[0]), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_nodes_that_create_one_kid_at_once_exactly_one_does() {
    let Some(schema) = Schema::new().await else { return };
    let nodes = nodes(&schema).await;
    let account = account_with_key(&*nodes[0]).await;
    for round in 0..20 {
        let created =
            on_each(&nodes, |node| async move { create_key(&*node, account, new_key(round)).await });
        let created = created.await;
        assert_eq!(created.iter().filter(|outcome| **outcome == CreatedKey::Created).count(), 1);
    }
    assert_eq!(nodes[0].count_keys(account).await.unwrap(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_balance_pays_for_exactly_as_many_licences_over_all_nodes() {
    let Some(schema) = Schema::new().await else { return };
    let nodes = nodes(&schema).await;
    let mut accounts = Vec::new();
    for _ in 0..3 {
        let account = nodes[0].create_account(new_account("a", Environment::Test)).await.unwrap().id;
        let set = AccountChange { balance: Some(BalanceChange::Set(100)), ..AccountChange::default() };
        nodes[0].change_account(account, set).await.unwrap();
        accounts.push(account);
    }
    let grants: Vec<_> = (0..450)
        .map(|turn| {
            let (node, account) = (Arc::clone(&nodes[turn % NODES]), accounts[turn / NODES % 3]);
            tokio::spawn(async move { node.grant(new_grant(account)).await.unwrap() })
        })
        .collect();
    let mut granted = 0;
    for grant in grants {
        granted += usize::from(matches!(grant.await.unwrap(), GrantOutcome::Granted { .. }));
    }
    assert_eq!(granted, 300);
    for account in accounts {
        let account = nodes[1].account(account).await.unwrap().unwrap();
        assert_eq!(account.balance, Balance::Licences(0));
    }
    assert_eq!(nodes[2].records_after(RecordId(0), 1_000).await.unwrap().len(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_still_on_its_way_is_not_passed_over() {
    let Some(schema) = Schema::new().await else { return };
    let storage = node(&schema).await;
    let add = || async { storage.add_record(new_record(AccountId::FIRST, 100), None).await.unwrap() };
    let first = add().await;
    // Another node, between its last statement and its commit.
    let mut other = schema.connect().await;
    let transaction = other.transaction().await.unwrap();
    let copy = "INSERT INTO records (time, environment, account, drm, kind, granted, code, attempts, kids, request_id) \
                SELECT time, environment, account, drm, kind, granted, code, attempts, kids, request_id FROM records \
                RETURNING id";
    let late: i64 = transaction.query_one(copy, &[]).await.unwrap().get(0);
    let third = add().await;
    let ids = |stored: Vec<boxoffice_storage::StoredRecord>| -> Vec<_> {
        stored.into_iter().map(|stored| stored.id).collect()
    };
    assert_eq!(ids(storage.records_after(RecordId(0), 9).await.unwrap()), [first]);
    assert_eq!(storage.last_record().await.unwrap(), first);
    transaction.commit().await.unwrap();
    let late = RecordId(u64::try_from(late).unwrap());
    assert_eq!(ids(storage.records_after(first, 9).await.unwrap()), [late, third]);
    assert_eq!(storage.last_record().await.unwrap(), third);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_nobody_will_use_holds_followers_up_for_half_a_minute_only() {
    let Some(schema) = Schema::new().await else { return };
    let storage = node(&schema).await;
    schema.execute("SELECT nextval('record_ids')").await;
    let second = storage.add_record(new_record(AccountId::FIRST, 100), None).await.unwrap();
    assert!(storage.records_after(RecordId(0), 9).await.unwrap().is_empty());
    schema.execute("UPDATE records SET stored_at = stored_at - interval '31 seconds'").await;
    assert_eq!(storage.records_after(RecordId(0), 9).await.unwrap()[0].id, second);
    assert_eq!(storage.last_record().await.unwrap(), second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_are_replaced() {
    let Some(schema) = Schema::new().await else { return };
    let url = format!("{}&application_name=ended", schema.url());
    let storage = PostgresStorage::open(&url, CONNECTIONS, Arc::new(SystemRandom)).await.unwrap();
    let storage: Arc<dyn Storage> = Arc::new(storage);
    let account = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let outside = schema.connect().await;
    for _ in 0..5 {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended'";
        outside.batch_execute(end).await.unwrap();
        storage.account(account).await.unwrap().unwrap();
        storage.grant(new_grant(account)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_program_is_refused() {
    let Some(schema) = Schema::new().await else { return };
    drop(node(&schema).await);
    schema.execute("UPDATE boxoffice_schema SET version = 9999").await;
    let refused = refusal(&schema).await;
    assert!(matches!(refused, StorageError::UnknownVersion { found: 9_999, .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_schema_is_refused_and_left_alone() {
    let Some(schema) = Schema::new().await else { return };
    schema.execute("CREATE TABLE theirs (id BIGINT)").await;
    assert!(refusal(&schema).await.to_string().contains("is not Boxoffice's"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_may_lose_commits_is_refused() {
    let Some(schema) = Schema::new().await else { return };
    let url = format!("{}%20-c%20synchronous_commit%3Doff", schema.url());
    let refused = PostgresStorage::open(&url, CONNECTIONS, Arc::new(SystemRandom)).await.err().unwrap();
    assert!(refused.to_string().contains("synchronous_commit is off"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_our_tables_is_not_ours_to_make_for_a_look() {
    let Some(schema) = Schema::new().await else { return };
    let random = Arc::new(SystemRandom);
    let found = PostgresStorage::open_existing(schema.url(), CONNECTIONS, random.clone()).await.unwrap();
    assert!(found.is_none());
    drop(node(&schema).await);
    let found = PostgresStorage::open_existing(schema.url(), CONNECTIONS, random).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_out_of_reach() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().display().to_string().replace('/', "%2F");
    let url = format!("postgres://nobody@{socket}/none");
    let opening = PostgresStorage::open(&url, CONNECTIONS, Arc::new(SystemRandom));
    let refused = tokio::time::timeout(Duration::from_secs(20), opening).await.unwrap().err().unwrap();
    assert!(matches!(refused, StorageError::Unavailable(_)), "{refused}");
}
