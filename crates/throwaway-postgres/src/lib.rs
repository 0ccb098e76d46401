//! A PostgreSQL cluster of a test's own, which vanishes with it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use thiserror::Error;

/// Why there is no cluster.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// A program ended with an error.
    #[error("{program} failed: {said}")]
    Failed {
        /// Which.
        program: String,
        /// What it said.
        said: String,
    },
    /// PostgreSQL's programs are not there.
    #[error("initdb and pg_ctl are not installed")]
    Missing,
    /// A directory or a program cannot be used.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// A running cluster. It ends, and its files vanish, when it is dropped.
pub struct Cluster {
    programs: PathBuf,
    directory: TempDir,
}

impl Cluster {
    /// Makes and starts a cluster that is reached by a socket in its own directory, and by no port.
    ///
    /// # Errors
    /// [`ClusterError`], where PostgreSQL's programs are missing or do not work.
    pub fn start() -> Result<Self, ClusterError> {
        let programs = programs().ok_or(ClusterError::Missing)?;
        let directory = tempfile::Builder::new().prefix("boxoffice-postgres-").tempdir()?;
        // PostgreSQL refuses to run as root, so its own user has to get at the directory.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        let cluster = Self { programs, directory };
        if cluster.is_roots() {
            run(Command::new("chown").arg("postgres").arg(cluster.directory.path()))?;
        }
        let mut initdb = cluster.program("initdb");
        initdb.args(["--auth=trust", "--username=boxoffice", "--encoding=UTF8", "--no-sync", "--pgdata"]);
        run(initdb.arg(cluster.data()))?;
        cluster.go_on()?;
        Ok(cluster)
    }

    /// How to reach its database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        let socket = self.directory.path().display().to_string().replace('/', "%2F");
        format!("postgres://boxoffice@{socket}/postgres")
    }

    /// Ends every connection and every transaction at once, as a crash does, and starts again.
    ///
    /// # Errors
    /// [`ClusterError`], where it does not come back.
    pub fn crash_and_restart(&self) -> Result<(), ClusterError> {
        self.stop()?;
        self.go_on()
    }

    fn go_on(&self) -> Result<(), ClusterError> {
        // Tests end processes and never the machine, and what a process has written outlives it without fsync.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300 -c fsync=off",
            self.directory.path().display(),
        );
        let mut start = self.program("pg_ctl");
        start.args(["start", "--wait", "--silent", "--log"]).arg(self.directory.path().join("log"));
        run(start.arg("--pgdata").arg(self.data()).args(["--options", &options]))
    }

    fn stop(&self) -> Result<(), ClusterError> {
        let mut stop = self.program("pg_ctl");
        run(stop.args(["stop", "--wait", "--silent", "--mode=immediate", "--pgdata"]).arg(self.data()))
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// One of PostgreSQL's programs, as a user that may run it.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if self.is_roots() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.directory.path());
        command
    }

    /// Whether root runs this: what it makes in a directory of its own is its own.
    fn is_roots(&self) -> bool {
        fs::metadata(self.directory.path().parent().unwrap_or(Path::new("/")))
            .is_ok_and(|parent| parent.uid() == 0)
            && fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to end.
        drop(self.stop());
    }
}

/// Runs a program to its end. It has no pipe of ours: the server would inherit it, and we would wait for that.
fn run(command: &mut Command) -> Result<(), ClusterError> {
    let program = Path::new(command.get_program()).file_name().map(OsStr::to_string_lossy);
    let program = program.unwrap_or_default().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(ClusterError::Failed { program, said: status.to_string() }) }
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
