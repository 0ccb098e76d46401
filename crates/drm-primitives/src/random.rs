//! Randomness as an argument.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::{Zeroize as _, Zeroizing};

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
///
/// Each draw from AWS-LC stirs in fresh entropy of the processor, which takes as long for 12 bytes as for 500: so
/// each thread draws ahead, and wipes what it hands out. Nothing here outlives a `fork`, for this program has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

/// What a thread has drawn ahead: the last `left` bytes.
struct Ahead {
    bytes: Zeroizing<[u8; AHEAD]>,
    left: usize,
}

/// How many bytes a thread draws ahead.
const AHEAD: usize = 512;

/// A longer draw goes to AWS-LC itself.
const SHORT: usize = 64;

thread_local! {
    static DRAWN: RefCell<Ahead> = RefCell::new(Ahead { bytes: Zeroizing::new([0; AHEAD]), left: 0 });
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A thread that is ending may have lost its own already.
        let drawn = bytes.len() <= SHORT && DRAWN.try_with(|ahead| ahead.borrow_mut().take(bytes)).is_ok();
        if !drawn {
            draw(bytes);
        }
    }
}

impl Ahead {
    /// Moves as many bytes as `bytes` has, at most [`SHORT`], out of what was drawn.
    fn take(&mut self, bytes: &mut [u8]) {
        if self.left < bytes.len() {
            draw(&mut *self.bytes);
            self.left = AHEAD;
        }
        let end = self.left;
        self.left -= bytes.len();
        let taken = self.bytes.get_mut(self.left..end).expect("as many are left");
        bytes.copy_from_slice(taken);
        taken.zeroize();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that the rest of the code draws from")]
fn draw(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("AWS-LC aborts before its generator fails");
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

    #[test]
    fn no_drawn_byte_is_handed_out_twice() {
        let mut seen = std::collections::HashSet::new();
        for length in (8..=SHORT).chain(8..=SHORT) {
            let mut bytes = vec![0; length];
            SystemRandom.fill(&mut bytes);
            for window in bytes.windows(8) {
                assert!(seen.insert(window.to_vec()), "{window:?} came twice");
            }
        }
    }

    #[test]
    fn a_long_draw_is_random_to_its_end() {
        let mut bytes = [0; 4 * AHEAD];
        SystemRandom.fill(&mut bytes);
        assert!(bytes.chunks(16).all(|chunk| chunk != [0; 16]));
    }
}
