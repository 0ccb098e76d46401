//! A few threads for work that keeps a processor busy, RSA above all, which would stall the reactor.
//!
//! Its queue is for bursts. Where it has not been empty for a while there is more to do than can be done, and then
//! whoever would wait long is told to come back, while those who are let in wait shortly: what is completed stays the
//! same, and is completed in time (the idea is `CoDel`'s, for queues of packets).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::oneshot;

/// As many threads as processors, and a queue with an end.
#[derive(Debug)]
pub struct WorkPool(Arc<Queue>);

/// Why a piece of work was not done.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WorkError {
    /// As much is waiting as may wait: the caller should be told to come back.
    #[error("the queue is full")]
    Busy,
    /// It panicked, which is a defect.
    #[error("the work panicked")]
    Panicked,
}

/// How long the queue may go without being empty before that counts as too much to do: a thousand players who come at
/// once are not.
const BURST: Duration = Duration::from_secs(1);

/// How long a piece of work waits at most, where there is too much to do. A few dozen players who ask again as soon
/// as they have their answer keep the queue from being empty too, and two processors make each wait for less than this.
const PATIENCE: Duration = Duration::from_millis(50);

/// What becomes of a piece of work when its turn comes.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Turn {
    Done,
    Refused,
}

struct Job {
    work: Box<dyn FnOnce(Turn) + Send>,
    /// When it came, where it may be refused.
    came: Option<Instant>,
}

struct Queue {
    state: Mutex<State>,
    work: Condvar,
    capacity: usize,
}

struct State {
    jobs: VecDeque<Job>,
    /// When nothing was waiting.
    empty_at: Instant,
    closed: bool,
}

impl WorkPool {
    /// Starts `threads` threads; `capacity` pieces of work may wait for them.
    ///
    /// # Panics
    /// Where the operating system gives no thread.
    #[must_use]
    pub fn new(threads: usize, capacity: usize) -> Self {
        let state = State { jobs: VecDeque::new(), empty_at: Instant::now(), closed: false };
        let queue = Arc::new(Queue { state: Mutex::new(state), work: Condvar::new(), capacity });
        for number in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("work-{number}"))
                .spawn(move || queue.run())
                .expect("a process that is starting can have some more threads");
        }
        Self(queue)
    }

    /// Does `work` on one of the threads. If the caller goes away before it has begun, it is not done.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        self.push(work, Some(Instant::now())).await
    }

    /// Does `work` for somebody who was let in before: first of all that waits, and never refused, or what was done for
    /// him already would be done in vain.
    ///
    /// # Errors
    /// [`WorkError::Panicked`].
    pub async fn go_on<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        self.push(work, None).await
    }

    async fn push<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        came: Option<Instant>,
    ) -> Result<T, WorkError> {
        let (sender, receiver) = oneshot::channel();
        let work = move |turn| {
            let result = match turn {
                Turn::Refused => Err(WorkError::Busy),
                Turn::Done if sender.is_closed() => return,
                Turn::Done => Ok(work()),
            };
            let _ = sender.send(result);
        };
        self.0.push(Job { work: Box::new(work), came })?;
        receiver.await.unwrap_or(Err(WorkError::Panicked))
    }
}

impl Drop for WorkPool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), WorkError> {
        let mut state = self.lock();
        match job.came {
            None => state.jobs.push_front(job),
            Some(_) if state.jobs.len() >= self.capacity => return Err(WorkError::Busy),
            Some(came) => {
                if state.jobs.is_empty() {
                    state.empty_at = came;
                }
                state.jobs.push_back(job);
            }
        }
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn run(&self) {
        loop {
            let state = self.lock();
            let idle = |state: &mut State| state.jobs.is_empty() && !state.closed;
            let mut state = self.work.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            let Some(job) = state.jobs.pop_front() else { return };
            let turn = state.turn(job.came, Instant::now());
            drop(state);
            // A panic is a defect, reported by the default hook; the thread must outlive it.
            let _ = catch_unwind(AssertUnwindSafe(|| (job.work)(turn)));
        }
    }
}

impl State {
    /// Whether a piece of work is done whose turn has come.
    fn turn(&mut self, came: Option<Instant>, now: Instant) -> Turn {
        let too_much = now.saturating_duration_since(self.empty_at) > BURST;
        if self.jobs.is_empty() {
            self.empty_at = now;
        }
        let waited = came.map_or(Duration::ZERO, |came| now.saturating_duration_since(came));
        if too_much && waited > PATIENCE { Turn::Refused } else { Turn::Done }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({} waiting)", self.lock().jobs.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_and_a_panic_costs_one_piece_of_work() {
        let pool = Arc::new(WorkPool::new(1, 1));
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (begun, at_work) = oneshot::channel();
        let running = Arc::clone(&pool);
        let first = tokio::spawn(async move {
            running
                .run(move || {
                    let _ = begun.send(());
                    wait.recv().is_ok()
                })
                .await
        });
        at_work.await.unwrap();
        let waiting = Arc::clone(&pool);
        let second = tokio::spawn(async move { waiting.go_on::<()>(|| panic!("on purpose")).await });
        while pool.0.lock().jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| 3).await, Err(WorkError::Busy));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(second.await.unwrap(), Err(WorkError::Panicked));
        assert_eq!(pool.run(|| 4).await, Ok(4));
    }

    #[test]
    fn a_burst_is_worked_off_and_what_goes_on_for_long_is_refused() {
        let start = Instant::now();
        let after = |burst: Duration, more: Duration| start + burst + more;
        let (moment, long) = (Duration::from_millis(1), 2 * BURST);
        let job = || Job { work: Box::new(|_| {}), came: None };
        let mut state = State { jobs: VecDeque::from([job()]), empty_at: start, closed: false };
        // A burst may wait; where there has long been too much to do, only for so long.
        assert!(state.turn(Some(start), start + BURST) == Turn::Done);
        assert!(state.turn(Some(after(long, Duration::ZERO)), after(long, PATIENCE)) == Turn::Done);
        assert!(
            state.turn(Some(after(long, Duration::ZERO)), after(long, PATIENCE + moment)) == Turn::Refused
        );
        // Whoever was let in goes on.
        assert!(state.turn(None, after(long, PATIENCE + moment)) == Turn::Done);
        // Once it has been empty, all is well again.
        state.jobs.clear();
        assert!(state.turn(Some(after(long, PATIENCE)), after(long, PATIENCE)) == Turn::Done);
        state.jobs.push_back(job());
        assert!(state.turn(Some(after(long, PATIENCE)), after(long, PATIENCE + BURST)) == Turn::Done);
    }
}
