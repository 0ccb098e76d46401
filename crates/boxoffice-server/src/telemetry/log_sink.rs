//! Where log lines go: into bounded buffers in memory, which one thread writes out.
//!
//! So a request never waits for standard error, and never makes a system call for its line; and as threads have buffers
//! apart, hardly ever for another thread's line either. Where whoever reads
//! standard error is too slow, lines are dropped, counted, and the count is written as soon as there is room.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::thread_group::{THREAD_GROUPS, thread_group};

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
    /// Lines that wait, by the group of threads that wrote them.
    buffers: [Buffer; THREAD_GROUPS],
    /// Whether the thread sleeps until it is woken; else it looks again by itself before long.
    asleep: AtomicBool,
    state: Mutex<State>,
    /// Wakes the thread.
    work: Condvar,
    /// Wakes whoever waits for a flush.
    written: Condvar,
}

/// The lines of a group of threads, aligned so that no two groups share a line of a processor's cache.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Buffer(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    text: Vec<u8>,
    dropped: u64,
}

#[derive(Debug, Default)]
struct State {
    writing: bool,
    closed: bool,
}

/// As much as waits to be written, of one group.
const CAPACITY: usize = (4 << 20) / THREAD_GROUPS;

/// Above this the thread is woken at once: a buffer that stays short stays in the processor's cache.
const BATCH: usize = 32 << 10;

/// A buffer that had to grow beyond this gives the memory back.
const KEPT: usize = 8 * BATCH;

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

    /// Appends whole lines; drops them where there is no room. The lines of one thread stay in their order.
    pub fn append(&self, lines: &[u8]) {
        let shared = &self.0.shared;
        let [first, ..] = &shared.buffers;
        let mut buffer = lock(&shared.buffers.get(thread_group()).unwrap_or(first).0);
        if buffer.text.len() >= CAPACITY {
            buffer.dropped += 1;
            return;
        }
        let before = buffer.text.len();
        buffer.text.extend_from_slice(lines);
        // Waking costs a system call, so it is done for the first line after a silence and for a full batch.
        let full = before < BATCH && buffer.text.len() >= BATCH;
        drop(buffer);
        if full || shared.asleep.load(Ordering::SeqCst) {
            shared.wake();
        }
    }

    /// Waits until everything so far is written, for a second at most.
    pub fn flush(&self) {
        let shared = &self.0.shared;
        shared.wake();
        let state = lock(&shared.state);
        let pending = |state: &mut State| state.writing || !shared.is_empty();
        let waited = shared.written.wait_timeout_while(state, Duration::from_secs(1), pending);
        drop(waited);
    }

    /// How many lines were dropped and not yet reported.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.shared.buffers.iter().map(|buffer| lock(&buffer.0).dropped).sum()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_empty(&self) -> bool {
        self.buffers.iter().all(|buffer| lock(&buffer.0).text.is_empty())
    }

    fn wake(&self) {
        // With the lock, so that the thread is either before its look at `asleep` or waits already.
        let state = lock(&self.state);
        self.asleep.store(false, Ordering::SeqCst);
        drop(state);
        self.work.notify_one();
    }

    fn run(&self, mut target: impl Write) {
        let mut taken = Vec::new();
        let mut state = lock(&self.state);
        loop {
            // Set before the look: whoever appends after the look finds it set.
            self.asleep.store(true, Ordering::SeqCst);
            if self.is_empty() {
                if state.closed {
                    return;
                }
                let asleep = |state: &mut State| self.asleep.load(Ordering::SeqCst) && !state.closed;
                state = self.work.wait_while(state, asleep).unwrap_or_else(PoisonError::into_inner);
            }
            self.asleep.store(false, Ordering::SeqCst);
            if !state.closed {
                state = self.work.wait_timeout(state, GATHER).unwrap_or_else(PoisonError::into_inner).0;
            }
            state.writing = true;
            drop(state);
            let mut dropped = 0;
            for buffer in &self.buffers {
                let mut buffer = lock(&buffer.0);
                dropped += std::mem::take(&mut buffer.dropped);
                std::mem::swap(&mut buffer.text, &mut taken);
                drop(buffer);
                // Nobody is left to tell that standard error is gone.
                let _ = target.write_all(&taken);
                taken.clear();
                taken.shrink_to(KEPT);
            }
            if dropped > 0 {
                let _ = writeln!(
                    target,
                    r#"{{"level":"WARN","message":"{dropped} log lines were dropped","log.dropped":{dropped}}}"#
                );
            }
            let _ = target.flush();
            state = lock(&self.state);
            state.writing = false;
            self.written.notify_all();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.wake();
        let thread = lock(&self.thread).take();
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
