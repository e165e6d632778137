//! The targets that this crate is for: those on which integers lie as they do in a BPF program. Any other is refused here, once,
//! with the reason.
//!
//! A test compiles this file alone for targets that are refused (`ui-tests/tests/platform.rs`), with a `core` of its own: what
//! more is used here must be there too.

use core::mem::align_of;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("mapvalue needs a 64-bit target: BPF is always 64-bit, and so are the places it shares");

// On i686 it is 4, so a `u64` after a `u32` would lie at another offset than in the BPF program, and might be torn.
const _: () = assert!(
    align_of::<u64>() == 8,
    "mapvalue needs a target on which u64 is aligned to 8, as in BPF: with another alignment the fields of a struct lie elsewhere"
);
