//! Runs the crate's protocols in a model checker (loom), from the same source files as the crate.

mod alloc_close;
mod alloc_exchange;
mod alloc_gate;
mod alloc_list;
mod litmus;
mod ring;
mod seq;

#[path = "../../../core/src/arena/alloc/protocol.rs"]
#[expect(dead_code, reason = "not all of a word is looked at here")]
mod alloc_protocol;
#[path = "../../../core/src/value/seq/protocol.rs"]
mod protocol;
#[path = "../../../core/src/arena/alloc/refcount.rs"]
#[expect(dead_code, reason = "not all steps are taken here")]
mod refcount;
#[path = "../../../core/src/ring/protocol.rs"]
#[expect(dead_code, reason = "not all numbers are looked at here")]
mod ring_protocol;

/// The `sync` module that the count imports: loom's types.
mod sync {
    pub(super) use loom::sync::atomic::{AtomicI64, AtomicU64, Ordering};
}
