//! The supported targets: those whose integers are laid out as in a BPF program. Any other fails to
//! compile here, with the reason.
//!
//! A test compiles this file alone, with a `core` of its own, for targets that are refused
//! (`ui-tests/tests/platform.rs`). That `core` must have all that this file uses.

use core::mem::align_of;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("mapvalue needs a 64-bit target: BPF is always 64-bit, and so are the places it shares");

// On i686 it is 4: a `u64` after a `u32` would have another offset than in BPF, and could be torn.
const _: () = assert!(
    align_of::<u64>() == 8,
    "mapvalue needs a target on which u64 is aligned to 8, as in BPF: with another alignment the fields of a struct lie elsewhere"
);
