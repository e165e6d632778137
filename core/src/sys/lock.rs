//! [`ProcessLock`]: a lock for a few steps, which a forked child never finds taken.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::sys::process::Process;

/// How often a thread looks again before it lets others run.
const SPINS: u32 = 64;

/// A lock for a few steps. It is not a `Mutex`: a child that is forked meanwhile would wait for a
/// thread that it does not have. So the child takes a turn of its parent for none, and what the
/// lock guards must bear that.
#[derive(Debug)]
pub(crate) struct ProcessLock(AtomicU64);

/// Held by the thread that has the turn, and released when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a ProcessLock);

impl ProcessLock {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Waits for the turn.
    #[inline]
    pub(crate) fn wait(&self) -> Turn<'_> {
        let here = Process::current().number();
        let mut spins = 0_u32;
        loop {
            let found = self.0.load(Ordering::Relaxed);
            if found != here && self.0.compare_exchange(found, here, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Turn(self);
            }
            spins = spins.wrapping_add(1);
            if spins.is_multiple_of(SPINS) {
                thread::yield_now();
            } else {
                spin_loop();
            }
        }
    }
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_take_turns_and_a_child_does_not_wait_for_those_of_its_parent() {
        static INSIDE: AtomicU64 = AtomicU64::new(0);
        // As a child finds it: taken by a process that is not this one.
        let lock = ProcessLock(AtomicU64::new(Process::current().number() ^ 1 << 40));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _turn = lock.wait();
                        assert_eq!(INSIDE.fetch_add(1, Ordering::Relaxed), 0);
                        thread::yield_now();
                        INSIDE.fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(lock.0.load(Ordering::Relaxed), 0);
    }
}
