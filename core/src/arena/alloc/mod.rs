//! [`Allocator`]: typed objects in an arena, which Rust and BPF programs make, share, hand over and free together.
//!
//! | floor | |
//! |---|---|
//! | what is in memory | `layout`; `config` writes and reads it |
//! | protocols, each also run in a model checker | `control`: how a slot changes hands; `stack`: the lock-free lists; `count`: when the last object is gone |
//! | what this process has | `cache`, `own`: what a thread has for itself; `keeper`: how long the memory stays; `inner`: all of it; `shard`: which thread has what |
//! | slots | `list`: those that are nobody's; `slots`: how they come to objects and back |
//! | the interface | `object`, `allocator`, `closing`, `stats`, `recover` |

pub(crate) mod allocator;
pub(crate) mod cache;
pub(crate) mod closing;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod count;
pub(crate) mod inner;
pub(crate) mod keeper;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod object;
pub(crate) mod own;
pub(crate) mod recover;
pub(crate) mod shard;
pub(crate) mod slots;
pub(crate) mod stack;
pub(crate) mod stats;
pub(crate) mod word;

pub use allocator::Allocator;
pub use closing::Closing;
pub use config::Config;
pub use object::{Object, ObjectPtr};
pub use recover::Recovered;
pub use stats::{ClassStats, Stats};

/// What the count of objects is made of.
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
    pub(super) use std::sync::{Mutex, PoisonError};
}
