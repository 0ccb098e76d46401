//! How often a call is tried again, and after how long.

use std::time::Duration;

use drm_primitives::Random;

use super::error::Fault;
use crate::StorageError;

/// Transactions that get into each other's way are few at a time and short.
const CONFLICTS: u32 = 12;

/// A connection that the server has closed meanwhile is found out once; behind it there is another one.
const LOSSES: u32 = 2;

/// The pauses grow up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The attempts at one call.
pub(super) struct Attempts<'a> {
    random: &'a dyn Random,
    conflicts: u32,
    losses: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(random: &'a dyn Random) -> Self {
        Self { random, conflicts: 0, losses: 0 }
    }

    /// Waits for the next attempt, where there is one.
    pub(super) async fn again(&mut self, fault: Fault) -> Result<(), StorageError> {
        let (count, limit) = match &fault {
            Fault::Conflict(_) => (&mut self.conflicts, CONFLICTS),
            Fault::Lost(_) => (&mut self.losses, LOSSES),
            Fault::Failed(_) => return Err(fault.into_error()),
        };
        if *count == limit {
            return Err(fault.into_error());
        }
        let pause = Duration::from_millis(1 << (*count).min(8)).min(LONGEST_PAUSE);
        *count += 1;
        // Half of it by chance, so that those who collided do not collide again.
        let chance = f64::from(u32::from_be_bytes(self.random.array())) / f64::from(u32::MAX);
        tokio::time::sleep(pause.mul_f64(0.5 + chance / 2.0)).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    #[tokio::test]
    async fn a_conflict_is_tried_again_a_bounded_number_of_times() {
        let random = SequenceRandom::new(1);
        let mut attempts = Attempts::new(&random);
        let mut tried = 1;
        while attempts.again(Fault::Conflict("deadlock detected".to_owned())).await.is_ok() {
            tried += 1;
        }
        assert_eq!(tried, CONFLICTS + 1);
    }

    #[tokio::test]
    async fn an_unknown_outcome_is_never_tried_again() {
        let random = SequenceRandom::new(1);
        let lost = Fault::Lost("gone".to_owned()).in_commit();
        let error = Attempts::new(&random).again(lost).await.err().unwrap();
        assert!(matches!(error, StorageError::Unavailable(reason) if reason.contains("not known")));
    }
}
