//! Time, on machines that are slow or busy.

use std::hint::black_box;
use std::time::Duration;

/// The CPU time of this thread so far. Other threads and processes do not count.
///
/// # Panics
///
/// If the kernel refuses.
#[must_use]
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes of one `timespec`.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0, "the clock of a thread");
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// How many times slower this machine is than the one that limits in seconds were set on, but at
/// least 1. It times a function of the standard library, which is optimized in a debug build too.
#[must_use]
pub fn slowness() -> f64 {
    const THERE: f64 = 0.0013;
    let text = "é".repeat(1 << 20).into_bytes();
    let time = |_| {
        let start = cpu_time();
        black_box(std::str::from_utf8(black_box(&text)).is_ok());
        cpu_time().saturating_sub(start).as_secs_f64()
    };
    ((0..20).map(time).fold(f64::INFINITY, f64::min) / THERE).max(1.0)
}

/// The least of some measurements, since other work on the machine makes them larger. It stops at
/// the first below `limit`.
pub fn least(limit: f64, mut measure: impl FnMut() -> f64) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..10 {
        least = least.min(measure());
        if least < limit {
            break;
        }
    }
    least
}
