//! Reads a file of keys on a thread of its own, a batch ahead of what is being stored.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::thread;

use boxoffice_core::{Clock as _, SystemClock};
use boxoffice_server::keystore::ImportRow;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use zeroize::Zeroizing;

use super::rows;

/// What a number of lines have, one behind the other.
pub struct Batch {
    /// The keys, each with its line.
    pub rows: Vec<(u64, ImportRow)>,
    /// Lines that are no key, and why.
    pub refused: Vec<(u64, String)>,
    /// The line behind the last one.
    pub next_line: u64,
    /// How much of the file was read up to there, in bytes.
    pub read: u64,
}

/// Lines of a batch at most.
const LINES: usize = 4_096;

/// How many batches wait to be stored.
const AHEAD: usize = 2;

/// The longest line: a key object with all its texts escaped.
const LINE: u64 = 65_536;

/// Reads from a line on. A failure to read is the last that comes.
pub fn read(file: File, from_line: u64) -> Receiver<io::Result<Batch>> {
    let (send, batches) = channel(AHEAD);
    // Not the runtime's: a pipe that nobody writes into must not keep the program from ending.
    thread::spawn(move || {
        let mut file = BufReader::with_capacity(1 << 20, file);
        if let Err(error) = read_all(&mut file, from_line, &send) {
            // Where nobody listens any more the import has ended already.
            let _ = send.blocking_send(Err(error));
        }
    });
    batches
}

fn read_all(file: &mut impl BufRead, from_line: u64, send: &Sender<io::Result<Batch>>) -> io::Result<()> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    let (mut line, mut read) = (0, 0);
    loop {
        let mut batch = Batch { rows: Vec::with_capacity(LINES), refused: Vec::new(), next_line: 0, read: 0 };
        let now = SystemClock.now();
        let mut at_end = false;
        while batch.rows.len() + batch.refused.len() < LINES {
            text.clear();
            let length = read_line(file, &mut text)?;
            if length == 0 {
                at_end = true;
                break;
            }
            line += 1;
            read += length;
            if line < from_line {
                continue;
            }
            match rows::read(&text, line, now) {
                Ok(Some(row)) => batch.rows.push((line, row)),
                Ok(None) => {}
                Err(problem) => batch.refused.push((line, problem)),
            }
        }
        (batch.next_line, batch.read) = ((line + 1).max(from_line), read);
        if send.blocking_send(Ok(batch)).is_err() || at_end {
            return Ok(());
        }
    }
}

/// Reads a line, of which no more than its limit comes into memory; gives its length in the file.
fn read_line(file: &mut impl BufRead, text: &mut String) -> io::Result<u64> {
    let length = file.take(LINE).read_line(text)? as u64;
    if length == LINE && !text.ends_with('\n') {
        return Err(io::Error::other(format!("a line has more than {LINE} bytes")));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, from_line: u64) -> io::Result<Vec<Batch>> {
        let (send, mut batches) = channel(64);
        read_all(&mut text.as_bytes(), from_line, &send)?;
        drop(send);
        Ok(std::iter::from_fn(|| batches.blocking_recv()).map(Result::unwrap).collect())
    }

    #[test]
    fn batches_follow_each_other_without_a_gap() {
        let lines =
            (0..5_000).map(|number| format!("^{number},{number:032x}\n")).collect::<Vec<_>>().concat();
        let batches = all(&lines, 1).unwrap();
        let next: Vec<_> = batches.iter().map(|batch| batch.next_line).collect();
        assert_eq!(next, [4_097, 5_001]);
        assert_eq!(batches.last().unwrap().read, lines.len() as u64);
        let numbers: Vec<_> = batches.iter().flat_map(|batch| batch.rows.iter().map(|row| row.0)).collect();
        assert_eq!(numbers, (1..=5_000).collect::<Vec<_>>());
        let rest: usize = all(&lines, 4_097).unwrap().iter().map(|batch| batch.rows.len()).sum();
        assert_eq!(rest, 904);
        assert_eq!(all(&lines, 9_000).unwrap()[0].next_line, 9_000);
    }

    #[test]
    fn a_line_without_an_end_is_not_read_whole() {
        assert!(all(&"x".repeat(100_000), 1).is_err());
    }

    #[test]
    fn a_line_that_is_no_key_has_its_number() {
        let batches = all("kid,k\n^a\n", 1).unwrap();
        assert_eq!(batches[0].refused[0].0, 2);
    }
}
