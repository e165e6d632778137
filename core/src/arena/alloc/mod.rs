//! [`Allocator`]: typed objects in an arena, which Rust and BPF programs make, share and free.
//!
//! From the ground up:
//!
//! - Memory: `layout`, which `config` writes and reads.
//! - What a model checker also runs: `protocol` (how the words of slots, lists and gates change),
//!   `refcount` (when no object is left).
//! - This process: `cache` (the slots that a thread keeps), `opened` (an allocator that it has
//!   open, where slots are, and how long the memory stays).
//! - Lists: `lists` (of free slots, and the guard to them), `shard` (which thread has which).
//! - The interface: `object` (and how it gets a slot), `allocator`, `closing` (and the repair).

pub(crate) mod allocator;
pub(crate) mod cache;
pub(crate) mod closing;
pub(crate) mod config;
pub(crate) mod layout;
pub(crate) mod lists;
pub(crate) mod object;
pub(crate) mod opened;
pub(crate) mod protocol;
pub(crate) mod refcount;
pub(crate) mod shard;

pub use allocator::{Allocator, ClassStats, Stats};
pub use closing::{Closing, Recovered};
pub use config::Config;
pub use object::{Object, ObjectPtr};

/// What the count of objects is made of.
mod sync {
    pub(super) use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
}
