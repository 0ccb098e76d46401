//! Processors for the service, and others for whoever loads it: so that neither takes the other's time.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::chore::Failure;

/// The processors of this machine, in two parts.
pub struct Processors {
    all: CpuSet,
    service: CpuSet,
    load: CpuSet,
}

impl Processors {
    /// The last processor for the load, all others for the service.
    ///
    /// # Errors
    /// Where there is one alone.
    pub fn shared_out() -> Result<Self, Failure> {
        let all = sched_getaffinity(None)?;
        let last = (0..CpuSet::MAX_CPU).rev().find(|&number| all.is_set(number));
        let last = last.ok_or("there is no processor")?;
        let (mut service, mut load) = (all, CpuSet::new());
        service.unset(last);
        load.set(last);
        if service.count() == 0 {
            return Err("the service and its load need a processor each, and there is one alone".into());
        }
        Ok(Self { all, service, load })
    }

    /// How many are the service's.
    pub fn of_service(&self) -> u32 {
        self.service.count()
    }

    /// Starts something where the service is to run; what it starts stays there.
    ///
    /// # Errors
    /// As `start`, and where the system does not let us.
    pub fn for_service<T>(&self, start: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        self.on(&self.service, start)
    }

    /// Loads the service.
    ///
    /// # Errors
    /// As `load`, and where the system does not let us.
    pub fn for_load<T>(&self, load: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        self.on(&self.load, load)
    }

    fn on<T>(&self, some: &CpuSet, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        sched_setaffinity(None, some)?;
        let done = work();
        sched_setaffinity(None, &self.all)?;
        done
    }
}
