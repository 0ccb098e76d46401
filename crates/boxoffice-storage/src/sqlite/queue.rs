//! The bounded queue between the callers and a database thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who goes first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lane {
    /// A viewer waits for it.
    Interactive,
    /// Creates, imports and listings: never before the others.
    Ingest,
}

/// The queue is full, or its threads have ended.
#[derive(Debug)]
pub(super) struct Refused;

/// Two lanes of waiting jobs, each of a fixed length.
///
/// A queue of its own and not a channel, because a database thread takes from two lanes by rank, takes everything
/// that waits in one go, and looks whether somebody waits while it works.
pub(super) struct Queue<J> {
    lanes: Mutex<Lanes<J>>,
    arrived: Condvar,
    interactive_limit: usize,
    ingest_limit: usize,
}

struct Lanes<J> {
    interactive: VecDeque<J>,
    ingest: VecDeque<J>,
    /// How many threads sleep: waking one is a system call, which is saved while all are busy.
    idle: usize,
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) const fn new(interactive_limit: usize, ingest_limit: usize) -> Self {
        let lanes = Lanes { interactive: VecDeque::new(), ingest: VecDeque::new(), idle: 0, closed: false };
        Self { lanes: Mutex::new(lanes), arrived: Condvar::new(), interactive_limit, ingest_limit }
    }

    /// Hands in a job, unless as many wait as may.
    pub(super) fn push(&self, lane: Lane, job: J) -> Result<(), Refused> {
        let mut lanes = self.lock();
        let closed = lanes.closed;
        let (waiting, limit) = match lane {
            Lane::Interactive => (&mut lanes.interactive, self.interactive_limit),
            Lane::Ingest => (&mut lanes.ingest, self.ingest_limit),
        };
        if closed || waiting.len() >= limit {
            return Err(Refused);
        }
        waiting.push_back(job);
        let wake = lanes.idle > 0;
        drop(lanes);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Sleeps until a job is there; `false` once the queue is closed and empty.
    pub(super) fn wait(&self) -> bool {
        let mut lanes = self.lock();
        while lanes.interactive.is_empty() && lanes.ingest.is_empty() {
            if lanes.closed {
                return false;
            }
            lanes.idle += 1;
            lanes = self.arrived.wait(lanes).unwrap_or_else(PoisonError::into_inner);
            lanes.idle -= 1;
        }
        true
    }

    /// Sleeps for `time`, or until an interactive job is there.
    pub(super) fn pause(&self, time: Duration) {
        let mut lanes = self.lock();
        lanes.idle += 1;
        let nobody_waits = |lanes: &mut Lanes<J>| lanes.interactive.is_empty() && !lanes.closed;
        let (mut lanes, _) = self
            .arrived
            .wait_timeout_while(lanes, time, nobody_waits)
            .unwrap_or_else(PoisonError::into_inner);
        lanes.idle -= 1;
    }

    /// How many interactive jobs wait, if all of them are such as `which` says.
    pub(super) fn waiting_if_all(&self, which: impl FnMut(&J) -> bool) -> Option<usize> {
        let lanes = self.lock();
        lanes.interactive.iter().all(which).then_some(lanes.interactive.len())
    }

    /// Takes up to `limit` interactive jobs, but no more than one of `threads` equal shares, so that one thread
    /// does not take what another could do at the same time.
    pub(super) fn take_share(&self, threads: usize, limit: usize, taken: &mut Vec<J>) {
        let mut lanes = self.lock();
        let share = lanes.interactive.len().div_ceil(threads.max(1)).min(limit);
        taken.extend(lanes.interactive.drain(..share));
        // A push wakes one thread at most; whoever leaves work behind wakes the next.
        let wake = lanes.idle > 0 && !lanes.interactive.is_empty();
        drop(lanes);
        if wake {
            self.arrived.notify_one();
        }
    }

    /// Takes one ingest job; none, if it `yields` and an interactive one waits.
    pub(super) fn take_ingest(&self, yields: bool) -> Option<J> {
        let mut lanes = self.lock();
        if yields && !lanes.interactive.is_empty() { None } else { lanes.ingest.pop_front() }
    }

    /// Takes no more jobs; those that wait are still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<J>> {
        // The lanes are whole between any two statements under the lock.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_refuses_and_the_other_does_not() {
        let queue = Queue::new(1, 1);
        queue.push(Lane::Ingest, 1).unwrap();
        assert!(queue.push(Lane::Ingest, 2).is_err());
        queue.push(Lane::Interactive, 3).unwrap();
        assert!(queue.push(Lane::Interactive, 4).is_err());
    }

    #[test]
    fn ingest_that_yields_waits_until_no_interactive_job_does() {
        let queue = Queue::new(8, 8);
        queue.push(Lane::Ingest, 1).unwrap();
        queue.push(Lane::Interactive, 2).unwrap();
        assert_eq!(queue.take_ingest(true), None);
        let mut taken = Vec::new();
        queue.take_share(1, 8, &mut taken);
        assert_eq!((taken, queue.take_ingest(true)), (vec![2], Some(1)));
    }

    #[test]
    fn what_waits_is_counted_if_it_is_all_of_a_kind() {
        let queue = Queue::new(8, 8);
        queue.push(Lane::Ingest, 1).unwrap();
        assert_eq!(queue.waiting_if_all(|_| false), Some(0));
        queue.push(Lane::Interactive, 2).unwrap();
        queue.push(Lane::Interactive, 4).unwrap();
        assert_eq!(queue.waiting_if_all(|job| job % 2 == 0), Some(2));
        queue.push(Lane::Interactive, 3).unwrap();
        assert_eq!(queue.waiting_if_all(|job| job % 2 == 0), None);
    }

    #[test]
    fn a_closed_queue_gives_out_what_it_has_and_takes_nothing() {
        let queue = Queue::new(8, 8);
        queue.push(Lane::Interactive, 1).unwrap();
        queue.close();
        assert!(queue.push(Lane::Ingest, 2).is_err());
        assert!(queue.wait());
    }

    #[test]
    fn a_thread_takes_its_share_only() {
        let queue = Queue::new(8, 8);
        for job in 0..5 {
            queue.push(Lane::Interactive, job).unwrap();
        }
        let mut taken = Vec::new();
        queue.take_share(2, 8, &mut taken);
        assert_eq!(taken, [0, 1, 2]);
    }
}
