//! A few threads for work that keeps a processor busy, RSA above all, which would stall the reactor.
//!
//! Its queue is for bursts. Where it has not been empty for a while there is more to do than can be done, and then
//! whoever would wait long is told to come back, while those who are let in wait shortly: what is completed stays the
//! same, and is completed in time (the idea is `CoDel`'s, for queues of packets). How long somebody would wait is known
//! when he comes, so he is told at once, and by whoever asks [`WorkPool::let_in`] before his request is even read: ten
//! refusals must not cost what one licence does.
//!
//! Whoever has a turn keeps the thread until he first waits for something: [`WorkPool::begin`]. So a redemption passes
//! from the reactor to one of these threads, from there to the database, and back, and no other thread is woken.

mod begun;
mod overload;

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use begun::Handover;

pub use overload::Overload;

thread_local! {
    /// Whether this is a thread of a pool.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// As many threads as processors, and a queue with an end.
#[derive(Debug)]
pub struct WorkPool(Arc<Queue>);

/// As much is waiting as may wait: the caller should be told to come back.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("too much is waiting")]
pub struct Busy;

/// A piece of work panicked, which is a defect.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the work panicked")]
pub struct Panicked;

/// What becomes of a piece of work when its turn comes.
type Turn = Result<(), Busy>;

/// How long the queue may go without being empty before that counts as too much to do: some hundred players who come at
/// once are not.
const BURST: Duration = Duration::from_millis(100);

/// Whom it is too long for: where there is too much to do, whoever would wait behind more than `few`, and for longer than
/// `patience`, is turned away.
#[derive(Clone, Copy, Debug)]
struct TooLong {
    few: usize,
    patience: Duration,
}

/// As long as nobody was turned away. A few dozen players who ask again as soon as they have their answer keep the queue
/// from being empty too, and are no overload.
const AT_FIRST: TooLong = TooLong { few: 64, patience: Duration::from_millis(30) };

/// Where some are turned away others come at once, so no thread is ever without work; and whoever is let in waits about as
/// long as he would on a busy day.
const MEANWHILE: TooLong = TooLong { few: 8, patience: Duration::from_millis(10) };

/// How long a piece of work waits at most, where there is too much to do: what was quick when somebody was let in may be
/// slow when his turn comes.
const LIMIT: Duration = Duration::from_millis(100);

struct Job {
    work: Box<dyn FnOnce(Turn) + Send>,
    /// When it came, where it may be refused.
    came: Option<Instant>,
}

struct Queue {
    state: Mutex<State>,
    work: Condvar,
    capacity: usize,
    /// Whether whoever comes now is turned away, readable without the lock.
    overloaded: AtomicBool,
    /// The state's, for whoever does not have the lock.
    overload: Overload,
}

struct State {
    /// For those who have had their turn, first of all.
    going_on: VecDeque<Job>,
    jobs: VecDeque<Job>,
    /// When nobody was waiting for his turn.
    empty_at: Instant,
    overload: Overload,
    threads: usize,
    /// How long a piece of work takes of late.
    each_takes: Duration,
    /// How many threads sleep: waking one is a system call, which is saved while all are busy.
    idle: usize,
    closed: bool,
}

impl WorkPool {
    /// Starts `threads` threads; `capacity` pieces of work may wait for them. `overload` hears of everyone who is turned away
    /// for his wait.
    ///
    /// # Panics
    /// Where the operating system gives no thread.
    #[must_use]
    pub fn new(threads: usize, capacity: usize, overload: Overload) -> Self {
        let threads = threads.max(1);
        let queue = Arc::new(Queue {
            state: Mutex::new(State::new(threads, Instant::now(), overload.clone())),
            work: Condvar::new(),
            capacity,
            overloaded: AtomicBool::new(false),
            overload,
        });
        for number in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("work-{number}"))
                .spawn(move || {
                    give_way();
                    queue.run();
                })
                .expect("a process that is starting can have some more threads");
        }
        Self(queue)
    }

    /// Lets in whoever comes, before his request is read, or turns him away.
    ///
    /// # Errors
    /// [`Busy`] where there has been too much to do for a while, and he would wait for longer than he may.
    pub fn let_in(&self) -> Result<(), Busy> {
        if !self.0.overloaded.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.0.overload.note(Instant::now());
        Err(Busy)
    }

    /// Whether somebody was turned away of late, so that there is always another who comes.
    #[must_use]
    pub fn turns_away(&self) -> bool {
        self.0.overload.is_on(Instant::now())
    }

    /// Begins a future on one of the threads, with whether it has its turn; it stays there until it first waits for
    /// something, and then goes on where its caller is. If the caller goes away before, it is not begun.
    ///
    /// # Panics
    /// As the future does.
    pub async fn begin<F>(&self, make: impl FnOnce(Result<(), Busy>) -> F + Send + 'static) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let handover = Arc::new(Handover::new());
        let mut not_begun = Some((make, Instant::now()));
        let mut own = None;
        poll_fn(|task| {
            // What was not begun is pushed behind this poll, which leaves the waker.
            let polled = handover.poll(task, &mut own);
            if let Some((make, came)) = not_begun.take() {
                let (there, runtime) = (Arc::downgrade(&handover), Handle::try_current());
                let work = move |turn| {
                    if let Some(handover) = there.upgrade() {
                        let _runtime = runtime.as_ref().map(Handle::enter);
                        handover.begin(|| make(turn));
                    }
                };
                if let Err(job) = self.0.push(Job { work: Box::new(work), came: Some(came) }) {
                    (job.work)(Err(Busy));
                }
            }
            polled
        })
        .await
    }

    /// Does `work` on one of the threads, for somebody who has had his turn: first of all that waits, and never
    /// refused, or what was done for him already would be done in vain. If the caller goes away before it has begun,
    /// it is not done.
    ///
    /// # Errors
    /// [`Panicked`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        if AT_WORK.get() {
            return catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked);
        }
        let (sender, receiver) = oneshot::channel();
        let work = move |_| {
            if !sender.is_closed() {
                let _ = sender.send(work());
            }
        };
        // What did not come just now is never refused.
        drop(self.0.push(Job { work: Box::new(work), came: None }));
        receiver.await.map_err(|_| Panicked)
    }
}

