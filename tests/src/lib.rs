//! Code that the tests share.

use std::io::{self, Write};

pub mod btf;
pub mod c;
pub mod clock;
pub mod cpus;
pub mod events;
pub mod feature;
#[cfg(feature = "kernel")]
pub mod kernel;
pub mod pages;
mod process;
pub mod race;
pub mod scribble;
pub mod twins;

pub use process::{again, fork, fork_first_of_namespace};

/// Prints that a test is skipped because it needs something that is not here.
///
/// # Panics
///
/// If the environment variable `MAPVALUE_REQUIRE_KERNEL` is `1`.
pub fn skip(reason: &str) {
    let required = std::env::var_os("MAPVALUE_REQUIRE_KERNEL").is_some_and(|value| value == "1");
    assert!(!required, "MAPVALUE_REQUIRE_KERNEL=1, but {reason}");
    say_skipped(reason);
}

/// Prints that a test is skipped, also where skips are failures: for tests that need a newer kernel.
pub fn say_skipped(reason: &str) {
    let thread = std::thread::current();
    // Not `eprintln!`, which the test harness hides when a test passes.
    let _ = writeln!(io::stderr(), "{}: skipped: {reason}", thread.name().unwrap_or("a test"));
}
