//! [`Allocator`]: typed objects in an arena, which Rust and BPF programs make, share, hand over and
//! free together.
//!
//! | floor | |
//! |---|---|
//! | memory | `layout`; `config` writes and reads it |
//! | protocols, each also run in a model checker | `control`: how a slot changes hands; `stack`: the lock-free lists; `gate`: who is among them; `count`: when the last object is gone |
//! | this process | `inner`: what it knows of an allocator, and where slots are; `cache`: what a thread keeps; `keeper`: how long the memory stays; `shard`: which thread has what |
//! | slots | `slots`: how they come to objects and back |
//! | the interface | `allocator`, `object`, `closing`, `stats`, `recover` |

pub(crate) mod allocator;
pub(crate) mod cache;
pub(crate) mod closing;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod count;
pub(crate) mod gate;
pub(crate) mod inner;
pub(crate) mod keeper;
pub(crate) mod layout;
pub(crate) mod object;
pub(crate) mod recover;
pub(crate) mod shard;
pub(crate) mod slots;
pub(crate) mod stack;
pub(crate) mod stats;

pub use allocator::Allocator;
pub use closing::Closing;
pub use config::Config;
pub use object::{Object, ObjectPtr};
pub use recover::Recovered;
pub use stats::{ClassStats, Stats};

/// What the count of objects is made of.
mod sync {
    pub(super) use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
}
