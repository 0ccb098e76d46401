//! What a granted licence costs: its debit and its record, durable, on either database.
//!
//! `cargo run --release -p boxoffice-storage --example cost`, with `BOXOFFICE_TEST_POSTGRES` for PostgreSQL. The
//! database that it names gets a schema for it, which is dropped afterwards. The figures are in docs/scaling.md.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boxoffice_core::account::{AccountChange, AccountOptions, BalanceChange};
use boxoffice_core::entitlement::TokenId;
use boxoffice_core::{AccountId, Drm, Environment};
use boxoffice_storage::{
    Grant, GrantOutcome, NewAccount, PostgresStorage, Record, RecordKind, SqliteStorage, Storage,
};
use drm_primitives::{Kid, SystemRandom};
use jiff::Timestamp;

/// How long each measurement takes.
const TIME: Duration = Duration::from_secs(5);

/// Ticks of `/proc/self/stat` in a second.
const TICKS: f64 = 100.0;

#[tokio::main]
async fn main() {
    say("database            accounts  waiting   grants/s   our CPU a grant   grants a commit");
    let directory = tempfile::tempdir().unwrap();
    let sqlite = SqliteStorage::open(&directory.path().join("cost.db")).unwrap();
    measure("SQLite", &(Arc::new(sqlite) as Arc<dyn Storage>), None).await;
    if let Ok(server) = std::env::var("BOXOFFICE_TEST_POSTGRES") {
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("DROP SCHEMA IF EXISTS cost CASCADE; CREATE SCHEMA cost").await.unwrap();
        let mark = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{mark}options=-c%20search_path%3Dcost");
        let postgres = PostgresStorage::open(&url, 16, Arc::new(SystemRandom)).await.unwrap();
        measure("PostgreSQL", &(Arc::new(postgres) as Arc<dyn Storage>), Some(&client)).await;
        client.batch_execute("DROP SCHEMA cost CASCADE").await.unwrap();
    }
}

async fn measure(name: &str, storage: &Arc<dyn Storage>, server: Option<&tokio_postgres::Client>) {
    for (accounts, waiting) in [(1, 1), (1, 64), (1, 512), (16, 64), (16, 512)] {
        let mut ids = Vec::new();
        for _ in 0..accounts {
            ids.push(account(&**storage).await);
        }
        let (cpu, commits, begun) = (cpu_seconds(), commits(server).await, Instant::now());
        let clients: Vec<_> = (0..waiting)
            .filter_map(|client: usize| ids.get(client % ids.len()).copied())
            .map(|id| tokio::spawn(client(Arc::clone(storage), id)))
            .collect();
        let mut grants = 0;
        for client in clients {
            grants += client.await.unwrap();
        }
        let seconds = begun.elapsed().as_secs_f64();
        let grants = f64::from(grants);
        let each = (cpu_seconds() - cpu) / grants * 1e6;
        // What the server counts comes late.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let group = match (commits, self::commits(server).await) {
            (Some(before), Some(after)) => format!("{:>10.1}", grants / (after - before).max(1.0)),
            _ => "-".to_owned(),
        };
        say(&format!(
            "{name:<18} {accounts:>9} {waiting:>8} {:>10.0} {each:>14.1} µs {group:>17}",
            grants / seconds
        ));
    }
}

async fn account(storage: &dyn Storage) -> AccountId {
    let options = AccountOptions::new(Environment::Test);
    let new = NewAccount { name: "cost".into(), environment: Environment::Test, options, created_at: now() };
    let id = storage.create_account(new).await.unwrap().id;
    let change = AccountChange { balance: Some(BalanceChange::Set(1 << 40)), ..AccountChange::default() };
    storage.change_account(id, change).await.unwrap().unwrap();
    id
}

async fn client(storage: Arc<dyn Storage>, account: AccountId) -> u32 {
    let (begun, mut grants) = (Instant::now(), 0);
    while begun.elapsed() < TIME {
        let outcome = storage.grant(grant(account)).await.unwrap();
        grants += u32::from(matches!(outcome, GrantOutcome::Granted { .. }));
    }
    grants
}

/// One as a player leaves it.
fn grant(account: AccountId) -> Grant {
    let record = Record {
        time: now(),
        environment: Environment::Test,
        account: Some(account),
        drm: Drm::Widevine,
        kind: RecordKind::Licence,
        granted: true,
        code: 0,
        kids: vec![Kid::from_bytes([1; 16]), Kid::from_bytes([2; 16])],
        cookie: Some("viewer-123456".to_owned()),
        token_id: Some(TokenId::from_bytes([7; 16])),
        device_id: Some("000102030405060708090a0b0c0d0e0f".to_owned()),
        device: Some("Google, ChromeCDM, x86-64".to_owned()),
        address: Some([192, 0, 2, 1].into()),
        attempts: 0,
        request_id: "0123456789abcdef0123456789abcdef".to_owned(),
        detail: None,
    };
    Grant { account, record, one_time: None, stream: None, answer: None, others_follow: false }
}

/// Any will do, as long as it is the same.
fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

async fn commits(server: Option<&tokio_postgres::Client>) -> Option<f64> {
    let query = "SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()";
    Some(server?.query_one(query, &[]).await.unwrap().get(0))
}

/// What this process has used of all processors.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: f64 =
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / TICKS
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
