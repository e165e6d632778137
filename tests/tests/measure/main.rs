//! What things cost, in time and in pages.

mod btf;
mod scale;
mod speed;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets one test at a time measure time: two would disturb each other. (It also leaves the addresses that arena pointers are to the
/// first arena without a map, whose speed is measured.) Only a release build says anything; `None` in another.
fn measuring() -> Option<MutexGuard<'static, ()>> {
    static ALONE: Mutex<()> = Mutex::new(());
    if cfg!(debug_assertions) {
        println!("skipped: not a release build");
        return None;
    }
    Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}
