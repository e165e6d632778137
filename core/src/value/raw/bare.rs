//! Cells for BPF itself, in the place of the atomics that it does not have: its `core` has none narrower than 8 bytes, and of those of 8
//! the compiler (LLVM 22) makes no instruction.

use core::cell::UnsafeCell;
use core::sync::atomic::Ordering;

/// An integer that is loaded and stored by one instruction of its own width.
#[derive(Debug)]
#[repr(transparent)]
pub struct Bare<R>(UnsafeCell<R>);

// SAFETY: the integer is reached by `load` and `store` alone, which move a copy of it. Others may do so at the same moment: a volatile
// access "will not be elided or reordered", and an aligned one of up to 8 bytes is one instruction of BPF (LDX and STX have these
// widths), which the kernel's JITs make one of the machine. So it is what the relaxed atomic access would be.
unsafe impl<R: Send> Sync for Bare<R> {}

impl<R: Copy> Bare<R> {
    /// Relaxed, whatever the order: no other is asked for where there are no atomics.
    #[inline]
    pub(crate) fn load(&self, _: Ordering) -> R {
        // SAFETY: the place is valid and aligned for as long as `self`, and any bits are an integer.
        unsafe { self.0.get().read_volatile() }
    }

    /// See [`load`](Self::load).
    #[inline]
    pub(crate) fn store(&self, raw: R, _: Ordering) {
        // SAFETY: as for `load`, and the place may be written through a shared reference, since it is inside of an `UnsafeCell`.
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
