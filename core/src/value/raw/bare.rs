//! Cells for BPF itself, which lacks atomics: its `core` has none narrower than 8 bytes,
//! and the compiler (LLVM 22) makes no instruction of those of 8.

use core::cell::UnsafeCell;
use core::sync::atomic::Ordering;

/// An integer that one instruction of its own width loads or stores.
#[derive(Debug)]
#[repr(transparent)]
pub struct Bare<R>(UnsafeCell<R>);

// SAFETY: only `load` and `store` reach the integer, and they move a copy of it. Others may do so
// at the same moment: a volatile access "will not be elided or reordered", and an aligned one of up
// to 8 bytes is one BPF instruction (LDX and STX have these widths), which the kernel's JITs turn
// into one machine instruction. So it does what a relaxed atomic access would.
unsafe impl<R: Send> Sync for Bare<R> {}

impl<R: Copy> Bare<R> {
    /// Loads relaxed, whatever the order: without atomics, no other order is requested.
    #[inline]
    pub(crate) fn load(&self, _: Ordering) -> R {
        // SAFETY: the place is valid and aligned as long as `self`, and any bits are an integer.
        unsafe { self.0.get().read_volatile() }
    }

    /// Stores relaxed, as [`load`](Self::load) loads.
    #[inline]
    pub(crate) fn store(&self, raw: R, _: Ordering) {
        // SAFETY: as for `load`; inside an `UnsafeCell`, a shared reference may write the place.
        unsafe { self.0.get().write_volatile(raw) };
    }
}

pub(crate) type AtomicU8 = Bare<u8>;
pub(crate) type AtomicU16 = Bare<u16>;
pub(crate) type AtomicU32 = Bare<u32>;
pub(crate) type AtomicU64 = Bare<u64>;
pub(crate) type AtomicI8 = Bare<i8>;
pub(crate) type AtomicI16 = Bare<i16>;
pub(crate) type AtomicI32 = Bare<i32>;
pub(crate) type AtomicI64 = Bare<i64>;
