//! [`OpeningLock`]: one thread of a process at a time maps an arena at the address that it demands.
//!
//! To find out whether the process has such an address, the thread holds it for a moment. Another
//! thread would find it taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::sys::process::Process;

/// How long to wait before looking again.
pub(crate) const PAUSE: Duration = Duration::from_millis(1);

/// The process whose thread has the turn, or 0.
///
/// It is not a `Mutex`: a child that is forked meanwhile would wait for a thread that it does not
/// have. So the child takes a turn of its parent for none.
static OPENING: AtomicU64 = AtomicU64::new(0);

/// Held by the thread that maps an arena, and released when it is dropped.
#[derive(Debug)]
pub(crate) struct OpeningLock(());

impl OpeningLock {
    /// Waits for the lock. (Others hold it for a few system calls, unless they are stopped.)
    pub(crate) fn wait() -> Self {
        let here = Process::current().number();
        loop {
            let found = OPENING.load(Ordering::Relaxed);
            if found != here && OPENING.compare_exchange(found, here, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Self(());
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for OpeningLock {
    fn drop(&mut self) {
        OPENING.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_take_turns_and_a_child_does_not_wait_for_those_of_its_parent() {
        static INSIDE: AtomicU64 = AtomicU64::new(0);
        // As a child finds it: taken by a process that is not this one.
        OPENING.store(Process::current().number() ^ 1 << 40, Ordering::Relaxed);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _lock = OpeningLock::wait();
                        assert_eq!(INSIDE.fetch_add(1, Ordering::Relaxed), 0);
                        thread::yield_now();
                        INSIDE.fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(OPENING.load(Ordering::Relaxed), 0);
    }
}
