//! Copies of bytes in and out of shared memory where no leaf sets the width. Each chunk
//! is one relaxed access, as wide as its place and a limit allow.

use core::ptr::NonNull;

#[cfg(feature = "std")]
use crate::value::ReadWrite;
use crate::value::cell::Shared;
use crate::value::leaf::Leaf;
use crate::value::{Access, ReadOnly};

/// The widest access, in bytes.
pub(crate) const WIDEST: usize = 8;

/// Loads `out.len()` bytes by accesses of at most `widest` bytes.
///
/// # Safety
///
/// The memory at `place` holds `out.len()` bytes, which only atomic accesses reach while this runs.
pub(crate) unsafe fn load(place: NonNull<u8>, out: &mut [u8], widest: usize) {
    let (mut place, mut out) = (place, out);
    while let Some(width) = width_at(place, out.len(), widest) {
        let (now, rest) = out.split_at_mut(width);
        // SAFETY: the caller's promise; `width_at` checked that `place` is aligned to `width`.
        unsafe { load_one(place, now) };
        place = after(place, width);
        out = rest;
    }
}

/// Stores exactly these bytes, and touches none beside them.
///
/// # Safety
///
/// As for [`load`]; in addition the memory is writable.
#[cfg(feature = "std")]
pub(crate) unsafe fn store(place: NonNull<u8>, bytes: &[u8]) {
    let (mut place, mut bytes) = (place, bytes);
    while let Some(width) = width_at(place, bytes.len(), WIDEST) {
        let (now, rest) = bytes.split_at(width);
        // SAFETY: the caller's promise; `width_at` checked that `place` is aligned to `width`.
        unsafe { store_one(place, now) };
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

/// Loads `out.len()` bytes at once.
///
/// # Safety
///
/// As for [`load`]; the length is 1, 2, 4 or 8, and `place` is aligned to it.
unsafe fn load_one(place: NonNull<u8>, out: &mut [u8]) {
    match out.len() {
        // SAFETY: the caller's promise; nothing is stored through the cell.
        8 => out.copy_from_slice(&unsafe { cell::<u64, ReadOnly>(place) }.load().to_ne_bytes()),
        // SAFETY: the caller's promise; nothing is stored through the cell.
        4 => out.copy_from_slice(&unsafe { cell::<u32, ReadOnly>(place) }.load().to_ne_bytes()),
        // SAFETY: the caller's promise; nothing is stored through the cell.
        2 => out.copy_from_slice(&unsafe { cell::<u16, ReadOnly>(place) }.load().to_ne_bytes()),
        // SAFETY: the caller's promise; nothing is stored through the cell.
        _ => out.copy_from_slice(&unsafe { cell::<u8, ReadOnly>(place) }.load().to_ne_bytes()),
    }
}

/// Stores `bytes.len()` bytes at once.
///
/// # Safety
///
/// As for [`load_one`]; in addition the memory is writable.
#[cfg(feature = "std")]
unsafe fn store_one(place: NonNull<u8>, bytes: &[u8]) {
    match bytes.len() {
        // SAFETY: the caller's promise.
        8 => unsafe { cell::<u64, ReadWrite>(place) }.store(u64::from_ne_bytes(array(bytes))),
        // SAFETY: the caller's promise.
        4 => unsafe { cell::<u32, ReadWrite>(place) }.store(u32::from_ne_bytes(array(bytes))),
        // SAFETY: the caller's promise.
        2 => unsafe { cell::<u16, ReadWrite>(place) }.store(u16::from_ne_bytes(array(bytes))),
        // SAFETY: the caller's promise.
        _ => unsafe { cell::<u8, ReadWrite>(place) }.store(u8::from_ne_bytes(array(bytes))),
    }
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

/// Converts a slice of length `N` to an array.
#[cfg(feature = "std")]
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the slice was split off at the width of the access")
}
