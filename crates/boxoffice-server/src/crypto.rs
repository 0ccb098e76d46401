//! Where cryptography that takes long is done: beside the reactor, on as many threads as there are cores, with
//! a bounded queue.

use std::num::NonZero;
use std::sync::Arc;

use boxoffice_core::Refusal;
use tokio::sync::Semaphore;

/// How many operations may wait for a core each: what waits longer than its client does is work for nothing.
const WAITING_PER_CORE: usize = 512;

/// The bound on cryptography at once.
pub struct Crypto {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Crypto {
    /// For as many cores as this machine has.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            admitted: Arc::new(Semaphore::new(cores * WAITING_PER_CORE)),
            running: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Runs `work` on a thread where it may take its time. Work whose caller has gone away before it began is
    /// not done.
    ///
    /// # Errors
    /// 503 with `Retry-After` where too much is waiting already; 500 where the work was lost.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let overloaded =
            |_| Refusal::of_status(503, "too many licences are being made; try again").retry_after(1);
        let _admitted = self.admitted.try_acquire().map_err(overloaded)?;
        let lost = || Refusal::of_status(500, "the work on this licence was lost; try again");
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| lost())?;
        let done = tokio::task::spawn_blocking(move || {
            let _running = running;
            work()
        });
        done.await.map_err(|_| lost())
    }
}

impl Default for Crypto {
    fn default() -> Self {
        Self::new()
    }
}
