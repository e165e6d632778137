//! Bytes in and out of a mapping at raw offsets, each moved by a relaxed access as wide as its place allows.

use std::ptr::NonNull;

use super::Mapping;
use crate::{Access, Error, Leaf, ReadOnly, ReadWrite, Shared};

/// Raw bytes.
impl Mapping {
    /// Copies bytes out of the mapping, from `offset` on.
    ///
    /// The accesses are relaxed and as wide as alignment and length allow, up to 8 bytes: an aligned `u64` inside the
    /// range is never torn. (Give typed handles the preference: see "Mixed sizes" at [`Mapping`].)
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`]; `out` is unchanged then.
    pub fn read_at(&self, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        let mut place = self.bytes_at(offset, out.len())?;
        let mut out = out;
        while let Some(width) = width_at(place, out.len()) {
            let (now, rest) = out.split_at_mut(width);
            // SAFETY: `bytes_at` has checked that the mapping holds all of `out`, so it holds `width` bytes at `place`, and
            // `width_at` that they are aligned to `width`.
            unsafe { read(place, now) };
            place = after(place, width);
            out = rest;
        }
        Ok(())
    }

    /// Copies bytes into the mapping, from `offset` on, by accesses as those of [`read_at`](Self::read_at). Bytes beside
    /// the range are not touched, also not to be written back as they were.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`], [`Error::OutOfRange`]; nothing is written then.
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        self.writable()?;
        let mut place = self.bytes_at(offset, bytes.len())?;
        let mut bytes = bytes;
        while let Some(width) = width_at(place, bytes.len()) {
            let (now, rest) = bytes.split_at(width);
            // SAFETY: as in `read_at`; and the mapping is writable (checked above).
            unsafe { write(place, now) };
            place = after(place, width);
            bytes = rest;
        }
        Ok(())
    }
}

/// The widest access at `place` that is aligned and moves no more than `len` bytes; `None` at the end.
fn width_at(place: NonNull<u8>, len: usize) -> Option<usize> {
    [8, 4, 2, 1].into_iter().find(|width| len >= *width && place.addr().get().is_multiple_of(*width))
}

/// The place `width` bytes on, which may be the end of the mapping.
fn after(place: NonNull<u8>, width: usize) -> NonNull<u8> {
    // Never null: it is at most one past the end of a mapping.
    place.map_addr(|addr| addr.saturating_add(width))
}

/// One load of `out.len()` bytes.
///
/// # Safety
///
/// The mapping holds `out.len()` bytes at `place`, which is 1, 2, 4 or 8, aligned to that.
unsafe fn read(place: NonNull<u8>, out: &mut [u8]) {
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

/// One store of `bytes.len()` bytes.
///
/// # Safety
///
/// As for [`read`], and the mapping is writable.
unsafe fn write(place: NonNull<u8>, bytes: &[u8]) {
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

/// The cell at `place`.
///
/// # Safety
///
/// The mapping holds `size_of::<T>()` bytes at `place`, for longer than the reference is used, aligned to that size, and
/// is writable if `A` is `ReadWrite`.
unsafe fn cell<'a, T: Leaf, A: Access>(place: NonNull<u8>) -> &'a Shared<T, A> {
    // SAFETY: the caller's promise; any bits are a valid cell.
    unsafe { place.cast().as_ref() }
}

/// The `N` bytes that a slice of length `N` holds.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the slice was split off at the width of the access")
}
