//! A schema of PostgreSQL for one test, in the database that `BOXOFFICE_TEST_POSTGRES` names.

use std::io::Write as _;
use std::thread;

use drm_primitives::{Random, SystemRandom};
use tokio_postgres::NoTls;

/// It goes, with all that is in it, when this does.
pub struct Schema {
    server: String,
    name: String,
    url: String,
}

impl Schema {
    /// None, with a word, where no PostgreSQL was given.
    pub async fn new() -> Option<Self> {
        let Ok(server) = std::env::var("BOXOFFICE_TEST_POSTGRES") else {
            let _ = writeln!(std::io::stderr(), "skipped: BOXOFFICE_TEST_POSTGRES names no PostgreSQL");
            return None;
        };
        let random: &dyn Random = &SystemRandom;
        let name = format!("test_{:032x}", u128::from_be_bytes(random.array()));
        execute(&server, &format!("CREATE SCHEMA {name}")).await;
        let mark = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{mark}options=-c%20search_path%3D{name}");
        Some(Self { server, name, url })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Executes statements in it, past the program.
    pub async fn execute(&self, statements: &str) {
        execute(&self.url, statements).await;
    }

    /// A connection to it, past the program.
    pub async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url).await
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&server, &format!("DROP SCHEMA {name} CASCADE")));
        });
        drop(dropping.join());
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn execute(url: &str, statements: &str) {
    connect(url).await.batch_execute(statements).await.unwrap();
}
