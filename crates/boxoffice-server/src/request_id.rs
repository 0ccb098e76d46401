//! Request ids: 26 characters that look and sort like a ULID, made without a system call.
//!
//! The first 16 characters name the process (its start in milliseconds and 30 random bits), the last ten count
//! its requests. So ids are unique over all nodes, and a request costs one atomic addition.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use drm_primitives::Random;
use http::HeaderValue;
use jiff::Timestamp;

/// Crockford's base32: no letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The id of one request, in `x-request-id`, in error bodies, logs and records.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct RequestId([u8; 26]);

/// Makes the ids of one process.
#[derive(Debug)]
pub struct RequestIds {
    process: [u8; 16],
    next: AtomicU64,
}

impl RequestId {
    /// The 26 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The value of `x-request-id`.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).expect("letters and digits make a header value")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RequestIds {
    /// Names the process by its start and some random bits.
    #[must_use]
    pub fn new(started_at: Timestamp, random: &dyn Random) -> Self {
        let milliseconds = u64::try_from(started_at.as_millisecond()).unwrap_or_default();
        let mut process = [0; 16];
        let (time, node) = process.split_at_mut(10);
        write_base32(time, milliseconds);
        write_base32(node, u64::from(u32::from_be_bytes(random.array())));
        Self { process, next: AtomicU64::new(0) }
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        let mut id = [0; 26];
        let (process, count) = id.split_at_mut(16);
        process.copy_from_slice(&self.process);
        write_base32(count, self.next.fetch_add(1, Ordering::Relaxed));
        RequestId(id)
    }
}

/// Fills `text` with the lowest bits of a number, five a character.
fn write_base32(text: &mut [u8], mut number: u64) {
    for character in text.iter_mut().rev() {
        *character = ALPHABET.get((number & 31) as usize).copied().unwrap_or(b'0');
        number >>= 5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    #[test]
    fn ids_count_up_behind_a_prefix_of_the_process() {
        let ids = RequestIds::new(Timestamp::from_second(1_800_000_000).unwrap(), &SequenceRandom::new(1));
        let (first, second) = (ids.next().to_string(), ids.next().to_string());
        assert_eq!(first.len(), 26);
        assert!(first.starts_with("01MCC5RM00"), "{first}");
        assert_eq!(first[..16], second[..16]);
        assert_eq!((&first[16..], &second[16..]), ("0000000000", "0000000001"));
    }
}
