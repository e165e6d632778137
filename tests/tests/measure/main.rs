//! What things cost, in time and in pages.

mod alloc;
mod btf;
mod scale;
mod speed;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets one test at a time measure, since two would disturb each other. Returns `None` unless this
/// is a release build, the only one worth measuring.
///
/// It also lets the measured arena be the first without a map, which alone is mapped at the
/// addresses of its pointers.
fn measuring() -> Option<MutexGuard<'static, ()>> {
    static ALONE: Mutex<()> = Mutex::new(());
    if cfg!(debug_assertions) {
        println!("skipped: not a release build");
        return None;
    }
    Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}
