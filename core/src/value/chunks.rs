//! Copies of bytes in and out of shared memory where no leaf sets the width: each chunk is one
//! relaxed access, as wide as its place and a limit allow.

use core::ptr::NonNull;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::value::cell::Shared;
use crate::value::leaf::Leaf;
use crate::value::{Access, Plain, ReadOnly, ReadWrite};

/// The widest access, in bytes.
pub(crate) const WIDEST: usize = 8;

/// Calls a function for the integer of a width.
macro_rules! by_width {
    ($width:expr, $function:ident($place:expr, $bytes:expr)) => {
        match $width {
            8 => $function::<u64>($place, $bytes),
            4 => $function::<u32>($place, $bytes),
            2 => $function::<u16>($place, $bytes),
            _ => $function::<u8>($place, $bytes),
        }
    };
}

/// Loads `out.len()` bytes by accesses of at most `widest` bytes.
///
/// # Safety
///
/// The memory at `place` holds `out.len()` bytes, which only atomic accesses reach while this runs.
pub(crate) unsafe fn load(mut place: NonNull<u8>, mut out: &mut [u8], widest: usize) {
    while let Some(width) = width_at(place, out.len(), widest) {
        let (now, rest) = out.split_at_mut(width);
        // SAFETY: the caller's promise; `width_at` checked that `place` is aligned to `width`.
        unsafe { by_width!(width, load_one(place, now)) };
        place = after(place, width);
        out = rest;
    }
}

/// Stores exactly these bytes by accesses of at most `widest` bytes, and touches none beside them.
///
/// # Safety
///
/// As for [`load`]; in addition the memory is writable.
pub(crate) unsafe fn store(mut place: NonNull<u8>, mut bytes: &[u8], widest: usize) {
    while let Some(width) = width_at(place, bytes.len(), widest) {
        let (now, rest) = bytes.split_at(width);
        // SAFETY: the caller's promise; `width_at` checked that `place` is aligned to `width`.
        unsafe { by_width!(width, store_one(place, now)) };
        place = after(place, width);
        bytes = rest;
    }
}

/// The widest aligned access at `place` within `len` and `widest`; `None` at the end.
fn width_at(place: NonNull<u8>, len: usize, widest: usize) -> Option<usize> {
    let fits = |width: &usize| *width <= widest.min(len) && place.addr().get().is_multiple_of(*width);
    [8, 4, 2, 1].into_iter().find(fits)
}

/// Returns the place `width` bytes further, which may be the end of the memory.
fn after(place: NonNull<u8>, width: usize) -> NonNull<u8> {
    // Never null: it is at most one byte past the end of a mapping.
    place.map_addr(|addr| addr.saturating_add(width))
}

/// Loads a `T` to bytes of its size.
///
/// # Safety
///
/// As for [`load`], for that many bytes; `place` is aligned to them.
unsafe fn load_one<T: Leaf + Plain + IntoBytes + Immutable>(place: NonNull<u8>, out: &mut [u8]) {
    // SAFETY: the caller's promise; nothing is stored through the cell.
    out.copy_from_slice(unsafe { cell::<T, ReadOnly>(place) }.load().as_bytes());
}

/// Stores bytes of the size of a `T`.
///
/// # Safety
///
/// As for [`load_one`]; in addition the memory is writable.
unsafe fn store_one<T: Leaf + FromBytes>(place: NonNull<u8>, bytes: &[u8]) {
    let value = T::read_from_bytes(bytes).expect("the slice was split off at the width of the access");
    // SAFETY: the caller's promise.
    unsafe { cell::<T, ReadWrite>(place) }.store(value);
}

/// Returns the cell at `place`.
///
/// # Safety
///
/// At `place`, aligned to `size_of::<T>()`, the memory holds that many bytes for as long as the
/// reference is used, and is writable if `A` is `ReadWrite`.
unsafe fn cell<'a, T: Leaf, A: Access>(place: NonNull<u8>) -> &'a Shared<T, A> {
    let cell = place.cast::<Shared<T, A>>();
    debug_assert!(cell.is_aligned());
    // SAFETY: the caller's promise; any bits are a valid cell.
    unsafe { cell.as_ref() }
}
