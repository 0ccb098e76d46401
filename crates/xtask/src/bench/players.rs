//! A load generator that knows when each request was due, and has a thread of its own that never sleeps.
//!
//! It looks for answers again and again even where there is nothing to do: two processors are often two halves of one
//! core, and the service on the other half must not be slowed more by a heavy load's generator than by a light one's.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use drm_primitives::{Random, SystemRandom};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::chore::Failure;

/// When requests come.
#[derive(Clone, Copy, Debug)]
pub enum Arrivals {
    /// Of so many players, each sends his next when he has his answer.
    Answered(usize),
    /// So many a second, each independent of all others, and however long the answers take.
    Independent(f64),
}

/// What a server is loaded with.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// The server.
    pub address: SocketAddr,
    /// Whole requests, sent in turn.
    pub requests: &'a [Vec<u8>],
    /// When they come.
    pub arrivals: Arrivals,
    /// For how long.
    pub duration: Duration,
}

/// What became of them.
#[derive(Debug)]
pub struct Outcome {
    /// Answers of status 503.
    pub refused: usize,
    /// Those of them that do not say when to come back.
    pub refused_without_retry: usize,
    /// Answers that are neither a licence nor a 503.
    pub other: usize,
    /// How long each of those took that got a licence, from when it was due.
    completed: Vec<Duration>,
    duration: Duration,
}

impl Outcome {
    /// Licences.
    pub fn completed(&self) -> f64 {
        count(self.completed.len())
    }

    /// Licences a second.
    pub fn completed_a_second(&self) -> f64 {
        self.completed() / self.duration.as_secs_f64()
    }

    /// Answers of all kinds.
    pub fn answered(&self) -> f64 {
        count(self.completed.len() + self.refused + self.other)
    }

    /// Answers a second, of all kinds.
    pub fn answered_a_second(&self) -> f64 {
        self.answered() / self.duration.as_secs_f64()
    }

    /// Answers of status 503 a second.
    pub fn refused_a_second(&self) -> f64 {
        count(self.refused) / self.duration.as_secs_f64()
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

/// Connections of independent players: far more than may wait for a processor, so that there is always one for whoever
/// comes.
pub const CONNECTIONS: usize = 512;

/// Room for an answer; a licence has at most some KiB.
const ROOM: usize = 64 << 10;

struct Player {
    stream: TcpStream,
    answer: Vec<u8>,
    /// When the request was due that waits for its answer.
    due: Instant,
}

struct Players<'a> {
    all: Vec<Player>,
    /// Who has no request under way. The connection that was used last is used first, as proxies do.
    idle: Vec<usize>,
    requests: std::iter::Cycle<std::slice::Iter<'a, Vec<u8>>>,
    outcome: Outcome,
}

/// Loads a server.
///
/// # Errors
/// Where a connection breaks, or an answer is none.
pub fn load(load: Load<'_>) -> Result<Outcome, Failure> {
    let connections = match load.arrivals {
        Arrivals::Answered(players) => players,
        Arrivals::Independent(_) => CONNECTIONS,
    };
    let mut poll = Poll::new()?;
    let mut players = Players::connect(load, connections, &poll)?;
    let mut events = Events::with_capacity(connections);
    let (mut room, begun) = (vec![0; ROOM], Instant::now());
    let until = begun + load.duration;
    let mut due = begun;
    loop {
        let now = Instant::now();
        if now >= until {
            return Ok(players.outcome);
        }
        // Whoever finds no connection goes on waiting, and his time has begun.
        while due <= now && players.send(due)? {
            due = match load.arrivals {
                Arrivals::Answered(_) => now,
                Arrivals::Independent(a_second) => due + until_next(a_second),
            };
        }
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            players.receive(event.token().0, &mut room)?;
        }
    }
}

/// The time between two independent arrivals: an exponential distribution.
fn until_next(a_second: f64) -> Duration {
    let random: &dyn Random = &SystemRandom;
    let uniform = f64::from(u32::from_ne_bytes(random.array())) / (f64::from(u32::MAX) + 1.0);
    Duration::from_secs_f64(-(1.0 - uniform).ln() / a_second)
}

impl<'a> Players<'a> {
    fn connect(load: Load<'a>, connections: usize, poll: &Poll) -> Result<Self, Failure> {
        let mut all = Vec::with_capacity(connections);
        for number in 0..connections {
            let stream = std::net::TcpStream::connect(load.address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            all.push(Player { stream, answer: Vec::new(), due: Instant::now() });
        }
        let outcome = Outcome {
            refused: 0,
            refused_without_retry: 0,
            other: 0,
            completed: Vec::new(),
            duration: load.duration,
        };
        let idle = (0..connections).collect();
        Ok(Self { all, idle, requests: load.requests.iter().cycle(), outcome })
    }

    /// Sends the next request over an idle connection, if there is one.
    fn send(&mut self, due: Instant) -> Result<bool, Failure> {
        let Some(number) = self.idle.pop() else { return Ok(false) };
        let player = self.all.get_mut(number).ok_or("an idle player is a player")?;
        let request = self.requests.next().ok_or("there is no request")?;
        player.due = due;
        let sent = player.stream.write(request)?;
        // The system takes some hundred KiB at once, and a request has a few.
        if sent == request.len() { Ok(true) } else { Err("a request was sent in part".into()) }
    }

    /// Reads what there is of an answer.
    fn receive(&mut self, number: usize, room: &mut [u8]) -> Result<(), Failure> {
        let player = self.all.get_mut(number).ok_or("an event is a player's")?;
        match player.stream.read(room) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(read) => player.answer.extend_from_slice(room.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let Some(head) = whole_answer(&player.answer) else { return Ok(()) };
        match head.get(9..12) {
            Some(b"200") => self.outcome.completed.push(player.due.elapsed()),
            Some(b"503") => {
                self.outcome.refused += 1;
                self.outcome.refused_without_retry += usize::from(header(head, b"retry-after").is_none());
            }
            _ => self.outcome.other += 1,
        }
        player.answer.clear();
        self.idle.push(number);
        Ok(())
    }
}

/// The head of an answer that has come to its end.
fn whole_answer(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = answer.get(..end)?;
    let length = header(head, b"content-length").and_then(|value| std::str::from_utf8(value).ok());
    let body = length.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    (answer.len() >= end + 4 + body).then_some(head)
}

/// The value of a header, as hyper writes it: the name in small letters, a space behind the colon.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.into_iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(b": "))
}
