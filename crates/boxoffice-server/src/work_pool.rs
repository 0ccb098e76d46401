//! A few threads for work that keeps a processor busy, RSA above all, which would stall the reactor.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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

type Job = Box<dyn FnOnce() + Send>;

struct Queue {
    state: Mutex<State>,
    work: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl WorkPool {
    /// Starts `threads` threads; `capacity` pieces of work may wait for them.
    ///
    /// # Panics
    /// Where the operating system gives no thread.
    #[must_use]
    pub fn new(threads: usize, capacity: usize) -> Self {
        let queue = Arc::new(Queue { state: Mutex::default(), work: Condvar::new(), capacity });
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
        let (sender, receiver) = oneshot::channel();
        let job = move || {
            if !sender.is_closed() {
                let _ = sender.send(work());
            }
        };
        self.0.push(Box::new(job))?;
        receiver.await.map_err(|_| WorkError::Panicked)
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
        if state.jobs.len() >= self.capacity {
            return Err(WorkError::Busy);
        }
        state.jobs.push_back(job);
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
            drop(state);
            // A panic is a defect, reported by the default hook; the thread must outlive it.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
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
        let second = tokio::spawn(async move { waiting.run::<()>(|| panic!("on purpose")).await });
        while pool.0.lock().jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| 3).await, Err(WorkError::Busy));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(second.await.unwrap(), Err(WorkError::Panicked));
        assert_eq!(pool.run(|| 4).await, Ok(4));
    }
}
