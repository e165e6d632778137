//! Threads and processes beside each other, on a machine that may stop any of them for long between two of its steps.
//!
//! So a test never takes for granted that another thread has come far in some time: it goes on until that has happened
//! ([`Race`], [`wait_until`]), and ends the others itself ([`AtTheEnd`]), not they it.

use std::env;
use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

/// After how long something that has not happened is taken for broken. No machine that works is as slow as that.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// How long the tests that look for rare events go on looking: 2 seconds, or the milliseconds in `MAPVALUE_RACE_MS`.
///
/// # Panics
///
/// If that is no number.
#[must_use]
pub fn duration() -> Duration {
    let milliseconds = env::var("MAPVALUE_RACE_MS").map_or(2000, |given| given.parse().expect("a number"));
    Duration::from_millis(milliseconds)
}

/// Something that is looked at for a time, and until enough of it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Race {
    least: Instant,
    most: Instant,
}

impl Race {
    /// It goes on for at least this time, from now on.
    #[must_use]
    pub fn of(least: Duration) -> Self {
        let now = Instant::now();
        Self { least: now + least, most: now + least + PATIENCE }
    }

    /// Whether to look on: until the time is over and it is `enough`. It also ends when that has not come in all of [`PATIENCE`], so
    /// assert afterwards that it was enough.
    #[must_use]
    pub fn goes_on(&self, enough: bool) -> bool {
        let now = Instant::now();
        now < self.least || !enough && now < self.most
    }
}

/// Waits for something that another thread or process does.
///
/// # Panics
///
/// If it has not come in all of [`PATIENCE`].
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

/// Does it when dropped, also if a test fails, or the thread that waits for it would go on for ever.
#[derive(Debug)]
pub struct AtTheEnd<F: Fn()>(pub F);

impl<F: Fn()> Drop for AtTheEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
