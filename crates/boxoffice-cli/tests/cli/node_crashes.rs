//! `kill -9` of servers and of PostgreSQL under load: afterwards the books are exact (design.md, section 2, rule 7).

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use boxoffice_core::AccountId;
use boxoffice_core::account::Balance;
use boxoffice_storage::{RecordFilter, StoredRecord};

use crate::node_client::{Connection, Outcome};
use crate::nodes::{Node, account, cluster, serve_at_once, storage, target};
use crate::program::{Server, say};

const NODES: usize = 3;
const CLIENTS: usize = 50;
const REDEMPTIONS: usize = 20_000;
const ACCOUNTS: usize = 3;
const BALANCE: u64 = 5_000;

/// A node is killed, and started again, each time that so many more redemptions have been answered; every third
/// time it is PostgreSQL.
const BETWEEN_CRASHES: usize = 2_000;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_mins(5);

/// A player waits so long before it asks again.
const MOMENT: Duration = Duration::from_millis(5);

/// What clients and the one who kills know of each other.
#[derive(Default)]
struct Load {
    /// Where each node listens; `None` while it is down.
    addresses: RwLock<Vec<Option<SocketAddr>>>,
    targets: Vec<String>,
    /// Redemptions that were begun.
    begun: AtomicUsize,
}

/// What one client was told.
#[derive(Default)]
struct Told {
    /// The request ids of licences that arrived.
    licences: Vec<String>,
    refused_for_balance: usize,
    unavailable: usize,
    lost: usize,
}

#[test]
fn books_are_exact_when_nodes_and_the_database_were_killed_under_load() {
    let Some(cluster) = cluster() else { return };
    let nodes: Vec<_> = (0..NODES).map(|_| Node::new(&cluster)).collect();
    let mut servers: Vec<_> = serve_at_once(&nodes).into_iter().map(Some).collect();
    let mut accounts = Vec::new();
    let mut load = Load::default();
    for number in 0..ACCOUNTS {
        let (id, authenticator) = account(&nodes[0], &format!("account {number}"));
        nodes[0].succeed(&["account", "set", &id, "--balance", &BALANCE.to_string()]);
        let first = servers[0].as_ref().unwrap();
        load.targets.push(target(first, &authenticator));
        accounts.push(AccountId(id.parse().unwrap()));
    }
    *load.addresses.write().unwrap() = addresses(&servers);
    let begun = Instant::now();
    let mut crashes = 0;
    let told: Vec<Told> = thread::scope(|scope| {
        let (done, ends) = channel();
        let load = &load;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let done = done.clone();
                scope.spawn(move || client(load, begun, &done))
            })
            .collect();
        // It closes once the last client has done its part.
        drop(done);
        for number in 1.. {
            let left = LIMIT.saturating_sub(begun.elapsed());
            if ends.recv_timeout(left).is_err() {
                break;
            }
            if number % BETWEEN_CRASHES != 0 {
                continue;
            }
            crashes += 1;
            if crashes % 3 == 0 {
                cluster.crash_and_restart().unwrap();
                continue;
            }
            let victim = crashes % NODES;
            load.addresses.write().unwrap()[victim] = None;
            let server = servers[victim].take().unwrap();
            server.signal("KILL");
            drop(server.ended());
            servers[victim] = Some(nodes[victim].serve());
            *load.addresses.write().unwrap() = addresses(&servers);
        }
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(begun.elapsed() < LIMIT, "not done within {LIMIT:?}");
    assert!(crashes >= REDEMPTIONS / BETWEEN_CRASHES - 1, "{crashes}");
    for server in servers.into_iter().flatten() {
        server.end();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (records, balances) = runtime.block_on(async {
        let storage = storage(&cluster).await;
        let (mut records, mut after) = (Vec::<StoredRecord>::new(), None);
        loop {
            let page = storage.search_records(RecordFilter::default(), after, 5_000).await.unwrap();
            records.extend(page.records);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut balances = HashMap::new();
        for id in &accounts {
            balances.insert(*id, storage.account(*id).await.unwrap().unwrap().balance);
        }
        (records, balances)
    });
    let granted: Vec<_> = records.iter().filter(|stored| stored.record.granted).collect();
    let known: HashSet<_> = granted.iter().map(|stored| stored.record.request_id.as_str()).collect();
    assert_eq!(known.len(), granted.len(), "a request was granted twice");
    let mut licences = 0;
    for licence in told.iter().flat_map(|told| &told.licences) {
        licences += 1;
        assert!(known.contains(licence.as_str()), "a licence without a record: {licence}");
    }
    assert!(licences <= granted.len());
    for id in &accounts {
        let taken = granted.iter().filter(|stored| stored.record.account == Some(*id)).count() as u64;
        assert_eq!(balances[id], Balance::Licences(BALANCE - taken), "{id}: {taken} granted");
    }
    // Most of it has been what it is about: licences, until the balances were at zero.
    assert!(licences > ACCOUNTS * usize::try_from(BALANCE).unwrap() / 2, "{licences} licences");
    let sum = |of: fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
    let (refused, unavailable, lost) =
        (sum(|told| told.refused_for_balance), sum(|told| told.unavailable), sum(|told| told.lost));
    // What clients cannot know of is no more than what broke under them.
    assert!(granted.len() - licences <= lost + unavailable);
    say(&format!(
        "{REDEMPTIONS} redemptions in {:?}, {crashes} crashes: {licences} licences, {} granted records, \
         {refused} refused for want of balance, {unavailable} refused with 503, {lost} broken connections",
        begun.elapsed(),
        granted.len(),
    ));
}

fn addresses(servers: &[Option<Server>]) -> Vec<Option<SocketAddr>> {
    servers.iter().map(|server| server.as_ref().map(|server| server.address)).collect()
}

/// Redeems, on one node after the other, until there were as many as there should be.
fn client(load: &Load, begun: Instant, done: &Sender<()>) -> Told {
    let mut told = Told::default();
    let mut connections: HashMap<SocketAddr, Connection> = HashMap::new();
    loop {
        let number = load.begun.fetch_add(1, Ordering::Relaxed);
        if number >= REDEMPTIONS {
            return told;
        }
        let target = &load.targets[number % load.targets.len()];
        let mut node = number;
        loop {
            if begun.elapsed() > LIMIT {
                return told;
            }
            node += 1;
            let address = load.addresses.read().unwrap()[node % NODES];
            let Some(address) = address else { continue };
            let connection = connections.remove(&address).map_or_else(|| Connection::open(address), Ok);
            // Else it was killed just now.
            let Ok(connection) = connection else {
                thread::park_timeout(MOMENT);
                continue;
            };
            match connection.redeem(target) {
                Outcome::Licence { request_id, connection } => {
                    told.licences.push(request_id);
                    connections.extend(connection.map(|connection| (address, connection)));
                    break;
                }
                Outcome::Refused { code: -2019, connection } => {
                    told.refused_for_balance += 1;
                    connections.extend(connection.map(|connection| (address, connection)));
                    break;
                }
                // Nothing left, as far as it could: asked again elsewhere.
                Outcome::Unavailable => {
                    told.unavailable += 1;
                    thread::park_timeout(MOMENT);
                }
                Outcome::Refused { code, .. } => panic!("{code}"),
                Outcome::Lost => {
                    told.lost += 1;
                    break;
                }
            }
        }
        // Nobody listens any more where it took too long, which fails the test.
        let _ = done.send(());
    }
}
