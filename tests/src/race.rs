//! Threads and processes side by side, on a machine that may stop any of them for long between two
//! steps.
//!
//! So a test never assumes that another thread makes progress within some time. It goes on until
//! that has happened ([`Race`], [`wait_until`]), and it ends the others ([`AtTheEnd`]), not they
//! it.

use std::env;
use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits before it takes something for broken. No working machine is that slow.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// How long the tests for rare events run: 2 seconds, or the milliseconds in `MAPVALUE_RACE_MS`.
///
/// # Panics
///
/// If that is not a number.
#[must_use]
pub fn duration() -> Duration {
    let milliseconds = env::var("MAPVALUE_RACE_MS").map_or(2000, |given| given.parse().expect("a number"));
    Duration::from_millis(milliseconds)
}

/// A loop that runs for some time, and until it has seen enough.
#[derive(Clone, Copy, Debug)]
pub struct Race {
    least: Instant,
    most: Instant,
}

impl Race {
    /// A race that goes on for at least this time, from now on.
    #[must_use]
    pub fn of(least: Duration) -> Self {
        let now = Instant::now();
        Self { least: now + least, most: now + least + PATIENCE }
    }

    /// Whether to go on: until the time is over and there is `enough`. It also ends after
    /// [`PATIENCE`], so assert afterwards that there was enough.
    #[must_use]
    pub fn goes_on(&self, enough: bool) -> bool {
        let now = Instant::now();
        now < self.least || !enough && now < self.most
    }
}

/// Waits until another thread or process has done something.
///
/// # Panics
///
/// If it has not happened within [`PATIENCE`].
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let race = Race::of(Duration::ZERO);
    let mut spins = 0_u64;
    while !done() {
        spins += 1;
        if spins.is_multiple_of(64) {
            thread::yield_now();
        } else {
            spin_loop();
        }
        assert!(!spins.is_multiple_of(4096) || race.goes_on(false), "waited {PATIENCE:?} for {what}");
    }
}

/// Calls the function when dropped, so that the threads waiting for that end even if the test
/// fails.
#[derive(Debug)]
pub struct AtTheEnd<F: Fn()>(pub F);

impl<F: Fn()> Drop for AtTheEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