/// How much more often than a thread of the pool others have their turn, where there are too few processors for all:
/// about three times.
#[cfg(target_os = "linux")]
const GIVES_WAY: i32 = 5;

/// Who reads and answers requests, and who writes records, needs little, and must not wait for it behind cryptography. Only
/// on Linux is that a thread's own, and not the whole program's.
fn give_way() {
    // Where it is not allowed, it is only slower.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(GIVES_WAY);
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

    /// Lets a piece of work wait, or gives it back where as much is waiting as may.
    fn push(&self, job: Job) -> Result<(), Job> {
        let mut state = self.lock();
        match job.came {
            None => state.going_on.push_back(job),
            Some(_) if state.waiting() >= self.capacity => return Err(job),
            Some(came) => {
                if state.jobs.is_empty() {
                    state.empty_at = came;
                }
                if self.refresh(&state, came) {
                    state.overload.note(came);
                    return Err(job);
                }
                state.jobs.push_back(job);
                // Whoever comes next is told before his request is read.
                self.refresh(&state, came);
            }
        }
        let wake = state.idle > 0;
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Sees whether there is too much to do, and keeps it for [`WorkPool::let_in`].
    fn refresh(&self, state: &State, now: Instant) -> bool {
        let overloaded = state.is_overloaded(now);
        // Every thread reads it for every request; a write that changes nothing would make them all fetch it anew.
        if self.overloaded.load(Ordering::Relaxed) != overloaded {
            self.overloaded.store(overloaded, Ordering::Relaxed);
        }
        overloaded
    }

    fn run(&self) {
        AT_WORK.set(true);
        let mut took = None;
        loop {
            let mut state = self.lock();
            if let Some(took) = took {
                state.took(took);
            }
            let job = loop {
                if let Some(job) = state.next() {
                    break job;
                }
                if state.closed {
                    return;
                }
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            };
            let begun = Instant::now();
            let turn = state.turn(job.came, begun);
            self.refresh(&state, begun);
            drop(state);
            // A panic is a defect, reported by the default hook; the thread must outlive it.
            let _ = catch_unwind(AssertUnwindSafe(|| (job.work)(turn)));
            // To refuse is quick, and says nothing of how long work takes.
            took = turn.is_ok().then(|| begun.elapsed());
        }
    }
}

impl State {
    const fn new(threads: usize, now: Instant, overload: Overload) -> Self {
        Self {
            going_on: VecDeque::new(),
            jobs: VecDeque::new(),
            empty_at: now,
            overload,
            threads,
            each_takes: Duration::ZERO,
            idle: 0,
            closed: false,
        }
    }

    fn waiting(&self) -> usize {
        self.going_on.len() + self.jobs.len()
    }

    fn next(&mut self) -> Option<Job> {
        self.going_on.pop_front().or_else(|| self.jobs.pop_front())
    }

    /// Whether a piece of work is done whose turn has come.
    fn turn(&mut self, came: Option<Instant>, now: Instant) -> Turn {
        if self.jobs.is_empty() {
            self.empty_at = now;
        }
        let waited = came.map_or(Duration::ZERO, |came| now.saturating_duration_since(came));
        if waited > LIMIT && self.overload.is_on(now) { Err(Busy) } else { Ok(()) }
    }

    /// Whether whoever comes now would wait for too long.
    fn is_overloaded(&self, now: Instant) -> bool {
        let some_are_turned_away = self.overload.is_on(now);
        let too_much = some_are_turned_away || now.saturating_duration_since(self.empty_at) > BURST;
        let too_long = if some_are_turned_away { MEANWHILE } else { AT_FIRST };
        let each_thread = self.waiting() / self.threads;
        let wait = self.each_takes.saturating_mul(u32::try_from(each_thread).unwrap_or(u32::MAX));
        too_much && each_thread > too_long.few && wait > too_long.patience
    }

    /// Notes how long a piece of work took, one in sixteen parts.
    fn took(&mut self, took: Duration) {
        self.each_takes = (self.each_takes * 15 + took) / 16;
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({} waiting)", self.lock().waiting())
    }
}

#[cfg(test)]
mod tests {
    use super::overload::CALM;
    use super::*;
    use std::pin::pin;
    use tokio::task::JoinSet;

    /// A thread of the pool that does nothing until the sender is used.
    async fn hold(pool: &Arc<WorkPool>) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<bool>) {
        let (release, wait) = std::sync::mpsc::channel();
        let (begun, at_work) = oneshot::channel();
        let running = Arc::clone(pool);
        let held = tokio::spawn(async move {
            let work = move || {
                let _ = begun.send(());
                wait.recv().is_ok()
            };
            running.run(work).await.unwrap()
        });
        at_work.await.unwrap();
        (release, held)
    }

    fn waiting(number: usize) -> impl Iterator<Item = Job> {
        std::iter::repeat_with(|| Job { work: Box::new(|_| {}), came: None }).take(number)
    }

    fn thread() -> Option<String> {
        std::thread::current().name().map(ToOwned::to_owned)
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_a_panic_costs_one_piece_of_work() {
        let pool = Arc::new(WorkPool::new(1, 1, Overload::default()));
        let (release, held) = hold(&pool).await;
        let waiting = Arc::clone(&pool);
        let second = tokio::spawn(async move { waiting.run::<()>(|| panic!("on purpose")).await });
        while pool.0.lock().waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.begin(|turn| async move { turn }).await, Err(Busy));
        release.send(()).unwrap();
        assert!(held.await.unwrap());
        assert_eq!(second.await.unwrap(), Err(Panicked));
        assert_eq!(pool.run(|| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn a_future_is_begun_on_a_thread_of_the_pool_and_goes_on_where_its_caller_is() {
        let pool = Arc::new(WorkPool::new(1, 8, Overload::default()));
        let (answer, waiting) = oneshot::channel();
        let (begun, at_work) = oneshot::channel();
        let there = Arc::clone(&pool);
        let caller = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.begin(|turn| async move {
                    let inner = there.run(thread).await.unwrap();
                    let (mut waiting, mut begun) = (pin!(waiting), Some(begun));
                    let answered: Result<u32, _> = poll_fn(|task| {
                        let polled = waiting.as_mut().poll(task);
                        // Only now, or the answer could be there before anything waits for it.
                        if let Some(begun) = begun.take() {
                            let _ = begun.send(());
                        }
                        polled
                    })
                    .await;
                    (turn, inner, answered.unwrap(), thread(), there.run(thread).await.unwrap())
                })
                .await
            }
        });
        at_work.await.unwrap();
        answer.send(7).unwrap();
        let here = thread();
        let work = Some("work-0".to_owned());
        assert_eq!(caller.await.unwrap(), (Ok(()), work.clone(), 7, here, work));
    }

    #[tokio::test]
    async fn a_future_is_not_begun_for_a_caller_who_went_away_and_its_panic_is_its_callers() {
        let pool = Arc::new(WorkPool::new(1, 8, Overload::default()));
        let (release, held) = hold(&pool).await;
        let (sender, mut receiver) = oneshot::channel();
        let waiting = Arc::clone(&pool);
        let gone = tokio::spawn(async move { waiting.begin(|_| async move { sender.send(()) }).await });
        while pool.0.lock().waiting() == 0 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        assert!(held.await.unwrap());
        let panics = tokio::spawn(async move { pool.begin(|_| async { panic!("on purpose") }).await });
        assert!(panics.await.unwrap_err().is_panic());
        assert!(receiver.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_wake_between_the_first_poll_and_its_end_is_not_lost() {
        let pool = WorkPool::new(2, 8, Overload::default());
        for round in 0..2_000 {
            let begun = pool.begin(move |_| async move {
                let (sender, receiver) = oneshot::channel();
                // Another thread may answer before, while or after this one gives the future back.
                let other = std::thread::spawn(move || sender.send(round));
                let answered = receiver.await;
                (answered, other.join().unwrap())
            });
            assert_eq!(begun.await, (Ok(round), Ok(())));
        }
    }

    /// Of `threads` threads, whose work takes so long each.
    fn state(threads: usize, each_takes: Duration) -> (State, Instant) {
        let start = Instant::now();
        let mut state = State::new(threads, start, Overload::default());
        state.each_takes = each_takes;
        (state, start)
    }

    #[test]
    fn who_was_let_in_is_worked_off_and_only_in_an_overload_refused_for_having_waited_long() {
        let (mut state, start) = state(1, Duration::ZERO);
        let moment = Duration::from_millis(1);
        state.jobs.extend(waiting(1));
        assert!(state.turn(Some(start), start + 10 * BURST).is_ok());
        let overloaded = start + 10 * BURST;
        state.overload.note(overloaded);
        assert!(state.turn(Some(overloaded), overloaded + LIMIT).is_ok());
        assert!(state.turn(Some(overloaded), overloaded + LIMIT + moment).is_err());
        // Whoever had his turn before goes on.
        assert!(state.turn(None, overloaded + LIMIT + moment).is_ok());
        // Once nobody was turned away for a while, all is well again.
        assert!(state.turn(Some(overloaded), overloaded + 2 * CALM).is_ok());
    }

    #[test]
    fn whoever_would_wait_long_is_refused_as_he_comes_once_it_has_been_so_for_a_while() {
        let moment = Duration::from_millis(1);
        let (mut state, start) = state(2, AT_FIRST.patience);
        state.jobs.extend(waiting(2 * AT_FIRST.few + 2));
        assert!(!state.is_overloaded(start + BURST), "a burst is let in");
        assert!(state.is_overloaded(start + BURST + moment));
        state.jobs.pop_front();
        assert!(!state.is_overloaded(start + BURST + moment), "few wait as long as they have to");
        // Those whose work is quick may be many.
        state.jobs.extend(waiting(500));
        state.each_takes = AT_FIRST.patience / 1_000;
        assert!(!state.is_overloaded(start + BURST + moment));
    }

    #[test]
    fn while_some_are_turned_away_fewer_are_let_in_and_an_empty_queue_for_a_moment_is_no_end_of_it() {
        let (mut state, start) = state(1, MEANWHILE.patience);
        state.jobs.extend(waiting(MEANWHILE.few + 1));
        assert!(!state.is_overloaded(start + 2 * BURST));
        state.overload.note(start);
        state.empty_at = start + 2 * BURST;
        assert!(state.is_overloaded(start + 2 * BURST));
        state.jobs.pop_front();
        assert!(!state.is_overloaded(start + 2 * BURST));
        state.jobs.extend(waiting(1));
        assert!(!state.is_overloaded(start + 2 * CALM));
    }

    #[tokio::test]
    async fn a_pool_says_that_it_is_overloaded_and_refuses_at_once_until_it_has_caught_up() {
        let pool = Arc::new(WorkPool::new(1, 1_000, Overload::default()));
        let (release, held) = hold(&pool).await;
        pool.0.lock().each_takes = AT_FIRST.patience;
        let coming = crowd(&pool, AT_FIRST.few + 1).await;
        assert_eq!(pool.let_in(), Ok(()));
        let long_ago = Instant::now().checked_sub(2 * BURST).unwrap();
        pool.0.lock().empty_at = long_ago;
        assert_eq!(pool.let_in(), Ok(()), "nobody has come since, or gone");
        assert_eq!(pool.begin(|turn| async move { turn }).await, Err(Busy));
        assert_eq!(pool.let_in(), Err(Busy));
        release.send(()).unwrap();
        assert!(held.await.unwrap());
        coming.join_all().await;
        assert_eq!(pool.let_in(), Ok(()));
        assert_eq!(pool.begin(|turn| async move { turn }).await, Ok(()));
    }

    /// So many who come to a pool whose threads are held.
    async fn crowd(pool: &Arc<WorkPool>, number: usize) -> JoinSet<Turn> {
        let mut crowd = JoinSet::new();
        for _ in 0..number {
            let pool = Arc::clone(pool);
            crowd.spawn(async move { pool.begin(|turn| async move { turn }).await });
        }
        while pool.0.lock().waiting() < number {
            tokio::task::yield_now().await;
        }
        crowd
    }

    #[tokio::test]
    async fn a_crowd_that_came_in_one_moment_is_worked_off_unless_somebody_behind_it_is_turned_away() {
        for turned_away in [0, 1] {
            let pool = Arc::new(WorkPool::new(1, 1_000, Overload::default()));
            let (release, held) = hold(&pool).await;
            pool.0.lock().each_takes = AT_FIRST.patience;
            let crowd = crowd(&pool, 300).await;
            let long_ago = Instant::now().checked_sub(2 * LIMIT).unwrap();
            {
                let mut state = pool.0.lock();
                state.empty_at = long_ago;
                for job in &mut state.jobs {
                    job.came = Some(long_ago);
                }
                pool.0.refresh(&state, Instant::now());
            }
            for _ in 0..turned_away {
                assert_eq!(pool.let_in(), Err(Busy));
            }
            release.send(()).unwrap();
            assert!(held.await.unwrap());
            let refused = crowd.join_all().await.into_iter().filter(Result::is_err).count();
            assert_eq!(refused, turned_away * 300);
        }
    }
}
