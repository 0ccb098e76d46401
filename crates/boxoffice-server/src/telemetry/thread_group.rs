//! Groups of threads that count and log apart: where all threads wrote to the same memory, each would wait for the others.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many groups there are.
pub(super) const THREAD_GROUPS: usize = 8;

thread_local! {
    static GROUP: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % THREAD_GROUPS
    };
}

/// The group of this thread, below [`THREAD_GROUPS`]. Threads that begin one after the other are in different groups.
pub(super) fn thread_group() -> usize {
    GROUP.with(|&group| group)
}
