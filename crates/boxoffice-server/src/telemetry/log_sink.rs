//! Where log lines go: into a bounded buffer in memory, which one thread writes out.
//!
//! So a request never waits for standard error, and never makes a system call for its line. Where whoever reads
//! standard error is too slow, lines are dropped, counted, and the count is written as soon as there is room.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A shared way into the log. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct LogSink(Arc<Writer>);

#[derive(Debug)]
struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread.
    work: Condvar,
    /// Wakes whoever waits for a flush.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    buffer: Vec<u8>,
    dropped: u64,
    /// Whether the thread sleeps until it is woken; else it looks again by itself before long.
    asleep: bool,
    writing: bool,
    closed: bool,
}

/// As much as waits to be written.
const CAPACITY: usize = 4 << 20;

/// Above this the thread is woken at once.
const BATCH: usize = 256 << 10;

/// How long lines are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(20);

impl LogSink {
    /// Writes to `target`, on a thread of its own.
    ///
    /// # Panics
    /// Where the operating system gives no thread.
    #[must_use]
    pub fn to(target: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || for_thread.run(target))
            .expect("a process that is starting can have one more thread");
        Self(Arc::new(Writer { shared, thread: Mutex::new(Some(thread)) }))
    }

    /// Appends whole lines; drops them where there is no room.
    pub fn append(&self, lines: &[u8]) {
        let shared = &self.0.shared;
        let mut state = shared.lock();
        if state.buffer.len() >= CAPACITY {
            state.dropped += 1;
            return;
        }
        state.buffer.extend_from_slice(lines);
        // Waking costs a system call, so it is done for the first line after a silence and for a full batch.
        let wake = state.asleep || state.buffer.len() >= BATCH;
        state.asleep = false;
        drop(state);
        if wake {
            shared.work.notify_one();
        }
    }

    /// Waits until everything so far is written, for a second at most.
    pub fn flush(&self) {
        let shared = &self.0.shared;
        let state = shared.lock();
        shared.work.notify_one();
        let pending = |state: &mut State| state.writing || !state.buffer.is_empty();
        let waited = shared.written.wait_timeout_while(state, Duration::from_secs(1), pending);
        drop(waited);
    }

    /// How many lines were dropped and not yet reported.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.shared.lock().dropped
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut target: impl Write) {
        let mut batch = Vec::new();
        let mut state = self.lock();
        loop {
            if state.buffer.is_empty() {
                if state.closed {
                    return;
                }
                state.asleep = true;
                state = self
                    .work
                    .wait_while(state, |state| state.asleep && !state.closed)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.buffer.len() < BATCH && !state.closed {
                state = self.work.wait_timeout(state, GATHER).unwrap_or_else(PoisonError::into_inner).0;
            }
            std::mem::swap(&mut state.buffer, &mut batch);
            let dropped = std::mem::take(&mut state.dropped);
            state.writing = true;
            drop(state);
            if dropped > 0 {
                let _ = writeln!(
                    batch,
                    r#"{{"level":"WARN","message":"{dropped} log lines were dropped","log.dropped":{dropped}}}"#
                );
            }
            // Nobody is left to tell that standard error is gone.
            let _ = target.write_all(&batch).and_then(|()| target.flush());
            batch.clear();
            batch.shrink_to(2 * BATCH);
            state = self.lock();
            state.writing = false;
            self.written.notify_all();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// For `tracing-subscriber`: each event is written whole, and so appended whole.
impl Write for LogSink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
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

    #[test]
    fn lines_come_out_in_order_and_whole_at_the_latest_at_the_end() {
        let memory = Memory::default();
        let sink = LogSink::to(memory.clone());
        sink.append(b"1\n");
        sink.flush();
        assert_eq!(*memory.0.lock().unwrap(), b"1\n");
        for line in 2..100 {
            sink.append(format!("{line}\n").as_bytes());
        }
        drop(sink);
        let written = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert!(written.lines().map(|line| line.parse::<u32>().unwrap()).eq(1..100));
    }

    #[test]
    fn what_does_not_fit_is_dropped_counted_and_reported() {
        let memory = Memory::default();
        let sink = LogSink::to(memory.clone());
        let blocked = memory.0.lock().unwrap();
        // The thread takes what is there and waits for the target; then the buffer fills.
        let lines = "\n".repeat(100_000);
        for _ in 0..3 * CAPACITY / 100_000 {
            sink.append(lines.as_bytes());
        }
        drop(blocked);
        drop(sink);
        let written = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert!(written.contains("log lines were dropped"));
    }
}
