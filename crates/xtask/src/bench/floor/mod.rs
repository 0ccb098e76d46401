//! The cryptographic operations that a licence cannot do without, in a loop.

mod p256;
mod rsa;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::process::cpu_time;
use crate::chore::Failure;

pub use p256::P256Floor;
pub use rsa::RsaFloor;

/// How often `once` can be done in a second of CPU time, on as many threads as there are cores: the service, too,
/// runs on cores whose other halves are busy.
pub fn a_cpu_second(seconds: u64, once: impl Fn() -> Result<(), Failure> + Sync) -> Result<f64, Failure> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let done = AtomicU64::new(0);
    let before = cpu_time("self")?;
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let work = || -> Result<(), Failure> {
            while Instant::now() < until {
                once()?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread of the floor failed")?)
    })?;
    let used = cpu_time("self")?.saturating_sub(before);
    let done = u32::try_from(done.into_inner())?;
    Ok(f64::from(done) / used.as_secs_f64())
}
