//! Protocols in a model checker (loom), by the very texts that the crate is compiled from.

mod alloc_close;
mod alloc_exchange;
mod alloc_gate;
mod alloc_list;
mod seq;

#[path = "../../../core/src/arena/alloc/control.rs"]
#[expect(dead_code, reason = "not all of a word is looked at here")]
mod control;
#[path = "../../../core/src/arena/alloc/count.rs"]
#[expect(dead_code, reason = "not all steps are taken here")]
mod count;
#[path = "../../../core/src/arena/alloc/gate.rs"]
mod gate;
#[path = "../../../core/src/value/seq/protocol.rs"]
mod protocol;
#[path = "../../../core/src/arena/alloc/stack.rs"]
mod stack;

/// What the count is made of, here.
mod sync {
    pub(super) use loom::sync::atomic::{AtomicI64, AtomicU64, Ordering};
}
