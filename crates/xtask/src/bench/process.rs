//! A child process: what it prints, what it costs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::chore::Failure;

/// A running child. It is killed when it is dropped.
pub struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// `sysconf(_SC_CLK_TCK)` on every Linux that Rust runs on.
const TICKS_A_SECOND: u64 = 100;

impl Process {
    /// Starts it with its standard output in our hands.
    pub fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("the child has no standard output")?);
        Ok(Self { child, lines })
    }

    /// Waits for a line and gives what follows its beginning.
    pub fn line_that_starts_with(&mut self, beginning: &str) -> Result<String, Failure> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Err(
                    format!("the child ended before it printed a line beginning with {beginning:?}").into()
                );
            }
            if let Some(rest) = line.strip_prefix(beginning) {
                return Ok(rest.trim_end().to_owned());
            }
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> Result<bool, Failure> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits for its end, and fails where it did.
    pub fn finish(mut self) -> Result<(), Failure> {
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the child ended with {status}").into()) }
    }

    /// The CPU time that it has used so far, of all its threads.
    pub fn cpu_time(&self) -> Result<Duration, Failure> {
        cpu_time(&self.child.id().to_string())
    }

    /// A line of `/proc/<pid>/status` that is in KiB, in MiB: `VmRSS` or `VmHWM`.
    pub fn memory(&self, line: &str) -> Result<f64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kib = found.and_then(|text| text.trim().strip_suffix(" kB")).ok_or("no such line in /proc")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU time of a process (`self`: of ours), all threads, in the kernel too.
pub fn cpu_time(process: &str) -> Result<Duration, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field, the program's name, may have spaces; what counts begins behind its bracket.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/…/stat has no name")?;
    let mut times = fields.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    let mut next = || times.next().ok_or("/proc/…/stat is too short");
    Ok(Duration::from_millis((next()?? + next()??) * (1_000 / TICKS_A_SECOND)))
}
