//! Randomness as an argument.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where random bytes come from. Whoever needs some is given one, so that a test can replay it.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes of `self`.
impl dyn Random + '_ {
    /// Draws an array of `N` random bytes.
    #[must_use]
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// The cryptographically secure random bytes of the operating system and AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that the rest of the code draws from")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("AWS-LC aborts before its generator fails");
    }
}

/// The same bytes in the same order each time, for tests: a counter, mixed. Anything but random.
#[derive(Debug, Default)]
pub struct SequenceRandom(AtomicU64);

impl SequenceRandom {
    /// Starts the sequence that `seed` names.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

impl Random for SequenceRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64, a public-domain mixer.
            let mut mixed = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^= mixed >> 31;
            for (byte, random) in chunk.iter_mut().zip(mixed.to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_replays_and_the_system_does_not() {
        let draw = |random: &dyn Random| random.array::<32>();
        assert_eq!(draw(&SequenceRandom::new(7)), draw(&SequenceRandom::new(7)));
        assert_ne!(draw(&SequenceRandom::new(7)), draw(&SequenceRandom::new(8)));
        assert_ne!(draw(&SystemRandom), draw(&SystemRandom));
    }
}
