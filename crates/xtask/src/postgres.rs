//! A PostgreSQL cluster of our own, which is thrown away after the tests.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::chore::{self, Failure};

/// A running cluster. It ends, and its files vanish, when it is dropped.
pub struct Cluster {
    programs: PathBuf,
    directory: TempDir,
}

impl Cluster {
    /// Makes and starts a cluster that is reached by a socket in its own directory, and by no port.
    ///
    /// # Errors
    /// In a sentence, where PostgreSQL's programs are missing or do not work.
    pub fn start() -> Result<Self, Failure> {
        let programs = programs().ok_or("initdb and pg_ctl are not installed")?;
        let directory = tempfile::Builder::new().prefix("boxoffice-postgres-").tempdir()?;
        // PostgreSQL refuses to run as root, so its own user has to get at the directory.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        if is_root(directory.path()) {
            chore::output(Command::new("chown").arg("postgres").arg(directory.path()))?;
        }
        let cluster = Self { programs, directory };
        let data = cluster.data();
        let mut initdb = cluster.program("initdb");
        initdb
            .args(["--auth=trust", "--username=boxoffice", "--encoding=UTF8", "--no-sync", "--pgdata"])
            .arg(&data);
        chore::output(&mut initdb)?;
        // Tests end processes and never the machine, and what a process has written outlives it without fsync.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300 -c fsync=off",
            cluster.directory.path().display(),
        );
        let mut start = cluster.program("pg_ctl");
        start.args(["start", "--wait", "--silent", "--log"]).arg(cluster.directory.path().join("log"));
        start.arg("--pgdata").arg(&data).args(["--options", &options]);
        // pg_ctl's child keeps what it inherits: with a pipe of ours we would wait for it for ever.
        chore::run(start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))?;
        Ok(cluster)
    }

    /// How to reach its database `postgres`.
    pub fn url(&self) -> String {
        let socket = self.directory.path().display().to_string().replace('/', "%2F");
        format!("postgres://boxoffice@{socket}/postgres")
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// One of PostgreSQL's programs, as a user that may run it.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command =
            if is_root(self.directory.path().parent().unwrap_or(Path::new("/"))) && may_change_user() {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(path);
                command
            } else {
                Command::new(path)
            };
        command.current_dir(self.directory.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(self.data());
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Where `initdb` and `pg_ctl` are: Debian keeps them out of the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

fn may_change_user() -> bool {
    chore::may_install() && chore::is_installed("runuser", "--version")
}

fn is_root(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.uid() == 0)
}
