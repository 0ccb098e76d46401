//! A load that comes however long the answers take, as players do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::chore::Failure;

/// How many requests come, and for how long.
#[derive(Clone, Copy)]
pub struct Load {
    /// Whither.
    pub address: SocketAddr,
    /// How many a second, over all connections.
    pub a_second: f64,
    /// For how long.
    pub duration: Duration,
}

/// What became of them.
#[derive(Default)]
pub struct Outcome {
    /// Those with `Retry-After` and without.
    pub refused: u64,
    /// Those without.
    pub refused_without_retry: u64,
    /// Answers that are neither a licence nor a 503.
    pub other: u64,
    /// How long each of those took that got a licence.
    completed: Vec<Duration>,
    seconds: f64,
}

/// As many as keep the load coming while some wait for their answers: more than may wait for a processor.
const CONNECTIONS: u32 = 512;

impl Outcome {
    /// Licences.
    pub fn completed(&self) -> f64 {
        count(self.completed.len())
    }

    /// Licences a second.
    pub fn completed_a_second(&self) -> f64 {
        self.completed() / self.seconds
    }

    /// Requests a second that were in fact made.
    pub fn came_a_second(&self) -> f64 {
        let turned_away = usize::try_from(self.refused + self.other).unwrap_or(usize::MAX);
        count(self.completed.len().saturating_add(turned_away)) / self.seconds
    }

    /// The time within which 99 of 100 licences came.
    pub fn p99(&self) -> Duration {
        let mut times = self.completed.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or(Duration::MAX)
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// Loads a server with one request, again and again.
pub async fn run(load: Load, request: Arc<[u8]>) -> Result<Outcome, Failure> {
    let every = Duration::from_secs_f64(f64::from(CONNECTIONS) / load.a_second);
    let begun = Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        // Spread evenly, or they would all come at once.
        let first = every.mul_f64(f64::from(number) / f64::from(CONNECTIONS));
        connections.spawn(connection(load, Arc::clone(&request), first, every));
    }
    let mut all = Outcome::default();
    while let Some(ended) = connections.join_next().await {
        let one = ended?.map_err(|error| format!("a connection broke: {error}"))?;
        all.refused += one.refused;
        all.refused_without_retry += one.refused_without_retry;
        all.other += one.other;
        all.completed.extend(one.completed);
    }
    all.seconds = begun.elapsed().as_secs_f64();
    Ok(all)
}

async fn connection(
    load: Load,
    request: Arc<[u8]>,
    first: Duration,
    every: Duration,
) -> std::io::Result<Outcome> {
    let mut stream = TcpStream::connect(load.address).await?;
    stream.set_nodelay(true)?;
    let mut outcome = Outcome::default();
    let mut ticks = interval_at(tokio::time::Instant::now() + first, every);
    // What could not be sent because an answer was late is sent at once, as others would have.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let until = Instant::now() + load.duration;
    let mut answer = Vec::with_capacity(8_192);
    while Instant::now() < until {
        ticks.tick().await;
        let sent = Instant::now();
        stream.write_all(&request).await?;
        let head = read_answer(&mut stream, &mut answer).await?;
        let took = sent.elapsed();
        if head.starts_with("HTTP/1.1 200") {
            outcome.completed.push(took);
        } else if head.starts_with("HTTP/1.1 503") {
            outcome.refused += 1;
            outcome.refused_without_retry +=
                u64::from(!head.to_ascii_lowercase().contains("\r\nretry-after:"));
        } else {
            outcome.other += 1;
        }
    }
    Ok(outcome)
}

/// Reads one answer to its end, and gives its head.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> std::io::Result<String> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let whole = end + 4 + length.unwrap_or(0);
        while answer.len() < whole {
            if stream.read_buf(answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        return Ok(head);
    }
}
