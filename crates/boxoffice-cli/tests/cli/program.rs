//! Running the program, and a server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{self, Answer};

/// How long anything may take before it counts as never.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// A data directory of a test's own, and what is beside it.
pub struct Place {
    directory: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// The data directory; the first command makes it.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A file beside the data directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command on the data directory, with nothing else that configures it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BOXOFFICE_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).env("BOXOFFICE_DATA_DIR", self.data()).current_dir(self.directory.path());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        done(&mut self.command(arguments))
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.status, Some(0), "{arguments:?}: {done:?}");
        done.stdout
    }

    /// The same for JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeed(arguments)).unwrap()
    }

    /// Runs a command that has to be refused with 1, and gives the sentence that it says.
    pub fn refused(&self, arguments: &[&str]) -> String {
        refused(&mut self.command(arguments))
    }

    /// Starts a server on a free port.
    pub fn serve(&self) -> Server {
        Server::start(self, &mut self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }
}

/// Runs a command to its end.
pub fn done(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs a command that has to be refused with 1 and one sentence.
pub fn refused(command: &mut Command) -> String {
    let done = done(command);
    assert_eq!((done.status, done.stdout.as_str()), (Some(1), ""), "{done:?}");
    let sentence = done.stderr.strip_prefix("boxoffice: ").unwrap_or_else(|| panic!("{done:?}"));
    assert_eq!(sentence.trim_end().lines().count(), 1, "{done:?}");
    sentence.trim_end().to_owned()
}

/// What a process takes of its machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Footprint {
    pub threads: u64,
    /// Resident memory.
    pub kilobytes: u64,
}

/// A running server. It is killed when it is dropped.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    /// What it printed until it was ready.
    pub printed: Vec<String>,
    /// Where it listens.
    pub address: SocketAddr,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits for its lines.
    pub fn start(place: &Place, command: &mut Command) -> Self {
        let log = place.beside("log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines() {
                // Nobody listens any more once a test is over.
                let _ = send.send(line.unwrap());
            }
        });
        let mut server =
            Self { child, lines, printed: Vec::new(), address: SocketAddr::from(([0, 0, 0, 0], 0)), log };
        server.read_until("boxoffice: listening on http://");
        let address = server.line("boxoffice: listening on http://").unwrap();
        server.address = address.parse().unwrap();
        server
    }

    /// Reads lines up to one with this beginning.
    pub fn read_until(&mut self, beginning: &str) {
        while self.line(beginning).is_none() {
            let line = self.lines.recv_timeout(DEADLINE);
            self.printed.push(line.unwrap_or_else(|_| panic!("no {beginning:?}; the log: {}", self.log())));
        }
    }

    /// What follows a beginning in a line that was printed.
    pub fn line(&self, beginning: &str) -> Option<String> {
        self.printed.iter().find_map(|line| line.strip_prefix(beginning)).map(ToOwned::to_owned)
    }

    /// The demo authenticator, which was printed.
    pub fn authenticator(&mut self) -> String {
        self.read_until("boxoffice: demo authenticator ");
        self.line("boxoffice: demo authenticator ").unwrap()
    }

    /// The URL of the line that can be pasted.
    pub fn curl_url(&mut self) -> String {
        self.read_until("curl ");
        self.line("curl ").unwrap().trim_matches('\'').to_owned()
    }

    /// Asks for a target.
    pub fn get(&self, target: &str) -> Answer {
        http::ask(self.address, "GET", target, &[], b"")
    }

    /// A Widevine token's URL, by what a test adds to the request.
    pub fn widevine_token(&mut self, more: &str) -> String {
        let answer = self.get(&self.token_request(more));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text()
    }

    /// The target of a Widevine token request.
    pub fn token_request(&self, more: &str) -> String {
        let authenticator = self.line("boxoffice: demo authenticator ").unwrap();
        format!(
            "/hms/wv/token?customerAuthenticator={authenticator}&errorFormat=json\
             &kid=0123456789abcdef0123456789abcdef&contentKey=00112233445566778899aabbccddeeff{more}"
        )
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.child.id())]).status();
        assert!(sent.unwrap().success());
    }

    /// What it takes now.
    pub fn footprint(&self) -> Footprint {
        let status = read(Path::new(&format!("/proc/{}/status", self.child.id())));
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_ascii_whitespace().next().unwrap().parse().unwrap()
        };
        Footprint { threads: number("Threads:"), kilobytes: number("VmRSS:") }
    }

    /// Waits for its end, and gives what else it printed.
    pub fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let mut rest = Vec::new();
        let until = Instant::now() + DEADLINE;
        // The channel closes when its output does, which is when it ends.
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            rest.push(line);
        }
        assert!(Instant::now() < until, "it has not ended; the log: {}", self.log());
        (self.child.wait().unwrap(), rest)
    }

    /// Ends it in good order.
    pub fn end(self) {
        self.signal("TERM");
        let (status, _) = self.ended();
        assert_eq!(status.code(), Some(0));
    }

    /// Everything that it logged so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file's text.
pub fn read(path: &Path) -> String {
    let mut text = String::new();
    File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Asks again and again until the answer satisfies, up to the deadline; gives it, and how long ago the last one
/// that did not was asked for.
pub fn poll<T>(mut ask: impl FnMut() -> T, satisfies: impl Fn(&T) -> bool) -> (T, Duration) {
    let begun = Instant::now();
    let mut last_unsatisfying = Duration::ZERO;
    loop {
        let asked = begun.elapsed();
        let answer = ask();
        if satisfies(&answer) {
            return (answer, last_unsatisfying);
        }
        last_unsatisfying = asked;
        assert!(asked < DEADLINE, "not within {} s", DEADLINE.as_secs());
    }
}

/// Tells whoever looks at a test's output.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
