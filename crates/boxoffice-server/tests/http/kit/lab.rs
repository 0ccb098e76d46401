//! A running service of a test's own, and its customers.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use boxoffice_core::account::AccountChange;
use boxoffice_core::{AccountId, Environment, FixedClock};
use boxoffice_server::app::{App, AppParts, Overload};
use boxoffice_server::config::{Config, ConfigSources, DatabaseConfig};
use boxoffice_server::installation::{Installation, LabMaterial};
use boxoffice_server::serve;
use boxoffice_server::telemetry::LogSink;
use boxoffice_storage::{FaultyStorage, SqliteStorage};
use drm_primitives::SystemRandom;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::client::exchange;
use super::{Answer, Request};

/// When a lab begins: 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600;

/// Made once for all labs of a process: keys of RSA take their time.
static WIDEVINE: LazyLock<Zeroizing<Vec<u8>>> =
    LazyLock::new(|| widevine::lab::LabRoot::generate(NOW, &SystemRandom).to_bytes());
static PLAYREADY: LazyLock<Zeroizing<Vec<u8>>> =
    LazyLock::new(|| playready::lab::Material::generate(&SystemRandom).unwrap().to_bytes());

/// The root of trust of all labs of this process: for a mock of somebody else's service, which serves their devices.
pub fn widevine_root() -> widevine::lab::LabRoot {
    widevine::lab::LabRoot::from_bytes(&WIDEVINE).unwrap()
}

/// A running service.
pub struct Lab {
    /// What its operations are given.
    pub app: App,
    /// Its time, which stands until it is moved.
    pub clock: Arc<FixedClock>,
    /// Its database, which fails when it is told to.
    pub storage: Arc<FaultyStorage<SqliteStorage>>,
    address: SocketAddr,
    /// Those of webhooks, where they have some of their own.
    webhooks: Vec<SocketAddr>,
    log: LogSink,
    logged: Arc<Mutex<Vec<u8>>>,
    directory: Arc<TempDir>,
    shutdown: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

/// An account, and what its back end shows.
pub struct Customer {
    pub id: AccountId,
    pub environment: Environment,
    pub authenticator: String,
}

impl Lab {
    /// A service without any settings.
    pub async fn start() -> Self {
        Self::with_settings("").await
    }

    /// A service with the settings of a TOML text, in which `DIR` is a directory of its own.
    pub async fn with_settings(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::in_directory(directory, settings).await
    }

    /// The same on other addresses; requests go to the first.
    pub async fn listening_on(addresses: &str, settings: &str) -> Self {
        Self::open(tempfile::tempdir().unwrap(), addresses, settings).await
    }

    /// The same in a directory in which there may be files already.
    pub async fn in_directory(directory: TempDir, settings: &str) -> Self {
        Self::open(directory, "127.0.0.1:0", settings).await
    }

    async fn open(directory: TempDir, addresses: &str, settings: &str) -> Self {
        let settings = settings.replace("DIR", directory.path().to_str().unwrap());
        std::fs::write(directory.path().join("boxoffice.toml"), settings).unwrap();
        let config = config(directory.path(), addresses);
        let DatabaseConfig::Sqlite(path) = &config.database else { unreachable!("tests have SQLite") };
        let storage = Arc::new(FaultyStorage::new(SqliteStorage::open(path).unwrap()));
        let clock = Arc::new(FixedClock::at(NOW));
        Self::on(Arc::new(directory), config, storage, clock).await
    }

    /// Another node with the same settings on the same database.
    pub async fn another_node(&self) -> Self {
        let config = config(self.directory(), "127.0.0.1:0");
        let (storage, clock) = (Arc::clone(&self.storage), Arc::clone(&self.clock));
        Self::on(Arc::clone(&self.directory), config, storage, clock).await
    }

