//! The raw integers that cells hold, and the storage that holds them.
//!
//! A cell never holds the leaf itself (an enum, a `bool`): BPF may store anything, and a reference
//! to an invalid value is undefined behavior. It holds an atomic integer of the leaf's width.
//!
//! Compiled for BPF itself, cells have only loads and stores (`bare`): its `core` has nothing else.

#[cfg(not(target_has_atomic = "64"))]
pub(crate) mod bare;

use core::cell::UnsafeCell;
use core::fmt::Debug;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

#[cfg(not(target_has_atomic = "64"))]
use self::bare::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

mod sealed {
    pub trait Sealed {}
}

/// Declares the read-modify-write operations, which differ only in their names.
macro_rules! declare_rmw {
    ($($op:ident)*) => {$(
        #[cfg(target_has_atomic = "64")]
        #[doc(hidden)]
        fn $op(atomic: &Self::Atomic, raw: Self) -> Self;
    )*};
}

macro_rules! relaxed_rmw {
    ($($op:ident)*) => {$(
        #[cfg(target_has_atomic = "64")]
        #[inline]
        fn $op(atomic: &Self::Atomic, raw: Self) -> Self {
            atomic.$op(raw, Ordering::Relaxed)
        }
    )*};
}

/// One of the eight integers that the hardware loads or stores in one access.
pub trait Raw: sealed::Sealed + Copy + Eq + Debug + Into<i128> + Send + Sync + 'static {
    /// The atomic of the same width and sign.
    type Atomic: Cell<Raw = Self>;

    #[doc(hidden)]
    fn load(atomic: &Self::Atomic, order: Ordering) -> Self;
    #[doc(hidden)]
    fn store(atomic: &Self::Atomic, raw: Self, order: Ordering);
    #[cfg(target_has_atomic = "64")]
    #[doc(hidden)]
    fn compare_exchange(atomic: &Self::Atomic, current: Self, new: Self, orders: [Ordering; 2]) -> Result<Self, Self>;
    declare_rmw! { swap fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_min fetch_max }
}

macro_rules! raw {
    ($($int:ty => $atomic:ty;)*) => {$(
        impl sealed::Sealed for $int {}
        impl Raw for $int {
            type Atomic = $atomic;

            #[inline]
            fn load(atomic: &Self::Atomic, order: Ordering) -> Self {
                atomic.load(order)
            }
            #[inline]
            fn store(atomic: &Self::Atomic, raw: Self, order: Ordering) {
                atomic.store(raw, order);
            }
            #[cfg(target_has_atomic = "64")]
            #[inline]
            fn compare_exchange(
                atomic: &Self::Atomic,
                current: Self,
                new: Self,
                [success, failure]: [Ordering; 2],
            ) -> Result<Self, Self> {
                atomic.compare_exchange(current, new, success, failure)
            }
            relaxed_rmw! { swap fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_min fetch_max }
        }

        impl sealed::Sealed for $atomic {}
        impl Cell for $atomic {
            type Raw = $int;

            #[inline]
            fn atomic(&self) -> &Self {
                self
            }
        }
    )*};
}

raw! {
    u8 => AtomicU8;
    u16 => AtomicU16;
    u32 => AtomicU32;
    u64 => AtomicU64;
    i8 => AtomicI8;
    i16 => AtomicI16;
    i32 => AtomicI32;
    i64 => AtomicI64;
}

/// Storage of one raw integer, with the alignment of the leaf that it mirrors.
pub trait Cell: sealed::Sealed + Send + Sync + 'static {
    /// The integer inside.
    type Raw: Raw;

    #[doc(hidden)]
    fn atomic(&self) -> &<Self::Raw as Raw>::Atomic;
}

/// Storage for a leaf whose Rust type has alignment 1 (zerocopy's integers), although it
/// always lies at a multiple of its width.
///
/// It cannot be made outside this crate. Every `&ByteAligned` points into a mapping or into the
/// aligned buffer of `codec`, at a place that was checked against `Layout::align`.
#[derive(Debug)]
#[repr(transparent)]
pub struct ByteAligned<R, const N: usize>(UnsafeCell<[u8; N]>, PhantomData<R>);

// SAFETY: the bytes are reached only through `atomic()`, as an atomic integer, which is `Sync`.
unsafe impl<R: Raw, const N: usize> Sync for ByteAligned<R, N> {}

impl<R, const N: usize> sealed::Sealed for ByteAligned<R, N> {}
impl<R: Raw, const N: usize> Cell for ByteAligned<R, N> {
    type Raw = R;

    #[inline]
    fn atomic(&self) -> &R::Atomic {
        const { assert!(N == size_of::<R::Atomic>()) };
        let atomic: *mut R::Atomic = self.0.get().cast();
        debug_assert!(atomic.is_aligned());
        // SAFETY: the pointer is valid for `N` bytes for the life of `self`, and `N` is the
        // atomic's size (asserted above). It is aligned to `N`: a place of a `MapValue` is made
        // only at a multiple of `LAYOUT.align()` (`Mapping::place`, `Arena::locate`,
        // `codec::Buffer`), which is at least `N` and divides the offset of this leaf (asserted in
        // `Layout::into_field`, `Layout::array`). The bytes are inside an `UnsafeCell` and reached
        // in no other way.
        unsafe { &*atomic }
    }
}