    async fn on(
        directory: Arc<TempDir>,
        config: Config,
        storage: Arc<FaultyStorage<SqliteStorage>>,
        clock: Arc<FixedClock>,
    ) -> Self {
        let opened = Installation::open(
            Arc::clone(&storage) as Arc<_>,
            &config.master_key,
            Arc::clone(&clock) as Arc<_>,
            Arc::new(SystemRandom),
        );
        let installation = opened.await.unwrap();
        put_material(&installation).await;
        let listeners = serve::bind(&config).await.unwrap();
        let address = listeners[0].address();
        let webhooks = listeners.iter().filter(|listener| listener.webhook_of().is_some());
        let webhooks = webhooks.map(serve::Listener::address).collect();
        let logged = Arc::new(Mutex::new(Vec::new()));
        let log = LogSink::to(Memory(Arc::clone(&logged)));
        let app = App::start(AppParts {
            config,
            installation,
            clock: Arc::clone(&clock) as Arc<_>,
            random: Arc::new(SystemRandom),
            log: log.clone(),
            first_address: address,
            // Whatever a test changes is seen by its next request.
            accounts_fresh_for: Duration::ZERO,
            overload: Overload::default(),
        });
        let app = app.await.unwrap();
        app.read_revocations().unwrap();
        let (shutdown, ended) = oneshot::channel::<()>();
        let served = tokio::spawn(serve::serve(listeners, app.clone(), async {
            let _ = ended.await;
        }));
        Self {
            app,
            clock,
            storage,
            address,
            webhooks,
            log,
            logged,
            directory,
            shutdown: Some(shutdown),
            served: Some(served),
        }
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// `http://127.0.0.1:…`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where requests go.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The addresses of webhooks alone.
    pub fn webhook_addresses(&self) -> &[SocketAddr] {
        &self.webhooks
    }

    pub async fn send(&self, request: Request) -> Answer {
        request.send(self.address).await
    }

    /// Sends bytes that need not be HTTP, and reads the answer to the end of the connection.
    pub async fn send_raw(&self, bytes: &[u8]) -> Answer {
        exchange(self.address, bytes).await
    }

    /// Tells the service to end; what is returned is done when it has.
    pub fn end(&mut self) -> JoinHandle<()> {
        self.shutdown.take().unwrap().send(()).unwrap();
        self.served.take().unwrap()
    }

    pub async fn get(&self, target: impl Into<String>) -> Answer {
        self.send(Request::get(target)).await
    }

    /// A customer of the test environment, with every option as it comes.
    pub async fn account(&self) -> Customer {
        self.account_in(Environment::Test).await
    }

    pub async fn account_in(&self, environment: Environment) -> Customer {
        let made = self.app.installation().create_account("customer", environment).await.unwrap();
        Customer { id: made.account.id, environment, authenticator: made.authenticator.reveal().clone() }
    }

    /// What `boxoffice account set` does.
    pub async fn change(&self, customer: &Customer, change: AccountChange) {
        use boxoffice_storage::Storage as _;
        self.storage.change_account(customer.id, change).await.unwrap();
    }

    /// Asks for a token: `drm` as in `/hms/{drm}/token`, `parameters` as they stand in a query.
    pub async fn ask_for_token(&self, customer: &Customer, drm: &str, parameters: &str) -> Answer {
        let authenticator = &customer.authenticator;
        let target = format!("/hms/{drm}/token?customerAuthenticator={authenticator}&{parameters}");
        let host = match customer.environment {
            Environment::Test => "127.0.0.1",
            Environment::Production => "prod.localhost",
        };
        self.send(Request::get(target).host(host)).await
    }

    /// Where a test may log what the service would log of itself.
    pub fn log_sink(&self) -> LogSink {
        self.log.clone()
    }

    /// Everything that was logged so far.
    pub fn log(&self) -> String {
        self.log.flush();
        String::from_utf8(self.logged.lock().unwrap().clone()).unwrap()
    }
}

fn config(directory: &Path, addresses: &str) -> Config {
    let config = Config::load(ConfigSources {
        file: Some(directory.join("boxoffice.toml")),
        data_dir: Some(directory.to_owned()),
        listen: Some(addresses.to_owned()),
        variables: Vec::new(),
    });
    config.unwrap()
}

/// Puts the process's lab material into a new database, where the service would make its own.
async fn put_material(installation: &Installation) {
    let rings = installation.rings().await.unwrap().current();
    for (kind, material) in [(LabMaterial::Widevine, &WIDEVINE), (LabMaterial::PlayReady, &PLAYREADY)] {
        let make = async || Ok(Zeroizing::new(material.to_vec()));
        installation.lab_material(&rings, kind, make).await.unwrap();
    }
}

struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
